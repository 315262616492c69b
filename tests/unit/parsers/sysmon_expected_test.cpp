// What we read, against what Elastic's own integration and Winlogbeat's module read from the same
// Sysmon events.
//
// Their documents are a second opinion, made by others. Compared are: our fields of the plain
// record with theirs, path by path; and what we make of their documents, where the fields have
// moved to ECS, with what we make of the plain record. What differs stands in a list with its
// reason, and the list is exact: a difference that comes or goes fails the test.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include "engine/base/text.h"
#include "tests/source_dir.h"
#include "tests/support/parsing.h"

namespace spoor {
namespace {

namespace fs = std::filesystem;

const fs::path kSamples = SPOOR_SOURCE_DIR "/../shared/data/samples/sysmon";

/// Differences and how often each occurs: "3 Initiated differs".
using Differences = std::map<std::string, std::size_t>;

std::vector<std::string> lines_of(const fs::path& path) {
  std::vector<std::string> lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) {
      lines.push_back(line);
    }
  }
  return lines;
}

// --- Our fields against their paths

/// The hash of that name, in lower case.
std::string hash_of(const Event& event, std::string_view algorithm) {
  const std::string hashes = "," + std::string(event.field(FieldId::hashes));
  const std::string start = "," + std::string(algorithm) + "=";
  const std::size_t at = hashes.find(start);
  if (at == std::string::npos) {
    return "";
  }
  const std::string rest = hashes.substr(at + start.size());
  return to_lower_ascii(rest.substr(0, rest.find(',')));
}

std::string first_of(const Event& event, std::initializer_list<FieldId> fields) {
  for (const FieldId id : fields) {
    if (!event.field(id).empty()) {
      return std::string(event.field(id));
    }
  }
  return "";
}

/// "-" is Sysmon's word for nothing, which they leave out.
std::string said(std::string_view value) {
  return value == "-" ? "" : std::string(value);
}

std::string user_part(const Event& event, bool domain) {
  const std::string user = said(event.field(FieldId::user));
  const std::size_t slash = user.find('\\');
  if (slash == std::string::npos) {
    return domain ? "" : user;
  }
  return domain ? user.substr(0, slash) : user.substr(slash + 1);
}

std::string file_path(const Event& event) {
  return first_of(event, {FieldId::image_loaded, FieldId::target_filename, FieldId::device});
}

/// "A 192.0.2.1;CNAME name;…", of "type:  5 name;::ffff:192.0.2.1;".
std::string answers_of(const Event& event) {
  std::string_view rest = event.field(FieldId::query_results);
  std::string text;
  while (!rest.empty()) {
    std::string_view item = rest.substr(0, rest.find(';'));
    rest.remove_prefix(std::min(item.size() + 1, rest.size()));
    if (item.starts_with("type:")) {
      item.remove_prefix(item.find_first_not_of(' ', 5));
      const std::string_view type = item.substr(0, item.find(' '));
      text.append(type == "5" ? "CNAME" : type == "6" ? "SOA" : type == "33" ? "SRV" : type);
      text.append(" ").append(item.substr(item.find(' ') + 1)).append(";");
    } else if (item.starts_with("::ffff:")) {
      text.append("A ").append(item.substr(7)).append(";");
    } else if (!item.empty()) {
      text.append(item.find(':') == std::string_view::npos ? "A " : "AAAA ");
      text.append(item).append(";");
    }
  }
  return text;
}

std::string dns_status(const Event& event) {
  const std::map<std::string, std::string, std::less<>> words = {
      {"0", "SUCCESS"},
      {"9003", "DNS_ERROR_RCODE_NAME_ERROR"},
      {"9701", "DNS_ERROR_RECORD_DOES_NOT_EXIST"},
      {"1460", "ERROR_TIMEOUT"},
      {"87", "ERROR_INVALID_PARAMETER"},
  };
  const auto word = words.find(event.field(FieldId::query_status));
  return word == words.end() ? std::string(event.field(FieldId::query_status)) : word->second;
}

