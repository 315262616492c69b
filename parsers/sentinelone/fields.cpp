#include "parsers/sentinelone/fields.h"

#include <algorithm>
#include <span>
#include <string>

#include "engine/base/text.h"
#include "parsers/convert.h"
#include "parsers/sentinelone/processes.h"

namespace spoor {
namespace {

struct FieldRow {
  S1Attribute from = S1Attribute::count;
  FieldId to = FieldId::count;
  Convert convert = Convert::none;
};

// `tgt.file.isSigned` is no module's: on module, DNS and network events the sensor copies the
// status of the acting process there (34 of 41 samples).
constexpr FieldRow kModule[] = {
    {S1Attribute::module_path, FieldId::image_loaded},
    {S1Attribute::module_signed_status, FieldId::is_signed, Convert::signed_word},
    {S1Attribute::module_signer, FieldId::signature},
};

constexpr FieldRow kDriver[] = {{S1Attribute::file_path, FieldId::image_loaded}};

constexpr FieldRow kFile[] = {
    {S1Attribute::file_path, FieldId::target_filename},
    {S1Attribute::file_old_path, FieldId::source_filename},
    {S1Attribute::file_created, FieldId::creation_utc_time, Convert::epoch_time},
    {S1Attribute::file_is_executable, FieldId::is_executable, Convert::boolean},
};

constexpr FieldRow kRegistry[] = {{S1Attribute::registry_value, FieldId::details}};

constexpr FieldRow kNetwork[] = {
    {S1Attribute::source_ip, FieldId::source_ip},
    {S1Attribute::source_port, FieldId::source_port},
    {S1Attribute::destination_ip, FieldId::destination_ip},
    {S1Attribute::destination_port, FieldId::destination_port},
    {S1Attribute::protocol_name, FieldId::destination_port_name},
};

constexpr FieldRow kDns[] = {{S1Attribute::dns_response, FieldId::query_results}};

constexpr FieldRow kHttp[] = {{S1Attribute::url, FieldId::url}};

constexpr FieldRow kScript[] = {{S1Attribute::script, FieldId::script_block_text}};

constexpr FieldRow kTask[] = {{S1Attribute::task_name, FieldId::task_name}};

constexpr FieldRow kPipe[] = {{S1Attribute::pipe_name, FieldId::pipe_name}};

constexpr FieldRow kLogin[] = {
    {S1Attribute::login_user, FieldId::target_user_name},
    {S1Attribute::login_type, FieldId::logon_type},
    {S1Attribute::login_address, FieldId::source_ip},
};

constexpr FieldRow kDetection[] = {
    {S1Attribute::indicator_severity, FieldId::severity},
    {S1Attribute::file_path, FieldId::target_filename},
};

constexpr S1Hashes kFileHashes = {S1Attribute::file_sha1, S1Attribute::file_md5,
                                  S1Attribute::file_sha256};
constexpr S1Hashes kModuleHashes = {S1Attribute::module_sha1, S1Attribute::module_md5,
                                    S1Attribute::module_sha256};
constexpr S1Hashes kDriverHashes = {S1Attribute::driver_sha1, S1Attribute::count,
                                    S1Attribute::driver_sha256};

struct TopicRow {
  std::span<const FieldRow> fields;
  S1Hashes hashes;
  S1Topic topic = S1Topic::none;
};

constexpr TopicRow kTopics[] = {
    {{}, {}, S1Topic::none},
    {{}, {}, S1Topic::new_process},
    {{}, {}, S1Topic::other_process},
    {kModule, kModuleHashes, S1Topic::module},
    {kDriver, kDriverHashes, S1Topic::driver},
    {kFile, kFileHashes, S1Topic::file},
    {kRegistry, {}, S1Topic::registry},
    {kNetwork, {}, S1Topic::network},
    {kDns, {}, S1Topic::dns},
    {kHttp, {}, S1Topic::http},
    {kScript, {}, S1Topic::script},
    {kTask, {}, S1Topic::task},
    {kPipe, {}, S1Topic::pipe},
    {kLogin, {}, S1Topic::login},
    {kDetection, kFileHashes, S1Topic::detection},
};

constexpr bool topics_follow_the_enumeration() {
  for (std::size_t i = 0; i < std::size(kTopics); ++i) {
    if (static_cast<std::size_t>(kTopics[i].topic) != i) {
      return false;
    }
  }
  return std::size(kTopics) == static_cast<std::size_t>(S1Topic::count);
}

static_assert(topics_follow_the_enumeration(), "one row for each topic, in its order");

void set_target_object(const S1EventRow& row, S1Record& record, ParseContext& context) {
  set_s1_value(FieldId::event_type, row.word, context);
  const std::string_view key = record.text(S1Attribute::registry_key, context);
  const std::string_view value = record.text(S1Attribute::registry_value_name, context);
  if (value.empty()) {
    set_s1_value(FieldId::target_object, key, context);
    return;
  }
  std::string& object = context.scratch.text();
  object.append(key).append("\\").append(value);
  set_s1_value(FieldId::target_object, context.scratch.copy(object), context);
}

/// The transport is told by meta.event.name alone; event.network.protocolName is the application's.
void set_connection(const S1EventRow& row, S1Record& record, ParseContext& context) {
  const std::string_view meta = record.text(S1Attribute::meta_event_name, context);
  const S1EventRow& code = row.word.empty() ? find_s1_event(meta) : row;
  if (code.topic == S1Topic::network && !code.word.empty()) {
    const bool is_version_6 = code.key.find("v6") != std::string_view::npos;
    const std::string_view is_ipv6 = is_version_6 ? "true" : "false";
    set_s1_value(FieldId::protocol, code.word, context);
    set_s1_value(FieldId::source_is_ipv6, is_ipv6, context);
    set_s1_value(FieldId::destination_is_ipv6, is_ipv6, context);
  }
  // Sysmon's source is who connected, as SentinelOne's is: an incoming connection's acting process
  // is at the destination.
  const std::string_view direction = record.text(S1Attribute::direction, context);
  if (equals_ignore_case_ascii(direction, "OUTGOING")) {
    set_s1_value(FieldId::initiated, "true", context);
  } else if (equals_ignore_case_ascii(direction, "INCOMING")) {
    set_s1_value(FieldId::initiated, "false", context);
  }
}

/// "type:  28 host" as macOS sensors write it → "host"; the number is the record's type.
void set_query(const S1EventRow& row, S1Record& record, ParseContext& context) {
  constexpr std::string_view kPrefix = "type:";
  std::string_view name = record.text(S1Attribute::dns_request, context);
  if (name.starts_with(kPrefix)) {
    const std::size_t digits = std::min(name.find_first_not_of(' ', kPrefix.size()), name.size());
    const std::size_t blank = std::min(name.find(' ', digits), name.size());
    set_s1_value(
        FieldId::record_type,
        convert(Convert::record_type_number, name.substr(digits, blank - digits), context.scratch),
        context);
    name.remove_prefix(std::min(name.find_first_not_of(' ', blank), name.size()));
  }
  set_s1_value(FieldId::query_name, name, context);
  // Resolved is success. Why a name was not resolved, the vendor does not say.
  set_s1_value(FieldId::query_status, row.word, context);
}

void set_method(const S1EventRow& row, S1Record& record, ParseContext& context) {
  set_s1_value(FieldId::http_method,
               row.word.empty() ? record.text(S1Attribute::http_method, context) : row.word,
               context);
}

bool contains_ignore_case(std::string_view text, std::string_view word) {
  const auto same = [](char a, char b) { return (a | 0x20) == (b | 0x20); };
  return std::search(text.begin(), text.end(), word.begin(), word.end(), same) != text.end();
}

/// "T1569.002" wherever it stands in the text; of "…/techniques/T1569/002/" alone, "T1569".
std::string_view technique_in(std::string_view text) {
  constexpr std::size_t kMain = 5;   // T1569
  constexpr std::size_t kWhole = 9;  // T1569.002
  const auto is_number = [](std::string_view part) {
    return part.find_first_not_of("0123456789") == std::string_view::npos;
  };
  std::string_view of_link;
  for (std::size_t at = text.find('T'); at != std::string_view::npos; at = text.find('T', at + 1)) {
    const std::string_view rest = text.substr(at);
    if (rest.size() < kMain || !is_number(rest.substr(1, kMain - 1))) {
      continue;
    }
    const bool has_more = rest.size() >= kWhole && is_number(rest.substr(kMain + 1, 3));
    if (has_more && rest[kMain] == '.') {
      return rest.substr(0, kWhole);
    }
    if (!has_more || rest[kMain] != '/') {
      return rest.substr(0, kMain);
    }
    of_link = rest.substr(0, kMain);  // The text of the link says it whole.
  }
  return of_link;
}

/// "Service started MITRE: Execution {<a href=…>T1569.002</a>}" → tactic and technique.
void set_attack(std::string_view description, ParseContext& context) {
  constexpr std::string_view kMark = "MITRE:";
  const std::size_t mark = description.find(kMark);
  if (mark == std::string_view::npos) {
    return;
  }
  std::string_view rest = description.substr(mark + kMark.size());
  set_s1_value(FieldId::technique, technique_in(rest), context);
  rest = rest.substr(0, rest.find('{'));
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  rest = rest.substr(0, rest.find_last_not_of(' ') + 1);
  set_s1_value(FieldId::tactic, rest, context);
}

void set_detection(S1Record& record, ParseContext& context) {
  for (const S1Attribute name :
       {S1Attribute::indicator_name, S1Attribute::ti_name, S1Attribute::ti_value}) {
    const std::string_view threat = record.text(name, context);
    if (!threat.empty()) {
      set_s1_value(FieldId::threat_name, threat, context);
      break;
    }
  }
  set_attack(record.text(S1Attribute::indicator_description, context), context);
}

void set_topic(const S1EventRow& row, S1Record& record, ParseContext& context) {
  const TopicRow& topic = kTopics[static_cast<std::size_t>(row.topic)];
  for (const FieldRow& field : topic.fields) {
    if (context.filter.wants(field.to)) {
      set_s1_value(field.to,
                   convert(field.convert, record.text(field.from, context), context.scratch),
                   context);
    }
  }
  set_s1_hashes(topic.hashes, record, context);
  switch (row.topic) {
    case S1Topic::registry: set_target_object(row, record, context); break;
    case S1Topic::network: set_connection(row, record, context); break;
    case S1Topic::dns: set_query(row, record, context); break;
    case S1Topic::http: set_method(row, record, context); break;
    case S1Topic::detection: set_detection(record, context); break;
    case S1Topic::script:
      if (contains_ignore_case(record.text(S1Attribute::script_application, context),
                               "powershell")) {
        context.event.type = EventType::ps_script;
      }
      break;
    default: break;
  }
}

}  // namespace

void set_s1_hashes(const S1Hashes& from, S1Record& record, ParseContext& context) {
  if (from.sha1 == S1Attribute::count || !context.filter.wants(FieldId::hashes)) {
    return;
  }
  set_s1_value(FieldId::hashes,
               compose_hashes({{"SHA1", record.text(from.sha1, context)},
                               {"MD5", record.text(from.md5, context)},
                               {"SHA256", record.text(from.sha256, context)}},
                              context.scratch),
               context);
}

void set_s1_event(const S1EventRow& row, S1Record& record, ParseContext& context) {
  context.event.type = row.type;
  if (row.topic == S1Topic::new_process) {
    set_s1_new_process(record, context);
  } else {
    set_s1_actor(record, context);
  }
  if (row.topic == S1Topic::other_process) {
    set_s1_source_and_target(record, context);
  }
  set_topic(row, record, context);
}

}  // namespace spoor
