// What every event of SentinelOne has: host, time, identity, and what no field shows.
#pragma once

#include <initializer_list>
#include <optional>
#include <string_view>

#include "parsers/parse_context.h"
#include "parsers/sentinelone/attributes.h"

namespace spoor {

struct S1Envelope {
  std::string_view carriage;  ///< Static text.
  std::string_view vendor_type;
  std::optional<Timestamp> time;
  std::string_view id;    ///< The vendor's; empty: the content is the identity.
  std::string_view part;  ///< Tells the events of one record apart, and the states of an agent.
};

/// Sets the envelope. First of all: processes are keyed by the host. `root` is the record.
void set_s1_envelope(const S1Envelope& envelope,
                     NodeIndex root,
                     S1Record& record,
                     ParseContext& context);

/// The first of the attributes that is a time, or nullopt.
[[nodiscard]] std::optional<Timestamp> s1_time(std::initializer_list<S1Attribute> attributes,
                                               S1Record& record,
                                               ParseContext& context);

/// "sentinelone:<host>:<id>". The host is set.
[[nodiscard]] std::string_view s1_event_uid(std::string_view id, ParseContext& context);

/// Last: what the event was not made of, by the vendor's own keys, as far as it is wanted. `keys`
/// are the form's; `fold_case` if they are in lower case.
void set_s1_extra(NodeIndex root,
                  const S1Slots::Table& keys,
                  bool fold_case,
                  S1Record& record,
                  ParseContext& context);

}  // namespace spoor
