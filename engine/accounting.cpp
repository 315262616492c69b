#include "engine/accounting.h"

#include <algorithm>

#include <boost/unordered/unordered_flat_map.hpp>

#include "engine/base/uid.h"

namespace spoor {
namespace {

void add(FateCounts& counts, Fate fate) {
  ++counts.received;
  switch (fate) {
    case Fate::applied: ++counts.applied; break;
    case Fate::duplicate: ++counts.duplicate; break;
    case Fate::filtered: ++counts.filtered; break;
  }
}

/// Event ids and channels come from the input: what does not fit is counted here, so that nobody
/// can fill the memory.
constexpr std::size_t kEventKindsMax = 10'000;
constexpr std::size_t kNameBytesMax = 128;
constexpr std::string_view kOtherKinds = "(other)";

}  // namespace

struct Accounting::ByEvent {
  boost::unordered_flat_map<std::string, FateCounts, SeededTextHash, std::equal_to<>> counts;
  std::string key;  ///< Reused.
};

Accounting::Accounting() : by_event_(std::make_unique<ByEvent>()) {}

Accounting::~Accounting() = default;
Accounting::Accounting(Accounting&&) noexcept = default;
Accounting& Accounting::operator=(Accounting&&) noexcept = default;

void Accounting::count(const Event& event, Fate fate) {
  add(total_, fate);
  add(by_source_[static_cast<std::size_t>(event.source)], fate);
  std::string& key = by_event_->key;
  key.assign(event.field(FieldId::channel).substr(0, kNameBytesMax));
  key.append("|").append(event.field(FieldId::event_id).substr(0, kNameBytesMax));
  auto known = by_event_->counts.find(key);
  if (known == by_event_->counts.end()) {
    const bool full = by_event_->counts.size() >= kEventKindsMax;
    known = by_event_->counts.try_emplace(full ? std::string(kOtherKinds) : key).first;
  }
  add(known->second, fate);
  salvaged_ += event.salvaged ? 1U : 0U;
  duplicate_keys_ += event.duplicate_keys ? 1U : 0U;
  time_suspect_ += event.time_suspect ? 1U : 0U;
  if (fate == Fate::applied && !event.time_suspect) {
    first_event_ = first_event_ == 0 ? event.time : std::min(first_event_, event.time);
    last_event_ = std::max(last_event_, event.time);
  }
}

void Accounting::count_dead_letter(ErrorCode code) {
  ++total_.received;
  ++total_.dead_lettered;
  ++dead_letters_[std::string(to_string(code))];
}

std::map<std::string, FateCounts> Accounting::by_event() const {
  return {by_event_->counts.begin(), by_event_->counts.end()};
}

std::map<std::string, FateCounts> Accounting::by_source() const {
  std::map<std::string, FateCounts> sources;
  for (std::size_t i = 0; i < by_source_.size(); ++i) {
    if (by_source_[i].received != 0) {
      sources.emplace(to_string(static_cast<Source>(i)), by_source_[i]);
    }
  }
  return sources;
}

}  // namespace spoor
