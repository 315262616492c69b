// Sends events to `spoor run` over TCP and HTTP at once, by the clock and not by what is taken.
//   load_sender TCP_PORT HTTP_PORT EVENTS_PER_SECOND SECONDS FIRST finish|discard ORDINARY MARKED
//
// Each way has half of the rate. A batch is due at its time, whatever became of those before it;
// what is due and not begun is the backlog. A rate of 0 is as fast as it is taken, without a
// backlog. When the time is over, `finish` sends the backlog, `discard` counts it and drops it.
// What was begun is finished in any case: over TCP to its last byte, over HTTP until the answer is
// 200. After a 429 or 503 the same batch is sent again when Retry-After has passed.
//
// MARKED is a file with the lines of one batch; ORDINARY has as many or a multiple, sent in turn. A
// marked batch is sent five times a second by each way. In both files #RECORD--- stands for a
// number of this event alone, #DATE----- and #TIME------- for when it happened. FIRST is the number
// of the first batch: what the run before gave as "next". Counts are of events. Of each marked
// batch it is told which record number its first event had, when it was due and when it was begun,
// in seconds since 1970.

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <exception>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;
using Seconds = std::chrono::duration<double>;

constexpr std::size_t kTcpConnections = 4;
/// An answer comes when its batch is on disk; so many batches can wait for theirs. Together they
/// are more than the engine's queue keeps for one of two inputs: what is too much is refused.
constexpr std::size_t kHttpConnections = 256;
constexpr std::chrono::milliseconds kMarkedEvery{200};

std::system_error failure(const char* what) {
  return {errno, std::generic_category(), what};
}

std::uint64_t number_in(std::string_view text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  if (const auto read = std::from_chars(text.data(), end, number);
      read.ec != std::errc() || read.ptr != end) {
    throw std::invalid_argument("this is no number: " + std::string(text));
  }
  return number;
}

// ---- Batches ----------------------------------------------------------------------------------

constexpr std::string_view kRecord = "#RECORD---";
constexpr std::string_view kDate = "#DATE-----";
constexpr std::string_view kTime = "#TIME-------";

std::uint64_t record_number(std::uint64_t event) {
  constexpr std::uint64_t kFirstRecord = 1'000'000'000;  // All have ten digits.
  return kFirstRecord + event;
}

/// The lines of one batch, and where what differs stands in them.
class Template {
 public:
  explicit Template(std::string text) : text_(std::move(text)) {
    for (std::size_t at = 0; at < text_.size(); ++at) {
      const std::string_view rest = std::string_view(text_).substr(at);
      if (rest.starts_with(kRecord)) {
        records_.push_back({at, events_});
      } else if (rest.starts_with(kDate)) {
        dates_.push_back(at);
      } else if (rest.starts_with(kTime)) {
        times_.push_back(at);
      }
      events_ += rest.front() == '\n' ? 1U : 0U;
    }
  }

  [[nodiscard]] std::size_t events() const { return events_; }

  [[nodiscard]] std::size_t bytes() const { return text_.size(); }

  /// Appends it, with the numbers from `first_event` on. Each event takes ten microseconds.
  void append_to(std::string& out, std::uint64_t first_event) const {
    constexpr std::time_t kBegin = 1'793'491'200;  // 2026-11-01.
    constexpr std::uint64_t kEventsPerMilli = 100;
    const std::size_t begin = out.size();
    out += text_;
    char* const text = out.data() + begin;
    for (const Spot& spot : records_) {
      const std::uint64_t number = record_number(first_event + spot.line);
      std::to_chars(text + spot.at, text + spot.at + kRecord.size(), number);
    }
    const std::uint64_t milli = first_event / kEventsPerMilli;
    const auto time = kBegin + static_cast<std::time_t>(milli / 1000);
    std::tm parts{};
    gmtime_r(&time, &parts);
    std::array<char, 32> written{};
    static_cast<void>(std::strftime(written.data(), written.size(), "%Y-%m-%d%H:%M:%S", &parts));
    const std::string stamp = fmt::format("{}.{:03}", written.data(), milli % 1000);
    for (const std::size_t at : dates_) {
      std::copy_n(stamp.data(), kDate.size(), text + at);
    }
    for (const std::size_t at : times_) {
      std::copy_n(stamp.data() + kDate.size(), kTime.size(), text + at);
    }
  }

