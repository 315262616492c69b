#include "engine/finding/dot.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "engine/base/text.h"
#include "engine/finding/evidence_view.h"
#include "engine/finding/ocsf_evidence.h"
#include "engine/finding/ocsf_process.h"
#include "engine/finding/terminal.h"

namespace spoor {
namespace {

constexpr std::size_t kNameColumnsMax = 80;
constexpr std::size_t kLineColumnsMax = 100;
constexpr std::size_t kTooltipColumnsMax = 1'000;
constexpr std::size_t kStepsShownMax = 12;  // Of one process.

/// Text for the inside of a quoted string that Graphviz draws: it knows escape sequences (\N is the
/// node's name) and HTML's entities there.
std::string drawn(std::string_view raw, std::size_t columns) {
  std::string text;
  for (const char c : shown(raw, columns)) {
    switch (c) {
      case '"': text.append("\\\""); break;
      case '\\': text.append("\\\\"); break;
      case '&': text.append("&amp;"); break;
      default: text.push_back(c);
    }
  }
  return text;
}

/// How one step of one process is told: its first time, and how often.
struct StepLine {
  std::string_view step;
  bool required = false;
  Timestamp first = 0;
  std::size_t count = 0;
};

std::vector<StepLine> step_lines(const std::vector<const FindingEvidence*>& evidence) {
  std::vector<StepLine> lines;
  for (const FindingEvidence* piece : evidence) {
    auto line = std::ranges::find(lines, piece->step, &StepLine::step);
    if (line == lines.end()) {
      line = lines.insert(line, {.step = piece->step, .first = piece->order.time});
    }
    line->required = line->required || piece->required;
    ++line->count;
  }
  return lines;
}

/// Left-aligned: Graphviz centres a line that ends with \n, and not one that ends with \l.
void append_steps(std::string& label, const std::vector<const FindingEvidence*>& evidence) {
  const std::vector<StepLine> lines = step_lines(evidence);
  for (std::size_t i = 0; i < std::min(lines.size(), kStepsShownMax); ++i) {
    label.append(lines[i].required ? "● " : "○ ").append(shown_seconds(lines[i].first)).append(" ");
    label.append(drawn(lines[i].step, kNameColumnsMax));
    if (lines[i].count > 1) {
      label.append(" (").append(std::to_string(lines[i].count)).append(" times)");
    }
    label.append("\\l");
  }
  if (lines.size() > kStepsShownMax) {
    label.append("and ").append(std::to_string(lines.size() - kStepsShownMax)).append(" more\\l");
  }
}

std::string_view gap_of(const FindingProcess& process) {
  switch (process.knowledge) {
    case Knowledge::known: return "";
    case Knowledge::claimed: return " (claimed by child)";
    case Knowledge::inferred: return " (start not seen)";
    case Knowledge::missing: return process.image.empty() ? "" : " (unknown process)";
  }
  return "";
}

std::string_view line_style(Knowledge knowledge) {
  switch (knowledge) {
    case Knowledge::known: return "solid";
    case Knowledge::claimed: return "dashed";
    case Knowledge::inferred: return "dotted";
    case Knowledge::missing: return "dashed";
  }
  return "dashed";
}

class Drawing {
 public:
  explicit Drawing(const Finding& finding)
      : finding_(finding), evidence_(finding.processes.size()) {
    for (const FindingEvidence& evidence : finding.evidence) {
      const std::optional<std::size_t> process = process_of(finding, evidence);
      (process ? evidence_[*process] : homeless_).push_back(&evidence);
    }
  }

  std::string render() {
    add_heading();
    for (std::size_t i = 0; i < finding_.processes.size(); ++i) {
      add_process(i);
    }
    if (!homeless_.empty()) {
      std::string label = "no process named\\l";
      append_steps(label, homeless_);
      out_.append("  homeless [label=\"").append(label).append("\", shape=note];\n");
    }
    for (std::size_t i = 0; i < finding_.processes.size(); ++i) {
      if (const std::optional<std::size_t> parent = parent_of(finding_, i)) {
        add_edge(*parent, i);
      }
    }
    return std::move(out_).append("}\n");
  }

