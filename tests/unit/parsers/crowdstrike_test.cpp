// CrowdStrike: FDR, its look-up tables, the event stream. The records here are made up.

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "replay/record_reader.h"
#include "tests/source_dir.h"
#include "tests/support/parsing.h"

namespace spoor {
namespace {

using Extras = std::map<std::string, std::string>;

/// What outlives the parse.
struct Seen {
  EventType type = EventType::other;
  Platform platform = Platform::unknown;
  std::string carriage;
  std::string vendor_type;
  std::string host;
  std::string hostname;
  std::string time;
  bool time_suspect = false;
  bool duplicate_keys = false;
  Uid uid;
  std::string event_uid;
  std::map<FieldId, std::string> fields;
  std::map<FieldId, std::string> originals;
  Extras extra;

  struct Process {
    Uid key;
    std::string vendor_uid;
    std::string pid;
    std::string image;
    std::string command_line;
    std::string user;
    std::string start;
    bool exact = false;
  } actor, parent, target, creator;

  [[nodiscard]] std::string field(FieldId id) const {
    const auto found = fields.find(id);
    return found == fields.end() ? "<absent>" : found->second;
  }
};

Seen::Process copy(const ProcessMention& mention) {
  return {.key = mention.key,
          .vendor_uid = std::string(mention.vendor_uid),
          .pid = std::string(mention.pid),
          .image = std::string(mention.image),
          .command_line = std::string(mention.command_line),
          .user = std::string(mention.user),
          .start = mention.start == 0 ? "" : format_timestamp(mention.start),
          .exact = mention.start_is_exact};
}

Seen copy(const Event& event) {
  EXPECT_EQ(event.source, Source::crowdstrike);
  Seen seen;
  seen.type = event.type;
  seen.platform = event.platform;
  seen.carriage = event.carriage;
  seen.vendor_type = event.vendor_type;
  seen.host = event.host;
  seen.hostname = event.hostname;
  seen.time = format_timestamp(event.time);
  seen.time_suspect = event.time_suspect;
  seen.duplicate_keys = event.duplicate_keys;
  seen.uid = event.uid;
  seen.event_uid = event.vendor_event_uid;
  event.fields().for_each([&](FieldId id) { seen.fields[id] = event.field(id); });
  for (const OriginalValue& original : event.originals) {
    seen.originals[original.field] = original.value;
  }
  for (const ExtraField& extra : event.extra) {
    seen.extra[std::string(extra.name)] = extra.value;
  }
  seen.actor = copy(event.actor);
  seen.parent = copy(event.parent);
  seen.target = copy(event.target);
  seen.creator = copy(event.creator);
  return seen;
}

std::vector<Seen> all_of(const std::string& record,
                         const Projection& projection = Projection::everything(),
                         const ParserOptions& options = {}) {
  std::vector<Seen> events;
  test::Looker looker([&events](const Event& event) { events.push_back(copy(event)); });
  RecordParser parser(projection, options);
  const std::string text = test::padded(record);
  parser.parse(std::string_view(text).substr(0, record.size()), {}, looker);
  for (const Error& error : looker.errors) {
    ADD_FAILURE() << error.message << ": " << record;
  }
  return events;
}

Seen one(const std::string& record, const Projection& projection = Projection::everything()) {
  const std::vector<Seen> events = all_of(record, projection);
  EXPECT_EQ(events.size(), 1U) << record;
  return events.empty() ? Seen() : events.front();
}

/// A sensor event: what all have, and `keys`.
std::string fdr(const std::string& name,
                const std::string& keys,
                const std::string& platform = "Win") {
  return fmt::format(
      R"({{"event_simpleName":"{}","aid":"AAAA1111bbbb2222","cid":"c1","aip":"192.0.2.7","event_platform":"{}","id":"5f0d8a63-9b30","name":"{}V1","timestamp":"1713805173418"{}{}}})",
      name, platform, name, keys.empty() ? "" : ",", keys);
}

constexpr const char* kContext = R"("ContextProcessId":"77","ContextTimeStamp":"1713805171.250")";

std::string in_context(const std::string& name, const std::string& keys) {
  return fdr(name, std::string(kContext) + (keys.empty() ? "" : ",") + keys);
}

// --- The envelope

TEST(CrowdStrikeFdr, TheEnvelopeOfAnEvent) {
  const Seen seen =
      one(in_context("DnsRequest", R"("ComputerName":"PC7","DomainName":"a.example")"));
  EXPECT_EQ(seen.carriage, "fdr");
  EXPECT_EQ(seen.vendor_type, "DnsRequest");
  EXPECT_EQ(seen.platform, Platform::windows);
  EXPECT_EQ(seen.host, "aaaa1111bbbb2222");
  EXPECT_EQ(seen.hostname, "PC7");
  EXPECT_EQ(seen.field(FieldId::computer), "PC7");
  EXPECT_EQ(seen.time, "2024-04-22T16:59:31.250Z");
  EXPECT_FALSE(seen.time_suspect);
  EXPECT_EQ(seen.event_uid, "crowdstrike:aaaa1111bbbb2222:5f0d8a63-9b30");
}

TEST(CrowdStrikeFdr, ThePublicAddressIsNoHostname) {
  EXPECT_EQ(one(fdr("SensorHeartbeat", "")).hostname, "");
}

TEST(CrowdStrikeFdr, TheSplunkAddOnsHostnameIsTaken) {
  EXPECT_EQ(one(fdr("SensorHeartbeat", R"("aid_computer_name":"PC8")")).hostname, "PC8");
}

TEST(CrowdStrikeFdr, PlatformsByTheirShortNames) {
  const std::map<std::string, Platform> cases = {
      {"Win", Platform::windows}, {"Mac", Platform::macos}, {"Lin", Platform::linux},
      {"iOS", Platform::other},   {"And", Platform::other}, {"K8S", Platform::other},
      {"", Platform::unknown}};
  for (const auto& [name, want] : cases) {
    EXPECT_EQ(one(fdr("SensorHeartbeat", "", name)).platform, want) << name;
  }
}

TEST(CrowdStrikeFdr, TheSensorsTimeComesBeforeTheClouds) {
  struct Case {
    const char* keys;
    const char* want;
  };

  const Case cases[] = {
      {R"("ContextTimeStamp":"1713805171.250")", "2024-04-22T16:59:31.250Z"},
      {R"("ContextTimeStamp":"")", "2024-04-22T16:59:33.418Z"},
      {R"("ContextTimeStamp":null)", "2024-04-22T16:59:33.418Z"},
      {R"("ContextTimeStamp":"soon")", "2024-04-22T16:59:33.418Z"},
      {R"("ContextTimeStamp":133582787712500000)", "2024-04-22T16:59:31.250Z"},  // iOS: FILETIME.
      {R"("ContextTimeStamp":"2024-04-22 16:59:31.250")", "2024-04-22T16:59:31.250Z"},
      {R"("ProcessStartTime":"1600000000.5")", "2024-04-22T16:59:33.418Z"},  // Not this event's.
  };
  for (const Case& test : cases) {
    const Seen seen = one(fdr("DnsRequest", test.keys));
    EXPECT_EQ(seen.time, test.want) << test.keys;
    EXPECT_FALSE(seen.time_suspect) << test.keys;
  }
}

TEST(CrowdStrikeFdr, AProcessStartHasTheTimeOfItsStart) {
  const Seen seen = one(fdr(
      "ProcessRollup2",
      R"("ProcessStartTime":"1713805170.125","ContextTimeStamp":"1713805171.250","TargetProcessId":"5")"));
  EXPECT_EQ(seen.time, "2024-04-22T16:59:30.125Z");
  EXPECT_EQ(seen.actor.start, seen.time);
  EXPECT_TRUE(seen.actor.exact);
}

TEST(CrowdStrikeFdr, WithoutAnyTimeItIsSuspect) {
  const Seen seen = one(R"({"event_simpleName":"DnsRequest","aid":"a1","cid":"c"})");
  EXPECT_TRUE(seen.time_suspect);
  EXPECT_EQ(seen.time, "1970-01-01T00:00:00.000Z");
}

TEST(CrowdStrikeFdr, TheSameIdIsTheSameEventWhateverTheRest) {
  const Seen first = one(in_context("DnsRequest", R"("DomainName":"a.example")"));
  const Seen again = one(in_context("DnsRequest", R"("DomainName":"a.example","EventOrigin":1)"));
  EXPECT_EQ(first.uid, again.uid);
  const std::string other_host =
      R"({"event_simpleName":"DnsRequest","aid":"other","id":"5f0d8a63-9b30"})";
  EXPECT_NE(first.uid, one(other_host).uid);
}

TEST(CrowdStrikeFdr, WithoutAnIdTheContentCountsAndNotTheCloudsTime) {
  const auto record = [](const char* keys) {
    return fmt::format(R"({{"event_simpleName":"DnsRequest","aid":"A1",{}}})", keys);
  };
  const Seen seen =
      one(record(R"("DomainName":"a.example","ContextProcessId":"7","timestamp":"1713805173418")"));
  const Uid uid = seen.uid;
  EXPECT_EQ(seen.event_uid, "");
  EXPECT_EQ(
      uid,
      one(record(R"("timestamp":"1713805179999","ContextProcessId":7,"DomainName":"a.example")"))
          .uid);
  EXPECT_EQ(uid, one(record(R"("DomainName":"a.example","ContextProcessId_decimal":"7")")).uid);
  EXPECT_EQ(
      uid,
      one(R"({"#event_simpleName":"DnsRequest","aid":"A1","@timestamp":1713805173418,"#repo":"base","DomainName":"a.example","ContextProcessId":"7"})")
          .uid);
  EXPECT_NE(uid, one(record(R"("DomainName":"b.example","ContextProcessId":"7")")).uid);
  EXPECT_NE(uid,
            one(record(R"("DomainName":"a.example","ContextProcessId":"7","NewKey":"1")")).uid);
}

TEST(CrowdStrikeFdr, WhatIsKeptDoesNotChangeTheUid) {
  const std::string record =
      R"({"event_simpleName":"DnsRequest","aid":"A1","DomainName":"a.example","Novel":"1"})";
  EXPECT_EQ(one(record).uid, one(record, Projection{}).uid);
}

TEST(CrowdStrikeFdr, OfDuplicateKeysTheFirstCounts) {
  const Seen seen =
      one(in_context("DnsRequest", R"("DomainName":"a.example","DomainName":"b.example")"));
  EXPECT_EQ(seen.field(FieldId::query_name), "a.example");
  EXPECT_TRUE(seen.duplicate_keys);
}

// --- Carriages of FDR

TEST(CrowdStrikeFdr, LogScaleAndOldSplunkSpellings) {
  const Seen log_scale = one(
      R"({"#event_simpleName":"DnsRequest","@timestamp":1713805173418,"aid":"a1","ContextProcessId":"77","DomainName":"a.example"})");
  EXPECT_EQ(log_scale.type, EventType::dns_query);
  EXPECT_EQ(log_scale.time, "2024-04-22T16:59:33.418Z");
  EXPECT_FALSE(log_scale.time_suspect);
  const Seen splunk = one(
      R"({"event_simpleName":"NetworkConnectIP4","aid":"a1","ContextTimeStamp_decimal":"1713805171.250","ContextProcessId_decimal":"77","RemotePort_decimal":"443","RemoteAddressIP4":"192.0.2.1","Protocol_decimal":"6"})");
  EXPECT_EQ(splunk.actor.key, log_scale.actor.key);
  EXPECT_EQ(splunk.time, "2024-04-22T16:59:31.250Z");
  EXPECT_EQ(splunk.field(FieldId::destination_port), "443");
  EXPECT_EQ(splunk.field(FieldId::protocol), "tcp");
  EXPECT_FALSE(splunk.duplicate_keys);
}

TEST(CrowdStrikeFdr, PanthersEventIsTheRecordAndItsRootFillsGaps) {
  const Seen seen = one(
      R"({"p_log_type":"Crowdstrike.FDREvent","event_simpleName":"DnsRequest","aid":"A1","timestamp":"2024-04-22 16:59:33.418","event_platform":"Win","event":{"event_simpleName":"DnsRequest","DomainName":"a.example","ContextProcessId":"77","event_platform":"Win"}})");
  EXPECT_EQ(seen.carriage, "fdr");
  EXPECT_EQ(seen.host, "a1");
  EXPECT_EQ(seen.field(FieldId::query_name), "a.example");
  EXPECT_EQ(seen.time, "2024-04-22T16:59:33.418Z");
  EXPECT_FALSE(seen.actor.key.is_none());
  EXPECT_FALSE(seen.duplicate_keys);
}

TEST(CrowdStrikeFdr, PanthersLowerCasedRootIsUnwrapped) {
  const Seen seen = one(
      R"({"p_log_type":"Crowdstrike.FDREvent","event_simplename":"DnsRequest","aid":"A1","event":{"event_simpleName":"DnsRequest","aid":"A1","id":"1","DomainName":"a.example"}})");
  EXPECT_EQ(seen.field(FieldId::query_name), "a.example");
  EXPECT_EQ(seen.host, "a1");
}

TEST(CrowdStrikeFdr, NumbersBooleansAndArraysAreTakenForText) {
  const Seen seen = one(in_context(
      "DnsRequest",
      R"("EventOrigin":1,"RequestType":28,"IsNew":true,"IP4Records":["192.0.2.1","192.0.2.2"],"Attacks":[{"Tactic":"Execution","Technique":"PowerShell"},{"Tactic":"x"}])"));
  EXPECT_EQ(seen.field(FieldId::record_type), "AAAA");
  EXPECT_EQ(seen.field(FieldId::query_results), "::ffff:192.0.2.1;::ffff:192.0.2.2;");
  EXPECT_EQ(seen.field(FieldId::tactic), "Execution");
  EXPECT_EQ(seen.field(FieldId::technique), "PowerShell");
  EXPECT_EQ(seen.extra.at("EventOrigin"), "1");
  EXPECT_EQ(seen.extra.at("IsNew"), "true");
}

// --- Processes

constexpr const char* kStart =
    R"("TargetProcessId":"5642133882","ParentProcessId":"5459598860","SourceProcessId":"5459598860","RawProcessId":"5012","ImageFileName":"\\Device\\HarddiskVolume1\\Windows\\System32\\cmd.exe","CommandLine":"cmd /c x","ProcessStartTime":"1713805173.321","ProcessEndTime":"","UserSid":"S-1-5-21-500","AuthenticationId":"999","IntegrityLevel":"12288","SessionId":"2","TreeId":"42","SHA1HashData":"0000000000000000000000000000000000000000","SHA256HashData":"ba40","MD5HashData":"097c","ParentBaseFileName":"explorer.exe")";

TEST(CrowdStrikeFdr, AProcessStartNamesTheProcessAndItsParent) {
  const Seen seen = one(fdr("ProcessRollup2", kStart));
  EXPECT_EQ(seen.type, EventType::process_creation);
  EXPECT_EQ(seen.actor.vendor_uid, "5642133882");
  EXPECT_EQ(seen.actor.pid, "5012");
  EXPECT_EQ(seen.actor.image, "C:\\Windows\\System32\\cmd.exe");
  EXPECT_EQ(seen.actor.command_line, "cmd /c x");
  EXPECT_EQ(seen.actor.user, "S-1-5-21-500");
  EXPECT_EQ(seen.actor.start, "2024-04-22T16:59:33.321Z");
  EXPECT_EQ(seen.parent.vendor_uid, "5459598860");
  EXPECT_FALSE(seen.parent.key.is_none());
  EXPECT_TRUE(seen.creator.key.is_none());
  EXPECT_EQ(seen.field(FieldId::process_guid), "5642133882");
  EXPECT_EQ(seen.field(FieldId::process_id), "5012");
  EXPECT_EQ(seen.field(FieldId::parent_process_guid), "5459598860");
  EXPECT_EQ(seen.field(FieldId::parent_process_id), "<absent>");
  EXPECT_EQ(seen.field(FieldId::integrity_level), "High");
  EXPECT_EQ(seen.field(FieldId::logon_id), "0x3e7");
  EXPECT_EQ(seen.field(FieldId::terminal_session_id), "2");
  EXPECT_EQ(seen.field(FieldId::group_uid), "42");
  EXPECT_EQ(seen.originals.at(FieldId::image),
            "\\Device\\HarddiskVolume1\\Windows\\System32\\cmd.exe");
}

TEST(CrowdStrikeFdr, AHashOfZerosIsAbsent) {
  EXPECT_EQ(one(fdr("ProcessRollup2", kStart)).field(FieldId::hashes), "MD5=097c,SHA256=ba40");
  EXPECT_EQ(one(fdr("ProcessRollup2", R"("SHA1HashData":"0000","MD5HashData":"redacted")"))
                .field(FieldId::hashes),
            "<absent>");
}

TEST(CrowdStrikeFdr, AParentsBaseNameIsNoPath) {
  const Seen seen = one(fdr("ProcessRollup2", kStart));
  EXPECT_EQ(seen.field(FieldId::parent_image), "<absent>");
  EXPECT_EQ(seen.parent.image, "");
  EXPECT_EQ(seen.extra.at("ParentBaseFileName"), "explorer.exe");
  const Seen whole = one(fdr(
      "ProcessRollup2",
      R"("TargetProcessId":"5","ParentProcessId":"4","ParentImageFileName":"\\Device\\HarddiskVolume1\\a\\b.exe","ParentCommandLine":"b")"));
  EXPECT_EQ(whole.parent.image, "C:\\a\\b.exe");
  EXPECT_EQ(whole.parent.command_line, "b");
}

TEST(CrowdStrikeFdr, WhoAskedForAProcessMayBeAnotherThanItsParent) {
  const Seen seen = one(fdr(
      "ProcessRollup2", R"("TargetProcessId":"5","ParentProcessId":"4","SourceProcessId":"3")"));
  EXPECT_EQ(seen.parent.vendor_uid, "4");
  EXPECT_EQ(seen.creator.vendor_uid, "3");
  EXPECT_FALSE(seen.creator.key.is_none());
}

TEST(CrowdStrikeFdr, ZeroAndNothingNameNoProcess) {
  for (const char* none : {R"("0")", R"("")", "null", "0"}) {
    const Seen seen = one(fdr(
        "ProcessRollup2",
        fmt::format(R"("TargetProcessId":"5","ParentProcessId":{0},"SourceProcessId":{0})", none)));
    EXPECT_TRUE(seen.parent.key.is_none()) << none;
    EXPECT_EQ(seen.parent.vendor_uid, "") << none;
    EXPECT_TRUE(seen.creator.key.is_none()) << none;
    EXPECT_EQ(seen.field(FieldId::parent_process_guid), "<absent>") << none;
  }
}

TEST(CrowdStrikeFdr, IdsOfTwentyDigitsStayApart) {
  const Seen text =
      one(fdr("ProcessRollup2", R"("TargetProcessId":"18446744073709551617")", "iOS"));
  const Seen number =
      one(fdr("ProcessRollup2", R"("TargetProcessId":18446744073709551617)", "iOS"));
  const Seen next = one(fdr("ProcessRollup2", R"("TargetProcessId":18446744073709551618)", "iOS"));
  EXPECT_EQ(text.actor.vendor_uid, "18446744073709551617");
  EXPECT_EQ(text.actor.key, number.actor.key);
  EXPECT_NE(number.actor.key, next.actor.key);
}

TEST(CrowdStrikeFdr, AProcessIsTheSameInItsStartAndInWhatItDoes) {
  const Seen start = one(fdr("ProcessRollup2", R"("TargetProcessId":"77")"));
  EXPECT_EQ(start.actor.key, one(in_context("DnsRequest", "")).actor.key);
  EXPECT_NE(start.actor.key,
            one(R"({"event_simpleName":"DnsRequest","aid":"another","ContextProcessId":"77"})")
                .actor.key);
}

TEST(CrowdStrikeFdr, WithoutASensorIdAProcessHasNoIdentity) {
  const Seen seen = one(R"({"event_simpleName":"DnsRequest","cid":"c","ContextProcessId":"77"})");
  EXPECT_TRUE(seen.actor.key.is_none());
  EXPECT_EQ(seen.actor.vendor_uid, "77");
  EXPECT_EQ(seen.host, "-");
}

TEST(CrowdStrikeFdr, UsersOnOtherSystemsAreNumbers) {
  const std::string keys = R"("TargetProcessId":"5","UID":"501","AuthenticationId":"265")";
  const Seen seen = one(fdr("ProcessRollup2", keys, "Mac"));
  EXPECT_EQ(seen.actor.user, "501");
  EXPECT_EQ(seen.field(FieldId::logon_id), "<absent>");
  EXPECT_EQ(seen.extra.at("AuthenticationId"), "265");
  EXPECT_EQ(one(fdr("ProcessRollup2", keys + R"(,"UserName":"jo")", "Lin")).actor.user, "jo");
  // Of a file, UID is the owner's.
  EXPECT_EQ(
      one(fdr("CriticalFileAccessed", R"("ContextProcessId":"7","UID":"0")", "Lin")).actor.user,
      "");
}

TEST(CrowdStrikeFdr, AProcessOlderThanTheSensorHasNoStart) {
  const Seen seen = one(fdr("SyntheticProcessRollup2",
                            R"("TargetProcessId":"5","ContextTimeStamp":"1713805171.250")"));
  EXPECT_EQ(seen.type, EventType::process_creation);
  EXPECT_EQ(seen.time, "2024-04-22T16:59:31.250Z");
  EXPECT_EQ(seen.actor.start, "");
  EXPECT_FALSE(seen.actor.exact);
}

TEST(CrowdStrikeFdr, CountedStartsAreNoProcess) {
  const Seen seen = one(fdr(
      "ProcessRollup2Stats",
      R"("ParentProcessId":"0","CommandLine":"ls","SHA256HashData":"ab","ProcessCount":"7","UID":"0")"));
  EXPECT_EQ(seen.type, EventType::other);
  EXPECT_TRUE(seen.actor.key.is_none());
  EXPECT_EQ(seen.actor.command_line, "");
  EXPECT_TRUE(seen.parent.key.is_none());
  EXPECT_EQ(seen.field(FieldId::command_line), "ls");
}

TEST(CrowdStrikeFdr, TheEndOfAProcess) {
  const Seen seen = one(in_context(
      "EndOfProcess",
      R"("TargetProcessId":"77","ParentProcessId":"4","RawProcessId":"5012","ProcessStartTime":"1713805170.5","ExitCode":"0","SHA256HashData":"ab")"));
  EXPECT_EQ(seen.type, EventType::process_termination);
  EXPECT_EQ(seen.time, "2024-04-22T16:59:31.250Z");
  EXPECT_EQ(seen.actor.vendor_uid, "77");
  EXPECT_EQ(seen.actor.pid, "5012");
  EXPECT_EQ(seen.actor.start, "2024-04-22T16:59:30.500Z");
  EXPECT_EQ(seen.parent.vendor_uid, "4");
  // Who ended another is not the one that ended.
  const Seen killed = one(in_context(
      "TerminateProcess", R"("TargetProcessId":"78","RawProcessId":"9","UserName":"killer")"));
  EXPECT_EQ(killed.actor.vendor_uid, "78");
  EXPECT_EQ(killed.actor.pid, "9");
  EXPECT_EQ(killed.actor.user, "");
}

TEST(CrowdStrikeFdr, PartsOfALongCommandLineAreNotTheProcesss) {
  const Seen seen = one(fdr(
      "CreateProcessArgs",
      std::string(kContext) + R"(,"CommandLine":"-o b.o","TargetFileName":"/usr/bin/cc")", "Mac"));
  EXPECT_EQ(seen.type, EventType::process_creation);
  EXPECT_EQ(seen.field(FieldId::command_line), "-o b.o");
  EXPECT_EQ(seen.actor.image, "/usr/bin/cc");
  EXPECT_EQ(seen.actor.command_line, "");
}

// --- Event names

TEST(CrowdStrikeFdr, EachNameHasItsType) {
  const std::map<std::string, EventType> cases = {
      {"ProcessRollup2", EventType::process_creation},
      {"SyntheticProcessRollup2", EventType::process_creation},
      {"EndOfProcess", EventType::process_termination},
      {"TerminateProcess", EventType::process_termination},
      {"ProcessHandleOpDetectInfo", EventType::process_access},
      {"LsassHandleFromUnsignedModule", EventType::process_access},
      {"InjectedThread", EventType::create_remote_thread},
      {"BrowserInjectedThread", EventType::create_remote_thread},
      {"DocumentProgramInjectedThread", EventType::create_remote_thread},
      {"JavaInjectedThread", EventType::create_remote_thread},
      {"ProcessInjection", EventType::create_remote_thread},
      {"DllInjection", EventType::create_remote_thread},
      {"CreateThreadNoStartImage", EventType::create_remote_thread},
      {"CreateThreadReflectiveDll", EventType::create_remote_thread},
      {"QueueApcEtw", EventType::create_remote_thread},
      {"ClassifiedModuleLoad", EventType::image_load},
      {"UnsignedModuleLoad", EventType::image_load},
      {"ImageHash", EventType::image_load},
      {"ModuleBlockedEvent", EventType::image_load},
      {"DriverLoad", EventType::driver_load},
      {"KernelModeLoadImage", EventType::driver_load},
      {"KextLoad", EventType::driver_load},
      {"NewExecutableWritten", EventType::file_event},
      {"NewScriptWritten", EventType::file_event},
      {"PeFileWritten", EventType::file_event},
      {"MachOFileWritten", EventType::file_event},
      {"ELFFileWritten", EventType::file_event},
      {"GenericFileWritten", EventType::file_event},
      {"SomeDayFileWritten", EventType::file_event},
      {"FileCreateInfo", EventType::file_event},
      {"DirectoryCreate", EventType::file_event},
      {"RansomwareCreateFile", EventType::file_event},
      {"CriticalFileModified", EventType::file_modify},
      {"AsepFileChange", EventType::file_modify},
      {"NewExecutableRenamed", EventType::file_rename},
      {"FileRenameInfo", EventType::file_rename},
      {"ExecutableDeleted", EventType::file_delete},
      {"FileDeleteInfo", EventType::file_delete},
      {"FileTimestampsModified", EventType::file_change},
      {"FileOpenInfo", EventType::file_access},
      {"CriticalFileAccessed", EventType::file_access},
      {"RansomwareOpenFile", EventType::file_access},
      {"AsepValueUpdate", EventType::registry_set},
      {"RegGenericValueUpdate", EventType::registry_set},
      {"RegSystemConfigValueUpdate", EventType::registry_set},
      {"SuspiciousRegAsepUpdate", EventType::registry_set},
      {"AsepKeyUpdate", EventType::registry_event},
      {"RegSystemConfigKeyUpdate", EventType::registry_event},
      {"NetworkConnectIP4", EventType::network_connection},
      {"NetworkConnectIP6", EventType::network_connection},
      {"NetworkReceiveAcceptIP4", EventType::network_connection},
      {"NetworkListenIP6", EventType::network_listen},
      {"RawBindIP4", EventType::network_listen},
      {"NetworkCloseIP4", EventType::network_close},
      {"DnsRequest", EventType::dns_query},
      {"SuspiciousDnsRequest", EventType::dns_query},
      {"HttpRequestDetect", EventType::http_request},
      {"NamedPipeDetectInfo", EventType::pipe_created},
      {"SmbClientNamedPipeConnectEtw", EventType::pipe_created},
      {"WmiCreateProcess", EventType::wmi_event},
      {"WmiFilterConsumerBindingEtw", EventType::wmi_event},
      {"SensitiveWmiQuery", EventType::wmi_event},
      {"ScriptControlScanTelemetry", EventType::ps_script},
      {"ScriptControlScanInfo", EventType::ps_script},
      {"ScriptControlDetectInfo", EventType::ps_script},
      {"CommandHistory", EventType::script},
      {"CreateService", EventType::service},
      {"ModifyServiceBinary", EventType::service},
      {"ServiceStarted", EventType::service},
      {"HostedServiceStarted", EventType::service},
      {"ScheduledTaskRegistered", EventType::scheduled_task},
      {"ScheduledTaskModified", EventType::scheduled_task},
      {"ScheduledTaskDeleted", EventType::scheduled_task},
      {"UserLogon", EventType::logon},
      {"UserLogonFailed", EventType::logon},
      {"UserLogonFailed2", EventType::logon},
      {"UserIdentity", EventType::logon},
      {"UserLogoff", EventType::logoff},
      {"AssociateIndicator", EventType::antivirus},
      {"DetectionExcluded", EventType::antivirus},
      {"ProcessBlocked", EventType::antivirus},
      {"QuarantinedFile", EventType::antivirus},
      {"AsepFileChangeDetectInfo", EventType::antivirus},
      {"CustomIOABasicProcessDetectionInfoEvent", EventType::antivirus},
      {"SensorHeartbeat", EventType::sensor},
      {"ConfigStateUpdate", EventType::sensor},
      {"AgentOnline", EventType::sensor},
      {"HostInfo", EventType::sensor},
      {"OsVersionInfo", EventType::sensor},
      {"LFODownloadConfirmation", EventType::sensor},
      {"NeverHeardOf", EventType::other},
  };
  for (const auto& [name, want] : cases) {
    EXPECT_EQ(to_string(one(fdr(name, R"("ContextProcessId":"77")")).type), to_string(want))
        << name;
  }
}

TEST(CrowdStrikeFdr, AnUnknownEventIsOneOfItsProcess) {
  const Seen context = one(in_context("NeverHeardOf", R"("TargetProcessId":"78","NewKey":"new")"));
  EXPECT_EQ(context.type, EventType::other);
  EXPECT_EQ(context.vendor_type, "NeverHeardOf");
  EXPECT_EQ(context.actor.vendor_uid, "77");
  EXPECT_EQ(context.extra.at("NewKey"), "new");
  EXPECT_EQ(one(fdr("NeverHeardOf", R"("TargetProcessId":"78")")).actor.vendor_uid, "78");
  EXPECT_EQ(
      one(fdr("NeverHeardOf", R"("ContextProcessId":"0","TargetProcessId":"78")")).actor.vendor_uid,
      "78");
  EXPECT_TRUE(one(fdr("NeverHeardOf", "")).actor.key.is_none());
}

TEST(CrowdStrikeFdr, TheContextsProgramIsTaken) {
  const Seen seen = one(in_context(
      "DnsRequest",
      R"("ContextImageFileName":"\\Device\\HarddiskVolume3\\a\\b.exe","ContextBaseFileName":"b.exe","UserName":"jo")"));
  EXPECT_EQ(seen.field(FieldId::image), "C:\\a\\b.exe");
  EXPECT_EQ(seen.actor.image, "C:\\a\\b.exe");
  EXPECT_EQ(seen.actor.user, "jo");
  EXPECT_EQ(seen.extra.at("ContextBaseFileName"), "b.exe");
}

// --- Modules, files, threads

TEST(CrowdStrikeFdr, AModuleIsNotTheProgram) {
  const Seen seen = one(in_context(
      "ClassifiedModuleLoad",
      R"("TargetProcessId":"77","ImageFileName":"\\Device\\HarddiskVolume3\\p\\ffmpeg.dll","TargetImageFileName":"\\Device\\HarddiskVolume3\\p\\app.exe","SHA256HashData":"ab","OriginalFilename":"f.dll")"));
  EXPECT_EQ(seen.field(FieldId::image_loaded), "C:\\p\\ffmpeg.dll");
  EXPECT_EQ(seen.field(FieldId::image), "C:\\p\\app.exe");
  EXPECT_EQ(seen.actor.image, "C:\\p\\app.exe");
  EXPECT_EQ(seen.field(FieldId::hashes), "SHA256=ab");
  EXPECT_EQ(seen.field(FieldId::original_file_name), "f.dll");
  // Version 2 and older name the loader as the target only.
  EXPECT_EQ(one(fdr("ClassifiedModuleLoad", R"("TargetProcessId":"77")")).actor.vendor_uid, "77");
}

TEST(CrowdStrikeFdr, FilesWrittenRenamedAndMade) {
  const Seen written = one(in_context(
      "PeFileWritten",
      R"("TargetFileName":"\\Device\\HarddiskVolume2\\t\\a.dll","SHA256HashData":"ab","Size":"1")"));
  EXPECT_EQ(written.field(FieldId::target_filename), "C:\\t\\a.dll");
  EXPECT_EQ(written.field(FieldId::hashes), "SHA256=ab");
  EXPECT_EQ(written.extra.at("Size"), "1");
  const Seen renamed =
      one(in_context("NewExecutableRenamed", R"("SourceFileName":"/a","TargetFileName":"/b")"));
  EXPECT_EQ(renamed.field(FieldId::source_filename), "/a");
  EXPECT_EQ(renamed.field(FieldId::target_filename), "/b");
  EXPECT_EQ(one(in_context("DirectoryCreate", R"("TargetDirectoryName":"/d")"))
                .field(FieldId::target_filename),
            "/d");
}

TEST(CrowdStrikeFdr, ABareChannelFileIsNoPath) {
  const Seen seen = one(fdr("LFODownloadConfirmation", R"("TargetFileName":"C-00000013.sys")"));
  EXPECT_EQ(seen.field(FieldId::target_filename), "<absent>");
  EXPECT_EQ(seen.extra.at("TargetFileName"), "C-00000013.sys");
}

TEST(CrowdStrikeFdr, AnInjectedThreadHasASourceAndATarget) {
  const Seen seen = one(in_context(
      "InjectedThread",
      R"("TargetProcessId":"78","TargetThreadId":"9","ThreadStartAddress":"99999999999999999999","InjectedDll":"\\Device\\HarddiskVolume3\\i.dll","ContextImageFileName":"\\Device\\HarddiskVolume3\\s.exe","TargetImageFileName":"\\Device\\HarddiskVolume3\\t.exe","RawProcessId":"4711","UserName":"jo")"));
  EXPECT_EQ(seen.actor.vendor_uid, "77");
  EXPECT_EQ(seen.actor.image, "C:\\s.exe");
  EXPECT_EQ(seen.actor.pid, "");
  EXPECT_EQ(seen.target.vendor_uid, "78");
  EXPECT_EQ(seen.target.image, "C:\\t.exe");
  EXPECT_FALSE(seen.target.key.is_none());
  EXPECT_EQ(seen.field(FieldId::source_process_guid), "77");
  EXPECT_EQ(seen.field(FieldId::target_process_guid), "78");
  EXPECT_EQ(seen.field(FieldId::source_image), "C:\\s.exe");
  EXPECT_EQ(seen.field(FieldId::source_user), "jo");
  EXPECT_EQ(seen.field(FieldId::process_guid), "<absent>");
  EXPECT_EQ(seen.field(FieldId::new_thread_id), "9");
  EXPECT_EQ(seen.field(FieldId::start_address), "99999999999999999999");
  EXPECT_EQ(seen.field(FieldId::start_module), "C:\\i.dll");
}

TEST(CrowdStrikeFdr, AccessMasksAreHexadecimal) {
  const Seen seen = one(
      in_context("ProcessHandleOpDetectInfo", R"("TargetProcessId":"78","DesiredAccess":"5136")"));
  EXPECT_EQ(seen.field(FieldId::granted_access), "0x1410");
  EXPECT_EQ(seen.target.vendor_uid, "78");
}

// --- The registry

TEST(CrowdStrikeFdr, TheRegistryAsSysmonWritesIt) {
  const Seen text = one(in_context(
      "AsepValueUpdate",
      R"("RegObjectName":"\\REGISTRY\\MACHINE\\SOFTWARE\\Run","RegValueName":"Up","RegStringValue":"C:\\a.exe","RegOperationType":"1","TargetFileName":"C:\\a.exe","TargetSHA256HashData":"ab")"));
  EXPECT_EQ(text.type, EventType::registry_set);
  EXPECT_EQ(text.field(FieldId::target_object), "HKLM\\SOFTWARE\\Run\\Up");
  EXPECT_EQ(text.field(FieldId::details), "C:\\a.exe");
  EXPECT_EQ(text.field(FieldId::event_type), "SetValue");
  EXPECT_EQ(text.field(FieldId::target_filename), "<absent>");
  EXPECT_EQ(text.field(FieldId::hashes), "<absent>");
}

TEST(CrowdStrikeFdr, RegistryDataInSysmonsWords) {
  struct Case {
    const char* keys;
    const char* want;
  };

  const Case cases[] = {
      {R"("RegNumericValue":"1","RegType":"4")", "DWORD (0x00000001)"},
      {R"("RegNumericValue":4294967295)", "DWORD (0xffffffff)"},
      {R"("RegNumericValue":"1","RegType":"11")", "QWORD (0x00000000-0x00000001)"},
      {R"("RegNumericValue":"4294967296")", "QWORD (0x00000001-0x00000000)"},
      {R"("RegBinaryValue":"0a0b")", "Binary Data"},
      {R"("Data1":"x")", "x"},
      {R"("RegStringValue":"")", "<absent>"},
  };
  for (const Case& test : cases) {
    EXPECT_EQ(one(in_context("RegGenericValueUpdate", test.keys)).field(FieldId::details),
              test.want)
        << test.keys;
  }
  EXPECT_EQ(one(in_context("RegGenericValueUpdate", R"("RegNumericValue":"7")"))
                .originals.at(FieldId::details),
            "7");
}

TEST(CrowdStrikeFdr, RegistryVerbs) {
  struct Case {
    const char* name;
    const char* operation;
    EventType type;
    const char* verb;
  };

  const Case cases[] = {
      {"RegGenericValueUpdate", "1", EventType::registry_set, "SetValue"},
      {"RegGenericValueUpdate", "2", EventType::registry_delete, "DeleteValue"},
      {"RegGenericValueUpdate", "", EventType::registry_set, "SetValue"},
      {"AsepKeyUpdate", "3", EventType::registry_add, "CreateKey"},
      {"AsepKeyUpdate", "4", EventType::registry_delete, "DeleteKey"},
      {"AsepKeyUpdate", "7", EventType::registry_rename, "RenameKey"},
      {"AsepKeyUpdate", "", EventType::registry_event, "<absent>"},
  };
  for (const Case& test : cases) {
    const Seen seen = one(in_context(
        test.name, fmt::format(R"("RegObjectName":"\\REGISTRY\\USER\\S-1","RegOperationType":"{}")",
                               test.operation)));
    EXPECT_EQ(to_string(seen.type), to_string(test.type)) << test.name << test.operation;
    EXPECT_EQ(seen.field(FieldId::event_type), test.verb) << test.name << test.operation;
    EXPECT_EQ(seen.field(FieldId::target_object), "HKU\\S-1");
  }
  EXPECT_EQ(one(in_context("RegGenericValueUpdate",
                           R"("RegObjectName":"\\REGISTRY\\MACHINE\\a","RegValueName":"")"))
                .field(FieldId::target_object),
            "HKLM\\a\\(Default)");
}

// --- The network

TEST(CrowdStrikeFdr, AnOutboundConnection) {
  const Seen seen = one(in_context(
      "NetworkConnectIP4",
      R"("LocalAddressIP4":"10.0.0.1","LocalPort":"50000","RemoteAddressIP4":"192.0.2.1","RemotePort":"443","Protocol":"6","ConnectionDirection":"0")"));
  EXPECT_EQ(seen.field(FieldId::source_ip), "10.0.0.1");
  EXPECT_EQ(seen.field(FieldId::source_port), "50000");
  EXPECT_EQ(seen.field(FieldId::destination_ip), "192.0.2.1");
  EXPECT_EQ(seen.field(FieldId::destination_port), "443");
  EXPECT_EQ(seen.field(FieldId::destination_is_ipv6), "false");
  EXPECT_EQ(seen.field(FieldId::protocol), "tcp");
  EXPECT_EQ(seen.field(FieldId::initiated), "true");
}

TEST(CrowdStrikeFdr, InboundTheRemoteSideIsTheSource) {
  constexpr const char* kEnds =
      R"("LocalAddressIP4":"10.0.0.1","LocalPort":"22","RemoteAddressIP4":"192.0.2.1","RemotePort":"50000","Protocol":"17")";
  for (const std::string& record :
       {in_context("NetworkReceiveAcceptIP4", kEnds),
        in_context("NetworkConnectIP4", std::string(kEnds) + R"(,"ConnectionDirection":"1")")}) {
    const Seen seen = one(record);
    EXPECT_EQ(seen.field(FieldId::source_ip), "192.0.2.1");
    EXPECT_EQ(seen.field(FieldId::source_port), "50000");
    EXPECT_EQ(seen.field(FieldId::destination_ip), "10.0.0.1");
    EXPECT_EQ(seen.field(FieldId::destination_port), "22");
    EXPECT_EQ(seen.field(FieldId::initiated), "false");
    EXPECT_EQ(seen.field(FieldId::protocol), "udp");
  }
}

TEST(CrowdStrikeFdr, WhoListensInitiatesNothing) {
  const Seen seen = one(in_context(
      "NetworkListenIP6",
      R"("LocalAddressIP6":"0:0:0:0:0:0:0:0","LocalPort":"80","ConnectionDirection":"0")"));
  EXPECT_EQ(seen.field(FieldId::source_port), "80");
  EXPECT_EQ(seen.field(FieldId::source_is_ipv6), "true");
  EXPECT_EQ(seen.field(FieldId::initiated), "<absent>");
  EXPECT_EQ(seen.field(FieldId::destination_ip), "<absent>");
}

TEST(CrowdStrikeFdr, AddressesOfBothFamilies) {
  constexpr const char* kBoth =
      R"("RemoteAddressIP4":"192.0.2.1","RemoteAddressIP6":"2001:db8::1")";
  EXPECT_EQ(one(in_context("NetworkConnectIP4", kBoth)).field(FieldId::destination_ip),
            "192.0.2.1");
  EXPECT_EQ(one(in_context("NetworkConnectIP6", kBoth)).field(FieldId::destination_ip),
            "2001:db8::1");
  // macOS: an IPv4 address in an IPv6 event.
  EXPECT_EQ(one(in_context("NetworkConnectIP6", R"("RemoteAddressIP4":"127.0.0.1")"))
                .field(FieldId::destination_ip),
            "127.0.0.1");
}

TEST(CrowdStrikeFdr, DnsAnswersAsSysmonWritesThem) {
  const Seen seen = one(in_context(
      "DnsRequest",
      R"("DomainName":"a.example.","RequestType":"1","QueryStatus":"0","CNAMERecords":"b.example;c.example;","IP4Records":"192.0.2.1;192.0.2.2;","IP6Records":"2001:db8::1;","FirstIP4Record":"192.0.2.1")"));
  EXPECT_EQ(seen.field(FieldId::query_name), "a.example");
  EXPECT_EQ(seen.originals.at(FieldId::query_name), "a.example.");
  EXPECT_EQ(seen.field(FieldId::record_type), "A");
  EXPECT_EQ(seen.field(FieldId::query_status), "0");
  EXPECT_EQ(seen.field(FieldId::query_results),
            "type:  5 b.example;type:  5 c.example;::ffff:192.0.2.1;::ffff:192.0.2.2;2001:db8::1;");
  EXPECT_EQ(one(in_context("SuspiciousDnsRequest", R"("FirstIP4Record":"192.0.2.1")"))
                .field(FieldId::query_results),
            "::ffff:192.0.2.1;");
  EXPECT_EQ(one(in_context("DnsRequest", R"("IP4Records":"")")).field(FieldId::query_results),
            "<absent>");
}

// --- Scripts, services, tasks, logons

TEST(CrowdStrikeFdr, AScriptTellsOfThreeGenerations) {
  const Seen seen = one(in_context(
      "ScriptControlScanTelemetry",
      R"("ScriptContent":"IEX $x","ScriptContentName":"\\??\\C:\\s.ps1","ImageFileName":"\\Device\\HarddiskVolume3\\powershell.exe","CommandLine":"powershell -f s.ps1","ParentImageFileName":"\\Device\\HarddiskVolume3\\cmd.exe","ParentCommandLine":"cmd","GrandparentImageFileName":"\\Device\\HarddiskVolume3\\explorer.exe","GrandparentCommandLine":"explorer")"));
  EXPECT_EQ(seen.type, EventType::ps_script);
  EXPECT_EQ(seen.field(FieldId::script_block_text), "IEX $x");
  EXPECT_EQ(seen.field(FieldId::path), "C:\\s.ps1");
  EXPECT_EQ(seen.actor.image, "C:\\powershell.exe");
  EXPECT_EQ(seen.actor.command_line, "powershell -f s.ps1");
  EXPECT_EQ(seen.parent.image, "C:\\cmd.exe");
  EXPECT_EQ(seen.field(FieldId::parent_command_line), "cmd");
  EXPECT_EQ(seen.field(FieldId::grand_parent_image), "C:\\explorer.exe");
  EXPECT_EQ(seen.field(FieldId::grand_parent_command_line), "explorer");
  EXPECT_EQ(one(fdr("ScriptControlScanInfo", "", "Mac")).type, EventType::script);
}

TEST(CrowdStrikeFdr, CommandHistoryIsAScriptOfItsTarget) {
  const Seen seen =
      one(fdr("CommandHistory", R"("TargetProcessId":"78","CommandHistory":"dir¶whoami")"));
  EXPECT_EQ(seen.field(FieldId::script_block_text), "dir¶whoami");
  EXPECT_EQ(seen.actor.vendor_uid, "78");
}

TEST(CrowdStrikeFdr, AServicesProgramIsNotItsMakers) {
  const Seen seen = one(in_context(
      "CreateService",
      R"("RpcClientProcessId":"79","ServiceDisplayName":"svc","ServiceImagePath":"C:\\s.exe -k","ImageFileName":"\\Device\\HarddiskVolume3\\s.exe","ContextImageFileName":"\\Device\\HarddiskVolume3\\services.exe")"));
  EXPECT_EQ(seen.type, EventType::service);
  EXPECT_EQ(seen.field(FieldId::service_name), "svc");
  EXPECT_EQ(seen.field(FieldId::image_path), "C:\\s.exe -k");
  EXPECT_EQ(seen.actor.vendor_uid, "79");
  EXPECT_EQ(seen.actor.image, "");
  EXPECT_EQ(seen.field(FieldId::command_line), "<absent>");
  EXPECT_EQ(
      one(fdr("HostedServiceStopped", R"("TargetProcessId":"5","ServiceDisplayName":"wuauserv")"))
          .actor.vendor_uid,
      "5");
}

TEST(CrowdStrikeFdr, ATaskHasItsName) {
  const Seen seen = one(
      in_context("ScheduledTaskRegistered", R"("TaskName":"\\T","TaskExecCommand":"C:\\t.exe")"));
  EXPECT_EQ(seen.field(FieldId::task_name), "\\T");
  EXPECT_EQ(seen.field(FieldId::path), "C:\\t.exe");
}

TEST(CrowdStrikeFdr, WhoLogsOnIsNotWhoseProcessItIs) {
  const Seen seen = one(in_context(
      "UserLogon",
      R"("UserName":"jo","UserSid":"S-1-5-21-7","LogonType":"10","AuthenticationId":"2338751","RemoteAddressIP4":"192.0.2.1","ClientComputerName":"PC9","LogonDomain":"ACME","EtwRawProcessId":"744")"));
  EXPECT_EQ(seen.field(FieldId::target_user_name), "jo");
  EXPECT_EQ(seen.field(FieldId::logon_type), "10");
  EXPECT_EQ(seen.field(FieldId::logon_id), "0x23afbf");
  EXPECT_EQ(seen.field(FieldId::source_ip), "192.0.2.1");
  EXPECT_EQ(seen.field(FieldId::source_hostname), "PC9");
  EXPECT_EQ(seen.actor.vendor_uid, "77");
  EXPECT_EQ(seen.actor.pid, "744");
  EXPECT_EQ(seen.actor.user, "");
  EXPECT_EQ(seen.extra.at("LogonDomain"), "ACME");
}

TEST(CrowdStrikeFdr, TheSensorTellsItsHostsName) {
  const Seen seen =
      one(fdr("AgentOnline", R"("ComputerName":"PC7","MachineDomain":"acme.example")"));
  EXPECT_EQ(seen.type, EventType::sensor);
  EXPECT_EQ(seen.hostname, "PC7");
  EXPECT_EQ(seen.host, "aaaa1111bbbb2222");
}

// --- Extra fields

TEST(CrowdStrikeFdr, ExtraFieldsAreWhatTheEventDidNotUse) {
  const std::string record =
      in_context("DnsRequest",
                 R"("DomainName":"a.example","InterfaceIndex":"3","Empty":"","Deep":{"a":[1,2]})");
  const Seen all = one(record);
  EXPECT_EQ(all.extra, (Extras{{"cid", "c1"},
                               {"aip", "192.0.2.7"},
                               {"name", "DnsRequestV1"},
                               {"timestamp", "1713805173418"},
                               {"InterfaceIndex", "3"},
                               {"Deep", R"({"a":[1,2]})"}}));
  const Seen named =
      one(record, {.fields = FieldSet::all(), .extra_fields = {"DomainName", "InterfaceIndex"}});
  EXPECT_EQ(named.extra, (Extras{{"DomainName", "a.example"}, {"InterfaceIndex", "3"}}));
  EXPECT_EQ(named.field(FieldId::query_name), "a.example");
  EXPECT_TRUE(one(record, Projection{.fields = FieldSet::all(), .extra_fields = {}}).extra.empty());
}

TEST(CrowdStrikeFdr, TheGraphsFieldsAreThereWhateverTheRulesWant) {
  const Seen seen = one(fdr("ProcessRollup2", kStart), Projection{});
  EXPECT_EQ(seen.actor.image, "C:\\Windows\\System32\\cmd.exe");
  EXPECT_EQ(seen.field(FieldId::hashes), "MD5=097c,SHA256=ba40");
  EXPECT_EQ(seen.field(FieldId::group_uid), "<absent>");
}

// --- Look-up tables

TEST(CrowdStrikeLookup, ARowOfAidmasterNamesAHost) {
  const Seen seen = one(
      R"({"aid":"A1","cid":"c","ComputerName":"mac1","AgentVersion":"6.31","event_platform":"Mac","Time":"1636448427.3539999","FirstSeen":"1625682391.0"})");
  EXPECT_EQ(seen.carriage, "fdr_lookup");
  EXPECT_EQ(seen.vendor_type, "aidmaster");
  EXPECT_EQ(seen.type, EventType::sensor);
  EXPECT_EQ(seen.host, "a1");
  EXPECT_EQ(seen.hostname, "mac1");
  EXPECT_EQ(seen.platform, Platform::macos);
  EXPECT_EQ(seen.time, "2021-11-09T09:00:27.353Z");
  EXPECT_FALSE(seen.time_suspect);
  EXPECT_EQ(seen.extra.at("AgentVersion"), "6.31");
}

TEST(CrowdStrikeLookup, TablesAreToldByTheirKeys) {
  const std::map<std::string, std::string> cases = {
      {R"("_time":"1678931820.343","GatewayIP":"192.0.2.1","MACPrefix":"AA-AA-AA")",
       "managedassets"},
      {R"("_time":"1678931820.343","discoverer_aid":"x y","MACPrefix":"AA-AA-AA")", "notmanaged"},
      {R"("_time":"1678931820.343","UserSid_readable":"S-1","AccountType":"Local")", "userinfo"}};
  for (const auto& [keys, want] : cases) {
    const Seen seen = one(fmt::format(R"({{"aid":"A1","cid":"c",{}}})", keys));
    EXPECT_EQ(seen.vendor_type, want);
    EXPECT_EQ(seen.time, "2023-03-16T01:57:00.343Z");
  }
}

TEST(CrowdStrikeLookup, AMachineWithoutASensorIsKnownByItsName) {
  const std::string record =
      R"({"ComputerName":"HQ-x.acme.example","LastDiscoveredBy":"c1","NeighborName":"!!!!UNKNOWN!!!!","_time":"1678931820.343","cid":"c","discoverer_aid":"4b c1"})";
  const std::vector<Seen> events =
      all_of(record, Projection::everything(), {.source = Source::crowdstrike});
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].carriage, "fdr_lookup");
  EXPECT_EQ(events[0].vendor_type, "notmanaged");
  EXPECT_EQ(events[0].host, "hq-x");
  EXPECT_EQ(events[0].hostname, "HQ-x.acme.example");
}

TEST(CrowdStrikeLookup, ARowWithoutATimeIsSuspect) {
  EXPECT_TRUE(one(R"({"aid":"A1","cid":"c","AgentVersion":"6"})").time_suspect);
}

TEST(CrowdStrikeLookup, WhatIsNeitherEventNorTableIsADeadLetter) {
  const test::Looker looker = test::parse(R"({"aid":"A1","cid":"c","Whatever":"1"})");
  EXPECT_EQ(looker.events, 0U);
  ASSERT_EQ(looker.errors.size(), 1U);
  EXPECT_NE(looker.errors[0].message.find("event_simpleName"), std::string::npos);
}

// --- The event stream

std::string stream(const std::string& type, const std::string& keys) {
  return fmt::format(
      R"({{"metadata":{{"customerIDString":"cust1","offset":70689,"eventType":"{}","eventCreationTime":1595002291000,"version":"1.0"}},"event":{{{}}}}})",
      type, keys);
}

constexpr const char* kDetection =
    R"("SensorId":"ABCD","ComputerName":"TESTDEVICE01","UserName":"jo","DetectName":"NGAV","DetectId":"ldt:abcd:1","Severity":2,"SeverityName":"Low","Tactic":"Machine Learning","Technique":"N/A","ProcessId":1719309930613520072,"ParentProcessId":627311656469,"ProcessStartTime":1595002290,"ProcessEndTime":0,"FileName":"a.exe","FilePath":"\\Device\\HarddiskVolume2\\p\\d","CommandLine":"a.exe -x","SHA256String":"ab","MD5String":"cd","SHA1String":"0000","ParentImageFileName":"\\Device\\HarddiskVolume2\\Windows\\explorer.exe","ParentCommandLine":"explorer","GrandparentImageFileName":"\\Device\\HarddiskVolume2\\Windows\\userinit.exe","GrandparentCommandLine":"userinit")";

TEST(CrowdStrikeStream, ADetectionIsTheVendorsVerdict) {
  const std::vector<Seen> events = all_of(stream("DetectionSummaryEvent", kDetection));
  ASSERT_EQ(events.size(), 2U);
  const Seen& seen = events[0];
  EXPECT_EQ(seen.type, EventType::antivirus);
  EXPECT_EQ(seen.carriage, "falcon_stream");
  EXPECT_EQ(seen.vendor_type, "DetectionSummaryEvent");
  EXPECT_EQ(seen.platform, Platform::windows);
  EXPECT_EQ(seen.host, "abcd");
  EXPECT_EQ(seen.hostname, "TESTDEVICE01");
  EXPECT_EQ(seen.time, "2020-07-17T16:11:31.000Z");
  EXPECT_EQ(seen.event_uid, "crowdstrike:abcd:ldt:abcd:1");
  EXPECT_EQ(seen.field(FieldId::threat_name), "NGAV");
  EXPECT_EQ(seen.field(FieldId::signature), "NGAV");
  EXPECT_EQ(seen.field(FieldId::severity), "Low");
  EXPECT_EQ(seen.field(FieldId::tactic), "Machine Learning");
  EXPECT_EQ(seen.field(FieldId::technique), "<absent>");
  EXPECT_EQ(seen.field(FieldId::image), "C:\\p\\d\\a.exe");
  EXPECT_EQ(seen.field(FieldId::hashes), "MD5=cd,SHA256=ab");
  EXPECT_EQ(seen.field(FieldId::parent_image), "C:\\Windows\\explorer.exe");
  EXPECT_EQ(seen.field(FieldId::grand_parent_image), "C:\\Windows\\userinit.exe");
  EXPECT_EQ(seen.actor.vendor_uid, "1719309930613520072");
  EXPECT_EQ(seen.parent.vendor_uid, "627311656469");
}

TEST(CrowdStrikeStream, ADetectionTellsOfTheProcesssStart) {
  const std::vector<Seen> events = all_of(stream("DetectionSummaryEvent", kDetection));
  ASSERT_EQ(events.size(), 2U);
  const Seen& start = events[1];
  EXPECT_EQ(start.type, EventType::process_creation);
  EXPECT_EQ(start.time, "2020-07-17T16:11:30.000Z");
  EXPECT_EQ(start.event_uid, "crowdstrike:abcd:ldt:abcd:1/process/0");
  EXPECT_NE(start.uid, events[0].uid);
  EXPECT_EQ(start.actor.key, events[0].actor.key);
  EXPECT_EQ(start.actor.image, "C:\\p\\d\\a.exe");
  EXPECT_EQ(start.actor.command_line, "a.exe -x");
  EXPECT_EQ(start.actor.user, "jo");
  EXPECT_FALSE(start.actor.exact);  // Whole seconds: FDR's own event knows better.
  EXPECT_EQ(start.parent.image, "C:\\Windows\\explorer.exe");
  // The same process as in FDR.
  const Seen fdr_start = one(
      R"({"event_simpleName":"ProcessRollup2","aid":"abcd","TargetProcessId":"1719309930613520072"})");
  EXPECT_EQ(start.actor.key, fdr_start.actor.key);
}

TEST(CrowdStrikeStream, WhatADetectionListsAreEvents) {
  const std::vector<Seen> events = all_of(stream(
      "DetectionSummaryEvent",
      std::string(kDetection) +
          R"(,"NetworkAccesses":[{"AccessType":0,"AccessTimestamp":1595002295,"Protocol":"TCP","LocalAddress":"10.0.0.1","LocalPort":53120,"RemoteAddress":"198.51.100.1","RemotePort":443,"ConnectionDirection":0,"IsIPV6":false},{"ConnectionDirection":1,"LocalAddress":"10.0.0.1","LocalPort":22,"RemoteAddress":"198.51.100.2","RemotePort":9,"Protocol":"6"}],"DnsRequests":[{"DomainName":"a.example","RequestType":"A","LoadTime":1595002296}],"FilesWritten":[{"Timestamp":1595002297,"FileName":"w.txt","FilePath":"\\Device\\HarddiskVolume2\\d"}],"ExecutablesWritten":[{"Timestamp":1595002298,"FileName":"w.exe","FilePath":"\\Device\\HarddiskVolume2\\d"},{"FileName":"w.exe","FilePath":"\\Device\\HarddiskVolume2\\d"}],"FilesAccessed":[{"FileName":"r.doc","FilePath":"\\Device\\HarddiskVolume2\\d"}])"));
  ASSERT_EQ(events.size(), 9U);
  const std::vector<std::pair<EventType, std::string>> want = {
      {EventType::antivirus, ""},
      {EventType::process_creation, "/process/0"},
      {EventType::network_connection, "/network/0"},
      {EventType::network_connection, "/network/1"},
      {EventType::dns_query, "/dns/0"},
      {EventType::file_event, "/file/0"},
      {EventType::file_event, "/executable/0"},
      {EventType::file_event, "/executable/1"},
      {EventType::file_access, "/access/0"}};
  std::map<Uid, std::size_t> uids;
  for (std::size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(to_string(events[i].type), to_string(want[i].first)) << i;
    EXPECT_EQ(events[i].event_uid, "crowdstrike:abcd:ldt:abcd:1" + want[i].second);
    EXPECT_EQ(events[i].actor.key, events[0].actor.key) << i;
    EXPECT_EQ(events[i].actor.image, "C:\\p\\d\\a.exe") << i;
    EXPECT_EQ(events[i].host, "abcd") << i;
    ++uids[events[i].uid];
  }
  EXPECT_EQ(uids.size(), events.size());
  EXPECT_EQ(events[2].time, "2020-07-17T16:11:35.000Z");
  EXPECT_EQ(events[2].field(FieldId::destination_ip), "198.51.100.1");
  EXPECT_EQ(events[2].field(FieldId::destination_port), "443");
  EXPECT_EQ(events[2].field(FieldId::protocol), "tcp");
  EXPECT_EQ(events[2].field(FieldId::initiated), "true");
  EXPECT_EQ(events[3].field(FieldId::source_ip), "198.51.100.2");
  EXPECT_EQ(events[3].field(FieldId::protocol), "tcp");
  EXPECT_EQ(events[3].time, events[0].time);
  EXPECT_EQ(events[4].field(FieldId::query_name), "a.example");
  EXPECT_EQ(events[4].field(FieldId::record_type), "A");
  EXPECT_EQ(events[4].time, "2020-07-17T16:11:36.000Z");
  EXPECT_EQ(events[5].field(FieldId::target_filename), "C:\\d\\w.txt");
  EXPECT_EQ(events[6].field(FieldId::target_filename), "C:\\d\\w.exe");
  EXPECT_EQ(events[8].field(FieldId::target_filename), "C:\\d\\r.doc");
}

TEST(CrowdStrikeStream, TheNewerDetectionsHaveOtherNames) {
  const std::vector<Seen> events = all_of(stream(
      "EppDetectionSummaryEvent",
      R"("AgentId":"ABCD","Hostname":"mac1","Name":"Pup","CompositeId":"abcd:ind:1","Severity":30,"FileName":"app","FilePath":"/Applications/a.app/Contents/MacOS/app","ParentImageFileName":"launchd","ParentImageFilePath":"/sbin/launchd","GrandParentImageFileName":"kernel_task","GrandParentCommandLine":"k","ProcessId":"5","ProcessStartTime":1595002290)"));
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].host, "abcd");
  EXPECT_EQ(events[0].hostname, "mac1");
  EXPECT_EQ(events[0].platform, Platform::macos);
  EXPECT_EQ(events[0].field(FieldId::threat_name), "Pup");
  EXPECT_EQ(events[0].field(FieldId::severity), "30");
  EXPECT_EQ(events[0].field(FieldId::image), "/Applications/a.app/Contents/MacOS/app");
  EXPECT_EQ(events[0].field(FieldId::parent_image), "/sbin/launchd");
  EXPECT_EQ(events[0].field(FieldId::grand_parent_image), "<absent>");
  EXPECT_EQ(events[0].field(FieldId::grand_parent_command_line), "k");
}

