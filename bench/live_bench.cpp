// What an event costs from its record on, parsed, matched and correlated, beside ten million live
// processes of ten thousand hosts and a hundred thousand half-open chains, and beside ten thousand
// processes of ten hosts. Prints; asserts nothing about time.
//
//   bench_live [HOSTS [PROCESSES_PER_HOST [CHAINS]]]
//
// A chain is half open where its anchor and one of two steps were seen, and it waits for the other,
// thirty-five days. Events come in runs of one host, as shippers send them, and each of another
// host, which no memory is made for. Of three rounds the best is told, of few processes and of
// many: others may be at work on the machine.

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <iterator>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "bench/scale.h"
#include "engine/pipeline.h"
#include "engine/rule/load.h"

namespace spoor::bench {
namespace {

constexpr unsigned kOpen = 8'001;    ///< The port that opens a chain.
constexpr unsigned kClose = 8'002;   ///< The one that closes it.
constexpr unsigned kOrdinary = 443;  ///< Of all other connections.

constexpr const char* kRules = R"(
title: Runs
id: runs
name: runs
logsource: {product: windows, category: network_connection}
detection: {s: {Image|endswith: .exe, DestinationPort: [8001, 8002]}, condition: s}
---
title: First
id: first
name: first
logsource: {product: windows, category: network_connection}
detection: {s: {DestinationPort: 8001}, condition: s}
---
title: Second
id: second
name: second
logsource: {product: windows, category: network_connection}
detection: {s: {DestinationPort: 8002}, condition: s}
---
title: Chain
id: chain
level: high
correlation:
  type: temporal
  rules: [runs, first, second]
  anchor: runs
  group-by: [process_tree]
  timespan: 35d
  condition: first and second
)";

/// Sysmon records, as evtx_dump writes them, in a buffer that is used again.
class RecordWriter {
 public:
  std::string_view start(std::uint32_t host, std::uint32_t process) {
    const std::uint32_t parent = process < kParents ? 0 : process % kParents;
    return write(host, process, 1, 0, [&](auto out) {
      fmt::format_to(out,
                     R"(,"CommandLine":"\"C:\\Program Files\\Vendor\\program{0}.exe\" --type={1}",)"
                     R"("CurrentDirectory":"C:\\Windows\\system32\\","IntegrityLevel":"Medium",)"
                     R"("Hashes":"SHA1={2:040X},MD5={2:032X},SHA256={2:064X}",)"
                     R"("ParentProcessGuid":"{3}","ParentProcessId":{4},)"
                     R"("ParentImage":"C:\\Program Files\\Vendor\\program{5}.exe",)"
                     R"("ParentCommandLine":"\"C:\\Program Files\\Vendor\\program{5}.exe\"")",
                     process % kPrograms, process % 4 == 0 ? 0 : process * 2654435761U,
                     process % kPrograms, guid(host, parent), pid(parent), parent % kPrograms);
    });
  }

  std::string_view connect(std::uint32_t host,
                           std::uint32_t process,
                           std::uint32_t second,
                           unsigned port) {
    return write(host, process, 3, second, [&](auto out) {
      fmt::format_to(out,
                     R"(,"Protocol":"tcp","Initiated":true,"SourceIsIpv6":false,)"
                     R"("SourceIp":"10.0.0.7","SourcePort":{},"DestinationIsIpv6":false,)"
                     R"("DestinationIp":"198.51.100.{}","DestinationPort":{})",
                     49'152 + second % 16'000, second % 250, port);
    });
  }

 private:
  static constexpr std::uint32_t kPrograms = 40;
  static constexpr std::uint32_t kParents = 25;

  static std::uint32_t pid(std::uint32_t process) { return 4 * (process + 1); }

  static std::time_t start_of(std::uint32_t process) { return 1'700'000'000 + 7 * process; }

  static std::string guid(std::uint32_t host, std::uint32_t process) {
    const auto start = static_cast<std::uint64_t>(start_of(process));
    return fmt::format("{{{:08x}-{:04x}-{:04x}-0000-{:012x}}}", host, start & 0xFFFFU, start >> 16U,
                       process);
  }

  template <typename More>
  std::string_view write(
      std::uint32_t host, std::uint32_t process, int kind, std::uint32_t second, More more) {
    const std::time_t time = start_of(process) + second;
    std::tm parts{};
    gmtime_r(&time, &parts);
    std::array<char, 32> utc{};
    static_cast<void>(std::strftime(utc.data(), utc.size(), "%Y-%m-%d %H:%M:%S", &parts));
    text_.clear();
    auto out = std::back_inserter(text_);
    fmt::format_to(
        out,
        R"({{"Event":{{"#attributes":{{"xmlns":"http://schemas.microsoft.com/win/2004/08/events/event"}},)"
        R"("System":{{"Provider":{{"#attributes":{{"Name":"Microsoft-Windows-Sysmon"}}}},"EventID":{},)"
        R"("EventRecordID":{},"Channel":"Microsoft-Windows-Sysmon/Operational",)"
        R"("Computer":"host{:05}.acme.example"}},"EventData":{{"RuleName":"-","UtcTime":"{}.000",)"
        R"("ProcessGuid":"{}","ProcessId":{},)"
        R"("Image":"C:\\Program Files\\Vendor\\program{}.exe","User":"ACME\\user")",
        kind, ++records_, host, utc.data(), guid(host, process), pid(process), process % kPrograms);
    more(out);
    text_ += "}}}";
    const std::size_t size = text_.size();
    text_.append(RecordParser::kJsonPadding, ' ');
    return std::string_view(text_).substr(0, size);
  }

  std::string text_;
  std::uint64_t records_ = 0;
};

