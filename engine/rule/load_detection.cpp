#include "engine/rule/load_detection.h"

#include <algorithm>

#include "engine/base/text.h"
#include "engine/rule/condition.h"
#include "engine/rule/logic_hash.h"
#include "engine/rule/modifier.h"

namespace spoor {
namespace {

/// Top-level keys of Sigma 2.1. Others are custom attributes and allowed; one that looks like a
/// slip is warned about.
constexpr std::string_view kTopLevelKeys[] = {
    "title",       "id",          "name",   "related",        "taxonomy", "status",
    "description", "license",     "author", "references",     "date",     "modified",
    "logsource",   "detection",   "fields", "falsepositives", "level",    "tags",
    "scope",       "correlation", "custom", "spoor",          "filter"};

/// What a detection is loaded with.
struct LoadContext {
  const Placeholders& placeholders;
  bool lineage = false;  ///< Ancestor.X is our extension.
};

constexpr std::string_view kLogSourceKeys[] = {"product", "category", "service", "definition"};

constexpr std::string_view kLevelNames[] = {"informational", "low", "medium", "high", "critical"};

template <std::size_t Size>
std::vector<std::string_view> names_of(const std::string_view (&names)[Size]) {
  return {names, names + Size};
}

std::vector<std::string> list_of(const YamlNode& map, std::string_view key, DiagnosticDesk& desk) {
  std::vector<std::string> values;
  const YamlNode* node = map.find(key);
  if (node == nullptr || node->kind == YamlNode::Kind::null) {
    return values;
  }
  if (node->is_scalar()) {
    values.push_back(node->text);
    return values;
  }
  if (!node->is_list()) {
    desk.error(node->position, "'" + std::string(key) + "' must be a list of texts");
    return values;
  }
  for (const YamlNode& item : node->items) {
    if (item.is_scalar()) {
      values.push_back(item.text);
    } else if (item.kind != YamlNode::Kind::null) {
      desk.error(item.position, "'" + std::string(key) + "' must hold texts, not " +
                                    std::string(to_string(item.kind)));
    }
  }
  return values;
}

void warn_about_slips(const YamlNode& document, DiagnosticDesk& desk) {
  constexpr std::size_t kSlipMax = 2;  // Further off, it is somebody's own attribute.
  for (const auto& [key, value] : document.entries) {
    if (key.text == "generate") {
      desk.error(key.position, "'generate' stands under 'correlation'");
      continue;
    }
    if (std::ranges::find(kTopLevelKeys, key.text) != std::ranges::end(kTopLevelKeys)) {
      continue;
    }
    const std::string_view near = nearest(key.text, names_of(kTopLevelKeys));
    if (!near.empty() && edit_distance(key.text, near) <= kSlipMax) {
      desk.warning(key.position, "unknown key '" + key.text + "'",
                   "did you mean '" + std::string(near) + "'?");
    }
  }
}

LogSource load_log_source(const YamlNode& document, DiagnosticDesk& desk) {
  LogSource source;
  const YamlNode* node = document.find("logsource");
  if (node == nullptr) {
    desk.error(document.position, "the rule has no 'logsource'",
               "for example logsource: {product: windows, category: process_creation}");
    return source;
  }
  if (!node->is_map()) {
    desk.error(node->position, "'logsource' must be a map of product, category, service");
    return source;
  }
  const std::size_t errors = desk.errors();
  for (const auto& [key, value] : node->entries) {
    if (std::ranges::find(kLogSourceKeys, key.text) == std::ranges::end(kLogSourceKeys)) {
      desk.error(key.position, "unknown key '" + key.text + "' under 'logsource'",
                 did_you_mean(key.text, names_of(kLogSourceKeys)));
    }
  }
  source.product = scalar_of(*node, "product", desk);
  source.category = scalar_of(*node, "category", desk);
  source.service = scalar_of(*node, "service", desk);
  const bool empty = source.product.empty() && source.category.empty() && source.service.empty();
  if (empty && errors == desk.errors()) {
    desk.error(document.position_of("logsource"),
               "'logsource' names neither product, category nor service");
  }
  return source;
}

constexpr std::string_view kAncestorPrefix = "Ancestor.";

/// Reads the selections of one detection.
class SelectionLoader {
 public:
  SelectionLoader(const LoadContext& context, DiagnosticDesk& desk)
      : context_(context), desk_(desk) {}

