// An input that fetches what it takes: a thread of its own, which waits while the queue is full.
//
// Order of a program: start(), …, stop_taking(), the queue is emptied and closed, destruction.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "ingest/batch.h"
#include "ingest/counters.h"
#include "ingest/queue.h"

namespace spoor {

/// What every input of this kind is told.
struct PulledInputSettings {
  std::string name;        ///< For messages, and for the rows of its marks.
  std::size_t number = 0;  ///< IngestBatch::input.
  /// A line for the operator. Called in the input's thread.
  std::function<void(std::string_view)> warn = [](std::string_view) {};
};

class PulledInput {
 public:
  /// `queue` must outlive it.
  PulledInput(IngestQueue& queue, PulledInputSettings settings);
  /// The thread must have ended: whoever derives calls end() in its destructor.
  virtual ~PulledInput();
  PulledInput(const PulledInput&) = delete;
  PulledInput& operator=(const PulledInput&) = delete;
  PulledInput(PulledInput&&) = delete;
  PulledInput& operator=(PulledInput&&) = delete;

  void start();

  /// Returns at once: nothing more is fetched, what was fetched is still handed over.
  void stop_taking() { stops_ = true; }

  [[nodiscard]] const IngestCounters& counters() const { return counters_; }

 protected:
  /// The thread. Returns soon after stops(), or when hand_over() says that the queue is closed.
  virtual void run() = 0;

  /// stop_taking(), and waits for the thread. The queue must be closed, or being emptied.
  void end();

  [[nodiscard]] bool stops() const { return stops_; }

  /// Seals the batch and waits until it is taken; calls `meanwhile`, if there is one, several times
  /// a second. An empty batch is not handed over. False: the queue is closed, and the batch is not
  /// taken.
  [[nodiscard]] bool hand_over(IngestBatch batch, const std::function<void()>& meanwhile = {});

  [[nodiscard]] const PulledInputSettings& settings() const { return settings_; }

  IngestCounters& counts() { return counters_; }

  void warn(std::string_view what) const { settings_.warn(what); }

 private:
  IngestQueue& queue_;
  PulledInputSettings settings_;
  IngestCounters counters_;
  std::atomic<bool> stops_ = false;
  std::thread thread_;
};

/// The records of a text that is complete: JSON, several after each other, an array; an event as
/// XML.
void add_records(std::string_view text, IngestBatch& into);

/// The same of a message in front of whose JSON a topic may be glued, which is passed over.
void add_message(std::string_view message, IngestBatch& into);

}  // namespace spoor
