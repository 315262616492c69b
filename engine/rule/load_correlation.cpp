#include "engine/rule/load_correlation.h"

#include <algorithm>
#include <limits>

#include "engine/base/limits.h"
#include "engine/rule/condition.h"
#include "engine/rule/load_detection.h"
#include "engine/rule/load_measure.h"
#include "engine/rule/logic_hash.h"

namespace spoor {
namespace {

constexpr std::string_view kKeys[] = {"type",     "rules",     "group-by", "anchor",   "relation",
                                      "timespan", "condition", "escalate", "generate", "aliases"};

struct RelationRow {
  std::string_view name;
  Relation relation;
};

constexpr RelationRow kRelations[] = {{"self", Relation::self},
                                      {"child", Relation::child},
                                      {"descendant", Relation::descendant},
                                      {"self_or_descendant", Relation::self_or_descendant},
                                      {"parent", Relation::parent},
                                      {"sibling", Relation::sibling}};

/// Does it hold for some set of steps that is not empty? Steps that are not `free` are absent.
bool can_hold(const StepExpr& condition, const std::vector<bool>& free) {
  constexpr std::size_t kStepsMax = 12;  // All sets of more would take long; such a rule is let be.
  if (free.size() > kStepsMax) {
    return true;
  }
  for (std::size_t set = 1; set < (std::size_t{1} << free.size()); ++set) {
    std::vector<bool> present(free.size());
    bool possible = true;
    for (std::size_t step = 0; step < free.size(); ++step) {
      present[step] = ((set >> step) & 1U) != 0;
      possible = possible && (free[step] || !present[step]);
    }
    if (possible && holds(condition, present)) {
      return true;
    }
  }
  return false;
}

class CorrelationLoader {
 public:
  CorrelationLoader(const YamlNode& body,
                    const KnownRules& known,
                    DiagnosticDesk& desk,
                    CorrelationRule& rule)
      : body_(body), known_(known), desk_(desk), rule_(rule) {}

  void load(bool* generate) {
    const std::size_t errors = desk_.errors();
    check_keys();
    const std::optional<WindowCorrelationType> type = load_correlation_type(body_, desk_);
    rule_.type = type.value_or(rule_.type);
    load_group_by();
    load_steps();
    load_aliases();
    load_anchor();
    load_relations();
    rule_.timespan = load_timespan(body_, desk_);
    if (type) {
      load_condition();
    }
    load_escalations();
    *generate = load_generate(body_, desk_);
    rule_.correlation_class = class_of(rule_);
    if (desk_.errors() == errors) {
      check_possible();
    }
  }

 private:
  void check_keys() {
    for (const auto& [key, value] : body_.entries) {
      if (std::ranges::find(kKeys, key.text) == std::ranges::end(kKeys)) {
        desk_.error(key.position, "unknown key '" + key.text + "' under 'correlation'",
                    did_you_mean(key.text, {std::ranges::begin(kKeys), std::ranges::end(kKeys)}));
      }
    }
  }

  // --- group-by, aliases ---

  void load_group_by() {
    bool has_key = false;
    for (const YamlNode* item : values_of(body_.find("group-by"))) {
      if (!item->is_scalar() || item->text.empty()) {
        desk_.error(item->position, "'group-by' must hold a lineage key and names of fields");
      } else if (const std::optional<GroupBy> key = lineage_key(item->text)) {
        if (has_key) {
          desk_.error(item->position, "'group-by' takes one lineage key",
                      "process: all in one process; process_tree: the process and what is around "
                      "it; program and program_tree: the same of all runs of a program on a host");
        }
        has_key = true;
        rule_.group_by = *key;
      } else if (std::ranges::find(rule_.split_by, item->text, &GroupField::name) !=
                 rule_.split_by.end()) {
        desk_.error(item->position, "'" + item->text + "' stands twice in 'group-by'");
      } else {
        rule_.split_by.push_back({.name = item->text, .of_rule = {}});
      }
    }
  }

