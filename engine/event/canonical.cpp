#include "engine/event/canonical.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>

#include "engine/base/text.h"
#include "engine/base/utf8.h"

namespace spoor {
namespace {

constexpr std::size_t kNone = std::string_view::npos;

bool is_letter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_word(char c) {
  return is_letter(c) || is_digit(c) || c == '_';
}

bool is_ascii(char c) {
  return static_cast<unsigned char>(c) < 0x80;
}

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

bool is_slash(char c) {
  return c == '\\' || c == '/';
}

char to_upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
}

/// Characters of ASCII, as a set that a value can be read against byte by byte.
class CharacterSet {
 public:
  constexpr explicit CharacterSet(std::string_view members, bool all_beyond_ascii = false) {
    for (const char c : members) {
      has_[static_cast<unsigned char>(c)] = true;
    }
    for (std::size_t i = 0x80; i < has_.size(); ++i) {
      has_[i] = all_beyond_ascii;
    }
  }

  [[nodiscard]] constexpr bool has(char c) const { return has_[static_cast<unsigned char>(c)]; }

 private:
  std::array<bool, 256> has_{};
};

/// The character at `place`, NUL behind the end.
char char_at(std::string_view text, std::size_t place) {
  return place < text.size() ? text[place] : '\0';
}

bool begins(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() &&
         equals_ignore_case_ascii(text.substr(0, prefix.size()), prefix);
}

/// `C:`, alone or with anything behind it.
bool begins_with_drive(std::string_view text) {
  return is_letter(char_at(text, 0)) && char_at(text, 1) == ':';
}

// --- Representation
// -----------------------------------------------------------------------------------------------

/// What has to follow a prefix, and what of it goes with the prefix.
enum class Rest : std::uint8_t {
  any,
  volume,  ///< A number and a backslash; the number goes.
  server,  ///< A server's name; what redirectors put before it (`;LanmanRedirector\;Z:00…\`) goes.
  drive,   ///< `C:` and a backslash or nothing.
};

struct PrefixRow {
  std::string_view prefix;
  Rest rest;
  std::string_view instead;
};

constexpr auto kPathRows = std::to_array<PrefixRow>({
    {R"(\Device\HarddiskVolume)", Rest::volume, R"(C:)"},
    {R"(\Device\Mup\)", Rest::server, R"(\\)"},
    {R"(\Device\LanmanRedirector\)", Rest::server, R"(\\)"},
    {R"(\??\UNC\)", Rest::server, R"(\\)"},
    {R"(\\?\UNC\)", Rest::server, R"(\\)"},
    {R"(\??\)", Rest::drive, ""},
    {R"(\\?\)", Rest::drive, ""},
    {R"(\SystemRoot\)", Rest::any, R"(C:\Windows\)"},
});

constexpr auto kRegistryRows = std::to_array<PrefixRow>({
    {R"(\REGISTRY\MACHINE\)", Rest::any, R"(HKLM\)"},
    {R"(\REGISTRY\USER\)", Rest::any, R"(HKU\)"},
    {R"(MACHINE\)", Rest::any, R"(HKLM\)"},
    {R"(USER\)", Rest::any, R"(HKU\)"},
    {R"(HKEY_LOCAL_MACHINE\)", Rest::any, R"(HKLM\)"},
    {R"(HKEY_USERS\)", Rest::any, R"(HKU\)"},
    {R"(HKEY_CURRENT_USER\)", Rest::any, R"(HKCU\)"},
    {R"(HKEY_CLASSES_ROOT\)", Rest::any, R"(HKCR\)"},
});

/// Bytes of a volume's number, if a backslash follows.
std::optional<std::size_t> volume_number(std::string_view rest) {
  const std::size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
  return digits > 0 && char_at(rest, digits) == '\\' ? std::optional(digits) : std::nullopt;
}

/// Bytes before the server's name, if there is one.
std::optional<std::size_t> before_server(std::string_view rest) {
  std::size_t at = 0;
  while (char_at(rest, at) == ';') {
    const std::size_t end = rest.find('\\', at);
    if (end == kNone) {
      return std::nullopt;
    }
    at = end + 1;
  }
  const std::string_view server = rest.substr(at, rest.find('\\', at) - at);
  // `\\?\`, `\\.\` and `\\x\\` would be names of another kind.
  const bool is_name = !server.empty() && server != "?" && server != ".";
  return is_name && char_at(rest, at + server.size() + 1) != '\\' ? std::optional(at)
                                                                  : std::nullopt;
}

std::optional<std::size_t> skipped(Rest kind, std::string_view rest) {
  switch (kind) {
    case Rest::any: return 0;
    case Rest::volume: return volume_number(rest);
    case Rest::server: return before_server(rest);
    case Rest::drive: {
      const bool drive = begins_with_drive(rest) && (rest.size() == 2 || rest[2] == '\\');
      return drive ? std::optional<std::size_t>(0) : std::nullopt;
    }
  }
  return std::nullopt;
}

/// `length` bytes at the front become `instead`.
struct Rewrite {
  std::size_t length;
  std::string_view instead;
};

template <std::size_t kCount>
std::optional<Rewrite> rewrite_by(const std::array<PrefixRow, kCount>& rows,
                                  std::string_view text) {
  for (const PrefixRow& row : rows) {
    if (!begins(text, row.prefix)) {
      continue;
    }
    if (const auto more = skipped(row.rest, text.substr(row.prefix.size()))) {
      return Rewrite{.length = row.prefix.size() + *more, .instead = row.instead};
    }
  }
  return std::nullopt;
}

/// macOS keeps these three below /private, and links to them from the root.
std::optional<Rewrite> rewrite_private(std::string_view path) {
  constexpr std::string_view kPrivate = "/private";
  if (!path.starts_with(kPrivate)) {
    return std::nullopt;
  }
  const std::string_view rest = path.substr(kPrivate.size());
  for (const std::string_view top : {"/var", "/tmp", "/etc"}) {
    if (rest.starts_with(top) && (rest.size() == top.size() || rest[top.size()] == '/')) {
      return Rewrite{.length = kPrivate.size(), .instead = ""};
    }
  }
  return std::nullopt;
}

std::optional<Rewrite> rewrite_path(std::string_view path) {
  return char_at(path, 0) == '/' ? rewrite_private(path) : rewrite_by(kPathRows, path);
}

bool apply(const std::optional<Rewrite>& rewrite, std::string& text) {
  if (rewrite) {
    text.replace(0, rewrite->length, rewrite->instead);
  }
  return rewrite.has_value();
}

/// `\\Device\\HarddiskVolume3\\x`: escaped once too often. A server called Device has one backslash
/// behind its name.
bool is_doubled_device(std::string_view path) {
  constexpr std::string_view kDevice = "Device";
  const std::size_t name = path.find_first_not_of('\\');
  return name != kNone && name >= 2 && begins(path.substr(name), kDevice) &&
         path.substr(name + kDevice.size()).starts_with(R"(\\)");
}

/// `\Device\HarddiskVolume3\x` as every sensor writes it: what the rows below would make of it, in
/// one copy. False says nothing.
bool represent_volume(std::string_view value, std::string& out) {
  const PrefixRow& row = kPathRows.front();
  if (!value.starts_with(row.prefix)) {
    return false;
  }
  std::size_t at = row.prefix.size();
  while (is_digit(char_at(value, at))) {
    ++at;
  }
  if (at == row.prefix.size() || char_at(value, at) != '\\') {
    return false;
  }
  out.assign(row.instead);
  out.append(value.substr(at));
  return true;
}

bool represent_path(std::string_view value, std::string& out) {
  if (represent_volume(value, out)) {
    return true;
  }
  out.assign(value);
  if (is_doubled_device(value)) {
    const auto both = [](char a, char b) { return a == '\\' && b == '\\'; };
    out.erase(std::unique(out.begin(), out.end(), both), out.end());
  }
  return apply(rewrite_path(out), out);
}

/// `HKLM\SYSTEM\ControlSet001` is what CurrentControlSet links to while 001 is the set in use,
/// which it nearly always is.
bool rename_control_set(std::string& key) {
  constexpr std::string_view kNumbered = R"(HKLM\SYSTEM\ControlSet)";
  constexpr std::string_view kSet = "ControlSet";
  constexpr std::size_t kDigits = 3;
  if (!begins(key, kNumbered)) {
    return false;
  }
  const std::string_view rest = std::string_view(key).substr(kNumbered.size());
  const bool whole = rest.size() == kDigits || char_at(rest, kDigits) == '\\';
  if (!whole || !std::all_of(rest.begin(), rest.begin() + kDigits, is_digit)) {
    return false;
  }
  key.replace(kNumbered.size() - kSet.size(), kSet.size() + kDigits, "CurrentControlSet");
  return true;
}

bool represent_registry(std::string_view value, std::string& out) {
  out.assign(value);
  const bool renamed = apply(rewrite_by(kRegistryRows, out), out);
  return rename_control_set(out) || renamed;
}

bool is_ipv4(std::string_view text) {
  constexpr int kByteMax = 255;
  int parts = 0;
  while (true) {
    int number = 0;
    std::size_t digits = 0;
    for (; digits < 3 && is_digit(char_at(text, digits)); ++digits) {
      number = number * 10 + (text[digits] - '0');
    }
    if (digits == 0 || number > kByteMax) {
      return false;
    }
    ++parts;
    text.remove_prefix(digits);
    if (parts == 4 || char_at(text, 0) != '.') {
      return parts == 4 && text.empty();
    }
    text.remove_prefix(1);
  }
}

/// RFC 4291, 2.5.5.2: an IPv4 address mapped into IPv6.
bool represent_address(std::string_view value, std::string& out) {
  constexpr std::string_view kMapped = "::ffff:";
  if (!begins(value, kMapped) || !is_ipv4(value.substr(kMapped.size()))) {
    return false;
  }
  out.assign(value.substr(kMapped.size()));
  return true;
}

// --- Evasion: characters
// ------------------------------------------------------------------------------------------

struct LookAlikes {
  char32_t first;
  char32_t last;
  char ascii;
};

// Sorted. Blanks, dashes, quotes and slashes that a reader, and often PowerShell, takes for
// ASCII's.
constexpr auto kLookAlikes = std::to_array<LookAlikes>({
    {0x00A0, 0x00A0, ' '},  {0x02B9, 0x02B9, '\''}, {0x02BA, 0x02BA, '"'},  {0x02BC, 0x02BC, '\''},
    {0x2000, 0x200A, ' '},  {0x2010, 0x2015, '-'},  {0x2018, 0x201B, '\''}, {0x201C, 0x201F, '"'},
    {0x202F, 0x202F, ' '},  {0x2032, 0x2032, '\''}, {0x2033, 0x2033, '"'},  {0x2043, 0x2043, '-'},
    {0x2044, 0x2044, '/'},  {0x205F, 0x205F, ' '},  {0x2212, 0x2212, '-'},  {0x2215, 0x2215, '/'},
    {0x2216, 0x2216, '\\'}, {0x2571, 0x2571, '/'},  {0x2572, 0x2572, '\\'}, {0x29F5, 0x29F5, '\\'},
    {0x29F8, 0x29F8, '/'},  {0x29F9, 0x29F9, '\\'}, {0x3000, 0x3000, ' '},  {0xFE58, 0xFE58, '-'},
    {0xFE63, 0xFE63, '-'},  {0xFE68, 0xFE68, '\\'},
});

// Halfwidth and Fullwidth Forms: "!" to "~" once more.
constexpr char32_t kFullWidthFirst = 0xFF01;
constexpr char32_t kFullWidthLast = 0xFF5E;

/// What a code point beyond ASCII looks like; none if like nothing in ASCII.
std::optional<char> ascii_of(char32_t code_point) {
  if (code_point >= kFullWidthFirst && code_point <= kFullWidthLast) {
    return static_cast<char>('!' + (code_point - kFullWidthFirst));
  }
  const auto* row = std::ranges::lower_bound(kLookAlikes, code_point, {}, &LookAlikes::last);
  const bool found = row != kLookAlikes.end() && row->first <= code_point;
  return found ? std::optional(row->ascii) : std::nullopt;
}

/// Zero-width characters, bidirectional controls, the soft hyphen, the byte order mark.
bool is_invisible(char32_t code_point) {
  return code_point == 0x00AD || code_point == 0xFEFF ||
         (code_point >= 0x200B && code_point <= 0x200F) ||
         (code_point >= 0x202A && code_point <= 0x202E) ||
         (code_point >= 0x2060 && code_point <= 0x2069);
}

/// The pass that goes first: character by character, in place.
class CharacterPass {
 public:
  /// In a command carets go as well, and all but one of a run of blanks.
  CharacterPass(std::string& text, bool is_command, RevealFlags& flags)
      : text_(text), is_command_(is_command), flags_(flags) {}

