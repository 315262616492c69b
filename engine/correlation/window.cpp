#include "engine/correlation/window.h"

#include <algorithm>
#include <functional>
#include <map>
#include <string_view>
#include <unordered_map>

#include "engine/base/uid.h"
#include "engine/correlation/exact_sum.h"
#include "engine/correlation/window_value.h"

namespace spoor {
namespace {

using Type = WindowCorrelationType;

/// Is `time` no more than `timespan` behind `earlier`? Two times may be further apart than a signed
/// number holds.
bool is_within(Timestamp earlier, Timestamp time, Duration timespan) {
  return static_cast<std::uint64_t>(time) - static_cast<std::uint64_t>(earlier) <=
         static_cast<std::uint64_t>(timespan);
}

/// Does the window that starts at `start` end before `closed_until`?
bool is_closed(Timestamp start, Duration timespan, Timestamp closed_until) {
  return closed_until == kAllClosed ||
         (start < closed_until && !is_within(start, closed_until, timespan));
}

/// The values in a window, to be put in and taken out.
class Values {
 public:
  explicit Values(const CorrelationRule& rule) : rule_(rule) {}

  void add(const std::string& text) {
    if (rule_.type == Type::value_count) {
      ++counts_[text];
    } else if (const std::optional<double> number = number_in(text)) {
      sum_.add(*number);
      sorted_.insert(std::ranges::upper_bound(sorted_, *number), *number);
    }
  }

  void remove(const std::string& text) {
    if (rule_.type == Type::value_count) {
      const auto counted = counts_.find(text);
      if (--counted->second == 0) {
        counts_.erase(counted);
      }
    } else if (const std::optional<double> number = number_in(text)) {
      sum_.subtract(*number);
      sorted_.erase(std::ranges::lower_bound(sorted_, *number));
    }
  }

  [[nodiscard]] std::optional<double> measure() const {
    if (rule_.type == Type::value_count) {
      return static_cast<double>(counts_.size());
    }
    if (sorted_.empty()) {
      return std::nullopt;
    }
    switch (rule_.type) {
      case Type::value_sum: return sum_.value();
      case Type::value_avg: return sum_.value() / static_cast<double>(sorted_.size());
      default: return percentile_of(sorted_, rule_.percentile);
    }
  }

 private:
  const CorrelationRule& rule_;
  std::unordered_map<std::string, std::size_t, SeededTextHash, std::equal_to<>> counts_;
  ExactSum sum_;
  std::vector<double> sorted_;
};

/// The hits of one group, and a window that slides over them.
class Window {
 public:
  using Hits = std::vector<const StepTime*>;

  Window(const CorrelationRule& rule, const Hits& hits)
      : rule_(rule),
        hits_(hits),
        counts_(rule.steps.size(), 0),
        present_(rule.steps.size(), false),
        values_(rule) {
    if (rule.type == Type::temporal_ordered) {
      find_sequences();
    }
  }

  /// Calls `visit` for each window that may be judged.
  void slide(Timestamp closed_until, const std::function<void()>& visit) {
    const bool waits = rule_.correlation_class == CorrelationClass::non_monotone;
    while (first_ < hits_.size()) {
      start_ = hits_[first_]->order.time;
      while (last_ < hits_.size() && is_within(start_, hits_[last_]->order.time, rule_.timespan)) {
        enter(last_++);
      }
      if (!waits || is_closed(start_, rule_.timespan, closed_until)) {
        visit();
      }
      while (first_ < hits_.size() && hits_[first_]->order.time == start_) {
        leave(first_++);
      }
    }
  }

  [[nodiscard]] bool holds() const {
    if (has_step_condition(rule_)) {
      return spoor::holds(rule_.condition, present_);
    }
    if (rule_.type == Type::temporal_ordered) {
      const std::optional<Timestamp> began = began_[last_ - 1];
      return began && *began >= start_;
    }
    const std::optional<double> measured = measure();
    return measured && std::ranges::all_of(rule_.thresholds, [&](const Threshold& threshold) {
             return threshold.holds(*measured);
           });
  }

  [[nodiscard]] std::size_t first() const { return first_; }

  /// One behind the last.
  [[nodiscard]] std::size_t last() const { return last_; }

  /// By step: has it a hit in the window?
  [[nodiscard]] const std::vector<bool>& present() const { return present_; }

  [[nodiscard]] std::optional<double> measure() const {
    switch (rule_.type) {
      case Type::event_count: return static_cast<double>(events_);
      case Type::temporal: return static_cast<double>(std::ranges::count(present_, true));
      default: return values_.measure();
    }
  }

  [[nodiscard]] Timestamp start() const { return start_; }

 private:
  /// The hits of one event stand side by side, and in the same windows.
  [[nodiscard]] bool begins_event(std::size_t hit) const {
    return hit == 0 || hits_[hit - 1]->order < hits_[hit]->order;
  }

  void enter(std::size_t hit) {
    const std::size_t step = hits_[hit]->step;
    present_[step] = ++counts_[step] > 0;
    if (begins_event(hit)) {
      ++events_;
      std::ranges::for_each(hits_[hit]->values, [this](const auto& text) { values_.add(text); });
    }
  }

