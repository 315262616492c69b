#include "engine/matcher/event_values.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "engine/base/text.h"
#include "engine/base/uid.h"

namespace spoor {

// --- Columns
// ---------------------------------------------------------------------------------------------------

ColumnId ColumnTable::add(const FieldRef& field) {
  if (!ancestors_set_) {
    ancestor_by_id_.fill(kNone);
    ancestors_set_ = true;
  }
  const auto next = static_cast<ColumnId>(fields_.size());
  if (is_extra(field)) {
    const ColumnId known = find_extra(field.name);
    if (known != kNone) {
      return known;
    }
    fields_.push_back(field);
    ++extras_;
    if (names_.size() < 2 * extras_) {
      grow();
    } else {
      insert(SeededTextHash()(field.name), next);
    }
    return next;
  }
  ColumnId& known = field.keyword    ? keyword_
                    : field.ancestor ? ancestor_by_id_[static_cast<std::size_t>(*field.id)]
                                     : by_id_[static_cast<std::size_t>(*field.id)];
  if (known == kNone) {
    known = next;
    fields_.push_back(field);
  }
  return known;
}

ColumnId ColumnTable::find_extra(std::string_view name) const {
  if (names_.empty()) {
    return kNone;
  }
  const std::uint64_t hash = SeededTextHash()(name);
  for (std::size_t at = hash & (names_.size() - 1); names_[at].column != kNone;
       at = (at + 1) & (names_.size() - 1)) {
    if (names_[at].hash == hash && fields_[names_[at].column].name == name) {
      return names_[at].column;
    }
  }
  return kNone;
}

void ColumnTable::grow() {
  names_.assign(std::bit_ceil(std::max<std::size_t>(16, 4 * extras_)), {});
  for (ColumnId column = 0; column < fields_.size(); ++column) {
    if (is_extra(fields_[column])) {
      insert(SeededTextHash()(fields_[column].name), column);
    }
  }
}

void ColumnTable::insert(std::uint64_t hash, ColumnId column) {
  std::size_t at = hash & (names_.size() - 1);
  while (names_[at].column != kNone) {
    at = (at + 1) & (names_.size() - 1);
  }
  names_[at] = {.hash = hash, .column = column};
}

// --- Values
// ----------------------------------------------------------------------------------------------------

void EventValues::reset(const Event& event, const Lineage* lineage, bool plainly) {
  plainly_ = plainly;
  event_ = &event;
  lineage_ = lineage;
  leaned_ = false;
  ++generation_;
  if (slots_.size() < columns_.size()) {
    slots_.resize(columns_.size());
  }
  if (!columns_.has_extras()) {
    return;
  }
  for (const ExtraField& extra : event.extra) {
    const ColumnId column = columns_.find_extra(extra.name);
    if (column == ColumnTable::kNone) {
      continue;
    }
    Slot& slot = slots_[column];
    if (slot.generation != generation_) {
      begin(slot);
    }
    switch (extra.kind) {
      case ValueKind::text:
        // What a vendor names has no kind, and so no other values.
        slot.presence = Presence::there;
        add(slot, extra.value, static_cast<std::uint32_t>(slot.count), ValueForm::as_is);
        ++slot.first_count;
        break;
      case ValueKind::object: slot.presence = std::max(slot.presence, Presence::object); break;
      case ValueKind::null: slot.presence = std::max(slot.presence, Presence::null); break;
    }
  }
}

void EventValues::rule_out_keywords() {
  if (columns_.keyword() != ColumnTable::kNone) {
    begin(slots_[columns_.keyword()]);
  }
}

void EventValues::append_key(const std::vector<ColumnId>& columns, std::string& key) {
  constexpr std::uint32_t kAbsent = 0xFFFFFFFFU;
  const auto append_number = [&key](std::uint32_t number) {
    std::array<char, sizeof number> bytes{};
    std::memcpy(bytes.data(), &number, sizeof number);
    key.append(bytes.data(), bytes.size());
  };
  const auto append_text = [&](std::string_view text) {
    append_number(static_cast<std::uint32_t>(text.size()));
    key.append(text);
  };
  for (const ColumnId column : columns) {
    const FieldRef& field = columns_.field(column);
    if (field.keyword || field.ancestor) {
      continue;
    }
    if (columns_.is_extra(column)) {
      const Slot& slot = this->slot(column);
      append_number(static_cast<std::uint32_t>(slot.presence));
      append_number(static_cast<std::uint32_t>(slot.first_count));
      for (std::size_t place = 0; place < slot.first_count; ++place) {
        append_text(slot.values[place].text);
      }
    } else if (event_->has(*field.id)) {
      append_text(event_->field(*field.id));
    } else {
      append_number(kAbsent);
    }
  }
  for (const OriginalValue& original : event_->originals) {
    append_number(static_cast<std::uint32_t>(original.field));
    append_text(original.value);
  }
}

void EventValues::begin(Slot& slot) const {
  slot.generation = generation_;
  slot.presence = Presence::absent;
  slot.complete = false;
  slot.may_change = false;
  slot.count = 0;
  slot.first_count = 0;
}

void EventValues::add(Slot& slot, std::string_view text, std::uint32_t element, ValueForm form) {
  if (slot.count == slot.values.size()) {
    slot.values.emplace_back();
  }
  FieldValue& value = slot.values[slot.count++];
  value.text = text;
  value.element = element;
  value.form = form;
  value.is_folded = false;
}

void EventValues::fill(ColumnId column, Slot& slot) {
  begin(slot);
  const FieldRef& field = columns_.field(column);
  if (columns_.is_extra(column)) {
    return;  // reset() has seen them all: it is not there.
  }
  if (field.keyword) {
    fill_keyword(slot);
    return;
  }
  if (field.ancestor) {
    fill_ancestors(*field.id, slot);
    return;
  }
  if (!event_->has(*field.id)) {
    fill_from_lineage(*field.id, slot);
    return;
  }
  slot.presence = Presence::there;
  slot.first_count = 1;
  add(slot, event_->field(*field.id), 0, ValueForm::as_is);
}

/// Every value of the event: of our fields and of the vendor's.
void EventValues::fill_keyword(Slot& slot) {
  event_->fields().for_each([&](FieldId id) {
    add(slot, event_->field(id), static_cast<std::uint32_t>(slot.count), ValueForm::as_is);
  });
  for (const ExtraField& extra : event_->extra) {
    if (extra.kind == ValueKind::text) {
      add(slot, extra.value, static_cast<std::uint32_t>(slot.count), ValueForm::as_is);
    }
  }
  slot.first_count = slot.count;
  slot.presence = slot.count == 0 ? Presence::null : Presence::there;
}

void EventValues::fill_ancestors(FieldId id, Slot& slot) {
  if (lineage_ == nullptr) {
    return;
  }
  ancestor_values_.clear();
  slot.may_change = lineage_->ancestors(id, ancestor_values_);
  for (const std::string_view value : ancestor_values_) {
    add(slot, value, static_cast<std::uint32_t>(slot.count), ValueForm::as_is);
  }
  slot.first_count = slot.count;
  slot.presence = slot.count > 0    ? Presence::there
                  : slot.may_change ? Presence::unknown
                                    : Presence::absent;
}

void EventValues::fill_from_lineage(FieldId id, Slot& slot) const {
  if (lineage_ == nullptr) {
    return;
  }
  const LineageValue value = lineage_->field(id);
  slot.may_change = value.may_change;
  if (value.text.data() == nullptr) {
    slot.presence = value.may_change ? Presence::unknown : Presence::absent;
    return;
  }
  slot.presence = Presence::there;
  slot.first_count = 1;
  add(slot, value.text, 0, ValueForm::as_is);
}

std::size_t EventValues::full_count(ColumnId column) {
  Slot& slot = this->slot(column);
  if (slot.complete) {
    return slot.count;
  }
  slot.complete = true;
  const FieldRef& field = columns_.field(column);
  if (canonical_ && field.id && !columns_.is_extra(column)) {
    for (std::size_t place = 0; place < slot.first_count; ++place) {
      add_others(field, place, slot);
    }
  }
  return slot.count;
}

void EventValues::add_others(const FieldRef& field, std::size_t place, Slot& slot) {
  const FieldId id = *field.id;
  while (slot.revealed.size() <= place) {
    slot.revealed.emplace_back();
  }
  std::string& revealed = slot.revealed[place];
  const std::string_view text = slot.values[place].text;
  const std::uint32_t element = slot.values[place].element;
  if (reveal(field_kind(id), text, revealed)) {
    add(slot, revealed, element, ValueForm::canonical);
  }
  const bool is_own = event_->has(id) && !field.ancestor;
  const std::string_view original = is_own ? event_->original(id) : std::string_view();
  if (original.data() != nullptr) {
    add(slot, original, element, ValueForm::original);
  }
}

std::string_view EventValues::folded(FieldValue& value) {
  if (!value.is_folded) {
    value.is_folded = true;
    value.folded.clear();
    fold_append(value.text, value.folded);
  }
  return value.folded;
}

}  // namespace spoor
