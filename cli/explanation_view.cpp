#include "cli/explanation_view.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "engine/base/text.h"
#include "engine/finding/json_writer.h"
#include "engine/finding/terminal.h"

namespace spoor {
namespace {

constexpr std::size_t kNarrowest = 40;

/// Writes lines, indented, that are no wider than the terminal.
class Lines {
 public:
  explicit Lines(const TableOptions& options)
      : color_(options.color), width_(std::max(options.width, kNarrowest)) {}

  /// A sentence, of any bytes, in as many lines as it takes; those after the first stand further
  /// in. Words are not parted.
  void sentence(std::size_t indent, std::string_view raw, Style style = Style::plain) {
    std::string line(indent, ' ');
    std::size_t used = indent;
    bool is_fresh = true;
    const std::string text = escape_for_terminal(raw);
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = std::min(text.find(' ', begin), text.size());
      const std::string_view word = std::string_view(text).substr(begin, end - begin);
      const std::size_t columns = columns_of(word);
      if (!is_fresh && used + 1 + columns > width_) {
        put(line, style);
        line.assign(indent + 2, ' ');
        used = indent + 2;
        is_fresh = true;
      }
      line += is_fresh ? "" : " ";
      line += word;
      used += columns + (is_fresh ? 0 : 1);
      is_fresh = false;
      begin = end + 1;
    }
    put(line, style);
  }

  /// One line, of any bytes, cut in the middle: a command line.
  void cut(std::size_t indent, std::string_view raw, Style style = Style::plain) {
    if (!raw.empty()) {
      put(std::string(indent, ' ') + cut_middle(escape_for_terminal(raw), width_ - indent), style);
    }
  }

  void blank() { text_ += "\n"; }

  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  void put(std::string_view line, Style style) {
    const std::size_t text = std::min(line.find_first_not_of(' '), line.size());
    text_ += std::string(line.substr(0, text)) + styled(line.substr(text), style, color_) + "\n";
  }

