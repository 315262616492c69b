#include "parsers/json/quote_scan.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "parsers/json/backslash_runs.h"

namespace spoor {
namespace {

constexpr std::size_t kBlock = 64;

constexpr std::array<bool, 256> kSimple = [] {
  std::array<bool, 256> simple{};
  for (std::size_t byte = 0; byte < simple.size(); ++byte) {
    simple[byte] = is_simple_escape(static_cast<char>(byte));
  }
  return simple;
}();

/// What a block of 64 bytes holds, a bit for each byte.
struct BlockBits {
  std::uint64_t quotes = 0;
  std::uint64_t backslashes = 0;
  std::uint64_t not_simple = 0;  ///< What may not follow a backslash, and u; perhaps b.
};

/// Those escapes of a block that are not simple; few texts have any.
[[gnu::noinline, gnu::cold]] Escapes judge(std::string_view json,
                                           std::size_t begin,
                                           std::uint64_t escaped,
                                           Escapes verdict) {
  for (; escaped != 0; escaped &= escaped - 1) {
    const auto place = begin + static_cast<std::size_t>(std::countr_zero(escaped));
    if (place >= json.size() || !is_simple_escape(json[place])) {
      verdict = std::max(verdict, check_unicode_escape(json, place));
    }
  }
  return verdict;
}

/// Of the first of these bits, in a block that begins there.
QuotePlace place_of(std::size_t begin, std::uint64_t bits) {
  return static_cast<QuotePlace>(begin + static_cast<std::size_t>(std::countr_zero(bits)));
}

/// All places of a block that has many.
[[gnu::noinline, gnu::cold]] void write_many(std::uint64_t bits,
                                             std::size_t begin,
                                             QuotePlace* out) {
  for (; bits != 0; bits &= bits - 1) {
    *out++ = place_of(begin, bits);
  }
}

/// The quotes of a block that are not escaped. Looks at its escapes.
[[gnu::always_inline]] inline std::uint64_t open_quotes(const BlockBits& bits,
                                                        std::string_view json,
                                                        std::size_t begin,
                                                        std::uint64_t& carry,
                                                        Escapes& verdict) {
  const std::uint64_t escaped = escaped_bytes(bits.backslashes, carry);
  const std::uint64_t odd = escaped & bits.not_simple;
  if (odd != 0) [[unlikely]] {
    verdict = judge(json, begin, odd, verdict);
  }
  return bits.quotes & ~escaped;
}

[[gnu::always_inline]] inline TextLook finish(TextLook look,
                                              std::string_view json,
                                              std::uint64_t carry,
                                              QuotePlace* index) {
  index[look.quotes] = static_cast<QuotePlace>(json.size());
  // A backslash at the very end escapes nothing.
  if (carry != 0) {
    look.escapes = Escapes::bad;
  }
  return look;
}

TextLook find_quotes_plainly(std::string_view json, QuotePlace* index) {
  TextLook look;
  bool escaped = false;
  for (std::size_t at = 0; at < json.size(); ++at) {
    const char c = json[at];
    const auto byte = static_cast<unsigned char>(c);
    look.is_ascii = look.is_ascii && byte < 0x80;
    look.has_controls = look.has_controls || byte < 0x20;
    if (escaped) {
      escaped = false;
      if (!kSimple[byte]) {
        look.escapes = std::max(look.escapes, check_unicode_escape(json, at));
      }
      continue;
    }
    escaped = c == '\\';
    if (c == '"') {
      index[look.quotes++] = static_cast<QuotePlace>(at);
    }
  }
  return finish(look, json, escaped ? 1 : 0, index);
}

#if defined(__x86_64__)

/// What may follow a backslash, but for u, each at the place of its lowest six bits; elsewhere what
/// has others. " and b would share a place: b, which hardly any text has, is left to judge().
constexpr std::array<unsigned char, kBlock> kSimpleByPlace = [] {
  std::array<unsigned char, kBlock> bytes{};
  for (std::size_t place = 0; place < bytes.size(); ++place) {
    bytes[place] = static_cast<unsigned char>(place ^ 1U);
  }
  for (std::size_t byte = 0; byte < kSimple.size(); ++byte) {
    if (kSimple[byte] && byte != 'b') {
      bytes[byte % kBlock] = static_cast<unsigned char>(byte);
    }
  }
  return bytes;
}();

/// 0, 1, … 63: the places of a block.
constexpr std::array<unsigned char, kBlock> kPlaces = [] {
  std::array<unsigned char, kBlock> places{};
  for (std::size_t i = 0; i < kBlock; ++i) {
    places[i] = static_cast<unsigned char>(i);
  }
  return places;
}();

/// What a walk over blocks of 64 bytes has found.
struct WideWalk {
  __m512i least{};  ///< Of the bytes at each place of the blocks, the least, as signed numbers.
  __m256i begin{};  ///< Where the block begins, sixteen times.
  QuotePlace* next = nullptr;
  std::uint64_t carry = 0;
  Escapes escapes = Escapes::good;
};

[[gnu::target("avx512bw,avx512vl,avx512vbmi,avx512vbmi2,bmi,popcnt"),
  gnu::always_inline]] inline void
take_block(__m512i bytes, std::string_view json, std::size_t at, WideWalk& walk) {
  // Here and below with masks: without, they lean on what g++ 12 calls uninitialized (GCC bug
  // 105593).
  const __m512i simple = _mm512_maskz_permutexvar_epi8(~__mmask64{0}, bytes,
                                                       _mm512_loadu_si512(kSimpleByPlace.data()));
  walk.least = _mm512_min_epi8(walk.least, bytes);
  const BlockBits bits{
      .quotes = in_general_register(_mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('"'))),
      .backslashes = in_general_register(_mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('\\'))),
      .not_simple = in_general_register(_mm512_cmpneq_epi8_mask(simple, bytes))};
  const std::uint64_t open = open_quotes(bits, json, at, walk.carry, walk.escapes);
  const auto count = static_cast<std::size_t>(std::popcount(open));
  const __m512i found = _mm512_maskz_compress_epi8(open, _mm512_loadu_si512(kPlaces.data()));
  const __m256i first = _mm256_cvtepu8_epi16(_mm512_maskz_extracti32x4_epi32(0xF, found, 0));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(walk.next), _mm256_add_epi16(walk.begin, first));
  walk.begin = _mm256_add_epi16(walk.begin, _mm256_set1_epi16(kBlock));
  constexpr std::size_t kAtOnce = 16;
  if (count > kAtOnce) [[unlikely]] {
    write_many(open, at, walk.next);
  }
  walk.next += count;
}

