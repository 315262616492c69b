#include "cli/run_config.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "cli/config_map.h"
#include "cli/secret_mask.h"
#include "engine/rule/load.h"
#include "engine/sink/http_client.h"
#include "engine/state/consumer_store.h"

namespace spoor {
namespace {

constexpr std::uint64_t kProcessesMin = 1'000;
constexpr std::uint64_t kProcessBytesMin = 1U << 20U;

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

void read_processes(const YamlNode& node, DiagnosticDesk& desk, RunConfig& config) {
  const ConfigMap map(node, "processes", {"max", "memory"}, desk);
  constexpr std::uint64_t kMany = 1'000'000'000;
  config.processes_max = map.number("max", kProcessesMin, kMany, config.processes_max);
  config.process_bytes_max = map.bytes("memory", config.process_bytes_max);
  if (config.process_bytes_max < kProcessBytesMin) {
    map.error("memory", "that is less than 1MiB");
  }
}

void read_log(const YamlNode& node, DiagnosticDesk& desk, RunConfig& config) {
  const ConfigMap map(node, "log", {"format", "level"}, desk);
  config.log_format =
      map.choice("format", {"text", "json"}).value_or(0) == 1 ? LogFormat::json : LogFormat::text;
  config.log_debug = map.choice("level", {"info", "debug"}).value_or(0) == 1;
}

RunConfig read_config(const YamlNode& document, DiagnosticDesk& desk) {
  const ConfigMap map(
      document, "the configuration",
      {"state", "rules", "placeholders", "host_aliases", "inputs", "bus", "sinks", "lateness",
       "late_policy", "processes", "admin", "queue", "drain", "log", "dead_letters", "record"},
      desk);
  RunConfig config;
  config.state = map.required_text("state");
  config.rules = map.texts("rules");
  config.placeholders = map.text("placeholders");
  config.host_aliases = map.text("host_aliases");
  if (const YamlNode* inputs = map.required("inputs", std::string(kInputExample))) {
    config.inputs = read_inputs(*inputs, desk);
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
  config.lateness.policy = map.choice("late_policy", {"count", "revise"}).value_or(0) == 1
                               ? LatePolicy::revise
                               : LatePolicy::count;
  if (const YamlNode* processes = map.find("processes")) {
    read_processes(*processes, desk, config);
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
  config.record = map.text("record");
  return config;
}

std::string event_seconds(Duration time) {
  return seconds(std::chrono::milliseconds(time / kNanosPerMilli));
}

std::string render_sink(const SinkConfig& sink) {
  const auto line = [](std::string_view key, const std::string& value) {
    return value.empty() ? std::string() : "\n    " + std::string(key) + ": " + quoted(value);
  };
  return "  - name: " + sink.name +
         "\n    type: " + (sink.kind == SinkKind::thehive ? "thehive" : "webhook") +
         (sink.url_file.empty() ? "\n    url: " + quoted(shown_url(sink.url))
                                : line("url_file", sink.url_file)) +
         (sink.allows_plaintext ? "\n    insecure_plaintext: true" : "") +
         line("secret_file", sink.secret_file) +
         line("authorization_file", sink.authorization_file) + line("ca_file", sink.ca_file) +
         line("dead_letters", sink.dead_letters) +
         "\n    min_level: " + std::string(to_string(sink.min_level)) +
         "\n    final_only: " + (sink.final_only ? "true" : "false") +
         "\n    timeout: " + seconds(sink.timeout) +
         "\n    attempts: " + std::to_string(sink.attempts) + "\n";
}

RunConfig read_file(const RuleFile& file,
                    std::vector<Diagnostic>& problems,
                    const std::vector<ConfigOverride>& overrides) {
  // As if what was set elsewhere stood behind the file: so it has a place.
  std::string text = file.content;
  if (!text.empty() && text.back() != '\n') {
    text.push_back('\n');
  }
  const auto first_line = static_cast<std::uint32_t>(1 + std::ranges::count(text, '\n'));
  text += override_lines(overrides);
  DiagnosticDesk desk(file.path, text, problems);
  std::size_t refused = 0;
  std::vector<YamlNode> documents = read_documents(file.content, desk, &refused);
  if (documents.size() != 1) {
    if (refused == 0) {
      desk.error({}, documents.empty() ? "there is no configuration in it"
                                       : "a configuration is one document");
    }
    return RunConfig{};
  }
  apply_overrides(documents.front(), overrides, first_line, desk);
  return read_config(documents.front(), desk);
}

}  // namespace

Result<RunConfig> load_run_config(const std::string& path,
                                  std::vector<Diagnostic>& problems,
                                  const std::vector<ConfigOverride>& overrides) {
  const Result<RuleFile> file = read_rule_file(path);
  if (!file) {
    return tl::unexpected<Error>(file.error());
  }
  return read_run_config(*file, problems, overrides);
}

RunConfig read_run_config(const RuleFile& file,
                          std::vector<Diagnostic>& problems,
                          const std::vector<ConfigOverride>& overrides) {
  RunConfig config = read_file(file, problems, overrides);
  mask_secrets(problems);
  return config;
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
  text += "lateness: {agent_stream: " + event_seconds(config.lateness.agent_stream) +
          ", batched_export: " + event_seconds(config.lateness.batched_export) +
          ", source_silence: " + event_seconds(config.lateness.source_silence) + "}\n";
  text += std::string("late_policy: ") +
          (config.lateness.policy == LatePolicy::revise ? "revise" : "count") + "\n";
  text += "processes: {max: " + std::to_string(config.processes_max) +
          ", memory: " + std::to_string(config.process_bytes_max) + "}\n";
  if (!config.admin_address.empty()) {
    text += "admin: " + quoted(listen_text(config.admin_address, config.admin_port)) + "\n";
  }
  text += "queue: " + std::to_string(config.queue_bytes) + "\n";
  text += "drain: " + seconds(config.drain) + "\n";
  text += std::string("log: {format: ") + (config.log_format == LogFormat::json ? "json" : "text") +
          ", level: " + (config.log_debug ? "debug" : "info") + "}\n";
  add("dead_letters", config.dead_letters);
  add("record", config.record);
  return text;
}

}  // namespace spoor
