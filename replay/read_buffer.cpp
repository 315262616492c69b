#include "replay/read_buffer.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

namespace spoor {
namespace {

// Moving the window once less than this part of a read fits behind it makes each byte move about
// once at most, and keeps reads large.
constexpr std::size_t kRoomDivisor = 16;

}  // namespace

ReadBuffer::ReadBuffer(std::unique_ptr<ByteSource> source,
                       std::size_t window_max,
                       std::size_t read_bytes,
                       std::size_t padding)
    : source_(std::move(source)),
      capacity_(window_max + read_bytes),
      read_bytes_(read_bytes),
      padding_(padding),
      // Left uninitialised: a small file then touches few pages.
      bytes_(new char[capacity_ + padding]) {}

bool ReadBuffer::fill() {
  if (ended_) {
    return false;
  }
  if (begin_ != 0 && capacity_ - end_ <= read_bytes_ / kRoomDivisor) {
    std::memmove(bytes_.get(), bytes_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  const std::size_t room = std::min(read_bytes_, capacity_ - end_);
  if (room == 0) {
    return false;
  }
  const Result<std::size_t> got = source_->read(std::span(bytes_.get() + end_, room));
  if (!got) {
    failure_ = got.error();
  }
  const std::size_t size = got.value_or(0);
  ended_ = size == 0;
  end_ += size;
  std::memset(bytes_.get() + end_, 0, padding_);
  return !ended_;
}

std::optional<std::size_t> ReadBuffer::find_newline(std::size_t limit) {
  for (;;) {
    const std::string_view window = view().substr(0, limit);
    if (searched_ < window.size()) {
      const std::size_t found = window.find('\n', searched_);
      if (found != std::string_view::npos) {
        searched_ = found;
        return found;
      }
      searched_ = window.size();
    }
    if (window.size() == limit || !fill()) {
      return std::nullopt;
    }
  }
}

void ReadBuffer::advance(std::size_t size) {
  begin_ += size;
  offset_ += size;
  searched_ -= std::min(searched_, size);
}

void ReadBuffer::consume(std::size_t size) {
  line_ += static_cast<std::uint64_t>(std::ranges::count(view().substr(0, size), '\n'));
  advance(size);
}

void ReadBuffer::consume_line(std::size_t size) {
  line_ += 1;
  advance(size + 1);
}

}  // namespace spoor
