// Random rules, and events that are nearly what the rules ask for: so that many tests hold, and as
// many just fail. The same on every run.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/text.h"
#include "engine/event/event.h"
#include "engine/rule/load.h"
#include "engine/rule/sigma_text.h"

namespace spoor::test {

/// Picks. std::mt19937_64 gives the same numbers everywhere; the standard distributions do not.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}

  std::size_t below(std::size_t bound) { return engine_() % bound; }

  bool chance(std::size_t percent) { return below(100) < percent; }

  template <typename List>
  const auto& of(const List& list) {
    return list[below(std::size(list))];
  }

 private:
  std::mt19937_64 engine_;
};

/// Fields of every kind that has canonical forms or none, ours and vendors'.
inline constexpr std::string_view kRandomFields[] = {
    "Image",    "ParentImage",   "CommandLine",   "ParentCommandLine", "TargetObject",
    "User",     "DestinationIp", "ProcessId",     "EventID",           "Vendor.Name",
    "NewThing", "image",         "IntegrityLevel"};

inline constexpr std::string_view kAncestorFields[] = {"Ancestor.Image", "Ancestor.CommandLine",
                                                       "Ancestor.User"};

/// What values are made of: words that hold each other, that fold to each other, and that canonical
/// forms change.
inline constexpr std::string_view kRandomWords[] = {"cmd",
                                                    "\\cmd.exe",
                                                    "\\c",
                                                    "a",
                                                    "ab",
                                                    "aba",
                                                    "b",
                                                    "\\",
                                                    "/",
                                                    " ",
                                                    " -enc",
                                                    "-",
                                                    "/c ",
                                                    "\xC3\xA9",      // é
                                                    "\xC3\x89",      // É
                                                    "\xE2\x84\xAA",  // Kelvin: folds to k.
                                                    "k",
                                                    "\xC5\xBF",  // Long s: folds to s.
                                                    "s.exe",
                                                    "\xF0\x9F\x98\x80",  // 😀
                                                    "\xE2\x80\x94",      // —
                                                    "C:\\Windows\\",
                                                    R"(C:\Windows\System32\)",
                                                    "\\Temp\\",
                                                    "%ComSpec%",
                                                    "HKLM\\Software",
                                                    "power",
                                                    "shell",
                                                    ".exe",
                                                    "4688",
                                                    "0"};

inline constexpr std::string_view kRandomNumbers[] = {
    "0",     "-0",   "1",    "443",    "4688",
    "-5",    "1.0",  "1e0",  "4688.0", "4.688e3",
    "443.5", "10e2", "1000", "1000.0", "18446744073709551615",
    "-0.0",  "0.0",  "1E3"};

inline constexpr std::string_view kRandomTimes[] = {"2023-03-29 22:10:00.5", "2023-03-29T09:05:00Z",
                                                    "2024-12-30 00:59:59", "2023-13-01 00:00:00",
                                                    "2021-01-03"};

inline constexpr std::string_view kRandomAddresses[] = {
    "10.0.0.1",     "10.255.0.9",  "192.168.1.77", "::ffff:10.0.0.1",
    "fe80::1%eth0", "2001:db8::1", "::1",          "no address"};

inline std::string random_text(Dice& dice, std::size_t words_max) {
  std::string text;
  for (std::size_t words = 1 + dice.below(words_max); words > 0; --words) {
    text += dice.of(kRandomWords);
  }
  return text;
}

inline std::string single_quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    quoted += c;
    if (c == '\'') {
      quoted += c;
    }
  }
  return quoted + "'";
}

