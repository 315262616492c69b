// Between the inputs and the engine: bounded, so that who sends too fast is told to wait.
//
// Half of the bound is whoever comes first's; of the other half each input has an equal part that
// no other can fill. What is bounded is the memory of the batches (IngestBatch::memory()). Else an
// input whose senders wait at the door (TCP) takes all room at once as it comes free, and one whose
// senders come again later (HTTP after a 503) finds none.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "engine/base/clock.h"
#include "ingest/batch.h"

namespace spoor {

/// Any thread may push, one pops.
class IngestQueue {
 public:
  /// `inputs`: how many there are, at least one; every batch is of one of them. Of the clock
  /// batches get the time that they came; it must outlive the queue.
  explicit IngestQueue(std::size_t bytes_max,
                       std::size_t inputs = 1,
                       const Clock& clock = system_clock())
      : bytes_max_(bytes_max),
        bytes_kept_(bytes_max / 2 / inputs),
        clock_(clock),
        bytes_of_(inputs, 0) {}

  /// False if it is full for this input, or closed: nothing was taken but the time. What is larger
  /// than the bound is taken by an empty queue.
  [[nodiscard]] bool try_push(IngestBatch&& batch);

  enum class Pushed : std::uint8_t { yes, full, closed };

  /// Waits for room for as long. Unless it says yes, nothing was taken.
  [[nodiscard]] Pushed push(IngestBatch& batch, std::chrono::milliseconds timeout);

  /// Is there room for so many bytes of this input now?
  [[nodiscard]] bool has_room(std::size_t input, std::size_t bytes) const;

  /// Called, in the popping thread, when a push may be tried again that was refused. Set before
  /// the first push.
  void on_room(std::function<void()> call) { on_room_ = std::move(call); }

  /// The next one; nothing if none came in time, or it is closed and empty.
  [[nodiscard]] std::optional<IngestBatch> pop(std::chrono::milliseconds timeout);

  /// Takes nothing, as if it were full, until it is told otherwise. By the popping thread.
  void hold(bool is_held);

  /// Takes nothing more. What is in it can still be popped.
  void close();

  [[nodiscard]] std::size_t bytes() const;

 private:
  [[nodiscard]] bool fits(std::size_t input, std::size_t bytes) const;
  void note_arrival(IngestBatch& batch) const;
  void add(IngestBatch&& batch);

  const std::size_t bytes_max_;
  const std::size_t bytes_kept_;  ///< For each input.
  const Clock& clock_;
  std::function<void()> on_room_;
  mutable std::mutex mutex_;         ///< Of what follows.
  std::condition_variable changed_;  ///< There is more.
  std::condition_variable room_;     ///< There is less.
  std::deque<IngestBatch> batches_;
  std::vector<std::size_t> bytes_of_;  ///< Of each input.
  std::size_t bytes_ = 0;
  bool was_refused_ = false;
  bool is_held_ = false;
  bool is_closed_ = false;
};

}  // namespace spoor
