// Rules against disguised values: every form of disguise with every rule that it can be tried on.
//
// A value goes the way it goes through the program: the parser's part is represent(), the matcher
// does the rest. What is not detected is listed by name, and only that.
#include <algorithm>
#include <cstdio>
#include <iterator>
#include <optional>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "engine/base/text.h"
#include "engine/event/canonical.h"
#include "engine/matcher/matcher.h"
#include "tests/support/events.h"
#include "tests/support/rules.h"

namespace spoor {
namespace {

/// A rule of one field, and what it is there to find.
struct Target {
  const char* name;
  const char* category;
  FieldId field;
  const char* test;   ///< Behind the field's name: "endswith: '\cmd.exe'".
  const char* value;  ///< Undisguised.
  const char* key;    ///< The part of it that the rule is about.
};

constexpr Target kTargets[] = {
    // Where a program is.
    {"cmd", "process_creation", FieldId::image, R"(endswith: '\cmd.exe')",
     R"(C:\Windows\System32\cmd.exe)", "cmd.exe"},
    {"powershell", "process_creation", FieldId::image,
     R"(endswith: '\WindowsPowerShell\v1.0\powershell.exe')",
     R"(C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe)", "powershell.exe"},
    {"mshta", "process_creation", FieldId::image, R"(contains: '\System32\mshta.')",
     R"(C:\Windows\System32\mshta.exe)", "mshta.exe"},
    {"certutil", "process_creation", FieldId::image, R"(endswith: '\certutil.exe')",
     R"(C:\Windows\SysWOW64\certutil.exe)", "certutil.exe"},
    {"3cx", "process_creation", FieldId::image, R"(endswith: '\3CXDesktopApp.exe')",
     R"(C:\Program Files\3CXDesktopApp\app\3CXDesktopApp.exe)", "3CXDesktopApp.exe"},
    {"dropped program", "process_creation", FieldId::image, R"(contains: '\Users\Public\')",
     R"(C:\Users\Public\updater.exe)", "updater.exe"},
    {"word starts something", "process_creation", FieldId::parent_image,
     R"(endswith: '\WINWORD.EXE')", R"(C:\Program Files\Office\root\WINWORD.EXE)", "WINWORD.EXE"},
    {"3cx starts something", "process_creation", FieldId::parent_image,
     R"(endswith: '\app\3CXDesktopApp.exe')",
     R"(C:\Users\kim\AppData\Local\Programs\3CXDesktopApp\app\3CXDesktopApp.exe)",
     "3CXDesktopApp.exe"},
    {"w3wp starts something", "process_creation", FieldId::parent_image,
     R"(contains: '\inetsrv\w3wp')", R"(C:\Windows\System32\inetsrv\w3wp.exe)", "w3wp.exe"},
    {"3cx loader", "image_load", FieldId::image_loaded,
     R"(endswith: '\3CXDesktopApp\app\ffmpeg.dll')",
     R"(C:\Program Files\3CXDesktopApp\app\ffmpeg.dll)", "ffmpeg.dll"},
    {"3cx container", "image_load", FieldId::image_loaded, R"(endswith: '\d3dcompiler_47.dll')",
     R"(C:\Users\kim\AppData\Local\Programs\3CXDesktopApp\app\d3dcompiler_47.dll)",
     "d3dcompiler_47.dll"},
    {"comsvcs", "image_load", FieldId::image_loaded, R"(contains: '\System32\comsvcs.')",
     R"(C:\Windows\System32\comsvcs.dll)", "comsvcs.dll"},
    {"planted library", "image_load", FieldId::image_loaded, R"(contains: 'C:\ProgramData\')",
     R"(C:\ProgramData\vendor\version.dll)", "version.dll"},
    {"3cx manifest", "file_event", FieldId::target_filename,
     R"(endswith: '\3CXDesktopApp\manifest')",
     R"(C:\Users\kim\AppData\Roaming\3CXDesktopApp\manifest)", "manifest"},
    {"startup folder", "file_event", FieldId::target_filename,
     R"(contains: '\Start Menu\Programs\Startup\')",
     R"(C:\ProgramData\Microsoft\Windows\Start Menu\Programs\Startup\run.lnk)", "run.lnk"},
    {"library in the system's folder", "file_event", FieldId::target_filename,
     R"(endswith: '\System32\wlbsctrl.dll')", R"(C:\Windows\System32\wlbsctrl.dll)",
     "wlbsctrl.dll"},
    {"accounts database", "file_event", FieldId::target_filename, R"(endswith: '\NTDS\ntds.dit')",
     R"(C:\Windows\NTDS\ntds.dit)", "ntds.dit"},
    // What a program was told.
    {"encoded command", "process_creation", FieldId::command_line, "contains: ' -EncodedCommand '",
     R"(powershell.exe -NoProfile -EncodedCommand SQBFAFgA)", "EncodedCommand"},
    {"download", "process_creation", FieldId::command_line,
     "contains|all: ['certutil', ' -urlcache ']",
     R"(certutil.exe -urlcache -split -f http://example.com/a.txt a.exe)", "urlcache"},
    {"memory dump", "process_creation", FieldId::command_line,
     R"(contains: '\System32\comsvcs.dll MiniDump')",
     R"(rundll32.exe C:\Windows\System32\comsvcs.dll MiniDump 624 C:\x.dmp full)", "MiniDump"},
    {"shadow copies", "process_creation", FieldId::command_line, "contains: 'delete shadows'",
     R"("C:\Windows\System32\vssadmin.exe" delete shadows /all /quiet)", "shadows"},
    {"scheduled task", "process_creation", FieldId::command_line,
     R"(contains: 'schtasks /create /tn "Updater"')",
     R"(schtasks /create /tn "Updater" /tr C:\Windows\Temp\a.exe)", "schtasks"},
    {"shell of a shell", "process_creation", FieldId::command_line,
     R"(contains: 'C:\Windows\System32\cmd.exe /c whoami')",
     R"(conhost C:\Windows\System32\cmd.exe /c whoami)", "whoami"},
    {"script from the parent", "process_creation", FieldId::parent_command_line,
     R"(contains: 'mshta.exe javascript')", R"(C:\Windows\System32\mshta.exe javascript:close())",
     "javascript"},
    {"script block", "ps_script", FieldId::script_block_text,
     "contains: 'Invoke-Mimikatz -DumpCreds'", R"(Invoke-Mimikatz -DumpCreds)", "Invoke"},
    // What was written to the registry.
    {"run key", "registry_set", FieldId::target_object,
     R"(startswith: 'HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Run\')",
     R"(HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Run\Updater)", "Updater"},
    {"service", "registry_set", FieldId::target_object,
     R"(contains: 'HKLM\System\CurrentControlSet\Services\IKEEXT\')",
     R"(HKLM\System\CurrentControlSet\Services\IKEEXT\Start)", "IKEEXT"},
    {"handler of a user", "registry_set", FieldId::target_object,
     R"(endswith: '\ms-settings\shell\open\command\DelegateExecute')",
     R"(HKU\S-1-5-21-1-2-3-1001_Classes\ms-settings\shell\open\command\DelegateExecute)",
     "DelegateExecute"},
};

// --- Disguises
// ----------------------------------------------------------------------------------------------------

/// The target's value in disguise; nothing where the form has nothing to hide in it.
using Disguise = std::optional<std::string> (*)(const Target& target);

struct Form {
  const char* name;
  FieldKind kind;
  Disguise disguise;
};

/// The value with `from` in it replaced by `to`, once or everywhere.
std::optional<std::string> swapped(std::string value,
                                   std::string_view from,
                                   std::string_view to,
                                   bool everywhere = false) {
  std::size_t at = value.find(from);
  if (at == std::string::npos) {
    return std::nullopt;
  }
  do {
    value.replace(at, from.size(), to);
    at = value.find(from, at + to.size());
  } while (everywhere && at != std::string::npos);
  return value;
}

std::optional<std::string> all_swapped(const Target& target,
                                       std::string_view from,
                                       std::string_view to) {
  return swapped(target.value, from, to, true);
}

std::optional<std::string> front_swapped(const Target& target,
                                         std::string_view from,
                                         std::string_view to) {
  const std::string_view value = target.value;
  return value.starts_with(from) ? std::optional(std::string(to).append(value.substr(from.size())))
                                 : std::nullopt;
}

/// Before the last component.
std::optional<std::string> before_name(const Target& target, std::string_view what) {
  std::string value = target.value;
  return value.insert(value.rfind('\\') + 1, what);
}

/// Behind the last folder's name.
std::optional<std::string> behind_folder(const Target& target, std::string_view what) {
  std::string value = target.value;
  return value.insert(value.rfind('\\'), what);
}

std::optional<std::string> behind(const Target& target, std::string_view what) {
  return target.value + std::string(what);
}

/// Inside the part that the rule is about, behind its second character.
std::optional<std::string> in_key(const Target& target, std::string_view what) {
  std::string value = target.value;
  return value.insert(value.find(target.key) + 2, what);
}

/// The second character of that part becomes full-width.
std::optional<std::string> full_width_key(const Target& target) {
  std::string value = target.value;
  const std::size_t at = value.find(target.key) + 1;
  const std::string wide = {'\xEF', '\xBD', static_cast<char>('\x81' + (value[at] - 'a'))};
  return value[at] >= 'a' && value[at] <= 'z' ? std::optional(value.replace(at, 1, wide))
                                              : std::nullopt;
}

/// Between every two letters.
std::optional<std::string> between_letters(const Target& target, std::string_view what) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  std::string value;
  for (const char* c = target.value; *c != '\0'; ++c) {
    value += *c;
    if (is_letter(c[0]) && is_letter(c[1])) {
      value += what;
    }
  }
  return value;
}

std::optional<std::string> upper_case(const Target& target) {
  std::string value = target.value;
  std::ranges::transform(value, value.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
  });
  return value;
}

