// Windows events that are not Sysmon's: any channel, fields by name.
#pragma once

#include "engine/event/event.h"
#include "parsers/envelope.h"
#include "parsers/record_parser.h"
#include "parsers/scratch.h"

namespace spoor {

/// Which of the vendor's own field names are kept in Event::extra.
class ExtraFilter {
 public:
  explicit ExtraFilter(const Projection& projection);
  ~ExtraFilter();
  ExtraFilter(ExtraFilter&&) noexcept;
  ExtraFilter& operator=(ExtraFilter&&) noexcept;
  [[nodiscard]] bool keeps(std::string_view name) const;

 private:
  struct Names;
  std::unique_ptr<Names> names_;
};

/// Fills what all Windows events share: envelope, fields by name, uid. `event` is clear.
/// `uid_includes_time`: for Sysmon, whose UtcTime is the same in every carriage; a machine that is
/// set up anew counts its records from one again.
void fill_windows_event(const WindowsRecord& record,
                        const ExtraFilter& extra,
                        bool uid_includes_time,
                        Scratch& scratch,
                        Event& event);

/// A channel without a parser of its own: a generic event.
void parse_windows_channel(const WindowsRecord& record,
                           const ExtraFilter& extra,
                           Scratch& scratch,
                           Event& event);

}  // namespace spoor
