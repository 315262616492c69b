// Takes what is said of one node's texts, and stores what the rows are at the end: rows in between
// would be kept for nothing. Private to this folder.
#pragma once

#include <optional>
#include <string_view>

#include "engine/process_graph/process_store.h"

namespace spoor {

/// One edit of a node at a time; call commit() at the end.
class TextEdit {
 public:
  TextEdit(ProcessGraph::Store& store, std::uint32_t process) : store_(store), process_(process) {}

  /// True if the claim is better than what was known, and another text.
  bool offer(ProcessText which, std::string_view value, unsigned rank);

  void commit();

  /// Some text is another than before.
  [[nodiscard]] bool has_changed() const { return has_changed_; }

 private:
  [[nodiscard]] TextHandle known_handle(ProcessText which) const;
  void put(ProcessText which, TextHandle handle);
  void put_rank(ProcessText which, unsigned rank);

  ProcessGraph::Store& store_;
  std::uint32_t process_;
  bool has_changed_ = false;
  std::optional<ProcessGraph::Store::Profiles::Row> profile_;  ///< If changed.
  std::optional<ProcessGraph::Store::Claims::Row> claims_;
};

}  // namespace spoor
