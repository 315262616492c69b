#include "engine/matcher/triple_scan.h"

#include <algorithm>
#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace spoor {
namespace {

bool is_letter(unsigned char c) {
  const auto low = static_cast<unsigned char>(c | 0x20U);
  return low >= 'a' && low <= 'z';
}

#if defined(__x86_64__)

constexpr std::size_t kAvx2Block = 32;

/// For one place of triples: the buckets by the low and the high half of a byte.
struct Halves {
  __m256i low;
  __m256i high;
};

[[gnu::target("avx2")]] inline Halves halves_of(const std::array<std::uint8_t, 16>& low,
                                                const std::array<std::uint8_t, 16>& high) {
  return {.low = _mm256_broadcastsi128_si256(
              _mm_loadu_si128(reinterpret_cast<const __m128i*>(low.data()))),
          .high = _mm256_broadcastsi128_si256(
              _mm_loadu_si128(reinterpret_cast<const __m128i*>(high.data())))};
}

[[gnu::target("avx2")]] inline __m256i look_up(const char* block, const Halves& halves) {
  const __m256i half = _mm256_set1_epi8(0x0F);
  const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(block));
  const __m256i low = _mm256_and_si256(bytes, half);
  const __m256i high = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), half);
  return _mm256_and_si256(_mm256_shuffle_epi8(halves.low, low),
                          _mm256_shuffle_epi8(halves.high, high));
}

/// Of each of 32 bytes, the buckets of which a triple may begin there. 34 bytes are read.
[[gnu::target("avx2")]] inline __m256i buckets_at(const char* block,
                                                  const Halves& first,
                                                  const Halves& second,
                                                  const Halves& third) {
  return _mm256_and_si256(look_up(block, first),
                          _mm256_and_si256(look_up(block + 1, second), look_up(block + 2, third)));
}

[[gnu::target("avx2")]] TripleScan::Suspect first_of(__m256i found, std::size_t at) {
  const auto none = static_cast<std::uint32_t>(
      _mm256_movemask_epi8(_mm256_cmpeq_epi8(found, _mm256_setzero_si256())));
  const auto place = static_cast<std::size_t>(std::countr_one(none));
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): written whole.
  std::array<std::uint8_t, kAvx2Block> buckets;
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(buckets.data()), found);
  return {.at = at + place, .buckets = buckets[place]};
}

#endif

}  // namespace

void TripleScan::add(unsigned bucket, std::string_view triple) {
  const auto bit = static_cast<std::uint8_t>(1U << bucket);
  const auto allow = [&](std::size_t place, unsigned byte) {
    by_byte_[place][byte] |= bit;
    by_low_half_[place][byte & 0xFU] |= bit;
    by_high_half_[place][byte >> 4U] |= bit;
    by_seven_bits_[place][byte & 0x7FU] |= bit;
  };
  for (std::size_t place = 0; place < kPlaces; ++place) {
    if (place >= triple.size()) {
      for (unsigned byte = 0; byte < 256; ++byte) {
        allow(place, byte);
      }
      continue;
    }
    const auto byte = static_cast<unsigned char>(triple[place]);
    allow(place, byte);
    if (is_letter(byte)) {
      allow(place, byte ^ 0x20U);
    }
  }
}

TripleScan::Suspect TripleScan::find(std::string_view text, std::size_t from, Width width) const {
  switch (width) {
#if defined(__x86_64__)
    case Width::avx512: return find_avx512(text, from);
    case Width::avx2: return find_avx2(text, from);
#else
    case Width::avx512:
    case Width::avx2:
#endif
    case Width::one: break;
  }
  return find_one(text, from);
}

TripleScan::Suspect TripleScan::find_one(std::string_view text, std::size_t from) const {
  const auto byte_at = [text](std::size_t at) {
    return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
  };
  for (std::size_t at = from; at < text.size(); ++at) {
    const auto buckets = static_cast<std::uint8_t>(
        by_byte_[0][byte_at(at)] & by_byte_[1][byte_at(at + 1)] & by_byte_[2][byte_at(at + 2)]);
    if (buckets != 0) {
      return {.at = at, .buckets = buckets};
    }
  }
  return {};
}

