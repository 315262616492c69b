#include "replay/record_reader.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "engine/base/limits.h"
#include "tests/unit/replay/compressed.h"

namespace spoor {
namespace {

/// One thing read, with text that outlives the reader.
struct Item {
  ReadStatus status = ReadStatus::record;
  std::string text;
  std::uint64_t offset = 0;
  std::uint64_t line = 0;
  std::uint64_t length = 0;
  std::string error = {};  // Code and message; empty for records.

  friend bool operator==(const Item&, const Item&) = default;

  friend std::ostream& operator<<(std::ostream& out, const Item& item) {
    return out << (item.status == ReadStatus::record ? "record" : "bad") << " at " << item.offset
               << " line " << item.line << " length " << item.length << " '"
               << item.text.substr(0, 80) << "' " << item.error;
  }
};

using Items = std::vector<Item>;

Items read_items(std::unique_ptr<ByteSource> source, RecordLimits limits = {}) {
  RecordReader reader(std::move(source), limits);
  Items items;
  for (;;) {
    const RecordRead read = reader.read();
    if (read.status == ReadStatus::end) {
      EXPECT_EQ(reader.read().status, ReadStatus::end);
      return items;
    }
    Item item{.status = read.status,
              .text = std::string(read.text),
              .offset = read.offset,
              .line = read.line,
              .length = read.length,
              .error = {}};
    if (read.status != ReadStatus::record) {
      item.error = std::string(to_string(read.error.code)) + ": " + read.error.message;
    }
    items.push_back(std::move(item));
  }
}

Items read_bytes(const std::string& bytes, std::size_t chunk = 0, RecordLimits limits = {}) {
  return read_items(*memory_source(bytes, chunk), limits);
}

/// What was read in short: records as they are, bad stretches as "code!text".
std::vector<std::string> in_short(const Items& items) {
  std::vector<std::string> texts;
  for (const Item& item : items) {
    texts.push_back(item.status == ReadStatus::record
                        ? item.text
                        : item.error.substr(0, item.error.find(':')) + "!" + item.text);
  }
  return texts;
}

struct Case {
  const char* name;
  std::string input;
  std::vector<std::string> want;
};

std::string nested(std::size_t depth) {
  return R"({"a":)" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
}

std::string deep_lines(std::size_t depth) {
  std::string text = "{\"a\":\n";
  for (std::size_t at = 1; at < depth; ++at) {
    text += " [\n";
  }
  for (std::size_t at = 1; at < depth; ++at) {
    text += " ]\n";
  }
  return text + "}";
}

std::vector<Case> line_cases() {
  using namespace std::string_literals;
  return {
      {.name = "nothing", .input = "", .want = {}},
      {.name = "blanks only", .input = "\n \t\r\n\n", .want = {}},
      {.name = "one", .input = "{}\n", .want = {"{}"}},
      {.name = "no final newline",
       .input = "{\"a\":1}\n{\"b\":2}",
       .want = {R"({"a":1})", R"({"b":2})"}},
      {.name = "CRLF", .input = "{}\r\n{\"b\":2}\r\n", .want = {"{}", R"({"b":2})"}},
      {.name = "only one CR is stripped", .input = "{}\r\r\nx\r", .want = {"{}\r", "x"}},
      {.name = "blank lines in the middle", .input = "{}\n\n  \r\n{}\n", .want = {"{}", "{}"}},
      {.name = "leading blanks", .input = "  {}\n\t{}\n", .want = {"{}", "{}"}},
      {.name = "BOM", .input = "\xef\xbb\xbf{}\n", .want = {"{}"}},
      {.name = "BOM only", .input = "\xef\xbb\xbf", .want = {}},
      {.name = "BOM in the middle is content",
       .input = "{}\n\xef\xbb\xbf{}\n",
       .want = {"{}", "\xef\xbb\xbf{}"}},
      {.name = "garbage is the parser's to judge",
       .input = "{}\noops\n{}\n",
       .want = {"{}", "oops", "{}"}},
      {.name = "NUL is content",
       .input = "{\"a\":\"\0\"}\n{}\n"s,
       .want = {"{\"a\":\"\0\"}"s, "{}"}},
      {.name = "unterminated string",
       .input = "{}\n{\"a\":\"x\n{}\n",
       .want = {"{}", R"({"a":"x)", "{}"}},
      {.name = "line torn after a comma",
       .input = "{}\n{\"a\":1,\n{\"b\":2}\n",
       .want = {"{}", R"(malformed_json!{"a":1,)", R"({"b":2})"}},
      {.name = "line torn after a colon",
       .input = "{\"a\":\n{\"b\":2}}\n{}\n",
       .want = {R"(malformed_json!{"a":)", R"({"b":2}})", "{}"}},
      {.name = "closing bracket of the wrong kind",
       .input = "{\"a\":1]\n{}\n",
       .want = {R"({"a":1])", "{}"}},
      {.name = "torn last line", .input = "{}\n{\"a\":1,", .want = {"{}", R"(truncated!{"a":1,)"}},
      {.name = "torn line before plain text",
       .input = "{\"a\":[1,\nx\n{}\n",
       .want = {R"(malformed_json!{"a":[1,)", "x", "{}"}},
      {.name = "complete array on a line",
       .input = "[{\"a\":1},{\"b\":2}]\n{}\n",
       .want = {R"([{"a":1},{"b":2}])", "{}"}},
      {.name = "arrays on later lines", .input = "{}\n[{}]\n[1,\n", .want = {"{}", "[{}]", "[1,"}},
      {.name = "objects on one line",
       .input = "{\"a\":1}{\"b\":2} {}\n{}\n",
       .want = {R"({"a":1})", R"({"b":2})", "{}", "{}"}},
      {.name = "what looks like two objects but is a string",
       .input = R"({"a":"{1}{2}"})",
       .want = {R"({"a":"{1}{2}"})"}},
      {.name = "an escaped quote ends no string",
       .input = R"({"a":"\"}{"}{"b":"\\"}{})",
       .want = {R"({"a":"\"}{"})", R"({"b":"\\"})", "{}"}},
      {.name = "comma between objects on a line", .input = "{},{}\n{}\n", .want = {"{},{}", "{}"}},
      {.name = "pretty-printed",
       .input = "{\n  \"a\": {\n    \"b\": 1\n  }\n}\n{\n  \"c\": 2\n}\n",
       .want = {"{\n  \"a\": {\n    \"b\": 1\n  }\n}", "{\n  \"c\": 2\n}"}},
      {.name = "pretty-printed, CRLF, end to end",
       .input = "{\r\n \"a\": 1\r\n}{\r\n \"c\": [{\r\n  }]\r\n}",
       .want = {"{\r\n \"a\": 1\r\n}", "{\r\n \"c\": [{\r\n  }]\r\n}"}},
      {.name = "pretty-printed and torn",
       .input = "{\n  \"a\": 1,\n{\n  \"c\": 2\n}\n",
       .want = {"malformed_json!{", "\"a\": 1,", "{\n  \"c\": 2\n}"}},
      {.name = "pretty-printed, torn at the end",
       .input = "{\n  \"a\": 1\n",
       .want = {"truncated!{", "\"a\": 1"}},
      {.name = "as deep as may be over lines",
       .input = deep_lines(kJsonDepthMax) + "\n{}",
       .want = {deep_lines(kJsonDepthMax), "{}"}},
  };
}

std::vector<Case> array_cases() {
  return {
      {.name = "element a line",
       .input = "[\n{\"a\":1},\n{\"b\":2}\n]\n",
       .want = {R"({"a":1})", R"({"b":2})"}},
      {.name = "bracket on the first element's line",
       .input = "[{\"a\":1}\n,{\"b\":2}]",
       .want = {R"({"a":1})", R"({"b":2})"}},
      {.name = "no comma, many commas", .input = "[{}{}\n,,{},]", .want = {"{}", "{}", "{}"}},
      {.name = "pretty-printed",
       .input = "[\r\n  {\r\n    \"a\": [\r\n      {\r\n      }\r\n    ]\r\n  },\r\n  {}\r\n]\r\n",
       .want = {"{\r\n    \"a\": [\r\n      {\r\n      }\r\n    ]\r\n  }", "{}"}},
      {.name = "compact brackets",
       .input = "[{\n  \"a\": 1\n}, {\n  \"b\": 2\n}]\n",
       .want = {"{\n  \"a\": 1\n}", "{\n  \"b\": 2\n}"}},
      {.name = "BOM and blanks before it", .input = "\xef\xbb\xbf\n  [\n{}\n]", .want = {"{}"}},
      {.name = "empty over lines", .input = "[\n]\n", .want = {}},
      {.name = "lines after it", .input = "[\n{}\n]\n{\"b\":2}\n", .want = {"{}", R"({"b":2})"}},
      {.name = "text after it on its line",
       .input = "[\n{}\n] oops\n{}\n",
       .want = {"{}", "oops", "{}"}},
      {.name = "brackets and quotes in strings",
       .input = "[\n{\"a\":\"}],{\\\"\"},\n{}\n]",
       .want = {R"({"a":"}],{\""})", "{}"}},
      {.name = "never closed", .input = "[\n{},\n{}\n", .want = {"{}", "{}"}},
      {.name = "element that is no object",
       .input = "[\n1, 2\n{\"a\":1},\n{\"b\":2}\n]\n{}\n",
       .want = {"malformed_json!1, 2", R"({"a":1})", R"({"b":2})", "{}"}},
      {.name = "a log line that starts with a bracket",
       .input = "[2023-03-14] started\n{}\n",
       .want = {"malformed_json!2023-03-14] started", "{}"}},
      {.name = "string over a line end",
       .input = "[\n{},\n{\"a\":\"x\n{\"b\":2},\n{\"c\":3}\n]",
       .want = {"{}", R"(malformed_json!{"a":"x)", R"({"b":2})", R"({"c":3})"}},
      {.name = "missing brace",
       .input = "[\n{\"a\":1,\n{\"b\":2},\n{\"c\":3}\n]",
       .want = {R"(malformed_json!{"a":1,)", R"({"b":2})", R"({"c":3})"}},
      {.name = "missing brace, made good later",
       .input = "[\n  {\"a\":\n  {\"b\":2},\n  {\"c\":3}\n  }\n]\n{}\n",
       .want = {R"(malformed_json!{"a":)", R"({"b":2})", R"({"c":3})", "}", "{}"}},
      {.name = "missing brace, two elements on a line",
       .input = "[\n{\"a\":1,\n{\"b\":2},{\"c\":3},\n{\"d\":4}]\n",
       .want = {R"(malformed_json!{"a":1,)", R"({"b":2})", R"({"c":3})", R"({"d":4})"}},
      {.name = "wrong closing bracket",
       .input = "[\n{\"a\":[}},\n{\"b\":2}\n]",
       .want = {R"(malformed_json!{"a":[}},)", R"({"b":2})"}},
      {.name = "torn at the end",
       .input = "[\n{},\n{\"a\":{\"b\":1},\n\"c\":",
       .want = {"{}", R"(truncated!{"a":{"b":1},)", R"("c":)"}},
      {.name = "as deep as may be",
       .input = "[\n" + nested(kJsonDepthMax) + ",\n{}]",
       .want = {nested(kJsonDepthMax), "{}"}},
      {.name = "too deep",
       .input = "[\n" + nested(kJsonDepthMax + 1) + ",{}\n]",
       .want = {"too_deep!" + nested(kJsonDepthMax + 1), "{}"}},
      {.name = "too deep over lines",
       .input = "[\n{\"b\":2},\n" + deep_lines(kJsonDepthMax + 1).substr(0, 9) +
                std::string(kJsonDepthMax, '['),
       .want = {R"({"b":2})", "too_deep!{\"a\":", "[", std::string(kJsonDepthMax, '[')}},
  };
}

void expect_true_places(const Items& items, const std::string& input) {
  for (const Item& item : items) {
    EXPECT_EQ(item.text, input.substr(item.offset, item.length));
    const auto before = static_cast<std::ptrdiff_t>(item.offset);
    EXPECT_EQ(item.line, 1 + std::count(input.begin(), input.begin() + before, '\n'));
  }
}

void expect_same(const std::vector<Case>& cases) {
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    const Items whole = read_bytes(test.input);
    EXPECT_EQ(in_short(whole), test.want);
    expect_true_places(whole, test.input);
    for (std::size_t chunk = 1; chunk <= test.input.size(); ++chunk) {
      EXPECT_EQ(read_bytes(test.input, chunk), whole) << "in chunks of " << chunk;
    }
  }
}

