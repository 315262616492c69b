#include "cli/sink_settings.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

namespace spoor {
namespace {

namespace fs = std::filesystem;

class SinkSettings : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("spoor_sinks_" + std::to_string(getpid()));
    fs::create_directories(folder_);
  }

  void TearDown() override { fs::remove_all(folder_); }

  std::string write(const char* name,
                    const std::string& text,
                    fs::perms perms = fs::perms::owner_read | fs::perms::owner_write) const {
    std::string path = (folder_ / name).string();
    std::ofstream(path) << text;
    fs::permissions(path, perms);
    return path;
  }

  SinkConfigs load(const std::string& text) {
    problems_.clear();
    Result<SinkConfigs> sinks = load_sinks(write("sinks.yaml", text), problems_);
    EXPECT_TRUE(sinks);
    return sinks ? std::move(*sinks) : SinkConfigs{};
  }

  /// The first problem as "line:column: message; hint".
  std::string problem(const std::string& text) {
    load(text);
    if (problems_.empty()) {
      return "";
    }
    const Diagnostic& first = problems_.front();
    return std::to_string(first.position.line) + ":" + std::to_string(first.position.column) +
           ": " + first.message + (first.hint.empty() ? "" : "; " + first.hint);
  }

  fs::path folder_;
  std::vector<Diagnostic> problems_;
};

TEST_F(SinkSettings, AreReadWithTheirSecrets) {
  const std::string secret = write("secret", "0123456789abcdef\n");
  const std::string key = write("key", "Bearer xyz\n");
  const SinkConfigs sinks = load(
      "sinks:\n"
      "  - name: shuffle\n"
      "    type: webhook\n"
      "    url: https://shuffle.example/hook\n"
      "    secret_file: " +
      secret +
      "\n"
      "    min_level: high\n"
      "    final_only: true\n"
      "    timeout: 3s\n"
      "    attempts: 5\n"
      "    dead_letters: letters.ndjson\n"
      "  - {name: hive, type: thehive, url: \"https://hive/\", "
      "authorization_file: " +
      key + "}\n");
  ASSERT_TRUE(problems_.empty()) << render(problems_.front());
  ASSERT_EQ(sinks.size(), 2U);
  EXPECT_EQ(sinks[0].name, "shuffle");
  EXPECT_EQ(sinks[0].credentials.secret, "0123456789abcdef");
  EXPECT_EQ(sinks[0].min_level, Level::high);
  EXPECT_TRUE(sinks[0].final_only);
  EXPECT_EQ(sinks[0].timeout, std::chrono::seconds(3));
  EXPECT_EQ(sinks[0].attempts, 5U);
  EXPECT_EQ(sinks[1].kind, SinkKind::thehive);
  EXPECT_EQ(sinks[1].url, "https://hive");
  EXPECT_EQ(sinks[1].credentials.authorization, "Bearer xyz");

  write("secret", "fedcba9876543210\n");
  write("key", "Bearer zyx\n");
  EXPECT_EQ(read_sink_credentials(sinks[0])->secret, "fedcba9876543210");
  EXPECT_EQ(read_sink_credentials(sinks[1])->authorization, "Bearer zyx");
  write("secret", "short\n");
  Result<SinkCredentials> again = read_sink_credentials(sinks[0]);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().message.find(secret + ": "), 0U) << again.error().message;
  fs::remove(key);
  again = read_sink_credentials(sinks[1]);
  ASSERT_FALSE(again);
  EXPECT_NE(again.error().message.find("cannot read " + key), std::string::npos);
}

TEST_F(SinkSettings, AnAddressMayBeAFilesSecret) {
  const std::string file = write("url", "https://x.example/secret\n");
  const auto text = [&file](const std::string& rest) {
    return "sinks: [{name: a, type: webhook, url_file: " + file + rest + "}]\n";
  };
  const SinkConfigs sinks = load(text(""));
  ASSERT_TRUE(problems_.empty()) << render(problems_.front());
  EXPECT_EQ(sinks.at(0).url, "https://x.example/secret");
  write("url", "https://x.example/other\n");
  EXPECT_EQ(read_sink_credentials(sinks[0])->url, "https://x.example/other");
  write("url", "http://x.example/secret\n");
  const Result<SinkCredentials> again = read_sink_credentials(sinks[0]);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().message.find(file + ": findings, and"), 0U) << again.error().message;
  EXPECT_EQ(again.error().message.find("secret"), std::string::npos);
  write("url", "secret\n");
  EXPECT_NE(problem(text("")).find("it holds no address of a web service"), std::string::npos);
  EXPECT_EQ(problem(text("")).find("secret"), std::string::npos);
  EXPECT_NE(problem(text(", url: \"https://x\"")).find("not both"), std::string::npos);
}