 private:
  void add_heading() {
    const std::string& host = finding_.hostname.empty() ? finding_.host_key : finding_.hostname;
    out_.append("digraph \"").append(to_string(finding_.uid)).append("\" {\n");
    out_.append(R"(  graph [charset="UTF-8", labelloc=t, labeljust=l, label=")");
    out_.append(drawn(title_of(finding_.rule), kLineColumnsMax)).append("\\l");
    out_.append(drawn(finding_.level, kNameColumnsMax)).append("   ");
    out_.append(drawn(host, kNameColumnsMax)).append("   ");
    out_.append(shown_seconds(finding_.first_seen)).append(" → ");
    out_.append(shown_seconds(finding_.last_seen)).append("\\l\"];\n");
    out_.append("  node [shape=box, fontname=\"sans-serif\", fontsize=11];\n");
    out_.append("  edge [color=\"#6b7280\"];\n");
  }

  [[nodiscard]] std::string label_of(std::size_t index) const {
    const FindingProcess& process = finding_.processes[index];
    std::string label = process.image.empty() ? "(unknown process)"
                                              : drawn(short_name(process.image), kNameColumnsMax);
    if (!process.pid.empty()) {
      label.append(" (").append(drawn(process.pid, kNameColumnsMax)).append(")");
    }
    label.append(finding_.anchor == index ? " ◀ anchor" : "").append(gap_of(process));
    label.append(process.parent_mismatch ? " (parent disputed)" : "")
        .append(process.parent_ambiguous ? " (parent by pid)" : "")
        .append("\\l");
    if (!process.command_line.empty()) {
      label.append(drawn(process.command_line, kLineColumnsMax)).append("\\l");
    }
    append_steps(label, evidence_[index]);
    return label;
  }

  /// Filled if the process holds evidence: red if a required step is among it.
  [[nodiscard]] std::string_view fill_of(std::size_t index) const {
    const bool required = std::ranges::any_of(
        evidence_[index], [](const FindingEvidence* evidence) { return evidence->required; });
    if (required) {
      return "#fee2e2";
    }
    return evidence_[index].empty() ? "#ffffff" : "#fef3c7";
  }

  void add_process(std::size_t index) {
    const FindingProcess& process = finding_.processes[index];
    const bool missing = process.knowledge == Knowledge::missing;
    const std::string& about = process.command_line.empty() ? process.image : process.command_line;
    out_.append("  p").append(std::to_string(index)).append(" [label=\"").append(label_of(index));
    out_.append("\", style=\"filled,").append(line_style(process.knowledge));
    out_.append("\", fillcolor=\"").append(fill_of(index)).append("\"");
    out_.append(missing ? R"(, color="#9ca3af", fontcolor="#6b7280")" : "");
    out_.append(finding_.anchor == index ? ", peripheries=2" : "");
    out_.append(evidence_[index].empty() ? "" : ", penwidth=2");
    if (!about.empty()) {
      out_.append(", tooltip=\"").append(drawn(about, kTooltipColumnsMax)).append("\"");
    }
    out_.append("];\n");
  }

  void add_edge(std::size_t parent, std::size_t child) {
    const FindingProcess& process = finding_.processes[child];
    out_.append("  p").append(std::to_string(parent)).append(" -> p").append(std::to_string(child));
    out_.append(process.parent_mismatch ? " [style=dashed, label=\"disputed\"]" : "").append(";\n");
  }

  const Finding& finding_;
  std::vector<std::vector<const FindingEvidence*>> evidence_;  ///< By process.
  std::vector<const FindingEvidence*> homeless_;
  std::string out_;
};

}  // namespace

std::string render_dot(const Finding& finding) {
  return Drawing(finding).render();
}

}  // namespace spoor
