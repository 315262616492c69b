#include "engine/finding/json_writer.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "engine/base/text.h"

namespace spoor {

struct JsonWriter::State {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer{buffer};

  void key(std::string_view name) { string(name, true); }

  void string(std::string_view value, bool is_key = false) {
    const auto write = [&](std::string_view valid) {
      const auto length = static_cast<rapidjson::SizeType>(valid.size());
      // RapidJSON asserts that the pointer is not null, which that of an empty view may be.
      const char* data = valid.empty() ? "" : valid.data();
      is_key ? writer.Key(data, length) : writer.String(data, length);
    };
    if (is_valid_utf8(value)) {
      write(value);
    } else {
      write(replace_invalid_utf8(value));
    }
  }
};

JsonWriter::JsonWriter() : state_(std::make_unique<State>()) {}

JsonWriter::~JsonWriter() = default;

void JsonWriter::begin_object() {
  state_->writer.StartObject();
}

void JsonWriter::begin_object(std::string_view key) {
  state_->key(key);
  state_->writer.StartObject();
}

void JsonWriter::end_object() {
  state_->writer.EndObject();
}

void JsonWriter::begin_array(std::string_view key) {
  state_->key(key);
  state_->writer.StartArray();
}

void JsonWriter::end_array() {
  state_->writer.EndArray();
}

void JsonWriter::text(std::string_view key, std::string_view value) {
  if (!value.empty()) {
    any_text(key, value);
  }
}

void JsonWriter::any_text(std::string_view key, std::string_view value) {
  state_->key(key);
  state_->string(value);
}

void JsonWriter::number(std::string_view key, std::int64_t value) {
  state_->key(key);
  state_->writer.Int64(value);
}

void JsonWriter::real(std::string_view key, double value) {
  state_->key(key);
  state_->writer.Double(value);
}

void JsonWriter::boolean(std::string_view key, bool value) {
  state_->key(key);
  state_->writer.Bool(value);
}

void JsonWriter::element(std::string_view value) {
  state_->string(value);
}

std::string JsonWriter::finish() const {
  return {state_->buffer.GetString(), state_->buffer.GetSize()};
}

}  // namespace spoor