std::optional<std::string> alternating_case(const Target& target) {
  std::string value = to_lower_ascii(target.value);
  for (std::size_t i = 0; i < value.size(); i += 2) {
    value[i] =
        value[i] >= 'a' && value[i] <= 'z' ? static_cast<char>(value[i] - ('a' - 'A')) : value[i];
  }
  return value;
}

/// "3CXDesktopApp" → "3CXDES~1", if the rule's part is longer than eight characters.
std::optional<std::string> short_name(const Target& target) {
  const std::string_view key = target.key;
  const std::size_t dot = std::min(key.rfind('.'), key.size());
  if (dot <= 8) {
    return std::nullopt;
  }
  return swapped(target.value, key,
                 std::string(key.substr(0, 6)).append("~1").append(key.substr(dot)));
}

/// The first character of the rule's part out of a variable.
std::optional<std::string> part_of_variable(const Target& target) {
  return swapped(target.value, target.key, "%x:~0,1%" + std::string(target.key).substr(1));
}

constexpr FieldKind kPath = FieldKind::path;
constexpr FieldKind kCommand = FieldKind::command_line;
constexpr FieldKind kKey = FieldKind::registry;

#define SPOOR_AS(expression) \
  [](const Target& t) -> std::optional<std::string> { return expression; }

