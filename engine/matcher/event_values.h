// The values of an event's fields as rules ask for them: each found, revealed and folded at most
// once for an event.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "engine/event/canonical.h"
#include "engine/event/event.h"
#include "engine/matcher/lineage.h"
#include "engine/rule/rule.h"

namespace spoor {

/// A field that some rule tests, by number.
using ColumnId = std::uint32_t;

/// One of the values of a field.
struct FieldValue {
  std::string_view text;
  std::uint32_t element = 0;  ///< Which element of an array; 0 for what is none.
  ValueForm form = ValueForm::as_is;
  bool is_folded = false;
  std::string folded;  ///< fold(text), if is_folded.
};

/// Is the field there?
enum class Presence : std::uint8_t {
  absent,   ///< No, and it will not be.
  unknown,  ///< The process graph may still learn it.
  null,     ///< Yes, without a value.
  object,   ///< Yes, but no text equals it.
  there,    ///< Yes, with one value or more.
};

/// Which fields rules test. Filled when rules are compiled, then shared.
class ColumnTable {
 public:
  /// `by_name`: every field is looked up in Event::extra, ours too.
  explicit ColumnTable(bool by_name) : by_name_(by_name) { by_id_.fill(kNone); }

  /// The number of a field; a new one if it has none.
  ColumnId add(const FieldRef& field);

  [[nodiscard]] std::size_t size() const { return fields_.size(); }

  [[nodiscard]] const FieldRef& field(ColumnId column) const { return fields_[column]; }

  /// Of what is looked for in every value; kNone if nothing is.
  [[nodiscard]] ColumnId keyword() const { return keyword_; }

  /// Is it one that Event::extra holds?
  [[nodiscard]] bool is_extra(ColumnId column) const { return is_extra(fields_[column]); }

  /// Of a field of Event::extra, by its name; kNone if no rule tests it.
  [[nodiscard]] ColumnId find_extra(std::string_view name) const;

  [[nodiscard]] bool has_extras() const { return extras_ > 0; }

  static constexpr ColumnId kNone = 0xFFFFFFFFU;

 private:
  [[nodiscard]] bool is_extra(const FieldRef& field) const {
    return !field.keyword && !field.ancestor && (by_name_ || !field.id);
  }

  struct Slot {
    std::uint64_t hash = 0;
    ColumnId column = kNone;
  };

  void grow();
  void insert(std::uint64_t hash, ColumnId column);

  bool by_name_;
  std::deque<FieldRef> fields_;
  std::array<ColumnId, kFieldCount> by_id_{};
  std::array<ColumnId, kFieldCount> ancestor_by_id_{};
  ColumnId keyword_ = kNone;
  std::vector<Slot> names_;  ///< Open addressing, a power of two.
  std::size_t extras_ = 0;
  bool ancestors_set_ = false;
};

class EventValues {
 public:
  /// What an event says in a field. Vectors are kept from event to event.
  struct Slot {
    std::uint64_t generation = 0;
    Presence presence = Presence::absent;
    bool complete = false;    ///< The values after the first are there, too.
    bool may_change = false;  ///< It came from the graph.
    std::size_t count = 0;
    std::size_t first_count = 0;
    std::vector<FieldValue> values;
    std::deque<std::string> revealed;  ///< What values view. Never moved.
  };

  /// Of the event in hand; valid until full_count() of the same field.
  Slot& slot(ColumnId column) {
    Slot& slot = slots_[column];
    if (slot.generation != generation_) {
      fill(column, slot);
    }
    leaned_ = leaned_ || slot.may_change;
    return slot;
  }

  /// `canonical`: fields have other values beside the event's own. `columns` must outlive this and
  /// not grow after the first reset().
  EventValues(const ColumnTable& columns, bool canonical)
      : columns_(columns), canonical_(canonical) {}

  /// Everything asked from here on is about `event`; `lineage` may be null. `plainly`: tests take
  /// no shortcuts, for the slow twin.
  void reset(const Event& event, const Lineage* lineage, bool plainly = false);

  /// Changes with every reset(): what was found out of one event is not of another.
  [[nodiscard]] std::uint64_t generation() const { return generation_; }

  /// No keyword test holds for this event: values need not be looked through for one.
  void rule_out_keywords();

  /// Appends what the event says in the fields, so that events of the same key are the same to all
  /// tests of these fields. Keywords and ancestors are not said.
  void append_key(const std::vector<ColumnId>& columns, std::string& key);

  [[nodiscard]] bool plainly() const { return plainly_; }

  [[nodiscard]] Presence presence(ColumnId column) { return slot(column).presence; }

  /// Did the field come from a graph that may still learn better?
  [[nodiscard]] bool may_change(ColumnId column) { return slot(column).may_change; }

  /// Does the event hold a vendor's text beside some value of the field?
  [[nodiscard]] bool has_originals(ColumnId column) const {
    const FieldRef& field = columns_.field(column);
    return canonical_ && field.id && !field.ancestor && !columns_.is_extra(column) &&
           !event_->originals.empty() && event_->original(*field.id).data() != nullptr;
  }

  /// The values as the event has them: one, or one for each element of an array.
  [[nodiscard]] std::size_t first_count(ColumnId column) { return slot(column).first_count; }

  /// All values of the field, the event's own first, then the others; found out when they are first
  /// asked for.
  [[nodiscard]] std::size_t full_count(ColumnId column);

  [[nodiscard]] FieldValue& value(ColumnId column, std::size_t place) {
    return slots_[column].values[place];
  }

  [[nodiscard]] static std::string_view folded(FieldValue& value);

  /// Did anything that was asked since reset() come from a graph that may still learn better?
  [[nodiscard]] bool leaned_on_lineage() const { return leaned_; }

  void forget_leaning() { leaned_ = false; }

 private:
  void begin(Slot& slot) const;
  void fill(ColumnId column, Slot& slot);
  void fill_keyword(Slot& slot);
  void fill_ancestors(FieldId id, Slot& slot);
  void fill_from_lineage(FieldId id, Slot& slot) const;
  void add_others(const FieldRef& field, std::size_t place, Slot& slot);
  static void add(Slot& slot, std::string_view text, std::uint32_t element, ValueForm form);

  const ColumnTable& columns_;
  bool canonical_;
  bool leaned_ = false;
  bool plainly_ = false;
  const Event* event_ = nullptr;
  const Lineage* lineage_ = nullptr;
  std::uint64_t generation_ = 0;
  std::vector<Slot> slots_;
  std::vector<std::string_view> ancestor_values_;
};

}  // namespace spoor
