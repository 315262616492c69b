// The events that come nearest to a detection without satisfying it.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "engine/correlation/correlator.h"
#include "engine/correlation/hit_store.h"
#include "engine/event/event.h"
#include "engine/matcher/matcher.h"
#include "engine/rule/rule.h"
#include "parsers/record_parser.h"

namespace spoor {

/// An event that some of a detection's tests hold for, but not enough of them.
struct NearEvent {
  std::string host;  ///< The key of its machine.
  std::shared_ptr<const KeptEvent> event;
  double nearness = 0;              ///< The part of the condition that holds: from 0 to 1.
  std::vector<std::string> failed;  ///< why_not().
};

/// Watches events go by and keeps of each host the few that come nearest. What is kept depends on
/// the set of events, not on their order. Which of two comes nearer is worked out here; whether one
/// satisfies the rule the matcher says.
class NearEvents {
 public:
  /// `rule` must outlive this.
  explicit NearEvents(const DetectionRule& rule);
  NearEvents(const NearEvents&) = delete;
  NearEvents& operator=(const NearEvents&) = delete;
  ~NearEvents() = default;

  void take(const Event& event, bool duplicate);

  /// Asks the process graph for what it knows by the end. Call it once, when all events are in.
  void finish(const Correlator& correlator);

  /// Distinct events of the rule's log source, of one host (its key) or of all (empty).
  [[nodiscard]] std::size_t covered(const std::string& host = {}) const;

  /// The nearest of a host (its key) or of all (empty), at most `count`, nearest first; of those
  /// that are equally near first those that are `preferred` (may be empty), then the earliest.
  [[nodiscard]] std::vector<NearEvent> nearest(
      const std::string& host,
      std::size_t count,
      const std::function<bool(const KeptEvent&)>& preferred = {}) const;

  static constexpr std::size_t kKeptOfHost = 32;

 private:
  struct Candidate {
    double nearness = 0;
    OrderKey order;
    std::string record;  ///< With the bytes behind it that the parser needs.
    std::size_t length = 0;
  };

  struct Nearer {
    bool operator()(const Candidate& a, const Candidate& b) const {
      return a.nearness != b.nearness ? a.nearness > b.nearness : a.order < b.order;
    }
  };

  struct OfHost {
    std::size_t covered = 0;
    std::set<Candidate, Nearer> candidates;
  };

  /// A part of the condition that a rule of `parts_` stands for; or, with children, several.
  void add_part(const Expr& expr);
  /// `flags_` must be of the event. `*tests`: the tests that hold, those under a `not` apart.
  [[nodiscard]] double nearness(const Expr& expr, std::size_t* tests) const;
  /// How near the event comes; 0 if no test holds that speaks for the rule.
  [[nodiscard]] double rate(const Event& event, const Lineage* lineage);
  void finish_candidate(const Candidate& candidate, const Correlator& correlator);

  const DetectionRule& rule_;
  RuleSet parts_;
  std::map<const Expr*, std::size_t> part_of_;
  std::unique_ptr<Matcher> matcher_;
  RecordParser parser_;
  std::map<std::string, OfHost, std::less<>> hosts_;  ///< By key, as events give it.
  std::vector<NearEvent> near_;
  std::map<std::string, std::size_t> covered_;  ///< By the key of the machine.
  // Scratch.
  std::vector<std::size_t> hits_;
  std::vector<std::size_t> open_;
  std::vector<bool> flags_;  ///< By part: does it hold, or may it?
};

}  // namespace spoor
