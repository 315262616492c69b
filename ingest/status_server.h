// What a program tells of itself by HTTP: a few pages, made when they are asked for.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "ingest/runtime.h"

namespace spoor {

struct StatusAnswer {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

struct StatusPage {
  std::string path;  ///< "/healthz"
  /// Given the Accept header, or nothing. Called in the thread of the inputs.
  std::function<StatusAnswer(std::string_view accept)> answer;
};

/// GET and HEAD of its pages; nothing can be changed by it. Requests have 5 s and 8 KiB; 64 at a
/// time.
class StatusServer {
 public:
  /// Binds, on loopback only: fails with insecure_listener elsewhere, with io if the address is
  /// taken. `address` is an IP address; port 0: any.
  [[nodiscard]] static Result<std::unique_ptr<StatusServer>> create(IngestRuntime& runtime,
                                                                    const std::string& address,
                                                                    std::uint16_t port,
                                                                    std::vector<StatusPage> pages);
  /// Like create(), but opens nothing: for checking a configuration.
  [[nodiscard]] static Result<void> check(const std::string& address);

  /// After the runtime was stopped.
  ~StatusServer();
  StatusServer(const StatusServer&) = delete;
  StatusServer& operator=(const StatusServer&) = delete;

  [[nodiscard]] std::uint16_t port() const;

 private:
  class Server;
  explicit StatusServer(std::shared_ptr<Server> server);
  std::shared_ptr<Server> server_;
};

}  // namespace spoor
