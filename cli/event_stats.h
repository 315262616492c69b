// What a log holds, for a parser's author: how many events of which kind, which keys no field
// takes, and which records gave no event.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "engine/base/result.h"
#include "engine/event/event.h"
#include "engine/finding/render.h"

namespace spoor {

class EventStats {
 public:
  void count(const Event& event);
  /// `file` is the name of the input that `position` is in.
  void count_bad(const Error& error, std::string_view file, const RecordPosition& position);

  [[nodiscard]] std::uint64_t events() const { return events_; }

  [[nodiscard]] std::uint64_t bad_records() const { return bad_records_; }

  /// Tables for a person, each sorted by count.
  [[nodiscard]] std::string render_table(const TableOptions& options) const;
  /// The same as one JSON object, with a newline.
  [[nodiscard]] std::string render_json() const;

 private:
  struct Kind {
    std::string source;
    std::string carriage;
    std::string vendor_type;
    std::string type;
    friend auto operator<=>(const Kind&, const Kind&) = default;
  };

  struct Key {
    std::string source;
    std::string name;
    friend auto operator<=>(const Key&, const Key&) = default;
  };

  struct Seen {
    std::uint64_t count = 0;
    std::string example;  ///< Of the first, cut.
    std::string file;     ///< Where the first was read.
    std::uint64_t line = 0;
  };

  template <typename Name>
  using Counts = std::map<Name, Seen>;

  /// The rows of a table, the most frequent first.
  template <typename Name>
  static std::vector<std::pair<Name, Seen>> sorted(const Counts<Name>& counts);
  /// The entry, if this is the first of its name.
  template <typename Name>
  Seen* add(Counts<Name>& counts, const Name& name, std::string_view example);

  std::uint64_t events_ = 0;
  std::uint64_t bad_records_ = 0;
  std::uint64_t salvaged_ = 0;
  std::uint64_t duplicate_keys_ = 0;
  std::uint64_t time_suspect_ = 0;
  std::uint64_t beyond_limit_ = 0;  ///< Of a name that no place was left for.
  Counts<Kind> kinds_;
  Counts<Key> unmapped_;
  Counts<std::string> bad_;  ///< By the code's name.
};

}  // namespace spoor
