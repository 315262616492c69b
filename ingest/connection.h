// One connection, plain or TLS: what sessions see of the network library.
//
// Everything happens in the thread of the runtime. A handler keeps alive what it needs: it is
// called exactly once, but for those that are pending when the runtime ends.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "ingest/json_splitter.h"

namespace spoor {

enum class ReadEnd : std::uint8_t {
  none,       ///< Bytes came.
  closed,     ///< The peer closed in order.
  torn,       ///< Reset, a TLS stream without its end, closed by ourselves.
  timed_out,  ///< Closed, because nothing came.
};

class Connection {
 public:
  using OnRead = std::function<void(ReadEnd, std::size_t)>;
  using OnWritten = std::function<void(bool)>;

  virtual ~Connection() = default;

  /// One at a time. `into` must live until then. A timeout of 0: none.
  virtual void read_some(std::span<char> into, std::chrono::milliseconds timeout, OnRead then) = 0;
  /// All of it. One at a time.
  virtual void write(std::string bytes, std::chrono::milliseconds timeout, OnWritten then) = 0;
  /// Tells the peer that nothing more comes, and reads what it still sends for a while: a reset
  /// would take from it what was written last. Then closes.
  virtual void finish(std::function<void()> then) = 0;
  virtual void close() = 0;

  /// "10.0.0.7:51422".
  [[nodiscard]] virtual const std::string& peer() const = 0;
};

}  // namespace spoor
