// The evidence tree of a finding, for a person at a terminal.
#include <algorithm>
#include <string>
#include <vector>

#include "engine/base/text.h"
#include "engine/finding/evidence_view.h"
#include "engine/finding/ocsf_evidence.h"
#include "engine/finding/ocsf_process.h"
#include "engine/finding/render.h"
#include "engine/finding/terminal.h"

namespace spoor {
namespace {

constexpr std::size_t kUidDigits = 12;
constexpr std::size_t kNameColumnsMax = 60;
constexpr std::size_t kFieldColumns = 32;    // A name and a value that can be read.
constexpr std::size_t kValueColumnsMin = 6;  // Less would show nothing of a value.
constexpr std::size_t kTextColumnsMin = 16;  // Of a path or a title.

/// A line under construction. It keeps the columns that are left, so that colour does not count as
/// width.
class Line {
 public:
  explicit Line(const TableOptions& options) : color_(options.color), room_(options.width) {}

  Line& add(std::string_view text, Style style = Style::plain) {
    const std::string cut = cut_end(text, room_);
    room_ -= std::min(room_, columns_of(cut));
    text_.append(styled(cut, style, color_));
    return *this;
  }

  /// Text that may be shortened in its middle, and is left out where little of it would remain.
  Line& add_if_room(std::string_view gap, std::string_view raw, Style style) {
    if (!raw.empty() && room_ >= gap.size() + kTextColumnsMin) {
      add(gap).add(shown(raw, room_), style);
    }
    return *this;
  }

  [[nodiscard]] std::size_t room() const { return room_; }

  [[nodiscard]] std::string finish() {
    text_.erase(text_.find_last_not_of(' ') + 1);
    return std::move(text_).append("\n");
  }

 private:
  std::string text_;
  bool color_;
  std::size_t room_;
};

std::string_view date_of(const std::string& timestamp) {
  return std::string_view(timestamp).substr(0, 10);
}

std::string count_of_evidence(const Finding& finding) {
  std::string text = std::to_string(finding.evidence_total);
  text.append(finding.evidence_total == 1 ? " piece of evidence" : " pieces of evidence");
  if (finding.evidence_total > finding.evidence.size()) {
    text.append(" (").append(std::to_string(finding.evidence.size())).append(" kept)");
  }
  return text;
}

class Tree {
 public:
  Tree(const Finding& finding, const TableOptions& options)
      : finding_(finding),
        options_(options),
        children_(finding.processes.size()),
        evidence_(finding.processes.size()),
        last_date_(date_of(format_timestamp(finding.first_seen))) {
    for (std::size_t i = 0; i < finding.processes.size(); ++i) {
      const std::optional<std::size_t> parent = parent_of(finding, i);
      (parent ? children_[*parent] : roots_).push_back(i);
    }
    for (const FindingEvidence& evidence : finding.evidence) {
      const std::optional<std::size_t> process = process_of(finding, evidence);
      (process ? evidence_[*process] : homeless_).push_back(&evidence);
    }
  }

  [[nodiscard]] std::string render() {
    add_heading();
    for (const std::size_t root : roots_) {
      add_subtree(root);
    }
    if (!homeless_.empty()) {
      out_.append(Line(options_).add("(no process named)", Style::dim).finish());
      add_evidence_lines(homeless_, "");
    }
    return std::move(out_);
  }

 private:
  /// A process still to be drawn. `branch` goes before its name, `indent` before what hangs below.
  struct Pending {
    std::size_t process;
    std::string branch;
    std::string indent;
  };

