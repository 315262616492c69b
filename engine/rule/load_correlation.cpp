#include "engine/rule/load_correlation.h"

#include <algorithm>

#include "engine/rule/condition.h"
#include "engine/rule/load_detection.h"
#include "engine/rule/logic_hash.h"

namespace spoor {
namespace {

constexpr std::string_view kKeys[] = {"type",     "rules",     "group-by", "anchor",   "relation",
                                      "timespan", "condition", "escalate", "generate", "aliases"};

constexpr std::string_view kTypes[] = {"temporal",         "temporal_ordered", "event_count",
                                       "value_count",      "value_sum",        "value_avg",
                                       "value_percentile", "value_median"};

struct RelationRow {
  std::string_view name;
  Relation relation;
};

constexpr RelationRow kRelations[] = {{"self", Relation::self},
                                      {"child", Relation::child},
                                      {"descendant", Relation::descendant},
                                      {"self_or_descendant", Relation::self_or_descendant},
                                      {"parent", Relation::parent}};

template <std::size_t Size>
std::vector<std::string_view> names_of(const std::string_view (&names)[Size]) {
  return {names, names + Size};
}

class CorrelationLoader {
 public:
  CorrelationLoader(const YamlNode& body,
                    const KnownRules& known,
                    DiagnosticDesk& desk,
                    CorrelationRule& rule)
      : body_(body), known_(known), desk_(desk), rule_(rule) {}

  void load(bool* generate) {
    check_keys();
    load_type();
    load_group_by();
    load_steps();
    load_anchor();
    load_relations();
    load_timespan();
    load_condition();
    load_escalations();
    const std::string text = scalar_of(body_, "generate", desk_);
    if (!text.empty() && text != "true" && text != "false") {
      desk_.error(body_.find("generate")->position, "'generate' is true or false");
    }
    *generate = text == "true";
  }

 private:
  void check_keys() {
    for (const auto& [key, value] : body_.entries) {
      if (std::ranges::find(kKeys, key.text) == std::ranges::end(kKeys)) {
        desk_.error(key.position, "unknown key '" + key.text + "' under 'correlation'",
                    did_you_mean(key.text, names_of(kKeys)));
      }
    }
    if (body_.find("aliases") != nullptr) {
      desk_.error(body_.position_of("aliases"), "'aliases' is not supported yet");
    }
  }

  void load_type() {
    const std::string type = scalar_of(body_, "type", desk_);
    if (type == "temporal") {
      return;
    }
    const bool is_known = std::ranges::find(kTypes, type) != std::ranges::end(kTypes);
    const SourcePosition place =
        body_.find("type") == nullptr ? body_.position : body_.find("type")->position;
    if (type.empty()) {
      desk_.error(place, "'correlation' has no 'type'");
    } else if (is_known) {
      desk_.error(place, "correlation type '" + type + "' is not supported yet");
    } else {
      desk_.error(place, "unknown correlation type '" + type + "'",
                  did_you_mean(type, names_of(kTypes)));
    }
  }

  void load_group_by() {
    const YamlNode* node = body_.find("group-by");
    std::vector<const YamlNode*> keys;
    if (node != nullptr && node->is_scalar()) {
      keys.push_back(node);
    } else if (node != nullptr && node->is_list()) {
      for (const YamlNode& item : node->items) {
        keys.push_back(&item);
      }
    }
    const bool one_key = keys.size() == 1 && keys.front()->is_scalar();
    if (one_key && keys.front()->text == "process") {
      rule_.group_by = GroupBy::process;
    } else if (one_key && keys.front()->text == "process_tree") {
      rule_.group_by = GroupBy::process_tree;
    } else {
      desk_.error(node == nullptr ? body_.position : node->position,
                  "only group-by: [process] and group-by: [process_tree] are supported yet");
    }
  }

  void load_steps() {
    const YamlNode* node = body_.find("rules");
    std::vector<const YamlNode*> listed;
    if (node != nullptr && node->is_scalar()) {
      listed.push_back(node);
    } else if (node != nullptr && node->is_list()) {
      for (const YamlNode& item : node->items) {
        listed.push_back(&item);
      }
    }
    if (listed.empty()) {
      desk_.error(node == nullptr ? body_.position : node->position,
                  "'correlation' lists no 'rules'");
    }
    for (const YamlNode* item : listed) {
      load_step(*item);
    }
  }

