// The rules of one kind of event, by what has to be in the event for them to hold.
//
// Each rule is listed under its witnesses (witness.h): the literals of a few tests, by field. It is
// a candidate if each of them is found. A value that was seen lately is not looked through again:
// values repeat massively, and what was found in them is remembered, in tables of fixed size.
//
// So is what a value refutes: `Image ends with \powershell.exe and not Image starts with
// C:\Windows\` fails for most images whatever else the event says, and its witness is then not
// found in them. A rule without witness (`not` alone) is listed under a field that may refute it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/matcher/event_values.h"
#include "engine/matcher/literal_index.h"
#include "engine/matcher/program.h"
#include "engine/matcher/witness.h"

namespace spoor {

class RuleIndex {
 public:
  /// `rules` ascend; `program` must outlive the index.
  RuleIndex(const Program& program, const std::vector<std::size_t>& rules);

  /// Appends, ascending and without repeats, the rules that may hold for the values: all that do,
  /// and few others.
  void find(EventValues& values, std::vector<std::size_t>& candidates);

  /// Bytes of the index, without what is remembered of values.
  [[nodiscard]] std::size_t bytes() const;

 private:
  /// A witness: its rule's place times four, and which of the rule's witnesses it is.
  using WitnessCode = std::uint32_t;
  static constexpr unsigned kWitnessBits = 2;
  static_assert(kWitnessesMax <= 1U << kWitnessBits);

  /// How far a rule has come in the event that was last about it.
  struct Progress {
    std::uint32_t event = 0;
    std::uint8_t found = 0;   ///< A bit for each of its witnesses.
    std::uint8_t wanted = 0;  ///< All of them.
  };

  /// What was found in a short value: two cache lines. Values that hash to the same place push each
  /// other out.
  struct alignas(64) Remembered {
    static constexpr std::size_t kTextMax = 92;
    static constexpr std::size_t kHere = 6;
    std::uint64_t hash = 0;
    std::uint16_t size = 0;  ///< 0: unused.
    std::uint8_t count = 0;
    bool refutes = false;  ///< Witnesses are left out: only for an event's one value of the field.
    std::array<WitnessCode, kHere>
        witnesses{};  ///< The first ones; the others are in Column::more.
    std::array<char, kTextMax> text{};
  };

  /// Of one field.
  struct Column {
    ColumnId column = 0;
    LiteralIndex literals;
    std::vector<WitnessCode> present;  ///< Need the field to be there, no more.
    std::vector<WitnessCode> all;      ///< All that are here: while the field is not known.
    std::vector<WitnessCode> numbers;  ///< Need it to be a number.
    std::vector<WitnessCode> anyway;   ///< Need nothing, but may be refuted.
    std::vector<std::uint32_t>
        refutable;                       ///< Rules listed here that a value may refute; ascending.
    std::vector<Remembered> remembered;  ///< A power of two; empty until it is first used.
    std::vector<WitnessCode> more;       ///< So many for each of them; empty until first used.
    std::uint32_t asked = 0;
    std::uint32_t found = 0;
    std::uint32_t pause = 0;  ///< Values to go before remembering is tried again.
  };

  void add(WitnessCode code, const Witness& witness);
  void add_without_witness(std::uint32_t place);
  Column& column_of(ColumnId column);
  void take(WitnessCode code);
  void look(Column& column, EventValues& values);
  void look_at_values(Column& column, EventValues& values);
  bool look_at_value(Column& column, EventValues& values, std::size_t place, bool is_only_one);
  bool leave_out_refuted(const Column& column, EventValues& values);
  void remember(Column& column, Remembered& slot);
  void take_all(const std::vector<WitnessCode>& codes);
  bool recall(Column& column,
              std::string_view text,
              bool is_only_one,
              std::uint64_t& hash,
              Remembered*& slot);
  void find_code(WitnessCode code, bool keep);
  void scan_value(const Column& column, FieldValue& value, bool keep);

  const Program& program_;
  std::vector<std::size_t> rules_;     ///< By place: everything below is by place.
  std::vector<std::uint32_t> always_;  ///< Rules without witness that no one field refutes.
  std::vector<Column> columns_;
  std::vector<Progress> progress_;
  std::vector<std::uint32_t> taken_;  ///< Places of rules all of whose witnesses were found.
  std::uint32_t event_ = 0;
  std::vector<WitnessCode> found_;  ///< In the value looked through last, and not taken yet.
};

}  // namespace spoor
