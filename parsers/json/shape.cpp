#include "parsers/json/shape.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "parsers/json/byte_mask.h"
#include "parsers/json/number_check.h"

namespace spoor {
namespace {

constexpr std::uint32_t kCheckBytes = 32;
/// A check begins less than this behind the quote that it is tied to: then it is read within the
/// padding, wherever that quote stands.
constexpr std::uint32_t kReach = static_cast<std::uint32_t>(kTextPadding) - kCheckBytes + 1;
/// The same for a number, whose sign is looked at before the rest.
constexpr std::uint32_t kNumberReach = kReach - 1;
static_assert(kNumberPadding <= kCheckBytes);

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

/// What stands in a gap.
struct Filling {
  const char* text = nullptr;
  std::uint32_t size = 0;
};

/// Into its node.
[[gnu::always_inline]] inline Filling take(const JsonShape::Gap& gap,
                                           const QuotedText& text,
                                           Node* nodes) {
  const QuotePlace* const at = text.index + gap.ordinal;
  const Filling filling{.text = text.json.data() + at[0] + gap.begin,
                        .size = std::uint32_t{at[1]} - at[0] - gap.less};
  nodes[gap.node].text = filling.text;
  nodes[gap.node].text_size = filling.size;
  return filling;
}

[[gnu::always_inline]] inline void take(const JsonShape::StringGap& gap,
                                        const QuotedText& text,
                                        Node* nodes) {
  const QuotePlace* const at = text.index + gap.ordinal;
  nodes[gap.node].text = text.json.data() + at[0] + 1;
  nodes[gap.node].text_size = std::uint32_t{at[1]} - at[0] - 1;
}

bool take_numbers_plainly(const Gaps& gaps, const QuotedText& text, Node* nodes) {
  std::uint32_t plain = 1;
  for (const JsonShape::Gap& gap : gaps) {
    const Filling number = take(gap, text, nodes);
    plain &= is_plain_number(number.text, number.size) ? 1U : 0U;
  }
  return plain != 0;
}

bool fit_plainly(const Checks& checks, const char* base, const QuotePlace* index) {
  Sixteen differences = {0, 0};
  for (const JsonShape::Check& check : checks) {
    const char* at = base + index[check.ordinal] + check.offset;
    const std::uint32_t size = check.size;
    const std::uint32_t head = std::min(size, 16U);
    differences |= (load(at) & kMasks[head]) ^ load(check.text);
    differences |= (load(at + 16) & kMasks[size - head]) ^ load(check.text + 2);
  }
  return (differences[0] | differences[1]) == 0;
}

#if defined(__x86_64__)

/// Those of a number, for a look at up to 31.
struct Digits {
  const char* at = nullptr;
  std::uint32_t looked_at = 0;
};

/// Takes the number of a gap. `odd` is not zero any more if it has no digit or too many for a look,
/// or a zero before others. No branch.
[[gnu::always_inline]] inline Digits take_digits(const JsonShape::Gap& gap,
                                                 const QuotedText& text,
                                                 Node* nodes,
                                                 std::uint32_t& odd) {
  constexpr std::uint32_t kMost = 31;
  const auto [at, size] = take(gap, text, nodes);
  const std::uint32_t sign = at[0] == '-' ? 1 : 0;
  const std::uint32_t count = size - sign;
  const Digits digits{.at = at + sign, .looked_at = count & kMost};
  odd |= (count - 1) & ~kMost;
  odd |= (digits.at[0] == '0' ? 1U : 0U) & (count != 1 ? 1U : 0U);
  odd |= digits.looked_at == 0 ? 1U : 0U;
  return digits;
}

[[gnu::target("avx2"), gnu::always_inline]] inline __m256i load_wide(const void* bytes) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(bytes));
}

[[gnu::target("avx2")]] bool fit_avx2(const Checks& checks,
                                      const char* base,
                                      const QuotePlace* index) {
  __m256i differences = _mm256_setzero_si256();
  for (const JsonShape::Check& check : checks) {
    const char* at = base + index[check.ordinal] + check.offset;
    const __m256i there = _mm256_and_si256(load_wide(at), load_wide(mask_of_first(check.size)));
    differences = _mm256_or_si256(differences, _mm256_xor_si256(there, load_wide(check.text)));
  }
  return _mm256_testz_si256(differences, differences) != 0;
}

