// spoor parse: records in, normalised events out. The tool a parser's author lives in.

#include <cstdio>
#include <string>

#include <unistd.h>

#include "cli/commands.h"
#include "cli/event_stats.h"
#include "cli/exit_code.h"
#include "cli/interrupt.h"
#include "cli/log.h"
#include "cli/output_stream.h"
#include "cli/read_inputs.h"
#include "cli/terminal.h"
#include "engine/finding/event_json.h"
#include "engine/finding/event_line.h"
#include "engine/finding/ocsf_event.h"
#include "parsers/record_parser.h"

namespace spoor {
namespace {

/// Bad records told one by one; the rest are counted.
constexpr std::uint64_t kDeadLettersShown = 20;

EventFormat format_of(const ParseOptions& options) {
  const EventFormat usual = is_terminal(STDOUT_FILENO) ? EventFormat::table : EventFormat::ndjson;
  return options.format.value_or(usual);
}

/// Parses records and writes what they turn out to be.
class EventPrinter final : public RecordConsumer, private RecordSink {
 public:
  EventPrinter(const ParseOptions& options,
               const std::vector<InputFile>& files,
               OutputStream& output,
               ProgressDisplay& progress)
      : options_(options),
        format_(format_of(options)),
        table_{.color = use_color(STDOUT_FILENO, options.color),
               .width = terminal_width(STDOUT_FILENO)},
        files_(files),
        output_(output),
        progress_(progress),
        parser_(Projection::everything(), {.source = options.source}) {}

  void take(std::string_view record, const RecordPosition& position) override {
    parser_.parse(record, position, *this);
  }

  void take_bad(const Error& error,
                std::string_view /*text*/,
                const RecordPosition& position) override {
    const std::string& file = files_[position.input].path;
    stats_.count_bad(error, file, position);
    if (!options_.stats && stats_.bad_records() <= kDeadLettersShown) {
      progress_.clear();
      log_warning(file + ":" + std::to_string(position.line) + ": " +
                  std::string(to_string(error.code)) + ": " + error.message);
    }
  }

  void before_wait() override { output_.flush(); }

  void report(ProgressState& state) override {
    state.events = stats_.events() + stats_.bad_records();
  }

  [[nodiscard]] bool is_full() const override { return reached_limit() || output_.is_over(); }

  /// Writes what comes at the end.
  void finish() {
    if (options_.stats) {
      output_.write(format_ == EventFormat::table ? stats_.render_table(table_)
                                                  : stats_.render_json());
    } else if (stats_.bad_records() > kDeadLettersShown) {
      log_warning(std::to_string(stats_.bad_records() - kDeadLettersShown) +
                  " more records could not be read; --stats counts them by reason");
    }
    output_.flush();
  }

  [[nodiscard]] const EventStats& stats() const { return stats_; }

  [[nodiscard]] bool reached_limit() const {
    return options_.limit != 0 && stats_.events() >= options_.limit;
  }

 private:
  void on_event(const Event& event) override {
    // A record may hold several events.
    if (is_full()) {
      return;
    }
    if (format_ == EventFormat::table && stats_.events() == 0 && !options_.stats) {
      output_.write(event_line_header(table_));
    }
    stats_.count(event);
    if (!options_.stats) {
      write(event);
    }
  }

  void write(const Event& event) {
    switch (format_) {
      case EventFormat::table: output_.write(render_event_line(event, table_)); break;
      case EventFormat::ndjson:
        output_.write(render_event(event, files_[event.position.input].path) + "\n");
        break;
      case EventFormat::ocsf: output_.write(render_ocsf_event(event) + "\n"); break;
    }
  }

  void on_bad_record(const Error& error,
                     std::string_view record,
                     const RecordPosition& position) override {
    take_bad(error, record, position);
  }

  const ParseOptions& options_;
  EventFormat format_;
  TableOptions table_;
  const std::vector<InputFile>& files_;
  OutputStream& output_;
  ProgressDisplay& progress_;
  RecordParser parser_;
  EventStats stats_;
};

/// A bar would run into events on the same terminal: they are the progress.
ProgressDisplay::Mode progress_mode(const ParseOptions& options) {
  const bool prints_on_terminal = !options.stats && is_terminal(STDOUT_FILENO);
  if (options.quiet || !options.progress || prints_on_terminal || !is_terminal(STDERR_FILENO)) {
    return ProgressDisplay::Mode::off;
  }
  return ProgressDisplay::Mode::bar;
}

std::string summary_line(const EventPrinter& printer, std::size_t files) {
  const EventStats& stats = printer.stats();
  std::string line = std::to_string(stats.events()) + (stats.events() == 1 ? " event" : " events");
  line += " from " + std::to_string(files) + (files == 1 ? " file" : " files");
  if (stats.bad_records() != 0) {
    line += ", " + std::to_string(stats.bad_records()) + " unreadable";
  }
  return line + (printer.reached_limit() ? "; stopped by --limit" : "");
}

int exit_code_of(const ParseOptions& options,
                 const EventPrinter& printer,
                 const OutputStream& output,
                 const ReadTotals& totals) {
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
  const std::uint64_t errors = printer.stats().bad_records() + totals.failed_files;
  return errors > options.max_errors ? exit_input_errors : exit_ok;
}

}  // namespace

int run_parse(const ParseOptions& options) {
  set_up_log(options.quiet, use_color(STDERR_FILENO, options.color));
  if (options.stats && options.format == EventFormat::ocsf) {
    log_error("--stats counts; OCSF has no form for that: use --format table or ndjson");
    return exit_usage;
  }
  const Result<std::vector<InputFile>> files = expand_inputs(options.inputs);
  if (!files) {
    log_error(files.error().message);
    return exit_usage;
  }
  OutputStream output(STDOUT_FILENO, !is_terminal(STDOUT_FILENO), system_clock());
  ProgressDisplay progress(system_clock(), stderr, progress_mode(options),
                           terminal_width(STDERR_FILENO));
  EventPrinter printer(options, *files, output, progress);
  const ReadTotals totals = read_inputs(*files, printer, progress);
  printer.finish();
  if (!options.quiet && !options.stats && !output.reader_left()) {
    log_info(summary_line(printer, files->size()));
  }
  return exit_code_of(options, printer, output, totals);
}

}  // namespace spoor
