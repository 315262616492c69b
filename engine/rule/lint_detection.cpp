// Checks of selections, field names, modifiers and values.
#include <algorithm>
#include <optional>

#include "engine/base/text.h"
#include "engine/event/field.h"
#include "engine/rule/lint.h"
#include "engine/rule/modifier.h"

namespace spoor {
namespace {

/// Sigma's categories of which the field table holds all fields that their events have. Of others
/// (cloud, proxies, web servers) it knows nothing, and says nothing.
constexpr std::string_view kKnownCategories[] = {"clipboard_capture",
                                                 "clipboard_change",
                                                 "create_remote_thread",
                                                 "create_stream_hash",
                                                 "dns_query",
                                                 "driver_load",
                                                 "file_access",
                                                 "file_block_executable",
                                                 "file_block_shredding",
                                                 "file_change",
                                                 "file_delete",
                                                 "file_delete_detected",
                                                 "file_event",
                                                 "file_executable_detected",
                                                 "file_rename",
                                                 "image_load",
                                                 "network_connection",
                                                 "pipe_created",
                                                 "process_access",
                                                 "process_creation",
                                                 "process_tampering",
                                                 "process_termination",
                                                 "ps_module",
                                                 "ps_script",
                                                 "raw_access_thread",
                                                 "registry_add",
                                                 "registry_delete",
                                                 "registry_event",
                                                 "registry_rename",
                                                 "registry_set",
                                                 "sysmon_error",
                                                 "sysmon_status",
                                                 "wmi_event"};

constexpr std::string_view kEndpointProducts[] = {"", "windows", "linux", "macos"};

constexpr std::string_view kAncestor = "Ancestor.";

template <std::size_t Size>
bool contains(const std::string_view (&list)[Size], std::string_view word) {
  return std::ranges::find(list, word) != std::ranges::end(list);
}

/// A part of the log source, or "".
std::string_view log_source_part(const YamlNode& document, std::string_view part) {
  const YamlNode* source = document.find("logsource");
  const YamlNode* node = source != nullptr && source->is_map() ? source->find(part) : nullptr;
  return node != nullptr && node->is_scalar() ? std::string_view(node->text) : std::string_view();
}

bool knows_all_fields(const YamlNode& document) {
  return contains(kEndpointProducts, log_source_part(document, "product")) &&
         contains(kKnownCategories, log_source_part(document, "category")) &&
         log_source_part(document, "service").empty();
}

/// Where the wildcard * stands in a Sigma text; escaped ones are none.
struct Stars {
  bool leading = false;
  bool trailing = false;
  bool inner = false;
  bool question = false;  ///< A ? anywhere.
};

Stars stars_of(std::string_view text) {
  Stars stars;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size() &&
        (text[i + 1] == '*' || text[i + 1] == '?' || text[i + 1] == '\\')) {
      ++i;
    } else if (text[i] == '?') {
      stars.question = true;
    } else if (text[i] == '*') {
      stars.leading = stars.leading || i == 0;
      stars.trailing = stars.trailing || i + 1 == text.size();
      stars.inner = stars.inner || (i != 0 && i + 1 != text.size());
    }
  }
  return stars;
}

/// One key of a selection with its values.
struct FieldView {
  const YamlNode& key;
  FieldKey parts;
  std::vector<const YamlNode*> values;

  [[nodiscard]] bool has(std::string_view modifier) const {
    return std::ranges::find(parts.modifiers, modifier) != parts.modifiers.end();
  }

  /// Text that is compared as the author wrote it: neither a regular expression nor encoded.
  [[nodiscard]] bool is_plain_text() const {
    static constexpr std::string_view kPlain[] = {"contains", "startswith", "endswith", "all",
                                                  "cased",    "windash",    "neq"};
    return std::ranges::all_of(parts.modifiers,
                               [](const std::string& name) { return contains(kPlain, name); });
  }
};

void check_name(const FieldView& field, DiagnosticDesk& desk) {
  std::string_view name = field.parts.field;
  if (name.starts_with(kAncestor)) {
    name.remove_prefix(kAncestor.size());
  }
  if (name.empty() || desk.has_enough_lint() || find_field(name)) {
    return;
  }
  std::vector<std::string_view> names;
  for (const FieldRow& row : field_table()) {
    names.push_back(row.name);
  }
  const auto same = std::ranges::find_if(
      names, [name](std::string_view known) { return equals_ignore_case_ascii(known, name); });
  std::string hint = same != names.end()
                         ? "field names are case-sensitive: '" + std::string(*same) + "'"
                         : did_you_mean(name, names);
  desk.lint("unknown-field", field.key.position,
            "no event of this category has a field '" + std::string(name) + "'", std::move(hint));
}

void check_regex(const FieldView& field, DiagnosticDesk& desk) {
  if (!field.has("re")) {
    return;
  }
  for (const YamlNode* value : field.values) {
    const std::string_view regex = value->text;
    const bool ends = regex.ends_with(".*") && !regex.ends_with("\\.*");
    if (regex.starts_with(".*") || ends) {
      desk.lint("regex-affix", value->position,
                ".* at the " + std::string(regex.starts_with(".*") ? "beginning" : "end") +
                    " of a regular expression does nothing",
                "it is looked for anywhere in the value; leave it out");
    }
  }
}

