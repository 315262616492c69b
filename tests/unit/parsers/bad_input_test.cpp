// semantics: "Bad input", the rows that concern one JSON record.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <dirent.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "engine/base/limits.h"
#include "parsers/json/json_dom.h"
#include "parsers/json/json_scanner.h"
#include "tests/source_dir.h"
#include "tests/support/parsing.h"

namespace spoor {
namespace {

/// A file creation whose file name is the JSON text given, quotes included.
std::string with_name(std::string_view json_value) {
  return R"({"Event":{"System":{"Provider":{"#attributes":{"Name":"Microsoft-Windows-Sysmon"}},"EventID":11,"Computer":"H","Channel":"Microsoft-Windows-Sysmon/Operational"},"EventData":{"Image":"C:\\a.exe","TargetFilename":)" +
         std::string(json_value) + R"(,"User":"u"}}})";
}

TEST(BadInput, WhatAFileNameMayHoldHidesNoEvent) {
  struct Case {
    const char* name;
    std::string_view value;
    std::string_view want;
    bool salvaged;
  };

  using namespace std::string_view_literals;
  const Case cases[] = {
      {"lone high surrogate", R"("evil\ud800.dll")", "evil\xEF\xBF\xBD.dll", true},
      {"lone low surrogate", R"("evil\uDC00.dll")", "evil\xEF\xBF\xBD.dll", true},
      {"high surrogate before another escape", R"("\ud800\u0041")",
       "\xEF\xBF\xBD"
       "A",
       true},
      {"a pair is fine", R"("\ud83d\ude00")", "\xF0\x9F\x98\x80", false},
      {"invalid UTF-8", "\"evil\xFF.dll\"", "evil\xEF\xBF\xBD.dll", true},
      {"Latin-1", "\"caf\xE9\"", "caf\xEF\xBF\xBD", true},
      {"both at once", "\"\xFF\\ud800\"", "\xEF\xBF\xBD\xEF\xBF\xBD", true},
      {"escaped NUL", R"("a\u0000b")", "a\0b"sv, false},
      {"a number too long for 64 bits", "99999999999999999999", "99999999999999999999", false},
      {"a huge exponent", "1e999", "1e999", false},
      {"a number", "42", "42", false},
      {"a bool", "true", "true", false},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    const test::Looker looker = test::parse(with_name(test.value), [&test](const Event& event) {
      EXPECT_EQ(event.field(FieldId::target_filename), test.want);
      EXPECT_EQ(event.field(FieldId::user), "u");
      EXPECT_EQ(event.salvaged, test.salvaged);
    });
    EXPECT_EQ(looker.events, 1U);
    EXPECT_TRUE(looker.errors.empty()) << looker.errors[0].message;
  }
}

TEST(BadInput, NullIsAbsent) {
  test::parse(with_name("null"),
              [](const Event& event) { EXPECT_FALSE(event.has(FieldId::target_filename)); });
}

TEST(BadInput, AnObjectOrArrayWhereTextIsExpectedLeavesTheEvent) {
  for (const char* value : {R"({"a":{"b":1}})", R"(["x","y"])", "[]", "{}"}) {
    const test::Looker looker = test::parse(with_name(value), [](const Event& event) {
      EXPECT_EQ(event.field(FieldId::image), "C:\\a.exe");
      EXPECT_EQ(event.field(FieldId::user), "u");
    });
    EXPECT_EQ(looker.events, 1U) << value;
  }
}

TEST(BadInput, OfDuplicateKeysTheFirstWins) {
  const test::Looker looker =
      test::parse(with_name(R"("first","TargetFilename":"second","\u0054argetFilename":"third")"),
                  [](const Event& event) {
                    EXPECT_EQ(event.field(FieldId::target_filename), "first");
                    EXPECT_TRUE(event.duplicate_keys);
                  });
  EXPECT_EQ(looker.events, 1U);
}

TEST(BadInput, AnEscapedKeyIsTheSameKey) {
  test::parse(
      R"({"Ev\u0065nt":{"System":{"EventID":11,"Computer":"H","Channel":"Microsoft-Windows-Sysmon/Operational"},"EventData":{"Im\u0061ge":"x"}}})",
      [](const Event& event) { EXPECT_EQ(event.field(FieldId::image), "x"); });
}

struct BadCase {
  const char* name;
  std::string record;
  ErrorCode want;
};

TEST(BadInput, WhatIsNoRecordGivesAReason) {
  const std::string deep =
      std::string(kJsonDepthMax + 1, '[') + std::string(kJsonDepthMax + 1, ']');
  std::string keys = "{";
  for (std::size_t i = 0; i <= kRecordKeysMax; ++i) {
    keys += fmt::format(R"({}"k{}":1)", i == 0 ? "" : ",", i);
  }
  keys += "}";
  const BadCase cases[] = {
      {"not JSON", "hello", ErrorCode::malformed_json},
      {"truncated", R"({"Event":{"System")", ErrorCode::malformed_json},
      {"unterminated string", R"({"a":"b)", ErrorCode::malformed_json},
      {"trailing comma", R"({"a":1,})", ErrorCode::malformed_json},
      {"junk behind", R"({"a":1} x)", ErrorCode::malformed_json},
      {"raw control character", "{\"a\":\"b\x01\"}", ErrorCode::malformed_json},
      {"raw NUL", std::string("{\"a\":\"b\0\"}", 10), ErrorCode::malformed_json},
      {"too deep", deep, ErrorCode::too_deep},
      {"100,000 deep", std::string(100'000, '[') + std::string(100'000, ']'), ErrorCode::too_deep},
      {"100,000 opening brackets", std::string(100'000, '['), ErrorCode::too_deep},
      {"brackets in a string", R"(["\")" + std::string(100, '[') + R"(")",
       ErrorCode::malformed_json},
      {"too many keys", keys, ErrorCode::too_many_keys},
      {"too long", "\"" + std::string(kRecordBytesMax, 'x') + "\"", ErrorCode::oversize},
      {"a scalar", "42", ErrorCode::unknown_source},
      {"an object of nobody", "{}", ErrorCode::unknown_source},
      {"Event, but no System", R"({"Event":{"System":7}})", ErrorCode::unknown_source},
      {"no event id", R"({"Event":{"System":{"Computer":"H"}}})", ErrorCode::unknown_source},
  };
  for (const BadCase& test : cases) {
    const test::Looker looker = test::parse(test.record);
    EXPECT_EQ(looker.events, 0U) << test.name;
    ASSERT_EQ(looker.errors.size(), 1U) << test.name;
    EXPECT_EQ(to_string(looker.errors[0].code), to_string(test.want))
        << test.name << ": " << looker.errors[0].message;
  }
}

// Each of these has two faults, of which the readers met different ones first.
TEST(BadInput, OfTwoFaultsBothReadersNameTheDepth) {
  const std::string deep =
      std::string(kJsonDepthMax + 1, '[') + std::string(kJsonDepthMax + 1, ']');
  const std::string open(kJsonDepthMax + 1, '[');
  const std::string cases[] = {
      R"({"Event":{"a":)" + deep + R"(,"b":"\m"}})",
      R"({"b":"\m","a":)" + deep + "}",
      "[" + deep + ",1x]",
      "[1x," + deep + "]",
      "[" + deep + ",",
      open + "1x",
      open + "\"",
      "[[],]" + deep,
      std::string(10, ']') + deep,
  };
  JsonScanner scanner;
  JsonDom dom;
  Document document;
  for (const std::string& bytes : cases) {
    const std::string text = test::padded(bytes);
    const std::string_view json = std::string_view(text).substr(0, bytes.size());
    const Result<void> fast = scanner.scan(json, document);
    const Result<void> slow = dom.parse(json, document);
    ASSERT_FALSE(fast) << bytes;
    ASSERT_FALSE(slow) << bytes;
    EXPECT_EQ(to_string(fast.error().code), to_string(ErrorCode::too_deep)) << bytes;
    EXPECT_EQ(to_string(slow.error().code), to_string(ErrorCode::too_deep)) << bytes;
  }
}

TEST(BadInput, AParserGoesOnAfterABadRecord) {
  RecordParser parser(Projection::everything());
  test::Looker looker;
  const std::string good = test::padded(with_name("\"ok\""));
  for (const std::string& bad :
       {std::string("{"), std::string(70, '['), std::string("{\"a\":\"\xFF")}) {
    const std::string text = test::padded(bad);
    parser.parse(std::string_view(text).substr(0, bad.size()), {}, looker);
    parser.parse(std::string_view(good).substr(0, good.size() - RecordParser::kJsonPadding), {},
                 looker);
  }
  EXPECT_EQ(looker.events, 3U);
  EXPECT_EQ(looker.errors.size(), 3U);
}

// --- JSONTestSuite
// -------------------------------------------------------------------------------------------------

std::vector<std::filesystem::path> suite_files() {
  std::vector<std::filesystem::path> files;
  for (const std::string root : {SPOOR_SOURCE_DIR "/tests/data/json-test-suite/test_parsing",
                                 SPOOR_SOURCE_DIR "/../shared/data/json-test-suite/test_parsing"}) {
    if (files.empty() && std::filesystem::is_directory(root)) {
      for (const auto& entry : std::filesystem::directory_iterator(root)) {
        files.push_back(entry.path());
      }
    }
  }
  std::ranges::sort(files);
  return files;
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

/// Do our readers take these bytes for JSON? Both say the same.
bool is_json(std::string_view bytes) {
  const std::string text = test::padded(bytes);
  const std::string_view json = std::string_view(text).substr(0, bytes.size());
  Document document;
  const bool fast = JsonScanner().scan(json, document).has_value();
  const bool slow = JsonDom().parse(json, document).has_value();
  EXPECT_EQ(fast, slow) << json;
  return fast;
}

TEST(JsonTestSuite, AcceptsAndRejectsWhatItMust) {
  const auto files = suite_files();
  if (files.empty()) {
    GTEST_SKIP() << "skipped: JSONTestSuite is not here";
  }
  std::size_t accepted = 0;
  std::size_t rejected = 0;
  for (const auto& path : files) {
    const std::string name = path.filename();
    const bool json = is_json(content_of(path));
    if (name.starts_with("y_")) {
      EXPECT_TRUE(json) << name;
      ++accepted;
    } else if (name.starts_with("n_")) {
      EXPECT_FALSE(json) << name;
      ++rejected;
    }
  }
  EXPECT_EQ(accepted, 95U);
  EXPECT_EQ(rejected, 188U);
}

TEST(JsonTestSuite, ImplementationDefinedFilesAreDecidedAndStayDecided) {
  const auto files = suite_files();
  if (files.empty()) {
    GTEST_SKIP() << "skipped: JSONTestSuite is not here";
  }
  // Kept, by salvage: numbers beyond 64 bits, lone surrogates, invalid UTF-8. Refused: UTF-16, 500
  // levels of nesting, a BOM in the middle of a file (at its start the record reader takes it off).
  const std::vector<std::string> refused = {
      "i_string_UTF-16LE_with_BOM.json", "i_string_utf16BE_no_BOM.json",
      "i_string_utf16LE_no_BOM.json", "i_structure_500_nested_arrays.json",
      "i_structure_UTF-8_BOM_empty_object.json"};
  std::vector<std::string> found;
  std::size_t count = 0;
  for (const auto& path : files) {
    const std::string name = path.filename();
    if (name.starts_with("i_")) {
      ++count;
      if (!is_json(content_of(path))) {
        found.push_back(name);
      }
    }
  }
  EXPECT_EQ(count, 35U);
  EXPECT_EQ(found, refused);
}

TEST(JsonTestSuite, AsAFieldValueTheEventSurvivesWheneverItIsJson) {
  const auto files = suite_files();
  if (files.empty()) {
    GTEST_SKIP() << "skipped: JSONTestSuite is not here";
  }
  for (const auto& path : files) {
    const std::string bytes = content_of(path);
    const test::Looker looker = test::parse(with_name(bytes));
    EXPECT_EQ(looker.events + looker.errors.size(), 1U) << path.filename();
    if (path.filename().string().starts_with("y_")) {
      EXPECT_EQ(looker.events, 1U) << path.filename();
    }
  }
}

}  // namespace
}  // namespace spoor
