#include "engine/report/stix.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <span>
#include <utility>

#include "engine/base/time.h"
#include "engine/finding/attack_table.h"
#include "engine/finding/json_writer.h"
#include "engine/report/stix_id.h"
#include "engine/report/stix_values.h"

namespace spoor {
namespace {

/// Of what has no time of its own: Spoor, a host, a rule, a technique. Their ids follow from what
/// they say, so that there is never a second version to tell from the first.
constexpr std::string_view kAlways = "1970-01-01T00:00:00.000Z";

std::string spoor_id() {
  return stix_id("identity", {"Spoor"});
}

/// The properties that all of them share, where STIX's own examples have them.
void begin(JsonWriter& json,
           std::string_view type,
           std::string_view id,
           std::string_view created = kAlways,
           std::string_view modified = kAlways) {
  json.begin_object();
  json.text("type", type);
  json.text("spec_version", "2.1");
  json.text("id", id);
  if (id != spoor_id()) {
    json.text("created_by_ref", spoor_id());
  }
  json.text("created", created);
  json.text("modified", modified);
}

std::string finish(JsonWriter& json) {
  json.end_object();
  return json.finish();
}

void write_list(JsonWriter& json, std::string_view key, const std::vector<std::string>& values) {
  if (values.empty()) {
    return;
  }
  json.begin_array(key);
  for (const std::string& value : values) {
    json.element(value);
  }
  json.end_array();
}

bool is_technique(std::string_view uid) {
  return uid.size() > 1 && uid[0] == 'T' && uid[1] >= '0' && uid[1] <= '9';
}

/// "https://attack.mitre.org/techniques/T1059/001"
std::string technique_url(std::string uid) {
  std::ranges::replace(uid, '.', '/');
  return "https://attack.mitre.org/techniques/" + uid;
}

/// The tactics that a technique serves, whichever of them a finding was tagged with.
void write_kill_chain(JsonWriter& json, std::string_view uid) {
  const std::span<const TechniqueRow> table = technique_table();
  const auto row = std::ranges::lower_bound(table, uid, {}, &TechniqueRow::uid);
  if (row == table.end() || row->uid != uid) {
    return;
  }
  json.begin_array("kill_chain_phases");
  for (const TacticRow& tactic : tactic_table()) {
    if (tactic.version == kAttackVersion &&
        row->tactics.find(tactic.uid) != std::string_view::npos) {
      json.begin_object();
      json.text("kill_chain_name", "mitre-attack");
      json.text("phase_name", tactic.slug);
      json.end_object();
    }
  }
  json.end_array();
}

void write_references(JsonWriter& json, const ReportRule& rule) {
  json.begin_array("external_references");
  json.begin_object();
  json.text("source_name", "sigma");
  json.any_text("external_id", rule.id.empty() ? rule.title : rule.id);
  if (!rule.author.empty()) {
    json.text("description",
              "Rule by " + rule.author + (rule.license.empty() ? "" : ", " + rule.license));
  }
  json.end_object();
  for (const std::string& reference : rule.references) {
    json.begin_object();
    json.text("source_name", "reference");
    json.any_text(is_url(reference) ? "url" : "description", reference);
    json.end_object();
  }
  json.end_array();
}

/// Where there is no text, what names the rule beyond doubt. No language of STIX's vocabulary,
/// which is an open one: a rule made up to fill the gap would say what nobody wrote.
std::string pattern_of_unknown(const ReportRule& rule) {
  return "rule: " + rule.id + "\nlogic_hash: " + rule.logic_hash;
}

std::vector<std::string> labels_of(const ReportHead& head) {
  std::vector<std::string> labels = {"level:" + std::string(to_string(head.level))};
  if (!head.status.empty()) {
    labels.push_back("status:" + head.status);
  }
  return labels;
}

/// What is told of a finding is a version, and versions differ in `modified`: each is a millisecond
/// later than the one before, though no event came later. One revision may be told twice, as
/// provisional and as final.
std::string modified_of(const ReportHead& head) {
  const std::int64_t revision = std::clamp<std::int64_t>(head.revision, 1, 1'000'000'000);
  const std::int64_t versions_before = 2 * (revision - 1) + (head.status == "provisional" ? 0 : 1);
  return format_timestamp(std::max(head.first, head.last) + versions_before * kNanosPerMilli);
}

ReportRule rule_of(const ReportFinding& finding) {
  if (!finding.rules.empty()) {
    return finding.rules.front();
  }
  ReportRule rule;
  rule.id = finding.head.rule_id;
  rule.title = finding.head.title;
  return rule;
}

}  // namespace

StixBundle::StixBundle(RuleText rule_text) : rule_text_(std::move(rule_text)) {}

void StixBundle::define(const std::string& id, std::string json) {
  if (defined_.insert(id).second) {
    definitions_.push_back(std::move(json));
  }
}

std::string StixBundle::add_host(const ReportHead& head) {
  if (head.host.empty()) {
    return "";
  }
  std::string id = stix_id("identity", {"host", head.host_key, head.host});
  JsonWriter json;
  begin(json, "identity", id);
  json.text("name", head.host);
  json.text("identity_class", "system");
  define(id, finish(json));
  return id;
}

std::string StixBundle::add_indicator(const ReportFinding& finding) {
  const ReportRule rule = rule_of(finding);
  std::string& known = indicators_[{rule.id, rule.title, rule.logic_hash}];
  if (!known.empty()) {
    return known;
  }
  const std::optional<std::string> text = rule_text_ ? rule_text_(rule) : std::nullopt;
  if (!text) {
    textless_.insert(rule.title.empty() ? rule.id : rule.title);
  }
  const std::string pattern = text ? *text : pattern_of_unknown(rule);
  const bool is_grave = finding.head.level <= ReportLevel::high;
  std::string id = stix_id("indicator", {rule.id, rule.title, rule.logic_hash, pattern});
  JsonWriter json;
  begin(json, "indicator", id);
  json.any_text("name", rule.title.empty() ? rule.id : rule.title);
  json.text("description", finding.description);
  write_list(json, "indicator_types", {is_grave ? "malicious-activity" : "anomalous-activity"});
  json.any_text("pattern", pattern);
  json.text("pattern_type", text ? "sigma" : "spoor");
  json.text("valid_from", kAlways);
  write_references(json, rule);
  define(id, finish(json));
  known = id;
  return id;
}

void StixBundle::add_techniques(const ReportHead& head, const std::string& indicator) {
  for (const ReportTechnique& technique : head.techniques) {
    if (!is_technique(technique.id)) {
      continue;
    }
    const std::string& name = technique.name.empty() ? technique.id : technique.name;
    const std::string id = stix_id("attack-pattern", {technique.id, name});
    JsonWriter pattern;
    begin(pattern, "attack-pattern", id);
    pattern.text("name", name);
    write_kill_chain(pattern, technique.id);
    pattern.begin_array("external_references");
    pattern.begin_object();
    pattern.text("source_name", "mitre-attack");
    pattern.text("external_id", technique.id);
    pattern.text("url", technique_url(technique.id));
    pattern.end_object();
    pattern.end_array();
    define(id, finish(pattern));

    const std::string link = stix_id("relationship", {indicator, "indicates", id});
    JsonWriter relationship;
    begin(relationship, "relationship", link);
    relationship.text("relationship_type", "indicates");
    relationship.text("source_ref", indicator);
    relationship.text("target_ref", id);
    define(link, finish(relationship));
  }
}

std::vector<std::string> StixBundle::add_events(const ReportFinding& finding) {
  const std::vector<std::string> processes = observables_.add_processes(finding);
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < finding.events.size(); ++i) {
    const ReportEvent& event = finding.events[i];
    const std::string process = event.process ? processes[*event.process] : std::string();
    std::vector<std::string> objects = observables_.add_event(finding, event, process);
    objects.insert(objects.begin(), process);
    std::string id = event.event_uid.empty()
                         ? stix_id("observed-data", {finding.head.uid, std::to_string(i)})
                         : stix_id("observed-data", {event.event_uid});
    const auto [place, is_new] = observations_.try_emplace(id);
    Observation& observation = place->second;
    if (is_new) {
      observation_order_.push_back(id);
      observation.time = format_timestamp(event.time.value_or(finding.head.first));
    }
    for (std::string& object : objects) {
      if (!object.empty() &&
          std::ranges::find(observation.objects, object) == observation.objects.end()) {
        observation.objects.push_back(std::move(object));
      }
    }
    ids.push_back(std::move(id));
  }
  return ids;
}

void StixBundle::add(const ReportFinding& finding) {
  const std::string host = add_host(finding.head);
  const std::string indicator = add_indicator(finding);
  add_techniques(finding.head, indicator);
  sightings_.push_back({.head = finding.head,
                        .indicator = indicator,
                        .host = host,
                        .observations = add_events(finding)});
}

std::vector<std::string> StixBundle::writable(const Observation& observation) const {
  std::vector<std::string> ids;
  std::ranges::copy_if(observation.objects, std::back_inserter(ids),
                       [this](const std::string& id) { return observables_.is_writable(id); });
  return ids;
}

std::string StixBundle::render(const Sighting& sighting) const {
  const ReportHead& head = sighting.head;
  std::vector<std::string> observations;
  for (const std::string& id : sighting.observations) {
    if (!writable(observations_.at(id)).empty() &&
        std::ranges::find(observations, id) == observations.end()) {
      observations.push_back(id);
    }
  }
  JsonWriter json;
  begin(json, "sighting", stix_id("sighting", {head.uid}), format_timestamp(head.first),
        modified_of(head));
  if (head.is_retracted()) {
    json.boolean("revoked", true);
  }
  write_list(json, "labels", labels_of(head));
  json.text("description", head.title + (head.process.empty() ? "" : ": " + head.process));
  if (head.first != 0) {
    json.text("first_seen", format_timestamp(head.first));
    json.text("last_seen", format_timestamp(std::max(head.first, head.last)));
  }
  json.number("count", 1);
  json.text("sighting_of_ref", sighting.indicator);
  write_list(json, "observed_data_refs", observations);
  if (!sighting.host.empty()) {
    write_list(json, "where_sighted_refs", {sighting.host});
  }
  json.begin_array("external_references");
  json.begin_object();
  json.text("source_name", "spoor");
  json.text("external_id", head.uid);
  json.end_object();
  json.end_array();
  return finish(json);
}

std::string StixBundle::render() const {
  JsonWriter identity;
  begin(identity, "identity", spoor_id());
  identity.text("name", "Spoor");
  identity.text("identity_class", "system");
  std::vector<std::string> objects = {finish(identity)};
  objects.insert(objects.end(), definitions_.begin(), definitions_.end());
  std::ranges::move(observables_.render(), std::back_inserter(objects));
  for (const std::string& id : observation_order_) {
    const Observation& observation = observations_.at(id);
    const std::vector<std::string> refs = writable(observation);
    if (refs.empty()) {
      continue;
    }
    JsonWriter json;
    begin(json, "observed-data", id, observation.time, observation.time);
    json.text("first_observed", observation.time);
    json.text("last_observed", observation.time);
    json.number("number_observed", 1);
    write_list(json, "object_refs", refs);
    objects.push_back(finish(json));
  }
  for (const Sighting& sighting : sightings_) {
    objects.push_back(render(sighting));
  }
  std::string list;
  for (const std::string& object : objects) {
    list += (list.empty() ? "" : ",\n") + object;
  }
  return R"({"type":"bundle","id":")" + stix_id("bundle", {list}) + "\",\"objects\":[\n" + list +
         "\n]}\n";
}

}  // namespace spoor
