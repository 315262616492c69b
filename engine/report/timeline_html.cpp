#include <algorithm>
#include <string>
#include <string_view>

#include "engine/report/finding_html.h"
#include "engine/report/indent_json.h"
#include "engine/report/page_parts.h"

namespace spoor {
namespace {

constexpr Duration kGapTold = 60 * kNanosPerSecond;  ///< A pause that is worth a line.

bool is_required(const ReportEvent& event) {
  return std::ranges::any_of(event.steps, &ReportStep::required);
}

std::string_view title_of(const ReportStep& step) {
  return step.title.empty() ? step.name : step.title;
}

class TimelineHtml {
 public:
  TimelineHtml(Html& html, const ReportFinding& finding, std::size_t number)
      : html_(html), finding_(finding), number_(number) {}

  void write() {
    html_.markup(
        "<section class=\"events\">\n<h3>Timeline <button type=\"button\" class=\"toggle\" "
        "hidden>Open all</button></h3>\n");
    write_strip();
    html_.markup("<ol class=\"timeline\">\n");
    for (std::size_t i = 0; i < finding_.events.size(); ++i) {
      write_pause(i);
      write_event(finding_.events[i], i + 1);
    }
    html_.markup("</ol>\n");
    write_left_out();
    html_.markup("</section>\n");
  }

 private:
  /// The events on one line, as far apart as they were.
  void write_strip() {
    constexpr std::int64_t kWidth = 1'000;
    const std::int64_t first = finding_.head.first / kNanosPerMilli;
    const std::int64_t span = finding_.head.last / kNanosPerMilli - first;
    if (finding_.events.size() < 2 || finding_.head.first == 0 || span <= 0) {
      return;
    }
    html_.markup(R"(<svg class="strip" viewBox="0 0 1004 20" preserveAspectRatio="none" )"
                 R"(aria-hidden="true"><rect class="base" x="0" y="9" width="1004" height="2"/>)");
    for (const ReportEvent& event : finding_.events) {
      const std::int64_t at = event.time ? *event.time / kNanosPerMilli - first : -1;
      if (at < 0 || at > span) {
        continue;
      }
      // In floating point: a millisecond times the width might not fit.
      const double part = static_cast<double>(at) / static_cast<double>(span);
      html_.markup(is_required(event) ? Markup(R"(<rect class="req" x=")")
                                      : Markup(R"(<rect x=")"));
      html_.number(static_cast<std::uint64_t>(part * static_cast<double>(kWidth)));
      html_.markup(R"(" y="2" width="4" height="16"/>)");
    }
    html_.markup("</svg>\n<p class=\"ends\"><span>");
    write_time(html_, finding_.head.first);
    html_.markup("</span><span>");
    write_time(html_, finding_.head.last);
    html_.markup("</span></p>\n");
  }

  /// A new day, or how long nothing happened.
  void write_pause(std::size_t index) {
    const std::optional<Timestamp> time = finding_.events[index].time;
    const std::optional<Timestamp> before =
        index == 0 ? std::nullopt : finding_.events[index - 1].time;
    if (!time) {
      return;
    }
    if (before &&
        *time / kNanosPerSecond - *before / kNanosPerSecond >= kGapTold / kNanosPerSecond) {
      html_.markup(R"(<li class="pause">)").text(duration_text(*before, *time));
      html_.markup(" later</li>\n");
    }
    if (!before || date_of(*before) != date_of(*time)) {
      html_.markup(R"(<li class="day">)").text(date_of(*time)).markup("</li>\n");
    }
  }

  void write_event(const ReportEvent& event, std::size_t event_number) {
    html_.markup(R"(<li id="f)").number(number_).markup("-e").number(event_number);
    html_.markup(is_required(event) ? Markup(R"(" class="event req">)")
                                    : Markup(R"(" class="event">)"));
    html_.markup(R"(<div class="when">)");
    html_.text(event.time ? time_of_day(*event.time) : std::string("no time"));
    html_.markup("</div>\n<div class=\"body\">");
    write_what(event);
    for (const ReportStep& step : event.steps) {
      write_step(step);
    }
    write_fields(event);
    write_raw(event);
    html_.markup("</div></li>\n");
  }

  void write_what(const ReportEvent& event) {
    html_.markup(R"(<p class="what">)");
    if (event.process) {
      const ReportProcess& process = finding_.processes[*event.process];
      html_.markup(R"(<span class="dim">)").text(process.name);
      if (!process.pid.empty()) {
        html_.markup(" (").text(process.pid).markup(")");
      }
      html_.markup("</span> ");
    }
    html_.markup("<b>").text(deed_of(finding_, event)).markup("</b>");
    html_.markup(R"( <span class="kind">)").text(event.source).markup(" ").text(event.category);
    html_.markup("</span>");
    if (event.salvaged) {
      html_.markup(R"( <span class="tag gap" title="The record was damaged and was )"
                   R"(mended">salvaged</span>)");
    }
    if (event.process_ambiguous) {
      html_.markup(R"( <span class="tag gap" title="The event names its process by pid alone, )"
                   R"(and another is possible">by pid</span>)");
    }
    html_.markup("</p>\n");
  }