 private:
  struct Spot {
    std::size_t at;
    std::size_t line;
  };

  std::string text_;
  std::size_t events_ = 0;
  std::vector<Spot> records_;
  std::vector<std::size_t> dates_;
  std::vector<std::size_t> times_;
};

std::string read_file(const char* path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (text.empty()) {
    throw std::invalid_argument(std::string("nothing can be read from ") + path);
  }
  return text;
}

/// Batches of one size, numbered through, whatever way they go.
class Batches {
 public:
  Batches(const char* ordinary, const char* marked, std::uint64_t first)
      : marked_(read_file(marked)), next_(first) {
    const std::string text = read_file(ordinary);
    std::size_t lines = 0;
    std::size_t begin = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (text[at] == '\n' && ++lines % events() == 0) {
        ordinary_.emplace_back(text.substr(begin, at + 1 - begin));
        begin = at + 1;
      }
    }
    if (begin != text.size() || ordinary_.empty()) {
      throw std::invalid_argument("the ordinary lines are no whole batches");
    }
  }

  [[nodiscard]] std::size_t events() const { return marked_.events(); }

  [[nodiscard]] std::uint64_t next() const { return next_; }

  /// Writes the next one; over HTTP with its head. Gives its first event.
  std::uint64_t write_next(std::string& out, bool is_marked, bool is_http) {
    const std::uint64_t first_event = next_ * events();
    const Template& lines = is_marked ? marked_ : ordinary_[next_ % ordinary_.size()];
    ++next_;
    out.clear();
    if (is_http) {
      out = fmt::format("POST /ingest HTTP/1.1\r\nHost: load\r\nContent-Length: {}\r\n\r\n",
                        lines.bytes());
    }
    lines.append_to(out, first_event);
    return first_event;
  }

 private:
  Template marked_;
  std::vector<Template> ordinary_;
  std::uint64_t next_;
};

// ---- Connections ------------------------------------------------------------------------------

/// One connection, with a batch on its way or none. Never blocks.
class Connection {
 public:
  Connection(int epoll, std::uint16_t port, bool is_http)
      : epoll_(epoll), port_(port), is_http_(is_http) {
    open();
  }

  ~Connection() { close(fd_); }

  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  Connection(Connection&&) = delete;
  Connection& operator=(Connection&&) = delete;

  [[nodiscard]] bool is_idle() const { return !is_busy_; }

  /// What to fill before start().
  [[nodiscard]] std::string& batch() { return batch_; }

  void start() {
    is_busy_ = true;
    is_ready_ = true;
    sent_ = 0;
  }

  /// The socket would not block any more.
  void set_ready() { is_ready_ = true; }

  /// Goes on as far as possible. True: the batch is done with just now.
  bool go_on(Time now, std::map<unsigned, std::uint64_t>& answers) {
    if (!is_busy_ || (again_at_ ? now < *again_at_ : !is_ready_)) {
      return false;
    }
    again_at_.reset();
    if (fd_ < 0) {
      open();
    }
    write_more();
    // A refusal does not wait for the end of what it refuses.
    const bool is_done = is_http_ ? read_answer(now, answers) : sent_ == batch_.size();
    is_busy_ = !is_done;
    return is_done;
  }

 private:
  void open() {
    fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto* const any = reinterpret_cast<const sockaddr*>(&address);
    epoll_event wanted{};
    wanted.events = EPOLLIN | EPOLLOUT | EPOLLET;
    wanted.data.ptr = this;
    if (fd_ < 0 || connect(fd_, any, sizeof(address)) != 0 ||
        epoll_ctl(epoll_, EPOLL_CTL_ADD, fd_, &wanted) != 0) {
      throw failure("connect");
    }
  }

