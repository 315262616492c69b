// How fast: parsing alone and the whole line, beside simdjson's stage 1 alone, on one log in
// memory, interleaved.
//
//   bench_pipeline [FILE]      default: a bundled OTRF capture (NXLog)
//
// Rates of one machine on one day mean little: read the ratios, taken in one run.

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <simdjson.h>

#include "bench/log.h"
#include "cli/bundled_rules.h"
#include "engine/pipeline.h"
#include "parsers/record_parser.h"

namespace {

using spoor::bench::Log;

class Counter final : public spoor::RecordSink {
 public:
  void on_event(const spoor::Event& event) override { benchmark::DoNotOptimize(event.uid); }

  void on_bad_record(const spoor::Error& /*error*/,
                     std::string_view /*record*/,
                     const spoor::RecordPosition& /*position*/) override {
    ++bad;
  }

  std::size_t bad = 0;
};

double cpu_seconds(const std::function<void()>& work) {
  const std::clock_t start = std::clock();
  work();
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

void stage_one(const Log& log) {
  // What simdjson cannot do without: finding the structure of each line.
  static simdjson::ondemand::parser parser;
  for (const auto& [offset, length] : log.records) {
    const simdjson::padded_string_view line(log.bytes.data() + offset, length,
                                            log.bytes.size() - offset);
    simdjson::ondemand::document document;
    benchmark::DoNotOptimize(parser.iterate(line).get(document));
  }
}

void parse_alone(const Log& log) {
  static spoor::RecordParser parser({});
  Counter counter;
  for (const auto& [offset, length] : log.records) {
    parser.parse({log.bytes.data() + offset, length}, {.input = 0, .offset = offset, .line = 0},
                 counter);
  }
}

std::size_t whole_line(const Log& log, const spoor::RuleSet& rules) {
  spoor::Pipeline pipeline(rules, {});
  for (const auto& [offset, length] : log.records) {
    pipeline.take({log.bytes.data() + offset, length}, {.input = 0, .offset = offset, .line = 0});
  }
  return pipeline.findings().size();
}

}  // namespace

int main(int argc, char** argv) {
  const std::string path = argc > 1 ? argv[1]
                                    : SPOOR_SOURCE_DIR
                               "/tests/data/otrf/covenant_persistwmi_2019-12-05044734.ndjson.zst";
  const Log log = spoor::bench::read_log(path);
  const spoor::LoadedRules loaded = spoor::load_rules(spoor::bundled_rules());
  if (log.records.empty()) {
    std::fprintf(stderr, "no record in %s\n", path.c_str());
    return 1;
  }
  // Each round lasts about a tenth of a second, whatever the size of the log.
  const std::size_t repeats = std::max<std::size_t>(1, (std::size_t{64} << 20) / log.bytes.size());
  std::vector<double> stage;
  std::vector<double> parse;
  std::vector<double> line;
  std::size_t findings = 0;
  constexpr int kRounds = 7;
  for (int round = -1; round < kRounds; ++round) {
    const auto repeat = [&](const std::function<void()>& work) {
      return cpu_seconds([&] {
        for (std::size_t i = 0; i < repeats; ++i) {
          work();
        }
      });
    };
    const double stage_s = repeat([&] { stage_one(log); });
    const double parse_s = repeat([&] { parse_alone(log); });
    const double line_s = repeat([&] { findings = whole_line(log, loaded.rules); });
    if (round >= 0) {  // The first warms up.
      stage.push_back(stage_s);
      parse.push_back(parse_s);
      line.push_back(line_s);
    }
  }
  const auto events = static_cast<double>(log.records.size() * repeats);
  const auto bytes = static_cast<double>(log.bytes.size() * repeats);
  std::printf("corpus %s: %zu events, %zu bytes each on average; %zu rules; %zu findings\n",
              path.c_str(), log.records.size(), log.bytes.size() / log.records.size(),
              loaded.rules.detections.size() + loaded.rules.correlations.size(), findings);
  std::printf("%-24s %12s %8s %10s %s\n", "", "events/s", "GB/s", "ns/event",
              "x stage 1 (median of 7 interleaved rounds)");
  const auto show = [&](const char* name, const std::vector<double>& seconds) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < seconds.size(); ++i) {
      ratios.push_back(stage[i] / seconds[i]);
    }
    const double typical = median(seconds);
    std::printf("%-24s %12.0f %8.2f %10.0f %.2f\n", name, events / typical, bytes / typical / 1e9,
                typical / events * 1e9, median(ratios));
  };
  show("simdjson stage 1 alone", stage);
  show("parse + normalise", parse);
  show("whole line", line);
  return 0;
}
