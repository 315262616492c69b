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

// More witnesses in one value are taken as they come: such a value is not remembered anyway.
constexpr std::size_t kFoundMax = 64;

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
      add_without_witness(place);
    }
  }
  for (Column& column : columns_) {
    column.literals.build();
  }
}

/// Under the field of which most tests may refute the rule.
void RuleIndex::add_without_witness(std::uint32_t place) {
  const ProgramNode& root = program_.root(rules_[place]);
  const ColumnId column = find_refuting_column(program_, root);
  if (column == ColumnTable::kNone) {
    always_.push_back(place);
    return;
  }
  const WitnessCode code = place << kWitnessBits;
  progress_[place].wanted = 1;
  Column& listed = column_of(column);
  listed.anyway.push_back(code);
  listed.all.push_back(code);
  listed.refutable.push_back(place);
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
  std::vector<ColumnId> columns;
  for (const PredicateId id : witness.any_of) {
    const Predicate& predicate = program_.predicate(id);
    Column& column = column_of(predicate.column());
    add_once(column.all);
    columns.push_back(predicate.column());
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
  std::ranges::sort(columns);
  columns.erase(std::unique(columns.begin(), columns.end()), columns.end());
  const std::uint32_t place = code >> kWitnessBits;
  for (const ColumnId id : columns) {
    std::vector<std::uint32_t>& refutable = column_of(id).refutable;
    const bool is_listed = !refutable.empty() && refutable.back() == place;
    if (!is_listed && may_be_refuted(program_, program_.root(rules_[place]), id)) {
      refutable.push_back(place);
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

void RuleIndex::take_all(const std::vector<WitnessCode>& codes) {
  for (const WitnessCode code : codes) {
    take(code);
  }
}

void RuleIndex::look(Column& column, EventValues& values) {
  const Presence presence = values.presence(column.column);
  if (presence == Presence::absent) {
    take_all(column.anyway);
    return;
  }
  if (presence == Presence::unknown || values.may_change(column.column)) {
    take_all(column.all);  // What the graph may still learn may be the witness.
    return;
  }
  take_all(column.present);
  if (presence != Presence::there) {
    take_all(column.anyway);
  } else if (!column.literals.empty() || !column.anyway.empty()) {
    look_at_values(column, values);
  }
}

/// What is found in the event's own value tells, with the value, what is found in the one that is
/// revealed from it; the vendor's text is another.
void RuleIndex::look_at_values(Column& column, EventValues& values) {
  const std::size_t first = values.first_count(column.column);
  const bool has_originals = values.has_originals(column.column);
  const bool is_only_one = first == 1 && !has_originals;
  bool all_remembered = true;
  for (std::size_t place = 0; place < first; ++place) {
    all_remembered = look_at_value(column, values, place, is_only_one) && all_remembered;
  }
  if (!all_remembered || !has_originals) {
    return;
  }
  const std::size_t count = values.full_count(column.column);
  for (std::size_t other = first; other < count; ++other) {
    FieldValue& value = values.value(column.column, other);
    if (value.form == ValueForm::original) {
      scan_value(column, value, false);
    }
  }
}

/// One of the event's own values with its other forms. True if it is remembered: then its original
/// was not looked at.
bool RuleIndex::look_at_value(Column& column,
                              EventValues& values,
                              std::size_t place,
                              bool is_only_one) {
  std::uint64_t hash = 0;
  Remembered* slot = nullptr;
  if (recall(column, values.value(column.column, place).text, is_only_one, hash, slot)) {
    return true;
  }
  found_.clear();
  const bool keep = slot != nullptr;
  const std::size_t first = values.first_count(column.column);
  const std::size_t count = values.full_count(column.column);
  FieldValue& own = values.value(column.column, place);
  scan_value(column, own, keep);
  for (std::size_t other = first; other < count; ++other) {
    FieldValue& value = values.value(column.column, other);
    if (value.element == own.element) {
      scan_value(column, value, keep && value.form != ValueForm::original);
    }
  }
  for (const WitnessCode code : column.anyway) {
    find_code(code, keep);
  }
  if (!keep) {
    return false;
  }
  const bool all_kept = found_.size() < kFoundMax;
  if (all_kept) {
    std::ranges::sort(found_);
    found_.erase(std::unique(found_.begin(), found_.end()), found_.end());
    slot->hash = hash;
    slot->size = static_cast<std::uint16_t>(own.text.size());
    slot->refutes = is_only_one && leave_out_refuted(column, values);
    std::ranges::copy(own.text, slot->text.begin());
    remember(column, *slot);
  }
  take_all(found_);
  return false;
}

/// Writes found_ into a slot of a field.
void RuleIndex::remember(Column& column, Remembered& slot) {
  slot.count = static_cast<std::uint8_t>(found_.size());
  const std::size_t here = std::min(found_.size(), Remembered::kHere);
  std::copy_n(found_.begin(), here, slot.witnesses.begin());
  if (here == found_.size()) {
    return;
  }
  if (column.more.empty()) {
    column.more.resize(kRememberedValues * kFoundMax);
  }
  const auto place = static_cast<std::size_t>(&slot - column.remembered.data());
  std::ranges::copy(found_.begin() + static_cast<std::ptrdiff_t>(here), found_.end(),
                    column.more.begin() + static_cast<std::ptrdiff_t>(place * kFoundMax));
}

/// Of what was found, what rules have that the value refutes. Was there any? This is asked of
/// values that are to be remembered, so that it need not be asked again: otherwise it would only be
/// asked twice.
bool RuleIndex::leave_out_refuted(const Column& column, EventValues& values) {
  return std::erase_if(found_, [&](WitnessCode code) {
           const std::uint32_t place = code >> kWitnessBits;
           return std::ranges::binary_search(column.refutable, place) &&
                  program_.is_refuted(rules_[place], column.column, values);
         }) > 0;
}

/// True if the value is remembered: its witnesses are taken. Otherwise `slot` is where it may be
/// put, if anywhere.
bool RuleIndex::recall(Column& column,
                       std::string_view text,
                       bool is_only_one,
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
    if (place.refutes && !is_only_one) {
      return false;  // Another value may do what this one does not.
    }
    ++column.found;
    const std::size_t here = std::min<std::size_t>(place.count, Remembered::kHere);
    for (std::size_t i = 0; i < here; ++i) {
      take(place.witnesses[i]);
    }
    const std::size_t slot_place = hash & (kRememberedValues - 1);
    for (std::size_t i = here; i < place.count; ++i) {
      take(column.more[slot_place * kFoundMax + i - here]);
    }
    return true;
  }
  slot = &place;
  return false;
}

/// Takes a witness, or keeps it in found_ for later.
void RuleIndex::find_code(WitnessCode code, bool keep) {
  if (!keep || found_.size() == kFoundMax) {
    take(code);
  } else {
    found_.push_back(code);
  }
}

/// Takes, or keeps, the witnesses that are found in one value.
void RuleIndex::scan_value(const Column& column, FieldValue& value, bool keep) {
  const auto found = [&](WitnessCode code) { find_code(code, keep); };
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
             size_of(column.all) + size_of(column.numbers) + size_of(column.anyway) +
             size_of(column.refutable);
  }
  return bytes;
}

}  // namespace spoor
