#include "engine/state/finding_store.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "engine/state/finding_rows.h"

namespace spoor {

FindingStore::FindingStore(const StateSource& source, StateSink& sink, FindingHeads heads)
    : source_(&source), sink_(&sink), heads_(std::move(heads)) {}

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
  save_heads();
  return heads_.head;
}

void FindingStore::save_heads() {
  sink_->put(StateWriter(StateRow::heads).bytes(), heads_row(heads_));
}

std::size_t FindingStore::forget(const FindingRetention& retention, Timestamp now) {
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
    const std::optional<std::string> last = source_->get(finding_index_key(oldest->uid));
    if (last && StateReader(*last).number() == heads_.tail) {
      sink_->erase(finding_index_key(oldest->uid));
      sink_->erase(StateWriter(StateRow::told).uid(oldest->uid).bytes());
    }
    ++heads_.tail;
    ++count;
  }
  if (count != 0) {
    save_heads();
  }
  return count;
}

}  // namespace spoor
