#include <algorithm>
#include <string_view>
#include <vector>

#include "engine/report/finding_html.h"
#include "engine/report/page_parts.h"

namespace spoor {
namespace {

constexpr std::size_t kLevelsIndented = 10;  ///< What is deeper moves less to the right.
constexpr std::size_t kLevelsNested = 40;    ///< What is deeper stands beside its parent.

/// A step at one process: when first, and how often.
struct StepLine {
  const ReportStep* step = nullptr;
  std::size_t event = 0;
  std::size_t count = 1;
};

class TreeHtml {
 public:
  TreeHtml(Html& html, const ReportFinding& finding, std::size_t number)
      : html_(html),
        finding_(finding),
        number_(number),
        children_(finding.processes.size()),
        steps_(finding.processes.size()) {
    for (std::size_t i = 0; i < finding.processes.size(); ++i) {
      const std::optional<std::size_t> parent = finding.processes[i].parent;
      (parent ? children_[*parent] : roots_).push_back(i);
    }
    for (std::size_t i = 0; i < finding.events.size(); ++i) {
      const std::optional<std::size_t> process = finding.events[i].process;
      for (const ReportStep& step : finding.events[i].steps) {
        add_step(process ? steps_[*process] : homeless_, {.step = &step, .event = i});
      }
    }
  }

  void write() {
    html_.markup("<section>\n<h3>Process tree</h3>\n<ul class=\"tree\">\n");
    for (const std::size_t root : roots_) {
      write_subtree(root);
    }
    if (!homeless_.empty()) {
      html_.markup(R"(<li><div class="proc missing"><span class="name">No process named</span>)");
      write_steps(homeless_);
      html_.markup("</div></li>\n");
    }
    html_.markup("</ul>\n");
    write_legend();
    html_.markup("</section>\n");
  }

 private:
  /// A process to open, or (`closes`) a list to close.
  struct Pending {
    std::size_t process = 0;
    std::size_t level = 0;
    bool closes = false;
  };

  static void add_step(std::vector<StepLine>& lines, const StepLine& line) {
    const auto held = std::ranges::find_if(
        lines, [&line](const StepLine& other) { return other.step->name == line.step->name; });
    if (held == lines.end()) {
      lines.push_back(line);
    } else {
      ++held->count;
    }
  }

  void write_subtree(std::size_t root) {
    // A stack of our own: how deep a chain is was decided by whoever started it.
    std::vector<Pending> stack = {{.process = root}};
    while (!stack.empty()) {
      const Pending pending = stack.back();
      stack.pop_back();
      if (pending.closes) {
        html_.markup("</ul></li>\n");
      } else {
        open_process(pending, stack);
      }
    }
  }

  void open_process(const Pending& pending, std::vector<Pending>& stack) {
    const std::vector<std::size_t>& children = children_[pending.process];
    const bool nests = !children.empty() && pending.level < kLevelsNested;
    html_.markup("<li>");
    write_process(pending);
    if (nests) {
      html_.markup(pending.level < kLevelsIndented ? Markup("<ul>\n")
                                                   : Markup("<ul class=\"near\">\n"));
      stack.push_back({.closes = true});
    } else {
      html_.markup("</li>\n");
    }
    for (std::size_t i = children.size(); i-- > 0;) {
      stack.push_back({.process = children[i], .level = pending.level + 1});
    }
  }

  void write_process(const Pending& pending) {
    const ReportProcess& process = finding_.processes[pending.process];
    const std::vector<StepLine>& steps = steps_[pending.process];
    html_.markup(R"(<div class="proc )").markup(knowledge_word(process.knowledge));
    html_.markup(process.anchor ? Markup(" anchor") : Markup(""));
    html_.markup(steps.empty() ? Markup("") : Markup(" evidence")).markup(R"(">)");
    write_name(process);
    if (pending.level > kLevelsNested) {
      html_.markup(R"( <span class="tag">level )").number(pending.level + 1).markup("</span>");
    }
    write_tags(process);
    if (process.start != 0) {
      const std::string moment = moment_text(process.start, finding_.head.first);
      html_.markup(R"( <span class="when">)").text(moment.substr(0, moment.size() - 4));
      html_.markup("</span>");
    }
    if (!process.user.empty()) {
      html_.markup(R"( <span class="user">)").text(process.user).markup("</span>");
    }
    const std::string& command = process.command_line.empty() ? process.path : process.command_line;
    if (!command.empty()) {
      html_.markup(R"(<code class="cmd">)").text(command).markup("</code>");
    }
    write_steps(steps);
    html_.markup("</div>");
  }