  /// True if something changed.
  bool run() {
    std::size_t at = 0;
    while (at < text_.size()) {
      if (is_ascii(text_[at])) {
        take_ascii(text_[at++]);
        continue;
      }
      const std::string_view rest = std::string_view(text_).substr(at);
      const std::size_t length = utf8_length(rest);
      if (length == 0) {
        put(text_[at++]);
        torn_ = true;
      } else {
        take_sequence(at, length);
        at += length;
      }
    }
    text_.resize(end_);
    return changed_;
  }

 private:
  void take_sequence(std::size_t at, std::size_t length) {
    const char32_t code_point = utf8_decode(std::string_view(text_).substr(at, length));
    if (is_invisible(code_point) && !torn_) {
      flags_.invisible = true;
      changed_ = true;
      return;
    }
    if (const std::optional<char> ascii = ascii_of(code_point)) {
      flags_.look_alike = true;
      changed_ = true;
      take_ascii(*ascii);
      return;
    }
    for (std::size_t i = 0; i < length; ++i) {
      put(text_[at + i]);
    }
  }

  void take_ascii(char c) {
    const bool blank = is_command_ && is_blank(c);
    const bool repeated = blank && end_ > 0 && text_[end_ - 1] == ' ';
    if (repeated || (is_command_ && c == '^' && !torn_)) {
      changed_ = true;
      return;
    }
    changed_ = changed_ || (blank && c != ' ');
    put(blank ? ' ' : c);
  }

