#include "cli/config_schema.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include "cli/config_observer.h"
#include "cli/run_config.h"

namespace spoor {
namespace {

/// Has every map that there is; the empty ones tell what is needed. It need not be free of
/// mistakes. Types of inputs and sinks that are not in it are found by what the reader says of
/// "type".
constexpr std::string_view kSample = R"(
state: x
inputs: [{type: tcp, tls: {}}, {type: http, tls: {}}, {}]
bus: {}
sinks: [{url: "https://x"}, {}]
lateness: {}
processes: {}
admin: "127.0.0.1:1"
log: {}
)";

constexpr std::string_view kRoot = "the configuration";

using Json = rapidjson::PrettyWriter<rapidjson::StringBuffer>;

void write(Json& json, std::string_view text) {
  json.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

void write(Json& json, std::string_view key, std::string_view text) {
  write(json, key);
  write(json, text);
}

void write_raw(Json& json, std::string_view key, std::string_view value, rapidjson::Type type) {
  write(json, key);
  json.RawValue(value.data(), value.size(), type);
}

/// A map that may stand somewhere, and what may stand in it.
struct MapSchema {
  std::vector<std::string> keys;
  std::map<std::string, ConfigValue, std::less<>> values;
  std::set<std::string, std::less<>> needed;
  std::set<std::pair<std::string, std::string>> needed_one;  ///< Of two.
  /// Maps below a key, alone or in a list.
  std::map<std::string, std::set<std::string>> below;
  std::set<std::string> lists;
  std::set<std::string> types;  ///< Values of "type" of the maps that were read as this one.
};

class Recorder final : public ConfigObserver {
 public:
  void map(const std::string& what,
           const std::vector<std::string_view>& keys,
           const YamlNode& node) override {
    MapSchema& schema = maps_[what];
    for (const std::string_view key : keys) {
      if (std::ranges::find(schema.keys, key) == schema.keys.end()) {
        schema.keys.emplace_back(key);
      }
    }
    if (const YamlNode* type = node.find("type")) {
      schema.types.insert(type->text);
    }
    if (const auto place = places_.find(&node); place != places_.end()) {
      maps_[place->second.first].below[place->second.second].insert(what);
    }
    for (const YamlEntry& entry : node.entries) {
      places_[&entry.value] = {what, entry.key.text};
      for (const YamlNode& item : entry.value.items) {
        places_[&item] = {what, entry.key.text};
        schema.lists.insert(entry.key.text);
      }
    }
  }

  void value(const std::string& what, std::string_view key, const ConfigValue& value) override {
    ConfigValue& known = maps_[what].values[std::string(key)];
    // A choice is read as a text first.
    if (known.kind == ConfigValue::Kind::text) {
      known = value;
    }
  }

  void needed(const std::string& what, std::string_view key) override {
    maps_[what].needed.emplace(key);
  }

  void needed_one(const std::string& what, std::string_view key, std::string_view other) override {
    maps_[what].needed_one.emplace(key, other);
  }

  /// Forgets where things stood: another document comes.
  void begin_document() { places_.clear(); }

  /// Lists of the configuration, and types of their items that have not been read yet.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> unread_types() const;

  void write_map(Json& json, const std::string& what, bool is_one_of_several) const;

 private:
  void write_property(Json& json, const MapSchema& schema, const std::string& key) const;
  void write_below(Json& json, const MapSchema& schema, const std::string& key) const;

  std::map<std::string, MapSchema> maps_;
  /// Of a value: the map that has it, and its key.
  std::map<const YamlNode*, std::pair<std::string, std::string>> places_;
};

std::vector<std::pair<std::string, std::string>> Recorder::unread_types() const {
  std::vector<std::pair<std::string, std::string>> unread;
  const MapSchema& root = maps_.at(std::string(kRoot));
  for (const std::string& list : root.lists) {
    std::set<std::string> words;
    std::set<std::string> read;
    for (const std::string& what : root.below.at(list)) {
      const MapSchema& item = maps_.at(what);
      read.insert(item.types.begin(), item.types.end());
      if (const auto type = item.values.find("type"); type != item.values.end()) {
        words.insert(type->second.words.begin(), type->second.words.end());
      }
    }
    for (const std::string& word : words) {
      if (!read.contains(word)) {
        unread.emplace_back(list, word);
      }
    }
  }
  return unread;
}

void write_value(Json& json, const ConfigValue& value) {
  constexpr std::string_view kDuration = "^[0-9]+(ms|s|m|h|d)$";
  constexpr std::string_view kBytes = "^[0-9]+(KiB|MiB|GiB)?$";
  switch (value.kind) {
    case ConfigValue::Kind::text: write(json, "type", "string"); break;
    case ConfigValue::Kind::flag: write(json, "type", "boolean"); break;
    case ConfigValue::Kind::number:
      write(json, "type", "integer");
      write(json, "minimum");
      json.Uint64(value.least);
      write(json, "maximum");
      json.Uint64(value.most);
      break;
    case ConfigValue::Kind::duration:
      write(json, "type", "string");
      write(json, "pattern", kDuration);
      break;
    case ConfigValue::Kind::bytes:
      write_raw(json, "type", R"(["integer", "string"])", rapidjson::kArrayType);
      write(json, "minimum");
      json.Uint(0);
      write(json, "pattern", kBytes);
      break;
    case ConfigValue::Kind::texts:
      write_raw(json, "type", R"(["string", "array"])", rapidjson::kArrayType);
      write_raw(json, "items", R"({"type": "string"})", rapidjson::kObjectType);
      break;
    case ConfigValue::Kind::choice:
      write(json, "enum");
      json.StartArray();
      for (const std::string& word : value.words) {
        write(json, word);
      }
      json.EndArray();
      break;
  }
  if (!value.otherwise.empty()) {
    write_raw(json, "default", value.otherwise, rapidjson::kStringType);
  }
}

void Recorder::write_below(Json& json, const MapSchema& schema, const std::string& key) const {
  const std::set<std::string>& maps = schema.below.at(key);
  const bool is_list = schema.lists.contains(key);
  if (is_list) {
    write(json, "type", "array");
    write(json, "items");
    json.StartObject();
  }
  if (maps.size() == 1) {
    write_map(json, *maps.begin(), false);
  } else {
    write(json, "anyOf");
    json.StartArray();
    for (const std::string& what : maps) {
      json.StartObject();
      write_map(json, what, true);
      json.EndObject();
    }
    json.EndArray();
  }
  if (is_list) {
    json.EndObject();
  }
}

void Recorder::write_property(Json& json, const MapSchema& schema, const std::string& key) const {
  write(json, key);
  json.StartObject();
  if (schema.below.contains(key)) {
    write_below(json, schema, key);
  } else if (const auto value = schema.values.find(key); value != schema.values.end()) {
    write_value(json, value->second);
  }
  json.EndObject();
}

void Recorder::write_map(Json& json, const std::string& what, bool is_one_of_several) const {
  const MapSchema& schema = maps_.at(what);
  write(json, "title", what);
  write(json, "type", "object");
  write(json, "properties");
  json.StartObject();
  for (const std::string& key : schema.keys) {
    // Which of several a map is, its type says.
    if (key == "type" && is_one_of_several && schema.types.size() == 1) {
      write(json, key);
      json.StartObject();
      write(json, "const", *schema.types.begin());
      json.EndObject();
    } else {
      write_property(json, schema, key);
    }
  }
  json.EndObject();
  if (!schema.needed.empty()) {
    write(json, "required");
    json.StartArray();
    for (const std::string& key : schema.needed) {
      write(json, key);
    }
    json.EndArray();
  }
  for (const auto& [key, other] : schema.needed_one) {
    write(json, "oneOf");
    json.StartArray();
    for (const std::string& one : {key, other}) {
      json.StartObject();
      write(json, "required");
      json.StartArray();
      write(json, one);
      json.EndArray();
      json.EndObject();
    }
    json.EndArray();
  }
  write(json, "additionalProperties");
  json.Bool(false);
}

void read_sample(Recorder& recorder, std::string content) {
  const ConfigObservation observation(recorder);
  std::vector<Diagnostic> ignored;
  recorder.begin_document();
  static_cast<void>(read_run_config({.path = "sample", .content = std::move(content)}, ignored));
}

}  // namespace

std::string render_config_schema() {
  Recorder recorder;
  read_sample(recorder, std::string(kSample));
  for (const auto& [list, type] : recorder.unread_types()) {
    std::string sample = list;
    sample.append(": [{type: ").append(type).append("}]\n");
    read_sample(recorder, std::move(sample));
  }
  rapidjson::StringBuffer buffer;
  Json json(buffer);
  json.SetIndent(' ', 2);
  json.StartObject();
  write(json, "$schema", "http://json-schema.org/draft-07/schema#");
  recorder.write_map(json, std::string(kRoot), false);
  json.EndObject();
  return std::string(buffer.GetString(), buffer.GetSize()) + "\n";
}

}  // namespace spoor