std::string direction(const Event& event) {
  const std::string_view initiated = event.field(FieldId::initiated);
  return initiated.empty() ? "" : initiated == "true" ? "egress" : "ingress";
}

struct PathRow {
  const char* path;
  std::function<std::string(const Event&)> ours;
};

PathRow same(const char* path, FieldId id) {
  return {path, [id](const Event& event) { return said(event.field(id)); }};
}

std::vector<PathRow> path_rows() {
  const auto hash = [](const char* path, const char* algorithm) {
    return PathRow{path, [algorithm](const Event& event) { return hash_of(event, algorithm); }};
  };
  std::vector<PathRow> rows = {
      {"@timestamp", [](const Event& event) { return format_timestamp(event.time); }},
      {"winlog.computer_name", [](const Event& event) { return std::string(event.hostname); }},
      {"process.entity_id",
       [](const Event& event) {
         const std::string guid =
             first_of(event, {FieldId::process_guid, FieldId::source_process_guid});
         return guid.starts_with("{00000000-") ? "" : guid;
       }},
      {"process.executable",
       [](const Event& event) {
         return first_of(event, {FieldId::image, FieldId::source_image});
       }},
      {"file.path", file_path},
      {"dns.answers", answers_of},
      {"sysmon.dns.status", dns_status},
      {"network.direction", direction},
      {"network.type",
       [](const Event& event) {
         const std::string_view is_v6 = event.field(FieldId::destination_is_ipv6);
         return std::string(is_v6.empty() ? "" : is_v6 == "true" ? "ipv6" : "ipv4");
       }},
      {"user.domain", [](const Event& event) { return user_part(event, true); }},
      {"user.name", [](const Event& event) { return user_part(event, false); }},
      hash("process.hash.sha1", "SHA1"),
      hash("process.hash.md5", "MD5"),
      hash("process.hash.sha256", "SHA256"),
      hash("process.pe.imphash", "IMPHASH"),
      same("process.pid", FieldId::process_id),
      same("process.command_line", FieldId::command_line),
      same("process.working_directory", FieldId::current_directory),
      same("process.pe.original_file_name", FieldId::original_file_name),
      same("process.pe.company", FieldId::company),
      same("process.pe.description", FieldId::description),
      same("process.pe.file_version", FieldId::file_version),
      same("process.pe.product", FieldId::product),
      {"process.parent.entity_id",
       [](const Event& event) {
         const std::string_view guid = event.field(FieldId::parent_process_guid);
         return guid.starts_with("{00000000-") ? "" : std::string(guid);
       }},
      same("process.parent.pid", FieldId::parent_process_id),
      same("process.parent.executable", FieldId::parent_image),
      same("process.parent.command_line", FieldId::parent_command_line),
      same("sysmon.file.archived", FieldId::archived),
      same("sysmon.file.is_executable", FieldId::is_executable),
      same("source.ip", FieldId::source_ip),
      same("source.port", FieldId::source_port),
      same("source.domain", FieldId::source_hostname),
      same("destination.ip", FieldId::destination_ip),
      same("destination.port", FieldId::destination_port),
      same("destination.domain", FieldId::destination_hostname),
      same("network.transport", FieldId::protocol),
      same("dns.question.name", FieldId::query_name),
      same("registry.path", FieldId::target_object),
      same("rule.name", FieldId::rule_name),
      {"network.protocol",
       [](const Event& event) {
         return event.type == EventType::dns_query
                    ? "dns"
                    : said(event.field(FieldId::destination_port_name));
       }},
  };
  for (const FieldId id :
       {FieldId::integrity_level, FieldId::logon_guid, FieldId::logon_id,
        FieldId::terminal_session_id, FieldId::creation_utc_time,
        FieldId::previous_creation_utc_time, FieldId::event_type, FieldId::configuration,
        FieldId::schema_version, FieldId::state, FieldId::version, FieldId::call_trace,
        FieldId::granted_access, FieldId::target_image, FieldId::target_process_id, FieldId::name,
        FieldId::operation, FieldId::type}) {
    static std::vector<std::string> paths = [] {
      std::vector<std::string> texts;
      texts.reserve(64);  // The rows point into it.
      return texts;
    }();
    paths.push_back("winlog.event_data." + std::string(field_name(id)));
    rows.push_back(same(paths.back().c_str(), id));
  }
  return rows;
}