TEST_F(SinkSettings, MistakesAreToldWithTheirPlace) {
  const auto sink = [](const std::string& rest) {
    return "sinks:\n  - {name: a, type: webhook, url: \"https://x\"" + rest + "}\n";
  };
  EXPECT_EQ(problem("sink: []\n"), "1:1: the file of sinks has no 'sink'; did you mean 'sinks'?");
  EXPECT_TRUE(problem("").ends_with("}]")) << problem("");
  EXPECT_EQ(problem("sinks: 7\n").substr(0, 21), "1:8: sinks are a list");
  EXPECT_EQ(problem("sinks: [7]\n"), "1:9: a sink is a map, not a single value");
  EXPECT_EQ(problem(sink(", timeuot: 3s")),
            "2:48: a sink has no 'timeuot'; did you mean 'timeout'?");
  EXPECT_EQ(problem(sink(", timeout: 3")).substr(0, 31), "2:57: '3' is no duration; write");
  EXPECT_EQ(problem(sink(", attempts: 0")).substr(0, 40),
            "2:58: attempts is a whole number from 1 ");
  EXPECT_EQ(problem(sink(", final_only: maybe")), "2:60: final_only is true or false, not 'maybe'");
  EXPECT_EQ(problem(sink(", min_level: hihg")).substr(0, 31), "2:59: 'hihg' is no min_level; t");
  EXPECT_EQ(problem("sinks: [{type: webhook, url: \"https://x\"}]\n"), "1:9: a sink needs 'name'");
  EXPECT_EQ(problem("sinks: [{name: a, url: \"https://x\"}]\n"), "1:9: a sink needs 'type'");
  EXPECT_EQ(problem("sinks: [{name: a, type: webhook}]\n"),
            "1:9: a sink needs 'url' or 'url_file'");
  EXPECT_EQ(
      problem("sinks: [{name: a, type: webhook, url: \"x/y?token=canary\"}]\n").find("canary"),
      std::string::npos);
  EXPECT_NE(problem("sinks: [{name: a, type: webhok, url: \"https://x\"}]\n")
                .find("did you mean 'webhook'"),
            std::string::npos);
  EXPECT_NE(problem("sinks:\n- {name: a, type: webhook, url: \"https://x\"}\n"
                    "- {name: a, type: webhook, url: \"https://y\"}\n")
                .find("3:3: there is a sink 'a' already"),
            std::string::npos);
}

TEST_F(SinkSettings, NothingGoesOutUnencryptedUnasked) {
  const auto sink = [](const std::string& url, const std::string& rest = "") {
    return "sinks: [{name: a, type: webhook, url: \"" + url + "\"" + rest + "}]\n";
  };
  EXPECT_NE(problem(sink("http://soar.example/x")).find("unencrypted"), std::string::npos);
  EXPECT_NE(problem(sink("ftp://soar.example/x")).find("no address of a web service"),
            std::string::npos);
  EXPECT_EQ(problem(sink("http://127.0.0.1:1/x")), "");
  EXPECT_EQ(problem(sink("http://soar.example/x", ", insecure_plaintext: true")), "");
}

TEST_F(SinkSettings, SecretsAreChecked) {
  const auto sink = [](const std::string& path) {
    return "sinks: [{name: a, type: webhook, url: \"https://x\", secret_file: " + path + "}]\n";
  };
  EXPECT_NE(problem(sink("/nowhere")).find("cannot read /nowhere"), std::string::npos);
  EXPECT_NE(problem(sink(write("short", "x\n"))).find("less than 16 bytes"), std::string::npos);
  EXPECT_NE(problem(sink(write("empty", "\n"))).find("is empty"), std::string::npos);
  const std::string open =
      write("open", "0123456789abcdef\n",
            fs::perms::owner_read | fs::perms::owner_write | fs::perms::others_read);
  EXPECT_NE(problem(sink(open)).find("chmod 600"), std::string::npos);
}

}  // namespace
}  // namespace spoor