/// A regular expression over the words. RE2 takes all of them.
inline std::string random_regex(Dice& dice, int depth = 3) {
  if (depth == 0 || dice.chance(35)) {
    switch (dice.below(8)) {
      case 0: return ".";
      case 1: return "[a-c\\\\]";
      case 2: return "\\d";
      case 3: return "[^b]";
      default: break;
    }
    std::string quoted;
    for (const char c : dice.of(kRandomWords)) {
      quoted +=
          std::string_view("\\.%-/ ").find(c) != std::string_view::npos && c != ' ' && c != '/'
              ? std::string("\\") + c
              : std::string(1, c);
    }
    return quoted;
  }
  switch (dice.below(8)) {
    case 0:
      return "(?:" + random_regex(dice, depth - 1) + "|" + random_regex(dice, depth - 1) + ")";
    case 1: return "(?:" + random_regex(dice, depth - 1) + ")*";
    case 2: return "(" + random_regex(dice, depth - 1) + ")+";
    case 3: return "(?:" + random_regex(dice, depth - 1) + ")?";
    case 4: return "(?i:" + random_regex(dice, depth - 1) + ")";
    case 5: return "^" + random_regex(dice, depth - 1);
    case 6: return random_regex(dice, depth - 1) + "$";
    default: return random_regex(dice, depth - 1) + random_regex(dice, depth - 1);
  }
}

/// Writes rules as their authors do, in YAML: every kind of test, every modifier.
class RuleWriter {
 public:
  explicit RuleWriter(Dice& dice) : dice_(dice) {}

  /// `number` is its id and title. With `lineage` it may ask for ancestors.
  std::string rule(std::size_t number, bool lineage) {
    lineage_ = lineage;
    // Ids of one length: the loader sorts by them.
    const std::string name = std::to_string(100'000 + number);
    std::string yaml = "title: R" + name + "\nid: '" + name + "'\n";
    yaml += lineage ? "spoor: lineage\n" : "";
    yaml += "logsource: {product: windows}\ndetection:\n";
    const std::size_t count = 1 + dice_.below(3);
    for (std::size_t i = 0; i < count; ++i) {
      yaml += "  s" + std::to_string(i) + ":" + selection();
    }
    return yaml + "  condition: " + condition(count) + "\n";
  }

 private:
  std::string condition(std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
      const bool negated = dice_.chance(15);
      if (!text.empty()) {
        text += dice_.chance(60) ? " and " : " or ";
      }
      text.append(negated ? "not s" : "s").append(std::to_string(i));
      if (dice_.chance(30)) {
        text.insert(0, "(").append(")");
      }
      if (dice_.chance(4)) {
        text.insert(0, "not (").append(")");
      }
    }
    return text;
  }

  std::string selection() {
    if (dice_.chance(8)) {
      return keywords();
    }
    if (dice_.chance(20)) {
      std::string yaml = "\n";
      for (std::size_t maps = 1 + dice_.below(2); maps > 0; --maps) {
        yaml += "    - " + item() + "\n";
      }
      return yaml;
    }
    std::string yaml = "\n";
    std::vector<std::string> keys;
    for (std::size_t items = 1 + dice_.below(3); items > 0; --items) {
      const std::string one = item();
      const std::string key = one.substr(0, one.find(": "));
      if (std::ranges::find(keys, key) == keys.end()) {  // No key may stand twice.
        keys.push_back(key);
        yaml += "    " + one + "\n";
      }
    }
    return yaml;
  }

  std::string keywords() {
    std::string yaml = "\n";
    const char* const modifier = dice_.chance(30) ? "|all" : dice_.chance(30) ? "|re" : nullptr;
    if (modifier != nullptr) {
      const bool regex = std::string_view(modifier) == "|re";
      return std::string("\n    '") + modifier + "': [" +
             single_quoted(regex ? random_regex(dice_) : pattern()) + "]\n";
    }
    for (std::size_t count = 1 + dice_.below(3); count > 0; --count) {
      yaml += "    - " + (dice_.chance(20) ? std::string("4688") : single_quoted(pattern())) + "\n";
    }
    return yaml;
  }

  std::string pattern() {
    if (dice_.chance(3)) {
      return "";
    }
    std::string text;
    for (std::size_t words = 1 + dice_.below(3); words > 0; --words) {
      text += dice_.of(kRandomWords);
      text += dice_.chance(15) ? "*" : dice_.chance(10) ? "?" : "";
    }
    return dice_.chance(12) ? "*" + text : text;
  }

