#include "engine/rule/load_window_correlation.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <tuple>
#include <utility>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/rule/condition.h"
#include "engine/rule/load_detection.h"
#include "engine/rule/load_measure.h"

namespace spoor {
namespace {

constexpr std::string_view kKeys[] = {"type",      "rules",    "group-by", "timespan",
                                      "condition", "generate", "aliases"};

constexpr std::string_view kLineageKeys[] = {"anchor", "relation", "escalate"};

/// What a listed name turned out to be.
struct Found {
  bool is_correlation = false;
  std::size_t index = 0;
};

/// Finds what `item` names, or reports why it cannot be used.
using FindListed = std::function<std::optional<Found>(const YamlNode& item)>;

/// Reads the body of one correlation.
class BodyLoader {
 public:
  BodyLoader(const YamlNode& body,
             const KnownRules& known,
             const std::vector<WindowCorrelation>& correlations,
             DiagnosticDesk& desk,
             WindowCorrelation& rule)
      : body_(body), known_(known), correlations_(correlations), desk_(desk), rule_(rule) {}

  void load(const FindListed& find) {
    check_keys();
    const std::optional<WindowCorrelationType> type = load_correlation_type(body_, desk_);
    rule_.type = type.value_or(rule_.type);
    load_rules(find);
    load_group_by();
    load_aliases();
    rule_.timespan = load_timespan(body_, desk_);
    if (type) {
      load_condition();
    }
  }

 private:
  void check_keys() {
    for (const auto& [key, value] : body_.entries) {
      if (std::ranges::find(kLineageKeys, key.text) != std::ranges::end(kLineageKeys)) {
        desk_.error(key.position,
                    "'" + key.text + "' belongs to correlations along the process tree",
                    "use group-by: [process_tree]");
      } else if (std::ranges::find(kKeys, key.text) == std::ranges::end(kKeys)) {
        desk_.error(key.position, "unknown key '" + key.text + "' under 'correlation'",
                    did_you_mean(key.text, {std::ranges::begin(kKeys), std::ranges::end(kKeys)}));
      }
    }
  }

  // --- rules ---

  void load_rules(const FindListed& find) {
    const YamlNode* node = body_.find("rules");
    const std::vector<const YamlNode*> listed = values_of(node);
    if (listed.empty()) {
      desk_.error(node == nullptr ? body_.position : node->position,
                  "'correlation' lists no 'rules'");
    }
    for (const YamlNode* item : listed) {
      if (!item->is_scalar() || item->text.empty()) {
        desk_.error(item->position, "'rules' must hold names or ids of rules");
        continue;
      }
      load_rule(*item, find);
    }
  }

  void load_rule(const YamlNode& item, const FindListed& find) {
    // One event for each place of a sequence: there a rule may stand twice.
    const bool may_repeat = rule_.type == WindowCorrelationType::temporal_ordered;
    const auto same_name = std::ranges::find(rule_.rules, item.text, &ListedRule::name);
    if (same_name != rule_.rules.end() && !may_repeat) {
      desk_.error(item.position, "rule '" + item.text + "' is listed twice");
      return;
    }
    const std::optional<Found> found = find(item);
    // A rule that is not there keeps its place, so that what else is said of it is not reported
    // again.
    ListedRule listed{
        .name = item.text, .is_correlation = false, .index = 0, .position = item.position};
    std::vector<std::string>& names = names_.emplace_back();
    names.push_back(item.text);
    if (found) {
      listed.is_correlation = found->is_correlation;
      listed.index = found->index;
      const RuleMeta& meta = found->is_correlation ? correlations_[found->index].meta
                                                   : (*known_.detections)[found->index].meta;
      names.push_back(meta.id);
      if (!meta.name.empty()) {
        names.push_back(meta.name);
      }
      const bool repeated = std::ranges::any_of(rule_.rules, [&](const ListedRule& other) {
        return resolved_.contains(&other - rule_.rules.data()) && other.index == listed.index &&
               other.is_correlation == listed.is_correlation;
      });
      if (repeated && !may_repeat) {
        desk_.error(item.position, "rule '" + item.text + "' is listed twice, by name and by id");
      }
      resolved_.insert(static_cast<std::ptrdiff_t>(rule_.rules.size()));
    }
    rule_.rules.push_back(std::move(listed));
  }

  /// The listed rule of that name or id.
  [[nodiscard]] std::optional<std::size_t> listed_rule(std::string_view name) const {
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (std::ranges::find(names_[i], name) != names_[i].end()) {
        return i;
      }
    }
    return std::nullopt;
  }

  [[nodiscard]] std::vector<std::string_view> listed_names() const {
    std::vector<std::string_view> names;
    for (const std::vector<std::string>& of_rule : names_) {
      names.emplace_back(of_rule.front());
    }
    return names;
  }

