#include "ingest/zmq_input.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>
#include <zmq.hpp>
#include <zmq_addon.hpp>

#include "engine/bus/allow_list.h"
#include "engine/bus/curve_keys.h"
#include "tests/unit/ingest/loopback.h"

namespace spoor {
namespace {

namespace fs = std::filesystem;
using Texts = std::vector<std::string>;

class ZmqInputs : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        fs::temp_directory_path() / ("spoor_zmq_" + std::to_string(getpid()) + "_" +
                                     testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    settings_.bind = "tcp://127.0.0.1:*";
    settings_.input.name = "logs";
  }

  void TearDown() override {
    input_.reset();
    engine_.reset();
    fs::remove_all(folder_);
  }

  void start(std::size_t queue_bytes = std::size_t{1} << 20U) {
    queue_.emplace(queue_bytes);
    engine_.emplace(*queue_);
    Result<std::unique_ptr<ZmqInput>> made = ZmqInput::create(*queue_, settings_, system_clock());
    ASSERT_TRUE(made) << made.error().message;
    input_ = std::move(*made);
    input_->start();
  }

  zmq::socket_t pusher() {
    zmq::socket_t socket(context_, zmq::socket_type::push);
    socket.set(zmq::sockopt::linger, 10'000);
    socket.set(zmq::sockopt::sndtimeo, 20'000);
    return socket;
  }

  static void send(zmq::socket_t& socket, const Texts& frames) {
    std::vector<zmq::const_buffer> buffers;
    for (const std::string& frame : frames) {
      buffers.push_back(zmq::buffer(frame));
    }
    EXPECT_TRUE(zmq::send_multipart(socket, buffers));
  }

  fs::path folder_;
  zmq::context_t context_;
  ZmqInputSettings settings_;
  std::optional<IngestQueue> queue_;
  std::optional<PoppingEngine> engine_;
  std::unique_ptr<ZmqInput> input_;
};

TEST_F(ZmqInputs, TakesMessagesOfEachShape) {
  start();
  zmq::socket_t socket = pusher();
  socket.connect(input_->endpoint());
  send(socket, {R"({"n":1})"});
  send(socket, {"edr.raw.vm", R"({"n":2})"});
  send(socket, {R"(edr.raw{"n":3})"});
  send(socket, {"{\"n\":4}\n{\"n\":5}\n"});
  send(socket, {R"([{"n":6},{"n":7}])"});
  send(socket, {"<Event><n>8</n></Event>"});
  send(socket, {"no json"});
  send(socket, {""});
  send(socket, {R"({"n":9})"});
  EXPECT_EQ(engine_->wait_for(10), (Texts{R"({"n":1})", R"({"n":2})", R"({"n":3})", R"({"n":4})",
                                          R"({"n":5})", R"({"n":6})", R"({"n":7})",
                                          "<Event><n>8</n></Event>", "no json", R"({"n":9})"}));
}

TEST_F(ZmqInputs, SubscribesToTopics) {
  zmq::socket_t publisher(context_, zmq::socket_type::xpub);
  publisher.bind("tcp://127.0.0.1:*");
  settings_.bind = "";
  settings_.socket = ZmqInputSettings::Socket::sub;
  settings_.connect = {publisher.get(zmq::sockopt::last_endpoint)};
  settings_.topics = {"edr."};
  start();
  zmq::message_t subscribed;
  EXPECT_TRUE(publisher.recv(subscribed));
  EXPECT_EQ(subscribed.to_string(),
            "\x01"
            "edr.");
  send(publisher, {"other", R"({"n":1})"});
  send(publisher, {"edr.raw", R"({"n":2})"});
  EXPECT_EQ(engine_->wait_for(1), Texts{R"({"n":2})"});
}

TEST_F(ZmqInputs, AFullQueueMakesThePusherWaitAndLosesNothing) {
  start(1'000);
  engine_->pause();
  zmq::socket_t socket = pusher();
  socket.set(zmq::sockopt::sndhwm, 100);
  socket.connect(input_->endpoint());
  constexpr int kMessages = 40'000;  // More than all queues hold.
  std::thread sender([&] {
    for (int i = 0; i < kMessages; ++i) {
      send(socket, {"{\"n\":" + std::to_string(i) + "}"});
    }
  });
  EXPECT_TRUE(PoppingEngine::wait_until([&] { return input_->counters().stalls > 0; }));
  engine_->go_on();
  const Texts all = engine_->wait_for(kMessages);
  sender.join();
  ASSERT_EQ(all.size(), static_cast<std::size_t>(kMessages));
  for (int i = 0; i < kMessages; ++i) {
    ASSERT_EQ(all[static_cast<std::size_t>(i)], "{\"n\":" + std::to_string(i) + "}");
  }
}

TEST_F(ZmqInputs, WhatHadComeBeforeTheEndIsHandedOver) {
  start(1'000);
  engine_->pause();
  zmq::socket_t socket = pusher();
  socket.connect(input_->endpoint());
  // Large ones, of which a few make a batch: more than the queue takes, and not more than the
  // hundred that the socket holds besides.
  constexpr std::size_t kMessages = 90;
  const std::string filling(std::size_t{16} << 10U, 'x');
  for (std::size_t i = 0; i < kMessages; ++i) {
    send(socket, {R"({"n":)" + std::to_string(i) + R"(,"f":")" + filling + R"("})"});
  }
  EXPECT_TRUE(PoppingEngine::wait_until([&] { return input_->counters().stalls > 0; }));
  // Until all are in the socket. None can be counted there.
  std::this_thread::sleep_for(std::chrono::seconds(3));
  input_->stop_taking();
  engine_->go_on();
  EXPECT_EQ(engine_->wait_for(kMessages).size(), kMessages);
}

TEST_F(ZmqInputs, OffLoopbackItWantsKeysAndAList) {
  settings_.bind = "tcp://0.0.0.0:5599";
  const Result<void> checked = ZmqInput::check(settings_);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, ErrorCode::insecure_listener);
  EXPECT_NE(checked.error().message.find("key_file and clients_file"), std::string::npos);
  settings_.key_file = "key";
  EXPECT_FALSE(ZmqInput::check(settings_));
  settings_.clients_file = "clients";
  EXPECT_TRUE(ZmqInput::check(settings_));
}

TEST_F(ZmqInputs, MistakesAreRefused) {
  settings_.connect = {"tcp://127.0.0.1:1"};
  EXPECT_FALSE(ZmqInput::check(settings_)) << "bind and connect";
  settings_.bind = "";
  settings_.topics = {"a"};
  EXPECT_FALSE(ZmqInput::check(settings_)) << "PULL has no topics";
  settings_.topics = {};
  settings_.key_file = "key";
  EXPECT_FALSE(ZmqInput::check(settings_)) << "whose key is the server's?";
  settings_.key_file = "";
  settings_.connect = {"nonsense"};
  EXPECT_FALSE(ZmqInput::check(settings_));
}

TEST_F(ZmqInputs, UnderCurveOnlyWhoMaySend) {
  const CurveKeys server = *make_curve_keys();
  const CurveKeys good = *make_curve_keys();
  const CurveKeys reader = *make_curve_keys();
  settings_.key_file = (folder_ / "key").string();
  settings_.clients_file = (folder_ / "clients").string();
  ASSERT_TRUE(write_curve_keys(settings_.key_file, server));
  ASSERT_TRUE(allow_client(
      settings_.clients_file,
      {.key = good.public_key, .roles = *parse_bus_roles("send"), .name = "shipper", .until = {}}));
  ASSERT_TRUE(allow_client(settings_.clients_file, {.key = reader.public_key,
                                                    .roles = *parse_bus_roles("subscribe"),
                                                    .name = "soar",
                                                    .until = {}}));
  start();
  const auto connect = [&](const CurveKeys& keys) {
    zmq::socket_t socket = pusher();
    socket.set(zmq::sockopt::linger, 0);
    socket.set(zmq::sockopt::curve_secretkey, keys.secret);
    socket.set(zmq::sockopt::curve_publickey, keys.public_key);
    socket.set(zmq::sockopt::curve_serverkey, server.public_key);
    socket.connect(input_->endpoint());
    return socket;
  };
  zmq::socket_t stranger = connect(*make_curve_keys());
  zmq::socket_t soar = connect(reader);
  zmq::socket_t shipper = connect(good);
  send(stranger, {R"({"n":1})"});
  send(soar, {R"({"n":2})"});
  send(shipper, {R"({"n":3})"});
  EXPECT_EQ(engine_->wait_for(1), Texts{R"({"n":3})"});
  // Taken off the list: what it sends over the connection that it has is refused, whatever else is
  // wrong with the list.
  std::ofstream(settings_.clients_file, std::ios::app) << "bad line here\n";
  EXPECT_FALSE(revoke_client(settings_.clients_file, "shipper"));
  EXPECT_TRUE(PoppingEngine::wait_until([&] {
    send(shipper, {R"({"n":4})"});
    return input_->counters().requests_denied > 0;
  }));
  // What was still let in may be on its way.
  EXPECT_TRUE(PoppingEngine::wait_until(
      [&] { return engine_->records().size() == input_->counters().records; }));
  const std::size_t before = engine_->records().size();
  const std::uint64_t denied = input_->counters().requests_denied;
  send(shipper, {R"({"n":5})"});
  EXPECT_TRUE(
      PoppingEngine::wait_until([&] { return input_->counters().requests_denied > denied; }));
  EXPECT_EQ(engine_->records().size(), before);
}

}  // namespace
}  // namespace spoor
