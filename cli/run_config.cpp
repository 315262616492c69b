#include "cli/run_config.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include <arpa/inet.h>

#include "cli/config_map.h"
#include "engine/rule/load.h"
#include "engine/state/consumer_store.h"

namespace spoor {
namespace {

constexpr std::string_view kInputExample =
    "inputs: [{name: shippers, type: tcp, listen: 127.0.0.1:5514}]";

void read_listen(const ConfigMap& map,
                 std::string_view key,
                 std::string& address,
                 std::uint16_t& port) {
  const std::string text = map.text(key);
  const std::optional<ListenAddress> parsed = parse_listen_address(text);
  if (!parsed) {
    map.error(key, "'" + text + "' is no address to listen on",
              "write an IP address and a port: 127.0.0.1:5514, [::1]:5514");
    return;
  }
  address = parsed->address;
  port = parsed->port;
}

void read_tls(const YamlNode& node, DiagnosticDesk& desk, InputConfig& input) {
  const ConfigMap map(node, "tls", {"certificate", "key", "client_ca"}, desk);
  input.tls_certificate = map.required_text("certificate");
  input.tls_key = map.required_text("key");
  input.tls_client_ca = map.text("client_ca");
}

InputConfig read_input(const YamlNode& node, DiagnosticDesk& desk) {
  const ConfigMap map(node, "an input",
                      {"name", "type", "listen", "tls", "tokens_file", "connections",
                       "connections_per_address", "idle_timeout"},
                      desk);
  InputConfig input;
  input.name = map.required_text("name");
  if (!input.name.empty() && !is_consumer_name(input.name)) {
    map.error("name", "'" + input.name + "' is no name (letters, digits, '.', '_', '-')");
  }
  if (map.find("type") == nullptr) {
    static_cast<void>(map.required_text("type"));
  }
  input.type =
      map.choice("type", {"tcp", "http"}).value_or(0) == 1 ? InputType::http : InputType::tcp;
  if (map.find("listen") == nullptr) {
    static_cast<void>(map.required_text("listen"));
  } else {
    read_listen(map, "listen", input.address, input.port);
  }
  if (const YamlNode* tls = map.find("tls")) {
    read_tls(*tls, desk, input);
  }
  input.tokens_file = map.text("tokens_file");
  if (input.type == InputType::tcp && !input.tokens_file.empty()) {
    map.error("tokens_file", "TCP knows no tokens",
              "tls with client_ca lets in who has a certificate");
  }
  constexpr std::uint64_t kMany = 1'000'000;
  input.connections = map.number("connections", 1, kMany, input.connections);
  input.connections_per_address =
      map.number("connections_per_address", 1, kMany, input.connections_per_address);
  input.idle_timeout = map.duration("idle_timeout", input.idle_timeout);
  return input;
}

std::vector<InputConfig> read_input_list(const YamlNode& list, DiagnosticDesk& desk) {
  std::vector<InputConfig> inputs;
  if (!list.is_list() || list.items.empty()) {
    desk.error(list.position, "inputs are a list of at least one", std::string(kInputExample));
    return inputs;
  }
  for (const YamlNode& item : list.items) {
    InputConfig input = read_input(item, desk);
    for (const InputConfig& other : inputs) {
      if (other.name == input.name && !input.name.empty()) {
        desk.error(item.position, "there is an input '" + input.name + "' already");
      }
      if (other.address == input.address && other.port == input.port && input.port != 0) {
        desk.error(item.position, "'" + other.name + "' listens there already");
      }
    }
    inputs.push_back(std::move(input));
  }
  return inputs;
}

void read_bus(const YamlNode& node, DiagnosticDesk& desk, BusOptionsOnCommandLine& bus) {
  const ConfigMap map(node, "bus", {"publish", "replay", "key_file", "clients_file"}, desk);
  bus.publish = map.required_text("publish");
  bus.replay = map.text("replay");
  bus.key_file = map.text("key_file");
  bus.clients_file = map.text("clients_file");
}

void read_lateness(const YamlNode& node, DiagnosticDesk& desk, Lateness& lateness) {
  const ConfigMap map(node, "lateness", {"agent_stream", "batched_export", "source_silence"}, desk);
  const auto read = [&map](std::string_view key, Duration& into) {
    const std::chrono::milliseconds otherwise(into / kNanosPerMilli);
    into = map.duration(key, otherwise).count() * kNanosPerMilli;
  };
  read("agent_stream", lateness.agent_stream);
  read("batched_export", lateness.batched_export);
  read("source_silence", lateness.source_silence);
}

void read_log(const YamlNode& node, DiagnosticDesk& desk, RunConfig& config) {
  const ConfigMap map(node, "log", {"format", "level"}, desk);
  config.log_format =
      map.choice("format", {"text", "json"}).value_or(0) == 1 ? LogFormat::json : LogFormat::text;
  config.log_debug = map.choice("level", {"info", "debug"}).value_or(0) == 1;
}

RunConfig read_config(const YamlNode& document, DiagnosticDesk& desk) {
  const ConfigMap map(document, "the configuration",
                      {"state", "rules", "placeholders", "host_aliases", "inputs", "bus", "sinks",
                       "lateness", "admin", "queue", "drain", "log", "dead_letters"},
                      desk);
  RunConfig config;
  config.state = map.required_text("state");
  config.rules = map.texts("rules");
  config.placeholders = map.text("placeholders");
  config.host_aliases = map.text("host_aliases");
  if (const YamlNode* inputs = map.find("inputs")) {
    config.inputs = read_input_list(*inputs, desk);
  } else if (document.is_map()) {
    desk.error(document.position, "the configuration needs 'inputs'", std::string(kInputExample));
  }
  if (const YamlNode* bus = map.find("bus")) {
    read_bus(*bus, desk, config.bus);
  }
  if (const YamlNode* sinks = map.find("sinks")) {
    config.sinks = read_sinks(*sinks, desk);
  }
  if (const YamlNode* lateness = map.find("lateness")) {
    read_lateness(*lateness, desk, config.lateness);
  }
  if (map.find("admin") != nullptr) {
    read_listen(map, "admin", config.admin_address, config.admin_port);
  }
  config.queue_bytes = map.bytes("queue", config.queue_bytes);
  config.drain = map.duration("drain", config.drain);
  if (const YamlNode* log = map.find("log")) {
    read_log(*log, desk, config);
  }
  config.dead_letters = map.text("dead_letters");
  return config;
}

/// A text as YAML takes it, whatever stands in it.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out.push_back('\\');
    }
    out.push_back(c);
  }
  return out + "\"";
}