[[gnu::target("avx512bw,avx512vl,avx512vbmi,avx512vbmi2,bmi,popcnt")]] TextLook find_quotes_avx512(
    std::string_view json, QuotePlace* index) {
  const __m512i blanks = _mm512_set1_epi8(' ');
  WideWalk walk{.least = blanks, .begin = _mm256_setzero_si256(), .next = index};
  std::size_t at = 0;
  for (; at + kBlock <= json.size(); at += kBlock) {
    take_block(_mm512_loadu_si512(json.data() + at), json, at, walk);
  }
  const __mmask64 there = (__mmask64{1} << (json.size() - at)) - 1;
  const __m512i rest = _mm512_mask_loadu_epi8(blanks, there, json.data() + at);
  if (there != 0) {
    take_block(rest, json, at, walk);
  }
  TextLook look{.quotes = static_cast<std::size_t>(walk.next - index), .escapes = walk.escapes};
  if (_mm512_cmplt_epi8_mask(walk.least, blanks) != 0) {
    // Beyond ASCII or below a blank.
    __m512i least = rest;
    look.is_ascii = _mm512_movepi8_mask(walk.least) == 0;
    for (std::size_t block = 0; block < at; block += kBlock) {
      least = _mm512_min_epu8(least, _mm512_loadu_si512(json.data() + block));
    }
    look.has_controls = _mm512_cmplt_epu8_mask(least, blanks) != 0;
  }
  return finish(look, json, walk.carry, index);
}

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

