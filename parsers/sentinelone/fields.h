// What SentinelOne's events are about: attributes → fields, a table for each topic.
#pragma once

#include <initializer_list>
#include <string_view>

#include "parsers/parse_context.h"
#include "parsers/sentinelone/attributes.h"
#include "parsers/sentinelone/events.h"

namespace spoor {

/// Sets type, processes and fields of an event.
void set_s1_event(const S1EventRow& row, S1Record& record, ParseContext& context);

/// Sets a field if it is wanted and `value` says something.
inline void set_s1_value(FieldId to, std::string_view value, ParseContext& context) {
  if (to != FieldId::count && !value.empty()) {
    set_wanted(to, value, context);
  }
}

/// Sets `to` from the attribute, if it says something.
inline void set_s1_field(FieldId to, S1Attribute from, S1Record& record, ParseContext& context) {
  if (context.filter.wants(to)) {
    set_s1_value(to, record.text(from, context), context);
  }
}

struct S1Hashes {
  S1Attribute sha1 = S1Attribute::count;
  S1Attribute md5 = S1Attribute::count;
  S1Attribute sha256 = S1Attribute::count;
};

/// The hashes that are there, as Sysmon writes them.
void set_s1_hashes(const S1Hashes& from, S1Record& record, ParseContext& context);

/// Those of a process's image.
[[nodiscard]] constexpr S1Hashes image_hashes(ProcessRole role) {
  return {process_attribute(role, ProcessPart::sha1), process_attribute(role, ProcessPart::md5),
          process_attribute(role, ProcessPart::sha256)};
}

}  // namespace spoor
