// The shape of a JSON record: what all records of one kind have in common.
//
// Records of one kind have the same keys in the same order. So such a record is fixed text with
// gaps, and only the gaps hold something new: what a string says, a number, true or false. That the
// fixed text of a record is a shape's is told by comparing bytes, without a branch, and then
// nothing of its grammar is left to check but its numbers. docs/decisions/0014 says why that is
// enough.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "parsers/document.h"

namespace spoor {

/// A JSON text and where its structure is: what simdjson's stage 1 found of it, without an error.
struct StructuralText {
  std::string_view json;  ///< kTextPadding bytes behind it can be read.
  /// Where brackets, colons, commas, strings and what is none of these begin; then once more the
  /// text's length.
  const std::uint32_t* index = nullptr;
  std::size_t count = 0;
};

class JsonShape {
 public:
  /// More make no shape: a bound for its memory, some 30 KiB.
  static constexpr std::size_t kNodesMax = 256;
  static constexpr std::size_t kKeyBytesMax = 8192;

  /// Becomes the shape of a text, which is valid JSON and was read to `document`. False: it has
  /// none (keys with escapes or of more than about sixty bytes, too many values), and this is one
  /// no more.
  bool assign(const StructuralText& text, const Document& document);

  /// Is the text of this shape? Then it is valid, but that nobody looked at the escapes in its
  /// strings, and its values are in nodes() until the next call. False says nothing. O(fixed text).
  [[nodiscard]] bool read(const StructuralText& text);

  /// The same without the machine's widest instructions: the slow twin.
  [[nodiscard]] bool read_plainly(const StructuralText& text);

  [[nodiscard]] const std::vector<Node>& nodes() const { return nodes_; }

  /// Up to 32 bytes of fixed text, and where they stand.
  struct Check {
    std::uint64_t text[4] = {};  ///< Zero behind the text.
    std::uint32_t mask = 0;      ///< A bit for each byte.
    std::uint32_t ordinal = 0;   ///< The structural character that it is tied to,
    std::int32_t offset = 0;     ///< and how far behind that it begins.
    std::uint32_t size = 0;
  };

  /// A scalar whose text differs from record to record. It begins at a structural character, or
  /// behind it where that is a quote, and ends before the next one.
  struct Gap {
    std::uint32_t ordinal = 0;
    std::uint16_t node = 0;
    std::uint8_t begin = 0;  ///< From the structural character.
    std::uint8_t less = 0;   ///< What the text is shorter than the way to the next one.
  };

 private:
  friend class ShapeBuilder;

  struct Container {
    std::uint32_t open = 0;  ///< The brackets' ordinals.
    std::uint32_t close = 0;
    std::uint32_t node = 0;
  };

  struct Kernels;

  void clear();
  [[nodiscard]] bool read(const StructuralText& text, const Kernels& kernels);
  [[nodiscard]] bool read_booleans(const StructuralText& text);

  std::size_t count_ = 0;  ///< Of structural characters; 0: no shape.
  std::vector<Check> checks_;
  std::vector<Gap> strings_;
  std::vector<Gap> numbers_;
  std::vector<Gap> booleans_;
  std::vector<Container> containers_;
  std::vector<Node> nodes_;
  std::vector<char> keys_;  ///< What the nodes' keys point into.
};

}  // namespace spoor