  void put(char c) {
    text_[end_++] = c;
    torn_ = false;
  }

  std::string& text_;
  bool is_command_;
  RevealFlags& flags_;
  std::size_t end_ = 0;
  /// The last byte put is not UTF-8. Nothing behind it is removed: what comes then could complete a
  /// sequence with it, and reveal something new.
  bool torn_ = false;
  bool changed_ = false;
};

// --- Evasion: variables
// -------------------------------------------------------------------------------------------

struct Variable {
  std::string_view name;
  std::string_view value;
};

// As on a Windows that was installed to C:. None of them may grow more than kRevealGrowthMax.
constexpr auto kVariables = std::to_array<Variable>({
    {"SystemRoot", R"(C:\Windows)"},
    {"windir", R"(C:\Windows)"},
    {"ProgramFiles", R"(C:\Program Files)"},
    {"ProgramFiles(x86)", R"(C:\Program Files (x86))"},
    {"ProgramData", R"(C:\ProgramData)"},
    {"ALLUSERSPROFILE", R"(C:\ProgramData)"},
    {"SystemDrive", R"(C:)"},
    {"ComSpec", R"(C:\Windows\System32\cmd.exe)"},
    {"PUBLIC", R"(C:\Users\Public)"},
});

static_assert(std::ranges::all_of(kVariables,
                                  [](const Variable& variable) {
                                    return variable.value.size() <=
                                           kRevealGrowthMax * (variable.name.size() + 2);
                                  }),
              "no variable grows beyond the bound");

constexpr std::size_t kVariableNameMax = 32;

/// A name at the front of a text that stands for a directory, and its value.
struct Expansion {
  std::size_t length;
  std::string_view value;
};

std::optional<Expansion> variable_at_front(std::string_view text) {
  if (char_at(text, 0) != '%') {
    return std::nullopt;
  }
  const std::size_t length = text.substr(1, kVariableNameMax).find('%');
  if (length == kNone) {
    return std::nullopt;
  }
  const std::string_view name = text.substr(1, length);
  const auto* known = std::ranges::find_if(kVariables, [name](const Variable& variable) {
    return equals_ignore_case_ascii(variable.name, name);
  });
  if (known == kVariables.end()) {
    return std::nullopt;
  }
  return Expansion{.length = length + 2, .value = known->value};
}

/// `%ComSpec:~0,1%`, of whichever variable.
bool is_substring_of_variable(std::string_view text) {
  const std::string_view body = text.substr(1, 2 * kVariableNameMax);
  const std::size_t colon = body.find(":~");
  return char_at(text, 0) == '%' && colon != kNone && colon > 0 && body.find('%') != kNone &&
         std::all_of(body.begin(), body.begin() + static_cast<std::ptrdiff_t>(colon),
                     [](char c) { return is_word(c) || c == '(' || c == ')'; });
}

/// May a path or an option begin behind this character?
bool parts_words(char before) {
  static constexpr CharacterSet kParting(" \t\r\n\"'=,;:(<>|&[{@+");
  return kParting.has(before);
}

/// The object manager's link stands where a variable could: services and smss.exe are started so.
std::optional<Expansion> system_root_at_front(std::string_view text) {
  constexpr std::string_view kSystemRoot = R"(\SystemRoot\)";
  return begins(text, kSystemRoot)
             ? std::optional(Expansion{.length = kSystemRoot.size(), .value = R"(C:\Windows\)"})
             : std::nullopt;
}

std::optional<Expansion> expansion_at(std::string_view text, std::size_t at) {
  const std::string_view rest = text.substr(at);
  if (rest.front() == '%') {
    return variable_at_front(rest);
  }
  const bool may_begin = rest.front() == '\\' && (at == 0 || parts_words(text[at - 1]));
  return may_begin ? system_root_at_front(rest) : std::nullopt;
}

/// Every variable of a command line. Left to right, as cmd.exe reads.
bool expand_variables(std::string& text, RevealFlags& flags) {
  std::string expanded;
  std::size_t copied = 0;  // Of `text`, into `expanded`.
  const std::string_view view = text;
  for (std::size_t at = view.find_first_of(R"(%\)"); at != kNone;
       at = view.find_first_of(R"(%\)", at)) {
    flags.substring = flags.substring || is_substring_of_variable(view.substr(at));
    const std::optional<Expansion> expansion = expansion_at(view, at);
    if (!expansion) {
      ++at;
      continue;
    }
    expanded.append(view.substr(copied, at - copied)).append(expansion->value);
    at += expansion->length;
    copied = at;
  }
  if (copied == 0) {
    return false;
  }
  expanded.append(view.substr(copied));
  text.swap(expanded);
  return true;
}

/// A path holds a variable in front or not at all.
bool expand_front(std::string& path) {
  const std::optional<Expansion> expansion = variable_at_front(path);
  if (expansion) {
    path.replace(0, expansion->length, expansion->value);
  }
  return expansion.has_value();
}

// --- Evasion: paths
// -----------------------------------------------------------------------------------------------

/// How the components of a path read.
struct PathStyle {
  char separator = '\\';
  bool windows = true;         ///< Streams, and dots and blanks at the end, are not of the name.
  bool absolute = true;        ///< ".." at the top goes nowhere.
  std::size_t fixed = 0;       ///< Components in front that no ".." removes: server and share.
  bool last_component = true;  ///< Is the last one a component like the others?
};

/// Resolves the components of text[from, to), and writes them to text[at, …); at <= from.
class Resolver {
 public:
  Resolver(std::string& text, std::size_t at, const PathStyle& style)
      : text_(text), floor_(at), end_(at), style_(style), fixed_left_(style.fixed) {}

