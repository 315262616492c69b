// Requests as raw bytes over loopback, as shippers send them and as attackers do.
#include "ingest/http_input.h"

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "ingest/tokens.h"
#include "tests/unit/ingest/loopback.h"

namespace spoor {
namespace {

using Texts = std::vector<std::string>;

/// An input, a queue, and who pops.
struct Bench {
  explicit Bench(HttpInputSettings settings = {}, std::size_t queue_bytes = std::size_t{1} << 20)
      : queue(queue_bytes), runtime(queue) {
    Result<std::unique_ptr<HttpInput>> created = HttpInput::create(runtime, std::move(settings));
    EXPECT_TRUE(created) << created.error().message;
    input = std::move(*created);
    engine.emplace(queue);
    runtime.start();
  }

  ~Bench() {
    runtime.stop();
    engine.reset();
  }

  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;
  Bench(Bench&&) = delete;
  Bench& operator=(Bench&&) = delete;

  /// The answer to one request on a connection of its own.
  [[nodiscard]] std::string ask(std::string_view request) const {
    LoopbackClient client(input->port());
    client.send(request);
    return client.read_answer();
  }

  IngestQueue queue;
  IngestRuntime runtime;
  std::unique_ptr<HttpInput> input;
  std::optional<PoppingEngine> engine;
};

std::string post(std::string_view path, std::string_view body, std::string_view headers = "") {
  std::string text = "POST " + std::string(path) + " HTTP/1.1\r\nHost: 127.0.0.1\r\n";
  text += headers;
  text += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  text += body;
  return text;
}

std::string status_of(std::string_view answer) {
  constexpr std::size_t kStart = 9;  // "HTTP/1.1 "
  return std::string(answer.substr(std::min(kStart, answer.size()), 3));
}

std::string body_of(std::string_view answer) {
  const std::size_t head = answer.find("\r\n\r\n");
  return std::string(answer.substr(head == std::string_view::npos ? answer.size() : head + 4));
}

constexpr std::string_view kThree = "{\"EventID\":1}\n{\"EventID\":7}\n{\"EventID\":3}";
const Texts kThreeRecords = {"{\"EventID\":1}", "{\"EventID\":7}", "{\"EventID\":3}"};
constexpr std::string_view kThreeAccepted = R"({"accepted":3,"rejected":0,"errors":[]})";
constexpr std::string_view kSuccess = R"({"text":"Success","code":0})";

class SteppedClock final : public Clock {
 public:
  [[nodiscard]] std::chrono::nanoseconds monotonic() const override {
    return std::chrono::seconds(seconds_.load());
  }

  [[nodiscard]] Timestamp wall() const override { return 0; }

  void advance(std::int64_t seconds) { seconds_ += seconds; }