[[gnu::target("avx2")]] bool take_numbers_avx2(const Gaps& gaps,
                                               const QuotedText& text,
                                               Node* nodes) {
  const __m256i minus_zero = _mm256_set1_epi8(-'0');
  const __m256i nine = _mm256_set1_epi8(9);
  __m256i no_digits = _mm256_setzero_si256();
  std::uint32_t odd = 0;
  for (const JsonShape::Gap& gap : gaps) {
    const Digits digits = take_digits(gap, text, nodes, odd);
    const __m256i values = _mm256_and_si256(_mm256_add_epi8(load_wide(digits.at), minus_zero),
                                            load_wide(mask_of_first(digits.looked_at)));
    no_digits = _mm256_or_si256(no_digits, _mm256_subs_epu8(values, nine));
  }
  return odd == 0 && _mm256_testz_si256(no_digits, no_digits) != 0;
}

[[gnu::target("avx512bw,avx512vl")]] bool fit_avx512(const Checks& checks,
                                                     const char* base,
                                                     const QuotePlace* index) {
  __m256i differences = _mm256_setzero_si256();
  for (const JsonShape::Check& check : checks) {
    const char* at = base + index[check.ordinal] + check.offset;
    const __m256i there = _mm256_maskz_loadu_epi8(check.mask, at);
    constexpr int kOrOfXor = 0xF6;  // By the truth table: differences | (there ^ text).
    differences = _mm256_ternarylogic_epi32(differences, there, load_wide(check.text), kOrOfXor);
  }
  return _mm256_testz_si256(differences, differences) != 0;
}

[[gnu::target("avx512bw,avx512vl")]] bool take_numbers_avx512(const Gaps& gaps,
                                                              const QuotedText& text,
                                                              Node* nodes) {
  const __m256i minus_zero = _mm256_set1_epi8(-'0');
  const __m256i nine = _mm256_set1_epi8(9);
  __m256i no_digits = _mm256_setzero_si256();
  std::uint32_t odd = 0;
  for (const JsonShape::Gap& gap : gaps) {
    const Digits digits = take_digits(gap, text, nodes, odd);
    const std::uint32_t there = (std::uint32_t{1} << digits.looked_at) - 1;
    const __m256i values = _mm256_maskz_add_epi8(there, load_wide(digits.at), minus_zero);
    no_digits = _mm256_or_si256(no_digits, _mm256_subs_epu8(values, nine));
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
  bool (*fit)(const Checks& checks, const char* base, const QuotePlace* index);
  /// Takes the numbers; are all whole ones that a look tells to be valid?
  bool (*take_numbers)(const Gaps& gaps, const QuotedText& text, Node* nodes);

  /// Those that this machine can run, the fastest first.
  static std::vector<Kernels> runnable() {
    std::vector<Kernels> kernels;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) {
      kernels.push_back({.fit = fit_avx512, .take_numbers = take_numbers_avx512});
    }
    if (__builtin_cpu_supports("avx2")) {
      kernels.push_back({.fit = fit_avx2, .take_numbers = take_numbers_avx2});
    }
#endif
    kernels.push_back({.fit = fit_plainly, .take_numbers = take_numbers_plainly});
    return kernels;
  }

  static const std::vector<Kernels>& all() {
    static const std::vector<Kernels> kAll = runnable();
    return kAll;
  }
};

/// Takes a valid text apart, into fixed text and gaps.
class ShapeBuilder {
 public:
  ShapeBuilder(const QuotedText& text, const Document& document, JsonShape& shape)
      : text_(text), document_(document), shape_(shape) {}

  [[nodiscard]] bool build() {
    const Node& root = document_.node(0);
    const auto size = static_cast<std::uint32_t>(text_.json.size());
    // The text has no blanks around it: of nothing else is known where it stands.
    if (text_.count == 0 || document_.size() > JsonShape::kNodesMax ||
        root.kind != NodeKind::object || root.text != text_.json.data() || root.text_size != size ||
        !take_nodes()) {
      return false;
    }
    for (NodeIndex node = 0; node < document_.size(); ++node) {
      if (!add(node)) {
        return false;
      }
    }
    if (!add_fixed(size)) {
      return false;
    }
    set_containers();
    shape_.front_ = text_.index[0];
    shape_.back_ = has_number_behind(text_.count - 1) ? 0 : size - text_.index[text_.count - 1];
    return true;
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
    if (!node.is_scalar() || node.kind == NodeKind::null) {
      return true;  // No gap.
    }
    const auto begin = static_cast<std::uint32_t>(node.text - text_.json.data());
    while (ordinal_ + 1 < text_.count && text_.index[ordinal_ + 1] < begin) {
      ++ordinal_;
    }
    if (text_.index[ordinal_] >= begin || !add_fixed(begin)) {
      return false;
    }
    if (node.kind == NodeKind::string) {
      shape_.strings_.push_back({.ordinal = static_cast<std::uint16_t>(ordinal_),
                                 .node = static_cast<std::uint16_t>(number)});
    } else if (!add_number(node, number, begin)) {
      return false;
    }
    fixed_at_ = begin + node.text_size;
    return true;
  }

