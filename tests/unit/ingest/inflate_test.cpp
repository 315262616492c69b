#include "ingest/inflate.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/unit/ingest/loopback.h"

namespace spoor {
namespace {

Result<std::string> inflate_in(std::string_view bytes,
                               Compression compression,
                               std::size_t piece,
                               ExpansionLimit limit = {}) {
  const std::unique_ptr<Inflater> inflater = *Inflater::create(compression, limit);
  std::string all;
  while (!bytes.empty()) {
    inflater->feed(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
    for (;;) {
      const Result<std::string_view> got = inflater->next();
      if (!got) {
        return tl::unexpected<Error>(got.error());
      }
      if (got->empty()) {
        break;
      }
      all += *got;
    }
  }
  if (const Result<void> finished = inflater->finish(); !finished) {
    return tl::unexpected<Error>(finished.error());
  }
  return all;
}

std::string text() {
  std::string all;
  for (int number = 0; number < 20'000; ++number) {
    all += "{\"EventID\":" + std::to_string(number * 7919) + "}\n";
  }
  return all;
}

TEST(Inflate, GivesTheTextWhateverThePieces) {
  const std::string plain = text();
  const std::string two = plain + plain;
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{4096}, SIZE_MAX}) {
    EXPECT_TRUE(inflate_in(gzip_of(plain), Compression::gzip, piece) == plain) << piece;
    EXPECT_TRUE(inflate_in(gzip_of(plain) + gzip_of(plain), Compression::gzip, piece) == two);
    EXPECT_TRUE(inflate_in(gzip_of(plain) + std::string(9, '\0'), Compression::gzip, piece) ==
                plain);
    EXPECT_TRUE(inflate_in(zstd_of(plain) + zstd_of(plain), Compression::zstd, piece) == two);
    EXPECT_TRUE(inflate_in(zlib_of(plain), Compression::deflate, piece) == plain);
    EXPECT_TRUE(inflate_in(raw_deflate_of(plain), Compression::deflate, piece) == plain);
  }
}

TEST(Inflate, ToldWhatIsWrong) {
  const std::string plain = text();
  const auto code = [](std::string_view bytes, Compression compression) {
    const Result<std::string> got = inflate_in(bytes, compression, 100);
    return got ? std::string("none") : std::string(to_string(got.error().code));
  };
  EXPECT_EQ(code(gzip_of(plain).substr(0, 1000), Compression::gzip), "bad_compression");
  EXPECT_EQ(code(zstd_of(plain).substr(0, 1000), Compression::zstd), "bad_compression");
  EXPECT_EQ(code(zlib_of(plain).substr(0, 1000), Compression::deflate), "bad_compression");
  EXPECT_EQ(code("", Compression::gzip), "bad_compression");
  EXPECT_EQ(code("", Compression::zstd), "bad_compression");
  EXPECT_EQ(code("hello, hello", Compression::gzip), "bad_compression");
  EXPECT_EQ(code("hello, hello", Compression::zstd), "bad_compression");
  EXPECT_EQ(code(gzip_of(plain) + "x", Compression::gzip), "bad_compression");
  EXPECT_EQ(code(zlib_of(plain) + "x", Compression::deflate), "bad_compression");
}

TEST(Inflate, StopsABomb) {
  const std::string zeros(std::size_t{8} << 20, '\0');
  const ExpansionLimit limit{.ratio_max = 100, .floor_bytes = 1 << 20};
  for (const std::size_t piece : {std::size_t{100}, SIZE_MAX}) {
    EXPECT_EQ(inflate_in(gzip_of(zeros), Compression::gzip, piece, limit).error().code,
              ErrorCode::decompression_bomb);
    EXPECT_EQ(inflate_in(zstd_of(zeros), Compression::zstd, piece, limit).error().code,
              ErrorCode::decompression_bomb);
  }
}

TEST(Inflate, KnowsTheMagic) {
  EXPECT_EQ(compression_of(gzip_of("x")), Compression::gzip);
  EXPECT_EQ(compression_of(zstd_of("x")), Compression::zstd);
  EXPECT_EQ(compression_of("{\"a\":1}"), std::nullopt);
  EXPECT_EQ(compression_of("\x1f"), std::nullopt);
}

}  // namespace
}  // namespace spoor
