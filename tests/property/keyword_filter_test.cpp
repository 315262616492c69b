// Whatever is in a value of a Windows event, the filter that reads only the record's bytes does not
// rule it out.
#include "engine/matcher/keyword_filter.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include <gtest/gtest.h>

#include "engine/base/text.h"
#include "parsers/record_parser.h"
#include "replay/byte_source.h"
#include "replay/record_reader.h"
#include "tests/support/parsing.h"

namespace spoor {
namespace {

namespace fs = std::filesystem;

KeywordFilter filter_for(std::string_view keyword) {
  KeywordFilter filter;
  filter.add({{.text = fold(keyword), .place = LiteralPlace::anywhere}});
  filter.build();
  return filter;
}

/// Looks for each value of an event, and for a part of it.
class Searcher {
 public:
  void search(const Event& event) {
    if (event.source != Source::sysmon && event.source != Source::windows) {
      return;
    }
    event.fields().for_each([&](FieldId id) { search(field_name(id), event.field(id), event); });
    for (const ExtraField& extra : event.extra) {
      search(extra.name, extra.value, event);
    }
  }

  [[nodiscard]] std::size_t searched() const { return searched_; }

  [[nodiscard]] std::size_t ruled_out() const { return ruled_out_; }

 private:
  void search(std::string_view name, std::string_view value, const Event& event) {
    const std::string folded = fold(value);
    for (const std::string_view keyword :
         {std::string_view(folded), std::string_view(folded).substr(folded.size() / 3)}) {
      const std::string_view fragment = KeywordFilter::fragment_of(keyword);
      if (fragment.empty()) {
        continue;
      }
      ++searched_;
      ASSERT_TRUE(filter_for(keyword).may_hold(event.record))
          << name << ": '" << fragment << "' of '" << keyword << "' is not seen in\n"
          << event.record;
    }
    ruled_out_ += filter_for("sekurlsa::logonpasswords").may_hold(event.record) ? 0U : 1U;
  }

  std::size_t searched_ = 0;
  std::size_t ruled_out_ = 0;
};

void search_files(const std::vector<fs::path>& files, std::size_t records_of_each) {
  Searcher searcher;
  RecordParser parser(Projection::everything());
  test::Looker looker([&](const Event& event) { searcher.search(event); });
  for (const fs::path& file : files) {
    auto source = open_source(file.string());
    ASSERT_TRUE(source) << file;
    RecordReader reader(std::move(*source));
    std::size_t records = 0;
    for (RecordRead read = reader.read();
         read.status != ReadStatus::end && records < records_of_each;
         read = reader.read(), ++records) {
      const std::string text = test::padded(read.text);
      parser.parse(std::string_view(text).substr(0, read.text.size()), {}, looker);
      ASSERT_FALSE(testing::Test::HasFailure()) << file << " " << records;
    }
  }
  std::printf("%zu values searched for, %zu records ruled out\n", searcher.searched(),
              searcher.ruled_out());
  EXPECT_GT(searcher.searched(), 1'000U);
  EXPECT_GT(searcher.ruled_out(), searcher.searched() / 3);
}

std::vector<fs::path> files_below(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    const bool is_log = name.find("json") != std::string::npos &&
                        name.find("expected") == std::string::npos &&
                        name.find("COUNTS") == std::string::npos;
    if (entry.is_regular_file() && is_log) {
      files.push_back(entry.path());
    }
  }
  std::ranges::sort(files);
  return files;
}

TEST(KeywordFilter, NothingInAValueEscapes) {
  const fs::path data = fs::path(SPOOR_SOURCE_DIR) / "tests/data";
  std::vector<fs::path> files = files_below(data / "parse");
  std::ranges::copy(files_below(data / "otrf"), std::back_inserter(files));
  search_files(files, 100);
}

TEST(KeywordFilter, NothingInAValueOfTheSharedSamplesEscapes) {
  const fs::path shared = fs::path(SPOOR_SOURCE_DIR) / "../shared/data/samples/sysmon";
  if (!fs::exists(shared)) {
    GTEST_SKIP() << "no samples in " << shared;
  }
  search_files(files_below(shared), 20);
}

TEST(KeywordFilter, KnowsHowElseALetterMayBeSpelt) {
  const KeywordFilter filter = filter_for("sekurlsa::");
  const std::string long_s = std::string("{\"a\":\"x \xC5\xBF") + "ekurlsa::logon\"}";
  for (const char* record : {
           R"({"a":"x sekurlsa::logon"})",
           R"({"a":"x SeKurLSA::logon"})",
           R"({"a":"x \u0073ekurlsa::logon"})",
           R"({"a":"x sekurlsa\u003a:logon"})",
           R"({"a":"{\"b\":\"x se\\u006Burlsa::logon\"}"})",
           R"({"a":"x se\u212Aurlsa::logon"})",
           long_s.c_str(),
           "{\"a\":\"x se\xE2\x84\xAAurlsa::logon\"}",
           R"(<Data>x sekurls&#97;::logon</Data>)",
           R"(<Data>x sekurls&#x61;::logon</Data>)",
       }) {
    EXPECT_TRUE(filter.may_hold(record)) << record;
  }
  for (const char* record : {
           R"({"a":"x sekurls::logon"})",
           R"({"a":"C:\\users\\update.exe \u000d\u0022 sekurl sa::"})",
           "{\"a\":\"Stra\xC3\x9F\"}",
           "",
           "x",
           "{}",
       }) {
    EXPECT_FALSE(filter.may_hold(record)) << record;
  }
}

TEST(KeywordFilter, FindsAKeywordWhereverItStands) {
  const KeywordFilter filter = filter_for("lsadump::");
  for (std::size_t before = 0; before < 40; ++before) {
    for (std::size_t behind = 0; behind < 20; ++behind) {
      const std::string record = std::string(before, '.') + "lsadump::" + std::string(behind, '.');
      ASSERT_TRUE(filter.may_hold(record)) << record;
      ASSERT_FALSE(filter.may_hold(record.substr(0, before + 8))) << record;
    }
  }
}

TEST(KeywordFilter, LooksForWhatNoParserChanges) {
  EXPECT_EQ(KeywordFilter::fragment_of("\\mimilib.dll"), "mimilib.dll");
  EXPECT_EQ(KeywordFilter::fragment_of("c:\\inetpub"), "inetpub");
  EXPECT_EQ(KeywordFilter::fragment_of("kiwi legit printer"), "kiwi legit printer");
  EXPECT_EQ(KeywordFilter::fragment_of("hklm\\system"), "") << "words that parsers add";
  EXPECT_EQ(KeywordFilter::fragment_of("2023-03-29 10:00"), "")
      << "may have been written otherwise";
  EXPECT_EQ(KeywordFilter::fragment_of("<script>"), "script");
  EXPECT_EQ(KeywordFilter::fragment_of("abc"), "");
  // A test of which nothing is known lets all pass.
  KeywordFilter filter;
  filter.add({});
  filter.build();
  EXPECT_TRUE(filter.may_hold("{}"));
}

}  // namespace
}  // namespace spoor
