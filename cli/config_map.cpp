#include "cli/config_map.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <utility>

#include "cli/secret_file.h"

namespace spoor {
namespace {

struct Unit {
  std::string_view name;
  std::chrono::milliseconds length;
};

constexpr std::array<Unit, 5> kUnits{{{"ms", std::chrono::milliseconds(1)},
                                      {"s", std::chrono::seconds(1)},
                                      {"m", std::chrono::minutes(1)},
                                      {"h", std::chrono::hours(1)},
                                      {"d", std::chrono::hours(24)}}};

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  constexpr std::int64_t kDaysMax = 36'500;
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  const auto* const known = std::ranges::find(kUnits, unit, &Unit::name);
  if (error != std::errc{} || known == kUnits.end() || count < 0 ||
      count > kDaysMax * (std::chrono::hours(24) / known->length)) {
    return std::nullopt;
  }
  return known->length * count;
}

}  // namespace

ConfigMap::ConfigMap(const YamlNode& node,
                     std::string_view what,
                     std::vector<std::string_view> keys,
                     DiagnosticDesk& desk)
    : node_(node), what_(what), desk_(desk) {
  if (ConfigObserver* const observer = ConfigObservation::observer()) {
    observer->map(what_, keys, node);
  }
  if (!node.is_map()) {
    desk.error(node.position, what_ + " is a map, not " + std::string(to_string(node.kind)));
    return;
  }
  for (const YamlEntry& entry : node.entries) {
    if (std::ranges::find(keys, entry.key.text) == keys.end()) {
      std::string known;
      for (const std::string_view key : keys) {
        known.append(known.empty() ? "" : ", ").append(key);
      }
      const std::string near = did_you_mean(entry.key.text, keys);
      desk.error(entry.key.position, what_ + " has no '" + entry.key.text + "'",
                 near.empty() ? "it has: " + known : near);
    }
  }
}

const YamlNode* ConfigMap::find(std::string_view key) const {
  const YamlNode* value = node_.is_map() ? node_.find(key) : nullptr;
  return value == nullptr || value->kind == YamlNode::Kind::null ? nullptr : value;
}

const YamlNode* ConfigMap::scalar(std::string_view key) const {
  const YamlNode* value = find(key);
  if (value != nullptr && !value->is_scalar()) {
    desk_.error(value->position, std::string(key) + " is a single value, not " +
                                     std::string(to_string(value->kind)));
    return nullptr;
  }
  return value;
}

const YamlNode* ConfigMap::required(std::string_view key, std::string example) const {
  if (ConfigObserver* const observer = ConfigObservation::observer()) {
    observer->needed(what_, key);
  }
  const YamlNode* value = find(key);
  if (value == nullptr && node_.is_map()) {
    desk_.error(node_.position, what_ + " needs '" + std::string(key) + "'", std::move(example));
  }
  return value;
}

void ConfigMap::require_one(std::string_view key, std::string_view other) const {
  if (ConfigObserver* const observer = ConfigObservation::observer()) {
    observer->needed_one(what_, key, other);
  }
  const YamlNode* const second = find(other);
  const std::string keys = "'" + std::string(key) + "' or '" + std::string(other) + "'";
  if (find(key) != nullptr && second != nullptr) {
    desk_.error(second->position, what_ + " has " + keys + ", not both");
  } else if (find(key) == nullptr && second == nullptr && node_.is_map()) {
    desk_.error(node_.position, what_ + " needs " + keys);
  }
}

void ConfigMap::observe(std::string_view key, const ConfigValue& value) const {
  if (ConfigObserver* const observer = ConfigObservation::observer()) {
    observer->value(what_, key, value);
  }
}

std::string ConfigMap::text_of(std::string_view key) const {
  const YamlNode* value = scalar(key);
  return value == nullptr ? std::string() : value->text;
}

std::string ConfigMap::text(std::string_view key) const {
  observe(key, {.kind = ConfigValue::Kind::text});
  return text_of(key);
}

std::string ConfigMap::required_text(std::string_view key) const {
  observe(key, {.kind = ConfigValue::Kind::text});
  return required(key) == nullptr ? std::string() : text_of(key);
}

bool ConfigMap::flag(std::string_view key, bool otherwise) const {
  observe(key, {.kind = ConfigValue::Kind::flag, .otherwise = otherwise ? "true" : "false"});
  const YamlNode* value = scalar(key);
  if (value == nullptr) {
    return otherwise;
  }
  if (value->quoted || (value->text != "true" && value->text != "false")) {
    desk_.error(value->position, std::string(key) + " is true or false, not '" + value->text + "'");
    return otherwise;
  }
  return value->text == "true";
}

