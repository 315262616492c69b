// The one thread that all network inputs live in.
//
// Order of a program:
//   IngestQueue queue(bytes);
//   IngestRuntime runtime(queue);              // takes queue.on_room()
//   auto tcp = TcpInput::create(runtime, …);   // binds: errors are here
//   runtime.start();
//   …                                          // queue.pop() → engine → batch.done(true)
//   runtime.stop_accepting();                  // no new connections, requests, bytes
//   …                                          // pop what is left, commit, call done
//   runtime.stop();                            // closes all
// Inputs are destroyed before the runtime, after stop(). A batch's done() may be called at any
// time, also after all of them are gone.
#pragma once

#include <functional>
#include <memory>

#include "ingest/queue.h"

namespace boost::asio {
class io_context;
}

namespace spoor {

class IngestRuntime {
 public:
  /// `queue` must outlive the runtime; nothing may have been pushed yet.
  explicit IngestRuntime(IngestQueue& queue);
  /// stop().
  ~IngestRuntime();
  IngestRuntime(const IngestRuntime&) = delete;
  IngestRuntime& operator=(const IngestRuntime&) = delete;
  IngestRuntime(IngestRuntime&&) = delete;
  IngestRuntime& operator=(IngestRuntime&&) = delete;

  void start();
  /// Returns once no input takes anything more. What was received completely is still pushed and
  /// answered. Does nothing if the thread does not run.
  void stop_accepting();
  /// Returns once the thread has ended.
  void stop();

  // For inputs.

  [[nodiscard]] IngestQueue& queue();
  [[nodiscard]] boost::asio::io_context& context();

  /// Posts into the thread from any other; does nothing once the runtime is gone.
  [[nodiscard]] std::function<void(std::function<void()>)> poster() const;

  /// Called once, in the thread, when a refused push may be tried again. To be asked in the thread.
  void when_room(std::function<void()> call);

  /// Called in the thread by stop_accepting(). To be set before start().
  void on_stop_accepting(std::function<void()> call);

 private:
  struct Core;
  std::shared_ptr<Core> core_;
};

}  // namespace spoor
