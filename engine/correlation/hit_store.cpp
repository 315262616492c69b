#include "engine/correlation/hit_store.h"

#include <algorithm>
#include <utility>

#include "engine/base/limits.h"

namespace spoor {
namespace {

constexpr std::size_t kHalf = kHitsPerStepMax / 2;

const OrderKey& order_of(const Hit& hit) {
  return hit.event->order;
}

/// OCSF's word for the operating system.
std::string_view os_of(const Event& event) {
  switch (event.platform) {
    case Platform::windows: return "Windows";
    case Platform::linux: return "Linux";
    case Platform::macos: return "macOS";
    default: return "";
  }
}

}  // namespace

std::shared_ptr<const KeptEvent> keep_event(const Event& event) {
  auto kept = std::make_shared<KeptEvent>();
  kept->order = event.order_key();
  kept->type = event.type;
  kept->source = event.source;
  kept->vendor_event_uid = event.vendor_event_uid;
  kept->hostname = event.hostname;
  kept->os_type = os_of(event);
  kept->record = event.record.substr(0, kDeadLetterBytesMax);
  kept->host = event.host;
  kept->actor = event.actor.key;
  kept->salvaged = event.salvaged;
  for (const FieldRow& row : field_table()) {
    if (event.has(row.id)) {
      kept->fields.emplace_back(row.name, event.field(row.id));
    }
  }
  const std::size_t table_fields = kept->fields.size();
  for (const ExtraField& extra : event.extra) {
    kept->fields.emplace_back(extra.name, extra.value);
  }
  // Of an array the elements stay in their order.
  std::stable_sort(kept->fields.begin() + static_cast<std::ptrdiff_t>(table_fields),
                   kept->fields.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  return kept;
}

bool HitSet::wants(const OrderKey& order, std::string_view record, bool duplicate) {
  const auto place = std::ranges::lower_bound(hits_, order, {}, order_of);
  if (place != hits_.end() && order_of(*place) == order) {
    return record.substr(0, kDeadLetterBytesMax) < place->event->record;
  }
  const bool full = hits_.size() == kHitsPerStepMax;
  if (full && order_of(hits_[kHalf - 1]) < order && order < order_of(hits_[kHalf])) {
    total_ += duplicate ? 0U : 1U;
    return false;
  }
  return true;
}

std::optional<OrderKey> HitSet::add(Hit hit) {
  const auto place = std::ranges::lower_bound(hits_, order_of(hit), {}, order_of);
  if (place != hits_.end() && order_of(*place) == order_of(hit)) {
    *place = std::move(hit);
    return std::nullopt;
  }
  ++total_;
  hits_.insert(place, std::move(hit));
  if (hits_.size() <= kHitsPerStepMax) {
    return std::nullopt;
  }
  // The one in the middle is neither of the first half nor of the last.
  const auto middle = hits_.begin() + static_cast<std::ptrdiff_t>(kHalf);
  const OrderKey dropped = order_of(*middle);
  hits_.erase(middle);
  return dropped;
}

void HitSet::absorb(HitSet other) {
  const std::size_t not_kept = other.total_ - other.hits_.size();
  for (Hit& hit : other.hits_) {
    if (wants(hit.event->order, hit.event->record, false)) {
      add(std::move(hit));
    }
  }
  total_ += not_kept;
}

bool HitSet::remove(const OrderKey& order) {
  total_ -= total_ > 0 ? 1U : 0U;
  const auto place = std::ranges::lower_bound(hits_, order, {}, order_of);
  if (place == hits_.end() || order_of(*place) != order) {
    return false;
  }
  hits_.erase(place);
  return true;
}

}  // namespace spoor