TEST(CrowdStrikeStream, TheSameDetectionThroughFdrIsTheSameEvent) {
  const std::vector<Seen> streamed = all_of(stream("DetectionSummaryEvent", kDetection));
  const std::vector<Seen> external = all_of(fmt::format(
      R"({{"ExternalApiType":"Event_DetectionSummaryEvent","cid":"c","eid":118,"UTCTimestamp":1595002291000,"timestamp":"2020-07-17T16:11:31Z",{}}})",
      kDetection));
  ASSERT_EQ(external.size(), 2U);
  EXPECT_EQ(external[0].carriage, "fdr_external");
  EXPECT_EQ(external[0].vendor_type, "DetectionSummaryEvent");
  EXPECT_EQ(external[0].uid, streamed[0].uid);
  EXPECT_EQ(external[1].uid, streamed[1].uid);
  EXPECT_EQ(external[0].time, streamed[0].time);
}

TEST(CrowdStrikeStream, EachBehaviourOfADetectionIsAnEvent) {
  const std::string other = R"("SensorId":"ABCD","DetectId":"ldt:abcd:1","DetectName":"Other")";
  EXPECT_NE(all_of(stream("DetectionSummaryEvent", kDetection))[0].uid,
            all_of(stream("DetectionSummaryEvent", other))[0].uid);
}

