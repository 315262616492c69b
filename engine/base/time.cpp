#include "engine/base/time.h"

#include <array>
#include <bit>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <limits>

namespace spoor {
namespace {

// Of what int64 nanoseconds reach (1677 to 2262) we take whole centuries, with room for a zone at
// either end. What lies outside (FILETIME 0 is of 1601) is a mistake, not a time.
constexpr int kYearMin = 1700;
constexpr int kYearMax = 2200;
constexpr Timestamp kEarliest = -8'520'336'000LL * kNanosPerSecond;  // 1700-01-01
constexpr Timestamp kLatest = 7'289'654'400LL * kNanosPerSecond;     // 2201-01-01, exclusive

/// Reads digits and separators off the front of a text; the first mismatch makes every later step
/// fail.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  /// Exactly `count` decimal digits.
  int digits(std::size_t count) {
    if (rest_.size() < count) {
      ok_ = false;
    }
    int value = 0;
    for (std::size_t i = 0; ok_ && i < count; ++i) {
      const char digit = rest_[i];
      ok_ = digit >= '0' && digit <= '9';
      value = value * 10 + (digit - '0');
    }
    if (!ok_) {
      return 0;
    }
    rest_.remove_prefix(count);
    return value;
  }

  void expect(std::string_view any_of) {
    ok_ = ok_ && !rest_.empty() && any_of.find(rest_.front()) != std::string_view::npos;
    if (ok_) {
      rest_.remove_prefix(1);
    }
  }

  bool accept(char wanted) {
    if (!ok_ || rest_.empty() || rest_.front() != wanted) {
      return false;
    }
    rest_.remove_prefix(1);
    return true;
  }

  /// One to nine digits after the dot, scaled to nanoseconds.
  Duration fraction() {
    Duration nanos = 0;
    Duration scale = kNanosPerSecond / 10;
    std::size_t count = 0;
    while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') {
      nanos += (rest_.front() - '0') * scale;
      scale /= 10;
      rest_.remove_prefix(1);
      ++count;
    }
    ok_ = ok_ && count >= 1 && count <= 9;
    return nanos;
  }

  [[nodiscard]] bool at_end() const { return ok_ && rest_.empty(); }

  [[nodiscard]] bool ok() const { return ok_; }

