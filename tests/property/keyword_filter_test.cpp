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
#include "tests/source_dir.h"
#include "tests/support/parsing.h"
#include "tests/support/random_rules.h"

namespace spoor {
namespace {

namespace fs = std::filesystem;
using test::Dice;

KeywordFilter filter_for(std::string_view keyword) {
  KeywordFilter filter;
  filter.add({{.text = fold(keyword), .place = LiteralPlace::anywhere}});
  filter.build();
  return filter;
}

/// The widths that this machine has.
std::vector<TripleScan::Width> widths() {
  std::vector<TripleScan::Width> widths = {TripleScan::Width::one};
  for (const TripleScan::Width width : {TripleScan::Width::avx2, TripleScan::Width::avx512}) {
    if (width <= TripleScan::widest()) {
      widths.push_back(width);
    }
  }
  return widths;
}

/// May the filter's words be in the record? All widths have to say the same.
bool all_say(const KeywordFilter& filter, std::string_view record) {
  // On memory of its own, so that sanitizers see what is read behind it.
  const std::vector<char> copy(record.begin(), record.end());
  record = {copy.data(), copy.size()};
  const bool plain = filter.may_hold(record, TripleScan::Width::one);
  for (const TripleScan::Width width : widths()) {
    EXPECT_EQ(filter.may_hold(record, width), plain) << static_cast<int>(width) << "\n" << record;
  }
  EXPECT_EQ(filter.may_hold(record), plain) << record;
  return plain;
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
      ASSERT_TRUE(all_say(filter_for(keyword), event.record))
          << name << ": '" << fragment << "' of '" << keyword << "' is not seen in\n"
          << event.record;
    }
    ruled_out_ += all_say(never_there_, event.record) ? 0U : 1U;
  }

  const KeywordFilter never_there_ = filter_for("sekurlsa::logonpasswords");

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
    EXPECT_TRUE(all_say(filter, record)) << record;
  }
  for (const char* record : {
           R"({"a":"x sekurls::logon"})",
           R"({"a":"C:\\users\\update.exe \u000d\u0022 sekurl sa::"})",
           "{\"a\":\"Stra\xC3\x9F\"}",
           "",
           "x",
           "{}",
       }) {
    EXPECT_FALSE(all_say(filter, record)) << record;
  }
}

TEST(KeywordFilter, FindsAKeywordWhereverItStands) {
  const KeywordFilter filter = filter_for("lsadump::");
  for (std::size_t before = 0; before < 40; ++before) {
    for (std::size_t behind = 0; behind < 20; ++behind) {
      const std::string record = std::string(before, '.') + "lsadump::" + std::string(behind, '.');
      ASSERT_TRUE(all_say(filter, record)) << record;
      ASSERT_FALSE(all_say(filter, record.substr(0, before + 8))) << record;
    }
  }
}

/// A word of what fragments are made of: letters for the most part, few of them, so that words
/// share triples.
std::string random_word(Dice& dice) {
  constexpr std::string_view kBytes = "aeiklmnrstu::.-_ 0";
  std::string word(4 + dice.below(12), ' ');
  for (char& c : word) {
    c = kBytes[dice.below(kBytes.size())];
  }
  return word + "kl";  // Some letter that is no hex digit.
}

std::string random_record(Dice& dice) {
  constexpr std::string_view kPieces[] = {
      "\\\\u", "\\u0041",  "\\u0022", "\\u00",    "\\u2",
      "&",     "&#",       "#",       "::",       "\xC5\xBF",
      "\xC5",  "\xBF",     "\xE2",    "\xE2\x84", "\xE2\x84\xAA",
      "\xAA",  "\xD0\xBF", "users",   "system32", "image",
      ":",     "\"",       "{",       "\\",       "K",
      "\x7F"};
  std::string record;
  const std::size_t size = dice.below(300);
  // Most records hold little that is odd, or hardly any would be ruled out.
  const bool is_odd = dice.chance(30);
  while (record.size() < size) {
    if (is_odd && dice.chance(20)) {
      record += kPieces[dice.below(std::size(kPieces))];
    } else {
      record.push_back(static_cast<char>(' ' + dice.below(95)));
    }
  }
  return record;
}