TEST(CrowdStrikeStream, ADetectionWithoutAProcessTellsOfNone) {
  EXPECT_EQ(
      one(stream("IdpDetectionSummaryEvent", R"("DetectName":"Brute force","Tactic":"x")")).type,
      EventType::antivirus);
}

TEST(CrowdStrikeStream, WhatAdministratorsDid) {
  const Seen sign_in = one(stream(
      "AuthActivityAuditEvent",
      R"("UserId":"jo@acme.example","UserIp":"192.0.2.1","OperationName":"twoFactorAuthenticate","Success":true,"UTCTimestamp":1595002200)"));
  EXPECT_EQ(sign_in.type, EventType::logon);
  EXPECT_EQ(sign_in.time, "2020-07-17T16:11:31.000Z");
  EXPECT_EQ(sign_in.field(FieldId::user), "jo@acme.example");
  EXPECT_EQ(sign_in.field(FieldId::source_ip), "192.0.2.1");
  EXPECT_EQ(sign_in.extra.at("Success"), "true");
  EXPECT_EQ(sign_in.event_uid, "crowdstrike:cust1:70689");
  const Seen session = one(stream("RemoteResponseSessionStartEvent",
                                  R"("UserName":"jo","HostnameField":"PC7.acme.example")"));
  EXPECT_EQ(session.type, EventType::other);
  EXPECT_EQ(session.hostname, "PC7.acme.example");
  EXPECT_EQ(session.host, "pc7");
  EXPECT_EQ(session.field(FieldId::user), "jo");
}