std::string seconds(std::chrono::milliseconds time) {
  const std::int64_t count = time.count();
  constexpr std::int64_t kSecond = 1'000;
  return count % kSecond == 0 ? std::to_string(count / kSecond) + "s"
                              : std::to_string(count) + "ms";
}

std::string seconds(Duration time) {
  return seconds(std::chrono::milliseconds(time / kNanosPerMilli));
}

std::string listen_text(const std::string& address, std::uint16_t port) {
  const bool is_v6 = address.find(':') != std::string::npos;
  return quoted((is_v6 ? "[" + address + "]" : address) + ":" + std::to_string(port));
}

std::string render_input(const InputConfig& input) {
  std::string text = "  - name: " + input.name + "\n";
  text += std::string("    type: ") + (input.type == InputType::http ? "http" : "tcp") + "\n";
  text += "    listen: " + listen_text(input.address, input.port) + "\n";
  if (!input.tls_certificate.empty()) {
    text += "    tls: {certificate: " + quoted(input.tls_certificate) +
            ", key: " + quoted(input.tls_key) +
            (input.tls_client_ca.empty() ? "" : ", client_ca: " + quoted(input.tls_client_ca)) +
            "}\n";
  }
  if (!input.tokens_file.empty()) {
    text += "    tokens_file: " + quoted(input.tokens_file) + "\n";
  }
  text += "    connections: " + std::to_string(input.connections) + "\n";
  text += "    connections_per_address: " + std::to_string(input.connections_per_address) + "\n";
  return text + "    idle_timeout: " + seconds(input.idle_timeout) + "\n";
}

