#include "cli/service_notify.h"

#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace spoor {
namespace {

/// Read before there are threads that could change it.
std::string_view environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  return value == nullptr ? std::string_view() : std::string_view(value);
}

}  // namespace

void notify_service(std::string_view state) {
  const std::string_view path = environment("NOTIFY_SOCKET");
  sockaddr_un address{};
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return;
  }
  const int socket_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket_fd < 0) {
    return;
  }
  address.sun_family = AF_UNIX;
  std::memcpy(&address.sun_path[0], path.data(), path.size());
  if (address.sun_path[0] == '@') {
    address.sun_path[0] = '\0';  // Linux's own name space.
  }
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  const void* const place = &address;
  static_cast<void>(sendto(socket_fd, state.data(), state.size(), MSG_NOSIGNAL,
                           static_cast<const sockaddr*>(place), length));
  close(socket_fd);
}

std::optional<std::chrono::nanoseconds> watchdog_interval() {
  const std::string_view text = environment("WATCHDOG_USEC");
  std::int64_t micros = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), micros);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || micros <= 0) {
    return std::nullopt;
  }
  return std::chrono::microseconds(micros) / 2;
}

}  // namespace spoor
