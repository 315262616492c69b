// What correlations along the process tree have to find, by brute force: every process as an
// anchor, every program, every window, every choice of events, each from the whole list. It knows
// the words of the semantics (docs/decisions/0004, 0009, 0014, 0031, 0044) and nothing of the
// engine. Slow, and meant to be read.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace spoor::oracle {

/// One event that the input holds.
struct Event {
  std::string uid;      ///< The vendor's; the same uid is the same event.
  std::string process;  ///< Who did it: the vendor's uid, of any host.
  std::string parent;   ///< Of a process start: who started it; else empty.
  std::string program;  ///< What the process runs, and on which host.
  std::int64_t time = 0;
  int rank = 0;         ///< Of its kind, in the canonical order.
  std::string tie;      ///< What decides between equal times and ranks.
  std::set<int> rules;  ///< Detections that hold for it.
  std::map<std::string, std::string> fields;
};

/// When each process started: its uid says so.
using Starts = std::map<std::string, std::int64_t>;

/// "r0 and not (r1 or r2)".
struct Condition {
  enum class Kind : std::uint8_t { rule, all, any, negation };
  Kind kind = Kind::rule;
  int rule = 0;
  std::vector<Condition> parts;
};

struct Comparison {
  std::string name;  ///< "gte"
  double number = 0;
};

struct Rule {
  std::string id;
  std::string type;
  std::string lineage = "process_tree";
  std::vector<int> rules;     ///< Detections, as listed.
  std::optional<int> anchor;  ///< As written.
  std::map<int, std::string> relation;
  std::int64_t timespan = 0;
  std::optional<Condition> condition;   ///< Over rule names.
  std::vector<Comparison> comparisons;  ///< Or of numbers.
  std::vector<std::string> measured;    ///< `field`.
  double percentile = 50;
  std::vector<std::string> split;  ///< Fields beside the lineage key.
  std::map<std::string, std::map<int, std::string>> aliases;
  int level = 0;
  std::vector<std::pair<Condition, int>> escalate;
};

struct Found {
  std::string rule;
  std::string anchor;  ///< The process, or the program whose runs are joined.
  int level = 0;
  /// (event, detection, required).
  std::set<std::tuple<std::string, int, bool>> evidence;

  friend auto operator<=>(const Found&, const Found&) = default;
};

/// All that holds at the end of the input.
[[nodiscard]] std::set<Found> expected(const std::vector<Rule>& rules,
                                       const std::vector<Event>& events,
                                       const Starts& starts);

}  // namespace spoor::oracle
