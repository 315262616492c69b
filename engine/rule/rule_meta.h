// What every rule says of itself, whatever it detects.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/rule/diagnostic.h"

namespace spoor {

enum class Level : std::uint8_t { informational, low, medium, high, critical };

[[nodiscard]] std::string_view to_string(Level level);
[[nodiscard]] std::optional<Level> parse_level(std::string_view text);

/// What a rule says of itself; nothing of it changes what the rule detects.
struct RuleMeta {
  std::string id;
  std::string name;  ///< Sigma's `name`, by which correlations refer to it; may be empty.
  std::string title;
  std::string description;
  std::string author;
  std::string license;
  std::string status;
  std::vector<std::string> references;
  std::vector<std::string> tags;
  std::vector<std::string> false_positives;
  Level level = Level::medium;
  std::string file;
  SourcePosition position;
  /// Hash of what the rule detects (not of its texts): 32 hex digits. Part of every finding's uid.
  std::string logic_hash;
};

}  // namespace spoor
