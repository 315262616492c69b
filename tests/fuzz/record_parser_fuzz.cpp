// Any bytes give an event or an error, and what the event holds lies in readable memory.

#include <cstdlib>
#include <string>

#include "engine/base/limits.h"
#include "tests/support/parsing.h"

namespace {

/// Reads every byte of a view: AddressSanitizer objects if one is not ours.
std::size_t touch(std::string_view text) {
  std::size_t sum = 0;
  for (const char c : text) {
    sum += static_cast<unsigned char>(c);
  }
  return sum;
}

void look(const spoor::Event& event) {
  static volatile std::size_t sink = 0;
  for (const std::string_view field : event.fields) {
    sink = sink + touch(field);
  }
  for (const spoor::ExtraField& field : event.extra) {
    sink = sink + touch(field.name) + touch(field.value);
  }
  for (const spoor::ProcessMention* mention : {&event.actor, &event.parent, &event.target}) {
    sink = sink + touch(mention->vendor_uid) + touch(mention->pid) + touch(mention->image);
  }
  sink = sink + touch(event.host) + touch(event.vendor_event_uid);
  if (event.host.empty() || event.uid.is_none() || event.time < 0) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  static spoor::RecordParser parser({.extra_fields = {}, .all_extra_fields = true});
  static spoor::test::Looker looker(look);
  looker.errors.clear();
  const std::string_view record(reinterpret_cast<const char*>(data), size);
  const std::string text = spoor::test::padded(record);
  const std::size_t before = looker.events;
  parser.parse(std::string_view(text).substr(0, size), {}, looker);
  if (looker.events == before && looker.errors.empty()) {
    std::abort();  // Neither an event nor a reason.
  }
  return 0;
}