  /// A selection: a map, a text (a keyword), or a list of either (any of them).
  bool load(const YamlNode& node, Expr& into) {
    if (node.is_map()) {
      return load_map(node, into);
    }
    if (node.is_scalar()) {
      return load_item({}, {&node}, node.position, ModifierPlan(), into);
    }
    if (!node.is_list() || node.items.empty()) {
      desk_.error(node.position, "an empty selection");
      return false;
    }
    into.kind = Expr::Kind::any;
    bool good = true;
    for (const YamlNode& item : node.items) {
      if (item.is_list()) {
        desk_.error(item.position, "a selection must be a map, a text, or a list of these");
        good = false;
        continue;
      }
      good = load(item, into.children.emplace_back()) && good;
    }
    return good;
  }

 private:
  /// A map: all of its fields.
  bool load_map(const YamlNode& map, Expr& into) {
    into.kind = Expr::Kind::all;
    if (map.entries.empty()) {
      desk_.error(map.position, "an empty selection");
      return false;
    }
    bool good = true;
    for (const auto& [key, value] : map.entries) {
      good = load_field(key, value, into.children.emplace_back()) && good;
    }
    return good;
  }

  /// "Image|endswith: [a, b]" → any of two tests.
  bool load_field(const YamlNode& key, const YamlNode& value, Expr& into) {
    const FieldKey field = split_field_key(key.text);
    ModifierPlan plan;
    if (!read_modifiers(field, key.position, desk_, plan)) {
      return false;
    }
    if (value.is_map()) {
      desk_.error(value.position, "expected a value or a list of values, found a map");
      return false;
    }
    std::vector<const YamlNode*> values;
    if (value.is_list()) {
      for (const YamlNode& item : value.items) {
        values.push_back(&item);
      }
    } else {
      values.push_back(&value);
    }
    return load_item(field.field, values, value.position, plan, into);
  }

  /// The values of one field, or of a keyword search if it has no name.
  bool load_item(const std::string& name,
                 std::vector<const YamlNode*> values,
                 SourcePosition position,
                 const ModifierPlan& plan,
                 Expr& into) {
    FieldRef field = field_of(name, position);
    if (field.keyword && !check_keyword_plan(plan, position)) {
      return false;
    }
    // An empty list means what null means: the field is absent.
    YamlNode null;
    null.position = position;
    if (values.empty()) {
      values.push_back(&null);
    }
    Expr item;
    item.kind = plan.all ? Expr::Kind::all : Expr::Kind::any;
    bool good = true;
    for (const YamlNode* value : values) {
      good = load_value(field, *value, plan, item.children.emplace_back()) && good;
    }
    if (item.children.size() == 1) {
      Expr only = std::move(item.children.front());
      item = std::move(only);
    }
    if (!plan.negated) {
      into = std::move(item);
      return good;
    }
    into.kind = Expr::Kind::negation;
    into.children.push_back(std::move(item));
    return good;
  }

  /// One written value: a test, or any of several.
  bool load_value(const FieldRef& field, const YamlNode& value, ModifierPlan plan, Expr& into) {
    YamlNode as_text;
    const YamlNode* read = &value;
    if (field.keyword && value.kind == YamlNode::Kind::null) {
      desk_.error(value.position, "a keyword cannot be null");
      return false;
    }
    if (field.keyword && value.is_scalar() && plan.form == ValueForms::plain) {
      // A keyword is looked for within the event's values, and 443 within 8443.
      plan.steps.push_back(TextStep::run_before);
      plan.steps.push_back(TextStep::run_behind);
      as_text = value;
      as_text.quoted = true;
      read = &as_text;
    }
    std::vector<ValueTest> tests;
    if (!read_value(*read, plan, context_.placeholders, desk_, tests)) {
      return false;
    }
    into.kind = Expr::Kind::any;
    for (ValueTest& test : tests) {
      Expr leaf;
      leaf.kind = Expr::Kind::test;
      leaf.field = field;
      leaf.test = std::move(test);
      into.children.push_back(std::move(leaf));
    }
    if (into.children.size() == 1) {
      Expr only = std::move(into.children.front());
      into = std::move(only);
    }
    return true;
  }

