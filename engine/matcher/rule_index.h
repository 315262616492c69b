// The rules of one kind of event, by what has to be in the event for them to hold.
//
// Each rule is listed under its witness (witness.h): the literals of a few tests, by field. A value
// that was seen lately is not looked through again: values repeat massively, and what was found in
// them is remembered, in tables of fixed size.
#pragma once

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
  /// What was found in a value. Values that hash to the same place push each other out.
  struct Remembered {
    std::uint64_t hash = 0;
    bool used = false;
    std::string text;
    std::vector<std::uint32_t> rules;
  };

  /// Of one field.
  struct Column {
    ColumnId column = 0;
    LiteralIndex literals;
    std::vector<std::uint32_t> present;  ///< Rules that need the field to be there, no more.
    std::vector<std::uint32_t> all;      ///< Rules with a witness here: while it is not known.
    std::vector<std::uint32_t> numbers;  ///< Rules that need it to be a number.
    std::vector<Remembered> remembered;  ///< A power of two; empty until it is first used.
    std::uint32_t asked = 0;
    std::uint32_t found = 0;
    std::uint32_t pause = 0;  ///< Values to go before remembering is tried again.
  };

  void add(std::uint32_t place, const Witness& witness);
  Column& column_of(ColumnId column);
  void take(std::uint32_t place);
  void look(Column& column, EventValues& values);
  void look_at_values(Column& column, EventValues& values);
  bool look_at_value(Column& column, EventValues& values, std::size_t place);
  bool recall(Column& column, std::string_view text, std::uint64_t& hash, Remembered*& slot);
  void scan_value(const Column& column, FieldValue& value, std::vector<std::uint32_t>* into);

  const Program& program_;
  std::vector<std::size_t> rules_;     ///< By place: everything below is by place.
  std::vector<std::uint32_t> always_;  ///< Rules without witness.
  std::vector<Column> columns_;
  std::vector<std::uint32_t> seen_;  ///< The event in which a rule was last taken.
  std::vector<std::uint32_t> taken_;
  std::uint32_t event_ = 0;
  std::vector<std::uint32_t> found_;  ///< In the values looked through last.
};

}  // namespace spoor
