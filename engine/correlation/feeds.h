// Which detections feed which correlations, under numbers that outlive a rule set.
//
// A feed is the hits of one detection for the correlations that list it and came with the same rule
// set: a correlation sees the hits taken since it was loaded, and no others. So one that comes with
// a later rule set gets feeds of its own, and those that stay keep theirs. Mostly a detection that
// is a step has one feed.
//
// State refers to feeds and correlations by number. A number is never given to another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "engine/base/state_io.h"
#include "engine/base/uid.h"
#include "engine/rule/rule.h"
#include "engine/rule/unchanged_rules.h"

namespace spoor {

/// Of a feed or of a correlation.
using FeedNumber = std::uint32_t;
using CorrelationNumber = std::uint32_t;

/// A step of a correlation that a feed feeds.
struct FedStep {
  std::size_t correlation = 0;  ///< Index into RuleSet::correlations.
  std::size_t step = 0;
};

struct Feed {
  FeedNumber number = 0;
  std::vector<FedStep> steps;  ///< In the order of the rules.
};

/// Keeps no reference to a rule set.
class Feeds {
 public:
  /// Of the first rule set.
  explicit Feeds(const RuleSet& rules);

  /// Of the rule set that follows. Correlations that are `unchanged` keep their number and their
  /// feeds; all others get new ones. O(steps × log rules).
  [[nodiscard]] Feeds followed_by(const RuleSet& rules, const UnchangedRules& unchanged) const;

  /// Writes what the numbers stand for. `detections` and `correlations`: identity_uids() of them.
  void save(const RuleSet& rules,
            const std::vector<Uid>& detections,
            const std::vector<Uid>& correlations,
            StateWriter& into) const;
  /// Of a rule set that follows the one of which was saved. None if the bytes are damaged.
  [[nodiscard]] static std::optional<Feeds> restore(const RuleSet& rules,
                                                    const std::vector<Uid>& detections,
                                                    const std::vector<Uid>& correlations,
                                                    StateReader& from);

  /// What a hit of the detection (index into RuleSet::detections) feeds. Empty: it is no step.
  [[nodiscard]] const std::vector<Feed>& of_detection(std::size_t detection) const {
    return by_detection_[detection];
  }

  /// The feed of a step of a correlation (index into RuleSet::correlations).
  [[nodiscard]] FeedNumber of_step(std::size_t correlation, std::size_t step) const {
    return by_step_[correlation][step];
  }

  /// The number of a correlation (index into RuleSet::correlations).
  [[nodiscard]] CorrelationNumber number_of(std::size_t correlation) const {
    return numbers_[correlation];
  }

  /// The correlation of a number that has_correlation().
  [[nodiscard]] std::size_t correlation_of(CorrelationNumber number) const {
    return correlations_.at(number);
  }

  [[nodiscard]] bool has_correlation(CorrelationNumber number) const {
    return correlations_.contains(number);
  }

  /// Does it still feed a correlation?
  [[nodiscard]] bool has_feed(FeedNumber number) const { return feeds_.contains(number); }

  /// Some step has relation parent.
  [[nodiscard]] bool looks_up() const { return looks_up_; }

  /// Some step has relation sibling.
  [[nodiscard]] bool looks_sideways() const { return looks_sideways_; }

  /// Some correlation is about all runs of a program.
  [[nodiscard]] bool joins_runs() const { return joins_runs_; }

 private:
  /// Numbers of the rules that were there before.
  struct Before {
    std::map<std::size_t, CorrelationNumber> numbers;  ///< By correlation.
    std::map<std::pair<std::size_t, std::size_t>, FeedNumber>
        feeds;  ///< By correlation and detection.
  };

  Feeds() = default;
  void add(const RuleSet& rules, const Before& before);
  /// The feed of a detection that a correlation lists.
  [[nodiscard]] FeedNumber feed_of(std::size_t detection, std::size_t correlation) const;

  std::vector<std::vector<Feed>> by_detection_;
  std::vector<std::vector<FeedNumber>> by_step_;  ///< By correlation and step.
  std::vector<CorrelationNumber> numbers_;        ///< By correlation.
  std::map<CorrelationNumber, std::size_t> correlations_;
  std::set<FeedNumber> feeds_;
  std::uint32_t next_number_ = 0;  ///< Of both kinds.
  bool looks_up_ = false;
  bool looks_sideways_ = false;
  bool joins_runs_ = false;
};

}  // namespace spoor