std::uint64_t ConfigMap::number(std::string_view key,
                                std::uint64_t least,
                                std::uint64_t most,
                                std::uint64_t otherwise) const {
  observe(key, {.kind = ConfigValue::Kind::number,
                .least = least,
                .most = most,
                .otherwise = std::to_string(otherwise)});
  const YamlNode* value = scalar(key);
  if (value == nullptr) {
    return otherwise;
  }
  const std::string& text = value->text;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < least || number > most) {
    desk_.error(value->position, std::string(key) + " is a whole number from " +
                                     std::to_string(least) + " to " + std::to_string(most) +
                                     ", not '" + text + "'");
    return otherwise;
  }
  return number;
}

std::chrono::milliseconds ConfigMap::duration(std::string_view key,
                                              std::chrono::milliseconds otherwise) const {
  observe(key, {.kind = ConfigValue::Kind::duration,
                .otherwise = "\"" + std::to_string(otherwise.count()) + "ms\""});
  const YamlNode* value = scalar(key);
  if (value == nullptr) {
    return otherwise;
  }
  const std::optional<std::chrono::milliseconds> parsed = parse_duration(value->text);
  if (!parsed) {
    desk_.error(value->position, "'" + value->text + "' is no duration",
                "write a whole number and ms, s, m, h or d: 10s");
  }
  return parsed.value_or(otherwise);
}

std::uint64_t ConfigMap::bytes(std::string_view key, std::uint64_t otherwise) const {
  observe(key, {.kind = ConfigValue::Kind::bytes, .otherwise = std::to_string(otherwise)});
  const YamlNode* value = scalar(key);
  if (value == nullptr) {
    return otherwise;
  }
  const std::string_view text = value->text;
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  constexpr std::array<std::string_view, 4> kUnitNames{"", "KiB", "MiB", "GiB"};
  const auto* const known = std::ranges::find(kUnitNames, unit);
  constexpr std::uint64_t kMax = std::uint64_t{1} << 20U;  // Of any unit: a PiB at most.
  const bool is_plain = unit.empty();
  if (error != std::errc{} || known == kUnitNames.end() || (!is_plain && count > kMax)) {
    desk_.error(value->position, "'" + value->text + "' is no size",
                "write a whole number and KiB, MiB or GiB: 256MiB");
    return otherwise;
  }
  constexpr unsigned kBitsOfUnit = 10;
  return count << (kBitsOfUnit * static_cast<unsigned>(known - kUnitNames.begin()));
}

std::vector<std::string> ConfigMap::texts(std::string_view key) const {
  observe(key, {.kind = ConfigValue::Kind::texts});
  const YamlNode* value = find(key);
  std::vector<std::string> texts;
  if (value == nullptr) {
    return texts;
  }
  if (value->is_scalar()) {
    texts.push_back(value->text);
    return texts;
  }
  for (const YamlNode& item : value->items) {
    if (item.is_scalar() && !item.text.empty()) {
      texts.push_back(item.text);
    } else {
      desk_.error(item.position, std::string(key) + " is a list of texts");
    }
  }
  if (value->is_map()) {
    desk_.error(value->position, std::string(key) + " is a text, or a list of texts");
  }
  return texts;
}

std::optional<std::size_t> ConfigMap::choice(std::string_view key,
                                             const std::vector<std::string_view>& words) const {
  observe(key, {.kind = ConfigValue::Kind::choice, .words = {words.begin(), words.end()}});
  const YamlNode* value = scalar(key);
  if (value == nullptr) {
    return std::nullopt;
  }
  const auto found = std::ranges::find(words, value->text);
  if (found == words.end()) {
    std::string known;
    for (const std::string_view word : words) {
      known.append(known.empty() ? "" : ", ").append(word);
    }
    desk_.error(value->position,
                "'" + value->text + "' is no " + std::string(key) + "; there are " + known,
                did_you_mean(value->text, words));
    return std::nullopt;
  }
  return static_cast<std::size_t>(found - words.begin());
}

std::string ConfigMap::secret_file(std::string_view key) const {
  const std::string path = text(key);
  if (path.empty()) {
    return {};
  }
  Result<std::string> secret = read_secret_file(path);
  if (!secret) {
    error(key, secret.error().message);
    return {};
  }
  return std::move(*secret);
}

void ConfigMap::error(std::string_view key, std::string message, std::string hint) const {
  const YamlNode* value = node_.is_map() ? node_.find(key) : nullptr;
  desk_.error(value != nullptr ? value->position : node_.position, std::move(message),
              std::move(hint));
}

}  // namespace spoor
