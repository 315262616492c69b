// Rules as people break them: whatever happens to a rule's text, it loads, or the error says where
// it is wrong. What loads can be linted and matched.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "engine/base/utf8.h"
#include "engine/matcher/matcher.h"
#include "engine/rule/document.h"
#include "engine/rule/lint.h"
#include "engine/rule/load.h"
#include "tests/source_dir.h"
#include "tests/support/random_rules.h"

namespace spoor {
namespace {

namespace fs = std::filesystem;
using test::Dice;

constexpr std::size_t kMutations = 10'000;

std::vector<std::string> rules_below(const fs::path& folder) {
  std::vector<fs::path> paths;
  if (fs::is_directory(folder)) {
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (entry.path().extension() == ".yml") {
        paths.push_back(entry.path());
      }
    }
  }
  std::ranges::sort(paths);
  std::vector<std::string> texts;
  for (const fs::path& path : paths) {
    std::ifstream file(path, std::ios::binary);
    texts.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return texts;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t newline = std::min(text.find('\n'), text.size() - 1);
    lines.push_back(text.substr(0, newline + 1));
    text.remove_prefix(newline + 1);
  }
  return lines;
}

std::string joined(const std::vector<std::string_view>& lines) {
  std::string text;
  for (const std::string_view line : lines) {
    text += line;
  }
  return text;
}

/// Breaks texts, one slip at a time.
class Mutator {
 public:
  explicit Mutator(Dice& dice) : dice_(dice) {}

  std::string mutate(const std::string& text) {
    if (text.empty()) {
      return insert(text);
    }
    switch (dice_.below(9)) {
      case 0: return flip(text);
      case 1: return move_lines(text);
      case 2: return swap_words(text);
      case 3: return text.substr(0, dice_.below(text.size()));
      case 4: return indent(text);
      case 5: return without_a_piece(text);
      case 6: return with_modifier(text);
      default: return insert(text);
    }
  }

 private:
  std::string flip(std::string text) {
    for (std::size_t count = 1 + dice_.below(3); count > 0; --count) {
      char& c = text[dice_.below(text.size())];
      c = dice_.chance(50) ? static_cast<char>(c ^ (1 << dice_.below(8)))
                           : static_cast<char>(dice_.below(256));
    }
    return text;
  }

  /// A line goes, comes twice, or changes places with another.
  std::string move_lines(const std::string& text) {
    std::vector<std::string_view> lines = lines_of(text);
    const std::size_t at = dice_.below(lines.size());
    const auto place = lines.begin() + static_cast<std::ptrdiff_t>(at);
    switch (dice_.below(3)) {
      case 0: lines.erase(place); break;
      case 1: lines.insert(place, lines[at]); break;
      default: std::swap(lines[at], lines[dice_.below(lines.size())]); break;
    }
    return joined(lines);
  }

  /// A word from elsewhere in the rule in the place of another.
  std::string swap_words(const std::string& text) {
    const auto word_at = [&](std::size_t at) {
      const auto is_edge = [](char c) { return c == ' ' || c == '\n' || c == ':' || c == '|'; };
      std::size_t first = at;
      std::size_t last = at;
      while (first > 0 && !is_edge(text[first - 1])) {
        --first;
      }
      while (last < text.size() && !is_edge(text[last])) {
        ++last;
      }
      return std::pair(first, last);
    };
    const auto [first, last] = word_at(dice_.below(text.size()));
    const auto [from, to] = word_at(dice_.below(text.size()));
    return text.substr(0, first) + text.substr(from, to - from) + text.substr(last);
  }

  /// One line further in or out.
  std::string indent(const std::string& text) {
    std::vector<std::string_view> lines = lines_of(text);
    std::string_view& line = lines[dice_.below(lines.size())];
    const std::string moved = line.starts_with(' ') && dice_.chance(50)
                                  ? std::string(line.substr(1))
                              : dice_.chance(20) ? "\t" + std::string(line)
                                                 : " " + std::string(line);
    line = moved;
    return joined(lines);
  }

