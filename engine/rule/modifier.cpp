#include "engine/rule/modifier.h"

#include <algorithm>
#include <charconv>

#include "engine/base/text.h"
#include "engine/rule/network.h"

namespace spoor {
namespace {

/// Where a modifier may stand.
enum class Place : std::uint8_t {
  anywhere,
  first,          ///< It says what the value is.
  behind_regex,   ///< A flag of `re`.
  text_only,      ///< Not behind one that makes the value something else than text.
  text_or_ref,    ///< As text_only, or behind `fieldref`; without effect behind `re`.
  first_or_time,  ///< First, or behind a part of a time.
};

/// A row for each modifier of Sigma 2.1.
struct ModifierRow {
  std::string_view name;
  Place place;
  void (*apply)(ModifierPlan& plan);
};

constexpr ModifierRow kModifiers[] = {
    {"contains", Place::text_or_ref,
     [](ModifierPlan& plan) {
       plan.steps.push_back(TextStep::run_before);
       plan.steps.push_back(TextStep::run_behind);
     }},
    {"startswith", Place::text_or_ref,
     [](ModifierPlan& plan) { plan.steps.push_back(TextStep::run_behind); }},
    {"endswith", Place::text_or_ref,
     [](ModifierPlan& plan) { plan.steps.push_back(TextStep::run_before); }},
    {"all", Place::anywhere, [](ModifierPlan& plan) { plan.all = true; }},
    {"neq", Place::anywhere, [](ModifierPlan& plan) { plan.negated = true; }},
    {"cased", Place::text_or_ref, [](ModifierPlan& plan) { plan.cased = true; }},
    {"re", Place::first, [](ModifierPlan& plan) { plan.form = ValueForms::regex; }},
    {"i", Place::behind_regex, [](ModifierPlan& plan) { plan.ignore_case = true; }},
    {"ignorecase", Place::behind_regex, [](ModifierPlan& plan) { plan.ignore_case = true; }},
    {"m", Place::behind_regex, [](ModifierPlan& plan) { plan.multiline = true; }},
    {"multiline", Place::behind_regex, [](ModifierPlan& plan) { plan.multiline = true; }},
    {"s", Place::behind_regex, [](ModifierPlan& plan) { plan.dotall = true; }},
    {"dotall", Place::behind_regex, [](ModifierPlan& plan) { plan.dotall = true; }},
    {"cidr", Place::first, [](ModifierPlan& plan) { plan.form = ValueForms::network; }},
    {"windash", Place::text_only,
     [](ModifierPlan& plan) { plan.steps.push_back(TextStep::windash); }},
    {"base64", Place::text_only,
     [](ModifierPlan& plan) { plan.steps.push_back(TextStep::base64); }},
    {"base64offset", Place::text_only,
     [](ModifierPlan& plan) { plan.steps.push_back(TextStep::base64offset); }},
    {"wide", Place::text_only, [](ModifierPlan& plan) { plan.steps.push_back(TextStep::utf16le); }},
    {"utf16", Place::text_only, [](ModifierPlan& plan) { plan.steps.push_back(TextStep::utf16); }},
    {"utf16le", Place::text_only,
     [](ModifierPlan& plan) { plan.steps.push_back(TextStep::utf16le); }},
    {"utf16be", Place::text_only,
     [](ModifierPlan& plan) { plan.steps.push_back(TextStep::utf16be); }},
    {"exists", Place::first, [](ModifierPlan& plan) { plan.form = ValueForms::existence; }},
    {"expand", Place::anywhere, [](ModifierPlan& plan) { plan.expand = true; }},
    {"fieldref", Place::first, [](ModifierPlan& plan) { plan.form = ValueForms::field_ref; }},
    {"gt", Place::first_or_time, [](ModifierPlan& plan) { plan.comparison = Comparison::greater; }},
    {"gte", Place::first_or_time,
     [](ModifierPlan& plan) { plan.comparison = Comparison::greater_equal; }},
    {"lt", Place::first_or_time, [](ModifierPlan& plan) { plan.comparison = Comparison::less; }},
    {"lte", Place::first_or_time,
     [](ModifierPlan& plan) { plan.comparison = Comparison::less_equal; }},
    {"minute", Place::first, [](ModifierPlan& plan) { plan.time_part = TimePart::minute; }},
    {"hour", Place::first, [](ModifierPlan& plan) { plan.time_part = TimePart::hour; }},
    {"day", Place::first, [](ModifierPlan& plan) { plan.time_part = TimePart::day; }},
    {"week", Place::first, [](ModifierPlan& plan) { plan.time_part = TimePart::week; }},
    {"month", Place::first, [](ModifierPlan& plan) { plan.time_part = TimePart::month; }},
    {"year", Place::first, [](ModifierPlan& plan) { plan.time_part = TimePart::year; }},
};

std::vector<std::string_view> modifier_names() {
  std::vector<std::string_view> names;
  for (const ModifierRow& row : kModifiers) {
    names.push_back(row.name);
  }
  return names;
}

bool is_comparison(std::string_view name) {
  return name == "gt" || name == "gte" || name == "lt" || name == "lte";
}

/// Reads the modifiers of one key.
class ModifierReader {
 public:
  ModifierReader(DiagnosticDesk& desk, ModifierPlan& plan) : desk_(desk), plan_(plan) {}

