// What several parts of the page write: times, levels.
#pragma once

#include "engine/base/time.h"
#include "engine/report/html.h"
#include "engine/report/report_finding.h"

namespace spoor {

/// The level as a class of the style and a word for people.
[[nodiscard]] Markup level_word(ReportLevel level);

/// What the filter knows the finding by: its level, or that it was retracted.
[[nodiscard]] Markup filter_word(const ReportHead& head);

/// The level, and the status if it is not final.
void write_badge(Html& html, const ReportHead& head);

/// "2023-03-22 13:40:52", UTC.
void write_time(Html& html, Timestamp time);

/// "2023-03-22 13:40:52 → 15:11:40 UTC (91 min)".
void write_span(Html& html, Timestamp first, Timestamp last);

/// "13:40:52.190"
[[nodiscard]] std::string time_of_day(Timestamp time);

/// "13:40:52.190", after the date where that is not the one of `day`.
[[nodiscard]] std::string moment_text(Timestamp time, Timestamp day);

/// What happened, without the name of the process that did it: "loaded ffmpeg.dll". For places
/// where the process stands anyway.
[[nodiscard]] std::string_view deed_of(const ReportFinding& finding, const ReportEvent& event);

/// "2023-03-22"
[[nodiscard]] std::string date_of(Timestamp time);

/// "8 d 4 h", "71 min", "3.2 s". Empty if `last` lies before `first`.
[[nodiscard]] std::string duration_text(Timestamp first, Timestamp last);

}  // namespace spoor
