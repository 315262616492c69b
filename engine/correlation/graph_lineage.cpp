#include "engine/correlation/graph_lineage.h"

#include <algorithm>
#include <iterator>

#include "engine/base/limits.h"

namespace spoor {
namespace {

struct LineageRow {
  FieldId field;
  ProcessText text;
  std::size_t generations;  ///< Above the acting process.
};

constexpr LineageRow kRows[] = {
    {FieldId::image, ProcessText::image, 0},
    {FieldId::command_line, ProcessText::command_line, 0},
    {FieldId::user, ProcessText::user, 0},
    {FieldId::current_directory, ProcessText::current_directory, 0},
    {FieldId::parent_process_guid, ProcessText::vendor_uid, 1},
    {FieldId::parent_image, ProcessText::image, 1},
    {FieldId::parent_command_line, ProcessText::command_line, 1},
    {FieldId::parent_user, ProcessText::user, 1},
    {FieldId::grand_parent_image, ProcessText::image, 2},
    {FieldId::grand_parent_command_line, ProcessText::command_line, 2},
};

const LineageRow* row_of(FieldId id) {
  const auto* row = std::ranges::find(kRows, id, &LineageRow::field);
  return row == std::end(kRows) ? nullptr : row;
}

/// A text that the graph knows; a null view if it does not.
std::string_view text_of(const ProcessGraph& graph, ProcessIndex process, ProcessText which) {
  const std::string_view text =
      process == kNoProcess ? std::string_view() : graph.text(process, which);
  return text.empty() ? std::string_view() : text;
}

}  // namespace

bool is_lineage_field(FieldId id) {
  return row_of(id) != nullptr;
}

LineageValue GraphLineage::field(FieldId id) const {
  const LineageRow* row = row_of(id);
  if (row == nullptr) {
    return {.text = {}, .may_change = false};
  }
  ProcessIndex process = actor_;
  for (std::size_t i = 0; i < row->generations && process != kNoProcess; ++i) {
    process = graph_.parent(process);
  }
  return {.text = text_of(graph_, process, row->text), .may_change = false};
}

bool GraphLineage::ancestors(FieldId id, std::vector<std::string_view>& values) const {
  const LineageRow* row = row_of(id);
  if (row == nullptr || actor_ == kNoProcess) {
    return false;
  }
  ProcessIndex process = graph_.parent(actor_);
  for (std::size_t steps = 0; process != kNoProcess && steps < kAncestorsMax; ++steps) {
    const std::string_view text = text_of(graph_, process, row->text);
    if (text.data() != nullptr) {
      values.push_back(text);
    }
    process = graph_.parent(process);
  }
  return false;
}

}  // namespace spoor
