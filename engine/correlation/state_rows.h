// The keys of what the correlator writes for a restart.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/state_io.h"
#include "engine/correlation/feeds.h"
#include "engine/correlation/kept_event_state.h"
#include "engine/correlation/program_runs.h"

namespace spoor {

/// What all rows of a kind of a host begin with.
[[nodiscard]] inline std::string host_rows(StateRow row, std::uint32_t host) {
  return StateWriter(row).key32(host).bytes();
}

[[nodiscard]] inline std::string step_hit_key(std::uint32_t host,
                                              ProcessIndex node,
                                              FeedNumber feed,
                                              const OrderKey& order) {
  StateWriter key(StateRow::step_hit);
  key.key32(host).key32(node).key32(feed);
  write_order_key(order, key);
  return key.bytes();
}

[[nodiscard]] inline std::string step_total_key(std::uint32_t host,
                                                ProcessIndex node,
                                                FeedNumber feed) {
  return StateWriter(StateRow::step_total).key32(host).key32(node).key32(feed).bytes();
}

[[nodiscard]] inline std::string pid_actor_key(std::uint32_t host, const Uid& event) {
  return StateWriter(StateRow::pid_actor).key32(host).uid(event).bytes();
}

/// `program`: its name, of a place that is one.
inline void write_place(CorrelationNumber correlation,
                        ProcessIndex at,
                        std::string_view program,
                        StateWriter& key) {
  key.key32(correlation);
  if (is_program(at)) {
    key.key_byte(1).raw(program);
  } else {
    key.key_byte(0).key32(at);
  }
}

/// What write_place() wrote, to the end of a key.
struct PlaceRow {
  CorrelationNumber correlation = 0;
  bool is_program = false;
  std::string_view program;
  ProcessIndex node = kNoProcess;
};

[[nodiscard]] inline PlaceRow read_place(StateReader& key) {
  PlaceRow place;
  place.correlation = key.key32();
  place.is_program = key.key_byte() == 1;
  if (place.is_program) {
    place.program = key.rest();
  } else {
    place.node = key.key32();
  }
  return place;
}

[[nodiscard]] inline std::string told_lineage_key(std::uint32_t host,
                                                  CorrelationNumber correlation,
                                                  ProcessIndex at,
                                                  std::string_view program) {
  StateWriter key(StateRow::told_lineage);
  key.key32(host);
  write_place(correlation, at, program, key);
  return key.bytes();
}

[[nodiscard]] inline std::string lineage_due_key(std::uint32_t host,
                                                 Timestamp time,
                                                 CorrelationNumber correlation,
                                                 ProcessIndex at,
                                                 std::string_view program) {
  StateWriter key(StateRow::lineage_due);
  key.key32(host).key_time(time);
  write_place(correlation, at, program, key);
  return key.bytes();
}

[[nodiscard]] inline std::string plain_hit_key(const Uid& rule, const OrderKey& order) {
  StateWriter key(StateRow::plain_hit);
  key.uid(rule);
  write_order_key(order, key);
  return key.bytes();
}

[[nodiscard]] inline std::string kept_event_key(std::uint64_t number) {
  return StateWriter(StateRow::kept_event).key64(number).bytes();
}

[[nodiscard]] inline std::string told_key(const Uid& finding) {
  return StateWriter(StateRow::told).uid(finding).bytes();
}

}  // namespace spoor
