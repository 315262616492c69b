// An OCSF document under construction: attributes are put at their paths in any order, looked at,
// completed, and then written in the order in which they came.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/finding/json_writer.h"

namespace spoor {

/// The value of an event that an attribute was made of, so that it is not lost where the attribute
/// cannot stand.
struct OcsfOrigin {
  std::string_view name;
  std::string_view value;
};

/// One attribute: an object with attributes of its own, a list of nameless ones, or a value.
/// Names are static text; origins are views into the event.
struct OcsfNode {
  enum class Kind : std::uint8_t { object, list, text, integer };

  std::string_view name;
  Kind kind = Kind::object;
  std::string text;
  std::int64_t number = 0;
  std::vector<OcsfNode> children;
  OcsfOrigin origin;

  /// The attribute at a dotted path below this object, or null.
  [[nodiscard]] const OcsfNode* find(std::string_view path) const;
  [[nodiscard]] OcsfNode* find(std::string_view path);

  [[nodiscard]] bool has(std::string_view path) const { return find(path) != nullptr; }

  /// The text at a path, or "".
  [[nodiscard]] std::string_view text_at(std::string_view path) const;

  /// The object at a path, made with all objects on the way where there is none. Valid until
  /// another attribute is added to this one. `path` must be static text.
  OcsfNode& object(std::string_view path);

  /// Adds an attribute unless there is one of that name; an empty text is an absent one.
  void add_text(std::string_view attribute, std::string_view value);
  void add_number(std::string_view attribute, std::int64_t value);

  /// Takes an attribute out. It must be there.
  OcsfNode take(std::string_view attribute);

  /// Takes all of `attributes` or none. Those that are there already stay as they are, and true is
  /// returned if they say the same, whatever the case; false if one says something else.
  bool merge(std::vector<OcsfNode> attributes);

  /// Calls `use(origin)` for each value below this attribute that has one.
  template <typename Use>
  void for_each_origin(Use use) const {
    if (!origin.name.empty()) {
      use(origin);
    }
    for (const OcsfNode& child : children) {
      child.for_each_origin(use);
    }
  }
};

[[nodiscard]] OcsfNode ocsf_text(std::string_view name, std::string_view value);
[[nodiscard]] OcsfNode ocsf_number(std::string_view name, std::int64_t value);
[[nodiscard]] OcsfNode ocsf_list(std::string_view name, std::vector<OcsfNode> elements);
/// A nameless object: an element of a list.
[[nodiscard]] OcsfNode ocsf_element(std::vector<OcsfNode> attributes);

/// Writes the attribute with its name. Objects and lists without anything in them are left out.
void write_node(JsonWriter& json, const OcsfNode& node);

}  // namespace spoor