  /// Behind the steps: what a field is called is said for each of them.
  void load_aliases() {
    for (GroupField& field : rule_.split_by) {
      field.of_rule.assign(rule_.steps.size(), field.name);
    }
    const YamlNode* node = body_.find("aliases");
    if (node == nullptr || node->kind == YamlNode::Kind::null) {
      return;
    }
    if (rule_.split_by.empty()) {
      desk_.error(body_.position_of("aliases"),
                  "'aliases' rename fields of 'group-by', and it names none",
                  "a lineage key needs no alias; with a field: group-by: [process_tree, file]");
      return;
    }
    if (!node->is_map()) {
      desk_.error(node->position, "'aliases' must be a map from a name to the field of each rule",
                  "aliases: {file: {written: TargetFilename, loaded: ImageLoaded}}");
      return;
    }
    for (const auto& [alias, fields] : node->entries) {
      load_alias(alias, fields);
    }
  }

  void load_alias(const YamlNode& alias, const YamlNode& fields) {
    const auto grouped = std::ranges::find(rule_.split_by, alias.text, &GroupField::name);
    if (grouped == rule_.split_by.end()) {
      std::vector<std::string_view> names;
      for (const GroupField& field : rule_.split_by) {
        names.emplace_back(field.name);
      }
      const std::string near = did_you_mean(alias.text, names);
      desk_.error(
          alias.position,
          lineage_key(alias.text) ? "'" + alias.text + "' is a lineage key, which no alias renames"
                                  : "alias '" + alias.text + "' is not used by 'group-by'",
          near.empty() ? "an alias is a field of 'group-by' that each rule calls otherwise: "
                         "group-by: [process_tree, file]"
                       : near);
      return;
    }
    if (!fields.is_map()) {
      desk_.error(fields.position, "alias '" + alias.text + "' must be a map from rules to fields");
      return;
    }
    for (const auto& [name, field] : fields.entries) {
      const std::optional<std::size_t> step = step_of(name.text, name.position);
      if (!field.is_scalar() || field.text.empty()) {
        desk_.error(field.position, "the name of a field is expected");
      } else if (step) {
        grouped->of_rule[*step] = field.text;
      }
    }
  }

  // --- rules ---

  void load_steps() {
    const YamlNode* node = body_.find("rules");
    const std::vector<const YamlNode*> listed = values_of(node);
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
    rule_.steps.push_back(
        {.name = item.text,
         .rule = find_rule(item).value_or(0),
         .relation = is_of_anchor(rule_.group_by) ? Relation::self : Relation::self_or_descendant,
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

  // --- anchor, relation ---

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
                  "self_or_descendant, parent or sibling");
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
      const std::string near = did_you_mean(value.text, names);
      desk_.error(
          value.position, "unknown relation '" + value.text + "'",
          near.empty() ? "self, child, descendant, self_or_descendant, parent or sibling" : near);
      return;
    }
    if (!step) {
      return;
    }
    const bool must_be_self = is_of_anchor(rule_.group_by) || *step == rule_.anchor;
    if (must_be_self && row->relation != Relation::self) {
      desk_.error(value.position,
                  *step == rule_.anchor
                      ? "the anchor's own relation is self"
                      : "with group-by: [" + std::string(to_string(rule_.group_by)) +
                            "] every step happens in the process itself",
                  *step == rule_.anchor
                      ? ""
                      : "use group-by: [" + std::string(to_string(rule_.group_by)) + "_tree]");
      return;
    }
    rule_.steps[*step].relation = row->relation;
  }

  // --- condition, escalate ---