  void write_more() {
    while (sent_ < batch_.size()) {
      const ssize_t wrote =
          send(fd_, batch_.data() + sent_, batch_.size() - sent_, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (wrote < 0 && errno == EAGAIN) {
        is_ready_ = false;
        return;
      }
      if (wrote < 0) {
        throw failure("send");
      }
      sent_ += static_cast<std::size_t>(wrote);
    }
  }

  /// True: it is there, and 200. What is to be sent again waits.
  bool read_answer(Time now, std::map<unsigned, std::uint64_t>& answers) {
    constexpr unsigned kOk = 200;
    std::array<char, 4096> bytes{};
    const ssize_t size = recv(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN) {
      is_ready_ = false;
      return false;
    }
    if (size <= 0) {
      throw size < 0 ? failure("recv") : std::system_error(ECONNRESET, std::generic_category());
    }
    answer_.append(bytes.data(), static_cast<std::size_t>(size));
    const std::size_t head = answer_.find("\r\n\r\n");
    if (head == std::string::npos ||
        answer_.size() < head + 4 + header(head, "Content-Length").value_or(0)) {
      return read_answer(now, answers);
    }
    const auto status = static_cast<unsigned>(number_in(answer_.substr(9, 3)));
    const std::optional<std::uint64_t> wait = header(head, "Retry-After");
    ++answers[status];
    if (status != kOk && !wait) {
      throw std::runtime_error("this is no answer to go on after: " + answer_);
    }
    if (answer_.find("\r\nConnection: close\r\n") < head) {
      close(std::exchange(fd_, -1));
    }
    answer_.clear();
    if (status == kOk) {
      return true;
    }
    sent_ = 0;
    again_at_ = now + std::chrono::seconds(*wait);
    return false;
  }

  /// As the engine writes its names.
  [[nodiscard]] std::optional<std::uint64_t> header(std::size_t head, const char* name) const {
    const std::string wanted = fmt::format("\r\n{}: ", name);
    const std::size_t at = answer_.find(wanted);
    if (at >= head) {
      return std::nullopt;
    }
    const std::size_t begin = at + wanted.size();
    return number_in(answer_.substr(begin, answer_.find("\r\n", begin) - begin));
  }

  int epoll_;
  std::uint16_t port_;
  bool is_http_;
  int fd_ = -1;
  bool is_busy_ = false;
  bool is_ready_ = false;  // Until an edge says so again, when it would block.
  std::string batch_;
  std::size_t sent_ = 0;
  std::string answer_;
  std::optional<Time> again_at_;  // After an answer that said so.
};

// ---- The schedule -----------------------------------------------------------------------------

struct Mark {
  std::uint64_t record;
  Time due;
  Time begun;
};

struct Schedule {
  Time begin;
  Time end;
  double batches_per_second = 0;  ///< 0: as many as are taken.
  bool discards = false;          ///< The backlog, at the end.
};

/// TCP, or HTTP: what is due goes to whichever connection is idle.
class Way {
 public:
  Way(int epoll, std::uint16_t port, bool is_http, const Schedule& schedule, Batches& batches)
      : is_http_(is_http), schedule_(schedule), batches_(batches) {
    const std::size_t count = is_http ? kHttpConnections : kTcpConnections;
    for (std::size_t i = 0; i < count; ++i) {
      connections_.push_back(std::make_unique<Connection>(epoll, port, is_http));
    }
  }

  /// True: all that is to be sent is sent.
  bool go_on(Time now) {
    const bool is_over = now >= schedule_.end;
    const std::uint64_t due = due_at(std::min(now, schedule_.end));
    const std::uint64_t wanted = is_over && schedule_.discards ? begun_ : due;
    bool is_done = is_over;
    ++turn_;
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      Connection* const connection = connections_[(turn_ + i) % connections_.size()].get();
      sent_ += connection->go_on(now, answers_) ? 1U : 0U;
      while (connection->is_idle() && (is_unbounded() ? !is_over : begun_ < wanted)) {
        begin(*connection, now);
        sent_ += connection->go_on(now, answers_) ? 1U : 0U;
        if (is_unbounded()) {
          break;  // Others want their turn.
        }
      }
      is_done = is_done && connection->is_idle();
    }
    offered_ = is_unbounded() ? begun_ : due;
    backlog_max_ = std::max(backlog_max_, offered_ - begun_);
    return is_done && (is_unbounded() || begun_ >= wanted);
  }

