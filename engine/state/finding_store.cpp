#include "engine/state/finding_store.h"

#include <algorithm>
#include <utility>

namespace spoor {
namespace {

constexpr std::uint64_t kLevelsMax = 16;

std::string finding_key(std::uint64_t sequence) {
  return StateWriter(StateRow::finding).key64(sequence).bytes();
}

std::string index_key(const Uid& uid) {
  return StateWriter(StateRow::finding_index).uid(uid).bytes();
}

std::optional<StoredFinding> read_finding_row(std::string_view key, std::string_view bytes) {
  StoredFinding finding;
  StateReader place(key.substr(1));
  finding.sequence = place.key64();
  StateReader from(bytes);
  finding.level_sequence = from.number();
  finding.stored_at = from.time();
  finding.uid = from.uid();
  finding.revision = static_cast<std::uint32_t>(from.number_to(0xFFFFFFFFU));
  constexpr auto kLast = static_cast<std::uint64_t>(FindingStatus::retracted);
  finding.status = static_cast<FindingStatus>(from.number_to(kLast));
  for (std::string* text : {&finding.level, &finding.rule_id, &finding.title, &finding.host_key,
                            &finding.hostname, &finding.process_image, &finding.process_pid}) {
    *text = from.text();
  }
  finding.first_seen = from.time();
  finding.last_seen = from.time();
  finding.evidence_total = from.number();
  finding.payload = from.text();
  return place.is_done() && from.is_done() ? std::optional(std::move(finding)) : std::nullopt;
}

tl::unexpected<Error> damaged() {
  return fail(ErrorCode::bad_state, "a row of the findings is damaged");
}

}  // namespace

FindingStore::FindingStore(const StateSource& source, StateSink& sink)
    : source_(source), sink_(sink) {
  const std::optional<std::string> bytes = source.get(StateWriter(StateRow::heads).bytes());
  if (!bytes) {
    return;
  }
  StateReader from(*bytes);
  head_ = from.number();
  tail_ = from.number();
  bytes_ = from.number();
  for (std::uint64_t left = from.number_to(kLevelsMax); left > 0 && from.ok(); --left) {
    std::string level(from.text());
    level_heads_[std::move(level)] = from.number();
  }
}

std::uint64_t FindingStore::add(const Finding& finding, std::string_view payload, Timestamp now) {
  ++head_;
  StateWriter value;
  value.number(++level_heads_[finding.level]).time(now).uid(finding.uid).number(finding.revision);
  value.number(static_cast<std::uint64_t>(finding.status));
  value.text(finding.level).text(finding.rule.id).text(title_of(finding.rule));
  value.text(finding.host_key).text(finding.hostname);
  const bool has_process = finding.anchor && *finding.anchor < finding.processes.size();
  value.text(has_process ? finding.processes[*finding.anchor].image : "");
  value.text(has_process ? finding.processes[*finding.anchor].pid : "");
  value.time(finding.first_seen).time(finding.last_seen);
  value.number(finding.evidence_total).text(payload);
  bytes_ += value.bytes().size();
  sink_.put(finding_key(head_), value.bytes());
  sink_.put(index_key(finding.uid), StateWriter().number(head_).bytes());
  save_heads();
  return head_;
}

void FindingStore::save_heads() {
  StateWriter value;
  value.number(head_).number(tail_).number(bytes_).number(level_heads_.size());
  for (const auto& [level, sequence] : level_heads_) {
    value.text(level).number(sequence);
  }
  sink_.put(StateWriter(StateRow::heads).bytes(), value.bytes());
}

Result<void> FindingStore::for_each(std::uint64_t from,
                                    const std::function<bool(const StoredFinding&)>& look) const {
  bool is_sound = true;
  for (std::uint64_t sequence = std::max(from, tail_); sequence <= head_; ++sequence) {
    const std::string key = finding_key(sequence);
    const std::optional<std::string> bytes = source_.get(key);
    if (!bytes) {
      continue;  // Not committed yet.
    }
    const std::optional<StoredFinding> finding = read_finding_row(key, *bytes);
    is_sound = finding.has_value();
    if (!is_sound || !look(*finding)) {
      break;
    }
  }
  return is_sound ? Result<void>{} : damaged();
}

Result<std::optional<StoredFinding>> FindingStore::latest(const Uid& uid) const {
  const std::optional<std::string> sequence = source_.get(index_key(uid));
  if (!sequence) {
    return std::optional<StoredFinding>();
  }
  const std::string key = finding_key(StateReader(*sequence).number());
  const std::optional<std::string> bytes = source_.get(key);
  std::optional<StoredFinding> finding = bytes ? read_finding_row(key, *bytes) : std::nullopt;
  if (!finding) {
    return damaged();
  }
  return finding;
}

std::size_t FindingStore::forget(const FindingRetention& retention, Timestamp now) {
  std::size_t count = 0;
  while (tail_ <= head_) {
    const std::string key = finding_key(tail_);
    const std::optional<std::string> bytes = source_.get(key);
    const std::optional<StoredFinding> oldest =
        bytes ? read_finding_row(key, *bytes) : std::nullopt;
    if (!oldest || (bytes_ <= retention.bytes && oldest->stored_at >= now - retention.age)) {
      break;
    }
    bytes_ -= std::min<std::uint64_t>(bytes_, bytes->size());
    sink_.erase(key);
    const std::optional<std::string> last = source_.get(index_key(oldest->uid));
    if (last && StateReader(*last).number() == tail_) {
      sink_.erase(index_key(oldest->uid));
      sink_.erase(StateWriter(StateRow::told).uid(oldest->uid).bytes());
    }
    ++tail_;
    ++count;
  }
  if (count != 0) {
    save_heads();
  }
  return count;
}

}  // namespace spoor
