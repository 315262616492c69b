// A stream that is stopped at any moment and started again from what was committed tells what one
// tells that never stopped: the same findings in the same revisions, in the same order. Made-up
// histories, many restarts each. SPOOR_LONG=1 runs more.

#include <algorithm>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/finding/render.h"
#include "engine/pipeline.h"
#include "tests/support/history_rules.h"
#include "tests/support/host_history.h"
#include "tests/support/long_run.h"
#include "tests/support/memory_state.h"
#include "tests/support/sanitized.h"

namespace spoor {
namespace {

using test::HistoryRecord;
using test::MemoryState;
using Records = std::vector<HistoryRecord>;
using Told = std::vector<std::string>;

constexpr Lateness kLateness{.agent_stream = 20 * kNanosPerSecond,
                             .batched_export = 40 * kNanosPerSecond,
                             .source_silence = 3'600 * kNanosPerSecond};

/// Short, so that a stream of minutes forgets.
constexpr Retention kForgetful{.after_end = 10 * kNanosPerSecond,
                               .idle_after = 60 * kNanosPerSecond,
                               .after_told = 30 * kNanosPerSecond};

/// Of who takes what comes later than that.
constexpr Lateness kHasty{.agent_stream = 3 * kNanosPerSecond,
                          .batched_export = 5 * kNanosPerSecond,
                          .source_silence = 3'600 * kNanosPerSecond,
                          .policy = LatePolicy::revise};

PipelineOptions options(const Retention& retention, const Lateness& lateness = kLateness) {
  return {.lateness = lateness, .retention = retention};
}

void add_told(const std::vector<Finding>& news, Told& told) {
  for (const Finding& finding : news) {
    told.push_back(render_ocsf(finding));
  }
}

/// `state` may be null.
Told without_stop(const Records& records,
                  std::size_t every,
                  const PipelineOptions& options,
                  MemoryState* state) {
  Pipeline pipeline(test::history_rules(), options);
  if (state != nullptr) {
    EXPECT_TRUE(pipeline.open_state(*state, *state).has_value());
  }
  Told told;
  for (std::size_t i = 0; i < records.size(); ++i) {
    pipeline.take(records[i].record(), {});
    if ((i + 1) % every == 0) {
      add_told(pipeline.updates(), told);
      if (state != nullptr) {
        pipeline.save();
        state->commit();
      }
    }
  }
  add_told(pipeline.last_updates(), told);
  return told;
}

struct Stops {
  std::size_t count = 0;
  std::size_t forgotten = 0;  ///< Processes.
  FateCounts fates;
};

/// Stops after some records, whether committed or not, mostly; what was told and not committed was
/// told to nobody.
Told with_stops(const Records& records,
                std::size_t every,
                const PipelineOptions& options,
                std::mt19937_64& random,
                Stops& stops) {
  MemoryState state;
  Told told;
  std::size_t committed = 0;
  bool is_done = false;
  while (!is_done) {
    Pipeline pipeline(test::history_rules(), options);
    const Result<StateLoss> opened = pipeline.open_state(state, state);
    EXPECT_TRUE(opened.has_value()) << (opened ? "" : opened.error().message);
    if (!opened) {
      return told;
    }
    EXPECT_FALSE(opened->any());
    const std::size_t stop = random() % 6 == 0 ? records.size() + 1 : committed + random() % 25;
    Told uncommitted;
    for (std::size_t i = committed; i < records.size() && i < stop; ++i) {
      pipeline.take(records[i].record(), {});
      if ((i + 1) % every != 0) {
        continue;
      }
      add_told(pipeline.updates(), uncommitted);
      if (random() % 2 == 0) {
        pipeline.save();
        state.commit();
        std::ranges::move(uncommitted, std::back_inserter(told));
        uncommitted.clear();
        committed = i + 1;
      }
    }
    if (stop <= records.size()) {
      state.crash();
      ++stops.count;
      continue;
    }
    add_told(pipeline.last_updates(), uncommitted);
    std::ranges::move(uncommitted, std::back_inserter(told));
    EXPECT_EQ(pipeline.accounting().total().residual(), 0);
    stops.forgotten += pipeline.correlator().stats().forgotten_processes;
    stops.fates = pipeline.accounting().total();
    is_done = true;
  }
  return told;
}

std::string first_difference(const Told& want, const Told& got) {
  for (std::size_t i = 0; i < std::max(want.size(), got.size()); ++i) {
    const std::string a = i < want.size() ? want[i] : "nothing";
    const std::string b = i < got.size() ? got[i] : "nothing";
    if (a != b) {
      return std::string("told ")
          .append(std::to_string(i))
          .append("\nwanted: ")
          .append(a)
          .append("\n   got: ")
          .append(b);
    }
  }
  return "none";
}

struct Watch {
  const char* name;
  test::HistoryOptions history;
  Retention retention;
  bool forgets = false;
  Lateness lateness = kLateness;
};

std::ostream& operator<<(std::ostream& out, const Watch& watch) {
  return out << watch.name;
}

class Restarts : public testing::TestWithParam<Watch> {};

TEST_P(Restarts, TellWhatAStreamWithoutThemTells) {
  const std::uint64_t first = std::max<std::uint64_t>(test::asked_seed(), 1);
  const std::uint64_t last =
      test::asked_seed() != 0 ? first : test::rounds(test::fewer_if_sanitized(20), 2'000);
  std::size_t tellings = 0;
  Stops stops;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    std::mt19937_64 random(seed);
    const Records arrival =
        test::rearranged(test::make_history(seed, GetParam().history), kLateness, random);
    const std::size_t every = 1 + random() % 20;
    // Of one that forgets so soon, what comes late may be told again where nothing is kept.
    MemoryState unbroken;
    const PipelineOptions how = options(GetParam().retention, GetParam().lateness);
    const Told want = without_stop(arrival, every, how, GetParam().forgets ? &unbroken : nullptr);
    const Told got = with_stops(arrival, every, how, random, stops);
    ASSERT_TRUE(want == got) << "seed " << seed << ", " << first_difference(want, got);
    EXPECT_EQ(stops.fates.received, arrival.size());
    tellings += want.size();
  }
  std::printf(
      "seeds %llu to %llu, %zu stops, %zu processes forgotten, %zu findings "
      "told\n",
      static_cast<unsigned long long>(first), static_cast<unsigned long long>(last), stops.count,
      stops.forgotten, tellings);
  EXPECT_EQ(GetParam().forgets, stops.forgotten > 0);
  EXPECT_GT(tellings, last - first);
}

/// A state with everything in it: hits, windows, events that wait, two vendors.
MemoryState::Rows some_state(const Records& records) {
  MemoryState state;
  Pipeline pipeline(test::history_rules(), options({}));
  EXPECT_TRUE(pipeline.open_state(state, state).has_value());
  for (const HistoryRecord& record : records) {
    pipeline.take(record.record(), {});
  }
  static_cast<void>(pipeline.updates());
  pipeline.save();
  state.commit();
  return state.rows();
}

/// One row is torn, bent, gone or another's.
void damage(MemoryState& state, std::mt19937_64& random) {
  auto& rows = state.rows();
  auto row = std::next(rows.begin(), static_cast<std::ptrdiff_t>(random() % rows.size()));
  std::string key = row->first;
  std::string value = row->second;
  const auto place = [&random](const std::string& text) { return random() % text.size(); };
  switch (random() % 5) {
    case 0: value.resize(value.size() / 2); break;
    case 1:
      if (!value.empty()) {
        value[place(value)] = static_cast<char>(random());
      }
      break;
    case 2: key[place(key)] = static_cast<char>(random()); break;
    case 3:
      value = std::next(rows.begin(), static_cast<std::ptrdiff_t>(random() % rows.size()))->second;
      break;
    default: rows.erase(row); return;
  }
  rows.erase(row);
  rows.insert_or_assign(key, value);
}

TEST(DamagedState, IsRefusedOrUsedAndNeverACrash) {
  const std::uint64_t last = test::rounds(test::fewer_if_sanitized(600), 20'000);
  std::size_t refused = 0;
  std::mt19937_64 random(11);
  const Records records =
      test::rearranged(test::make_history(21, {.both_vendors = true}), kLateness, random);
  const MemoryState::Rows whole = some_state(records);
  for (std::uint64_t seed = 1; seed <= last; ++seed) {
    MemoryState state(whole);
    for (std::uint64_t damages = 1 + random() % 3; damages > 0; --damages) {
      damage(state, random);
    }
    Pipeline pipeline(test::history_rules(), options(kForgetful));
    const Result<StateLoss> opened = pipeline.open_state(state, state);
    if (!opened) {
      EXPECT_EQ(opened.error().code, ErrorCode::bad_state);
      ++refused;
      continue;
    }
    for (std::size_t i = 0; i < records.size(); i += 7) {
      pipeline.take(records[i].record(), {});
    }
    static_cast<void>(pipeline.updates());
    pipeline.save();
    static_cast<void>(pipeline.last_updates());
  }
  std::printf("%zu of %llu refused\n", refused, static_cast<unsigned long long>(last));
  EXPECT_GT(refused, last / 10);
}

constexpr Watch kWatches[] = {
    {"OneOfEachHost", {}, {}},
    {"Both", {.both_vendors = true}, {}},
    {"SentinelOne", {.sentinelone = true}, {}},
    {"Scripts", {.scripts = 12}, {}},
    {"SecurityLog", {.security = true, .scripts = 6}, {}},
    {"ForgetfulSecurityLog", {.security = true, .scripts = 6, .stretch = 6}, kForgetful, true},
    {"Forgetful", {.both_vendors = true, .stretch = 6}, kForgetful, true},
    {"Late", {.both_vendors = true, .scripts = 4}, {}, false, kHasty},
    {"LateSecurityLog", {.security = true, .scripts = 6}, {}, false, kHasty},
};

INSTANTIATE_TEST_SUITE_P(Vendors, Restarts, testing::ValuesIn(kWatches), [](const auto& watch) {
  return watch.param.name;
});

}  // namespace
}  // namespace spoor
