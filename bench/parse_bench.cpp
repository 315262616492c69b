// How fast records become events, beside what simdjson cannot do without: stage 1 of each line.
//
//   bench_parse [FILE...]              the corpora below, or these logs
//   bench_parse --only FILE [ROUNDS]   parses one log and measures nothing, for perf
//
// Each corpus is repeated in memory to 8 MiB, more than a second-level cache holds, and read by all
// in turn, seven rounds of each. Rates of one machine on one day mean little: read the ratios,
// medians of those of each round. Allocations are counted after a first round, by this program's
// operator new.

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <functional>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <simdjson.h>

#include "bench/log.h"
#include "cli/bundled_rules.h"
#include "engine/pipeline.h"
#include "parsers/document.h"
#include "parsers/json/json_scanner.h"
#include "parsers/record_parser.h"

namespace {

std::size_t allocations = 0;

}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  void* memory = std::malloc(size);  // NOLINT(*-no-malloc): this is where memory comes from
  if (memory == nullptr) {
    std::abort();
  }
  return memory;
}

void operator delete(void* memory) noexcept {
  std::free(memory);  // NOLINT(*-no-malloc)
}

void operator delete(void* memory, std::size_t /*size*/) noexcept {
  std::free(memory);  // NOLINT(*-no-malloc)
}

namespace {

constexpr std::size_t kCorpusBytes = std::size_t{8} << 20;
constexpr int kRounds = 7;

struct CorpusRow {
  const char* name;
  const char* path;  ///< From the repository.
};

// All bundled: a capture, and synthetic scenarios, whose records have the keys, and as many, as the
// vendors' own.
constexpr CorpusRow kCorpora[] = {
    {"NXLog, OTRF", "tests/data/otrf/covenant_persistwmi_2019-12-05044734.ndjson.zst"},
    {"NXLog, scenario A", "tests/data/scenarios/A.sysmon-nxlog.ndjson.gz"},
    {"Winlogbeat, scenario A", "tests/data/scenarios/A.sysmon-winlogbeat.ndjson.gz"},
    {"evtx_dump, scenario A", "tests/data/scenarios/A.sysmon-evtxdump.ndjson.gz"},
    {"FDR, scenario A", "tests/data/scenarios/A.crowdstrike-fdr.ndjson.gz"},
    {"CF2, scenario A", "tests/data/scenarios/A.sentinelone-cf2.ndjson.gz"},
};

using spoor::bench::Log;

class Counter final : public spoor::RecordSink {
 public:
  void on_event(const spoor::Event& event) override { sum_ ^= event.uid.low; }

  void on_bad_record(const spoor::Error& /*error*/,
                     std::string_view /*record*/,
                     const spoor::RecordPosition& /*position*/) override {
    ++bad;
  }

  std::size_t bad = 0;

