// spoor replay: logs in, findings out.

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include <unistd.h>

#include "cli/commands.h"
#include "cli/dead_letter_file.h"
#include "cli/exchange_formats.h"
#include "cli/exit_code.h"
#include "cli/host_aliases.h"
#include "cli/interrupt.h"
#include "cli/log.h"
#include "cli/output_file.h"
#include "cli/read_inputs.h"
#include "cli/replay_delivery.h"
#include "cli/rule_profile.h"
#include "cli/rules.h"
#include "cli/settings_file.h"
#include "cli/stateful_replay.h"
#include "cli/summary.h"
#include "cli/terminal.h"
#include "engine/finding/dot.h"
#include "engine/finding/render.h"
#include "engine/pipeline.h"
#include "engine/report/report.h"
#include "replay/dead_letters.h"

namespace spoor {
namespace {

/// Rules that --profile tells of.
constexpr std::size_t kProfiledRules = 25;

/// Records after which a replay with state tells what is new.
constexpr std::uint64_t kToldEvery = 1000;

/// Bad records told one by one; the rest are counted.
constexpr std::size_t kDeadLettersShown = 10;

/// Tells of records that could not be read, and keeps them where asked.
class DeadLetterDesk {
 public:
  /// `file` may be null. `has_state`: the next commit fails, and tells it, if the file cannot be
  /// written; else it is told at once, and the replay goes on.
  DeadLetterDesk(const std::vector<InputFile>& files,
                 ProgressDisplay& progress,
                 DeadLetterFile* file,
                 bool has_state)
      : files_(files), progress_(progress), file_(file), has_state_(has_state) {}

  void take(const Error& error, std::string_view record, const RecordPosition& position) {
    const std::string& path = files_[position.input].path;
    if (file_ != nullptr) {
      file_->add(render_dead_letter(error, path, position, record));
      if (!has_state_) {
        tell_failure();
      }
    }
    if (++count_ <= kDeadLettersShown) {
      progress_.clear();
      log_warning(path + ":" + std::to_string(position.line) + " (byte " +
                  std::to_string(position.offset) + "): " + std::string(to_string(error.code)) +
                  ": " + error.message);
    }
  }

  /// False if something of them could not be written to the file, of which it tells.
  [[nodiscard]] bool write_out() {
    const bool is_written = file_ == nullptr || file_->write_out();
    tell_failure();
    return is_written;
  }

  /// What was not told one by one.
  void finish() const {
    if (count_ > kDeadLettersShown) {
      log_warning(std::to_string(count_ - kDeadLettersShown) + " more records could not be read" +
                  (file_ != nullptr ? "" : "; --dead-letters FILE keeps them"));
    }
  }

 private:
  void tell_failure() {
    if (file_ != nullptr && file_->failure() && !std::exchange(is_failure_told_, true)) {
      progress_.clear();
      log_error(file_->failure()->message + "; not all dead letters are kept");
    }
  }