  bool color_;
  std::size_t width_;
  std::string text_;
};

std::string counted(std::size_t count, std::string_view one) {
  return std::to_string(count) + " " + std::string(one) + (count == 1 ? "" : "s");
}

/// "2023-03-14 09:13:42Z  PC042  cmd.exe (12)".
std::string event_text(const ToldEvent& event, bool with_host) {
  std::string text = shown_seconds(event.time);
  text += with_host ? "  " + event.host : "";
  text += "  " + event.type;
  return text + (event.process.empty() ? ", no process named" : " by " + event.process);
}

void write_near(Lines& lines,
                std::size_t indent,
                const std::vector<ToldNearEvent>& nearest,
                bool with_host) {
  for (const ToldNearEvent& near : nearest) {
    lines.sentence(indent, "nearest: " + event_text(near.event, with_host));
    lines.cut(indent + 2, near.event.command_line, Style::dim);
    for (const std::string& failed : near.failed) {
      lines.sentence(indent + 2, failed);
    }
  }
}

/// `in_full`: with the hits, and the events that come nearest.
void write_detection(Lines& lines, const ToldDetection& detection, bool in_full) {
  lines.sentence(2,
                 detection.name + ": " + counted(detection.hits, "hit") + "; " +
                     counted(detection.events, "event") + " of its log source, " +
                     detection.log_source,
                 detection.hits == 0 ? Style::yellow : Style::plain);
  if (!in_full) {
    return;
  }
  if (detection.without_group > 0) {
    lines.sentence(4, counted(detection.without_group, "hit") +
                          " without a field of group-by: no part of any group");
  }
  for (const ToldEvent& hit : detection.first_hits) {
    lines.sentence(4, event_text(hit, true));
    lines.cut(6, hit.command_line, Style::dim);
  }
  if (detection.hits > detection.first_hits.size()) {
    lines.sentence(4,
                   "and " + std::to_string(detection.hits - detection.first_hits.size()) + " more");
  }
  write_near(lines, 4, detection.nearest, true);
  if (detection.hits == 0 && detection.nearest.empty() && detection.events > 0) {
    lines.sentence(4, "no event satisfies any of its tests");
  }
}

/// What became of a step, in words.
std::string state_text(const ToldStep& step) {
  switch (step.state) {
    case StepState::seen: return step.hits > 1 ? counted(step.hits, "hit") + ", first " : "";
    case StepState::not_wanted: return "there, and the condition does not want it: ";
    case StepState::absent: return "not needed";
    case StepState::out_of_window: return "out of the timespan, by " + span_text(step.off) + ": ";
    case StepState::out_of_group: return "there, but in another group: ";
    case StepState::elsewhere: return "hit elsewhere: ";
    case StepState::no_hit: break;
  }
  return step.where.empty() ? "no hit" : step.where;
}

void write_step(Lines& lines, const ToldStep& step) {
  const bool is_good = step.state == StepState::seen;
  std::string text = (is_good ? "+ " : "- ") + step.name + " (" + step.relation + ")";
  text += step.missing ? " is missing: " : ": ";
  text += state_text(step);
  text += step.hit ? event_text(*step.hit, false) : "";
  lines.sentence(4, text, is_good ? Style::green : Style::red);
  if (step.hit && !is_good && !step.where.empty()) {
    lines.sentence(8, step.where);
  }
  write_near(lines, 8, step.nearest, false);
}

void write_anchor(Lines& lines, const ToldAnchor& anchor) {
  lines.sentence(
      2,
      anchor.process + (anchor.runs > 1 ? " and " + counted(anchor.runs - 1, "other run") : "") +
          (anchor.start == 0 ? ", start unknown" : ", started " + shown_seconds(anchor.start)) +
          ": " + (anchor.holds ? "holds" : anchor.lacks),
      Style::bold);
  lines.cut(4, anchor.command_line, Style::dim);
  if (anchor.window) {
    lines.sentence(4, "window from " + shown_seconds(*anchor.window) +
                          (anchor.measure ? ": reaches " + number_text(*anchor.measure) : ""));
  }
  std::string not_needed;
  for (const ToldStep& step : anchor.steps) {
    if (step.state == StepState::absent) {
      not_needed += (not_needed.empty() ? "not needed: " : ", ") + step.name;
    } else {
      write_step(lines, step);
    }
  }
  if (!not_needed.empty()) {
    lines.sentence(4, not_needed, Style::dim);
  }
  for (const std::string& unknown : anchor.unknown) {
    lines.sentence(4, "? " + unknown, Style::yellow);
  }
}

void write_lineage(Lines& lines, const Explanation& explanation) {
  for (const ToldHost& host : explanation.by_host) {
    lines.blank();
    lines.sentence(0,
                   host.host + ": " +
                       counted(host.anchors, host.are_programs ? "program" : "anchor") +
                       (host.nearest.front().holds ? "; the rule holds at"
                        : host.anchors > host.nearest.size()
                            ? ", the nearest " + std::to_string(host.nearest.size())
                            : ""),
                   Style::bold);
    for (const ToldAnchor& anchor : host.nearest) {
      write_anchor(lines, anchor);
    }
  }
  if (explanation.hosts_left_out > 0) {
    lines.blank();
    lines.sentence(0, "and " + counted(explanation.hosts_left_out, "host") +
                          " less near; ask for one with --host");
  }
}

void write_group(Lines& lines, const ToldGroup& group) {
  std::string text;
  for (const auto& [field, value] : group.group) {
    text.append(text.empty() ? "" : ", ").append(field).append(" ").append(value);
  }
  text = text.empty() ? "all events" : text;
  text += ": " + std::string(group.holds ? "holds" : "does not hold") + " in the window up to " +
          shown_seconds(group.time);
  text += group.measure ? ", reaches " + number_text(*group.measure) : "";
  lines.sentence(2, text, group.holds ? Style::green : Style::plain);
  for (const std::string& seen : group.seen) {
    lines.sentence(4, "+ " + seen, Style::green);
  }
  for (const std::string& missing : group.missing) {
    lines.sentence(4, "- " + missing, Style::red);
  }
}

// --- JSON

void write_json(JsonWriter& json, const ToldEvent& event) {
  json.text("host", event.host);
  json.text("time", event.time == 0 ? "" : format_timestamp(event.time));
  json.text("type", event.type);
  json.text("process", event.process);
  json.text("command_line", event.command_line);
  json.text("event_uid", event.uid);
}

void write_json(JsonWriter& json, std::string_view key, const std::vector<std::string>& texts) {
  json.begin_array(key);
  for (const std::string& text : texts) {
    json.element(text);
  }
  json.end_array();
}

void write_json(JsonWriter& json, const std::vector<ToldNearEvent>& nearest) {
  json.begin_array("nearest");
  for (const ToldNearEvent& near : nearest) {
    json.begin_object();
    write_json(json, near.event);
    write_json(json, "failed", near.failed);
    json.end_object();
  }
  json.end_array();
}

void write_json(JsonWriter& json, const ToldDetection& detection) {
  json.begin_object();
  json.text("name", detection.name);
  json.text("log_source", detection.log_source);
  json.number("events", static_cast<std::int64_t>(detection.events));
  json.number("hits", static_cast<std::int64_t>(detection.hits));
  json.number("hits_without_group", static_cast<std::int64_t>(detection.without_group));
  json.begin_array("first_hits");
  for (const ToldEvent& hit : detection.first_hits) {
    json.begin_object();
    write_json(json, hit);
    json.end_object();
  }
  json.end_array();
  write_json(json, detection.nearest);
  json.end_object();
}

void write_json(JsonWriter& json, const ToldStep& step) {
  json.begin_object();
  json.text("step", step.name);
  json.text("relation", step.relation);
  json.text("state", to_string(step.state));
  json.boolean("missing", step.missing);
  json.number("hits", static_cast<std::int64_t>(step.hits));
  if (step.hit) {
    json.begin_object("hit");
    write_json(json, *step.hit);
    json.end_object();
  }
  json.text("where", step.where);
  if (step.state == StepState::out_of_window) {
    json.number("outside_by_ms", step.off / kNanosPerMilli);
  }
  write_json(json, step.nearest);
  json.end_object();
}

void write_json(JsonWriter& json, const ToldAnchor& anchor) {
  json.begin_object();
  json.text("process", anchor.process);
  json.number("runs", static_cast<std::int64_t>(anchor.runs));
  json.text("process_uid", anchor.uid);
  json.text("command_line", anchor.command_line);
  json.text("start", anchor.start == 0 ? "" : format_timestamp(anchor.start));
  json.boolean("holds", anchor.holds);
  json.text("lacks", anchor.lacks);
  json.text("window", anchor.window ? format_timestamp(*anchor.window) : "");
  if (anchor.measure) {
    json.real("measure", *anchor.measure);
  }
  json.begin_array("steps");
  for (const ToldStep& step : anchor.steps) {
    write_json(json, step);
  }
  json.end_array();
  write_json(json, "unknown", anchor.unknown);
  json.end_object();
}

void write_json(JsonWriter& json, const ToldGroup& group) {
  json.begin_object();
  json.begin_object("group");
  for (const auto& [field, value] : group.group) {
    json.any_text(field, value);
  }
  json.end_object();
  json.boolean("holds", group.holds);
  json.text("until", format_timestamp(group.time));
  if (group.measure) {
    json.real("measure", *group.measure);
  }
  write_json(json, "seen", group.seen);
  write_json(json, "missing", group.missing);
  json.end_object();
}

void write_json(JsonWriter& json, const ToldFinding& finding) {
  json.begin_object();
  json.text("uid", finding.uid);
  json.text("level", finding.level);
  json.text("host", finding.host);
  json.text("process", finding.process);
  json.text("first_seen", format_timestamp(finding.first));
  json.text("last_seen", format_timestamp(finding.last));
  json.end_object();
}

std::string_view kind_text(RuleKind kind) {
  switch (kind) {
    case RuleKind::lineage: return "lineage_correlation";
    case RuleKind::window: return "window_correlation";
    case RuleKind::detection: break;
  }
  return "detection";
}

}  // namespace

