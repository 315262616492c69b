// What a stream tells: what is news since it was last asked.
#include <algorithm>
#include <utility>

#include <boost/unordered/unordered_flat_set.hpp>

#include "engine/base/limits.h"
#include "engine/correlation/correlator_impl.h"

namespace spoor {

namespace {

/// Nothing of a finding is newer or more than what was told: it is again what is left of it.
bool says_no_more(const Finding& finding, const FindingLedger::Told& before) {
  return before.status != FindingStatus::retracted &&
         finding.evidence_total <= before.evidence_total && finding.last_seen <= before.last_seen;
}

}  // namespace

void Correlator::Impl::tell(Finding finding,
                            Timestamp final_after,
                            Timestamp closed,
                            std::vector<Finding>& out,
                            bool is_remembered) {
  finding.status =
      final_after < closed || finished ? FindingStatus::final : FindingStatus::provisional;
  const FindingLedger::Told* before = ledger.find(finding.uid);
  if (before != nullptr && !is_remembered && before->last_seen < ledger_forgotten_before &&
      says_no_more(finding, *before)) {
    return;
  }
  if (ledger.update(finding)) {
    save_told(finding.uid);
    out.push_back(std::move(finding));
  }
}

bool Correlator::Impl::may_lack(const HostState& host, const FindingLedger::Told& told) const {
  return host.forgotten_until != kNothingClosed && told.first_seen <= host.forgotten_until;
}

void Correlator::Impl::tell_lineage(HostState& host,
                                    const MatchPlace& place,
                                    std::vector<Finding>& out) {
  if (!feeds.has_correlation(place.number)) {
    return;
  }
  const LineageRule rule = lineage_rule(place.number);
  if (host.matches.contains(place)) {
    Finding finding = lineage_finding(host, rule, place.at, closed_until(host));
    const Timestamp final_after = plus(finding.last_seen, rule.rule().timespan);
    const Uid told_so_far = std::exchange(host.told[place], finding.uid);
    if (told_so_far != finding.uid) {
      save_told_lineage(host, place, finding.uid);
    }
    // A program may run again at any time.
    const bool is_remembered = !told_so_far.is_none() || is_program(place.at);
    if (is_program(place.at)) {
      told_of_programs.insert(finding.uid);
    }
    const FindingLedger::Told* before = ledger.find(finding.uid);
    if (before != nullptr && may_lack(host, *before) && says_no_more(finding, *before)) {
      return;
    }
    if (!finished && final_after >= closed_until(host)) {
      host.add_due(final_after, place);
    }
    tell(std::move(finding), final_after, closed_until(host), out, is_remembered);
    return;
  }
  const auto told = host.told.find(place);
  if (told == host.told.end()) {
    return;
  }
  const FindingLedger::Told* before = ledger.find(told->second);
  if (before != nullptr && may_lack(host, *before)) {
    if (is_program(place.at) && host.programs.runs(place.at).empty()) {
      host.erase_told(place);
      host.told.erase(told);  // Its number may be given to another program.
    }
    return;
  }
  MatchView match = lineage_match(host, rule, place.at);
  match.uid = told->second;
  host.erase_told(place);
  host.told.erase(told);
  retract(match, host, successor(host, place), out);
}

std::optional<Uid> Correlator::Impl::successor(const HostState& host,
                                               const MatchPlace& place) const {
  ProcessIndex at = place.at;
  if (!is_program(at)) {
    if (!host.graph.is_known(at)) {
      return std::nullopt;
    }
    at = host.graph.canonical(at);
  }
  if (!host.matches.contains({.number = place.number, .at = at})) {
    return std::nullopt;
  }
  const LineageRule rule = lineage_rule(place.number);
  return finding_uid(rule.rule().meta, host.key, lineage_match(host, rule, at).anchor_uid);
}

void Correlator::Impl::tell_renamed(HostState& host, std::vector<Finding>& out) {
  for (const auto& [uid, place] : std::exchange(host.told_elsewhere, {})) {
    const std::optional<Uid> now = successor(host, place);
    if (!feeds.has_correlation(place.number) || now == uid) {
      continue;
    }
    MatchView match = lineage_match(host, lineage_rule(place.number), place.at);
    match.uid = uid;
    retract(match, host, now, out);
  }
}

void Correlator::Impl::tell_plain(HostState& host,
                                  const PlainHit& place,
                                  std::vector<Finding>& out) {
  const DetectionRule& rule = rules->detections[place.rule];
  const Hit* hit = plain[place.rule].find(place.event);
  if (hit != nullptr) {
    const Timestamp final_after = hit->event->order.time;
    if (!finished && final_after >= closed_until(host)) {
      host.plain_due.emplace(final_after, place);
    }
    Finding finding = plain_finding(rule, *hit);
    const Uid before = std::exchange(host.told_plain[place], finding.uid);
    if (before != finding.uid) {
      save_plain_hit(place.rule, *hit);
    }
    if (!before.is_none() && before != finding.uid) {
      MatchView gone = match_of(rule.meta, false, host.key, host.hostname);
      gone.uid = before;
      retract(gone, host, finding.uid, out);
    }
    tell(std::move(finding), final_after, closed_until(host), out, !before.is_none());
    return;
  }
  const auto told = host.told_plain.find(place);
  if (told != host.told_plain.end()) {
    MatchView gone = match_of(rule.meta, false, host.key, host.hostname);
    gone.uid = told->second;
    retract(gone, host, std::nullopt, out);
    host.told_plain.erase(told);
  }
}

void Correlator::Impl::retract(const MatchView& match,
                               const HostState& host,
                               std::optional<Uid> superseded_by,
                               std::vector<Finding>& out) {
  Finding finding = build_finding(match, host.graph, host.pid_actors);
  finding.superseded_by = superseded_by;
  if (ledger.retract(finding)) {
    save_told(finding.uid);
    out.push_back(std::move(finding));
  }
}

void Correlator::Impl::collect_due(HostState& host) const {
  const Timestamp closed = closed_until(host);
  while (!host.lineage_due.empty() && (finished || host.lineage_due.begin()->first < closed)) {
    const MatchPlace place = host.take_due();
    if (feeds.has_correlation(place.number)) {
      host.marked.insert(place);
    }
  }
  while (!host.plain_due.empty() && (finished || host.plain_due.begin()->first < closed)) {
    host.plain_changed.insert(host.plain_due.extract(host.plain_due.begin()).value().second);
  }
}

void Correlator::Impl::tell_host(HostState& host, std::vector<Finding>& out) {
  // Not in settle(): who waits for the graph asks what changed before findings are told.
  host.mark_changed(feeds);
  settle(host);
  for (const MatchPlace& place : host.evaluated) {
    tell_lineage(host, place, out);
  }
  host.evaluated.clear();
  tell_renamed(host, out);
  host.programs.recycle();
  for (const PlainHit& place : host.plain_changed) {
    tell_plain(host, place, out);
  }
  host.plain_changed.clear();
}

void Correlator::Impl::tell_withdrawn(std::vector<Finding>& out) {
  for (const WindowFiring& gone : std::exchange(withdrawn, {})) {
    const RuleMeta& rule = rules->window_correlations[gone.rule].meta;
    const Uid uid = finding_uid(rule, gone);
    const bool holds = std::ranges::any_of(firings, [&](const auto& entry) {
      return entry.second.rule == gone.rule && finding_uid(rule, entry.second) == uid;
    });
    if (holds) {
      continue;  // Told as it is now.
    }
    const HostState& host = *hosts.find(host_of(gone));
    MatchView match = match_of(rule, true, host.key, host.hostname);
    match.of_one_host = false;
    match.uid = uid;
    retract(match, host, std::nullopt, out);
  }
}

Timestamp Correlator::watermark(std::string_view host) const {
  const HostState* known = impl_->hosts.find(host);
  if (impl_->finished) {
    return kAllClosed;
  }
  return known == nullptr ? kNothingClosed : known->watermark.value();
}

std::vector<std::string> Correlator::stirred_hosts() const {
  std::vector<std::string> stirred;
  for (const HostState* host : impl_->touched) {
    if (host->watermark_moved || !host->changed.empty() || impl_->finished) {
      stirred.push_back(host->key);
    }
  }
  std::ranges::sort(stirred);
  return stirred;
}

std::vector<Uid> Correlator::stirred_processes(std::string_view host_key, bool deep) const {
  const HostState& host = *impl_->hosts.find(host_key);
  const std::size_t levels_max = deep ? kAncestorsMax : 2;
  boost::unordered_flat_set<ProcessIndex> stirred;
  for (const ProcessIndex process : host.changed) {
    if (host.graph.is_known(process)) {
      stirred.insert(host.graph.canonical(process));
    }
  }
  std::vector<ProcessIndex> level(stirred.begin(), stirred.end());
  for (std::size_t depth = 0; depth < levels_max && !level.empty(); ++depth) {
    std::vector<ProcessIndex> next;
    for (const ProcessIndex process : level) {
      for (ProcessIndex child = host.graph.first_child(process); child != kNoProcess;
           child = host.graph.next_sibling(child)) {
        if (stirred.insert(child).second) {
          next.push_back(child);
        }
      }
    }
    level = std::move(next);
  }
  std::vector<Uid> keys;
  for (const ProcessIndex process : stirred) {
    for (const ProcessIndex node : host.graph.members(process)) {
      keys.push_back(host.graph.node_key(node));
    }
  }
  return keys;
}

std::optional<std::vector<std::uint32_t>> Correlator::stirred_pids(
    std::string_view host_key) const {
  const HostState& host = *impl_->hosts.find(host_key);
  if (host.all_pids_changed) {
    return std::nullopt;
  }
  return std::vector(host.changed_pids.begin(), host.changed_pids.end());
}

Timestamp Correlator::forgotten_before() const {
  return impl_->forgotten_before();
}

std::vector<Finding> Correlator::updates() {
  Impl& impl = *impl_;
  std::vector<Finding> out;
  if (!impl.options.lateness) {
    return out;
  }
  for (HostState* host : impl.touched) {
    impl.list_watermark(*host);
  }
  if (!impl.finished && !impl.rules->window_correlations.empty()) {
    impl.windows.advance(minus(impl.least_watermark(), kClockSlackNs));
  }
  for (HostState* host : impl.touched) {
    impl.tell_host(*host, out);
    host->watermark_moved = false;
    impl.firings_to_tell.merge(host->firings_changed);
    host->firings_changed.clear();
  }
  for (const FiringNumber number : impl.firings_to_tell) {
    const auto firing = impl.firings.find(number);
    if (firing != impl.firings.end() && !firing->second.lacks) {
      // What was judged is final: nothing earlier is expected any more.
      impl.tell(impl.finding_of(firing->second), kNothingClosed, kAllClosed, out, false);
    }
  }
  impl.firings_to_tell.clear();
  impl.tell_withdrawn(out);
  for (HostState* host : impl.untouch_all()) {
    impl.retain(*host);
  }
  impl.forget_told();
  std::ranges::sort(out, canonical_less);
  return out;
}

}  // namespace spoor
