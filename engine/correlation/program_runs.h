// Which processes of a host are runs of one program.
//
// A program is an image path, compared without case. A process whose image is not known is a
// program of its own: nothing says what it is a run of. Not by file name alone: every other
// installer has an update.exe.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "engine/base/limits.h"
#include "engine/base/uid.h"
#include "engine/process_graph/process_graph.h"

namespace spoor {

/// A program of a host. Of the same kind as a ProcessIndex and never equal to one, so that a place
/// among marks and matches is either.
using ProgramIndex = ProcessIndex;

inline constexpr ProgramIndex kProgramBit = 0x80000000U;
static_assert(kProcessesPerHostMax < kProgramBit);

[[nodiscard]] inline bool is_program(ProcessIndex place) {
  return place != kNoProcess && (place & kProgramBit) != 0;
}

/// The name of the program that a process is a run of. O(length).
[[nodiscard]] std::string program_of(const ProcessGraph& graph, ProcessIndex process);

class ProgramRuns {
 public:
  /// `node` is a run of the program of that name, and of no other. Which it was one of before:
  /// kNoProcess if of none. O(log runs).
  ProgramIndex place(ProcessIndex node, std::string_view name);
  /// The program of that name, whether it has runs or not. Without any, recycle() gives it up.
  ProgramIndex of(std::string_view name);
  /// It is a run of none any more. Which it was one of, or kNoProcess.
  ProgramIndex remove(ProcessIndex node);

  /// The program that place() gave a node; kNoProcess if none.
  [[nodiscard]] ProgramIndex program(ProcessIndex node) const;
  /// By name; kNoProcess if no node was ever a run of it.
  [[nodiscard]] ProgramIndex find(std::string_view name) const;
  [[nodiscard]] std::string_view name(ProgramIndex program) const;
  /// Its nodes, by index: in no order that may be shown.
  [[nodiscard]] const std::set<ProcessIndex>& runs(ProgramIndex program) const;

  /// Gives the numbers of programs without runs to others. Nobody refers to them any more.
  void recycle();

 private:
  struct Program {
    std::string name;
    std::set<ProcessIndex> runs;
  };

  std::vector<Program> programs_;
  std::vector<ProgramIndex> emptied_;  ///< Some may have runs again.
  std::vector<ProgramIndex> free_;
  boost::unordered_flat_map<std::string, ProgramIndex, SeededTextHash, std::equal_to<>> by_name_;
  boost::unordered_flat_map<ProcessIndex, ProgramIndex> of_node_;
};

}  // namespace spoor
