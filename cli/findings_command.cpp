// spoor findings: what was told so far, out of a state folder.

#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <unistd.h>

#include "cli/commands.h"
#include "cli/exchange_formats.h"
#include "cli/exit_code.h"
#include "cli/log.h"
#include "cli/output_file.h"
#include "cli/stateful_replay.h"
#include "cli/terminal.h"
#include "engine/base/text.h"
#include "engine/finding/render.h"
#include "engine/finding/terminal.h"
#include "engine/report/report_finding.h"
#include "engine/state/finding_reader.h"
#include "engine/state/state_store.h"

namespace spoor {
namespace {

/// Some reader's quotes: a field is quoted if it holds what separates fields, or what a spreadsheet
/// takes for a formula.
std::string csv_field(std::string_view text) {
  std::string field(text);
  if (!field.empty() &&
      std::string_view("=+-@\t\r").find(field.front()) != std::string_view::npos) {
    field.insert(field.begin(), '\'');
  }
  if (field.find_first_of(",\"\r\n") == std::string::npos) {
    return field;
  }
  std::string quoted = "\"";
  for (const char c : field) {
    quoted.append(c == '"' ? "\"\"" : std::string(1, c));
  }
  return quoted + "\"";
}

std::string csv_line(const StoredFinding& finding) {
  std::string line;
  for (const std::string& field :
       {std::to_string(finding.sequence), to_string(finding.uid), std::to_string(finding.revision),
        std::string(to_string(finding.status)), finding.level, finding.rule_id, finding.title,
        finding.host_key, finding.hostname, format_timestamp(finding.first_seen),
        format_timestamp(finding.last_seen), std::to_string(finding.evidence_total)}) {
    line += (line.empty() ? "" : ",") + csv_field(field);
  }
  return line + "\n";
}

bool is_wanted(const FindingsOptions& options, const StoredFinding& finding) {
  if (options.since && finding.last_seen < *options.since) {
    return false;
  }
  if (options.level) {
    const std::optional<Level> level = parse_level(finding.level);
    if (!level || *level < *options.level) {
      return false;
    }
  }
  const auto has = [](std::string_view text, const std::string& part) {
    return fold(text).find(fold(part)) != std::string::npos;
  };
  return (options.rule.empty() || finding.rule_id == options.rule ||
          has(finding.title, options.rule)) &&
         (options.host.empty() || has(finding.host_key, options.host) ||
          has(finding.hostname, options.host));
}

std::vector<std::string_view> payloads_of(const std::vector<StoredFinding>& findings) {
  std::vector<std::string_view> payloads;
  payloads.reserve(findings.size());
  for (const StoredFinding& finding : findings) {
    payloads.emplace_back(finding.payload);
  }
  return payloads;
}

/// `rules`: of the format stix.
std::string render_list(const std::vector<StoredFinding>& findings,
                        const FindingsOptions& options,
                        const std::optional<RuleTexts>& rules) {
  std::string text;
  if (rules) {
    return to_stix(payloads_of(findings), *rules);
  }
  if (options.format == ListFormat::timesketch) {
    return to_timesketch(payloads_of(findings));
  }
  if (options.format == ListFormat::ndjson) {
    for (const StoredFinding& finding : findings) {
      text += finding.payload + "\n";
    }
    return text;
  }
  if (options.format == ListFormat::csv) {
    text =
        "sequence,uid,revision,status,level,rule_id,title,host,hostname,first_seen,last_seen,"
        "evidence\n";
    for (const StoredFinding& finding : findings) {
      text += csv_line(finding);
    }
    return text;
  }
  std::vector<Finding> brief;
  brief.reserve(findings.size());
  for (const StoredFinding& finding : findings) {
    brief.push_back(brief_finding(finding));
  }
  return render_table(brief, {.color = use_color(STDOUT_FILENO, options.color),
                              .width = terminal_width(STDOUT_FILENO)});
}

std::string process_line(const ReportFinding& finding, std::size_t index, std::size_t width) {
  const ReportProcess& process = finding.processes[index];
  std::size_t depth = 0;
  for (std::optional<std::size_t> at = process.parent; at && depth <= finding.processes.size();
       at = finding.processes[*at].parent) {
    ++depth;
  }
  std::string line(2 * depth, ' ');
  line += (process.name.empty() ? "(unknown)" : process.name) +
          (process.pid.empty() ? "" : " (" + process.pid + ")");
  if (process.knowledge != Knowledge::known) {
    line.append(" [").append(to_string(process.knowledge)).append("]");
  }
  line += process.anchor ? " ◀" : "";
  line += process.command_line.empty() ? "" : "  " + process.command_line;
  return shown(line, width);
}

std::string render_whole(const StoredFinding& stored, const FindingsOptions& options) {
  std::size_t error_offset = 0;
  const Result<ReportFinding> read = read_finding(stored.payload, &error_offset);
  if (!read) {
    return stored.payload + "\n";
  }
  const bool color = use_color(STDOUT_FILENO, options.color);
  const std::size_t width = std::max<std::size_t>(terminal_width(STDOUT_FILENO), 40);
  std::string text = styled(shown(stored.title, width), Style::bold, color) + "\n";
  text += styled(stored.level, level_style(stored.level), color) + "  " +
          std::string(to_string(stored.status)) + ", revision " + std::to_string(stored.revision) +
          "  " + shown(stored.hostname.empty() ? stored.host_key : stored.hostname, width) + "\n";
  text += "uid " + to_string(stored.uid) + "  rule " + shown(stored.rule_id, width) + "\n\n";
  for (std::size_t i = 0; i < read->processes.size(); ++i) {
    text += process_line(*read, i, width) + "\n";
  }
  text += read->processes.empty() ? "" : "\n";
  for (const ReportEvent& event : read->events) {
    const bool is_required =
        std::ranges::any_of(event.steps, [](const ReportStep& step) { return step.required; });
    text += std::string(is_required ? "● " : "○ ") +
            (event.time ? shown_seconds(*event.time) : std::string("(no time)")) + "  " +
            shown(event.description, width) + "\n";
    for (const ReportStep& step : event.steps) {
      for (const ReportMatch& match : step.matched) {
        text += "    " + shown(match.field + " = " + match.value, width - 4) + "\n";
      }
    }
  }
  return text;
}

int show_one(const FindingReader& store,
             const FindingsOptions& options,
             const std::optional<RuleTexts>& rules) {
  const std::string wanted = to_lower_ascii(options.show);
  std::map<Uid, StoredFinding> found;
  const Result<void> read = store.for_each(1, [&](const StoredFinding& finding) {
    if (to_string(finding.uid).starts_with(wanted)) {
      found.insert_or_assign(finding.uid, finding);
    }
    return true;
  });
  if (!read) {
    log_error(read.error().message);
    return exit_state;
  }
  if (found.size() != 1) {
    log_error(found.empty()
                  ? "there is no finding whose uid begins with '" + options.show + "'"
                  : std::to_string(found.size()) + " findings have an uid that begins with '" +
                        options.show + "': give more of it");
    return exit_usage;
  }
  const StoredFinding& finding = found.begin()->second;
  const Result<void> written = write_output("", options.format == ListFormat::table
                                                    ? render_whole(finding, options)
                                                    : render_list({finding}, options, rules));
  return written ? exit_ok : exit_failure;
}

}  // namespace

int run_findings(const FindingsOptions& options) {
  set_up_log(false, use_color(STDERR_FILENO, options.color));
  std::optional<RuleTexts> rules;
  if (options.format == ListFormat::stix) {
    Result<RuleTexts> texts = RuleTexts::read(options.rules);
    if (!texts) {
      log_error(texts.error().message);
      return exit_usage;
    }
    rules = std::move(*texts);
  }
  const Result<std::unique_ptr<StateStore>> opened =
      StateStore::open(options.state, StateStore::Access::read);
  if (!opened) {
    log_error(opened.error().message);
    return opened.error().code == ErrorCode::bad_state ? exit_state : exit_usage;
  }
  StateStore& state = **opened;
  const FindingReader store(state);
  if (!options.show.empty()) {
    return show_one(store, options, rules);
  }
  std::vector<StoredFinding> findings;
  std::map<Uid, std::uint64_t> last;
  const Result<void> read = store.for_each(1, [&](const StoredFinding& finding) {
    last[finding.uid] = finding.sequence;
    findings.push_back(finding);
    return true;
  });
  const Result<void> sound = state.read_error();
  if (!read || !sound) {
    log_error(read ? sound.error().message : read.error().message);
    return exit_state;
  }
  std::erase_if(findings, [&](const StoredFinding& finding) {
    const bool is_past =
        finding.status == FindingStatus::retracted || last[finding.uid] != finding.sequence;
    return (is_past && !options.all) || !is_wanted(options, finding);
  });
  if (!options.all) {
    std::ranges::stable_sort(findings, [](const StoredFinding& a, const StoredFinding& b) {
      return canonical_less(brief_finding(a), brief_finding(b));
    });
  }
  const Result<void> written = write_output("", render_list(findings, options, rules));
  if (!written) {
    log_error(written.error().message);
    return exit_failure;
  }
  return exit_ok;
}

}  // namespace spoor
