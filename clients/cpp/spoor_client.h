// Findings off Spoor's bus, none missed: one header over cppzmq (libzmq 4.2 or newer, C++17).
//
//   spoor::Client client({.bus = "tcp://127.0.0.1:5556",
//                         .replay = "tcp://127.0.0.1:5557",
//                         .consumer = "my-playbook"});
//   while (running) {
//     if (auto finding = client.next(std::chrono::seconds(1))) {
//       act_on(finding->payload);        // OCSF 1.6 JSON
//       client.acknowledge(*finding);    // after a restart it goes on behind this one
//     }
//   }
//
// With a replay address: every finding whose topic begins with `topic`, in the order of their
// sequence numbers, each (uid, revision) once (of the last 100,000); what was missed is
// fetched, for as long as the engine keeps it; lost() counts what it did not keep. Without one:
// what arrives while it is connected.
//
// Protocol: docs/bus-protocol.md. Throws zmq::error_t if an address or a key is wrong,
// std::runtime_error if the server refuses what is asked, and spoor::VersionError, which is one, if
// it speaks a version that could be misread. Not thread-safe: one thread at a time.
//
// A host name is looked up as one of IPv4; an address of IPv6 is written in brackets, as such:
// tcp://[::1]:5556.
#ifndef SPOOR_CLIENT_H
#define SPOOR_CLIENT_H

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_set>
#include <utility>
#include <vector>

#include <zmq.hpp>

namespace spoor {

/// The other side speaks a version of the protocol that this client cannot read.
class VersionError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// One revision of a finding.
struct ClientFinding {
  std::string topic;     ///< "finding.<level>.<rule id>"
  std::string instance;  ///< Whose sequence numbers these are.
  std::uint64_t epoch = 0;
  std::uint64_t sequence = 0;
  std::uint64_t level_sequence = 0;
  std::string level;
  std::string uid;
  std::uint64_t revision = 0;
  std::string status;   ///< "provisional", "final" or "retracted".
  std::string header;   ///< As it came, JSON.
  std::string payload;  ///< OCSF JSON.
};

struct ClientOptions {
  std::string bus;            ///< Where findings are published; empty: requests only.
  std::string replay = {};    ///< Where missed ones are asked for; empty: nowhere.
  std::string consumer = {};  ///< Name under which the engine keeps how far we have come.
  std::string topic = "finding.";
  /// Without a consumer: the first sequence number wanted; 0: what comes from now on.
  std::uint64_t from = 0;
  std::string server_key = {};  ///< Z85. With the two below: CURVE.
  std::string public_key = {};
  std::string secret_key = {};
  int queue = 1'000;  ///< Messages that may wait on our side; more are fetched.
  std::chrono::milliseconds patience{5'000};  ///< With an answer; then it is asked again.
};

namespace detail {

/// A JSON object of texts and whole numbers, as the headers are; what else stands in it is passed
/// over. Throws std::runtime_error if it is none.
class FlatJson {
 public:
  explicit FlatJson(std::string_view text) : rest_(text) {
    expect('{');
    skip_space();
    if (!take('}')) {
      do {
        std::string key = read_text();
        expect(':');
        read_value(std::move(key));
      } while (take(','));
      expect('}');
    }
  }

  [[nodiscard]] std::string text(const std::string& key) const {
    const auto found = texts_.find(key);
    return found == texts_.end() ? std::string() : found->second;
  }

  [[nodiscard]] std::uint64_t number(const std::string& key, std::uint64_t otherwise = 0) const {
    const auto found = numbers_.find(key);
    return found == numbers_.end() ? otherwise : found->second;
  }

  [[nodiscard]] bool has_number(const std::string& key) const { return numbers_.count(key) != 0; }

 private:
  [[noreturn]] static void fail() { throw std::runtime_error("a message with a damaged header"); }

  void skip_space() {
    while (!rest_.empty() &&
           (rest_[0] == ' ' || rest_[0] == '\t' || rest_[0] == '\n' || rest_[0] == '\r')) {
      rest_.remove_prefix(1);
    }
  }

  bool take(char c) {
    skip_space();
    if (rest_.empty() || rest_[0] != c) {
      return false;
    }
    rest_.remove_prefix(1);
    return true;
  }

  void expect(char c) {
    if (!take(c)) {
      fail();
    }
  }

