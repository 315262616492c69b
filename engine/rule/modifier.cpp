#include "engine/rule/modifier.h"

#include <algorithm>
#include <charconv>

#include "engine/base/text.h"

namespace spoor {
namespace {

/// A row for each modifier of Sigma 2.1. `apply` is empty for those that we do not support yet:
/// they are refused by name, never ignored. To support one, give it an apply.
struct ModifierRow {
  std::string_view name;
  void (*apply)(ModifierPlan& plan);
  bool after_regex = false;  ///< Only behind `re`.
};

constexpr ModifierRow kModifiers[] = {
    {"contains", [](ModifierPlan& plan) { plan.any_before = plan.any_after = true; }},
    {"startswith", [](ModifierPlan& plan) { plan.any_after = true; }},
    {"endswith", [](ModifierPlan& plan) { plan.any_before = true; }},
    {"all", [](ModifierPlan& plan) { plan.all = true; }},
    {"re", [](ModifierPlan& plan) { plan.regex = true; }},
    {"i", [](ModifierPlan& plan) { plan.ignore_case = true; }, true},
    {"ignorecase", [](ModifierPlan& plan) { plan.ignore_case = true; }, true},
    {"m", [](ModifierPlan& plan) { plan.multiline = true; }, true},
    {"multiline", [](ModifierPlan& plan) { plan.multiline = true; }, true},
    {"s", [](ModifierPlan& plan) { plan.dotall = true; }, true},
    {"dotall", [](ModifierPlan& plan) { plan.dotall = true; }, true},
    {"cased", nullptr},
    {"cidr", nullptr},
    {"windash", nullptr},
    {"base64", nullptr},
    {"base64offset", nullptr},
    {"wide", nullptr},
    {"utf16", nullptr},
    {"utf16le", nullptr},
    {"utf16be", nullptr},
    {"exists", nullptr},
    {"expand", nullptr},
    {"fieldref", nullptr},
    {"gt", nullptr},
    {"gte", nullptr},
    {"lt", nullptr},
    {"lte", nullptr},
    {"neq", nullptr},
    {"minute", nullptr},
    {"hour", nullptr},
    {"day", nullptr},
    {"week", nullptr},
    {"month", nullptr},
    {"year", nullptr},
};

std::vector<std::string_view> modifier_names() {
  std::vector<std::string_view> names;
  for (const ModifierRow& row : kModifiers) {
    names.push_back(row.name);
  }
  return names;
}

/// Appends to the literal at the end, or begins one.
void add_literal(std::vector<PatternPiece>& pieces, std::string_view text) {
  if (pieces.empty() || pieces.back().kind != PatternPiece::Kind::literal) {
    pieces.push_back({});
  }
  pieces.back().literal.append(text);
}

void add_any_run(std::vector<PatternPiece>& pieces) {
  if (pieces.empty() || pieces.back().kind != PatternPiece::Kind::any_run) {
    pieces.push_back({.kind = PatternPiece::Kind::any_run, .literal = ""});
  }
}

bool read_number(const YamlNode& value,
                 const ModifierPlan& plan,
                 DiagnosticDesk& desk,
                 ValueTest& test) {
  if (plan.any_before || plan.any_after) {
    desk.error(value.position,
               "contains, startswith and endswith need text, not the number " + value.text,
               "quote it: '" + value.text + "'");
    return false;
  }
  test.kind = TestKind::number;
  const char* const last = value.text.data() + value.text.size();
  if (std::from_chars(value.text.data(), last, test.number).ec != std::errc{}) {
    desk.error(value.position, "the number " + value.text + " is out of range");
    return false;
  }
  std::int64_t whole = 0;
  const auto [end, error] = std::from_chars(value.text.data(), last, whole);
  if (error == std::errc{} && end == last) {
    test.integer = whole;
  }
  return true;
}

}  // namespace

FieldKey split_field_key(std::string_view key) {
  FieldKey split;
  std::size_t bar = key.find('|');
  split.field = key.substr(0, bar);
  while (bar != std::string_view::npos) {
    key = key.substr(bar + 1);
    bar = key.find('|');
    split.modifiers.emplace_back(key.substr(0, bar));
  }
  return split;
}

bool read_modifiers(const FieldKey& key,
                    SourcePosition position,
                    DiagnosticDesk& desk,
                    ModifierPlan& plan) {
  SourcePosition place = position;
  bool good = true;
  for (const std::string& name : key.modifiers) {
    // Looked for, not counted: quotes and escapes of a key shift its columns.
    place = desk.find_from(place, "|" + name, 1).value_or(place);
    ++place.column;
    const auto* row = std::ranges::find(kModifiers, name, &ModifierRow::name);
    if (row == std::ranges::end(kModifiers)) {
      desk.error(place, "unknown modifier '" + name + "'", did_you_mean(name, modifier_names()));
      good = false;
    } else if (row->apply == nullptr) {
      desk.error(place, "modifier '" + name + "' is not supported yet");
      good = false;
    } else if (row->after_regex && !plan.regex) {
      desk.error(place, "modifier '" + name + "' stands only behind 're'", "write |re|" + name);
      good = false;
    } else if (name == "re" && (plan.any_before || plan.any_after)) {
      desk.error(place, "'re' must be the first modifier",
                 "a regular expression finds its text anywhere in the value");
      good = false;
    } else if (!plan.regex || row->after_regex || name == "all" || name == "re") {
      row->apply(plan);  // contains and its like behind `re` change nothing: it searches anyway.
    }
  }
  return good;
}

bool is_json_number(std::string_view text) {
  return !text.empty() && json_number_length(text) == text.size();
}

std::vector<PatternPiece> parse_pattern(std::string_view text) {
  std::vector<PatternPiece> pieces;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    const char next = at + 1 < text.size() ? text[at + 1] : '\0';
    if (c == '\\' && (next == '*' || next == '?' || next == '\\')) {
      add_literal(pieces, {&text[at + 1], 1});
      ++at;
    } else if (c == '*') {
      add_any_run(pieces);
    } else if (c == '?') {
      pieces.push_back({.kind = PatternPiece::Kind::any_one, .literal = ""});
    } else {
      add_literal(pieces, {&text[at], 1});
    }
  }
  for (PatternPiece& piece : pieces) {
    piece.literal = fold(piece.literal);
  }
  return pieces;
}

