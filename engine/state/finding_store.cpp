#include "engine/state/finding_store.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "engine/state/finding_rows.h"

namespace spoor {

FindingStore::FindingStore(const StateSource& source, StateSink& sink, FindingHeads heads)
    : source_(&source), sink_(&sink), heads_(std::move(heads)), told_tail_(heads_.tail) {
  source_->for_each(StateWriter(StateRow::forgotten_finding).bytes(),
                    [this](std::string_view key, std::string_view /*value*/) {
                      told_tail_ = std::min(told_tail_, StateReader(key.substr(1)).key64());
                      return false;
                    });
}

Result<FindingStore> FindingStore::open(const StateSource& source, StateSink& sink) {
  Result<FindingHeads> heads = FindingReader(source).heads();
  if (!heads) {
    return tl::unexpected<Error>(heads.error());
  }
  return FindingStore(source, sink, std::move(*heads));
}

std::uint64_t FindingStore::add(const Finding& finding, std::string_view payload, Timestamp now) {
  ++heads_.head;
  StateWriter value;
  value.number(++heads_.levels[finding.level]).time(now).uid(finding.uid);
  value.number(finding.revision).number(static_cast<std::uint64_t>(finding.status));
  value.text(finding.level).text(finding.rule.id).text(title_of(finding.rule));
  value.text(finding.host_key).text(finding.hostname);
  const bool has_process = finding.anchor && *finding.anchor < finding.processes.size();
  value.text(has_process ? finding.processes[*finding.anchor].image : "");
  value.text(has_process ? finding.processes[*finding.anchor].pid : "");
  value.time(finding.first_seen).time(finding.last_seen);
  value.number(finding.evidence_total).text(payload);
  heads_.bytes += value.bytes().size();
  sink_->put(finding_key(heads_.head), value.bytes());
  sink_->put(finding_index_key(finding.uid), StateWriter().number(heads_.head).bytes());
  added_[finding.uid] = heads_.head;
  save_heads();
  return heads_.head;
}

void FindingStore::save_heads() {
  sink_->put(StateWriter(StateRow::heads).bytes(), heads_row(heads_));
}

void FindingStore::note_committed(const FindingHeads& committed) {
  boost::unordered::erase_if(added_,
                             [&](const auto& entry) { return entry.second <= committed.head; });
}

bool FindingStore::is_last(const Uid& uid, std::uint64_t sequence) const {
  const auto added = added_.find(uid);
  if (added != added_.end()) {
    return added->second == sequence;
  }
  const std::optional<std::string> last = source_->get(finding_index_key(uid));
  return last && StateReader(*last).number() == sequence;
}

std::size_t FindingStore::forget(const FindingRetention& retention, Timestamp now) {
  const FindingHeads committed = FindingReader(*source_).heads().value_or(FindingHeads{});
  note_committed(committed);
  std::size_t count = 0;
  while (heads_.tail <= heads_.head) {
    const std::string key = finding_key(heads_.tail);
    const std::optional<std::string> bytes = source_->get(key);
    const std::optional<StoredFinding> oldest =
        bytes ? read_finding_row(key, *bytes) : std::nullopt;
    if (!oldest || (heads_.bytes <= retention.bytes && oldest->stored_at >= now - retention.age)) {
      break;
    }
    heads_.bytes -= std::min<std::uint64_t>(heads_.bytes, bytes->size());
    sink_->erase(key);
    if (is_last(oldest->uid, heads_.tail)) {
      sink_->put(forgotten_finding_key(heads_.tail),
                 StateWriter().uid(oldest->uid).time(oldest->stored_at).bytes());
    }
    ++heads_.tail;
    ++count;
  }
  if (count != 0) {
    save_heads();
  }
  forget_told(retention, now, committed);
  return count;
}

void FindingStore::forget_told(const FindingRetention& retention,
                               Timestamp now,
                               const FindingHeads& committed) {
  for (; told_tail_ < committed.tail; ++told_tail_) {
    const std::string key = forgotten_finding_key(told_tail_);
    const std::optional<std::string> bytes = source_->get(key);
    if (!bytes) {
      continue;  // It was not the last revision.
    }
    StateReader from(*bytes);
    const Uid uid = from.uid();
    const Timestamp stored_at = from.time();
    if (heads_.head - told_tail_ < retention.told && stored_at >= now - retention.told_age) {
      break;
    }
    sink_->erase(key);
    if (is_last(uid, told_tail_)) {  // Else it was told again since.
      sink_->erase(finding_index_key(uid));
      sink_->erase(StateWriter(StateRow::told).uid(uid).bytes());
    }
  }
}

}  // namespace spoor
