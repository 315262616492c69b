// Event time: nanoseconds since 1970-01-01T00:00:00Z, as the events say it. Nothing here reads a
// clock.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace spoor {

/// Nanoseconds since the Unix epoch, UTC.
using Timestamp = std::int64_t;
/// Nanoseconds.
using Duration = std::int64_t;

inline constexpr Duration kNanosPerMilli = 1'000'000;
inline constexpr Duration kNanosPerSecond = 1'000'000'000;

/// Reads "2023-03-14 09:13:42.214" (Sysmon's UtcTime) and RFC 3339 "2023-03-14T09:13:42.214567Z" or
/// "…+02:00". One to nine fraction digits; a missing zone is UTC. Years 1700 to 2200. Nothing else
/// is accepted: a time of day alone, a 12-hour clock or trailing text give nullopt. O(length).
[[nodiscard]] std::optional<Timestamp> parse_timestamp(std::string_view text);

/// Reads what a person types for --from and --to: the above, and a date alone ("2023-03-14",
/// midnight UTC).
[[nodiscard]] std::optional<Timestamp> parse_time_argument(std::string_view text);

/// "2023-03-14T09:13:42.214Z", always three fraction digits.
[[nodiscard]] std::string format_timestamp(Timestamp time);

/// The same without a string of its own, for the path of an event.
struct TimestampText {
  std::array<char, 40> bytes{};
  std::size_t size = 0;
};

[[nodiscard]] TimestampText format_timestamp_text(Timestamp time);

/// Milliseconds since the epoch, rounded towards the past: OCSF's timestamp_t.
[[nodiscard]] std::int64_t to_epoch_ms(Timestamp time);

/// Reads Sigma's timespan: a positive whole number and one of s m h d w M y ("35d"), M = 2,629,746
/// s and y = 31,556,952 s as in pySigma. nullopt for anything else or beyond about 290 years.
[[nodiscard]] std::optional<Duration> parse_timespan(std::string_view text);

}  // namespace spoor
