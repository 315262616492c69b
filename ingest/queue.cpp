#include "ingest/queue.h"

#include <utility>

namespace spoor {

bool IngestQueue::fits(std::size_t input, std::size_t bytes) const {
  if (is_closed_ || is_held_ || batches_.empty()) {
    return !is_closed_ && !is_held_;
  }
  std::size_t taken = bytes_;
  for (std::size_t other = 0; other < bytes_of_.size(); ++other) {
    if (other != input && bytes_of_[other] < bytes_kept_) {
      taken += bytes_kept_ - bytes_of_[other];
    }
  }
  return taken + bytes <= bytes_max_;
}

void IngestQueue::note_arrival(IngestBatch& batch) const {
  if (batch.arrived_at.count() == 0) {
    batch.arrived_at = clock_.monotonic();
    batch.received_at = clock_.wall();
  }
}

void IngestQueue::add(IngestBatch&& batch) {
  bytes_ += batch.memory();
  bytes_of_[batch.input] += batch.memory();
  batches_.push_back(std::move(batch));
}

bool IngestQueue::try_push(IngestBatch&& batch) {
  note_arrival(batch);
  {
    const std::lock_guard lock(mutex_);
    if (!fits(batch.input, batch.memory())) {
      was_refused_ = true;
      return false;
    }
    add(std::move(batch));
  }
  changed_.notify_one();
  return true;
}

IngestQueue::Pushed IngestQueue::push(IngestBatch& batch, std::chrono::milliseconds timeout) {
  note_arrival(batch);
  {
    std::unique_lock lock(mutex_);
    const std::size_t bytes = batch.memory();
    room_.wait_for(lock, timeout, [&] { return is_closed_ || fits(batch.input, bytes); });
    if (is_closed_) {
      return Pushed::closed;
    }
    if (!fits(batch.input, bytes)) {
      return Pushed::full;
    }
    add(std::move(batch));
  }
  changed_.notify_one();
  return Pushed::yes;
}

bool IngestQueue::has_room(std::size_t input, std::size_t bytes) const {
  const std::lock_guard lock(mutex_);
  return fits(input, bytes);
}

std::optional<IngestBatch> IngestQueue::pop(std::chrono::milliseconds timeout) {
  std::optional<IngestBatch> batch;
  bool tells_room = false;
  {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, timeout, [this] { return !batches_.empty() || is_closed_; });
    if (batches_.empty()) {
      return std::nullopt;
    }
    batch = std::move(batches_.front());
    batches_.pop_front();
    bytes_ -= batch->memory();
    bytes_of_[batch->input] -= batch->memory();
    tells_room = !is_held_ && std::exchange(was_refused_, false);
  }
  room_.notify_all();
  if (tells_room && on_room_) {
    on_room_();
  }
  return batch;
}

void IngestQueue::hold(bool is_held) {
  bool tells_room = false;
  {
    const std::lock_guard lock(mutex_);
    is_held_ = is_held;
    tells_room = !is_held && std::exchange(was_refused_, false);
  }
  room_.notify_all();
  if (tells_room && on_room_) {
    on_room_();
  }
}

void IngestQueue::close() {
  {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
  }
  changed_.notify_all();
  room_.notify_all();
}

std::size_t IngestQueue::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace spoor
