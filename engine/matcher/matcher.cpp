#include "engine/matcher/matcher.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include <re2/re2.h>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/event/canonical.h"
#include "engine/matcher/pattern.h"
#include "engine/rule/modifier.h"

namespace spoor {
namespace {

/// A field test made ready.
struct CompiledTest {
  const Expr* source = nullptr;
  std::optional<Pattern> pattern;
  std::unique_ptr<re2::RE2> regex;
};

/// The tree of a rule, tests by index. Nodes are in one vector: a rule is walked, never changed.
struct CompiledNode {
  Expr::Kind kind = Expr::Kind::all;
  std::size_t test = 0;
  std::vector<CompiledNode> children;
};

struct CompiledRule {
  CompiledNode root;
  bool usable = true;  ///< False if RE2 refused one of its expressions.
};

/// One of the values of a field.
struct FieldValue {
  ValueForm form = ValueForm::as_is;
  std::string_view text;
  std::string folded;  ///< fold(text), if is_folded.
  bool is_folded = false;
};

/// The event's values: the first of a field, and the others only if they are asked for. Each is
/// found, revealed and folded at most once for an event.
class EventValues {
 public:
  explicit EventValues(const MatcherOptions& options) : options_(options) {}

  void reset(const Event& event) {
    event_ = &event;
    ++generation_;
    if (extra_.size() < event.extra.size()) {
      extra_.resize(event.extra.size());
    }
  }

  /// nullptr if the event lacks the field.
  [[nodiscard]] FieldValue* first(const FieldRef& field) {
    Slot* slot = slot_of(field);
    return slot == nullptr ? nullptr : slot->values.data();
  }

  /// The `place`th value of a field that is there, nullptr behind the last.
  [[nodiscard]] FieldValue* at(const FieldRef& field, std::size_t place) {
    Slot& slot = *slot_of(field);
    if (place > 0 && !slot.complete) {
      slot.complete = true;
      if (options_.canonical && field.id && !options_.by_name) {
        add_others(slot, *field.id);
      }
    }
    return place < slot.count ? &slot.values[place] : nullptr;
  }

  [[nodiscard]] static std::string_view folded(FieldValue& value) {
    if (!value.is_folded) {
      value.is_folded = true;
      value.folded.clear();
      fold_append(value.text, value.folded);
    }
    return value.folded;
  }

 private:
  static constexpr std::size_t kFormCount = 3;

  struct Slot {
    std::uint64_t generation = 0;
    std::array<FieldValue, kFormCount> values;
    std::size_t count = 0;
    bool complete = false;  ///< The values after the first are there, too.
    std::string revealed;   ///< What one of the values views.
  };

  Slot* slot_of(const FieldRef& field) {
    if (field.id && !options_.by_name) {
      Slot& slot = slots_[static_cast<std::size_t>(*field.id)];
      return event_->has(*field.id) ? fresh(slot, event_->field(*field.id)) : nullptr;
    }
    // What a vendor names has no kind, and so no other values.
    const auto extra = std::ranges::find(event_->extra, field.name, &ExtraField::name);
    const auto place = static_cast<std::size_t>(extra - event_->extra.begin());
    return extra == event_->extra.end() ? nullptr : fresh(extra_[place], extra->value);
  }

  Slot* fresh(Slot& slot, std::string_view value) const {
    if (slot.generation != generation_) {
      slot.generation = generation_;
      slot.count = 0;
      slot.complete = false;
      add(slot, ValueForm::as_is, value);
    }
    return &slot;
  }

  void add_others(Slot& slot, FieldId id) const {
    if (reveal(field_kind(id), slot.values[0].text, slot.revealed)) {
      add(slot, ValueForm::canonical, slot.revealed);
    }
    const std::string_view original = event_->original(id);
    if (original.data() != nullptr) {
      add(slot, ValueForm::original, original);
    }
  }

  static void add(Slot& slot, ValueForm form, std::string_view text) {
    FieldValue& value = slot.values[slot.count++];
    value.form = form;
    value.text = text;
    value.is_folded = false;
  }

