// Canonical forms of field values: one for what sensors write differently, one for what attackers
// write differently.
//
// Representation: NT, Win32, macOS and the vendors have several names for one thing, and sensors
// report whichever they met. A parser replaces such a value by the name that Sigma rules use and
// keeps the vendor's text beside it (Event::originals). Nothing is lost but which volume a path was
// on: the drive of `\Device\HarddiskVolumeN` is not in the record, and assumed to be C:.
//
// Evasion: Windows and cmd.exe take many spellings for one path or command. The spelling says
// something, so the value stays and the revealed one is a second value; which of them a rule is
// asked about is the matcher's affair. Revealing is one reading among several: it does not know the
// host's environment (variables get their usual values) and does not interpret a script.
//
// Both work on UTF-8, leave bytes that are not UTF-8 where they are, compare names without regard
// to ASCII case, keep no state and take O(length).
//
// Sources: Microsoft Learn, "File path formats on Windows systems", "Naming Files, Paths, and
// Namespaces", "Registry hives"; Unicode 15, blocks General Punctuation and Halfwidth and Fullwidth
// Forms; cmd.exe's own parsing as collected by Daniel Bohannon's Invoke-DOSfuscation; SentinelOne
// and CrowdStrike samples for the vendors' spellings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/event/field.h"

namespace spoor {

/// Which of a field's values one is.
enum class ValueForm : std::uint8_t {
  as_is,      ///< The event's value: the representation, where there is one.
  canonical,  ///< Revealed from it.
  original,   ///< The vendor's text, where the event's value is its representation.
};

inline constexpr std::size_t kValueFormCount = static_cast<std::size_t>(ValueForm::original) + 1;

/// "as_is", "canonical", "original".
[[nodiscard]] std::string_view to_string(ValueForm form);

/// False if represent() would certainly be; decided on the first characters. For the path of an
/// event, where nearly every value is `C:\…` or `HKLM\…`.
[[nodiscard]] inline bool may_need_representation(FieldKind kind, std::string_view value) {
  const auto at = [value](std::size_t place) {
    const char c = place < value.size() ? value[place] : '\0';
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  };
  const char first = at(0);
  switch (kind) {
    case FieldKind::path: return first == '\\' || (first == '/' && at(1) == 'p');
    case FieldKind::registry:
      // `HKLM\SYSTEM\Co…` is a numbered control set, `HKLM\SYSTEM\Cu…` the current one.
      return first == '\\' || first == 'm' || first == 'u' ||
             (first == 'h' && (at(4) == '_' || (at(12) == 'c' && at(13) == 'o')));
    case FieldKind::address: return first == ':' && at(1) == ':' && at(2) == 'f';
    default: return false;
  }
}

/// The representation of `value`: true, and `out` holds it, if it is another than `value`. `out` is
/// scratch otherwise; `value` must not view it.
///
/// | kind | value | representation |
/// |---|---|---|
/// | path | `\Device\HarddiskVolumeN\x` | `C:\x` |
/// | | `\Device\Mup\server\x`, `\Device\LanmanRedirector\;Z:00…\server\x` | `\\server\x` |
/// | | `\??\C:\x`, `\\?\C:\x` | `C:\x` |
/// | | `\??\UNC\server\x`, `\\?\UNC\server\x` | `\\server\x` |
/// | | `\SystemRoot\x` | `C:\Windows\x` |
/// | | `\\Device\\HarddiskVolumeN\\x`, every backslash doubled | `C:\x` |
/// | | `/private/var/x`, `…/tmp/x`, `…/etc/x` | `/var/x`, `/tmp/x`, `/etc/x` |
/// | registry | `\REGISTRY\MACHINE\x`, `MACHINE\x`, `HKEY_LOCAL_MACHINE\x` | `HKLM\x` |
/// | | `\REGISTRY\USER\sid`, `USER\sid`, `HKEY_USERS\sid` | `HKU\sid` |
/// | | `HKEY_CURRENT_USER\x`, `HKEY_CLASSES_ROOT\x` | `HKCU\x`, `HKCR\x` |
/// | | `HKLM\SYSTEM\ControlSet001\x` | `HKLM\SYSTEM\CurrentControlSet\x` |
/// | address | `::ffff:10.0.0.1` | `10.0.0.1` |
///
/// Shadow copies, `\\?\GLOBALROOT\`, `\\?\Volume{…}\` and `\\.\` name things that have no other
/// name, and stay.
[[nodiscard]] bool represent(FieldKind kind, std::string_view value, std::string& out);

/// What reveal() saw on its way: also what it could not undo.
struct RevealFlags {
  bool invisible = false;   ///< Zero-width characters or bidirectional controls, removed.
  bool look_alike = false;  ///< Characters that look like ASCII, folded to it.
  bool short_name = false;  ///< An 8.3 name (`PROGRA~1`): only the host could expand it.
  bool substring = false;   ///< A part of a variable (`%ComSpec:~0,1%`): left as it is.
};

/// No value grows beyond this many times its length (`%ComSpec%`).
inline constexpr std::size_t kRevealGrowthMax = 3;

/// The second value of `value`, which is a representation already: true, and `out` holds it, if it
/// is another than `value`. `out` is scratch otherwise; `value` must not view it. `flags`, if not
/// null, are overwritten. What is revealed reveals nothing more.
///
/// - Of paths, command lines and registry keys: full-width ASCII and look-alike slashes, dashes,
///   quotes and blanks become ASCII; what cannot be seen goes.
/// - Of paths: `/` becomes `\` in a Windows path; dot segments, repeated separators, trailing dots
///   and blanks of a component, and alternate streams go; `\\localhost\c$\`, `\\127.0.0.1\c$\` and
///   `\\.\C:\` become the drive; a variable in front (`%SystemRoot%`) gets its usual value. Of a
///   POSIX path, dot segments and repeated slashes go.
/// - Of command lines: carets, quotes inside words and all but one of a run of blanks go; variables
///   get their usual values; a path that begins with a drive gets backslashes, and loses repeated
///   ones and its dot segments. Its last component and its stream stay: there a command goes on.
/// - Other kinds have no second value.
[[nodiscard]] bool reveal(FieldKind kind,
                          std::string_view value,
                          std::string& out,
                          RevealFlags* flags = nullptr);

}  // namespace spoor