  void load_step(const YamlNode& item) {
    if (!item.is_scalar() || item.text.empty()) {
      desk_.error(item.position, "'rules' must hold names or ids of rules");
      return;
    }
    if (std::ranges::find(names_, item.text) != names_.end()) {
      desk_.error(item.position, "rule '" + item.text + "' is listed twice");
      return;
    }
    // A rule that is not there keeps its place, so that what else is said of it is not reported
    // again.
    names_.push_back(item.text);
    rule_.steps.push_back({.name = item.text,
                           .rule = find_rule(item).value_or(0),
                           .relation = rule_.group_by == GroupBy::process
                                           ? Relation::self
                                           : Relation::self_or_descendant,
                           .position = item.position});
  }

  /// The detection that a step names, or nothing if that was reported.
  std::optional<std::size_t> find_rule(const YamlNode& item) {
    const auto& detections = *known_.detections;
    const auto is_named = [&item](const DetectionRule& candidate) {
      return candidate.meta.name == item.text || candidate.meta.id == item.text;
    };
    const auto rule = std::ranges::find_if(detections, is_named);
    if (rule == detections.end()) {
      report_unknown(item);
      return std::nullopt;
    }
    const auto other = std::find_if(rule + 1, detections.end(), is_named);
    if (other != detections.end()) {
      desk_.error(item.position,
                  "more than one rule is named '" + item.text + "': " + rule->meta.file + " and " +
                      other->meta.file,
                  "list it by its id");
      return std::nullopt;
    }
    const auto index = static_cast<std::size_t>(rule - detections.begin());
    if (!listed_.insert(index).second) {
      desk_.error(item.position, "rule '" + item.text + "' is listed twice, by name and by id");
      return std::nullopt;
    }
    return index;
  }

  void report_unknown(const YamlNode& item) {
    if (known_.rejected.contains(item.text)) {
      desk_.error(item.position,
                  "rule '" + item.text + "' was refused, so this correlation cannot be used");
      return;
    }
    if (known_.correlations.contains(item.text)) {
      desk_.error(item.position, "'" + item.text +
                                     "' is a correlation: correlations of correlations are not "
                                     "supported yet");
      return;
    }
    std::vector<std::string_view> names;
    for (const DetectionRule& rule : *known_.detections) {
      names.emplace_back(rule.meta.name.empty() ? rule.meta.id : rule.meta.name);
    }
    desk_.error(item.position, "no rule has the name or id '" + item.text + "'",
                did_you_mean(item.text, names));
  }

  /// The step of that name; a name that is not listed is reported.
  std::optional<std::size_t> step_of(const std::string& name, SourcePosition position) {
    const auto step = std::ranges::find(names_, name);
    if (step != names_.end()) {
      return static_cast<std::size_t>(step - names_.begin());
    }
    desk_.error(position, "'" + name + "' is not listed under 'rules'",
                did_you_mean(name, {names_.begin(), names_.end()}));
    return std::nullopt;
  }

  void load_anchor() {
    const std::string name = scalar_of(body_, "anchor", desk_);
    if (!name.empty()) {
      rule_.anchor = step_of(name, body_.find("anchor")->position).value_or(0);
    }
    if (rule_.anchor < rule_.steps.size()) {
      rule_.steps[rule_.anchor].relation = Relation::self;
    }
  }

  void load_relations() {
    const YamlNode* node = body_.find("relation");
    if (node == nullptr) {
      return;
    }
    if (!node->is_map()) {
      desk_.error(node->position,
                  "'relation' must be a map from rules to self, child, descendant, "
                  "self_or_descendant or parent");
      return;
    }
    for (const auto& [key, value] : node->entries) {
      load_relation(key, value);
    }
  }

