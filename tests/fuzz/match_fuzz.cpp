// A rule's wildcards against their regular expression, and the index of rules against its plain
// twin.
//
// For the first the input is a Sigma pattern, a line feed, and an event's value. Our matcher and
// RE2 must agree: an event that slips through one of them is an evasion. For the second the same
// bytes are read as a few texts, rules over them, and events that hold them, whole, cut and joined.

#include <array>
#include <charconv>
#include <cstdlib>
#include <deque>
#include <string>
#include <vector>

#include <re2/re2.h>

#include "engine/base/text.h"
#include "engine/matcher/matcher.h"
#include "engine/matcher/pattern.h"
#include "engine/rule/modifier.h"
#include "engine/rule/sigma_text.h"

namespace {

std::string as_regex(const std::vector<spoor::PatternPiece>& pieces) {
  std::string regex = "(?is)\\A(?:";
  for (const spoor::PatternPiece& piece : pieces) {
    switch (piece.kind) {
      case spoor::PatternPiece::Kind::literal: regex += re2::RE2::QuoteMeta(piece.literal); break;
      case spoor::PatternPiece::Kind::any_run: regex += ".*"; break;
      case spoor::PatternPiece::Kind::any_one: regex += "."; break;
      case spoor::PatternPiece::Kind::any_dash: regex += "[-/–—―]"; break;
    }
  }
  return regex + ")\\z";
}

void check_pattern(const std::string& input) {
  const std::size_t newline = input.find('\n');
  if (newline == std::string::npos) {
    return;
  }
  // As rules and events are: rules that are no UTF-8 are refused, values are mended by the parsers.
  const std::string sigma = spoor::replace_invalid_utf8(input.substr(0, newline));
  const std::string value = spoor::replace_invalid_utf8(input.substr(newline + 1));
  std::vector<spoor::PatternPiece> pieces = spoor::parse_pattern(sigma);
  for (const bool dashes : {false, true}) {
    if (dashes) {
      spoor::replace_dashes(pieces);
    }
    re2::RE2::Options options;
    options.set_log_errors(false);
    const re2::RE2 regex(as_regex(pieces), options);
    if (!regex.ok()) {
      return;  // Larger than RE2 takes.
    }
    const bool ours = spoor::Pattern(pieces).matches(spoor::fold(value));
    if (ours != re2::RE2::PartialMatch(value, regex)) {
      std::abort();
    }
  }
  if (!spoor::is_valid_utf8(spoor::fold(value))) {
    std::abort();
  }
}

/// Makes rules and events of bytes; when there are no more, of zeros.
class Maker {
 public:
  Maker(const unsigned char* data, std::size_t size) : data_(data), size_(size) {
    for (std::size_t count = 1 + below(5); count > 0; --count) {
      std::string text;
      for (std::size_t length = below(24); length > 0 && size_ > 0; --length) {
        text.push_back(static_cast<char>(next()));
      }
      texts_.push_back(spoor::replace_invalid_utf8(text));
    }
  }

  [[nodiscard]] bool empty() const { return size_ == 0; }

  spoor::RuleSet rules() {
    spoor::RuleSet rules;
    for (std::size_t count = 1 + below(6); count > 0; --count) {
      spoor::DetectionRule& rule = rules.detections.emplace_back();
      rule.condition = tree(3);
    }
    return rules;
  }

  spoor::Event event() {
    spoor::Event event;
    for (std::size_t count = below(6); count > 0; --count) {
      const spoor::FieldRef field = field_ref();
      const std::string_view value = keep(below(6) == 0 ? number() : mixed());
      if (field.id && below(8) == 0) {
        event.originals.push_back({.field = *field.id, .value = value});
      } else if (field.id) {
        event.set(*field.id, value);
      } else {
        event.extra.push_back(
            {.name = keep(field.name),
             .value = value,
             .kind = static_cast<spoor::ValueKind>(below(8) == 0 ? below(3) : 0)});
      }
    }
    return event;
  }

 private:
  unsigned char next() {
    if (size_ == 0) {
      return 0;
    }
    --size_;
    return *data_++;
  }

  std::size_t below(std::size_t bound) { return next() % bound; }

  const std::string& text() { return texts_[below(texts_.size())]; }