  std::string without_a_piece(const std::string& text) {
    const std::size_t at = dice_.below(text.size());
    return text.substr(0, at) + text.substr(std::min(text.size(), at + 1 + dice_.below(40)));
  }

  /// Behind the key of a line below "detection".
  std::string with_modifier(const std::string& text) {
    static constexpr std::string_view kModifiers[] = {
        "|contains", "|all",     "|re", "|cidr",   "|base64",   "|base64offset", "|wide",
        "|windash",  "|cased",   "|gt", "|exists", "|fieldref", "|expand",       "|neq",
        "|hour",     "|endwith", "|",   "||",      "|i",        "|utf16",        "|contains|all"};
    const std::size_t detection = std::min(text.find("detection"), text.size() - 1);
    const std::size_t colon = text.find(':', detection + dice_.below(text.size() - detection));
    return colon == std::string::npos
               ? insert(text)
               : text.substr(0, colon) + std::string(dice_.of(kModifiers)) + text.substr(colon);
  }

  std::string insert(const std::string& text) {
    static constexpr std::string_view kPieces[] = {"'",
                                                   "\"",
                                                   "\\",
                                                   "*",
                                                   "?",
                                                   "[",
                                                   "]",
                                                   "{",
                                                   "}",
                                                   ":",
                                                   ": ",
                                                   "- ",
                                                   "#",
                                                   "|",
                                                   ">",
                                                   "&a ",
                                                   "*a ",
                                                   "!!str ",
                                                   "---\n",
                                                   "...\n",
                                                   "\n",
                                                   "\r\n",
                                                   "\r",
                                                   "\t",
                                                   "null",
                                                   "~",
                                                   "''",
                                                   "%x%",
                                                   ",",
                                                   "@",
                                                   "`",
                                                   "\xEF\xBB\xBF",
                                                   "\xE2\x80\x8B",
                                                   "\xF0\x9F\x98\x80",
                                                   "\xC3",
                                                   "\xC2\xA0",
                                                   "\xE2\x80\xA8",
                                                   "99999999999999999999",
                                                   "0x1F",
                                                   "1e999",
                                                   "not ",
                                                   " and ",
                                                   "1 of them",
                                                   "all of x*",
                                                   "(",
                                                   ")",
                                                   "? ",
                                                   "<<: ",
                                                   "%YAML 1.2\n",
                                                   "\x01",
                                                   "\x7F"};
    const std::size_t at = dice_.below(text.size() + 1);
    std::string piece(dice_.of(kPieces));
    if (dice_.chance(3)) {
      piece.push_back('\0');
    }
    return text.substr(0, at) + piece + text.substr(at);
  }

  Dice& dice_;
};

/// Matches what loaded against events made of its own literals, and against one of nothing.
std::size_t match_some(const RuleSet& rules, Dice& dice) {
  std::vector<Diagnostic> diagnostics;
  Matcher matcher = Matcher::create(rules, &diagnostics, {.route = false});
  test::EventMixer mixer(dice);
  std::size_t count = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const Event event = i == 0 ? Event() : mixer.event_for(rules, false);
    std::vector<std::size_t> hits;
    matcher.match(event, hits);
    std::vector<std::size_t> plain;
    matcher.match_plainly(event, plain);
    EXPECT_EQ(hits, plain) << test::describe_fields(event);
    for (const std::size_t rule : hits) {
      static_cast<void>(matcher.explain(rule, event));
    }
    count += hits.size();
  }
  return count;
}

/// The line of that number, from 1; lines end as the loader's do.
std::string_view line_of(std::string_view text, std::size_t number) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  text.remove_prefix(text.starts_with(kMark) ? kMark.size() : 0);
  const std::vector<std::string_view> lines = lines_of(text);
  std::string_view line = number <= lines.size() ? lines[number - 1] : std::string_view();
  line = line.substr(0, line.find('\n'));
  return line.substr(0, line.size() - (line.ends_with('\r') ? 1 : 0));
}

