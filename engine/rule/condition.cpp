#include "engine/rule/condition.h"

#include <algorithm>
#include <optional>

#include "engine/base/limits.h"
#include "engine/base/text.h"

namespace spoor {
namespace {

struct Token {
  std::string text;
};

/// Words and parentheses; everything that is neither space nor parenthesis is part of a word.
std::vector<Token> tokenize(std::string_view text) {
  std::vector<Token> tokens;
  std::size_t at = 0;
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
  while (at < text.size()) {
    const std::size_t start = at;
    if (is_space(text[at])) {
      ++at;
      continue;
    }
    if (text[at] == '(' || text[at] == ')') {
      ++at;
    } else {
      while (at < text.size() && !is_space(text[at]) && text[at] != '(' && text[at] != ')') {
        ++at;
      }
    }
    tokens.push_back({.text = std::string(text.substr(start, at - start))});
  }
  return tokens;
}

bool is_word(const Token& token, std::string_view word) {
  return equals_ignore_case_ascii(token.text, word);
}

/// Matches * anywhere against a selection's name: back to the last * only, so never exponential.
bool name_matches(std::string_view pattern, std::string_view name) {
  constexpr std::size_t kNone = std::string_view::npos;
  std::size_t at = 0;
  std::size_t in_name = 0;
  std::size_t star = kNone;
  std::size_t star_name = 0;
  while (in_name < name.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      star_name = in_name;
    } else if (at < pattern.size() && pattern[at] == name[in_name]) {
      ++at;
      ++in_name;
    } else if (star != kNone) {
      at = star + 1;
      in_name = ++star_name;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', at) == kNone;
}

/// Tests that a condition may come to. A selection is repeated wherever it is named, so that a
/// small text can ask for much; SigmaHQ's largest rule has about a thousand.
constexpr std::size_t kConditionTestsMax = 100'000;

std::size_t count_tests(const Expr& expr) {
  std::size_t tests = 1;
  for (const Expr& child : expr.children) {
    tests += count_tests(child);
  }
  return tests;
}

constexpr const char* kPipeMessage = "aggregations behind '|' are not Sigma any more";
constexpr const char* kPipeHint = "write a correlation rule (type: event_count)";

/// Recursive descent over: or → and → not → ( … ) | leaf. What a leaf is, and what it makes, is the
/// grammar's.
template <typename Grammar>
class ConditionParser {
 public:
  using Node = typename Grammar::Node;

  ConditionParser(const YamlNode& node, DiagnosticDesk& desk, Grammar& grammar)
      : node_(node), desk_(desk), grammar_(grammar), tokens_(tokenize(node.text)) {}

  bool parse(Node& into) {
    if (tokens_.empty()) {
      desk_.error(node_.position, "an empty condition");
      return false;
    }
    std::optional<Node> root = parse_or();
    if (root && at_ < tokens_.size()) {
      const bool pipe = tokens_[at_].text.starts_with('|');
      fail(pipe ? std::string(kPipeMessage)
                : "expected 'and' or 'or' before '" + tokens_[at_].text + "'",
           pipe ? kPipeHint : "");
      return false;
    }
    if (!root) {
      return false;
    }
    into = std::move(*root);
    return true;
  }

 private:
  std::optional<Node> parse_or() {
    return parse_chain("or", &ConditionParser::parse_and, Node::Kind::any);
  }

  std::optional<Node> parse_and() {
    return parse_chain("and", &ConditionParser::parse_not, Node::Kind::all);
  }

  std::optional<Node> parse_chain(std::string_view word,
                                  std::optional<Node> (ConditionParser::*next)(),
                                  typename Node::Kind kind) {
    std::optional<Node> first = (this->*next)();
    if (!first || at_ >= tokens_.size() || !is_word(tokens_[at_], word)) {
      return first;
    }
    Node chain;
    chain.kind = kind;
    chain.children.push_back(std::move(*first));
    while (at_ < tokens_.size() && is_word(tokens_[at_], word)) {
      ++at_;
      std::optional<Node> operand = (this->*next)();
      if (!operand) {
        return std::nullopt;
      }
      chain.children.push_back(std::move(*operand));
    }
    return chain;
  }

  std::optional<Node> parse_not() {
    if (at_ >= tokens_.size() || !is_word(tokens_[at_], "not")) {
      return parse_primary();
    }
    const std::size_t place = at_++;
    const Depth depth(*this);
    std::optional<Node> operand = depth.too_deep() ? std::nullopt : parse_not();
    if (!operand) {
      return std::nullopt;
    }
    return grammar_.negate(std::move(*operand),
                           [&](const std::string& message, const std::string& hint) {
                             at_ = place;
                             fail(message, hint);
                           });
  }

  std::optional<Node> parse_primary() {
    if (at_ >= tokens_.size()) {
      fail("the condition ends where a name is expected", "");
      return std::nullopt;
    }
    if (tokens_[at_].text == "(") {
      ++at_;
      const Depth depth(*this);
      std::optional<Node> inner = depth.too_deep() ? std::nullopt : parse_or();
      if (!inner) {
        return std::nullopt;
      }
      if (at_ >= tokens_.size() || tokens_[at_].text != ")") {
        fail("a parenthesis is not closed", "");
        return std::nullopt;
      }
      ++at_;
      return inner;
    }
    if (tokens_[at_].text == ")" || is_word(tokens_[at_], "and") || is_word(tokens_[at_], "or")) {
      fail("expected a name before '" + tokens_[at_].text + "'", "");
      return std::nullopt;
    }
    return grammar_.leaf(tokens_, at_, [&](const std::string& message, const std::string& hint) {
      fail(message, hint);
    });
  }

  /// Bounds the recursion; says so once.
  class Depth {
   public:
    explicit Depth(ConditionParser& parser) : parser_(parser) {
      if (++parser_.depth_ > kRuleDepthMax) {
        parser_.fail("nested deeper than " + std::to_string(kRuleDepthMax) + " levels", "");
      }
    }

    ~Depth() { --parser_.depth_; }

    Depth(const Depth&) = delete;
    Depth& operator=(const Depth&) = delete;

    [[nodiscard]] bool too_deep() const { return parser_.depth_ > kRuleDepthMax; }

   private:
    ConditionParser& parser_;
  };

  /// At the current token.
  void fail(const std::string& message, const std::string& hint) {
    desk_.error(position_of_token(), message, hint);
  }

  /// Where the current token stands in the file; behind the last one at the end. The tokens are
  /// looked for one by one: a folded or quoted scalar has other columns, and other lines, than its
  /// text.
  [[nodiscard]] SourcePosition position_of_token() const {
    SourcePosition place = node_.position;
    for (std::size_t i = 0; i < tokens_.size() && i <= at_; ++i) {
      const std::optional<SourcePosition> found =
          desk_.find_from(place, tokens_[i].text, kConditionLinesMax);
      if (!found) {
        break;  // Written with escapes: the place so far must do.
      }
      place = *found;
      if (i < at_) {
        place.column += static_cast<std::uint32_t>(tokens_[i].text.size());
      }
    }
    return place;
  }

  static constexpr std::size_t kConditionLinesMax = 1'000;

  const YamlNode& node_;
  DiagnosticDesk& desk_;
  Grammar& grammar_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
};

/// Selections: names, "1 of x*", "all of them".
class SelectionGrammar {
 public:
  using Node = Expr;

  explicit SelectionGrammar(std::vector<Selection>& selections) : selections_(selections) {}

  template <typename Fail>
  std::optional<Expr> negate(Expr operand, Fail /*fail*/) {
    Expr negation;
    negation.kind = Expr::Kind::negation;
    negation.children.push_back(std::move(operand));
    return negation;
  }

  template <typename Fail>
  std::optional<Expr> leaf(const std::vector<Token>& tokens, std::size_t& at, Fail fail) {
    const bool quantified = at + 1 < tokens.size() && is_word(tokens[at + 1], "of");
    if (quantified) {
      return quantifier(tokens, at, fail);
    }
    const auto selection = std::ranges::find(selections_, tokens[at].text, &Selection::name);
    if (selection == selections_.end()) {
      const std::size_t pipe = tokens[at].text.find('|');
      if (std::ranges::find(selections_, tokens[at].text.substr(0, pipe), &Selection::name) !=
          selections_.end()) {
        fail(kPipeMessage, kPipeHint);
        return std::nullopt;
      }
      fail("no selection is named '" + tokens[at].text + "'",
           did_you_mean(tokens[at].text, names()));
      return std::nullopt;
    }
    if (!grow(selection->expr, fail)) {
      return std::nullopt;
    }
    ++at;
    selection->used = true;
    return selection->expr;
  }

 private:
  template <typename Fail>
  std::optional<Expr> quantifier(const std::vector<Token>& tokens, std::size_t& at, Fail fail) {
    const bool all = is_word(tokens[at], "all");
    if (!all && !is_word(tokens[at], "1") && !is_word(tokens[at], "any")) {
      fail("'" + tokens[at].text + " of' is not supported", "write '1 of', 'any of' or 'all of'");
      return std::nullopt;
    }
    at += 2;
    if (at >= tokens.size()) {
      fail("expected a pattern behind 'of'", "for example '1 of selection_*', or 'them'");
      return std::nullopt;
    }
    const std::string pattern = is_word(tokens[at], "them") ? "*" : tokens[at].text;
    Expr group;
    group.kind = all ? Expr::Kind::all : Expr::Kind::any;
    for (Selection& selection : selections_) {
      const bool hidden = selection.name.starts_with('_') && !pattern.starts_with('_');
      if (!hidden && name_matches(pattern, selection.name)) {
        if (!grow(selection.expr, fail)) {
          return std::nullopt;
        }
        selection.used = true;
        group.children.push_back(selection.expr);
      }
    }
    if (group.children.empty()) {
      // Not "nothing": a typo in "not 1 of filter_*" must not widen a rule.
      fail("no selection matches '" + tokens[at].text + "'",
           did_you_mean(tokens[at].text, names()));
      return std::nullopt;
    }
    ++at;
    return group;
  }

  template <typename Fail>
  bool grow(const Expr& selection, Fail fail) {
    tests_ += count_tests(selection);
    if (tests_ > kConditionTestsMax) {
      fail("the condition comes to more than " + std::to_string(kConditionTestsMax) + " tests", "");
      return false;
    }
    return true;
  }

  [[nodiscard]] std::vector<std::string_view> names() const {
    std::vector<std::string_view> names;
    for (const Selection& selection : selections_) {
      names.emplace_back(selection.name);
    }
    return names;
  }

  std::vector<Selection>& selections_;
  std::size_t tests_ = 0;
};

/// Steps of a correlation, by name.
class StepGrammar {
 public:
  using Node = StepExpr;

  explicit StepGrammar(const std::vector<std::string>& steps) : steps_(steps) {}

  template <typename Fail>
  std::optional<StepExpr> negate(StepExpr operand, Fail /*fail*/) {
    StepExpr negation;
    negation.kind = StepExpr::Kind::negation;
    negation.children.push_back(std::move(operand));
    return negation;
  }

  template <typename Fail>
  std::optional<StepExpr> leaf(const std::vector<Token>& tokens, std::size_t& at, Fail fail) {
    const auto step = std::ranges::find(steps_, tokens[at].text);
    if (step == steps_.end()) {
      fail("'" + tokens[at].text + "' is not listed under 'rules'",
           did_you_mean(tokens[at].text, {steps_.begin(), steps_.end()}));
      return std::nullopt;
    }
    ++at;
    StepExpr leaf;
    leaf.kind = StepExpr::Kind::step;
    leaf.step = static_cast<std::size_t>(step - steps_.begin());
    return leaf;
  }

 private:
  const std::vector<std::string>& steps_;
};

/// Listed rules of a window correlation, by any of their names.
class SeenGrammar {
 public:
  using Node = SeenExpr;

  explicit SeenGrammar(const std::vector<std::vector<std::string>>& names) : names_(names) {}

  template <typename Fail>
  std::optional<SeenExpr> negate(SeenExpr operand, Fail /*fail*/) {
    SeenExpr negation;
    negation.kind = SeenExpr::Kind::negation;
    negation.children.push_back(std::move(operand));
    return negation;
  }

  template <typename Fail>
  std::optional<SeenExpr> leaf(const std::vector<Token>& tokens, std::size_t& at, Fail fail) {
    std::vector<std::string_view> listed;
    for (std::size_t rule = 0; rule < names_.size(); ++rule) {
      if (std::ranges::find(names_[rule], tokens[at].text) != names_[rule].end()) {
        ++at;
        SeenExpr leaf;
        leaf.kind = SeenExpr::Kind::seen;
        leaf.rule = rule;
        return leaf;
      }
      listed.emplace_back(names_[rule].front());
    }
    fail("'" + tokens[at].text + "' is not listed under 'rules'",
         did_you_mean(tokens[at].text, listed));
    return std::nullopt;
  }

 private:
  const std::vector<std::vector<std::string>>& names_;
};

}  // namespace

bool parse_condition(const YamlNode& node,
                     std::vector<Selection>& selections,
                     DiagnosticDesk& desk,
                     Expr& into) {
  SelectionGrammar grammar(selections);
  return ConditionParser<SelectionGrammar>(node, desk, grammar).parse(into);
}

bool parse_step_condition(const YamlNode& node,
                          const std::vector<std::string>& steps,
                          DiagnosticDesk& desk,
                          StepExpr& into) {
  StepGrammar grammar(steps);
  return ConditionParser<StepGrammar>(node, desk, grammar).parse(into);
}

bool parse_seen_condition(const YamlNode& node,
                          const std::vector<std::vector<std::string>>& names,
                          DiagnosticDesk& desk,
                          SeenExpr& into) {
  SeenGrammar grammar(names);
  return ConditionParser<SeenGrammar>(node, desk, grammar).parse(into);
}

}  // namespace spoor
