// What was told of findings: which revision, and of which content.
//
// A stream tells of a finding as soon as it holds, and again when its content changes. The ledger
// knows what was told last, so that nothing is told twice and revisions count what readers saw.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <boost/unordered/unordered_flat_map.hpp>

#include "engine/base/uid.h"
#include "engine/finding/finding.h"

namespace spoor {

class FindingLedger {
 public:
  /// Is there something new to tell? Then the finding gets its revision: one more than the last if
  /// its content differs, the same if only its status does. A finding that holds again after it was
  /// retracted is a new revision. O(size of the finding).
  [[nodiscard]] bool update(Finding& finding);

  /// The finding does not hold any more. False if it was never told, or retracted already. Gives it
  /// its revision and the status `retracted`; the caller fills in what a reader needs to know it
  /// by.
  [[nodiscard]] bool retract(Finding& finding);

  [[nodiscard]] bool knows(const Uid& uid) const { return told_.contains(uid); }

  /// Forgets what was last about events before `time`. O(findings told).
  void forget_before(Timestamp time);

  [[nodiscard]] std::size_t size() const { return told_.size(); }

 private:
  struct Told {
    Uid digest;  ///< Of the content, revision and status apart.
    Timestamp first_seen = 0;
    Timestamp last_seen = 0;
    std::uint32_t revision = 0;
    FindingStatus status = FindingStatus::provisional;
  };

  boost::unordered_flat_map<Uid, Told, UidHash> told_;
};

}  // namespace spoor
