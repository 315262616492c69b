// What we read, against what Elastic's own integration reads from the same records.
//
// Their expected documents are a second opinion, made by others from the same input. Each path of
// theirs that has a counterpart here is compared, both ways. What differs stands in a list with its
// reason, and the list is exact: a difference that comes or goes fails the test.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include "engine/base/text.h"
#include "tests/source_dir.h"
#include "tests/support/parsing.h"

namespace spoor {
namespace {

/// The vendor's own text, where we keep it beside our representation.
std::string as_written(const Event& event, FieldId id) {
  const std::string_view original = event.original(id);
  return std::string(original.data() != nullptr ? original : event.field(id));
}

/// "MD5=…" out of Hashes.
std::string hash_of(const Event& event, std::string_view algorithm) {
  const std::string_view hashes = event.field(FieldId::hashes);
  const std::size_t at = hashes.find(std::string(algorithm) + "=");
  if (at == std::string_view::npos) {
    return "";
  }
  const std::string_view rest = hashes.substr(at + algorithm.size() + 1);
  return std::string(rest.substr(0, rest.find(',')));
}

bool is_about_a_process(const Event& event) {
  return event.type == EventType::process_creation || event.type == EventType::process_termination;
}

std::string process_hash(const Event& event, std::string_view algorithm) {
  return is_about_a_process(event) ? hash_of(event, algorithm) : "";
}

std::string file_hash(const Event& event, std::string_view algorithm) {
  return is_about_a_process(event) ? "" : hash_of(event, algorithm);
}

std::string start_of(const Event& event) {
  return event.actor.start == 0 ? "" : format_timestamp(event.actor.start);
}

std::string direction_of(const Event& event) {
  const std::string_view initiated = event.field(FieldId::initiated);
  if (initiated.empty()) {
    return event.has(FieldId::protocol) ? "unknown" : "";
  }
  return initiated == "true" ? "outbound" : "inbound";
}

std::string user_id_of(const Event& event) {
  const std::string_view user = event.field(FieldId::user);
  const bool is_id = user.starts_with("S-1-") ||
                     (!user.empty() && user.find_first_not_of("0123456789") == std::string::npos);
  return is_id ? std::string(user) : "";
}

std::string user_name_of(const Event& event) {
  const std::string_view user = event.field(FieldId::user);
  if (!user.empty() && user_id_of(event).empty()) {
    return std::string(user);
  }
  return std::string(event.field(FieldId::target_user_name));
}

std::string id_of(const Event& event) {
  const std::string_view uid = event.vendor_event_uid;
  return std::string(uid.substr(std::min(uid.rfind(':') + 1, uid.size())));
}

std::string system_of(const Event& event) {
  return std::string(to_string(event.platform));
}

/// A path of theirs and what we have for it.
struct PathRow {
  const char* path;
  std::function<std::string(const Event&)> ours;
};

PathRow field(const char* path, FieldId id) {
  return {path, [id](const Event& event) { return std::string(event.field(id)); }};
}

PathRow written(const char* path, FieldId id) {
  return {path, [id](const Event& event) { return as_written(event, id); }};
}

std::vector<PathRow> fdr_rows() {
  return {
      {"@timestamp",
       [](const Event& event) { return event.time_suspect ? "" : format_timestamp(event.time); }},
      {"event.action", [](const Event& event) { return std::string(event.vendor_type); }},
      {"event.id", id_of},
      {"observer.serial_number", [](const Event& event) { return std::string(event.host); }},
      {"os.type", system_of},
      {"host.name", [](const Event& event) { return std::string(event.hostname); }},
      {"process.entity_id", [](const Event& event) { return std::string(event.actor.vendor_uid); }},
      {"process.pid", [](const Event& event) { return std::string(event.actor.pid); }},
      {"process.start", start_of},
      written("process.executable", FieldId::image),
      field("process.command_line", FieldId::command_line),
      {"process.hash.md5", [](const Event& event) { return process_hash(event, "MD5"); }},
      {"process.hash.sha256", [](const Event& event) { return process_hash(event, "SHA256"); }},
      {"process.parent.entity_id",
       [](const Event& event) { return std::string(event.parent.vendor_uid); }},
      field("process.title", FieldId::service_name),
      written("file.path", FieldId::target_filename),
      {"file.hash.sha256", [](const Event& event) { return file_hash(event, "SHA256"); }},
      field("source.ip", FieldId::source_ip),
      field("source.port", FieldId::source_port),
      field("destination.ip", FieldId::destination_ip),
      field("destination.port", FieldId::destination_port),
      field("network.transport", FieldId::protocol),
      {"network.direction", direction_of},
      written("dns.question.name", FieldId::query_name),
      {"user.id", user_id_of},
      {"user.name", user_name_of},
  };
}

std::vector<PathRow> stream_rows() {
  return {
      {"@timestamp", [](const Event& event) { return format_timestamp(event.time); }},
      {"crowdstrike.metadata.eventType",
       [](const Event& event) { return std::string(event.vendor_type); }},
      {"host.name", [](const Event& event) { return std::string(event.hostname); }},
      {"agent.id",
       [](const Event& event) {
         return event.type == EventType::antivirus ? std::string(event.host) : "";
       }},
      {"process.pid", [](const Event& event) { return std::string(event.actor.vendor_uid); }},
      written("process.executable", FieldId::image),
      field("process.command_line", FieldId::command_line),
      written("process.parent.executable", FieldId::parent_image),
      field("process.parent.command_line", FieldId::parent_command_line),
      {"file.hash.md5", [](const Event& event) { return hash_of(event, "MD5"); }},
      {"file.hash.sha1", [](const Event& event) { return hash_of(event, "SHA1"); }},
      {"file.hash.sha256", [](const Event& event) { return hash_of(event, "SHA256"); }},
      {"rule.name",
       [](const Event& event) {
         return std::string(event.has(FieldId::rule_name) ? event.field(FieldId::rule_name)
                                                          : event.field(FieldId::threat_name));
       }},
      {"threat.tactic.name",
       [](const Event& event) { return to_lower_ascii(event.field(FieldId::tactic)); }},
      {"threat.technique.name",
       [](const Event& event) { return to_lower_ascii(event.field(FieldId::technique)); }},
      field("source.ip", FieldId::source_ip),
      field("source.port", FieldId::source_port),
      field("destination.ip", FieldId::destination_ip),
      field("destination.port", FieldId::destination_port),
      {"user.name", user_name_of},
  };
}

std::vector<PathRow> audit_rows() {
  return {
      {"@timestamp", [](const Event& event) { return format_timestamp(event.time); }},
      {"crowdstrike.metadata.eventType",
       [](const Event& event) { return std::string(event.vendor_type); }},
      {"host.name", [](const Event& event) { return std::string(event.hostname); }},
      field("source.ip", FieldId::source_ip),
      {"user.name", user_name_of},
  };
}

std::vector<PathRow> detection_rows() {
  return {
      {"@timestamp", [](const Event& event) { return format_timestamp(event.time); }},
      {"host.name", [](const Event& event) { return std::string(event.hostname); }},
      field("process.command_line", FieldId::command_line),
      {"process.entity_id", [](const Event& event) { return std::string(event.actor.vendor_uid); }},
      {"process.parent.entity_id",
       [](const Event& event) { return std::string(event.parent.vendor_uid); }},
      {"process.start", start_of},
      field("source.ip", FieldId::source_ip),
      {"user.name", user_name_of},
  };
}

/// The text at a dotted path, or "". Keys of theirs hold no dots; of a list, its first.
std::string text_at(simdjson::dom::element element, std::string_view path) {
  while (!path.empty()) {
    const std::size_t dot = std::min(path.find('.'), path.size());
    if (element.at_key(path.substr(0, dot)).get(element) != simdjson::SUCCESS) {
      return "";
    }
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  simdjson::dom::array list;
  if (element.get(list) == simdjson::SUCCESS) {
    if (list.size() == 0) {
      return "";
    }
    element = list.at(0);
  }
  std::string_view text;
  return element.get(text) == simdjson::SUCCESS ? std::string(text) : simdjson::minify(element);
}

struct Difference {
  int count = 0;
  std::string last;
};

/// How often a path of an event differs: ("ProcessRollup2", "@timestamp").
using Differences = std::map<std::pair<std::string, std::string>, Difference>;

struct KnownDifference {
  const char* event;
  const char* path;
  int count;
  const char* why;
};

Differences compare(const std::string& name, const std::vector<PathRow>& rows) {
  const std::filesystem::path folder =
      SPOOR_SOURCE_DIR "/../shared/data/samples/crowdstrike/elastic";
  std::ifstream input(folder / (name + ".input.ndjson"));
  std::ifstream expected(folder / (name + ".expected-ecs.ndjson"));
  simdjson::dom::parser json;
  RecordParser parser(Projection::everything(), {.source = Source::crowdstrike});
  Differences differences;
  std::map<std::string, int> compared;
  std::string record;
  std::string theirs_text;
  while (std::getline(input, record) && std::getline(expected, theirs_text)) {
    const simdjson::dom::element theirs = json.parse(theirs_text);
    bool is_first = true;
    test::Looker looker([&](const Event& event) {
      if (!std::exchange(is_first, false)) {
        return;  // What a detection lists.
      }
      for (const PathRow& row : rows) {
        const std::string want = text_at(theirs, row.path);
        const std::string have = row.ours(event);
        compared[row.path] += want.empty() && have.empty() ? 0 : 1;
        if (want != have) {
          Difference& difference = differences[{std::string(event.vendor_type), row.path}];
          ++difference.count;
          difference.last = fmt::format("theirs: {}, ours: {}", want, have);
        }
      }
    });
    const std::string text = test::padded(record);
    parser.parse(std::string_view(text).substr(0, record.size()), {}, looker);
    EXPECT_GE(looker.events, 1U) << record;
  }
  // A path that neither has compares nothing.
  for (const PathRow& row : rows) {
    EXPECT_GT(compared[row.path], 0) << row.path;
  }
  return differences;
}

void expect_known(const Differences& differences, const std::vector<KnownDifference>& known) {
  Differences left = differences;
  for (const KnownDifference& one : known) {
    const std::pair<std::string, std::string> place(one.event, one.path);
    EXPECT_EQ(left[place].count, one.count) << one.event << " " << one.path << ": " << one.why;
    left.erase(place);
  }
  for (const auto& [place, difference] : left) {
    ADD_FAILURE() << difference.count << " unexplained: " << place.first << " " << place.second
                  << ": " << difference.last;
  }
}

class CrowdStrikeExpected : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(SPOOR_SOURCE_DIR "/../shared/data/samples/crowdstrike/elastic")) {
      GTEST_SKIP() << "skipped: the shared samples are not here";
    }
  }
};

