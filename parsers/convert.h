// Vendors' values → Sigma's: numbers that stand for words, times, lists.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <utility>

#include "engine/base/time.h"
#include "parsers/scratch.h"

namespace spoor {

/// What is done to a value on its way into a field.
enum class Convert : std::uint8_t {
  none,
  hex_number,          ///< "0x154c" → "5452"; decimal stays.
  integrity_sid,       ///< "S-1-16-8192" → "Medium".
  integrity_number,    ///< CrowdStrike's "8192" → "Medium".
  integrity_word,      ///< SentinelOne's "MEDIUM" → "Medium".
  boolean,             ///< "True", "1", "yes" → "true".
  protocol_number,     ///< "6" → "tcp".
  signed_word,         ///< "signed" → "true", "unsigned" → "false".
  record_type_number,  ///< "28" → "AAAA".
  lower_case,
  epoch_time,  ///< Seconds, milliseconds, … or FILETIME → "2023-03-14 09:13:42.214".
};

/// The converted value; an absent view if it says nothing (an unknown level stays as it is). Valid
/// as long as `value` and the scratch memory.
[[nodiscard]] std::string_view convert(Convert how, std::string_view value, Scratch& scratch);

/// A time as vendors write it: "2023-03-30T13:46:07.040Z" and its like, or a number since 1970
/// whose size tells its unit: below 1e11 seconds (with a fraction), below 1e14 milliseconds, below
/// 1e17 microseconds, from 1e17 to 2e17 FILETIME (100 ns since 1601), above that nanoseconds.
/// nullopt for a time of day alone, for FILETIME 0 (in any unit), and for what is out of range.
[[nodiscard]] std::optional<Timestamp> parse_vendor_time(std::string_view text);

/// "SHA1=…,MD5=…,SHA256=…" as Sysmon writes it, of the values that say something: hex, not all
/// zero. An absent view if there is none.
[[nodiscard]] std::string_view compose_hashes(
    std::initializer_list<std::pair<std::string_view, std::string_view>> hashes, Scratch& scratch);

/// Does a value say nothing? "", "-", "?", "(null)", "None", "null", "N/A".
[[nodiscard]] bool says_nothing(std::string_view value);

}  // namespace spoor