  void load_relation(const YamlNode& key, const YamlNode& value) {
    const std::optional<std::size_t> step = step_of(key.text, key.position);
    const auto* row = std::ranges::find(kRelations, value.text, &RelationRow::name);
    if (row == std::ranges::end(kRelations)) {
      std::vector<std::string_view> names;
      for (const RelationRow& known : kRelations) {
        names.push_back(known.name);
      }
      const bool sibling = value.text == "sibling";
      desk_.error(value.position,
                  sibling ? "relation 'sibling' is not supported yet"
                          : "unknown relation '" + value.text + "'",
                  sibling ? "" : did_you_mean(value.text, names));
      return;
    }
    if (!step) {
      return;
    }
    const bool must_be_self = rule_.group_by == GroupBy::process || *step == rule_.anchor;
    if (must_be_self && row->relation != Relation::self) {
      desk_.error(value.position,
                  *step == rule_.anchor
                      ? "the anchor's own relation is self"
                      : "with group-by: [process] every step happens in the process itself",
                  *step == rule_.anchor ? "" : "use group-by: [process_tree]");
      return;
    }
    rule_.steps[*step].relation = row->relation;
  }

  void load_timespan() {
    const YamlNode* node = body_.find("timespan");
    const std::optional<Duration> timespan = parse_timespan(scalar_of(body_, "timespan", desk_));
    if (!timespan) {
      desk_.error(node == nullptr ? body_.position : node->position,
                  node == nullptr ? "'correlation' has no 'timespan'"
                                  : "'" + node->text + "' is not a timespan",
                  "a number and s, m, h, d, w, M or y: 35d");
    }
    rule_.timespan = timespan.value_or(0);
  }

  void load_condition() {
    const YamlNode* node = body_.find("condition");
    if (node == nullptr) {
      // Sigma: a temporal correlation without a condition wants every listed rule.
      rule_.condition.kind = StepExpr::Kind::all;
      for (std::size_t step = 0; step < rule_.steps.size(); ++step) {
        rule_.condition.children.push_back(
            {.kind = StepExpr::Kind::step, .children = {}, .step = step});
      }
      return;
    }
    if (!node->is_scalar()) {
      desk_.error(node->position,
                  "a condition over rule names is expected; counts (gte: …) are not supported yet");
      return;
    }
    static_cast<void>(parse_step_condition(*node, names_, desk_, rule_.condition));
  }

  void load_escalations() {
    const YamlNode* node = body_.find("escalate");
    if (node == nullptr) {
      return;
    }
    if (!node->is_map()) {
      desk_.error(node->position, "'escalate' must be a map from conditions to levels");
      return;
    }
    for (const auto& [key, value] : node->entries) {
      Escalation escalation;
      const std::optional<Level> level = parse_level(value.text);
      if (!level) {
        desk_.error(value.position, "unknown level '" + value.text + "'",
                    "informational, low, medium, high or critical");
      }
      escalation.level = level.value_or(Level::high);
      if (parse_step_condition(key, names_, desk_, escalation.condition)) {
        rule_.escalations.push_back(std::move(escalation));
      }
    }
  }

  const YamlNode& body_;
  const KnownRules& known_;
  DiagnosticDesk& desk_;
  CorrelationRule& rule_;
  std::vector<std::string> names_;
  std::set<std::size_t> listed_;  // Indices of rules.
};

}  // namespace

std::optional<CorrelationRule> load_correlation(const YamlNode& document,
                                                const KnownRules& known,
                                                DiagnosticDesk& desk,
                                                bool* generate,
                                                std::vector<std::string>* steps_listed) {
  const std::size_t errors = desk.errors();
  CorrelationRule rule;
  rule.meta = load_meta(document, desk);
  const YamlNode* body = document.find("correlation");
  if (!body->is_map()) {
    desk.error(body->position, "'correlation' must be a map");
    return std::nullopt;
  }
  CorrelationLoader(*body, known, desk, rule).load(generate);
  if (steps_listed != nullptr) {
    for (const CorrelationStep& step : rule.steps) {
      steps_listed->push_back(step.name);
    }
  }
  if (desk.errors() != errors) {
    return std::nullopt;
  }
  rule.meta.logic_hash = logic_hash(rule, *known.detections);
  return rule;
}

}  // namespace spoor
