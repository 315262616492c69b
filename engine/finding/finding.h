// A finding: a completed detection, with everything a person or a playbook needs to judge it.
//
// Plain data in canonical order, owned (no views): the correlator fills it, the renderers read it.
// Two runs over the same set of events fill it with the same content, byte for byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/time.h"
#include "engine/base/uid.h"
#include "engine/event/canonical.h"
#include "engine/event/event.h"

namespace spoor {

/// How sure the graph is of a process.
enum class Knowledge : std::uint8_t {
  known,     ///< Its own start event was seen.
  claimed,   ///< Known from what its child's start event says of its parent.
  inferred,  ///< Known from events it took part in; its start was not seen.
  missing,   ///< Only its uid is known.
};

[[nodiscard]] std::string_view to_string(Knowledge knowledge);

/// A process that is named beside the tree.
struct NamedProcess {
  std::string uid;  ///< The vendor's uid.
  std::string pid;  ///< Decimal, or empty.
  std::string image;
};

/// One process of the evidence tree.
struct FindingProcess {
  std::string uid;                      ///< The vendor's uid.
  std::vector<std::string> other_uids;  ///< Of other vendors that know it, sorted.
  std::string pid;                      ///< Decimal, or empty.
  std::string image;                    ///< Full path, or empty.
  std::string command_line;
  std::string user;
  std::string integrity_level;
  std::vector<std::pair<std::string, std::string>> hashes;  ///< ("SHA256", lower-case hex).
  Timestamp start = 0;                                      ///< 0: unknown.
  Timestamp end = 0;                                        ///< 0: not seen to end.
  Knowledge knowledge = Knowledge::missing;
  bool parent_mismatch = false;  ///< What its child or its own event says of the parent contradicts
                                 ///< the parent's own event.
  bool parent_ambiguous = false;  ///< The parent is told by its pid alone, and may be another.
  std::optional<NamedProcess> creator;  ///< Who asked for it, where that is not its parent.
  std::optional<std::size_t>
      parent;  ///< Index into Finding::processes; parents come before children.
};

struct FindingField {
  std::string name;
  std::string value;
  std::string test;  ///< What the rule asked for; empty if the field is only shown for context.
  /// Which of the field's values `value` is. A field that is only shown is as the event has it.
  ValueForm form = ValueForm::as_is;
};

/// One event that is part of the finding.
struct FindingEvidence {
  std::string step;  ///< Name of the rule that matched: "threecx_c2_domain".
  std::string step_title;
  std::string step_rule_id;
  bool required = false;  ///< Without this step the condition would not hold.
  OrderKey order;
  EventType type = EventType::other;
  Source source = Source::windows;
  std::string vendor_event_uid;
  std::optional<std::size_t> process;  ///< Index into Finding::processes.
  /// The event names its process by a bare pid, and it may be another.
  bool process_ambiguous = false;
  std::vector<FindingField> matched;  ///< What made the rule hold.
  std::vector<FindingField> fields;   ///< All named fields of the event, in field-table order.
  std::string
      record;  ///< Raw bytes as read, at most kDeadLetterBytesMax; valid UTF-8 not promised.
  bool salvaged = false;
};

struct FindingRule {
  std::string id;
  std::string name;
  std::string title;
  std::string description;
  std::string author;
  std::string license;
  std::vector<std::string> references;
  std::vector<std::string> tags;
  std::string logic_hash;
  bool correlation = false;
  /// What else the rule may hold for, says its author.
  std::vector<std::string> false_positives{};
};

enum class FindingStatus : std::uint8_t { provisional, final, retracted };

[[nodiscard]] std::string_view to_string(FindingStatus status);

struct Finding {
  Uid uid;  ///< hash of (rule id, logic hash, anchor): the same in replay and stream.
  std::uint32_t revision = 1;
  FindingStatus status = FindingStatus::final;
  /// Of one that is retracted because its process turned out to be another's, or its host: that
  /// finding.
  std::optional<Uid> superseded_by;
  std::string level;  ///< "critical"
  FindingRule rule;
  std::vector<FindingRule> related_rules;  ///< The steps' rules, in the order listed.
  /// Of a correlation by fields: (field, value) of its group.
  std::vector<std::pair<std::string, std::string>> group;
  std::string host_key;
  std::string hostname;
  std::string os_type;                ///< "Windows", "Linux", "macOS" or empty.
  std::optional<std::size_t> anchor;  ///< Index into processes; none if the event names no process.
  std::vector<FindingProcess>
      processes;  ///< Root first; ancestors of the anchor, then what hangs below.
  std::vector<FindingEvidence> evidence;  ///< In canonical order.
  std::size_t evidence_total = 0;         ///< Including what the limits left out.
  /// Of a correlation along the tree: hits of its host that were forgotten for want of room, if
  /// some of them may have joined it by their times. As of when it was told.
  std::size_t evicted = 0;
  /// Of a correlation: hits of its host that came later than their source may, if some of them may
  /// have joined it by their times. As of when it was told.
  std::size_t late = 0;
  Timestamp first_seen = 0;
  Timestamp last_seen = 0;

  friend bool operator==(const Finding&, const Finding&) = delete;
};

/// The title of a rule for a person: its title, else its name, else its id.
[[nodiscard]] std::string_view title_of(const FindingRule& rule);

/// The order findings are written in: (first_seen, host, rule id, uid).
[[nodiscard]] bool canonical_less(const Finding& a, const Finding& b);

}  // namespace spoor
