#include "engine/finding/event_json.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <vector>

#include "engine/event/canonical.h"
#include "engine/finding/json_writer.h"

namespace spoor {
namespace {

void write_envelope(JsonWriter& json, const Event& event) {
  json.text("type", to_string(event.type));
  json.text("source", to_string(event.source));
  json.text("carriage", event.carriage);
  json.text("vendor_type", event.vendor_type);
  // 0 stands for a time that could not be read: the flag "time_suspect" says so.
  if (event.time != 0) {
    json.text("time", format_timestamp(event.time));
  }
  json.text("host", event.host);
  json.text("hostname", event.hostname);
  json.text("platform", to_string(event.platform));
  json.text("uid", to_string(event.uid));
  json.text("vendor_event_uid", event.vendor_event_uid);
}

bool is_absent(const ProcessMention& mention) {
  return mention.key.is_none() && mention.start == 0 && mention.vendor_uid.empty() &&
         mention.pid.empty() && mention.image.empty() && mention.command_line.empty() &&
         mention.user.empty();
}

void write_mention(JsonWriter& json, std::string_view role, const ProcessMention& mention) {
  if (is_absent(mention)) {
    return;
  }
  json.begin_object(role);
  json.text("uid", mention.vendor_uid);
  json.text("pid", mention.pid);
  json.text("image", mention.image);
  json.text("command_line", mention.command_line);
  json.text("user", mention.user);
  if (mention.start != 0) {
    json.text("start", format_timestamp(mention.start));
    json.boolean("start_is_exact", mention.start_is_exact);
  }
  json.end_object();
}

void write_fields(JsonWriter& json, const Event& event) {
  json.begin_object("fields");
  event.fields().for_each([&](FieldId id) { json.any_text(field_name(id), event.field(id)); });
  json.end_object();
}

void write_extra(JsonWriter& json, const Event& event) {
  if (event.extra.empty()) {
    return;
  }
  std::vector<ExtraField> sorted = event.extra;
  std::ranges::stable_sort(sorted, {}, &ExtraField::name);
  json.begin_object("extra");
  const ExtraField* last = nullptr;
  for (const ExtraField& field : sorted) {
    // A second member of one name would make the document ambiguous.
    if (last == nullptr || last->name != field.name) {
      json.any_text(field.name, field.value);
    }
    last = &field;
  }
  json.end_object();
}

void write_originals(JsonWriter& json, const Event& event) {
  if (event.originals.empty()) {
    return;
  }
  json.begin_object("originals");
  event.fields().for_each([&](FieldId id) {
    if (const std::string_view original = event.original(id); original.data() != nullptr) {
      json.any_text(field_name(id), original);
    }
  });
  json.end_object();
}

struct Flag {
  bool raised;
  std::string_view name;
};

/// Nothing of it if none is raised.
void write_raised(JsonWriter& json, std::string_view key, std::span<const Flag> flags) {
  if (std::ranges::none_of(flags, &Flag::raised)) {
    return;
  }
  json.begin_array(key);
  for (const Flag& flag : flags) {
    if (flag.raised) {
      json.element(flag.name);
    }
  }
  json.end_array();
}

/// What rules find beside a value that is dressed up, and what was seen on the way.
void write_revealed(JsonWriter& json, const Event& event) {
  bool begun = false;
  std::string value;
  event.fields().for_each([&](FieldId id) {
    RevealFlags seen;
    const bool differs = reveal(field_kind(id), event.field(id), value, &seen);
    const auto flags = std::to_array<Flag>({{seen.invisible, "invisible"},
                                            {seen.look_alike, "look_alike"},
                                            {seen.short_name, "short_name"},
                                            {seen.substring, "part_of_variable"}});
    if (!differs && std::ranges::none_of(flags, &Flag::raised)) {
      return;
    }
    if (!begun) {
      json.begin_object("revealed");
      begun = true;
    }
    json.begin_object(field_name(id));
    if (differs) {
      json.any_text("value", value);
    }
    write_raised(json, "seen", flags);
    json.end_object();
  });
  if (begun) {
    json.end_object();
  }
}

void write_flags(JsonWriter& json, const Event& event) {
  const auto flags = std::to_array<Flag>({{event.salvaged, "salvaged"},
                                          {event.duplicate_keys, "duplicate_keys"},
                                          {event.time_suspect, "time_suspect"}});
  write_raised(json, "flags", flags);
}

void write_position(JsonWriter& json, const Event& event, std::string_view file) {
  // Lines are counted from 1: 0 is an event that was read from nowhere.
  if (event.position.line == 0) {
    return;
  }
  json.begin_object("position");
  json.text("file", file);
  json.number("line", static_cast<std::int64_t>(event.position.line));
  json.number("offset", static_cast<std::int64_t>(event.position.offset));
  json.end_object();
}

}  // namespace

std::string render_event(const Event& event, std::string_view file) {
  JsonWriter json;
  json.begin_object();
  write_envelope(json, event);
  write_mention(json, "actor", event.actor);
  write_mention(json, "parent", event.parent);
  write_mention(json, "target", event.target);
  write_mention(json, "creator", event.creator);
  write_fields(json, event);
  write_extra(json, event);
  write_originals(json, event);
  write_revealed(json, event);
  write_flags(json, event);
  write_position(json, event, file);
  json.end_object();
  return json.finish();
}

}  // namespace spoor
