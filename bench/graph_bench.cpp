// What the process graph costs: memory of ten million live processes on ten thousand hosts, and
// time per event there and at ten thousand processes. Prints; asserts nothing about time.
//
//   bench_graph [HOSTS [PROCESSES_PER_HOST]]
//
// The fleet is made up. Each host runs 40 programs under a few parents; every process has a guid
// and a pid of its own, three of four a command line of its own; image, user, hashes, directory and
// the parent's words repeat as they do on real hosts.

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <malloc.h>

#include "engine/process_graph/process_graph.h"

namespace spoor::bench {
namespace {

constexpr Timestamp kBegin = 1'700'000'000 * kNanosPerSecond;
constexpr std::uint32_t kPrograms = 40;
constexpr std::uint32_t kParents = 25;  ///< Of a host's processes, the first so many have children.

/// Events of one process of one host, in buffers that are used again.
class EventWriter {
 public:
  Event& start(std::uint32_t host, std::uint32_t process) {
    begin(host, process);
    event_.type = EventType::process_creation;
    mention(host, process, self_, event_.actor);
    event_.actor.start_is_exact = true;
    if (process > 0) {
      mention(host, process < kParents ? 0 : process % kParents, parent_, event_.parent);
    }
    event_.set(FieldId::integrity_level, process % 3 == 0 ? "System" : "Medium");
    hashes_ = fmt::format("SHA1={0:040x},MD5={0:032x},SHA256={0:064x}", 77 * (process % kPrograms));
    event_.set(FieldId::hashes, hashes_);
    event_.set(FieldId::current_directory,
               process % 4 == 0 ? R"(C:\Users\user\)" : R"(C:\Windows\system32\)");
    return event_;
  }

  /// What most events are: the process does something.
  Event& act(std::uint32_t host, std::uint32_t process, std::uint32_t second) {
    begin(host, process);
    event_.type = EventType::network_connection;
    mention(host, process, self_, event_.actor);
    event_.actor.command_line = {};
    event_.time += second * kNanosPerSecond;
    return event_;
  }

 private:
  struct Texts {
    std::string uid, pid, command_line;
  };

  void begin(std::uint32_t host, std::uint32_t process) {
    event_.clear();
    event_.source = Source::sysmon;
    event_.time = start_of(host, process);
  }

  static Timestamp start_of(std::uint32_t host, std::uint32_t process) {
    return kBegin + (std::int64_t{process} * 7 + host % 50) * kNanosPerSecond;
  }

  void mention(std::uint32_t host, std::uint32_t process, Texts& texts, ProcessMention& mention) {
    mention.key = {.high = (std::uint64_t{host} << 32U) | 0x1234,
                   .low = (std::uint64_t{process} << 32U) | host};
    texts.uid.clear();
    fmt::format_to(std::back_inserter(texts.uid), "{{{:08x}-{:04x}-641b-{:04x}-{:012x}}}", host,
                   process & 0xFFFFU, process >> 16U, process * 4096ULL);
    texts.pid = std::to_string(4 * (process + 1));
    const std::uint32_t program = process % kPrograms;
    texts.command_line.clear();
    if (process % 4 == 0) {
      fmt::format_to(std::back_inserter(texts.command_line),
                     R"("C:\Program Files\Vendor\program{0}.exe" --service {0})", program);
    } else {
      fmt::format_to(std::back_inserter(texts.command_line),
                     R"("C:\Program Files\Vendor\program{}.exe" --type=worker --handle={})",
                     program, process * 2654435761U);
    }
    static const std::vector<std::string> kImages = [] {
      std::vector<std::string> images;
      for (std::uint32_t i = 0; i < kPrograms; ++i) {
        images.push_back(fmt::format(R"(C:\Program Files\Vendor\program{}.exe)", i));
      }
      return images;
    }();
    mention.vendor_uid = texts.uid;
    mention.pid = texts.pid;
    mention.image = kImages[program];
    mention.command_line = texts.command_line;
    mention.user = process % 3 == 0 ? "NT AUTHORITY\\SYSTEM" : "ACME\\user";
    mention.start = start_of(host, process);
  }

