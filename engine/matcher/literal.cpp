#include "engine/matcher/literal.h"

#include <algorithm>

#include <re2/filtered_re2.h>
#include <re2/re2.h>

#include "engine/base/text.h"

namespace spoor {
namespace {

/// What is in most events of every fleet, whatever happens there: no rule is found by it.
struct CommonRow {
  std::string_view text;
  double rate;
};

constexpr CommonRow kCommon[] = {
    {".exe", 0.9},
    {".dll", 0.5},
    {"exe", 0.9},
    {"c:\\", 0.9},
    {":\\", 0.95},
    {"\\windows\\", 0.6},
    {"\\system32\\", 0.5},
    {"c:\\windows\\", 0.6},
    {R"(c:\windows\system32\)", 0.5},
    {":\\windows\\", 0.6},
    {R"(:\windows\system32\)", 0.5},
    {"\\syswow64\\", 0.2},
    {R"(:\windows\syswow64\)", 0.2},
    {R"(c:\windows\syswow64\)", 0.2},
    {":\\program files\\", 0.3},
    {":\\program files (x86)\\", 0.2},
    {"c:\\program files\\", 0.3},
    {"c:\\program files (x86)\\", 0.2},
    {"c:\\programdata\\", 0.1},
    {":\\programdata\\", 0.1},
    {"\\programdata\\", 0.1},
    {"\\microsoft\\", 0.2},
    {"microsoft", 0.4},
    {"windows", 0.6},
    {"system32", 0.5},
    {"\\users\\", 0.3},
    {":\\users\\", 0.3},
    {"c:\\users\\", 0.3},
    {"\\appdata\\", 0.2},
    {R"(\appdata\local\)", 0.2},
    {"\\temp\\", 0.1},
    {"hklm\\", 0.6},
    {"\\software\\", 0.4},
    {"\\currentversion\\", 0.2},
    {R"(\software\microsoft\windows\currentversion\)", 0.1},
    {"\\currentcontrolset\\", 0.2},
    {"\\svchost.exe", 0.2},
    {"\\lsass.exe", 0.1},
    {"\\services.exe", 0.1},
    {"\\explorer.exe", 0.1},
    {"\\chrome.exe", 0.1},
    {"\\msedge.exe", 0.1},
    {"\\powershell.exe", 0.08},
    {"\\cmd.exe", 0.06},
    {"\\conhost.exe", 0.06},
    {"\\rundll32.exe", 0.02},
    {"true", 0.5},
    {"false", 0.5},
    {"high", 0.2},
    {"medium", 0.4},
    {"system", 0.4},
    {"setvalue", 0.9},
    {"createkey", 0.5},
    {"tcp", 0.7},
    {"http", 0.1},
    {"valid", 0.7},
    {"microsoft corporation", 0.6},
    {"nt authority", 0.4},
    {"nt authority\\system", 0.4},
    {"authori", 0.4},
    {"autori", 0.1},
    {"0x3e7", 0.4},
    {"0x1000", 0.2},
    {"0x1410", 0.1},
    {"0x1fffff", 0.1},
    {"dword (0x00000000)", 0.2},
    {"dword (0x00000001)", 0.2},
    {"binary data", 0.2},
    {R"(c:\windows\system32\ntdll.dll+)", 0.9},
    {R"(|c:\windows\system32\kernelbase.dll+)", 0.9},
    {R"(:\windows\system32\kernelbase.dll+)", 0.9},
    {"kernelbase.dll+", 0.9},
    {"ntdll.dll+", 0.9},
    {R"(:\windows\system32\svchost.exe)", 0.2},
    {R"(c:\windows\system32\svchost.exe)", 0.2},
    {R"(c:\windows\explorer.exe)", 0.1},
    {R"(software\microsoft\windows\currentversion)", 0.1},
    {R"(\software\microsoft\windows\currentversion)", 0.1},
};

constexpr double kPresentRate = 0.97;

double rate_of(const Literal& literal) {
  const auto* row = std::ranges::find(kCommon, literal.text, &CommonRow::text);
  if (row != std::ranges::end(kCommon)) {
    return row->rate;
  }
  // A longer text is rarer; one that has a place is rarer than one that may be anywhere.
  constexpr double kBySize[] = {1, 0.9, 0.4, 0.15, 0.04, 0.02, 0.012, 0.008, 0.005};
  const double by_size = literal.text.size() < std::size(kBySize)
                             ? kBySize[literal.text.size()]
                             : 0.04 / static_cast<double>(literal.text.size());
  return literal.place == LiteralPlace::anywhere ? by_size : by_size / 2;
}

/// The longest literal piece, as something that may be anywhere; the first or last piece if it is
/// as good.
std::vector<Literal> literals_of(const Pattern& pattern) {
  const auto one = [](std::string_view text, LiteralPlace place) {
    // What is no UTF-8 (`wide` makes such text) may end within a character, and does not fold as
    // the value's whole one does.
    return text.empty() || !is_valid_utf8(text)
               ? std::vector<Literal>{}
               : std::vector<Literal>{{.text = fold(text), .place = place}};
  };
  switch (pattern.form()) {
    case Pattern::Form::anything: return {};
    case Pattern::Form::equals: return one(pattern.literal(), LiteralPlace::whole);
    case Pattern::Form::starts: return one(pattern.literal(), LiteralPlace::starts);
    case Pattern::Form::ends: return one(pattern.literal(), LiteralPlace::ends);
    case Pattern::Form::contains: return one(pattern.literal(), LiteralPlace::anywhere);
    case Pattern::Form::general: break;
  }
  const auto& pieces = pattern.pieces();
  const auto longest = std::ranges::max_element(
      pieces, {}, [](const PatternPiece& piece) { return piece.literal.size(); });
  if (longest == pieces.end()) {
    return {};
  }
  const LiteralPlace place = longest == pieces.begin()     ? LiteralPlace::starts
                             : longest + 1 == pieces.end() ? LiteralPlace::ends
                                                           : LiteralPlace::anywhere;
  return one(longest->literal, place);
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// Guess, for texts in regular expressions: how seldom one is there. Those are short.
double atom_rate(const std::string& atom) {
  constexpr std::string_view kRareBytes = "`^~|<>;$@#!";
  if (atom.size() == 1) {
    return kRareBytes.find(atom[0]) == std::string_view::npos ? 0.9 : 0.15;
  }
  return atom.size() == 2 ? 0.2 : rate_of({.text = atom, .place = LiteralPlace::anywhere});
}

/// Texts of which one must be in what an expression matches, and how seldom one is.
struct Atoms {
  std::vector<std::string> any_of;
  double rate = 1;
};

/// By RE2's own analysis, of texts of that size or longer. None: it finds none.
Atoms find_atoms(const re2::RE2& regex, int size_min) {
  re2::FilteredRE2 filter(size_min);
  int id = 0;
  if (filter.Add(regex.pattern(), regex.options(), &id) != re2::RE2::NoError) {
    return {};
  }
  std::vector<std::string> atoms;
  filter.Compile(&atoms);
  std::vector<int> potentials;
  filter.AllPotentials({}, &potentials);
  const auto is_good = [](const std::string& atom) { return !atom.empty() && is_ascii(atom); };
  if (atoms.empty() || !potentials.empty() || !std::ranges::all_of(atoms, is_good)) {
    return {};  // It may match text without any of them.
  }
  Atoms best;
  for (const std::string& atom : atoms) {
    best.rate = atom == atoms.front() ? atom_rate(atom) : best.rate + atom_rate(atom);
  }
  best.any_of = atoms;
  // One that it cannot do without is better than any of all.
  for (std::size_t without = 0; without < atoms.size(); ++without) {
    std::vector<int> others;
    for (std::size_t atom = 0; atom < atoms.size(); ++atom) {
      if (atom != without) {
        others.push_back(static_cast<int>(atom));
      }
    }
    potentials.clear();
    filter.AllPotentials(others, &potentials);
    if (potentials.empty() && atom_rate(atoms[without]) < best.rate) {
      best = {.any_of = {atoms[without]}, .rate = atom_rate(atoms[without])};
    }
  }
  return best;
}

/// Of a regular expression. RE2's atoms are in lower case, which for ASCII is what folding makes.
std::vector<Literal> literals_of(const re2::RE2& regex) {
  // What is in nearly every value is better not looked for.
  constexpr double kTooFrequent = 0.89;
  Atoms best;
  best.rate = kTooFrequent;
  for (const int size_min : {1, 2, 3}) {
    Atoms atoms = find_atoms(regex, size_min);
    if (!atoms.any_of.empty() && atoms.rate < best.rate) {
      best = std::move(atoms);
    }
  }
  std::vector<Literal> literals;
  for (const std::string& atom : best.any_of) {
    literals.push_back({.text = fold(atom), .place = LiteralPlace::anywhere});
  }
  return literals;
}

}  // namespace

std::vector<Literal> required_literals(const Predicate& predicate) {
  switch (predicate.test().kind) {
    case TestKind::pattern: return literals_of(predicate.pattern());
    case TestKind::regex:
      return predicate.refusal() ? std::vector<Literal>{} : literals_of(predicate.regex());
    default: return {};
  }
}

double literal_rate(const Predicate& predicate, const std::vector<Literal>& literals) {
  const ValueTest& test = predicate.test();
  if (test.kind == TestKind::number && test.comparison == Comparison::equal) {
    constexpr double kNumberRate = 0.005;
    return kNumberRate;
  }
  if (literals.empty()) {
    constexpr double kVendorFieldRate = 0.5;  // Not every event has it.
    return predicate.field().id ? kPresentRate : kVendorFieldRate;
  }
  double rate = 0;
  for (const Literal& literal : literals) {
    rate += rate_of(literal);
  }
  return std::min(rate, kPresentRate);
}

}  // namespace spoor