TEST(CrowdStrikeStream, TimesInEveryUnit) {
  const auto time_of = [](const char* creation) {
    return one(fmt::format(
                   R"({{"metadata":{{"eventType":"UserActivityAuditEvent","eventCreationTime":{}}},"event":{{"UserId":"jo"}}}})",
                   creation))
        .time;
  };
  EXPECT_EQ(time_of("1595002291000"), "2020-07-17T16:11:31.000Z");
  EXPECT_EQ(time_of("1595002291"), "2020-07-17T16:11:31.000Z");
  EXPECT_EQ(time_of(R"("2024-07-26 16:13:13.579000000")"), "2024-07-26T16:13:13.579Z");
}

TEST(CrowdStrikeStream, AFirewallMatchIsAConnection) {
  const Seen seen = one(stream(
      "FirewallMatchEvent",
      R"("DeviceId":"ABCD","HostName":"PC7","PID":"206158879910","RuleName":"Block SMB","ConnectionDirection":"1","LocalAddress":"10.0.0.1","LocalPort":"445","RemoteAddress":"10.0.0.2","RemotePort":"54952","Protocol":"6","Timestamp":"2020-07-20T12:41:44Z")"));
  EXPECT_EQ(seen.type, EventType::network_connection);
  EXPECT_EQ(seen.time, "2020-07-20T12:41:44.000Z");
  EXPECT_EQ(seen.host, "abcd");
  EXPECT_EQ(seen.field(FieldId::source_ip), "10.0.0.2");
  EXPECT_EQ(seen.field(FieldId::destination_port), "445");
  EXPECT_EQ(seen.field(FieldId::rule_name), "Block SMB");
  EXPECT_EQ(seen.actor.vendor_uid, "206158879910");
}