  bool read(const std::string& name, SourcePosition place) {
    place_ = place;
    const auto* row = std::ranges::find(kModifiers, name, &ModifierRow::name);
    if (row == std::ranges::end(kModifiers)) {
      desk_.error(place_, "unknown modifier '" + name + "'", did_you_mean(name, modifier_names()));
      return false;
    }
    const std::size_t before = desk_.errors();
    check_place(*row);
    if (before != desk_.errors()) {
      return false;
    }
    // contains and its like behind `re` change nothing: it searches anyway.
    const bool idle = plan_.form == ValueForms::regex && row->place == Place::text_or_ref;
    if (!idle) {
      row->apply(plan_);
    }
    if (is_comparison(name) && plan_.time_part == TimePart::none) {
      plan_.form = ValueForms::compare;
    } else if (plan_.time_part != TimePart::none) {
      plan_.form = ValueForms::time_part;
    }
    if (row->place != Place::anywhere) {
      before_ = name;
    }
    return true;
  }

 private:
  void check_place(const ModifierRow& row) {
    const std::string name(row.name);
    const bool is_text = plan_.form == ValueForms::plain;
    switch (row.place) {
      case Place::anywhere: break;
      case Place::first:
        if (!before_.empty()) {
          fail("'" + name + "' must be the first modifier",
               name == "re" ? "a regular expression finds its text anywhere in the value" : "");
        }
        break;
      case Place::behind_regex:
        if (plan_.form != ValueForms::regex) {
          fail("modifier '" + name + "' stands only behind 're'", "write |re|" + name);
        }
        break;
      case Place::text_only:
        if (!is_text) {
          fail("'" + name + "' changes text, and '" + before_ + "' makes none", "");
        }
        break;
      case Place::text_or_ref:
        if (!is_text && plan_.form != ValueForms::field_ref && plan_.form != ValueForms::regex) {
          fail("'" + name + "' compares text, and '" + before_ + "' does not", "");
        }
        break;
      case Place::first_or_time:
        if (!before_.empty() &&
            (plan_.form != ValueForms::time_part || plan_.comparison != Comparison::equal)) {
          fail("'" + name + "' must be the first modifier, or stand behind a part of a time",
               "for example |hour|" + name);
        }
        break;
    }
  }

  void fail(const std::string& message, const std::string& hint) {
    desk_.error(place_, message, hint);
  }

  DiagnosticDesk& desk_;
  ModifierPlan& plan_;
  SourcePosition place_;
  std::string before_;  ///< The modifier before, but for those that may stand anywhere.
};

/// Makes tests of one value.
class ValueReader {
 public:
  ValueReader(const YamlNode& value,
              const ModifierPlan& plan,
              const Placeholders& placeholders,
              DiagnosticDesk& desk,
              std::vector<ValueTest>& tests)
      : value_(value), plan_(plan), placeholders_(placeholders), desk_(desk), tests_(tests) {}