  /// The end of what was written.
  std::size_t run(std::size_t from, std::size_t to) {
    while (from < to) {
      if (text_[from] == style_.separator) {
        ++from;  // Repeated.
        continue;
      }
      const std::string_view path = std::string_view(text_).substr(0, to);
      const std::size_t component_end = std::min(path.find(style_.separator, from), to);
      last_ = component_end == to;
      take(path.substr(from, component_end - from));
      from = component_end + 1;
    }
    return end_;
  }

 private:
  void take(std::string_view component) {
    if (fixed_left_ > 0) {
      --fixed_left_;
      put(component);
      return;
    }
    if (last_ && !style_.last_component) {
      put(component);
      return;
    }
    component = style_.windows ? without_stream(component) : component;
    const std::string_view dots = style_.windows ? without_trailing(component, " ") : component;
    if (dots == ".") {
      drop_last_separator();
    } else if (dots == "..") {
      go_up();
    } else {
      ++depth_;
      const std::string_view name = style_.windows ? without_trailing(component, " .") : component;
      put(name.empty() ? component : name);  // "..." is a name.
    }
  }

  static std::string_view without_trailing(std::string_view text, std::string_view characters) {
    return text.substr(0, text.find_last_not_of(characters) + 1);
  }

  static std::string_view without_stream(std::string_view component) {
    const std::size_t colon = component.find(':');
    return colon == 0 ? component : component.substr(0, colon);
  }