/// May a problem be at the very beginning of `text`? If what is there is wrong, or if the document
/// that begins there lacks something: what is missing has no place of its own.
bool may_be_at_start(const Diagnostic& diagnostic,
                     std::string_view text,
                     const std::vector<YamlNode>& documents) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  text.remove_prefix(text.starts_with(kMark) ? kMark.size() : 0);
  const std::string_view message = diagnostic.message;
  const auto first = std::ranges::find_if(documents, [](const YamlNode& document) {
    return document.position.line == 1 && document.position.column == 1;
  });
  const std::size_t open = message.find('\'');
  const std::string_view quoted =
      open == std::string_view::npos
          ? std::string_view()
          : message.substr(open + 1, message.find('\'', open + 1) - open - 1);
  if (message.starts_with("the rule has no '")) {
    // Or it is the key at the start that has no value.
    return first != documents.end() &&
           (first->find(quoted) == nullptr || first->entries.front().key.text == quoted);
  }
  if (message.starts_with("unknown key '")) {
    return first != documents.end() && first->entries.front().key.text.starts_with(quoted);
  }
  if (message.starts_with("a rule must be a map")) {
    return first == documents.end();
  }
  if (message == "not UTF-8 text") {
    return text.front() == '\0' || utf8_length(text) == 0;
  }
  // The rest is about signs of YAML.
  return std::string_view("abcdefghijklmnopqrstuvwxyz").find(text.front()) ==
         std::string_view::npos;
}

void mutate_and_load(const std::vector<std::string>& originals, std::size_t mutations) {
  Dice dice(20'261'125);
  Mutator mutator(dice);
  std::size_t loaded_count = 0;
  std::size_t hits = 0;
  std::size_t at_start = 0;
  for (std::size_t i = 0; i < mutations; ++i) {
    std::string text = dice.of(originals);
    for (std::size_t slips = 1 + dice.below(3); slips > 0; --slips) {
      text = mutator.mutate(text);
    }
    Linter linter;
    std::vector<YamlNode> documents;
    LoadOptions options;
    options.visit = [&](const YamlNode& document, DiagnosticDesk& desk) {
      documents.push_back(document);
      linter(document, desk);
    };
    const LoadedRules loaded = load_rules({{.path = "mutated.yml", .content = text}}, options);
    std::size_t errors = 0;
    for (const Diagnostic& diagnostic : loaded.diagnostics) {
      errors += diagnostic.severity == Severity::error ? 1U : 0U;
      ASSERT_FALSE(diagnostic.message.empty());
      ASSERT_FALSE(render(diagnostic).empty());
      const SourcePosition& place = diagnostic.position;
      ASSERT_GE(place.line, 1U);
      ASSERT_LE(place.column, line_of(text, place.line).size() + 1) << render(diagnostic);
      if (place.line == 1 && place.column == 1) {
        ++at_start;
        ASSERT_TRUE(may_be_at_start(diagnostic, text, documents)) << render(diagnostic) << text;
      }
    }
    // What does not load says why.
    ASSERT_EQ(loaded.rejected > 0, errors > 0) << text;
    loaded_count += loaded.rules.detections.size();
    hits += match_some(loaded.rules, dice);
    ASSERT_FALSE(testing::Test::HasFailure()) << text;
  }
  std::printf("%zu mutations: %zu rules load, %zu hits, %zu problems at the start\n", mutations,
              loaded_count, hits, at_start);
  EXPECT_GT(loaded_count, mutations / 10);
  EXPECT_LT(loaded_count, mutations * 9 / 10);
}

TEST(MutatedRules, OfOurOwnLoadOrSayWhereTheyAreWrong) {
  const std::vector<std::string> originals = rules_below(SPOOR_SOURCE_DIR "/detections");
  ASSERT_FALSE(originals.empty());
  mutate_and_load(originals, kMutations);
}

TEST(MutatedRules, OfSigmaHqLoadOrSayWhereTheyAreWrong) {
  const std::vector<std::string> originals =
      rules_below(SPOOR_SOURCE_DIR "/../shared/data/sigma/rules");
  if (originals.empty()) {
    GTEST_SKIP() << "skipped: the SigmaHQ rules are not here";
  }
  mutate_and_load(originals, kMutations);
}

}  // namespace
}  // namespace spoor
