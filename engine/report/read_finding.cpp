#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <utility>

#include <rapidjson/document.h>
#include <rapidjson/error/en.h>

#include "engine/base/text.h"
#include "engine/finding/evidence_view.h"
#include "engine/report/report_finding.h"

namespace spoor {
namespace {

using Json = rapidjson::Value;

constexpr std::int64_t kClassDetectionFinding = 2004;

/// A member of an object; null where there is none, or no object.
const Json& member(const Json& json, const char* key) {
  static const Json kNull;
  if (!json.IsObject()) {
    return kNull;
  }
  const auto found = json.FindMember(key);
  return found == json.MemberEnd() ? kNull : found->value;
}

std::string string_of(const Json& json) {
  return json.IsString() ? std::string(json.GetString(), json.GetStringLength()) : std::string();
}

std::string text(const Json& json, const char* key) {
  return string_of(member(json, key));
}

std::int64_t number(const Json& json, const char* key, std::int64_t otherwise) {
  const Json& value = member(json, key);
  return value.IsInt64() ? value.GetInt64() : otherwise;
}

bool flag(const Json& json, const char* key) {
  const Json& value = member(json, key);
  return value.IsBool() && value.GetBool();
}

/// OCSF's timestamp_t. 0 for what is absent or would not fit.
Timestamp time_of(const Json& json, const char* key) {
  constexpr std::int64_t kMillisMax = std::numeric_limits<Timestamp>::max() / kNanosPerMilli;
  const std::int64_t millis = number(json, key, 0);
  return millis > -kMillisMax && millis < kMillisMax ? millis * kNanosPerMilli : 0;
}

/// Calls `use` with each element of an array, at most `limit` of them.
template <typename Use>
void for_each(const Json& array, std::size_t limit, Use use) {
  if (!array.IsArray()) {
    return;
  }
  for (rapidjson::SizeType i = 0; i < array.Size() && i < limit; ++i) {
    use(array[i]);
  }
}

std::vector<std::string> texts(const Json& json, const char* key) {
  std::vector<std::string> list;
  for_each(member(json, key), kReportListMax, [&list](const Json& element) {
    if (element.IsString()) {
      list.push_back(string_of(element));
    }
  });
  return list;
}

ReportLevel level_of(const Json& json, const Json& spoor) {
  std::string word = to_lower_ascii(text(spoor, "level"));
  word = word.empty() ? to_lower_ascii(text(json, "severity")) : word;
  for (std::size_t i = 0; i < kReportLevelCount; ++i) {
    if (to_string(static_cast<ReportLevel>(i)) == word) {
      return static_cast<ReportLevel>(i);
    }
  }
  return ReportLevel::unknown;
}

Knowledge knowledge_of(const Json& data) {
  const std::string word = text(data, "knowledge");
  for (const Knowledge knowledge : {Knowledge::known, Knowledge::claimed, Knowledge::inferred}) {
    if (word == to_string(knowledge)) {
      return knowledge;
    }
  }
  return Knowledge::missing;
}

std::string name_with_pid(const Json& process) {
  std::string name = text(process, "name");
  const Json& pid = member(process, "pid");
  return pid.IsInt64() ? name.append(name.empty() ? "" : " ")
                             .append("(" + std::to_string(pid.GetInt64()) + ")")
                       : name;
}

/// {"tactic": …, "technique": …, "sub_technique": …}: the most precise name there is.
ReportTechnique technique_of(const Json& attack) {
  ReportTechnique technique{.tactic = text(member(attack, "tactic"), "name"), .id = {}, .name = {}};
  for (const char* key : {"sub_technique", "technique", "tactic"}) {
    const Json& named = member(attack, key);
    technique.id = text(named, "uid");
    technique.name = text(named, "name");
    if (!technique.id.empty() || !technique.name.empty()) {
      break;
    }
  }
  return technique;
}

class Reader {
 public:
  explicit Reader(const Json& json)
      : json_(json),
        info_(member(json, "finding_info")),
        spoor_(member(member(json, "unmapped"), "spoor")) {}

  ReportFinding read() {
    read_head();
    finding_.description = text(info_, "desc");
    finding_.system = text(member(member(json_, "device"), "os"), "name");
    finding_.product_version = text(member(member(json_, "metadata"), "product"), "version");
    read_processes();
    read_events();
    read_indicators();
    read_rules();
    finding_.evidence_total =
        std::max(number(info_, "related_events_count", 0),
                 static_cast<std::int64_t>(
                     member(json_, "evidences").IsArray() ? member(json_, "evidences").Size() : 0));
    return std::move(finding_);
  }