  void go_up() {
    if (depth_ > 0) {
      --depth_;
      const std::string_view above =
          std::string_view(text_).substr(floor_, end_ - floor_ - 1);  // Without its separator.
      const std::size_t separator = above.rfind(style_.separator);
      end_ = floor_ + (separator == kNone ? 0 : separator + 1);
    } else if (!style_.absolute) {
      put("..");
      return;
    }
    drop_last_separator();
  }

  /// `cmd.exe\.` names the file.
  void drop_last_separator() {
    if (last_ && end_ > floor_) {
      --end_;
    }
  }

  void put(std::string_view component) {
    for (const char c : component) {
      text_[end_++] = c;
    }
    if (!last_) {
      text_[end_++] = style_.separator;
    }
  }

  std::string& text_;
  std::size_t floor_;
  std::size_t end_;
  PathStyle style_;
  std::size_t fixed_left_;
  std::size_t depth_ = 0;  ///< Components that ".." may remove.
  bool last_ = false;
};

/// Resolves what is behind the first `root` bytes.
bool resolve(std::string& path, std::size_t root, const PathStyle& style) {
  const std::size_t before = path.size();
  path.resize(Resolver(path, root, style).run(root, before));
  return path.size() != before;
}

struct LocalRow {
  std::string_view prefix;
  char behind_letter;
};

// Names of the local drives: a drive letter follows, and this, and a backslash.
constexpr auto kLocalRows = std::to_array<LocalRow>({
    {R"(\\.\)", ':'},
    {R"(\\?\)", ':'},
    {R"(\??\)", ':'},
    {R"(\\localhost\)", '$'},
    {R"(\\127.0.0.1\)", '$'},
});

/// Where the drive's letter stands; nothing if `text` does not begin with such a name.
std::optional<std::size_t> local_drive(std::string_view text) {
  for (const LocalRow& row : kLocalRows) {
    const std::size_t at = row.prefix.size();
    if (begins(text, row.prefix) && is_letter(char_at(text, at)) &&
        char_at(text, at + 1) == row.behind_letter && char_at(text, at + 2) == '\\') {
      return at;
    }
  }
  return std::nullopt;
}

bool use_drive(std::string& path) {
  const std::optional<std::size_t> letter = local_drive(path);
  if (letter) {
    path[*letter] = to_upper(path[*letter]);
    path[*letter + 1] = ':';
    path.erase(0, *letter);
  }
  return letter.has_value();
}

/// `//?/C:/x`, `//./C:/x` and `//server/c$/x`: Windows takes them, and no POSIX path looks so.
bool is_windows_double_slash(std::string_view path) {
  if (!path.starts_with("//")) {
    return false;
  }
  const std::string_view rest = path.substr(2);
  const std::size_t share = rest.find('/');
  return rest.starts_with("?/") || rest.starts_with("./") ||
         (share != kNone && is_letter(char_at(rest, share + 1)) &&
          char_at(rest, share + 2) == '$' && char_at(rest, share + 3) == '/');
}

/// A name without any separator may be either's, and reads as Windows reads it. A POSIX path may
/// hold backslashes: systemd's units do.
bool is_windows_path(std::string_view path) {
  if (char_at(path, 0) == '/') {
    return is_windows_double_slash(path);
  }
  return begins_with_drive(path) || path.find('\\') != kNone || path.find('/') == kNone;
}

/// Behind these a path is not parsed further by Windows: dots are names.
bool is_verbatim(std::string_view path) {
  return path.starts_with(R"(\\?\)") || path.starts_with(R"(\\.\)") || path.starts_with(R"(\??\)");
}

bool replace_slashes(std::string& text, std::size_t from, std::size_t to) {
  bool changed = false;
  for (std::size_t i = from; i < to; ++i) {
    if (text[i] == '/') {
      text[i] = '\\';
      changed = true;
    }
  }
  return changed;
}

bool resolve_windows(std::string& path) {
  if (begins_with_drive(path)) {
    const bool absolute = char_at(path, 2) == '\\';
    return resolve(path, absolute ? 3 : 2, {.absolute = absolute});
  }
  if (path.starts_with(R"(\\)")) {
    return resolve(path, 2, {.fixed = 2});
  }
  const bool absolute = path.starts_with('\\');
  return resolve(path, absolute ? 1 : 0, {.absolute = absolute});
}

bool windows_round(std::string& path) {
  bool changed = replace_slashes(path, 0, path.size());
  changed = use_drive(path) || changed;
  changed = apply(rewrite_path(path), path) || changed;
  return (!is_verbatim(path) && resolve_windows(path)) || changed;
}

bool posix_round(std::string& path) {
  const bool absolute = path.starts_with('/');
  const bool changed =
      resolve(path, absolute ? 1 : 0, {.separator = '/', .windows = false, .absolute = absolute});
  return apply(rewrite_path(path), path) || changed;
}

/// `PROGRA~1`, `FILENA~1.TXT`: at most eight characters that end in ~ and a number.
bool has_short_name(std::string_view path) {
  constexpr std::size_t kBaseMax = 8;
  for (std::size_t tilde = path.find('~'); tilde != kNone; tilde = path.find('~', tilde + 1)) {
    const std::string_view before = path.substr(0, tilde);
    const std::string_view near = before.substr(tilde - std::min(tilde, kBaseMax));
    const std::size_t letters = near.size() - (near.find_last_of(" \"\\/:") + 1);
    std::size_t digits = 0;
    while (is_digit(char_at(path, tilde + 1 + digits))) {
      ++digits;
    }
    const bool ends = !is_word(char_at(path, tilde + 1 + digits));
    if (ends && letters > 0 && digits > 0 && letters + 1 + digits <= kBaseMax) {
      return true;
    }
  }
  return false;
}

bool path_round(std::string& path, RevealFlags& flags) {
  bool changed = CharacterPass(path, false, flags).run();
  changed = expand_front(path) || changed;
  const bool windows = is_windows_path(path);
  flags.short_name = flags.short_name || (windows && has_short_name(path));
  return (windows ? windows_round(path) : posix_round(path)) || changed;
}

// --- Evasion: command lines
// ---------------------------------------------------------------------------------------

/// cmd.exe does not see quotes inside a word, nor does the C runtime: `po"w"er"shell`.
bool drop_inner_quotes(std::string& text) {
  std::size_t end = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    if (text[at] != '"') {
      text[end++] = text[at++];
      continue;
    }
    const std::size_t behind = std::min(text.find_first_not_of('"', at), text.size());
    const bool inner = end > 0 && is_word(text[end - 1]) && is_word(char_at(text, behind));
    for (; at < behind; ++at) {
      if (!inner) {
        text[end++] = '"';
      }
    }
  }
  const bool changed = end != text.size();
  text.resize(end);
  return changed;
}

