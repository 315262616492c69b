// What was told of findings: which revision, and of which content.
//
// A stream tells of a finding as soon as it holds, and again when its content changes. The ledger
// knows what was told last, so that nothing is told twice and revisions count what readers saw.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include <boost/unordered/unordered_flat_map.hpp>

#include "engine/base/state_io.h"
#include "engine/base/uid.h"
#include "engine/finding/finding.h"

namespace spoor {

class FindingLedger {
 public:
  struct Told {
    Uid digest;  ///< Of the content, revision and status apart.
    Timestamp first_seen = 0;
    Timestamp last_seen = 0;
    std::size_t evidence_total = 0;
    std::uint32_t revision = 0;
    FindingStatus status = FindingStatus::provisional;
  };

  /// What is not here may still be written somewhere: asked before a finding counts as new.
  using Recall = std::function<std::optional<Told>(const Uid& finding)>;

  void on_unknown(Recall recall) { recall_ = std::move(recall); }

  /// Is there something new to tell, in content or status? Then the finding gets its revision: one
  /// more than the last, so that uid and revision together say what was told. One that was final
  /// stays so as long as its content does. O(size of the finding).
  [[nodiscard]] bool update(Finding& finding);

  /// The finding does not hold any more. False if it was never told, or retracted already. Gives it
  /// its revision and the status `retracted`; the caller fills in what a reader needs to know it
  /// by.
  [[nodiscard]] bool retract(Finding& finding);

  /// What was told last of a finding; null if it was never told, or is forgotten. Valid until the
  /// next change.
  [[nodiscard]] const Told* find(const Uid& uid);

  /// Forgets what was last about events before `time`, unless `keeps` says that the finding may
  /// come again: then its revisions have to go on. O(findings told).
  void forget_before(Timestamp time, const std::function<bool(const Uid&)>& keeps);

  [[nodiscard]] std::size_t size() const { return told_.size(); }

 private:
  /// What is known of it; null if nothing is.
  Told* known(const Uid& uid);

  Recall recall_;
  boost::unordered_flat_map<Uid, Told, UidHash> told_;
};

/// For what survives a restart.
void write_told(const FindingLedger::Told& told, StateWriter& into);
/// None if the bytes are damaged.
[[nodiscard]] std::optional<FindingLedger::Told> read_told(std::string_view bytes);

}  // namespace spoor
