#include "engine/bus/endpoint.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <iterator>
#include <string>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace spoor {
namespace {

struct TcpEndpoint {
  std::string host;
  std::string port;
};

constexpr std::string_view kTcp = "tcp://";
constexpr std::string_view kIpc = "ipc://";

Result<TcpEndpoint> split_tcp(std::string_view endpoint) {
  const std::string_view address = endpoint.substr(kTcp.size());
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == address.size()) {
    return fail(ErrorCode::bad_usage,
                "'" + std::string(endpoint) + "' has no port; write tcp://127.0.0.1:5556");
  }
  const std::string_view port = address.substr(colon + 1);
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  const bool is_number =
      error == std::errc{} && end == port.data() + port.size() && number >= 1 && number <= 65'535;
  if (!is_number && port != "*") {
    return fail(ErrorCode::bad_usage, "'" + std::string(port) + "' is not a port (1 to 65535)");
  }
  return TcpEndpoint{.host = std::string(address.substr(0, colon)), .port = std::string(port)};
}

bool is_loopback(const std::string& host) {
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) {
    return (ntohl(v4.s_addr) >> 24U) == 127U;
  }
  return host == "[::1]" || host == "localhost" || host == "lo";
}

/// Somebody listens on the socket. One that was left behind refuses.
bool answers(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return false;
  }
  std::ranges::copy(path, std::begin(address.sun_path));
  const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) {
    return false;
  }
  // EAGAIN: its queue is full.
  const bool is_taken =
      connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
      errno == EAGAIN;
  close(descriptor);
  return is_taken;
}

Result<void> check_scheme(std::string_view endpoint) {
  if (endpoint.starts_with(kTcp)) {
    const Result<TcpEndpoint> tcp = split_tcp(endpoint);
    return tcp ? Result<void>{} : tl::unexpected<Error>(tcp.error());
  }
  if (endpoint.starts_with(kIpc) && endpoint.size() > kIpc.size()) {
    return {};
  }
  return fail(ErrorCode::bad_usage,
              "'" + std::string(endpoint) +
                  "' is not a bus endpoint; write tcp://127.0.0.1:5556 or ipc:///run/spoor.sock");
}

}  // namespace

Result<void> check_bind_endpoint(std::string_view endpoint, bool is_secure) {
  Result<void> scheme = check_scheme(endpoint);
  if (!scheme || is_secure || !endpoint.starts_with(kTcp)) {
    return scheme;
  }
  const Result<TcpEndpoint> tcp = split_tcp(endpoint);
  if (!is_loopback(tcp->host)) {
    return fail(ErrorCode::insecure_listener,
                "refusing to publish on '" + tcp->host +
                    "': findings would go to anyone, unencrypted. "
                    "Use a loopback address (127.0.0.1) or ipc://, or "
                    "give the bus a key: --bus-key and --bus-clients, in a configuration "
                    "bus.key_file and bus.clients_file");
  }
  return {};
}

Result<void> check_ipc_is_free(const std::string& endpoint) {
  // "*": libzmq finds a path; "@…": there is no file.
  if (!endpoint.starts_with(kIpc) || endpoint.find_first_of("*@", kIpc.size()) == kIpc.size()) {
    return {};
  }
  const std::string path = endpoint.substr(kIpc.size());

  struct stat status {};

  if (lstat(path.c_str(), &status) != 0) {
    return {};  // Nothing, or nothing that we may look at: binding tells.
  }
  if (!S_ISSOCK(status.st_mode)) {
    return fail(ErrorCode::bus, path + " is there already, and is no socket");
  }
  return answers(path) ? fail(ErrorCode::bus, "another server listens on " + endpoint)
                       : Result<void>{};
}

Result<void> check_connect_endpoint(std::string_view endpoint) {
  return check_scheme(endpoint);
}

}  // namespace spoor
