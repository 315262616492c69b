// Hits kept for correlation: per rule and process, bounded, in canonical order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/uid.h"
#include "engine/event/canonical.h"
#include "engine/event/event.h"

namespace spoor {

/// Numbers of stored events that nobody refers to any more.
using UnusedNumbers = std::vector<std::uint64_t>;

/// Under which number a kept event was stored. Tells when nobody needs it any more. A copy of the
/// event is not stored.
class StoredNumber {
 public:
  StoredNumber() = default;

  StoredNumber(const StoredNumber& /*other*/) {}

  StoredNumber& operator=(const StoredNumber& /*other*/) = delete;

  ~StoredNumber() {
    if (unused_ != nullptr) {
      unused_->push_back(number_);
    }
  }

  /// 0: not stored.
  [[nodiscard]] std::uint64_t get() const { return number_; }

  /// Once.
  void set(std::uint64_t number, std::shared_ptr<UnusedNumbers> unused) {
    number_ = number;
    unused_ = std::move(unused);
  }

 private:
  std::uint64_t number_ = 0;
  std::shared_ptr<UnusedNumbers> unused_;
};

/// What must outlive an event: an owned copy of what a finding shows of it. Shared by all its hits.
struct KeptEvent {
  OrderKey order;
  EventType type = EventType::other;
  Source source = Source::windows;
  std::string vendor_event_uid;
  std::string hostname;
  std::string os_type;
  std::vector<std::pair<std::string, std::string>>
      fields;  ///< In field-table order, then extra by name.
  std::string record;
  std::string host;  ///< Its host key.
  Uid actor;  ///< Key of the acting process in its host's graph; none if it names none, or by its
              ///< pid alone (pid_actors.h).
  bool actor_ambiguous = false;  ///< `actor` was told by a pid, and may be another.
  bool salvaged = false;
  mutable StoredNumber stored{};  ///< For correlator_state.
};

/// Copies what a finding may show. O(fields).
[[nodiscard]] std::shared_ptr<const KeptEvent> keep_event(const Event& event);

struct KeptField {
  std::string name;
  std::string value;  ///< The one that satisfied the test.
  std::string test;
  ValueForm form = ValueForm::as_is;  ///< Which of the field's values that is.
};

/// A rule held for an event.
struct Hit {
  std::shared_ptr<const KeptEvent> event;
  std::vector<KeptField> matched;
};

/// The hits of one event, each with its rule's id.
using WindowHits = std::vector<std::pair<std::string, Hit>>;

/// The hits of one rule at one process: the first and the last half of kHitsPerStepMax in canonical
/// order, and how many there were. What is kept depends on the set of hits, not on the order they
/// came in.
class HitSet {
 public:
  /// Would a hit of the event at `order` be kept? An event that comes again, perhaps in another
  /// carriage, is kept in the form whose record is the lesser text, so that it does not matter
  /// which came first. A hit beyond the bound is counted and not kept; `duplicate` says that its
  /// event was counted before. O(log kHitsPerStepMax).
  [[nodiscard]] bool wants(const OrderKey& order, std::string_view record, bool duplicate);
  /// Adds, or puts in place of its twin, a hit that wants() accepted. The one that had to go for
  /// it, if any. O(kHitsPerStepMax).
  std::optional<OrderKey> add(Hit hit);
  /// Takes in the hits of another node of the same process.
  void absorb(HitSet other);
  /// The rule does not hold for that event after all. False if no hit of it is kept: then the count
  /// alone goes down. What was not kept for its sake does not come back.
  bool remove(const OrderKey& order);

  /// In canonical order.
  [[nodiscard]] const std::vector<Hit>& hits() const { return hits_; }

  /// Distinct hits seen, kept or not.
  [[nodiscard]] std::size_t total() const { return total_; }

  /// For who restores what was.
  void set_total(std::size_t total) { total_ = total; }

 private:
  std::vector<Hit> hits_;
  std::size_t total_ = 0;
};

}  // namespace spoor