  std::string field() {
    return std::string(lineage_ && dice_.chance(30) ? dice_.of(kAncestorFields)
                                                    : dice_.of(kRandomFields));
  }

  /// "Image|endswith: [a, b]".
  std::string item() {
    struct Row {
      std::string_view modifiers;
      char values;  ///< t: text; p: plain, without wildcards.
    };

    static constexpr Row kRows[] = {
        {"", 't'},
        {"", 't'},
        {"|contains", 't'},
        {"|contains", 't'},
        {"|startswith", 't'},
        {"|endswith", 't'},
        {"|endswith", 't'},
        {"|contains|all", 't'},
        {"|cased", 't'},
        {"|contains|cased", 't'},
        {"|endswith|cased", 't'},
        {"|contains|windash", 't'},
        {"|windash", 't'},
        {"|contains|neq", 't'},
        {"|neq", 't'},
        {"|base64", 'p'},
        {"|base64offset|contains", 'p'},
        {"|wide|base64offset|contains", 'p'},
        {"|utf16|base64|contains", 'p'},
        {"|wide|contains", 'p'},
        {"|utf16be|cased|contains", 'p'},
        {"|re", 'r'},
        {"|re", 'r'},
        {"|re|i", 'r'},
        {"|re|m|s", 'r'},
        {"|re|all", 'r'},
        {"|cidr", 'c'},
        {"|exists", 'e'},
        {"|fieldref", 'f'},
        {"|fieldref|contains", 'f'},
        {"|fieldref|endswith|cased", 'f'},
        {"|gt", 'n'},
        {"|lte", 'n'},
        {"|hour", 'h'},
        {"|month|gte", 'h'},
        {"|week|neq", 'h'},
        {"", 'n'},
        {"", 'n'},
        {"|neq", 'n'},
        {"", '0'},
    };
    const Row& row = dice_.of(kRows);
    std::string values;
    const bool one_value = row.values == 'e';
    for (std::size_t count = one_value || dice_.chance(50) ? 1 : 1 + dice_.below(3); count > 0;
         --count) {
      values += (values.empty() ? "" : ", ") + value(row.values);
    }
    values = one_value ? values : "[" + values + "]";
    return field() + std::string(row.modifiers) + ": " + values;
  }

  std::string value(char kind) {
    static constexpr std::string_view kNetworks[] = {"10.0.0.0/8", "192.168.1.64/26", "fe80::/10",
                                                     "2001:db8::/32", "::1/128"};
    switch (kind) {
      case 'r': return single_quoted(random_regex(dice_));
      case 'c': return single_quoted(dice_.of(kNetworks));
      case 'e': return dice_.chance(50) ? "true" : "false";
      case 'f': return single_quoted(dice_.of(kRandomFields));
      case 'n': return std::string(dice_.of(kRandomNumbers));
      case 'h': return std::to_string(dice_.below(24));
      case '0': return dice_.chance(60) ? "null" : "''";
      case 'p': return single_quoted(random_text(dice_, 2));
      default: return single_quoted(pattern());
    }
  }

  Dice& dice_;
  bool lineage_ = false;
};

/// Rules numbered from 0, each in a file of its own: one that does not load takes no other along.
inline LoadedRules random_rules(Dice& dice, std::size_t count, bool lineage) {
  std::vector<RuleFile> files;
  RuleWriter writer(dice);
  for (std::size_t i = 0; i < count; ++i) {
    files.push_back({.path = "r" + std::to_string(i) + ".yml",
                     .content = writer.rule(i, lineage && dice.chance(40))});
  }
  return load_rules(files);
}

/// Every test of a tree.
inline void collect_tests(const Expr& expr, std::vector<const Expr*>& tests) {
  if (expr.kind == Expr::Kind::test) {
    tests.push_back(&expr);
  }
  for (const Expr& child : expr.children) {
    collect_tests(child, tests);
  }
}