 private:
  std::uint64_t sum_ = 0;  ///< So that events are not made in vain.
};

/// One of the things that are compared.
struct Contender {
  const char* name;
  std::function<void(const Log&)> work;
  std::vector<double> seconds;
  std::size_t allocations = 0;
};

void parse_all(spoor::RecordParser& parser, const Log& log) {
  Counter counter;
  for (const auto& [offset, length] : log.records) {
    parser.parse({log.bytes.data() + offset, length}, {.input = 0, .offset = offset, .line = 0},
                 counter);
  }
  if (counter.bad != 0) {
    std::fprintf(stderr, "%zu bad records\n", counter.bad);
  }
}

void stage_one(simdjson::ondemand::parser& parser, const Log& log) {
  for (const auto& [offset, length] : log.records) {
    const simdjson::padded_string_view line(log.bytes.data() + offset, length,
                                            log.bytes.size() - offset);
    simdjson::ondemand::document document;
    if (parser.iterate(line).get(document) != simdjson::SUCCESS) {
      std::fprintf(stderr, "a line that is no JSON\n");
    }
  }
}

void scan_all(spoor::JsonScanner& scanner, spoor::Document& document, const Log& log) {
  for (const auto& [offset, length] : log.records) {
    if (!scanner.scan({log.bytes.data() + offset, length}, document)) {
      std::fprintf(stderr, "a line that is no JSON\n");
    }
  }
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

void measure(const Log& log, std::vector<Contender>& contenders) {
  for (int round = -1; round < kRounds; ++round) {
    for (Contender& contender : contenders) {
      const std::size_t before = allocations;
      const std::clock_t start = std::clock();
      contender.work(log);
      const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
      if (round >= 0) {  // The first warms up.
        contender.allocations = allocations - before;
        contender.seconds.push_back(seconds);
      }
    }
  }
}

void show(const Log& log, const std::vector<Contender>& contenders) {
  const auto events = static_cast<double>(log.records.size());
  std::printf("  %-34s %9s %7s %18s %18s\n", "", "ns/event", "GB/s", "x stage 1",
              "allocations/event");
  for (const Contender& contender : contenders) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < contender.seconds.size(); ++i) {
      ratios.push_back(contenders.front().seconds[i] / contender.seconds[i]);
    }
    const double typical = median(contender.seconds);
    const auto [least, most] = std::ranges::minmax(ratios);
    std::printf("  %-34s %9.0f %7.2f %5.3f (%.2f-%.2f)  %17.3f\n", contender.name,
                typical / events * 1e9, static_cast<double>(log.bytes.size()) / typical / 1e9,
                median(ratios), least, most, static_cast<double>(contender.allocations) / events);
  }
}

bool bench(const std::string& name, const std::string& path, const spoor::Projection& rules) {
  const Log log = spoor::bench::read_log(path, kCorpusBytes);
  if (log.records.empty()) {
    std::fprintf(stderr, "no record in %s\n", path.c_str());
    return false;
  }
  simdjson::ondemand::parser ondemand;
  spoor::JsonScanner scanner;
  spoor::Document document;
  spoor::RecordParser projected(rules);
  spoor::RecordParser everything(spoor::Projection::everything());
  spoor::RecordParser plain(rules, {.source = {}, .plain_json = true});
  std::vector<Contender> contenders;
  contenders.push_back({"simdjson stage 1", [&](const Log& all) { stage_one(ondemand, all); }, {}});
  contenders.push_back({"scan", [&](const Log& all) { scan_all(scanner, document, all); }, {}});
  contenders.push_back(
      {"parse, what the detections test", [&](const Log& all) { parse_all(projected, all); }, {}});
  contenders.push_back(
      {"parse, everything", [&](const Log& all) { parse_all(everything, all); }, {}});
  contenders.push_back(
      {"parse by the plain twin (DOM)", [&](const Log& all) { parse_all(plain, all); }, {}});
  measure(log, contenders);
  std::printf("%s: %zu records (%zu distinct), %zu bytes each on average\n", name.c_str(),
              log.records.size(), log.distinct, log.bytes.size() / log.records.size());
  show(log, contenders);
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const spoor::LoadedRules loaded = spoor::load_rules(spoor::bundled_rules());
  const spoor::Projection rules = spoor::projection_of(loaded.rules);
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() >= 2 && arguments[0] == "--only") {
    const Log log = spoor::bench::read_log(arguments[1], kCorpusBytes);
    spoor::RecordParser parser(rules);
    int rounds = 100;
    if (arguments.size() > 2) {
      const std::string& text = arguments[2];
      std::from_chars(text.data(), text.data() + text.size(), rounds);
    }
    for (int round = 0; round < rounds; ++round) {
      parse_all(parser, log);
    }
    return 0;
  }
  bool good = true;
  for (const std::string& path : arguments) {
    good = bench(path, path, rules) && good;
  }
  for (const CorpusRow& row : kCorpora) {
    const std::string path = std::string(SPOOR_SOURCE_DIR) + "/" + row.path;
    if (arguments.empty() && std::filesystem::exists(path)) {
      good = bench(row.name, path, rules) && good;
    }
  }
  return good ? 0 : 1;
}