  /// A number, or true or false.
  bool add_number(const Node& node, NodeIndex number, std::uint32_t begin) {
    const std::uint32_t first = begin - text_.index[ordinal_];
    const std::uint32_t less = text_.index[ordinal_ + 1] - text_.index[ordinal_] - node.text_size;
    if (less > 0xFF || first > kNumberReach || has_number_behind(ordinal_)) {
      return false;
    }
    number_ordinal_ = ordinal_;
    has_number_ = true;
    auto& gaps = node.kind == NodeKind::number ? shape_.numbers_ : shape_.booleans_;
    gaps.push_back({.ordinal = static_cast<std::uint16_t>(ordinal_),
                    .node = static_cast<std::uint16_t>(number),
                    .begin = static_cast<std::uint8_t>(first),
                    .less = static_cast<std::uint8_t>(less)});
    return true;
  }

  /// Was the last number, or true or false, found between that quote and the next?
  [[nodiscard]] bool has_number_behind(std::size_t ordinal) const {
    return has_number_ && number_ordinal_ == ordinal;
  }

  /// Which quote's place tells where that place of fixed text is: the last one before it, but the
  /// next one if a number or the like stands between, or if there is none before. All gaps before
  /// that place are known.
  [[nodiscard]] JsonShape::Tie tie(std::uint32_t place) const {
    const std::uint32_t next = ordinal_of(place);
    const bool is_before = next > 0 && !is_behind_number(next - 1, place);
    const std::uint32_t ordinal = is_before ? next - 1 : next;
    return {.ordinal = ordinal,
            .offset =
                static_cast<std::int32_t>(place) - static_cast<std::int32_t>(text_.index[ordinal])};
  }

  /// Of the first quote that is not before that place.
  [[nodiscard]] std::uint32_t ordinal_of(std::uint32_t place) const {
    const QuotePlace* const end = text_.index + text_.count;
    return static_cast<std::uint32_t>(std::lower_bound(text_.index, end, place) - text_.index);
  }

  /// Does a number or the like stand between that quote and that place?
  [[nodiscard]] bool is_behind_number(std::uint32_t ordinal, std::uint32_t place) const {
    for (const auto* gaps : {&shape_.numbers_, &shape_.booleans_}) {
      const auto gap = std::ranges::lower_bound(*gaps, ordinal, {}, &JsonShape::Gap::ordinal);
      if (gap != gaps->end() && gap->ordinal == ordinal) {
        return place >= text_.index[ordinal] + gap->begin;
      }
    }
    return false;
  }

  /// Checks for the fixed text up to `end`. The first is tied to the quote that ends the string
  /// before it, or to its own first quote, or to the text's end. The others are tied to a quote
  /// within an earlier one, so that nothing stands between the two. A check that begins before the
  /// quote that it is tied to lies so that no byte before the text is read: quotes stand at least
  /// as far from the beginning as their ordinals say.
  bool add_fixed(std::uint32_t end) {
    for (std::uint32_t at = fixed_at_; at < end;) {
      const std::uint32_t size = std::min(end - at, kCheckBytes);
      const bool begins_with_tie = at == fixed_at_ && text_.index[ordinal_of(at)] == at;
      const JsonShape::Tie place =
          begins_with_tie ? JsonShape::Tie{.ordinal = ordinal_of(at), .offset = 0} : tie(at);
      const bool holds_tie =
          place.offset >= 0 || -place.offset < static_cast<std::int32_t>(size) ||
          (place.ordinal == text_.count && -place.offset == static_cast<std::int32_t>(size));
      const bool is_in_text = place.ordinal == 0 ||  // Where that one stands is compared.
                              -place.offset <= static_cast<std::int32_t>(place.ordinal);
      const bool is_in_reach =
          holds_tie && is_in_text && place.offset < static_cast<std::int32_t>(kReach);
      if (!is_in_reach) {
        return false;
      }
      JsonShape::Check check;
      std::memcpy(check.text, text_.json.data() + at, size);
      check.mask = size == kCheckBytes ? ~0U : (1U << size) - 1;
      check.ordinal = static_cast<std::uint16_t>(place.ordinal);
      check.offset = static_cast<std::int8_t>(place.offset);
      check.size = static_cast<std::uint8_t>(size);
      shape_.checks_.push_back(check);
      at += size;
    }
    return true;
  }