constexpr Form kForms[] = {
    {R"(\Device\HarddiskVolume)", kPath,
     SPOOR_AS(front_swapped(t, "C:", R"(\Device\HarddiskVolume4)"))},
    {R"(\\Device\\HarddiskVolume)", kPath,
     SPOOR_AS(swapped(
         "\\Device\\HarddiskVolume4" + std::string(t.value).substr(2), "\\", "\\\\", true))},
    {R"(\\?\)", kPath, SPOOR_AS(front_swapped(t, "C:", R"(\\?\C:)"))},
    {R"(\??\)", kPath, SPOOR_AS(front_swapped(t, "C:", R"(\??\C:)"))},
    {R"(\\?\UNC\localhost)", kPath, SPOOR_AS(front_swapped(t, "C:", R"(\\?\UNC\localhost\C$)"))},
    {R"(\Device\Mup\localhost)", kPath,
     SPOOR_AS(front_swapped(t, "C:", R"(\Device\Mup\localhost\C$)"))},
    {R"(\SystemRoot)", kPath, SPOOR_AS(front_swapped(t, R"(C:\Windows)", R"(\SystemRoot)"))},
    {"%SystemRoot%", kPath, SPOOR_AS(front_swapped(t, R"(C:\Windows)", "%SystemRoot%"))},
    {"%windir%", kPath, SPOOR_AS(front_swapped(t, R"(C:\Windows)", "%WINDIR%"))},
    {"%ProgramFiles%", kPath, SPOOR_AS(front_swapped(t, R"(C:\Program Files)", "%ProgramFiles%"))},
    {"%ProgramData%", kPath, SPOOR_AS(front_swapped(t, R"(C:\ProgramData)", "%programdata%"))},
    {"%PUBLIC%", kPath, SPOOR_AS(front_swapped(t, R"(C:\Users\Public)", "%PUBLIC%"))},
    {"%SystemDrive%", kPath, SPOOR_AS(front_swapped(t, "C:", "%SystemDrive%"))},
    {"slashes", kPath, SPOOR_AS(all_swapped(t, "\\", "/"))},
    {"one slash", kPath, SPOOR_AS(swapped(*behind_folder(t, "/"), "/\\", "/"))},
    {R"(\.\)", kPath, SPOOR_AS(before_name(t, R"(.\)"))},
    {R"(\x\..\)", kPath, SPOOR_AS(before_name(t, R"(x\..\)"))},
    {R"(\x\y\..\..\)", kPath, SPOOR_AS(before_name(t, R"(x\y\..\..\)"))},
    {R"(C:\..\)", kPath, SPOOR_AS(front_swapped(t, R"(C:\)", R"(C:\..\)"))},
    {R"(\. at the end)", kPath, SPOOR_AS(behind(t, R"(\.)"))},
    {"repeated separators", kPath, SPOOR_AS(all_swapped(t, "\\", "\\\\"))},
    {R"(\\localhost\c$)", kPath, SPOOR_AS(front_swapped(t, "C:", R"(\\localhost\c$)"))},
    {R"(\\127.0.0.1\c$)", kPath, SPOOR_AS(front_swapped(t, "C:", R"(\\127.0.0.1\c$)"))},
    {R"(\\.\)", kPath, SPOOR_AS(front_swapped(t, "C:", R"(\\.\C:)"))},
    {"trailing dot", kPath, SPOOR_AS(behind(t, "."))},
    {"trailing blank", kPath, SPOOR_AS(behind(t, " "))},
    {"trailing no-break blank", kPath, SPOOR_AS(behind(t, "\u00A0"))},
    {"trailing dot of a folder", kPath, SPOOR_AS(behind_folder(t, "."))},
    {"trailing blank of a folder", kPath, SPOOR_AS(behind_folder(t, " "))},
    {"stream", kPath, SPOOR_AS(behind(t, ":x"))},
    {"stream with its type", kPath, SPOOR_AS(behind(t, ":x:$DATA"))},
    {"default stream", kPath, SPOOR_AS(behind(t, "::$DATA"))},
    {"upper case", kPath, upper_case},
    {"alternating case", kPath, alternating_case},
    {"full-width letter", kPath, full_width_key},
    {"full-width backslashes", kPath, SPOOR_AS(all_swapped(t, "\\", "\uFF3C"))},
    {"full-width slashes", kPath, SPOOR_AS(all_swapped(t, "\\", "\uFF0F"))},
    {"division slashes", kPath, SPOOR_AS(all_swapped(t, "\\", "\u2215"))},
    {"set minus", kPath, SPOOR_AS(all_swapped(t, "\\", "\u2216"))},
    {"zero-width space", kPath, SPOOR_AS(in_key(t, "\u200B"))},
    {"zero-width joiner", kPath, SPOOR_AS(between_letters(t, "\u200D"))},
    {"byte order mark", kPath, SPOOR_AS(in_key(t, "\uFEFF"))},
    {"soft hyphen", kPath, SPOOR_AS(in_key(t, "\u00AD"))},
    {"right-to-left override", kPath, SPOOR_AS(in_key(t, "\u202E\u202C"))},
    {"8.3 name", kPath, short_name},

    {"caret", kCommand, SPOOR_AS(in_key(t, "^"))},
    {"carets", kCommand, SPOOR_AS(between_letters(t, "^"))},
    {"full-width caret", kCommand, SPOOR_AS(in_key(t, "\uFF3E"))},
    {"quote", kCommand, SPOOR_AS(in_key(t, "\""))},
    {"quotes", kCommand, SPOOR_AS(between_letters(t, "\""))},
    {"doubled quotes", kCommand, SPOOR_AS(in_key(t, "\"\""))},
    {"repeated blanks", kCommand, SPOOR_AS(all_swapped(t, " ", "   "))},
    {"tabs", kCommand, SPOOR_AS(all_swapped(t, " ", "\t"))},
    {"no-break blanks", kCommand, SPOOR_AS(all_swapped(t, " ", "\u00A0"))},
    {"ideographic spaces", kCommand, SPOOR_AS(all_swapped(t, " ", "\u3000"))},
    {"en dash", kCommand, SPOOR_AS(all_swapped(t, " -", " \u2013"))},
    {"em dash", kCommand, SPOOR_AS(all_swapped(t, " -", " \u2014"))},
    {"horizontal bar", kCommand, SPOOR_AS(all_swapped(t, " -", " \u2015"))},
    {"minus", kCommand, SPOOR_AS(all_swapped(t, " -", " \u2212"))},
    {"full-width dash", kCommand, SPOOR_AS(all_swapped(t, " -", " \uFF0D"))},
    {"full-width slash of an option", kCommand, SPOOR_AS(all_swapped(t, " /", " \uFF0F"))},
    {"typographic quotes", kCommand, SPOOR_AS(all_swapped(t, "\"", "\u201D"))},
    {"full-width letter of a command", kCommand, full_width_key},
    {"zero-width space in a command", kCommand, SPOOR_AS(in_key(t, "\u200B"))},
    {"word joiners", kCommand, SPOOR_AS(between_letters(t, "\u2060"))},
    {"right-to-left override in a command", kCommand, SPOOR_AS(in_key(t, "\u202E\u202C"))},
    {"upper-case command", kCommand, upper_case},
    {"alternating-case command", kCommand, alternating_case},
    {"%SystemRoot% in a command", kCommand,
     SPOOR_AS(all_swapped(t, R"(C:\Windows)", "%SystemRoot%"))},
    {"%SystemDrive% in a command", kCommand, SPOOR_AS(all_swapped(t, "C:", "%SystemDrive%"))},
    {"%ComSpec%", kCommand,
     SPOOR_AS(all_swapped(t, R"(C:\Windows\System32\cmd.exe)", "%ComSpec%"))},
    {"variable with carets", kCommand, SPOOR_AS(all_swapped(t, R"(C:\Windows)", "%Sys^temRoot%"))},
    {"slashes in a command", kCommand,
     SPOOR_AS(all_swapped(t, R"(C:\Windows\System32\)", "C:/Windows/System32/"))},
    {R"(\x\..\ in a command)", kCommand,
     SPOOR_AS(all_swapped(t, R"(\System32\)", R"(\Temp\..\System32\)"))},
    {R"(\.\ in a command)", kCommand, SPOOR_AS(all_swapped(t, R"(\System32\)", R"(\.\System32\)"))},
    {"repeated separators in a command", kCommand,
     SPOOR_AS(all_swapped(t, R"(\System32\)", R"(\\System32\\)"))},
    {R"(\\localhost\c$ in a command)", kCommand,
     SPOOR_AS(all_swapped(t, "C:\\", R"(\\localhost\c$\)"))},
    {R"(\\.\ in a command)", kCommand, SPOOR_AS(all_swapped(t, "C:\\", R"(\\.\C:\)"))},
    {"part of a variable", kCommand, part_of_variable},
    {"backtick", kCommand, SPOOR_AS(in_key(t, "`"))},

    {R"(\REGISTRY\MACHINE)", kKey, SPOOR_AS(front_swapped(t, "HKLM", R"(\REGISTRY\MACHINE)"))},
    {"MACHINE", kKey, SPOOR_AS(front_swapped(t, "HKLM", "MACHINE"))},
    {"HKEY_LOCAL_MACHINE", kKey, SPOOR_AS(front_swapped(t, "HKLM", "HKEY_LOCAL_MACHINE"))},
    {R"(\REGISTRY\USER)", kKey, SPOOR_AS(front_swapped(t, "HKU", R"(\REGISTRY\USER)"))},
    {"HKEY_USERS", kKey, SPOOR_AS(front_swapped(t, "HKU", "HKEY_USERS"))},
    {"ControlSet001", kKey, SPOOR_AS(all_swapped(t, "CurrentControlSet", "ControlSet001"))},
    {R"(\REGISTRY\MACHINE and ControlSet002)", kKey,
     SPOOR_AS(front_swapped(
         t, R"(HKLM\System\CurrentControlSet)", R"(\REGISTRY\MACHINE\SYSTEM\ControlSet002)"))},
    {"upper-case key", kKey, upper_case},
    {"full-width letter of a key", kKey, full_width_key},
    {"zero-width space in a key", kKey, SPOOR_AS(in_key(t, "\u200B"))},
};

