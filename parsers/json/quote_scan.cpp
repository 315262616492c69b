#include "parsers/json/quote_scan.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "engine/base/prefetch.h"
#include "parsers/json/backslash_runs.h"
#include "parsers/json/byte_mask.h"

namespace spoor {
namespace {

constexpr std::size_t kBlock = 64;
/// How far ahead of the look memory is asked for: a record or two. Records are read one behind the
/// other, and what comes next is on its way while this one is made an event. Line by line, since
/// more at once than a core can wait for would hold it up.
constexpr std::size_t kAhead = 2048;

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
    prefetch_line(json.data() + at + kAhead);
    take_block(_mm512_loadu_si512(json.data() + at), json, at, walk);
  }
  prefetch_line(json.data() + at + kAhead);
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

/// What may follow a backslash, but for " and u, each at the place of its lowest four bits;
/// elsewhere what has others. b would share the place of r: hardly any text has it, and it is left
/// to judge().
constexpr std::array<unsigned char, 16> kSimpleByHalf = [] {
  std::array<unsigned char, 16> bytes{};
  for (std::size_t place = 0; place < bytes.size(); ++place) {
    bytes[place] = static_cast<unsigned char>(place ^ 1U);
  }
  for (std::size_t byte = 0; byte < kSimple.size(); ++byte) {
    if (kSimple[byte] && byte != 'b' && byte != '"') {
      bytes[byte % bytes.size()] = static_cast<unsigned char>(byte);
    }
  }
  return bytes;
}();

/// `least`: of the bytes at each place of the halves, the least, as signed numbers.
[[gnu::target("avx2"), gnu::always_inline]] inline BlockBits look_avx2(const char* text,
                                                                       __m256i& least) {
  const __m256i simple_by_half = _mm256_broadcastsi128_si256(
      _mm_loadu_si128(reinterpret_cast<const __m128i*>(kSimpleByHalf.data())));
  BlockBits found;
  for (unsigned half = 0; half < 2; ++half) {
    const __m256i bytes =
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text + std::size_t{32} * half));
    least = _mm256_min_epi8(least, bytes);
    const __m256i is_quote = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('"'));
    // By the lowest four bits; a byte beyond ASCII gets zero, and is none of them either.
    const __m256i is_simple = _mm256_cmpeq_epi8(bytes, _mm256_shuffle_epi8(simple_by_half, bytes));
    const auto quotes = static_cast<std::uint32_t>(_mm256_movemask_epi8(is_quote));
    const auto backslashes = static_cast<std::uint32_t>(
        _mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('\\'))));
    const auto simple =
        static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_or_si256(is_simple, is_quote)));
    found.quotes |= std::uint64_t{quotes} << (32 * half);
    found.backslashes |= std::uint64_t{backslashes} << (32 * half);
    found.not_simple |= std::uint64_t{~simple} << (32 * half);
  }
  return found;
}

struct BlankedBlock {
  alignas(32) std::array<char, kBlock> bytes;
};

/// A block whose bytes from `size` on, which can be read, are none of the text: blanks instead. By
/// whole registers, so that what reads it need not wait for the memory.
[[gnu::target("avx2"), gnu::always_inline]] inline BlankedBlock blanked_behind(const char* text,
                                                                               std::size_t size) {
  static_assert(kBlock <= kByteMaskMax);
  const unsigned char* const there = mask_of_first(size);
  BlankedBlock block{};
  for (std::size_t half = 0; half < kBlock; half += 32) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text + half));
    const __m256i mask = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(there + half));
    _mm256_store_si256(reinterpret_cast<__m256i*>(block.bytes.data() + half),
                       _mm256_blendv_epi8(_mm256_set1_epi8(' '), bytes, mask));
  }
  return block;
}

/// There is something beyond ASCII or below a blank: what is it?
[[gnu::noinline]] void look_again(std::string_view json, TextLook& look) {
  unsigned char all = 0;
  unsigned char least = ' ';
  for (const char c : json) {  // Compilers make vectors of it.
    const auto byte = static_cast<unsigned char>(c);
    all |= byte;
    least = std::min(least, byte);
  }
  look.is_ascii = all < 0x80;
  look.has_controls = least < ' ';
}

/// What a walk over blocks by halves has found.
struct NarrowWalk {
  __m256i least{};  ///< Of the bytes at each place of the halves, the least, as signed numbers.
  QuotePlace* next = nullptr;
  std::uint64_t carry = 0;
  Escapes escapes = Escapes::good;
};

/// The block of `json` that begins there, whose bytes are at `text`.
[[gnu::target("avx2,bmi,popcnt"), gnu::always_inline]] inline void take_halves(
    const char* text, std::string_view json, std::size_t at, NarrowWalk& walk) {
  std::uint64_t open = open_quotes(look_avx2(text, walk.least), json, at, walk.carry, walk.escapes);
  // As many as most blocks have, without a branch for each.
  constexpr int kAtOnce = 6;
  const auto count = static_cast<std::size_t>(std::popcount(open));
  for (int i = 0; i < kAtOnce; ++i) {
    walk.next[i] = place_of(at, open);
    open &= open - 1;
  }
  for (QuotePlace* more = walk.next + kAtOnce; open != 0; open &= open - 1) {
    *more++ = place_of(at, open);
  }
  walk.next += count;
}

[[gnu::target("avx2,bmi,popcnt")]] TextLook find_quotes_avx2(std::string_view json,
                                                             QuotePlace* index) {
  const __m256i blanks = _mm256_set1_epi8(' ');
  NarrowWalk walk{.least = blanks, .next = index};
  std::size_t at = 0;
  for (; at + kBlock <= json.size(); at += kBlock) {
    prefetch_line(json.data() + at + kAhead);
    take_halves(json.data() + at, json, at, walk);
  }
  if (at != json.size()) {
    prefetch_line(json.data() + at + kAhead);
    const BlankedBlock rest = blanked_behind(json.data() + at, json.size() - at);
    take_halves(rest.bytes.data(), json, at, walk);
  }
  TextLook look{.quotes = static_cast<std::size_t>(walk.next - index), .escapes = walk.escapes};
  if (_mm256_movemask_epi8(_mm256_cmpgt_epi8(blanks, walk.least)) != 0) {
    look_again(json, look);
  }
  return finish(look, json, walk.carry, index);
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
