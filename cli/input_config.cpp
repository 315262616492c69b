#include "cli/input_config.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <arpa/inet.h>

#include "cli/secret_mask.h"
#include "engine/state/consumer_store.h"

namespace spoor {
namespace {

// In the order of InputType.
const std::vector<std::string_view> kTypes{"tcp", "http", "zmq", "kafka", "folder"};

void read_tls(const YamlNode& node, DiagnosticDesk& desk, ListenConfig& listen) {
  const ConfigMap map(node, "tls", {"certificate", "key", "client_ca"}, desk);
  listen.tls_certificate = map.required_text("certificate");
  listen.tls_key = map.required_text("key");
  listen.tls_client_ca = map.text("client_ca");
}

std::vector<std::string_view> keys_of(InputType type) {
  std::vector<std::string_view> keys{"name", "type"};
  const auto add = [&keys](std::vector<std::string_view> more) {
    keys.insert(keys.end(), more.begin(), more.end());
  };
  switch (type) {
    case InputType::http: add({"tokens_file"}); [[fallthrough]];
    case InputType::tcp:
      add({"listen", "tls", "connections", "connections_per_address", "idle_timeout"});
      break;
    case InputType::zmq:
      add({"socket", "bind", "connect", "topics", "key_file", "clients_file", "server_key"});
      break;
    case InputType::kafka:
      add({"brokers", "topics", "group", "start", "options", "secret_files"});
      break;
    case InputType::folder: add({"path", "pattern", "after", "move_to", "settle", "rescan"}); break;
  }
  return keys;
}

void read_listener(const ConfigMap& map, ListenConfig& listen) {
  if (map.find("listen") == nullptr) {
    static_cast<void>(map.required_text("listen"));
  } else {
    read_listen(map, "listen", listen.address, listen.port);
  }
  if (const YamlNode* tls = map.find("tls")) {
    read_tls(*tls, map.desk(), listen);
  }
  listen.tokens_file = map.text("tokens_file");
  constexpr std::uint64_t kMany = 1'000'000;
  listen.connections = map.number("connections", 1, kMany, listen.connections);
  listen.connections_per_address =
      map.number("connections_per_address", 1, kMany, listen.connections_per_address);
  listen.idle_timeout = map.duration("idle_timeout", listen.idle_timeout);
}

void read_zmq(const ConfigMap& map, ZmqInputSettings& zmq) {
  zmq.socket = map.choice("socket", {"pull", "sub"}).value_or(0) == 1
                   ? ZmqInputSettings::Socket::sub
                   : ZmqInputSettings::Socket::pull;
  zmq.bind = map.text("bind");
  zmq.connect = map.texts("connect");
  zmq.topics = map.texts("topics");
  zmq.key_file = map.text("key_file");
  zmq.clients_file = map.text("clients_file");
  zmq.server_key = map.text("server_key");
}

std::map<std::string, std::string> read_options(const ConfigMap& map, std::string_view key) {
  std::map<std::string, std::string> options;
  const YamlNode* node = map.find(key);
  if (node == nullptr) {
    return options;
  }
  if (!node->is_map()) {
    map.error(key, std::string(key) + " is a map: {security.protocol: ssl}");
    return options;
  }
  for (const YamlEntry& entry : node->entries) {
    if (entry.value.is_scalar()) {
      options[entry.key.text] = entry.value.text;
    } else {
      map.desk().error(entry.value.position, entry.key.text + " is a single value");
    }
  }
  return options;
}

void refuse_secrets(const ConfigMap& map, std::map<std::string, std::string>& read) {
  const YamlNode* options = map.find("options");
  if (options == nullptr || !options->is_map()) {
    return;
  }
  for (const YamlEntry& entry : options->entries) {
    if (is_secret_kafka_option(entry.key.text)) {
      map.desk().error(entry.key.position, "'" + entry.key.text + "' is a secret: not in here",
                       "secret_files: {" + entry.key.text + ": /etc/spoor/…}, a file with it");
      read.erase(entry.key.text);
    }
  }
}

void read_kafka(const YamlNode& node, const ConfigMap& map, InputConfig& input) {
  KafkaInputSettings& kafka = input.kafka;
  kafka.brokers = map.texts("brokers");
  kafka.topics = map.texts("topics");
  if (const std::string group = map.text("group"); !group.empty()) {
    kafka.group = group;
  }
  kafka.start = map.choice("start", {"beginning", "end"}).value_or(0) == 1
                    ? KafkaInputSettings::Start::end
                    : KafkaInputSettings::Start::beginning;
  kafka.options = read_options(map, "options");
  refuse_secrets(map, kafka.options);
  input.kafka_secret_files = read_options(map, "secret_files");
  if (const YamlNode* secrets = map.find("secret_files"); secrets != nullptr && secrets->is_map()) {
    std::vector<std::string_view> names;
    for (const auto& [name, file] : input.kafka_secret_files) {
      names.push_back(name);
    }
    const ConfigMap files(*secrets, "secret_files", names, map.desk());
    for (const auto& [name, file] : input.kafka_secret_files) {
      kafka.options[name] = files.secret_file(name);
    }
  }
  for (const std::string_view key : {"brokers", "topics"}) {
    if (map.texts(key).empty()) {
      map.desk().error(node.position, "an input of type kafka needs '" + std::string(key) + "'",
                       "brokers: ['kafka.example:9092'], topics: [edr.raw]");
    }
  }
}

void read_folder(const ConfigMap& map, FolderInputSettings& folder) {
  folder.folder = map.required_text("path");
  while (folder.folder.size() > 1 && folder.folder.back() == '/') {
    folder.folder.pop_back();
  }
  if (const std::string pattern = map.text("pattern"); !pattern.empty()) {
    folder.pattern = pattern;
  }
  constexpr std::array kAfter{FileAfter::keep, FileAfter::move, FileAfter::remove};
  folder.after = kAfter.at(map.choice("after", {"keep", "move", "delete"}).value_or(0));
  folder.move_to = map.text("move_to");
  if ((folder.after == FileAfter::move) == folder.move_to.empty()) {
    map.error("after", "'move_to' belongs to 'after: move'");
  }
  folder.settle = map.duration("settle", folder.settle);
  folder.rescan = map.duration("rescan", folder.rescan);
}

InputConfig read_input(const YamlNode& node, DiagnosticDesk& desk) {
  InputConfig input;
  if (const YamlNode* type = node.is_map() ? node.find("type") : nullptr) {
    const auto known = std::ranges::find(kTypes, type->text);
    if (known == kTypes.end()) {
      // What else may stand there depends on it.
      std::vector<std::string_view> any;
      for (const YamlEntry& entry : node.entries) {
        any.push_back(entry.key.text);
      }
      const ConfigMap map(node, "an input", any, desk);
      static_cast<void>(map.choice("type", kTypes));
      input.name = map.text("name");
      return input;
    }
    input.type = static_cast<InputType>(known - kTypes.begin());
  }
  const ConfigMap map(node, "an input of type " + std::string(to_string(input.type)),
                      keys_of(input.type), desk);
  input.name = map.required_text("name");
  if (!input.name.empty() && !is_consumer_name(input.name)) {
    map.error("name", "'" + input.name + "' is no name (letters, digits, '.', '_', '-')");
  }
  static_cast<void>(map.required("type"));
  static_cast<void>(map.choice("type", kTypes));
  switch (input.type) {
    case InputType::tcp:
    case InputType::http: read_listener(map, input.listen); break;
    case InputType::zmq:
      read_zmq(map, input.zmq);
      if (Result<void> good = ZmqInput::check(input.zmq);
          !good && good.error().code != ErrorCode::insecure_listener) {
        desk.error(node.position, "input " + input.name + ": " + good.error().message);
      }
      break;
    case InputType::kafka:
      read_kafka(node, map, input);
      if (Result<void> good = KafkaInput::check(input.kafka);
          !good && !input.kafka.brokers.empty() && !input.kafka.topics.empty()) {
        desk.error(node.position, "input " + input.name + ": " + good.error().message);
      }
      break;
    case InputType::folder: read_folder(map, input.folder); break;
  }
  return input;
}

bool listen_alike(const InputConfig& one, const InputConfig& other) {
  return one.listen.port != 0 && one.listen.port == other.listen.port &&
         one.listen.address == other.listen.address;
}

std::string list_text(const std::vector<std::string>& texts) {
  std::string all = "[";
  for (const std::string& text : texts) {
    all.append(all.size() == 1 ? "" : ", ").append(quoted(text));
  }
  return all + "]";
}

std::string render_listener(const ListenConfig& listen) {
  std::string text = "    listen: " + quoted(listen_text(listen.address, listen.port)) + "\n";
  if (!listen.tls_certificate.empty()) {
    text += "    tls: {certificate: " + quoted(listen.tls_certificate) +
            ", key: " + quoted(listen.tls_key) +
            (listen.tls_client_ca.empty() ? "" : ", client_ca: " + quoted(listen.tls_client_ca)) +
            "}\n";
  }
  if (!listen.tokens_file.empty()) {
    text += "    tokens_file: " + quoted(listen.tokens_file) + "\n";
  }
  text += "    connections: " + std::to_string(listen.connections) + "\n";
  text += "    connections_per_address: " + std::to_string(listen.connections_per_address) + "\n";
  return text + "    idle_timeout: " + seconds(listen.idle_timeout) + "\n";
}

std::string line(std::string_view key, const std::string& value) {
  return value.empty() ? "" : "    " + std::string(key) + ": " + quoted(value) + "\n";
}

std::string render_zmq(const ZmqInputSettings& zmq) {
  const bool subscribes = zmq.socket == ZmqInputSettings::Socket::sub;
  return std::string("    socket: ") + (subscribes ? "sub" : "pull") + "\n" +
         line("bind", zmq.bind) +
         (zmq.connect.empty() ? "" : "    connect: " + list_text(zmq.connect) + "\n") +
         (zmq.topics.empty() ? "" : "    topics: " + list_text(zmq.topics) + "\n") +
         line("key_file", zmq.key_file) + line("clients_file", zmq.clients_file) +
         line("server_key", zmq.server_key);
}

std::string render_kafka(const InputConfig& input) {
  const KafkaInputSettings& kafka = input.kafka;
  std::string text = "    brokers: " + list_text(kafka.brokers) +
                     "\n    topics: " + list_text(kafka.topics) + "\n" + line("group", kafka.group);
  text +=
      kafka.start == KafkaInputSettings::Start::end ? "    start: end\n" : "    start: beginning\n";
  std::string options;
  for (const auto& [name, value] : kafka.options) {
    if (!input.kafka_secret_files.contains(name)) {
      options += "      " + name + ": " + quoted(value) + "\n";
    }
  }
  text += options.empty() ? "" : "    options:\n" + options;
  if (!input.kafka_secret_files.empty()) {
    text += "    secret_files:\n";
    for (const auto& [name, file] : input.kafka_secret_files) {
      text += "      " + name + ": " + quoted(file) + "\n";
    }
  }
  return text;
}

std::string render_folder(const FolderInputSettings& folder) {
  const std::string_view after = folder.after == FileAfter::keep   ? "keep"
                                 : folder.after == FileAfter::move ? "move"
                                                                   : "delete";
  return line("path", folder.folder) + line("pattern", folder.pattern) +
         "    after: " + std::string(after) + "\n" + line("move_to", folder.move_to) +
         "    settle: " + seconds(folder.settle) + "\n    rescan: " + seconds(folder.rescan) + "\n";
}

}  // namespace

std::string_view to_string(InputType type) {
  return kTypes[static_cast<std::size_t>(type)];
}

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

std::vector<InputConfig> read_inputs(const YamlNode& list, DiagnosticDesk& desk) {
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
      if (listen_alike(input, other)) {
        desk.error(item.position, "'" + other.name + "' listens there already");
      }
    }
    inputs.push_back(std::move(input));
  }
  return inputs;
}

std::string render_input(const InputConfig& input) {
  std::string head =
      "  - name: " + input.name + "\n    type: " + std::string(to_string(input.type)) + "\n";
  switch (input.type) {
    case InputType::tcp:
    case InputType::http: return head + render_listener(input.listen);
    case InputType::zmq: return head + render_zmq(input.zmq);
    case InputType::kafka: return head + render_kafka(input);
    case InputType::folder: return head + render_folder(input.folder);
  }
  return head;
}

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

std::string listen_text(const std::string& address, std::uint16_t port) {
  const bool is_v6 = address.find(':') != std::string::npos;
  return (is_v6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

}  // namespace spoor