/// Where a path that begins before `at` ends. In quotes it may hold blanks, but a whole command may
/// stand in quotes, so that what looks like an option, or like a server, ends it too.
std::size_t end_of_path(std::string_view text, std::size_t at, bool quoted) {
  static constexpr CharacterSet kEndsQuoted("\"\t\r\n|<>:");
  static constexpr CharacterSet kEnds(" \"'\t\r\n|<>:,;&()=");
  static constexpr CharacterSet kOptions("-/\\");
  for (; at < text.size(); ++at) {
    const bool option = quoted && text[at] == ' ' && kOptions.has(char_at(text, at + 1));
    if (option || (quoted ? kEndsQuoted : kEnds).has(text[at])) {
      return at;
    }
  }
  return at;
}

/// The paths of a command line that begin with a drive, in place.
class InnerPaths {
 public:
  explicit InnerPaths(std::string& text) : text_(text) {}

  bool run() {
    while (at_ < text_.size()) {
      if (begins_word()) {
        use_drive_here();
        if (path_here()) {
          take_path();
          continue;
        }
      }
      text_[end_++] = text_[at_++];
    }
    changed_ = changed_ || end_ != text_.size();
    text_.resize(end_);
    return changed_;
  }

 private:
  [[nodiscard]] bool begins_word() const { return end_ == 0 || parts_words(text_[end_ - 1]); }