  void load_condition() {
    const YamlNode* node = body_.find("condition");
    const bool is_absent = node == nullptr || node->kind == YamlNode::Kind::null;
    if (rule_.type == WindowCorrelationType::temporal && (is_absent || node->is_scalar())) {
      load_step_condition(is_absent ? nullptr : node);
      rule_.anchor_takes_part = mentions(rule_.condition, rule_.anchor);
      return;
    }
    if (!is_absent && !node->is_map()) {
      report_no_measure(*node);
      return;
    }
    const YamlNode* anchor = body_.find("anchor");
    rule_.anchor_takes_part = anchor == nullptr;
    if (anchor != nullptr && rule_.steps.size() == 1) {
      desk_.error(anchor->position,
                  "the events of a rule that 'anchor' names are not counted, and no other rule is "
                  "listed",
                  "leave 'anchor' out: the first rule listed is then anchor and counted");
      return;
    }
    const std::size_t counted = rule_.steps.size() - (rule_.anchor_takes_part ? 0 : 1);
    Measure measure = load_measure(node, body_.position, rule_.type, counted, desk_);
    rule_.thresholds = std::move(measure.thresholds);
    rule_.fields = std::move(measure.fields);
    rule_.percentile = measure.percentile;
  }

  /// Without one, every listed rule is wanted, as in Sigma.
  void load_step_condition(const YamlNode* node) {
    if (node != nullptr) {
      static_cast<void>(parse_step_condition(*node, names_, desk_, rule_.condition));
      return;
    }
    rule_.condition.kind = StepExpr::Kind::all;
    for (std::size_t step = 0; step < rule_.steps.size(); ++step) {
      rule_.condition.children.push_back(
          {.kind = StepExpr::Kind::step, .children = {}, .step = step});
    }
  }

  void report_no_measure(const YamlNode& node) {
    if (rule_.type == WindowCorrelationType::temporal) {
      desk_.error(node.position, "'condition' must be text over rule names, or a map: {gte: 2}");
    } else if (rule_.type == WindowCorrelationType::temporal_ordered) {
      desk_.error(node.position,
                  "a temporal_ordered correlation takes every listed rule, in that order",
                  "leave 'condition' out, or use type: temporal");
    } else {
      desk_.error(
          node.position,
          "'condition' of " + std::string(to_string(rule_.type)) + " must be a map: {gte: 10}",
          node.is_scalar() ? "conditions over rule names belong to type: temporal" : "");
    }
  }

  /// Of a rule that is right by itself: is there a window in which it holds?
  void check_possible() {
    const SourcePosition place =
        body_.find("condition") == nullptr ? body_.position : body_.find("condition")->position;
    if (has_step_condition(rule_)) {
      std::vector<bool> free(rule_.steps.size(), true);
      free[rule_.anchor] = rule_.anchor_takes_part;
      if (!can_hold(rule_.condition, free)) {
        desk_.error(place,
                    "the condition can never hold: a window starts at an event of a rule that "
                    "takes part",
                    "the anchor takes part if the condition names it; absence needs something to "
                    "be absent from: a and not b");
      }
      return;
    }
    const bool counts_events = rule_.type == WindowCorrelationType::event_count;
    if (!counts_events && rule_.type != WindowCorrelationType::value_count) {
      return;
    }
    const double least = counts_events ? 1 : 0;
    const double most = count_max();
    if (!can_hold(rule_.thresholds, least, most)) {
      const bool bounded = most < kUnbounded;
      desk_.error(
          place,
          std::string("the condition can never hold: a window has ") +
              (counts_events ? "at least one event" : "no less than 0 values") +
              (bounded ? " and at most " + std::to_string(static_cast<std::size_t>(most)) : ""),
          bounded ? "of a rule at a process " + std::to_string(kHitsPerStepMax) +
                        " events are kept, the first and the last"
                  : "");
    }
  }

  /// What a count can come to, as far as the rule tells.
  [[nodiscard]] double count_max() const {
    const bool may_be_array = rule_.type == WindowCorrelationType::value_count &&
                              rule_.fields.size() == 1 && !find_field(rule_.fields.front());
    double most = may_be_array ? kUnbounded : 0;
    for (std::size_t step = 0; step < rule_.steps.size(); ++step) {
      const Relation relation = rule_.steps[step].relation;
      if (step == rule_.anchor && !rule_.anchor_takes_part) {
        continue;
      }
      if (relation != Relation::self && relation != Relation::parent) {
        return kUnbounded;
      }
      most += static_cast<double>(kHitsPerStepMax);
    }
    return most;
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

  static constexpr double kUnbounded = std::numeric_limits<double>::infinity();

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
