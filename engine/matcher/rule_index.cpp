#include "engine/matcher/rule_index.h"

#include <algorithm>
#include <cstring>

#include "engine/base/uid.h"
#include "engine/rule/modifier.h"

namespace spoor {
namespace {

// What is remembered of the values of one field: at most this many. Fixed, so that nobody can make
// it grow (10^7 distinct command lines cost no more than a thousand), and small, so that it is in
// the cache.
constexpr std::size_t kRememberedValues = 128;

// A field whose values hardly repeat is not worth remembering: after so many values with less than
// one in eight known, so many are let pass before it is tried again.
constexpr std::uint32_t kTrial = 2'048;
constexpr std::uint32_t kPause = 65'536;

/// Is a JSON number the one spelling of a whole number in digits alone?
bool is_plain_whole(std::string_view number) {
  return number.find_first_of(".eE") == std::string_view::npos && number != "-0";
}

}  // namespace

RuleIndex::RuleIndex(const Program& program, const std::vector<std::size_t>& rules)
    : program_(program), rules_(rules), progress_(rules.size()) {
  for (std::uint32_t place = 0; place < rules_.size(); ++place) {
    const std::vector<Witness> witnesses = find_witnesses(program_, program_.root(rules_[place]));
    for (std::uint32_t i = 0; i < witnesses.size(); ++i) {
      add((place << kWitnessBits) | i, witnesses[i]);
      progress_[place].wanted = static_cast<std::uint8_t>(progress_[place].wanted | (1U << i));
    }
    if (witnesses.empty()) {
      always_.push_back(place);
    }
  }
  for (Column& column : columns_) {
    column.literals.build();
  }
}

RuleIndex::Column& RuleIndex::column_of(ColumnId column) {
  const auto known = std::ranges::find(columns_, column, &Column::column);
  if (known != columns_.end()) {
    return *known;
  }
  Column& added = columns_.emplace_back();
  added.column = column;
  return added;
}

void RuleIndex::add(WitnessCode code, const Witness& witness) {
  const auto add_once = [code](std::vector<WitnessCode>& codes) {
    if (codes.empty() || codes.back() != code) {
      codes.push_back(code);
    }
  };
  for (const PredicateId id : witness.any_of) {
    const Predicate& predicate = program_.predicate(id);
    Column& column = column_of(predicate.column());
    add_once(column.all);
    const ValueTest& test = predicate.test();
    const bool equals_number = test.kind == TestKind::number &&
                               test.comparison == Comparison::equal &&
                               test.time_part == TimePart::none;
    if (equals_number && is_plain_whole(test.text)) {
      // Whole numbers have one spelling, -0 apart; others are looked at one by one.
      column.literals.add({.text = test.text, .place = LiteralPlace::whole}, code);
      add_once(column.numbers);
    } else if (equals_number || program_.literals(id).empty()) {
      add_once(column.present);  // A number that is no whole one has many spellings: 1e3 is 1000.
    } else {
      for (const Literal& literal : program_.literals(id)) {
        column.literals.add(literal, code);
      }
    }
  }
}

void RuleIndex::take(WitnessCode code) {
  const std::uint32_t place = code >> kWitnessBits;
  Progress& progress = progress_[place];
  if (progress.event != event_) {
    progress.event = event_;
    progress.found = 0;
  }
  const auto found =
      static_cast<std::uint8_t>(progress.found | (1U << (code & ((1U << kWitnessBits) - 1))));
  if (found == progress.wanted && progress.found != progress.wanted) {
    taken_.push_back(place);
  }
  progress.found = found;
}

void RuleIndex::find(EventValues& values, std::vector<std::size_t>& candidates) {
  if (++event_ == 0) {  // Once in four billion events.
    for (Progress& progress : progress_) {
      progress.event = 0;
    }
    event_ = 1;
  }
  taken_.assign(always_.begin(), always_.end());
  for (Column& column : columns_) {
    look(column, values);
  }
  std::ranges::sort(taken_);
  for (const std::uint32_t place : taken_) {
    candidates.push_back(rules_[place]);
  }
}

void RuleIndex::look(Column& column, EventValues& values) {
  const Presence presence = values.presence(column.column);
  if (presence == Presence::absent) {
    return;
  }
  if (presence == Presence::unknown || values.may_change(column.column)) {
    // What the graph may still learn may be the witness.
    for (const WitnessCode code : column.all) {
      take(code);
    }
    return;
  }
  for (const WitnessCode code : column.present) {
    take(code);
  }
  if (presence == Presence::there && !column.literals.empty()) {
    look_at_values(column, values);
  }
}

/// What is found in the event's own value tells, with the value, what is found in the one that is
/// revealed from it; the vendor's text is another.
void RuleIndex::look_at_values(Column& column, EventValues& values) {
  const std::size_t first = values.first_count(column.column);
  bool all_remembered = true;
  for (std::size_t place = 0; place < first; ++place) {
    all_remembered = look_at_value(column, values, place) && all_remembered;
  }
  if (!all_remembered || !values.has_originals(column.column)) {
    return;
  }
  const std::size_t count = values.full_count(column.column);
  for (std::size_t other = first; other < count; ++other) {
    FieldValue& value = values.value(column.column, other);
    if (value.form == ValueForm::original) {
      scan_value(column, value, nullptr);
    }
  }
}

/// One of the event's own values with its other forms. True if it is remembered: then its original
/// was not looked at.
bool RuleIndex::look_at_value(Column& column, EventValues& values, std::size_t place) {
  std::uint64_t hash = 0;
  Remembered* slot = nullptr;
  if (recall(column, values.value(column.column, place).text, hash, slot)) {
    return true;
  }
  found_.clear();
  std::vector<WitnessCode>* into = slot == nullptr ? nullptr : &found_;
  const std::size_t first = values.first_count(column.column);
  const std::size_t count = values.full_count(column.column);
  FieldValue& own = values.value(column.column, place);
  scan_value(column, own, into);
  for (std::size_t other = first; other < count; ++other) {
    FieldValue& value = values.value(column.column, other);
    if (value.element == own.element) {
      scan_value(column, value, value.form == ValueForm::original ? nullptr : into);
    }
  }
  if (slot != nullptr && found_.size() <= Remembered::kWitnessesMax) {
    slot->hash = hash;
    slot->size = static_cast<std::uint16_t>(own.text.size());
    slot->count = static_cast<std::uint16_t>(found_.size());
    std::ranges::copy(own.text, slot->text.begin());
    std::ranges::copy(found_, slot->witnesses.begin());
  }
  return false;
}

/// True if the value is remembered: its witnesses are taken. Otherwise `slot` is where it may be
/// put, if anywhere.
bool RuleIndex::recall(Column& column,
                       std::string_view text,
                       std::uint64_t& hash,
                       Remembered*& slot) {
  if (column.pause > 0) {
    --column.pause;
    return false;
  }
  if (text.empty() || text.size() > Remembered::kTextMax) {
    return false;
  }
  if (column.remembered.empty()) {
    column.remembered.resize(kRememberedValues);
  }
  if (++column.asked == kTrial) {
    column.pause = column.found < kTrial / 8 ? kPause : 0;
    column.asked = 0;
    column.found = 0;
  }
  hash = SeededTextHash()(text);
  Remembered& place = column.remembered[hash & (kRememberedValues - 1)];
  if (place.hash == hash && place.size == text.size() &&
      std::memcmp(place.text.data(), text.data(), text.size()) == 0) {
    ++column.found;
    for (std::size_t i = 0; i < place.count; ++i) {
      take(place.witnesses[i]);
    }
    return true;
  }
  slot = &place;
  return false;
}

/// Takes the witnesses that are found in one value, and adds them to `into`, if it is not null.
void RuleIndex::scan_value(const Column& column,
                           FieldValue& value,
                           std::vector<WitnessCode>* into) {
  const auto found = [&](WitnessCode code) {
    take(code);
    // More than that are not remembered.
    const bool kept = into != nullptr && into->size() <= Remembered::kWitnessesMax;
    if (kept && std::ranges::find(*into, code) == into->end()) {
      into->push_back(code);
    }
  };
  column.literals.scan(EventValues::folded(value), found);
  const bool odd_number = !column.numbers.empty() &&
                          value.text.find_first_of(".eE-") != std::string_view::npos &&
                          is_json_number(value.text);
  if (odd_number) {
    std::ranges::for_each(column.numbers, found);
  }
}

std::size_t RuleIndex::bytes() const {
  const auto size_of = [](const auto& vector) {
    return vector.capacity() * sizeof(typename std::decay_t<decltype(vector)>::value_type);
  };
  std::size_t bytes = size_of(rules_) + size_of(always_) + size_of(progress_) + size_of(taken_);
  for (const Column& column : columns_) {
    bytes += sizeof column + column.literals.bytes() + size_of(column.present) +
             size_of(column.all) + size_of(column.numbers);
  }
  return bytes;
}

}  // namespace spoor