  void fail() { ok_ = false; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

constexpr bool is_leap(int year) {
  return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/// Days from 1970-01-01 to the first of each year, and of its months from there: on the path of an
/// event, and divisions take longer.
constexpr int kFirstYear = kYearMin - 1;
constexpr int kLastYear = kYearMax + 1;

constexpr auto kDaysToYear = [] {
  std::array<std::int32_t, kLastYear - kFirstYear + 1> days{};
  std::int32_t sum = 0;
  for (int year = kFirstYear; year < 1970; ++year) {
    sum -= is_leap(year) ? 366 : 365;
  }
  for (int year = kFirstYear; year <= kLastYear; ++year) {
    days[static_cast<std::size_t>(year - kFirstYear)] = sum;
    sum += is_leap(year) ? 366 : 365;
  }
  return days;
}();

constexpr std::array<std::array<std::int32_t, 14>, 2> kDaysToMonth = {{
    {0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365},
    {0, 0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335, 366},
}};

/// Midnight of that day. False: there is none such.
bool from_date(int year, int month, int day, Timestamp& midnight) {
  if (year < kFirstYear || year > kLastYear || month < 1 || month > 12 || day < 1) {
    return false;
  }
  const auto& months = kDaysToMonth[is_leap(year) ? 1 : 0];
  const auto at = static_cast<std::size_t>(month);
  if (day > months[at + 1] - months[at]) {
    return false;
  }
  constexpr std::int64_t kSecondsOfDay = 86'400;
  const std::int64_t days =
      kDaysToYear[static_cast<std::size_t>(year - kFirstYear)] + months[at] + day - 1;
  midnight = days * kSecondsOfDay * kNanosPerSecond;
  return true;
}

/// "Z", "+hh:mm", "+hhmm" or nothing (UTC), as nanoseconds east of Greenwich.
Duration read_zone(Scanner& scanner) {
  if (scanner.at_end() || scanner.accept('Z') || scanner.accept('z')) {
    return 0;
  }
  const bool west = scanner.accept('-');
  if (!west) {
    scanner.expect("+");
  }
  const int hours = scanner.digits(2);
  scanner.accept(':');
  const int minutes = scanner.digits(2);
  if (hours > 23 || minutes > 59) {
    scanner
        .fail();  // No zone is a day away; the clamp in from_date leaves room for a day, no more.
  }
  const Duration offset = (hours * 3600LL + minutes * 60LL) * kNanosPerSecond;
  return west ? -offset : offset;
}

/// Eight characters of a time: where '0' stands a digit, where '?' anything, where another this
/// one.
struct EightCharacters {
  std::uint64_t shape = 0;
  std::uint64_t compared = 0;  ///< All but those that may be anything.
  /// What, added to a digit's value from ten on or to another's from one on, makes a byte's top
  /// bit.
  std::uint64_t above = 0;
};

constexpr EightCharacters eight_characters(std::string_view shape) {
  EightCharacters eight;
  for (std::size_t i = 0; i < 8; ++i) {
    const auto put = [i](unsigned char byte) { return std::uint64_t{byte} << (8 * i); };
    eight.shape |= put(static_cast<unsigned char>(shape[i]));
    eight.compared |= put(shape[i] == '?' ? 0 : 0xFF);
    eight.above |= put(shape[i] == '0' ? 0x7F - 9 : 0x7F);
  }
  return eight;
}

/// All eight at once; the first in the lowest byte. Digits come out as their values. Sets `bad` if
/// they are not so.
std::uint64_t read_eight(const char* text, const EightCharacters& eight, std::uint64_t& bad) {
  constexpr std::uint64_t kHighs = 0x8080808080808080ULL;
  std::uint64_t word = 0;
  std::memcpy(&word, text, sizeof word);
  if constexpr (std::endian::native == std::endian::big) {
    word = __builtin_bswap64(word);
  }
  const std::uint64_t values = (word ^ eight.shape) & eight.compared;
  bad |= (((values & ~kHighs) + eight.above) | values) & kHighs;
  return values;
}

/// Digits → in each byte the number that it makes with the next one.
std::uint64_t pairs_of(std::uint64_t digits) {
  return digits * 10 + (digits >> 8U);
}

int byte_of(std::uint64_t word, unsigned place) {
  return static_cast<int>((word >> (8 * place)) & 0xFFU);
}

/// "2023-03-14 07:58:10.217", with T for the blank and Z behind it if you like: what nearly every
/// record has, in three steps of eight characters. False says nothing: the general reader judges.
bool parse_plain_timestamp(std::string_view text, Timestamp& time_read) {
  constexpr EightCharacters kDate = eight_characters("0000-00-");
  constexpr EightCharacters kDayAndTime = eight_characters("00?00:00");
  constexpr EightCharacters kSeconds = eight_characters("0:00.000");
  constexpr std::size_t kSize = 23;
  constexpr std::size_t kBetween = 10;
  if (text.size() != kSize && (text.size() != kSize + 1 || text.back() != 'Z')) {
    return false;
  }
  std::uint64_t bad = 0;
  const std::uint64_t date = pairs_of(read_eight(text.data(), kDate, bad));
  const std::uint64_t time = pairs_of(read_eight(text.data() + 8, kDayAndTime, bad));
  const std::uint64_t tail = read_eight(text.data() + 15, kSeconds, bad);
  const std::uint64_t tail_pairs = pairs_of(tail);
  const int year = byte_of(date, 0) * 100 + byte_of(date, 2);
  const int hour = byte_of(time, 3);
  const int minute = byte_of(time, 6);
  const int second = byte_of(tail_pairs, 2);
  const int millis = byte_of(tail_pairs, 5) * 10 + byte_of(tail, 7);
  if (bad != 0 || (text[kBetween] != ' ' && text[kBetween] != 'T') || hour > 23 || minute > 59 ||
      second > 59 || year <= kYearMin || year >= kYearMax) {
    return false;
  }
  Timestamp midnight = 0;
  if (!from_date(year, byte_of(date, 5), byte_of(time, 0), midnight)) {
    return false;
  }
  time_read = midnight + (hour * 3600LL + minute * 60LL + second) * kNanosPerSecond +
              millis * kNanosPerMilli;
  return true;
}

}  // namespace

std::optional<Timestamp> parse_timestamp(std::string_view text) {
  Timestamp plain = 0;
  if (parse_plain_timestamp(text, plain)) {
    return plain;
  }
  Scanner scanner(text);
  const int year = scanner.digits(4);
  scanner.expect("-");
  const int month = scanner.digits(2);
  scanner.expect("-");
  const int day = scanner.digits(2);
  scanner.expect(" Tt");
  const int hour = scanner.digits(2);
  scanner.expect(":");
  const int minute = scanner.digits(2);
  scanner.expect(":");
  const int second = scanner.digits(2);
  const Duration nanos = scanner.accept('.') ? scanner.fraction() : 0;
  const Duration zone = scanner.ok() ? read_zone(scanner) : 0;
  Timestamp date = 0;
  const bool has_date = scanner.at_end() && from_date(year, month, day, date);
  // 60: a leap second counts as the second before it.
  if (!has_date || hour > 23 || minute > 59 || second > 60) {
    return std::nullopt;
  }
  const int whole_second = second == 60 ? 59 : second;
  const Timestamp time =
      date + (hour * 3600LL + minute * 60LL + whole_second) * kNanosPerSecond + nanos - zone;
  if (time < kEarliest || time >= kLatest) {
    return std::nullopt;
  }
  return time;
}

std::optional<Timestamp> parse_time_argument(std::string_view text) {
  if (text.size() == 10) {
    return parse_timestamp(std::string(text) + "T00:00:00Z");
  }
  return parse_timestamp(text);
}

TimestampText format_timestamp_text(Timestamp time) {
  using std::chrono::floor;
  const std::chrono::sys_time<std::chrono::nanoseconds> point{std::chrono::nanoseconds{time}};
  const auto day = floor<std::chrono::days>(point);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{floor<std::chrono::milliseconds>(point - day)};
  TimestampText text{};
  const int length = std::snprintf(
      text.bytes.data(), text.bytes.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
      static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
      static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
      static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()),
      static_cast<int>(clock.subseconds().count()));
  text.size = static_cast<std::size_t>(length);
  return text;
}

std::string format_timestamp(Timestamp time) {
  const TimestampText text = format_timestamp_text(time);
  return {text.bytes.data(), text.size};
}

std::int64_t to_epoch_ms(Timestamp time) {
  return time / kNanosPerMilli - (time % kNanosPerMilli < 0 ? 1 : 0);
}

std::optional<Duration> parse_timespan(std::string_view text) {
  if (text.size() < 2) {
    return std::nullopt;
  }
  std::int64_t unit_seconds = 0;
  switch (text.back()) {
    case 's': unit_seconds = 1; break;
    case 'm': unit_seconds = 60; break;
    case 'h': unit_seconds = 3600; break;
    case 'd': unit_seconds = 86'400; break;
    case 'w': unit_seconds = 604'800; break;
    case 'M': unit_seconds = 2'629'746; break;
    case 'y': unit_seconds = 31'556'952; break;
    default: return std::nullopt;
  }
  constexpr std::int64_t kSecondsMax = std::numeric_limits<Duration>::max() / kNanosPerSecond;
  std::int64_t count = 0;
  for (const char digit : text.substr(0, text.size() - 1)) {
    if (digit < '0' || digit > '9') {
      return std::nullopt;
    }
    count = count * 10 + (digit - '0');
    if (count > kSecondsMax / unit_seconds) {
      return std::nullopt;
    }
  }
  if (count == 0) {
    return std::nullopt;
  }
  return count * unit_seconds * kNanosPerSecond;
}

}  // namespace spoor