constexpr const char* kCloudTime = "theirs wrong: the time at which the cloud received it";
constexpr const char* kOwner = "theirs wrong: UID is the file's owner, not who acted";
constexpr const char* kSides = "theirs wrong: inbound, the remote side is the source";
constexpr const char* kNoConnection = "theirs: an address of the host; there is no connection";
constexpr const char* kLoggedOn = "ours: the SID of who logs on is an extra field, not the actor's";
constexpr const char* kTable = "ours richer: which table the row is of";

TEST_F(CrowdStrikeExpected, SensorEventsAsElasticReadsThem) {
  const std::vector<KnownDifference> known = {
      {"ProcessRollup2", "@timestamp", 5, kCloudTime},
      {"CriticalFileAccessed", "user.id", 2, kOwner},
      {"CriticalFileModified", "user.id", 1, kOwner},
      {"DirectoryCreate", "user.id", 1, kOwner},
      {"NetworkReceiveAcceptIP4", "source.ip", 1, kSides},
      {"NetworkReceiveAcceptIP4", "source.port", 1, kSides},
      {"NetworkReceiveAcceptIP4", "destination.ip", 1, kSides},
      {"NetworkReceiveAcceptIP4", "destination.port", 1, kSides},
      {"UserLogonFailed2", "source.ip", 1, "ours: who logs on comes from there"},
      {"UserLogonFailed2", "destination.ip", 1, "theirs wrong: who logs on comes from there"},
      {"NetworkListenIP4", "network.direction", 1, "theirs wrong: who listens connects nowhere"},
      {"LocalIpAddressIP6", "source.ip", 1, kNoConnection},
      {"LocalIpAddressRemovedIP6", "source.ip", 1, kNoConnection},
      {"notmanaged", "source.ip", 1, kNoConnection},
      {"UserIdentity", "user.id", 1, kLoggedOn},
      {"UserLogonFailed", "user.id", 1, kLoggedOn},
      {"SuspiciousDnsRequest", "dns.question.name", 2, "ours richer: the name that was asked for"},
      {"NewScriptWritten", "file.hash.sha256", 2, "ours richer: the hash of what was written"},
      {"NewExecutableRenamed", "file.path", 1, "theirs: the old name; ours: the new one"},
      {"LFODownloadConfirmation", "file.path", 2, "theirs wrong: a bare name, no path"},
      {"CreateProcessArgs", "file.path", 1, "theirs: the program as a file"},
      {"CreateProcessArgs", "process.executable", 1, "ours richer: the program"},
      {"aidmaster", "@timestamp", 1, "theirs wrong: the clock of the host, which may be off"},
      {"aidmaster", "event.action", 1, kTable},
      {"notmanaged", "event.action", 1, kTable},
      {"notmanaged", "observer.serial_number", 1,
       "ours richer: a machine without a sensor, by name"},
  };
  expect_known(compare("fdr-a", fdr_rows()), known);
}

