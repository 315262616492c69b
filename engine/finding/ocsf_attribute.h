// A value of an event as the OCSF attribute it becomes: numbers as numbers, words of vendors as the
// schema's own with the ids that it puts beside them.
#pragma once

#include <string_view>
#include <vector>

#include "engine/finding/ocsf_tree.h"

namespace spoor {

/// The attributes that a value becomes at a dotted path, which must be static text: the one named
/// last in the path and those that the schema pairs with it ("integrity" and "integrity_id"). None:
/// the value is not of the attribute's type, and OCSF has no place for it.
[[nodiscard]] std::vector<OcsfNode> ocsf_attributes(std::string_view path, std::string_view value);

/// OCSF's file type with its caption: 1 is a regular file.
[[nodiscard]] std::vector<OcsfNode> ocsf_file_type(int type_id);

}  // namespace spoor
