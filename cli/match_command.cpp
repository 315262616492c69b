// spoor match: rules and events in, which rule holds for which event out. To try rules with, and to
// compare with other implementations of Sigma.

#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/interrupt.h"
#include "cli/log.h"
#include "cli/output_stream.h"
#include "cli/read_inputs.h"
#include "cli/rules.h"
#include "cli/settings_file.h"
#include "cli/terminal.h"
#include "engine/correlation/field_reader.h"
#include "engine/correlation/window_evaluator.h"
#include "engine/finding/json_writer.h"
#include "engine/matcher/matcher.h"
#include "engine/pipeline.h"
#include "parsers/flat/flat_event.h"
#include "parsers/json/json_scanner.h"
#include "parsers/record_parser.h"

namespace spoor {
namespace {

/// Bad records told one by one; the rest are counted.
constexpr std::uint64_t kBadRecordsShown = 20;

/// Where an event was, in one number: what the evaluator keeps of it.
constexpr unsigned kFileShift = 40;

struct MatchCounts {
  std::uint64_t events = 0;
  std::uint64_t matches = 0;
  std::uint64_t bad = 0;
  std::uint64_t without_time = 0;  ///< Events that a correlation would want.
};

/// Tries every rule on every event and writes what holds.
class EventMatcher final : public RecordConsumer, private RecordSink {
 public:
  EventMatcher(const MatchOptions& options,
               const RuleSet& rules,
               const std::vector<InputFile>& files,
               OutputStream& output,
               ProgressDisplay& progress,
               std::vector<Diagnostic>& refused)
      : options_(options),
        route_(options.route == MatchRoute::windows ? FlatRoute::windows : FlatRoute::none),
        rules_(rules),
        files_(files),
        output_(output),
        progress_(progress),
        flat_(Matcher::create(
            rules,
            &refused,
            {.canonical = false, .by_name = true, .route = options.route != MatchRoute::none})),
        parser_(whole_projection_of(rules)),
        windows_(rules,
                 options.every ? WindowReporting::every : WindowReporting::fire,
                 [this](const WindowFiring& firing) { write(firing); }),
        numbers_(files.size(), 0) {}

  void take(std::string_view record, const RecordPosition& position) override {
    scratch_.reset();
    const Result<void> read = scanner_.scan(record, document_);
    if (!read) {
      // Not JSON as it stands: XML, or behind a header of syslog.
      take_vendor(record, position);
      return;
    }
    if (document_.node(0).kind != NodeKind::array) {
      take_value(0, record, position);
      return;
    }
    document_.for_each_child(0, [&](const Node& node, NodeIndex index) {
      // The parser wants bytes behind an element that a mended copy of the array may not have.
      element_.assign(node.raw_text());
      element_.append(RecordParser::kJsonPadding, '\0');
      take_value(index, std::string_view(element_).substr(0, node.text_size), position);
    });
  }

  void take_bad(const Error& error,
                std::string_view /*text*/,
                const RecordPosition& position) override {
    ++numbers_[position.input];
    count_bad(error, position);
  }

  void before_wait() override { output_.flush(); }

  void report(ProgressState& state) override {
    state.events = counts_.events + counts_.bad;
    state.findings = counts_.matches;
  }

  [[nodiscard]] bool is_full() const override { return output_.is_over(); }

  /// What the correlations still have to say.
  void finish() {
    windows_.finish();
    output_.flush();
  }

  [[nodiscard]] const MatchCounts& counts() const { return counts_; }

  [[nodiscard]] const WindowDrops& drops() const { return windows_.drops(); }

  [[nodiscard]] std::size_t usable_rules() const { return flat_.usable_rules(); }

 private:
  /// One record of a document: flat, or a vendor's.
  void take_value(NodeIndex index, std::string_view text, const RecordPosition& position) {
    const bool is_object = document_.node(index).kind == NodeKind::object;
    if (is_object && (options_.flat || is_flat_event(document_, index, scratch_))) {
      take_flat(index, position);
      return;
    }
    vendor_error_.reset();
    vendor_events_ = 0;
    parser_.parse(text, position, *this);
    if (vendor_events_ == 0 && is_object) {
      // Looks like a vendor's, and is none of theirs ("message" alone looks like a wrapper).
      take_flat(index, position);
      return;
    }
    if (vendor_error_) {
      count_bad(*vendor_error_, position);
    }
    ++numbers_[position.input];
  }

