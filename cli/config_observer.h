// Who reads a configuration asks its maps for values; an observer hears what is asked. So a schema
// can be made of the reading itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/rule/document.h"

namespace spoor {

/// What a reader takes for the value of a key.
struct ConfigValue {
  enum class Kind : std::uint8_t { text, flag, number, duration, bytes, texts, choice };
  Kind kind = Kind::text;
  std::vector<std::string> words{};  ///< choice: one of these.
  std::uint64_t least = 0;           ///< number.
  std::uint64_t most = 0;            ///< number.
  std::string otherwise{};           ///< What holds if the key is not there, as JSON; or empty.
};

/// `what` is what messages call the map: "a sink".
class ConfigObserver {
 public:
  ConfigObserver() = default;
  virtual ~ConfigObserver() = default;
  ConfigObserver(const ConfigObserver&) = delete;
  ConfigObserver& operator=(const ConfigObserver&) = delete;

  /// A map is to be read, which may have these keys.
  virtual void map(const std::string& what,
                   const std::vector<std::string_view>& keys,
                   const YamlNode& node) = 0;
  virtual void value(const std::string& what, std::string_view key, const ConfigValue& value) = 0;
  /// The key must be there.
  virtual void needed(const std::string& what, std::string_view key) = 0;
  /// One of these must be there, and not both.
  virtual void needed_one(const std::string& what,
                          std::string_view key,
                          std::string_view other) = 0;
};

/// While it lives, the observer hears of all that this thread reads.
class ConfigObservation {
 public:
  explicit ConfigObservation(ConfigObserver& observer);
  ~ConfigObservation();
  ConfigObservation(const ConfigObservation&) = delete;
  ConfigObservation& operator=(const ConfigObservation&) = delete;

  /// Of this thread; null: nobody listens.
  [[nodiscard]] static ConfigObserver* observer();
};

}  // namespace spoor
