// The shapes of recent records, to read the next ones faster.
//
// What is remembered makes reading faster and never changes what is read. Bounded: kShapes shapes,
// 8 MiB if all were of the largest. Only a kind of record that came before makes a shape, at most
// kWays that look alike are tried for one record, and where too many kinds look alike they take
// turns slowly: so records made to have ever new shapes, or all the same place, cost little more
// than without.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "parsers/document.h"
#include "parsers/json/shape.h"

namespace spoor {

class ShapeCache {
 public:
  ShapeCache() : entries_(kShapes) {}

  /// Fills `document` if the text is of a remembered shape: then it is valid. The document borrows
  /// from here until the next call. False says nothing.
  [[nodiscard]] bool read(const QuotedText& text, Document& document);

  /// The text that read() saw last and did not know: it turned out to be valid, and is in
  /// `document`.
  void remember(const QuotedText& text, const Document& document);

 private:
  static constexpr std::size_t kWays = 8;
  static constexpr std::size_t kSets = 32;
  static constexpr std::size_t kShapes = kWays * kSets;
  static constexpr std::size_t kSeenOnce = 512;
  static constexpr std::uint32_t kPatience = 8;

  struct Entry {
    std::uint64_t number = 0;
    JsonShape shape;
  };

  /// Of the record before with as many quotes.
  struct Recent {
    std::uint32_t entry = 0;
    bool repeats = false;  ///< It was of the shape of the one before that.
  };

  static constexpr std::size_t kRecent = 256;

  static std::size_t set_of(std::uint64_t signature);

  /// Of the shape at that place? Then the document borrows it.
  [[nodiscard]] bool is_of(std::size_t place, const QuotedText& text, Document& document);

  std::array<std::uint64_t, kShapes> signatures_{};  ///< Of the entries' shapes; 0: none.
  std::vector<Entry> entries_;
  std::array<Recent, kRecent> recent_{};
  std::array<std::uint64_t, kSeenOnce> seen_once_{};  ///< Signatures of what came once.
  std::uint64_t signature_ = 0;                       ///< Of the text that read() saw last.
  std::uint32_t crowded_ = 0;                         ///< How often a shape found its set full.
};

}  // namespace spoor
