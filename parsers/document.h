// A record read, whatever it was written in: a tree of keys and values in one flat array.
//
// Three readers fill it: the JSON scanner (fast), the JSON DOM walk (its slow twin, for tests) and
// the XML reader. Everything behind it, recognising the source and mapping its keys, is written
// once and does not know which.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "parsers/scratch.h"

namespace spoor {

enum class NodeKind : std::uint8_t { object, array, string, number, boolean, null };

/// Bytes that can be read behind every key and text of a document, whatever they are: so that what
/// looks at them need not count.
inline constexpr std::size_t kTextPadding = 64;

/// One value with its key. Text is as it stands in the record: a string without its quotes and with
/// its escapes, a number or true or false as written, an object or array from bracket to bracket
/// (empty if the reader does not know).
struct Node {
  const char* key = nullptr;  ///< nullptr: an array's element, or the root.
  const char* text = nullptr;
  std::uint32_t key_size = 0;
  std::uint32_t text_size = 0;
  std::uint32_t end = 0;  ///< Index behind this value and all below it: the next sibling.
  NodeKind kind = NodeKind::null;
  bool key_escaped = false;   ///< A backslash in `key` is a JSON escape.
  bool text_escaped = false;  ///< A backslash in `text` is a JSON escape.

  [[nodiscard]] bool is_scalar() const {
    return kind != NodeKind::object && kind != NodeKind::array;
  }

  /// As written.
  [[nodiscard]] std::string_view raw_key() const { return {key, key_size}; }

  [[nodiscard]] std::string_view raw_text() const { return {text, text_size}; }
};

/// Index of a value in its document.
using NodeIndex = std::uint32_t;
inline constexpr NodeIndex kNoNode = 0xFFFFFFFFU;

class Document {
 public:
  bool salvaged = false;  ///< Invalid UTF-8 or a lone surrogate became U+FFFD.

  Document() = default;
  ~Document() = default;
  Document(const Document&) = delete;  // nodes_ may point into storage_.
  Document& operator=(const Document&) = delete;
  Document(Document&&) = default;
  Document& operator=(Document&&) = default;

  void clear() {
    nodes_ = storage_.data();
    size_ = 0;
    shape_ = 0;
    salvaged = false;
  }

  /// How many values there are: in the order of the record, parents before what is below them. The
  /// first is the root.
  [[nodiscard]] std::size_t size() const { return size_; }

  [[nodiscard]] const Node& node(NodeIndex index) const { return nodes_[index]; }

  /// Documents with the same number have the same keys, kinds of values and numbers of values, node
  /// for node. 0: nothing is known.
  [[nodiscard]] std::uint64_t shape() const { return shape_; }

  /// For readers: room for that many nodes, to be filled wholly and then counted with set_size.
  /// Nodes that were there stay. Memory is kept between records.
  [[nodiscard]] Node* make_room(std::size_t nodes) {
    if (storage_.size() < nodes) {
      storage_.resize(nodes);
      nodes_ = storage_.data();
    }
    return storage_.data();
  }

  void set_size(std::size_t size) { size_ = size; }

  /// For readers: these nodes are the document, as long as they live.
  void borrow(const std::vector<Node>& nodes, std::uint64_t shape) {
    nodes_ = nodes.data();
    size_ = nodes.size();
    shape_ = shape;
  }

  /// Calls `look(const Node&, NodeIndex)` for each value directly below `parent`.
  template <typename Look>
  void for_each_child(NodeIndex parent, Look look) const {
    const NodeIndex end = nodes_[parent].end;
    for (NodeIndex child = parent + 1; child < end; child = nodes_[child].end) {
      look(nodes_[child], child);
    }
  }

  /// The first value directly below `parent` with that key, or kNoNode. O(children): for what is
  /// asked once in a record.
  [[nodiscard]] NodeIndex find(NodeIndex parent, std::string_view key) const;

