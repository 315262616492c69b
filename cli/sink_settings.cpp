#include "cli/sink_settings.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "cli/config_map.h"
#include "cli/secret_file.h"
#include "cli/secret_mask.h"
#include "engine/rule/load.h"
#include "engine/sink/webhook_signature.h"
#include "engine/state/consumer_store.h"

namespace spoor {
namespace {

constexpr std::string_view kExample =
    "sinks: [{name: shuffle, type: webhook, url: \"https://…\", secret_file: /etc/spoor/x}]";

const std::vector<std::string_view> kLevelWords{"informational", "low", "medium", "high",
                                                "critical"};

struct UrlProblem {
  std::string what;
  std::string hint;
};

/// Only encrypted, unless it stays on this machine or somebody takes it upon himself. `is_secret`:
/// the address as a whole.
std::optional<UrlProblem> check_url(const std::string& url, bool is_secret, bool allows_plaintext) {
  const bool is_http = url.starts_with("http://");
  if (!is_http && !url.starts_with("https://")) {
    return UrlProblem{(is_secret ? "it holds" : "'" + shown_url(url) + "' is") +
                          std::string(" no address of a web service"),
                      "write https://…"};
  }
  if (is_http && !allows_plaintext && !is_loopback_url(url)) {
    return UrlProblem{"findings, and what proves who we are, would go out unencrypted",
                      "write https://…, or insecure_plaintext: true"};
  }
  return std::nullopt;
}

/// TheHive's is without what every request begins with.
std::string tidy_url(SinkKind kind, std::string url) {
  while (kind == SinkKind::thehive && url.ends_with('/')) {
    url.pop_back();
  }
  return url;
}

std::string path_of(const ConfigMap& map, std::string_view key) {
  const YamlNode* value = map.find(key);
  return value == nullptr ? std::string() : value->text;
}

void read_url(const ConfigMap& map, SinkConfig& sink) {
  const std::string plain = map.text("url");
  const std::string secret = map.secret_file("url_file");
  sink.url_file = path_of(map, "url_file");
  sink.allows_plaintext = map.flag("insecure_plaintext", false);
  map.require_one("url", "url_file");
  const bool is_secret = !sink.url_file.empty();
  sink.url = tidy_url(sink.kind, is_secret ? secret : plain);
  if (sink.url.empty()) {
    return;
  }
  if (std::optional<UrlProblem> wrong = check_url(sink.url, is_secret, sink.allows_plaintext)) {
    map.error(is_secret ? "url_file" : "url", std::move(wrong->what), std::move(wrong->hint));
  }
}

std::string read_secret(const ConfigMap& map) {
  const std::string text = map.secret_file("secret_file");
  if (text.empty()) {
    return {};
  }
  Result<std::string> secret = read_webhook_secret(text);
  if (!secret) {
    map.error("secret_file", secret.error().message,
              "a secret is whsec_ and base64, or a text of at least 16 bytes");
    return {};
  }
  return std::move(*secret);
}

SinkConfig read_sink(const YamlNode& node, DiagnosticDesk& desk) {
  const ConfigMap map(
      node, "a sink",
      {"name", "type", "url", "secret_file", "authorization_file", "min_level", "final_only",
       "ca_file", "timeout", "attempts", "dead_letters", "insecure_plaintext", "url_file"},
      desk);
  SinkConfig sink;
  sink.name = map.required_text("name");
  constexpr std::string_view kPrefix = "sink.";
  if (!sink.name.empty() && !is_consumer_name(std::string(kPrefix) + sink.name)) {
    map.error("name", "'" + sink.name + "' is no name (at most 59 letters, digits, '.', '_', '-')");
  }
  const std::vector<std::string_view> kinds{"webhook", "thehive"};
  if (map.find("type") == nullptr) {
    static_cast<void>(map.required_text("type"));
  }
  sink.kind = map.choice("type", kinds).value_or(0) == 1 ? SinkKind::thehive : SinkKind::webhook;
  read_url(map, sink);
  sink.credentials.secret = read_secret(map);
  sink.secret_file = path_of(map, "secret_file");
  if (sink.kind == SinkKind::thehive && map.find("secret_file") != nullptr) {
    map.error("secret_file", "TheHive knows no signatures",
              "authorization_file: a file with 'Bearer KEY'");
  }
  sink.credentials.authorization = map.secret_file("authorization_file");
  sink.authorization_file = path_of(map, "authorization_file");
  const auto level = map.choice("min_level", kLevelWords);
  sink.min_level = level ? *parse_level(kLevelWords[*level]) : Level::informational;
  sink.final_only = map.flag("final_only", false);
  sink.ca_file = map.text("ca_file");
  sink.timeout = map.duration("timeout", sink.timeout);
  constexpr std::uint64_t kAttemptsMax = 1'000;
  sink.attempts =
      static_cast<std::uint32_t>(map.number("attempts", 1, kAttemptsMax, sink.attempts));
  sink.dead_letters = map.text("dead_letters");
  return sink;
}

}  // namespace

SinkConfigs read_sinks(const YamlNode& list, DiagnosticDesk& desk) {
  SinkConfigs sinks;
  if (!list.is_list()) {
    desk.error(list.position, "sinks are a list", std::string(kExample));
    return sinks;
  }
  for (const YamlNode& item : list.items) {
    SinkConfig sink = read_sink(item, desk);
    const bool is_known = std::ranges::any_of(
        sinks, [&sink](const SinkConfig& other) { return other.name == sink.name; });
    if (is_known && !sink.name.empty()) {
      desk.error(item.position, "there is a sink '" + sink.name + "' already",
                 "the name keeps how far it has come: each needs its own");
    }
    sinks.push_back(std::move(sink));
  }
  return sinks;
}

Result<SinkCredentials> read_sink_credentials(const SinkConfig& sink) {
  SinkCredentials credentials;
  if (!sink.secret_file.empty()) {
    const Result<std::string> text = read_secret_file(sink.secret_file);
    Result<std::string> secret = text ? read_webhook_secret(*text) : text;
    if (!secret) {
      return fail(ErrorCode::bad_usage,
                  (text ? sink.secret_file + ": " : std::string()) + secret.error().message);
    }
    credentials.secret = std::move(*secret);
  }
  if (!sink.authorization_file.empty()) {
    Result<std::string> text = read_secret_file(sink.authorization_file);
    if (!text) {
      return tl::unexpected<Error>(text.error());
    }
    credentials.authorization = std::move(*text);
  }
  if (!sink.url_file.empty()) {
    Result<std::string> text = read_secret_file(sink.url_file);
    if (!text) {
      return tl::unexpected<Error>(text.error());
    }
    if (const auto wrong = check_url(*text, true, sink.allows_plaintext)) {
      return fail(ErrorCode::bad_usage, sink.url_file + ": " + wrong->what);
    }
    credentials.url = tidy_url(sink.kind, std::move(*text));
  }
  return credentials;
}

Result<SinkConfigs> load_sinks(const std::string& path, std::vector<Diagnostic>& problems) {
  const Result<RuleFile> file = read_rule_file(path);
  if (!file) {
    return tl::unexpected<Error>(file.error());
  }
  SinkConfigs sinks;
  DiagnosticDesk desk(file->path, file->content, problems);
  std::size_t refused = 0;
  const std::vector<YamlNode> documents = read_documents(file->content, desk, &refused);
  if (documents.empty() && refused == 0) {
    desk.error({}, "there are no sinks in it", std::string(kExample));
  }
  for (const YamlNode& document : documents) {
    const ConfigMap map(document, "the file of sinks", {"sinks"}, desk);
    if (const YamlNode* list = map.find("sinks")) {
      for (SinkConfig& sink : read_sinks(*list, desk)) {
        sinks.push_back(std::move(sink));
      }
    }
  }
  mask_secrets(problems);
  return sinks;
}

}  // namespace spoor
