// SentinelOne's types of events: what each is for Sigma, what it is about, which processes it
// names.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/event/event.h"

namespace spoor {

/// What an event is about: which processes it names and which attributes become its
/// fields.
enum class S1Topic : std::uint8_t {
  none,
  new_process,    ///< tgt is new; src or osSrc made it.
  other_process,  ///< src did something to tgt.
  module,
  driver,
  file,
  registry,
  network,
  dns,
  http,
  script,
  task,
  pipe,
  login,
  detection,
  count
};

struct S1EventRow {
  std::string_view key;  ///< event.type or meta.event.name, without spaces and in lower case.
  EventType type = EventType::other;
  S1Topic topic = S1Topic::none;
  /// Sysmon's word for what happened to a registry key, the transport, the verb of HTTP, the status
  /// of a query.
  std::string_view word = {};
};

/// The row of an event's type, however it is spaced and cased; one of EventType::other if it has
/// none.
[[nodiscard]] const S1EventRow& find_s1_event(std::string_view type);

}  // namespace spoor