TEST(RecordReader, SplitsLines) {
  expect_same(line_cases());
}

TEST(RecordReader, SplitsArrays) {
  expect_same(array_cases());
}

TEST(RecordReader, ReadAndBufferSizesDoNotMatter) {
  for (const std::vector<Case>& cases : {line_cases(), array_cases()}) {
    for (const Case& test : cases) {
      SCOPED_TRACE(test.name);
      for (const std::size_t size : {1U, 2U, 5U, 64U}) {
        const RecordLimits limits{.record_bytes_max = 500, .read_bytes = size};
        EXPECT_EQ(in_short(read_bytes(test.input, 0, limits)), test.want);
      }
    }
  }
}

/// How many records, good and bad, were told before the end was met.
std::size_t told_before_the_end(const std::string& bytes) {
  RecordReader reader(*memory_source(bytes));
  std::size_t told = 0;
  for (RecordRead read = reader.read(); read.status != ReadStatus::end && !read.is_open;
       read = reader.read()) {
    ++told;
  }
  return told;
}

TEST(RecordReader, WhatIsNotOpenStaysAsItIsWhateverIsAppended) {
  std::size_t compared = 0;
  for (const std::vector<Case>& cases : {line_cases(), array_cases()}) {
    for (const Case& test : cases) {
      SCOPED_TRACE(test.name);
      const Items whole = read_bytes(test.input);
      for (std::size_t size = 0; size < test.input.size(); ++size) {
        Items part = read_bytes(test.input.substr(0, size));
        part.resize(told_before_the_end(test.input.substr(0, size)));
        ASSERT_LE(part.size(), whole.size());
        EXPECT_TRUE(std::equal(part.begin(), part.end(), whole.begin())) << size << " bytes";
        compared += part.size();
      }
    }
  }
  EXPECT_GT(compared, 400);
}

