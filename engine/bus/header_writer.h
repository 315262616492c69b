// Headers of the bus: small JSON objects.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "engine/bus/message.h"

namespace spoor {

/// One JSON object, keys as they are added.
class HeaderWriter {
 public:
  HeaderWriter() { writer_.StartObject(); }

  HeaderWriter& number(std::string_view key, std::uint64_t value) {
    write_key(key);
    writer_.Uint64(value);
    return *this;
  }

  HeaderWriter& text(std::string_view key, std::string_view value) {
    write_key(key);
    writer_.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
    return *this;
  }

  HeaderWriter& flag(std::string_view key, bool value) {
    write_key(key);
    writer_.Bool(value);
    return *this;
  }

  HeaderWriter& identity(const BusIdentity& identity) {
    return number("v", kBusVersion)
        .text("instance", identity.instance)
        .number("epoch", identity.epoch);
  }

  HeaderWriter& levels(const FindingHeads& heads) {
    write_key("levels");
    writer_.StartObject();
    for (const auto& [level, sequence] : heads.levels) {
      number(level, sequence);
    }
    writer_.EndObject();
    return *this;
  }

  /// A list of objects: between begin_list and end_list, each between begin_object and end_object.
  HeaderWriter& begin_list(std::string_view key) {
    write_key(key);
    writer_.StartArray();
    return *this;
  }

  HeaderWriter& begin_object() {
    writer_.StartObject();
    return *this;
  }

  HeaderWriter& begin_object(std::string_view key) {
    write_key(key);
    return begin_object();
  }

  HeaderWriter& end_object() {
    writer_.EndObject();
    return *this;
  }

  HeaderWriter& end_list() {
    writer_.EndArray();
    return *this;
  }

  /// Nothing may be added afterwards.
  [[nodiscard]] std::string finish() {
    writer_.EndObject();
    return {buffer_.GetString(), buffer_.GetSize()};
  }

 private:
  void write_key(std::string_view key) {
    writer_.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
  }

  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> writer_{buffer_};
};

}  // namespace spoor