  /// Texts cut and joined.
  std::string mixed() {
    std::string made;
    for (std::size_t count = below(4); count > 0; --count) {
      const std::string& one = text();
      made += below(3) == 0 ? one.substr(0, below(one.size() + 1)) : one;
    }
    return spoor::replace_invalid_utf8(made);
  }

  std::string_view keep(std::string value) { return kept_.emplace_back(std::move(value)); }

  std::string number() {
    static constexpr std::array<const char*, 8> kNumbers = {"0",   "-0", "1",   "1.0",
                                                            "1e0", "10", "1e1", "4688"};
    return kNumbers[below(kNumbers.size())];
  }

  spoor::FieldRef field_ref() {
    static constexpr std::array<const char*, 6> kNames = {"Image",        "CommandLine", "EventID",
                                                          "TargetObject", "Vendor",      "Other"};
    const std::string name = kNames[below(kNames.size())];
    return {.name = name, .id = spoor::find_field(name)};
  }

  spoor::Expr tree(int depth) {
    spoor::Expr expr;
    const std::size_t pick = depth == 0 ? 9 : below(10);
    if (pick < 2) {
      expr.kind = spoor::Expr::Kind::negation;
      expr.children.push_back(tree(depth - 1));
    } else if (pick < 6) {
      expr.kind = pick < 4 ? spoor::Expr::Kind::all : spoor::Expr::Kind::any;
      for (std::size_t count = below(4); count > 0; --count) {
        expr.children.push_back(tree(depth - 1));
      }
    } else {
      expr.kind = spoor::Expr::Kind::test;
      expr.field = field_ref();
      if (below(10) == 0) {
        expr.field = {.name = "", .id = std::nullopt, .keyword = true};
      }
      fill(expr.test);
    }
    return expr;
  }

  void fill(spoor::ValueTest& test) {
    switch (below(9)) {
      case 0:
        test.kind = spoor::TestKind::regex;
        test.text = text();
        test.regex_ignore_case = below(2) == 0;
        return;
      case 1: {
        test.kind = spoor::TestKind::number;
        test.text = number();
        std::from_chars(test.text.data(), test.text.data() + test.text.size(), test.number);
        test.comparison = static_cast<spoor::Comparison>(below(3) == 0 ? below(5) : 0);
        return;
      }
      case 2:
        test.kind = below(2) == 0 ? spoor::TestKind::null : spoor::TestKind::exists;
        test.expected = below(2) == 0;
        return;
      case 3:
        test.kind = spoor::TestKind::field_ref;
        test.reference = field_ref();
        test.text = test.reference.name;
        test.affix = static_cast<spoor::Affix>(below(4));
        test.cased = below(2) == 0;
        return;
      default: break;
    }
    test.text = text();
    test.pattern = spoor::parse_sigma_text(test.text);
    if (below(6) == 0 && !spoor::has_wildcards(test.pattern)) {
      test.pattern =
          spoor::literal_text(spoor::to_utf16(spoor::plain_text(test.pattern), below(2) == 0));
    }
    const std::size_t affix = below(4);
    if ((affix & 1U) != 0) {
      spoor::add_run_before(test.pattern);
    }
    if ((affix & 2U) != 0) {
      spoor::add_run_behind(test.pattern);
    }
    if (below(4) == 0) {
      spoor::replace_dashes(test.pattern);
    }
    test.cased = below(4) == 0;
    if (!test.cased) {
      spoor::fold_literals(test.pattern);
    }
  }

  const unsigned char* data_;
  std::size_t size_;
  std::vector<std::string> texts_;
  std::deque<std::string> kept_;
};

void check_index(const unsigned char* data, std::size_t size) {
  Maker maker(data, size);
  const spoor::RuleSet rules = maker.rules();
  spoor::Matcher matcher = spoor::Matcher::create(rules, nullptr);
  // One more with the first event again: values are remembered.
  std::vector<spoor::Event> events;
  do {
    events.push_back(maker.event());
  } while (!maker.empty() && events.size() < 6);
  events.push_back(events.front());
  for (const spoor::Event& event : events) {
    std::vector<std::size_t> hits;
    matcher.match(event, hits);
    std::vector<std::size_t> plain;
    matcher.match_plainly(event, plain);
    if (hits != plain) {
      std::abort();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  check_pattern(std::string(reinterpret_cast<const char*>(data), size));
  check_index(data, size);
  return 0;
}
