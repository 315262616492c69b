// Checks a document against the OCSF 1.6 Detection Finding, so that no output of ours is an OCSF of
// our own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace spoor {

/// What is wrong with `json`, one line each ("finding_info.uid: required attribute is missing"),
/// empty if it is a valid Detection Finding. Checked: required and unknown attributes, arrays
/// against scalars, types with their patterns, lengths and ranges, enumerations, captions beside an
/// id, at_least_one and just_one, the class and type ids, valid UTF-8 and a key written twice. What
/// OCSF leaves open (unmapped, json_t) is not looked into, except for UTF-8 and keys.
[[nodiscard]] std::vector<std::string> ocsf_violations(std::string_view json);

/// The same of a part of another document: is what stands at the dotted `path` of `json` ("" is the
/// whole) an object of OCSF's type `object` ("process"), or an array of such objects? That nothing
/// stands there is a violation too.
[[nodiscard]] std::vector<std::string> ocsf_object_violations(std::string_view json,
                                                              std::string_view path,
                                                              std::string_view object);

}  // namespace spoor
