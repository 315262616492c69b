// Lets clients onto the bus, or not: the ZAP handler (RFC 27) that libzmq asks at each handshake.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include <zmq.hpp>

namespace spoor {

/// The name of whom the key of `domain` is let in as; empty: refused.
using ZapJudge = std::function<std::string(std::string_view domain, std::string_view public_key)>;

class ZapHandler {
 public:
  /// Binds; throws zmq::error_t. Before any socket that asks it is bound.
  ZapHandler(zmq::context_t& context, ZapJudge judge);

  [[nodiscard]] void* handle() { return socket_.handle(); }

  /// Answers what was asked.
  void answer();

  [[nodiscard]] std::uint64_t refused() const { return refused_; }

 private:
  zmq::socket_t socket_;
  ZapJudge judge_;
  std::uint64_t refused_ = 0;
};

}  // namespace spoor
