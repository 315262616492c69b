// What real files hold, beyond what a schema says: one test for each thing that was met.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "engine/base/limits.h"
#include "engine/process_graph/graph_algorithms.h"
#include "engine/process_graph/process_graph.h"
#include "replay/record_reader.h"
#include "tests/support/parsing.h"

namespace spoor {
namespace {

// --- Records

/// A Sysmon event as evtx_dump writes it. `id` is the JSON of EventID, `data` that of EventData.
std::string sysmon(std::string_view id,
                   std::string_view data,
                   std::string_view computer = "PC042.acme.example") {
  return fmt::format(
      R"({{"Event":{{"System":{{"Provider":{{"#attributes":{{"Name":"Microsoft-Windows-Sysmon"}}}},"EventID":{},"EventRecordID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","Computer":"{}"}},"EventData":{{{}}}}}}})",
      id, computer, data);
}

/// A file creation: `name` is the JSON of TargetFilename.
std::string file_created(std::string_view name) {
  return sysmon("11",
                fmt::format(R"("UtcTime":"2023-03-14 09:13:42.214","TargetFilename":{})", name));
}

/// NXLog's flat record of a Sysmon event.
std::string nxlog(int id, std::string_view fields) {
  return fmt::format(
      R"({{"SourceModuleType":"im_msvistalog","SourceName":"Microsoft-Windows-Sysmon","EventID":{},"Channel":"Microsoft-Windows-Sysmon/Operational","Hostname":"PC042.acme.example","RecordNumber":1,{}}})",
      id, fields);
}

std::string fdr(std::string_view name, std::string_view keys) {
  return fmt::format(
      R"({{"event_simpleName":"{}","aid":"a1","cid":"c1","id":"1","event_platform":"Win","timestamp":"1713805173418","ContextTimeStamp":"1713805171.250",{}}})",
      name, keys);
}

std::string funnel(std::string_view type, std::string_view keys) {
  return fmt::format(
      R"({{"i.scheme":"edr","event.type":"{}","event.time":1678785222214,"event.id":"1","endpoint.os":"windows","endpoint.name":"PC042","agent.uuid":"a1",{}}})",
      type, keys);
}

constexpr const char* kParentGuid = "{8f4c1e20-0563-641b-f401-000000002f00}";  // 13:40:51
constexpr const char* kChildGuid = "{8f4c1e20-0564-641b-fb01-000000002f00}";   // 13:40:52
constexpr const char* kZeroGuid = "{00000000-0000-0000-0000-000000000000}";

/// A process creation.
std::string created(std::string_view guid,
                    std::string_view pid,
                    std::string_view time,
                    std::string_view parent_guid,
                    std::string_view image = "C:\\\\a.exe") {
  return sysmon(
      "1",
      fmt::format(
          R"("UtcTime":"2023-03-22 {}","ProcessGuid":"{}","ProcessId":"{}","Image":"{}","ParentProcessGuid":"{}","ParentProcessId":"6640","ParentImage":"C:\\p.exe")",
          time, guid, pid, image, parent_guid));
}

std::string ended(std::string_view guid, std::string_view pid, std::string_view time) {
  return sysmon("5", fmt::format(R"("UtcTime":"2023-03-22 {}","ProcessGuid":"{}","ProcessId":"{}")",
                                 time, guid, pid));
}

// --- Looking

/// Parses a record that gives exactly one event, and looks at it.
void expect_event(std::string_view record, const std::function<void(const Event&)>& look) {
  const test::Looker looker = test::parse(record, look);
  EXPECT_EQ(looker.events, 1U) << record;
  for (const Error& error : looker.errors) {
    ADD_FAILURE() << error.message << ": " << record;
  }
}

/// What the bytes of a file turn into.
struct FileRead {
  std::vector<std::string> names;  ///< TargetFilename of each event.
  std::vector<std::string> bad;    ///< Code of each dead letter.
};

FileRead read_file(const std::string& bytes) {
  FileRead result;
  test::Looker looker([&result](const Event& event) {
    result.names.emplace_back(event.field(FieldId::target_filename));
  });
  RecordParser parser(Projection::everything());
  RecordReader reader(*memory_source(bytes));
  for (RecordRead read = reader.read(); read.status != ReadStatus::end; read = reader.read()) {
    if (read.status == ReadStatus::record) {
      parser.parse(read.text, {.input = 0, .offset = read.offset, .line = read.line}, looker);
    } else {
      result.bad.emplace_back(to_string(read.error.code));
    }
  }
  for (const Error& error : looker.errors) {
    result.bad.emplace_back(to_string(error.code));
  }
  return result;
}

using Names = std::vector<std::string>;

/// Applies records to a graph, in that order.
void apply(const std::vector<std::string>& records, ProcessGraph& graph) {
  for (const std::string& record : records) {
    expect_event(record, [&graph](const Event& event) { graph.apply(event); });
  }
}

ProcessIndex find(const ProcessGraph& graph, std::string_view guid) {
  // The parser's key of a GUID, by way of an event that names it.
  Uid key;
  expect_event(ended(guid, "1", "13:40:52.125"),
               [&key](const Event& event) { key = event.actor.key; });
  return graph.find(key);
}

std::string pretty(std::string_view record) {
  std::string text;
  for (const char c : record) {
    text.push_back(c);
    if (c == '{' || c == ',') {
      text += "\n   ";
    }
  }
  return text;
}

// --- Files

TEST(Robustness, AByteOrderMarkIsTakenOff) {
  EXPECT_EQ(read_file("\xEF\xBB\xBF" + file_created(R"("a")") + "\n").names, Names{"a"});
}

TEST(Robustness, LinesMayEndInCarriageReturn) {
  const FileRead read =
      read_file(file_created(R"("a")") + "\r\n" + file_created(R"("b")") + "\r\n");
  EXPECT_EQ(read.names, (Names{"a", "b"}));
  EXPECT_TRUE(read.bad.empty());
}

TEST(Robustness, BlankLinesAreNoRecords) {
  const FileRead read = read_file("\n\n" + file_created(R"("a")") + "\n\n  \n");
  EXPECT_EQ(read.names, Names{"a"});
  EXPECT_TRUE(read.bad.empty());
}

TEST(Robustness, BlankLinesInTheMiddleOfAFileEndNothing) {
  const FileRead read =
      read_file(file_created(R"("a")") + "\n\n\r\n" + file_created(R"("b")") + "\n");
  EXPECT_EQ(read.names, (Names{"a", "b"}));
  EXPECT_TRUE(read.bad.empty());
}

TEST(Robustness, AGarbageLineCostsItselfOnly) {
  const FileRead read =
      read_file(file_created(R"("a")") + "\n]]>garbage\n" + file_created(R"("b")") + "\n");
  EXPECT_EQ(read.names, (Names{"a", "b"}));
  EXPECT_EQ(read.bad, Names{"malformed_json"});
}

TEST(Robustness, ATrailingCommaBehindARecordCostsNoNeighbour) {
  const FileRead read = read_file(file_created(R"("a")") + ",\n" + file_created(R"("b")") + "\n");
  EXPECT_EQ(read.names.back(), "b");
  EXPECT_EQ(read.names.size() + read.bad.size(), 2U);
}

TEST(Robustness, AFileMayBeOneJsonArray) {
  const std::string a = file_created(R"("a")");
  const std::string b = file_created(R"("b")");
  for (const std::string& bytes :
       {fmt::format("[{},{}]", a, b), fmt::format("[\n{},\n{}\n]\n", a, b),
        fmt::format("[\n  {},\n  {}\n]", pretty(a), pretty(b))}) {
    const FileRead read = read_file(bytes);
    EXPECT_EQ(read.names, (Names{"a", "b"})) << bytes;
    EXPECT_TRUE(read.bad.empty()) << bytes;
  }
}

TEST(Robustness, AFileMayBePrettyPrintedRecordsOneAfterTheOther) {
  const FileRead read =
      read_file(pretty(file_created(R"("a")")) + "\n" + pretty(file_created(R"("b")")) + "\n");
  EXPECT_EQ(read.names, (Names{"a", "b"}));
  EXPECT_TRUE(read.bad.empty());
}

TEST(Robustness, ALineOf64KilobytesAndMoreIsARecord) {
  for (const std::size_t size :
       {std::size_t{30'700}, std::size_t{66'000}, kRecordBytesMax - 1000}) {
    const std::string long_name = "C:\\\\" + std::string(size, 'x');
    const FileRead read =
        read_file(file_created("\"" + long_name + "\"") + "\n" + file_created(R"("b")") + "\n");
    ASSERT_EQ(read.names.size(), 2U) << size;
    EXPECT_EQ(read.names[0].size(), long_name.size() - 1);
    EXPECT_EQ(read.names[1], "b");
  }
}

// --- JSON

TEST(Robustness, OfAKeyThatStandsTwiceTheFirstCounts) {
  expect_event(file_created(R"("first","TargetFilename":"last")"), [](const Event& event) {
    EXPECT_EQ(event.field(FieldId::target_filename), "first");
    EXPECT_TRUE(event.duplicate_keys);
  });
}

TEST(Robustness, ProcessIdAndProcessIDAreTwoKeys) {
  for (const char* fields :
       {R"("ProcessID":2928,"ProcessId":"10212")", R"("ProcessId":"10212","ProcessID":2928)",
        R"("ProcessId":"10212","ExecutionProcessID":2928)"}) {
    expect_event(nxlog(5, fields), [](const Event& event) {
      EXPECT_EQ(event.field(FieldId::process_id), "10212");
      EXPECT_FALSE(event.duplicate_keys);
    });
  }
}

TEST(Robustness, EscapesThatJsonDoesNotNeedAreRead) {
  expect_event(file_created(R"("C:\u005ctemp\/it\u0027s.txt")"), [](const Event& event) {
    EXPECT_EQ(event.field(FieldId::target_filename), "C:\\temp/it's.txt");
  });
}

TEST(Robustness, ALoneSurrogateIsReplacedAndSaidSo) {
  expect_event(file_created(R"("a\ud83d.dll")"), [](const Event& event) {
    EXPECT_EQ(event.field(FieldId::target_filename), "a\xEF\xBF\xBD.dll");
    EXPECT_TRUE(event.salvaged);
  });
}

TEST(Robustness, UsersMayBeNamedInAnyLanguage) {
  expect_event(sysmon("5", R"("User":"AUTORITE NT\\Système")"), [](const Event& event) {
    EXPECT_EQ(event.field(FieldId::user), "AUTORITE NT\\Système");
    EXPECT_EQ(event.actor.user, "AUTORITE NT\\Système");
  });
  expect_event(sysmon("5", R"("User":"\u00c9T\u00c9\\\u65e5\u672c")"),
               [](const Event& event) { EXPECT_EQ(event.field(FieldId::user), "ÉTÉ\\日本"); });
}

TEST(Robustness, AKeyMayHoldATrademarkSign) {
  expect_event(funnel("Login", R"("src.process.uid":"P1","src.process.Storyline™.id":"S1")"),
               [](const Event& event) { EXPECT_EQ(event.field(FieldId::group_uid), "S1"); });
}

// --- Values

TEST(Robustness, NullIsAbsentAndAWordForNothingNamesNoProcess) {
  expect_event(
      sysmon("1", R"("Image":null,"ParentUser":"-","ParentImage":"<unknown process>","User":"u")"),
      [](const Event& event) {
        EXPECT_FALSE(event.has(FieldId::image));
        EXPECT_EQ(event.field(FieldId::parent_user), "-");  // As a rule may ask for it.
        EXPECT_EQ(event.parent.user, "");
        EXPECT_EQ(event.parent.image, "");
      });
  expect_event(
      R"({"eventType":"Process Creation","agentUuid":"a1","eventTime":"2023-03-14T09:13:42.214Z","srcProcUid":"P0","tgtProcUid":"P1","tgtProcCmdLine":"None","tgtProcUser":null})",
      [](const Event& event) {
        EXPECT_FALSE(event.has(FieldId::command_line)) << event.field(FieldId::command_line);
        EXPECT_FALSE(event.has(FieldId::user));
      });
}

TEST(Robustness, NumbersMayBeStringsAndStringsNumbers) {
  const char* as_numbers = R"("ProcessId":4460,"Initiated":true,"DestinationPort":443)";
  const char* as_strings = R"("ProcessId":"4460","Initiated":"true","DestinationPort":"443")";
  for (const char* data : {as_numbers, as_strings}) {
    expect_event(sysmon("3", data), [](const Event& event) {
      EXPECT_EQ(event.field(FieldId::process_id), "4460");
      EXPECT_EQ(event.field(FieldId::initiated), "true");
      EXPECT_EQ(event.field(FieldId::destination_port), "443");
      EXPECT_EQ(event.actor.pid, "4460");
    });
  }
  for (const char* id : {R"("TargetProcessId":"1719309930613","RawProcessId":"7")",
                         R"("TargetProcessId":1719309930613,"RawProcessId":7)"}) {
    expect_event(fdr("ProcessRollup2", id), [](const Event& event) {
      EXPECT_EQ(event.actor.vendor_uid, "1719309930613");
      EXPECT_EQ(event.actor.pid, "7");
    });
  }
}

TEST(Robustness, IdsOfTwentyDigitsKeepEveryDigit) {
  Uid string_key;
  for (const char* id : {R"("TargetProcessId":"12345678901234567891")",
                         R"("TargetProcessId":12345678901234567891)"}) {
    expect_event(fdr("ProcessRollup2", id), [&string_key](const Event& event) {
      EXPECT_EQ(event.actor.vendor_uid, "12345678901234567891");
      if (string_key.is_none()) {
        string_key = event.actor.key;
      }
      EXPECT_EQ(event.actor.key, string_key);
    });
  }
  expect_event(fdr("ProcessRollup2", R"("TargetProcessId":12345678901234567892)"),
               [&string_key](const Event& event) { EXPECT_NE(event.actor.key, string_key); });
}

TEST(Robustness, AnAddressOfMoreThan64BitsStaysText) {
  const std::string address = "184467440737095516160000";
  for (const std::string& value : {address, "\"" + address + "\""}) {
    expect_event(
        fdr("InjectedThread",
            fmt::format(R"("ContextProcessId":"1","TargetProcessId":"2","ThreadStartAddress":{})",
                        value)),
        [&address](const Event& event) {
          EXPECT_EQ(event.field(FieldId::start_address), address);
        });
  }
}

TEST(Robustness, TimesMayBeFiletimes) {
  expect_event(
      R"({"event_simpleName":"DnsRequest","aid":"a1","cid":"c1","id":"1","event_platform":"iOS","ContextTimeStamp":133582787712500000,"DomainName":"a.example"})",
      [](const Event& event) {
        EXPECT_EQ(format_timestamp(event.time), "2024-04-22T16:59:31.250Z");
        EXPECT_FALSE(event.time_suspect);
      });
}

TEST(Robustness, FiletimeZeroIsNoTime) {
  expect_event(
      funnel("File Creation", R"("tgt.file.path":"C:\\a","tgt.file.creationTime":-11644473600000)"),
      [](const Event& event) { EXPECT_FALSE(event.has(FieldId::creation_utc_time)); });
}

TEST(Robustness, ATimeOfDayIsNoTimestamp) {
  expect_event(
      R"({"i.scheme":"edr","event.type":"Login","agent.uuid":"a1","timestamp":"10:47:24.180"})",
      [](const Event& event) {
        EXPECT_TRUE(event.time_suspect);
        EXPECT_EQ(event.time, 0);
      });
  expect_event(funnel("Login", R"("timestamp":"10:47:24.180")"), [](const Event& event) {
    EXPECT_EQ(format_timestamp(event.time), "2023-03-14T09:13:42.214Z");
    EXPECT_FALSE(event.time_suspect);
  });
}

TEST(Robustness, AHashOfZerosIsNone) {
  const std::string zeros(40, '0');
  expect_event(
      fdr("ProcessRollup2",
          fmt::format(
              R"("TargetProcessId":"1","SHA1HashData":"{}","MD5HashData":"65f9131df4b7c909ae41add0fcd172fa")",
              zeros)),
      [](const Event& event) {
        EXPECT_EQ(event.field(FieldId::hashes), "MD5=65f9131df4b7c909ae41add0fcd172fa");
      });
  expect_event(
      funnel("Module Load", fmt::format(R"("module.path":"C:\\a.dll","module.sha1":"{}")", zeros)),
      [](const Event& event) { EXPECT_FALSE(event.has(FieldId::hashes)); });
}

// --- Processes

TEST(Robustness, AZeroGuidIsNoProcess) {
  expect_event(created(kZeroGuid, "4", "13:40:52.125", kZeroGuid), [](const Event& event) {
    EXPECT_TRUE(event.actor.key.is_none());
    EXPECT_TRUE(event.parent.key.is_none());
    EXPECT_EQ(event.actor.vendor_uid, "");
    EXPECT_EQ(event.actor.pid, "4");
  });
  ProcessGraph graph;
  apply({created(kZeroGuid, "4", "13:40:52.125", kZeroGuid)}, graph);
  EXPECT_EQ(graph.size(), 0U);
}

TEST(Robustness, WithoutAProcessIdTheGuidIsTheProcess) {
  expect_event(
      nxlog(
          1,
          fmt::format(
              R"("UtcTime":"2023-03-22 13:40:52.125","ProcessGuid":"{}","Image":"C:\\a.exe","ProcessID":2928)",
              kChildGuid)),
      [](const Event& event) {
        EXPECT_FALSE(event.has(FieldId::process_id));
        EXPECT_EQ(event.actor.pid, "");
        EXPECT_EQ(event.actor.vendor_uid, kChildGuid);
        EXPECT_FALSE(event.actor.key.is_none());
      });
}

TEST(Robustness, AProcessIsNotItsOwnParent) {
  // Sysmon would have to be lied to; the graph then refuses the edge.
  ProcessGraph graph;
  apply({created(kChildGuid, "1", "13:40:52.125", kChildGuid)}, graph);
  EXPECT_EQ(graph.parent(find(graph, kChildGuid)), kNoProcess);
  // Deep Visibility's parentProcessUniqueKey is the process's own.
  expect_event(
      R"({"eventType":"DNS Resolved","agentUuid":"a1","eventTime":"2023-03-14T09:13:42.214Z","processUniqueKey":"P1","parentProcessUniqueKey":"P1","parentProcessName":"explorer.exe","parentPid":"7"})",
      [](const Event& event) {
        EXPECT_TRUE(event.parent.key.is_none());
        EXPECT_EQ(event.parent.pid, "7");
      });
  // ntoskrnl.exe loads drivers, and is said to be its own parent.
  expect_event(
      funnel(
          "Driver Load",
          R"("src.process.uid":"K","src.process.image.path":"C:\\Windows\\System32\\ntoskrnl.exe","src.process.parent.uid":"K","src.process.parent.image.path":"C:\\Windows\\System32\\ntoskrnl.exe","tgt.file.path":"C:\\a.sys")"),
      [](const Event& event) { EXPECT_TRUE(event.parent.key.is_none()); });
}

TEST(Robustness, ASelfLoopLeavesTheGraphATree) {
  ProcessGraph graph;
  apply({created(kChildGuid, "1", "13:40:52.125", kChildGuid)}, graph);
  EXPECT_EQ(graph.size(), 1U);
  EXPECT_EQ(graph.self_parents(), 1U);
  EXPECT_TRUE(ancestors(graph, find(graph, kChildGuid)).empty());
}

TEST(Robustness, ACycleOfParentLinksHasAnEnd) {
  ProcessGraph graph;
  apply({created(kChildGuid, "1", "13:40:52.125", kParentGuid),
         created(kParentGuid, "2", "13:40:52.126", kChildGuid)},
        graph);
  EXPECT_EQ(graph.size(), 2U);
  EXPECT_LE(ancestors(graph, find(graph, kChildGuid)).size(), 1U);
  EXPECT_LE(ancestors(graph, find(graph, kParentGuid)).size(), 1U);
}

// The graph and the parsers each had a constant of one name, and a program with both took one for
// the other.
TEST(Robustness, APidThatNoProcessHadHasNoProcess) {
  ProcessGraph graph;
  apply({created(kChildGuid, "6712", "13:40:52.125", kParentGuid)}, graph);
  for (std::uint32_t pid = 1; pid < 100; ++pid) {
    EXPECT_TRUE(graph.with_pid(pid).empty());
  }
}

TEST(Robustness, APidThatIsUsedAgainIsAnotherProcess) {
  ProcessGraph graph;
  apply({created(kParentGuid, "6712", "13:40:51.000", kZeroGuid),
         created(kChildGuid, "6712", "13:40:52.125", kZeroGuid)},
        graph);
  EXPECT_EQ(graph.with_pid(6712).size(), 2U);
  bool inferred = false;
  EXPECT_EQ(format_timestamp(graph.end(find(graph, kParentGuid), &inferred)),
            "2023-03-22T13:40:52.125Z");
  EXPECT_TRUE(inferred);
}

TEST(Robustness, AChildMayComeBeforeItsParent) {
  const std::string child = created(kChildGuid, "6712", "13:40:52.125", kParentGuid);
  const std::string parent =
      created(kParentGuid, "6640", "13:40:51.000", kZeroGuid, "C:\\\\real.exe");
  for (const std::vector<std::string>& order :
       {std::vector{child, parent}, std::vector{parent, child}}) {
    ProcessGraph graph;
    apply(order, graph);
    EXPECT_EQ(graph.size(), 2U);
    const ProcessIndex above = graph.parent(find(graph, kChildGuid));
    ASSERT_EQ(above, find(graph, kParentGuid));
    EXPECT_EQ(graph.text(above, ProcessText::image), "C:\\real.exe");  // Its own word counts.
    EXPECT_TRUE(graph.start_seen(above));
  }
}

TEST(Robustness, AnEndMayComeBeforeItsStart) {
  const std::string start = created(kChildGuid, "6712", "13:40:52.125", kParentGuid);
  const std::string end = ended(kChildGuid, "6712", "13:41:00.000");
  for (const std::vector<std::string>& order : {std::vector{end, start}, std::vector{start, end}}) {
    ProcessGraph graph;
    apply(order, graph);
    const ProcessIndex process = find(graph, kChildGuid);
    EXPECT_EQ(format_timestamp(graph.start(process)), "2023-03-22T13:40:52.125Z");
    EXPECT_EQ(format_timestamp(graph.end(process)), "2023-03-22T13:41:00.000Z");
    EXPECT_EQ(graph.text(process, ProcessText::image), "C:\\a.exe");
  }
}

// "One process of two sources is one process": tests/unit/pipeline/two_vendors_test.cpp.

// --- Hosts

TEST(Robustness, AHostsNameMayChangeItsCaseAndItsDomain) {
  for (const char* name :
       {"WORKSTATION5", "WORKSTATION5.theshire.local", "Workstation5.THESHIRE.local"}) {
    expect_event(sysmon("5", "", name), [name](const Event& event) {
      EXPECT_EQ(event.host, "workstation5");
      EXPECT_EQ(event.hostname, name);
    });
  }
}

TEST(Robustness, TheCollectorIsNotTheHost) {
  const std::string records[] = {
      nxlog(5, R"("host":"wec01.acme.example","Computer":"other")"),
      R"({"log_name":"Microsoft-Windows-Sysmon/Operational","event_id":5,"computer_name":"PC042.acme.example","host":{"name":"WEC01"},"beat":{"hostname":"WEC01"},"event_data":{}})",
      R"({"host":{"name":"wec01"},"agent":{"hostname":"wec01"},"winlog":{"channel":"Microsoft-Windows-Sysmon/Operational","event_id":"5","computer_name":"PC042.acme.example","event_data":{}}})",
      R"({"host":"wec01","event":{"Event":{"System":{"EventID":5,"Computer":"PC042.acme.example","Channel":"Microsoft-Windows-Sysmon/Operational"},"EventData":{}}}})",
  };
  for (const std::string& record : records) {
    expect_event(record, [](const Event& event) {
      EXPECT_EQ(event.host, "pc042");
      EXPECT_EQ(event.hostname, "PC042.acme.example");
    });
  }
}

// --- Events

TEST(Robustness, AnEventIdMayBeANumberAStringOrAnObject) {
  for (const char* id : {"7", R"("7")", R"({"#text":7,"#attributes":{"Qualifiers":0}})",
                         R"({"#text":"7","#attributes":{"Qualifiers":""}})"}) {
    expect_event(sysmon(id, R"("ImageLoaded":"x")"), [](const Event& event) {
      EXPECT_EQ(event.type, EventType::image_load);
      EXPECT_EQ(event.field(FieldId::event_id), "7");
    });
  }
}

TEST(Robustness, EventTenSpellsGuidInTwoWays) {
  for (const char* spelling : {"GUID", "Guid"}) {
    expect_event(sysmon("10", fmt::format(R"("SourceProcess{0}":"{1}","TargetProcess{0}":"{2}")",
                                          spelling, kChildGuid, kParentGuid)),
                 [](const Event& event) {
                   EXPECT_EQ(event.field(FieldId::source_process_guid), kChildGuid);
                   EXPECT_EQ(event.field(FieldId::target_process_guid), kParentGuid);
                   EXPECT_FALSE(event.actor.key.is_none());
                   EXPECT_FALSE(event.target.key.is_none());
                 });
  }
}

TEST(Robustness, AnEventTypeMayHaveLostItsSpaces) {
  for (const char* type : {"IP Connect", "IPConnect", "ipconnect"}) {
    expect_event(funnel(type, R"("dst.ip.address":"192.0.2.1")"),
                 [](const Event& event) { EXPECT_EQ(event.type, EventType::network_connection); });
  }
}

TEST(Robustness, SentinelOneSaysFileDeletion) {
  for (const char* type : {"File Deletion", "File Delete"}) {
    expect_event(funnel(type, R"("tgt.file.path":"C:\\a")"), [](const Event& event) {
      EXPECT_EQ(event.type, EventType::file_delete);
      EXPECT_EQ(event.field(FieldId::target_filename), "C:\\a");
    });
  }
}

TEST(Robustness, AnUnknownEventIsKeptWithItsFields) {
  expect_event(sysmon("77", R"("NewField":"x","Image":"C:\\a.exe")"), [](const Event& event) {
    EXPECT_EQ(event.type, EventType::other);
    EXPECT_EQ(event.vendor_type, "77");
    EXPECT_EQ(event.field(FieldId::image), "C:\\a.exe");
    ASSERT_EQ(event.extra.size(), 1U);
    EXPECT_EQ(event.extra[0].name, "NewField");
  });
  expect_event(fdr("SomethingOf2031", R"("ContextProcessId":"5","NewField":"x")"),
               [](const Event& event) {
                 EXPECT_EQ(event.type, EventType::other);
                 EXPECT_EQ(event.actor.vendor_uid, "5");
               });
  expect_event(funnel("Something of 2031", R"("src.process.uid":"P1")"), [](const Event& event) {
    EXPECT_EQ(event.type, EventType::other);
    EXPECT_EQ(event.actor.vendor_uid, "P1");
  });
}

TEST(Robustness, AnEventMayLackEverythingThatIsOptional) {
  for (int id = 1; id <= 29; ++id) {
    expect_event(sysmon(std::to_string(id), ""), [](const Event& event) {
      EXPECT_TRUE(event.actor.key.is_none());
      EXPECT_TRUE(event.time_suspect);
      EXPECT_FALSE(event.uid.is_none());
    });
  }
  expect_event(
      R"({"Event":{"System":{"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational"}}})",
      [](const Event& event) {
        EXPECT_EQ(event.type, EventType::process_creation);
        EXPECT_EQ(event.host, "-");
      });
  expect_event(R"({"event_simpleName":"ProcessRollup2"})", [](const Event& event) {
    EXPECT_EQ(event.type, EventType::process_creation);
    EXPECT_EQ(event.host, "-");
  });
  expect_event(R"({"event.type":"Process Creation"})", [](const Event& event) {
    EXPECT_EQ(event.type, EventType::process_creation);
    EXPECT_EQ(event.host, "-");
  });
}

}  // namespace
}  // namespace spoor
