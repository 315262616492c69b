#include "engine/finding/ledger.h"

#include <utility>

#include "engine/finding/render.h"

namespace spoor {
namespace {

/// What a reader would see, revision and status apart.
Uid digest_of(Finding& finding) {
  const std::uint32_t revision = std::exchange(finding.revision, 1);
  const FindingStatus status = std::exchange(finding.status, FindingStatus::final);
  const Uid digest = UidBuilder().add(render_ocsf(finding)).finish();
  finding.revision = revision;
  finding.status = status;
  return digest;
}

}  // namespace

bool FindingLedger::update(Finding& finding) {
  const Uid digest = digest_of(finding);
  Told& told = told_[finding.uid];
  const bool is_other =
      told.revision == 0 || told.digest != digest || told.status == FindingStatus::retracted;
  const bool is_news = is_other || told.status != finding.status;
  told.revision += is_other ? 1U : 0U;
  told.digest = digest;
  told.status = finding.status;
  told.first_seen = finding.first_seen;
  told.last_seen = finding.last_seen;
  told.evidence_total = finding.evidence_total;
  finding.revision = told.revision;
  return is_news;
}

bool FindingLedger::retract(Finding& finding) {
  const auto known = told_.find(finding.uid);
  if (known == told_.end() || known->second.status == FindingStatus::retracted) {
    return false;
  }
  Told& told = known->second;
  told.status = FindingStatus::retracted;
  ++told.revision;
  finding.revision = told.revision;
  finding.status = FindingStatus::retracted;
  finding.first_seen = told.first_seen;
  finding.last_seen = told.last_seen;
  return true;
}

const FindingLedger::Told* FindingLedger::find(const Uid& uid) const {
  const auto known = told_.find(uid);
  return known == told_.end() ? nullptr : &known->second;
}

void FindingLedger::forget_before(Timestamp time, const std::function<bool(const Uid&)>& keeps) {
  boost::unordered::erase_if(told_, [&](const auto& entry) {
    return entry.second.last_seen < time && !keeps(entry.first);
  });
}

}  // namespace spoor
