// What FDR and the event stream write in the same way: process ids, platforms, connections, names.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/uid.h"
#include "engine/event/event.h"
#include "parsers/parse_context.h"

namespace spoor {

/// The process of a host by CrowdStrike's own id (UPID), which is unique on its sensor. "0" and ""
/// name none. The id stays text: it has up to 20 digits. Without a sensor id there is no identity.
[[nodiscard]] ProcessMention crowdstrike_process(std::string_view sensor,
                                                 std::string_view process_id,
                                                 Scratch& scratch);

/// The same for one sensor after another's records: what all ids of a sensor begin with is kept.
class CrowdStrikeIds {
 public:
  /// Of whose records what follows is, as written; may be empty. Returns it in lower case: it stays
  /// until another is set.
  std::string_view set_sensor(std::string_view sensor);

  /// As crowdstrike_process(), into a mention that is empty.
  void process(std::string_view process_id, ProcessMention& mention);

  /// The uid of an event by its id. There is a sensor or none.
  [[nodiscard]] Uid event(std::string_view id);

 private:
  /// A hash whose beginning stays.
  struct Hash {
    UidBuilder builder;
    std::size_t front = 0;

    void begin(std::string_view kind, std::string_view sensor);
    [[nodiscard]] Uid of(std::string_view id);
  };

  std::string written_;
  std::string sensor_;
  bool is_set_ = false;
  Hash process_;
  Hash event_;
};

/// "Win" and "Windows", "Mac", "Lin", …; `other` for what else there is, `unknown` for "".
[[nodiscard]] Platform crowdstrike_platform(std::string_view name);

/// "crowdstrike:<sensor>:<id>", the vendor's own id of an event.
[[nodiscard]] std::string_view crowdstrike_event_uid(std::string_view sensor,
                                                     std::string_view id,
                                                     Scratch& scratch);

/// Who opened a connection.
enum class Direction : std::uint8_t { unknown, outbound, inbound };

/// ConnectionDirection: "0" outbound, "1" inbound; "2" is neither.
[[nodiscard]] Direction connection_direction(std::string_view number);

/// A connection as the sensor sees it: here and there.
struct Connection {
  std::string_view local_address;
  std::string_view local_port;
  std::string_view remote_address;
  std::string_view remote_port;
  std::string_view protocol;  ///< A number, or a word.
  Direction direction = Direction::unknown;
};

/// As Sysmon has it: the source is who opened it. Inbound, that is the remote side.
void set_connection(const Connection& connection, ParseContext& context);

/// QueryName, without the dot that ends a name in DNS's own writing.
void set_query_name(std::string_view name, ParseContext& context);

/// Sets a field to what Sigma rules expect, and keeps what the vendor wrote.
void set_represented(FieldId id,
                     std::string_view value,
                     std::string_view original,
                     ParseContext& context);

/// A value under its own key, as an extra field: if that is wanted, and the value says anything.
void keep_extra(NodeIndex index, ParseContext& context);

/// "999" → "0x3e7", as Windows writes logon ids and access masks. What is no number stays.
[[nodiscard]] std::string_view hex_of_decimal(std::string_view number, Scratch& scratch);

}  // namespace spoor