/// Nanoseconds of processor time for an event that hits nothing, in runs of one host.
double cost_of_events(Pipeline& pipeline,
                      RecordWriter& write,
                      const Scale& scale,
                      std::size_t run,
                      std::size_t events) {
  constexpr std::size_t kBatch = 512;
  std::vector<std::string> batch(kBatch);
  std::mt19937_64 random(run);
  std::clock_t spent = 0;
  std::uint32_t host = 0;
  for (std::size_t done = 0; done < events; done += kBatch) {
    for (std::size_t i = 0; i < kBatch; ++i) {
      host = i % run == 0 ? static_cast<std::uint32_t>(random() % scale.hosts) : host;
      const std::string_view record =
          write.connect(host, static_cast<std::uint32_t>(random() % scale.processes),
                        static_cast<std::uint32_t>(done / kBatch % 3'600), kOrdinary);
      batch[i].assign(record.data(), record.size() + RecordParser::kJsonPadding);
    }
    const std::clock_t begin = std::clock();
    for (const std::string& record : batch) {
      pipeline.take(std::string_view(record).substr(0, record.size() - RecordParser::kJsonPadding),
                    {});
    }
    spent += std::clock() - begin;
  }
  return static_cast<double>(spent) / CLOCKS_PER_SEC / static_cast<double>(events) * 1e9;
}

struct Costs {
  double in_runs = std::numeric_limits<double>::max();
  double alone = std::numeric_limits<double>::max();
};

Costs measure(const RuleSet& rules, const Scale& scale) {
  Pipeline pipeline(rules, {});
  RecordWriter write;
  const std::size_t before = allocated_bytes();
  for (std::uint32_t host = 0; host < scale.hosts; ++host) {
    for (std::uint32_t process = 0; process < scale.processes; ++process) {
      pipeline.take(write.start(host, process), {});
    }
  }
  const Correlator& correlator = pipeline.correlator();
  const std::size_t processes_bytes = allocated_bytes() - before;
  const std::size_t processes = std::max<std::size_t>(correlator.process_count(), 1);
  for (std::uint32_t chain = 0; chain < scale.chains; ++chain) {
    pipeline.take(write.connect(chain % scale.hosts,
                                (chain / scale.hosts * 13 + 30) % scale.processes, 100, kOpen),
                  {});
  }
  pipeline.settle();
  const std::size_t chains_bytes = allocated_bytes() - before - processes_bytes;
  const std::size_t open = correlator.match_count();
  std::printf(
      "%10zu live processes on %zu hosts: %7.1f MB with their texts and all else, %5.1f B each\n",
      processes, correlator.host_count(), static_cast<double>(processes_bytes) / 1e6,
      static_cast<double>(processes_bytes) / static_cast<double>(processes));
  constexpr std::size_t kEvents = 1U << 20U;
  Costs costs;
  cost_of_events(pipeline, write, scale, 64, kEvents / 4);  // Warm.
  constexpr int kRounds = 3;
  for (int round = 0; round < kRounds; ++round) {
    costs.in_runs =
        std::min(costs.in_runs, cost_of_events(pipeline, write, scale, 64, kEvents / kRounds));
    costs.alone =
        std::min(costs.alone, cost_of_events(pipeline, write, scale, 1, kEvents / kRounds));
  }
  for (std::uint32_t chain = 0; chain < scale.chains; chain += 10) {
    pipeline.take(write.connect(chain % scale.hosts,
                                (chain / scale.hosts * 13 + 30) % scale.processes, 200, kClose),
                  {});
  }
  pipeline.settle();
  std::printf("%10u chains: %7.1f MB, %5.0f B each; %zu complete, then %zu\n", scale.chains,
              static_cast<double>(chains_bytes) / 1e6,
              static_cast<double>(chains_bytes) / scale.chains, open, correlator.match_count());
  std::printf("           an event %5.0f ns in runs of 64 of one host, %5.0f ns each of another\n",
              costs.in_runs, costs.alone);
  return costs;
}

}  // namespace
}  // namespace spoor::bench

int main(int argc, char** argv) {
  const spoor::LoadedRules loaded =
      spoor::load_rules({{.path = "live.yml", .content = spoor::bench::kRules}});
  if (loaded.rejected != 0) {
    std::fprintf(stderr, "the rules do not load\n");
    return 1;
  }
  const auto small = spoor::bench::measure(loaded.rules, spoor::bench::kSmallScale);
  const auto large = spoor::bench::measure(loaded.rules, spoor::bench::large_scale(argc, argv));
  std::printf("ratio large / small: in runs %.2f, each of another host %.2f\n",
              large.in_runs / small.in_runs, large.alone / small.alone);
  return 0;
}