  void add_heading() {
    const std::string& host = finding_.hostname.empty() ? finding_.host_key : finding_.hostname;
    const std::string_view title = title_of(finding_.rule);
    const std::string level = shown(finding_.level, kNameColumnsMax);
    const std::string host_text = shown(host, kNameColumnsMax);
    const std::size_t reserved = columns_of(level) + columns_of(host_text) + 6;
    Line first(options_);
    first.add(
        shown(title, std::max(kTextColumnsMin, first.room() - std::min(first.room(), reserved))),
        Style::bold);
    first.add("   ").add(level, level_style(finding_.level)).add("   ").add(host_text);
    if (finding_.status != FindingStatus::final) {
      first.add("   ").add(to_string(finding_.status), Style::yellow);
    }
    out_.append(first.finish());
    Line second(options_);
    second.add("uid ").add(to_string(finding_.uid).substr(0, kUidDigits)).add("…  ");
    second.add(shown_seconds(finding_.first_seen))
        .add(" → ")
        .add(shown_seconds(finding_.last_seen));
    second.add("  ");
    const std::string count = count_of_evidence(finding_);
    const bool fits = columns_of(count) <= second.room();
    out_.append(
        second.add(fits ? count : std::to_string(finding_.evidence_total) + " events").finish());
  }

  /// Deep trees would push their text off the screen: beyond half of the width the indent stops
  /// growing.
  [[nodiscard]] std::string bounded(std::string indent) const {
    const std::size_t columns_max = options_.width / 2;
    if (columns_of(indent) <= columns_max) {
      return indent;
    }
    std::string kept = "⋯";
    kept.append(columns_max > 1 ? columns_max - 1 : 0, ' ');
    return kept;
  }

  void add_subtree(std::size_t root) {
    // A stack of our own: how deep a chain of processes is was decided by whoever started them.
    std::vector<Pending> stack = {{.process = root, .branch = "", .indent = ""}};
    while (!stack.empty()) {
      const Pending pending = std::move(stack.back());
      stack.pop_back();
      add_process_line(pending);
      add_evidence_lines(evidence_[pending.process], pending.indent);
      const std::vector<std::size_t>& children = children_[pending.process];
      for (std::size_t i = children.size(); i-- > 0;) {
        const bool last = i + 1 == children.size();
        stack.push_back({.process = children[i],
                         .branch = pending.indent + (last ? "└─ " : "├─ "),
                         .indent = bounded(pending.indent + (last ? "   " : "│  "))});
      }
    }
  }

  void add_process_line(const Pending& pending) {
    const FindingProcess& process = finding_.processes[pending.process];
    Line line(options_);
    line.add(pending.branch, Style::dim);
    const bool anchor = finding_.anchor == pending.process;
    const bool named = !process.image.empty();
    line.add(named ? shown(short_name(process.image), kNameColumnsMax) : "(unknown process)",
             anchor ? Style::bold : Style::plain);
    if (!process.pid.empty()) {
      line.add(" (").add(shown(process.pid, kNameColumnsMax)).add(")");
    }
    if (anchor) {
      line.add("  ◀ anchor", Style::bold);
    }
    line.add(gap_of(process), Style::yellow);
    if (process.parent_mismatch) {
      line.add("  (parent disputed)", Style::yellow);
    }
    if (process.parent_ambiguous) {
      line.add("  (parent by its pid: another is possible)", Style::yellow);
    }
    if (process.creator) {
      add_creator(line, *process.creator);
    }
    line.add_if_room("  ", process.image, Style::dim);
    out_.append(line.finish());
  }

  static void add_creator(Line& line, const NamedProcess& creator) {
    line.add("  (asked for by ", Style::yellow);
    line.add(creator.image.empty() ? "an unknown process"
                                   : shown(short_name(creator.image), kNameColumnsMax),
             Style::yellow);
    if (!creator.pid.empty()) {
      line.add(" ").add(shown(creator.pid, kNameColumnsMax), Style::yellow);
    }
    line.add(")", Style::yellow);
  }

  static std::string_view gap_of(const FindingProcess& process) {
    switch (process.knowledge) {
      case Knowledge::known: return "";
      case Knowledge::claimed: return "  (claimed by child)";
      case Knowledge::inferred: return "  (start not seen)";
      case Knowledge::missing: return process.image.empty() ? "" : "  (unknown process)";
    }
    return "";
  }

  void add_evidence_lines(const std::vector<const FindingEvidence*>& list,
                          const std::string& indent) {
    for (const FindingEvidence* evidence : list) {
      add_evidence_line(*evidence, indent);
    }
  }