TEST(CrowdStrikeStream, ASensorEventInsideALikeEnvelopeIsOne) {
  const Seen seen = one(
      R"({"metadata":{"x":1},"event":{"event_simpleName":"DnsRequest","aid":"A1","DomainName":"a.example"}})");
  EXPECT_EQ(seen.carriage, "fdr");
  EXPECT_EQ(seen.field(FieldId::query_name), "a.example");
}

TEST(CrowdStrikeStream, AnEnvelopeWithNothingInItIsADeadLetter) {
  for (const char* record :
       {R"({"metadata":{"eventType":"DetectionSummaryEvent"},"event":"x"})",
        R"({"metadata":{},"event":{"a":1}})", R"({"metadata":1,"event":{}})"}) {
    const test::Looker looker = test::parse(record);
    EXPECT_EQ(looker.events, 0U) << record;
    EXPECT_EQ(looker.errors.size(), 1U) << record;
  }
}

// --- Real records

/// Events and dead letters of a file.
struct Tally {
  std::size_t records = 0;
  std::size_t events = 0;
  std::size_t dead_letters = 0;
};

Tally read_file(const std::filesystem::path& path, const ParserOptions& options) {
  Tally tally;
  RecordParser parser(Projection::everything(), options);
  auto source = open_source(path);
  if (!source) {
    ADD_FAILURE() << source.error().message;
    return tally;
  }
  RecordReader reader(std::move(*source));
  for (RecordRead read = reader.read(); read.status != ReadStatus::end; read = reader.read()) {
    if (read.status != ReadStatus::record) {
      ADD_FAILURE() << path << ":" << read.line << ": " << read.error.message;
      continue;
    }
    test::Looker looker([](const Event& event) {
      EXPECT_EQ(event.source, Source::crowdstrike);
      EXPECT_FALSE(event.uid.is_none());
      EXPECT_FALSE(event.vendor_type.empty());
      EXPECT_FALSE(event.host.empty());
    });
    parser.parse(read.text, {.input = 0, .offset = read.offset, .line = read.line}, looker);
    ++tally.records;
    tally.events += looker.events;
    tally.dead_letters += looker.errors.size();
    EXPECT_TRUE(looker.errors.empty() ? looker.events >= 1 : looker.events == 0)
        << path << ":" << read.line;
    for (const Error& error : looker.errors) {
      EXPECT_FALSE(error.message.empty());
    }
  }
  return tally;
}

