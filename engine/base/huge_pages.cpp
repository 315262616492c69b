#include "engine/base/huge_pages.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <new>
#include <utility>

#include <sys/mman.h>

namespace spoor {
namespace {

constexpr std::size_t kPageBytes = std::size_t{2} << 20U;
constexpr std::size_t kLine = 64;

std::atomic<std::size_t>& taken_bytes() {
  static std::atomic<std::size_t> bytes{0};
  return bytes;
}

std::byte* map(std::size_t bytes) {
  void* const memory =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory ==
      MAP_FAILED) {  // NOLINT(*-cstyle-cast,performance-no-int-to-ptr): the system's macro
    throw std::bad_alloc();
  }
  return static_cast<std::byte*>(memory);
}

/// Pages that all pools cut their pieces from.
class Pages {
 public:
  std::byte* cut(std::size_t bytes) {
    const std::scoped_lock lock(mutex_);
    if (static_cast<std::size_t>(end_ - next_) < bytes) {
      add();
    }
    return std::exchange(next_, next_ + bytes);
  }

  static Pages& instance() {
    static auto* const kPages = new Pages;  // Never destroyed: pieces of it may be in use longer.
    return *kPages;
  }

 private:
  void add() {
    std::byte* const from = map(2 * kPageBytes);
    const std::size_t before =
        (kPageBytes - reinterpret_cast<std::uintptr_t>(from) % kPageBytes) % kPageBytes;
    if (before != 0) {
      static_cast<void>(munmap(from, before));
    }
    std::byte* const page = from + before;
    static_cast<void>(munmap(page + kPageBytes, kPageBytes - before));
    // Refused where the kernel was built without: then they are small ones.
    static_cast<void>(madvise(page, kPageBytes, MADV_HUGEPAGE));
    next_ = page;
    end_ = page + kPageBytes;
  }

  std::mutex mutex_;
  std::byte* next_ = nullptr;  ///< The rest of the newest page.
  std::byte* end_ = nullptr;
};

}  // namespace

void advise_huge_pages(void* memory, std::size_t bytes) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(memory);
  const std::size_t before = (kPageBytes - address % kPageBytes) % kPageBytes;
  if (bytes >= before + kPageBytes) {
    static_cast<void>(madvise(static_cast<std::byte*>(memory) + before,
                              (bytes - before) / kPageBytes * kPageBytes, MADV_HUGEPAGE));
  }
}

std::size_t piece_bytes_taken() noexcept {
  return taken_bytes().load(std::memory_order_relaxed);
}

PiecePool::PiecePool(std::size_t piece_bytes)
    : piece_bytes_((std::max(piece_bytes, sizeof(void*)) + kLine - 1) / kLine * kLine) {}

void* PiecePool::take() {
  const std::scoped_lock lock(mutex_);
  void* piece = free_;
  if (piece != nullptr) {
    free_ = *static_cast<void**>(piece);
  } else {
    piece = Pages::instance().cut(piece_bytes_);
  }
  taken_bytes().fetch_add(piece_bytes_, std::memory_order_relaxed);
  return piece;
}

void PiecePool::give_back(void* piece) noexcept {
  if (piece == nullptr) {
    return;
  }
  const std::scoped_lock lock(mutex_);
  *static_cast<void**>(piece) = free_;
  free_ = piece;
  taken_bytes().fetch_sub(piece_bytes_, std::memory_order_relaxed);
}

}  // namespace spoor
