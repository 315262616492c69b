// What became of every record: received = applied + duplicate + filtered + dead_lettered, always.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/state_io.h"
#include "engine/event/event.h"

namespace spoor {

/// The fate of one event.
enum class Fate : std::uint8_t { applied, duplicate, filtered };

struct FateCounts {
  std::uint64_t received = 0;
  std::uint64_t applied = 0;
  std::uint64_t duplicate = 0;  ///< Its uid was seen before. Taken again, to no effect.
  std::uint64_t filtered = 0;   ///< Outside --from/--to.
  std::uint64_t dead_lettered = 0;

  /// 0, or there is a bug.
  [[nodiscard]] std::int64_t residual() const {
    return static_cast<std::int64_t>(received - applied - duplicate - filtered - dead_lettered);
  }
};

/// What came in by one input: RecordPosition::input.
struct InputAccounting {
  std::array<std::uint64_t, kSourceCount> events{};     ///< By source, whatever became of them.
  std::map<std::string, std::uint64_t> dead_letters{};  ///< By the name of their code.
};

/// Counts. Events are counted by source and by "channel|event id"; dead letters by the name of
/// their code.
class Accounting {
 public:
  Accounting();
  ~Accounting();
  Accounting(Accounting&&) noexcept;
  Accounting& operator=(Accounting&&) noexcept;

  void count(const Event& event, Fate fate);
  void count_dead_letter(ErrorCode code, const RecordPosition& position);

  [[nodiscard]] const FateCounts& total() const { return total_; }

  /// Sorted copies, for output.
  [[nodiscard]] std::map<std::string, FateCounts> by_event() const;
  [[nodiscard]] std::map<std::string, FateCounts> by_source() const;

  [[nodiscard]] const std::map<std::string, std::uint64_t>& dead_letters() const {
    return dead_letters_;
  }

  /// By input, as far as they had anything; since the start alone, for after a restart the inputs
  /// may be others.
  [[nodiscard]] const std::vector<InputAccounting>& by_input() const { return by_input_; }

  [[nodiscard]] std::uint64_t salvaged() const { return salvaged_; }

  [[nodiscard]] std::uint64_t duplicate_keys() const { return duplicate_keys_; }

  [[nodiscard]] std::uint64_t time_suspect() const { return time_suspect_; }

  /// Of the events applied, by event time; 0 if none had a sound one.
  [[nodiscard]] Timestamp first_event() const { return first_event_; }

  [[nodiscard]] Timestamp last_event() const { return last_event_; }

  /// For what survives a restart. restore() is false if the bytes are damaged.
  void save(StateWriter& into) const;
  [[nodiscard]] bool restore(StateReader& from);

 private:
  struct ByEvent;

  [[nodiscard]] InputAccounting& of_input(const RecordPosition& position) {
    if (position.input >= by_input_.size()) {
      by_input_.resize(std::size_t{position.input} + 1);
    }
    return by_input_[position.input];
  }

  FateCounts total_;
  std::unique_ptr<ByEvent> by_event_;
  std::array<FateCounts, kSourceCount> by_source_{};
  std::vector<InputAccounting> by_input_;
  std::map<std::string, std::uint64_t> dead_letters_;
  std::uint64_t salvaged_ = 0;
  std::uint64_t duplicate_keys_ = 0;
  std::uint64_t time_suspect_ = 0;
  Timestamp first_event_ = 0;
  Timestamp last_event_ = 0;
};

}  // namespace spoor
