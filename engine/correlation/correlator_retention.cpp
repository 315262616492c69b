// What a stream forgets, and when.
#include <algorithm>

#include "engine/correlation/correlator_impl.h"
#include "engine/correlation/state_rows.h"

namespace spoor {
namespace {

/// How often it is looked for what to forget, in event time.
constexpr Duration kRetentionStep = 60 * kNanosPerSecond;

}  // namespace

void Correlator::Impl::count_nodes(HostState& host) {
  const std::size_t nodes = host.graph.node_count();
  const std::uint64_t bytes = nodes * kProcessBytes + host.graph.text_bytes();
  // Either way: unsigned.
  node_count += nodes - host.counted_nodes;
  byte_count += bytes - host.counted_bytes;
  host.counted_nodes = nodes;
  if (host.counted_bytes != 0 &&
      bytes / LargerHost::kStep == host.counted_bytes / LargerHost::kStep) {
    host.counted_bytes = bytes;
    return;
  }
  by_size.erase(&host);
  host.counted_bytes = bytes;
  by_size.insert(&host);
}

void Correlator::Impl::uncount_nodes(HostState& host) {
  by_size.erase(&host);
  node_count -= host.counted_nodes;
  byte_count -= host.counted_bytes;
}

void Correlator::Impl::make_room() {
  constexpr std::size_t kShareShed = 64;
  // What texts hold is given back by making those anew that stay: for their sake more goes at once.
  constexpr std::size_t kShareShedForTexts = 16;
  while (!has_room() && !by_size.empty()) {
    HostState& host = **by_size.rbegin();
    const std::size_t before = host.counted_nodes;
    const bool for_texts = byte_count > options.process_bytes_max;
    const std::size_t wanted = 1 + before / (for_texts ? kShareShedForTexts : kShareShed);
    host.graph_changed(host.graph.shed(wanted, for_texts), feeds, is_stream());
    touch(host);
    count_nodes(host);
    if (host.counted_nodes == before) {
      return;  // Nothing of it can go: its processes are parents of each other.
    }
  }
}

Duration Correlator::Impl::longest_timespan() const {
  Duration longest = 0;
  for (const CorrelationRule& rule : rules->correlations) {
    longest = std::max(longest, rule.timespan);
  }
  return longest;
}

void Correlator::Impl::retain(HostState& host) {
  const Timestamp now = host.watermark.value();
  if (now == kNothingClosed || finished ||
      (host.retained_at != kNothingClosed && now < plus(host.retained_at, kRetentionStep))) {
    return;
  }
  host.retained_at = now;
  const Duration longest = longest_timespan();
  const std::vector<ProcessIndex> gone =
      host.graph.evictable(minus(now, options.retention.after_end),
                           minus(now, options.retention.idle_after), [&](ProcessIndex process) {
                             const Timestamp last = host.last_hit_at(process);
                             return last == kNothingClosed ? last : plus(last, longest);
                           });
  if (!gone.empty()) {
    touch(host);  // What leaned on them is marked.
  }
  for (const ProcessIndex process : gone) {
    host.graph_changed(host.graph.forget(process), feeds, true);
  }
  count_nodes(host);
  stats.forgotten_processes += gone.size();
}

void Correlator::Impl::forget_pid_actors(Timestamp before) const {
  for (const auto& [key, host] : hosts) {
    host->pid_actors.forget_before(before, [&host = *host](const Uid& event) {
      if (host.sink != nullptr) {
        host.sink->erase(pid_actor_key(host.row_number, event));
      }
    });
  }
}

void Correlator::Impl::forget_told() {
  const Timestamp before = forgotten_before();
  if (before == kNothingClosed ||
      (told_forgotten_at != kNothingClosed && before < plus(told_forgotten_at, kRetentionStep))) {
    return;
  }
  told_forgotten_at = before;
  for (std::size_t rule = 0; rule < plain.size(); ++rule) {
    plain[rule].forget_before(before, [&](const Hit& hit) {
      erase_plain_hit(rule, hit.event->order);
      HostState& host = *hosts.find(hit.event->host);
      const PlainHit place{.rule = rule, .event = hit.event->order.uid};
      host.told_plain.erase(place);
      host.plain_changed.erase(place);
      const ProcessIndex actor = host.process_of(*hit.event);
      if (actor != kNoProcess) {
        for (const ProcessIndex node : host.graph.members(actor)) {
          const auto here = host.facts.find(node);
          if (here != host.facts.end()) {
            std::erase(here->second.plain, place);
          }
        }
      }
    });
  }
  forget_pid_actors(before);
  std::erase_if(firings, [&](const auto& entry) {
    const bool is_old = entry.second.time < before;
    firings_of[entry.second.rule] -= is_old ? 1U : 0U;
    return is_old;
  });
  boost::unordered_flat_set<Uid, UidHash> may_come_again;
  for (const auto& [key, host] : hosts) {
    for (const auto& [place, uid] : host->told) {
      may_come_again.insert(uid);
    }
  }
  ledger_forgotten_before = minus(before, longest_timespan());
  ledger.forget_before(ledger_forgotten_before, [&](const Uid& uid) {
    return may_come_again.contains(uid) || told_of_programs.contains(uid);
  });
}

Timestamp Correlator::Impl::forgotten_before() const {
  return options.lateness && !finished ? minus(least_watermark(), options.retention.after_told)
                                       : kNothingClosed;
}

void Correlator::Impl::list_watermark(HostState& host) {
  const Timestamp now = host.watermark.value();
  if (now == host.listed_watermark) {
    return;
  }
  by_watermark.erase({host.listed_watermark, &host});
  by_watermark.emplace(now, &host);
  host.listed_watermark = now;
}

Timestamp Correlator::Impl::least_watermark() const {
  if (by_watermark.empty()) {
    return kNothingClosed;
  }
  const Timestamp newest = by_watermark.rbegin()->first;
  // Those before it are silent.
  return by_watermark.lower_bound({minus(newest, options.lateness->source_silence), nullptr})
      ->first;
}

}  // namespace spoor
