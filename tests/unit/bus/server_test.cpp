#include "engine/bus/server.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "clients/cpp/spoor_client.h"
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "engine/bus/allow_list.h"
#include "engine/bus/curve_keys.h"
#include "tests/support/stored_findings.h"

namespace spoor {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kPatience{30};

class BusServers : public testing::Test {
 protected:
  void start(BusOptions options = {}) {
    options.publish = publish_.empty() ? "tcp://127.0.0.1:*" : publish_;
    options.replay = replay_.empty() ? "tcp://127.0.0.1:*" : replay_;
    Result<std::unique_ptr<BusServer>> server =
        BusServer::start(std::move(options),
                         {.source = findings_->state(),
                          .aside = findings_->state(),
                          .identity = {.instance = instance_, .epoch = ++epoch_}},
                         system_clock());
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
    publish_ = server_->publish_endpoint();
    replay_ = server_->replay_endpoint();
  }

  void stop() { server_.reset(); }

  [[nodiscard]] ClientOptions client_options(std::string consumer = "") const {
    ClientOptions options;
    options.bus = publish_;
    options.replay = replay_;
    options.consumer = std::move(consumer);
    options.patience = milliseconds(500);
    return options;
  }

  /// For what has to be confirmed at the first time of asking, on a busy machine too.
  static ClientOptions patient(ClientOptions options) {
    options.patience = seconds(10);
    return options;
  }

  void commit(std::uint64_t count, const std::string& level = "high") {
    findings_->add_many(count, level);
    server_->committed();
  }

  /// The sequence numbers of the next so many.
  static std::vector<std::uint64_t> take(Client& client, std::size_t count) {
    std::vector<std::uint64_t> taken;
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (taken.size() < count && std::chrono::steady_clock::now() < end) {
      if (const auto finding = client.next(milliseconds(200))) {
        taken.push_back(finding->sequence);
      }
    }
    return taken;
  }

  static std::vector<std::uint64_t> from_to(std::uint64_t from, std::uint64_t to) {
    std::vector<std::uint64_t> numbers;
    for (std::uint64_t i = from; i <= to; ++i) {
      numbers.push_back(i);
    }
    return numbers;
  }

  template <typename Holds>
  static bool comes_true(const Holds& holds) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!holds()) {
      if (std::chrono::steady_clock::now() > end) {
        return false;
      }
      std::this_thread::sleep_for(milliseconds(5));
    }
    return true;
  }

  std::unique_ptr<test::StoredFindings> findings_ = std::make_unique<test::StoredFindings>();
  std::string instance_ = "0123";
  std::uint64_t epoch_ = 0;
  std::string publish_;
  std::string replay_;
  std::unique_ptr<BusServer> server_;
};

