// spoor report: findings that were written as NDJSON → one HTML page.

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>

#include <unistd.h>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/interrupt.h"
#include "cli/log.h"
#include "cli/output_file.h"
#include "cli/read_inputs.h"
#include "cli/terminal.h"
#include "engine/report/report.h"

namespace spoor {
namespace {

/// Bad lines told one by one; the rest are counted.
constexpr std::uint64_t kBadLinesShown = 10;

/// A finding holds up to a hundred records of 64 KiB, and JSON may double them.
constexpr std::size_t kFindingBytesMax = std::size_t{32} << 20;

/// Gives findings to the report and tells of what is none.
class FindingDesk final : public RecordConsumer {
 public:
  FindingDesk(const std::vector<InputFile>& files, ProgressDisplay& progress)
      : files_(files), progress_(progress) {}

  void take(std::string_view record, const RecordPosition& position) override {
    std::size_t offset = 0;
    const Result<void> added = report_.add(record, &offset);
    if (added) {
      ++good_;
      return;
    }
    // The reader hands out whole values, which may stand on several lines.
    const std::string_view before = record.substr(0, std::min(offset, record.size()));
    const std::size_t line_start = before.rfind('\n') + 1;
    RecordPosition place = position;
    place.line += static_cast<std::uint64_t>(std::ranges::count(before, '\n'));
    tell(added.error(), place, before.size() - line_start + 1);
  }

  void take_bad(const Error& error,
                std::string_view /*text*/,
                const RecordPosition& position) override {
    tell(error, position, 1);
  }

  void report(ProgressState& state) override {
    state.events = good_ + bad_;
    state.findings = report_.size();
  }

  void finish() const {
    if (bad_ > kBadLinesShown) {
      log_warning(std::to_string(bad_ - kBadLinesShown) + " more lines are no findings");
    }
  }

  [[nodiscard]] const Report& report() const { return report_; }

  [[nodiscard]] std::uint64_t good() const { return good_; }

  [[nodiscard]] std::uint64_t bad() const { return bad_; }

 private:
  void tell(const Error& error, const RecordPosition& position, std::size_t column) {
    if (++bad_ > kBadLinesShown) {
      return;
    }
    progress_.clear();
    const std::string& path = files_[position.input].path;
    log_warning((path == "-" ? "standard input" : path) + ":" + std::to_string(position.line) +
                ":" + std::to_string(column) + ": " + error.message);
  }

  const std::vector<InputFile>& files_;
  ProgressDisplay& progress_;
  Report report_;
  std::uint64_t good_ = 0;
  std::uint64_t bad_ = 0;
};

/// The page must not take the place of the findings it is made of.
Result<void> check_distinct(const std::string& output, const std::vector<InputFile>& files) {
  std::error_code ignored;
  const bool is_same = std::ranges::any_of(files, [&](const InputFile& file) {
    return std::filesystem::equivalent(file.path, output, ignored);
  });
  if (is_same && std::filesystem::is_regular_file(output, ignored)) {
    return fail(ErrorCode::bad_usage,
                "cannot write " + output + ": it is an input of this command");
  }
  return {};
}

std::string summary_line(const FindingDesk& desk, const ReportOptions& options) {
  const std::size_t count = desk.report().size();
  std::string line = std::to_string(count) + (count == 1 ? " finding" : " findings");
  if (desk.good() > count) {
    line +=
        " (" + std::to_string(desk.good() - count) + " older revisions and repetitions left out)";
  }
  if (desk.bad() > 0) {
    line +=
        ", " + std::to_string(desk.bad()) + (desk.bad() == 1 ? " line" : " lines") + " unreadable";
  }
  const bool to_stdout = options.output.empty() || options.output == "-";
  return line + (to_stdout ? "" : " → " + options.output);
}

int exit_code_of(const ReportOptions& options, const FindingDesk& desk, const ReadTotals& totals) {
  if (totals.stopped || interrupted()) {
    return exit_interrupted;
  }
  return desk.bad() + totals.failed_files > options.max_errors ? exit_input_errors : exit_ok;
}

}  // namespace

int run_report(const ReportOptions& options) {
  set_up_log(options.quiet, use_color(STDERR_FILENO, options.color));
  const Result<void> writable = check_output(options.output);
  if (!writable) {
    log_error(writable.error().message);
    return exit_usage;
  }
  const Result<std::vector<InputFile>> files = expand_inputs(options.inputs);
  if (!files) {
    log_error(files.error().message);
    return exit_usage;
  }
  const Result<void> distinct = check_distinct(options.output, *files);
  if (!distinct) {
    log_error(distinct.error().message);
    return exit_usage;
  }
  ProgressDisplay progress(system_clock(), stderr, ProgressDisplay::Mode::off,
                           terminal_width(STDERR_FILENO));
  FindingDesk desk(*files, progress);
  const ReadTotals totals =
      read_inputs(*files, desk, progress, {.record_bytes_max = kFindingBytesMax});
  desk.finish();
  if (desk.good() == 0 && desk.bad() + totals.failed_files > 0) {
    log_error(
        "no finding was read, so no report was written; 'spoor replay --format ndjson' writes "
        "findings, and 'spoor replay --report' makes a report of logs");
    return exit_input_errors;
  }
  const Result<void> written = write_output(options.output, desk.report().render());
  if (!written) {
    log_error(written.error().message);
    return exit_failure;
  }
  if (!options.quiet) {
    log_info(summary_line(desk, options));
  }
  return exit_code_of(options, desk, totals);
}

}  // namespace spoor
