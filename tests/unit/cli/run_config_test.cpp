#include "cli/run_config.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

namespace spoor {
namespace {

namespace fs = std::filesystem;

class RunConfigs : public testing::Test {
 protected:
  void SetUp() override {
    path_ =
        (fs::temp_directory_path() / ("spoor_run_" + std::to_string(getpid()) + ".yaml")).string();
  }

  void TearDown() override { fs::remove(path_); }

  RunConfig load(const std::string& text) {
    std::ofstream(path_) << text;
    problems_.clear();
    Result<RunConfig> config = load_run_config(path_, problems_);
    EXPECT_TRUE(config);
    return config ? std::move(*config) : RunConfig{};
  }

  /// All problems as "line:column: message; hint".
  std::vector<std::string> problems(const std::string& text) {
    load(text);
    std::vector<std::string> told;
    for (const Diagnostic& problem : problems_) {
      told.push_back(std::to_string(problem.position.line) + ":" +
                     std::to_string(problem.position.column) + ": " + problem.message +
                     (problem.hint.empty() ? "" : "; " + problem.hint));
    }
    return told;
  }

  std::string path_;
  std::vector<Diagnostic> problems_;
};

constexpr const char* kWhole = R"(state: /var/lib/spoor
rules: [a/, b.yml]
inputs:
  - {name: shippers, type: tcp, listen: "127.0.0.1:5514", connections: 7}
  - name: http
    type: http
    listen: "[::1]:8088"
    tls: {certificate: c.pem, key: k.pem, client_ca: ca.pem}
    tokens_file: tokens
    idle_timeout: 30s
bus: {publish: "tcp://127.0.0.1:5556", replay: "tcp://127.0.0.1:5557"}
sinks: [{name: soar, type: webhook, url: "https://x/", min_level: high}]
lateness: {agent_stream: 5s}
late_policy: revise
processes: {max: 5000, memory: 3MiB}
admin: 127.0.0.1:9600
queue: 64MiB
drain: 3s
log: {format: json, level: debug}
)";

TEST_F(RunConfigs, AreReadWhole) {
  const RunConfig config = load(kWhole);
  ASSERT_TRUE(problems_.empty()) << render(problems_.front());
  EXPECT_EQ(config.state, "/var/lib/spoor");
  EXPECT_EQ(config.rules, (std::vector<std::string>{"a/", "b.yml"}));
  ASSERT_EQ(config.inputs.size(), 2U);
  EXPECT_EQ(config.inputs[0].type, InputType::tcp);
  EXPECT_EQ(config.inputs[0].listen.address, "127.0.0.1");
  EXPECT_EQ(config.inputs[0].listen.port, 5514);
  EXPECT_EQ(config.inputs[0].listen.connections, 7U);
  EXPECT_EQ(config.inputs[1].type, InputType::http);
  EXPECT_EQ(config.inputs[1].listen.address, "::1");
  EXPECT_EQ(config.inputs[1].listen.tls_client_ca, "ca.pem");
  EXPECT_EQ(config.inputs[1].listen.tokens_file, "tokens");
  EXPECT_EQ(config.inputs[1].listen.idle_timeout, std::chrono::seconds(30));
  EXPECT_EQ(config.bus.replay, "tcp://127.0.0.1:5557");
  ASSERT_EQ(config.sinks.size(), 1U);
  EXPECT_EQ(config.lateness.agent_stream, 5 * kNanosPerSecond);
  EXPECT_EQ(config.lateness.batched_export, Lateness{}.batched_export);
  EXPECT_EQ(config.lateness.policy, LatePolicy::revise);
  EXPECT_EQ(config.processes_max, 5'000U);
  EXPECT_EQ(config.process_bytes_max, 3U << 20U);
  EXPECT_EQ(config.admin_port, 9600);
  EXPECT_EQ(config.queue_bytes, 64U << 20U);
  EXPECT_EQ(config.drain, std::chrono::seconds(3));
  EXPECT_EQ(config.log_format, LogFormat::json);
  EXPECT_TRUE(config.log_debug);
}

constexpr const char* kFetched = R"(
state: s
inputs:
  - {name: z, type: zmq, socket: sub, connect: [tcp://127.0.0.1:1], topics: [edr.]}
  - {name: k, type: kafka, brokers: [a:1, b:2], topics: edr, start: end, options: {security.protocol: ssl}}
  - {name: f, type: folder, path: /spool/, pattern: "*.gz", after: move, move_to: /done, settle: 5s}
)";

TEST_F(RunConfigs, InputsThatFetchAreRead) {
  const RunConfig config = load(kFetched);
  ASSERT_TRUE(problems_.empty()) << render(problems_.front());
  ASSERT_EQ(config.inputs.size(), 3U);
  EXPECT_EQ(config.inputs[0].zmq.socket, ZmqInputSettings::Socket::sub);
  EXPECT_EQ(config.inputs[0].zmq.topics, std::vector<std::string>{"edr."});
  EXPECT_EQ(config.inputs[1].kafka.brokers, (std::vector<std::string>{"a:1", "b:2"}));
  EXPECT_EQ(config.inputs[1].kafka.group, "spoor");
  EXPECT_EQ(config.inputs[1].kafka.start, KafkaInputSettings::Start::end);
  EXPECT_EQ(config.inputs[1].kafka.options.at("security.protocol"), "ssl");
  EXPECT_EQ(config.inputs[2].folder.folder, "/spool");
  EXPECT_EQ(config.inputs[2].folder.after, FileAfter::move);
  EXPECT_EQ(config.inputs[2].folder.settle, std::chrono::seconds(5));
}

TEST_F(RunConfigs, MistakesInInputsThatFetchAreToldWhereTheyAre) {
  const struct {
    const char* input;
    const char* want;
  } cases[] = {
      {"{name: x, type: folders}", "'folders' is no type"},
      {"{name: x, type: folder, path: a, listen: 1}", "an input of type folder has no 'listen'"},
      {"{name: x, type: folder, path: a, after: move}", "'move_to' belongs to"},
      {"{name: x, type: kafka, brokers: a}", "an input of type kafka needs 'topics'"},
      {"{name: x, type: kafka, brokers: a, topics: b, options: {nonsense: 1}}", "nonsense"},
      {"{name: x, type: zmq}", "needs 'bind' or 'connect'"},
      {"{name: x, type: zmq, bind: here}", "'here' is not a bus endpoint"},
  };

  for (const auto& test : cases) {
    problems_.clear();
    static_cast<void>(load(std::string("state: s\ninputs:\n  - ") + test.input + "\n"));
    ASSERT_EQ(problems_.size(), 1U) << test.input;
    EXPECT_NE(problems_[0].message.find(test.want), std::string::npos) << problems_[0].message;
    EXPECT_EQ(problems_[0].position.line, 3U) << test.input;
  }
}

TEST_F(RunConfigs, SinksArePrintedWhole) {
  const std::string secret = path_ + ".secret";
  std::ofstream(secret) << "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n";
  fs::permissions(secret, fs::perms::owner_read);
  const std::string printed = render_run_config(
      load("state: s\ninputs: [{name: a, type: tcp, listen: '127.0.0.1:1'}]\nsinks: [{name: a, "
           "type: webhook, url: 'http://soar.example/', insecure_plaintext: true, ca_file: ca.pem, "
           "dead_letters: dead, secret_file: '" +
           secret + "', authorization_file: '" + secret + "'}]\n"));
  EXPECT_TRUE(problems_.empty());
  const RunConfig again = load(printed);
  ASSERT_TRUE(problems_.empty()) << render(problems_.front()) << printed;
  EXPECT_EQ(render_run_config(again), printed);
  const SinkConfig& sink = again.sinks.at(0);
  EXPECT_EQ(sink.ca_file, "ca.pem");
  EXPECT_EQ(sink.dead_letters, "dead");
  EXPECT_EQ(sink.secret_file, secret);
  EXPECT_FALSE(sink.credentials.secret.empty());
  EXPECT_EQ(printed.find("whsec"), std::string::npos);
  fs::remove(secret);
}

TEST_F(RunConfigs, SecretsAreRefusedAndNotShown) {
  for (const std::string name :
       {"sasl.password", "ssl.key.password", "ssl.key.pem", "ssl.keystore.password",
        "sasl.oauthbearer.client.secret", "sasl.oauthbearer.config"}) {
    problems_.clear();
    static_cast<void>(load("state: s\ninputs:\n  - name: k\n    type: kafka\n    brokers: b\n" +
                           std::string("    topics: t\n    options:\n      ") + name +
                           ": hunter2\n"));
    ASSERT_EQ(problems_.size(), 1U) << name;
    EXPECT_EQ(problems_[0].message, "'" + name + "' is a secret: not in here");
    EXPECT_EQ(problems_[0].position.line, 8U);
    EXPECT_EQ(problems_[0].position.column, 7U);
    EXPECT_NE(problems_[0].hint.find("secret_files: {" + name), std::string::npos);
    EXPECT_EQ(render(problems_[0]).find("hunter2"), std::string::npos) << render(problems_[0]);
  }
  problems_.clear();
  static_cast<void>(
      load("state: s\ninputs: [{name: a, type: tcp, listen: '127.0.0.1:1'}]\n"
           "sinks: [{name: a, type: webhook, url: 'https://x', secret: hunter2}]"));
  ASSERT_EQ(problems_.size(), 1U);
  EXPECT_EQ(render(problems_[0]).find("hunter2"), std::string::npos) << render(problems_[0]);
}

TEST_F(RunConfigs, TheEnvironmentAndTheCommandLineStandOverTheFile) {
  const char* environment[] = {"PATH=/bin",
                               "SPOOR_BINARY=x",
                               "SPOOR__LOG__LEVEL=debug",
                               "SPOOR__RULES=[a, b]",
                               "SPOOR__INPUTS__0__LISTEN=127.0.0.1:77",
                               nullptr};
  std::vector<ConfigOverride> overrides = overrides_of_environment(environment);
  ASSERT_EQ(overrides.size(), 3U);
  overrides.push_back(*parse_override("drain=7s"));
  overrides.push_back(*parse_override("log.format=json"));
  overrides.push_back(*parse_override("inputs.0.listen=127.0.0.1:78"));
  const RunConfig config = read_run_config(
      {.path = "f", .content = "state: s\ninputs: [{name: a, type: tcp, listen: '127.0.0.1:1'}]"},
      problems_, overrides);
  ASSERT_TRUE(problems_.empty()) << render(problems_.front());
  EXPECT_TRUE(config.log_debug);
  EXPECT_EQ(config.log_format, LogFormat::json);
  EXPECT_EQ(config.rules, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(config.drain, std::chrono::seconds(7));
  EXPECT_EQ(config.inputs.at(0).listen.port, 78);
}

TEST_F(RunConfigs, WhatIsWrongWithSettingsFromElsewhereIsToldWithThem) {
  const struct {
    const char* written;
    const char* want;
  } cases[] = {
      {"log.level=debg",
       "f:3:11: error: 'debg' is no level; there are info, debug\n"
       "    3 | log.level=debg\n      |           ^\n"},
      {"stat=x", "f:3:1: error: the configuration has no 'stat'"},
      {"inputs.7.listen=x", "f:3:1: error: there is no 'inputs.7.listen' to set"},
      {"state.x=y", "f:3:1: error: there is no 'state.x' to set"},
      {"rules=[a", "f:3:7: error: "},
  };

  for (const auto& test : cases) {
    problems_.clear();
    static_cast<void>(read_run_config(
        {.path = "f", .content = "state: s\ninputs: [{name: a, type: tcp, listen: '127.0.0.1:1'}]"},
        problems_, {*parse_override(test.written)}));
    ASSERT_EQ(problems_.size(), 1U) << test.written;
    EXPECT_EQ(render(problems_[0]).substr(0, std::string(test.want).size()), test.want);
  }
  EXPECT_FALSE(parse_override("nonsense"));
  EXPECT_FALSE(parse_override("=x"));
}

TEST_F(RunConfigs, WhatIsPrintedReadsAsTheSame) {
  for (const char* whole : {kWhole, kFetched}) {
    const std::string printed = render_run_config(load(whole));
    const RunConfig again = load(printed);
    ASSERT_TRUE(problems_.empty()) << render(problems_.front()) << printed;
    EXPECT_EQ(render_run_config(again), printed);
  }
}

TEST_F(RunConfigs, MistakesAreAllToldWithTheirPlace) {
  using Told = std::vector<std::string>;
  EXPECT_EQ(problems("stat: x\n"),
            (Told{"1:1: the configuration has no 'stat'; did you mean 'state'?",
                  "1:1: the configuration needs 'state'",
                  "1:1: the configuration needs 'inputs'; inputs: [{name: shippers, type: tcp, "
                  "listen: 127.0.0.1:5514}]"}));
  EXPECT_EQ(problems("state: x\ninputs:\n  - {name: a, type: udp, listen: 127.0.0.1:1}\n"),
            (Told{"3:21: 'udp' is no type; there are tcp, http, zmq, kafka, folder"}));
  EXPECT_EQ(problems("state: x\ninputs:\n  - {name: a, type: tcp, listen: localhost:1}\n"),
            (Told{"3:34: 'localhost:1' is no address to listen on; write an IP address and a port: "
                  "127.0.0.1:5514, [::1]:5514"}));
  EXPECT_EQ(
      problems("state: x\ninputs:\n  - {name: a, type: tcp, adress: x, listen: 127.0.0.1:1}\n"),
      (Told{"3:26: an input of type tcp has no 'adress'; it has: name, type, listen, tls, "
            "connections, connections_per_address, idle_timeout"}));
  EXPECT_EQ(problems("state: x\ninputs:\n  - {name: a, type: tcp, listen: 127.0.0.1:1}\n"
                     "  - {name: b, type: tcp, listen: 127.0.0.1:1}\n"),
            (Told{"4:5: 'a' listens there already"}));
  EXPECT_EQ(
      problems("state: x\nqueue: 3MB\ninputs:\n  - {name: a, type: tcp, listen: 127.0.0.1:1}\n"),
      (Told{"2:8: '3MB' is no size; write a whole number and KiB, MiB or GiB: 256MiB"}));
  EXPECT_EQ(problems(""), (Told{"1:1: there is no configuration in it"}));
}

TEST(ListenAddresses, AreAnAddressAndAPort) {
  EXPECT_EQ(parse_listen_address("[::1]:80")->address, "::1");
  EXPECT_EQ(parse_listen_address("0.0.0.0:0")->port, 0);
  for (const char* text : {"", "80", ":80", "localhost:80", "127.0.0.1", "127.0.0.1:", "::1:80",
                           "127.0.0.1:65536", "127.0.0.1:8x", "[127.0.0.1]:80"}) {
    EXPECT_FALSE(parse_listen_address(text)) << text;
  }
}

}  // namespace
}  // namespace spoor
