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
constexpr std::uint32_t kReach = static_cast<std::uint32_t>(kTextPadding) - kCheckBytes + 1;

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
using Gaps = std::vector<JsonShape::Gap>;

/// Into its node.
[[gnu::always_inline]] inline void take(const JsonShape::Gap& gap,
                                        const StructuralText& text,
                                        Node* nodes) {
  const std::uint32_t* const at = text.index + gap.ordinal;
  nodes[gap.node].text = text.json.data() + at[0] + gap.begin;
  nodes[gap.node].text_size = at[1] - at[0] - gap.less;
}

bool take_numbers_plainly(const Gaps& gaps, const StructuralText& text, Node* nodes) {
  std::uint32_t plain = 1;
  for (const JsonShape::Gap& gap : gaps) {
    take(gap, text, nodes);
    plain &= is_plain_number(nodes[gap.node].text, nodes[gap.node].text_size) ? 1U : 0U;
  }
  return plain != 0;
}

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

[[gnu::target("avx512bw,avx512vl")]] bool take_numbers_avx512(const Gaps& gaps,
                                                              const StructuralText& text,
                                                              Node* nodes) {
  const __m256i minus_zero = _mm256_set1_epi8(-'0');
  const __m256i nine = _mm256_set1_epi8(9);
  __m256i no_digits = _mm256_setzero_si256();
  std::uint32_t odd = 0;
  for (const JsonShape::Gap& gap : gaps) {
    take(gap, text, nodes);
    const char* const at = nodes[gap.node].text;
    const std::uint32_t sign = at[0] == '-' ? 1 : 0;
    const std::uint32_t digits = nodes[gap.node].text_size - sign;
    const std::uint32_t there = (std::uint32_t{1} << (digits & 31U)) - 1;
    const __m256i values = _mm256_maskz_add_epi8(
        there, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at + sign)), minus_zero);
    no_digits = _mm256_or_si256(no_digits, _mm256_subs_epu8(values, nine));
    // No digit or too many for a look, or a zero before others.
    odd |= (digits - 1) & ~31U;
    odd |= (at[sign] == '0' ? 1U : 0U) & (digits != 1 ? 1U : 0U);
    odd |= (digits & 31U) == 0 ? 1U : 0U;
  }
  return odd == 0 && _mm256_testz_si256(no_digits, no_digits) != 0;
}

#endif

constexpr std::uint32_t front_of(std::array<char, 4> word) {
  return std::bit_cast<std::uint32_t>(word);
}

constexpr std::uint32_t kTrue = front_of({'t', 'r', 'u', 'e'});
constexpr std::uint32_t kFals = front_of({'f', 'a', 'l', 's'});

/// With the bytes behind it that every text of a document has.
constexpr char kNull[4 + kTextPadding + 1] = "null";

}  // namespace

/// The loops that are worth the machine's widest instructions.
struct JsonShape::Kernels {
  bool (*fit)(const Checks& checks, const char* base, const std::uint32_t* index);
  /// Takes the numbers; are all whole ones that a look tells to be valid?
  bool (*take_numbers)(const Gaps& gaps, const StructuralText& text, Node* nodes);

  static constexpr Kernels plain() {
    return {.fit = fit_plainly, .take_numbers = take_numbers_plainly};
  }

  static Kernels widest() {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) {
      return {.fit = fit_avx512, .take_numbers = take_numbers_avx512};
    }
#endif
    return plain();
  }
};

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
  static const Kernels kWidest = Kernels::widest();
  return read(text, kWidest);
}

bool JsonShape::read_plainly(const StructuralText& text) {
  return read(text, Kernels::plain());
}

bool JsonShape::read(const StructuralText& text, const Kernels& kernels) {
  if (count_ != text.count || !kernels.fit(checks_, text.json.data(), text.index)) {
    return false;
  }
  Node* const nodes = nodes_.data();
  for (const Gap& gap : strings_) {
    take(gap, text, nodes);
  }
  for (const Container& container : containers_) {
    nodes[container.node].text = text.json.data() + text.index[container.open];
    nodes[container.node].text_size = text.index[container.close] + 1 - text.index[container.open];
  }
  const auto is_valid_number = [nodes](const Gap& gap) {
    return is_number(nodes[gap.node].raw_text());
  };
  return read_booleans(text) && (kernels.take_numbers(numbers_, text, nodes) ||
                                 std::ranges::all_of(numbers_, is_valid_number));
}

bool JsonShape::read_booleans(const StructuralText& text) {
  Node* const nodes = nodes_.data();
  std::uint32_t good = 1;
  for (const Gap& gap : booleans_) {
    take(gap, text, nodes);
    // What is behind a word that is too short can be read.
    std::uint32_t front = 0;
    std::memcpy(&front, nodes[gap.node].text, sizeof front);
    const std::uint32_t size = nodes[gap.node].text_size;
    const std::uint32_t is_true = (front == kTrue ? 1U : 0U) & (size == 4 ? 1U : 0U);
    const std::uint32_t is_false = (front == kFals ? 1U : 0U) & (size == 5 ? 1U : 0U) &
                                   (nodes[gap.node].text[4] == 'e' ? 1U : 0U);
    good &= is_true | is_false;
  }
  return good != 0;
}

}  // namespace spoor
