#include "engine/bus/zap.h"

#include <array>
#include <cstddef>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <zmq_addon.hpp>

namespace spoor {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kKeyChars = 40;

// Places of the frames of a request.
constexpr std::size_t kVersion = 0;
constexpr std::size_t kRequestId = 1;
constexpr std::size_t kDomain = 2;
constexpr std::size_t kMechanism = 5;
constexpr std::size_t kCredentials = 6;

std::string key_text(const zmq::message_t& credentials) {
  std::array<char, kKeyChars + 1> text{};
  return zmq_z85_encode(text.data(), credentials.data<std::uint8_t>(), kKeyBytes) == nullptr
             ? std::string()
             : std::string(text.data());
}

}  // namespace

ZapHandler::ZapHandler(zmq::context_t& context, ZapJudge judge)
    : socket_(context, zmq::socket_type::rep), judge_(std::move(judge)) {
  socket_.set(zmq::sockopt::linger, 0);
  socket_.bind("inproc://zeromq.zap.01");
}

void ZapHandler::answer() {
  while (true) {
    std::vector<zmq::message_t> frames;
    const auto count =
        zmq::recv_multipart(socket_, std::back_inserter(frames), zmq::recv_flags::dontwait);
    if (!count) {
      return;
    }
    std::string name;
    if (frames.size() > kCredentials && frames[kVersion].to_string_view() == "1.0" &&
        frames[kMechanism].to_string_view() == "CURVE" &&
        frames[kCredentials].size() == kKeyBytes) {
      name = judge_(frames[kDomain].to_string_view(), key_text(frames[kCredentials]));
    }
    refused_ += name.empty() ? 1U : 0U;
    const std::string id = frames.size() > kRequestId ? frames[kRequestId].to_string() : "";
    const std::array<zmq::const_buffer, 6> reply{
        zmq::str_buffer("1.0"),
        zmq::buffer(id),
        name.empty() ? zmq::str_buffer("400") : zmq::str_buffer("200"),
        name.empty() ? zmq::str_buffer("not on the list") : zmq::str_buffer(""),
        zmq::buffer(name),
        zmq::str_buffer("")};
    zmq::send_multipart(socket_, reply);
  }
}

}  // namespace spoor
