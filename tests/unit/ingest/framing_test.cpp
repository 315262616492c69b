#include "ingest/framing.h"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "replay/record_reader.h"
#include "tests/unit/ingest/batch_text.h"

namespace spoor {
namespace {

using Items = std::vector<BatchItem>;

template <typename Splitter>
Items split(Splitter splitter,
            std::string_view input,
            const std::vector<std::size_t>& cuts = {},
            StreamEnd end = StreamEnd::closed) {
  IngestBatch batch;
  std::size_t from = 0;
  for (const std::size_t cut : cuts) {
    splitter.push(input.substr(from, cut - from), batch);
    from = cut;
  }
  splitter.push(input.substr(from), batch);
  splitter.finish(end, batch);
  return items_of(batch);
}

Items frame(std::string_view input, FramingLimits limits = {}) {
  return split(Framer(limits), input);
}

BatchItem record(std::string text) {
  return {std::move(text)};
}

BatchItem bad(ErrorCode code, std::string text) {
  return {std::move(text), true, code};
}

struct Case {
  std::string name;
  std::string input;
  Items want;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> kCases = {
      // As captured from the programs.
      {"fluent_bit_tcp_json_lines",
       "{\"date\":1795426268.884535,\"EventID\":1}\n{\"date\":1,\"log\":\"{\\\"EventID\\\":1}\"}\n",
       {record(R"({"date":1795426268.884535,"EventID":1})"),
        record(R"({"date":1,"log":"{\"EventID\":1}"})")}},
      {"fluent_bit_http_array",
       "[{\"EventID\":1},{\"EventID\":7}\n,{\"EventID\":3}]",
       {record(R"({"EventID":1})"), record(R"({"EventID":7})"), record(R"({"EventID":3})")}},
      {"fluent_bit_splunk_concatenated",
       R"({"time":1.5,"event":{"a":1}}{"time":2,"event":{"a":2}})",
       {record(R"({"time":1.5,"event":{"a":1}})"), record(R"({"time":2,"event":{"a":2}})")}},
      {"rsyslog_rfc3164_is_left_to_the_parser",
       "<133>Nov 23 09:09:05 vm edr: {\"EventID\":1}\n<133>Nov 23 09:09:06 vm edr: "
       "{\"EventID\":7}\n",
       {record("<133>Nov 23 09:09:05 vm edr: {\"EventID\":1}"),
        record("<133>Nov 23 09:09:06 vm edr: {\"EventID\":7}")}},
      {"rsyslog_octet_count_with_newline",
       "75 <133>1 2026-11-23T09:09:05.691127+00:00 vm edr - - - {\"EventID\":1,\"a\":\"b\"}\n"
       "2 {}",
       {record(R"({"EventID":1,"a":"b"})"), record("{}")}},
      {"syslog_ng_octet_count_and_structured_data",
       "76 <13>1 2026-11-23T09:11:34+00:00 vm - - - [meta sequenceId=\"2\"] {\"EventID\":7}"
       "76 <13>1 2026-11-23T09:11:34+00:00 vm - - - [meta sequenceId=\"3\"] {\"EventID\":8}",
       {record(R"({"EventID":7})"), record(R"({"EventID":8})")}},
      // The structured data has a brace and an escaped bracket of its own.
      {"structured_data_with_braces",
       "<13>1 2026-11-23T09:11:34Z vm a - - [x@1 v=\"{\\\"no\\]\"][y@1] "
       "\xef\xbb\xbf{\"EventID\":7}\n",
       {record(R"({"EventID":7})")}},
      {"rfc5424_with_text_before_the_record",
       "<13>1 - - - - - - edr: {\"EventID\":7}\r\n",
       {record(R"({"EventID":7})")}},
      {"rfc5424_xml",
       "<13>1 - - - - - - <Event><System/></Event>\n",
       {record("<Event><System/></Event>")}},
      {"rfc5424_without_message", "<13>1 - - - - - -\n", {record("<13>1 - - - - - -")}},
      {"xml_lines",
       "<Event a='1'/>\n\n<Event a='2'/>",
       {record("<Event a='1'/>"), record("<Event a='2'/>")}},
      {"empty_lines",
       "\r\n\n{\"a\":1}\r\n\n\r\n  {\"a\":2}\n\n",
       {record(R"({"a":1})"), record(R"({"a":2})")}},
      {"empty_syslog_lines", "<1>a\n\n\r\n  \n<1>b", {record("<1>a"), record("<1>b")}},
      {"last_line_without_newline",
       "{\"a\":1}\n{\"a\":2}",
       {record(R"({"a":1})"), record(R"({"a":2})")}},
      {"not_json_is_the_parsers_to_judge",
       "hello\n{\"a\":1}\n",
       {record("hello"), record(R"({"a":1})")}},
      {"bom", "\xef\xbb\xbf{\"a\":1}\n{\"a\":2}\n", {record(R"({"a":1})"), record(R"({"a":2})")}},
      {"count_that_is_none",
       "12x{\"a\":1}\n2 {}3 {}\n",
       {bad(ErrorCode::malformed_frame, "12x{\"a\":1}"), record("{}"), record("{}")}},
      {"count_beyond_all_bounds",
       "99999999999 {}\n2 {}",
       {bad(ErrorCode::malformed_frame, "99999999999 {}"), record("{}")}},
      {"count_of_nothing", "0 2 {}", {record("{}")}},
      {"count_not_fulfilled", "2 {}10 {\"a\"", {record("{}"), bad(ErrorCode::truncated, "{\"a\"")}},
      {"nothing", "", {}},
      {"only_blanks", " \r\n\n", {}},
  };
  return kCases;
}

TEST(Framing, GivesTheRecordsOfEachFraming) {
  for (const Case& c : cases()) {
    EXPECT_EQ(frame(c.input), c.want) << c.name;
  }
}

/// With every byte on its own, and cut at random.
TEST(Framing, DoesNotDependOnThePieces) {
  std::mt19937 random(20261128);
  const FramingLimits small{.record_bytes_max = 40, .kept_bytes_max = 10};
  for (const Case& c : cases()) {
    for (const FramingLimits limits : {FramingLimits{}, small}) {
      const Items whole = frame(c.input, limits);
      std::vector<std::size_t> each;
      for (std::size_t cut = 1; cut < c.input.size(); ++cut) {
        each.push_back(cut);
      }
      EXPECT_EQ(split(Framer(limits), c.input, each), whole) << c.name;
      for (int round = 0; round < 20; ++round) {
        std::vector<std::size_t> cuts;
        for (const std::size_t cut : each) {
          if (random() % 4 == 0) {
            cuts.push_back(cut);
          }
        }
        EXPECT_EQ(split(Framer(limits), c.input, cuts), whole) << c.name;
      }
    }
  }
}

TEST(Framing, ALineBeyondTheLimitIsOneBadStretch) {
  const FramingLimits limits{.record_bytes_max = 8, .kept_bytes_max = 4};
  EXPECT_EQ(frame("<1>123456\r\n<1>12345\r\n<1>1\n", limits),
            (Items{bad(ErrorCode::oversize, "<1>1"), record("<1>12345"), record("<1>1")}));
  EXPECT_EQ(frame("{\"a\":123456}\n{\"a\":12}\n", limits),
            (Items{bad(ErrorCode::oversize, "{\"a\""), record("{\"a\":12}")}));
  EXPECT_EQ(frame("9 12345678\n8 12345678", limits),
            (Items{bad(ErrorCode::oversize, "1234"), record("12345678")}));
}

TEST(Framing, ATornLineIsNoRecord) {
  EXPECT_EQ(split(Framer(), "{\"a\":1}\n{\"a\":2}", {}, StreamEnd::torn),
            (Items{record("{\"a\":1}"), bad(ErrorCode::truncated, "{\"a\":2}")}));
  EXPECT_EQ(split(Framer(), "<1>a\n<1>b", {}, StreamEnd::torn),
            (Items{record("<1>a"), bad(ErrorCode::truncated, "<1>b")}));
  EXPECT_EQ(split(Framer(), "2 {}", {}, StreamEnd::torn), Items{record("{}")});
}

TEST(Framing, AnObjectComesOutWhenTheNextOneStarts) {
  Framer framer;
  IngestBatch batch;
  framer.push(R"({"a":1} {"b)", batch);
  EXPECT_EQ(framer.framing(), Framing::json);
  EXPECT_EQ(batch.records.size(), 0U);  // The encoding is told by 16 bytes.
  framer.push(R"(":[2]}{"c":)", batch);
  EXPECT_EQ(items_of(batch), (Items{record(R"({"a":1})"), record(R"({"b":[2]})")}));
}

TEST(Framing, TheElementsOfAnArrayOnOneLine) {
  const std::string input = R"([{"a":1},{"a":2}])";
  EXPECT_EQ(split(JsonSplitter({}, JsonSplitter::Arrays::split), input),
            (Items{record(R"({"a":1})"), record(R"({"a":2})")}));
  EXPECT_EQ(split(JsonSplitter(), input), Items{record(input)});
}

class TextSource final : public ByteSource {
 public:
  TextSource(std::string_view bytes, bool fails) : bytes_(bytes), fails_(fails) {}

  Result<std::size_t> read(std::span<char> into) override {
    if (bytes_.empty() && fails_) {
      return fail(ErrorCode::io, "reset");
    }
    const std::size_t size = std::min(into.size(), bytes_.size());
    std::ranges::copy(bytes_.substr(0, size), into.begin());
    bytes_.remove_prefix(size);
    return size;
  }

  [[nodiscard]] std::uint64_t raw_bytes_read() const override { return 0; }

 private:
  std::string_view bytes_;
  bool fails_;
};

Items read_as_file(std::string_view input, FramingLimits limits, StreamEnd end) {
  RecordReader reader(
      std::make_unique<TextSource>(input, end == StreamEnd::torn),
      {.record_bytes_max = limits.record_bytes_max, .kept_bytes_max = limits.kept_bytes_max});
  Items items;
  for (RecordRead read = reader.read();
       read.status == ReadStatus::record || read.status == ReadStatus::bad; read = reader.read()) {
    const bool is_bad = read.status == ReadStatus::bad;
    items.push_back(
        {std::string(read.text), is_bad, is_bad ? read.error.code : ErrorCode::malformed_json});
  }
  return items;
}

/// Text made of what matters to the splitter.
std::string random_text(std::mt19937& random) {
  static const std::vector<std::string> kParts = {"{",
                                                  "}",
                                                  "[",
                                                  "]",
                                                  ",",
                                                  "\n",
                                                  "\r\n",
                                                  "\"",
                                                  "\\",
                                                  " ",
                                                  "\t",
                                                  "{\"a\":1}",
                                                  "{\"b\":{}}",
                                                  "}{",
                                                  "},{",
                                                  "\n{",
                                                  "\n  \"c\"",
                                                  ":",
                                                  "[{}",
                                                  "{}]\n",
                                                  "null",
                                                  R"({"d":"}{"})",
                                                  "\n\n",
                                                  "[1,2]",
                                                  "{\n \"e\":\n 1\n}",
                                                  "\r"};
  std::string text;
  const std::size_t parts = random() % 24;
  for (std::size_t part = 0; part < parts; ++part) {
    text += kParts[random() % kParts.size()];
  }
  return text;
}

/// The slow twin is the reader of files, which has the whole input.
TEST(Framing, AStreamHasTheRecordsOfAFile) {
  std::mt19937 random(7);
  for (int round = 0; round < 60'000; ++round) {
    const std::string input = random_text(random);
    const FramingLimits limits{.record_bytes_max = 1 + random() % 40, .kept_bytes_max = 5};
    const StreamEnd end = random() % 4 == 0 ? StreamEnd::torn : StreamEnd::closed;
    std::vector<std::size_t> cuts;
    const std::size_t one_in = 1 + random() % 6;
    for (std::size_t cut = 1; cut < input.size(); ++cut) {
      if (random() % one_in == 0) {
        cuts.push_back(cut);
      }
    }
    ASSERT_EQ(split(JsonSplitter(limits), input, cuts, end), read_as_file(input, limits, end))
        << "input: " << testing::PrintToString(input) << " limit " << limits.record_bytes_max;
  }
}

}  // namespace
}  // namespace spoor