/// What all blocks of a text have, put together.
struct Sums {
  __m256i all;
  __m256i least;
};

[[gnu::target("avx2"), gnu::always_inline]] inline BlockBits look_avx2(const char* text,
                                                                       Sums& sums) {
  const __m256i low_table =
      _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(kLow.data())));
  const __m256i high_table =
      _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(kHigh.data())));
  const __m256i nibble = _mm256_set1_epi8(0x0F);
  BlockBits found;
  for (unsigned half = 0; half < 2; ++half) {
    const __m256i bytes =
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text + std::size_t{32} * half));
    sums.all = _mm256_or_si256(sums.all, bytes);
    sums.least = _mm256_min_epu8(sums.least, bytes);
    const __m256i low = _mm256_shuffle_epi8(low_table, _mm256_and_si256(bytes, nibble));
    const __m256i high =
        _mm256_shuffle_epi8(high_table, _mm256_and_si256(_mm256_srli_epi16(bytes, 4), nibble));
    const __m256i not_simple =
        _mm256_cmpeq_epi8(_mm256_and_si256(low, high), _mm256_setzero_si256());
    const auto quotes = static_cast<std::uint32_t>(
        _mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('"'))));
    const auto backslashes = static_cast<std::uint32_t>(
        _mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('\\'))));
    const auto others = static_cast<std::uint32_t>(_mm256_movemask_epi8(not_simple));
    found.quotes |= std::uint64_t{quotes} << (32 * half);
    found.backslashes |= std::uint64_t{backslashes} << (32 * half);
    found.not_simple |= std::uint64_t{others} << (32 * half);
  }
  return found;
}

[[gnu::target("avx2,bmi,popcnt")]] TextLook find_quotes_avx2(std::string_view json,
                                                             QuotePlace* index) {
  Sums sums{.all = _mm256_setzero_si256(), .least = _mm256_set1_epi8(' ')};
  QuotePlace* next = index;
  std::uint64_t carry = 0;
  Escapes verdict = Escapes::good;
  std::array<char, kBlock> rest{};
  for (std::size_t at = 0; at < json.size(); at += kBlock) {
    const char* text = json.data() + at;
    if (json.size() - at < kBlock) [[unlikely]] {
      rest.fill(' ');
      std::memcpy(rest.data(), text, json.size() - at);
      text = rest.data();
    }
    std::uint64_t open = open_quotes(look_avx2(text, sums), json, at, carry, verdict);
    // As many as most blocks have, without a branch for each.
    constexpr int kAtOnce = 6;
    const auto count = static_cast<std::size_t>(std::popcount(open));
    for (int i = 0; i < kAtOnce; ++i) {
      next[i] = place_of(at, open);
      open &= open - 1;
    }
    for (QuotePlace* more = next + kAtOnce; open != 0; open &= open - 1) {
      *more++ = place_of(at, open);
    }
    next += count;
  }
  const __m256i blanks = _mm256_set1_epi8(' ');
  const __m256i none_less = _mm256_cmpeq_epi8(sums.least, blanks);
  const TextLook look{.quotes = static_cast<std::size_t>(next - index),
                      .escapes = verdict,
                      .is_ascii = _mm256_movemask_epi8(sums.all) == 0,
                      .has_controls = _mm256_movemask_epi8(none_less) != -1};
  return finish(look, json, carry, index);
}

#endif

std::vector<QuoteFinder> runnable_finders() {
  std::vector<QuoteFinder> finders;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi") &&
      __builtin_cpu_supports("avx512vbmi2")) {
    finders.push_back(find_quotes_avx512);
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi")) {
    finders.push_back(find_quotes_avx2);
  }
#endif
  finders.push_back(find_quotes_plainly);
  return finders;
}

}  // namespace

std::span<const QuoteFinder> quote_finders() {
  static const std::vector<QuoteFinder> kFinders = runnable_finders();
  return kFinders;
}

}  // namespace spoor
