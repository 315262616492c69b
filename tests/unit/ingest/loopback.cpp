#include "tests/unit/ingest/loopback.h"

#include <array>
#include <charconv>
#include <chrono>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

namespace spoor {
namespace {

/// Before a wait counts as one that never ends: a broker gives partitions over in steps of seconds,
/// and a sanitizer beside other work makes everything ten times as slow.
constexpr int kWaitMs = 120'000;

std::string deflate_of(std::string_view text, int window) {
  z_stream zlib{};
  deflateInit2(&zlib, Z_BEST_COMPRESSION, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&zlib, text.size()) + 64, '\0');
  zlib.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  zlib.avail_in = static_cast<uInt>(text.size());
  zlib.next_out = reinterpret_cast<Bytef*>(out.data());
  zlib.avail_out = static_cast<uInt>(out.size());
  deflate(&zlib, Z_FINISH);
  out.resize(zlib.total_out);
  deflateEnd(&zlib);
  return out;
}

}  // namespace

LoopbackClient::LoopbackClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    ADD_FAILURE() << "no connection to port " << port;
  }
}

LoopbackClient::~LoopbackClient() {
  close(socket_);
}

bool LoopbackClient::send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) {
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void LoopbackClient::shutdown_send() const {
  shutdown(socket_, SHUT_WR);
}

void LoopbackClient::reset() {
  const linger none{.l_onoff = 1, .l_linger = 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
  close(socket_);
  socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
}

bool LoopbackClient::read_more() {
  pollfd ready{.fd = socket_, .events = POLLIN, .revents = 0};
  if (poll(&ready, 1, kWaitMs) != 1) {
    ADD_FAILURE() << "nothing came";
    return false;
  }
  std::array<char, 65'536> bytes{};
  const ssize_t got = recv(socket_, bytes.data(), bytes.size(), 0);
  if (got > 0) {
    unread_.append(bytes.data(), static_cast<std::size_t>(got));
  }
  return got > 0;
}

std::string LoopbackClient::read_all() {
  while (read_more()) {
  }
  return std::exchange(unread_, {});
}

std::string LoopbackClient::read_answer() {
  constexpr std::string_view kLength = "Content-Length: ";
  std::size_t head = unread_.find("\r\n\r\n");
  while (head == std::string::npos) {
    if (!read_more()) {
      return {};
    }
    head = unread_.find("\r\n\r\n");
  }
  std::size_t size = head + 4;
  const std::size_t length = unread_.find(kLength);
  if (length < head) {
    std::size_t body = 0;
    std::from_chars(unread_.data() + length + kLength.size(), unread_.data() + head, body);
    size += body;
  }
  while (unread_.size() < size && read_more()) {
  }
  std::string answer = unread_.substr(0, size);
  unread_.erase(0, size);
  return answer;
}

std::size_t LoopbackClient::send_until_stalled(std::string_view bytes,
                                               std::size_t bytes_max,
                                               const std::function<bool()>& is_stalled) {
  constexpr int kStalledMs = 500;
  std::size_t all = 0;
  int waited = 0;
  pollfd ready{.fd = socket_, .events = POLLOUT, .revents = 0};
  while (all < bytes_max) {
    if (poll(&ready, 1, kStalledMs) != 1) {
      if (is_stalled()) {
        break;
      }
      waited += kStalledMs;
      if (waited >= kWaitMs) {
        ADD_FAILURE() << "nothing more is taken, and nothing has stalled";
        break;
      }
      continue;
    }
    const std::size_t from = all % bytes.size();
    const ssize_t sent =
        ::send(socket_, bytes.data() + from, bytes.size() - from, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent <= 0) {
      continue;
    }
    all += static_cast<std::size_t>(sent);
  }
  return all;
}

PoppingEngine::PoppingEngine(IngestQueue& queue, MemoryState* state)
    : queue_(queue), state_(state), thread_([this] { run(); }) {}

PoppingEngine::~PoppingEngine() {
  is_over_ = true;
  thread_.join();
}

void PoppingEngine::run() {
  constexpr std::chrono::milliseconds kPop{5};
  while (!is_over_) {
    if (is_paused_) {
      rests_ = true;
      std::this_thread::sleep_for(kPop);
      continue;
    }
    std::optional<IngestBatch> batch = queue_.pop(kPop);
    if (!batch) {
      continue;
    }
    const std::lock_guard lock(mutex_);
    const bool holds = records_.size() + bad_.size() >= holds_after_;
    for (const IngestBatch::Record& record : batch->records) {
      (record.is_bad ? bad_ : records_)
          .push_back(batch->bytes.substr(record.offset, record.length));
    }
    if (!holds) {
      keep(*batch);
    }
    if (!batch->done) {
      continue;
    }
    if (holds) {
      held_.push_back(std::move(batch->done));
    } else {
      batch->done(true);
    }
  }
}

void PoppingEngine::pause() {
  rests_ = false;
  is_paused_ = true;
  EXPECT_TRUE(wait_until([this] { return rests_.load(); }));
}

void PoppingEngine::keep(const IngestBatch& batch) {
  if (state_ == nullptr || batch.marks.empty()) {
    return;
  }
  for (const IngestBatch::Mark& mark : batch.marks) {
    if (mark.value.empty()) {
      state_->erase(mark.key);
    } else {
      state_->put(mark.key, mark.value);
    }
  }
  state_->commit();
}

void PoppingEngine::commit(bool is_safe) {
  const std::lock_guard lock(mutex_);
  for (const std::function<void(bool)>& done : std::exchange(held_, {})) {
    done(is_safe);
  }
}

bool PoppingEngine::wait_until(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds{kWaitMs};
  while (std::chrono::steady_clock::now() < end) {
    if (holds()) {
      return true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  }
  return holds();
}

std::vector<std::string> PoppingEngine::wait_for(std::size_t records) {
  EXPECT_TRUE(wait_until([this, records] {
    const std::lock_guard lock(mutex_);
    return records_.size() + bad_.size() >= records;
  }));
  return this->records();
}

std::vector<std::string> PoppingEngine::records() {
  const std::lock_guard lock(mutex_);
  return records_;
}

std::vector<std::string> PoppingEngine::bad() {
  const std::lock_guard lock(mutex_);
  return bad_;
}

std::string gzip_of(std::string_view text) {
  return deflate_of(text, 15 + 16);
}

std::string zlib_of(std::string_view text) {
  return deflate_of(text, 15);
}

std::string raw_deflate_of(std::string_view text) {
  return deflate_of(text, -15);
}

std::string zstd_of(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

}  // namespace spoor