  void leave(std::size_t hit) {
    const std::size_t step = hits_[hit]->step;
    present_[step] = --counts_[step] > 0;
    if (begins_event(hit)) {
      --events_;
      std::ranges::for_each(hits_[hit]->values, [this](const auto& text) { values_.remove(text); });
    }
  }

  /// Fills began_: for each hit the latest time at which a whole sequence began that ends there or
  /// before. One that began earlier is in fewer windows.
  void find_sequences() {
    std::vector<std::size_t> places;
    for (std::size_t step = 0; step < rule_.steps.size(); ++step) {
      if (step != rule_.anchor || rule_.anchor_takes_part) {
        places.push_back(step);
      }
    }
    // For each place the latest beginning of a sequence up to there.
    std::vector<std::optional<Timestamp>> until(places.size());
    began_.resize(hits_.size());
    for (std::size_t first = 0; first < hits_.size();) {
      std::size_t last = first + 1;
      while (last < hits_.size() && !begins_event(last)) {
        ++last;
      }
      // From the last place to the first, so that an event stands for one of them: what it
      // continues was there before it.
      for (std::size_t place = places.size(); place-- > 0;) {
        if (has_step(first, last, places[place])) {
          const std::optional<Timestamp> began =
              place == 0 ? std::optional(hits_[first]->order.time) : until[place - 1];
          until[place] = std::max(until[place], began);
        }
      }
      std::fill(began_.begin() + static_cast<std::ptrdiff_t>(first),
                began_.begin() + static_cast<std::ptrdiff_t>(last),
                until.empty() ? std::nullopt : until.back());
      first = last;
    }
  }

  [[nodiscard]] bool has_step(std::size_t first, std::size_t last, std::size_t step) const {
    return std::any_of(hits_.begin() + static_cast<std::ptrdiff_t>(first),
                       hits_.begin() + static_cast<std::ptrdiff_t>(last),
                       [step](const StepTime* hit) { return hit->step == step; });
  }

  const CorrelationRule& rule_;
  const Hits& hits_;
  std::size_t first_ = 0;
  std::size_t last_ = 0;
  Timestamp start_ = 0;
  std::vector<std::size_t> counts_;  ///< By step.
  std::vector<bool> present_;
  std::size_t events_ = 0;
  Values values_;
  std::vector<std::optional<Timestamp>> began_;  ///< temporal_ordered: by hit.
};

/// The hits of each group, in their order.
std::map<std::string_view, Window::Hits> groups_of(const std::vector<StepTime>& times,
                                                   std::optional<std::size_t> without) {
  std::map<std::string_view, Window::Hits> groups;
  for (const StepTime& time : times) {
    if (time.step != without) {
      groups[time.group].push_back(&time);
    }
  }
  return groups;
}

bool holds_without(const CorrelationRule& rule,
                   const std::vector<StepTime>& times,
                   std::size_t step,
                   Timestamp closed_until) {
  bool found = false;
  for (const auto& [group, hits] : groups_of(times, step)) {
    Window window(rule, hits);
    window.slide(closed_until, [&] { found = found || window.holds(); });
  }
  return found;
}

}  // namespace

std::optional<WindowResult> find_windows(const CorrelationRule& rule,
                                         const std::vector<StepTime>& times,
                                         Timestamp closed_until) {
  WindowResult result;
  result.included.assign(times.size(), false);
  result.escalated.assign(rule.escalations.size(), false);
  bool found = false;
  for (const auto& [group, hits] : groups_of(times, std::nullopt)) {
    Window window(rule, hits);
    std::size_t included_until = 0;
    window.slide(closed_until, [&, &hits = hits] {
      if (!window.holds()) {
        return;
      }
      found = true;
      for (std::size_t i = std::max(window.first(), included_until); i < window.last(); ++i) {
        result.included[static_cast<std::size_t>(hits[i] - times.data())] = true;
      }
      included_until = std::max(included_until, window.last());
      for (std::size_t i = 0; i < rule.escalations.size(); ++i) {
        result.escalated[i] =
            result.escalated[i] || holds(rule.escalations[i].condition, window.present());
      }
    });
  }
  if (!found) {
    return std::nullopt;
  }
  for (std::size_t step = 0; step < rule.steps.size(); ++step) {
    result.required.push_back(!holds_without(rule, times, step, closed_until));
  }
  return result;
}

void look_at_windows(const CorrelationRule& rule,
                     const std::vector<StepTime>& times,
                     Timestamp closed_until,
                     const std::function<void(const WindowLook&)>& look) {
  for (const auto& [group, hits] : groups_of(times, std::nullopt)) {
    Window window(rule, hits);
    window.slide(closed_until, [&, &hits = hits] {
      look({.start = window.start(),
            .hits = std::span(hits).subspan(window.first(), window.last() - window.first()),
            .present = &window.present(),
            .measure = window.measure(),
            .holds = window.holds()});
    });
  }
}

}  // namespace spoor
