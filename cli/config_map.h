// Reads a map of a configuration file, strictly: what it does not know is an error that names the
// nearest thing it does.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/config_observer.h"
#include "engine/rule/document.h"

namespace spoor {

class ConfigMap {
 public:
  /// `keys`: all that may stand in it. Tells the desk of others, and if the node is no map (then it
  /// reads as an empty one). `what`: for messages, "a sink". Node and desk must outlive it.
  ConfigMap(const YamlNode& node,
            std::string_view what,
            std::vector<std::string_view> keys,
            DiagnosticDesk& desk);

  /// Null if the key is not there.
  [[nodiscard]] const YamlNode* find(std::string_view key) const;
  /// The same of a key that must be there; what is missing is told with an example.
  [[nodiscard]] const YamlNode* required(std::string_view key, std::string example = "") const;

  /// Of each: what holds if the key is not there, or its value is wrong, which the desk is told.
  [[nodiscard]] std::string text(std::string_view key) const;
  [[nodiscard]] std::string required_text(std::string_view key) const;
  /// Tells the desk if there is neither of two keys, or both.
  void require_one(std::string_view key, std::string_view other) const;
  [[nodiscard]] bool flag(std::string_view key, bool otherwise) const;
  [[nodiscard]] std::uint64_t number(std::string_view key,
                                     std::uint64_t least,
                                     std::uint64_t most,
                                     std::uint64_t otherwise) const;
  /// "250ms", "10s", "5m", "2h", "30d".
  [[nodiscard]] std::chrono::milliseconds duration(std::string_view key,
                                                   std::chrono::milliseconds otherwise) const;
  /// "64KiB", "256MiB", "4GiB", or bytes.
  [[nodiscard]] std::uint64_t bytes(std::string_view key, std::uint64_t otherwise) const;
  /// A text, or a list of them.
  [[nodiscard]] std::vector<std::string> texts(std::string_view key) const;
  /// The index of the word in `words`.
  [[nodiscard]] std::optional<std::size_t> choice(std::string_view key,
                                                  const std::vector<std::string_view>& words) const;
  /// What stands in the file that the key names, without the newline at its end: secrets. A file
  /// that everybody may read is refused.
  [[nodiscard]] std::string secret_file(std::string_view key) const;

  [[nodiscard]] DiagnosticDesk& desk() const { return desk_; }

  void error(std::string_view key, std::string message, std::string hint = "") const;

 private:
  [[nodiscard]] const YamlNode* scalar(std::string_view key) const;
  [[nodiscard]] std::string text_of(std::string_view key) const;
  /// Tells the observer, if there is one (config_observer.h).
  void observe(std::string_view key, const ConfigValue& value) const;

  const YamlNode& node_;
  std::string what_;
  DiagnosticDesk& desk_;
};

}  // namespace spoor
