#include "engine/accounting.h"

#include <algorithm>

#include <boost/unordered/unordered_flat_map.hpp>

#include "engine/base/uid.h"

namespace spoor {
namespace {

void add(FateCounts& counts, Fate fate) {
  ++counts.received;
  switch (fate) {
    case Fate::applied: ++counts.applied; break;
    case Fate::duplicate: ++counts.duplicate; break;
    case Fate::filtered: ++counts.filtered; break;
  }
}

/// Event ids and channels come from the input: what does not fit is counted here, so that nobody
/// can fill the memory.
constexpr std::size_t kEventKindsMax = 10'000;
constexpr std::size_t kNameBytesMax = 128;
constexpr std::string_view kOtherKinds = "(other)";

}  // namespace

struct Accounting::ByEvent {
  boost::unordered_flat_map<std::string, FateCounts, SeededTextHash, std::equal_to<>> counts;
  std::string key;  ///< Reused.
};

Accounting::Accounting() : by_event_(std::make_unique<ByEvent>()) {}

Accounting::~Accounting() = default;
Accounting::Accounting(Accounting&&) noexcept = default;
Accounting& Accounting::operator=(Accounting&&) noexcept = default;

void Accounting::count(const Event& event, Fate fate) {
  add(total_, fate);
  add(by_source_[static_cast<std::size_t>(event.source)], fate);
  ++of_input(event.position).events[static_cast<std::size_t>(event.source)];
  std::string& key = by_event_->key;
  key.assign(event.field(FieldId::channel).substr(0, kNameBytesMax));
  key.append("|").append(event.field(FieldId::event_id).substr(0, kNameBytesMax));
  auto known = by_event_->counts.find(key);
  if (known == by_event_->counts.end()) {
    const bool full = by_event_->counts.size() >= kEventKindsMax;
    known = by_event_->counts.try_emplace(full ? std::string(kOtherKinds) : key).first;
  }
  add(known->second, fate);
  salvaged_ += event.salvaged ? 1U : 0U;
  duplicate_keys_ += event.duplicate_keys ? 1U : 0U;
  time_suspect_ += event.time_suspect ? 1U : 0U;
  if (fate == Fate::applied && !event.time_suspect) {
    first_event_ = first_event_ == 0 ? event.time : std::min(first_event_, event.time);
    last_event_ = std::max(last_event_, event.time);
  }
}

void Accounting::count_dead_letter(ErrorCode code, const RecordPosition& position) {
  ++total_.received;
  ++total_.dead_lettered;
  ++dead_letters_[std::string(to_string(code))];
  ++of_input(position).dead_letters[std::string(to_string(code))];
}

std::map<std::string, FateCounts> Accounting::by_event() const {
  return {by_event_->counts.begin(), by_event_->counts.end()};
}

std::map<std::string, FateCounts> Accounting::by_source() const {
  std::map<std::string, FateCounts> sources;
  for (std::size_t i = 0; i < by_source_.size(); ++i) {
    if (by_source_[i].received != 0) {
      sources.emplace(to_string(static_cast<Source>(i)), by_source_[i]);
    }
  }
  return sources;
}

namespace {

void write_counts(const FateCounts& counts, StateWriter& into) {
  into.number(counts.received).number(counts.applied).number(counts.duplicate);
  into.number(counts.filtered).number(counts.dead_lettered);
}

void read_counts(FateCounts& counts, StateReader& from) {
  for (std::uint64_t* count : {&counts.received, &counts.applied, &counts.duplicate,
                               &counts.filtered, &counts.dead_lettered}) {
    *count = from.number();
  }
}

}  // namespace

void Accounting::save(StateWriter& into) const {
  write_counts(total_, into);
  for (const FateCounts& counts : by_source_) {
    write_counts(counts, into);
  }
  into.number(by_event_->counts.size());
  for (const auto& [kind, counts] : by_event_->counts) {
    into.text(kind);
    write_counts(counts, into);
  }
  into.number(dead_letters_.size());
  for (const auto& [reason, count] : dead_letters_) {
    into.text(reason).number(count);
  }
  into.number(salvaged_).number(duplicate_keys_).number(time_suspect_);
  into.time(first_event_).time(last_event_);
}

bool Accounting::restore(StateReader& from) {
  read_counts(total_, from);
  for (FateCounts& counts : by_source_) {
    read_counts(counts, from);
  }
  for (std::uint64_t left = from.number_to(kEventKindsMax + 1); left > 0 && from.ok(); --left) {
    std::string kind(from.text());
    read_counts(by_event_->counts[std::move(kind)], from);
  }
  constexpr std::uint64_t kReasonsMax = 1'000;
  for (std::uint64_t left = from.number_to(kReasonsMax); left > 0 && from.ok(); --left) {
    std::string reason(from.text());
    dead_letters_[std::move(reason)] = from.number();
  }
  for (std::uint64_t* count : {&salvaged_, &duplicate_keys_, &time_suspect_}) {
    *count = from.number();
  }
  first_event_ = from.time();
  last_event_ = from.time();
  return from.is_done();
}

}  // namespace spoor
