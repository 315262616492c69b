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
  Told* before = known(finding.uid);
  Told& told = before != nullptr ? *before : told_[finding.uid];
  const bool is_other =
      told.revision == 0 || told.digest != digest || told.status == FindingStatus::retracted;
  if (!is_other && told.status == FindingStatus::final) {
    finding.status = FindingStatus::final;  // Said once, when no more was to come.
  }
  const bool is_news = is_other || told.status != finding.status;
  told.revision += is_news ? 1U : 0U;
  told.digest = digest;
  told.status = finding.status;
  told.first_seen = finding.first_seen;
  told.last_seen = finding.last_seen;
  told.evidence_total = finding.evidence_total;
  finding.revision = told.revision;
  return is_news;
}

bool FindingLedger::retract(Finding& finding) {
  Told* before = known(finding.uid);
  if (before == nullptr || before->status == FindingStatus::retracted) {
    return false;
  }
  Told& told = *before;
  told.status = FindingStatus::retracted;
  ++told.revision;
  finding.revision = told.revision;
  finding.status = FindingStatus::retracted;
  finding.first_seen = told.first_seen;
  finding.last_seen = told.last_seen;
  return true;
}

const FindingLedger::Told* FindingLedger::find(const Uid& uid) {
  return known(uid);
}

FindingLedger::Told* FindingLedger::known(const Uid& uid) {
  const auto here = told_.find(uid);
  if (here != told_.end()) {
    return &here->second;
  }
  const std::optional<Told> recalled = recall_ ? recall_(uid) : std::nullopt;
  if (!recalled) {
    return nullptr;
  }
  return &told_.insert_or_assign(uid, *recalled).first->second;
}

void FindingLedger::forget_before(Timestamp time, const std::function<bool(const Uid&)>& keeps) {
  boost::unordered::erase_if(told_, [&](const auto& entry) {
    return entry.second.last_seen < time && !keeps(entry.first);
  });
}

void write_told(const FindingLedger::Told& told, StateWriter& into) {
  into.uid(told.digest).time(told.first_seen).time(told.last_seen).number(told.evidence_total);
  into.number(told.revision).number(static_cast<std::uint64_t>(told.status));
}

std::optional<FindingLedger::Told> read_told(std::string_view bytes) {
  StateReader from(bytes);
  FindingLedger::Told told;
  told.digest = from.uid();
  told.first_seen = from.time();
  told.last_seen = from.time();
  told.evidence_total = from.number();
  told.revision = static_cast<std::uint32_t>(from.number_to(0xFFFFFFFFU));
  constexpr auto kLast = static_cast<std::uint64_t>(FindingStatus::retracted);
  told.status = static_cast<FindingStatus>(from.number_to(kLast));
  return from.is_done() ? std::optional(told) : std::nullopt;
}

}  // namespace spoor
