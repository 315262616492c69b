// What the process graph costs: memory of ten million live processes on ten thousand hosts, and
// time per event there and at ten thousand processes. Prints; asserts nothing about time.
//
//   bench_graph [HOSTS [PROCESSES_PER_HOST]]

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "bench/made_up_processes.h"
#include "bench/scale.h"
#include "engine/process_graph/process_graph.h"

namespace spoor::bench {
namespace {

using Fleet = std::vector<std::unique_ptr<ProcessGraph>>;

/// Processor time: others may be at work on the machine.
double seconds_since(std::clock_t begin) {
  return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
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