  void take_vendor(std::string_view record, const RecordPosition& position) {
    vendor_error_.reset();
    parser_.parse(record, position, *this);
    if (vendor_error_) {
      count_bad(*vendor_error_, position);
    }
    ++numbers_[position.input];
  }

  void take_flat(NodeIndex index, const RecordPosition& position) {
    event_.clear();
    event_.position = position;
    const Result<void> read = read_flat_event(document_, index, route_, scratch_, event_);
    if (read) {
      match(flat_, event_);
    } else {
      count_bad(read.error(), position);
    }
    ++numbers_[position.input];
  }

  void on_event(const Event& event) override {
    ++vendor_events_;
    if (!vendor_) {
      vendor_.emplace(Matcher::create(rules_, nullptr,
                                      {.canonical = options_.canonical,
                                       .by_name = false,
                                       .route = options_.route != MatchRoute::none}));
    }
    match(*vendor_, event);
  }

  void on_bad_record(const Error& error,
                     std::string_view /*record*/,
                     const RecordPosition& /*position*/) override {
    vendor_error_ = error;
  }

  void match(Matcher& matcher, const Event& event) {
    ++counts_.events;
    hits_.clear();
    matcher.match(event, hits_);
    const std::uint32_t file = event.position.input;
    const std::uint64_t number = numbers_[file];
    for (const std::size_t hit : hits_) {
      write(rules_.detections[hit].meta, file, number, nullptr);
    }
    if (hits_.empty() || rules_.window_correlations.empty()) {
      return;
    }
    if (event.time_suspect && event.time == 0) {
      ++counts_.without_time;
      return;
    }
    // Of one time the event that is read first is the first: the reader's order stands for a uid.
    const std::uint64_t place = (std::uint64_t{file} << kFileShift) | number;
    windows_.add({.order = {.time = event.time, .rank = 0, .uid = {.high = 1, .low = place}},
                  .number = place,
                  .record = {},
                  .duplicate = false,
                  .hits = {}},
                 hits_, EventFieldsView(event));
  }

  void write(const WindowFiring& firing) {
    constexpr std::uint64_t kNumberMask = (std::uint64_t{1} << kFileShift) - 1;
    write(rules_.window_correlations[firing.rule].meta,
          static_cast<std::uint32_t>(firing.event >> kFileShift), firing.event & kNumberMask,
          &firing.group);
  }

  /// {"rule":"…","event":0,"file":"…","group":["…"]}
  void write(const RuleMeta& rule,
             std::uint32_t file,
             std::uint64_t number,
             const std::vector<std::string>* group) {
    ++counts_.matches;
    JsonWriter line;
    line.begin_object();
    line.any_text("rule", rule.id);
    line.number("event", static_cast<std::int64_t>(number));
    line.any_text("file", files_[file].path);
    if (group != nullptr) {
      line.begin_array("group");
      for (const std::string& value : *group) {
        line.element(value);
      }
      line.end_array();
    }
    line.end_object();
    output_.write(line.finish() + "\n");
  }

  void count_bad(const Error& error, const RecordPosition& position) {
    if (++counts_.bad > kBadRecordsShown) {
      return;
    }
    progress_.clear();
    log_warning(files_[position.input].path + ":" + std::to_string(position.line) + ": " +
                std::string(to_string(error.code)) + ": " + error.message);
  }

