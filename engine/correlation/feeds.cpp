#include "engine/correlation/feeds.h"

#include <algorithm>
#include <cassert>
#include <optional>

namespace spoor {

Feeds::Feeds(const RuleSet& rules) {
  add(rules, unchanged_rules({}, rules), nullptr);
}

Feeds Feeds::followed_by(const RuleSet& rules, const UnchangedRules& unchanged) const {
  Feeds feeds;
  feeds.next_number_ = next_number_;
  feeds.add(rules, unchanged, this);
  return feeds;
}

void Feeds::add(const RuleSet& rules, const UnchangedRules& unchanged, const Feeds* before) {
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
    const std::optional<std::size_t> same = unchanged.correlations[c];
    numbers_.push_back(same ? before->numbers_[*same] : next_number_++);
    correlations_.emplace(numbers_.back(), c);
    joins_runs_ = joins_runs_ || spoor::joins_runs(rules.correlations[c].group_by);
    const std::vector<CorrelationStep>& steps = rules.correlations[c].steps;
    for (std::size_t s = 0; s < steps.size(); ++s) {
      const std::size_t detection = steps[s].rule;
      // The steps of an unchanged correlation are unchanged.
      const FeedNumber number =
          same ? before->feed_of(*unchanged.detections[detection], *same) : new_feed(detection);
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