  static void append_utf8(std::string& out, unsigned code) {
    if (code < 0x80U) {
      out.push_back(static_cast<char>(code));
    } else if (code < 0x800U) {
      out.push_back(static_cast<char>(0xC0U | (code >> 6U)));
      out.push_back(static_cast<char>(0x80U | (code & 0x3FU)));
    } else {
      out.push_back(static_cast<char>(0xE0U | (code >> 12U)));
      out.push_back(static_cast<char>(0x80U | ((code >> 6U) & 0x3FU)));
      out.push_back(static_cast<char>(0x80U | (code & 0x3FU)));
    }
  }

  void read_escape(std::string& out) {
    if (rest_.empty()) {
      fail();
    }
    const char kind = rest_[0];
    rest_.remove_prefix(1);
    const std::string_view kinds = "\"\\/bfnrt";
    const std::string_view meant = "\"\\/\b\f\n\r\t";
    const std::size_t at = kinds.find(kind);
    if (at != std::string_view::npos) {
      out.push_back(meant[at]);
      return;
    }
    if (kind != 'u' || rest_.size() < 4) {
      fail();
    }
    append_utf8(out,
                static_cast<unsigned>(std::stoul(std::string(rest_.substr(0, 4)), nullptr, 16)));
    rest_.remove_prefix(4);
  }

  std::string read_text() {
    expect('"');
    std::string text;
    while (true) {
      if (rest_.empty()) {
        fail();
      }
      const char c = rest_[0];
      rest_.remove_prefix(1);
      if (c == '"') {
        return text;
      }
      if (c == '\\') {
        read_escape(text);
      } else {
        text.push_back(c);
      }
    }
  }

  void read_value(std::string key) {
    skip_space();
    if (rest_.empty()) {
      fail();
    }
    if (rest_[0] == '"') {
      texts_[std::move(key)] = read_text();
    } else if (rest_[0] >= '0' && rest_[0] <= '9') {
      std::size_t used = 0;
      numbers_[std::move(key)] = std::stoull(std::string(rest_.substr(0, 20)), &used);
      rest_.remove_prefix(used);
    } else {
      skip_value();
    }
  }

  /// Lists, objects, true, false, null.
  void skip_value() {
    std::size_t depth = 0;
    do {
      skip_space();
      if (rest_.empty()) {
        fail();
      }
      const char c = rest_[0];
      if (c == '"') {
        read_text();
        continue;
      }
      if ((c == ',' || c == '}' || c == ']') && depth == 0) {
        return;
      }
      depth += c == '{' || c == '[' ? 1 : 0;
      depth -= c == '}' || c == ']' ? 1 : 0;
      rest_.remove_prefix(1);
      if (depth == 0 && (c == '}' || c == ']')) {
        return;
      }
    } while (true);
  }

  std::string_view rest_;
  std::map<std::string, std::string> texts_;
  std::map<std::string, std::uint64_t> numbers_;
};

constexpr std::uint64_t kVersion = 1;

/// A header of a version that could not be misread.
inline FlatJson header_of(std::string_view text) {
  FlatJson header(text);
  const std::uint64_t version = header.number("v", kVersion);
  if (version > kVersion) {
    throw VersionError("version " + std::to_string(version) +
                       " of the bus's protocol; this client reads " + std::to_string(kVersion));
  }
  return header;
}

/// As a JSON text.
inline std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out.push_back('\\');
    }
    out.push_back(c);
  }
  return out + "\"";
}

}  // namespace detail

class Client {
 public:
  explicit Client(ClientOptions options) : options_(std::move(options)) {
    open_bus();
    if (!options_.replay.empty()) {
      open_replay();
    }
  }

