#include "engine/bus/subscriber.h"

#include <cerrno>
#include <utility>
#include <vector>

#include <zmq.hpp>
#include <zmq_addon.hpp>

#include "engine/bus/endpoint.h"

namespace spoor {
namespace {

constexpr int kQueuedMax = 100'000;
constexpr std::int64_t kMessageBytesMax = std::int64_t{64} << 20;
constexpr std::size_t kFrames = 3;  ///< topic | header | payload

}  // namespace

struct FindingSubscriber::Impl {
  zmq::context_t context{1};
  zmq::socket_t socket{context, zmq::socket_type::sub};
};

FindingSubscriber::FindingSubscriber(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

FindingSubscriber::~FindingSubscriber() = default;
FindingSubscriber::FindingSubscriber(FindingSubscriber&&) noexcept = default;
FindingSubscriber& FindingSubscriber::operator=(FindingSubscriber&&) noexcept = default;

Result<FindingSubscriber> FindingSubscriber::create(const std::string& endpoint,
                                                    const std::string& topic_prefix) {
  const Result<void> valid = check_connect_endpoint(endpoint);
  if (!valid) {
    return tl::unexpected<Error>(valid.error());
  }
  try {
    auto impl = std::make_unique<Impl>();
    impl->socket.set(zmq::sockopt::linger, 0);
    impl->socket.set(zmq::sockopt::rcvhwm, kQueuedMax);
    impl->socket.set(zmq::sockopt::maxmsgsize, kMessageBytesMax);
    impl->socket.set(zmq::sockopt::reconnect_ivl, 50);
    impl->socket.set(zmq::sockopt::subscribe, topic_prefix);
    impl->socket.connect(endpoint);
    return FindingSubscriber(std::move(impl));
  } catch (const zmq::error_t& error) {
    return fail(ErrorCode::bus, "cannot connect to " + endpoint + ": " + error.what());
  }
}

Result<std::optional<BusMessage>> FindingSubscriber::receive(std::chrono::milliseconds timeout) {
  try {
    impl_->socket.set(zmq::sockopt::rcvtimeo, static_cast<int>(timeout.count()));
    std::vector<zmq::message_t> frames;
    const auto count = zmq::recv_multipart(impl_->socket, std::back_inserter(frames));
    if (!count) {
      return std::optional<BusMessage>();
    }
    if (frames.size() != kFrames) {
      return fail(ErrorCode::bus, "a message of " + std::to_string(frames.size()) +
                                      " frames, not topic, header, payload");
    }
    return std::optional(BusMessage{.topic = frames[0].to_string(),
                                    .header = frames[1].to_string(),
                                    .payload = frames[2].to_string()});
  } catch (const zmq::error_t& error) {
    if (error.num() == EINTR) {
      return std::optional<BusMessage>();
    }
    return fail(ErrorCode::bus, error.what());
  }
}

}  // namespace spoor
