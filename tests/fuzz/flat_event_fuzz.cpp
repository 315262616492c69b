// Any JSON object is a flat event, or is refused with a reason: every byte of what it says is ours,
// and routing adds to its fields without taking from them.

#include <cstdlib>
#include <string>

#include "parsers/flat/flat_event.h"
#include "parsers/json/json_scanner.h"
#include "parsers/record_parser.h"

namespace {

void check(bool good) {
  if (!good) {
    std::abort();
  }
}

/// Looks at every byte, for AddressSanitizer to object.
std::size_t weigh(const spoor::Event& event) {
  std::size_t sum = 0;
  for (const spoor::ExtraField& field : event.extra) {
    check(field.name.data() != nullptr && field.value.data() != nullptr);
    check(field.kind == spoor::ValueKind::text || field.value.empty());
    for (const char c : field.name) {
      sum += static_cast<unsigned char>(c);
    }
    for (const char c : field.value) {
      sum += static_cast<unsigned char>(c);
    }
  }
  return sum;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  static spoor::JsonScanner scanner;
  static spoor::Document document;
  static spoor::Scratch scratch;
  static spoor::Event plain;
  static spoor::Event routed;
  scratch.reset();
  plain.clear();
  routed.clear();
  // Exactly as much memory as the reader may read.
  std::string json(reinterpret_cast<const char*>(data), size);
  json.append(spoor::RecordParser::kJsonPadding, '\0');
  if (!scanner.scan(std::string_view(json).substr(0, size), document)) {
    return 0;
  }
  const auto read = spoor::read_flat_event(document, 0, spoor::FlatRoute::none, scratch, plain);
  const auto again =
      spoor::read_flat_event(document, 0, spoor::FlatRoute::windows, scratch, routed);
  check(read.has_value() == again.has_value());
  if (!read) {
    check(!read.error().message.empty());
    return 0;
  }
  check(plain.time == routed.time && plain.time_suspect == routed.time_suspect);
  check(plain.extra.size() <= routed.extra.size());
  check(weigh(plain) <= weigh(routed));
  if (document.node(0).kind == spoor::NodeKind::object) {
    static_cast<void>(spoor::is_flat_event(document, 0, scratch));
  }
  return 0;
}