void check_affixes(const FieldView& field, DiagnosticDesk& desk) {
  const bool contains = field.has("contains");
  const bool starts = field.has("startswith");
  const bool ends = field.has("endswith");
  if (!field.is_plain_text() || (!contains && !starts && !ends)) {
    return;
  }
  for (const YamlNode* value : field.values) {
    const Stars stars = stars_of(value->text);
    if (value->text == "*") {
      continue;  // "The field is there", as SigmaHQ writes it.
    }
    if ((starts && stars.leading) || (ends && stars.trailing)) {
      desk.lint("affix-wildcard", value->position,
                starts ? "startswith and a * in front: it may start anywhere"
                       : "endswith and a * behind: it may end anywhere",
                "write contains, or escape the star: \\*");
    } else if (contains && (stars.leading || stars.trailing)) {
      desk.lint("affix-wildcard", value->position, "contains adds the * by itself",
                "leave it out, or escape it if a star is meant: \\*");
    }
  }
}

void check_short(const FieldView& field, DiagnosticDesk& desk) {
  constexpr std::size_t kShort = 3;
  // Under `all` it is one condition among several.
  if (!field.has("contains") || field.has("all") || !field.is_plain_text()) {
    return;
  }
  for (const YamlNode* value : field.values) {
    const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80U; };
    // One emoji says more than three letters.
    const bool plain = std::ranges::all_of(value->text, is_ascii);
    if (plain && value->text.size() < kShort && value->text != "*") {
      desk.lint("short-contains", value->position,
                value->text.empty() ? "contains with an empty text holds for every value"
                                    : "contains with fewer than three characters holds for much",
                "a blank or separator beside it makes it a word");
    }
  }
}

void check_windash(const FieldView& field, DiagnosticDesk& desk) {
  if (!field.has("windash")) {
    return;
  }
  // Lists mix options with other words, and there it does no harm: one dash is enough.
  const auto has_dash = [](const YamlNode* value) {
    return value->text.find_first_of("-/") != std::string::npos;
  };
  if (!field.values.empty() && std::ranges::none_of(field.values, has_dash)) {
    desk.lint("windash", field.values.front()->position,
              "windash, and no value with a dash or slash", "leave windash out");
  }
}

/// The modifier that says what the wildcards of a text say, or "".
std::string_view modifier_for(const std::string& text) {
  const Stars stars = stars_of(text);
  if (stars.inner || stars.question || text.size() < 2) {
    return "";
  }
  if (stars.leading) {
    return stars.trailing ? "contains" : "endswith";
  }
  return stars.trailing ? "startswith" : "";
}

void check_wildcards(const FieldView& field, DiagnosticDesk& desk) {
  if (!field.parts.modifiers.empty() || field.parts.field.empty() || field.values.empty()) {
    return;
  }
  // A list can be rewritten only if all of its values have the same wildcards.
  const std::string_view modifier = modifier_for(field.values.front()->text);
  const bool same = std::ranges::all_of(field.values, [modifier](const YamlNode* value) {
    return modifier_for(value->text) == modifier;
  });
  if (same && !modifier.empty()) {
    desk.lint("wildcard", field.values.front()->position,
              "a * that a modifier would say more plainly",
              "write " + field.parts.field + "|" + std::string(modifier) + " without it");
  }
}

void check_field(const YamlEntry& entry, bool known_fields, DiagnosticDesk& desk) {
  FieldView field{.key = entry.key, .parts = split_field_key(entry.key.text), .values = {}};
  if (entry.value.is_scalar()) {
    field.values.push_back(&entry.value);
  }
  for (const YamlNode& item : entry.value.items) {
    if (item.is_scalar()) {
      field.values.push_back(&item);
    }
  }
  if (known_fields) {
    check_name(field, desk);
  }
  check_regex(field, desk);
  check_affixes(field, desk);
  check_short(field, desk);
  check_windash(field, desk);
  check_wildcards(field, desk);
}

void check_selection_name(const YamlNode& key, DiagnosticDesk& desk) {
  const std::size_t bar = key.text.find('|');
  if (bar == std::string::npos) {
    return;
  }
  desk.lint("selection-modifier", key.position,
            "the '" + key.text.substr(bar) + "' of a selection's name does nothing",
            "modifiers stand behind the names of fields");
}

}  // namespace

void lint_detection(const YamlNode& document, DiagnosticDesk& desk) {
  const YamlNode* detection = document.find("detection");
  if (detection == nullptr || !detection->is_map()) {
    return;
  }
  const bool known_fields = knows_all_fields(document);
  for (const auto& [key, value] : detection->entries) {
    if (key.text == "condition" || key.text == "timeframe") {
      continue;
    }
    check_selection_name(key, desk);
    for (const YamlEntry& entry : value.entries) {
      check_field(entry, known_fields, desk);
    }
    for (const YamlNode& item : value.items) {
      for (const YamlEntry& entry : item.entries) {
        check_field(entry, known_fields, desk);
      }
    }
  }
}

}  // namespace spoor
