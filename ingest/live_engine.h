// The engine of a stream: batches of the inputs in, findings out, everything committed.
//
// Order of effects: a record is taken, what follows from it is committed and on disk, then whoever
// listens is told and the sender is answered. docs/decisions/0048, 0053.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/clock.h"
#include "engine/pipeline.h"
#include "engine/state/finding_store.h"
#include "engine/state/state_store.h"
#include "ingest/latency_histogram.h"
#include "ingest/queue.h"
#include "ingest/recorder.h"

namespace spoor {

struct LiveOptions {
  std::uint64_t told_every = 1'000;        ///< Records after which findings are looked for.
  std::uint64_t committed_every = 10'000;  ///< Records.
  std::chrono::nanoseconds committed_after = std::chrono::milliseconds(50);
  Recorder* recorder = nullptr;  ///< Keeps what comes in; must outlive the engine.
};

/// What came in by one input.
struct InputCounters {
  std::uint64_t batches = 0;
  std::uint64_t records = 0;  ///< Stretches that are none, too.
  std::uint64_t bytes = 0;
};

struct LiveCounters {
  std::vector<InputCounters> inputs;
  std::uint64_t commits = 0;
  std::uint64_t findings = 0;     ///< Told, revisions too.
  std::uint64_t uncommitted = 0;  ///< Records taken and not yet committed.
  /// Of these, by id and level of their rule. Those of ids beyond kCountedRulesMax together, under
  /// "(other)".
  std::map<std::pair<std::string, std::string>, std::uint64_t> findings_of_rules;
  /// Of records: from the queue's first sight of their batch until the last of it was applied.
  LatencyHistogram applied;
};

/// Rules come and go while the engine runs.
inline constexpr std::size_t kCountedRulesMax = 10'000;

/// Not thread-safe; its callbacks are called in the thread that writes.
class LiveEngine {
 public:
  /// All must outlive it. `inputs`: how many there are.
  LiveEngine(Pipeline& pipeline,
             StateStore& store,
             FindingStore findings,
             IngestQueue& queue,
             const Clock& clock,
             std::size_t inputs,
             LiveOptions options = {});
  ~LiveEngine();
  LiveEngine(const LiveEngine&) = delete;
  LiveEngine& operator=(const LiveEngine&) = delete;

  /// Called after each commit that is on disk.
  void on_commit(std::function<void()> call) { after_commit_ = std::move(call); }

  /// Called within a large batch, from turn() and drain(), each time that a commit was made of some
  /// of it: what must not wait for the whole batch.
  void on_pause(std::function<void()> call) { on_pause_ = std::move(call); }

  /// Takes what comes, for at most as long as commits may wait, and commits what is due. Fails with
  /// io if the state cannot be written: nothing that is not committed yet is answered then, and no
  /// more may be taken.
  [[nodiscard]] Result<void> turn();

  /// The queue is closed: takes what is in it, and waits until all is committed.
  [[nodiscard]] Result<void> drain();

  [[nodiscard]] const LiveCounters& counters() const { return counters_; }

  /// Of findings: from the queue's first sight of the oldest batch that they may follow from, until
  /// they were on disk and on_commit()'s call had returned. From any thread.
  [[nodiscard]] LatencyHistogram told_latency() const;

  /// The number of the last finding, committed or not.
  [[nodiscard]] std::uint64_t finding_sequence() const { return findings_.head(); }

 private:
  /// Findings told together, and since when somebody waits for them.
  struct News {
    std::chrono::nanoseconds since{0};
    std::uint64_t findings = 0;
  };

  struct ToldLatency {
    std::mutex mutex;
    LatencyHistogram histogram;
  };

  using Answers = std::vector<std::function<void(bool)>>;

  [[nodiscard]] Result<void> take(IngestBatch& batch);
  [[nodiscard]] Result<void> take_records(const IngestBatch& batch);
  void tell();
  void count(const Finding& finding);
  [[nodiscard]] bool is_due() const;
  [[nodiscard]] Result<void> commit();

  Pipeline& pipeline_;
  StateStore& store_;
  FindingStore findings_;
  IngestQueue& queue_;
  const Clock& clock_;
  LiveOptions options_;
  LiveCounters counters_;
  std::function<void()> after_commit_;
  std::function<void()> on_pause_;
  std::shared_ptr<Answers> answers_ = std::make_shared<Answers>();  ///< Of what is not committed.
  std::vector<std::uint64_t> lines_;  ///< Of each input: records so far.
  std::uint64_t untold_ = 0;
  std::chrono::nanoseconds untold_since_ =
      std::chrono::nanoseconds::max();  ///< The oldest batch of these arrived.
  std::vector<News> news_;              ///< Not committed.
  std::shared_ptr<ToldLatency> told_ = std::make_shared<ToldLatency>();
  bool has_news_ = false;
  bool has_marks_ = false;  ///< Of inputs, not committed.
  std::chrono::nanoseconds committed_at_{0};
  Timestamp forgot_at_ = 0;
};

}  // namespace spoor