// NOLINTNEXTLINE(readability-function-cognitive-complexity): loops, one in another.
TEST(KeywordFilter, SaysTheSameWithEveryWidth) {
  constexpr std::size_t kFilters = 150;
  constexpr std::size_t kRecords = 150;
  std::size_t ruled_out = 0;
  for (std::size_t seed = 0; seed < kFilters; ++seed) {
    Dice dice(seed);
    KeywordFilter filter;
    std::vector<std::string> words;
    // Sometimes more than are scanned for.
    for (std::size_t count = 1 + dice.below(seed % 10 == 0 ? 80 : 30); count > 0; --count) {
      words.push_back(random_word(dice));
      while (KeywordFilter::fragment_of(words.back()).empty()) {
        words.back() = random_word(dice);
      }
      filter.add({{.text = words.back(), .place = LiteralPlace::anywhere}});
    }
    filter.build();
    for (std::size_t i = 0; i < kRecords; ++i) {
      std::string record = random_record(dice);
      const bool held = all_say(filter, record);
      ruled_out += held ? 0U : 1U;
      if (!dice.chance(30)) {
        continue;
      }
      std::string fragment(KeywordFilter::fragment_of(dice.of(words)));
      for (char& c : fragment) {
        c = c >= 'a' && c <= 'z' && dice.chance(50) ? static_cast<char>(c ^ 0x20) : c;
      }
      const std::size_t at = dice.chance(30) ? record.size() : dice.below(record.size() + 1);
      record.insert(at, fragment);
      ASSERT_TRUE(all_say(filter, record)) << fragment << "\n" << record;
      all_say(filter, std::string_view(record).substr(0, at + fragment.size() - 1));
      ASSERT_FALSE(testing::Test::HasFailure()) << seed << " " << i;
    }
  }
  std::printf("%zu records ruled out\n", ruled_out);
  EXPECT_GT(ruled_out, kFilters * kRecords / 3);
}

TEST(KeywordFilter, SeesOddSpellingsWhereverTheyStand) {
  KeywordFilter filter;
  for (const char* word : {"sekurlsa::", "lsadump::", "gentilkiwi.com", "mimidrv.sys"}) {
    filter.add({{.text = word, .place = LiteralPlace::anywhere}});
  }
  filter.build();
  for (const std::string_view odd :
       {"\\u0041", "\\u017F", "\\u017f", "\\u212a", "&#", "\xC5\xBF", "\xE2\x84\xAA"}) {
    for (std::size_t before = 0; before < 140; ++before) {
      for (const std::size_t behind : {0U, 1U, 2U, 3U, 40U, 80U}) {
        std::string record = std::string(before, 'u').append(odd);
        const std::string cut = record.substr(0, record.size() - 1);
        ASSERT_TRUE(all_say(filter, record + std::string(behind, '#'))) << record;
        // As it stands in a longer text: what is behind the record is not looked at.
        ASSERT_FALSE(all_say(filter, std::string_view(record).substr(0, cut.size()))) << record;
      }
    }
  }
}

TEST(TripleScan, FindsEveryTripleWithEveryWidth) {
  for (std::size_t seed = 0; seed < 200; ++seed) {
    Dice dice(seed);
    TripleScan scan;
    for (std::size_t count = 1 + dice.below(12); count > 0; --count) {
      scan.add(static_cast<unsigned>(dice.below(TripleScan::kBuckets)),
               random_word(dice).substr(0, dice.chance(20) ? 2 : 3));
    }
    for (std::size_t i = 0; i < 20; ++i) {
      const std::string text = random_record(dice);
      TripleScan::Suspect found;
      for (std::size_t from = 0; from < text.size(); from = found.at + 1) {
        found = scan.find(text, from, TripleScan::Width::one);
        const bool is_last = found.at == std::string_view::npos;
        for (const TripleScan::Width width : widths()) {
          // Others may find more on the way.
          TripleScan::Suspect other = scan.find(text, from, width);
          while (other.at < found.at) {
            other = scan.find(text, other.at + 1, width);
          }
          ASSERT_EQ(other.at, found.at) << text;
          ASSERT_EQ(other.buckets & found.buckets, found.buckets) << text;
        }
        if (is_last) {
          break;
        }
      }
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
