#include "cli/why_not.h"

#include <algorithm>
#include <map>
#include <set>

#include "engine/finding/terminal.h"
#include "engine/matcher/matcher.h"

namespace spoor {
namespace {

constexpr std::size_t kLinesMax = 12;
constexpr std::size_t kValueColumns = 100;
constexpr std::size_t kWantedShown = 3;  ///< Of the values that one field may have.

std::string quoted(std::string_view text) {
  return "'" + shown(text, kValueColumns) + "'";
}

/// A pattern with its wildcards, as the rule has it after its modifiers.
std::string pattern_text(const ValueTest& test) {
  using Kind = PatternPiece::Kind;
  const auto is_run = [](const PatternPiece& piece) { return piece.kind == Kind::any_run; };
  std::string text = test.text;
  if (!test.pattern.empty() && is_run(test.pattern.front()) && !text.starts_with('*')) {
    text.insert(0, "*");
  }
  if (test.pattern.size() > 1 && is_run(test.pattern.back()) && !text.ends_with('*')) {
    text += "*";
  }
  return quoted(text);
}

std::string wanted(const ValueTest& test) {
  switch (test.kind) {
    case TestKind::pattern: return pattern_text(test);
    case TestKind::regex: return "a match of " + quoted(test.text);
    case TestKind::null: return "no value";
    case TestKind::exists: return test.expected ? "any value" : "no such field";
    case TestKind::cidr: return "an address in " + quoted(test.text);
    case TestKind::field_ref: return "the value of " + test.reference.name;
    case TestKind::number: break;
  }
  static constexpr std::string_view kSigns[] = {"", "> ", ">= ", "< ", "<= "};
  return std::string(kSigns[static_cast<std::size_t>(test.comparison)]) + test.text;
}

/// "Image is 'C:\a.exe'", or that there is none.
std::string value_text(const FieldRef& field, const Event& event, const EventContext& context) {
  if (field.keyword) {
    return "the event";
  }
  if (field.ancestor) {
    return field.name + " (of a process above)";
  }
  std::string_view value;
  if (field.id) {
    value = event.field(*field.id);
  } else {
    const auto extra = std::ranges::find(event.extra, field.name, &ExtraField::name);
    value = extra == event.extra.end() ? value : extra->value;
  }
  if (value.data() != nullptr) {
    return field.name + " is " + quoted(value);
  }
  if (field.id && context.lineage != nullptr) {
    const std::string_view known = context.lineage->field(*field.id).text;
    if (known.data() != nullptr) {
      return field.name + " is " + quoted(known) + " (by the process tree)";
    }
  }
  const std::string unknown = field.id && context.unknown ? context.unknown(*field.id) : "";
  return field.name + " " + (unknown.empty() ? "is absent" : unknown);
}

/// Every part of a rule as a rule of its own, so that one matcher tells of each whether it holds.
class Parts {
 public:
  Parts(const DetectionRule& rule, const Event& event, const Lineage* lineage) {
    add(rule.condition);
    std::vector<std::size_t> hits;
    Matcher matcher = Matcher::create(set_, nullptr);
    matcher.match(event, hits, lineage);
    holding_.insert(hits.begin(), hits.end());
  }

  [[nodiscard]] bool holds(const Expr& expr) const { return holding_.contains(index_.at(&expr)); }

 private:
  void add(const Expr& expr) {
    index_[&expr] = set_.detections.size();
    set_.detections.emplace_back().condition = expr;  // No log source: it covers every event.
    for (const Expr& child : expr.children) {
      add(child);
    }
  }

  RuleSet set_;
  std::map<const Expr*, std::size_t> index_;
  std::set<std::size_t> holding_;
};

class Explainer {
 public:
  Explainer(const DetectionRule& rule, const Event& event, const EventContext& context)
      : parts_(rule, event, context.lineage), event_(event), context_(context) {}

  [[nodiscard]] bool holds(const Expr& expr) const { return parts_.holds(expr); }

  /// Adds what keeps `expr` from holding.
  void blame(const Expr& expr, std::string selection) {
    if (!expr.selection.empty()) {
      selection = expr.selection;
    }
    switch (expr.kind) {
      case Expr::Kind::test: add(selection, one_of(expr.field, {&expr})); return;
      case Expr::Kind::negation:
        add(name_of(expr.children.front(), selection),
            "holds, and the condition does not want it" + by(expr.children.front()));
        return;
      case Expr::Kind::all:
      case Expr::Kind::any: break;
    }
    if (blame_values(expr, selection)) {
      return;
    }
    for (const Expr& child : expr.children) {
      if (!parts_.holds(child)) {
        blame(child, selection);
      }
    }
  }

