#include "parsers/convert.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <limits>
#include <span>
#include <string>

#include "engine/base/text.h"

namespace spoor {
namespace {

struct WordRow {
  std::string_view from;
  std::string_view to;
};

/// The mandatory levels of Windows (winnt.h, SECURITY_MANDATORY_*_RID), in decimal.
constexpr WordRow kIntegrityNumbers[] = {
    {"0", "Untrusted"}, {"4096", "Low"},     {"8192", "Medium"},     {"8448", "Medium_Plus"},
    {"12288", "High"},  {"16384", "System"}, {"20480", "Protected"},
};

constexpr WordRow kIntegrityWords[] = {
    {"UNTRUSTED", "Untrusted"},
    {"LOW", "Low"},
    {"MEDIUM", "Medium"},
    {"HIGH", "High"},
    {"SYSTEM", "System"},
    {"PROTECTED", "Protected"},
    {"INTEGRITY_LEVEL_UNKNOWN", ""},
};

constexpr WordRow kBooleans[] = {
    {"true", "true"},   {"True", "true"}, {"TRUE", "true"},   {"1", "true"},
    {"yes", "true"},    {"Yes", "true"},  {"false", "false"}, {"False", "false"},
    {"FALSE", "false"}, {"0", "false"},   {"no", "false"},    {"No", "false"},
};

constexpr WordRow kProtocols[] = {
    {"1", "icmp"},
    {"6", "tcp"},
    {"17", "udp"},
    {"58", "icmpv6"},
};

constexpr WordRow kSigned[] = {
    {"signed", "true"},
    {"unsigned", "false"},
};

// IANA, DNS resource record types.
constexpr WordRow kRecordTypes[] = {
    {"1", "A"},     {"2", "NS"},     {"5", "CNAME"}, {"6", "SOA"},  {"12", "PTR"},
    {"15", "MX"},   {"16", "TXT"},   {"28", "AAAA"}, {"33", "SRV"}, {"35", "NAPTR"},
    {"64", "SVCB"}, {"65", "HTTPS"}, {"255", "ANY"},
};

std::string_view look_up(std::span<const WordRow> rows, std::string_view value) {
  const auto row = std::ranges::find(rows, value, &WordRow::from);
  return row == rows.end() ? value : row->to;
}

std::string_view decimal(std::uint64_t number, Scratch& scratch) {
  constexpr std::size_t kDigits = 20;
  char* place = scratch.take(kDigits);
  const auto [end, error] = std::to_chars(place, place + kDigits, number);
  return {place, error == std::errc{} ? static_cast<std::size_t>(end - place) : 0};
}

std::string_view from_hex(std::string_view value, Scratch& scratch) {
  if (!value.starts_with("0x") && !value.starts_with("0X")) {
    return value;
  }
  std::uint64_t number = 0;
  const char* last = value.data() + value.size();
  const auto [end, error] = std::from_chars(value.data() + 2, last, number, 16);
  return error == std::errc{} && end == last && value.size() > 2 ? decimal(number, scratch) : value;
}

/// "2023-03-14 09:13:42.214", as Sysmon writes UtcTime.
std::string_view sysmon_time(std::string_view value, Scratch& scratch) {
  const std::optional<Timestamp> time = parse_vendor_time(value);
  if (!time) {
    return {};
  }
  TimestampText text = format_timestamp_text(*time);
  text.bytes[10] = ' ';
  return scratch.copy({text.bytes.data(), text.size - 1});  // Without the Z.
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

constexpr std::int64_t kFiletimeEpochSeconds = 11'644'473'600;  ///< From 1601 to 1970.

/// A number of units since an epoch, from its whole part and its fraction as billionths of a unit.
std::optional<Timestamp> from_epoch(std::int64_t whole,
                                    std::int64_t billionths,
                                    bool has_fraction) {
  constexpr std::int64_t kSecondsBelow = 100'000'000'000;           // 1e11: the year 5138.
  constexpr std::int64_t kMillisBelow = 100'000'000'000'000;        // 1e14
  constexpr std::int64_t kMicrosBelow = 100'000'000'000'000'000;    // 1e17
  constexpr std::int64_t kFiletimeBelow = 200'000'000'000'000'000;  // 2e17: the year 2234.
  constexpr std::int64_t kSecondsMax = 7'258'118'400;               // 2200-01-01
  if (whole < 0) {
    return std::nullopt;
  }
  if (whole < kSecondsBelow) {
    return whole >= kSecondsMax ? std::nullopt
                                : std::optional(whole * kNanosPerSecond + billionths);
  }
  if (whole < kMillisBelow) {
    const std::int64_t sub = has_fraction ? billionths / 1'000 : 0;
    return whole / 1'000 >= kSecondsMax ? std::nullopt
                                        : std::optional(whole * kNanosPerMilli + sub);
  }
  if (whole < kMicrosBelow) {
    return whole / 1'000'000 >= kSecondsMax ? std::nullopt : std::optional(whole * 1'000);
  }
  if (whole < kFiletimeBelow) {
    const std::int64_t seconds = whole / 10'000'000 - kFiletimeEpochSeconds;
    return seconds >= kSecondsMax
               ? std::nullopt
               : std::optional(seconds * kNanosPerSecond + (whole % 10'000'000) * 100);
  }
  return whole / kNanosPerSecond >= kSecondsMax ? std::nullopt : std::optional(whole);
}

std::optional<Timestamp> parse_number_time(std::string_view text) {
  std::int64_t whole = 0;
  const char* last = text.data() + text.size();
  auto [at, error] = std::from_chars(text.data(), last, whole);
  if (error != std::errc{} || whole == 0) {
    return std::nullopt;  // 0 is "none" in every vendor's records.
  }
  std::int64_t billionths = 0;
  const bool has_fraction = at != last && *at == '.';
  if (has_fraction) {
    std::int64_t scale = 100'000'000;
    const char* const first = ++at;
    for (; at != last && is_digit(*at); ++at) {
      billionths += (*at - '0') * scale;
      scale /= 10;
    }
    if (at == first) {
      return std::nullopt;
    }
  }
  return at == last ? from_epoch(whole, billionths, has_fraction) : std::nullopt;
}

/// A number since an epoch as it is written.
struct EpochNumber {
  std::int64_t whole = 0;
  std::int64_t billionths = 0;
  bool has_fraction = false;
};

/// The number that eight digits make, the first in the lowest byte; what is no digit sets `bad`.
std::uint64_t eight_digits(std::uint64_t word, std::uint64_t& bad) {
  constexpr std::uint64_t kZeros = 0x3030303030303030ULL;
  constexpr std::uint64_t kHighNibbles = 0xF0F0F0F0F0F0F0F0ULL;
  constexpr std::uint64_t kSixes = 0x0606060606060606ULL;
  bad |=
      ((word & kHighNibbles) | (((word + kSixes) & kHighNibbles) >> 4U)) ^ (kZeros | kZeros >> 4U);
  word -= kZeros;
  word = word * 10 + (word >> 8U);  // In every second byte, two digits.
  constexpr std::uint64_t kPairs = 0x000000FF000000FFULL;
  const std::uint64_t outer = (word & kPairs) * (100 + (std::uint64_t{1'000'000} << 32U));
  const std::uint64_t inner = ((word >> 16U) & kPairs) * (1 + (std::uint64_t{10'000} << 32U));
  return (outer + inner) >> 32U;
}

/// "1678779060883" and "1678779060.700": the two forms that CrowdStrike has, eight characters at a
/// time. False says nothing.
bool read_usual_number(std::string_view text, EpochNumber& number) {
  constexpr std::size_t kMillisSize = 13;
  constexpr std::size_t kSecondsSize = 14;
  constexpr std::size_t kPoint = 10;
  if constexpr (std::endian::native != std::endian::little) {
    return false;
  }
  const bool is_seconds = text.size() == kSecondsSize && text[kPoint] == '.';
  if (!is_seconds && text.size() != kMillisSize) {
    return false;
  }
  std::uint64_t head = 0;
  std::uint64_t tail = 0;
  std::memcpy(&head, text.data(), sizeof head);
  std::memcpy(&tail, text.data() + text.size() - sizeof tail, sizeof tail);
  std::uint64_t bad = 0;
  const std::uint64_t first = eight_digits(head, bad);
  if (is_seconds) {
    // Its last eight are four digits, the point, which is taken for a zero, and three.
    constexpr std::uint64_t kPointToZero = std::uint64_t{'.' ^ '0'} << 32U;
    const std::uint64_t last = eight_digits(tail ^ kPointToZero, bad);
    number.whole = static_cast<std::int64_t>(first / 100 * 10'000 + last / 10'000);
    number.billionths = static_cast<std::int64_t>(last % 10'000) * kNanosPerMilli;
  } else {
    const std::uint64_t last = eight_digits(tail, bad);
    number.whole = static_cast<std::int64_t>(first / 1'000 * 100'000'000 + last);
  }
  number.has_fraction = is_seconds;
  return bad == 0 && number.whole != 0;
}

/// The same with any number of digits that fits: one pass. False says nothing.
bool read_plain_number(std::string_view text, EpochNumber& number) {
  std::int64_t whole = 0;
  std::int64_t billionths = 0;
  constexpr std::size_t kWholeMax = 18;
  constexpr std::size_t kFractionMax = 9;
  std::size_t at = 0;
  for (; at < text.size() && is_digit(text[at]); ++at) {
    if (at == kWholeMax) {
      return false;
    }
    whole = whole * 10 + (text[at] - '0');
  }
  if (at == 0 || whole == 0) {
    return false;
  }
  const bool has_fraction = at != text.size();
  if (has_fraction) {
    const std::size_t fraction = text.size() - at - 1;
    if (text[at] != '.' || fraction == 0 || fraction > kFractionMax) {
      return false;
    }
    std::int64_t scale = 100'000'000;
    for (++at; at < text.size(); ++at) {
      if (!is_digit(text[at])) {
        return false;
      }
      billionths += (text[at] - '0') * scale;
      scale /= 10;
    }
  }
  number = {.whole = whole, .billionths = billionths, .has_fraction = has_fraction};
  return true;
}

/// Every character at once: a hash is long, and one that is wrong is rare.
bool is_hex(std::string_view value) {
  unsigned char bad = 0;  // No wider than a character, so that a register takes sixteen of them.
  for (const char c : value) {
    const auto digit = static_cast<unsigned char>(c - '0');
    const auto letter = static_cast<unsigned char>((c | 0x20) - 'a');
    bad = static_cast<unsigned char>(bad | (digit > 9 && letter > 5 ? 1 : 0));
  }
  return bad == 0;
}

/// Appends a short name, without a call where its length is a usual one ("MD5", "SHA1", "SHA256").
char* append_name(std::string_view name, char* end) {
  switch (name.size()) {
    case 3: std::memcpy(end, name.data(), 3); break;
    case 4: std::memcpy(end, name.data(), 4); break;
    case 6: std::memcpy(end, name.data(), 6); break;
    default: std::ranges::copy(name, end); break;
  }
  return end + name.size();
}

bool is_all_zero(std::string_view value) {
  return value.find_first_not_of('0') == std::string_view::npos;
}

}  // namespace

std::string_view convert(Convert how, std::string_view value, Scratch& scratch) {
  constexpr std::string_view kIntegritySid = "S-1-16-";
  switch (how) {
    case Convert::none: return value;
    case Convert::hex_number: return from_hex(value, scratch);
    case Convert::integrity_sid:
      return value.starts_with(kIntegritySid)
                 ? look_up(kIntegrityNumbers, value.substr(kIntegritySid.size()))
                 : value;
    case Convert::integrity_number: return look_up(kIntegrityNumbers, value);
    case Convert::integrity_word: {
      const std::string_view word = look_up(kIntegrityWords, value);
      return word.empty() ? std::string_view() : word;
    }
    case Convert::boolean: return look_up(kBooleans, value);
    case Convert::protocol_number: return look_up(kProtocols, value);
    case Convert::signed_word: return look_up(kSigned, value);
    case Convert::record_type_number: return look_up(kRecordTypes, value);
    case Convert::lower_case: {
      char* place = scratch.take(value.size() + 1);
      std::ranges::transform(value, place, [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
      });
      return {place, value.size()};
    }
    case Convert::epoch_time: return sysmon_time(value, scratch);
  }
  return value;
}

std::optional<Timestamp> parse_vendor_time(std::string_view text) {
  if (text.empty()) {
    return std::nullopt;
  }
  EpochNumber number;
  if (read_usual_number(text, number) || read_plain_number(text, number)) {
    return from_epoch(number.whole, number.billionths, number.has_fraction);
  }
  const auto may_stand_behind = [](char c) { return is_digit(c) || c == '.'; };
  const bool is_number = (may_stand_behind(text.front()) || text.front() == '-') &&
                         std::ranges::all_of(text.substr(1), may_stand_behind);
  return is_number ? parse_number_time(text) : parse_timestamp(text);
}

std::string_view compose_hashes(
    std::initializer_list<std::pair<std::string_view, std::string_view>> hashes, Scratch& scratch) {
  std::size_t room = 1;
  for (const auto& [algorithm, value] : hashes) {
    room += algorithm.size() + value.size() + 2;
  }
  char* const place = scratch.take(room);
  char* end = place;
  for (const auto& [algorithm, value] : hashes) {
    if (!is_all_zero(value) && is_hex(value)) {
      if (end != place) {
        *end++ = ',';
      }
      end = append_name(algorithm, end);
      *end++ = '=';
      std::memcpy(end, value.data(), value.size());
      end += value.size();
    }
  }
  return end == place ? std::string_view()
                      : std::string_view(place, static_cast<std::size_t>(end - place));
}

bool says_nothing(std::string_view value) {
  if (!value.empty() && is_digit(value.front())) {
    return false;  // As most short values do, and none of these.
  }
  constexpr std::string_view kNothing[] = {"", "-", "?", "(null)", "None", "null", "N/A"};
  constexpr std::size_t kLongest = 6;
  return value.size() <= kLongest &&
         std::ranges::find(kNothing, value) != std::ranges::end(kNothing);
}

}  // namespace spoor