TEST(RecordReader, ARecordIsOpenIfTheEndWasMetBeforeItWasTold) {
  EXPECT_EQ(told_before_the_end(R"({"name":"first"})"
                                "\n"
                                R"({"name":"second"})"
                                "\n"),
            2);
  EXPECT_EQ(told_before_the_end(R"({"name":"first"})"
                                "\n"
                                R"({"name":"second"})"),
            1);
  EXPECT_EQ(told_before_the_end("[\n {\n  \"name\":\"first\"\n },\n {\n  \"name\":1\n }"), 2);
  EXPECT_EQ(told_before_the_end("[\n {\n  \"name\":\"first\"\n },\n {\n  \"name\":1\n"), 1);
}

TEST(RecordReader, SaysWhereEachRecordIs) {
  const Items items = read_bytes("\xef\xbb\xbf{}\r\n\r\n  {\"a\":1}\n{\n}{}");
  const Items want = {
      {.text = "{}", .offset = 3, .line = 1, .length = 2},
      {.text = R"({"a":1})", .offset = 11, .line = 3, .length = 7},
      {.text = "{\n}", .offset = 19, .line = 4, .length = 3},
      {.text = "{}", .offset = 22, .line = 5, .length = 2},
  };
  EXPECT_EQ(items, want);
}

