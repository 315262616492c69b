#include "engine/matcher/matcher.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include <re2/re2.h>

#include "engine/base/limits.h"
#include "engine/base/text.h"
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

/// The event's values, folded at most once each.
class FoldedEvent {
 public:
  void reset(const Event& event) {
    event_ = &event;
    ++generation_;
    if (extra_.size() < event.extra.size()) {
      extra_.resize(event.extra.size());
    }
  }

  /// nullopt if the event lacks the field.
  [[nodiscard]] std::optional<std::string_view> raw(const FieldRef& field) const {
    if (field.id) {
      return event_->has(*field.id) ? std::optional(event_->field(*field.id)) : std::nullopt;
    }
    const std::size_t place = extra_place(field.name);
    return place < event_->extra.size() ? std::optional(event_->extra[place].value) : std::nullopt;
  }

  [[nodiscard]] std::string_view folded(const FieldRef& field, std::string_view value) {
    Slot& slot =
        field.id ? slots_[static_cast<std::size_t>(*field.id)] : extra_[extra_place(field.name)];
    if (slot.generation != generation_) {
      slot.generation = generation_;
      slot.text.clear();
      fold_append(value, slot.text);
    }
    return slot.text;
  }

 private:
  struct Slot {
    std::uint64_t generation = 0;
    std::string text;
  };

  [[nodiscard]] std::size_t extra_place(std::string_view name) const {
    const auto field = std::ranges::find(event_->extra, name, &ExtraField::name);
    return static_cast<std::size_t>(field - event_->extra.begin());
  }

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
  explicit Impl(const RuleSet& rule_set) : rules(rule_set) {}

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
        if (compiled_rules[i].usable && routes(category_only, probe)) {
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

  bool holds(const CompiledTest& test) {
    const FieldRef& field = test.source->field;
    const ValueTest& value_test = test.source->test;
    const std::optional<std::string_view> value = folded_event.raw(field);
    if (value_test.kind == TestKind::null) {
      return !value;
    }
    if (!value) {
      return false;
    }
    switch (value_test.kind) {
      case TestKind::pattern: return test.pattern->matches(folded_event.folded(field, *value));
      case TestKind::regex:
        return re2::RE2::PartialMatch(re2::StringPiece(value->data(), value->size()), *test.regex);
      case TestKind::number: return equals_number(value_test, *value);
      case TestKind::null: break;
    }
    return false;
  }

  bool holds(const CompiledNode& node) {
    const auto child_holds = [this](const CompiledNode& child) { return holds(child); };
    switch (node.kind) {
      case Expr::Kind::test: return holds(tests[node.test]);
      case Expr::Kind::all: return std::ranges::all_of(node.children, child_holds);
      case Expr::Kind::any: return std::ranges::any_of(node.children, child_holds);
      case Expr::Kind::negation: return !holds(node.children.front());
    }
    return false;
  }

  /// The tests that held and speak for the rule: not those under a `not`, nor those of a branch
  /// that failed.
  void collect(const CompiledNode& node, std::vector<MatchedField>& matched) {
    if (node.kind == Expr::Kind::negation || !holds(node)) {
      return;
    }
    for (const CompiledNode& child : node.children) {
      collect(child, matched);
    }
    if (node.kind != Expr::Kind::test) {
      return;
    }
    const Expr& source = *tests[node.test].source;
    const bool repeated = std::ranges::any_of(
        matched, [&source](const MatchedField& field) { return field.field == source.field.name; });
    if (!repeated) {
      matched.push_back({.field = source.field.name,
                         .value = folded_event.raw(source.field).value_or(""),
                         .test = source.test.text});
    }
  }

  const RuleSet& rules;
  std::vector<CompiledRule> compiled_rules;
  std::vector<CompiledTest> tests;
  std::array<std::vector<std::size_t>, kEventTypeCount> by_type;
  FoldedEvent folded_event;
  std::size_t evaluations = 0;
};

Matcher::Matcher(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Matcher::Matcher(Matcher&&) noexcept = default;
Matcher& Matcher::operator=(Matcher&&) noexcept = default;
Matcher::~Matcher() = default;

Matcher Matcher::create(const RuleSet& rules, std::vector<Diagnostic>* diagnostics) {
  auto impl = std::make_unique<Impl>(rules);
  impl->compile(diagnostics);
  return Matcher(std::move(impl));
}

void Matcher::match(const Event& event, std::vector<std::size_t>& hits) {
  impl_->folded_event.reset(event);
  for (const std::size_t rule : impl_->by_type[static_cast<std::size_t>(event.type)]) {
    if (!routes(impl_->rules.detections[rule].log_source, event)) {
      continue;
    }
    ++impl_->evaluations;
    if (impl_->holds(impl_->compiled_rules[rule].root)) {
      hits.push_back(rule);
    }
  }
}

std::vector<MatchedField> Matcher::explain(std::size_t rule, const Event& event) {
  impl_->folded_event.reset(event);
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
