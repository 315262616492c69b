#include "engine/report/timesketch.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>
#include <vector>

#include "engine/finding/json_writer.h"

namespace spoor {
namespace {

constexpr std::int64_t kNanosPerMicro = 1'000;

/// Rounded towards the past, as `datetime` is.
std::int64_t to_epoch_us(Timestamp time) {
  const std::int64_t micros = time / kNanosPerMicro;
  return time % kNanosPerMicro < 0 ? micros - 1 : micros;
}

/// What each line tells of its finding: how it is found again, and what a search goes by.
void write_finding(JsonWriter& json, const ReportFinding& finding) {
  const ReportHead& head = finding.head;
  json.text("finding_uid", head.uid);
  json.number("finding_revision", head.revision);
  json.text("finding_status", head.status);
  json.text("level", to_string(head.level));
  json.text("rule", head.title);
  json.text("rule_id", head.rule_id);
  json.text("hostname", head.host);
  json.begin_array("tag");
  for (const ReportTechnique& technique : head.techniques) {
    json.element(technique.id.empty() ? technique.name : technique.id);
  }
  json.end_array();
}

void write_process(JsonWriter& json, const ReportProcess& process) {
  json.text("process", process.path.empty() ? process.name : process.path);
  std::int64_t pid = 0;
  const char* const end = process.pid.data() + process.pid.size();
  if (!process.pid.empty() && std::from_chars(process.pid.data(), end, pid).ptr == end) {
    json.number("pid", pid);
  }
  json.text("command_line", process.command_line);
  json.text("username", process.user);
}

void begin_line(JsonWriter& json, const std::string& message, Timestamp time) {
  json.begin_object();
  json.any_text("message", message);
  json.text("datetime", format_timestamp(time));
  json.number("timestamp", to_epoch_us(time));
  json.text("timestamp_desc", "Event Logged");
  json.text("data_type", "spoor:finding:event");
}

/// "QueryName = msstorageazure.com": what made the steps hold, each once.
void write_matched(JsonWriter& json, const ReportEvent& event) {
  std::vector<std::string> matched;
  for (const ReportStep& step : event.steps) {
    for (const ReportMatch& match : step.matched) {
      std::string text = match.field + " = " + match.value;
      if (std::ranges::find(matched, text) == matched.end()) {
        matched.push_back(std::move(text));
      }
    }
  }
  json.begin_array("matched");
  for (const std::string& text : matched) {
    json.element(text);
  }
  json.end_array();
}

std::string line_of(const ReportFinding& finding, const ReportEvent& event) {
  JsonWriter json;
  begin_line(json,
             "[" + finding.head.title + "] " + event.steps.front().name + ": " +
                 (event.description.empty() ? event.category : event.description),
             event.time.value_or(finding.head.first));
  write_finding(json, finding);
  std::string steps;
  bool is_required = false;
  for (const ReportStep& step : event.steps) {
    steps += (steps.empty() ? "" : ", ") + step.name;
    is_required = is_required || step.required;
  }
  json.text("step", steps);
  json.boolean("required", is_required);
  if (event.process && *event.process < finding.processes.size()) {
    write_process(json, finding.processes[*event.process]);
  }
  json.text("event_uid", event.uid);
  json.text("source", event.source);
  json.text("category", event.category);
  write_matched(json, event);
  json.end_object();
  return json.finish() + "\n";
}

}  // namespace

std::string render_timesketch(const ReportFinding& finding) {
  std::string lines;
  for (const ReportEvent& event : finding.events) {
    lines += line_of(finding, event);
  }
  if (lines.empty()) {
    JsonWriter json;
    begin_line(json, "[" + finding.head.title + "] " + finding.head.process, finding.head.first);
    write_finding(json, finding);
    json.end_object();
    lines = json.finish() + "\n";
  }
  return lines;
}

}  // namespace spoor
