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
std::uint64_t signature_of(const StructuralText& text) {
  constexpr std::size_t kSamples = 8;
  constexpr std::size_t kWindow = 4;  // Of four in a row, one is a colon in nearly all records.
  if (text.count < 2 * kWindow) {
    return 0;
  }
  constexpr std::uint64_t kFirst = 0x9E3779B97F4A7C15ULL;
  constexpr std::uint64_t kSecond = 0xD6E8FEB86659FD93ULL;
  const char* const base = text.json.data();
  const std::size_t windows = text.count / kWindow - 1;
  std::uint64_t mixed = (text.count ^ table_seed()) * kFirst;
  for (std::size_t sample = 0; sample < kSamples; ++sample) {
    // Not from the first: there are bytes before the fifth.
    const std::uint32_t* const at = text.index + kWindow * (1 + sample * windows / kSamples);
    std::ptrdiff_t colon = -1;
    for (std::ptrdiff_t i = 0; i < std::ptrdiff_t{kWindow}; ++i) {
      colon = base[at[i]] == ':' ? i : colon;
    }
    if (colon < 0) {
      continue;
    }
    std::uint32_t letters = 0;
    std::memcpy(&letters, base + at[colon] - 3, sizeof letters);
    const std::uint64_t length = at[colon] - at[colon - 1];
    const std::uint64_t feature =
        letters ^ (length << 32U) ^ (static_cast<std::uint64_t>(colon) << 60U);
    mixed = (mixed ^ feature) * kSecond;
    mixed ^= mixed >> 32U;
  }
  return mixed | 1U;
}

/// Of all shapes that ever were: whoever remembers something of one must never take another for it.
std::uint64_t next_number() {
  static std::atomic<std::uint64_t> last = 0;
  return ++last;
}

}  // namespace

bool ShapeCache::read(const StructuralText& text, Document& document) {
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

void ShapeCache::remember(const StructuralText& text, const Document& document) {
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
