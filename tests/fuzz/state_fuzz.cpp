// What a restart reads: the rows of a real state, bent by the fuzzer, or rows of its own. They are
// refused, or used to go on; never a crash.

#include <cstdlib>
#include <string>
#include <vector>

#include <fuzzer/FuzzedDataProvider.h>

#include "engine/finding/render.h"
#include "engine/pipeline.h"
#include "engine/state/consumer_store.h"
#include "engine/state/finding_store.h"
#include "engine/state/memory_state.h"
#include "tests/support/history_rules.h"
#include "tests/support/host_history.h"

namespace {

using spoor::MemoryState;

spoor::PipelineOptions options() {
  constexpr spoor::Lateness kLateness{.agent_stream = 20 * spoor::kNanosPerSecond,
                                      .batched_export = 40 * spoor::kNanosPerSecond,
                                      .source_silence = 3'600 * spoor::kNanosPerSecond};
  constexpr spoor::Retention kForgetful{.after_end = 10 * spoor::kNanosPerSecond,
                                        .idle_after = 60 * spoor::kNanosPerSecond,
                                        .after_told = 30 * spoor::kNanosPerSecond};
  return {.lateness = kLateness, .retention = kForgetful};
}

const std::vector<spoor::test::HistoryRecord>& records() {
  static const auto made = spoor::test::make_history(
      21, {.hosts = 1, .processes = 4, .lookups = 3, .both_vendors = true, .scripts = 2});
  return made;
}

/// A state in the middle of things.
const MemoryState::Rows& whole() {
  static const MemoryState::Rows rows = [] {
    MemoryState state;
    spoor::Pipeline pipeline(spoor::test::history_rules(), options());
    if (!pipeline.open_state(state, state)) {
      std::abort();
    }
    spoor::FindingStore findings = *spoor::FindingStore::open(state, state);
    spoor::ConsumerStore consumers(state, state);
    static_cast<void>(consumers.greet("soar", "", 1));
    for (std::size_t i = 0; i < records().size() / 2; ++i) {
      pipeline.take(records()[i].record(), {});
    }
    for (const spoor::Finding& finding : pipeline.updates()) {
      findings.add(finding, spoor::render_ocsf(finding), 1);
    }
    pipeline.save();
    state.commit();
    return state.rows();
  }();
  return rows;
}

void bend(MemoryState::Rows& rows, FuzzedDataProvider& input) {
  auto row = rows.begin();
  std::advance(row, input.ConsumeIntegralInRange<std::size_t>(0, rows.size() - 1));
  const std::string key = row->first;
  std::string value = row->second;
  const std::size_t place = input.ConsumeIntegralInRange<std::size_t>(0, value.size());
  switch (input.ConsumeIntegralInRange(0, 6)) {
    case 0: value.resize(place); break;
    case 1: value.insert(place, input.ConsumeRandomLengthString(64)); break;
    case 2:
      for (const char byte :
           input.ConsumeBytesAsString(input.ConsumeIntegralInRange<std::size_t>(1, 8))) {
        value.resize(std::max(value.size(), place + 1));
        value[place] = byte;
      }
      break;
    case 3: value = input.ConsumeRandomLengthString(256); break;
    case 4: rows.erase(row); return;
    case 5: {
      // The value of one under the key of another.
      auto other = rows.begin();
      std::advance(other, input.ConsumeIntegralInRange<std::size_t>(0, rows.size() - 1));
      value = other->second;
      break;
    }
    default: {
      std::string made(1, key.front());
      made += input.ConsumeRandomLengthString(48);
      rows[made] = input.ConsumeRandomLengthString(256);
      return;
    }
  }
  rows[key] = value;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  FuzzedDataProvider input(data, size);
  MemoryState::Rows rows = whole();
  for (int left = 16; left > 0 && input.remaining_bytes() > 0 && rows.size() > 1; --left) {
    bend(rows, input);
  }
  MemoryState state(std::move(rows));
  const spoor::FindingReader reader(state);
  static_cast<void>(reader.for_each(1, [](const spoor::StoredFinding&) { return true; }));
  const spoor::ConsumerStore consumers(state, state);
  spoor::Pipeline pipeline(spoor::test::history_rules(), options());
  const spoor::Result<spoor::StateLoss> opened = pipeline.open_state(state, state);
  if (!opened) {
    if (opened.error().code != spoor::ErrorCode::bad_state) {
      std::abort();
    }
    return 0;
  }
  for (std::size_t i = records().size() / 2; i < records().size(); i += 5) {
    pipeline.take(records()[i].record(), {});
  }
  for (const spoor::Finding& finding : pipeline.updates()) {
    static_cast<void>(spoor::render_ocsf(finding));
  }
  pipeline.save();
  static_cast<void>(pipeline.last_updates());
  return 0;
}