 private:
  void read_head() {
    ReportHead& head = finding_.head;
    const Json& device = member(json_, "device");
    head.uid = text(info_, "uid");
    head.revision = number(spoor_, "revision", 1);
    head.level = level_of(json_, spoor_);
    head.status = text(spoor_, "status");
    head.title = text(info_, "title");
    head.host = text(device, "hostname");
    head.host_key = text(device, "uid");
    if (head.host.empty()) {
      head.host = head.host_key;
    }
    head.rule_id = text(member(info_, "analytic"), "uid");
    head.process = name_with_pid(member(member(json_, "actor"), "process"));
    for_each(member(info_, "attacks"), kReportListMax,
             [&head](const Json& attack) { head.techniques.push_back(technique_of(attack)); });
    head.first = time_of(json_, "start_time");
    head.last = time_of(json_, "end_time");
  }

  void read_processes() {
    const Json& graph = member(info_, "attack_graph");
    for_each(member(graph, "nodes"), std::numeric_limits<std::size_t>::max(),
             [this](const Json& node) {
               if (text(node, "type") == "process") {
                 read_process(node);
               }
             });
    for_each(member(graph, "edges"), std::numeric_limits<std::size_t>::max(),
             [this](const Json& edge) {
               if (text(edge, "relation") == "spawned") {
                 read_parent(edge);
               }
             });
  }

  void read_process(const Json& node) {
    if (finding_.processes.size() == kReportProcessesMax) {
      ++finding_.processes_left_out;
      return;
    }
    const Json& data = member(node, "data");
    const Json& pid = member(data, "pid");
    const std::string uid = text(node, "uid");
    nodes_.emplace(uid, finding_.processes.size());
    finding_.processes.push_back({
        .uid = uid,
        .name = text(node, "name"),
        .path = text(data, "path"),
        .pid = pid.IsInt64() ? std::to_string(pid.GetInt64()) : std::string(),
        .command_line = text(data, "cmd_line"),
        .user = text(data, "user"),
        .integrity = text(data, "integrity"),
        .hashes = {},
        .start = time_of(data, "created_time"),
        .end = time_of(data, "terminated_time"),
        .is_target = uid.starts_with("process:") && text(data, "knowledge").empty(),
        .knowledge = knowledge_of(data),
        .anchor = flag(data, "anchor"),
        .parent_mismatch = flag(data, "parent_mismatch"),
        .parent_ambiguous = flag(data, "parent_ambiguous"),
        .parent = {},
    });
  }

  /// Only from before to after: whatever the edges say, no circle can come of it.
  void read_parent(const Json& edge) {
    const auto parent = nodes_.find(text(edge, "source"));
    const auto child = nodes_.find(text(edge, "target"));
    if (parent != nodes_.end() && child != nodes_.end() && parent->second < child->second) {
      finding_.processes[child->second].parent = parent->second;
    }
  }

  void read_events() {
    const Json& evidences = member(json_, "evidences");
    const Json& related = member(info_, "related_events");
    const bool described =
        evidences.IsArray() && related.IsArray() && evidences.Size() == related.Size();
    rapidjson::SizeType index = 0;
    for_each(evidences, kReportEvidenceMax, [&](const Json& evidence) {
      read_evidence(evidence, described ? text(related[index], "title") : std::string());
      ++index;
      ++finding_.evidence_shown;
    });
  }

  /// An event that is evidence of several steps stands in several pieces, one after the other.
  void read_evidence(const Json& evidence, const std::string& title) {
    const Json& data = member(evidence, "data");
    ReportStep step = step_of(evidence, data);
    const std::string event_uid = text(data, "event_uid");
    if (!finding_.events.empty() && !event_uid.empty() && event_uid == last_event_uid_) {
      finding_.events.back().steps.push_back(std::move(step));
      return;
    }
    last_event_uid_ = event_uid;
    ReportEvent event;
    event.uid = text(evidence, "uid");
    event.event_uid = event_uid;
    event.description =
        title.starts_with(step.name + ": ") ? title.substr(step.name.size() + 2) : title;
    event.source = text(data, "source");
    event.category = text(data, "category");
    event.time = parse_timestamp(text(data, "time"));
    event.salvaged = flag(data, "salvaged");
    event.process_ambiguous = flag(data, "process_ambiguous");
    event.process = process_of(evidence, data);
    event.steps.push_back(std::move(step));
    read_fields(data, event);
    event.raw = text(data, "raw");
    finding_.events.push_back(std::move(event));
    read_hashes(member(evidence, "file"));
    read_process_hashes(member(evidence, "process"));
  }