  void set_containers() {
    for (NodeIndex number = 0; number < document_.size(); ++number) {
      const Node& node = document_.node(number);
      if (!node.is_scalar()) {
        const auto begin = static_cast<std::uint32_t>(node.text - text_.json.data());
        JsonShape::Tie end = tie(begin + node.text_size - 1);
        ++end.offset;
        shape_.containers_.push_back({.begin = tie(begin), .end = end, .node = number});
      }
    }
  }

  const QuotedText& text_;
  const Document& document_;
  JsonShape& shape_;
  std::uint32_t fixed_at_ = 0;  ///< Where the fixed text begins that no check has.
  std::uint32_t ordinal_ = 0;   ///< Of the last quote before the value that is looked at.
  std::uint32_t number_ordinal_ = 0;
  bool has_number_ = false;
};

void JsonShape::clear() {
  count_ = 0;
  checks_.clear();
  strings_.clear();
  numbers_.clear();
  booleans_.clear();
  containers_.clear();
}

bool JsonShape::assign(const QuotedText& text, const Document& document) {
  clear();
  if (!ShapeBuilder(text, document, *this).build()) {
    return false;
  }
  count_ = text.count;
  return true;
}

bool JsonShape::read(const QuotedText& text) {
  static const Kernels kFastest = Kernels::all().front();
  return read(text, kFastest);
}

std::size_t JsonShape::ways() {
  return Kernels::all().size();
}

bool JsonShape::read_in_way(std::size_t way, const QuotedText& text) {
  return read(text, Kernels::all().at(way));
}

bool JsonShape::read(const QuotedText& text, const Kernels& kernels) {
  const char* const base = text.json.data();
  const QuotePlace* const index = text.index;
  if (count_ != text.count || count_ == 0 || front_ != index[0] ||
      (back_ != 0 && back_ != std::uint32_t{index[count_]} - index[count_ - 1]) ||
      !kernels.fit(checks_, base, index)) {
    return false;
  }
  Node* const nodes = nodes_.data();
  for (const StringGap& gap : strings_) {
    take(gap, text, nodes);
  }
  for (const Container& container : containers_) {
    // Sums of unsigned numbers: an offset may be negative, the place is not.
    const std::uint32_t begin =
        index[container.begin.ordinal] + static_cast<std::uint32_t>(container.begin.offset);
    const std::uint32_t end =
        index[container.end.ordinal] + static_cast<std::uint32_t>(container.end.offset);
    nodes[container.node].text = base + begin;
    nodes[container.node].text_size = end - begin;
  }
  const auto is_valid_number = [nodes, &text](const Gap& gap) {
    // What stands before a number and what stands behind it may share bytes: then it is none, and
    // its size less than nothing.
    const std::uint32_t size = nodes[gap.node].text_size;
    return size != 0 && size < text.json.size() && is_number(nodes[gap.node].raw_text());
  };
  return read_booleans(text) && (kernels.take_numbers(numbers_, text, nodes) ||
                                 std::ranges::all_of(numbers_, is_valid_number));
}

bool JsonShape::read_booleans(const QuotedText& text) {
  Node* const nodes = nodes_.data();
  std::uint32_t good = 1;
  for (const Gap& gap : booleans_) {
    const auto [at, size] = take(gap, text, nodes);
    // What is behind a word that is too short can be read.
    std::uint32_t front = 0;
    std::memcpy(&front, at, sizeof front);
    const std::uint32_t is_true = (front == kTrue ? 1U : 0U) & (size == 4 ? 1U : 0U);
    const std::uint32_t is_false =
        (front == kFals ? 1U : 0U) & (size == 5 ? 1U : 0U) & (at[4] == 'e' ? 1U : 0U);
    good &= is_true | is_false;
  }
  return good != 0;
}

}  // namespace spoor
