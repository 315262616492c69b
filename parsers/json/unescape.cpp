// Strings of JSON as meant: unescape_json() of document.h.

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "parsers/document.h"
#include "parsers/json/backslash_runs.h"

namespace spoor {
namespace {

constexpr std::size_t kEscapeLength = 6;  ///< \uXXXX
constexpr std::uint32_t kReplacement = 0xFFFD;
constexpr std::size_t kBlock = 64;

int hex_digit(char digit) {
  if (digit >= '0' && digit <= '9') {
    return digit - '0';
  }
  const int low = digit | 0x20;
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/// The value of a \uXXXX escape at the front of `text`, or -1.
int code_unit(std::string_view text) {
  if (text.size() < kEscapeLength || text[0] != '\\' || text[1] != 'u') {
    return -1;
  }
  int value = 0;
  for (const char digit : text.substr(2, 4)) {
    const int nibble = hex_digit(digit);
    if (nibble < 0) {
      return -1;
    }
    value = value * 16 + nibble;
  }
  return value;
}

std::size_t encode(std::uint32_t code_point, char* out) {
  const auto byte = [](std::uint32_t value) {
    return static_cast<char>(static_cast<unsigned char>(value));
  };
  if (code_point < 0x80) {
    out[0] = byte(code_point);
    return 1;
  }
  if (code_point < 0x800) {
    out[0] = byte(0xC0U | (code_point >> 6U));
    out[1] = byte(0x80U | (code_point & 0x3FU));
    return 2;
  }
  if (code_point < 0x10000) {
    out[0] = byte(0xE0U | (code_point >> 12U));
    out[1] = byte(0x80U | ((code_point >> 6U) & 0x3FU));
    out[2] = byte(0x80U | (code_point & 0x3FU));
    return 3;
  }
  out[0] = byte(0xF0U | (code_point >> 18U));
  out[1] = byte(0x80U | ((code_point >> 12U) & 0x3FU));
  out[2] = byte(0x80U | ((code_point >> 6U) & 0x3FU));
  out[3] = byte(0x80U | (code_point & 0x3FU));
  return 4;
}

/// The code point of the \u escape at the front of `text`, and how long it was.
std::pair<std::uint32_t, std::size_t> decode_unicode_escape(std::string_view text) {
  const int unit = code_unit(text);
  if (unit >= 0xD800 && unit <= 0xDBFF) {
    const int low = code_unit(text.substr(std::min(text.size(), kEscapeLength)));
    if (low >= 0xDC00 && low <= 0xDFFF) {
      const auto high_bits = static_cast<std::uint32_t>(unit - 0xD800) << 10U;
      return {0x10000 + high_bits + static_cast<std::uint32_t>(low - 0xDC00), 2 * kEscapeLength};
    }
    return {kReplacement, kEscapeLength};
  }
  if (unit < 0 || (unit >= 0xDC00 && unit <= 0xDFFF)) {
    return {kReplacement, kEscapeLength};
  }
  return {static_cast<std::uint32_t>(unit), kEscapeLength};
}

struct LetterEscape {
  char letter;
  char meant;
};

constexpr LetterEscape kLetterEscapes[] = {
    {'n', '\n'}, {'r', '\r'}, {'t', '\t'}, {'b', '\b'}, {'f', '\f'}};

/// What each letter means behind a backslash.
constexpr std::array<char, 256> kMeant = [] {
  std::array<char, 256> meant{};
  for (std::size_t byte = 0; byte < meant.size(); ++byte) {
    meant[byte] = static_cast<char>(static_cast<unsigned char>(byte));  // \" \\ \/
  }
  for (const LetterEscape& escape : kLetterEscapes) {
    meant[static_cast<unsigned char>(escape.letter)] = escape.meant;
  }
  return meant;
}();

char simple_escape(char letter) {
  return kMeant[static_cast<unsigned char>(letter)];
}

/// Copies up to the next backslash; how much that was. Sixteen bytes at a time, and as many too
/// many (there is room): between the backslashes of a path there is not enough for memchr and
/// memcpy to pay.
std::size_t copy_plain(const char* at, const char* end, char* out) {
  constexpr std::size_t kStep = 16;
  static_assert(kTextPadding >= kStep);
  const char* const begin = at;
  while (true) {
    const auto rest = static_cast<std::size_t>(end - at);
    const std::uint32_t ends = rest < kStep ? 1U << rest : 0U;
    const std::uint32_t found = backslashes_of_16(at) | ends;
    std::memcpy(out, at, kStep);
    if (found != 0) {
      return static_cast<std::size_t>(at - begin) +
             static_cast<std::size_t>(std::countr_zero(found));
    }
    at += kStep;
    out += kStep;
  }
}

/// The escape at `at`, of two bytes or more. Moves both on.
void resolve_one(const char*& at, const char* end, char*& out) {
  if (at[1] == 'u') {
    const auto [code_point, length] =
        decode_unicode_escape({at, static_cast<std::size_t>(end - at)});
    out += encode(code_point, out);
    at += std::min(length, static_cast<std::size_t>(end - at));
  } else {
    *out++ = simple_escape(at[1]);
    at += 2;
  }
}

/// Copies up to 64 bytes; the end of the copy. Most runs between two escapes are short, and as many
/// bytes too many do no harm.
[[gnu::always_inline]] inline char* copy_run(const char* from, const char* to, char* out) {
  constexpr std::ptrdiff_t kShort = 16;
  std::memcpy(out, from, kShort);
  if (to - from > kShort) {
    std::memcpy(out + kShort, from + kShort, kBlock - kShort);
  }
  return out + (to - from);
}

/// 64 bytes at a time: where their escapes are is known before the first is looked at, so that none
/// waits for the one before.
std::size_t unescape_by_blocks(std::string_view text, char* out) {
  static_assert(kTextPadding >= kBlock && kUnescapePadding >= kBlock);
  const char* const begin = out;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {  // Never within an escape.
    const std::size_t size = std::min(kBlock, static_cast<std::size_t>(end - at));
    const std::uint64_t there = ~std::uint64_t{0} >> (kBlock - size);
    const std::uint64_t backslashes = backslashes_of_64(at) & there;
    std::uint64_t carry = 0;
    std::uint64_t escaping = backslashes & ~escaped_bytes(backslashes, carry);
    const char* const block = at;
    const char* const block_end = at + size;
    for (; escaping != 0; escaping &= escaping - 1) {
      const char* const place = block + std::countr_zero(escaping);
      out = copy_run(at, place, out);
      at = place;
      if (end - at < 2) {
        return static_cast<std::size_t>(out - begin);
      }
      if (at[1] == 'u') [[unlikely]] {
        resolve_one(at, end, out);
        break;  // What is behind it begins a block of its own.
      }
      *out++ = simple_escape(at[1]);
      at += 2;
    }
    if (escaping == 0 && at < block_end) {
      out = copy_run(at, block_end, out);
      at = block_end;
    }
  }
  return static_cast<std::size_t>(out - begin);
}

struct Kernels {
  std::size_t (*unescape)(std::string_view text, char* out);
  bool (*has_backslash)(std::string_view text);
};

#if defined(__x86_64__)

/// What a block of 64 bytes says, with its escapes still in it.
struct EscapedBlock {
  __m512i bytes;
  std::uint64_t there;     ///< A bit for each byte of the text.
  std::uint64_t escaping;  ///< Backslashes that escape something.
  std::uint64_t other;     ///< Escaped, and not by itself: neither quote nor slash nor backslash.
};

[[gnu::target("avx512bw,avx512vbmi,avx512vbmi2,bmi,popcnt"),
  gnu::always_inline]] inline EscapedBlock
look_at_block(const char* text, std::size_t size, std::uint64_t& carry) {
  EscapedBlock block{};
  block.there = size < kBlock ? (std::uint64_t{1} << size) - 1 : ~std::uint64_t{0};
  block.bytes = _mm512_maskz_loadu_epi8(block.there, text);
  const std::uint64_t backslashes =
      in_general_register(_mm512_cmpeq_epi8_mask(block.bytes, _mm512_set1_epi8('\\')));
  const std::uint64_t same =
      in_general_register(_mm512_cmpeq_epi8_mask(block.bytes, _mm512_set1_epi8('"')) |
                          _mm512_cmpeq_epi8_mask(block.bytes, _mm512_set1_epi8('/')));
  const std::uint64_t escaped = escaped_bytes(backslashes, carry);
  block.escaping = backslashes & ~escaped;
  block.other = escaped & ~backslashes & ~same & block.there;
  return block;
}

/// Writes those of the first `count` bytes that escape nothing; how many.
[[gnu::target("avx512bw,avx512vbmi,avx512vbmi2,bmi,popcnt"), gnu::always_inline]] inline std::size_t
write_block(const EscapedBlock& block, std::size_t count, char* out) {
  const std::uint64_t wanted = count < kBlock ? (std::uint64_t{1} << count) - 1 : ~std::uint64_t{0};
  const std::uint64_t kept = ~block.escaping & block.there & wanted;
  _mm512_storeu_si512(out, _mm512_maskz_compress_epi8(kept, block.bytes));
  return static_cast<std::size_t>(std::popcount(kept));
}

/// What the letter of an escape means, at the place of its lowest six bits.
constexpr std::array<char, kBlock> kMeantByPlace = [] {
  std::array<char, kBlock> meant{};
  for (const LetterEscape& escape : kLetterEscapes) {
    meant[static_cast<unsigned char>(escape.letter) % kBlock] = escape.meant;
  }
  return meant;
}();

/// Puts line ends, tabs and the like in the place of their letters. What is left is the place of
/// the first u; 64 if there is none.
[[gnu::target("avx512bw,avx512vbmi,avx512vbmi2,bmi,popcnt"), gnu::always_inline]] inline std::size_t
resolve_letters(EscapedBlock& block) {
  const std::uint64_t unicode =
      block.other & in_general_register(_mm512_cmpeq_epi8_mask(block.bytes, _mm512_set1_epi8('u')));
  block.bytes = _mm512_mask_permutexvar_epi8(block.bytes, block.other & ~unicode, block.bytes,
                                             _mm512_loadu_si512(kMeantByPlace.data()));
  return static_cast<std::size_t>(std::countr_zero(unicode));
}

/// Blocks of 64 bytes, without their escaping backslashes. Where a block begins does not depend on
/// what the one before held, so that none waits for another; only behind a \u one begins anew.
[[gnu::target("avx512bw,avx512vbmi,avx512vbmi2,bmi,popcnt")]] std::size_t unescape_avx512(
    std::string_view text, char* out) {
  const char* const begin = out;
  const char* at = text.data();
  const char* const end = at + text.size();
  std::uint64_t carry = 0;
  while (at < end) {
    const auto rest = static_cast<std::size_t>(end - at);
    EscapedBlock block = look_at_block(at, rest, carry);
    if (block.other != 0) {
      const std::size_t unicode = resolve_letters(block);
      if (unicode < kBlock) {
        out += write_block(block, unicode, out);
        at += unicode;
        --at;  // To its backslash, which may be the last byte of the block before.
        resolve_one(at, end, out);
        carry = 0;
        continue;
      }
    }
    out += write_block(block, kBlock, out);
    at += kBlock;
  }
  return static_cast<std::size_t>(out - begin);
}

/// No branch for what is up to 64 bytes long, and most texts are.
[[gnu::target("avx512bw")]] bool has_backslash_avx512(std::string_view text) {
  const __m512i backslash = _mm512_set1_epi8('\\');
  const char* at = text.data();
  std::size_t rest = text.size();
  for (; rest > kBlock; rest -= kBlock, at += kBlock) {
    if (_mm512_cmpeq_epi8_mask(_mm512_loadu_si512(at), backslash) != 0) {
      return true;
    }
  }
  const std::uint64_t there = rest == 0 ? 0 : ~std::uint64_t{0} >> (kBlock - rest);
  return _mm512_cmpeq_epi8_mask(_mm512_maskz_loadu_epi8(there, at), backslash) != 0;
}

#endif

const Kernels& kernels() {
  static const Kernels kKernels = [] {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi") &&
        __builtin_cpu_supports("avx512vbmi2")) {
      return Kernels{.unescape = unescape_avx512, .has_backslash = has_backslash_avx512};
    }
#endif
    return Kernels{.unescape = unescape_by_blocks, .has_backslash = has_backslash};
  }();
  return kKernels;
}

}  // namespace

std::size_t unescape_json(std::string_view text, char* out) {
  return kernels().unescape(text, out);
}

std::string_view resolve_long(std::string_view text, Scratch& scratch) {
  const Kernels& best = kernels();
  if (!best.has_backslash(text)) {
    return text;
  }
  char* place = scratch.take(text.size() + kUnescapePadding);
  return {place, best.unescape(text, place)};
}

std::size_t unescape_json_plainly(std::string_view text, char* out) {
  const char* const begin = out;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    const std::size_t plain = copy_plain(at, end, out);
    at += plain;
    out += plain;
    if (end - at < 2) {
      break;
    }
    resolve_one(at, end, out);
  }
  return static_cast<std::size_t>(out - begin);
}

}  // namespace spoor
