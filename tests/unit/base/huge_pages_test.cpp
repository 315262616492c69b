#include "engine/base/huge_pages.h"

#include <cstdint>
#include <cstring>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace spoor {
namespace {

TEST(PiecePool, PiecesAreApartAndAligned) {
  constexpr std::size_t kBytes = 100;
  PiecePool pool(kBytes);
  std::vector<void*> pieces;
  for (int i = 0; i < 50'000; ++i) {  // More than a page holds.
    pieces.push_back(pool.take());
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(pieces.back()) % 64, 0U);
    std::memset(pieces.back(), i % 251, kBytes);
  }
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const auto* bytes = static_cast<const unsigned char*>(pieces[i]);
    EXPECT_TRUE(bytes[0] == i % 251 && bytes[kBytes - 1] == i % 251) << i;
  }
  for (void* piece : pieces) {
    pool.give_back(piece);
  }
}

TEST(PiecePool, WhatIsGivenBackIsTakenAgain) {
  PiecePool pool(4096);
  const std::size_t before = piece_bytes_taken();
  std::set<void*> pieces{pool.take(), pool.take(), pool.take()};
  EXPECT_EQ(piece_bytes_taken() - before, 3U * 4096);
  for (void* piece : pieces) {
    pool.give_back(piece);
  }
  EXPECT_EQ(piece_bytes_taken(), before);
  const std::set<void*> again{pool.take(), pool.take(), pool.take()};
  EXPECT_EQ(again, pieces);
  for (void* piece : again) {
    pool.give_back(piece);
  }
}

}  // namespace
}  // namespace spoor
