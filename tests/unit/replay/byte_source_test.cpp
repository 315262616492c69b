#include "replay/byte_source.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/replay/compressed.h"

namespace spoor {
namespace {

namespace fs = std::filesystem;

struct Contents {
  std::string bytes;
  std::optional<Error> error;
  std::uint64_t raw_bytes = 0;
};

Contents read_all(ByteSource& source, std::size_t read_bytes = 4096) {
  Contents contents;
  std::vector<char> piece(read_bytes);
  for (;;) {
    const Result<std::size_t> got = source.read(piece);
    if (!got) {
      contents.error = got.error();
      // After an error the source is at its end.
      EXPECT_EQ(source.read(piece).value_or(1), 0U);
      break;
    }
    if (*got == 0) {
      break;
    }
    contents.bytes.append(piece.data(), *got);
  }
  contents.raw_bytes = source.raw_bytes_read();
  return contents;
}

Contents read_memory(const std::string& bytes,
                     std::size_t chunk = 0,
                     ExpansionLimit limit = {},
                     std::size_t read_bytes = 4096) {
  Result<std::unique_ptr<ByteSource>> source = memory_source(bytes, chunk, limit);
  if (!source) {
    return {.bytes = {}, .error = source.error()};
  }
  return read_all(**source, read_bytes);
}

const Error kNoError{ErrorCode::io, "no error"};

/// Of the error, or "".
std::string_view code_of(const Contents& contents) {
  return contents.error ? to_string(contents.error->code) : "";
}

/// Text that does not compress to nothing.
std::string sample_text(std::size_t size) {
  std::string text;
  std::uint32_t state = 1;
  while (text.size() < size) {
    state = state * 1664525U + 1013904223U;
    text += std::to_string(state >> 12U);
    text += '\n';
  }
  text.resize(size);
  return text;
}

// Spans several of zstd's blocks and of our own input buffers.
const std::string& large_text() {
  static const std::string kText = sample_text(700'000);
  return kText;
}

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = fs::temp_directory_path() / "spoor_test_XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }

  ~TemporaryDirectory() { fs::remove_all(path_); }

  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  TemporaryDirectory(TemporaryDirectory&&) = delete;
  TemporaryDirectory& operator=(TemporaryDirectory&&) = delete;

  [[nodiscard]] std::string file(const std::string& name, const std::string& bytes) const {
    std::ofstream(path_ / name, std::ios::binary) << bytes;
    return path_ / name;
  }

  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

struct WholeCase {
  const char* name;
  std::string bytes;
  std::string want;
};

std::vector<WholeCase> whole_cases() {
  const std::string zeros(1000, '\0');
  const std::string skippable("\x50\x2a\x4d\x18\x03\x00\x00\x00xyz", 11);
  return {
      {.name = "plain", .bytes = "{}\n", .want = "{}\n"},
      {.name = "empty", .bytes = "", .want = ""},
      {.name = "shorter than any magic number", .bytes = "\x1f", .want = "\x1f"},
      {.name = "gzip", .bytes = gzip("{}\n"), .want = "{}\n"},
      {.name = "empty gzip member", .bytes = gzip(""), .want = ""},
      {.name = "large gzip", .bytes = gzip(large_text()), .want = large_text()},
      {.name = "gzip members", .bytes = gzip("a") + gzip("") + gzip("bc"), .want = "abc"},
      {.name = "gzip and zero padding", .bytes = gzip("a") + zeros, .want = "a"},
      {.name = "zstd", .bytes = zstd("{}\n"), .want = "{}\n"},
      {.name = "empty zstd frame", .bytes = zstd(""), .want = ""},
      {.name = "large zstd", .bytes = zstd(large_text()), .want = large_text()},
      {.name = "zstd frames", .bytes = zstd("a") + zstd("") + zstd("bc"), .want = "abc"},
      {.name = "skippable zstd frame", .bytes = skippable + zstd("a") + skippable, .want = "a"},
  };
}

TEST(ByteSource, GivesThePlainBytesHoweverTheyArePacked) {
  for (const WholeCase& test : whole_cases()) {
    SCOPED_TRACE(test.name);
    const Contents contents = read_memory(test.bytes);
    EXPECT_EQ(contents.bytes, test.want);
    EXPECT_FALSE(contents.error);
    EXPECT_EQ(contents.raw_bytes, test.bytes.size());
  }
}

TEST(ByteSource, ChunkAndReadSizesDoNotMatter) {
  for (const WholeCase& test : whole_cases()) {
    SCOPED_TRACE(test.name);
    for (const std::size_t chunk : {1U, 2U, 3U, 7U, 1000U}) {
      const Contents contents = read_memory(test.bytes, chunk, {}, 10'000 / chunk);
      EXPECT_EQ(contents.bytes, test.want);
      EXPECT_FALSE(contents.error);
    }
  }
}

struct BadCase {
  const char* name;
  std::string bytes;
  std::string want_bytes;
  const char* want_message;
};

TEST(ByteSource, DeliversWhatCameBeforeADefectAndSaysWhereItIs) {
  const std::string one_gzip = gzip("first");
  const std::string one_zstd = zstd("first");
  std::string flipped = one_gzip;
  flipped[flipped.size() - 8] ^= 1;  // The checksum.
  const BadCase cases[] = {
      {.name = "gzip torn in the second member",
       .bytes = one_gzip + gzip("second").substr(0, 11),
       .want_bytes = "first",
       .want_message = "bad gzip data at compressed byte 36: the file ends inside a member"},
      {.name = "garbage after gzip",
       .bytes = one_gzip + "oops",
       .want_bytes = "first",
       .want_message =
           "bad gzip data at compressed byte 25: trailing bytes that are neither gzip nor zero"},
      {.name = "garbage after padding",
       .bytes = one_gzip + std::string(3, '\0') + one_gzip,
       .want_bytes = "first",
       .want_message =
           "bad gzip data at compressed byte 28: trailing bytes that are neither gzip nor zero"},
      {.name = "wrong gzip checksum",
       .bytes = flipped,
       .want_bytes = "first",
       .want_message = "bad gzip data at compressed byte 21: incorrect data check"},
      {.name = "zstd torn in the second frame",
       .bytes = one_zstd + zstd("second").substr(0, 8),
       .want_bytes = "first",
       .want_message = "bad zstd data at compressed byte 22: the file ends inside a frame"},
      {.name = "garbage after zstd",
       .bytes = one_zstd + "oops, no frame",
       .want_bytes = "first",
       .want_message = "bad zstd data at compressed byte 14: Unknown frame descriptor"},
  };
  for (const BadCase& test : cases) {
    SCOPED_TRACE(test.name);
    for (const std::size_t chunk : {0U, 1U, 5U}) {
      const Contents contents = read_memory(test.bytes, chunk);
      EXPECT_EQ(contents.bytes, test.want_bytes);
      EXPECT_EQ(contents.error.value_or(kNoError).message, test.want_message);
    }
  }
}

TEST(ByteSource, ATornLargeFileLosesLittleMoreThanTheTornBlock) {
  constexpr std::size_t kBlockBytes = std::size_t{128} << 10;
  for (std::string packed : {gzip(large_text()), zstd(large_text())}) {
    packed.resize(packed.size() - 10);
    // One read has room for all: what precedes the tear within it must not be lost.
    const Contents contents = read_memory(packed, 0, {}, std::size_t{1} << 20);
    EXPECT_GE(contents.bytes.size(), large_text().size() - kBlockBytes);
    EXPECT_TRUE(large_text().starts_with(contents.bytes));
    EXPECT_EQ(code_of(contents), "bad_compression");
  }
}

TEST(ByteSource, ACorruptZstdBlockLosesNoBlockBeforeIt) {
  std::string packed = zstd(large_text());
  for (std::size_t at = packed.size() - 2000; at < packed.size(); ++at) {
    packed[at] = '\xff';
  }
  const Contents contents = read_memory(packed, 0, {}, std::size_t{1} << 20);
  EXPECT_GT(contents.bytes.size(), large_text().size() / 2);
  EXPECT_TRUE(contents.error);
}

TEST(ByteSource, BombsAreRefusedOnceTheyShow) {
  constexpr ExpansionLimit kLimit{.ratio_max = 20, .floor_bytes = 10'000};
  const std::string zeros(3'000'000, '\0');
  for (const std::string& packed : {gzip(zeros), zstd(zeros)}) {
    const Contents contents = read_memory(packed, 0, kLimit);
    EXPECT_EQ(code_of(contents), "decompression_bomb");
    EXPECT_LT(contents.bytes.size(), zeros.size() / 2);
  }
}

TEST(ByteSource, TheExpansionLimitIsOnRatioAndSizeTogether) {
  const std::string zeros(3'000'000, '\0');
  for (const std::string& packed : {gzip(zeros), zstd(zeros)}) {
    EXPECT_EQ(code_of(read_memory(packed, 0, {.ratio_max = 100'000, .floor_bytes = 0})), "");
    EXPECT_EQ(code_of(read_memory(packed, 0, {.ratio_max = 20, .floor_bytes = 3'000'000})), "");
  }
}

TEST(ByteSource, AnAbsurdZstdWindowIsRefused) {
  // Magic number; a descriptor with neither size nor checksum; a window of 2^31 bytes; an empty
  // block.
  const std::string frame("\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00", 9);
  const Contents contents = read_memory(frame);
  EXPECT_EQ(code_of(contents), "bad_compression");
}

TEST(OpenSource, TellsTheFormatByContentAndNotByName) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("plain.json", gzip("{}\n"));
  Result<std::unique_ptr<ByteSource>> source = open_source(path);
  ASSERT_TRUE(source);
  const Contents contents = read_all(**source);
  EXPECT_EQ(contents.bytes, "{}\n");
  EXPECT_EQ(contents.raw_bytes, fs::file_size(path));
}

std::string refusal_of(const std::string& path) {
  const Result<std::unique_ptr<ByteSource>> source = open_source(path);
  if (source) {
    return "opened";
  }
  return std::string(to_string(source.error().code)) + ": " + source.error().message;
}

TEST(OpenSource, RefusesWhatIsNoFileAndSaysWhatItIs) {
  const TemporaryDirectory directory;
  const std::string pipe = directory.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const std::string only = "; only files are read, and standard input as '-'";
  const std::string folder = directory.path();
  EXPECT_EQ(refusal_of(folder), "io: '" + folder + "' is a directory" + only);
  EXPECT_EQ(refusal_of(pipe), "io: '" + pipe + "' is a named pipe" + only);
  EXPECT_EQ(refusal_of("/dev/null"), "io: '/dev/null' is a device" + only);
  EXPECT_EQ(refusal_of("no/such"), "io: cannot open 'no/such': No such file or directory");
}

/// Standard input is this descriptor, which it takes, while it lives.
class StandardInput {
 public:
  explicit StandardInput(int descriptor) : saved_(::dup(STDIN_FILENO)) {
    EXPECT_GE(::dup2(descriptor, STDIN_FILENO), 0);
    ::close(descriptor);
  }

  ~StandardInput() {
    if (saved_ >= 0) {
      ::dup2(saved_, STDIN_FILENO);
      ::close(saved_);
    }
  }

  StandardInput(const StandardInput&) = delete;
  StandardInput& operator=(const StandardInput&) = delete;
  StandardInput(StandardInput&&) = delete;
  StandardInput& operator=(StandardInput&&) = delete;

 private:
  int saved_;
};

TEST(OpenSource, ReadsStandardInput) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const std::string packed = zstd("from a pipe");
  ASSERT_EQ(::write(ends[1], packed.data(), packed.size()), static_cast<ssize_t>(packed.size()));
  ::close(ends[1]);
  const StandardInput input(ends[0]);
  Result<std::unique_ptr<ByteSource>> source = open_source("-");
  ASSERT_TRUE(source);
  EXPECT_EQ(read_all(**source).bytes, "from a pipe");
}

TEST(OpenSource, TellsBeforeItWaitsForStandardInput) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const StandardInput input(ends[0]);
  const auto write = [&](std::string_view text) {
    ASSERT_EQ(::write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  };
  write("it is there");
  int waits = 0;
  Result<std::unique_ptr<ByteSource>> source = open_source("-", {}, [&] {
    ++waits;
    write("and more");
    ::close(ends[1]);
  });
  ASSERT_TRUE(source);
  std::string text(64, '\0');
  std::size_t size = 0;
  while (size < std::string_view("it is there").size()) {
    size += (*source)->read(std::span(text).subspan(size)).value_or(64);
  }
  EXPECT_EQ(waits, 0);
  EXPECT_EQ(read_all(**source).bytes, "and more");
  EXPECT_EQ(waits, 1);
}

}  // namespace
}  // namespace spoor