  const std::vector<InputFile>& files_;
  ProgressDisplay& progress_;
  DeadLetterFile* file_;
  bool has_state_;
  bool is_failure_told_ = false;
  std::size_t count_ = 0;
};

ProgressDisplay::Mode progress_mode(const ReplayOptions& options) {
  if (options.quiet || !options.progress) {
    return ProgressDisplay::Mode::off;
  }
  return is_terminal(STDERR_FILENO) ? ProgressDisplay::Mode::bar : ProgressDisplay::Mode::lines;
}

/// The rules are read once more: what is loaded is no longer text. Where a file has changed since,
/// its rules are as if they were not there.
std::string render_stix(const std::vector<std::string>& payloads, const ReplayOptions& options) {
  const std::optional<LoadOptions> load_options =
      read_settings<LoadOptions>(options.placeholders, true, load_placeholder_file);
  Result<RuleTexts> rules =
      RuleTexts::read(options.rules, load_options ? *load_options : LoadOptions{});
  return to_stix({payloads.begin(), payloads.end()},
                 rules ? *rules : RuleTexts(std::vector<RuleFile>()));
}

/// Findings as they are written: in another's format, each as one JSON line or one digraph, or the
/// table with its trees.
std::string render_findings(const std::vector<Finding>& findings,
                            const std::vector<std::string>& payloads,
                            const ReplayOptions& options) {
  std::string text;
  if (options.format == OutputFormat::ndjson) {
    for (const std::string& payload : payloads) {
      text += payload + "\n";
    }
    return text;
  }
  if (options.format == OutputFormat::stix) {
    return render_stix(payloads, options);
  }
  if (options.format == OutputFormat::timesketch) {
    return to_timesketch({payloads.begin(), payloads.end()});
  }
  if (options.format == OutputFormat::dot) {
    for (const Finding& finding : findings) {
      text += render_dot(finding);
    }
    return text;
  }
  const bool to_stdout = options.output.empty() || options.output == "-";
  const TableOptions table{.color = to_stdout ? use_color(STDOUT_FILENO, options.color)
                                              : options.color == ColorChoice::always,
                           .width = to_stdout ? terminal_width(STDOUT_FILENO) : 100};
  text = render_table(findings, table);
  if (!options.state.empty()) {
    return findings.empty()
               ? text
               : text + "\nspoor findings show UID --state " + options.state + " shows one whole\n";
  }
  for (const Finding& finding : findings) {
    text += "\n" + render_tree(finding, table);
  }
  if (!findings.empty()) {
    text +=
        "\n● required: without it there is no finding   ○ supporting   ◀ what the finding is "
        "about\n";
  }
  return text;
}

bool reaches(const std::vector<Finding>& findings, Level level) {
  return std::ranges::any_of(findings, [level](const Finding& finding) {
    const std::optional<Level> found = parse_level(finding.level);
    return found && *found >= level;
  });
}

/// Takes what the pipeline tells as the records go by.
class RevisionConsumer final : public PipelineConsumer {
 public:
  RevisionConsumer(Pipeline& pipeline, std::uint64_t every)
      : PipelineConsumer(pipeline), every_(every) {}

  void take(std::string_view record, const RecordPosition& position) override {
    PipelineConsumer::take(record, position);
    if (++records_ % every_ == 0) {
      keep(pipeline().updates());
    }
  }

  /// All that was told; the pipeline has come to its end.
  [[nodiscard]] std::vector<Finding> finish() {
    keep(pipeline().last_updates());
    return std::move(told_);
  }

 private:
  void keep(std::vector<Finding> news) { std::ranges::move(news, std::back_inserter(told_)); }

