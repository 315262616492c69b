// SentinelOne's attributes, by whatever name a record gives them.
//
// Cloud Funnel 2.0 says "src.process.image.path", the Deep Visibility API "srcProcImagePath" (and,
// in the same record, the older "processImagePath"), its query language "SrcProcImagePath", an
// alert of the management API "sourceProcessInfo.filePath". All of these are one attribute here.
// Sources: docs of Cloud Funnel 2.0 and of the Deep Visibility API as quoted in formats §4, and the
// samples named there.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "parsers/attributes.h"

namespace spoor {

/// A process that a record describes.
enum class ProcessRole : std::uint8_t {
  source,  ///< Who did it, as the storyline attributes it.
  source_parent,
  target,     ///< To whom it was done; in a creation the new process.
  os_source,  ///< Who did it as the operating system sees it, where that is another.
  os_source_parent,
  old_source,  ///< Deep Visibility's older names, beside the newer ones in one record.
  old_source_parent,
  count
};

/// What a record says of a process.
enum class ProcessPart : std::uint8_t {
  uid,
  other_uid,  ///< Deep Visibility writes a parent's uid twice.
  pid,
  name,
  image,
  command_line,
  user,
  effective_user,  ///< Unix.
  real_user,       ///< Unix.
  start,
  integrity,
  session,
  storyline,
  md5,
  sha1,
  sha256,
  publisher,
  signed_status,
  display_name,
  product,
  product_version,
  original_file_name,
  access_rights,
  count
};

inline constexpr std::size_t kProcessParts = static_cast<std::size_t>(ProcessPart::count);
inline constexpr std::size_t kProcessAttributes =
    static_cast<std::size_t>(ProcessRole::count) * kProcessParts;

/// The parts of the processes come first (process_attribute()), then what stands here. A name that
/// ends with `_2` is read where the other says nothing.
enum class S1Attribute : std::uint16_t {
  event_type = kProcessAttributes,
  meta_event_name,
  event_time,
  created_at,
  timestamp,
  event_id,
  agent_uuid,
  agent_uuid_2,
  endpoint_name,
  endpoint_name_2,
  endpoint_os,
  endpoint_os_2,
  process_unique_key,
  true_context,
  // What the event is about.
  module_path,
  module_md5,
  module_sha1,
  module_sha256,
  module_signed_status,
  module_signer,
  driver_sha1,
  driver_sha256,
  file_path,
  file_path_2,
  file_old_path,
  file_old_path_2,
  file_md5,
  file_md5_2,
  file_sha1,
  file_sha1_2,
  file_sha256,
  file_sha256_2,
  file_created,
  file_is_executable,
  registry_key,
  registry_key_2,
  registry_value_name,
  registry_value,
  source_ip,
  source_port,
  destination_ip,
  destination_port,
  direction,
  direction_2,
  protocol_name,
  dns_request,
  dns_response,
  url,
  url_2,
  http_method,
  http_method_2,
  script,
  script_application,
  task_name,
  pipe_name,
  login_user,
  login_user_2,
  login_type,
  login_address,
  indicator_name,
  indicator_description,
  indicator_severity,
  ti_name,
  ti_value,
  // The management API's own.
  activity_type,
  alert_id,
  rule_name,
  severity,
  threat_name,
  threat_path,
  threat_md5,
  threat_sha1,
  threat_sha256,
  threat_user,
  threat_arguments,
  threat_storyline,
  threat_classification,
  confidence,
  identified_at,
  detected_at,
  updated_at,
  deep_visibility_id,
  indicators,
  is_decommissioned,
  count
};

[[nodiscard]] constexpr S1Attribute process_attribute(ProcessRole role, ProcessPart part) {
  return static_cast<S1Attribute>(static_cast<std::size_t>(role) * kProcessParts +
                                  static_cast<std::size_t>(part));
}

using S1Slots = AttributeSlots<S1Attribute>;

/// Keys of Cloud Funnel 2.0, dotted.
[[nodiscard]] const S1Slots::Table& cloud_funnel_keys();
/// Keys of the Deep Visibility API, old and new, and the query language's PascalCase.
[[nodiscard]] const S1Slots::Table& deep_visibility_keys();
/// Keys of the management API, dotted and in lower case: some shippers fold them, and the API
/// itself does in activities.
[[nodiscard]] const S1Slots::Table& management_keys();

/// A record's attributes, and which of them the event was made of.
class S1Record {
 public:
  void clear() {
    slots_.clear();
    used_.reset();
  }

  [[nodiscard]] S1Slots& slots() { return slots_; }

  [[nodiscard]] const S1Slots& slots() const { return slots_; }

  /// The scalar's text, or that of its `_2`; an absent view if neither says anything ("None",
  /// "null", ""). What is read here counts as used.
  std::string_view text(S1Attribute attribute, ParseContext& context);
  std::string_view text(ProcessRole role, ProcessPart part, ParseContext& context);

  /// Would text() give anything? Not a use.
  [[nodiscard]] bool says(S1Attribute attribute, ParseContext& context) const;

  /// Does the record say anything that identifies this process? Not a use.
  [[nodiscard]] bool names(ProcessRole role, ParseContext& context) const;

  /// Scratch for for_each_leaf().
  [[nodiscard]] std::string& path() {
    path_.clear();
    return path_;
  }

  /// For the next event of the same record.
  void forget_uses() { used_.reset(); }

  void mark_used(S1Attribute attribute) { used_.set(static_cast<std::size_t>(attribute)); }

  [[nodiscard]] bool is_used(S1Attribute attribute) const {
    return used_.test(static_cast<std::size_t>(attribute));
  }

 private:
  S1Slots slots_;
  std::bitset<S1Slots::kCount> used_;
  std::string path_;
};

template <typename Look>
void for_each_leaf(NodeIndex parent, ParseContext& context, std::string& path, const Look& look);

/// for_each_leaf() of a value and what is below it.
template <typename Look>
void look_at_leaves(NodeIndex index, ParseContext& context, std::string& path, const Look& look) {
  const Node& node = context.document.node(index);
  const std::string_view key = key_of(node, context.scratch);
  const std::size_t size = path.size();
  if (size == 0 && node.kind != NodeKind::object) {
    look(key, node, index);
    return;
  }
  path.append(size == 0 ? "" : ".").append(key);
  if (node.kind == NodeKind::object) {
    for_each_leaf(index, context, path, look);
  } else {
    look(std::string_view(path), node, index);
  }
  path.resize(size);
}

/// Calls `look(name, node, index)` for each value below `parent` that is no object; `name` is its
/// dotted path, valid during the call. `path` is scratch, empty before and after.
template <typename Look>
void for_each_leaf(NodeIndex parent, ParseContext& context, std::string& path, const Look& look) {
  context.document.for_each_child(parent, [&](const Node& /*node*/, NodeIndex index) {
    look_at_leaves(index, context, path, look);
  });
}

}  // namespace spoor
