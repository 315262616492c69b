// What the process graph can say of an event: fields that the vendor left out.
#pragma once

#include <string_view>
#include <vector>

#include "engine/event/field.h"

namespace spoor {

/// A field as the graph knows it.
struct LineageValue {
  std::string_view text;   ///< A null view: not known.
  bool may_change = true;  ///< The graph may still learn it, or learn better.
};

/// Answers for one event. The views it gives live until its graph changes.
class Lineage {
 public:
  virtual ~Lineage() = default;

  /// A field that the event lacks. Never known, and never to be, for fields that are not of the
  /// acting process or its ancestors: {null, false}.
  [[nodiscard]] virtual LineageValue field(FieldId id) const = 0;

  /// The field of all ancestors of the acting process that have it. Returns whether more may become
  /// known.
  virtual bool ancestors(FieldId id, std::vector<std::string_view>& values) const = 0;

  /// Are its answers the same for every event? Then verdicts may be remembered.
  [[nodiscard]] virtual bool is_constant() const { return false; }
};

}  // namespace spoor
