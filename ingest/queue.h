// Between the inputs and the engine: bounded, so that who sends too fast is told to wait.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>

#include "engine/base/clock.h"
#include "ingest/batch.h"

namespace spoor {

/// Any thread may push, one pops.
class IngestQueue {
 public:
  /// Of the clock batches get the time that they came; it must outlive the queue.
  explicit IngestQueue(std::size_t bytes_max, const Clock& clock = system_clock())
      : bytes_max_(bytes_max), clock_(clock) {}

  /// False if it is full or closed: nothing was taken but the time. What is larger than the bound
  /// is taken by an empty queue.
  [[nodiscard]] bool try_push(IngestBatch&& batch);

  enum class Pushed : std::uint8_t { yes, full, closed };

  /// Waits for room for as long. Unless it says yes, nothing was taken.
  [[nodiscard]] Pushed push(IngestBatch& batch, std::chrono::milliseconds timeout);

  /// Is there room for so many bytes now?
  [[nodiscard]] bool has_room(std::size_t bytes) const;

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
  [[nodiscard]] bool fits(std::size_t bytes) const;
  void note_arrival(IngestBatch& batch) const;

  const std::size_t bytes_max_;
  const Clock& clock_;
  std::function<void()> on_room_;
  mutable std::mutex mutex_;         ///< Of what follows.
  std::condition_variable changed_;  ///< There is more.
  std::condition_variable room_;     ///< There is less.
  std::deque<IngestBatch> batches_;
  std::size_t bytes_ = 0;
  bool was_refused_ = false;
  bool is_held_ = false;
  bool is_closed_ = false;
};

}  // namespace spoor