std::string render_sink(const SinkConfig& sink) {
  return "  - name: " + sink.name +
         "\n    type: " + (sink.kind == SinkKind::thehive ? "thehive" : "webhook") +
         "\n    url: " + quoted(sink.url) +
         (sink.secret.empty() ? "" : "\n    secret_file: \"***\"") +
         (sink.authorization.empty() ? "" : "\n    authorization_file: \"***\"") +
         "\n    min_level: " + std::string(to_string(sink.min_level)) +
         "\n    final_only: " + (sink.final_only ? "true" : "false") +
         "\n    timeout: " + seconds(sink.timeout) +
         "\n    attempts: " + std::to_string(sink.attempts) + "\n";
}

}  // namespace

std::optional<ListenAddress> parse_listen_address(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) {
    return std::nullopt;
  }
  std::string address = text.substr(0, colon);
  const std::string port_text = text.substr(colon + 1);
  const bool is_bracketed = address.starts_with('[') && address.ends_with(']');
  if (is_bracketed) {
    address = address.substr(1, address.size() - 2);
  }
  in6_addr ignored{};
  const bool is_address =
      inet_pton(is_bracketed ? AF_INET6 : AF_INET, address.c_str(), &ignored) == 1;
  std::uint16_t port = 0;
  const char* const last = port_text.data() + port_text.size();
  const auto [end, error] = std::from_chars(port_text.data(), last, port);
  if (!is_address || port_text.empty() || error != std::errc{} || end != last) {
    return std::nullopt;
  }
  return ListenAddress{.address = std::move(address), .port = port};
}

Result<RunConfig> load_run_config(const std::string& path, std::vector<Diagnostic>& problems) {
  const Result<RuleFile> file = read_rule_file(path);
  if (!file) {
    return tl::unexpected<Error>(file.error());
  }
  DiagnosticDesk desk(file->path, file->content, problems);
  std::size_t refused = 0;
  const std::vector<YamlNode> documents = read_documents(file->content, desk, &refused);
  if (documents.size() != 1) {
    if (refused == 0) {
      desk.error({}, documents.empty() ? "there is no configuration in it"
                                       : "a configuration is one document");
    }
    return RunConfig{};
  }
  return read_config(documents.front(), desk);
}

std::string render_run_config(const RunConfig& config) {
  std::string text = "state: " + quoted(config.state) + "\n";
  if (!config.rules.empty()) {
    text += "rules:\n";
    for (const std::string& path : config.rules) {
      text += "  - " + quoted(path) + "\n";
    }
  }
  const auto add = [&text](std::string_view key, const std::string& value) {
    if (!value.empty()) {
      text.append(key).append(": ").append(quoted(value)).append("\n");
    }
  };
  add("placeholders", config.placeholders);
  add("host_aliases", config.host_aliases);
  text += "inputs:\n";
  for (const InputConfig& input : config.inputs) {
    text += render_input(input);
  }
  if (!config.bus.publish.empty()) {
    text += "bus:\n";
    add("  publish", config.bus.publish);
    add("  replay", config.bus.replay);
    add("  key_file", config.bus.key_file);
    add("  clients_file", config.bus.clients_file);
  }
  if (!config.sinks.empty()) {
    text += "sinks:\n";
    for (const SinkConfig& sink : config.sinks) {
      text += render_sink(sink);
    }
  }
  text += "lateness: {agent_stream: " + seconds(config.lateness.agent_stream) +
          ", batched_export: " + seconds(config.lateness.batched_export) +
          ", source_silence: " + seconds(config.lateness.source_silence) + "}\n";
  if (!config.admin_address.empty()) {
    text += "admin: " + listen_text(config.admin_address, config.admin_port) + "\n";
  }
  text += "queue: " + std::to_string(config.queue_bytes) + "\n";
  text += "drain: " + seconds(config.drain) + "\n";
  text += std::string("log: {format: ") + (config.log_format == LogFormat::json ? "json" : "text") +
          ", level: " + (config.log_debug ? "debug" : "info") + "}\n";
  add("dead_letters", config.dead_letters);
  return text;
}

}  // namespace spoor