#if defined(__x86_64__)

[[gnu::target("avx2")]] TripleScan::Suspect TripleScan::find_avx2(std::string_view text,
                                                                  std::size_t from) const {
  const Halves first = halves_of(by_low_half_[0], by_high_half_[0]);
  const Halves second = halves_of(by_low_half_[1], by_high_half_[1]);
  const Halves third = halves_of(by_low_half_[2], by_high_half_[2]);
  std::size_t at = from;
  for (; at + kAvx2Block + kPlaces - 1 <= text.size(); at += kAvx2Block) {
    const __m256i found = buckets_at(text.data() + at, first, second, third);
    if (_mm256_testz_si256(found, found) == 0) {
      return first_of(found, at);
    }
  }
  // What is left is less than two blocks. No triple has a 0 in it.
  std::array<char, 3 * kAvx2Block> rest{};
  const std::size_t size = text.size() - std::min(at, text.size());
  if (size == 0) {
    return {};  // An empty text may be at no address.
  }
  std::memcpy(rest.data(), text.data() + at, size);
  for (std::size_t block = 0; block < size; block += kAvx2Block) {
    const __m256i found = buckets_at(rest.data() + block, first, second, third);
    if (_mm256_testz_si256(found, found) == 0) {
      return first_of(found, at + block);
    }
  }
  return {};
}

[[gnu::target("avx512bw,avx512vbmi")]] TripleScan::Suspect TripleScan::find_avx512(
    std::string_view text, std::size_t from) const {
  constexpr std::size_t kBlock = 64;
  const __m512i first_low = _mm512_loadu_si512(by_seven_bits_[0].data());
  const __m512i first_high = _mm512_loadu_si512(by_seven_bits_[0].data() + kBlock);
  const __m512i second_low = _mm512_loadu_si512(by_seven_bits_[1].data());
  const __m512i second_high = _mm512_loadu_si512(by_seven_bits_[1].data() + kBlock);
  const __m512i third_low = _mm512_loadu_si512(by_seven_bits_[2].data());
  const __m512i third_high = _mm512_loadu_si512(by_seven_bits_[2].data() + kBlock);
  constexpr int kAll = 0b10000000;
  for (std::size_t at = from; at < text.size(); at += kBlock) {
    const char* const block = text.data() + at;
    const std::size_t rest = text.size() - at;
    // Of so many bytes from the block's on, those that are there.
    const auto there = [rest](std::size_t place) {
      return rest >= kBlock + place ? ~__mmask64{0}
             : rest > place         ? (__mmask64{1} << (rest - place)) - 1
                                    : __mmask64{0};
    };
    const __m512i first =
        _mm512_permutex2var_epi8(first_low, _mm512_maskz_loadu_epi8(there(0), block), first_high);
    const __m512i second = _mm512_permutex2var_epi8(
        second_low, _mm512_maskz_loadu_epi8(there(1), block + 1), second_high);
    const __m512i third = _mm512_permutex2var_epi8(
        third_low, _mm512_maskz_loadu_epi8(there(2), block + 2), third_high);
    const __m512i found = _mm512_ternarylogic_epi64(first, second, third, kAll);
    const __mmask64 some = _mm512_test_epi8_mask(found, found);
    if (some != 0) {
      const auto place = static_cast<std::size_t>(std::countr_zero(some));
      // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): written whole.
      std::array<std::uint8_t, kBlock> buckets;
      _mm512_storeu_si512(buckets.data(), found);
      return {.at = at + place, .buckets = buckets[place]};
    }
  }
  return {};
}

#endif

TripleScan::Width TripleScan::widest() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi")) {
    return Width::avx512;
  }
  if (__builtin_cpu_supports("avx2")) {
    return Width::avx2;
  }
#endif
  return Width::one;
}

}  // namespace spoor