#undef SPOOR_AS

/// What stays undetected, and why: form → reason. It does so with every rule it can be tried on.
const std::set<std::string> kUndetectedForms = {
    "8.3 name",            // Only the host's file system knows the long one. Flagged by reveal().
    "part of a variable",  // Would need the host's environment. Flagged by reveal().
    "backtick",            // PowerShell's escape: not interpreted, a backtick is text elsewhere.
};

RuleSet rule_of(const Target& target) {
  return test::rules_of(std::string("title: T\nid: i\nlogsource: {product: windows, category: ") +
                        target.category + "}\ndetection:\n  selection:\n    " +
                        std::string(field_name(target.field)) + "|" + target.test +
                        "\n  condition: selection\n");
}

EventType type_of(const Target& target) {
  for (std::size_t i = 0; i < kEventTypeCount; ++i) {
    if (to_string(static_cast<EventType>(i)) == target.category) {
      return static_cast<EventType>(i);
    }
  }
  return EventType::other;
}

/// As a parser sets a field.
void set_as_parsed(test::EventMaker& maker, Event& event, FieldId field, const std::string& value) {
  const std::string_view as_written = maker.keep(value);
  std::string represented;
  if (represent(field_kind(field), as_written, represented)) {
    event.set(field, maker.keep(represented));
    event.originals.push_back({.field = field, .value = as_written});
  } else {
    event.set(field, as_written);
  }
}

