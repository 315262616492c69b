// What tests of network inputs need: a client of few words, and something that pops.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "engine/state/memory_state.h"
#include "ingest/queue.h"

namespace spoor {

/// A plain TCP connection to 127.0.0.1. Fails the test where it would wait for more than 20 s.
class LoopbackClient {
 public:
  explicit LoopbackClient(std::uint16_t port);
  ~LoopbackClient();
  LoopbackClient(const LoopbackClient&) = delete;
  LoopbackClient& operator=(const LoopbackClient&) = delete;
  LoopbackClient(LoopbackClient&&) = delete;
  LoopbackClient& operator=(LoopbackClient&&) = delete;

  /// False: the peer closed.
  bool send(std::string_view bytes) const;
  void shutdown_send() const;
  /// Ends with a reset.
  void reset();
  /// All until the peer closes.
  [[nodiscard]] std::string read_all();
  /// One answer: its head and as much of a body as it says. Empty: the peer closed.
  [[nodiscard]] std::string read_answer();
  /// How many bytes can be sent until no more are taken for a moment, and `is_stalled` holds.
  [[nodiscard]] std::size_t send_until_stalled(std::string_view bytes,
                                               std::size_t bytes_max,
                                               const std::function<bool()>& is_stalled);

  [[nodiscard]] int socket() const { return socket_; }

 private:
  bool read_more();

  int socket_;
  std::string unread_;
};

/// In the place of the engine: pops, keeps the records, and says that they are safe.
class PoppingEngine {
 public:
  /// `state`: where the inputs' marks are kept, or null.
  explicit PoppingEngine(IngestQueue& queue, MemoryState* state = nullptr);
  ~PoppingEngine();
  PoppingEngine(const PoppingEngine&) = delete;
  PoppingEngine& operator=(const PoppingEngine&) = delete;
  PoppingEngine(PoppingEngine&&) = delete;
  PoppingEngine& operator=(PoppingEngine&&) = delete;

  /// Pops no more: returns when it rests.
  void pause();

  void go_on() { is_paused_ = false; }

  /// Keeps what it would say until commit(), and no marks.
  void hold_commits() { hold_commits_after(0); }

  /// As hold_commits(), from the first batch on before which there are so many records, good and
  /// bad.
  void hold_commits_after(std::size_t records) { holds_after_ = records; }

  void commit(bool is_safe);

  /// Waits until there are so many, good and bad; gives all.
  [[nodiscard]] std::vector<std::string> wait_for(std::size_t records);
  [[nodiscard]] std::vector<std::string> records();
  [[nodiscard]] std::vector<std::string> bad();

  /// Waits until `holds` does; false: it does not.
  [[nodiscard]] static bool wait_until(const std::function<bool()>& holds);

 private:
  void run();

  void keep(const IngestBatch& batch);

  IngestQueue& queue_;
  MemoryState* state_;
  std::mutex mutex_;
  std::vector<std::string> records_;
  std::vector<std::string> bad_;
  std::vector<std::function<void(bool)>> held_;
  std::atomic<bool> is_paused_ = false;
  std::atomic<bool> rests_ = false;
  std::atomic<std::size_t> holds_after_ = std::numeric_limits<std::size_t>::max();
  std::atomic<bool> is_over_ = false;
  std::thread thread_;
};

/// Compressed, for tests.
[[nodiscard]] std::string gzip_of(std::string_view text);
[[nodiscard]] std::string zlib_of(std::string_view text);
[[nodiscard]] std::string raw_deflate_of(std::string_view text);
[[nodiscard]] std::string zstd_of(std::string_view text);

}  // namespace spoor