  std::uint64_t every_;
  std::uint64_t records_ = 0;
  std::vector<Finding> told_;
};

void warn_of_window_drops(const WindowDrops& drops) {
  const auto warn = [](std::uint64_t count, const std::string& what) {
    if (count != 0) {
      log_warning(std::to_string(count) + what);
    }
  };
  warn(drops.late_events, " events came too late for correlations in time: too many waited");
  warn(drops.groups, " groups of correlations were forgotten before their time: too many at once");
  warn(drops.entries, " events were forgotten before their time: too many in one group");
}

void warn_of_hurried_events(std::size_t count) {
  if (count != 0) {
    log_warning(std::to_string(count) +
                " events were judged before all was known of their processes, for too many waited: "
                "findings of rules that ask for parents and ancestors may be missing, or too many, "
                "and depend on the order of the input; --waiting-memory MIB lets more wait");
  }
}

/// Before any work was done: the exit code that the error deserves.
int give_up(const Error& error) {
  log_error(error.message);
  switch (error.code) {
    case ErrorCode::insecure_listener: return exit_insecure;
    case ErrorCode::bad_state: return exit_state;
    case ErrorCode::bus:
      return exit_failure;  // An address in use, say: the command line was right.
    default: return exit_usage;
  }
}

Result<void> check_outputs(const ReplayOptions& options) {
  for (const std::string* path :
       {&options.output, &options.report, &options.summary, &options.dead_letters}) {
    Result<void> writable = check_output(*path);
    if (!writable) {
      return writable;
    }
  }
  return {};
}

/// No output may take the place of an input or of another output: what was there would be lost
/// without a word.
Result<void> check_distinct(const ReplayOptions& options, const std::vector<InputFile>& files) {
  namespace fs = std::filesystem;
  if (options.dead_letters == "-" || options.report == "-") {
    return fail(ErrorCode::bad_usage,
                std::string(options.report == "-" ? "--report" : "--dead-letters") +
                    " needs a file; standard output is for the findings");
  }
  std::error_code ignored;
  std::vector<fs::path> taken;
  taken.reserve(files.size() + 4);
  for (const InputFile& file : files) {
    taken.push_back(fs::weakly_canonical(fs::absolute(file.path, ignored), ignored));
  }
  for (const std::string* path :
       {&options.output, &options.report, &options.summary, &options.dead_letters}) {
    const bool is_special = fs::exists(*path, ignored) && !fs::is_regular_file(*path, ignored);
    if (path->empty() || *path == "-" || is_special) {
      continue;
    }
    fs::path full = fs::weakly_canonical(fs::absolute(*path, ignored), ignored);
    if (std::ranges::find(taken, full) != taken.end()) {
      return fail(ErrorCode::bad_usage,
                  "cannot write " + *path + ": it is an input or another output of this command");
    }
    taken.push_back(std::move(full));
  }
  return {};
}

/// The same page that `spoor report` makes of the written findings.
Result<void> write_report(const std::string& path, const std::vector<std::string>& payloads) {
  Report report;
  for (const std::string& payload : payloads) {
    Result<void> added = report.add(payload);
    if (!added) {
      return added;
    }
  }
  return write_output(path, report.render());
}

int exit_code_of(const ReplayOptions& options, const ReplayResult& result) {
  if (result.totals.stopped || interrupted()) {
    return exit_interrupted;
  }
  if (options.fail_on && reaches(result.findings, *options.fail_on)) {
    return exit_findings;
  }
  const std::uint64_t errors =
      result.pipeline->accounting().total().dead_lettered + result.totals.failed_files;
  return errors > options.max_errors ? exit_input_errors : exit_ok;
}

/// What there is to write in the end.
struct Outcome {
  std::vector<Finding> findings;
  std::vector<std::string> payloads;
};

/// Of a replay without state.
Outcome outcome_of(const ReplayResult& result, Pipeline& pipeline, RevisionConsumer* revisions) {
  Outcome outcome;
  outcome.findings = revisions != nullptr ? revisions->finish() : pipeline.findings();
  for (Finding& finding : outcome.findings) {
    if (result.totals.stopped && revisions == nullptr) {
      finding.status = FindingStatus::provisional;  // More input might have changed them.
    }
    outcome.payloads.push_back(render_ocsf(finding));
  }
  return outcome;
}

/// Of one with state: what is written is what was committed.
Result<Outcome> outcome_of(const ReplayOptions& options,
                           const ReplayResult& result,
                           StatefulReplay& state) {
  if (!state.failure()) {
    Result<void> finished = result.totals.stopped ? state.store().wait() : state.finish();
    if (!finished) {
      return tl::unexpected<Error>(finished.error());
    }
  }
  Result<std::vector<StoredFinding>> told = state.told(options.revisions > 0);
  if (!told) {
    return tl::unexpected<Error>(told.error());
  }
  Outcome outcome;
  for (StoredFinding& finding : *told) {
    outcome.findings.push_back(brief_finding(finding));
    outcome.payloads.push_back(std::move(finding.payload));
  }
  return outcome;
}

/// Everything after the input has ended: findings out, then the bus, then the numbers.
int finish(const ReplayOptions& options,
           ReplayResult& result,
           Pipeline& pipeline,
           RevisionConsumer* revisions,
           StatefulReplay* state,
           ReplayDelivery* delivery,
           ProgressDisplay& progress) {
  Result<Outcome> outcome = state != nullptr ? outcome_of(options, result, *state)
                                             : outcome_of(result, pipeline, revisions);
  if (state != nullptr && state->failure()) {
    outcome = tl::unexpected<Error>(*state->failure());
  }
  if (!outcome) {
    log_error(outcome.error().message);
    log_info("nothing that was committed is lost; --resume goes on from there");
    return exit_state;
  }
  result.findings = std::move(outcome->findings);
  const std::vector<Finding>& findings = result.findings;
  const std::vector<std::string>& payloads = outcome->payloads;
  warn_of_window_drops(pipeline.correlator().window_drops());
  warn_of_hurried_events(pipeline.hurried_events());
  if (state != nullptr && findings.empty() && !result.totals.stopped && !options.quiet) {
    log_info("nothing new; 'spoor findings --state " + options.state +
             "' shows what was told before");
  }
  if (state != nullptr && result.totals.stopped) {
    log_info("stopped; what was committed stays in " + options.state +
             ", --resume goes on from there");
  }
  result.elapsed = progress.elapsed();
  Result<void> done = write_output(options.output, render_findings(findings, payloads, options));
  if (done && !options.report.empty()) {
    done = write_report(options.report, payloads);
  }
  if (done && delivery != nullptr) {
    delivery->publish(findings, payloads);
    delivery->finish();
  }
  if (done && !options.summary.empty()) {
    done = write_output(options.summary, render_summary(result));
  }
  if (!options.quiet) {
    log_info(summary_line(result));
  }
  if (!done) {
    log_error(done.error().message);
    return exit_failure;
  }
  return exit_code_of(options, result);
}

/// Which of the options exclude one another; empty if none do.
std::string_view contradiction_in(const ReplayOptions& options) {
  if (options.from && options.to && *options.from >= *options.to) {
    return "--from is not before --to: no event lies between";
  }
  if (options.revisions > 0 && options.format != OutputFormat::ndjson) {
    return "--revisions needs --format ndjson: a table shows what holds in the end";
  }
  if (options.resume && options.state.empty()) {
    return "--resume needs --state DIR: what to go on from";
  }
  if (!options.state.empty() && options.format == OutputFormat::dot) {
    return "--format dot is not for --state: write ndjson, and let 'spoor report' draw it";
  }
  if (options.resume && std::ranges::find(options.inputs, "-") != options.inputs.end()) {
    return "--resume cannot go on with standard input: give the files themselves";
  }
  return {};
}

/// Null without --state.
Result<std::unique_ptr<StatefulReplay>> open_state(const ReplayOptions& options,
                                                   std::vector<InputFile>& files) {
  if (options.state.empty()) {
    return std::unique_ptr<StatefulReplay>();
  }
  return StatefulReplay::open(options.state, options.resume, options.quiet, files);
}

/// Null without --dead-letters.
Result<std::unique_ptr<DeadLetterFile>> open_dead_letters(const ReplayOptions& options,
                                                          const StatefulReplay* state) {
  if (options.dead_letters.empty()) {
    return std::unique_ptr<DeadLetterFile>();
  }
  return options.resume ? DeadLetterFile::go_on(options.dead_letters, state->dead_letters_before())
                        : DeadLetterFile::create(options.dead_letters);
}

/// Reads the inputs, into the state if there is one. Fails if that cannot be used.
Result<ReadTotals> read_all(const ReplayOptions& options,
                            Pipeline& pipeline,
                            const std::vector<InputFile>& files,
                            RevisionConsumer* revisions,
                            StatefulReplay* state,
                            DeadLetterFile* dead_letters,
                            ProgressDisplay& progress) {
  if (state != nullptr) {
    Result<void> ready;
    if (dead_letters != nullptr) {
      ready = state->keep_dead_letters(*dead_letters);
    }
    if (ready) {
      ready = state->attach(pipeline, system_clock());
    }
    if (!ready) {
      return tl::unexpected<Error>(ready.error());
    }
    const std::uint64_t every = options.revisions > 0 ? options.revisions : kToldEvery;
    return read_inputs(files, state->consumer(every), progress);
  }
  if (revisions != nullptr) {
    return read_inputs(files, *revisions, progress, {}, options.received);
  }
  PipelineConsumer plain(pipeline);
  return read_inputs(files, plain, progress, {}, options.received);
}

/// None: as the engine has it.
std::optional<WaitingLimits> waiting_limits(const ReplayOptions& options) {
  return options.waiting_mib > 0
             ? std::optional(WaitingLimits::of_bytes(options.waiting_mib << 20U))
             : std::nullopt;
}

void print_profile(const ReplayOptions& options, const RuleSet& rules, const Matcher& matcher) {
  const TableOptions table{.color = use_color(STDERR_FILENO, options.color),
                           .width = terminal_width(STDERR_FILENO)};
  std::fputs(render_profile(rules, matcher, kProfiledRules, table).c_str(), stderr);
}

}  // namespace

int run_replay(const ReplayOptions& options) {
  set_up_log(options.quiet, use_color(STDERR_FILENO, options.color));
  if (const std::string_view why = contradiction_in(options); !why.empty()) {
    log_error(why);
    return exit_usage;
  }
  const Result<void> outputs = check_outputs(options);
  if (!outputs) {
    return give_up(outputs.error());
  }
  Result<std::vector<InputFile>> files = expand_inputs(options.inputs);
  if (!files) {
    return give_up(files.error());
  }
  const Result<void> distinct = check_distinct(options, *files);
  if (!distinct) {
    return give_up(distinct.error());
  }
  const std::optional<LoadOptions> load_options =
      read_settings<LoadOptions>(options.placeholders, options.quiet, load_placeholder_file);
  std::optional<HostAliases> host_aliases =
      read_settings<HostAliases>(options.host_aliases, options.quiet, load_host_aliases);
  std::optional<SinkConfigs> sinks =
      read_settings<SinkConfigs>(options.sinks, options.quiet, load_sinks);
  if (!load_options || !host_aliases || !sinks) {
    return exit_usage;
  }
  const std::optional<LoadedRules> rules =
      load_rules_for_command(options.rules, options.strict, options.quiet, *load_options);
  if (!rules) {
    return exit_usage;
  }
  const Result<std::unique_ptr<StatefulReplay>> state = open_state(options, *files);
  if (!state) {
    log_error(state.error().message);
    return exit_state;
  }
  const Result<std::unique_ptr<ReplayDelivery>> delivery =
      ReplayDelivery::open(options, *sinks, state->get());
  if (!delivery) {
    return give_up(delivery.error());
  }

  ProgressDisplay progress(system_clock(), stderr, progress_mode(options),
                           terminal_width(STDERR_FILENO));
  Result<std::unique_ptr<DeadLetterFile>> letters = open_dead_letters(options, state->get());
  if (!letters) {
    return give_up(letters.error());
  }
  DeadLetterDesk desk(*files, progress, letters->get(), *state != nullptr);
  std::vector<Diagnostic> refused;
  Pipeline pipeline(
      rules->rules,
      {.from = options.from,
       .to = options.to,
       .parser = {.source = options.source},
       .host_aliases = std::move(*host_aliases),
       .lateness = options.revisions > 0 || *state ? std::optional(Lateness{}) : std::nullopt,
       .waiting = waiting_limits(options),
       .on_dead_letter =
           [&desk](const Error& error, std::string_view record, const RecordPosition& position) {
             desk.take(error, record, position);
           }},
      &refused);
  const std::size_t unusable = print_diagnostics(refused, options.quiet);
  if (unusable > 0 && (options.strict || pipeline.usable_rules() == 0)) {
    log_error(options.strict ? "some rules cannot be used (--strict)" : "no rule can be used");
    return exit_usage;
  }

  ReplayResult result;
  result.files = &*files;
  result.rules = &*rules;
  result.pipeline = &pipeline;
  std::optional<RevisionConsumer> revisions;
  if (options.revisions > 0 && !*state) {
    revisions.emplace(pipeline, options.revisions);
  }
  const Result<ReadTotals> totals =
      read_all(options, pipeline, *files, revisions ? &*revisions : nullptr, state->get(),
               letters->get(), progress);
  if (!totals) {
    log_error(totals.error().message);
    return exit_state;
  }
  result.totals = *totals;
  desk.finish();
  const int code = finish(options, result, pipeline, revisions ? &*revisions : nullptr,
                          state->get(), delivery->get(), progress);
  if (options.profile) {
    print_profile(options, rules->rules, pipeline.matcher());
  }
  // What a commit could not write of them was told, and comes again with --resume.
  return code == exit_state || desk.write_out() ? code : exit_failure;
}

}  // namespace spoor
