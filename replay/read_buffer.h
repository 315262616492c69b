// A sliding window over a source: the bytes that are read and not yet used, all in one piece.
//
// One allocation, made once. Bytes stay where they are until the next fill, so a view of them may
// be handed out, used up here and read by the caller. Line and offset of the window's first byte
// are kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "engine/base/result.h"
#include "replay/byte_source.h"

namespace spoor {

class ReadBuffer {
 public:
  /// Holds windows of up to `window_max` bytes, reads `read_bytes` at a time, and keeps `padding`
  /// readable bytes behind the window.
  ReadBuffer(std::unique_ptr<ByteSource> source,
             std::size_t window_max,
             std::size_t read_bytes,
             std::size_t padding);

  /// What is read and not yet used. Valid until the next fill.
  [[nodiscard]] std::string_view view() const { return {bytes_.get() + begin_, end_ - begin_}; }

  /// Of the window's first byte.
  [[nodiscard]] std::uint64_t offset() const { return offset_; }

  /// 1-based, of the window's first byte.
  [[nodiscard]] std::uint64_t line() const { return line_; }

  /// Reads on, which moves the window. False if the input ended or failed, or the window is full.
  [[nodiscard]] bool fill();
  /// Index in view() of the first newline among the first `limit` bytes, reading on as needed.
  /// None: there is none there, or the input ended before. Asking again costs nothing.
  [[nodiscard]] std::optional<std::size_t> find_newline(std::size_t limit);
  /// Uses up the first `size` bytes. O(size), to count their lines.
  void consume(std::size_t size);
  /// Uses up the first `size` bytes, known to hold no newline, and the newline after them.
  void consume_line(std::size_t size);

  /// Nothing more comes: the source is at its end, or failed.
  [[nodiscard]] bool has_ended() const { return ended_; }

  /// Set once the source failed; fill() then has given its last bytes.
  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

  [[nodiscard]] std::uint64_t raw_bytes_read() const { return source_->raw_bytes_read(); }

 private:
  void advance(std::size_t size);

  std::unique_ptr<ByteSource> source_;
  std::size_t capacity_;  // Without the padding.
  std::size_t read_bytes_;
  std::size_t padding_;
  std::unique_ptr<char[]> bytes_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t searched_ = 0;  // That many bytes from begin_ on hold no newline.
  std::uint64_t offset_ = 0;
  std::uint64_t line_ = 1;
  bool ended_ = false;
  std::optional<Error> failure_;
};

}  // namespace spoor