  MatcherOptions options_;
  const Event* event_ = nullptr;
  std::uint64_t generation_ = 0;
  std::array<Slot, kFieldCount> slots_;
  std::vector<Slot> extra_;
};

bool is_whole(std::string_view number) {
  return number.find_first_of(".eE") == std::string_view::npos;
}

/// Numbers compare by value. Whole ones exactly, whatever their size: JSON's grammar has one
/// spelling for each, so their texts tell. Text that is no JSON number equals none.
bool equals_number(const ValueTest& test, std::string_view value) {
  if (!is_json_number(value)) {
    return false;
  }
  if (is_whole(value) && is_whole(test.text)) {
    const auto magnitude = [](std::string_view text) { return text == "-0" ? "0" : text; };
    return magnitude(value) == magnitude(test.text);
  }
  double number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  return error == std::errc{} && number == test.number;
}

std::string regex_text(const ValueTest& test) {
  std::string flags;
  flags += test.regex_ignore_case ? "i" : "";
  flags += test.regex_multiline ? "m" : "";
  flags += test.regex_dotall ? "s" : "";
  return flags.empty() ? test.text : "(?" + flags + ")" + test.text;
}

/// Why RE2 refuses it, in words for the rule's author; or nothing.
std::optional<std::string> refusal(const re2::RE2& regex) {
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

}  // namespace

struct Matcher::Impl {
  Impl(const RuleSet& rule_set, const MatcherOptions& matcher_options)
      : rules(rule_set), options(matcher_options), values(matcher_options) {}

  void compile(std::vector<Diagnostic>* diagnostics) {
    for (const DetectionRule& rule : rules.detections) {
      CompiledRule& compiled = compiled_rules.emplace_back();
      compiled.root = compile(rule.condition, rule, compiled, diagnostics);
    }
    // Rules by the kind of event they can meet; what does not depend on the kind is asked per
    // event.
    for (std::size_t type = 0; type < kEventTypeCount; ++type) {
      Event probe;
      probe.type = static_cast<EventType>(type);
      for (std::size_t i = 0; i < rules.detections.size(); ++i) {
        LogSource category_only;
        category_only.category = rules.detections[i].log_source.category;
        if (compiled_rules[i].usable && (!options.route || routes(category_only, probe))) {
          by_type[type].push_back(i);
        }
      }
    }
  }

  CompiledNode compile(const Expr& expr,
                       const DetectionRule& rule,
                       CompiledRule& into,
                       std::vector<Diagnostic>* diagnostics) {
    CompiledNode node;
    node.kind = expr.kind;
    if (expr.kind == Expr::Kind::test) {
      node.test = tests.size();
      tests.push_back(compile_test(expr, rule, into, diagnostics));
      return node;
    }
    for (const Expr& child : expr.children) {
      node.children.push_back(compile(child, rule, into, diagnostics));
    }
    return node;
  }

  static CompiledTest compile_test(const Expr& expr,
                                   const DetectionRule& rule,
                                   CompiledRule& into,
                                   std::vector<Diagnostic>* diagnostics) {
    CompiledTest test;
    test.source = &expr;
    if (expr.test.kind == TestKind::pattern) {
      test.pattern.emplace(expr.test.pattern);
    } else if (expr.test.kind == TestKind::regex) {
      re2::RE2::Options options;
      options.set_log_errors(false);
      test.regex = std::make_unique<re2::RE2>(regex_text(expr.test), options);
      const std::optional<std::string> refused = refusal(*test.regex);
      if (refused) {
        into.usable = false;
        if (diagnostics != nullptr) {
          diagnostics->push_back({.severity = Severity::error,
                                  .file = rule.meta.file,
                                  .position = expr.test.position,
                                  .message = *refused,
                                  .hint = "",
                                  .source_line = ""});
        }
      }
    }
    return test;
  }

  static bool satisfies(const CompiledTest& test, FieldValue& value) {
    const ValueTest& value_test = test.source->test;
    switch (value_test.kind) {
      case TestKind::pattern: return test.pattern->matches(EventValues::folded(value));
      case TestKind::regex:
        return re2::RE2::PartialMatch(re2::StringPiece(value.text.data(), value.text.size()),
                                      *test.regex);
      case TestKind::number: return equals_number(value_test, value.text);
      case TestKind::null:
      case TestKind::exists:
      case TestKind::cidr:
      case TestKind::field_ref: break;
    }
    return false;
  }

