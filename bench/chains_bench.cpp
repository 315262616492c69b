// What correlation along the tree costs beside many live processes: memory of half-open chains, and
// time per event, at ten thousand processes and at ten million. Prints; asserts nothing about time.
//
//   bench_chains [HOSTS [PROCESSES_PER_HOST [CHAINS]]]
//
// A chain is half open where its anchor and one of two steps were seen, and it waits for the other,
// thirty-five days.

#include <cstdio>
#include <ctime>
#include <random>
#include <string>
#include <vector>

#include "bench/made_up_processes.h"
#include "bench/scale.h"
#include "engine/correlation/correlator.h"
#include "engine/matcher/matcher.h"
#include "engine/rule/load.h"

namespace spoor::bench {
namespace {

constexpr const char* kRules = R"(
title: Runs
id: runs
name: runs
logsource: {category: network_connection}
detection: {s: {Image|endswith: .exe}, condition: s}
---
title: First
id: first
name: first
logsource: {category: network_connection}
detection: {s: {Image|endswith: .exe}, condition: s}
---
title: Second
id: second
name: second
logsource: {category: network_connection}
detection: {s: {Image|endswith: .exe}, condition: s}
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

double seconds_since(std::clock_t begin) {
  return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
}

/// Rules by the place that their names have in the rule set.
std::vector<std::size_t> hits_of(const RuleSet& rules, const std::vector<std::string>& names) {
  std::vector<std::size_t> hits;
  for (std::size_t rule = 0; rule < rules.detections.size(); ++rule) {
    for (const std::string& name : names) {
      if (rules.detections[rule].meta.name == name) {
        hits.push_back(rule);
      }
    }
  }
  return hits;
}

/// Nanoseconds of processor time for an event that hits nothing, in runs of 64 of one host.
double cost_of_events(Correlator& correlator,
                      Matcher& matcher,
                      const Scale& scale,
                      std::size_t events) {
  constexpr std::size_t kRun = 64;
  std::vector<EventWriter> writers(kRun);
  std::vector<const Event*> batch(kRun);
  std::mt19937_64 random(2);
  double spent = 0;
  for (std::size_t done = 0; done < events; done += kRun) {
    const auto host = static_cast<std::uint32_t>(random() % scale.hosts);
    for (std::size_t i = 0; i < kRun; ++i) {
      batch[i] = &writers[i].act(host, static_cast<std::uint32_t>(random() % scale.processes),
                                 static_cast<std::uint32_t>(done / kRun % 3'600));
    }
    const std::clock_t begin = std::clock();
    for (const Event* event : batch) {
      correlator.take(*event, {}, false, matcher);
    }
    correlator.settle();
    spent += seconds_since(begin);
  }
  return spent / static_cast<double>(events) * 1e9;
}

/// Nanoseconds for an event that hits a step of a chain, with its evaluation.
double cost_of_hits(Correlator& correlator,
                    Matcher& matcher,
                    const Scale& scale,
                    const std::vector<std::size_t>& hits,
                    std::size_t events) {
  EventWriter writer;
  std::mt19937_64 random(3);
  double spent = 0;
  for (std::size_t i = 0; i < events; ++i) {
    const auto host = static_cast<std::uint32_t>(random() % scale.hosts);
    const Event& event =
        writer.act(host, static_cast<std::uint32_t>(random() % scale.processes), 4'000);
    const std::clock_t begin = std::clock();
    correlator.take(event, hits, false, matcher);
    spent += seconds_since(begin);
  }
  const std::clock_t begin = std::clock();
  correlator.settle();
  return (spent + seconds_since(begin)) / static_cast<double>(events) * 1e9;
}

struct Costs {
  double event = 0;
  double hit = 0;
};

Costs measure(const RuleSet& rules, const Scale& scale) {
  Matcher matcher = Matcher::create(rules, nullptr);
  Correlator correlator(rules);
  EventWriter writer;
  const std::size_t before = allocated_bytes();
  for (std::uint32_t host = 0; host < scale.hosts; ++host) {
    for (std::uint32_t process = 0; process < scale.processes; ++process) {
      correlator.take(writer.start(host, process), {}, false, matcher);
    }
  }
  const std::size_t processes_bytes = allocated_bytes() - before;
  const std::vector<std::size_t> opened = hits_of(rules, {"runs", "first"});
  for (std::uint32_t chain = 0; chain < scale.chains; ++chain) {
    const std::uint32_t host = chain % scale.hosts;
    const std::uint32_t process = (chain / scale.hosts * 13 + 30) % scale.processes;
    correlator.take(writer.act(host, process, 100), opened, false, matcher);
  }
  correlator.settle();
  const std::size_t chains_bytes = allocated_bytes() - before - processes_bytes;
  std::printf(
      "%10zu live processes on %zu hosts: %7.1f MB with their texts, %5.1f B/process\n",
      correlator.process_count(), correlator.host_count(),
      static_cast<double>(processes_bytes) / 1e6,
      static_cast<double>(processes_bytes) / static_cast<double>(correlator.process_count()));
  std::printf("%10u half-open chains: %7.1f MB, %5.0f B/chain; %zu matches\n", scale.chains,
              static_cast<double>(chains_bytes) / 1e6,
              static_cast<double>(chains_bytes) / scale.chains, correlator.match_count());
  constexpr std::size_t kEvents = 2'000'000;
  constexpr std::size_t kHits = 20'000;
  Costs costs;
  cost_of_events(correlator, matcher, scale, kEvents / 4);  // Warm.
  costs.event = cost_of_events(correlator, matcher, scale, kEvents);
  costs.hit = cost_of_hits(correlator, matcher, scale, hits_of(rules, {"second"}), kHits);
  std::printf("  an event %5.0f ns, a hit with its evaluation %6.0f ns; %zu matches\n", costs.event,
              costs.hit, correlator.match_count());
  return costs;
}

}  // namespace
}  // namespace spoor::bench

int main(int argc, char** argv) {
  const spoor::LoadedRules loaded =
      spoor::load_rules({{.path = "chains.yml", .content = spoor::bench::kRules}});
  if (loaded.rejected != 0) {
    std::fprintf(stderr, "the rules do not load\n");
    return 1;
  }
  const auto small = spoor::bench::measure(loaded.rules, spoor::bench::kSmallScale);
  const auto large = spoor::bench::measure(loaded.rules, spoor::bench::large_scale(argc, argv));
  std::printf("ratio large / small: event %.2f, hit %.2f\n", large.event / small.event,
              large.hit / small.hit);
  return 0;
}
