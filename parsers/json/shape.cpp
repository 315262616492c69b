#include "parsers/json/shape.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "parsers/json/number_check.h"

namespace spoor {
namespace {

constexpr std::uint32_t kCheckBytes = 32;
/// A check begins less than this behind the character that it is tied to: then it is read within
/// the padding, wherever that character stands.
constexpr std::uint32_t kReach = static_cast<std::uint32_t>(kShapePadding) - kCheckBytes + 1;

using Sixteen = std::uint64_t __attribute__((vector_size(16)));

Sixteen load(const void* text) {
  Sixteen bytes;
  std::memcpy(&bytes, text, sizeof bytes);
  return bytes;
}

/// Which of sixteen bytes belong to a text of that size, in memory order.
constexpr std::array<Sixteen, 17> kMasks = [] {
  std::array<Sixteen, 17> masks{};
  for (std::size_t size = 0; size <= 16; ++size) {
    std::array<std::array<unsigned char, 8>, 2> bytes{};
    for (std::size_t i = 0; i < size; ++i) {
      bytes[i / 8][i % 8] = 0xFF;
    }
    masks[size] =
        Sixteen{std::bit_cast<std::uint64_t>(bytes[0]), std::bit_cast<std::uint64_t>(bytes[1])};
  }
  return masks;
}();

using Checks = std::vector<JsonShape::Check>;
using Fit = bool (*)(const Checks& checks, const char* base, const std::uint32_t* index);

bool fit_plainly(const Checks& checks, const char* base, const std::uint32_t* index) {
  Sixteen differences = {0, 0};
  for (const JsonShape::Check& check : checks) {
    const char* at = base + index[check.ordinal] + check.offset;
    const std::uint32_t head = std::min(check.size, 16U);
    differences |= (load(at) & kMasks[head]) ^ load(check.text);
    differences |= (load(at + 16) & kMasks[check.size - head]) ^ load(check.text + 2);
  }
  return (differences[0] | differences[1]) == 0;
}

#if defined(__x86_64__)

[[gnu::target("avx512bw,avx512vl")]] bool fit_avx512(const Checks& checks,
                                                     const char* base,
                                                     const std::uint32_t* index) {
  __m256i differences = _mm256_setzero_si256();
  for (const JsonShape::Check& check : checks) {
    const char* at = base + index[check.ordinal] + check.offset;
    const __m256i there = _mm256_maskz_loadu_epi8(check.mask, at);
    const __m256i wanted = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(check.text));
    differences = _mm256_or_si256(differences, _mm256_xor_si256(there, wanted));
  }
  return _mm256_testz_si256(differences, differences) != 0;
}

#endif

Fit widest_fit() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) {
    return fit_avx512;
  }
#endif
  return fit_plainly;
}

/// With the bytes behind it that every text of a document has.
constexpr char kNull[4 + kTextPadding + 1] = "null";

}  // namespace

/// Takes a valid text apart, into fixed text and gaps.
class ShapeBuilder {
 public:
  ShapeBuilder(const StructuralText& text, const Document& document, JsonShape& shape)
      : text_(text), document_(document), shape_(shape) {}

  [[nodiscard]] bool build() {
    if (text_.count == 0 || document_.size() > JsonShape::kNodesMax || !take_nodes()) {
      return false;
    }
    fixed_at_ = text_.index[0];
    for (NodeIndex node = 0; node < document_.size(); ++node) {
      if (!add(node)) {
        return false;
      }
    }
    return add_fixed(text_.index[text_.count - 1] + 1);
  }

 private:
  /// The nodes, with keys of the shape's own.
  bool take_nodes() {
    std::size_t bytes = 0;
    for (NodeIndex number = 0; number < document_.size(); ++number) {
      const Node& node = document_.node(number);
      if (node.key != nullptr && has_backslash(node.raw_key())) {
        return false;  // The same key may be written in another way.
      }
      bytes += node.key_size;
    }
    if (bytes > JsonShape::kKeyBytesMax) {
      return false;
    }
    shape_.keys_.resize(bytes + kTextPadding);
    shape_.nodes_.resize(document_.size());
    char* place = shape_.keys_.data();
    for (NodeIndex number = 0; number < document_.size(); ++number) {
      Node& node = shape_.nodes_[number];
      node = document_.node(number);
      if (node.key != nullptr) {
        std::memcpy(place, node.key, node.key_size);
        node.key = place;
        place += node.key_size;
      }
      if (node.kind == NodeKind::null) {
        node.text = kNull;
      }
    }
    return true;
  }

  bool add(NodeIndex number) {
    const Node& node = document_.node(number);
    const auto begin = static_cast<std::uint32_t>(node.text - text_.json.data());
    if (!node.is_scalar()) {
      const std::uint32_t* const end = text_.index + text_.count;
      const std::uint32_t* close = std::lower_bound(text_.index, end, begin + node.text_size - 1);
      shape_.containers_.push_back({.open = ordinal_from(begin),
                                    .close = static_cast<std::uint32_t>(close - text_.index),
                                    .node = number});
      return true;
    }
    if (node.kind == NodeKind::null) {
      return true;  // No gap: it says all.
    }
    const std::uint32_t quote = node.kind == NodeKind::string ? 1 : 0;
    const std::uint32_t ordinal = ordinal_from(begin - quote);
    const std::uint32_t less = text_.index[ordinal + 1] - text_.index[ordinal] - node.text_size;
    if (less > 0xFF || !add_fixed(begin)) {
      return false;
    }
    fixed_at_ = begin + node.text_size;
    gaps_of(node.kind).push_back({.ordinal = ordinal,
                                  .node = static_cast<std::uint16_t>(number),
                                  .begin = static_cast<std::uint8_t>(quote),
                                  .less = static_cast<std::uint8_t>(less)});
    return true;
  }

