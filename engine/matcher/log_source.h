// Which rules an event meets: Sigma's log sources against our events, as SigmaHQ's own tests route
// Windows logs (tests/thor.yml).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/event/event.h"
#include "engine/rule/rule.h"

namespace spoor {

/// What of an event decides which log sources cover it.
struct EventKind {
  EventType type = EventType::other;
  Platform platform = Platform::unknown;
  std::uint16_t channel = 0;  ///< Of the channels that some service names; 0: none of them.

  friend bool operator==(const EventKind&, const EventKind&) = default;

  /// A number below kEventKindCount.
  [[nodiscard]] std::size_t number() const;
};

/// Remembers the channels asked for lately: logs of many channels take turns. O(1) for those, else
/// O(services).
class EventKinds {
 public:
  [[nodiscard]] EventKind kind_of(const Event& event);

 private:
  struct Channel {
    std::string name;
    std::uint16_t number = 0;
  };

  static constexpr std::size_t kRemembered = 64;
  std::array<Channel, kRemembered> channels_;  ///< By a hash of the name.
};

/// Does the log source cover events of that kind? All parts that it gives must agree.
[[nodiscard]] bool covers(const LogSource& log_source, const EventKind& kind);

/// The number of kinds there can be.
[[nodiscard]] std::size_t event_kind_count();

/// Is `service` one that we know as a channel of Windows?
[[nodiscard]] bool is_windows_service(std::string_view service);

}  // namespace spoor
