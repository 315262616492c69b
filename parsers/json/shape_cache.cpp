#include "parsers/json/shape_cache.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <span>

#include "engine/base/uid.h"

namespace spoor {
namespace {

/// What records of one shape have in common, in a number: the lengths and last letters of some keys
/// and where they stand. No value has a part in it. 0: too short to pay.
std::uint64_t signature_of(const QuotedText& text) {
  constexpr std::size_t kSamples = 8;
  constexpr std::size_t kStringsMin = 2;
  const std::size_t strings = text.count / 2;
  if (strings < kStringsMin) {
    return 0;
  }
  constexpr std::uint64_t kFirst = 0x9E3779B97F4A7C15ULL;
  constexpr std::uint64_t kSecond = 0xD6E8FEB86659FD93ULL;
  const char* const base = text.json.data();
  std::uint64_t mixed = (text.count ^ table_seed()) * kFirst;
  for (std::size_t sample = 0; sample < kSamples; ++sample) {
    // Of two strings in a row one is a key in nearly all records.
    const std::size_t first = sample * (strings - 1) / kSamples;
    for (std::size_t string = first; string < first + 2; ++string) {
      const std::uint32_t open = text.index[2 * string];
      const std::uint32_t close = text.index[2 * string + 1];
      // There is a bracket before the first.
      if (base[close + 1] == ':' && close >= 3) {
        std::uint32_t letters = 0;
        std::memcpy(&letters, base + close - 3, sizeof letters);
        const std::uint64_t feature =
            letters ^ (std::uint64_t{close - open} << 32U) ^ (std::uint64_t{string - first} << 60U);
        mixed = (mixed ^ feature) * kSecond;
        mixed ^= mixed >> 32U;
        break;
      }
    }
  }
  return mixed | 1U;
}

/// Of all shapes that ever were: whoever remembers something of one must never take another for it.
std::uint64_t next_number() {
  static std::atomic<std::uint64_t> last = 0;
  return ++last;
}

}  // namespace

bool ShapeCache::read(const QuotedText& text, Document& document) {
  // Most logs have few shapes, told apart by that number alone.
  Recent& recent = recent_[text.count % kRecent];
  if (recent.repeats) {
    Entry& entry = entries_[recent.entry];
    if (entry.shape.read(text)) {
      document.borrow(entry.shape.nodes(), entry.number);
      return true;
    }
    recent.repeats = false;
  }
  signature_ = signature_of(text);
  if (signature_ == 0) {
    return false;
  }
  const std::size_t first = (signature_ >> 32U) % kSets * kWays;
  for (std::size_t place = first; place < first + kWays; ++place) {
    Entry& entry = entries_[place];
    if (entry.signature == signature_ && entry.shape.read(text)) {
      recent.repeats = recent.entry == place;
      recent.entry = static_cast<std::uint32_t>(place);
      document.borrow(entry.shape.nodes(), entry.number);
      return true;
    }
  }
  return false;
}

void ShapeCache::remember(const QuotedText& text, const Document& document) {
  if (signature_ == 0 || document.size() > JsonShape::kNodesMax ||
      document.node(0).kind != NodeKind::object) {
    return;
  }
  std::uint64_t& seen = seen_once_[(signature_ >> 8U) % kSeenOnce];
  if (seen != signature_) {
    seen = signature_;
    return;
  }
  const std::span<Entry> set =
      std::span(entries_).subspan((signature_ >> 32U) % kSets * kWays, kWays);
  auto place = std::ranges::find(set, 0U, &Entry::signature);
  if (place == set.end()) {
    if (++crowded_ % kPatience != 0) {
      return;
    }
    place = set.begin() + static_cast<std::ptrdiff_t>(crowded_ / kPatience % kWays);
  }
  place->signature = 0;
  if (place->shape.assign(text, document)) {
    place->signature = signature_;
    place->number = next_number();
  }
}

}  // namespace spoor