  // --- group-by, aliases ---

  void load_group_by() {
    const YamlNode* node = body_.find("group-by");
    if (node == nullptr || node->kind == YamlNode::Kind::null) {
      return;
    }
    if (node->is_map()) {
      desk_.error(node->position, "'group-by' must be a field or a list of fields, not a map");
      return;
    }
    for (const YamlNode* item : values_of(node)) {
      if (!item->is_scalar() || item->text.empty()) {
        desk_.error(item->position, "'group-by' must hold names of fields");
      } else if (std::ranges::find(rule_.group_by, item->text, &GroupField::name) !=
                 rule_.group_by.end()) {
        desk_.error(item->position, "'" + item->text + "' stands twice in 'group-by'");
      } else {
        rule_.group_by.push_back(
            {.name = item->text,
             .of_rule = std::vector<std::string>(rule_.rules.size(), item->text)});
      }
    }
  }

  void load_aliases() {
    const YamlNode* node = body_.find("aliases");
    if (node == nullptr || node->kind == YamlNode::Kind::null) {
      return;
    }
    if (!node->is_map()) {
      desk_.error(node->position, "'aliases' must be a map from a name to the field of each rule",
                  "aliases: {user: {logon_failed: TargetUserName, logon: SubjectUserName}}");
      return;
    }
    for (const auto& [alias, fields] : node->entries) {
      if (!fields.is_map()) {
        desk_.error(fields.position,
                    "alias '" + alias.text + "' must be a map from rules to fields");
        continue;
      }
      load_alias(alias, fields);
    }
  }

  void load_alias(const YamlNode& alias, const YamlNode& fields) {
    const auto grouped = std::ranges::find(rule_.group_by, alias.text, &GroupField::name);
    if (grouped == rule_.group_by.end()) {
      std::vector<std::string_view> names;
      for (const GroupField& field : rule_.group_by) {
        names.emplace_back(field.name);
      }
      desk_.warning(alias.position, "alias '" + alias.text + "' is not used by 'group-by'",
                    did_you_mean(alias.text, names));
    }
    std::set<std::size_t> told;
    for (const auto& [name, field] : fields.entries) {
      const std::optional<std::size_t> rule = listed_rule(name.text);
      if (!rule) {
        desk_.error(name.position, "'" + name.text + "' is not listed under 'rules'",
                    did_you_mean(name.text, listed_names()));
        continue;
      }
      if (!field.is_scalar() || field.text.empty()) {
        desk_.error(field.position, "the name of a field is expected");
        told.insert(*rule);
        continue;
      }
      set_alias(*rule, grouped, field.text, told);
    }
    for (std::size_t i = 0; i < rule_.rules.size() && grouped != rule_.group_by.end(); ++i) {
      if (!told.contains(i) && !rule_.rules[i].is_correlation) {
        desk_.warning(
            alias.position,
            "alias '" + alias.text + "' says nothing of rule '" + rule_.rules[i].name + "'",
            "its events count only if they have a field '" + alias.text + "'");
      }
    }
  }

  /// For every place at which the rule is listed.
  void set_alias(std::size_t rule,
                 std::vector<GroupField>::iterator grouped,
                 const std::string& field,
                 std::set<std::size_t>& told) {
    for (std::size_t i = 0; i < rule_.rules.size(); ++i) {
      if (names_[i].back() == names_[rule].back()) {
        told.insert(i);
        if (grouped != rule_.group_by.end()) {
          grouped->of_rule[i] = field;
        }
      }
    }
  }

  // --- condition ---

  void load_condition() {
    const YamlNode* node = body_.find("condition");
    if (node != nullptr && node->is_scalar()) {
      load_text_condition(*node);
      return;
    }
    if (node != nullptr && !node->is_map() && node->kind != YamlNode::Kind::null) {
      desk_.error(node->position, is_of_rules(rule_.type)
                                      ? "'condition' must be a map, or text over rule names"
                                      : "'condition' must be a map: {gte: 10}");
      return;
    }
    Measure measure = load_measure(node, body_.position, rule_.type, rule_.rules.size(), desk_);
    rule_.thresholds = std::move(measure.thresholds);
    rule_.fields = std::move(measure.fields);
    rule_.percentile = measure.percentile;
    if (node != nullptr && node->is_map()) {
      warn_of_condition(*node);
    }
  }