  bool check_keyword_plan(const ModifierPlan& plan, SourcePosition position) {
    if (plan.form == ValueForms::plain || plan.form == ValueForms::regex) {
      return true;
    }
    desk_.error(position, "a keyword search compares text; this modifier needs a field");
    return false;
  }

  FieldRef field_of(const std::string& name, SourcePosition position) {
    if (name.empty()) {
      return {.name = "", .id = std::nullopt, .keyword = true};
    }
    if (!context_.lineage || !name.starts_with(kAncestorPrefix)) {
      return {.name = name, .id = find_field(name)};
    }
    const std::string_view inner = std::string_view(name).substr(kAncestorPrefix.size());
    const std::optional<FieldId> id = find_field(inner);
    if (!id || !is_ancestor_field(*id)) {
      desk_.error(position, "the graph does not know '" + std::string(inner) + "' of ancestors",
                  "Ancestor.Image, Ancestor.CommandLine or Ancestor.User");
    }
    return {.name = name, .id = id, .keyword = false, .ancestor = true};
  }

  static bool is_ancestor_field(FieldId id) {
    return id == FieldId::image || id == FieldId::command_line || id == FieldId::user;
  }

  const LoadContext& context_;
  DiagnosticDesk& desk_;
};

/// Keys of a detection that are no selections. `rules` is a filter's.
bool is_selection_name(std::string_view key, bool filter) {
  return key != "condition" && !(filter && key == "rules");
}

std::vector<Selection> load_selections(const YamlNode& detection,
                                       const LoadContext& context,
                                       bool filter,
                                       DiagnosticDesk& desk) {
  std::vector<Selection> selections;
  SelectionLoader loader(context, desk);
  for (const auto& [key, value] : detection.entries) {
    if (!is_selection_name(key.text, filter)) {
      continue;
    }
    if (key.text == "timeframe") {
      // The aggregation itself is refused, in the condition; without one it says nothing.
      desk.warning(key.position, "'timeframe' belongs to the aggregations of old Sigma: ignored",
                   "write a correlation rule");
      continue;
    }
    Selection& selection = selections.emplace_back();
    selection.name = key.text;
    selection.position = key.position;
    static_cast<void>(loader.load(value, selection.expr));  // What is wrong was reported.
    selection.expr.selection = key.text;
  }
  return selections;
}

/// One condition, or a list of them (any).
void load_condition(const YamlNode& node,
                    std::vector<Selection>& selections,
                    DiagnosticDesk& desk,
                    Expr& into) {
  if (node.is_scalar()) {
    static_cast<void>(parse_condition(node, selections, desk, into));
    return;
  }
  if (!node.is_list() || node.items.empty()) {
    desk.error(node.position, "'condition' must be text");
    return;
  }
  into.kind = Expr::Kind::any;
  for (const YamlNode& item : node.items) {
    if (item.is_scalar()) {
      static_cast<void>(parse_condition(item, selections, desk, into.children.emplace_back()));
    } else {
      desk.error(item.position, "'condition' must hold texts");
    }
  }
}

/// The selections and the condition below `key`: "detection" or "filter".
void load_detection_part(const YamlNode& document,
                         const std::string& key,
                         const LoadContext& context,
                         DiagnosticDesk& desk,
                         Expr& into) {
  const YamlNode* detection = document.find(key);
  if (detection == nullptr || !detection->is_map()) {
    desk.error(detection == nullptr ? document.position : detection->position,
               "the rule has no '" + key + "' map");
    return;
  }
  std::vector<Selection> selections = load_selections(*detection, context, key == "filter", desk);
  const YamlNode* condition = detection->find("condition");
  if (condition == nullptr) {
    desk.error(document.position_of(key), "'" + key + "' has no 'condition'");
    return;
  }
  const std::size_t errors = desk.errors();
  load_condition(*condition, selections, desk, into);
  for (const Selection& selection : selections) {
    if (errors == desk.errors() && !selection.used && !selection.name.starts_with('_')) {
      desk.warning(selection.position,
                   "selection '" + selection.name + "' is not used by the condition");
    }
  }
}

/// Does the rule say that it is about lineage (`spoor: lineage`)? Then Ancestor.Image is our
/// extension and not the name of a field.
bool is_about_lineage(const YamlNode& document, DiagnosticDesk& desk) {
  const YamlNode* node = document.find("spoor");
  if (node == nullptr) {
    return false;
  }
  if (node->is_scalar() && node->text == "lineage") {
    return true;
  }
  desk.error(node->position, "'spoor' says what a rule needs of us: only 'lineage' is known");
  return false;
}

}  // namespace

std::string scalar_of(const YamlNode& map, std::string_view key, DiagnosticDesk& desk) {
  const YamlNode* node = map.find(key);
  if (node == nullptr || node->kind == YamlNode::Kind::null) {
    return "";
  }
  if (!node->is_scalar()) {
    desk.error(node->position, "'" + std::string(key) + "' must be a single value, not " +
                                   std::string(to_string(node->kind)));
    return "";
  }
  return node->text;
}

RuleMeta load_meta(const YamlNode& document, DiagnosticDesk& desk) {
  RuleMeta meta;
  meta.file = desk.file();
  meta.position = document.position;
  meta.title = scalar_of(document, "title", desk);
  if (meta.title.empty()) {
    desk.error(document.position_of("title"), "the rule has no 'title'");
  }
  meta.id = scalar_of(document, "id", desk);
  if (meta.id.empty()) {
    desk.error(document.position_of("id"), "the rule has no 'id'",
               "findings are named after it: give it a random UUID (uuidgen)");
  }
  meta.name = scalar_of(document, "name", desk);
  meta.description = scalar_of(document, "description", desk);
  meta.author = scalar_of(document, "author", desk);
  meta.license = scalar_of(document, "license", desk);
  meta.status = scalar_of(document, "status", desk);
  meta.references = list_of(document, "references", desk);
  meta.tags = list_of(document, "tags", desk);
  meta.false_positives = list_of(document, "falsepositives", desk);
  const std::string level = scalar_of(document, "level", desk);
  if (!level.empty()) {
    const std::optional<Level> known = parse_level(level);
    if (!known) {
      const YamlNode* node = document.find("level");
      desk.error(node->position, "unknown level '" + level + "'",
                 did_you_mean(level, names_of(kLevelNames)));
    }
    meta.level = known.value_or(Level::medium);
  }
  warn_about_slips(document, desk);
  return meta;
}

std::optional<DetectionRule> load_detection(const YamlNode& document,
                                            const Placeholders& placeholders,
                                            DiagnosticDesk& desk) {
  const std::size_t errors = desk.errors();
  DetectionRule rule;
  rule.meta = load_meta(document, desk);
  rule.log_source = load_log_source(document, desk);
  const LoadContext context{.placeholders = placeholders,
                            .lineage = is_about_lineage(document, desk)};
  load_detection_part(document, "detection", context, desk, rule.condition);
  if (desk.errors() != errors) {
    return std::nullopt;
  }
  rule.meta.logic_hash = logic_hash(rule);
  return rule;
}

std::optional<FilterRule> load_filter(const YamlNode& document,
                                      const Placeholders& placeholders,
                                      DiagnosticDesk& desk) {
  const std::size_t errors = desk.errors();
  FilterRule filter;
  filter.title = scalar_of(document, "title", desk);
  if (filter.title.empty()) {
    desk.error(document.position_of("title"), "the filter has no 'title'");
  }
  filter.id = scalar_of(document, "id", desk);
  filter.position = document.position_of("filter");
  filter.log_source = load_log_source(document, desk);
  const LoadContext context{.placeholders = placeholders,
                            .lineage = is_about_lineage(document, desk)};
  load_detection_part(document, "filter", context, desk, filter.condition);
  const YamlNode* body = document.find("filter");
  const YamlNode* rules = body == nullptr ? nullptr : body->find("rules");
  if (rules != nullptr && rules->is_scalar() && equals_ignore_case_ascii(rules->text, "any")) {
    filter.any_rule = true;
  } else if (rules == nullptr) {
    desk.error(document.position_of("filter"), "'filter' lists no 'rules'",
               "a list of ids or names, or 'any'");
  } else {
    filter.rules = list_of(*body, "rules", desk);
  }
  return desk.errors() == errors ? std::optional(std::move(filter)) : std::nullopt;
}

}  // namespace spoor