TEST(CrowdStrikeSamples, EveryRecordIsAnEventOrADeadLetterWithAReason) {
  const std::filesystem::path folder = SPOOR_SOURCE_DIR "/../shared/data/samples/crowdstrike";
  if (!std::filesystem::exists(folder)) {
    GTEST_SKIP() << "skipped: the shared samples are not here";
  }

  struct Want {
    const char* file;
    std::size_t records;
    std::size_t dead_letters;  ///< Records that do not tell whose they are.
  };

  const Want wants[] = {
      {"elastic/fdr-a.input.ndjson", 65, 0},
      {"elastic/fdr-detection.input.ndjson", 2, 0},
      {"elastic/test-falcon-audit-events.input.ndjson", 13, 0},
      {"elastic/test-falcon-audit-events.original.log", 13, 0},
      {"elastic/test-falcon-sample.input.ndjson", 7, 0},
      {"elastic/test-falcon-sample.original.log", 7, 0},
      {"panther/rule-tests.ndjson", 62, 0},
      {"splunk/processrollup2.ndjson", 1, 0},
  };
  for (const Want& want : wants) {
    const Tally tally = read_file(folder / want.file, {});
    EXPECT_EQ(tally.records, want.records) << want.file;
    EXPECT_EQ(tally.dead_letters, want.dead_letters) << want.file;
    // Who knows whose they are may say so.
    EXPECT_EQ(read_file(folder / want.file, {.source = Source::crowdstrike}).dead_letters, 0U)
        << want.file;
  }
}

}  // namespace
}  // namespace spoor