 private:
  std::vector<Node> storage_;
  const Node* nodes_ = nullptr;  ///< storage_, or what was borrowed.
  std::size_t size_ = 0;
  std::uint64_t shape_ = 0;
};

/// A string with its JSON escapes resolved; lone surrogates become U+FFFD. The escapes are valid
/// (the scanner has checked). Writes at most text.size() bytes to `out` that count, and returns
/// their number; kUnescapePadding more may be overwritten.
std::size_t unescape_json(std::string_view text, char* out);

/// The same a few bytes at a time: the slow twin.
std::size_t unescape_json_plainly(std::string_view text, char* out);

inline constexpr std::size_t kUnescapePadding = 64;

/// Which of the sixteen bytes at `text` are backslashes, a bit for each.
[[nodiscard]] inline std::uint32_t backslashes_of_16(const char* text) {
#if defined(__SSE2__)
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text));
  return static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'))));
#else
  std::uint32_t found = 0;
  for (std::uint32_t i = 0; i < 16; ++i) {
    found |= (text[i] == '\\' ? 1U : 0U) << i;
  }
  return found;
#endif
}

/// Is there a backslash in a text of a document? Sixteen bytes at a time, into the padding at the
/// end: a loop over the last few would take as many turns as nobody can predict.
[[nodiscard]] inline bool has_backslash(std::string_view text) {
  std::uint32_t found = 0;
  const char* at = text.data();
  std::size_t rest = text.size();
  for (; rest > 16; rest -= 16, at += 16) {
    found |= backslashes_of_16(at);
  }
  if (rest > 0) {
    found |= backslashes_of_16(at) & ((1U << rest) - 1);
  }
  return found != 0;
}

/// Which of the first 64 bytes at `text` are backslashes. No branch, and no call: most texts are no
/// longer, and how long they are nobody can predict.
[[nodiscard]] inline std::uint64_t backslashes_of_64(const char* text) {
  return std::uint64_t{backslashes_of_16(text)} |
         std::uint64_t{backslashes_of_16(text + 16)} << 16U |
         std::uint64_t{backslashes_of_16(text + 32)} << 32U |
         std::uint64_t{backslashes_of_16(text + 48)} << 48U;
}

/// resolve() for what is longer than 64 bytes and may hold escapes.
[[nodiscard]] std::string_view resolve_long(std::string_view text, Scratch& scratch);

/// Text as meant: where `escaped`, with its JSON escapes resolved. Valid as long as the record and
/// the scratch memory.
[[nodiscard]] inline std::string_view resolve(std::string_view text,
                                              bool escaped,
                                              Scratch& scratch) {
  constexpr std::size_t kLooked = 64;
  static_assert(kTextPadding >= kLooked);
  if (!escaped || text.empty()) {
    return text;
  }
  if (text.size() > kLooked) {
    return resolve_long(text, scratch);
  }
  const std::uint64_t there = ~std::uint64_t{0} >> (kLooked - text.size());
  if ((backslashes_of_64(text.data()) & there) == 0) {
    return text;
  }
  char* place = scratch.take(text.size() + kUnescapePadding);
  return {place, unescape_json(text, place)};
}

/// The key as meant.
[[nodiscard]] inline std::string_view key_of(const Node& node, Scratch& scratch) {
  return resolve(node.raw_key(), node.key_escaped, scratch);
}

/// Any scalar as text: a string as meant, a number as written, "true", "false". Empty for null and
/// for what is not scalar. Valid as long as the record and the scratch memory; never a null view.
[[nodiscard]] inline std::string_view text_of(const Node& node, Scratch& scratch) {
  if (!node.is_scalar() || node.kind == NodeKind::null) {
    return "";
  }
  return resolve(node.raw_text(), node.text_escaped, scratch);
}

/// An array or object as compact JSON; its numbers as written. For fields that hold one.
[[nodiscard]] std::string_view compact_json(const Document& document,
                                            NodeIndex index,
                                            Scratch& scratch);

}  // namespace spoor
