// The process graph's answers to fields that an event lacks.
#pragma once

#include "engine/event/event.h"
#include "engine/matcher/lineage.h"
#include "engine/process_graph/process_graph.h"

namespace spoor {

/// Can the graph answer for the field? Of the acting process: image, command line, user and
/// directory; of its parent and grandparent: image, command line, and of the parent the user and
/// the uid, as the vendor writes it after which the process is named.
[[nodiscard]] bool is_lineage_field(FieldId id);

/// Whatever can be known is not known yet: for events as they arrive. What holds or fails whatever
/// the graph may learn is decided at once; the rest waits, so that no verdict depends on what came
/// first.
class OpenLineage final : public Lineage {
 public:
  [[nodiscard]] LineageValue field(FieldId id) const override {
    return {.text = {}, .may_change = is_lineage_field(id)};
  }

  bool ancestors(FieldId /*id*/, std::vector<std::string_view>& /*values*/) const override {
    return true;
  }

  [[nodiscard]] bool is_constant() const override { return true; }
};

/// What the graph knows, for good: what it does not know is absent.
class GraphLineage final : public Lineage {
 public:
  /// `graph` must outlive this. `actor` may be kNoProcess: then nothing is known.
  GraphLineage(const ProcessGraph& graph, ProcessIndex actor) : graph_(graph), actor_(actor) {}

  [[nodiscard]] LineageValue field(FieldId id) const override;
  bool ancestors(FieldId id, std::vector<std::string_view>& values) const override;

 private:
  const ProcessGraph& graph_;
  ProcessIndex actor_;
};

}  // namespace spoor
