// What has to be in an event for a rule to hold: the test, or the few tests, of which one must
// hold.
//
// Of an `and` any child will do, and the rarest is taken; of an `or` the children together; a `not`
// says nothing of what is there. Nearly every rule of SigmaHQ has a witness. Where the rarest is
// not rare ("Initiated is true"), the next rarest is asked for, too.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/matcher/program.h"

namespace spoor {

struct Witness {
  bool exists = false;
  std::vector<PredicateId> any_of;  ///< None: the rule never holds.
  double rate = 1;                  ///< Guess: the part of the events in which one of them holds.
};

[[nodiscard]] Witness find_witness(const Program& program, const ProgramNode& node);

/// How many witnesses are asked for at most.
inline constexpr std::size_t kWitnessesMax = 3;

/// Witnesses of which each must be in the event, the rarest first: as many as make it unlikely that
/// all are, up to kWitnessesMax. None: the rule may hold whatever is there.
[[nodiscard]] std::vector<Witness> find_witnesses(const Program& program, const ProgramNode& node);

/// Does the rule exclude values of the field (has it a test of it under a `not`), and may it fail
/// by this field alone? Not for ancestors and keywords.
[[nodiscard]] bool may_be_refuted(const Program& program, const ProgramNode& node, ColumnId column);

/// The field that may_be_refuted() and that most of the rule's tests are of; ColumnTable::kNone if
/// there is none.
[[nodiscard]] ColumnId find_refuting_column(const Program& program, const ProgramNode& node);

/// "Image ends with \whoami.exe", "any of 12 tests of CommandLine", or "-".
[[nodiscard]] std::string witness_text(const Program& program, const ProgramNode& node);

}  // namespace spoor
