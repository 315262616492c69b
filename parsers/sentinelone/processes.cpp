#include "parsers/sentinelone/processes.h"

#include <algorithm>
#include <charconv>
#include <span>
#include <string>

#include "engine/base/text.h"
#include "engine/event/canonical.h"
#include "parsers/convert.h"
#include "parsers/sentinelone/fields.h"

namespace spoor {
namespace {

struct PartRow {
  ProcessPart from = ProcessPart::count;
  FieldId to = FieldId::count;
  Convert convert = Convert::none;
};

constexpr PartRow kActorParts[] = {{ProcessPart::session, FieldId::terminal_session_id}};

// Company is the file's; of other events than a creation the publisher is the acting process's.
constexpr PartRow kNewProcess[] = {
    {ProcessPart::session, FieldId::terminal_session_id},
    {ProcessPart::publisher, FieldId::company},
    {ProcessPart::display_name, FieldId::description},
    {ProcessPart::product, FieldId::product},
    {ProcessPart::product_version, FieldId::file_version},
    {ProcessPart::original_file_name, FieldId::original_file_name},
    {ProcessPart::signed_status, FieldId::is_signed, Convert::signed_word},
};

/// Where a process stands in an event.
struct MentionFields {
  FieldId guid = FieldId::count;
  FieldId pid = FieldId::count;
  FieldId image = FieldId::count;
  FieldId command_line = FieldId::count;
  FieldId user = FieldId::count;
  FieldId integrity = FieldId::count;
};

constexpr MentionFields kActor = {FieldId::process_guid, FieldId::process_id,
                                  FieldId::image,        FieldId::command_line,
                                  FieldId::user,         FieldId::integrity_level};
constexpr MentionFields kParent = {FieldId::parent_process_guid, FieldId::parent_process_id,
                                   FieldId::parent_image,        FieldId::parent_command_line,
                                   FieldId::parent_user,         FieldId::parent_integrity_level};
constexpr MentionFields kGrandParent = {
    FieldId::count, FieldId::count, FieldId::grand_parent_image, FieldId::grand_parent_command_line,
    FieldId::count, FieldId::count};
constexpr MentionFields kTarget = {FieldId::target_process_guid, FieldId::target_process_id,
                                   FieldId::target_image,        FieldId::target_command_line,
                                   FieldId::target_user,         FieldId::count};
/// Of a process that has no fields of its own.
constexpr MentionFields kNoFields = {};

std::string_view upper(std::string_view text, Scratch& scratch) {
  char* place = scratch.take(text.size() + 1);
  std::ranges::transform(text, place, [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
  });
  return {place, text.size()};
}

/// The value as set_field() represents it, for a mention that has no field.
std::string_view represented(FieldKind kind, std::string_view value, Scratch& scratch) {
  if (!may_need_representation(kind, value)) {
    return value;
  }
  std::string& canonical = scratch.text();
  return represent(kind, value, canonical) ? scratch.copy(canonical) : value;
}

/// Sensors on Linux and macOS join the arguments with a blank before each, the first included; a
/// rule that asks how a command line begins would never hold.
std::string_view command_line_of(std::string_view value, const Event& event) {
  const bool is_unix = event.platform == Platform::linux || event.platform == Platform::macos;
  return is_unix && value.starts_with(' ') ? value.substr(1) : value;
}

void set_command_line(FieldId to, std::string_view raw, ParseContext& context) {
  const std::string_view value = command_line_of(raw, context.event);
  if (to == FieldId::count || value.empty() || context.event.has(to)) {
    return;
  }
  set_wanted(to, value, context);
  if (value.size() != raw.size() && context.event.has(to)) {
    context.event.originals.push_back({.field = to, .value = raw});
  }
}

std::string_view user_of(ProcessRole role, S1Record& record, ParseContext& context) {
  for (const ProcessPart part :
       {ProcessPart::user, ProcessPart::effective_user, ProcessPart::real_user}) {
    const std::string_view user = record.text(role, part, context);
    if (!user.empty()) {
      return user;
    }
  }
  return {};
}

std::string_view uid_of(ProcessRole role, S1Record& record, ParseContext& context) {
  const std::string_view uid = record.text(role, ProcessPart::uid, context);
  return uid.empty() ? record.text(role, ProcessPart::other_uid, context) : uid;
}

/// One process in two writings: "64d9E6E7…" and "64D9E6E7…", a GUID of Linux and of macOS.
Uid process_key(std::string_view uid, ParseContext& context) {
  if (uid.empty()) {
    return {};
  }
  return context.scratch.uid_builder()
      .add("sentinelone process")
      .add(context.event.host)
      .add(upper(uid, context.scratch))
      .finish();
}

ProcessMention read_mention(ProcessRole role, S1Record& record, ParseContext& context) {
  ProcessMention mention;
  mention.vendor_uid = uid_of(role, record, context);
  mention.key = process_key(mention.vendor_uid, context);
  mention.pid = record.text(role, ProcessPart::pid, context);
  mention.image = record.text(role, ProcessPart::image, context);
  if (mention.image.empty()) {
    mention.image = record.text(role, ProcessPart::name, context);
  }
  mention.command_line = record.text(role, ProcessPart::command_line, context);
  mention.user = user_of(role, record, context);
  mention.start = parse_vendor_time(record.text(role, ProcessPart::start, context)).value_or(0);
  mention.start_is_exact = mention.start != 0;
  return mention;
}

/// Sets the fields of a mention as read, and gives it their canonical values.
void set_mention(ProcessMention& mention,
                 ProcessRole role,
                 const MentionFields& fields,
                 S1Record& record,
                 ParseContext& context) {
  set_s1_value(fields.guid, mention.vendor_uid, context);
  set_s1_value(fields.pid, mention.pid, context);
  set_s1_value(fields.image, mention.image, context);
  set_command_line(fields.command_line, mention.command_line, context);
  set_s1_value(fields.user, mention.user, context);
  if (fields.integrity != FieldId::count && context.filter.wants(fields.integrity)) {
    const std::string_view level = record.text(role, ProcessPart::integrity, context);
    // The API writes levels in lower case, and "unknown".
    if (!equals_ignore_case_ascii(level, "unknown")) {
      set_s1_value(fields.integrity,
                   convert(Convert::integrity_word, upper(level, context.scratch), context.scratch),
                   context);
    }
  }
  mention.image = represented(FieldKind::path, mention.image, context.scratch);
  mention.command_line = command_line_of(mention.command_line, context.event);
}

bool is_same(const ProcessMention& a, const ProcessMention& b) {
  return !a.key.is_none() && a.key == b.key;
}

/// The newer names of a process, or the older ones where these say nothing of it.
ProcessRole newer_or(ProcessRole role,
                     ProcessRole old_role,
                     const S1Record& record,
                     ParseContext& context) {
  return !record.names(role, context) && record.names(old_role, context) ? old_role : role;
}

/// process.unique.key is the uid of the subject: of the new process in a creation, else of src
/// (39 of 39 samples).
void complete_subject(ProcessMention& mention, S1Record& record, ParseContext& context) {
  if (mention.vendor_uid.empty()) {
    mention.vendor_uid = record.text(S1Attribute::process_unique_key, context);
    mention.key = process_key(mention.vendor_uid, context);
  }
}

void set_parts(std::span<const PartRow> rows,
               ProcessRole role,
               S1Record& record,
               ParseContext& context) {
  for (const PartRow& row : rows) {
    if (context.filter.wants(row.to)) {
      const std::string_view value = record.text(role, row.from, context);
      set_s1_value(row.to, convert(row.convert, value, context.scratch), context);
    }
  }
}

void set_group(ProcessRole role, S1Record& record, ParseContext& context) {
  std::string_view group = record.text(role, ProcessPart::storyline, context);
  if (group.empty()) {
    group = record.text(ProcessRole::old_source, ProcessPart::storyline, context);
  }
  if (group.empty()) {
    group = record.text(S1Attribute::true_context, context);
  }
  set_s1_value(FieldId::group_uid, group, context);
}

void set_parent(ProcessRole role, S1Record& record, ParseContext& context) {
  ProcessMention parent = read_mention(role, record, context);
  if (is_same(parent, context.event.actor)) {
    // A process is not its own parent: the kernel is said to be, in driver loads.
    if (role != ProcessRole::old_source_parent) {
      return;
    }
    // Deep Visibility's parentProcessUniqueKey is the process's own (11 of 11 samples); the name
    // and the pid beside it are the parent's.
    parent.vendor_uid = {};
    parent.key = {};
  }
  set_mention(parent, role, kParent, record, context);
  context.event.parent = parent;
}

/// "4096" → "0x1000", as Sysmon writes GrantedAccess.
std::string_view hex_of(std::string_view decimal, Scratch& scratch) {
  constexpr std::size_t kHexMax = 18;
  std::uint64_t number = 0;
  const char* last = decimal.data() + decimal.size();
  const auto [end, error] = std::from_chars(decimal.data(), last, number);
  if (decimal.empty() || error != std::errc{} || end != last) {
    return decimal;
  }
  char* place = scratch.take(kHexMax);
  place[0] = '0';
  place[1] = 'x';
  const auto written = std::to_chars(place + 2, place + kHexMax, number, 16);
  return {place, static_cast<std::size_t>(written.ptr - place)};
}

}  // namespace

void set_s1_actor(S1Record& record, ParseContext& context) {
  Event& event = context.event;
  const ProcessRole role = newer_or(ProcessRole::source, ProcessRole::old_source, record, context);
  event.actor = read_mention(role, record, context);
  complete_subject(event.actor, record, context);
  set_mention(event.actor, role, kActor, record, context);
  set_parts(kActorParts, role, record, context);
  set_group(role, record, context);
  set_parent(newer_or(ProcessRole::source_parent, ProcessRole::old_source_parent, record, context),
             record, context);
}

void set_s1_new_process(S1Record& record, ParseContext& context) {
  Event& event = context.event;
  const ProcessRole role = newer_or(ProcessRole::target, ProcessRole::old_source, record, context);
  event.actor = read_mention(role, record, context);
  complete_subject(event.actor, record, context);
  set_mention(event.actor, role, kActor, record, context);
  set_parts(kNewProcess, role, record, context);
  set_group(role, record, context);
  set_s1_hashes(image_hashes(role), record, context);
  // src is whom the storyline holds responsible; where the operating system sees another parent,
  // that is osSrc (RuntimeBroker.exe: backgroundTaskHost.exe and svchost.exe).
  const bool has_os_parent = record.names(ProcessRole::os_source, context);
  const ProcessRole source =
      newer_or(ProcessRole::source, ProcessRole::old_source_parent, record, context);
  set_parent(has_os_parent ? ProcessRole::os_source : source, record, context);
  if (has_os_parent) {
    ProcessMention creator = read_mention(source, record, context);
    if (!is_same(creator, event.parent) && !is_same(creator, event.actor)) {
      set_mention(creator, source, kNoFields, record, context);
      event.creator = creator;
    }
  }
  const ProcessRole grand_parent =
      has_os_parent ? ProcessRole::os_source_parent : ProcessRole::source_parent;
  ProcessMention above = read_mention(grand_parent, record, context);
  if (!is_same(above, event.parent)) {
    set_mention(above, grand_parent, kGrandParent, record, context);
  }
}

void set_s1_source_and_target(S1Record& record, ParseContext& context) {
  Event& event = context.event;
  // Sigma asks such events for SourceImage, others for Image.
  set_s1_value(FieldId::source_process_guid, event.actor.vendor_uid, context);
  set_s1_value(FieldId::source_process_id, event.actor.pid, context);
  set_s1_value(FieldId::source_image, event.actor.image, context);
  set_s1_value(FieldId::source_command_line, event.actor.command_line, context);
  set_s1_value(FieldId::source_user, event.actor.user, context);
  set_s1_value(FieldId::source_parent_image, event.parent.image, context);
  event.target = read_mention(ProcessRole::target, record, context);
  set_mention(event.target, ProcessRole::target, kTarget, record, context);
  if (context.filter.wants(FieldId::granted_access)) {
    set_s1_value(FieldId::granted_access,
                 hex_of(record.text(ProcessRole::target, ProcessPart::access_rights, context),
                        context.scratch),
                 context);
  }
}

}  // namespace spoor