std::string text_of(simdjson::dom::element value) {
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) {
    return std::string(text);
  }
  return simdjson::minify(value);
}

/// "CNAME name;A 192.0.2.1;".
std::string answers_text(simdjson::dom::array answers) {
  std::string text;
  for (const simdjson::dom::element answer : answers) {
    text += fmt::format("{} {};", text_of(answer["type"].value()), text_of(answer["data"].value()));
  }
  return text;
}

/// The value at a dotted path, as text; empty if there is none.
std::string their_value(simdjson::dom::element document, std::string path) {
  std::ranges::replace(path, '.', '/');
  simdjson::dom::element value;
  if (document.at_pointer("/" + path).get(value) != simdjson::SUCCESS) {
    return "";
  }
  simdjson::dom::array list;
  return value.get(list) == simdjson::SUCCESS ? answers_text(list) : text_of(value);
}

TEST(SysmonExpected, OurFieldsAreTheirPaths) {
  const auto records = lines_of(kSamples / "elastic/sysmon_operational-a.input.ndjson");
  const auto documents = lines_of(kSamples / "elastic/sysmon_operational-a.expected-ecs.ndjson");
  if (records.empty()) {
    GTEST_SKIP() << "skipped: the shared samples are not here";
  }
  ASSERT_EQ(records.size(), documents.size());
  const std::vector<PathRow> rows = path_rows();
  simdjson::dom::parser json;
  Differences differences;
  std::size_t compared = 0;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const simdjson::dom::element document = json.parse(documents[i]);
    const test::Looker looker = test::parse(records[i], [&](const Event& event) {
      for (const PathRow& row : rows) {
        const std::string ours = row.ours(event);
        const std::string theirs = their_value(document, row.path);
        compared += theirs.empty() ? 0U : 1U;
        if (ours != theirs) {
          const char* how = ours.empty()     ? " only theirs"
                            : theirs.empty() ? " only ours"
                                             : " differs";
          std::string name(event.vendor_type);
          ++differences[name.append(" ").append(row.path).append(how)];
          RecordProperty(std::to_string(i) + row.path, fmt::format("{} | {}", ours, theirs));
        }
      }
    });
    EXPECT_EQ(looker.events, 1U) << records[i];
  }
  EXPECT_GT(compared, 1000U);
  const Differences want = {
      // A WMI consumer's command, which is no process: Destination here.
      {"20 process.executable only theirs", 1},
      // The last answer was cut off in the middle of its address; they leave it out.
      {"22 dns.answers differs", 1},
      // They take a hash of zeros for none; a rule may ask for it (the canonical values are not the
      // parser's).
      {"23 process.pe.imphash only ours", 1},
      // They do not read the hashes of the newer events.
      {"27 process.hash.sha256 only ours", 1},
      {"28 process.hash.sha256 only ours", 1},
  };
  EXPECT_EQ(differences, want);
}

// --- What we make of ECS

/// All that matters of an event, by name.
using Values = std::map<std::string, std::string>;

Values values_of(std::string_view record) {
  Values values;
  const test::Looker looker = test::parse(record, [&values](const Event& event) {
    event.fields().for_each([&](FieldId id) {
      const bool is_hashes = field_kind(id) == FieldKind::hashes;
      values[std::string(field_name(id))] =
          is_hashes ? to_lower_ascii(event.field(id)) : std::string(event.field(id));
    });
    values["(id)"] = event.vendor_type;
    values["(type)"] = to_string(event.type);
    values["(time)"] = format_timestamp(event.time) + (event.time_suspect ? " suspect" : "");
    values["(host)"] = event.host;
    values["(uid)"] = to_string(event.uid);
    values["(vendor uid)"] = event.vendor_event_uid;
    values["(actor)"] = event.actor.key.is_none() ? "" : to_string(event.actor.key);
    values["(actor image)"] = event.actor.image;
    values["(parent)"] = event.parent.key.is_none() ? "" : to_string(event.parent.key);
    values["(target)"] = event.target.key.is_none() ? "" : to_string(event.target.key);
  });
  EXPECT_EQ(looker.events, 1U) << record;
  for (const Error& error : looker.errors) {
    ADD_FAILURE() << error.message << ": " << record;
  }
  return values;
}

