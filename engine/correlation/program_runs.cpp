#include "engine/correlation/program_runs.h"

#include "engine/base/text.h"

namespace spoor {

std::string program_of(const ProcessGraph& graph, ProcessIndex process) {
  const std::string_view image = graph.text(process, ProcessText::image);
  return image.empty() ? to_string(graph.key(process)) : fold(image);
}

ProgramIndex ProgramRuns::of(std::string_view name) {
  ProgramIndex program = find(name);
  if (program != kNoProcess) {
    return program;
  }
  if (free_.empty()) {
    program = kProgramBit | static_cast<ProgramIndex>(programs_.size());
    programs_.emplace_back();
  } else {
    program = free_.back();
    free_.pop_back();
  }
  programs_[program & ~kProgramBit].name = name;
  by_name_.emplace(name, program);
  emptied_.push_back(program);
  return program;
}

ProgramIndex ProgramRuns::place(ProcessIndex node, std::string_view name) {
  const ProgramIndex now = of(name);
  const ProgramIndex before = program(node);
  if (before != now) {
    remove(node);
    of_node_.insert_or_assign(node, now);
    programs_[now & ~kProgramBit].runs.insert(node);
  }
  return before;
}

ProgramIndex ProgramRuns::remove(ProcessIndex node) {
  const auto known = of_node_.find(node);
  if (known == of_node_.end()) {
    return kNoProcess;
  }
  const ProgramIndex before = known->second;
  of_node_.erase(known);
  std::set<ProcessIndex>& runs = programs_[before & ~kProgramBit].runs;
  runs.erase(node);
  if (runs.empty()) {
    emptied_.push_back(before);
  }
  return before;
}

ProgramIndex ProgramRuns::program(ProcessIndex node) const {
  const auto known = of_node_.find(node);
  return known == of_node_.end() ? kNoProcess : known->second;
}

ProgramIndex ProgramRuns::find(std::string_view name) const {
  const auto known = by_name_.find(name);
  return known == by_name_.end() ? kNoProcess : known->second;
}

std::string_view ProgramRuns::name(ProgramIndex program) const {
  return programs_[program & ~kProgramBit].name;
}

const std::set<ProcessIndex>& ProgramRuns::runs(ProgramIndex program) const {
  return programs_[program & ~kProgramBit].runs;
}

void ProgramRuns::recycle() {
  for (const ProgramIndex program : emptied_) {
    Program& gone = programs_[program & ~kProgramBit];
    // It may stand here twice, or have runs again.
    if (gone.runs.empty() && by_name_.erase(gone.name) == 1) {
      gone.name.clear();
      free_.push_back(program);
    }
  }
  emptied_.clear();
}

}  // namespace spoor
