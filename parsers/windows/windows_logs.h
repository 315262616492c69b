// What all events of one log of one machine have in common.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/uid.h"
#include "engine/event/event.h"

namespace spoor {

/// A log by the names that its records give it, and what follows from these alone.
struct WindowsLog {
  std::string computer;
  std::string channel;
  Source source = Source::windows;
  bool is_made = false;

  std::string host;             ///< The host key.
  std::string event_uid_front;  ///< "sysmon:pc042.acme.example:", "windows:pc042:Security:".
  UidBuilder uid;             ///< What the uids of its events begin with; then whatever was added.
  std::size_t uid_front = 0;  ///< How much of that is the beginning.
};

/// Those met before, to make ids faster. A bound number: of two that meet in one place the later
/// one stays, and what is remembered never changes an answer.
class WindowsLogs {
 public:
  WindowsLogs() : logs_(kLogs) {}

  /// The place of that log: it may hold another, or none yet. It lives as long as this, and changes
  /// with the next call only.
  [[nodiscard]] WindowsLog& place_of(std::string_view computer,
                                     std::string_view channel,
                                     Source source) {
    // Machines are told apart by the ends of their short names or of their domains' numbers.
    std::uint64_t mixed = computer.size() * 31 + channel.size() * 7 + static_cast<unsigned>(source);
    const std::string_view short_name = computer.substr(0, computer.find('.'));
    mixed ^= last_bytes(short_name) * 0x9E3779B97F4A7C15ULL;
    mixed ^= mixed >> 32U;
    return logs_[(mixed * 0xD6E8FEB86659FD93ULL) >> kShift];
  }

 private:
  static constexpr std::size_t kLogs = 256;
  static constexpr unsigned kShift = 56;

  /// Without a copy of as many bytes as there are: reading back what was written in parts waits.
  static std::uint64_t last_bytes(std::string_view text) {
    std::uint64_t bytes = 0;
    if (text.size() >= sizeof bytes) {
      std::memcpy(&bytes, text.data() + (text.size() - sizeof bytes), sizeof bytes);
      return bytes;
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
      bytes |= std::uint64_t{static_cast<unsigned char>(text[i])} << (8 * i);
    }
    return bytes;
  }

  std::vector<WindowsLog> logs_;
};

}  // namespace spoor