void compare(const Values& plain, const Values& ecs, Differences& differences) {
  const auto differ = [&](const std::string& name, const char* how) {
    ++differences[plain.at("(id)") + " " + name + how];
  };
  for (const auto& [name, value] : plain) {
    const auto found = ecs.find(name);
    if (found == ecs.end()) {
      // They leave out what says nothing.
      if (value != "-" && !value.empty()) {
        differ(name, " is lost");
      }
    } else if (found->second != value) {
      differ(name, " differs");
      ::testing::Test::RecordProperty(name, fmt::format("{} | {}", value, found->second));
    }
  }
  for (const auto& [name, value] : ecs) {
    if (!plain.contains(name)) {
      differ(name, " is new");
    }
  }
}

TEST(SysmonExpected, FieldsThatTheIntegrationMovedToEcsAreBroughtBack) {
  const auto records = lines_of(kSamples / "elastic/sysmon_operational-a.input.ndjson");
  const auto documents = lines_of(kSamples / "elastic/sysmon_operational-a.expected-ecs.ndjson");
  if (records.empty()) {
    GTEST_SKIP() << "skipped: the shared samples are not here";
  }
  Differences differences;
  for (std::size_t i = 0; i < records.size(); ++i) {
    compare(values_of(records[i]), values_of(documents[i]), differences);
  }
  const Differences want = {
      // The zero GUID says nothing, and they leave it out.
      {"1 ParentProcessGuid is lost", 1},
      // Sysmon writes some addresses bare and some as ::ffff:192.0.2.1; theirs are all alike.
      {"22 QueryResults differs", 24},
      // They leave out an imphash of zeros.
      {"23 Hashes differs", 1},
      // They do not read the hashes of the newer events.
      {"27 Hashes is lost", 1},
      {"28 Hashes is lost", 1},
      // ECS has no place for it.
      {"3 SourcePortName is lost", 3},
  };
  EXPECT_EQ(differences, want);
}

TEST(SysmonExpected, FieldsThatWinlogbeatsModuleMovedToEcsAreBroughtBack) {
  std::map<std::string, Values> plain;
  for (const std::string& record :
       lines_of(kSamples / "elastic/sysmon_operational-a.input.ndjson")) {
    const Values values = values_of(record);
    plain[values.at("(vendor uid)") + values.at("(time)")] = values;
  }
  if (plain.empty()) {
    GTEST_SKIP() << "skipped: the shared samples are not here";
  }
  Differences differences;
  std::size_t events = 0;
  std::size_t twice = 0;
  for (const auto& entry : fs::directory_iterator(kSamples / "winlogbeat-ecs")) {
    for (const std::string& record : lines_of(entry.path())) {
      const Values values = values_of(record);
      ++events;
      // Events 4 and 16 are the service's own.
      if (values.at("(id)") != "4" && values.at("(id)") != "16") {
        EXPECT_NE(values.at("(actor)"), "") << record;
        EXPECT_NE(values.at("(actor image)"), "") << record;
      }
      EXPECT_EQ(values.at("(time)").find("suspect"), std::string::npos) << record;
      const auto same_event = plain.find(values.at("(vendor uid)") + values.at("(time)"));
      if (same_event != plain.end()) {
        ++twice;
        compare(same_event->second, values, differences);
      }
    }
  }
  EXPECT_EQ(events, 42U);
  EXPECT_EQ(twice, 23U);
  const Differences want = {
      // A "®" became a "«" in one of the files.
      {"1 Product differs", 2},
      // As above.
      {"23 Hashes differs", 1},
      // Public addresses were replaced in one of the files.
      {"3 DestinationIp differs", 5},
      {"3 SourceIp differs", 3},
  };
  EXPECT_EQ(differences, want);
}

}  // namespace
}  // namespace spoor
