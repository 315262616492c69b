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
                         R"("CommandLine":"p{}.exe -n {}","ProcessStartTime":"{}")",
                         falcon_id(process), falcon_id(parent), process.pid, process.image,
                         process.image, process.number, seconds(process.start_ms)));
    }
  }

  void lookup(const Machine& machine, const Process& process, std::int64_t at, char name) {
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

  void add(Source source, std::int64_t at, std::string text) {
    text.append(RecordParser::kJsonPadding, ' ');
    records_.push_back({.time = kBegin * kNanosPerSecond + at * kNanosPerMilli,
                        .source = source,
                        .text = std::move(text)});
  }

  std::vector<HistoryRecord>& records_;
  std::uint64_t record_ = 0;
};

}  // namespace

std::string_view HistoryRecord::record() const {
  return std::string_view(text).substr(0, text.size() - RecordParser::kJsonPadding);
}

std::vector<HistoryRecord> make_history(std::uint64_t seed, const HistoryOptions& options) {
  std::mt19937_64 random(seed);
  const auto below = [&random](std::size_t bound) { return bound == 0 ? 0 : random() % bound; };
  constexpr std::size_t kPids = 5;
  constexpr std::size_t kImages = 4;
  constexpr std::size_t kNames = 4;
  constexpr std::int64_t kSpanMs = 100 * kMillisPerSecond;
  std::vector<HistoryRecord> records;
  Writer writer(records);
  for (std::size_t host = 0; host < 1 + below(options.hosts); ++host) {
    Machine machine{.number = host, .sysmon = true, .crowdstrike = true, .processes = {}};
    if (!options.both_vendors) {
      machine.sysmon = below(2) == 0;
      machine.crowdstrike = !machine.sysmon;
    }
    const std::size_t count = 1 + below(options.processes);
    for (std::size_t i = 0; i < count; ++i) {
      Process process{.number = i + 1,
                      .parent = i == 0 ? 0 : below(i),
                      .pid = static_cast<std::uint32_t>(100 + below(kPids)),
                      .image = below(kImages),
                      // Whole seconds: many things happen at once.
                      .start_ms = static_cast<std::int64_t>(below(60)) * kMillisPerSecond,
                      .start_seen = below(4) != 0};
      // A child starts behind its parent, with few exceptions: spoofed, or by a clock that is off.
      if (below(8) != 0) {
        process.start_ms =
            std::max(process.start_ms, i == 0 ? 0 : machine.processes[process.parent].start_ms);
      }
      machine.processes.push_back(process);
    }
    writer.online(machine);
    for (const Process& process : machine.processes) {
      if (process.start_seen) {
        writer.start(machine, process);
      }
      for (std::size_t i = below(options.lookups + 1); i > 0; --i) {
        const auto at = static_cast<std::int64_t>(below(50)) * kMillisPerSecond;
        writer.lookup(machine, process, std::min(process.start_ms + at, kSpanMs),
                      static_cast<char>('a' + below(kNames)));
      }
      if (below(3) == 0) {
        writer.end(machine, process,
                   kSpanMs + static_cast<std::int64_t>(below(9)) * kMillisPerSecond);
      }
    }
  }
  std::ranges::stable_sort(records, {}, &HistoryRecord::time);
  return records;
}

}  // namespace spoor::test