bool detects(const RuleSet& rules,
             EventType type,
             FieldId field,
             const std::string& value,
             bool canonical = true) {
  test::EventMaker maker;
  const test::EventMaker::Process process = {
      .id = 1, .pid = 4242, .image = R"(C:\x.exe)", .start_s = 1};
  Event event = maker.act(type, process, 2, FieldId::rule_name, "-");
  set_as_parsed(maker, event, field, value);
  Matcher matcher = Matcher::create(rules, nullptr, {.canonical = canonical});
  std::vector<std::size_t> hits;
  matcher.match(event, hits);
  return !hits.empty();
}

TEST(Evasion, EveryRuleFindsWhatIsNotDisguised) {
  for (const Target& target : kTargets) {
    const RuleSet rules = rule_of(target);
    EXPECT_TRUE(detects(rules, type_of(target), target.field, target.value, false)) << target.name;
    EXPECT_FALSE(detects(rules, type_of(target), target.field, R"(C:\a\b.exe -c /d "e f")"))
        << target.name;
  }
}

TEST(Evasion, DisguisesAreSeenThroughExceptThoseListed) {
  std::size_t tried = 0;
  std::size_t detected = 0;
  std::size_t by_first_value = 0;
  std::set<std::string> undetected;
  std::set<std::string> forms;
  for (const Target& target : kTargets) {
    const RuleSet rules = rule_of(target);
    for (const Form& form : kForms) {
      const std::optional<std::string> value =
          form.kind == field_kind(target.field) ? form.disguise(target) : std::nullopt;
      if (!value) {
        continue;
      }
      EXPECT_NE(*value, target.value) << form.name << " hides nothing of " << target.name;
      const bool found = detects(rules, type_of(target), target.field, *value);
      ++tried;
      detected += found ? 1U : 0U;
      by_first_value += detects(rules, type_of(target), target.field, *value, false) ? 1U : 0U;
      forms.insert(form.name);
      if (!found) {
        undetected.insert(form.name);
      }
      EXPECT_EQ(found, !kUndetectedForms.contains(form.name))
          << form.name << " on " << target.name << ": " << *value;
    }
  }
  EXPECT_EQ(undetected, kUndetectedForms);
  EXPECT_EQ(forms.size(), std::size(kForms)) << "some form was tried on nothing";
  EXPECT_GE(forms.size(), 30U);
  EXPECT_GE(std::size(kTargets), 20U);
  EXPECT_GE(tried, 600U);
  EXPECT_GE(detected * 100, tried * 95);
  EXPECT_LT(by_first_value, detected);
  RecordProperty("tried", static_cast<int>(tried));
  RecordProperty("detected", static_cast<int>(detected));
  std::printf("%zu disguises, %zu seen through, %zu by the first value alone\n", tried, detected,
              by_first_value);
}