std::string record_of(std::size_t size) {
  return R"({"a":")" + std::string(size - 8, 'x') + R"("})";
}

void expect_exact_size_limit(const std::string& line_end) {
  const std::string largest = record_of(kRecordBytesMax);
  const std::string too_large = record_of(kRecordBytesMax + 1);
  std::string input;
  Items want;
  for (const std::string& line : {largest, too_large, std::string("{}"), largest}) {
    want.push_back(
        {.text = line, .offset = input.size(), .line = want.size() + 1, .length = line.size()});
    input += line + line_end;
  }
  want[1].status = ReadStatus::bad;
  want[1].text.resize(kDeadLetterBytesMax);
  want[1].error = "oversize: longer than 1048576 bytes";
  for (const std::size_t chunk : {0U, 65'536U, 1'000'003U}) {
    EXPECT_EQ(read_bytes(input, chunk), want);
  }
}

TEST(RecordReader, TheSizeLimitIsExact) {
  expect_exact_size_limit("\n");
  expect_exact_size_limit("\r\n");
}

TEST(RecordReader, TheSizeLimitIsExactAtTheEndAndInArrays) {
  const std::string largest = record_of(kRecordBytesMax);
  const std::string too_large = record_of(kRecordBytesMax + 1);
  EXPECT_EQ(in_short(read_bytes(largest)), std::vector{largest});
  EXPECT_EQ(in_short(read_bytes(largest + "\r")), std::vector{largest});
  const std::string kept = "oversize!" + too_large.substr(0, kDeadLetterBytesMax);
  EXPECT_EQ(in_short(read_bytes(too_large)), std::vector{kept});
  // On one line too: the neighbours of an oversize element are read.
  const std::vector<std::string> want = {largest, kept, "{}"};
  EXPECT_EQ(in_short(read_bytes("[" + largest + "," + too_large + ",{}]")), want);
  EXPECT_EQ(in_short(read_bytes("[\n" + largest + ",\n" + too_large + ",\n{}\n]")), want);
}

TEST(RecordReader, ObjectsWithoutAnyNewlineMayGoOnForLongerThanARecord) {
  constexpr RecordLimits kSmall{.record_bytes_max = 20, .read_bytes = 8};
  std::string input;
  std::vector<std::string> want;
  for (int at = 0; at < 100; ++at) {
    want.push_back("{\"a\":" + std::to_string(at) + "}");
    input += want.back();
  }
  EXPECT_EQ(in_short(read_bytes(input, 0, kSmall)), want);
}

TEST(RecordReader, AnObjectTooLongOverLinesCostsItsFirstLine) {
  constexpr RecordLimits kSmall{.record_bytes_max = 20, .read_bytes = 8};
  const std::vector<std::string> want = {"oversize!{", "\"a\": 1,", "\"b\": 2,",
                                         "\"c\": 3",   "}",         "{}"};
  EXPECT_EQ(in_short(read_bytes("{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3\n}\n{}\n", 0, kSmall)),
            want);
}

TEST(RecordReader, AnEndlessLineTakesConstantMemory) {
  // Gives 1 GiB of x without a newline, then a record.
  class Endless final : public ByteSource {
   public:
    Result<std::size_t> read(std::span<char> into) override {
      const std::size_t size = std::min<std::uint64_t>(into.size(), left_);
      std::fill_n(into.begin(), size, 'x');
      left_ -= size;
      if (size != 0) {
        return size;
      }
      const std::string_view tail = "\n{}\n";
      if (tail_given_) {
        return std::size_t{0};
      }
      tail_given_ = true;
      std::ranges::copy(tail, into.begin());
      return tail.size();
    }

    [[nodiscard]] std::uint64_t raw_bytes_read() const override { return 0; }

   private:
    std::uint64_t left_ = std::uint64_t{1} << 30;
    bool tail_given_ = false;
  };

  const Items items = read_items(std::make_unique<Endless>());
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[0].length, std::uint64_t{1} << 30);
  EXPECT_EQ(items[0].text.size(), kDeadLetterBytesMax);
  EXPECT_EQ(items[1].text, "{}");
  EXPECT_EQ(items[1].line, 2U);
}

