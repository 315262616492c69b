// clients/cpp/spoor_client.h against servers that do what ours does not.
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "clients/cpp/spoor_client.h"
#include <gtest/gtest.h>
#include <zmq.hpp>
#include <zmq_addon.hpp>

namespace spoor {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kPatience{30};

/// A publisher that sees who subscribes.
class CppClients : public testing::Test {
 protected:
  CppClients() : bus_(context_, zmq::socket_type::xpub) {
    bus_.set(zmq::sockopt::linger, 0);
    bus_.set(zmq::sockopt::xpub_verbose, true);
    bus_.set(zmq::sockopt::rcvtimeo, static_cast<int>(milliseconds(kPatience).count()));
    bus_.bind("tcp://127.0.0.1:*");
    options_.bus = bus_.get(zmq::sockopt::last_endpoint);
    options_.patience = milliseconds(200);
  }

  /// Until somebody subscribes to heartbeats; false if nobody does.
  [[nodiscard]] bool is_subscribed() {
    zmq::message_t message;
    while (bus_.recv(message)) {
      if (message.to_string() == "\1heartbeat") {
        return true;
      }
    }
    return false;
  }

  void publish(const std::string& topic, const std::string& header) {
    for (const std::string& part : {topic, header}) {
      bus_.send(zmq::buffer(part), zmq::send_flags::sndmore);
    }
    bus_.send(zmq::str_buffer("{}"), zmq::send_flags::none);
  }

  static std::string header(const std::string& version, std::uint64_t sequence) {
    return "{\"v\":" + version + R"(,"instance":"0123","epoch":1,"seq":)" +
           std::to_string(sequence) + R"(,"uid":"00","rev":)" + std::to_string(sequence) + "}";
  }

  static bool throws_version_error(Client& client) {
    try {
      static_cast<void>(client.next(kPatience));
    } catch (const VersionError&) {
      return true;
    }
    return false;
  }

  zmq::context_t context_;
  zmq::socket_t bus_;
  ClientOptions options_;
};

TEST_F(CppClients, RefuseAVersionThatTheyCouldMisread) {
  for (const char* topic : {"finding.high.r", "heartbeat"}) {
    Client client(options_);
    ASSERT_TRUE(is_subscribed());
    publish(topic, header("2", 1));
    EXPECT_TRUE(throws_version_error(client)) << topic;
  }
}

TEST_F(CppClients, RefuseAnAnswerOfAVersionThatTheyCouldMisread) {
  zmq::socket_t replay(context_, zmq::socket_type::router);
  replay.set(zmq::sockopt::linger, 0);
  replay.bind("tcp://127.0.0.1:*");
  options_.replay = replay.get(zmq::sockopt::last_endpoint);
  options_.patience = kPatience;
  std::thread server([&replay] {
    std::vector<zmq::message_t> frames;
    if (zmq::recv_multipart(replay, std::back_inserter(frames))) {
      const std::string peer = frames[0].to_string();
      const std::string text = R"({"v":2,"instance":"0123","epoch":1,"seq":0,"tail":1,"id":1})";
      zmq::send_multipart(replay, std::array<zmq::const_buffer, 3>{
                                      zmq::buffer(peer), zmq::str_buffer("OK"), zmq::buffer(text)});
    }
  });
  Client client(options_);
  EXPECT_TRUE(throws_version_error(client));
  server.join();
}

TEST_F(CppClients, PassOverADamagedMessage) {
  Client client(options_);
  ASSERT_TRUE(is_subscribed());
  publish("finding.high.r", "{");
  publish("finding.high.r", header("99999999999999999999", 1));
  publish("finding.high.r", header("1", 2));
  const auto finding = client.next(kPatience);
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->sequence, 2U);
}

TEST_F(CppClients, SubscribeAnewAfterSilenceWithinOneCall) {
  Client client(options_);
  std::atomic<bool> has_returned{false};
  std::thread listener([&] {
    EXPECT_TRUE(client.next(kPatience));
    has_returned = true;
  });
  EXPECT_TRUE(is_subscribed());
  EXPECT_TRUE(is_subscribed()) << "of a new connection";
  EXPECT_FALSE(has_returned);
  for (std::uint64_t i = 1; !has_returned; ++i) {
    publish("finding.high.r", header("1", i));
    std::this_thread::sleep_for(milliseconds(20));
  }
  listener.join();
}

TEST_F(CppClients, FindLocalhost) {
  options_.bus.replace(options_.bus.find("127.0.0.1"), std::string("127.0.0.1").size(),
                       "localhost");
  Client client(options_);
  EXPECT_TRUE(is_subscribed());
}

}  // namespace
}  // namespace spoor
