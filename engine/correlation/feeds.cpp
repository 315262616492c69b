#include "engine/correlation/feeds.h"

#include <algorithm>
#include <cassert>
#include <optional>

namespace spoor {

Feeds::Feeds(const RuleSet& rules) {
  add(rules, {});
}

Feeds Feeds::followed_by(const RuleSet& rules, const UnchangedRules& unchanged) const {
  Feeds feeds;
  feeds.next_number_ = next_number_;
  Before before;
  for (std::size_t c = 0; c < rules.correlations.size(); ++c) {
    const std::optional<std::size_t> same = unchanged.correlations[c];
    if (!same) {
      continue;
    }
    before.numbers.emplace(c, numbers_[*same]);
    for (const CorrelationStep& step : rules.correlations[c].steps) {
      // The steps of an unchanged correlation are unchanged.
      before.feeds.emplace(std::pair(c, step.rule),
                           feed_of(*unchanged.detections[step.rule], *same));
    }
  }
  feeds.add(rules, before);
  return feeds;
}

void Feeds::save(const RuleSet& rules,
                 const std::vector<Uid>& detections,
                 const std::vector<Uid>& correlations,
                 StateWriter& into) const {
  into.number(next_number_).number(numbers_.size());
  for (std::size_t c = 0; c < numbers_.size(); ++c) {
    const std::vector<CorrelationStep>& steps = rules.correlations[c].steps;
    into.uid(correlations[c]).number(numbers_[c]).number(steps.size());
    for (std::size_t s = 0; s < steps.size(); ++s) {
      into.uid(detections[steps[s].rule]).number(by_step_[c][s]);
    }
  }
}

std::optional<Feeds> Feeds::restore(const RuleSet& rules,
                                    const std::vector<Uid>& detections,
                                    const std::vector<Uid>& correlations,
                                    StateReader& from) {
  constexpr std::uint64_t kItemsMax = 1U << 20U;
  constexpr std::uint64_t kNumberMax = 0xFFFFFFFFU;
  const auto place_of = [](const std::vector<Uid>& among, const Uid& uid) {
    return static_cast<std::size_t>(std::ranges::find(among, uid) - among.begin());
  };
  Feeds feeds;
  Before before;
  feeds.next_number_ = static_cast<std::uint32_t>(from.number_to(kNumberMax));
  for (std::uint64_t left = from.number_to(kItemsMax); left > 0 && from.ok(); --left) {
    const std::size_t correlation = place_of(correlations, from.uid());
    const bool is_known = correlation < correlations.size();
    const auto number = static_cast<CorrelationNumber>(from.number_to(kNumberMax));
    if (is_known) {
      before.numbers.emplace(correlation, number);
    }
    for (std::uint64_t steps = from.number_to(kItemsMax); steps > 0 && from.ok(); --steps) {
      const std::size_t detection = place_of(detections, from.uid());
      const auto feed = static_cast<FeedNumber>(from.number_to(kNumberMax));
      if (is_known && detection < detections.size()) {
        before.feeds.emplace(std::pair(correlation, detection), feed);
      }
    }
  }
  if (!from.is_done()) {
    return std::nullopt;
  }
  // All its steps, or it is another.
  std::erase_if(before.numbers, [&](const auto& entry) {
    const std::vector<CorrelationStep>& steps = rules.correlations[entry.first].steps;
    return !std::ranges::all_of(steps, [&](const CorrelationStep& step) {
      return before.feeds.contains({entry.first, step.rule});
    });
  });
  feeds.add(rules, before);
  return feeds;
}

void Feeds::add(const RuleSet& rules, const Before& before) {
  by_detection_.resize(rules.detections.size());
  by_step_.resize(rules.correlations.size());
  // Correlations that come together share the feed of a detection: they see the same of it.
  std::map<std::size_t, FeedNumber> new_feeds;
  const auto new_feed = [&](std::size_t detection) {
    const auto [known, is_new] = new_feeds.try_emplace(detection, next_number_);
    next_number_ += is_new ? 1U : 0U;
    return known->second;
  };
  for (std::size_t c = 0; c < rules.correlations.size(); ++c) {
    const auto same = before.numbers.find(c);
    const bool is_same = same != before.numbers.end();
    numbers_.push_back(is_same ? same->second : next_number_++);
    correlations_.emplace(numbers_.back(), c);
    joins_runs_ = joins_runs_ || spoor::joins_runs(rules.correlations[c].group_by);
    const std::vector<CorrelationStep>& steps = rules.correlations[c].steps;
    for (std::size_t s = 0; s < steps.size(); ++s) {
      const std::size_t detection = steps[s].rule;
      const FeedNumber number = is_same ? before.feeds.at({c, detection}) : new_feed(detection);
      by_step_[c].push_back(number);
      feeds_.insert(number);
      std::vector<Feed>& feeds = by_detection_[detection];
      auto feed = std::ranges::find(feeds, number, &Feed::number);
      if (feed == feeds.end()) {
        feed = feeds.insert(feeds.end(), Feed{.number = number, .steps = {}});
      }
      feed->steps.push_back({.correlation = c, .step = s});
      looks_up_ = looks_up_ || steps[s].relation == Relation::parent;
      looks_sideways_ = looks_sideways_ || steps[s].relation == Relation::sibling;
    }
  }
}

FeedNumber Feeds::feed_of(std::size_t detection, std::size_t correlation) const {
  const auto feed = std::ranges::find_if(by_detection_[detection], [&](const Feed& one) {
    return std::ranges::find(one.steps, correlation, &FedStep::correlation) != one.steps.end();
  });
  assert(feed != by_detection_[detection].end());
  return feed->number;
}

}  // namespace spoor
