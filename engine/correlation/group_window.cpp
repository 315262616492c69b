#include "engine/correlation/group_window.h"

#include <algorithm>
#include <limits>

#include "engine/base/limits.h"
#include "engine/correlation/window_value.h"

namespace spoor {
namespace {

using Type = WindowCorrelationType;

/// The earliest time that an event at `end` sees.
Timestamp start_of(Timestamp end, Duration timespan) {
  constexpr Timestamp kEarliest = std::numeric_limits<Timestamp>::min();
  return end < kEarliest + timespan ? kEarliest : end - timespan;
}

}  // namespace

bool GroupWindow::take(const GroupEvent& event) {
  newest_ = event.evidence;
  start_ = start_of(event.time, rule_->timespan);
  while (!entries_.empty() && entries_.front().order.time < start_) {
    remove_oldest();
  }
  switch (rule_->type) {
    case Type::event_count:
      add({.order = event.evidence->order,
           .value = nullptr,
           .number = 0,
           .evidence = event.evidence});
      break;
    case Type::temporal:
      for (const std::size_t place : *event.listed) {
        seen_[place].time = event.time;
        seen_[place].chain = std::make_shared<const Chain>(Chain{event.evidence, nullptr});
      }
      break;
    case Type::temporal_ordered: add_sequence(event); break;
    default: add_values(event); break;
  }
  if (rule_->has_seen) {
    return holds(rule_->seen);
  }
  const std::optional<double> measured = measure();
  return measured && std::ranges::all_of(rule_->thresholds, [&](const Threshold& threshold) {
           return threshold.holds(*measured);
         });
}

void GroupWindow::add_values(const GroupEvent& event) {
  for (const std::string_view text : *event.values) {
    if (rule_->type == Type::value_count) {
      auto counted = counts_.find(text);
      if (counted == counts_.end()) {
        counted = counts_.emplace(std::string(text), 0).first;
      }
      ++counted->second;
      add({.order = event.evidence->order,
           .value = &*counted,
           .number = 0,
           .evidence = event.evidence});
      continue;
    }
    const std::optional<double> number = number_in(text);
    if (!number) {
      continue;
    }
    if (rule_->type == Type::value_sum || rule_->type == Type::value_avg) {
      sum_.add(*number);
    } else {
      sorted_.insert(std::ranges::upper_bound(sorted_, *number), *number);
    }
    add({.order = event.evidence->order,
         .value = nullptr,
         .number = *number,
         .evidence = event.evidence});
  }
}

void GroupWindow::add_sequence(const GroupEvent& event) {
  // From the last place to the first, so that an event stands for one of them: what it continues
  // was there before it.
  for (std::size_t place = seen_.size(); place-- > 0;) {
    if (std::ranges::find(*event.listed, place) == event.listed->end()) {
      continue;
    }
    const std::optional<Timestamp> began =
        place == 0 ? std::optional(event.time) : seen_[place - 1].time;
    Seen& seen = seen_[place];
    if (began && *began >= start_ && (!seen.time || *seen.time < *began)) {
      seen.time = began;
      seen.chain = std::make_shared<const Chain>(
          Chain{event.evidence, place == 0 ? nullptr : seen_[place - 1].chain});
    }
  }
}

void GroupWindow::add(Entry entry) {
  entries_.push_back(std::move(entry));
  if (entries_.size() > kEvidencePerMatchMax) {
    // What a finding cannot show need not be kept.
    entries_[entries_.size() - 1 - kEvidencePerMatchMax].evidence.reset();
  }
  if (entries_.size() > entries_max_) {
    remove_oldest();
    ++dropped_;
  }
}

void GroupWindow::remove_oldest() {
  const Entry entry = entries_.front();
  entries_.pop_front();
  switch (rule_->type) {
    case Type::value_count:
      if (--entry.value->second == 0) {
        counts_.erase(counts_.find(entry.value->first));
      }
      break;
    case Type::value_sum:
    case Type::value_avg: sum_.subtract(entry.number); break;
    case Type::value_percentile:
    case Type::value_median: sorted_.erase(std::ranges::lower_bound(sorted_, entry.number)); break;
    default: break;
  }
}

bool GroupWindow::is_set_of_rules() const {
  return rule_->type == Type::temporal || rule_->type == Type::temporal_ordered;
}

std::vector<EvidenceRef> GroupWindow::evidence() const {
  std::vector<EvidenceRef> found;
  if (rule_->type == Type::temporal_ordered) {
    for (const Chain* link = seen_.back().chain.get(); link != nullptr; link = link->before.get()) {
      found.push_back(link->evidence);
    }
  } else if (rule_->type == Type::temporal) {
    for (std::size_t place = 0; place < seen_.size(); ++place) {
      if (is_seen(place)) {
        found.push_back(seen_[place].chain->evidence);
      }
    }
  }
  // Of the newest only it is kept.
  const std::size_t shown = std::min(entries_.size(), kEvidencePerMatchMax);
  for (std::size_t i = entries_.size() - shown; i < entries_.size(); ++i) {
    found.push_back(entries_[i].evidence);
  }
  if (found.empty()) {
    found.push_back(newest_);  // "Less than three values": it may have none.
  }
  std::ranges::sort(found, {}, [](const EvidenceRef& one) { return one->order; });
  // One event may stand for several rules, or give several values.
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

std::size_t GroupWindow::evidence_total() const {
  if (is_set_of_rules() || entries_.empty()) {
    return evidence().size();
  }
  std::size_t total = 0;
  const OrderKey* last = nullptr;
  for (const Entry& entry : entries_) {
    total += last == nullptr || *last != entry.order ? 1U : 0U;
    last = &entry.order;
  }
  return total;
}

OrderKey GroupWindow::first() const {
  return is_set_of_rules() || entries_.empty() ? evidence().front()->order : entries_.front().order;
}

bool GroupWindow::is_seen(std::size_t listed) const {
  return seen_[listed].time && *seen_[listed].time >= start_;
}

bool GroupWindow::holds(const SeenExpr& expr) const {
  const auto child_holds = [this](const SeenExpr& child) { return holds(child); };
  switch (expr.kind) {
    case SeenExpr::Kind::seen: return is_seen(expr.rule);
    case SeenExpr::Kind::all: return std::ranges::all_of(expr.children, child_holds);
    case SeenExpr::Kind::any: return std::ranges::any_of(expr.children, child_holds);
    case SeenExpr::Kind::negation: return !holds(expr.children.front());
  }
  return false;
}

std::optional<double> GroupWindow::measure() const {
  const auto count = static_cast<double>(entries_.size());
  switch (rule_->type) {
    case Type::event_count: return count;
    case Type::value_count: return static_cast<double>(counts_.size());
    case Type::temporal: {
      double seen = 0;
      for (std::size_t place = 0; place < seen_.size(); ++place) {
        seen += is_seen(place) ? 1 : 0;
      }
      return seen;
    }
    case Type::temporal_ordered:
      // It has no thresholds: that there is a sequence is all.
      return is_seen(seen_.size() - 1) ? std::optional<double>(0) : std::nullopt;
    default: break;
  }
  if (entries_.empty()) {
    return std::nullopt;
  }
  switch (rule_->type) {
    case Type::value_sum: return sum_.value();
    case Type::value_avg: return sum_.value() / count;
    default: return percentile_of(sorted_, rule_->percentile);
  }
}

}  // namespace spoor