 private:
  std::atomic<std::int64_t> seconds_{1};
};

TEST(HttpInput, WhoHasNoTokenIsToldOnceAMinute) {
  SteppedClock clock;
  std::mutex mutex;
  Texts told;
  HttpInputSettings settings;
  settings.listener.name = "web";
  settings.listener.clock = &clock;
  settings.listener.warn = [&](std::string_view what) {
    const std::lock_guard lock(mutex);
    told.emplace_back(what);
  };
  settings.token_hashes = {token_hash("s3cret")};
  const Bench bench(settings);
  const auto ask = [&bench](std::string_view headers) {
    return status_of(bench.ask(post("/ingest", kThree, headers)));
  };
  EXPECT_EQ(ask("Authorization: Bearer gu3ssed\r\n"), "403");
  EXPECT_EQ(ask(""), "401");
  EXPECT_EQ(ask("Authorization: Bearer s3cret\r\n"), "200");
  clock.advance(61);
  EXPECT_EQ(ask("Authorization: Bearer gu3ssed\r\n"), "403");
  const std::lock_guard lock(mutex);
  ASSERT_EQ(told.size(), 2U);
  for (const std::string& line : told) {
    EXPECT_TRUE(line.starts_with("input 'web': 127.0.0.1:")) << line;
    EXPECT_EQ(line.find("gu3ssed"), std::string::npos) << line;
  }
  EXPECT_NE(told[0].find("so far: 1)"), std::string::npos) << told[0];
  EXPECT_NE(told[1].find("so far: 3)"), std::string::npos) << told[1];
}

TEST(HttpInput, TakesWhatShippersPost) {
  const std::string array = R"([{"EventID":1},{"EventID":7},{"EventID":3}])";
  const std::string chunked =
      "POST /ingest HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "f;ext=\"a\"\r\n{\"EventID\":1}\n{\r\n1A\r\n\"EventID\":7}\n{\"EventID\":3}\r\n"
      "0\r\nX-Trailer: 1\r\n\r\n";
  const Texts requests = {
      post("/ingest", kThree, "Content-Type: application/x-ndjson\r\n"),
      post("/ingest", array, "Content-Type: application/json\r\n"),
      post("/ingest/?x=1", R"({"EventID":1}{"EventID":7}{"EventID":3})"),
      post("/ingest", gzip_of(kThree), "Content-Encoding: gzip\r\n"),
      post("/ingest", gzip_of("{\"EventID\":1}\n{\"Eve") + gzip_of("ntID\":7}\n{\"EventID\":3}"),
           "Content-Encoding: gzip\r\n"),
      post("/ingest", zstd_of(kThree), "Content-Encoding: zstd\r\n"),
      post("/ingest", zlib_of(kThree), "Content-Encoding: deflate\r\n"),
      post("/ingest", raw_deflate_of(kThree), "Content-Encoding: deflate\r\n"),
      chunked,
  };
  for (const std::string& request : requests) {
    Bench bench;
    const std::string answer = bench.ask(request);
    EXPECT_EQ(status_of(answer), "200") << request;
    EXPECT_EQ(body_of(answer), kThreeAccepted) << request;
    EXPECT_EQ(bench.engine->wait_for(3), kThreeRecords) << request;
  }
}

TEST(HttpInput, TellsWhatItCouldNotTake) {
  HttpInputSettings settings;
  settings.framing.record_bytes_max = 32;
  Bench bench(settings);
  const std::string large = "{\"EventID\":" + std::string(64, '1') + "}";
  const std::string some = bench.ask(post("/ingest", "{\"EventID\":1}\n" + large + "\n"));
  EXPECT_EQ(status_of(some), "200");
  EXPECT_EQ(body_of(some),
            R"({"accepted":1,"rejected":1,"errors":[{"record":1,"code":"oversize"}]})");
  EXPECT_EQ(status_of(bench.ask(post("/ingest", large))), "400");
  EXPECT_EQ(body_of(bench.ask(post("/ingest", ""))), R"({"accepted":0,"rejected":0,"errors":[]})");
  (void)bench.engine->wait_for(3);
  EXPECT_EQ(bench.engine->bad().size(), 2U);
}

TEST(HttpInput, SaysContinueToWhoWaitsForIt) {
  Bench bench;
  LoopbackClient client(bench.input->port());
  const std::string request = post("/ingest", kThree, "Expect: 100-continue\r\n");
  client.send(std::string_view(request).substr(0, request.size() - kThree.size()));
  EXPECT_EQ(client.read_answer(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send(kThree);
  EXPECT_EQ(body_of(client.read_answer()), kThreeAccepted);
}

TEST(HttpInput, AnswersPipelinedRequestsInOrder) {
  Bench bench;
  LoopbackClient client(bench.input->port());
  std::string all;
  for (int number = 0; number < 5; ++number) {
    all += post("/ingest", "{\"EventID\":" + std::to_string(number) + "}");
    all += post("/none", "");
  }
  // In pieces of 7 bytes, whatever they cut.
  for (std::string_view rest = all; !rest.empty();
       rest.remove_prefix(std::min<std::size_t>(7, rest.size()))) {
    client.send(rest.substr(0, 7));
  }
  for (int number = 0; number < 5; ++number) {
    EXPECT_EQ(body_of(client.read_answer()), R"({"accepted":1,"rejected":0,"errors":[]})");
    EXPECT_EQ(status_of(client.read_answer()), "404");
  }
  EXPECT_EQ(bench.engine->records(), (Texts{"{\"EventID\":0}", "{\"EventID\":1}", "{\"EventID\":2}",
                                            "{\"EventID\":3}", "{\"EventID\":4}"}));
}

TEST(HttpInput, AnswersOnceTheBatchIsSafe) {
  Bench bench;
  bench.engine->hold_commits();
  LoopbackClient client(bench.input->port());
  LoopbackClient hec(bench.input->port());
  client.send(post("/ingest", kThree));
  hec.send(post("/services/collector", R"({"event":{"a":1}})"));
  (void)bench.engine->wait_for(4);
  EXPECT_EQ(bench.input->counters().requests, 0U);
  bench.engine->commit(true);
  EXPECT_EQ(status_of(client.read_answer()), "200");
  EXPECT_EQ(status_of(hec.read_answer()), "200");

  client.send(post("/ingest", kThree));
  (void)bench.engine->wait_for(7);
  bench.engine->commit(false);
  EXPECT_EQ(status_of(client.read_answer()), "503");
}

TEST(HttpInput, AFullQueueIsToldToTryAgain) {
  Bench bench({}, 3 * (131 + sizeof(IngestBatch::Record)));  // Of the batches below.
  bench.engine->pause();
  ASSERT_TRUE(PoppingEngine::wait_until([&] {
    IngestBatch batch;
    batch.add_record("{}");
    batch.seal();
    return !bench.queue.try_push(std::move(batch));
  }));
  const std::string answer = bench.ask(post("/ingest", kThree));
  EXPECT_EQ(status_of(answer), "503");
  EXPECT_NE(answer.find("Retry-After: 1\r\n"), std::string::npos);
  EXPECT_EQ(body_of(bench.ask(post("/services/collector", R"({"event":"x"})"))),
            R"({"text":"Server is busy","code":9})");
  EXPECT_EQ(status_of(bench.ask("GET /services/collector/health HTTP/1.1\r\nHost: x\r\n\r\n")),
            "503");
  bench.engine->go_on();
  EXPECT_TRUE(PoppingEngine::wait_until([&] { return bench.queue.has_room(0, 1); }));
  EXPECT_TRUE(PoppingEngine::wait_until(
      [&] { return status_of(bench.ask(post("/ingest", kThree))) == "200"; }));
}

TEST(HttpInput, DrainsBeforeItStops) {
  Bench bench;
  bench.engine->hold_commits();
  LoopbackClient waiting(bench.input->port());
  LoopbackClient idle(bench.input->port());
  waiting.send(post("/ingest", kThree));
  (void)bench.engine->wait_for(3);
  ASSERT_TRUE(PoppingEngine::wait_until([&] { return bench.input->counters().connections == 2; }));
  bench.runtime.stop_accepting();
  EXPECT_EQ(idle.read_all(), "");
  bench.engine->commit(true);
  const std::string answer = waiting.read_answer();
  EXPECT_EQ(status_of(answer), "200");
  EXPECT_NE(answer.find("Connection: close"), std::string::npos);
}

// --- Splunk's HEC

TEST(HttpInput, TakesHecEvents) {
  Bench bench;
  const std::string first = R"({"time":1.5,"host":"ws","event":{"EventID":7}})";
  const std::string second = R"({"time":2,"event":"{\"EventID\":1}"})";
  for (const char* path :
       {"/services/collector", "/services/collector/event", "/services/collector/event/1.0"}) {
    const std::string answer = bench.ask(post(path, first + second));
    EXPECT_EQ(status_of(answer), "200") << path;
    EXPECT_EQ(body_of(answer), kSuccess) << path;
  }
  EXPECT_EQ(body_of(bench.ask(post("/services/collector", "[" + first + "," + second + "]"))),
            kSuccess);
  EXPECT_EQ(bench.engine->wait_for(8),
            (Texts{first, second, first, second, first, second, first, second}));
}

TEST(HttpInput, TakesHecRaw) {
  Bench bench;
  EXPECT_EQ(body_of(bench.ask(post("/services/collector/raw?sourcetype=x", kThree))), kSuccess);
  EXPECT_EQ(bench.engine->wait_for(3), kThreeRecords);
}

struct HecCase {
  std::string path;
  std::string body;
  std::string status;
  std::string answer;
};

TEST(HttpInput, SpeaksSplunksCodes) {
  const std::string event = "/services/collector/event";
  const std::vector<HecCase> cases = {
      {event, "", "400", R"({"text":"No data","code":5})"},
      {event, R"({"event":1}{"event":)", "400",
       R"({"text":"Invalid data format","code":6,"invalid-event-number":1})"},
      {event, "hello", "400",
       R"({"text":"Invalid data format","code":6,"invalid-event-number":0})"},
      {event, R"({"event":1}{"x":{"event":1}})", "400",
       R"({"text":"Event field is required","code":12,"invalid-event-number":1})"},
      {event, R"({"event":""})", "400",
       R"({"text":"Event field cannot be blank","code":13,"invalid-event-number":0})"},
      {event + "?channel=a/b", R"({"event":1})", "400",
       R"({"text":"Invalid data channel","code":11})"},
      {"/services/collector/ack", R"({"acks":[0]})", "400",
       R"({"text":"Data channel is missing","code":10})"},
      {"/services/collector/ack?channel=a", R"({"acks":[-1]})", "400",
       R"({"text":"Invalid data format","code":6})"},
      {"/services/collector/ack?channel=a", R"({"acks":[0,1]})", "200",
       R"({"acks":{"0":false,"1":false}})"},
  };
  for (const HecCase& c : cases) {
    Bench bench;
    const std::string answer = bench.ask(post(c.path, c.body));
    EXPECT_EQ(status_of(answer), c.status) << c.path << ' ' << c.body;
    EXPECT_EQ(body_of(answer), c.answer) << c.path << ' ' << c.body;
  }
  Bench bench;
  EXPECT_EQ(body_of(bench.ask("GET /services/collector/health/1.0 HTTP/1.1\r\nHost: x\r\n\r\n")),
            R"({"text":"HEC is healthy","code":17})");
}

TEST(HttpInput, GoodHecEventsAreTakenBesideABadOne) {
  Bench bench;
  (void)bench.ask(post("/services/collector", R"({"event":1}{"x":2}{"event":3})"));
  EXPECT_EQ(bench.engine->wait_for(3), (Texts{R"({"event":1})", R"({"event":3})"}));
  EXPECT_EQ(bench.engine->bad(), Texts{R"({"x":2})"});
}

TEST(HttpInput, AnAckTellsThatARequestIsSafe) {
  Bench bench;
  bench.engine->hold_commits();
  const std::string channel = "X-Splunk-Request-Channel: 8d9e-guid\r\n";
  const std::string sent =
      body_of(bench.ask(post("/services/collector/event", R"({"event":{"a":1}})", channel)));
  const std::string prefix = R"({"text":"Success","code":0,"ackId":)";
  ASSERT_TRUE(sent.starts_with(prefix)) << sent;
  const std::string id = sent.substr(prefix.size(), sent.size() - prefix.size() - 1);
  const std::string question = R"({"acks":[)" + id + "]}";
  const auto ask = [&](const std::string& of) {
    return body_of(bench.ask(post("/services/collector/ack?channel=" + of, question)));
  };
  EXPECT_EQ(ask("8d9e-guid"), R"({"acks":{")" + id + R"(":false}})");
  (void)bench.engine->wait_for(1);
  bench.engine->commit(true);
  EXPECT_TRUE(PoppingEngine::wait_until(
      [&] { return ask("8d9e-guid") == R"({"acks":{")" + id + R"(":true}})"; }));
  EXPECT_EQ(ask("8d9e%2Dguid"), R"({"acks":{")" + id + R"(":true}})");
  EXPECT_EQ(ask("another"), R"({"acks":{")" + id + R"(":false}})");
}

TEST(HttpInput, AcksCanBeOff) {
  HttpInputSettings settings;
  settings.has_acks = false;
  Bench bench(settings);
  EXPECT_EQ(body_of(bench.ask(post("/services/collector/ack?channel=a", R"({"acks":[0]})"))),
            R"({"text":"ACK is disabled","code":14})");
  EXPECT_EQ(body_of(bench.ask(post("/services/collector?channel=a", R"({"event":1})"))), kSuccess);
}

// --- Who may

TEST(HttpInput, AsksForAToken) {
  HttpInputSettings settings;
  settings.token_hashes = {token_hash("other"), token_hash("s3cret")};
  Bench bench(settings);
  const auto with = [&](std::string_view path, const std::string& authorization) {
    const std::string header =
        authorization.empty() ? "" : "Authorization: " + authorization + "\r\n";
    return bench.ask(post(path, R"({"event":1})", header));
  };
  const std::string hec = "/services/collector";
  for (const char* good : {"Splunk s3cret", "bearer s3cret", "Basic eDpzM2NyZXQ="}) {
    EXPECT_EQ(status_of(with(hec, good)), "200") << good;
    EXPECT_EQ(status_of(with("/ingest", good)), "200") << good;
  }
  EXPECT_EQ(status_of(with(hec + "?token=s3cret", "")), "200");
  EXPECT_EQ(status_of(with(hec + "?a=1&token=s%33c%72et", "")), "200");
  EXPECT_EQ(status_of(with(hec + "?token=s3cret%", "")), "403");
  EXPECT_EQ(status_of(with(hec + "?token=s3cre%7", "")), "403");
  EXPECT_EQ(status_of(with(hec + "?token=s3cre%zz", "")), "403");
  EXPECT_EQ(status_of(with("/ingest?token=s3cret", "")), "401");
  EXPECT_EQ(body_of(with(hec, "")), R"({"text":"Token is required","code":2})");
  EXPECT_EQ(body_of(with(hec, "Digest x")), R"({"text":"Invalid authorization","code":3})");
  EXPECT_EQ(body_of(with(hec, "Basic ====")), R"({"text":"Invalid authorization","code":3})");
  EXPECT_EQ(body_of(with(hec, "Splunk s3cre")), R"({"text":"Invalid token","code":4})");
  EXPECT_EQ(status_of(with(hec, "Splunk s3cre")), "403");
  EXPECT_EQ(status_of(with("/ingest", "")), "401");
  EXPECT_EQ(status_of(with("/ingest", "Bearer s3cret ")), "200");  // RFC 9110: outer blanks go.
  EXPECT_EQ(status_of(with("/ingest", "Bearer " + token_hash("s3cret"))), "403");
}

TEST(HttpInput, TakesOtherTokensWhileItRuns) {
  HttpInputSettings settings;
  settings.token_hashes = {token_hash("old"), token_hash("kept")};
  Bench bench(settings);
  const auto status = [&](const std::string& token) {
    return status_of(bench.ask(post("/ingest", kThree, "Authorization: Bearer " + token + "\r\n")));
  };
  EXPECT_EQ(status("old"), "200");
  EXPECT_EQ(status("new"), "403");
  EXPECT_TRUE(bench.input->reload_tokens({token_hash("kept"), token_hash("new")}));
  EXPECT_EQ(status("old"), "403");
  EXPECT_EQ(status("kept"), "200");
  EXPECT_EQ(status("new"), "200");
  EXPECT_FALSE(bench.input->reload_tokens({"no hash"}));
  EXPECT_EQ(status("new"), "200");
}

TEST(HttpInput, AChannelBelongsToItsToken) {
  HttpInputSettings settings;
  settings.token_hashes = {token_hash("a"), token_hash("b")};
  Bench bench(settings);
  const std::string a = "Authorization: Splunk a\r\nX-Splunk-Request-Channel: c\r\n";
  const std::string b = "Authorization: Splunk b\r\nX-Splunk-Request-Channel: c\r\n";
  const std::string sent = body_of(bench.ask(post("/services/collector", R"({"event":1})", a)));
  const std::size_t colon = sent.rfind(':') + 1;
  const std::string id = sent.substr(colon, sent.size() - 1 - colon);
  const std::string question = R"({"acks":[)" + id + "]}";
  EXPECT_TRUE(PoppingEngine::wait_until([&] {
    return body_of(bench.ask(post("/services/collector/ack", question, a))).ends_with(":true}}");
  }));
  EXPECT_TRUE(
      body_of(bench.ask(post("/services/collector/ack", question, b))).ends_with("false}}"));
}

TEST(HttpInput, RefusesBrowsersWhereThereAreNoTokens) {
  Bench bench;
  EXPECT_EQ(status_of(bench.ask(post("/ingest", kThree, "Origin: http://evil.example\r\n"))),
            "403");
}

TEST(HttpInput, ListensOffLoopbackOnlyWithTlsAndProof) {
  HttpInputSettings settings;
  settings.listener.name = "http";
  settings.listener.listen = "0.0.0.0:8088";
  const Result<void> plain = HttpInput::check(settings);
  ASSERT_FALSE(plain);
  EXPECT_EQ(plain.error().code, ErrorCode::insecure_listener);
  EXPECT_NE(plain.error().message.find("tls.certificate"), std::string::npos)
      << plain.error().message;
  settings.listener.tls = {.certificate = "c.pem", .key = "k.pem", .client_ca = ""};
  const Result<void> anyone = HttpInput::check(settings);
  ASSERT_FALSE(anyone);
  EXPECT_EQ(anyone.error().code, ErrorCode::insecure_listener);
  EXPECT_NE(anyone.error().message.find("tokens_file"), std::string::npos)
      << anyone.error().message;
  settings.token_hashes = {token_hash("t")};
  EXPECT_TRUE(HttpInput::check(settings));
  settings.token_hashes = {"t"};
  EXPECT_EQ(HttpInput::check(settings).error().code, ErrorCode::bad_usage);
  for (const char* wrong : {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999", "host:1", ":1"}) {
    settings = {};
    settings.listener.listen = wrong;
    EXPECT_EQ(HttpInput::check(settings).error().code, ErrorCode::bad_usage) << wrong;
  }
}

TEST(HttpRequests, ALastChunkMayComeInPieces) {
  const std::string head = "POST /ingest HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string& body : Texts{"0\r\n\r\n", "2;a=b\r\n{}\r\n0\r\nX: y\r\n\r\n"}) {
    HttpRequest request;
    std::string got;
    request.on_body([&](std::string_view piece) {
      got += piece;
      return true;
    });
    std::string unused;
    for (const char byte : head + body) {
      unused.push_back(byte);
      unused.erase(0, request.put(unused));
    }
    EXPECT_EQ(request.state(), HttpRequest::State::done);
    EXPECT_EQ(unused, "");
    EXPECT_EQ(got, body.size() == 5 ? "" : "{}");
  }
}

// --- Hostile

struct HostileCase {
  std::string name;
  std::string request;
  std::string status;
};

TEST(HttpInput, RefusesHostileRequestsAndLives) {
  const std::string head = "POST /ingest HTTP/1.1\r\nHost: x\r\n";
  const std::string chunked = head + "Transfer-Encoding: chunked\r\n";
  const std::vector<HostileCase> cases = {
      {"length_and_chunked", chunked + "Content-Length: 4\r\n\r\n0\r\n\r\n", "400"},
      {"chunked_and_length",
       head + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
      {"two_lengths", head + "Content-Length: 4\r\nContent-Length: 5\r\n\r\n{}", "400"},
      {"negative_length", head + "Content-Length: -1\r\n\r\n", "400"},
      {"length_beyond_64_bits", head + "Content-Length: 99999999999999999999999\r\n\r\n", "400"},
      {"a_gigabyte", head + "Content-Length: 1073741824\r\n\r\n{}", "413"},
      {"other_encoding", head + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "501"},
      {"chunked_twice", chunked + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
      {"chunk_size_is_no_number", chunked + "\r\nxyz\r\n{}\r\n0\r\n\r\n", "400"},
      {"chunk_size_beyond_64_bits", chunked + "\r\nfffffffffffffffff\r\n{}", "400"},
      {"chunk_of_a_gigabyte", chunked + "\r\n40000000\r\n{}", "413"},
      {"chunk_without_end", chunked + "\r\n2\r\n{}xx0\r\n\r\n", "400"},
      {"chunk_extension_without_end", chunked + "\r\n2;a=" + std::string(40'000, 'x'), "400"},
      {"trailers_without_end", chunked + "\r\n0\r\nX: " + std::string(40'000, 'x'), "400"},
      {"header_without_end", head + "X: " + std::string(40'000, 'x'), "431"},
      {"line_without_end", "POST /" + std::string(40'000, 'x'), "431"},
      {"not_http", "\x16\x03\x01\x02\x05\x01\r\n\r\n", "400"},
      {"http_2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400"},
      {"get", "GET /ingest HTTP/1.1\r\nHost: x\r\n\r\n", "405"},
      {"trace", "TRACE /ingest HTTP/1.1\r\nHost: x\r\n\r\n", "405"},
      {"not_gzip", post("/ingest", kThree, "Content-Encoding: gzip\r\n"), "400"},
      {"torn_gzip", post("/ingest", gzip_of(kThree).substr(0, 20), "Content-Encoding: gzip\r\n"),
       "400"},
      {"unknown_encoding", post("/ingest", kThree, "Content-Encoding: br\r\n"), "415"},
      {"gzip_bomb",
       post("/ingest", gzip_of(std::string(std::size_t{32} << 20, ' ')),
            "Content-Encoding: gzip\r\n"),
       "413"},
      {"zstd_bomb",
       post("/ingest", zstd_of(std::string(std::size_t{32} << 20, ' ')),
            "Content-Encoding: zstd\r\n"),
       "413"},
      {"acks_without_end", post("/services/collector/ack?channel=a", std::string(2'000'000, '[')),
       "413"},
      {"deep_acks", post("/services/collector/ack?channel=a", std::string(900'000, '[')), "400"},
  };
  Bench bench;
  for (const HostileCase& c : cases) {
    EXPECT_EQ(status_of(bench.ask(c.request)), c.status) << c.name;
  }
  EXPECT_EQ(status_of(bench.ask(post("/ingest", kThree))), "200");
  EXPECT_EQ(bench.engine->wait_for(3), kThreeRecords);
}

/// What stands behind a refused request is not taken for another one.
TEST(HttpInput, NothingIsSmuggled) {
  Bench bench;
  LoopbackClient client(bench.input->port());
  client.send(
      "POST /ingest HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"
      "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" +
      post("/ingest", kThree));
  client.shutdown_send();
  const std::string answers = client.read_all();
  EXPECT_EQ(status_of(answers), "400");
  EXPECT_EQ(answers.find("HTTP/1.1", 1), std::string::npos);
  EXPECT_TRUE(bench.engine->records().empty());
}

TEST(HttpInput, PlainBytesAreBounded) {
  HttpInputSettings settings;
  settings.plain_bytes_max = 1000;
  Bench bench(settings);
  EXPECT_EQ(status_of(bench.ask(
                post("/ingest", gzip_of(std::string(1001, ' ')), "Content-Encoding: gzip\r\n"))),
            "413");
}

/// 60 kB of which there are 30,000 records take ten times as much.
TEST(HttpInput, WhatRecordsTakeIsBounded) {
  HttpInputSettings settings;
  settings.plain_bytes_max = 100'000;
  Bench bench(settings);
  std::string lines;
  for (int i = 0; i < 30'000; ++i) {
    lines += "7\n";
  }
  EXPECT_EQ(status_of(bench.ask(post("/ingest", lines))), "413");
  EXPECT_EQ(status_of(bench.ask(post("/ingest", gzip_of(lines), "Content-Encoding: gzip\r\n"))),
            "413");
  EXPECT_EQ(status_of(bench.ask(post("/ingest", lines.substr(0, 2'000)))), "200");
  EXPECT_EQ(bench.engine->wait_for(1'000).size(), 1'000U) << "and none of the large ones";
}

TEST(HttpInput, BytesInFlightAreBounded) {
  HttpInputSettings settings;
  settings.bytes_in_flight_max = 20;
  Bench bench(settings);
  LoopbackClient slow(bench.input->port());
  const std::string request = post("/ingest", "{\"EventID\":1}");
  slow.send(request.substr(0, request.size() - 1));
  ASSERT_TRUE(PoppingEngine::wait_until(
      [&] { return bench.input->counters().bytes == request.size() - 1; }));
  EXPECT_EQ(status_of(bench.ask(request)), "503");
  slow.send(request.substr(request.size() - 1));
  EXPECT_EQ(status_of(slow.read_answer()), "200");
  EXPECT_EQ(status_of(bench.ask(request)), "200");
}

TEST(HttpInput, SlowClientsAreClosed) {
  HttpInputSettings settings;
  settings.head_timeout = std::chrono::milliseconds{100};
  settings.body_timeout = std::chrono::milliseconds{100};
  Bench bench(settings);
  for (const char* start : {"POST /ingest HTTP/1.1\r\nX-",
                            "POST /ingest HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"}) {
    LoopbackClient slow(bench.input->port());
    slow.send(start);
    // A byte now and then does not help.
    EXPECT_TRUE(PoppingEngine::wait_until([&] { return !slow.send("x"); })) << start;
  }
}

TEST(HttpInput, WhoDoesNotAskIsClosedEarly) {
  HttpInputSettings settings;
  settings.first_request_timeout = std::chrono::milliseconds{100};
  settings.token_hashes = {token_hash("s3cret")};
  Bench bench(settings);
  LoopbackClient silent(bench.input->port());
  EXPECT_EQ(silent.read_all(), "");
  LoopbackClient denied(bench.input->port());
  denied.send(post("/ingest", kThree));
  EXPECT_EQ(status_of(denied.read_answer()), "401");
  EXPECT_EQ(denied.read_all(), "");
  LoopbackClient known(bench.input->port());
  const std::string request = post("/ingest", kThree, "Authorization: Bearer s3cret\r\n");
  known.send(request);
  EXPECT_EQ(status_of(known.read_answer()), "200");
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  known.send(request);
  EXPECT_EQ(status_of(known.read_answer()), "200");
}

TEST(HttpInput, A405NamesWhatIsAllowed) {
  Bench bench;
  const std::string health = "/services/collector/health";
  EXPECT_NE(bench.ask(post(health, "{}")).find("\r\nAllow: GET\r\n"), std::string::npos);
  EXPECT_NE(bench.ask("GET /ingest HTTP/1.1\r\nHost: x\r\n\r\n").find("\r\nAllow: POST\r\n"),
            std::string::npos);
}

TEST(HttpInput, TheCaseOfAnEncodingDoesNotMatter) {
  Bench bench;
  EXPECT_EQ(status_of(bench.ask(post("/ingest", gzip_of(kThree), "Content-Encoding: GZip\r\n"))),
            "200");
  EXPECT_EQ(bench.engine->wait_for(3), kThreeRecords);
}

TEST(HttpInput, ConnectionsOfAnAddressAreBounded) {
  HttpInputSettings settings;
  settings.listener.connections_per_address_max = 2;
  std::mutex mutex;
  Texts warnings;
  settings.listener.warn = [&](std::string_view text) {
    const std::lock_guard lock(mutex);
    warnings.emplace_back(text);
  };
  Bench bench(settings);
  {
    LoopbackClient first(bench.input->port());
    LoopbackClient second(bench.input->port());
    ASSERT_TRUE(
        PoppingEngine::wait_until([&] { return bench.input->counters().connections == 2; }));
    LoopbackClient third(bench.input->port());
    EXPECT_EQ(third.read_all(), "");
    const std::lock_guard lock(mutex);
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_NE(warnings[0].find("more than 2 connections from 127.0.0.1"), std::string::npos);
  }
  EXPECT_TRUE(
      PoppingEngine::wait_until([&] { return bench.input->counters().connections_open == 0; }));
  EXPECT_EQ(status_of(bench.ask(post("/ingest", kThree))), "200");
}

}  // namespace
}  // namespace spoor
