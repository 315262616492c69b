#include "engine/bus/message.h"

#include "engine/bus/header_writer.h"

namespace spoor {
std::string topic_of(const StoredFinding& finding) {
  return "finding." + finding.level + "." + finding.rule_id;
}

std::string finding_header(const BusIdentity& identity, const StoredFinding& finding) {
  return HeaderWriter()
      .identity(identity)
      .number("seq", finding.sequence)
      .text("level", finding.level)
      .number("level_seq", finding.level_sequence)
      .text("uid", to_string(finding.uid))
      .number("rev", finding.revision)
      .text("status", to_string(finding.status))
      .finish();
}

std::string heartbeat_header(const BusIdentity& identity, const BusHeads& heads) {
  return HeaderWriter()
      .identity(identity)
      .number("seq", heads.sequence)
      .number("tail", heads.stored.tail)
      .levels(heads.stored)
      .number("gaps", heads.gaps)
      .finish();
}

std::string gap_header(const BusIdentity& identity, std::uint64_t number) {
  return HeaderWriter().identity(identity).number("gap", number).finish();
}

std::string gap_payload(const BusGap& gap) {
  return HeaderWriter()
      .text("kind", gap.kind)
      .number("count", gap.count)
      .number("total", gap.total)
      .finish();
}

}  // namespace spoor
