// The shape of a JSON record: what all records of one kind have in common.
//
// Records of one kind have the same keys in the same order. So such a record is fixed text with
// gaps, and only the gaps hold something new: what a string says, a number, true or false. That the
// fixed text of a record is a shape's is told by comparing bytes, without a branch, and then
// nothing of its grammar is left to check but its numbers. docs/decisions/0047 says why the places
// of its quotes are enough for that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "parsers/document.h"
#include "parsers/json/quote_scan.h"

namespace spoor {

/// A text and where its quotes are: at most kQuotedTextMax bytes of UTF-8 without bytes below 0x20,
/// its escapes valid.
struct QuotedText {
  std::string_view json;  ///< kTextPadding bytes behind it can be read.
  /// The places of the quotes that are not escaped (quote_scan.h), then once more the text's
  /// length.
  const QuotePlace* index = nullptr;
  std::size_t count = 0;
};

class JsonShape {
 public:
  /// More make no shape: a bound for its memory, some 30 KiB.
  static constexpr std::size_t kNodesMax = 256;
  static constexpr std::size_t kKeyBytesMax = 8192;

  /// Becomes the shape of a text, which is a valid JSON object and was read to `document`. False:
  /// it has none (blanks around it, keys with escapes or of more than about sixty bytes, two
  /// numbers without a string between them, too many values), and this is one no more.
  bool assign(const QuotedText& text, const Document& document);

  /// Is the text of this shape? Then it is valid JSON, and its values are in nodes() until the next
  /// call. False says nothing. O(fixed text).
  [[nodiscard]] bool read(const QuotedText& text);

  /// In how many ways can this machine do that? The fastest is the first, the slow twin of all the
  /// last.
  [[nodiscard]] static std::size_t ways();

  /// read() in one of them: what tests compare.
  [[nodiscard]] bool read_in_way(std::size_t way, const QuotedText& text);

  [[nodiscard]] const std::vector<Node>& nodes() const { return nodes_; }

  /// Up to 32 bytes of fixed text, and where they stand.
  struct Check {
    std::uint64_t text[4] = {};  ///< Zero behind the text.
    std::uint32_t mask = 0;      ///< A bit for each byte.
    std::uint16_t ordinal = 0;   ///< The quote that it is tied to,
    std::int8_t offset = 0;      ///< and how far behind that it begins.
    std::uint8_t size = 0;
  };

  /// What a string says: all that stands between two quotes.
  struct StringGap {
    std::uint16_t ordinal = 0;  ///< Of the first quote.
    std::uint16_t node = 0;
  };

  /// Another scalar whose text differs from record to record: a part of what stands between two
  /// quotes.
  struct Gap {
    std::uint16_t ordinal = 0;  ///< Of the first quote.
    std::uint16_t node = 0;
    std::uint8_t begin = 0;  ///< From that quote.
    std::uint8_t less = 0;   ///< What the text is shorter than the way to the next one.
  };

 private:
  friend class ShapeBuilder;

  /// A place in fixed text.
  struct Tie {
    std::uint32_t ordinal = 0;
    std::int32_t offset = 0;
  };

  struct Container {
    Tie begin;
    Tie end;  ///< Behind the closing bracket.
    std::uint32_t node = 0;
  };

  struct Kernels;

  // Small: they are read for every record, and of some ten shapes in turn.
  static_assert(sizeof(Check) == 40 && sizeof(StringGap) == 4 && sizeof(Gap) == 6);

  void clear();
  [[nodiscard]] bool read(const QuotedText& text, const Kernels& kernels);
  [[nodiscard]] bool read_booleans(const QuotedText& text);

  std::size_t count_ = 0;    ///< Of quotes; 0: no shape.
  std::uint32_t front_ = 0;  ///< Bytes before the first quote,
  std::uint32_t back_ = 0;   ///< and from the last one on; 0: there is a gap among them.
  std::vector<Check> checks_;
  std::vector<StringGap> strings_;
  std::vector<Gap> numbers_;
  std::vector<Gap> booleans_;
  std::vector<Container> containers_;
  std::vector<Node> nodes_;
  std::vector<char> keys_;  ///< What the nodes' keys point into.
};

}  // namespace spoor
