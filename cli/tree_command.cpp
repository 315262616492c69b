// spoor tree: the processes of a host, as the logs tell of them.

#include <algorithm>
#include <set>

#include <unistd.h>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/host_choice.h"
#include "cli/interrupt.h"
#include "cli/log.h"
#include "cli/output_file.h"
#include "cli/read_inputs.h"
#include "cli/terminal.h"
#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/pipeline.h"
#include "engine/process_graph/graph_algorithms.h"

namespace spoor {
namespace {

/// A host as people write it → its graph; or null, having said why.
const ProcessGraph* find_host(const Correlator& correlator, const std::string& wanted) {
  const std::vector<std::string> hosts = correlator.hosts();
  if (hosts.empty()) {
    log_error("no event was read");
    return nullptr;
  }
  if (wanted.empty() && hosts.size() == 1) {
    return correlator.graph(hosts.front());
  }
  if (wanted.empty()) {
    log_error("the logs are of several hosts; name one with --host: " + host_list(correlator));
    return nullptr;
  }
  const std::vector<std::string> named = hosts_named(correlator, wanted);
  if (named.empty()) {
    log_error("no event is of host '" + wanted + "'; the logs have: " + host_list(correlator));
    return nullptr;
  }
  if (named.size() > 1) {
    std::string keys;
    for (const std::string& key : named) {
      keys += (keys.empty() ? "" : ", ") + escape_for_terminal(key);
    }
    log_error("several sensors report as '" + wanted + "'; name one with --host: " + keys);
    return nullptr;
  }
  return correlator.graph(named.front());
}

/// The processes asked for by --pid or --uid. Empty: none was found, and said so.
std::vector<ProcessIndex> find_wanted(const ProcessGraph& graph, const TreeOptions& options) {
  std::vector<ProcessIndex> wanted;
  if (options.pid) {
    wanted = graph.with_pid(*options.pid);
  } else {
    const auto bare = [](std::string_view uid) {
      std::string lower = to_lower_ascii(uid);
      std::erase_if(lower, [](char c) { return c == '{' || c == '}'; });
      return lower;
    };
    const std::string uid = bare(options.uid);
    for (const ProcessIndex process : processes(graph)) {
      if (bare(graph.text(process, ProcessText::vendor_uid)) == uid) {
        wanted.push_back(process);
      }
    }
  }
  if (wanted.empty()) {
    log_error(options.pid ? "no process of this host had pid " + std::to_string(*options.pid)
                          : "no process of this host has uid '" + options.uid + "'");
  }
  return wanted;
}

/// The wanted processes with everything above and below them.
std::set<ProcessIndex> lineage(const ProcessGraph& graph, const std::vector<ProcessIndex>& wanted) {
  std::set<ProcessIndex> members;
  for (const ProcessIndex process : wanted) {
    const std::vector<ProcessIndex> above = ancestors(graph, process);
    const std::vector<ProcessIndex> below = subtree(graph, process);
    members.insert(above.begin(), above.end());
    members.insert(below.begin(), below.end());
  }
  return members;
}

std::string describe(const ProcessGraph& graph, ProcessIndex process) {
  const std::string_view image = graph.text(process, ProcessText::image);
  std::string text = image.empty() ? "(unknown process)" : escape_for_terminal(basename_of(image));
  const std::optional<std::uint32_t> pid = graph.pid(process);
  text += pid ? " (" + std::to_string(*pid) + ")" : "";
  if (!graph.start_seen(process)) {
    text += graph.start(process) != 0 ? " [start not seen]" : " [start unknown]";
  }
  return text;
}

/// Who asked for the process, where that is not its parent.
std::string describe_creator(const ProcessGraph& graph, ProcessIndex process) {
  const ProcessIndex creator = graph.creator(process);
  return creator == kNoProcess ? "" : "  [asked for by " + describe(graph, creator) + "]";
}

/// Levels drawn: all that --pid and --uid ask for, the process with what is above and below it.
constexpr std::size_t kLevelsDrawn = 2 * kAncestorsMax + 1;

class TreePrinter {
 public:
  TreePrinter(const ProcessGraph& graph,
              const std::set<ProcessIndex>& members,
              const std::set<ProcessIndex>& marked,
              bool color,
              std::size_t width)
      : graph_(graph), members_(members), marked_(marked), color_(color), width_(width) {}