  /// The nodes of the tree have none.
  void read_process_hashes(const Json& process) {
    const Json& file = member(process, "file");
    read_hashes(file);
    const auto node = nodes_.find(text(process, "uid"));
    if (node == nodes_.end() || !finding_.processes[node->second].hashes.empty()) {
      return;
    }
    for_each(member(file, "hashes"), kReportListMax, [&](const Json& hash) {
      finding_.processes[node->second].hashes.emplace_back(text(hash, "algorithm"),
                                                           text(hash, "value"));
    });
  }

  static void read_fields(const Json& data, ReportEvent& event) {
    const Json& fields = member(data, "event");
    if (!fields.IsObject()) {
      return;
    }
    for (const auto& field : fields.GetObject()) {
      if (event.fields.size() == kReportListMax) {
        return;
      }
      event.fields.emplace_back(string_of(field.name), string_of(field.value));
    }
  }

  static ReportStep step_of(const Json& evidence, const Json& data) {
    const Json& said = member(data, "step");
    ReportStep step{.name = text(evidence, "name"),
                    .title = text(said, "title"),
                    .required = flag(said, "required"),
                    .matched = {}};
    for_each(member(data, "matched"), kReportListMax, [&step](const Json& match) {
      step.matched.push_back({.field = text(match, "field"),
                              .value = text(match, "value"),
                              .test = text(match, "test"),
                              .form = text(match, "form")});
    });
    return step;
  }

  [[nodiscard]] std::optional<std::size_t> process_of(const Json& evidence,
                                                      const Json& data) const {
    const std::string named = text(data, "node");
    const auto node = nodes_.find(named.empty() ? text(member(evidence, "process"), "uid") : named);
    return node == nodes_.end() ? std::nullopt : std::optional(node->second);
  }

  /// OCSF's observables say of a hash that it is one, not of what.
  void read_hashes(const Json& file) {
    for_each(member(file, "hashes"), kReportListMax, [&](const Json& hash) {
      hashes_.emplace(text(hash, "value"), std::pair(text(hash, "algorithm"), text(file, "name")));
    });
  }

  void read_indicators() {
    read_process_hashes(member(member(json_, "actor"), "process"));
    for_each(member(json_, "observables"), kReportListMax, [this](const Json& observable) {
      ReportIndicator indicator{
          .type = text(observable, "type"), .value = text(observable, "value"), .of = {}};
      const auto hash = hashes_.find(indicator.value);
      if (indicator.type == "Hash" && hash != hashes_.end()) {
        std::tie(indicator.type, indicator.of) = hash->second;
      }
      finding_.indicators.push_back(std::move(indicator));
    });
  }

  void read_rules() {
    for_each(member(spoor_, "rules"), kReportListMax, [this](const Json& rule) {
      const std::string title = text(rule, "title");
      finding_.rules.push_back({.id = text(rule, "id"),
                                .title = title.empty() ? text(rule, "name") : title,
                                .logic_hash = text(rule, "logic_hash"),
                                .author = text(rule, "author"),
                                .license = text(rule, "license"),
                                .references = texts(rule, "references"),
                                .false_positives = texts(rule, "false_positives")});
    });
  }

  const Json& json_;
  const Json& info_;
  const Json& spoor_;
  ReportFinding finding_;
  std::map<std::string, std::size_t> nodes_;
  std::map<std::string, std::pair<std::string, std::string>> hashes_;  ///< → algorithm, file.
  std::string last_event_uid_;
};

}  // namespace

std::string_view to_string(ReportLevel level) {
  switch (level) {
    case ReportLevel::critical: return "critical";
    case ReportLevel::high: return "high";
    case ReportLevel::medium: return "medium";
    case ReportLevel::low: return "low";
    case ReportLevel::informational: return "informational";
    case ReportLevel::unknown: return "unknown";
  }
  return "unknown";
}

Result<ReportFinding> read_finding(std::string_view json, std::size_t* error_offset) {
  // Iterative: how deep the text nests was decided by whoever wrote it.
  constexpr unsigned kFlags =
      rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;
  rapidjson::Document document;
  document.Parse<kFlags>(json.data(), json.size());
  if (document.HasParseError()) {
    if (error_offset != nullptr) {
      *error_offset = document.GetErrorOffset();
    }
    return fail(ErrorCode::malformed_json,
                std::string("not JSON: ") + rapidjson::GetParseError_En(document.GetParseError()));
  }
  if (number(document, "class_uid", 0) != kClassDetectionFinding) {
    return fail(ErrorCode::unknown_source,
                "not a finding: class_uid is not 2004 (OCSF Detection Finding)");
  }
  ReportFinding finding = Reader(document).read();
  if (finding.head.uid.empty()) {
    return fail(ErrorCode::unknown_source, "not a finding: finding_info.uid is missing");
  }
  return finding;
}

}  // namespace spoor
