#include "engine/matcher/predicate.h"

#include <algorithm>
#include <charconv>
#include <chrono>

#include <re2/re2.h>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/matcher/text_search.h"
#include "engine/rule/modifier.h"
#include "engine/rule/network.h"

namespace spoor {
namespace {

bool is_whole(std::string_view number) {
  return number.find_first_of(".eE") == std::string_view::npos;
}

template <typename Number>
bool compare(Comparison comparison, Number value, Number wanted) {
  switch (comparison) {
    case Comparison::equal: return value == wanted;
    case Comparison::greater: return value > wanted;
    case Comparison::greater_equal: return value >= wanted;
    case Comparison::less: return value < wanted;
    case Comparison::less_equal: return value <= wanted;
  }
  return false;
}

/// Whole JSON numbers of any size: by sign, length, digits. There is one spelling of each, -0
/// apart.
int order_of_whole(std::string_view a, std::string_view b) {
  const auto negative = [](std::string_view text) { return text.front() == '-' && text != "-0"; };
  const auto digits = [](std::string_view text) {
    return text.front() == '-' ? text.substr(1) : text;
  };
  if (negative(a) != negative(b)) {
    return negative(a) ? -1 : 1;
  }
  const std::string_view left = digits(a);
  const std::string_view right = digits(b);
  int order =
      left.size() != right.size() ? (left.size() < right.size() ? -1 : 1) : left.compare(right);
  order = order < 0 ? -1 : order > 0 ? 1 : 0;
  return negative(a) ? -order : order;
}

std::optional<int> digits_at(std::string_view text, std::size_t at, std::size_t count) {
  int number = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (i >= text.size() || text[i] < '0' || text[i] > '9') {
      return std::nullopt;
    }
    number = number * 10 + (text[i] - '0');
  }
  return number;
}

/// ISO 8601: week 1 is the one with the year's first Thursday.
int iso_week(std::chrono::sys_days day) {
  using std::chrono::days;
  const std::chrono::weekday weekday(day);
  const auto thursday = day + days(4 - static_cast<int>(weekday.iso_encoding()));
  const std::chrono::year_month_day date(thursday);
  const auto first = std::chrono::sys_days(date.year() / std::chrono::January / 1);
  return static_cast<int>((thursday - first).count() / 7) + 1;
}

std::string regex_text(const ValueTest& test) {
  std::string flags;
  flags += test.regex_ignore_case ? "i" : "";
  flags += test.regex_multiline ? "m" : "";
  flags += test.regex_dotall ? "s" : "";
  return flags.empty() ? test.text : "(?" + flags + ")" + test.text;
}

/// Why RE2 refuses it, in words for the rule's author; or nothing.
std::optional<std::string> refusal_of(const re2::RE2& regex) {
  if (regex.ok()) {
    if (static_cast<std::size_t>(regex.ProgramSize()) > kRegexProgramMax) {
      return "the regular expression is too large (" + std::to_string(regex.ProgramSize()) +
             " instructions)";
    }
    return std::nullopt;
  }
  const std::string& argument = regex.error_arg();
  const bool look_around =
      argument.starts_with("(?=") || argument.starts_with("(?!") || argument.starts_with("(?<");
  if (look_around) {
    return "look-around (" + argument + ") is not supported by RE2";
  }
  return "RE2 refuses the regular expression: " + regex.error();
}

/// Is `part` in `whole`, where `affix` says?
bool fits(Affix affix, std::string_view whole, std::string_view part) {
  switch (affix) {
    case Affix::whole: return whole == part;
    case Affix::contains: return whole.find(part) != std::string_view::npos;
    case Affix::starts: return whole.starts_with(part);
    case Affix::ends: return whole.ends_with(part);
  }
  return false;
}

}  // namespace

bool compares(const ValueTest& test, std::string_view value) {
  if (!is_json_number(value)) {
    return false;
  }
  if (is_whole(value) && is_whole(test.text)) {
    return compare(test.comparison, order_of_whole(value, test.text), 0);
  }
  double number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  return error == std::errc{} && compare(test.comparison, number, test.number);
}