  void add_evidence_line(const FindingEvidence& evidence, const std::string& indent) {
    Line line(options_);
    line.add(indent, Style::dim);
    line.add(evidence.required ? "● " : "○ ", evidence.required ? Style::bold_red : Style::yellow);
    line.add(time_of(evidence)).add(" ");
    line.add(shown(evidence.step, kNameColumnsMax), evidence.required ? Style::bold : Style::plain);
    if (evidence.salvaged) {
      line.add(" (salvaged)", Style::yellow);
    }
    if (evidence.process_ambiguous) {
      line.add(" (by its pid: another process is possible)", Style::yellow);
    }
    add_fields(line, evidence);
    out_.append(line.finish());
  }

  std::string time_of(const FindingEvidence& evidence) {
    const std::string timestamp = format_timestamp(evidence.order.time);
    std::string time = timestamp.substr(11, 12);
    if (date_of(timestamp) != last_date_) {
      last_date_ = date_of(timestamp);
      time.insert(0, last_date_ + " ");
    }
    return time;
  }

  /// What matched, the thing itself first: of a module load the module, not the process that
  /// everything shares.
  static std::vector<const FindingField*> fields_to_show(const FindingEvidence& evidence) {
    std::vector<const FindingField*> fields;
    for (const FindingField& field : evidence.matched) {
      fields.push_back(&field);
    }
    const std::optional<ArtifactView> artifact = artifact_of(evidence);
    // Not std::ranges: clang 14 cannot compile libstdc++'s subrange.
    std::stable_partition(fields.begin(), fields.end(), [&](const FindingField* field) {
      return artifact && own_value(evidence, *field) == artifact->value;
    });
    return fields;
  }

  /// What the event has in a field of which another form matched.
  static std::string_view own_value(const FindingEvidence& evidence, const FindingField& field) {
    const auto own = std::ranges::find(evidence.fields, field.name, &FindingField::name);
    const bool other = field.form != ValueForm::as_is && own != evidence.fields.end();
    return other ? own->value : field.value;
  }

  /// Said of a value that the event does not show.
  static std::string_view form_of(const FindingField& field) {
    switch (field.form) {
      case ValueForm::as_is: return "";
      case ValueForm::canonical: return " (canonical form)";
      case ValueForm::original: return " (original form)";
    }
    return "";
  }

  /// "  ImageLoaded = …\ffmpeg.dll  (Hashes = SHA1=…)": as many fields as there is room to read
  /// them in.
  static void add_fields(Line& line, const FindingEvidence& evidence) {
    const std::vector<const FindingField*> fields = fields_to_show(evidence);
    const std::size_t fitting = std::max<std::size_t>(1, line.room() / kFieldColumns);
    const std::size_t count = std::min(fields.size(), fitting);
    for (std::size_t i = 0; i < count; ++i) {
      const FindingField& field = *fields[i];
      const std::size_t share = line.room() / (count - i);
      std::string text = i == 0 ? "  " : "  (";
      text.append(shown(field.name, kNameColumnsMax)).append(" = ");
      const std::size_t used = columns_of(text) + (i == 0 ? 0 : 1);
      if (share < used + kValueColumnsMin) {
        return;
      }
      std::string_view form = form_of(field);
      form = share < used + kValueColumnsMin + form.size() ? "" : form;
      text.append(shown(field.value, share - used - form.size())).append(form);
      text.append(i == 0 ? "" : ")");
      line.add(text, i == 0 ? Style::plain : Style::dim);
    }
  }

  const Finding& finding_;
  const TableOptions& options_;
  std::vector<std::vector<std::size_t>> children_;
  std::vector<std::size_t> roots_;
  std::vector<std::vector<const FindingEvidence*>> evidence_;
  std::vector<const FindingEvidence*> homeless_;
  std::string last_date_;
  std::string out_;
};

}  // namespace

std::string render_tree(const Finding& finding, const TableOptions& options) {
  return Tree(finding, options).render();
}

}  // namespace spoor