  void write_step(const ReportStep& step) {
    html_.markup(step.required ? Markup(R"(<p class="step req">)") : Markup(R"(<p class="step">)"));
    html_.text(title_of(step));
    if (!step.name.empty() && step.name != title_of(step)) {
      html_.markup(" <code>").text(step.name).markup("</code>");
    }
    html_.markup(step.required ? Markup(" <span class=\"tag\">required</span></p>\n")
                               : Markup("</p>\n"));
    if (step.matched.empty()) {
      return;
    }
    html_.markup("<table class=\"matched\"><tbody>\n");
    for (const ReportMatch& match : step.matched) {
      html_.markup(R"(<tr><th scope="row">)").text(match.field).markup(R"(<td><code class="v">)");
      html_.text(match.value).markup("</code>");
      if (!match.form.empty()) {
        html_.markup(R"( <span class="tag gap">)").text(match.form).markup("</span>");
      }
      html_.markup(R"(<td class="test">)").text(match.test).markup("</tr>\n");
    }
    html_.markup("</tbody></table>\n");
  }

  void write_fields(const ReportEvent& event) {
    if (event.fields.empty()) {
      return;
    }
    html_.markup("<details><summary>").number(event.fields.size());
    html_.markup(" fields</summary><table class=\"fields\"><tbody>\n");
    for (const auto& [name, value] : event.fields) {
      html_.markup(R"(<tr><th scope="row">)").text(name).markup("<td><code>").text(value);
      html_.markup("</code></tr>\n");
    }
    html_.markup("</tbody></table></details>\n");
  }

  void write_raw(const ReportEvent& event) {
    html_.markup(R"(<details><summary>Raw record</summary><p class="dim uid">)").text(event.uid);
    html_.markup(R"(<button type="button" class="copy" data-of="pre" hidden>Copy</button></p>)"
                 R"(<pre tabindex="0">)");
    if (event.raw.empty()) {
      html_.markup("(not kept)");
    } else {
      html_.block(indent_json(event.raw));
    }
    html_.markup("</pre></details>\n");
  }

  void write_left_out() {
    const auto shown = static_cast<std::int64_t>(finding_.evidence_shown);
    if (finding_.evidence_total > shown) {
      html_.markup(R"(<p class="cut" role="note">)").number(finding_.evidence_shown).markup(" of ");
      html_.number(static_cast<std::uint64_t>(finding_.evidence_total));
      html_.markup(" pieces of evidence are kept and shown.</p>\n");
    }
  }

  Html& html_;
  const ReportFinding& finding_;
  std::size_t number_;
};

}  // namespace

void write_timeline(Html& html, const ReportFinding& finding, std::size_t number) {
  if (!finding.events.empty()) {
    TimelineHtml(html, finding, number).write();
  }
}

}  // namespace spoor
