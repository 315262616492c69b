#include "parsers/json/escape_check.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "parsers/json/backslash_runs.h"

namespace spoor {
namespace {

constexpr std::size_t kBlock = 64;

/// What a block of 64 bytes holds, a bit for each byte.
struct BlockBits {
  std::uint64_t backslashes;
  std::uint64_t simple;  ///< What may follow a backslash, but for u: "\/bfnrt.
};

constexpr bool is_simple(char c) {
  return c == '"' || c == '\\' || c == '/' || c == 'b' || c == 'f' || c == 'n' || c == 'r' ||
         c == 't';
}

constexpr std::array<bool, 256> kSimple = [] {
  std::array<bool, 256> simple{};
  for (std::size_t byte = 0; byte < simple.size(); ++byte) {
    simple[byte] = is_simple(static_cast<char>(byte));
  }
  return simple;
}();

int hex_value(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  const int low = c | 0x20;
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/// The four hex digits behind the u at `place`, or -1.
int unit_at(std::string_view json, std::size_t place) {
  if (place + 4 >= json.size()) {
    return -1;
  }
  int value = 0;
  for (std::size_t i = place + 1; i <= place + 4; ++i) {
    const int digit = hex_value(json[i]);
    if (digit < 0) {
      return -1;
    }
    value = value * 16 + digit;
  }
  return value;
}

/// Is the low half at `place` preceded by an escape with a high half? The backslash of that one
/// must itself not be escaped.
bool has_high_before(std::string_view json, std::size_t place) {
  if (place < 7 || json[place - 7] != '\\' || json[place - 6] != 'u') {
    return false;
  }
  const int high = unit_at(json, place - 6);
  if (high < 0xD800 || high > 0xDBFF) {
    return false;
  }
  std::size_t run = 0;
  for (std::size_t at = place - 7; at < json.size() && json[at] == '\\'; --at) {
    ++run;
  }
  return run % 2 == 1;
}

/// The escape whose letter stands at `place`, which is none of the simple ones.
Escapes check_unicode_escape(std::string_view json, std::size_t place) {
  if (place >= json.size() || json[place] != 'u') {
    return Escapes::bad;
  }
  const int unit = unit_at(json, place);
  if (unit < 0) {
    return Escapes::bad;
  }
  if (unit < 0xD800 || unit > 0xDFFF) {
    return Escapes::good;
  }
  // A half of a pair. Its other half must stand beside it.
  bool paired = false;
  if (unit < 0xDC00) {
    const int low = json.substr(place + 5).starts_with("\\u") ? unit_at(json, place + 6) : -1;
    paired = low >= 0xDC00 && low <= 0xDFFF;
  } else {
    paired = has_high_before(json, place);
  }
  return paired ? Escapes::good : Escapes::lone_surrogate;
}

/// Are all escapes so plain that a glance tells that they are good: simple ones, in runs of at most
/// two backslashes? In such a run the first backslash escapes what follows and the second nothing,
/// so that no block needs to know what was made of the one before. `false` says nothing.
using GlanceOver = bool (*)(std::string_view json);

/// What this many blocks hold: looked at by one call, so that what follows need not be compiled for
/// the machine's widest instructions (g++ would do sums of bits in mask registers, at three cycles
/// a step).
constexpr std::size_t kBlocksAtOnce = 32;

/// Looks at `count` blocks.
using Look = void (*)(const char* text, std::size_t count, BlockBits* bits);

/// The check. Escapes that are not simple are rare, and looked at one by one.
Escapes check_blocks(std::string_view json, Look look) {
  Escapes verdict = Escapes::good;
  std::uint64_t carry = 0;
  // Not cleared: look() fills what is read.
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init)
  std::array<BlockBits, kBlocksAtOnce> bits;
  std::array<char, kBlock> rest{};
  for (std::size_t at = 0; at < json.size();) {
    std::size_t blocks = std::min(kBlocksAtOnce, (json.size() - at) / kBlock);
    if (blocks > 0) {
      look(json.data() + at, blocks, bits.data());
    } else {
      blocks = 1;
      rest.fill(0);
      std::memcpy(rest.data(), json.data() + at, json.size() - at);
      look(rest.data(), 1, bits.data());
    }
    for (std::size_t block = 0; block < blocks; ++block, at += kBlock) {
      std::uint64_t odd = escaped_bytes(bits[block].backslashes, carry) & ~bits[block].simple;
      while (odd != 0)
        [[unlikely]] {
          const Escapes one =
              check_unicode_escape(json, at + static_cast<std::size_t>(std::countr_zero(odd)));
          verdict = std::max(verdict, one);
          odd &= odd - 1;
        }
    }
  }
  // A text that ends with a lone backslash has no closed string; the check is for its own sake.
  return carry != 0 && json.size() % kBlock == 0 ? Escapes::bad : verdict;
}

void look_plainly(const char* text, std::size_t count, BlockBits* bits) {
  for (std::size_t block = 0; block < count; ++block) {
    BlockBits found{.backslashes = 0, .simple = 0};
    for (std::size_t i = 0; i < kBlock; ++i) {
      const char c = text[block * kBlock + i];
      found.backslashes |= std::uint64_t{c == '\\'} << i;
      found.simple |= std::uint64_t{kSimple[static_cast<unsigned char>(c)]} << i;
    }
    bits[block] = found;
  }
}

#if defined(__x86_64__)

// Which bytes are simple, by their two halves: kLow[low half] has a bit for each high half with
// which it makes one, kHigh[high half] that bit. " is 0x22, / 0x2F, \ 0x5C, b 0x62, f 0x66, n 0x6E,
// r 0x72, t 0x74.
constexpr std::array<unsigned char, 16> kLow = [] {
  std::array<unsigned char, 16> table{};
  for (const unsigned byte : {0x22U, 0x2FU, 0x5CU, 0x62U, 0x66U, 0x6EU, 0x72U, 0x74U}) {
    table[byte & 0xFU] = static_cast<unsigned char>(table[byte & 0xFU] | (1U << (byte >> 4U)));
  }
  return table;
}();
constexpr std::array<unsigned char, 16> kHigh = {1, 2, 4, 8, 16, 32, 64, 128};

// What a byte is to the glance, in a byte.
constexpr unsigned char kMayFollow = 1;  ///< It may follow a backslash.
constexpr unsigned char kBackslash = 2;

constexpr std::array<unsigned char, 128> kClasses = [] {
  std::array<unsigned char, 128> classes{};
  for (std::size_t byte = 0; byte < classes.size(); ++byte) {
    classes[byte] = kSimple[byte] ? kMayFollow : 0;
  }
  classes['\\'] = kMayFollow | kBackslash;
  return classes;
}();

/// 0, 1, … 63, and so many more: which byte of two blocks stands that much before each of the
/// second's.
constexpr std::array<unsigned char, kBlock> places_before(std::size_t distance) {
  std::array<unsigned char, kBlock> places{};
  for (std::size_t i = 0; i < kBlock; ++i) {
    places[i] = static_cast<unsigned char>(kBlock + i - distance);
  }
  return places;
}

constexpr std::array<unsigned char, kBlock> kOneBefore = places_before(1);
constexpr std::array<unsigned char, kBlock> kTwoBefore = places_before(2);

[[gnu::target("avx512bw,avx512vbmi")]] bool glance_avx512(std::string_view json) {
  const __m512i lower_classes = _mm512_loadu_si512(kClasses.data());
  const __m512i upper_classes = _mm512_loadu_si512(kClasses.data() + kBlock);
  const __m512i one_before = _mm512_loadu_si512(kOneBefore.data());
  const __m512i two_before = _mm512_loadu_si512(kTwoBefore.data());
  __m512i last = _mm512_setzero_si512();
  __m512i odd = _mm512_setzero_si512();
  // As bytes and not as bits in mask registers, where every step takes three cycles.
  for (std::size_t at = 0; at < json.size(); at += kBlock) {
    const std::size_t rest = json.size() - at;
    const __mmask64 there = rest >= kBlock ? ~__mmask64{0} : (__mmask64{1} << rest) - 1;
    const __m512i bytes = _mm512_maskz_loadu_epi8(there, json.data() + at);
    const __m512i classes = _mm512_maskz_permutex2var_epi8(_knot_mask64(_mm512_movepi8_mask(bytes)),
                                                           lower_classes, bytes, upper_classes);
    const __m512i before = _mm512_permutex2var_epi8(last, one_before, classes);
    const __m512i second_before = _mm512_permutex2var_epi8(last, two_before, classes);
    // Behind one backslash stands what may not follow it, or behind two a third. The sum moves
    // kMayFollow to the place of kBackslash.
    constexpr int kThirdOrNotFollowing = 0b10100011;  // second_before ? classes : not may_follow.
    constexpr int kOrBoth = 0b11111000;
    const __m512i may_follow = _mm512_add_epi8(classes, classes);
    const __m512i wrong =
        _mm512_ternarylogic_epi64(second_before, may_follow, classes, kThirdOrNotFollowing);
    odd = _mm512_ternarylogic_epi64(odd, before, wrong, kOrBoth);
    last = classes;
  }
  // A backslash at the very end escapes nothing.
  return _mm512_test_epi8_mask(odd, _mm512_set1_epi8(kBackslash)) == 0 && !json.ends_with('\\');
}

// maskz_broadcast, all of it: broadcast leans on what g++ 12 calls uninitialized (GCC bug 105593).

[[gnu::target("avx512bw")]] void look_avx512(const char* text, std::size_t count, BlockBits* bits) {
  const __m512i low_table = _mm512_maskz_broadcast_i32x4(
      0xFFFF, _mm_loadu_si128(reinterpret_cast<const __m128i*>(kLow.data())));
  const __m512i high_table = _mm512_maskz_broadcast_i32x4(
      0xFFFF, _mm_loadu_si128(reinterpret_cast<const __m128i*>(kHigh.data())));
  const __m512i nibble = _mm512_set1_epi8(0x0F);
  const __m512i backslash = _mm512_set1_epi8('\\');
  for (std::size_t block = 0; block < count; ++block) {
    const __m512i bytes = _mm512_loadu_si512(text + block * kBlock);
    const __m512i low = _mm512_shuffle_epi8(low_table, _mm512_and_si512(bytes, nibble));
    const __m512i high =
        _mm512_shuffle_epi8(high_table, _mm512_and_si512(_mm512_srli_epi16(bytes, 4), nibble));
    bits[block] = {.backslashes = _mm512_cmpeq_epi8_mask(bytes, backslash),
                   .simple = _mm512_test_epi8_mask(low, high)};
  }
}

[[gnu::target("avx2")]] void look_avx2(const char* text, std::size_t count, BlockBits* bits) {
  const __m256i low_table =
      _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(kLow.data())));
  const __m256i high_table =
      _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(kHigh.data())));
  const __m256i nibble = _mm256_set1_epi8(0x0F);
  const __m256i backslash = _mm256_set1_epi8('\\');
  for (std::size_t block = 0; block < count; ++block) {
    BlockBits found{.backslashes = 0, .simple = 0};
    for (std::size_t half = 0; half < 2; ++half) {
      const __m256i bytes =
          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text + block * kBlock + 32 * half));
      const __m256i low = _mm256_shuffle_epi8(low_table, _mm256_and_si256(bytes, nibble));
      const __m256i high =
          _mm256_shuffle_epi8(high_table, _mm256_and_si256(_mm256_srli_epi16(bytes, 4), nibble));
      const __m256i not_simple =
          _mm256_cmpeq_epi8(_mm256_and_si256(low, high), _mm256_setzero_si256());
      const auto equal =
          static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, backslash)));
      const auto other = static_cast<std::uint32_t>(_mm256_movemask_epi8(not_simple));
      found.backslashes |= std::uint64_t{equal} << (32 * half);
      found.simple |= std::uint64_t{~other} << (32 * half);
    }
    bits[block] = found;
  }
}

#endif

GlanceOver widest_glance() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi")) {
    return glance_avx512;
  }
#endif
  // Not worth its time where what it saves is not the addition but the look.
  return [](std::string_view /*json*/) { return false; };
}

Look widest_look() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bw")) {
    return look_avx512;
  }
  if (__builtin_cpu_supports("avx2")) {
    return look_avx2;
  }
#endif
  return look_plainly;
}

}  // namespace

Escapes check_escapes(std::string_view json) {
  static const GlanceOver kGlance = widest_glance();
  static const Look kLook = widest_look();
  if (kGlance(json)) {
    return Escapes::good;
  }
  return check_blocks(json, kLook);
}

Escapes check_escapes_plainly(std::string_view json) {
  Escapes verdict = Escapes::good;
  for (std::size_t at = 0; at < json.size(); ++at) {
    if (json[at] != '\\') {
      continue;
    }
    ++at;
    if (at >= json.size()) {
      return Escapes::bad;
    }
    if (!is_simple(json[at])) {
      verdict = std::max(verdict, check_unicode_escape(json, at));
    }
  }
  return verdict;
}

}  // namespace spoor
