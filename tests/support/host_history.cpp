#include "tests/support/host_history.h"

#include <algorithm>
#include <random>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "parsers/record_parser.h"

namespace spoor::test {
namespace {

constexpr std::int64_t kBegin = 1'679'479'200;  // 2023-03-22T10:00:00Z, in seconds.
constexpr std::int64_t kMillisPerSecond = 1'000;

struct Process {
  std::size_t number = 0;
  std::size_t parent = 0;  ///< Its own number: none.
  std::uint32_t pid = 0;
  std::size_t image = 0;
  std::int64_t start_ms = 0;  ///< Since kBegin.
  bool start_seen = true;
};

struct Machine {
  std::size_t number = 0;
  bool sysmon = true;
  bool crowdstrike = false;
  bool sentinelone = false;
  bool security = false;
  std::vector<Process> processes;
};

class Writer {
 public:
  explicit Writer(std::vector<HistoryRecord>& records) : records_(records) {}

  void start(const Machine& machine, const Process& process) {
    const Process& parent = machine.processes[process.parent];
    if (machine.sysmon) {
      sysmon(machine, 1, process.start_ms,
             fmt::format(R"("ProcessGuid":"{}","ProcessId":{},"Image":"{}",)"
                         R"("CommandLine":"p{}.exe -n {}","User":"ACME\\u",)"
                         R"("ParentProcessGuid":"{}","ParentProcessId":{},"ParentImage":"{}",)"
                         R"("ParentCommandLine":"p{}.exe")",
                         guid(machine, process), process.pid, image(process), process.image,
                         process.number, guid(machine, parent), parent.pid, image(parent),
                         parent.image));
    }
    if (machine.crowdstrike) {
      falcon(machine, "ProcessRollup2", process.start_ms,
             fmt::format(R"("TargetProcessId":"{}","ParentProcessId":"{}","RawProcessId":"{}",)"
                         R"("ImageFileName":"\\Device\\HarddiskVolume3\\Work\\p{}.exe",)"
                         R"("CommandLine":"p{}.exe -n {}","ProcessStartTime":"{}"{})",
                         falcon_id(process), falcon_id(parent), process.pid, process.image,
                         process.image, process.number, seconds(process.start_ms),
                         falcon_source(machine, process)));
    }
    if (machine.security) {
      // The older form does not name the parent's image.
      const bool has_image = process.number % 2 == 0;
      windows(
          machine, "Security", 4688, process.start_ms,
          fmt::format(R"("NewProcessId":"{:#x}","NewProcessName":"{}","ProcessId":"{:#x}"{})",
                      process.pid, image(process), parent.pid,
                      has_image ? fmt::format(R"(,"ParentProcessName":"{}")", image(parent)) : ""));
    }
    if (machine.sentinelone) {
      agent(machine, "Process Creation", process.start_ms,
            agent_process("tgt.process.", process) +
                fmt::format(R"(,"tgt.process.uid":"{}")", agent_id(process)));
    }
  }

  void lookup(const Machine& machine, const Process& process, std::int64_t at, char name) {
    if (machine.security) {
      script(machine, process.pid, at, name);
    }
    if (machine.sysmon) {
      sysmon(machine, 22, at,
             fmt::format(R"("ProcessGuid":"{}","ProcessId":{},"QueryName":"{}.test",)"
                         R"("QueryStatus":"0","QueryResults":"::ffff:10.0.0.1;","Image":"{}")",
                         guid(machine, process), process.pid, name, image(process)));
    }
    if (machine.crowdstrike) {
      falcon(machine, "DnsRequest", at,
             fmt::format(R"("ContextProcessId":"{}","DomainName":"{}.test","RequestType":"1")",
                         falcon_id(process), name));
    }
    if (machine.sentinelone) {
      agent(
          machine, "DNS Resolved", at,
          agent_source(machine, process) + fmt::format(R"(,"event.dns.request":"{}.test")", name));
    }
  }

  /// Which names the process by its pid alone.
  void script(const Machine& machine, std::uint32_t pid, std::int64_t at, char name) {
    windows(machine, "Microsoft-Windows-PowerShell/Operational", 4104, at,
            fmt::format(R"("ScriptBlockText":"{}.test")", name), pid);
  }

  void end(const Machine& machine, const Process& process, std::int64_t at) {
    if (machine.sysmon) {
      sysmon(machine, 5, at,
             fmt::format(R"("ProcessGuid":"{}","ProcessId":{},"Image":"{}")",
                         guid(machine, process), process.pid, image(process)));
    }
    if (machine.crowdstrike) {
      falcon(machine, "EndOfProcess", at,
             fmt::format(R"("TargetProcessId":"{}","RawProcessId":"{}")", falcon_id(process),
                         process.pid));
    }
    if (machine.security) {
      windows(
          machine, "Security", 4689, at,
          fmt::format(R"("ProcessId":"{:#x}","ProcessName":"{}")", process.pid, image(process)));
    }
    if (machine.sentinelone) {
      agent(machine, "Process Exit", at, agent_source(machine, process));
    }
  }

  /// By which SentinelOne tells who the parent is. At once: what a window has done with when it
  /// becomes known is dropped, by a stream alone.
  void first_act(const Machine& machine, const Process& process) {
    if (machine.sentinelone) {
      agent(machine, "Module Load", process.start_ms, agent_source(machine, process));
    }
  }

  /// By which a CrowdStrike host's name becomes known.
  void online(const Machine& machine) {
    if (machine.crowdstrike) {
      falcon(machine, "AgentOnline", 0, fmt::format(R"("ComputerName":"PC{}")", machine.number));
    }
  }

 private:
  static std::string image(const Process& process) {
    return fmt::format(R"(C:\\Work\\p{}.exe)", process.image);
  }

  static std::string guid(const Machine& machine, const Process& process) {
    const auto start = static_cast<std::uint32_t>(kBegin + process.start_ms / kMillisPerSecond);
    return fmt::format("{{{:08x}-{:04x}-{:04x}-{:04x}-000000002f00}}", 0xA0 + machine.number,
                       start & 0xFFFFU, start >> 16U, process.number);
  }

  static std::uint64_t falcon_id(const Process& process) { return 7'000'000 + process.number; }

  /// Some are asked for by another than their parent.
  static std::string falcon_source(const Machine& machine, const Process& process) {
    const Process& source = machine.processes[process.number / 2];
    return process.number % 3 != 0 ? ""
                                   : fmt::format(R"(,"SourceProcessId":"{}")", falcon_id(source));
  }

  static std::string agent_id(const Process& process) {
    return fmt::format("{:016X}", 0x5E00 + process.number);
  }

  static std::string agent_process(std::string_view prefix, const Process& process) {
    return fmt::format(R"("{0}pid":{1},"{0}image.path":"{2}","{0}startTime":{3})", prefix,
                       process.pid, image(process), kBegin * kMillisPerSecond + process.start_ms);
  }

  static std::string agent_source(const Machine& machine, const Process& process) {
    const Process& parent = machine.processes[process.parent];
    std::string source = agent_process("src.process.", process) +
                         fmt::format(R"(,"src.process.uid":"{}")", agent_id(process));
    if (&parent != &process) {
      source += "," + agent_process("src.process.parent.", parent);
      // Some tell more.
      source += process.number % 4 == 0
                    ? fmt::format(R"(,"src.process.parent.uid":"{}")", agent_id(parent))
                    : "";
    }
    return source;
  }

  static std::string seconds(std::int64_t at) {
    return fmt::format("{}.{:03}", kBegin + at / kMillisPerSecond, at % kMillisPerSecond);
  }

  void sysmon(const Machine& machine, int id, std::int64_t at, const std::string& data) {
    const std::int64_t second = at / kMillisPerSecond;
    add(Source::sysmon, at,
        fmt::format(R"({{"Event":{{"System":{{"Provider":{{"#attributes":{{"Name":)"
                    R"("Microsoft-Windows-Sysmon"}}}},"EventID":{},"EventRecordID":{},"Channel":)"
                    R"("Microsoft-Windows-Sysmon/Operational","Computer":"PC{}.acme.test"}},)"
                    R"("EventData":{{"UtcTime":"2023-03-22 10:{:02}:{:02}.{:03}",{}}}}}}})",
                    id, ++record_, machine.number, second / 60, second % 60, at % kMillisPerSecond,
                    data));
  }

  /// `writer`: pid of the process that wrote the event.
  void windows(const Machine& machine,
               std::string_view channel,
               int id,
               std::int64_t at,
               const std::string& data,
               std::uint32_t writer = 4) {
    const std::int64_t second = at / kMillisPerSecond;
    add(Source::windows, at,
        fmt::format(R"({{"Event":{{"System":{{"Provider":{{"#attributes":{{"Name":"W"}}}},)"
                    R"("EventID":{},"EventRecordID":{},"TimeCreated":{{"#attributes":)"
                    R"({{"SystemTime":"2023-03-22T10:{:02}:{:02}.{:03}Z"}}}},"Execution":)"
                    R"({{"#attributes":{{"ProcessID":{},"ThreadID":1}}}},"Channel":"{}",)"
                    R"("Computer":"PC{}.acme.test"}},"EventData":{{{}}}}}}})",
                    id, ++record_, second / 60, second % 60, at % kMillisPerSecond, writer, channel,
                    machine.number, data));
  }

  void falcon(const Machine& machine,
              std::string_view name,
              std::int64_t at,
              const std::string& data) {
    add(Source::crowdstrike, at,
        fmt::format(R"({{"event_simpleName":"{}","event_platform":"Win","aid":"a1d{}","cid":"c1",)"
                    R"("id":"e{}","timestamp":"{}{:03}","ContextTimeStamp":"{}",{}}})",
                    name, machine.number, ++record_, kBegin + at / kMillisPerSecond,
                    at % kMillisPerSecond, seconds(at), data));
  }

  void agent(const Machine& machine,
             std::string_view type,
             std::int64_t at,
             const std::string& data) {
    add(Source::sentinelone, at,
        fmt::format(R"({{"i.scheme":"edr","event.type":"{}","event.time":{},"event.id":"s{}",)"
                    R"("endpoint.os":"windows","endpoint.name":"PC{}","agent.uuid":"51{}",{}}})",
                    type, kBegin * kMillisPerSecond + at, ++record_, machine.number, machine.number,
                    data));
  }

  void add(Source source, std::int64_t at, std::string text) {
    text.append(RecordParser::kJsonPadding, ' ');
    records_.push_back({.time = kBegin * kNanosPerSecond + at * kNanosPerMilli,
                        .source = source,
                        .text = std::move(text)});
  }

  std::vector<HistoryRecord>& records_;
  std::uint64_t record_ = 0;
};

constexpr std::size_t kPids = 5;
constexpr std::size_t kImages = 4;
constexpr std::size_t kNames = 4;
constexpr std::int64_t kSpanMs = 100 * kMillisPerSecond;

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}

  /// Less than `bound`; 0 if that is 0.
  std::size_t below(std::size_t bound) { return bound == 0 ? 0 : random_() % bound; }

 private:
  std::mt19937_64 random_;
};

Process make_process(const Machine& machine, std::size_t number, std::int64_t stretch, Dice& dice) {
  const bool is_first = number == 0;
  Process process;
  process.number = number + 1;
  process.parent = is_first ? 0 : dice.below(number);
  process.pid = static_cast<std::uint32_t>(100 + dice.below(kPids));
  process.image = dice.below(kImages);
  // Whole seconds: many things happen at once.
  process.start_ms = static_cast<std::int64_t>(dice.below(60)) * kMillisPerSecond * stretch;
  process.start_seen = dice.below(4) != 0;
  // A child starts behind its parent, with few exceptions: spoofed, or by a clock that is off.
  if (dice.below(8) != 0 && !is_first) {
    process.start_ms = std::max(process.start_ms, machine.processes[process.parent].start_ms);
  }
  return process;
}

void tell(const Machine& machine,
          const Process& process,
          const HistoryOptions& options,
          Dice& dice,
          Writer& writer) {
  if (process.start_seen) {
    writer.start(machine, process);
  }
  writer.first_act(machine, process);
  const std::int64_t span = kSpanMs * options.stretch;
  for (std::size_t i = dice.below(options.lookups + 1); i > 0; --i) {
    const auto at = static_cast<std::int64_t>(dice.below(50)) * kMillisPerSecond * options.stretch;
    writer.lookup(machine, process, std::min(process.start_ms + at, span),
                  static_cast<char>('a' + dice.below(kNames)));
  }
  if (dice.below(3) == 0) {
    writer.end(machine, process,
               span + static_cast<std::int64_t>(dice.below(9)) * kMillisPerSecond);
  }
}

}  // namespace

std::string_view HistoryRecord::record() const {
  return std::string_view(text).substr(0, text.size() - RecordParser::kJsonPadding);
}

std::vector<HistoryRecord> make_history(std::uint64_t seed, const HistoryOptions& options) {
  Dice dice(seed);
  std::vector<HistoryRecord> records;
  Writer writer(records);
  for (std::size_t host = 0; host < 1 + dice.below(options.hosts); ++host) {
    Machine machine{.number = host, .sysmon = true, .crowdstrike = true, .processes = {}};
    if (options.sentinelone) {
      machine.sysmon = machine.crowdstrike = false;
      machine.sentinelone = true;
    } else if (options.security) {
      machine.sysmon = dice.below(2) == 0;
      machine.crowdstrike = false;
      machine.security = true;
    } else if (!options.both_vendors) {
      machine.sysmon = dice.below(2) == 0;
      machine.crowdstrike = !machine.sysmon;
    }
    const std::size_t count = 1 + dice.below(options.processes);
    for (std::size_t i = 0; i < count; ++i) {
      machine.processes.push_back(make_process(machine, i, options.stretch, dice));
    }
    writer.online(machine);
    for (const Process& process : machine.processes) {
      tell(machine, process, options, dice, writer);
    }
    for (std::size_t i = 0; i < options.scripts; ++i) {
      // Of one that has the pid then or does not: whole seconds, at which others start or end.
      const auto pid = static_cast<std::uint32_t>(100 + dice.below(kPids));
      const auto at = static_cast<std::int64_t>(dice.below(120)) * kMillisPerSecond;
      writer.script(machine, pid, at, static_cast<char>('a' + dice.below(kNames)));
    }
  }
  std::ranges::stable_sort(records, {}, &HistoryRecord::time);
  return records;
}

std::vector<HistoryRecord> rearranged(const std::vector<HistoryRecord>& records,
                                      const std::optional<Lateness>& lateness,
                                      std::mt19937_64& random) {
  std::vector<std::pair<Timestamp, const HistoryRecord*>> arrivals;
  for (const HistoryRecord& record : records) {
    const std::size_t copies = random() % 3 == 0 ? 2 : 1;
    for (std::size_t copy = 0; copy < copies; ++copy) {
      // Until a sensor says whose it is, the machine is two, and each has its own watermark: what
      // then is judged of the one cannot mind how late the other may be.
      const bool is_statement = record.record().find("AgentOnline") != std::string_view::npos;
      const auto most = static_cast<std::uint64_t>(lateness.value_or(Lateness{}).of(record.source));
      const auto delay = is_statement ? 0 : static_cast<Duration>(random() % most);
      arrivals.emplace_back(lateness ? record.time + delay : static_cast<Timestamp>(random()),
                            &record);
    }
  }
  std::ranges::stable_sort(arrivals, {}, [](const auto& arrival) { return arrival.first; });
  std::vector<HistoryRecord> arranged;
  arranged.reserve(arrivals.size());
  for (const auto& [time, record] : arrivals) {
    arranged.push_back(*record);
  }
  return arranged;
}

}  // namespace spoor::test