TEST_F(CrowdStrikeExpected, StreamRecordsAsElasticReadsThem) {
  const std::vector<KnownDifference> known = {
      {"DetectionSummaryEvent", "process.executable", 1,
       "theirs wrong: the command line's first word with its quotes, not the path"},
      {"DetectionSummaryEvent", "process.command_line", 1, "theirs: without the blank at its end"},
      {"DetectionSummaryEvent", "file.hash.sha1", 1, "theirs wrong: zeros are no hash"},
      {"DetectionSummaryEvent", "source.ip", 1, kNoConnection},
      {"FirewallMatchEvent", "@timestamp", 1,
       "theirs wrong: the time of the report, not of the match"},
  };
  expect_known(compare("test-falcon-sample", stream_rows()), known);
}

TEST_F(CrowdStrikeExpected, AuditRecordsAsElasticReadsThem) {
  expect_known(compare("test-falcon-audit-events", audit_rows()), {});
}

TEST_F(CrowdStrikeExpected, DetectionsInFdrAsElasticReadsThem) {
  const std::vector<KnownDifference> known = {
      {"DetectionSummaryEvent", "process.entity_id", 2, "ours richer: the process it is about"},
      {"DetectionSummaryEvent", "source.ip", 2, kNoConnection},
  };
  expect_known(compare("fdr-detection", detection_rows()), known);
}

}  // namespace
}  // namespace spoor
