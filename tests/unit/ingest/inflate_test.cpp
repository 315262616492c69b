#include "ingest/inflate.h"

#include <string>

#include <gtest/gtest.h>
#include <zstd.h>

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

/// Each of many connections may have one.
TEST(Inflate, AWindowOfZstdIsBounded) {
  const std::string plain = text();
  const auto with_window = [&](int window_log) {
    ZSTD_CCtx* context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
    ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
    std::string out(ZSTD_compressBound(plain.size()), '\0');
    ZSTD_inBuffer in{plain.data(), plain.size(), 0};
    ZSTD_outBuffer to{out.data(), out.size(), 0};
    // Before its end is known: else the window is made as small as the text.
    ZSTD_compressStream2(context, &to, &in, ZSTD_e_flush);
    ZSTD_compressStream2(context, &to, &in, ZSTD_e_end);
    ZSTD_freeCCtx(context);
    out.resize(to.pos);
    return out;
  };
  EXPECT_EQ(*inflate_in(with_window(23), Compression::zstd, 1000), plain);
  const Result<std::string> wide = inflate_in(with_window(24), Compression::zstd, 1000);
  ASSERT_FALSE(wide);
  EXPECT_EQ(wide.error().code, ErrorCode::bad_compression);
  EXPECT_NE(wide.error().message.find("window is larger than 8 MiB"), std::string::npos)
      << wide.error().message;
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
