#include "engine/bus/publisher.h"

#include <algorithm>
#include <array>
#include <utility>

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <zmq.hpp>

#include "engine/base/clock.h"
#include "engine/bus/endpoint.h"

namespace spoor {
namespace {

constexpr int kLingerMs = 5000;      ///< What a subscriber may take to fetch the last messages.
constexpr int kQueuedMax = 100'000;  ///< Per subscriber; ZeroMQ's default of 1,000 drops silently.
constexpr int kSendTimeoutMs = 1000;
constexpr int kHandshakeMs = 5000;
constexpr std::int64_t kMessageBytesMax = 1 << 20;  ///< Of what subscribers send us: subscriptions.

std::string header_of(const Finding& finding, std::uint64_t sequence) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  const std::string uid = to_string(finding.uid);
  writer.StartObject();
  writer.Key("v");
  writer.Uint(1);
  writer.Key("seq");
  writer.Uint64(sequence);
  writer.Key("uid");
  writer.String(uid.data(), static_cast<rapidjson::SizeType>(uid.size()));
  writer.Key("rev");
  writer.Uint(finding.revision);
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace

std::string topic_of(const Finding& finding) {
  return "finding." + finding.level + "." + finding.rule.id;
}

struct FindingPublisher::Impl {
  zmq::context_t context{1};
  zmq::socket_t socket{context, zmq::socket_type::xpub};
  std::string endpoint;
  std::uint64_t sequence = 0;
};

FindingPublisher::FindingPublisher(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

FindingPublisher::~FindingPublisher() = default;
FindingPublisher::FindingPublisher(FindingPublisher&&) noexcept = default;
FindingPublisher& FindingPublisher::operator=(FindingPublisher&&) noexcept = default;

Result<FindingPublisher> FindingPublisher::create(const std::string& endpoint) {
  const Result<void> allowed = check_bind_endpoint(endpoint);
  if (!allowed) {
    return tl::unexpected<Error>(allowed.error());
  }
  try {
    auto impl = std::make_unique<Impl>();
    impl->socket.set(zmq::sockopt::linger, kLingerMs);
    impl->socket.set(zmq::sockopt::sndhwm, kQueuedMax);
    impl->socket.set(zmq::sockopt::sndtimeo, kSendTimeoutMs);
    impl->socket.set(zmq::sockopt::xpub_nodrop, 1);
    impl->socket.set(zmq::sockopt::handshake_ivl, kHandshakeMs);
    impl->socket.set(zmq::sockopt::maxmsgsize, kMessageBytesMax);
    impl->socket.bind(endpoint);
    impl->endpoint = impl->socket.get(zmq::sockopt::last_endpoint);
    return FindingPublisher(std::move(impl));
  } catch (const zmq::error_t& error) {
    return fail(ErrorCode::bus, "cannot publish on " + endpoint + ": " + error.what());
  }
}

bool FindingPublisher::wait_for_subscriber(std::chrono::milliseconds timeout) {
  constexpr char kSubscribe =
      1;  // A subscription arrives as a message: 1 and the topic prefix; 0 takes one back.
  const Clock& clock = system_clock();
  const auto deadline = clock.monotonic() + timeout;
  try {
    while (true) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock.monotonic());
      std::array<zmq::pollitem_t, 1> items{{{impl_->socket.handle(), 0, ZMQ_POLLIN, 0}}};
      if (zmq::poll(items, std::max(left, std::chrono::milliseconds(0))) == 0) {
        return false;
      }
      zmq::message_t message;
      const auto size = impl_->socket.recv(message, zmq::recv_flags::dontwait);
      if (size && *size > 0 && *message.data<char>() == kSubscribe) {
        return true;
      }
    }
  } catch (const zmq::error_t&) {
    return false;  // Interrupted by a signal: the caller looks at its own flag.
  }
}

Result<void> FindingPublisher::publish(const Finding& finding, std::string_view payload) {
  const std::string topic = topic_of(finding);
  const std::string header = header_of(finding, impl_->sequence + 1);
  try {
    const auto sent = impl_->socket.send(zmq::buffer(topic), zmq::send_flags::sndmore) &&
                      impl_->socket.send(zmq::buffer(header), zmq::send_flags::sndmore) &&
                      impl_->socket.send(zmq::buffer(payload), zmq::send_flags::none);
    if (!sent) {
      return fail(ErrorCode::bus,
                  "a subscriber on " + impl_->endpoint + " does not take its messages");
    }
  } catch (const zmq::error_t& error) {
    return fail(ErrorCode::bus, "cannot publish on " + impl_->endpoint + ": " + error.what());
  }
  ++impl_->sequence;
  return {};
}

const std::string& FindingPublisher::endpoint() const {
  return impl_->endpoint;
}

}  // namespace spoor
