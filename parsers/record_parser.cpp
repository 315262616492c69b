#include "parsers/record_parser.h"

#include "engine/base/limits.h"
#include "parsers/envelope.h"
#include "parsers/json_record.h"
#include "parsers/scratch.h"
#include "parsers/sysmon/sysmon.h"
#include "parsers/windows/windows.h"

namespace spoor {

struct RecordParser::Impl {
  explicit Impl(const Projection& projection) : extra(projection) {}

  /// One JSON object → one event or one dead letter.
  void parse_object(simdjson::dom::element element,
                    std::string_view record,
                    const RecordPosition& position,
                    RecordSink& sink) {
    scratch.reset();
    windows.clear();
    event.clear();
    if (!element.is_object()) {
      sink.on_bad_record({ErrorCode::unknown_source, "JSON, but not an object"}, record, position);
      return;
    }
    if (!json.within_key_limit(element)) {
      sink.on_bad_record(
          {ErrorCode::too_many_keys, "more than " + std::to_string(kRecordKeysMax) + " keys"},
          record, position);
      return;
    }
    const Result<void> read =
        read_windows_record(element.get_object().value_unsafe(), scratch, windows);
    if (!read) {
      sink.on_bad_record(read.error(), record, position);
      return;
    }
    if (is_sysmon(windows)) {
      parse_sysmon(windows, extra, scratch, event);
    } else {
      parse_windows_channel(windows, extra, scratch, event);
    }
    event.salvaged = json.salvaged();
    event.position = position;
    event.record = record;
    sink.on_event(event);
  }

  JsonRecord json;
  ExtraFilter extra;
  Scratch scratch;
  WindowsRecord windows;
  Event event;
  std::string element_text;
};

RecordParser::RecordParser(const Projection& projection)
    : impl_(std::make_unique<Impl>(projection)) {}

RecordParser::~RecordParser() = default;
RecordParser::RecordParser(RecordParser&&) noexcept = default;
RecordParser& RecordParser::operator=(RecordParser&&) noexcept = default;

static_assert(RecordParser::kJsonPadding >= simdjson::SIMDJSON_PADDING);

void RecordParser::parse(std::string_view record,
                         const RecordPosition& position,
                         RecordSink& sink) {
  const Result<simdjson::dom::element> root = impl_->json.parse(record);
  if (!root) {
    sink.on_bad_record(root.error(), record, position);
    return;
  }
  if (!root->is_array()) {
    impl_->parse_object(*root, record, position, sink);
    return;
  }
  // Some shippers send a batch as one array on one line.
  const simdjson::dom::array batch = root->get_array().value_unsafe();
  if (batch.size() == 0) {
    sink.on_bad_record({ErrorCode::unknown_source, "an empty JSON array"}, record, position);
  }
  for (const simdjson::dom::element element : batch) {
    impl_->element_text = simdjson::minify(element);
    impl_->parse_object(element, impl_->element_text, position, sink);
  }
}

}  // namespace spoor