TEST(RecordReader, Utf16IsRefusedAsAWholeWithAdvice) {
  using namespace std::string_literals;
  const std::string inputs[] = {
      "\xff\xfe{\0}\0\n\0{\0}\0\n\0"s,
      "\xfe\xff\0{\0}\0\n\0{\0}\0\n"s,
      "{\0}\0\n\0{\0}\0\n\0"s,
      "\0{\0}\0\n\0{\0}\0\n"s,
  };
  for (const std::string& input : inputs) {
    const Items want = {
        {.status = ReadStatus::bad,
         .text = input,
         .offset = 0,
         .line = 1,
         .length = input.size(),
         .error = "encoding_utf16: this is UTF-16; convert it first: iconv -f UTF-16 -t UTF-8"}};
    for (const std::size_t chunk : {0U, 1U, 3U}) {
      EXPECT_EQ(read_bytes(input, chunk), want);
    }
  }
}

/// Gives some bytes, then fails.
class FailingSource final : public ByteSource {
 public:
  explicit FailingSource(std::string bytes) : bytes_(std::move(bytes)) {}

  Result<std::size_t> read(std::span<char> into) override {
    if (bytes_.empty()) {
      return fail(ErrorCode::io, "unplugged");
    }
    into[0] = bytes_[0];
    bytes_.erase(0, 1);
    return std::size_t{1};
  }