  Event event_;
  Texts self_;
  Texts parent_;
  std::string hashes_;
};

using Fleet = std::vector<std::unique_ptr<ProcessGraph>>;

/// Processor time: others may be at work on the machine.
double seconds_since(std::clock_t begin) {
  return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
}

std::size_t allocated_bytes() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

Fleet build(std::uint32_t hosts, std::uint32_t processes) {
  Fleet fleet;
  fleet.reserve(hosts);
  EventWriter writer;
  for (std::uint32_t host = 0; host < hosts; ++host) {
    fleet.push_back(std::make_unique<ProcessGraph>());
    for (std::uint32_t process = 0; process < processes; ++process) {
      fleet.back()->apply(writer.start(host, process));
    }
  }
  return fleet;
}

/// other, as they do where an agent sends what it has gathered.
/// Events made beforehand, so that making them is not measured.
class Prepared {
 public:
  explicit Prepared(std::size_t count) : writers_(count) {}

  EventWriter& operator[](std::size_t i) { return writers_[i]; }

 private:
  std::vector<EventWriter> writers_;
};

double cost_of_known(Fleet& fleet, std::uint32_t processes, std::uint32_t run, std::size_t events) {
  constexpr std::size_t kBatch = 64;
  Prepared prepared(kBatch);
  std::vector<const Event*> batch(kBatch);
  std::vector<std::uint32_t> hosts(kBatch);
  std::mt19937_64 random(1);
  double spent = 0;
  std::uint32_t host = 0;
  for (std::size_t done = 0; done < events; done += kBatch) {
    for (std::size_t i = 0; i < kBatch; ++i) {
      if (i % run == 0) {
        host = static_cast<std::uint32_t>(random() % fleet.size());
      }
      hosts[i] = host;
      batch[i] = &prepared[i].act(host, static_cast<std::uint32_t>(random() % processes),
                                  static_cast<std::uint32_t>(done / kBatch % 3600));
    }
    const std::clock_t begin = std::clock();
    for (std::size_t i = 0; i < kBatch; ++i) {
      fleet[hosts[i]]->apply(*batch[i]);
    }
    spent += seconds_since(begin);
  }
  return spent / static_cast<double>(events) * 1e9;
}

void print_memory(const Fleet& fleet, std::size_t heap_bytes, std::uint32_t processes) {
  std::size_t bytes = 0;
  std::size_t text = 0;
  for (const auto& graph : fleet) {
    bytes += graph->memory_bytes() + sizeof(ProcessGraph);
    text += graph->text_bytes();
  }
  const double count = static_cast<double>(fleet.size()) * processes;
  std::printf("%10.0f live processes on %zu hosts\n", count, fleet.size());
  std::printf("  text              %8.1f MB  %6.1f B/process\n", static_cast<double>(text) / 1e6,
              static_cast<double>(text) / count);
  std::printf("  beyond text       %8.1f MB  %6.1f B/process (memory_bytes)\n",
              static_cast<double>(bytes - text) / 1e6, static_cast<double>(bytes - text) / count);
  std::printf("  beyond text       %8.1f MB  %6.1f B/process (heap)\n",
              static_cast<double>(heap_bytes - text) / 1e6,
              static_cast<double>(heap_bytes - text) / count);
}

struct Run {
  double start = 0;
  double known = 0;
  double known_in_runs = 0;
};

Run measure(std::uint32_t hosts, std::uint32_t processes) {
  const std::size_t before = allocated_bytes();
  const std::clock_t begin = std::clock();
  Fleet fleet = build(hosts, processes);
  const double start = seconds_since(begin) / hosts / processes * 1e9;
  print_memory(fleet, allocated_bytes() - before, processes);
  constexpr std::size_t kEvents = 4'000'000;
  Run run;
  run.start = start;
  cost_of_known(fleet, processes, 1, kEvents / 4);  // Warm.
  run.known = cost_of_known(fleet, processes, 1, kEvents);
  run.known_in_runs = cost_of_known(fleet, processes, 64, kEvents);
  std::printf(
      "  start (made and applied) %6.0f ns, known process %6.0f ns, the same in runs of 64 %6.0f "
      "ns\n",
      run.start, run.known, run.known_in_runs);
  return run;
}

}  // namespace
}  // namespace spoor::bench

int main(int argc, char** argv) {
  const auto hosts =
      static_cast<std::uint32_t>(argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 10'000);
  const auto processes =
      static_cast<std::uint32_t>(argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 1'000);
  const auto small = spoor::bench::measure(10, 1'000);
  const auto large = spoor::bench::measure(hosts, processes);
  std::printf("ratio large / small: start %.2f, known process %.2f, in runs of 64 %.2f\n",
              large.start / small.start, large.known / small.known,
              large.known_in_runs / small.known_in_runs);
  return 0;
}
