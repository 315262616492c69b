#include "engine/base/uid.h"

#include <charconv>

#include <sys/random.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace spoor {
namespace {

constexpr std::size_t kHexDigits = 16;

void append_hex(std::uint64_t number, std::string& out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (int shift = 60; shift >= 0; shift -= 4) {
    out.push_back(kDigits[(number >> static_cast<unsigned>(shift)) & 0xFU]);
  }
}

std::optional<std::uint64_t> read_hex(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return number;
}

std::uint64_t random_seed() {
  std::uint64_t seed = 0;
  // Fails only where the kernel lacks the call; tables then work, merely without their protection.
  const ssize_t got = getrandom(&seed, sizeof seed, 0);
  return got == static_cast<ssize_t>(sizeof seed) ? seed : 0;
}

}  // namespace

std::string to_string(const Uid& uid) {
  std::string text;
  text.reserve(2 * kHexDigits);
  append_hex(uid.high, text);
  append_hex(uid.low, text);
  return text;
}

std::optional<Uid> parse_uid(std::string_view text) {
  if (text.size() != 2 * kHexDigits) {
    return std::nullopt;
  }
  const auto high = read_hex(text.substr(0, kHexDigits));
  const auto low = read_hex(text.substr(kHexDigits));
  if (!high || !low) {
    return std::nullopt;
  }
  return Uid{.high = *high, .low = *low};
}

Uid UidBuilder::finish() const {
  const XXH128_hash_t hash = XXH3_128bits(bytes_.data(), size_);
  // All zero means "none"; one input in 2^128 gives its place away.
  return {.high = hash.high64, .low = (hash.high64 | hash.low64) == 0 ? 1 : hash.low64};
}

std::uint64_t table_seed() {
  static const std::uint64_t kSeed = random_seed();
  return kSeed;
}

Uid seeded_uid(std::string_view text) noexcept {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(text.data(), text.size(), table_seed());
  return {.high = hash.high64, .low = hash.low64};
}

std::size_t SeededTextHash::operator()(std::string_view text) const noexcept {
  return XXH3_64bits_withSeed(text.data(), text.size(), table_seed());
}

}  // namespace spoor