  [[nodiscard]] bool path_here() const {
    return begins_with_drive(std::string_view(text_).substr(at_)) &&
           is_slash(char_at(text_, at_ + 2));
  }

  void use_drive_here() {
    if (const auto letter = local_drive(std::string_view(text_).substr(at_))) {
      at_ += *letter;
      text_[at_] = to_upper(text_[at_]);
      text_[at_ + 1] = ':';
    }
  }

  void take_path() {
    constexpr std::size_t kRoot = 3;  // "C:\"
    const bool quoted = end_ > 0 && (text_[end_ - 1] == '"');
    const std::size_t to = end_of_path(text_, at_ + kRoot, quoted);
    changed_ = replace_slashes(text_, at_, to) || changed_;
    for (std::size_t i = 0; i < kRoot; ++i) {
      text_[end_++] = text_[at_++];
    }
    end_ = Resolver(text_, end_, {.last_component = false}).run(at_, to);
    at_ = to;
  }

  std::string& text_;
  std::size_t at_ = 0;
  std::size_t end_ = 0;
  bool changed_ = false;
};

bool command_round(std::string& text, RevealFlags& flags) {
  bool changed = CharacterPass(text, true, flags).run();
  changed = drop_inner_quotes(text) || changed;
  changed = expand_variables(text, flags) || changed;
  flags.short_name = flags.short_name || has_short_name(text);
  return InnerPaths(text).run() || changed;
}

bool registry_round(std::string& key, RevealFlags& flags) {
  return CharacterPass(key, false, flags).run();
}

// --- Evasion: what is plain
// ---------------------------------------------------------------------------------------

// One look at nearly every value, so that ordinary ones cost no more. It may call a plain value
// suspicious, never the other way.

/// Is `at`, a dot behind a slash, the first of a "." or ".." component?
bool is_dot_segment(std::string_view path, std::size_t at, char separator) {
  const std::size_t behind = char_at(path, at + 1) == '.' ? at + 2 : at + 1;
  return behind >= path.size() || path[behind] == separator;
}