/// Makes values and events out of what rules ask for. What it hands out lives until clear().
class EventMixer {
 public:
  explicit EventMixer(Dice& dice) : dice_(dice) {}

  void clear() {
    texts_.clear();
    recent_.clear();
  }

  std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }

  /// A value that satisfies the test, or nearly.
  std::string value_for(const ValueTest& test) {
    std::string text;
    switch (test.kind) {
      case TestKind::pattern: text = rendered(test.pattern); break;
      case TestKind::regex: text = without_signs(test.text); break;
      case TestKind::number:
        text = test.time_part != TimePart::none ? std::string(dice_.of(kRandomTimes))
               : dice_.chance(50)               ? test.text
                                                : std::string(dice_.of(kRandomNumbers));
        break;
      case TestKind::cidr: text = dice_.of(kRandomAddresses); break;
      case TestKind::null:
      case TestKind::exists:
      case TestKind::field_ref: text = random_text(dice_, 3); break;
    }
    return dice_.chance(45) ? distorted(std::move(text)) : text;
  }

  /// A value that is like no test, or like one that came before: repeats make the matcher remember.
  std::string some_value() {
    if (!recent_.empty() && dice_.chance(40)) {
      return dice_.of(recent_);
    }
    const std::size_t pick = dice_.below(10);
    std::string text = pick == 0   ? std::string(dice_.of(kRandomNumbers))
                       : pick == 1 ? std::string(dice_.of(kRandomTimes))
                       : pick == 2 ? std::string(dice_.of(kRandomAddresses))
                       : pick == 3 ? ""
                                   : distorted(random_text(dice_, 4));
    text = dice_.chance(2) ? text + std::string(600, 'x') + text : text;  // Too long to remember.
    recent_.push_back(text);
    return text;
  }

  /// Sets a field where the event has its kind: ours, or (`by_name` or not ours) the vendor's.
  void set(Event& event, const FieldRef& field, std::string value, bool by_name) {
    if (field.keyword) {
      set(event, {.name = "NewThing", .id = std::nullopt}, std::move(value), by_name);
      return;
    }
    if (field.ancestor) {
      return;
    }
    const std::string_view text = keep(std::move(value));
    if (field.id && !by_name) {
      event.set(*field.id, text);
      return;
    }
    event.extra.push_back({.name = keep(field.name), .value = text});
  }

  /// An event that a rule of `rules` is nearly about.
  Event event_for(const RuleSet& rules, bool by_name) {
    Event event;
    event.type = EventType::process_creation;
    event.source = Source::sysmon;
    event.platform = Platform::windows;
    for (std::size_t count = dice_.below(4); count > 0; --count) {
      set(event, field_of(dice_.of(kRandomFields)), some_value(), by_name);
    }
    std::vector<const Expr*> tests;
    for (std::size_t about = 1 + dice_.below(2); about > 0 && !rules.detections.empty(); --about) {
      tests.clear();
      collect_tests(dice_.of(rules.detections).condition, tests);
      for (const Expr* test : tests) {
        if (dice_.chance(75)) {
          set(event, test->field, value_for(test->test), by_name);
        }
      }
    }
    if (dice_.chance(20)) {
      add_oddities(event, by_name);
    }
    return event;
  }

  /// As value_for() makes it harder to see what it is.
  std::string distorted(std::string text) {
    for (std::size_t steps = 1 + dice_.below(3); steps > 0; --steps) {
      text = distorted_once(text);
    }
    return text;
  }

 private:
  static FieldRef field_of(std::string_view name) {
    return {.name = std::string(name), .id = find_field(name)};
  }

  void add_oddities(Event& event, bool by_name) {
    const std::string_view name = dice_.of(kRandomFields);
    const bool ours = find_field(name).has_value() && !by_name;
    if (ours && event.has(*find_field(name))) {
      event.originals.push_back({.field = *find_field(name), .value = keep(some_value())});
    } else if (!ours) {
      event.extra.push_back({.name = name,
                             .value = "",
                             .kind = dice_.chance(50) ? ValueKind::null : ValueKind::object});
    }
    if (by_name || dice_.chance(50)) {  // An array, of which elements may be the same.
      const std::string_view array = by_name ? name : std::string_view("Vendor.Name");
      for (std::size_t count = 1 + dice_.below(3); count > 0; --count) {
        event.extra.push_back({.name = array, .value = keep(some_value())});
      }
    }
  }

  std::string rendered(const std::vector<PatternPiece>& pieces) {
    static constexpr std::string_view kDashes[] = {"-", "/", "\xE2\x80\x93", "\xE2\x80\x94",
                                                   "\xE2\x80\x95"};
    std::string text;
    for (const PatternPiece& piece : pieces) {
      switch (piece.kind) {
        case PatternPiece::Kind::literal: text += piece.literal; break;
        case PatternPiece::Kind::any_run:
          text += dice_.chance(50) ? random_text(dice_, 2) : "";
          break;
        case PatternPiece::Kind::any_one: text += dice_.chance(80) ? "\xC3\xA9" : ""; break;
        case PatternPiece::Kind::any_dash: text += dice_.of(kDashes); break;
      }
    }
    return replace_invalid_utf8(text);  // As parsers mend what comes in.
  }

  /// What is left of a regular expression without the signs that are no text.
  static std::string without_signs(const std::string& regex) {
    std::string text;
    for (std::size_t at = 0; at < regex.size(); ++at) {
      if (regex[at] == '\\' && at + 1 < regex.size()) {
        ++at;
        text += regex[at] == 'd' ? '7' : regex[at] == 's' ? ' ' : regex[at];
      } else if (std::string_view("^$()[]{}?*+|").find(regex[at]) == std::string_view::npos) {
        text += regex[at];
      }
    }
    return text;
  }

  std::string distorted_once(const std::string& text) {
    static constexpr std::pair<std::string_view, std::string_view> kSwaps[] = {
        {"\\", "/"},
        {"\\", "\\\\"},
        {"\\", "\\.\\"},
        {"\\", R"(\x\..\)"},
        {" ", "  "},
        {"-", "\xE2\x80\x93"},
        {"a", "\xEF\xBD\x81"},  // Full-width.
        {"4", "\xEF\xBC\x94"},  // Full-width.
        {"C:\\Windows", "%SystemRoot%"},
        {"cmd", "c^md"},
        {"cmd", "c\"m\"d"},
        {"k", "\xE2\x84\xAA"},
        {"s", "\xC5\xBF"},
        {"p", "p\xE2\x80\x8B"},  // Zero width.
        {".exe", ".exe. "}};
    switch (dice_.below(6)) {
      case 0: return recased(text);
      case 1: return replace_invalid_utf8(text.substr(0, dice_.below(text.size() + 1)));
      case 2: return random_text(dice_, 1) + text;
      case 3: return text + random_text(dice_, 1);
      default: break;
    }
    const auto& [from, to] = dice_.of(kSwaps);
    const std::size_t at = text.find(from);
    return at == std::string::npos
               ? text
               : text.substr(0, at) + std::string(to) + text.substr(at + from.size());
  }

  std::string recased(std::string text) {
    for (char& c : text) {
      const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      c = letter && dice_.chance(40) ? static_cast<char>(c ^ 0x20) : c;
    }
    return text;
  }

  Dice& dice_;
  std::deque<std::string> texts_;
  std::vector<std::string> recent_;
};

/// For a failed test: what the event says.
inline std::string describe_fields(const Event& event) {
  std::string text;
  event.fields().for_each([&](FieldId id) {
    text.append(field_name(id)).append("=[").append(event.field(id)).append("]\n");
  });
  for (const ExtraField& extra : event.extra) {
    text.append(extra.name).append("~[").append(extra.value).append("] ");
    text.append(std::to_string(static_cast<int>(extra.kind))).append("\n");
  }
  for (const OriginalValue& original : event.originals) {
    text.append(field_name(original.field)).append(" was [").append(original.value).append("]\n");
  }
  return text;
}

}  // namespace spoor::test