  bool read() {
    if (value_.kind == YamlNode::Kind::null) {
      return read_null();
    }
    if (!value_.is_scalar()) {
      return fail("expected a single value, found " + std::string(to_string(value_.kind)));
    }
    switch (plan_.form) {
      case ValueForms::plain: return read_plain();
      case ValueForms::regex:
        return expanded([this](const std::string& text) { return read_regex(text); });
      case ValueForms::network:
        return expanded([this](const std::string& text) { return read_network(text); });
      case ValueForms::field_ref: return read_field_ref();
      case ValueForms::existence: return read_existence();
      case ValueForms::compare:
      case ValueForms::time_part: return read_comparison();
    }
    return false;
  }

 private:
  bool fail(std::string message, std::string hint = "") {
    desk_.error(value_.position, std::move(message), std::move(hint));
    return false;
  }

  ValueTest& add(TestKind kind, const std::string& text) {
    ValueTest& test = tests_.emplace_back();
    test.kind = kind;
    test.text = text;
    test.position = value_.position;
    return test;
  }

  [[nodiscard]] bool is_number() const { return !value_.quoted && is_json_number(value_.text); }

  bool read_null() {
    if (plan_.form != ValueForms::plain || !plan_.steps.empty() || plan_.cased || plan_.expand) {
      return fail("null with a modifier",
                  "null alone means that the field is absent; '' is the empty text");
    }
    add(TestKind::null, "null");
    return true;
  }

  /// Calls `read` for the text, or for each text that its placeholders make of it.
  template <typename Read>
  bool expanded(const Read& read) {
    if (!plan_.expand) {
      return read(value_.text);
    }
    const Expansion expansion = expand_placeholders(value_.text, placeholders_);
    if (expansion.too_many) {
      return fail("its placeholders stand for more than " + std::to_string(kExpansionsMax) +
                  " texts");
    }
    if (!expansion.missing.empty()) {
      return fail("no values are known for the placeholder %" + expansion.missing.front() + "%",
                  "give them in a file: --placeholders FILE");
    }
    bool good = true;
    for (const std::string& text : expansion.texts) {
      good = read(text) && good;
    }
    return good;
  }

  bool read_plain() {
    if (is_number()) {
      if (plan_.steps.empty()) {
        return read_number();
      }
      const bool affix = plan_.has(TextStep::run_before) || plan_.has(TextStep::run_behind);
      return fail(std::string(affix ? "contains, startswith and endswith need"
                                    : "modifiers that change text need") +
                      " text, not the number " + value_.text,
                  "quote it: '" + value_.text + "'");
    }
    return expanded([this](const std::string& text) { return read_text(text); });
  }

  bool read_number() {
    double number = 0;
    const char* const last = value_.text.data() + value_.text.size();
    if (std::from_chars(value_.text.data(), last, number).ec != std::errc{}) {
      return fail("the number " + value_.text + " is out of range");
    }
    ValueTest& test = add(TestKind::number, value_.text);
    test.number = number;
    test.comparison = plan_.comparison;
    test.time_part = plan_.time_part;
    std::int64_t whole = 0;
    const auto [end, error] = std::from_chars(value_.text.data(), last, whole);
    if (error == std::errc{} && end == last) {
      test.integer = whole;
    }
    return true;
  }

  bool read_text(const std::string& written) {
    std::vector<SigmaText> texts = {parse_sigma_text(written)};
    for (const TextStep step : plan_.steps) {
      std::vector<SigmaText> next;
      for (SigmaText& text : texts) {
        if (!apply(step, text, next)) {
          return false;
        }
      }
      texts = std::move(next);
    }
    for (SigmaText& text : texts) {
      ValueTest& test = add(TestKind::pattern, value_.text);
      test.cased = plan_.cased;
      test.pattern = std::move(text);
      if (!plan_.cased) {
        fold_literals(test.pattern);
      }
    }
    return true;
  }