std::string number_text(double number) {
  if (std::nearbyint(number) == number && std::abs(number) < 1e15) {
    return std::to_string(static_cast<std::int64_t>(number));
  }
  std::string text = std::to_string(number);
  text.erase(text.find_last_not_of('0') + 1);
  return text;
}

std::string span_text(Duration span) {
  struct Unit {
    Duration size;
    std::string_view name;
  };

  static constexpr Unit kUnits[] = {{86'400 * kNanosPerSecond, "d"},
                                    {3'600 * kNanosPerSecond, "h"},
                                    {60 * kNanosPerSecond, "m"},
                                    {kNanosPerSecond, "s"},
                                    {kNanosPerMilli, "ms"}};
  std::string text;
  std::size_t shown = 0;
  for (const Unit& unit : kUnits) {
    if (span >= unit.size && shown < 2) {
      text += (text.empty() ? "" : " ") + std::to_string(span / unit.size) + std::string(unit.name);
      span %= unit.size;
      ++shown;
    }
  }
  return text.empty() ? "less than 1ms" : text;
}

std::string explanation_text(const Explanation& explanation, const TableOptions& options) {
  Lines lines(options);
  const RuleMeta& rule = explanation.rule;
  lines.sentence(0, rule.title + " (" + (rule.name.empty() ? rule.id : rule.name) + "), " +
                        std::string(to_string(rule.level)));
  lines.sentence(0, explanation.verdict, explanation.completed ? Style::bold_red : Style::bold);
  for (const ToldFinding& finding : explanation.findings) {
    lines.sentence(2,
                   "finding " + finding.uid + ", " + finding.level + ": " + finding.host +
                       (finding.process.empty() ? "" : ", " + finding.process) + ", " +
                       shown_seconds(finding.first) + " to " + shown_seconds(finding.last),
                   level_style(finding.level));
  }
  if (explanation.finding_count > explanation.findings.size()) {
    lines.sentence(
        2,
        "and " + std::to_string(explanation.finding_count - explanation.findings.size()) + " more");
  }
  if (!explanation.wanted.empty()) {
    lines.sentence(0, "wanted: " + explanation.wanted);
  }
  write_lineage(lines, explanation);
  if (!explanation.groups.empty()) {
    lines.blank();
    lines.sentence(0, "The nearest groups", Style::bold);
    for (const ToldGroup& group : explanation.groups) {
      write_group(lines, group);
    }
  }
  lines.blank();
  lines.sentence(0, explanation.kind == RuleKind::detection ? "Events" : "Rules that it lists",
                 Style::bold);
  for (const ToldDetection& detection : explanation.detections) {
    // Along the tree the steps of each anchor have said it, if there is one.
    write_detection(lines, detection, explanation.by_host.empty() && detection.in_full);
  }
  return lines.take();
}

std::string explanation_json(const Explanation& explanation) {
  JsonWriter json;
  json.begin_object();
  json.begin_object("rule");
  json.text("id", explanation.rule.id);
  json.text("name", explanation.rule.name);
  json.text("title", explanation.rule.title);
  json.text("level", to_string(explanation.rule.level));
  json.text("type", kind_text(explanation.kind));
  json.end_object();
  json.boolean("completed", explanation.completed);
  json.text("verdict", explanation.verdict);
  json.text("wanted", explanation.wanted);
  json.number("events", static_cast<std::int64_t>(explanation.events));
  json.number("unreadable", static_cast<std::int64_t>(explanation.unreadable));
  json.number("hosts", static_cast<std::int64_t>(explanation.hosts));
  json.number("finding_count", static_cast<std::int64_t>(explanation.finding_count));
  json.begin_array("findings");
  for (const ToldFinding& finding : explanation.findings) {
    write_json(json, finding);
  }
  json.end_array();
  json.begin_array("detections");
  for (const ToldDetection& detection : explanation.detections) {
    write_json(json, detection);
  }
  json.end_array();
  json.begin_array("by_host");
  for (const ToldHost& host : explanation.by_host) {
    json.begin_object();
    json.text("host", host.host);
    json.number("anchors", static_cast<std::int64_t>(host.anchors));
    json.begin_array("nearest");
    for (const ToldAnchor& anchor : host.nearest) {
      write_json(json, anchor);
    }
    json.end_array();
    json.end_object();
  }
  json.end_array();
  json.number("hosts_left_out", static_cast<std::int64_t>(explanation.hosts_left_out));
  json.begin_array("groups");
  for (const ToldGroup& group : explanation.groups) {
    write_json(json, group);
  }
  json.end_array();
  json.end_object();
  return json.finish() + "\n";
}

}  // namespace spoor