  /// The next finding; nothing if none came within `timeout`, or a signal arrived.
  [[nodiscard]] std::optional<ClientFinding> next(std::chrono::milliseconds timeout) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    while (true) {
      while (!ready_.empty()) {
        ClientFinding finding = std::move(ready_.front());
        ready_.pop_front();
        given_ = finding.sequence;
        if (is_new(finding)) {
          return finding;
        }
      }
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          deadline - std::chrono::steady_clock::now());
      if (left.count() < 0) {
        return std::nullopt;
      }
      try {
        if (!step(left)) {
          return std::nullopt;
        }
      } catch (const zmq::error_t& error) {
        if (error.num() == EINTR) {
          return std::nullopt;
        }
        throw;
      }
    }
  }

  /// Everything up to this finding was dealt with: a consumer goes on behind it. False if the
  /// engine has not confirmed it in time; a later one covers it.
  bool acknowledge(const ClientFinding& finding) {
    if (finding.instance != instance_ || finding.epoch > epoch_) {
      return false;  // Of numbers that are no more.
    }
    // What lies between it and the next one that we want is not ours.
    const bool is_last = ready_.empty() && finding.sequence == given_;
    return acknowledge(is_last ? std::max(last_, finding.sequence) : finding.sequence);
  }

  bool acknowledge(std::uint64_t sequence) {
    if (options_.consumer.empty() || options_.replay.empty() || instance_.empty()) {
      return false;
    }
    const auto answer = ask("ACK",
                            "\"consumer\":" + detail::quoted(options_.consumer) + ",\"instance\":" +
                                detail::quoted(instance_) + ",\"seq\":" + std::to_string(sequence),
                            options_.patience);
    return answer.has_value();
  }

  /// Any request (docs/bus-protocol.md §2): `arguments` are the members of a JSON object, without
  /// its braces. The frames of the answer; nothing if none came in time.
  [[nodiscard]] std::optional<std::vector<std::string>> request(const std::string& command,
                                                                const std::string& arguments,
                                                                std::chrono::milliseconds timeout) {
    return ask(command, arguments, timeout);
  }

  /// Findings that the engine did not keep long enough for us, since we began.
  [[nodiscard]] std::uint64_t lost() const { return lost_; }

  /// The last sequence number up to which everything was given or fetched.
  [[nodiscard]] std::uint64_t last_sequence() const { return last_; }

  /// When the engine was last heard of; nothing if it never was.
  [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> last_heard() const {
    return heard_;
  }

 private:
  using Frames = std::vector<std::string>;

  /// Before something is tried again that did not go at once.
  static constexpr std::chrono::milliseconds kPause{200};

  void set_up(zmq::socket_t& socket, const std::string& endpoint) const {
    socket.set(zmq::sockopt::linger, 0);
    socket.set(zmq::sockopt::maxmsgsize, std::int64_t{64} << 20);
    socket.set(zmq::sockopt::reconnect_ivl, 50);
    socket.set(zmq::sockopt::reconnect_ivl_max, 2'000);
    // No heartbeats of ZMTP: libzmq 4.3.4 aborts over them when a peer breaks off.
    socket.set(zmq::sockopt::tcp_keepalive, 1);
    // Only where it is meant: with it, "localhost" may be ::1 and nothing else.
    socket.set(zmq::sockopt::ipv6, endpoint.find('[') != std::string::npos);
    if (!options_.server_key.empty()) {
      socket.set(zmq::sockopt::curve_serverkey, options_.server_key);
      socket.set(zmq::sockopt::curve_publickey, options_.public_key);
      socket.set(zmq::sockopt::curve_secretkey, options_.secret_key);
    }
  }

  void open_bus() {
    bus_ = zmq::socket_t(context_, zmq::socket_type::sub);
    set_up(bus_, options_.bus);
    bus_.set(zmq::sockopt::rcvhwm, options_.queue);
    bus_.set(zmq::sockopt::subscribe, options_.topic);
    bus_.set(zmq::sockopt::subscribe, "heartbeat");
    if (!options_.bus.empty()) {
      bus_.connect(options_.bus);
    }
    bus_heard_ = std::chrono::steady_clock::now();
  }

  void open_replay() {
    replay_ = zmq::socket_t(context_, zmq::socket_type::dealer);
    set_up(replay_, options_.replay);
    replay_.connect(options_.replay);
  }

  static std::optional<Frames> receive(zmq::socket_t& socket) {
    zmq::message_t frame;
    if (!socket.recv(frame, zmq::recv_flags::dontwait)) {
      return std::nullopt;
    }
    Frames frames{frame.to_string()};
    while (frame.more()) {
      if (!socket.recv(frame, zmq::recv_flags::none)) {
        break;
      }
      frames.push_back(frame.to_string());
    }
    return frames;
  }

  /// False: waited for so long that nothing more will come in time.
  bool step(std::chrono::milliseconds left) {
    const bool can_ask = !options_.replay.empty();
    if (can_ask && !is_greeted_) {
      return greet(left);
    }
    if (can_ask && is_behind_) {
      return fetch(left);
    }
    constexpr std::chrono::milliseconds kGlance{250};
    zmq::pollitem_t item{bus_.handle(), 0, ZMQ_POLLIN, 0};
    if (zmq::poll(&item, 1, std::min(left, kGlance)) == 0) {
      // A subscriber sends nothing, so it would never notice that a connection leads nowhere.
      if (std::chrono::steady_clock::now() - bus_heard_ > 3 * options_.patience) {
        open_bus();
      }
      return left > kGlance;
    }
    bus_heard_ = std::chrono::steady_clock::now();
    if (const auto frames = receive(bus_)) {
      try {
        take(*frames);
      } catch (const VersionError&) {
        throw;
      } catch (const std::exception&) {
        // It cannot be read. If it was a finding, its number will be missed, and it is fetched.
      }
    }
    return true;
  }

  bool greet(std::chrono::milliseconds left) {
    const auto answer = ask(
        "HELLO",
        options_.consumer.empty() ? "" : "\"consumer\":" + detail::quoted(options_.consumer), left);
    if (!answer) {
      return false;
    }
    const detail::FlatJson header = detail::header_of((*answer)[1]);
    const std::string instance = header.text("instance");
    const std::uint64_t head = header.number("seq");
    const std::uint64_t epoch = header.number("epoch");
    if (instance_.empty()) {
      last_ = !options_.consumer.empty() ? header.number("cursor")
              : options_.from > 0        ? options_.from - 1
                                         : head;
      has_begun_ = last_ > 0 && options_.from == 0;
    } else if (instance != instance_ || head < last_ || epoch < epoch_) {
      // Other numbers, from a new state or one put back from a copy: all of them are news, but for
      // what this consumer acknowledged there.
      last_ = header.number("cursor");
      given_ = last_;
      has_begun_ = true;
    }
    instance_ = instance;
    epoch_ = epoch;
    is_greeted_ = true;
    is_behind_ = true;
    return true;
  }

  bool fetch(std::chrono::milliseconds left) {
    const std::uint64_t from = last_ + 1;
    const auto answer = ask(
        "REPLAY",
        "\"from\":" + std::to_string(from) + ",\"prefix\":" + detail::quoted(options_.topic), left);
    if (!answer) {
      return false;
    }
    const detail::FlatJson header = detail::header_of((*answer)[1]);
    if (is_of_others(header) || header.number("seq") < last_) {
      is_greeted_ = false;
      return true;
    }
    const std::uint64_t begun = header.number("from");
    lost_ += has_begun_ && begun > from ? begun - from : 0;
    has_begun_ = true;
    for (std::size_t i = 2; i + 2 < answer->size(); i += 3) {
      ready_.push_back(finding_of((*answer)[i], (*answer)[i + 1], (*answer)[i + 2]));
    }
    const std::uint64_t next = header.number("next");
    last_ = std::max(last_, next - 1);
    is_behind_ = next <= header.number("seq");
    return true;
  }

  /// Numbers of a new state, or of one put back from a copy: HELLO tells.
  [[nodiscard]] bool is_of_others(const detail::FlatJson& header) const {
    return header.text("instance") != instance_ || header.number("epoch", epoch_) < epoch_;
  }

  static ClientFinding finding_of(std::string topic, std::string header, std::string payload) {
    const detail::FlatJson fields = detail::header_of(header);
    ClientFinding finding;
    finding.topic = std::move(topic);
    finding.instance = fields.text("instance");
    finding.epoch = fields.number("epoch");
    finding.sequence = fields.number("seq");
    finding.level_sequence = fields.number("level_seq");
    finding.level = fields.text("level");
    finding.uid = fields.text("uid");
    finding.revision = fields.number("rev");
    finding.status = fields.text("status");
    finding.header = std::move(header);
    finding.payload = std::move(payload);
    return finding;
  }

  /// What came on the bus.
  void take(const Frames& frames) {
    if (frames.size() != 3) {
      return;
    }
    heard_ = std::chrono::steady_clock::now();
    const bool is_finding = frames[0].rfind("finding.", 0) == 0;
    if (!is_finding && frames[0] != "heartbeat") {
      return;
    }
    const detail::FlatJson header = detail::header_of(frames[1]);
    const std::uint64_t sequence = header.number("seq");
    if (options_.replay.empty()) {
      if (is_finding) {
        ready_.push_back(finding_of(frames[0], frames[1], frames[2]));
      }
      return;
    }
    if (is_of_others(header) || (!is_finding && sequence < last_)) {
      is_greeted_ = false;  // Or a heartbeat from before we fetched.
      return;
    }
    epoch_ = header.number("epoch", epoch_);
    if (is_finding && sequence == last_ + 1) {
      last_ = sequence;
      ready_.push_back(finding_of(frames[0], frames[1], frames[2]));
    } else {
      is_behind_ = is_behind_ || sequence > last_;
    }
  }

  /// False: there is nobody to send it to. When a handshake fails, libzmq gives the connection up
  /// for good, and sending would wait for ever.
  bool send_request(const std::string& command, const std::string& arguments) {
    const std::string id = "\"id\":" + std::to_string(++asked_id_);
    const std::string text = "{" + id + (arguments.empty() ? "" : ",") + arguments + "}";
    constexpr auto kNow = zmq::send_flags::dontwait;
    return replay_.send(zmq::buffer(command), zmq::send_flags::sndmore | kNow).has_value() &&
           replay_.send(zmq::buffer(text), kNow).has_value();
  }

  /// The frames of the answer; nothing if none came in time.
  std::optional<Frames> ask(const std::string& command,
                            const std::string& arguments,
                            std::chrono::milliseconds left) {
    // An answer may come later than the caller will wait: it is found by the next call, if that
    // asks the same.
    const std::string question = command + arguments;
    if (question != asked_) {
      asked_.clear();
      if (!send_request(command, arguments)) {
        std::this_thread::sleep_for(std::min(left, kPause));
        open_replay();
        return std::nullopt;
      }
      asked_ = question;
      asked_at_ = std::chrono::steady_clock::now();
    }
    const auto deadline = std::chrono::steady_clock::now() + left;
    while (true) {
      const auto now = std::chrono::steady_clock::now();
      if (now - asked_at_ >= options_.patience) {
        asked_.clear();
        open_replay();
        return std::nullopt;
      }
      const auto until = std::min(deadline, asked_at_ + options_.patience);
      const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(until - now);
      zmq::pollitem_t item{replay_.handle(), 0, ZMQ_POLLIN, 0};
      if (zmq::poll(&item, 1, std::max(wait, std::chrono::milliseconds(0))) == 0) {
        if (std::chrono::steady_clock::now() >= deadline) {
          return std::nullopt;
        }
        continue;
      }
      auto frames = receive(replay_);
      if (!frames || frames->size() < 2) {
        continue;
      }
      const detail::FlatJson header = detail::header_of((*frames)[1]);
      if (header.number("id") != asked_id_) {
        continue;  // To a question that we gave up.
      }
      asked_.clear();
      heard_ = std::chrono::steady_clock::now();
      if ((*frames)[0] == "OK") {
        return frames;
      }
      if (header.text("code") == "unavailable") {
        std::this_thread::sleep_for(std::min(left, kPause));
        return std::nullopt;
      }
      throw std::runtime_error(command + ": " + header.text("code") + ": " +
                               header.text("message"));
    }
  }

  bool is_new(const ClientFinding& finding) {
    constexpr std::size_t kRemembered = 100'000;
    std::string key = finding.uid + ":" + std::to_string(finding.revision);
    if (!known_.insert(key).second) {
      return false;
    }
    order_.push_back(std::move(key));
    if (order_.size() > kRemembered) {
      known_.erase(order_.front());
      order_.pop_front();
    }
    return true;
  }

  ClientOptions options_;
  zmq::context_t context_{1};
  zmq::socket_t bus_;
  zmq::socket_t replay_;
  std::string instance_;
  std::uint64_t epoch_ = 0;
  std::uint64_t last_ = 0;
  std::uint64_t given_ = 0;
  std::uint64_t lost_ = 0;
  bool has_begun_ = false;
  bool is_greeted_ = false;
  bool is_behind_ = false;
  std::string asked_;
  std::uint64_t asked_id_ = 0;
  std::chrono::steady_clock::time_point asked_at_;
  std::chrono::steady_clock::time_point bus_heard_;
  std::optional<std::chrono::steady_clock::time_point> heard_;
  std::deque<ClientFinding> ready_;
  std::unordered_set<std::string> known_;
  std::deque<std::string> order_;
};

}  // namespace spoor

#endif  // SPOOR_CLIENT_H