  bool apply(TextStep step, SigmaText& text, std::vector<SigmaText>& into) {
    switch (step) {
      case TextStep::run_before:
        add_run_before(text);
        into.push_back(std::move(text));
        return true;
      case TextStep::run_behind:
        add_run_behind(text);
        into.push_back(std::move(text));
        return true;
      case TextStep::windash:
        replace_dashes(text);
        into.push_back(std::move(text));
        return true;
      default: return encode(step, text, into);
    }
  }

  bool encode(TextStep step, const SigmaText& text, std::vector<SigmaText>& into) {
    if (has_wildcards(text)) {
      return fail("a wildcard cannot be encoded",
                  "put contains, startswith and endswith behind base64 and its like, and escape "
                  "* and ? that are meant: \\*");
    }
    const std::string plain = plain_text(text);
    switch (step) {
      case TextStep::base64: into.push_back(literal_text(base64(plain))); break;
      case TextStep::base64offset:
        for (std::string& form : base64_offsets(plain)) {
          into.push_back(literal_text(std::move(form)));
        }
        break;
      case TextStep::utf16:
        into.push_back(literal_text("\xFF\xFE" + to_utf16(plain, false)));
        break;
      case TextStep::utf16be: into.push_back(literal_text(to_utf16(plain, true))); break;
      default: into.push_back(literal_text(to_utf16(plain, false))); break;
    }
    return true;
  }

  bool read_regex(const std::string& text) {
    ValueTest& test = add(TestKind::regex, text);
    test.regex_ignore_case = plan_.ignore_case;
    test.regex_multiline = plan_.multiline;
    test.regex_dotall = plan_.dotall;
    return true;
  }

  bool read_network(const std::string& text) {
    const Result<Network> network = parse_network(text);
    if (!network) {
      return fail(network.error().message, "for example 10.0.0.0/8 or fe80::/10");
    }
    add(TestKind::cidr, text).network = *network;
    return true;
  }

  bool read_field_ref() {
    const SigmaText name = parse_sigma_text(value_.text);
    if (has_wildcards(name) || value_.text.empty()) {
      return fail("'fieldref' needs the name of a field, without wildcards");
    }
    ValueTest& test = add(TestKind::field_ref, value_.text);
    test.cased = plan_.cased;
    test.reference = {.name = plain_text(name), .id = find_field(plain_text(name))};
    const bool before = plan_.has(TextStep::run_before);
    const bool behind = plan_.has(TextStep::run_behind);
    test.affix = before && behind ? Affix::contains
                 : before         ? Affix::ends
                 : behind         ? Affix::starts
                                  : Affix::whole;
    return true;
  }

  bool read_existence() {
    const std::string word = to_lower_ascii(value_.text);
    if (value_.quoted || (word != "true" && word != "false")) {
      return fail("'exists' needs true or false", "without quotes");
    }
    add(TestKind::exists, word).expected = word == "true";
    return true;
  }

  bool read_comparison() {
    if (!is_number()) {
      return fail("a number is compared, not '" + value_.text + "'",
                  value_.quoted && is_json_number(value_.text) ? "without quotes" : "");
    }
    return read_number();
  }

  const YamlNode& value_;
  const ModifierPlan& plan_;
  const Placeholders& placeholders_;
  DiagnosticDesk& desk_;
  std::vector<ValueTest>& tests_;
};

}  // namespace

bool ModifierPlan::has(TextStep step) const {
  return std::ranges::find(steps, step) != steps.end();
}

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
  ModifierReader reader(desk, plan);
  bool good = true;
  for (const std::string& name : key.modifiers) {
    // Looked for, not counted: quotes and escapes of a key shift its columns.
    place = desk.find_from(place, "|" + name, 1).value_or(place);
    ++place.column;
    good = reader.read(name, place) && good;
  }
  return good;
}

bool is_json_number(std::string_view text) {
  return !text.empty() && json_number_length(text) == text.size();
}

bool read_value(const YamlNode& value,
                const ModifierPlan& plan,
                const Placeholders& placeholders,
                DiagnosticDesk& desk,
                std::vector<ValueTest>& tests) {
  return ValueReader(value, plan, placeholders, desk, tests).read();
}

}  // namespace spoor