// A filter is what an attacker would like to satisfy: once with what is written, once with what it
// reads as.
TEST(Evasion, NoDisguiseSatisfiesAFilter) {
  const RuleSet rules = test::rules_of(R"(
title: Shell started by anything but the updater
id: i
logsource: {product: windows, category: process_creation}
detection:
  selection: {Image|endswith: '\cmd.exe'}
  filter_parent: {ParentImage|startswith: 'C:\Program Files\Updater\'}
  filter_command: {CommandLine|contains: 'update --quiet'}
  filter_name: {ParentImage|endswith: updater.exe}
  condition: selection and not 1 of filter_*
)");

  struct Case {
    std::string value;
    FieldId field;
    bool filtered;
  };

  const Case cases[] = {
      // Honest ones are filtered.
      {R"(C:\Program Files\Updater\a.exe)", FieldId::parent_image, true},
      {R"(C:\x\updater.exe)", FieldId::parent_image, true},
      {"cmd /c update --quiet", FieldId::command_line, true},
      // Another representation is the same path: the sensor's doing, not a disguise.
      {R"(\\?\C:\Program Files\Updater\a.exe)", FieldId::parent_image, true},
      {R"(\Device\HarddiskVolume3\Program Files\Updater\a.exe)", FieldId::parent_image, true},
      // Written so that the filter holds, though it means something else.
      {R"(C:\Program Files\Updater\..\..\Users\Public\x.exe)", FieldId::parent_image, false},
      {R"(C:\Users\Public\x.exe:updater.exe)", FieldId::parent_image, false},
      {R"(C:\Program Files\Updater\../../x.exe)", FieldId::parent_image, false},
      // Meaning what the filter asks for, though written otherwise.
      {"C:/Program Files/Updater/a.exe", FieldId::parent_image, false},
      {R"(%ProgramFiles%\Updater\a.exe)", FieldId::parent_image, false},
      {R"(\\localhost\c$\Program Files\Updater\a.exe)", FieldId::parent_image, false},
      {R"(C:\x\updater.exe.)", FieldId::parent_image, false},
      {"C:\\x\\up\u200Bdater.exe", FieldId::parent_image, false},
      {"cmd /c up^date --quiet", FieldId::command_line, false},
      {"cmd /c update   --quiet", FieldId::command_line, false},
      {"cmd /c update \u2013-quiet", FieldId::command_line, false},
      {"cmd /c u\"pdat\"e --quiet", FieldId::command_line, false},
      // Disguised elsewhere: both values satisfy it.
      {"cmd  /c update --quiet", FieldId::command_line, true},
      {R"(C:\Program Files\Updater\.\a.exe)", FieldId::parent_image, true},
  };
  for (const Case& test : cases) {
    test::EventMaker maker;
    Event event =
        maker.start({.id = 2, .pid = 2, .image = R"(C:\Windows\System32\cmd.exe)", .start_s = 2},
                    {.id = 1, .pid = 1, .image = R"(C:\Windows\explorer.exe)", .start_s = 1});
    set_as_parsed(maker, event, test.field, test.value);
    Matcher matcher = Matcher::create(rules, nullptr);
    std::vector<std::size_t> hits;
    matcher.match(event, hits);
    EXPECT_EQ(hits.empty(), test.filtered) << test.value;
  }
}

}  // namespace
}  // namespace spoor
