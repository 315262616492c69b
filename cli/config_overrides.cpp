#include "cli/config_overrides.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <string_view>
#include <utility>

namespace spoor {
namespace {

constexpr std::string_view kPrefix = "SPOOR__";
constexpr std::string_view kSeparator = "__";

std::string place_of(std::string_view name) {
  std::string place;
  while (!name.empty()) {
    if (name.starts_with(kSeparator)) {
      place.push_back('.');
      name.remove_prefix(kSeparator.size());
      continue;
    }
    const char c = name.front();
    place.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    name.remove_prefix(1);
  }
  return place;
}

std::vector<std::string> parts_of(std::string_view place) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t dot = place.find('.');
    parts.emplace_back(place.substr(0, dot));
    if (dot == std::string_view::npos) {
      return parts;
    }
    place.remove_prefix(dot + 1);
  }
}

/// To the place on the override's line.
void move_to(YamlNode& node, SourcePosition begin) {
  node.position = {.line = begin.line, .column = begin.column + node.position.column - 1};
  for (YamlNode& item : node.items) {
    move_to(item, begin);
  }
  for (YamlEntry& entry : node.entries) {
    move_to(entry.key, begin);
    move_to(entry.value, begin);
  }
}

/// The node under that key or index of `node`, made if it is not there; null if it cannot be.
YamlNode* step(YamlNode& node, const std::string& part, SourcePosition position) {
  if (node.is_list()) {
    std::size_t index = 0;
    const char* const last = part.data() + part.size();
    const auto [end, error] = std::from_chars(part.data(), last, index);
    return error == std::errc{} && end == last && index < node.items.size() ? &node.items[index]
                                                                            : nullptr;
  }
  if (node.kind == YamlNode::Kind::null) {
    node.kind = YamlNode::Kind::map;
  }
  if (!node.is_map() || part.empty()) {
    return nullptr;
  }
  const auto found = std::ranges::find_if(
      node.entries, [&](const YamlEntry& entry) { return entry.key.text == part; });
  if (found != node.entries.end()) {
    return &found->value;
  }
  YamlEntry entry;
  entry.key.kind = YamlNode::Kind::scalar;
  entry.key.text = part;
  entry.key.position = position;
  entry.value.position = position;
  node.entries.push_back(std::move(entry));
  return &node.entries.back().value;
}

void apply(YamlNode& document,
           const ConfigOverride& change,
           SourcePosition position,
           DiagnosticDesk& desk) {
  const SourcePosition at_value{
      .line = position.line,
      .column = static_cast<std::uint32_t>(1 + change.written.size() - change.value.size())};
  std::vector<Diagnostic> problems;
  DiagnosticDesk value_desk(change.written, change.value, problems);
  std::size_t refused = 0;
  std::vector<YamlNode> values = read_documents(change.value, value_desk, &refused);
  if (!problems.empty() || values.size() > 1) {
    desk.error(at_value, problems.empty() ? "this is more than one value" : problems[0].message);
    return;
  }
  YamlNode* node = &document;
  for (const std::string& part : parts_of(change.place)) {
    node = step(*node, part, position);
    if (node == nullptr) {
      desk.error(position, "there is no '" + change.place + "' to set",
                 "keys are joined by dots, items of lists go by their number from 0: "
                 "inputs.0.listen");
      return;
    }
  }
  *node = values.empty() ? YamlNode{} : std::move(values.front());
  move_to(*node, at_value);
}

}  // namespace

std::vector<ConfigOverride> overrides_of_environment(const char* const* environment) {
  std::vector<ConfigOverride> overrides;
  for (; environment != nullptr && *environment != nullptr; ++environment) {
    const std::string_view text(*environment);
    const std::size_t equals = text.find('=');
    if (text.starts_with(kPrefix) && equals != std::string_view::npos) {
      overrides.push_back({.place = place_of(text.substr(kPrefix.size(), equals - kPrefix.size())),
                           .value = std::string(text.substr(equals + 1)),
                           .written = std::string(text)});
    }
  }
  std::ranges::sort(overrides, {}, &ConfigOverride::written);
  return overrides;
}

Result<ConfigOverride> parse_override(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    return fail(ErrorCode::bad_usage,
                "'" + text + "' sets nothing; write PLACE=VALUE: log.level=debug");
  }
  return ConfigOverride{
      .place = text.substr(0, equals), .value = text.substr(equals + 1), .written = text};
}

std::string override_lines(const std::vector<ConfigOverride>& overrides) {
  std::string lines;
  for (const ConfigOverride& change : overrides) {
    std::string line = change.written;
    std::ranges::replace(line, '\n', ' ');
    lines.append(line).push_back('\n');
  }
  return lines;
}

void apply_overrides(YamlNode& document,
                     const std::vector<ConfigOverride>& overrides,
                     std::uint32_t first_line,
                     DiagnosticDesk& desk) {
  for (const ConfigOverride& change : overrides) {
    apply(document, change, {.line = first_line++, .column = 1}, desk);
  }
}

}  // namespace spoor
