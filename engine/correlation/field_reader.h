// How a correlation reads the fields of an event that is on its way past.
#pragma once

#include <string_view>
#include <vector>

#include "engine/event/event.h"
#include "engine/rule/rule.h"

namespace spoor {

class FieldReader {
 public:
  virtual ~FieldReader() = default;

  /// Appends the texts of a field, in their order: none if the event lacks it or it has no value,
  /// several of an array. Valid as long as the event.
  virtual void read(const FieldRef& field, std::vector<std::string_view>& texts) const = 0;
};

/// Of an Event: its own slot, else what the vendor names so.
class EventFieldsView final : public FieldReader {
 public:
  /// `event` must outlive the view.
  explicit EventFieldsView(const Event& event) : event_(event) {}

  void read(const FieldRef& field, std::vector<std::string_view>& texts) const override {
    if (field.id && event_.has(*field.id)) {
      texts.push_back(event_.field(*field.id));
      return;
    }
    for (const ExtraField& extra : event_.extra) {
      if (extra.name == field.name && extra.kind == ValueKind::text) {
        texts.push_back(extra.value);
      }
    }
  }

 private:
  const Event& event_;
};

}  // namespace spoor