  void load_text_condition(const YamlNode& node) {
    if (rule_.type != WindowCorrelationType::temporal) {
      const bool ordered = rule_.type == WindowCorrelationType::temporal_ordered;
      desk_.error(node.position,
                  ordered ? "a temporal_ordered correlation takes every listed rule, in that order"
                          : "'condition' of " + std::string(to_string(rule_.type)) +
                                " must be a map: {gte: 10}",
                  ordered ? "leave 'condition' out, or use type: temporal"
                          : "conditions over rule names belong to type: temporal");
      return;
    }
    rule_.has_seen = true;
    static_cast<void>(parse_seen_condition(node, names_, desk_, rule_.seen));
  }

  void warn_of_condition(const YamlNode& node) {
    for (const char* key : {"lt", "lte", "eq", "neq"}) {
      if (node.find(key) != nullptr) {
        desk_.warning(
            node.position_of(key),
            "'" + std::string(key) + "' is judged when an event arrives; absence is not Sigma",
            "that too few events came within the timespan fires nothing by itself");
      }
    }
    const YamlNode* aliases = body_.find("aliases");
    for (const YamlNode* field : values_of(node.find("field"))) {
      if (aliases != nullptr && aliases->find(field->text) != nullptr) {
        desk_.warning(field->position, "'" + field->text + "' is taken for a field, not an alias",
                      "aliases count in 'group-by' only");
      }
    }
  }

  const YamlNode& body_;
  const KnownRules& known_;
  const std::vector<WindowCorrelation>& correlations_;
  DiagnosticDesk& desk_;
  WindowCorrelation& rule_;
  /// By what a listed rule can be named: as it is listed, and its id and name.
  std::vector<std::vector<std::string>> names_;
  std::set<std::ptrdiff_t> resolved_;  ///< Places in the list whose rule was found.
};

/// All documents: each after those that it lists.
class WindowLoader {
 public:
  WindowLoader(const std::vector<CorrelationDocument>& documents,
               const KnownRules& known,
               const std::function<bool(const RuleMeta&, std::size_t)>& is_new_id)
      : documents_(documents),
        known_(known),
        is_new_id_(is_new_id),
        states_(documents.size(), State::waiting),
        indices_(documents.size(), 0) {
    for (std::size_t i = 0; i < documents.size(); ++i) {
      for (const char* key : {"id", "name"}) {
        const std::string text = text_at(i, key);
        if (!text.empty()) {
          by_name_[text].insert(i);
        }
      }
    }
  }

  LoadedWindowCorrelations load() {
    // In an order that does not depend on how the rules are spread over files.
    std::vector<std::size_t> order(documents_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, {}, [this](std::size_t i) {
      return std::tuple(text_at(i, "id"), documents_[i].desk->file(), i);
    });
    for (const std::size_t document : order) {
      load(document);
    }
    return std::move(loaded_);
  }

 private:
  enum class State : std::uint8_t { waiting, open, loaded, refused };

  [[nodiscard]] std::string text_at(std::size_t document, std::string_view key) const {
    const YamlNode* node = documents_[document].node->find(key);
    return node != nullptr && node->is_scalar() ? node->text : "";
  }

  void load(std::size_t document) {
    if (states_[document] != State::waiting) {
      return;
    }
    states_[document] = State::open;
    open_.push_back(document);
    std::optional<WindowCorrelation> rule = read(document);
    open_.pop_back();
    if (!rule || !is_new_id_(rule->meta, document)) {
      states_[document] = State::refused;
      loaded_.refused.push_back(document);
      return;
    }
    states_[document] = State::loaded;
    indices_[document] = loaded_.rules.size();
    loaded_.rules.push_back(std::move(*rule));
  }

  std::optional<WindowCorrelation> read(std::size_t document) {
    const YamlNode& node = *documents_[document].node;
    DiagnosticDesk& desk = *documents_[document].desk;
    std::size_t errors = desk.errors();
    WindowCorrelation rule;
    rule.meta = load_meta(node, desk);
    const YamlNode* body = node.find("correlation");
    if (!body->is_map()) {
      desk.error(body->position, "'correlation' must be a map");
      return std::nullopt;
    }
    BodyLoader loader(*body, known_, loaded_.rules, desk, rule);
    const bool generate = load_generate(*body, desk);
    for (const YamlNode* item : values_of(body->find("rules"))) {
      // Of a refused correlation too: a slip in it must not turn building blocks into findings.
      loaded_.referred.insert(item->text);
      if (generate) {
        loaded_.generating.insert(item->text);
      }
    }
    loader.load([&](const YamlNode& item) {
      // What it lists may stand in the same file: its errors are not this rule's.
      const std::size_t before = desk.errors();
      load_listed(item.text);
      errors += desk.errors() - before;
      return find(item, desk);
    });
    if (desk.errors() != errors) {
      return std::nullopt;
    }
    rule.correlation_class = class_of(rule);
    std::vector<std::string> hashes;
    for (const ListedRule& listed : rule.rules) {
      hashes.push_back(listed.is_correlation ? loaded_.rules[listed.index].meta.logic_hash
                                             : (*known_.detections)[listed.index].meta.logic_hash);
      // What may be taken back below may be taken back above.
      if (listed.is_correlation &&
          loaded_.rules[listed.index].correlation_class == CorrelationClass::non_monotone) {
        rule.correlation_class = CorrelationClass::non_monotone;
      }
    }
    rule.meta.logic_hash = logic_hash(rule, hashes);
    return rule;
  }