  [[nodiscard]] std::vector<std::string> lines() && {
    if (left_out_ > 0) {
      lines_.push_back("and " + std::to_string(left_out_) + " more");
    }
    return std::move(lines_);
  }

 private:
  /// The values of one field, told in one line: "wanted 'a' or 'b' or one of 12 more".
  bool blame_values(const Expr& expr, const std::string& selection) {
    std::vector<const Expr*> failing;
    for (const Expr& child : expr.children) {
      if (child.kind != Expr::Kind::test || child.field.name != expr.children.front().field.name) {
        return false;
      }
      if (!parts_.holds(child)) {
        failing.push_back(&child);
      }
    }
    if (failing.empty()) {
      return false;
    }
    add(selection, one_of(failing.front()->field, failing, expr.kind == Expr::Kind::all));
    return true;
  }

  [[nodiscard]] std::string one_of(const FieldRef& field,
                                   const std::vector<const Expr*>& tests,
                                   bool all = false) const {
    std::string text = value_text(field, event_, context_) + ", wanted ";
    for (std::size_t i = 0; i < std::min(tests.size(), kWantedShown); ++i) {
      text += (i == 0 ? "" : all ? " and " : " or ") + wanted(tests[i]->test);
    }
    if (tests.size() > kWantedShown) {
      text +=
          (all ? " and " : " or one of ") + std::to_string(tests.size() - kWantedShown) + " more";
    }
    return text;
  }

  /// ": Image is 'C:\a.exe'": the first test that holds.
  [[nodiscard]] std::string by(const Expr& expr) const {
    if (expr.kind == Expr::Kind::test) {
      return ": " + value_text(expr.field, event_, context_);
    }
    for (const Expr& child : expr.children) {
      if (expr.kind != Expr::Kind::negation && parts_.holds(child)) {
        return by(child);
      }
    }
    return "";
  }

  /// The selection that is not wanted: of "1 of filter_*" the one that holds.
  [[nodiscard]] std::string name_of(const Expr& expr, const std::string& outer) const {
    if (!expr.selection.empty()) {
      return expr.selection;
    }
    for (const Expr& child : expr.children) {
      if (parts_.holds(child)) {
        return name_of(child, outer);
      }
    }
    return outer;
  }

  void add(const std::string& selection, const std::string& text) {
    std::string line = selection.empty() ? text : selection + ": " + text;
    if (std::ranges::find(lines_, line) != lines_.end()) {
      return;
    }
    if (lines_.size() == kLinesMax) {
      ++left_out_;
    } else {
      lines_.push_back(std::move(line));
    }
  }

  Parts parts_;
  const Event& event_;
  const EventContext& context_;
  std::vector<std::string> lines_;
  std::size_t left_out_ = 0;
};

std::string part_or_any(const std::string& part) {
  return part.empty() ? "any" : part;
}

}  // namespace

std::vector<std::string> why_not(const DetectionRule& rule,
                                 const Event& event,
                                 const EventContext& context) {
  if (!Matcher::routes(rule.log_source, event)) {
    const LogSource& source = rule.log_source;
    std::string line = "the log source (product " + part_or_any(source.product) + ", category " +
                       part_or_any(source.category) + ", service " + part_or_any(source.service) +
                       ") does not cover the event: ";
    line += to_string(event.type);
    const std::string_view platform = to_string(event.platform);
    line += platform.empty() ? " of an unknown platform" : " on " + std::string(platform);
    if (event.has(FieldId::channel)) {
      line += ", channel " + quoted(event.field(FieldId::channel));
    }
    return {line};
  }
  Explainer explainer(rule, event, context);
  if (!explainer.holds(rule.condition)) {
    explainer.blame(rule.condition, "");
  }
  return std::move(explainer).lines();
}

std::vector<std::string> why(const DetectionRule& rule, const Event& event) {
  RuleSet set;
  set.detections.push_back(rule);
  Matcher matcher = Matcher::create(set, nullptr);
  std::vector<std::size_t> hits;
  matcher.match(event, hits);
  std::vector<std::string> lines;
  if (hits.empty()) {
    return lines;
  }
  for (const MatchedField& field : matcher.explain(0, event)) {
    lines.push_back(std::string(field.field) + " is " + quoted(field.value));
  }
  return lines;
}

}  // namespace spoor
