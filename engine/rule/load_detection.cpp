#include "engine/rule/load_detection.h"

#include <algorithm>

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
    "scope",       "correlation", "custom", "spoor"};

constexpr const char* kKeywordMessage =
    "keyword searches (values without a field name) are not supported yet";

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

/// "Image|endswith: [a, b]" → any of two tests.
bool load_field(const YamlNode& key, const YamlNode& value, DiagnosticDesk& desk, Expr& into) {
  const FieldKey field = split_field_key(key.text);
  if (field.field.empty()) {
    desk.error(key.position, "keyword searches (a key without a field name) are not supported yet");
    return false;
  }
  ModifierPlan plan;
  if (!read_modifiers(field, key.position, desk, plan)) {
    return false;
  }
  if (value.is_map()) {
    desk.error(value.position, "expected a value or a list of values, found a map");
    return false;
  }
  std::vector<const YamlNode*> values;
  if (value.is_list()) {
    for (const YamlNode& item : value.items) {
      values.push_back(&item);
    }
  }
  // An empty list means what null means: the field is absent.
  YamlNode null;
  null.position = value.position;
  if (values.empty()) {
    values.push_back(value.is_list() ? &null : &value);
  }
  into.kind = plan.all ? Expr::Kind::all : Expr::Kind::any;
  bool good = true;
  for (const YamlNode* one : values) {
    Expr test;
    test.kind = Expr::Kind::test;
    test.field = {.name = field.field, .id = find_field(field.field)};
    good = read_value(*one, plan, desk, test.test) && good;
    into.children.push_back(std::move(test));
  }
  if (good && into.children.size() == 1) {
    Expr only = std::move(into.children.front());
    into = std::move(only);
  }
  return good;
}

/// A map: all of its fields.
bool load_map(const YamlNode& map, DiagnosticDesk& desk, Expr& into) {
  into.kind = Expr::Kind::all;
  if (map.entries.empty()) {
    desk.error(map.position, "an empty selection");
    return false;
  }
  bool good = true;
  for (const auto& [key, value] : map.entries) {
    good = load_field(key, value, desk, into.children.emplace_back()) && good;
  }
  return good;
}

/// A selection: a map, or a list of maps (any of them).
bool load_selection(const YamlNode& node, DiagnosticDesk& desk, Expr& into) {
  if (node.is_map()) {
    return load_map(node, desk, into);
  }
  if (!node.is_list() || node.items.empty()) {
    desk.error(node.position, node.is_scalar() ? kKeywordMessage : "an empty selection");
    return false;
  }
  const auto not_map = std::ranges::find_if_not(node.items, &YamlNode::is_map);
  if (not_map != node.items.end()) {
    desk.error(not_map->position, not_map->is_scalar()
                                      ? kKeywordMessage
                                      : "a selection must be a map, or a list of maps");
    return false;
  }
  into.kind = Expr::Kind::any;
  bool good = true;
  for (const YamlNode& item : node.items) {
    good = load_map(item, desk, into.children.emplace_back()) && good;
  }
  return good;
}

std::vector<Selection> load_selections(const YamlNode& detection, DiagnosticDesk& desk) {
  std::vector<Selection> selections;
  for (const auto& [key, value] : detection.entries) {
    if (key.text == "condition") {
      continue;
    }
    if (key.text == "timeframe") {
      desk.error(key.position, "'timeframe' belongs to the aggregations of old Sigma",
                 "write a correlation rule");
      continue;
    }
    Selection& selection = selections.emplace_back();
    selection.name = key.text;
    selection.position = key.position;
    static_cast<void>(load_selection(value, desk, selection.expr));  // What is wrong was reported.
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

void load_detection_part(const YamlNode& document, DiagnosticDesk& desk, Expr& into) {
  const YamlNode* detection = document.find("detection");
  if (detection == nullptr || !detection->is_map()) {
    desk.error(detection == nullptr ? document.position : detection->position,
               "the rule has no 'detection' map");
    return;
  }
  std::vector<Selection> selections = load_selections(*detection, desk);
  const YamlNode* condition = detection->find("condition");
  if (condition == nullptr) {
    desk.error(document.position_of("detection"), "'detection' has no 'condition'");
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

std::optional<DetectionRule> load_detection(const YamlNode& document, DiagnosticDesk& desk) {
  const std::size_t errors = desk.errors();
  DetectionRule rule;
  rule.meta = load_meta(document, desk);
  rule.log_source = load_log_source(document, desk);
  load_detection_part(document, desk, rule.condition);
  if (desk.errors() != errors) {
    return std::nullopt;
  }
  rule.meta.logic_hash = logic_hash(rule);
  return rule;
}

}  // namespace spoor
