// Values of a record → fields of the event: what is wanted, in its canonical representation.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/event/canonical.h"
#include "engine/event/event.h"
#include "parsers/document.h"
#include "parsers/record_parser.h"
#include "parsers/scratch.h"

namespace spoor {

/// What to take out of records, made ready.
class FieldFilter {
 public:
  explicit FieldFilter(const Projection& projection);
  ~FieldFilter();
  FieldFilter(FieldFilter&&) noexcept;
  FieldFilter& operator=(FieldFilter&&) noexcept;

  /// False for FieldId::count.
  [[nodiscard]] bool wants(FieldId id) const { return wanted_[static_cast<std::size_t>(id)]; }

  /// A field by the vendor's own name.
  [[nodiscard]] bool wants_extra(std::string_view name) const {
    return all_extra_ || (some_extra_ && is_listed(name));
  }

  /// Are all fields by the vendor's own names wanted? Then those that a field of the table shows
  /// already are left out; one that is wanted by its name is kept all the same.
  [[nodiscard]] bool wants_all_extra() const { return all_extra_; }

  /// Is this one wanted by its name?
  [[nodiscard]] bool names_extra(std::string_view name) const {
    return some_extra_ && is_listed(name);
  }

  /// Is any field by the vendor's own name wanted?
  [[nodiscard]] bool wants_any_extra() const { return all_extra_ || some_extra_; }

 private:
  [[nodiscard]] bool is_listed(std::string_view name) const;

  struct Names;
  std::unique_ptr<Names> names_;
  std::array<bool, kFieldCount + 1> wanted_{};
  bool all_extra_ = false;
  bool some_extra_ = false;
};

/// set_field() for a value that may have another representation.
void set_represented(FieldId id, std::string_view value, Scratch& scratch, Event& event);

/// Sets a field, in its canonical representation (canonical.h); what the vendor wrote is kept
/// beside it. The first value stands: of a key that stands twice, the later is counted as a
/// duplicate. `value` must live as long as the event.
inline void set_field(FieldId id, std::string_view value, Scratch& scratch, Event& event) {
  if (event.has(id)) {
    event.duplicate_keys = true;
  } else if (may_need_representation(field_kind(id), value)) {
    set_represented(id, value, scratch, event);
  } else {
    event.set(id, value);
  }
}

/// Sets a field by the vendor's own name. As above.
void set_extra(std::string_view name, std::string_view value, Event& event);

/// A value for an extra field: a scalar's text, or compact JSON of an object or array.
[[nodiscard]] std::string_view extra_text(const Document& document,
                                          NodeIndex index,
                                          Scratch& scratch);

/// "PC042.acme.example" → "pc042": the same machine logs under both names. "-" if there is none.
[[nodiscard]] std::string_view host_key_of(std::string_view name, Scratch& scratch);
/// The same, of a name or a sensor's id that a person wrote.
[[nodiscard]] std::string host_key(std::string_view name);

/// The text in lower case (ASCII).
[[nodiscard]] std::string_view lower(std::string_view text, Scratch& scratch);

/// Sets the event's time, or marks it as suspect: 0 for a time that is missing or before 2000.
void set_event_time(std::optional<Timestamp> time, Event& event);

}  // namespace spoor