std::optional<int> part_of_time(std::string_view text, TimePart part) {
  const auto year = digits_at(text, 0, 4);
  const auto month = digits_at(text, 5, 2);
  const auto day = digits_at(text, 8, 2);
  if (!year || !month || !day || text[4] != '-' || text[7] != '-') {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) {
    return std::nullopt;
  }
  switch (part) {
    case TimePart::year: return year;
    case TimePart::month: return month;
    case TimePart::day: return day;
    case TimePart::week: return iso_week(std::chrono::sys_days(date));
    default: break;
  }
  const bool has_time = text.size() > 13 && (text[10] == 'T' || text[10] == ' ' || text[10] == 't');
  const auto hour = has_time ? digits_at(text, 11, 2) : std::nullopt;
  const auto minute = has_time && text[13] == ':' ? digits_at(text, 14, 2) : std::nullopt;
  if (!hour || !minute || *hour > 23 || *minute > 59) {
    return std::nullopt;
  }
  return part == TimePart::hour ? hour : minute;
}

std::optional<std::size_t> run_asked_for(std::string_view regex) {
  for (const std::string_view any : {std::string_view(".{"), std::string_view("(.){")}) {
    if (!regex.starts_with(any)) {
      continue;
    }
    const std::string_view rest = regex.substr(any.size());
    std::size_t count = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), count);
    const std::string_view behind = rest.substr(static_cast<std::size_t>(end - rest.data()));
    // Where it may stand anywhere, "at least" and "exactly" are the same.
    if (error == std::errc{} && (behind == ",}" || behind == "}")) {
      return count;
    }
  }
  return std::nullopt;
}