  [[nodiscard]] std::string render(Clock::duration to_wall) const {
    const std::uint64_t size = batches_.events();
    std::string answers;
    for (const auto& [status, count] : answers_) {
      answers += fmt::format(R"({}"{}":{})", answers.empty() ? "" : ",", status, count);
    }
    std::string marks;
    for (const Mark& mark : marks_) {
      marks += fmt::format("{}[{},{:.4f},{:.4f}]", marks.empty() ? "" : ",", mark.record,
                           Seconds(mark.due.time_since_epoch() + to_wall).count(),
                           Seconds(mark.begun.time_since_epoch() + to_wall).count());
    }
    return fmt::format(
        R"({{"offered":{},"sent":{},"discarded":{},"backlog_max":{},"answers":{{{}}},"marks":[{}]}})",
        offered_ * size, sent_ * size, (offered_ - begun_) * size, backlog_max_ * size, answers,
        marks);
  }

 private:
  [[nodiscard]] bool is_unbounded() const { return schedule_.batches_per_second == 0; }

  [[nodiscard]] std::uint64_t due_at(Time now) const {
    return static_cast<std::uint64_t>(Seconds(now - schedule_.begin).count() *
                                      schedule_.batches_per_second);
  }

  void begin(Connection& connection, Time now) {
    const bool is_marked = now >= mark_at_;
    const std::uint64_t event = batches_.write_next(connection.batch(), is_marked, is_http_);
    ++begun_;
    if (is_marked) {
      mark_at_ = now + kMarkedEvery;
      const Seconds after(
          is_unbounded() ? 0.0 : static_cast<double>(begun_) / schedule_.batches_per_second);
      const Time due = schedule_.begin + std::chrono::duration_cast<Clock::duration>(after);
      marks_.push_back({record_number(event), is_unbounded() ? now : due, now});
    }
    connection.start();
  }

  bool is_http_;
  const Schedule& schedule_;
  Batches& batches_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::size_t turn_ = 0;
  std::map<unsigned, std::uint64_t> answers_;
  std::vector<Mark> marks_;
  Time mark_at_{};  // The next one, at the earliest.
  // Batches.
  std::uint64_t offered_ = 0;
  std::uint64_t begun_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t backlog_max_ = 0;
};

void run(const std::vector<const char*>& arguments) {
  const auto port = [&](std::size_t at) {
    return static_cast<std::uint16_t>(number_in(arguments[at]));
  };
  Batches batches(arguments[6], arguments[7], number_in(arguments[4]));
  const double rate = static_cast<double>(number_in(arguments[2])) / 2;
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) {
    throw failure("epoll_create1");
  }
  Schedule schedule{.begin = {},
                    .end = {},
                    .batches_per_second = rate / static_cast<double>(batches.events()),
                    .discards = std::string_view(arguments[5]) == "discard"};
  Way tcp(epoll, port(0), false, schedule, batches);
  Way http(epoll, port(1), true, schedule, batches);
  schedule.begin = Clock::now();
  schedule.end = schedule.begin + std::chrono::seconds(number_in(arguments[3]));
  const Clock::duration to_wall =
      std::chrono::system_clock::now().time_since_epoch() - schedule.begin.time_since_epoch();
  Time now = schedule.begin;
  for (bool is_done = false; !is_done; now = Clock::now()) {
    const bool tcp_is_done = tcp.go_on(now);
    is_done = http.go_on(now) && tcp_is_done;
    std::array<epoll_event, 128> events{};
    // A millisecond: what is due is looked for as often.
    const int ready = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), 1);
    for (int i = 0; i < ready; ++i) {
      static_cast<Connection*>(events.at(static_cast<std::size_t>(i)).data.ptr)->set_ready();
    }
  }
  close(epoll);
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  fmt::print(
      R"({{"next":{},"begin":{:.4f},"end":{:.4f},"emptied_after":{:.4f},"cpu":{:.4f},"tcp":{},"http":{}}})"
      "\n",
      batches.next(), Seconds(schedule.begin.time_since_epoch() + to_wall).count(),
      Seconds(schedule.end.time_since_epoch() + to_wall).count(),
      Seconds(now - schedule.end).count(),
      (seconds(used.ru_utime) + seconds(used.ru_stime)) / Seconds(now - schedule.begin).count(),
      tcp.render(to_wall), http.render(to_wall));
}

}  // namespace

int main(int argc, char** argv) {
  constexpr int kArguments = 8;
  if (argc != kArguments + 1) {
    return 2;
  }
  try {
    run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    fmt::print(stderr, "load_sender: {}\n", error.what());
    return 1;
  }
  return 0;
}
