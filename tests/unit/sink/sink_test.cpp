#include "engine/sink/sink.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <rapidjson/document.h>
#include <unistd.h>

#include "engine/sink/thehive.h"
#include "engine/sink/webhook_signature.h"
#include "tests/support/stored_findings.h"

namespace spoor {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

StoredFinding stored(std::string payload = "{}") {
  StoredFinding finding;
  finding.uid = {.high = 1, .low = 2};
  finding.revision = 3;
  finding.level = "high";
  finding.rule_id = "rule-1";
  finding.title = "Title";
  finding.hostname = "PC042";
  finding.payload = std::move(payload);
  return finding;
}

std::map<std::string, std::string> headers_of(const SinkRequest& request) {
  return {request.headers.begin(), request.headers.end()};
}

TEST(SinkRequests, AWebhookIsSignedAndNamesWhatItIs) {
  const SinkConfig config{
      .name = "n",
      .url = "https://x/y",
      .credentials = {.secret = "0123456789abcdef", .authorization = "Bearer k"}};
  const SinkRequest request = sink_request(config, stored("{\"a\":1}"), 5 * kNanosPerSecond);
  const std::map<std::string, std::string> headers = headers_of(request);
  EXPECT_EQ(request.url, "https://x/y");
  EXPECT_EQ(request.body, "{\"a\":1}");
  EXPECT_EQ(headers.at("webhook-id"), "00000000000000010000000000000002:3");
  EXPECT_EQ(headers.at("Idempotency-Key"), "00000000000000010000000000000002:3");
  EXPECT_EQ(headers.at("webhook-timestamp"), "5");
  EXPECT_EQ(headers.at("Authorization"), "Bearer k");
  EXPECT_EQ(
      headers.at("webhook-signature"),
      webhook_signature("0123456789abcdef", "00000000000000010000000000000002:3", 5, "{\"a\":1}"));
}

TEST(SinkRequests, WithoutASecretNothingIsSigned) {
  const SinkRequest request = sink_request({.name = "n", .url = "https://x"}, stored(), 0);
  EXPECT_FALSE(headers_of(request).contains("webhook-signature"));
}

TEST(SinkRequests, TheHiveGetsAnAlert) {
  const char* payload =
      R"({"message":"m","finding_info":{"desc":"why","attacks":[)"
      R"({"technique":{"uid":"T1574"},"sub_technique":{"uid":"T1574.002"}},{"technique":{"uid":"T1105"}}]},)"
      R"("observables":[{"name":"a","type_id":8,"value":"abc"},{"name":"b","type_id":8,"value":"abc"},)"
      R"({"name":"c","type_id":2,"value":"10.0.0.1"},{"name":"d","type_id":9,"value":"x.exe"},)"
      R"({"name":"e","type_id":1,"value":"github.com"}]})";
  StoredFinding finding = stored(payload);
  finding.first_seen = 7 * kNanosPerSecond;
  const SinkRequest request =
      sink_request({.name = "n", .kind = SinkKind::thehive, .url = "https://hive"}, finding, 0);
  EXPECT_EQ(request.url, "https://hive/api/v1/alert");
  rapidjson::Document alert;
  alert.Parse(request.body.c_str());
  ASSERT_TRUE(alert.IsObject()) << request.body;
  EXPECT_STREQ(alert["type"].GetString(), "spoor");
  EXPECT_STREQ(alert["source"].GetString(), "spoor");
  EXPECT_STREQ(alert["sourceRef"].GetString(), "00000000000000010000000000000002");
  EXPECT_STREQ(alert["title"].GetString(), "Title on PC042");
  EXPECT_EQ(alert["severity"].GetInt(), 3);
  EXPECT_EQ(alert["date"].GetInt64(), 7'000);
  EXPECT_TRUE(std::string(alert["description"].GetString()).starts_with("why\n\nHost **PC042**"));
  ASSERT_EQ(alert["observables"].Size(), 3U) << "once each, and only what TheHive has a word for";
  EXPECT_STREQ(alert["observables"][2]["dataType"].GetString(), "fqdn");
  ASSERT_EQ(alert["procedures"].Size(), 2U);
  EXPECT_STREQ(alert["procedures"][1]["patternId"].GetString(), "T1574.002");
}

TEST(SinkRequests, TheHiveGetsAnAlertOfADamagedPayloadToo) {
  rapidjson::Document alert;
  alert.Parse(thehive_alert(stored("no json")).c_str());
  ASSERT_TRUE(alert.IsObject());
  EXPECT_STREQ(alert["title"].GetString(), "Title on PC042");
  EXPECT_EQ(alert["observables"].Size(), 0U);
}

TEST(SinkAnswers, MeanWhatTheyMean) {
  const SinkConfig webhook{.name = "n", .url = "https://x"};
  const SinkConfig thehive{.name = "n", .kind = SinkKind::thehive, .url = "https://x"};
  const auto judge = [](const SinkConfig& config, long status, std::string body = "") {
    return judge_answer(config, {.status = status, .body = std::move(body)});
  };
  for (const long status : {200L, 201L, 202L, 204L}) {
    EXPECT_EQ(judge(webhook, status), Delivery::done) << status;
  }
  for (const long status : {0L, 429L, 502L, 503L, 504L}) {
    EXPECT_EQ(judge(webhook, status), Delivery::later) << status;
  }
  for (const long status : {301L, 308L, 401L, 403L, 404L, 405L, 407L, 410L}) {
    EXPECT_EQ(judge(webhook, status), Delivery::later) << status << ": a wrong set-up";
  }
  for (const long status : {408L, 500L, 501L, 599L}) {
    EXPECT_EQ(judge(webhook, status), Delivery::failed) << status;
  }
  for (const long status : {400L, 409L, 413L, 415L, 422L}) {
    EXPECT_EQ(judge(webhook, status), Delivery::refused) << status;
  }
  EXPECT_EQ(judge(thehive, 400, R"({"message":"Alert already exists"})"), Delivery::done);
  EXPECT_EQ(judge(thehive, 400, "bad"), Delivery::refused);
  EXPECT_EQ(judge(webhook, 400, "already exists"), Delivery::refused);
}

TEST(SinkDelays, GrowAreSpreadAndHeedTheReceiver) {
  for (std::uint64_t random : {0ULL, 12'345'678'901ULL, ~0ULL}) {
    EXPECT_GT(retry_delay(0, {}, random), milliseconds(500));
    EXPECT_LE(retry_delay(0, {}, random), milliseconds(1'000));
    EXPECT_GT(retry_delay(3, {}, random), milliseconds(4'000));
    EXPECT_LE(retry_delay(3, {}, random), milliseconds(8'000));
    EXPECT_LE(retry_delay(4'000'000'000U, {}, random), milliseconds(300'000));
    EXPECT_EQ(retry_delay(0, {.retry_after = seconds(600)}, random), seconds(600));
  }
  EXPECT_NE(retry_delay(3, {}, 1), retry_delay(3, {}, 2));
}

/// Answers as it is told, and keeps what it was asked.
struct Receiver {
  std::mutex mutex;
  std::deque<SinkAnswer> answers;  ///< Then 200.
  std::vector<SinkRequest> requests;

  [[nodiscard]] std::vector<std::string> bodies() {
    const std::lock_guard lock(mutex);
    std::vector<std::string> bodies;
    for (const SinkRequest& request : requests) {
      bodies.push_back(request.body);
    }
    return bodies;
  }
};

class FakeHttp final : public HttpClient {
 public:
  explicit FakeHttp(Receiver& receiver) : receiver_(receiver) {}

  SinkAnswer post(const SinkRequest& request) override {
    const std::lock_guard lock(receiver_.mutex);
    receiver_.requests.push_back(request);
    if (receiver_.answers.empty()) {
      return {.status = 200};
    }
    SinkAnswer answer = receiver_.answers.front();
    receiver_.answers.pop_front();
    return answer;
  }

 private:
  Receiver& receiver_;
};

class SinkRunners : public testing::Test {
 protected:
  void SetUp() override {
    dead_letters_ = (std::filesystem::temp_directory_path() /
                     ("spoor_sink_" + std::to_string(getpid()) + "_" +
                      testing::UnitTest::GetInstance()->current_test_info()->name()))
                        .string();
    std::filesystem::remove(dead_letters_);
    config_.dead_letters = dead_letters_;
    warnings_.clear();
  }

  void TearDown() override {
    runner_.reset();
    std::filesystem::remove(dead_letters_);
  }

  void start() {
    Result<std::unique_ptr<SinkRunner>> runner =
        SinkRunner::start(config_, {.source = findings_.state(),
                                    .aside = findings_.state(),
                                    .clock = system_clock(),
                                    .http = std::make_unique<FakeHttp>(receiver_),
                                    .warn = [this](const std::string& what) {
                                      const std::lock_guard lock(receiver_.mutex);
                                      warnings_ += what + "\n";
                                    }});
    ASSERT_TRUE(runner) << runner.error().message;
    runner_ = std::move(*runner);
  }

  void commit(std::uint64_t count, const std::string& level = "high") {
    findings_.add_many(count, level);
    if (runner_) {
      runner_->committed();
    }
  }

  /// False if it does not come true in half a minute.
  template <typename IsTrue>
  [[nodiscard]] static bool becomes(const IsTrue& is_true) {
    const auto end = std::chrono::steady_clock::now() + seconds(30);
    while (!is_true()) {
      if (std::chrono::steady_clock::now() > end) {
        return false;
      }
      std::this_thread::sleep_for(milliseconds(2));
    }
    return true;
  }

  [[nodiscard]] bool comes_to(std::uint64_t cursor) const {
    return becomes([&] { return runner_->status().cursor >= cursor; });
  }

  /// The receiver was sent something.
  [[nodiscard]] bool is_asked() {
    return becomes([this] { return !receiver_.bodies().empty(); });
  }

  [[nodiscard]] std::string dead_letters() const {
    std::ostringstream text;
    text << std::ifstream(dead_letters_).rdbuf();
    return text.str();
  }

  [[nodiscard]] std::string warnings() {
    const std::lock_guard lock(receiver_.mutex);
    return warnings_;
  }

  SinkConfig config_{.name = "test", .url = "https://x"};
  std::string warnings_;
  std::string dead_letters_;
  test::StoredFindings findings_;
  Receiver receiver_;
  std::unique_ptr<SinkRunner> runner_;
};

TEST_F(SinkRunners, SendEverythingOnceInOrder) {
  commit(2);
  start();
  commit(1);
  ASSERT_TRUE(comes_to(3));
  EXPECT_EQ(receiver_.bodies(),
            (std::vector<std::string>{R"({"n":1})", R"({"n":2})", R"({"n":3})"}));
  EXPECT_EQ(runner_->status().delivered, 3U);
}

TEST_F(SinkRunners, GoOnAfterARestartWhereTheyStopped) {
  commit(2);
  start();
  ASSERT_TRUE(comes_to(2));
  runner_.reset();
  commit(1);
  start();
  ASSERT_TRUE(comes_to(3));
  EXPECT_EQ(receiver_.bodies().size(), 3U);
}

TEST_F(SinkRunners, TryAgainWithTheSameKey) {
  receiver_.answers = {{.status = 0, .error = "no route"}, {.status = 500}};
  commit(1);
  start();
  ASSERT_TRUE(comes_to(1));
  ASSERT_EQ(receiver_.requests.size(), 3U);
  for (const SinkRequest& request : receiver_.requests) {
    EXPECT_EQ(headers_of(request).at("webhook-id"), "00000000000000010000000000000001:1");
  }
  EXPECT_EQ(runner_->status().retries, 2U);
  EXPECT_EQ(runner_->status().refused, 0U);
}

TEST_F(SinkRunners, KeepWhatIsRefusedForGoodAndGoOn) {
  receiver_.answers = {{.status = 422, .body = "why \"not\""}};
  commit(2);
  start();
  ASSERT_TRUE(comes_to(2));
  EXPECT_EQ(runner_->status().refused, 1U);
  EXPECT_EQ(runner_->status().delivered, 1U);
  EXPECT_EQ(dead_letters(),
            R"({"sink":"test","key":"00000000000000010000000000000001:1","sequence":1,)"
            R"("reason":"HTTP 422: why \"not\"","payload":"{\"n\":1}"})"
            "\n");
}

TEST_F(SinkRunners, KeepWhatIsRefusedForTheirOwnerAlone) {
  receiver_.answers = {{.status = 422}};
  commit(1);
  start();
  ASSERT_TRUE(comes_to(1));
  EXPECT_EQ(std::filesystem::status(dead_letters_).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(SinkRunners, PassOverWhatIsRefusedAndSaySoIfTheyHaveNoFileForIt) {
  config_.dead_letters.clear();
  config_.url = "https://me:secret1@x.example/hook?token=secret2#secret3";
  receiver_.answers = {{.status = 422}};
  commit(2);
  start();
  ASSERT_TRUE(comes_to(2));
  EXPECT_EQ(runner_->status().refused, 1U);
  EXPECT_NE(warnings().find("https://x.example/hook?… refuses finding"), std::string::npos);
  EXPECT_NE(warnings().find("HTTP 422; it is passed over"), std::string::npos) << warnings();
  EXPECT_EQ(warnings().find("secret"), std::string::npos) << warnings();
}

TEST_F(SinkRunners, LoseNothingByAWrongSetUp) {
  config_.dead_letters.clear();
  config_.credentials.authorization = "Bearer old";
  config_.attempts = 1;
  receiver_.answers = {{.status = 401}, {.status = 404}, {.status = 403}};
  receiver_.answers.back().retry_after = seconds(3'600);
  commit(1);
  start();
  ASSERT_TRUE(becomes([this] { return runner_->status().retries == 3; }));
  EXPECT_EQ(runner_->status().cursor, 0U);
  EXPECT_EQ(runner_->status().refused, 0U);
  runner_->set_credentials({.authorization = "Bearer new"});
  ASSERT_TRUE(comes_to(1)) << "at once";
  EXPECT_EQ(runner_->status().delivered, 1U);
}

TEST_F(SinkRunners, GoToANewAddress) {
  config_.url = "https://old/secret";
  config_.url_file = "file";
  receiver_.answers = {{.status = 404, .retry_after = seconds(3'600)}};
  commit(1);
  start();
  ASSERT_TRUE(is_asked());
  runner_->set_credentials({.url = "https://new/secret"});
  ASSERT_TRUE(comes_to(1));
  EXPECT_EQ(receiver_.requests.at(1).url, "https://new/secret");
  EXPECT_NE(warnings().find("https://old/… does not take findings"), std::string::npos);
}

TEST_F(SinkRunners, DoNotStartIfTheirFileCannotBeWritten) {
  config_.dead_letters = dead_letters_ + ".none/letters";
  const Result<std::unique_ptr<SinkRunner>> runner =
      SinkRunner::start(config_, {.source = findings_.state(),
                                  .aside = findings_.state(),
                                  .clock = system_clock(),
                                  .http = std::make_unique<FakeHttp>(receiver_)});
  ASSERT_FALSE(runner);
  EXPECT_EQ(runner.error().code, ErrorCode::bad_usage);
  EXPECT_TRUE(runner.error().message.starts_with("sink test: cannot write dead letters to " +
                                                 config_.dead_letters));
}

TEST_F(SinkRunners, GiveUpAtWhatTheReceiverFailsAt) {
  config_.attempts = 2;
  receiver_.answers = {{.status = 500}, {.status = 500}};
  commit(2);
  start();
  ASSERT_TRUE(comes_to(2));
  EXPECT_EQ(receiver_.bodies().size(), 3U);
  EXPECT_EQ(runner_->status().refused, 1U);
}

TEST_F(SinkRunners, UseNewCredentialsAtOnce) {
  config_.credentials = {.secret = "0123456789abcdef", .authorization = "Bearer old"};
  receiver_.answers = {{.status = 503, .retry_after = seconds(3'600)}};
  commit(1);
  start();
  ASSERT_TRUE(is_asked());
  runner_->set_credentials({.secret = "fedcba9876543210", .authorization = "Bearer new"});
  ASSERT_TRUE(comes_to(1)) << "it does not wait for an hour";
  ASSERT_EQ(receiver_.requests.size(), 2U);
  EXPECT_EQ(headers_of(receiver_.requests[0]).at("Authorization"), "Bearer old");
  const std::map<std::string, std::string> sent = headers_of(receiver_.requests[1]);
  EXPECT_EQ(sent.at("Authorization"), "Bearer new");
  EXPECT_EQ(sent.at("webhook-signature"),
            webhook_signature("fedcba9876543210", sent.at("webhook-id"),
                              std::stoll(sent.at("webhook-timestamp")), R"({"n":1})"));
}

TEST_F(SinkRunners, StopWhileTheReceiverIsAwayAndLoseNothing) {
  receiver_.answers.assign(100, {.status = 503, .retry_after = seconds(3'600)});
  commit(1);
  start();
  ASSERT_TRUE(is_asked());
  runner_.reset();  // It does not wait for an hour.
  receiver_.answers.clear();
  start();
  ASSERT_TRUE(comes_to(1));
  EXPECT_EQ(receiver_.bodies().size(), 2U);
}

TEST_F(SinkRunners, SendOnlyWhatIsWanted) {
  config_.min_level = Level::high;
  config_.final_only = true;
  commit(1, "medium");
  Finding provisional = test::told_finding(100);
  provisional.status = FindingStatus::provisional;
  findings_.add(provisional, "provisional");
  commit(1, "critical");
  start();
  ASSERT_TRUE(comes_to(3));
  EXPECT_EQ(receiver_.bodies(), (std::vector<std::string>{R"({"n":2})"}));
}

TEST_F(SinkRunners, PassWhatIsNoMore) {
  commit(100);
  findings_.keep_bytes(500);
  const std::uint64_t tail = FindingReader(findings_.state()).heads()->tail;
  ASSERT_GT(tail, 1U);
  start();
  ASSERT_TRUE(comes_to(100));
  EXPECT_EQ(receiver_.bodies().size(), 101 - tail);
}

TEST(ShownUrls, HoldNoSecrets) {
  EXPECT_EQ(shown_url("https://x.example:8443/a/b"), "https://x.example:8443/a/b");
  EXPECT_EQ(shown_url("https://u:p@x.example/a?token=t"), "https://x.example/a?…");
  EXPECT_EQ(shown_url("https://u:p@q@x.example?t"), "https://x.example?…");
  EXPECT_EQ(shown_url("https://x/@y#f"), "https://x/@y?…");
  EXPECT_EQ(shown_url("u:p@x/a?t"), "x/a?…");
  EXPECT_EQ(shown_url(""), "");
  EXPECT_EQ(shown_secret_url("https://u:p@x.example/services/T0/B0/secret"), "https://x.example/…");
  EXPECT_EQ(shown_secret_url("https://x.example?secret"), "https://x.example/…");
  EXPECT_EQ(shown_secret_url("https://x.example"), "https://x.example/…");
}

TEST(LoopbackUrls, StayOnThisMachine) {
  for (const char* url : {"http://127.0.0.1:8080/x", "http://localhost/", "http://[::1]:1/"}) {
    EXPECT_TRUE(is_loopback_url(url)) << url;
  }
  for (const char* url : {"http://127.0.0.1.evil.example/", "http://10.0.0.1/", "x", "",
                          "http://user@example.org/127.0.0.1", "http://127.evil.example/"}) {
    EXPECT_FALSE(is_loopback_url(url)) << url;
  }
}

}  // namespace
}  // namespace spoor
