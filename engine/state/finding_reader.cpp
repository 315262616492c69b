#include "engine/state/finding_reader.h"

#include <algorithm>
#include <utility>

#include "engine/state/finding_rows.h"

namespace spoor {
namespace {

constexpr std::uint64_t kLevelsMax = 16;

tl::unexpected<Error> damaged() {
  return fail(ErrorCode::bad_state, "a row of the findings is damaged");
}

}  // namespace

std::string finding_key(std::uint64_t sequence) {
  return StateWriter(StateRow::finding).key64(sequence).bytes();
}

std::string finding_index_key(const Uid& uid) {
  return StateWriter(StateRow::finding_index).uid(uid).bytes();
}

std::string forgotten_finding_key(std::uint64_t sequence) {
  return StateWriter(StateRow::forgotten_finding).key64(sequence).bytes();
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

std::string heads_row(const FindingHeads& heads) {
  StateWriter value;
  value.number(heads.head).number(heads.tail).number(heads.bytes).number(heads.levels.size());
  for (const auto& [level, sequence] : heads.levels) {
    value.text(level).number(sequence);
  }
  return value.bytes();
}

std::optional<FindingHeads> read_heads_row(std::string_view bytes) {
  FindingHeads heads;
  StateReader from(bytes);
  heads.head = from.number();
  heads.tail = from.number();
  heads.bytes = from.number();
  for (std::uint64_t left = from.number_to(kLevelsMax); left > 0 && from.ok(); --left) {
    std::string level(from.text());
    heads.levels[std::move(level)] = from.number();
  }
  return from.is_done() && heads.tail >= 1 ? std::optional(std::move(heads)) : std::nullopt;
}

Result<FindingHeads> FindingReader::heads() const {
  const std::optional<std::string> bytes = source_.get(StateWriter(StateRow::heads).bytes());
  if (!bytes) {
    return FindingHeads{};
  }
  std::optional<FindingHeads> heads = read_heads_row(*bytes);
  if (!heads) {
    return damaged();
  }
  return std::move(*heads);
}

Result<void> FindingReader::for_each(std::uint64_t from, const Look& look) const {
  const Result<FindingHeads> now = heads();
  if (!now) {
    return tl::unexpected<Error>(now.error());
  }
  for (std::uint64_t sequence = std::max(from, now->tail); sequence != 0 && sequence <= now->head;
       ++sequence) {
    const std::string key = finding_key(sequence);
    const std::optional<std::string> bytes = source_.get(key);
    if (!bytes) {
      Result<void> read = source_.read_error();
      if (!read) {
        return read;
      }
      continue;  // It grew too old while we were reading.
    }
    const std::optional<StoredFinding> finding = read_finding_row(key, *bytes);
    if (!finding) {
      return damaged();
    }
    if (!look(*finding)) {
      break;
    }
  }
  return {};
}

Result<std::optional<StoredFinding>> FindingReader::latest(const Uid& uid) const {
  const std::optional<std::string> index = source_.get(finding_index_key(uid));
  if (!index) {
    return std::optional<StoredFinding>();
  }
  const std::uint64_t sequence = StateReader(*index).number();
  const std::string key = finding_key(sequence);
  const std::optional<std::string> bytes = source_.get(key);
  std::optional<StoredFinding> finding = bytes ? read_finding_row(key, *bytes) : std::nullopt;
  if (finding) {
    return finding;
  }
  const Result<FindingHeads> now = heads();
  if (!bytes && now && sequence < now->tail) {
    return std::optional<StoredFinding>();
  }
  return damaged();
}

}  // namespace spoor
