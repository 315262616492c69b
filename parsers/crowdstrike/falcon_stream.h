// Falcon's event stream, as the Streaming API and the SIEM connector write it, and as records of it
// stand inside FDR: detections, and what administrators did.
//
// A detection tells more than that it was made: which process it is about, what that process
// connected to, looked up, wrote and read. Each becomes an event of its own, for rules about
// processes, networks and files; their ids are derived from the detection's.
#pragma once

#include <bitset>
#include <initializer_list>
#include <string_view>

#include "engine/base/result.h"
#include "parsers/crowdstrike/stream_attributes.h"
#include "parsers/crowdstrike/vendor_values.h"
#include "parsers/marks.h"
#include "parsers/parse_context.h"

namespace spoor {

/// One record at a time.
class StreamReader {
 public:
  /// One pass over the keys of {"metadata":…,"event":…}; returns the marks of the root's keys.
  /// Forgets the record before.
  Marks collect_stream(NodeIndex root, ParseContext& context);

  /// The same for a record whose keys all stand in one object.
  Marks collect_flat(NodeIndex root, ParseContext& context);

  /// What the stream's envelope holds, or kNoNode.
  [[nodiscard]] NodeIndex event_node() const { return event_node_; }

  /// Is what the envelope holds a sensor event?
  [[nodiscard]] bool holds_sensor_event() const {
    return slots_.has(StreamAttribute::event_simple_name);
  }

  /// Makes the events of the record. `carriage` must be static text.
  [[nodiscard]] Result<void> finish(std::string_view carriage,
                                    ParseContext& context,
                                    EventEmitter& emitter);

 private:
  enum class Kind : std::uint8_t { detection, firewall, sign_in, other };

  /// What the events of one record have in common.
  struct Envelope {
    std::string_view carriage;
    std::string_view vendor_type;
    std::string_view sensor;
    std::string_view host;
    std::string_view hostname;
    Platform platform = Platform::unknown;
    Timestamp time = 0;
    bool time_suspect = false;
    Uid uid;
    std::string_view event_uid;
    ProcessMention process;
  };

  /// A kind of event that a detection lists.
  struct ListRow;

  std::string_view take(StreamAttribute attribute, ParseContext& context);
  std::string_view take_first(std::initializer_list<StreamAttribute> attributes,
                              ParseContext& context);
  [[nodiscard]] std::string_view full_path(StreamAttribute path,
                                           StreamAttribute name,
                                           ParseContext& context);

  void read_envelope(std::string_view carriage, ParseContext& context);
  void read_time(Kind kind, ParseContext& context);
  void read_uid(Kind kind, ParseContext& context);
  void begin_event(EventType type, ParseContext& context) const;
  void set_text(FieldId id, std::string_view value, ParseContext& context) const;

  void set_detection(ParseContext& context);
  void set_process(ParseContext& context);
  void set_parents(ParseContext& context);
  void set_firewall(ParseContext& context);
  void set_audit(ParseContext& context);
  void set_extras(ParseContext& context);

  void emit_process(ParseContext& context, EventEmitter& emitter);
  void emit_list(const ListRow& row, ParseContext& context, EventEmitter& emitter);
  void name_part(std::string_view part, std::size_t number, ParseContext& context) const;

  StreamSlots slots_;
  std::bitset<StreamSlots::kCount> used_;
  NodeIndex event_node_ = kNoNode;
  Envelope envelope_;
};

}  // namespace spoor
