#include "parsers/json/shape_cache.h"

#include <array>
#include <atomic>
#include <cstring>

#include "engine/base/uid.h"

namespace spoor {
namespace {

/// What records of one shape have in common, in a number: the lengths and last letters of some keys
/// and where they stand. No value has a part in it. 0: too short to pay.
std::uint64_t signature_of(const QuotedText& text) {
  // Odd, and as good as random.
  constexpr std::array<std::uint64_t, 8> kFactors = {
      0x9E3779B97F4A7C15ULL, 0xD6E8FEB86659FD93ULL, 0xBF58476D1CE4E5B9ULL, 0x94D049BB133111EBULL,
      0xC2B2AE3D27D4EB4FULL, 0x165667B19E3779F9ULL, 0xFF51AFD7ED558CCDULL, 0xC4CEB9FE1A85EC53ULL};
  constexpr std::size_t kStringsMin = 2;
  constexpr std::size_t kLettersBefore = 3;  // What is read of a key before its closing quote.
  const std::size_t strings = text.count / 2;
  if (strings < kStringsMin || text.index[1] < kLettersBefore) {
    return 0;
  }
  const char* const base = text.json.data();
  const std::uint64_t seed = table_seed();
  std::uint64_t sum = text.count * kFactors[0];
  for (std::size_t sample = 0; sample < kFactors.size(); ++sample) {
    // Of two strings in a row one is a key in nearly all records. No branch, and no sample waits
    // for another.
    const QuotePlace* const first = text.index + 2 * (sample * (strings - 1) / kFactors.size());
    const std::size_t second = base[first[1] + 1] == ':' ? 0 : 2;
    const std::uint32_t open = first[second];
    const std::uint32_t close = first[second + 1];
    std::uint32_t letters = 0;
    std::memcpy(&letters, base + close - kLettersBefore, sizeof letters);
    const std::uint64_t feature =
        letters ^ (std::uint64_t{close - open} << 32U) ^ (std::uint64_t{second} << 60U) ^ seed;
    const std::uint64_t is_key = base[close + 1] == ':' ? 1 : 0;
    sum += feature * is_key * kFactors[sample];
  }
  sum ^= sum >> 32U;
  return (sum * kFactors[1]) | 1U;
}

/// Of all shapes that ever were: whoever remembers something of one must never take another for it.
std::uint64_t next_number() {
  static std::atomic<std::uint64_t> last = 0;
  return ++last;
}

}  // namespace

std::size_t ShapeCache::set_of(std::uint64_t signature) {
  return (signature >> 32U) % kSets * kWays;
}

bool ShapeCache::read(const QuotedText& text, Document& document) {
  // Most logs have few shapes, told apart by that number alone.
  Recent& recent = recent_[text.count % kRecent];
  if (recent.repeats && is_of(recent.entry, text, document)) {
    return true;
  }
  signature_ = signature_of(text);
  if (signature_ == 0) {
    return false;
  }
  const bool was_tried = recent.repeats;
  recent.repeats = false;
  const std::size_t first = set_of(signature_);
  for (std::size_t place = first; place < first + kWays; ++place) {
    if (signatures_[place] == signature_ && !(was_tried && place == recent.entry) &&
        is_of(place, text, document)) {
      recent.repeats = recent.entry == place;
      recent.entry = static_cast<std::uint32_t>(place);
      return true;
    }
  }
  return false;
}

bool ShapeCache::is_of(std::size_t place, const QuotedText& text, Document& document) {
  Entry& entry = entries_[place];
  if (!entry.shape.read(text)) {
    return false;
  }
  document.borrow(entry.shape.nodes(), entry.number);
  return true;
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
  const std::size_t first = set_of(signature_);
  std::size_t place = first;
  while (place < first + kWays && signatures_[place] != 0) {
    ++place;
  }
  if (place == first + kWays) {
    if (++crowded_ % kPatience != 0) {
      return;
    }
    place = first + crowded_ / kPatience % kWays;
  }
  signatures_[place] = 0;
  if (entries_[place].shape.assign(text, document)) {
    signatures_[place] = signature_;
    entries_[place].number = next_number();
  }
}

}  // namespace spoor