TEST_F(BusServers, GiveALateSubscriberEverythingInOrder) {
  start();
  commit(2'500);
  ClientOptions options = client_options();
  options.from = 1;
  Client client(options);
  EXPECT_EQ(take(client, 2'000), from_to(1, 2'000));
  commit(100);
  EXPECT_EQ(take(client, 600), from_to(2'001, 2'600));
  EXPECT_EQ(client.lost(), 0U);
}

TEST_F(BusServers, ASubscriberWithoutReplayGetsWhatComes) {
  start({.hold = std::chrono::milliseconds(kPatience)});
  ClientOptions options = client_options();
  options.replay.clear();
  Client client(options);
  commit(10);
  EXPECT_EQ(take(client, 10), from_to(1, 10)) << "publishing waits for the first subscriber";
}

TEST_F(BusServers, AConsumerGoesOnWhereItStopped) {
  start();
  commit(20);
  {
    Client client(patient(client_options("soar")));
    EXPECT_EQ(take(client, 10), from_to(1, 10));
    EXPECT_TRUE(client.acknowledge(7));
  }
  stop();
  start();
  commit(5);
  Client client(client_options("soar"));
  EXPECT_EQ(take(client, 18), from_to(8, 25));
}

TEST_F(BusServers, ANarrowTopicMissesNothingEither) {
  start();
  ClientOptions options = client_options("pager");
  options.topic = "finding.critical.";
  Client client(options);
  std::vector<std::uint64_t> wanted;
  for (int round = 0; round < 20; ++round) {
    commit(3, "low");
    commit(1, "critical");
    wanted.push_back(static_cast<std::uint64_t>(round) * 4 + 4);
  }
  EXPECT_EQ(take(client, 20), wanted);
}

TEST_F(BusServers, ARestartCostsASubscriberNothing) {
  start();
  Client client(client_options("soar"));
  commit(10);
  EXPECT_EQ(take(client, 10), from_to(1, 10));
  stop();
  findings_->add_many(10);  // Committed, and the engine died before it published.
  start();
  commit(10);
  EXPECT_EQ(take(client, 20), from_to(11, 30));
}

TEST_F(BusServers, OtherNumbersAreBegunFromTheirStart) {
  start();
  Client client(client_options("soar"));
  commit(10);
  EXPECT_EQ(take(client, 10), from_to(1, 10));
  stop();
  findings_ = std::make_unique<test::StoredFindings>();
  instance_ = "4567";
  start();
  findings_->add(test::told_finding(1000));
  server_->committed();
  EXPECT_EQ(take(client, 1), from_to(1, 1));
}

TEST_F(BusServers, AStatePutBackThatIsAtTheSameNumberIsNoticed) {
  epoch_ = 4;
  start();
  Client client(client_options("soar"));
  commit(3);
  EXPECT_EQ(take(client, 3), from_to(1, 3));
  stop();
  findings_ = std::make_unique<test::StoredFindings>();
  for (std::uint64_t uid = 1'001; uid <= 1'003; ++uid) {
    findings_->add(test::told_finding(uid));
  }
  epoch_ = 2;
  start();
  EXPECT_EQ(take(client, 3), from_to(1, 3)) << "other findings under the numbers that it had";
  EXPECT_EQ(client.lost(), 0U);
}

TEST_F(BusServers, ASlowSubscriberHoldsUpNobodyAndMissesNothing) {
  start();
  ClientOptions options = client_options();
  options.from = 1;
  options.queue = 1;
  Client slow(options);
  Client fast(options);
  ASSERT_FALSE(slow.next(milliseconds(200)).has_value());
  ASSERT_FALSE(fast.next(milliseconds(200)).has_value());
  // More than any queue between here and there holds.
  constexpr std::uint64_t kMany = 3'000;
  const std::string large(30'000, 'x');
  for (std::uint64_t i = 1; i <= kMany; ++i) {
    findings_->add(test::told_finding(i), large);
    if (i % 100 == 0) {
      server_->committed();
      ASSERT_EQ(take(fast, 100), from_to(i - 99, i));
    }
  }
  ASSERT_TRUE(comes_true([&] { return server_->status().published == kMany; }));
  EXPECT_GT(server_->status().dropped, 0U) << "the test must fill the queue";
  EXPECT_EQ(take(slow, kMany), from_to(1, kMany));
}

TEST_F(BusServers, WhatWasNotKeptIsCountedAsLost) {
  start();
  commit(100);
  {
    Client before(patient(client_options("soar")));
    EXPECT_EQ(take(before, 1), from_to(1, 1));
    EXPECT_TRUE(before.acknowledge(1));
  }
  ASSERT_TRUE(comes_true([&] { return server_->status().published == 100; }));
  findings_->keep_bytes(1'000);
  server_->committed();
  const std::uint64_t tail = FindingReader(findings_->state()).heads()->tail;
  ASSERT_GT(tail, 1U);
  Client client(client_options("soar"));
  ASSERT_TRUE(comes_true([&] {
    const auto finding = client.next(milliseconds(200));
    return finding && finding->sequence == 100;
  }));
  EXPECT_EQ(client.lost(), tail - 2) << "the first was had";
}

/// Hears of gaps alone.
class GapListener {
 public:
  explicit GapListener(const std::string& endpoint) : socket_(context_, zmq::socket_type::sub) {
    socket_.set(zmq::sockopt::linger, 0);
    socket_.set(zmq::sockopt::rcvtimeo, static_cast<int>(milliseconds(kPatience).count()));
    socket_.set(zmq::sockopt::subscribe, "gap.");
    socket_.connect(endpoint);
  }

  /// The frames of the next message; as far as they came.
  [[nodiscard]] std::vector<std::string> next() {
    std::vector<std::string> frames;
    zmq::message_t frame;
    do {
      if (!socket_.recv(frame)) {
        break;
      }
      frames.push_back(frame.to_string());
    } while (frame.more());
    return frames;
  }

 private:
  zmq::context_t context_;
  zmq::socket_t socket_;
};

TEST_F(BusServers, GapsAreToldWithTheirTotals) {
  start();
  GapListener gaps(publish_);
  ASSERT_TRUE(comes_true([&] { return server_->status().had_subscriber; }));
  server_->tell_gaps({{"late_events", 3}, {"evicted", 0}});
  EXPECT_EQ(gaps.next(), (std::vector<std::string>{
                             "gap.late_events", R"({"v":1,"instance":"0123","epoch":1,"gap":1})",
                             R"({"kind":"late_events","count":3,"total":3})"}));
  server_->tell_gaps({{"late_events", 5}, {"evicted", 0}});
  EXPECT_EQ(gaps.next().at(2), R"({"kind":"late_events","count":2,"total":5})");
}

TEST_F(BusServers, GapsAreToldOnceOverRestarts) {
  // What it told first once it was there.
  const auto told = [this](const std::vector<std::pair<std::string, std::uint64_t>>& totals) {
    start();
    GapListener gaps(publish_);
    EXPECT_TRUE(comes_true([&] { return server_->status().had_subscriber; }));
    server_->tell_gaps(totals);
    const std::vector<std::string> frames = gaps.next();
    stop();
    return frames.empty() ? "" : frames.back();
  };
  EXPECT_EQ(told({{"late_events", 3}}), R"({"kind":"late_events","count":3,"total":3})");
  EXPECT_EQ(told({{"late_events", 3}, {"evicted", 2}}),
            R"({"kind":"evicted","count":2,"total":2})");
  EXPECT_EQ(told({{"late_events", 7}, {"evicted", 2}}),
            R"({"kind":"late_events","count":4,"total":7})");
  start();  // A server without an engine: what it knows of.
  Client client(client_options());
  std::optional<std::vector<std::string>> head;
  ASSERT_TRUE(comes_true([&] {
    head = client.request("HEAD", "", seconds(1));
    return head.has_value();
  }));
  EXPECT_NE(head->at(1).find(R"("gap_totals":{"evicted":2,"late_events":7})"), std::string::npos)
      << head->at(1);
}

TEST_F(BusServers, GapsThatAKilledEngineToldTooEarlyAreToldAgain) {
  ASSERT_TRUE(findings_->state().put_aside("pglate_events", StateWriter().number(9).bytes()));
  start();
  GapListener gaps(publish_);
  ASSERT_TRUE(comes_true([&] { return server_->status().had_subscriber; }));
  server_->tell_gaps({{"late_events", 5}});
  std::this_thread::sleep_for(milliseconds(1'500));  // Until it is looked at.
  server_->tell_gaps({{"late_events", 6}});
  const std::vector<std::string> frames = gaps.next();
  ASSERT_FALSE(frames.empty());
  EXPECT_EQ(frames.back(), R"({"kind":"late_events","count":1,"total":6})");
}

TEST_F(BusServers, OffLoopbackNeedsAKey) {
  publish_ = "tcp://0.0.0.0:*";
  const Result<std::unique_ptr<BusServer>> server = BusServer::start(
      {.publish = publish_},
      {.source = findings_->state(), .aside = findings_->state(), .identity = {}}, system_clock());
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().code, ErrorCode::insecure_listener);
  EXPECT_NE(server.error().message.find("--bus-key"), std::string::npos);
}

TEST_F(BusServers, AnAddressInUseIsAnError) {
  start();
  const Result<std::unique_ptr<BusServer>> second = BusServer::start(
      {.publish = publish_},
      {.source = findings_->state(), .aside = findings_->state(), .identity = {}}, system_clock());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::bus);
}

TEST_F(BusServers, WhatIsAtThePathOfASocketIsNotTakenOver) {
  const fs::path folder = fs::temp_directory_path() / ("spoor_ipc_" + std::to_string(getpid()));
  fs::create_directories(folder);
  const auto failure_at = [this](const std::string& path) {
    const Result<std::unique_ptr<BusServer>> server = BusServer::start(
        {.publish = "ipc://" + path},
        {.source = findings_->state(), .aside = findings_->state(), .identity = {}},
        system_clock());
    return server ? std::string() : server.error().message;
  };
  const std::string path = (folder / "bus").string();
  publish_ = "ipc://" + path;
  start();
  EXPECT_EQ(failure_at(path), "another server listens on ipc://" + path);
  stop();
  const std::string file = (folder / "file").string();
  std::ofstream(file) << "precious";
  EXPECT_EQ(failure_at(file), file + " is there already, and is no socket");
  EXPECT_EQ(fs::file_size(file), 8U);
  {
    // As a killed server leaves it.
    const std::string left = (folder / "left").string();
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    left.copy(address.sun_path, sizeof address.sun_path - 1);
    const int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
    ASSERT_EQ(bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(close(descriptor), 0);
    EXPECT_EQ(failure_at(left), "");
  }
  fs::remove_all(folder);
}

class SecureBus : public BusServers {
 protected:
  void SetUp() override {
    folder_ =
        fs::temp_directory_path() / ("spoor_bus_" + std::to_string(getpid()) + "_" +
                                     testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    ASSERT_TRUE(write_curve_keys(path("bus"), server_keys_));
    allow("soar", soar_, "subscribe,replay");
    start({.key_file = path("bus"), .clients_file = path("clients")});
  }

  void TearDown() override {
    stop();
    fs::remove_all(folder_);
  }

  [[nodiscard]] std::string path(const char* name) const { return (folder_ / name).string(); }

  void allow(const std::string& name, const CurveKeys& keys, const char* roles) const {
    ASSERT_TRUE(allow_client(
        path("clients"),
        {.key = keys.public_key, .roles = *parse_bus_roles(roles), .name = name, .until = {}}));
  }

  [[nodiscard]] ClientOptions with_keys(const CurveKeys& keys, std::string consumer) const {
    ClientOptions options = client_options(std::move(consumer));
    options.server_key = server_keys_.public_key;
    options.public_key = keys.public_key;
    options.secret_key = keys.secret;
    return options;
  }

  fs::path folder_;
  CurveKeys server_keys_ = *make_curve_keys();
  CurveKeys soar_ = *make_curve_keys();
  CurveKeys stranger_ = *make_curve_keys();
};

TEST_F(SecureBus, LetsInWhoIsOnTheList) {
  commit(10);
  Client client(patient(with_keys(soar_, "soar")));
  EXPECT_EQ(take(client, 10), from_to(1, 10));
  EXPECT_TRUE(client.acknowledge(10));
}

TEST_F(SecureBus, LetsInNobodyElse) {
  commit(10);
  Client stranger(with_keys(stranger_, "soar"));
  Client plain(client_options("soar"));
  EXPECT_FALSE(stranger.next(seconds(1)));
  EXPECT_FALSE(plain.next(seconds(1)));
  Client client(with_keys(soar_, "soar"));
  EXPECT_EQ(take(client, 10), from_to(1, 10)) << "the others are none the worse for it";
  EXPECT_TRUE(comes_true([&] { return server_->status().least_cursor == 0U; }));
}

TEST_F(SecureBus, WhomItRefusesDoesNotWaitForEver) {
  ClientOptions options = with_keys(stranger_, "soar");
  options.bus.clear();
  Client stranger(options);
  std::this_thread::sleep_for(milliseconds(500));  // Until it is refused, before it asks anything.
  EXPECT_FALSE(stranger.next(seconds(1)));
}

TEST_F(SecureBus, CutsOffWhoIsRevokedAndHarmsNobodyElse) {
  const CurveKeys other = *make_curve_keys();
  allow("other", other, "subscribe,replay");
  commit(10);
  ASSERT_TRUE(comes_true([&] {
    return Client(with_keys(other, "probe")).next(seconds(1)).has_value();
  })) << "the list is looked at again";
  Client revoked(with_keys(soar_, "soar"));
  Client client(with_keys(other, "other"));
  EXPECT_EQ(take(client, 10), from_to(1, 10));
  EXPECT_EQ(take(revoked, 10), from_to(1, 10));
  ASSERT_TRUE(revoke_client(path("clients"), "soar"));
  std::uint64_t last = 10;
  int missed = 0;  // In a row: one alone may only be late.
  EXPECT_TRUE(comes_true([&] {
    commit(1);
    ++last;
    EXPECT_EQ(take(client, 1), from_to(last, last));
    missed = revoked.next(seconds(1)) ? 0 : missed + 1;
    return missed == 2;
  }));
}

TEST_F(SecureBus, AMistakeElsewhereInTheListCutsNobodyOff) {
  Client client(with_keys(soar_, "soar"));
  commit(5);
  EXPECT_EQ(take(client, 5), from_to(1, 5));
  std::ofstream(path("clients"), std::ios::app) << "nonsense\n";
  std::this_thread::sleep_for(milliseconds(1'500));
  commit(5);
  EXPECT_EQ(take(client, 5), from_to(6, 10));
}

TEST_F(SecureBus, AMistakeElsewhereInTheListKeepsNobodyIn) {
  Client revoked(with_keys(soar_, "soar"));
  commit(10);
  EXPECT_EQ(take(revoked, 10), from_to(1, 10));
  std::ofstream(path("clients"), std::ios::app) << "nonsense\n";
  EXPECT_FALSE(revoke_client(path("clients"), "soar")) << "the mistake is told";
  std::this_thread::sleep_for(milliseconds(2'500));
  commit(10);
  EXPECT_FALSE(revoked.next(seconds(1)));
}

TEST_F(SecureBus, NeedsItsList) {
  const auto start_with = [this](BusOptions options) {
    options.publish = "tcp://127.0.0.1:*";
    return BusServer::start(
        std::move(options),
        {.source = findings_->state(), .aside = findings_->state(), .identity = {}},
        system_clock());
  };
  EXPECT_EQ(start_with({.key_file = path("bus")}).error().code, ErrorCode::bad_usage);
  EXPECT_EQ(start_with({.clients_file = path("clients")}).error().code, ErrorCode::bad_usage);
  EXPECT_EQ(start_with({.key_file = path("none"), .clients_file = path("clients")}).error().code,
            ErrorCode::bad_usage);
}

}  // namespace
}  // namespace spoor
