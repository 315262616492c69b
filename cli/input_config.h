// The inputs of `spoor run`, as its configuration has them.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/config_map.h"
#include "engine/rule/document.h"
#include "ingest/folder_input.h"
#include "ingest/kafka_input.h"
#include "ingest/zmq_input.h"

namespace spoor {

/// For hints.
inline constexpr std::string_view kInputExample =
    "inputs: [{name: shippers, type: tcp, listen: 127.0.0.1:5514}]";

enum class InputType : std::uint8_t {
  tcp,     ///< Lines of JSON, syslog in both framings; told by the first byte.
  http,    ///< POST /ingest, and Splunk's HTTP Event Collector.
  zmq,     ///< ZeroMQ PULL or SUB.
  kafka,   ///< A consumer group.
  folder,  ///< Files that others put there.
};

[[nodiscard]] std::string_view to_string(InputType type);

/// What TCP and HTTP are told.
struct ListenConfig {
  std::string address;     ///< "127.0.0.1", "::1", "0.0.0.0"
  std::uint16_t port = 0;  ///< 0: any that is free; it is told.
  std::string tls_certificate{};
  std::string tls_key{};
  std::string tls_client_ca{};  ///< Who comes must have a certificate of it.
  std::string tokens_file{};    ///< HTTP: who comes must have one of these.
  std::size_t connections = 1'000;
  std::size_t connections_per_address = 100;
  std::chrono::milliseconds idle_timeout{0};  ///< 0: as the type of input has it.
};

struct InputConfig {
  std::string name;
  InputType type = InputType::tcp;
  // Of these the one of its type. The settings' own names and numbers are set by who opens them.
  ListenConfig listen{};
  ZmqInputSettings zmq{};
  KafkaInputSettings kafka{};
  FolderInputSettings folder{};
  /// Kafka: options whose values are secrets stand in files; name → file.
  std::map<std::string, std::string> kafka_secret_files{};
};

/// What is wrong goes to the desk.
[[nodiscard]] std::vector<InputConfig> read_inputs(const YamlNode& list, DiagnosticDesk& desk);

/// As YAML, with what holds by default: an item of the list.
[[nodiscard]] std::string render_input(const InputConfig& input);

/// "127.0.0.1:5514", "[::1]:5514". Nothing if it is none.
struct ListenAddress {
  std::string address;
  std::uint16_t port = 0;
};

[[nodiscard]] std::optional<ListenAddress> parse_listen_address(const std::string& text);

/// Reads a key that is one. What is wrong goes to the desk.
void read_listen(const ConfigMap& map,
                 std::string_view key,
                 std::string& address,
                 std::uint16_t& port);

// For rendering.

/// A text as YAML takes it, whatever stands in it.
[[nodiscard]] std::string quoted(const std::string& text);
/// "2s", "250ms"
[[nodiscard]] std::string seconds(std::chrono::milliseconds time);
[[nodiscard]] std::string listen_text(const std::string& address, std::uint16_t port);

}  // namespace spoor
