// What another reader of the same records makes of them: elastic/integrations' expected ECS
// documents against our events, through a table of ECS paths. The samples' licence keeps them out
// of this repository; without ../shared the test is skipped.

#include <cctype>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <simdjson.h>

#include "engine/base/text.h"
#include "tests/source_dir.h"
#include "tests/support/parsing.h"

namespace spoor {
namespace {

using Values = std::map<std::string, std::string>;
using Getter = std::function<std::string(const Event&)>;

struct Row {
  std::string path;  ///< Theirs.
  Getter ours;
};

/// A field of ours.
Getter field(FieldId id) {
  return [id](const Event& event) { return std::string(event.field(id)); };
}

/// As the vendor wrote it: they keep registry keys and paths so.
Getter original(FieldId id) {
  return [id](const Event& event) {
    const std::string_view value = event.original(id);
    return std::string(value.data() == nullptr ? event.field(id) : value);
  };
}

/// What is no field of ours, by the vendor's own key.
Getter extra(std::string key) {
  return [key = std::move(key)](const Event& event) {
    for (const ExtraField& candidate : event.extra) {
      if (candidate.name == key) {
        return std::string(candidate.value);
      }
    }
    return std::string();
  };
}

Getter basename(FieldId id) {
  return [id](const Event& event) { return std::string(basename_of(event.field(id))); };
}

/// "SHA1=…,MD5=…" → the one.
Getter hash(std::string algorithm) {
  return [algorithm = std::move(algorithm)](const Event& event) {
    const std::string all(event.field(FieldId::hashes));
    const std::size_t at = all.find(algorithm + "=");
    if (at == std::string::npos) {
      return std::string();
    }
    const std::size_t begin = at + algorithm.size() + 1;
    return all.substr(begin, all.find(',', begin) - begin);
  };
}

std::string time_text(Timestamp time) {
  return time == 0 ? std::string() : format_timestamp(time);
}

std::string platform(const Event& event) {
  return std::string(to_string(event.platform));
}

std::string record_id(const Event& event) {
  return std::string(event.vendor_event_uid.substr(event.vendor_event_uid.rfind(':') + 1));
}

/// Paths of every Cloud Funnel document.
std::vector<Row> common_rows() {
  return {
      {"@timestamp", [](const Event& event) { return time_text(event.time); }},
      {"event.id", record_id},
      {"host.hostname", [](const Event& event) { return std::string(event.hostname); }},
      {"host.os.platform", platform},
      {"host.os.name", extra("os.name")},
      {"host.type", extra("endpoint.type")},
      {"sentinel_one_cloud_funnel.event.type",
       [](const Event& event) { return std::string(event.vendor_type); }},
      {"sentinel_one_cloud_funnel.event.agent.uuid",
       [](const Event& event) { return std::string(event.host); }},
      {"sentinel_one_cloud_funnel.event.category", extra("event.category")},
  };
}

/// Their `process` is always src: in a creation our parent, else our actor.
std::vector<Row> actor_rows() {
  return {
      {"process.command_line", field(FieldId::command_line)},
      {"process.name", basename(FieldId::image)},
      {"process.pid", field(FieldId::process_id)},
      {"process.user.name", field(FieldId::user)},
      {"process.start", [](const Event& event) { return time_text(event.actor.start); }},
      {"process.title", extra("src.process.displayName")},
      {"process.thread.id", extra("src.process.tid")},
      {"process.hash.md5", extra("src.process.image.md5")},
      {"process.hash.sha1", extra("src.process.image.sha1")},
      {"process.hash.sha256", extra("src.process.image.sha256")},
      {"process.parent.command_line", field(FieldId::parent_command_line)},
      {"process.parent.name", basename(FieldId::parent_image)},
      {"process.parent.pid", field(FieldId::parent_process_id)},
      {"process.parent.user.name", field(FieldId::parent_user)},
      {"process.parent.start", [](const Event& event) { return time_text(event.parent.start); }},
      {"process.parent.title", extra("src.process.parent.displayName")},
      {"process.parent.hash.sha1", extra("src.process.parent.image.sha1")},
      {"process.parent.hash.sha256", extra("src.process.parent.image.sha256")},
      {"sentinel_one_cloud_funnel.event.src.process.uid", field(FieldId::process_guid)},
      {"sentinel_one_cloud_funnel.event.src.process.image.path", original(FieldId::image)},
      {"sentinel_one_cloud_funnel.event.src.process.integrity_level",
       field(FieldId::integrity_level)},
      {"sentinel_one_cloud_funnel.event.src.process.session_id",
       field(FieldId::terminal_session_id)},
      {"sentinel_one_cloud_funnel.event.src.process.storyline_id", field(FieldId::group_uid)},
      {"sentinel_one_cloud_funnel.event.src.process.parent.uid",
       field(FieldId::parent_process_guid)},
      {"sentinel_one_cloud_funnel.event.src.process.parent.image.path",
       original(FieldId::parent_image)},
      {"file.path", field(FieldId::target_filename)},
      {"file.created",
       [](const Event& event) {
         const auto time = parse_timestamp(event.field(FieldId::creation_utc_time));
         return time ? format_timestamp(*time) : std::string();
       }},
      {"file.size", extra("tgt.file.size")},
      {"file.type", extra("tgt.file.type")},
      {"registry.key", original(FieldId::target_object)},
      {"sentinel_one_cloud_funnel.event.registry.value.type", extra("registry.valueType")},
      {"source.ip", field(FieldId::source_ip)},
      {"source.port", field(FieldId::source_port)},
      {"destination.ip", field(FieldId::destination_ip)},
      {"destination.port", field(FieldId::destination_port)},
      {"network.protocol", field(FieldId::destination_port_name)},
      {"network.direction",
       [](const Event& event) {
         const std::string_view initiated = event.field(FieldId::initiated);
         return std::string(initiated == "true" ? "egress" : initiated == "false" ? "ingress" : "");
       }},
      {"event.outcome", extra("event.network.connectionStatus")},
      {"sentinel_one_cloud_funnel.event.dns.request", field(FieldId::query_name)},
      {"sentinel_one_cloud_funnel.event.module.path", field(FieldId::image_loaded)},
      {"sentinel_one_cloud_funnel.event.module.sha1", hash("SHA1")},
      {"sentinel_one_cloud_funnel.event.indicator.name", field(FieldId::threat_name)},
      {"sentinel_one_cloud_funnel.event.indicator.category", extra("indicator.category")},
  };
}

std::vector<Row> creation_rows() {
  return {
      {"process.command_line", field(FieldId::parent_command_line)},
      {"process.name", basename(FieldId::parent_image)},
      {"process.pid", field(FieldId::parent_process_id)},
      {"process.user.name", field(FieldId::parent_user)},
      {"process.start", [](const Event& event) { return time_text(event.parent.start); }},
      {"process.title", extra("src.process.displayName")},
      {"process.hash.md5", extra("src.process.image.md5")},
      {"process.hash.sha1", extra("src.process.image.sha1")},
      {"process.hash.sha256", extra("src.process.image.sha256")},
      {"process.parent.command_line", field(FieldId::grand_parent_command_line)},
      {"process.parent.name", basename(FieldId::grand_parent_image)},
      {"sentinel_one_cloud_funnel.event.src.process.uid", field(FieldId::parent_process_guid)},
      {"sentinel_one_cloud_funnel.event.tgt.process.uid", field(FieldId::process_guid)},
      {"sentinel_one_cloud_funnel.event.tgt.process.pid", field(FieldId::process_id)},
      {"sentinel_one_cloud_funnel.event.tgt.process.image.path", field(FieldId::image)},
      {"sentinel_one_cloud_funnel.event.tgt.process.image.md5", hash("MD5")},
      {"sentinel_one_cloud_funnel.event.tgt.process.image.sha1", hash("SHA1")},
      {"sentinel_one_cloud_funnel.event.tgt.process.image.sha256", hash("SHA256")},
      {"sentinel_one_cloud_funnel.event.tgt.process.cmd_line", field(FieldId::command_line)},
      {"sentinel_one_cloud_funnel.event.tgt.process.user.name", field(FieldId::user)},
      {"sentinel_one_cloud_funnel.event.tgt.process.integrity_level",
       field(FieldId::integrity_level)},
      {"sentinel_one_cloud_funnel.event.tgt.process.session_id",
       field(FieldId::terminal_session_id)},
      {"sentinel_one_cloud_funnel.event.tgt.process.publisher", field(FieldId::company)},
      {"sentinel_one_cloud_funnel.event.tgt.process.display_name", field(FieldId::description)},
      {"sentinel_one_cloud_funnel.event.tgt.process.storyline_id", field(FieldId::group_uid)},
      {"sentinel_one_cloud_funnel.event.tgt.process.start_time",
       [](const Event& event) { return time_text(event.actor.start); }},
      {"sentinel_one_cloud_funnel.event.tgt.process.signed_status",
       [](const Event& event) {
         return std::string(event.field(FieldId::is_signed) == "true" ? "signed" : "unsigned");
       }},
  };
}

std::vector<Row> management_rows() {
  const auto host = [](const Event& event) { return std::string(event.host); };
  return {
      {"@timestamp", [](const Event& event) { return time_text(event.time); }},
      {"event.id", record_id},
      {"host.name", [](const Event& event) { return std::string(event.hostname); }},
      {"host.os.type", platform},
      {"sentinel_one.agent.uuid", host},
      {"sentinel_one.threat.agent.uuid", host},
      {"sentinel_one.threat.name", field(FieldId::threat_name)},
      {"sentinel_one.threat.process_user", field(FieldId::user)},
      {"sentinel_one.threat.malicious_process_arguments", field(FieldId::command_line)},
      {"sentinel_one.threat.storyline", field(FieldId::group_uid)},
      {"sentinel_one.threat.confidence_level", field(FieldId::severity)},
      {"sentinel_one.threat.classification", extra("threatInfo.classification")},
      {"sentinel_one.threat.file.identified_at",
       [](const Event& event) { return time_text(event.time); }},
      {"process.name", extra("threatInfo.originatorProcess")},
      {"threat.indicator.file.path", field(FieldId::image)},
      {"threat.indicator.file.hash.sha1", hash("SHA1")},
      {"threat.tactic.name", field(FieldId::tactic)},
      {"threat.technique.id", field(FieldId::technique)},
  };
}

/// A document as paths and values; a list of values is joined by commas.
void flatten(simdjson::dom::element element, const std::string& path, Values& out) {
  if (element.is_object()) {
    for (const auto [key, value] : element.get_object()) {
      flatten(value, path.empty() ? std::string(key) : path + "." + std::string(key), out);
    }
    return;
  }
  if (element.is_array()) {
    for (const simdjson::dom::element value : element.get_array()) {
      if (value.is_string()) {
        std::string& list = out[path];
        list.append(list.empty() ? "" : ",").append(value.get_string().value());
      }
    }
    return;
  }
  out[path] = element.is_string() ? std::string(element.get_string().value())
                                  : simdjson::to_string(element);
}

/// They lower the case of some words, we of others.
bool same(std::string_view theirs, std::string_view ours) {
  return equals_ignore_case_ascii(theirs, ours);
}

/// Their tests fix every date of Cloud Funnel; the milliseconds are the record's.
bool differs_in_date(std::string_view theirs, std::string_view ours) {
  constexpr std::string_view kFixed = "2023-01-01T00:00:00.";
  return theirs.starts_with(kFixed) && ours.size() == theirs.size() &&
         ours.substr(kFixed.size()) == theirs.substr(kFixed.size());
}

/// They take the quotes off a parent's command line, but not off a process's.
bool differs_in_quotes(std::string_view theirs, std::string_view ours) {
  return ours.size() == theirs.size() + 2 && ours.starts_with('"') && ours.ends_with('"') &&
         ours.substr(1, theirs.size()) == theirs;
}

struct Comparison {
  std::map<std::string, int> different;  ///< How many documents differ at that path, and in what.
  std::map<std::string, int> compared;
  std::map<std::string, std::string> example;
};

void compare(const Event& event,
             const Values& theirs,
             const std::vector<Row>& rows,
             Comparison& result) {
  for (const Row& row : rows) {
    const auto want = theirs.find(row.path);
    if (want == theirs.end()) {
      continue;
    }
    ++result.compared[row.path];
    const std::string ours = row.ours(event);
    if (same(want->second, ours)) {
      continue;
    }
    const char* what = differs_in_date(want->second, ours)     ? " (date)"
                       : differs_in_quotes(want->second, ours) ? " (quotes)"
                                                               : "";
    ++result.different[row.path + what];
    result.example[row.path + what] = want->second + " | " + ours;
  }
}

void compare_file(const std::filesystem::path& input, Comparison& result) {
  std::string name = input.string();
  const std::size_t at = name.rfind(".input.");
  std::ifstream records(input);
  std::ifstream documents(name.replace(at, 7, ".expected-ecs."));
  ASSERT_TRUE(documents) << name;
  const bool is_management = input.filename().string().starts_with("api-");
  simdjson::dom::parser json;
  std::string document;
  for (std::string record; std::getline(records, record);) {
    ASSERT_TRUE(std::getline(documents, document)) << name;
    Values theirs;
    flatten(json.parse(document), "", theirs);
    const test::Looker looker = test::parse(record, [&](const Event& event) {
      if (is_management) {
        compare(event, theirs, management_rows(), result);
        return;
      }
      compare(event, theirs, common_rows(), result);
      const bool is_creation = event.type == EventType::process_creation;
      compare(event, theirs, is_creation ? creation_rows() : actor_rows(), result);
    });
    EXPECT_EQ(looker.events, 1U) << input;
  }
}

/// Where we differ on purpose: in how many documents, and why.
struct Difference {
  const char* path;
  int documents;
  const char* reason;
};

constexpr const char* kDate = "their test fixes the date; the milliseconds agree";

constexpr Difference kDifferences[] = {
    {"@timestamp (date)", 7, kDate},
    {"file.created (date)", 1, kDate},
    {"process.start (date)", 7, kDate},
    {"process.parent.start (date)", 6, kDate},
    {"sentinel_one_cloud_funnel.event.tgt.process.start_time (date)", 1, kDate},
    {"@timestamp", 5, "a threat: theirs is its last change, ours when it was identified"},
    {"process.parent.command_line (quotes)", 4, "quotes are part of a command line"},
    {"process.parent.command_line", 1, "quotes, and they resolve its backslashes twice"},
    {"process.parent.name", 1, "the record's image.path and name disagree; ours is of the path"},
    {"sentinel_one.threat.confidence_level", 5, "malicious is High among our severities"},
};

TEST(SentinelOneExpected, ElasticsDocumentsSayWhatOurEventsSay) {
  const std::filesystem::path folder =
      SPOOR_SOURCE_DIR "/../shared/data/samples/sentinelone/elastic";
  if (!std::filesystem::exists(folder)) {
    GTEST_SKIP() << "skipped: the shared samples are not here";
  }
  Comparison result;
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().string().find(".input.") != std::string::npos) {
      compare_file(entry.path(), result);
      ++files;
    }
  }
  EXPECT_EQ(files, 9);
  std::map<std::string, int> want;
  for (const Difference& difference : kDifferences) {
    want[difference.path] = difference.documents;
  }
  EXPECT_EQ(result.different, want);
  for (const auto& [path, count] : result.different) {
    if (!want.contains(path) || want[path] != count) {
      ADD_FAILURE() << path << ": " << result.example[path];
    }
  }
  // Each path of the tables stands in some document: none is misspelt.
  for (const std::vector<Row>& rows :
       {common_rows(), actor_rows(), creation_rows(), management_rows()}) {
    for (const Row& row : rows) {
      EXPECT_TRUE(result.compared.contains(row.path)) << row.path;
    }
  }
}

}  // namespace
}  // namespace spoor