  void load_listed(const std::string& name) {
    const auto named = by_name_.find(name);
    if (named == by_name_.end() || open_.size() >= kRuleDepthMax) {
      return;
    }
    for (const std::size_t document : named->second) {
      load(document);
    }
  }

  std::optional<Found> find(const YamlNode& item, DiagnosticDesk& desk) {
    const auto refuse = [&](const std::string& message, const std::string& hint = "") {
      desk.error(item.position, message, hint);
      return std::nullopt;
    };
    const auto& detections = *known_.detections;
    std::vector<std::pair<Found, const RuleMeta*>> candidates;
    for (std::size_t i = 0; i < detections.size(); ++i) {
      const RuleMeta& meta = detections[i].meta;
      if (meta.id == item.text || meta.name == item.text) {
        candidates.push_back({{.is_correlation = false, .index = i}, &meta});
      }
    }
    const auto named = by_name_.find(item.text);
    std::optional<std::size_t> unusable;
    if (named != by_name_.end()) {
      for (const std::size_t document : named->second) {
        if (states_[document] == State::loaded) {
          candidates.push_back({{.is_correlation = true, .index = indices_[document]},
                                &loaded_.rules[indices_[document]].meta});
        } else {
          unusable = document;
        }
      }
    }
    if (candidates.size() > 1) {
      return refuse("more than one rule is named '" + item.text +
                        "': " + candidates[0].second->file + " and " + candidates[1].second->file,
                    "list it by its id");
    }
    if (candidates.size() == 1) {
      return candidates.front().first;
    }
    if (unusable && states_[*unusable] == State::open) {
      return refuse("correlations list each other in a circle: " + circle(*unusable));
    }
    if (unusable && states_[*unusable] == State::waiting) {
      return refuse("correlations are chained deeper than " + std::to_string(kRuleDepthMax) +
                    " levels");
    }
    if (unusable || known_.rejected.contains(item.text)) {
      return refuse("rule '" + item.text + "' was refused, so this correlation cannot be used");
    }
    if (known_.correlations.contains(item.text)) {
      return refuse("'" + item.text +
                    "' is a correlation along the process tree: listing one is not supported yet");
    }
    return refuse("no rule has the name or id '" + item.text + "'",
                  did_you_mean(item.text, all_names()));
  }

  /// "a → b → a", from where the circle begins.
  [[nodiscard]] std::string circle(std::size_t from) const {
    std::string text;
    const auto name = [this](std::size_t document) {
      const std::string given = text_at(document, "name");
      return given.empty() ? text_at(document, "id") : given;
    };
    for (auto at = std::ranges::find(open_, from); at != open_.end(); ++at) {
      text += name(*at) + " → ";
    }
    return text + name(from);
  }

  [[nodiscard]] std::vector<std::string_view> all_names() const {
    std::vector<std::string_view> names;
    for (const DetectionRule& rule : *known_.detections) {
      names.emplace_back(rule.meta.name.empty() ? rule.meta.id : rule.meta.name);
    }
    for (const auto& [name, named] : by_name_) {
      names.emplace_back(name);
    }
    return names;
  }

  const std::vector<CorrelationDocument>& documents_;
  const KnownRules& known_;
  const std::function<bool(const RuleMeta&, std::size_t)>& is_new_id_;
  std::map<std::string, std::set<std::size_t>> by_name_;
  std::vector<State> states_;
  std::vector<std::size_t> indices_;
  std::vector<std::size_t> open_;  ///< From the first to the one that is read now.
  LoadedWindowCorrelations loaded_;
};

}  // namespace

bool has_lineage_key(const YamlNode& document) {
  const YamlNode* body = document.find("correlation");
  const YamlNode* node = body == nullptr ? nullptr : body->find("group-by");
  const std::vector<const YamlNode*> keys = values_of(node);
  return std::ranges::any_of(
      keys, [](const YamlNode* key) { return key->is_scalar() && lineage_key(key->text); });
}

LoadedWindowCorrelations load_window_correlations(
    const std::vector<CorrelationDocument>& documents,
    const KnownRules& known,
    const std::function<bool(const RuleMeta&, std::size_t)>& is_new_id) {
  return WindowLoader(documents, known, is_new_id).load();
}

}  // namespace spoor
