// Keeps what comes in, as a recording (replay/recording.h): what the engine took, in its order.
//
// A file goes on until it holds enough or is old enough; then the next one begins. What belongs to
// a commit of the state is with the operating system before it: after a crash of the program the
// recording holds everything that the state does. It is not fsynced: a crash of the machine may
// cost the last seconds of it (and nothing of the state).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "ingest/batch.h"

namespace spoor {

struct RecorderSettings {
  std::string folder;                                  ///< Made if it is not there.
  std::vector<std::string> inputs;                     ///< Their names.
  std::uint64_t file_bytes = std::uint64_t{1} << 30U;  ///< Not compressed.
  std::chrono::nanoseconds file_age = std::chrono::hours(1);
};

/// Not thread-safe.
class Recorder {
 public:
  /// Fails with bad_usage if the folder cannot be made or written.
  [[nodiscard]] static Result<std::unique_ptr<Recorder>> open(RecorderSettings settings,
                                                              const Clock& clock);
  /// What was not flushed is not kept.
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;
  Recorder(Recorder&&) = delete;
  Recorder& operator=(Recorder&&) = delete;

  void add(const IngestBatch& batch);

  /// Gives what was added to the system. Fails with io: then it is not kept, and no more is taken.
  [[nodiscard]] Result<void> flush();

 private:
  struct Impl;
  explicit Recorder(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace spoor