  /// The first value of a field that is there which satisfies the test, or does not; else nullptr.
  /// The vendor's own text can satisfy one, but cannot fail one: a filter for C:\… would never
  /// suppress what CrowdStrike calls \Device\HarddiskVolume3\….
  const FieldValue* find_value(const CompiledTest& test, bool satisfying) {
    const FieldRef& field = test.source->field;
    std::size_t place = 0;
    for (FieldValue* value = values.first(field); value != nullptr;
         value = values.at(field, ++place)) {
      const bool counts = satisfying || value->form != ValueForm::original;
      if (counts && satisfies(test, *value) == satisfying) {
        return value;
      }
    }
    return nullptr;
  }

  /// One value is enough, except under a `not`: there all of them are needed.
  bool holds(const CompiledTest& test, bool negated) {
    const bool present = values.first(test.source->field) != nullptr;
    if (test.source->test.kind == TestKind::null) {
      return !present;
    }
    return present && (find_value(test, !negated) != nullptr) != negated;
  }

  bool holds(const CompiledNode& node, bool negated) {
    const auto child_holds = [this, negated](const CompiledNode& child) {
      return holds(child, negated);
    };
    switch (node.kind) {
      case Expr::Kind::test: return holds(tests[node.test], negated);
      case Expr::Kind::all: return std::ranges::all_of(node.children, child_holds);
      case Expr::Kind::any: return std::ranges::any_of(node.children, child_holds);
      case Expr::Kind::negation: return !holds(node.children.front(), !negated);
    }
    return false;
  }

  /// The tests that held and speak for the rule: not those under a `not`, nor those of a branch
  /// that failed.
  void collect(const CompiledNode& node, std::vector<MatchedField>& matched) {
    if (node.kind == Expr::Kind::negation || !holds(node, false)) {
      return;
    }
    for (const CompiledNode& child : node.children) {
      collect(child, matched);
    }
    if (node.kind != Expr::Kind::test) {
      return;
    }
    const CompiledTest& test = tests[node.test];
    const Expr& source = *test.source;
    const bool repeated = std::ranges::any_of(
        matched, [&source](const MatchedField& field) { return field.field == source.field.name; });
    if (repeated) {
      return;
    }
    // A test for absence holds by no value.
    const FieldValue* value = find_value(test, true);
    matched.push_back({.field = source.field.name,
                       .value = value == nullptr ? std::string_view("") : value->text,
                       .test = source.test.text,
                       .form = value == nullptr ? ValueForm::as_is : value->form});
  }

  const RuleSet& rules;
  MatcherOptions options;
  std::vector<CompiledRule> compiled_rules;
  std::vector<CompiledTest> tests;
  std::array<std::vector<std::size_t>, kEventTypeCount> by_type;
  EventValues values;
  std::size_t evaluations = 0;
};

Matcher::Matcher(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Matcher::Matcher(Matcher&&) noexcept = default;
Matcher& Matcher::operator=(Matcher&&) noexcept = default;
Matcher::~Matcher() = default;

Matcher Matcher::create(const RuleSet& rules,
                        std::vector<Diagnostic>* diagnostics,
                        const MatcherOptions& options) {
  auto impl = std::make_unique<Impl>(rules, options);
  impl->compile(diagnostics);
  return Matcher(std::move(impl));
}

void Matcher::match(const Event& event, std::vector<std::size_t>& hits) {
  impl_->values.reset(event);
  for (const std::size_t rule : impl_->by_type[static_cast<std::size_t>(event.type)]) {
    if (impl_->options.route && !routes(impl_->rules.detections[rule].log_source, event)) {
      continue;
    }
    ++impl_->evaluations;
    if (impl_->holds(impl_->compiled_rules[rule].root, false)) {
      hits.push_back(rule);
    }
  }
}

std::vector<MatchedField> Matcher::explain(std::size_t rule, const Event& event) {
  impl_->values.reset(event);
  std::vector<MatchedField> matched;
  impl_->collect(impl_->compiled_rules[rule].root, matched);
  return matched;
}

std::size_t Matcher::usable_rules() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(impl_->compiled_rules, &CompiledRule::usable));
}

std::size_t Matcher::evaluations() const {
  return impl_->evaluations;
}

}  // namespace spoor