  [[nodiscard]] std::uint64_t raw_bytes_read() const override { return 0; }

 private:
  std::string bytes_;
};

TEST(RecordReader, AFailingSourceLosesNothingThatWasComplete) {
  const Case cases[] = {
      {.name = "at once", .input = "", .want = {"io!"}},
      {.name = "after a line", .input = "{}\n", .want = {"{}", "io!"}},
      {.name = "inside a line",
       .input = "{}\n{\"a\":1}",
       .want = {"{}", R"(truncated!{"a":1})", "io!"}},
      {.name = "among blanks", .input = "{}\n  ", .want = {"{}", "io!"}},
      {.name = "inside an element",
       .input = "[\n{},\n{\"a\":\n1",
       .want = {"{}", R"(truncated!{"a":)", "truncated!1", "io!"}},
      {.name = "after objects on one line",
       .input = "{}{}{\"a\"",
       .want = {"{}", "{}", R"(truncated!{"a")", "io!"}},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    EXPECT_EQ(in_short(read_items(std::make_unique<FailingSource>(test.input))), test.want);
  }
}

TEST(RecordReader, ATornArchiveGivesItsRecordsAndThenTheError) {
  std::string input;
  for (int at = 0; at < 1000; ++at) {
    input += "{\"n\":" + std::to_string(at * 7919 % 1000) + "}\n";
  }
  std::string packed = gzip(input);
  packed.resize(packed.size() / 2);
  const Items items = read_bytes(packed);
  ASSERT_GT(items.size(), 300U);
  EXPECT_EQ(items.back().status, ReadStatus::failed);
  EXPECT_TRUE(items.back().error.starts_with("bad_compression: bad gzip data"))
      << items.back().error;
  for (std::size_t at = 0; at + 2 < items.size(); ++at) {
    EXPECT_EQ(items[at].status, ReadStatus::record);
  }
}

TEST(RecordReader, PaddingAfterARecordIsReadable) {
  // Under a sanitizer a read beyond the buffer would be reported.
  RecordReader reader(*memory_source("{}"));
  const RecordRead read = reader.read();
  const char* end = read.text.data() + read.text.size();
  EXPECT_EQ(std::string(end, kRecordPadding), std::string(kRecordPadding, '\0'));
}

}  // namespace
}  // namespace spoor
