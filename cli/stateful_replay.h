// A replay that goes on from what earlier ones knew, and that a crash costs nothing: state,
// findings told and how far the inputs were read are committed together.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/dead_letter_file.h"
#include "cli/read_inputs.h"
#include "cli/replay_positions.h"
#include "engine/base/clock.h"
#include "engine/pipeline.h"
#include "engine/state/finding_store.h"
#include "engine/state/state_store.h"

namespace spoor {

class StatefulReplay {
 public:
  /// Opens the folder. With `resume`, `files` are then what is left to read. Tells on stderr what
  /// one should know, unless `quiet`.
  [[nodiscard]] static Result<std::unique_ptr<StatefulReplay>> open(const std::string& folder,
                                                                    bool resume,
                                                                    bool quiet,
                                                                    std::vector<InputFile>& files);

  /// Gives the pipeline, which must outlive this, what was known.
  [[nodiscard]] Result<void> attach(Pipeline& pipeline, const Clock& clock);

  /// Takes the records into the pipeline. `every`: findings are told after so many records, however
  /// fast they come, so that revisions do not depend on when it was committed.
  [[nodiscard]] RecordConsumer& consumer(std::uint64_t every);

  /// Called before each commit, and in another thread after each that was written. Waits for the
  /// one that is under way.
  void on_commit(std::function<void()> before, std::function<void()> after);

  /// What the last replay committed of its dead letters, if this one goes on with it.
  [[nodiscard]] const std::optional<DeadLettersWritten>& dead_letters_before() const {
    return positions_.dead_letters;
  }

  /// From now on a commit waits until the dead letters of what it passes are on disk, and fails if
  /// they cannot be written. Before attach(). `file` must live until nothing is committed any more.
  [[nodiscard]] Result<void> keep_dead_letters(DeadLetterFile& file);

  [[nodiscard]] StateStore& store() { return *store_; }

  /// Null before attach().
  [[nodiscard]] const Pipeline* pipeline() const { return pipeline_; }

  /// What a commit could not write; the input need not be read on.
  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

  /// The inputs were read to their end.
  [[nodiscard]] Result<void> finish();

  /// What this replay told, with those before it was resumed: of each finding the last revision, if
  /// it was not taken back; or all revisions.
  [[nodiscard]] Result<std::vector<StoredFinding>> told(bool all_revisions) const;

 private:
  class Consumer;

  StatefulReplay(std::unique_ptr<StateStore> store,
                 FindingStore findings,
                 ReplayPositions positions);
  /// Writes out what was added to the file of dead letters, and notes how long it is then.
  [[nodiscard]] Result<void> sync_dead_letters();
  void tell(const std::vector<Finding>& news);
  [[nodiscard]] Result<void> commit();

  std::unique_ptr<StateStore> store_;
  FindingStore findings_;
  ReplayPositions positions_;
  Pipeline* pipeline_ = nullptr;
  const Clock* clock_ = nullptr;
  DeadLetterFile* dead_letters_ = nullptr;
  std::unique_ptr<RecordConsumer> consumer_;
  std::chrono::nanoseconds committed_at_{0};
  std::uint64_t records_ = 0;  ///< Since the last commit.
  bool has_news_ = false;
  std::optional<Error> failure_;
  std::function<void()> before_commit_;
  std::function<void()> on_commit_;
  Timestamp forgot_at_ = 0;
};

/// What lists show of a finding.
[[nodiscard]] Finding brief_finding(const StoredFinding& stored);

}  // namespace spoor