  [[nodiscard]] std::vector<JsonShape::Gap>& gaps_of(NodeKind kind) const {
    switch (kind) {
      case NodeKind::number: return shape_.numbers_;
      case NodeKind::boolean: return shape_.booleans_;
      default: return shape_.strings_;
    }
  }

  /// The ordinal of the first structural character not before that place. Places must rise.
  std::uint32_t ordinal_from(std::uint32_t place) {
    while (text_.index[ordinal_] < place) {
      ++ordinal_;
    }
    return ordinal_;
  }

  /// Checks for the fixed text up to `end`. Each is tied to the last structural character before
  /// it, which another check has then, so that nothing stands between the two; the first to its own
  /// first one. That must lie so that no byte before the text is read: characters stand at least as
  /// far from the beginning as their ordinals say.
  bool add_fixed(std::uint32_t end) {
    while (text_.index[fixed_ordinal_] < fixed_at_) {
      ++fixed_ordinal_;
    }
    for (std::uint32_t at = fixed_at_; at < end;) {
      const std::uint32_t size = std::min(end - at, kCheckBytes);
      while (fixed_ordinal_ + 1 < text_.count && text_.index[fixed_ordinal_ + 1] < at) {
        ++fixed_ordinal_;
      }
      const auto offset =
          static_cast<std::int32_t>(at) - static_cast<std::int32_t>(text_.index[fixed_ordinal_]);
      const bool is_in_reach = -offset < static_cast<std::int32_t>(size) &&
                               -offset <= static_cast<std::int32_t>(fixed_ordinal_) &&
                               offset < static_cast<std::int32_t>(kReach);
      if (!is_in_reach) {
        return false;
      }
      JsonShape::Check check;
      std::memcpy(check.text, text_.json.data() + at, size);
      check.mask = size == kCheckBytes ? ~0U : (1U << size) - 1;
      check.ordinal = fixed_ordinal_;
      check.offset = offset;
      check.size = size;
      shape_.checks_.push_back(check);
      at += size;
    }
    return true;
  }

  const StructuralText& text_;
  const Document& document_;
  JsonShape& shape_;
  std::uint32_t fixed_at_ = 0;  ///< Where the fixed text begins that no check has.
  std::uint32_t ordinal_ = 0;
  std::uint32_t fixed_ordinal_ = 0;
};

void JsonShape::clear() {
  count_ = 0;
  checks_.clear();
  strings_.clear();
  numbers_.clear();
  booleans_.clear();
  containers_.clear();
}

bool JsonShape::assign(const StructuralText& text, const Document& document) {
  clear();
  if (!ShapeBuilder(text, document, *this).build()) {
    return false;
  }
  count_ = text.count;
  return true;
}

bool JsonShape::read(const StructuralText& text) {
  static const Fit kFit = widest_fit();
  if (count_ != text.count || !kFit(checks_, text.json.data(), text.index)) {
    return false;
  }
  Node* const nodes = nodes_.data();
  const char* const base = text.json.data();
  const std::uint32_t* const index = text.index;
  for (const Gap& gap : strings_) {
    const std::uint32_t begin = index[gap.ordinal];
    nodes[gap.node].text = base + begin + 1;
    nodes[gap.node].text_size = index[gap.ordinal + 1] - begin - gap.less;
  }
  for (const Container& container : containers_) {
    nodes[container.node].text = base + index[container.open];
    nodes[container.node].text_size = index[container.close] + 1 - index[container.open];
  }
  return read_numbers(text) && read_booleans(text);
}

bool JsonShape::read_numbers(const StructuralText& text) {
  Node* const nodes = nodes_.data();
  std::uint32_t plain = 1;
  for (const Gap& gap : numbers_) {
    const char* const at = text.json.data() + text.index[gap.ordinal];
    const std::uint32_t size = text.index[gap.ordinal + 1] - text.index[gap.ordinal] - gap.less;
    nodes[gap.node].text = at;
    nodes[gap.node].text_size = size;
    plain &= is_plain_number(at, size) ? 1U : 0U;
  }
  return plain != 0 || std::ranges::all_of(numbers_, [nodes](const Gap& gap) {
           return is_number(nodes[gap.node].raw_text());
         });
}

bool JsonShape::read_booleans(const StructuralText& text) {
  Node* const nodes = nodes_.data();
  bool good = true;
  for (const Gap& gap : booleans_) {
    const char* const at = text.json.data() + text.index[gap.ordinal];
    const std::uint32_t size = text.index[gap.ordinal + 1] - text.index[gap.ordinal] - gap.less;
    nodes[gap.node].text = at;
    nodes[gap.node].text_size = size;
    const std::string_view word(at, size);
    good = good && (word == "true" || word == "false");
  }
  return good;
}

}  // namespace spoor
