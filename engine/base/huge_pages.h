// Memory for what there is very much of and is touched at random: out of pages of 2 MiB.
//
// Beside millions of processes an event's way leads over some ten places that no cache holds. On
// pages of 4 KiB each costs a second wait, for where the page is; of large pages the processor
// knows some thousand by heart.
#pragma once

#include <cstddef>
#include <mutex>

namespace spoor {

/// Pieces of one size. What is given back is kept for the next piece, never for anything else.
/// Where the system has no large pages the pieces lie on small ones. Thread-safe.
class PiecePool {
 public:
  /// Of at most 64 KiB; aligned to a cache line.
  explicit PiecePool(std::size_t piece_bytes);

  /// Throws std::bad_alloc.
  [[nodiscard]] void* take();
  void give_back(void* piece) noexcept;

 private:
  std::mutex mutex_;
  std::size_t piece_bytes_;
  void* free_ = nullptr;  ///< A list through what was given back.
};

/// Asks for large pages under memory that is not used yet. What is smaller than one stays as it is.
void advise_huge_pages(void* memory, std::size_t bytes) noexcept;

/// Bytes of all pieces that are taken: of all pools.
[[nodiscard]] std::size_t piece_bytes_taken() noexcept;

#if defined(__SANITIZE_ADDRESS__)
#define SPOOR_NO_PIECES
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SPOOR_NO_PIECES
#endif
#endif

/// Objects of a class that derives from this lie on large pages; where addresses are checked on the
/// heap, so that a use after free shows.
template <typename Object>
class OnHugePages {
#ifndef SPOOR_NO_PIECES
 public:
  static void* operator new(std::size_t /*bytes*/) {
    return pool().take();
  }

  static void operator delete(void* piece) noexcept {
    pool().give_back(piece);
  }

 private:
  static PiecePool& pool() {
    // Never destroyed: objects of static storage may be given back after it.
    static auto* const kPool = new PiecePool(sizeof(Object));
    static_assert(alignof(Object) <= 64);
    return *kPool;
  }
#endif
};

}  // namespace spoor
