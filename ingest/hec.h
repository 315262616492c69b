// Splunk's HTTP Event Collector: its bodies, answers and acknowledgements.
//
// Sources: Splunk "HTTP Event Collector REST API endpoints", "Format events for HTTP Event
// Collector", "About HTTP Event Collector Indexer Acknowledgment"; and what Fluent Bit sends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ingest/batch.h"
#include "ingest/json_splitter.h"

namespace spoor {

/// Splunk's codes.
enum class HecCode : std::uint8_t {
  success = 0,
  token_required = 2,
  invalid_authorization = 3,
  invalid_token = 4,
  no_data = 5,
  invalid_data_format = 6,
  server_busy = 9,
  channel_missing = 10,
  invalid_channel = 11,
  event_required = 12,
  event_blank = 13,
  ack_disabled = 14,
  healthy = 17,
  unhealthy = 18,
};

/// The HTTP status that Splunk gives with a code.
[[nodiscard]] unsigned hec_status(HecCode code);

/// {"text":"Invalid data format","code":6,"invalid-event-number":2}
[[nodiscard]] std::string hec_body(HecCode code,
                                   std::optional<std::size_t> invalid_event = {},
                                   std::optional<std::uint64_t> ack_id = {});

/// What is wrong with one object of the body of /services/collector/event, by its outermost keys
/// alone: `success`, `invalid_data_format`, `event_required` or `event_blank`.
[[nodiscard]] HecCode check_hec_event(std::string_view object);

/// The body of /services/collector/event in pieces: objects after each other, or in an array. Each
/// is one record, with what Splunk puts around it: the record parser unwraps it. One that is no
/// event is a bad stretch.
class HecEvents {
 public:
  explicit HecEvents(FramingLimits limits = {})
      : splitter_(limits, JsonSplitter::Arrays::split), kept_bytes_max_(limits.kept_bytes_max) {}

  void push(std::string_view bytes, IngestBatch& into);
  void finish(IngestBatch& into);

  /// Of the first event that is none, and its number from 0.
  [[nodiscard]] HecCode code() const { return code_; }

  [[nodiscard]] std::size_t invalid_event() const { return invalid_event_; }

 private:
  void check(IngestBatch& into);

  JsonSplitter splitter_;
  std::size_t kept_bytes_max_;
  std::size_t checked_ = 0;  // Records of the batch.
  HecCode code_ = HecCode::success;
  std::size_t invalid_event_ = 0;
};

/// Which requests of which channel are safe. Bounded: beyond the channels, the one that was used
/// longest ago and waits for nothing is forgotten; beyond the ids of a channel, its oldest.
class HecAcks {
 public:
  static constexpr std::size_t kChannelsMax = 1024;
  static constexpr std::size_t kIdsPerChannelMax = 65'536;

  /// Ids start at `first_id`, which must be beyond all that a former run gave out: a client that
  /// asks for an id of before a crash must not be told that a new request is the one it means.
  explicit HecAcks(std::uint64_t first_id) : first_id_(first_id) {}

  /// A client cannot ask for what another token sent.
  using Channel = std::pair<std::size_t, std::string>;

  /// A new id, not yet safe. None: there is no room, try later.
  [[nodiscard]] std::optional<std::uint64_t> add(const Channel& channel);
  void set_safe(const Channel& channel, std::uint64_t id);
  /// Unknown ids are not safe.
  [[nodiscard]] bool is_safe(const Channel& channel, std::uint64_t id);

 private:
  struct Ids {
    std::uint64_t first = 0;
    std::deque<bool> safe{};
    std::size_t waiting = 0;
    std::list<Channel>::iterator used{};
  };

  [[nodiscard]] bool make_room();
  void touch(Ids& ids);

  std::uint64_t first_id_;
  std::map<Channel, Ids> channels_;
  std::list<Channel> by_use_;  // The longest unused first.
};

/// Splunk asks for a GUID; any short word of letters, digits, '-' and '_' will do.
[[nodiscard]] bool is_channel(std::string_view text);

/// {"acks":[1,2]} → the ids; none if it is not just that.
[[nodiscard]] std::optional<std::vector<std::uint64_t>> hec_ack_ids(std::string_view body);

}  // namespace spoor
