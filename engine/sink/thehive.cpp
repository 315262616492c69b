#include "engine/sink/thehive.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <set>
#include <string_view>
#include <utility>

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "engine/base/time.h"

namespace spoor {
namespace {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

constexpr std::size_t kObservablesMax = 100;

/// A value on a path of keys; null if it is not there.
template <std::size_t N>
const rapidjson::Value* find(const rapidjson::Value& from, const std::array<const char*, N>& path) {
  const rapidjson::Value* at = &from;
  for (const char* key : path) {
    if (!at->IsObject()) {
      return nullptr;
    }
    const auto next = at->FindMember(key);
    if (next == at->MemberEnd()) {
      return nullptr;
    }
    at = &next->value;
  }
  return at;
}

template <std::size_t N>
std::string_view text(const rapidjson::Value& from, const std::array<const char*, N>& path) {
  const rapidjson::Value* value = find(from, path);
  return value != nullptr && value->IsString()
             ? std::string_view(value->GetString(), value->GetStringLength())
             : std::string_view();
}

void write(Writer& writer, const char* key, std::string_view value) {
  writer.Key(key);
  writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

/// TheHive has four levels: low, medium, high, critical.
int severity_of(std::string_view level) {
  constexpr std::array<std::string_view, 4> kLevels{"low", "medium", "high", "critical"};
  const auto* const found = std::ranges::find(kLevels, level);
  return found == kLevels.end() ? 1 : static_cast<int>(found - kLevels.begin()) + 1;
}

/// TheHive's word for an observable of OCSF; empty for what it has none for.
std::string_view data_type(std::uint64_t ocsf_type, std::string_view value) {
  switch (ocsf_type) {
    case 1: return value.find('.') == std::string_view::npos ? "hostname" : "fqdn";
    case 2: return "ip";
    case 6: return "url";
    case 7: return "filename";
    case 8: return "hash";
    default: return "";
  }
}

void write_observables(Writer& writer, const rapidjson::Value& finding) {
  writer.Key("observables");
  writer.StartArray();
  std::set<std::pair<std::string_view, std::string_view>> written;
  const rapidjson::Value* list = find<1>(finding, {"observables"});
  for (rapidjson::SizeType i = 0; list != nullptr && list->IsArray() && i < list->Size(); ++i) {
    const rapidjson::Value& one = (*list)[i];
    const rapidjson::Value* type = find<1>(one, {"type_id"});
    const std::string_view value = text<1>(one, {"value"});
    const std::string_view kind =
        type != nullptr && type->IsUint64() ? data_type(type->GetUint64(), value) : "";
    if (kind.empty() || value.empty() || written.size() >= kObservablesMax ||
        !written.emplace(kind, value).second) {
      continue;
    }
    writer.StartObject();
    write(writer, "dataType", kind);
    write(writer, "data", value);
    write(writer, "message", text<1>(one, {"name"}));
    writer.EndObject();
  }
  writer.EndArray();
}

/// The technique, or what is below it, of each of its attacks.
std::set<std::string_view> techniques_of(const rapidjson::Value& finding) {
  std::set<std::string_view> techniques;
  const rapidjson::Value* list = find<2>(finding, {"finding_info", "attacks"});
  for (rapidjson::SizeType i = 0; list != nullptr && list->IsArray() && i < list->Size(); ++i) {
    const std::string_view below = text<2>((*list)[i], {"sub_technique", "uid"});
    const std::string_view technique =
        below.empty() ? text<2>((*list)[i], {"technique", "uid"}) : below;
    if (!technique.empty()) {
      techniques.insert(technique);
    }
  }
  return techniques;
}

void write_techniques(Writer& writer, const rapidjson::Value& finding, Timestamp first_seen) {
  writer.Key("procedures");
  writer.StartArray();
  for (const std::string_view technique : techniques_of(finding)) {
    writer.StartObject();
    write(writer, "patternId", technique);
    writer.Key("occurDate");
    writer.Int64(first_seen / kNanosPerMilli);
    writer.EndObject();
  }
  writer.EndArray();
}

std::string description_of(const StoredFinding& stored, const rapidjson::Value& finding) {
  std::string description(text<2>(finding, {"finding_info", "desc"}));
  description += description.empty() ? "" : "\n\n";
  description += "Host **" + (stored.hostname.empty() ? stored.host_key : stored.hostname) + "**";
  if (!stored.process_image.empty()) {
    description += ", process `" + stored.process_image + "`" +
                   (stored.process_pid.empty() ? "" : " (" + stored.process_pid + ")");
  }
  description += ", from " + format_timestamp(stored.first_seen) + " to " +
                 format_timestamp(stored.last_seen) + ", " + std::to_string(stored.evidence_total) +
                 " events.\n\n";
  const std::string_view message = text<1>(finding, {"message"});
  description.append(message).append(message.empty() ? "" : "\n\n");
  return description + "Finding " + to_string(stored.uid) + ", rule " + stored.rule_id + ".";
}

}  // namespace

std::string thehive_alert(const StoredFinding& finding) {
  rapidjson::Document payload;
  payload.Parse<rapidjson::kParseIterativeFlag>(finding.payload.data(), finding.payload.size());
  if (payload.HasParseError() || !payload.IsObject()) {
    payload.SetObject();
  }
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  write(writer, "type", "spoor");
  write(writer, "source", "spoor");
  write(writer, "sourceRef", to_string(finding.uid));
  write(writer, "title",
        finding.title + " on " + (finding.hostname.empty() ? finding.host_key : finding.hostname));
  write(writer, "description", description_of(finding, payload));
  writer.Key("severity");
  writer.Int(severity_of(finding.level));
  writer.Key("date");
  writer.Int64(finding.first_seen / kNanosPerMilli);
  writer.Key("tags");
  writer.StartArray();
  for (const std::string& tag :
       {std::string("spoor"), "rule:" + finding.rule_id, "level:" + finding.level}) {
    writer.String(tag.data(), static_cast<rapidjson::SizeType>(tag.size()));
  }
  for (const std::string_view technique : techniques_of(payload)) {
    writer.String(technique.data(), static_cast<rapidjson::SizeType>(technique.size()));
  }
  writer.EndArray();
  write_observables(writer, payload);
  write_techniques(writer, payload, finding.first_seen);
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace spoor