bool has_run(std::string_view text, std::size_t count, bool across_lines) {
  std::size_t run = 0;
  for (const char c : text) {
    if (run >= count) {
      return true;
    }
    const bool continues = (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
    if (c == '\n' && !across_lines) {
      run = 0;
    } else {
      run += continues ? 0U : 1U;
    }
  }
  return run >= count;
}

Predicate::Predicate(const Expr& expr, ColumnTable& columns)
    : expr_(&expr), column_(columns.add(expr.field)) {
  switch (expr.test.kind) {
    case TestKind::pattern: pattern_.emplace(expr.test.pattern); break;
    case TestKind::field_ref: reference_ = columns.add(expr.test.reference); break;
    case TestKind::regex: {
      re2::RE2::Options options;
      options.set_log_errors(false);
      regex_ = std::make_unique<re2::RE2>(regex_text(expr.test), options);
      refusal_ = refusal_of(*regex_);
      run_ = run_asked_for(expr.test.text);
      need_ = need_of(expr.test.text, expr.test.regex_ignore_case);
      break;
    }
    default: break;
  }
}

Predicate::~Predicate() = default;
Predicate::Predicate(Predicate&&) noexcept = default;
Predicate& Predicate::operator=(Predicate&&) noexcept = default;

int Predicate::cost() const {
  constexpr int kGraph = 1'000;
  int cost = 0;
  switch (test().kind) {
    case TestKind::null:
    case TestKind::exists: cost = 0; break;
    case TestKind::number: cost = 2; break;
    case TestKind::pattern:
      switch (pattern_->form()) {
        case Pattern::Form::anything: cost = 0; break;
        case Pattern::Form::equals: cost = 1; break;
        case Pattern::Form::starts:
        case Pattern::Form::ends: cost = 3; break;
        case Pattern::Form::contains: cost = 8; break;
        case Pattern::Form::general: cost = 20; break;
      }
      break;
    case TestKind::cidr:
    case TestKind::field_ref: cost = 10; break;
    case TestKind::regex: cost = 200; break;
  }
  // What the graph answers may leave a hit undecided: last, so that it matters least often.
  return cost + (field().keyword ? 100 : 0) + (field().ancestor ? kGraph : 0);
}

bool Predicate::equals_reference(FieldValue& value, EventValues& values) const {
  if (values.presence(reference_) != Presence::there) {
    return false;
  }
  const std::size_t count = value.form == ValueForm::as_is ? values.first_count(reference_)
                                                           : values.full_count(reference_);
  for (std::size_t place = 0; place < count; ++place) {
    FieldValue& other = values.value(reference_, place);
    const bool same =
        test().cased ? fits(test().affix, value.text, other.text)
                     : fits(test().affix, EventValues::folded(value), EventValues::folded(other));
    if (same) {
      return true;
    }
  }
  return false;
}

bool Predicate::matches_regex(FieldValue& value, const EventValues& values) const {
  const auto is_there = [&value](const std::string& text) {
    return holds_text(EventValues::folded(value), text);
  };
  if (run_ && !values.plainly() && !refusal_ && is_valid_utf8(value.text)) {
    return has_run(value.text, *run_, test().regex_dotall);
  }
  const bool may_match =
      values.plainly() || (need_.is_met_by(value.text) &&
                           (required_.empty() || std::ranges::any_of(required_, is_there)));
  return may_match && !refusal_ &&
         re2::RE2::PartialMatch(re2::StringPiece(value.text.data(), value.text.size()), *regex_);
}

bool Predicate::satisfied_by(FieldValue& value, EventValues& values) const {
  switch (test().kind) {
    case TestKind::pattern:
      return pattern_->matches(test().cased ? value.text : EventValues::folded(value));
    case TestKind::regex: return matches_regex(value, values);
    case TestKind::number: {
      if (test().time_part == TimePart::none) {
        return compares(test(), value.text);
      }
      const std::optional<int> part = part_of_time(value.text, test().time_part);
      return part && compare(test().comparison, static_cast<double>(*part), test().number);
    }
    case TestKind::cidr: {
      const std::optional<Address> address = parse_address(value.text);
      return address && contains(test().network, *address);
    }
    case TestKind::field_ref: return equals_reference(value, values);
    case TestKind::null:
    case TestKind::exists: break;
  }
  return false;
}

/// Of the element whose own value stands at `place`.
bool Predicate::all_forms_satisfy(EventValues& values, std::size_t place) const {
  if (!satisfied_by(values.value(column_, place), values)) {
    return false;
  }
  const std::uint32_t element = values.value(column_, place).element;
  const std::size_t first = values.first_count(column_);
  const std::size_t count = values.full_count(column_);
  for (std::size_t other = first; other < count; ++other) {
    FieldValue& value = values.value(column_, other);
    if (value.element == element && value.form != ValueForm::original &&
        !satisfied_by(value, values)) {
      return false;
    }
  }
  return true;
}

Verdict Predicate::holds(EventValues& values, bool negated) const {
  const Presence presence = values.presence(column_);
  if (presence == Presence::unknown) {
    return Verdict::unknown;
  }
  if (test().kind == TestKind::null) {
    return verdict_of(presence == Presence::absent || presence == Presence::null);
  }
  if (test().kind == TestKind::exists) {
    return verdict_of((presence != Presence::absent) == test().expected);
  }
  if (test().kind == TestKind::field_ref) {
    if (values.presence(reference_) == Presence::unknown) {
      return Verdict::unknown;
    }
    // Before any value is held on to: a field may refer to itself.
    static_cast<void>(values.full_count(reference_));
  }
  if (presence != Presence::there) {
    return Verdict::no;
  }
  bool found = false;
  if (negated) {
    const std::size_t count = values.first_count(column_);
    for (std::size_t place = 0; !found && place < count; ++place) {
      found = all_forms_satisfy(values, place);
    }
  } else {
    found = witness(values) != nullptr;
  }
  // An ancestor that is not known yet may be the one.
  return !found && field().ancestor && values.may_change(column_) ? Verdict::unknown
                                                                  : verdict_of(found);
}

const FieldValue* Predicate::witness(EventValues& values) const {
  if (values.presence(column_) != Presence::there) {
    return nullptr;
  }
  const std::size_t first = values.first_count(column_);
  for (std::size_t place = 0; place < first; ++place) {
    if (satisfied_by(values.value(column_, place), values)) {
      return &values.value(column_, place);
    }
  }
  // The other forms are found out only if the event's own do not satisfy.
  const std::size_t count = values.full_count(column_);
  for (std::size_t place = first; place < count; ++place) {
    if (satisfied_by(values.value(column_, place), values)) {
      return &values.value(column_, place);
    }
  }
  return nullptr;
}

}  // namespace spoor
