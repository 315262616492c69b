// Two implementations, one truth: what the scanner makes of a record is what the DOM makes of it.

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "parsers/json/escape_check.h"
#include "parsers/json/quote_scan.h"
#include "replay/record_reader.h"
#include "tests/source_dir.h"
#include "tests/support/json_readers.h"
#include "tests/support/parsing.h"

// Escapes are what is tested: they stand as JSON has them, once escaped for C++.
// NOLINTBEGIN(modernize-raw-string-literal)

namespace spoor {
namespace {

namespace fs = std::filesystem;

using test::Random;
using test::scanned;
using test::walked;

/// Every file of records that is here.
std::vector<fs::path> record_files() {
  const fs::path source = SPOOR_SOURCE_DIR;
  std::vector<fs::path> files;
  for (const fs::path& root :
       {source / "tests/data", source / "detections", source / "../shared/data/samples",
        source / "../shared/data/scenarios"}) {
    if (!fs::exists(root)) {
      continue;
    }
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
      const std::string name = entry.path().filename();
      const bool records = name.ends_with(".ndjson") || name.ends_with(".gz") ||
                           name.ends_with(".zst") || name.ends_with(".log") ||
                           name.ends_with(".txt");
      if (entry.is_regular_file() && records) {
        files.push_back(entry.path());
      }
    }
  }
  std::ranges::sort(files);
  return files;
}

TEST(TwoReaders, AgreeOnEverySample) {
  test::Describer fast;
  test::Describer slow({.source = std::nullopt, .plain_json = true});
  std::size_t records = 0;
  std::size_t differences = 0;
  for (const fs::path& path : record_files()) {
    auto source = open_source(path);
    ASSERT_TRUE(source) << path;
    RecordReader reader(std::move(*source));
    std::size_t in_file = 0;
    for (RecordRead read = reader.read(); read.status != ReadStatus::end; read = reader.read()) {
      // The captures are long and repeat themselves.
      constexpr std::size_t kPerFile = 3000;
      if (read.status != ReadStatus::record || ++in_file > kPerFile) {
        continue;
      }
      ++records;
      const std::string quick = fast.describe_record(read.text);
      const std::string& plain = slow.describe_record(read.text);
      if (quick != plain && ++differences < 5) {
        ADD_FAILURE() << path << ":" << read.line << "\n" << quick << "\nbut the DOM:\n" << plain;
      }
    }
  }
  EXPECT_GT(records, 5000U);
  EXPECT_EQ(differences, 0U);
}

TEST(TwoReaders, AgreeOnWhatIsOddInJson) {
  JsonScanner scanner;
  JsonDom dom;
  const std::string deep64 = std::string(64, '[') + std::string(64, ']');
  const std::string deep65 = std::string(65, '[') + std::string(65, ']');
  const std::string cases[] = {
      "",
      " ",
      "{}",
      "[]",
      " { } ",
      "[ ]",
      "{\"a\" : 1 , \"b\"\t:\n[ 1 , 2 ] }",
      "{\"a\":1,}",
      "{\"a\":1,,\"b\":2}",
      "{,}",
      "[,1]",
      "[1,]",
      "[1 2]",
      "{\"a\" 1}",
      "{\"a\":}",
      "{\"a\"}",
      "{1:2}",
      "{\"a\":1}x",
      "{\"a\":1} {\"b\":2}",
      "\"text\"",
      "\"text\" 1",
      "1",
      "-0",
      "-",
      "01",
      "1.0",
      "1.",
      ".5",
      "1e5",
      "1E+05",
      "1e",
      "1e400",
      "123456789012345678901234567890",
      "-9223372036854775809",
      "18446744073709551616",
      "0.1e-400",
      "true",
      "tru",
      "truee",
      "nul",
      "null",
      "false",
      "[true,false,null]",
      "\"a\\u00e9\"",
      "\"a\\uD83D\\uDE00\"",
      "\"\\uD83D\"",
      "\"\\uDE00\"",
      "\"\\uD83D\\uD83D\\uDE00\"",
      "\"\\uDE00\\uD83D\"",
      "\"\\\\uD83D\"",
      "\"\\\\\\uD83D\"",
      "\"\\x\"",
      "\"\\\"",
      "\"\\u12\"",
      "\"\\u12G4\"",
      "\"\\\\\"",
      "\"\\\\\\\"",
      "{\"a\\u0062\":\"c\\nd\"}",
      "{\"\\uD800\":1}",
      "\"tab\there\"",
      std::string("\"nul\0\"", 6),
      "\"\xFF\"",
      "\"\xC3\xA9\"",
      "{\"\xFF\":\"\xED\xA0\x80\"}",
      "\"unclosed",
      "{\"a\":\"b",
      "[",
      "]",
      "{",
      "}",
      "[}",
      "{]",
      "[[]",
      "[]]",
      "\"a\"\"b\"",
      "\"a\"b",
      "[\"a\"b]",
      "{\"a\"b:1}",
      "\\",
      "[\\]",
      "[1\\n]",
      deep64,
      deep65,
      "{\"a\":{\"\\u0000number\":1}}",
      "[1,2,3,4,5,6,7,8,9,10]",
      "{\"a\":12345678,\"b\":123456789,\"c\":0,\"d\":00}",
      std::string(63, ' ') + "\"\\" + std::string(1, '\\') + "\"",
      "\"" + std::string(61, 'x') + "\\\\\\u0041\"",
      "\"" + std::string(62, 'x') + "\\n\"",
      "\"" + std::string(63, 'x') + "\\n\"",
      "\"" + std::string(62, 'x') + "\\q\"",
  };
  for (const std::string& json : cases) {
    EXPECT_EQ(scanned(scanner, json), walked(dom, json)) << json;
  }
}

TEST(TwoReaders, AgreeOnRandomTextsOfJsonCharacters) {
  constexpr std::string_view kPieces[] = {
      "{",    "}", "[",  "]",     ",",  ":",  "\"",  "\"a\"", "\\", "1",        "-2.5", "true",
      "null", " ", "\n", "\\u00", "e9", "\\", "\\n", "x",     "0",  "\xC3\xA9", "\xFF"};
  JsonScanner scanner;
  JsonDom dom;
  Random random;
  std::size_t good = 0;
  for (int round = 0; round < 60'000; ++round) {
    std::string json;
    const std::uint32_t pieces = 1 + random.below(14);
    for (std::uint32_t i = 0; i < pieces; ++i) {
      json += kPieces[random.below(std::size(kPieces))];
    }
    const std::string quick = scanned(scanner, json);
    good += quick.find('\n') != std::string::npos ? 1U : 0U;
    ASSERT_EQ(quick, walked(dom, json)) << json;
  }
  EXPECT_GT(good, 500U);  // Not all of it is refused at the first character.
}

/// What a finder makes of a text: its places, and in `look` the rest. Nothing behind the text may
/// have a part in it.
std::vector<QuotePlace> found_by(QuoteFinder find, const std::string& text, TextLook& look) {
  const std::string longer = text + "\"\\\x01\xFF" + std::string(kTextPadding, '"');
  std::vector<QuotePlace> index(quote_room(text.size()));
  look = find(std::string_view(longer).substr(0, text.size()), index.data());
  index.resize(look.quotes + 1);
  return index;
}

TEST(QuoteScan, IsItsSlowTwinOnEveryMachine) {
  constexpr std::string_view kPieces[] = {"\\",
                                          "\\\\",
                                          "\\n",
                                          "\\\"",
                                          "\\q",
                                          "\\u0041",
                                          "\\u",
                                          "\\uD83D",
                                          "\\uDE00",
                                          "text",
                                          "\"",
                                          "u",
                                          "C:\\\\",
                                          " ",
                                          "\t",
                                          "\xC3\xA9",
                                          "\x1F",
                                          "\x7F",
                                          "\"\"\"",
                                          "{}",
                                          "\":\"\",\"",
                                          "\\\xE2",
                                          "\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\""};
  Random random;
  for (int round = 0; round < 60'000; ++round) {
    std::string text;
    const std::uint32_t pieces = random.below(40);
    for (std::uint32_t i = 0; i < pieces; ++i) {
      text += kPieces[random.below(std::size(kPieces))];
    }
    TextLook plain;
    const std::vector<QuotePlace> wanted = found_by(quote_finders().back(), text, plain);
    ASSERT_EQ(plain.escapes, check_escapes_plainly(text)) << text;
    for (const QuoteFinder find : quote_finders()) {
      TextLook look;
      ASSERT_EQ(found_by(find, text, look), wanted) << text;
      ASSERT_EQ(look, plain) << text;
    }
  }
}

TEST(QuoteScan, FindsWhatStandsAtAnyPlace) {
  constexpr std::size_t kSizeMax = 200;
  for (const std::string_view piece :
       {"\"", "\\\"", "\\\\\"", "\\", "\\q", "\\u00e9", "\\ud800", "\x02", "\xFF"}) {
    for (std::size_t before = 0; before < kSizeMax; ++before) {
      for (const std::size_t behind : {std::size_t{0}, std::size_t{1}, kSizeMax - before}) {
        const std::string text =
            std::string(before, 'a').append(piece).append(std::string(behind, 'b'));
        TextLook plain;
        const std::vector<QuotePlace> wanted = found_by(quote_finders().back(), text, plain);
        for (const QuoteFinder find : quote_finders()) {
          TextLook look;
          ASSERT_EQ(found_by(find, text, look), wanted) << text;
          ASSERT_EQ(look, plain) << text;
        }
      }
    }
  }
}

TEST(Unescape, IsItsSlowTwin) {
  constexpr std::string_view kPieces[] = {"\\\\",     "\\n",
                                          "\\\"",     "\\r",
                                          "\\t",      "\\b",
                                          "\\/",      "\\u0041",
                                          "\\uD83D",  "\\uDE00",
                                          "text",     "C:\\\\Windows",
                                          "\xC3\xA9", "a longer text without an escape in it"};
  Random random;
  for (int round = 0; round < 60'000; ++round) {
    std::string text;
    const std::uint32_t pieces = random.below(40);
    for (std::uint32_t i = 0; i < pieces; ++i) {
      text += kPieces[random.below(std::size(kPieces))];
    }
    const std::size_t size = text.size();
    text.append(kTextPadding, '\\');
    const std::string_view escaped = std::string_view(text).substr(0, size);
    std::string fast(size + kUnescapePadding, '?');
    std::string slow(size + kUnescapePadding, '?');
    fast.resize(unescape_json(escaped, fast.data()));
    slow.resize(unescape_json_plainly(escaped, slow.data()));
    ASSERT_EQ(fast, slow) << escaped;
    Scratch scratch;
    ASSERT_EQ(resolve(escaped, true, scratch), slow) << escaped;
  }
}

}  // namespace
}  // namespace spoor

// NOLINTEND(modernize-raw-string-literal)