bool read_value(const YamlNode& value,
                const ModifierPlan& plan,
                DiagnosticDesk& desk,
                ValueTest& test) {
  test.position = value.position;
  test.text = value.text;
  if (value.kind == YamlNode::Kind::null) {
    if (plan.regex || plan.any_before || plan.any_after) {
      desk.error(value.position, "null with a modifier",
                 "null alone means that the field is absent; '' is the empty text");
      return false;
    }
    test.kind = TestKind::null;
    test.text = "null";
    return true;
  }
  if (!value.is_scalar()) {
    desk.error(value.position,
               "expected a single value, found " + std::string(to_string(value.kind)));
    return false;
  }
  if (plan.regex) {
    test.kind = TestKind::regex;
    test.regex_ignore_case = plan.ignore_case;
    test.regex_multiline = plan.multiline;
    test.regex_dotall = plan.dotall;
    return true;
  }
  if (!value.quoted && is_json_number(value.text)) {
    return read_number(value, plan, desk, test);
  }
  test.kind = TestKind::pattern;
  test.pattern = parse_pattern(value.text);
  if (plan.any_before &&
      (test.pattern.empty() || test.pattern.front().kind != PatternPiece::Kind::any_run)) {
    test.pattern.insert(test.pattern.begin(), {.kind = PatternPiece::Kind::any_run, .literal = ""});
  }
  if (plan.any_after) {
    add_any_run(test.pattern);
  }
  return true;
}

}  // namespace spoor
