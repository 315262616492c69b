#include "engine/matcher/verdict_memo.h"

#include "engine/base/uid.h"

namespace spoor {
namespace {

// At most 2 MiB for each kind of event, whatever events say.
constexpr std::size_t kEntries = 1'024;
constexpr std::size_t kKeyBytesMax = 2'048;
constexpr std::size_t kVerdictsMax = 64;

// After so many events of which less than one in eight was known, so many are let pass.
constexpr std::uint32_t kTrial = 2'048;
constexpr std::uint32_t kRest = 65'536;

}  // namespace

bool VerdictMemo::is_awake() {
  if (rest_ > 0) {
    --rest_;
    return false;
  }
  return true;
}

const VerdictMemo::Verdicts* VerdictMemo::find(std::string_view key) {
  if (entries_.empty()) {
    entries_.resize(kEntries);
  }
  if (++asked_ == kTrial) {
    rest_ = known_ < kTrial / 8 ? kRest : 0;
    asked_ = 0;
    known_ = 0;
  }
  hash_ = SeededTextHash()(key);
  const Entry& entry = entries_[hash_ & (kEntries - 1)];
  if (entry.hash != hash_ || entry.key != key) {
    return nullptr;
  }
  ++known_;
  return &entry.verdicts;
}

void VerdictMemo::remember(std::string_view key,
                           const std::vector<std::size_t>& hits,
                           const std::vector<std::size_t>& open) {
  if (key.size() > kKeyBytesMax || hits.size() + open.size() > kVerdictsMax) {
    return;
  }
  Entry& entry = entries_[hash_ & (kEntries - 1)];
  entry.hash = hash_;
  entry.key.assign(key);
  entry.verdicts.hits.assign(hits.begin(), hits.end());
  entry.verdicts.open.assign(open.begin(), open.end());
}

}  // namespace spoor