  void write_name(const ReportProcess& process) {
    html_.markup(R"(<span class="name")");
    if (!process.path.empty()) {
      html_.markup(R"( title=")").attribute(process.path).markup(R"(")");
    }
    html_.markup(">");
    if (process.name.empty()) {
      html_.markup("(unknown process)");
    } else {
      html_.text(process.name);
    }
    html_.markup("</span>");
    if (!process.pid.empty()) {
      html_.markup(R"( <span class="pid">)").text(process.pid).markup("</span>");
    }
  }

  void write_tags(const ReportProcess& process) {
    if (process.anchor) {
      html_.markup(R"( <span class="tag anchor">anchor</span>)");
    }
    if (process.knowledge != Knowledge::known) {
      html_.markup(R"( <span class="tag gap">)").markup(gap_text(process.knowledge));
      html_.markup("</span>");
    }
    if (process.parent_mismatch) {
      html_.markup(R"( <span class="tag gap">parent disputed</span>)");
    }
    if (process.parent_ambiguous) {
      html_.markup(R"( <span class="tag gap" title="The start tells no more of the parent than )"
                   R"(its pid, and another is possible">parent by pid</span>)");
    }
  }

  static Markup knowledge_word(Knowledge knowledge) {
    switch (knowledge) {
      case Knowledge::known: return "known";
      case Knowledge::claimed: return "claimed";
      case Knowledge::inferred: return "inferred";
      case Knowledge::missing: return "missing";
    }
    return "missing";
  }

  static Markup gap_text(Knowledge knowledge) {
    switch (knowledge) {
      case Knowledge::known: return "";
      case Knowledge::claimed: return "claimed by child";
      case Knowledge::inferred: return "start not seen";
      case Knowledge::missing: return "missing";
    }
    return "missing";
  }

  void write_steps(const std::vector<StepLine>& lines) {
    if (lines.empty()) {
      return;
    }
    html_.markup("<ul class=\"steps\">\n");
    for (const StepLine& line : lines) {
      write_step(line);
    }
    html_.markup("</ul>");
  }

  void write_step(const StepLine& line) {
    const ReportEvent& event = finding_.events[line.event];
    html_.markup(line.step->required ? Markup(R"(<li class="req">)") : Markup("<li>"));
    html_.markup(R"(<a href="#f)")
        .number(number_)
        .markup("-e")
        .number(line.event + 1)
        .markup(R"(">)");
    html_.markup(R"(<span class="when">)");
    html_.text(event.time ? moment_text(*event.time, finding_.head.first) : std::string("no time"));
    html_.markup("</span> <b>");
    html_.text(line.step->title.empty() ? line.step->name : line.step->title).markup("</b></a>");
    if (line.count > 1) {
      html_.markup(R"( <span class="tag">)").number(line.count).markup(" times</span>");
    }
    if (!event.description.empty()) {
      html_.markup(R"( <span class="what">)").text(deed_of(finding_, event)).markup("</span>");
    }
    html_.markup("</li>\n");
  }

  /// What the lines mean, for the kinds that are there.
  void write_legend() {
    html_.markup(
        R"(<p class="legend"><span class="dot req"></span> required: without it there is no )"
        R"(finding <span class="dot"></span> supporting)");
    for (const Knowledge knowledge :
         {Knowledge::known, Knowledge::claimed, Knowledge::inferred, Knowledge::missing}) {
      const auto count =
          std::ranges::count(finding_.processes, knowledge, &ReportProcess::knowledge);
      if (count > 0) {
        html_.markup(R"( <span class="key )").markup(knowledge_word(knowledge)).markup(R"(">)");
        html_.number(static_cast<std::uint64_t>(count)).markup(" ");
        html_.markup(knowledge_word(knowledge)).markup("</span> ").markup(explain(knowledge));
      }
    }
    if (finding_.processes_left_out > 0) {
      html_.markup(" · ")
          .number(finding_.processes_left_out)
          .markup(" more processes are not drawn");
    }
    html_.markup("</p>\n");
  }

  static Markup explain(Knowledge knowledge) {
    switch (knowledge) {
      case Knowledge::known: return "start seen";
      case Knowledge::claimed: return "only its child says so";
      case Knowledge::inferred: return "took part, start not seen";
      case Knowledge::missing: return "only its id is known";
    }
    return "";
  }

  Html& html_;
  const ReportFinding& finding_;
  std::size_t number_;
  std::vector<std::size_t> roots_;
  std::vector<std::vector<std::size_t>> children_;
  std::vector<std::vector<StepLine>> steps_;  ///< By process.
  std::vector<StepLine> homeless_;
};

}  // namespace

void write_tree(Html& html, const ReportFinding& finding, std::size_t number) {
  if (!finding.processes.empty() || !finding.events.empty()) {
    TreeHtml(html, finding, number).write();
  }
}

}  // namespace spoor
