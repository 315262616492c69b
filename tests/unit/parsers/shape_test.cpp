// Remembered shapes: whatever came before, the scanner makes of a record what the DOM makes of it.

#include "parsers/json/shape.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "parsers/json/quote_scan.h"
#include "parsers/json/shape_cache.h"
#include "replay/byte_source.h"
#include "replay/record_reader.h"
#include "tests/source_dir.h"
#include "tests/support/json_readers.h"

namespace spoor {
namespace {

using test::Random;
using test::scanned;
using test::walked;

// Every kind of value, an object and an array in it, a key longer than one comparison.
constexpr std::string_view kRecord =
    R"({"@timestamp":"2023-03-14T07:58:12.217Z","host":{"name":"PC042","id":7,"up":true},)"
    R"("a key that is longer than thirty-two bytes":"C:\\Windows","tags":["one","two",3],)"
    R"("none":null,"empty":{},"bare":[],"text":"","Keywords":-9223372036854775808,"last":false})";

/// A scanner that knows the shape of a record.
JsonScanner one_that_saw(std::string_view record) {
  JsonScanner scanner;
  for (int round = 0; round < 4; ++round) {
    scanned(scanner, record);
  }
  return scanner;
}

/// Is the record read by a remembered shape?
bool is_remembered(JsonScanner& scanner, std::string_view record) {
  const std::string text = test::padded(record);
  Document document;
  return scanner.scan(std::string_view(text).substr(0, record.size()), document).has_value() &&
         document.shape() != 0;
}

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string result(text);
  const std::size_t at = result.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? result : result.replace(at, from.size(), to);
}

TEST(Shape, IsMadeOfWhatCameBefore) {
  JsonScanner scanner = one_that_saw(kRecord);
  JsonDom dom;
  EXPECT_TRUE(is_remembered(scanner, kRecord));
  EXPECT_EQ(scanned(scanner, kRecord), walked(dom, kRecord));
  // Other values, the same shape.
  const std::string other = replaced(
      replaced(replaced(kRecord, "PC042", R"(a much longer name, with \"quotes\")"), "7", "0"),
      "true", "false");
  EXPECT_TRUE(is_remembered(scanner, other));
  EXPECT_EQ(scanned(scanner, other), walked(dom, other));
}

TEST(Shape, KnowsWritersThatPutBlanks) {
  constexpr std::string_view kBlanks =
      R"({"key": "text", "number": 12, "list": [1, "a", null], "inner": { "x" : true } , "y": ""})";
  JsonScanner scanner = one_that_saw(kBlanks);
  JsonDom dom;
  EXPECT_TRUE(is_remembered(scanner, kBlanks));
  EXPECT_EQ(scanned(scanner, kBlanks), walked(dom, kBlanks));
}

struct NearMiss {
  const char* name;
  std::string_view from;
  std::string_view to;
};

constexpr NearMiss kNearMisses[] = {
    {"key_of_the_same_length", "\"host\"", "\"hose\""},
    {"shorter_key", "\"host\"", "\"hos\""},
    {"end_of_a_long_key", "bytes\"", "bytez\""},
    {"middle_of_a_long_key", "longer", "lonGer"},
    {"duplicate_key", "\"text\"", "\"none\""},
    {"escape_in_a_key", "\"host\"", R"("ho\u0073t")"},
    {"escaped_quote_in_a_key", "\"none\":null", R"("no\"":null)"},
    {"string_is_a_number", "\"PC042\"", "42"},
    {"number_is_a_string", ":7", ":\"7\""},
    {"true_is_null", "true", "null"},
    {"null_is_true", "null", "true"},
    {"null_and_more", "null", "nullx"},
    {"true_and_more", "true", "truex"},
    {"less_than_true", "true", "tru"},
    {"true_is_a_word", "true", "trap"},
    {"number_with_a_zero_before", ":7", ":07"},
    {"number_with_a_letter", ":7", ":7a"},
    {"number_with_a_fraction", ":7", ":7.25"},
    {"number_with_an_exponent", ":7", ":7e-3"},
    {"half_a_fraction", ":7", ":7."},
    {"minus", ":7", ":-"},
    {"two_minuses", ":7", ":--7"},
    {"minus_zero", ":7", ":-0"},
    {"no_number", ":7", ":"},
    {"two_numbers", ":7", ":7 7"},
    {"long_number", ":7", ":12345678901234567890123456789012345678901234567890"},
    {"missing_opening_quote", "\"PC042\"", "PC042\""},
    {"missing_closing_quote", "\"PC042\"", "\"PC042"},
    {"escaped_closing_quote", "\"PC042\"", R"("PC042\")"},
    {"missing_quote_of_a_key", "\"host\"", "\"host"},
    {"something_behind_a_string", "\"PC042\"", "\"PC042\"x"},
    {"a_string_behind_a_string", "\"PC042\"", R"("PC042""")"},
    {"missing_comma", ",\"id\"", "\"id\""},
    {"two_commas", ",\"id\"", ",,\"id\""},
    {"colon_for_comma", ",\"id\"", ":\"id\""},
    {"comma_for_colon", "\"id\":", "\"id\","},
    {"missing_colon", "\"id\":", "\"id\""},
    {"two_colons", "\"id\":", "\"id\"::"},
    {"blank_before_a_colon", "\"id\":", "\"id\" :"},
    {"blank_behind_a_colon", "\"id\":", "\"id\": "},
    {"blank_before_a_comma", ",\"id\"", " ,\"id\""},
    {"blank_behind_a_comma", ",\"id\"", ", \"id\""},
    {"blank_behind_a_number", ":7", ":7 "},
    {"trailing_comma_in_an_object", "true}", "true,}"},
    {"trailing_comma_in_an_array", ",3]", ",3,]"},
    {"brackets_swapped", R"(["one","two",3])", R"({"one","two",3})"},
    {"wrong_closing_bracket", ",3]", ",3}"},
    {"object_is_an_array", R"({"name":"PC042","id":7,"up":true})",
     R"(["name","PC042","id",7,"up",true])"},
    {"empty_object_is_an_array", "{}", "[]"},
    {"empty_array_is_not", "[]", "[1]"},
    {"control_character", "PC042", "PC\t42"},
    {"invalid_utf8", "PC042",
     "PC\xFF"
     "42"},
    {"utf8", "PC042", "PC\xC3\xA9"},
    {"bad_escape", "PC042", "PC\\q42"},
    {"lone_surrogate", "PC042", "\\uD800"},
    {"structure_in_a_string", "PC042", ",{}[]:"},
    {"not_closed", "false}", "false"},
    {"closed_twice", "false}", "false}}"},
    {"something_behind_the_root", "false}", "false}x"},
    {"blank_behind_the_root", "false}", "false} "},
};

TEST(Shape, IsNotTakenForWhatNearlyHasIt) {
  JsonDom dom;
  for (const NearMiss& miss : kNearMisses) {
    SCOPED_TRACE(miss.name);
    JsonScanner scanner = one_that_saw(kRecord);
    const std::string record = replaced(kRecord, miss.from, miss.to);
    // Again and again: it may be remembered itself, and the first must still be read right.
    for (int round = 0; round < 4; ++round) {
      EXPECT_EQ(scanned(scanner, record), walked(dom, record)) << record;
      EXPECT_EQ(scanned(scanner, kRecord), walked(dom, kRecord));
    }
  }
}

// What stands before a number and what stands behind it are tied to different quotes, and must not
// be the same bytes.
TEST(Shape, HasItsFixedTextOnlyOnce) {
  JsonDom dom;
  for (const std::string_view record :
       {R"({"a":1,"b":2,"c":3})", R"({"a": 1 ,"b": 2 ,"c": 3 })",
        R"({"a":true,"b":null,"c":false})", R"({"a":[1],"b":[[2]],"c":{"d":3}})",
        R"({"a":[1,2],"b":[3,4]})", R"({"a":{"x":1},"b":[null,2,null],"c":[null,"s",3,{}]})"}) {
    JsonScanner scanner = one_that_saw(record);
    ASSERT_EQ(scanned(scanner, record), walked(dom, record)) << record;
    for (std::size_t at = 0; at < record.size(); ++at) {
      for (std::size_t size = 0; size < 4 && at + size <= record.size(); ++size) {
        for (const std::string_view with :
             {"", ",", " ", ":", "1", "}", "]", "\"", "\"\"", " ,", "-"}) {
          const std::string other = std::string(record).replace(at, size, with);
          ASSERT_EQ(scanned(scanner, other), walked(dom, other)) << other;
        }
      }
    }
  }
}

// Fixed text is compared in pieces of 32 bytes: wherever one ends, nothing may stand before the
// next.
TEST(Shape, HasNothingBetweenThePiecesOfItsFixedText) {
  JsonDom dom;
  for (std::size_t size = 0; size < 70; ++size) {
    const std::string record = R"({"a":"b",")" + std::string(size, 'k') +
                               R"(":{"c":{"d":"e"}},"f":1,"g":{"h":{"i":{"j":"k"},"l":2}}})";
    JsonScanner scanner = one_that_saw(record);
    for (std::size_t at = 0; at <= record.size(); ++at) {
      for (const char more : {',', '}', '{', ' ', '"', '1', ':'}) {
        const std::string other = std::string(record).insert(at, 1, more);
        ASSERT_EQ(scanned(scanner, other), walked(dom, other)) << other;
      }
    }
  }
}

// Places of quotes are kept in sixteen bits.
TEST(Shape, OfLongTexts) {
  JsonDom dom;
  for (const std::size_t size : {0xFFFEU, 0xFFFFU, 0x10000U, 0x10001U, 0x1FFFFU, 0x20010U}) {
    const auto record = [size](char filling) {
      std::string text = R"({"a":"b","c":1,"d":")";
      constexpr std::string_view kBack = R"(","e":"f","g":17})";
      text.resize(size - kBack.size(), filling);
      return text.append(kBack);
    };
    JsonScanner scanner = one_that_saw(record('x'));
    EXPECT_EQ(is_remembered(scanner, record('x')), size <= kQuotedTextMax);
    for (const std::string_view small :
         {R"({"a":"b","c":1,"d":"","e":"f","g":17})", R"({"a":"b","c":1,"d":"x","e":"f","g":})"}) {
      ASSERT_EQ(scanned(scanner, small), walked(dom, small)) << small;
    }
    ASSERT_EQ(scanned(scanner, record('y')), walked(dom, record('y')));
    ASSERT_EQ(scanned(scanner, record('"')), walked(dom, record('"')));
  }
}

// Lines end with \r\n in places.
TEST(Shape, IsKnownWithBlanksBehindIt) {
  JsonScanner scanner = one_that_saw(kRecord);
  JsonDom dom;
  for (const std::string_view blanks : {"\r", "\r\n", "  ", "\t"}) {
    const std::string record = std::string(kRecord).append(blanks);
    EXPECT_TRUE(is_remembered(scanner, record));
    EXPECT_EQ(scanned(scanner, record), walked(dom, record));
  }
}

TEST(Shape, OfATextCutOffAnywhereIsNone) {
  JsonDom dom;
  JsonScanner scanner = one_that_saw(kRecord);
  for (std::size_t size = 0; size < kRecord.size(); ++size) {
    const std::string_view cut = kRecord.substr(0, size);
    ASSERT_EQ(scanned(scanner, cut), walked(dom, cut)) << cut;
  }
}

TEST(Shape, OfKeysOfAnyLength) {
  JsonDom dom;
  for (std::size_t size = 0; size < 200; ++size) {
    const std::string record =
        R"({"a":1,"b":2,")" + std::string(size, 'k') + R"(":"value","c":"d","e":[4,5]})";
    JsonScanner scanner = one_that_saw(record);
    ASSERT_EQ(scanned(scanner, record), walked(dom, record)) << record;
    for (std::size_t at = 0; at < size; ++at) {
      std::string other = record;
      other[record.find('k') + at] = 'K';
      ASSERT_EQ(scanned(scanner, other), walked(dom, other)) << other;
    }
  }
}

TEST(Shape, OfThousandsOfKindsEveryOneIsReadRight) {
  JsonDom dom;
  JsonScanner scanner;
  Random random;
  for (int round = 0; round < 20'000; ++round) {
    // Few enough to come back, too many to be remembered.
    const std::uint32_t kind = random.below(3000);
    std::string record = "{";
    for (std::uint32_t key = 0; key < 3 + kind % 7; ++key) {
      record += (key == 0 ? "\"key" : ",\"key") + std::to_string(kind * (key + 1)) +
                ((kind >> key) % 2 == 0 ? R"(":"text")" : "\":17");
    }
    record += "}";
    ASSERT_EQ(scanned(scanner, record), walked(dom, record)) << record;
  }
}

/// Records of all vendors.
std::vector<std::string> sample_records() {
  constexpr std::string_view kFiles[] = {"A.sysmon-nxlog", "A.sysmon-winlogbeat",
                                         "A.sysmon-evtxdump", "A.crowdstrike-fdr",
                                         "A.sentinelone-cf2"};
  constexpr std::size_t kPerFile = 12;
  std::vector<std::string> records;
  for (const std::string_view file : kFiles) {
    auto source = open_source(std::string(SPOOR_SOURCE_DIR) + "/tests/data/scenarios/" +
                              std::string(file) + ".ndjson.gz");
    EXPECT_TRUE(source) << file;
    if (!source) {
      continue;
    }
    RecordReader reader(std::move(*source));
    for (std::size_t i = 0; i < kPerFile; ++i) {
      const RecordRead read = reader.read();
      if (read.status == ReadStatus::record) {
        records.emplace_back(read.text);
      }
    }
  }
  return records;
}

/// The record with one thing done to one byte.
std::string mutated(const std::string& record, Random& random) {
  constexpr std::string_view kBytes = "\"\\{}[]:, 0a-.tn\x01\x80\xFF";
  std::string other = record;
  const std::size_t at = random.below(static_cast<std::uint32_t>(record.size()));
  switch (random.below(5)) {
    case 0: other.erase(at, 1); break;
    case 1: other.insert(at, 1, kBytes[random.below(kBytes.size())]); break;
    case 2:
      other[at] =
          static_cast<char>(static_cast<unsigned char>(other[at]) ^ (1U << random.below(8)));
      break;
    case 3:
      std::swap(other[at], other[random.below(static_cast<std::uint32_t>(other.size()))]);
      break;
    default: other[at] = kBytes[random.below(kBytes.size())]; break;
  }
  return other;
}

TEST(Shape, OfARecordWithOneByteChangedIsReadLikeTheDom) {
  JsonDom dom;
  Random random;
  for (const std::string& record : sample_records()) {
    JsonScanner scanner = one_that_saw(record);
    EXPECT_TRUE(is_remembered(scanner, record)) << record;
    for (int round = 0; round < 400; ++round) {
      const std::string other = mutated(record, random);
      ASSERT_EQ(scanned(scanner, other), walked(dom, other)) << other;
    }
  }
}

/// Where the quotes of a text are that are not escaped, and its length.
std::vector<QuotePlace> quotes_of(std::string_view json) {
  std::vector<QuotePlace> index(quote_room(json.size()));
  index.resize(quote_finders().back()(json, index.data()).quotes + 1);
  return index;
}

/// What a shape read of a text, or that it did not.
std::string told(const JsonShape& shape, bool read) {
  std::string all = read ? "of it" : "not of it";
  for (std::size_t i = 0; read && i < shape.nodes().size(); ++i) {
    const Node& node = shape.nodes()[i];
    all.append(" ").append(node.is_scalar() ? node.raw_text() : std::string_view());
  }
  return all;
}

/// In each of the ways that this machine can.
void expect_read_alike(JsonShape& shape, const QuotedText& text) {
  const std::size_t slow = JsonShape::ways() - 1;
  const std::string wanted = told(shape, shape.read_in_way(slow, text));
  for (std::size_t way = 0; way < slow; ++way) {
    ASSERT_EQ(told(shape, shape.read_in_way(way, text)), wanted) << "way " << way;
  }
  ASSERT_EQ(told(shape, shape.read(text)), wanted);
}

TEST(Shape, IsReadTheSameByItsSlowTwin) {
  Random random;
  JsonScanner scanner;
  for (const std::string& record : sample_records()) {
    const std::string text = test::padded(record);
    const std::vector<QuotePlace> index = quotes_of(record);
    Document document;
    ASSERT_TRUE(scanner.scan(std::string_view(text).substr(0, record.size()), document));
    const QuotedText whole{.json = std::string_view(text).substr(0, record.size()),
                           .index = index.data(),
                           .count = index.size() - 1};
    JsonShape shape;
    ASSERT_TRUE(shape.assign(whole, document));
    ASSERT_TRUE(shape.read(whole));
    ASSERT_NO_FATAL_FAILURE(expect_read_alike(shape, whole));
    for (int round = 0; round < 200; ++round) {
      const std::string other = mutated(record, random);
      const std::string other_text = test::padded(other);
      const std::vector<QuotePlace> other_index = quotes_of(other);
      const QuotedText changed{.json = std::string_view(other_text).substr(0, other.size()),
                               .index = other_index.data(),
                               .count = other_index.size() - 1};
      ASSERT_NO_FATAL_FAILURE(expect_read_alike(shape, changed)) << other;
    }
  }
}

}  // namespace
}  // namespace spoor