bool is_plain_posix(std::string_view path) {
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (!is_ascii(path[i])) {
      return false;
    }
    const char next = path[i] == '/' ? char_at(path, i + 1) : '\0';
    if (next == '/' || (next == '.' && is_dot_segment(path, i + 1, '/'))) {
      return false;
    }
  }
  return !may_need_representation(FieldKind::path, path);
}

bool is_plain_windows(std::string_view path) {
  static constexpr CharacterSet kNoticed("/%~:. \\", true);
  const std::size_t drive_colon = begins_with_drive(path) ? 1 : kNone;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const char c = path[i];
    if (!kNoticed.has(c) || i == drive_colon) {
      continue;
    }
    // A component that ends in a dot or a blank, or is empty.
    const bool ends_badly = char_at(path, i + 1) == '\\';
    if (ends_badly || !(c == '.' || c == ' ' || c == '\\')) {
      return false;
    }
  }
  return path.empty() || (path.front() != '\\' && path.back() != '.' && path.back() != ' ');
}

bool is_plain_path(std::string_view path) {
  return char_at(path, 0) == '/' ? is_plain_posix(path) : is_plain_windows(path);
}

/// Does a command line read on unchanged from `at`? `in_path`: a drive has been seen.
bool is_plain_at(std::string_view text, std::size_t at, bool in_path) {
  const char before = at == 0 ? ' ' : text[at - 1];
  const char next = char_at(text, at + 1);
  switch (text[at]) {
    case '^':
    case '\t':
    case '~':
    case '%': return false;
    case ' ': return next != ' ';
    case '.': return !(is_slash(next) && in_path);
    case '"': return !(is_word(before) && (is_word(next) || next == '"'));
    case '/': return !in_path || is_blank(before);
    case '\\':
      // The names of drives and of the system's directory, and repeated ones in a path.
      return !((next == '\\' || next == '?' || next == '/') && (in_path || parts_words(before))) &&
             !(to_upper(next) == 'S' && parts_words(before));
    default: return is_ascii(text[at]);
  }
}

bool is_plain_command(std::string_view text) {
  static constexpr CharacterSet kNoticed("^\t~% .\"/\\:", true);
  bool in_path = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!kNoticed.has(text[i])) {
      continue;
    }
    in_path = in_path || (text[i] == ':' && i > 0 && is_letter(text[i - 1]) &&
                          is_slash(char_at(text, i + 1)) && (i == 1 || parts_words(text[i - 2])));
    if (!is_plain_at(text, i, in_path)) {
      return false;
    }
  }
  return true;
}

bool is_plain_key(std::string_view key) {
  return std::ranges::all_of(key, is_ascii);
}

struct KindRow {
  FieldKind kind;
  bool (*is_plain)(std::string_view value);
  /// One round of all that can be undone; false if nothing could.
  bool (*round)(std::string& value, RevealFlags& flags);
};

constexpr auto kKinds = std::to_array<KindRow>({
    {FieldKind::path, is_plain_path, path_round},
    {FieldKind::command_line, is_plain_command, command_round},
    {FieldKind::registry, is_plain_key, registry_round},
});

// A variable may come out of a dot segment, a drive out of a variable: rounds go on until one finds
// nothing. No text is known that takes more than four.
constexpr int kRoundsMax = 8;

}  // namespace

std::string_view to_string(ValueForm form) {
  switch (form) {
    case ValueForm::as_is: return "as_is";
    case ValueForm::canonical: return "canonical";
    case ValueForm::original: return "original";
  }
  return "as_is";
}

bool represent(FieldKind kind, std::string_view value, std::string& out) {
  if (!may_need_representation(kind, value)) {
    return false;
  }
  switch (kind) {
    case FieldKind::path: return represent_path(value, out);
    case FieldKind::registry: return represent_registry(value, out);
    case FieldKind::address: return represent_address(value, out);
    default: return false;
  }
}

bool reveal(FieldKind kind, std::string_view value, std::string& out, RevealFlags* flags) {
  RevealFlags seen;
  bool differs = false;
  const auto* row = std::ranges::find(kKinds, kind, &KindRow::kind);
  if (row != kKinds.end() && !row->is_plain(value)) {
    out.assign(value);
    for (int round = 0; round < kRoundsMax && row->round(out, seen); ++round) {
    }
    differs = out != value && !out.empty();  // Nothing is no other value.
  }
  if (flags != nullptr) {
    *flags = seen;
  }
  return differs;
}

}  // namespace spoor
