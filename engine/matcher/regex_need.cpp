#include "engine/matcher/regex_need.h"

#include <charconv>
#include <optional>
#include <string_view>

namespace spoor {
namespace {

using Bytes = std::bitset<256>;

bool is_ascii(char c) {
  return static_cast<unsigned char>(c) < 0x80;
}

bool is_alphanumeric(char c) {
  const char low = static_cast<char>(c | 0x20);
  return (c >= '0' && c <= '9') || (low >= 'a' && low <= 'z');
}

Bytes range(char first, char last) {
  Bytes bytes;
  for (int c = static_cast<unsigned char>(first); c <= static_cast<unsigned char>(last); ++c) {
    bytes.set(static_cast<std::size_t>(c));
  }
  return bytes;
}

Bytes one(char c) {
  return range(c, c);
}

/// Reads an expression from left to right; gives up at what it does not understand.
class Reader {
 public:
  Reader(std::string_view text, bool ignore_case) : text_(text), ignore_case_(ignore_case) {}

  RegexNeed read() {
    RegexNeed need;
    while (at_ < text_.size()) {
      const std::optional<Bytes> bytes = read_one();
      const std::optional<std::size_t> times = bytes ? read_times() : std::nullopt;
      if (!times) {
        return {};
      }
      if (bytes->none()) {
        continue;  // A place between characters.
      }
      need.bytes += *times;
      // Shorter runs are in most texts.
      constexpr std::size_t kRunMin = 8;
      if (*times >= kRunMin && *times > need.run && !bytes->all()) {
        need.run = *times;
        need.of = *bytes;
      }
    }
    return need;
  }

 private:
  [[nodiscard]] bool is_next(char c) const { return at_ < text_.size() && text_[at_] == c; }

  /// What the next character of the text may be; no byte at all for a place between two.
  std::optional<Bytes> read_one() {
    const char c = text_[at_++];
    switch (c) {
      case '.': return ~Bytes();
      case '^':
      case '$': return Bytes();
      case '[': return read_class();
      case '\\': return is_next('b') || is_next('B') ? skip_one() : widened(read_escape());
      case '(':
      case ')':
      case '|':
      case '{':
      case '}':
      case ']':
      case '*':
      case '+':
      case '?': return std::nullopt;
      default: return is_ascii(c) ? widened(one(c)) : std::nullopt;
    }
  }

  Bytes skip_one() {
    ++at_;
    return {};
  }

  /// Behind a backslash.
  std::optional<Bytes> read_escape() {
    if (at_ == text_.size()) {
      return std::nullopt;
    }
    const char c = text_[at_++];
    switch (c) {
      case 'd': return range('0', '9');
      case 's': return one(' ') | range('\t', '\r');
      case 'w': return range('0', '9') | range('a', 'z') | range('A', 'Z') | one('_');
      case 'D':
      case 'S':
      case 'W': return ~Bytes();
      case 't': return one('\t');
      case 'n': return one('\n');
      case 'r': return one('\r');
      default: return is_ascii(c) && !is_alphanumeric(c) ? std::optional(one(c)) : std::nullopt;
    }
  }

  /// Behind a bracket.
  std::optional<Bytes> read_class() {
    Bytes bytes;
    const bool excludes = is_next('^');
    at_ += excludes ? 1U : 0U;
    for (bool is_first = true; is_first || !is_next(']'); is_first = false) {
      if (at_ == text_.size() || is_next('[') || !is_ascii(text_[at_])) {
        return std::nullopt;
      }
      const std::optional<Bytes> members = read_members();
      if (!members) {
        return std::nullopt;
      }
      bytes |= *members;
    }
    ++at_;
    return widened(excludes ? ~Bytes() : bytes);
  }

  /// One character of a class, or a range.
  std::optional<Bytes> read_members() {
    const char first = text_[at_++];
    if (first == '\\') {
      const std::optional<Bytes> escaped = read_escape();
      return is_next('-') ? std::nullopt : escaped;
    }
    const bool is_range = is_next('-') && at_ + 1 < text_.size() && text_[at_ + 1] != ']';
    if (!is_range) {
      return one(first);
    }
    const char last = text_[at_ + 1];
    at_ += 2;
    return last == '\\' || last == '[' || !is_ascii(last) ? std::nullopt
                                                          : std::optional(range(first, last));
  }

  /// How often at least, by the quantifier that follows.
  std::optional<std::size_t> read_times() {
    std::size_t times = 1;
    if (is_next('*') || is_next('?')) {
      times = 0;
      ++at_;
    } else if (is_next('+')) {
      ++at_;
    } else if (is_next('{')) {
      const char* const begin = text_.data() + at_ + 1;
      const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), times);
      const std::size_t close = text_.find('}', at_);
      if (error != std::errc{} || close == std::string_view::npos || (*end != ',' && *end != '}')) {
        return std::nullopt;
      }
      at_ = close + 1;
    } else {
      return times;
    }
    at_ += is_next('?') ? 1U : 0U;
    return times;
  }

  /// With the other case, if that is the same. What is no ASCII may fold to it: it counts always.
  [[nodiscard]] std::optional<Bytes> widened(std::optional<Bytes> bytes) const {
    if (!bytes) {
      return bytes;
    }
    for (std::size_t low = 'a'; ignore_case_ && low <= 'z'; ++low) {
      const bool is_there = bytes->test(low) || bytes->test(low ^ 0x20U);
      bytes->set(low, is_there);
      bytes->set(low ^ 0x20U, is_there);
    }
    return *bytes | range('\x80', '\xFF');
  }

  std::string_view text_;
  bool ignore_case_;
  std::size_t at_ = 0;
};

}  // namespace

RegexNeed need_of(std::string_view regex, bool ignore_case) {
  return Reader(regex, ignore_case).read();
}

bool RegexNeed::is_met_by(std::string_view text) const {
  if (text.size() < bytes) {
    return false;
  }
  // Backwards: the first byte that is none of them rules out all runs over it.
  std::size_t first = 0;
  while (run > 0 && first + run <= text.size()) {
    std::size_t behind = first + run;
    while (behind > first && of.test(static_cast<unsigned char>(text[behind - 1]))) {
      --behind;
    }
    if (behind == first) {
      return true;
    }
    first = behind;
  }
  return run == 0;
}

}  // namespace spoor
