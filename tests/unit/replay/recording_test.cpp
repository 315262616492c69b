#include "replay/recording.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "replay/record_reader.h"

namespace spoor {
namespace {

std::string entry(const std::string& text, std::optional<ErrorCode> bad = {}) {
  return render_recording_header({.time = 7, .length = text.size(), .bad = bad, .input = "a b"}) +
         text + "\n";
}

/// What it reads as, one line each, whatever the sizes of the reads.
std::vector<std::string> read(const std::string& bytes) {
  std::vector<std::string> first;
  for (const std::size_t chunk : {std::size_t{0}, std::size_t{1}, std::size_t{7}}) {
    RecordReader reader(std::move(*memory_source(bytes, chunk)), {.record_bytes_max = 1'000});
    std::vector<std::string> all;
    for (RecordRead got = reader.read(); got.status != ReadStatus::end; got = reader.read()) {
      const std::string text(got.text);
      all.push_back(got.status == ReadStatus::record ? text
                    : got.status == ReadStatus::bad
                        ? std::string(to_string(got.error.code)) + "!" + text
                        : "failed: " + got.error.message);
      if (got.status == ReadStatus::failed) {
        break;
      }
    }
    if (chunk == 0) {
      first = all;
    }
    EXPECT_EQ(all, first) << chunk;
  }
  return first;
}

using Texts = std::vector<std::string>;
const std::string kMagic(kRecordingMagic);

TEST(Recording, RecordsGoByTheirLengths) {
  EXPECT_EQ(read(kMagic), Texts{});
  EXPECT_EQ(read(kMagic + entry("{\"a\":\n1}") + entry("x", ErrorCode::truncated) + entry("")),
            (Texts{"{\"a\":\n1}", "truncated!x", ""}));
}

TEST(Recording, BeginsWithItsFirstLine) {
  const Texts lines = read("\xEF\xBB\xBF" + kMagic + entry("{}"));
  ASSERT_FALSE(lines.empty());
  EXPECT_EQ(lines[0], "spoor-recording 1") << "a recording has no byte order mark: these are lines";
}

TEST(Recording, RecordsTellWhenTheyCameIn) {
  const std::string bytes = kMagic +
                            render_recording_header({.time = 5, .length = 1, .input = ""}) + "x\n" +
                            render_recording_header({.time = 9, .length = 1, .input = ""}) + "y\n";
  RecordReader reader(std::move(*memory_source(bytes)));
  EXPECT_EQ(reader.read().received, 5);
  EXPECT_EQ(reader.read().received, 9);
  RecordReader plain(std::move(*memory_source("{}\n")));
  EXPECT_EQ(plain.read().received, std::nullopt);
}

TEST(Recording, AStretchEndsBeforeItsEnd) {
  const ReceivedWithin all;
  EXPECT_TRUE(all.is_whole());
  EXPECT_TRUE(all.has(0));
  const ReceivedWithin within{.from = 5, .to = 9};
  EXPECT_FALSE(within.is_whole());
  EXPECT_FALSE(within.has(4));
  EXPECT_TRUE(within.has(5));
  EXPECT_TRUE(within.has(8));
  EXPECT_FALSE(within.has(9));
}

TEST(Recording, WhatIsCutOrDamagedFailsBehindWhatIsWhole) {
  const std::string whole = kMagic + entry("{}") + entry("{\"b\":2}");
  for (std::size_t size = kMagic.size() + entry("{}").size() + 1; size < whole.size(); ++size) {
    const Texts got = read(whole.substr(0, size));
    ASSERT_EQ(got.size(), 2U) << size;
    EXPECT_EQ(got[0], "{}");
    EXPECT_TRUE(got[1].starts_with("failed: recording: ")) << got[1];
  }
  for (const char* bad :
       {"nonsense\n", "1 2\n", "1 2 record\n", "x 2 record in\n", "1 99999999 record in\n",
        "1 -1 record in\n", "1 2 nonsense in\n", "1 2 io in\n"}) {
    const Texts got = read(kMagic + std::string(bad) + "{}\n");
    ASSERT_EQ(got.size(), 1U) << bad;
    EXPECT_EQ(got[0], "failed: recording: this is no header of a record") << bad;
  }
  const Texts endless = read(kMagic + std::string(2'000, '1'));
  ASSERT_EQ(endless.size(), 1U);
  EXPECT_TRUE(endless[0].starts_with("failed: recording: it ends, or is damaged"));
}

TEST(Recording, AHeaderReadsAsItWasWritten) {
  const std::string line = render_recording_header(
      {.time = -5, .length = 12, .bad = ErrorCode::malformed_frame, .input = "web"});
  EXPECT_EQ(line, "-5 12 malformed_frame web\n");
  const auto header = parse_recording_header(std::string_view(line).substr(0, line.size() - 1));
  ASSERT_TRUE(header);
  EXPECT_EQ(header->time, -5);
  EXPECT_EQ(header->length, 12U);
  EXPECT_EQ(header->bad, ErrorCode::malformed_frame);
  EXPECT_EQ(header->input, "web");
}

}  // namespace
}  // namespace spoor