  const MatchOptions& options_;
  FlatRoute route_;
  const RuleSet& rules_;
  const std::vector<InputFile>& files_;
  OutputStream& output_;
  ProgressDisplay& progress_;
  Matcher flat_;
  std::optional<Matcher> vendor_;  ///< Made when the first record of a vendor comes.
  RecordParser parser_;
  WindowEvaluator windows_;
  std::vector<std::uint64_t> numbers_;  ///< Of each file: the number of its next event.
  JsonScanner scanner_;
  Document document_;
  Scratch scratch_;
  std::string element_;
  Event event_;
  std::optional<Error> vendor_error_;
  std::uint64_t vendor_events_ = 0;
  std::vector<std::size_t> hits_;
  MatchCounts counts_;
};

void tell_what_is_missing(const EventMatcher& matcher) {
  const auto warn = [](std::uint64_t count, const std::string& what) {
    if (count != 0) {
      log_warning(std::to_string(count) + what);
    }
  };
  const MatchCounts& counts = matcher.counts();
  warn(counts.bad > kBadRecordsShown ? counts.bad - kBadRecordsShown : 0,
       " more records could not be read");
  warn(counts.without_time, " events have no time, and no correlation saw them");
  const WindowDrops& drops = matcher.drops();
  warn(drops.late_events, " events came too late for correlations: sort the input by time");
  warn(drops.groups, " groups of correlations were forgotten before their time: too many at once");
  warn(drops.entries, " events were forgotten before their time: too many in one group");
}

std::string summary_line(const MatchCounts& counts, std::size_t files) {
  const auto counted = [](std::uint64_t count, const std::string& one, const std::string& many) {
    return std::to_string(count) + " " + (count == 1 ? one : many);
  };
  return counted(counts.matches, "match", "matches") + " in " +
         counted(counts.events, "event", "events") + " from " + counted(files, "file", "files") +
         (counts.bad == 0 ? "" : ", " + std::to_string(counts.bad) + " unreadable");
}

int exit_code_of(const MatchCounts& counts, const OutputStream& output, const ReadTotals& totals) {
  if (output.failure()) {
    log_error(output.failure()->message);
    return exit_failure;
  }
  // Who reads only the beginning has not seen what else there is to fail for.
  if (output.reader_left()) {
    return exit_ok;
  }
  if (totals.stopped || interrupted()) {
    return exit_interrupted;
  }
  return counts.bad + totals.failed_files > 0 ? exit_input_errors : exit_ok;
}

/// The rules with their placeholders, or nothing: what is wrong was printed.
std::optional<LoadedRules> load(const MatchOptions& options) {
  const std::optional<LoadOptions> how =
      read_settings<LoadOptions>(options.placeholders, false, load_placeholder_file);
  return how ? load_rules_for_command(options.rules, false, false, *how) : std::nullopt;
}

void warn_of_lineage(const RuleSet& rules) {
  for (const CorrelationRule& rule : rules.correlations) {
    log_warning(rule.meta.file + ": correlation '" + rule.meta.title +
                "' is of one process tree: only 'spoor replay' evaluates it");
  }
}

}  // namespace

int run_match(const MatchOptions& options) {
  set_up_log(false, use_color(STDERR_FILENO, ColorChoice::automatic));
  const Result<std::vector<InputFile>> files = expand_inputs(options.events);
  if (!files) {
    log_error(files.error().message);
    return exit_usage;
  }
  const std::optional<LoadedRules> rules = load(options);
  if (!rules) {
    return exit_usage;
  }
  warn_of_lineage(rules->rules);
  const bool on_terminal = is_terminal(STDOUT_FILENO);
  OutputStream output(STDOUT_FILENO, !on_terminal, system_clock());
  const bool bar = is_terminal(STDERR_FILENO) && !on_terminal;
  ProgressDisplay progress(system_clock(), stderr,
                           bar ? ProgressDisplay::Mode::bar : ProgressDisplay::Mode::off,
                           terminal_width(STDERR_FILENO));
  std::vector<Diagnostic> refused;
  EventMatcher matcher(options, rules->rules, *files, output, progress, refused);
  if (print_diagnostics(refused, false) > 0 && matcher.usable_rules() == 0) {
    log_error("no rule can be used");
    return exit_usage;
  }
  const ReadTotals totals = read_inputs(*files, matcher, progress);
  matcher.finish();
  if (!output.reader_left()) {
    tell_what_is_missing(matcher);
    log_info(summary_line(matcher.counts(), files->size()));
  }
  return exit_code_of(matcher.counts(), output, totals);
}

}  // namespace spoor
