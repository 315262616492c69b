// What it costs that state survives: a stream of the fleet mix without state and with it, in turns;
// and how fast a restart is.
//
//   bench_state                    throughput with state / without (median of 7 interleaved rounds)
//   bench_state --restart N        N live processes over N / 1000 hosts: written, and read again
//
// Wall time, for waiting for the disk is part of the cost. The state lies in the folder for
// temporary files (TMPDIR).

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "bench/fleet.h"
#include "bench/made_up_processes.h"
#include "cli/bundled_rules.h"
#include "engine/finding/render.h"
#include "engine/matcher/matcher.h"
#include "engine/pipeline.h"
#include "engine/state/finding_store.h"
#include "engine/state/state_store.h"

namespace {

using spoor::Pipeline;
using spoor::StateStore;

constexpr std::size_t kRecords = 200'000;
constexpr std::size_t kToldEvery = 1'000;
constexpr std::size_t kCommitEvery = 10'000;
constexpr int kRounds = 7;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::string fresh_folder() {
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / "spoor-bench-state";
  std::filesystem::remove_all(folder);
  return folder.string();
}

std::unique_ptr<StateStore> open_store(const std::string& folder) {
  auto store = StateStore::open(folder, StateStore::Access::write);
  if (!store) {
    std::fprintf(stderr, "%s\n", store.error().message.c_str());
    std::_Exit(1);
  }
  return std::move(*store);
}

void check(bool done, const char* what) {
  if (!done) {
    std::fprintf(stderr, "%s failed\n", what);
    std::_Exit(1);
  }
}

struct Log {
  std::string bytes;
  std::vector<std::pair<std::size_t, std::size_t>> records;
};

Log fleet_log() {
  Log log;
  spoor::bench::Fleet fleet(1);
  for (std::size_t i = 0; i < kRecords; ++i) {
    const std::size_t offset = log.bytes.size();
    fleet.append_record(log.bytes);
    log.records.emplace_back(offset, log.bytes.size() - offset - 1);
  }
  log.bytes.append(spoor::RecordParser::kJsonPadding, ' ');
  return log;
}

/// How long it took. `folder` empty: without state.
double run(const Log& log, const spoor::RuleSet& rules, const std::string& folder) {
  std::unique_ptr<StateStore> store = folder.empty() ? nullptr : open_store(folder);
  Pipeline pipeline(rules, {.lateness = spoor::Lateness{}});
  if (store) {
    check(pipeline.open_state(*store, *store).has_value(), "opening the state");
  }
  const auto start = std::chrono::steady_clock::now();
  std::size_t count = 0;
  std::size_t told = 0;
  for (const auto& [offset, length] : log.records) {
    pipeline.take({log.bytes.data() + offset, length}, {.input = 0, .offset = offset, .line = 0});
    if (++count % kToldEvery != 0) {
      continue;
    }
    const std::size_t news = pipeline.updates().size();
    told += news;
    if (store && (news != 0 || count % kCommitEvery == 0)) {
      pipeline.save();
      check(store->commit_later({}).has_value(), "a commit");
    }
  }
  if (store) {
    pipeline.save();
    check(store->commit().has_value(), "a commit");
  }
  const double took = seconds_since(start);
  if (told != 0) {
    std::fprintf(stderr, "%zu findings told\n", told);
  }
  return took;
}

void compare(const spoor::RuleSet& rules) {
  const Log log = fleet_log();
  std::vector<double> ratios;
  double without_s = 0;
  double with_s = 0;
  for (int round = -1; round < kRounds; ++round) {
    without_s = run(log, rules, "");
    with_s = run(log, rules, fresh_folder());
    if (round >= 0) {  // The first warms up.
      ratios.push_back(without_s / with_s);
    }
  }
  std::ranges::sort(ratios);
  const auto records = static_cast<double>(log.records.size());
  std::printf("%zu records, %zu rules; without state %.0f ev/s, with it %.0f ev/s (last round)\n",
              log.records.size(), rules.detections.size(), records / without_s, records / with_s);
  std::printf("with / without: %.2f (%.2f to %.2f)\n", ratios[ratios.size() / 2], ratios.front(),
              ratios.back());
}

void restart(std::uint32_t processes) {
  constexpr std::uint32_t kOfHost = 1'000;
  const std::string folder = fresh_folder();
  const spoor::RuleSet none;
  std::vector<spoor::Diagnostic> refused;
  spoor::Matcher matcher = spoor::Matcher::create(none, &refused);
  {
    const std::unique_ptr<StateStore> store = open_store(folder);
    spoor::Correlator correlator(none, {.lateness = spoor::Lateness{}});
    check(correlator.open_state(*store, *store).has_value(), "opening the state");
    spoor::bench::EventWriter writer;
    const auto start = std::chrono::steady_clock::now();
    std::uint32_t made = 0;
    for (std::uint32_t process = 0; process < kOfHost; ++process) {
      for (std::uint32_t host = 0; host < processes / kOfHost; ++host) {
        correlator.take(writer.start(host, process), {}, false, matcher);
        if (++made % kCommitEvery == 0) {
          correlator.save();
          check(store->commit().has_value(), "a commit");
        }
      }
    }
    correlator.save();
    check(store->commit().has_value(), "a commit");
    std::printf("%u processes written in %.1f s\n", made, seconds_since(start));
  }
  std::uintmax_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    bytes += entry.file_size();
  }
  const auto start = std::chrono::steady_clock::now();
  const std::unique_ptr<StateStore> store = open_store(folder);
  spoor::Correlator correlator(none, {.lateness = spoor::Lateness{}});
  check(correlator.open_state(*store, *store).has_value(), "opening the state");
  std::printf("%zu processes back in %.1f s, out of %.0f MB\n", correlator.process_count(),
              seconds_since(start), static_cast<double>(bytes) / 1e6);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::string(argv[1]) == "--restart") {
    restart(static_cast<std::uint32_t>(std::strtoul(argv[2], nullptr, 10)));
    return 0;
  }
  const spoor::LoadedRules loaded = spoor::load_rules(spoor::bundled_rules());
  compare(loaded.rules);
  return 0;
}