  std::string print() {
    std::vector<ProcessIndex> tops;
    for (const ProcessIndex process : members_) {
      if (!members_.contains(graph_.parent(process))) {
        tops.push_back(process);
      }
    }
    sort_for_display(graph_, tops);
    for (const ProcessIndex top : tops) {
      print(top, "", "", 1);
    }
    return std::move(text_);
  }

 private:
  void print(ProcessIndex process,
             const std::string& lead,
             const std::string& below_lead,
             std::size_t level) {
    line(process, lead);
    std::vector<ProcessIndex> below = children(graph_, process);
    std::erase_if(below, [this](ProcessIndex child) { return !members_.contains(child); });
    if (level == kLevelsDrawn && !below.empty()) {
      text_ += below_lead + "└─ … deeper levels are left out: name a process with --pid or --uid\n";
      return;
    }
    for (std::size_t i = 0; i < below.size(); ++i) {
      const bool last = i + 1 == below.size();
      print(below[i], below_lead + (last ? "└─ " : "├─ "), below_lead + (last ? "   " : "│  "),
            level + 1);
    }
  }

  void line(ProcessIndex process, const std::string& lead) {
    const bool is_marked = marked_.contains(process);
    const Timestamp start = graph_.start(process);
    std::string head = lead + (is_marked && color_ ? "\x1b[1m" : "") + describe(graph_, process) +
                       (is_marked && color_ ? "\x1b[0m" : "") + (is_marked ? " <==" : "") +
                       describe_creator(graph_, process);
    text_ += head + (start != 0 ? "  " + format_timestamp(start) : "");
    const std::string command =
        escape_for_terminal(graph_.text(process, ProcessText::command_line));
    if (!command.empty()) {
      text_ += "  " + (command.size() > width_ ? std::string(utf8_prefix(command)) + "…" : command);
    }
    text_ += "\n";
  }

  /// At most width_ bytes, cut between characters.
  [[nodiscard]] std::string_view utf8_prefix(std::string_view text) const {
    std::size_t length = width_;
    while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0U) == 0x80U) {
      --length;
    }
    return text.substr(0, length);
  }

  const ProcessGraph& graph_;
  const std::set<ProcessIndex>& members_;
  const std::set<ProcessIndex>& marked_;
  bool color_;
  std::size_t width_;
  std::string text_;
};

}  // namespace

int run_tree(const TreeOptions& options) {
  set_up_log(false, use_color(STDERR_FILENO, options.color));
  const Result<std::vector<InputFile>> files = expand_inputs(options.inputs);
  if (!files) {
    log_error(files.error().message);
    return exit_usage;
  }
  const RuleSet no_rules;
  Pipeline pipeline(no_rules, {});
  ProgressDisplay progress(
      system_clock(), stderr,
      is_terminal(STDERR_FILENO) ? ProgressDisplay::Mode::bar : ProgressDisplay::Mode::off,
      terminal_width(STDERR_FILENO));
  PipelineConsumer consumer(pipeline);
  const ReadTotals totals = read_inputs(*files, consumer, progress);
  const std::uint64_t unreadable = pipeline.accounting().total().dead_lettered;
  if (unreadable != 0) {
    log_warning(std::to_string(unreadable) + " records could not be read");
  }
  const ProcessGraph* graph = find_host(pipeline.correlator(), options.host);
  if (graph == nullptr) {
    return exit_usage;
  }
  std::set<ProcessIndex> members;
  std::set<ProcessIndex> marked;
  if (options.pid || !options.uid.empty()) {
    const std::vector<ProcessIndex> wanted = find_wanted(*graph, options);
    if (wanted.empty()) {
      return exit_usage;
    }
    members = lineage(*graph, wanted);
    marked.insert(wanted.begin(), wanted.end());
  } else {
    const std::vector<ProcessIndex> all = processes(*graph);
    members.insert(all.begin(), all.end());
  }
  std::string text;
  if (options.format == TreeFormat::dot) {
    text = to_dot(
        *graph, [&members](ProcessIndex process) { return members.contains(process); },
        [graph](ProcessIndex process) { return describe(*graph, process); });
  } else {
    // The command line may be as long as the terminal is wide: it then wraps once at most.
    text = TreePrinter(*graph, members, marked, use_color(STDOUT_FILENO, options.color),
                       terminal_width(STDOUT_FILENO))
               .print();
  }
  const Result<void> written = write_output("-", text);
  if (!written) {
    log_error(written.error().message);
    return exit_failure;
  }
  if (totals.stopped) {
    return exit_interrupted;
  }
  return totals.failed_files > 0 ? exit_input_errors : exit_ok;
}

}  // namespace spoor
