// What every vendor's parser works with.
#pragma once

#include "engine/event/event.h"
#include "parsers/document.h"
#include "parsers/field_writer.h"
#include "parsers/key_plan.h"
#include "parsers/record_parser.h"
#include "parsers/scratch.h"
#include "parsers/windows/windows_logs.h"

namespace spoor {

/// A record on its way into an event.
struct ParseContext {
  const Document& document;
  const FieldFilter& filter;
  Scratch& scratch;
  Event& event;
  KeyPlans& plans;
  WindowsLogs& logs;
  RecordSink* sink = nullptr;  ///< Only for expect_host(); null: nobody wants to know.

  /// Of the event, once it is known.
  void set_host(std::string_view host) const {
    event.host = host;
    if (sink != nullptr) {
      sink->expect_host(host);
    }
  }
};

/// Takes the events of a record, one after the other.
class EventEmitter {
 public:
  virtual ~EventEmitter() = default;
  /// Hands the context's event over and clears it. Its text must still be valid.
  virtual void emit(ParseContext& context) = 0;
};

/// Sets a field if it is wanted and `value` is there.
inline void set_wanted(FieldId id, std::string_view value, ParseContext& context) {
  if (value.data() != nullptr && context.filter.wants(id)) {
    set_field(id, value, context.scratch, context.event);
  }
}

}  // namespace spoor
