// The one idea, as a property: findings are a function of the set of events. Random permutations,
// duplicates and chunk sizes of the bundled intrusion give the same bytes, through the whole
// pipeline. SPOOR_LONG=1 runs more.

#include <cstdlib>
#include <random>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "cli/bundled_rules.h"
#include "engine/finding/render.h"
#include "engine/pipeline.h"
#include "replay/byte_source.h"
#include "replay/record_reader.h"
#include "tests/source_dir.h"
#include "tests/support/long_run.h"
#include "tests/support/ocsf_schema.h"

namespace spoor {
namespace {

std::vector<std::string> read_lines(const std::string& path) {
  std::vector<std::string> lines;
  auto source = open_source(path);
  if (!source) {
    ADD_FAILURE() << source.error().message;
    return lines;
  }
  RecordReader reader(std::move(*source));
  for (RecordRead read = reader.read(); read.status != ReadStatus::end; read = reader.read()) {
    EXPECT_EQ(read.status, ReadStatus::record);
    lines.emplace_back(read.text);
  }
  return lines;
}

const std::vector<std::string>& intrusion() {
  static const std::vector<std::string> kLines =
      read_lines(SPOOR_SOURCE_DIR "/tests/data/scenarios/A.sysmon-evtxdump.ndjson.gz");
  return kLines;
}

const RuleSet& rules() {
  static const LoadedRules kLoaded = load_rules(bundled_rules());
  return kLoaded.rules;
}

/// Findings as NDJSON, after reading `lines` in `chunk`-byte reads and settling every
/// `settle_every` records.
std::string replay(const std::vector<std::string>& lines,
                   std::size_t chunk,
                   std::size_t settle_every) {
  std::string bytes;
  for (const std::string& line : lines) {
    bytes.append(line).append("\n");
  }
  auto source = memory_source(std::move(bytes), chunk);
  RecordReader reader(std::move(*source));
  Pipeline pipeline(rules(), {});
  std::size_t count = 0;
  for (RecordRead read = reader.read(); read.status != ReadStatus::end; read = reader.read()) {
    if (read.status == ReadStatus::record) {
      pipeline.take(read.text, {.input = 0, .offset = read.offset, .line = read.line});
    }
    if (settle_every != 0 && ++count % settle_every == 0) {
      pipeline.settle();
    }
  }
  std::string output;
  for (const Finding& finding : pipeline.findings()) {
    output.append(render_ocsf(finding)).append("\n");
  }
  EXPECT_EQ(pipeline.accounting().total().residual(), 0);
  return output;
}

TEST(Arrival, TwentyPermutationsWithThirtyPercentDuplicates) {
  ASSERT_EQ(intrusion().size(), 714U);
  const std::string want = replay(intrusion(), 0, 0);
  ASSERT_FALSE(want.empty());
  const std::uint64_t rounds = test::is_long_run() ? 2000 : 20;
  std::printf("seeds 1 to %llu\n", static_cast<unsigned long long>(rounds));
  for (std::uint64_t seed = 1; seed <= rounds; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<std::string> arrival = intrusion();
    const std::size_t count = arrival.size();
    for (std::size_t i = 0; i < count * 3 / 10; ++i) {
      arrival.push_back(intrusion()[random() % count]);
    }
    std::shuffle(arrival.begin(), arrival.end(), random);
    const std::size_t chunk = seed % 2 == 0 ? 0 : 1 + random() % 100'000;
    ASSERT_EQ(replay(arrival, chunk, random() % 200), want) << "seed " << seed;
  }
}

/// What the main process did and what surrounds it: enough for the finding, and quick to replay a
/// hundred times.
std::vector<std::string> heart_of_the_intrusion() {
  std::vector<std::string> lines;
  for (const std::string& line : intrusion()) {
    if (line.find("8F4C1E20-0564-641B") != std::string::npos ||
        line.find("8F4C1E20-1621-641B") != std::string::npos) {
      lines.push_back(line);
    }
  }
  return lines;
}

TEST(Arrival, AnyPermutationRapidCheck) {
  const std::vector<std::string> events = heart_of_the_intrusion();
  const std::string want = replay(events, 0, 0);
  ASSERT_FALSE(want.empty());
  // The same orders each time but in long runs. Who sets other parameters gets them.
  if (!test::is_long_run()) {
    setenv("RC_PARAMS", "seed=1", 0);  // NOLINT(concurrency-mt-unsafe): there is one thread.
  }
  const bool held = rc::check("any order of arrival gives the same findings", [&want, &events] {
    std::vector<std::size_t> order(events.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
      order[i] = i;
    }
    // A few exchanges: what fails then shrinks to the two events that matter.
    const auto swaps = *rc::gen::container<std::vector<std::pair<std::size_t, std::size_t>>>(
        rc::gen::pair(rc::gen::inRange<std::size_t>(0, order.size()),
                      rc::gen::inRange<std::size_t>(0, order.size())));
    for (const auto& [a, b] : swaps) {
      std::swap(order[a], order[b]);
    }
    std::vector<std::string> arrival;
    arrival.reserve(order.size());
    for (const std::size_t i : order) {
      arrival.push_back(events[i]);
    }
    RC_ASSERT(replay(arrival, 0, 0) == want);
  });
  EXPECT_TRUE(held);
}

TEST(Arrival, TheFindingIsValidOcsf) {
  const std::string output = replay(intrusion(), 0, 0);
  for (std::size_t at = 0; at < output.size();) {
    const std::size_t end = output.find('\n', at);
    for (const std::string& violation :
         ocsf_violations(std::string_view(output).substr(at, end - at))) {
      ADD_FAILURE() << violation;
    }
    at = end + 1;
  }
}

}  // namespace
}  // namespace spoor
