#include "ingest/tcp_input.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/ingest/loopback.h"

namespace spoor {
namespace {

using Texts = std::vector<std::string>;

struct Bench {
  explicit Bench(TcpInputSettings settings = {}, std::size_t queue_bytes = std::size_t{1} << 20)
      : queue(queue_bytes), runtime(queue) {
    settings.listener.warn = [this](std::string_view text) {
      const std::lock_guard lock(mutex);
      warnings.emplace_back(text);
    };
    Result<std::unique_ptr<TcpInput>> created = TcpInput::create(runtime, std::move(settings));
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

  /// All of one connection, closed in order by the client; returns when the server closed too.
  void send_all(std::string_view bytes) const {
    LoopbackClient client(input->port());
    client.send(bytes);
    client.shutdown_send();
    EXPECT_EQ(client.read_all(), "");
  }

  [[nodiscard]] Texts warned() {
    const std::lock_guard lock(mutex);
    return warnings;
  }

  std::mutex mutex;
  Texts warnings;
  IngestQueue queue;
  IngestRuntime runtime;
  std::unique_ptr<TcpInput> input;
  std::optional<PoppingEngine> engine;
};

constexpr std::string_view kTwo = "{\"EventID\":1}\n{\"EventID\":7}";
const Texts kTwoRecords = {"{\"EventID\":1}", "{\"EventID\":7}"};

TEST(TcpInput, TakesEachFramingAndCompression) {
  for (const std::string& bytes : Texts{
           std::string(kTwo), "13 {\"EventID\":1}\n13 {\"EventID\":7}", gzip_of(kTwo),
           zstd_of(kTwo), gzip_of("{\"EventID\":1}\n") + gzip_of("{\"EventID\":7}\n"),
           std::string("<13>1 - - - - - - {\"EventID\":1}\n<13>1 - - - - - - {\"EventID\":7}\n")}) {
    Bench bench;
    bench.send_all(bytes);
    EXPECT_EQ(bench.engine->wait_for(2), kTwoRecords) << bytes;
    EXPECT_EQ(bench.input->counters().records, 2U);
    EXPECT_EQ(bench.input->counters().bytes, bytes.size());
    EXPECT_TRUE(bench.warned().empty());
  }
}

TEST(TcpInput, AMagicByByteIsStillOne) {
  Bench bench;
  LoopbackClient client(bench.input->port());
  std::uint64_t sent = 0;
  for (const char byte : gzip_of(kTwo)) {
    client.send(std::string_view(&byte, 1));
    ++sent;
    ASSERT_TRUE(PoppingEngine::wait_until([&] { return bench.input->counters().bytes == sent; }));
  }
  client.shutdown_send();
  EXPECT_EQ(client.read_all(), "");
  EXPECT_EQ(bench.engine->wait_for(2), kTwoRecords);
}

TEST(TcpInput, AConnectionThatIsResetTearsItsLastLine) {
  Bench bench;
  LoopbackClient client(bench.input->port());
  client.send(kTwo);
  ASSERT_TRUE(
      PoppingEngine::wait_until([&] { return bench.input->counters().bytes == kTwo.size(); }));
  client.reset();
  EXPECT_EQ(bench.engine->wait_for(2), Texts{"{\"EventID\":1}"});
  EXPECT_EQ(bench.engine->bad(), Texts{"{\"EventID\":7}"});
}

/// What the queue has no room for stays with the sender, and nothing is lost.
TEST(TcpInput, AFullQueueStallsTheSender) {
  Bench bench({}, 100'000);
  bench.engine->pause();
  std::string lines;
  for (int number = 0; number < 1000; ++number) {
    lines += R"({"EventID":1,"number":)" + std::to_string(number) + "}\n";
  }
  constexpr std::size_t kFarTooMuch = std::size_t{256} << 20;
  LoopbackClient client(bench.input->port());
  const std::size_t sent = client.send_until_stalled(
      lines, kFarTooMuch, [&] { return bench.input->counters().stalls > 0; });
  ASSERT_LT(sent, kFarTooMuch);
  EXPECT_GE(bench.input->counters().stalls, 1U);
  EXPECT_LE(bench.queue.bytes(), 100'000U + 200'000U);
  bench.engine->go_on();
  client.shutdown_send();
  EXPECT_EQ(client.read_all(), "");
  const auto whole = static_cast<std::size_t>(std::count(lines.begin(), lines.end(), '\n') *
                                              static_cast<std::ptrdiff_t>(sent / lines.size()));
  const auto part = static_cast<std::size_t>(std::count(
      lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(sent % lines.size()), '\n'));
  const std::size_t rest =
      sent % lines.size() == 0 || lines[sent % lines.size() - 1] == '\n' ? 0 : 1;
  EXPECT_EQ(bench.engine->wait_for(whole + part + rest).size(), whole + part + rest);
}

TEST(TcpInput, WaitingSendersAllGoOn) {
  Bench bench({}, 1000);
  bench.engine->pause();
  std::vector<std::unique_ptr<LoopbackClient>> clients;
  for (int number = 0; number < 20; ++number) {
    clients.push_back(std::make_unique<LoopbackClient>(bench.input->port()));
    clients.back()->send(R"({"EventID":1,"pad":")" + std::string(400, 'x') + "\"}\n");
    clients.back()->shutdown_send();
  }
  ASSERT_TRUE(PoppingEngine::wait_until([&] { return bench.input->counters().stalls >= 10; }));
  bench.engine->go_on();
  EXPECT_EQ(bench.engine->wait_for(20).size(), 20U);
}

TEST(TcpInput, TlsOnAPlainPortIsToldOnceInAWhile) {
  Bench bench;
  for (int number = 0; number < 3; ++number) {
    bench.send_all("\x16\x03\x01");
  }
  EXPECT_EQ(bench.input->counters().streams_failed, 3U);
  ASSERT_EQ(bench.warned().size(), 2U);
  EXPECT_NE(bench.warned()[0].find("TLS on a plain port: set tls.certificate"), std::string::npos);
}

TEST(TcpInput, BadCompressionKeepsWhatCameBefore) {
  Bench bench;
  const std::string good = gzip_of("{\"EventID\":1}\n{\"EventID\":7}\n{\"Eve");
  LoopbackClient client(bench.input->port());
  client.send(good + "garbage");
  client.shutdown_send();
  (void)client.read_all();
  EXPECT_EQ(bench.engine->wait_for(3), kTwoRecords);
  EXPECT_EQ(bench.engine->bad(), Texts{"{\"Eve"});
  EXPECT_EQ(bench.input->counters().streams_failed, 1U);
}

TEST(TcpInput, ABombIsRefused) {
  TcpInputSettings settings;
  settings.expansion = {.ratio_max = 100, .floor_bytes = 1 << 20};
  Bench bench(settings);
  LoopbackClient client(bench.input->port());
  client.send(gzip_of(std::string(std::size_t{16} << 20, '\n')));
  (void)client.read_all();
  EXPECT_EQ(bench.input->counters().streams_failed, 1U);
  ASSERT_EQ(bench.warned().size(), 1U);
  EXPECT_NE(bench.warned()[0].find("bomb"), std::string::npos);
}

TEST(TcpInput, IdleConnectionsAreClosedIfThatIsAskedFor) {
  TcpInputSettings settings;
  settings.idle_timeout = std::chrono::milliseconds{50};
  settings.first_byte_timeout = std::chrono::milliseconds{50};
  Bench bench(settings);
  LoopbackClient silent(bench.input->port());
  EXPECT_EQ(silent.read_all(), "");
  LoopbackClient idle(bench.input->port());
  idle.send(kTwo);
  EXPECT_EQ(idle.read_all(), "");
}

TEST(TcpInput, StopsTakingWhenTold) {
  Bench bench;
  LoopbackClient client(bench.input->port());
  client.send("{\"EventID\":1}\n{\"Event");
  ASSERT_TRUE(PoppingEngine::wait_until([&] { return bench.input->counters().bytes == 21; }));
  bench.runtime.stop_accepting();
  EXPECT_EQ(client.read_all(), "");
  EXPECT_EQ(bench.engine->wait_for(2), Texts{"{\"EventID\":1}"});
}

TEST(TcpInput, ListensOffLoopbackOnlyWithClientCertificates) {
  TcpInputSettings settings;
  settings.listener.name = "shippers";
  for (const char* listen : {"0.0.0.0:5514", "[::]:5514", "192.0.2.1:5514"}) {
    settings.listener.listen = listen;
    settings.listener.tls = {};
    const Result<void> plain = TcpInput::check(settings);
    ASSERT_FALSE(plain);
    EXPECT_EQ(plain.error().code, ErrorCode::insecure_listener);
    EXPECT_TRUE(plain.error().message.starts_with("listen: ")) << plain.error().message;
    settings.listener.tls = {.certificate = "c.pem", .key = "k.pem", .client_ca = ""};
    const Result<void> anyone = TcpInput::check(settings);
    ASSERT_FALSE(anyone);
    EXPECT_EQ(anyone.error().code, ErrorCode::insecure_listener);
    EXPECT_NE(anyone.error().message.find("tls.client_ca"), std::string::npos);
    settings.listener.tls.client_ca = "ca.pem";
    EXPECT_TRUE(TcpInput::check(settings));
  }
  for (const char* listen : {"127.0.0.1:0", "[::1]:0", "localhost:0", "127.8.8.8:1"}) {
    settings.listener.listen = listen;
    settings.listener.tls = {};
    EXPECT_TRUE(TcpInput::check(settings)) << listen;
  }
}

TEST(TcpInput, AnAddressThatIsTakenIsAnError) {
  Bench bench;
  IngestQueue queue(1000);
  IngestRuntime runtime(queue);
  TcpInputSettings settings;
  settings.listener.listen = "127.0.0.1:" + std::to_string(bench.input->port());
  const auto second = TcpInput::create(runtime, settings);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::bus);
}

TEST(TcpInput, AnInputNeedNotBeStarted) {
  IngestQueue queue(1000);
  IngestRuntime runtime(queue);
  const auto input = TcpInput::create(runtime, {});
  ASSERT_TRUE(input);
  EXPECT_NE((*input)->port(), 0);
}

}  // namespace
}  // namespace spoor
