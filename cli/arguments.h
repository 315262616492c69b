// The command line: one definition, from which help, errors, completion and manual page come.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cli/bus_options.h"
#include "cli/command_tree.h"
#include "cli/completion.h"
#include "cli/run_options.h"
#include "engine/base/time.h"
#include "engine/event/event.h"
#include "engine/rule/rule.h"
#include "replay/recording.h"

namespace spoor {

enum class OutputFormat : std::uint8_t { table, ndjson, dot, stix, timesketch };
enum class EventFormat : std::uint8_t { table, ndjson, ocsf };
enum class TreeFormat : std::uint8_t { text, dot };

/// `spoor replay`
struct ReplayOptions {
  std::vector<std::string> inputs;
  std::vector<std::string> rules;  ///< Empty: the bundled detections.
  std::optional<Source> source;    ///< Whose records these are; none: told record by record.
  OutputFormat format = OutputFormat::table;
  std::string output;  ///< Empty or "-": standard output.
  std::string report;  ///< File for the HTML report, or empty.
  BusOptionsOnCommandLine bus;
  double publish_wait_s = 5;
  std::string sinks;  ///< File that says where else findings are sent, or empty.
  std::optional<Timestamp> from;
  std::optional<Timestamp> to;
  ReceivedWithin received;
  std::string summary;       ///< File for the JSON summary, "-" is standard output; or empty.
  std::string dead_letters;  ///< File for dead letters, or empty.
  std::uint64_t max_errors = 0;
  std::optional<Level> fail_on;
  std::string host_aliases;  ///< File with the names of machines, or empty.
  std::string placeholders;  ///< File with the values of `expand`, or empty.
  std::uint64_t revisions =
      0;  ///< Tell findings as they arise, after so many records; 0: at the end.
  std::uint64_t waiting_mib = 0;  ///< What may wait for the process graph; 0: as the engine has it.
  std::string state;              ///< Folder of what survives a restart, or empty.
  bool resume = false;            ///< Go on where the last replay into that state stopped.
  bool profile = false;           ///< Tell what each rule cost.
  bool strict = false;
  bool quiet = false;
  bool progress = true;
  ColorChoice color = ColorChoice::automatic;
};

enum class ListFormat : std::uint8_t { table, ndjson, csv, stix, timesketch };

/// `spoor findings`
struct FindingsOptions {
  std::string state;
  std::optional<Timestamp> since;  ///< Those that saw something at or after it.
  std::optional<Level> level;      ///< At or above it.
  std::string rule;                ///< Id or part of the title; or empty.
  std::string host;                ///< Host key or part of the name; or empty.
  std::string show;                ///< Uid, or how it begins, of the one to show whole; or empty.
  bool all = false;                ///< Every revision, those taken back too.
  ListFormat format = ListFormat::table;
  std::vector<std::string> rules;  ///< Whose texts go into STIX; empty: the bundled detections.
  ColorChoice color = ColorChoice::automatic;
};

/// `spoor parse`
struct ParseOptions {
  std::vector<std::string> inputs;
  std::optional<Source> source;       ///< As for replay.
  std::optional<EventFormat> format;  ///< None: a table on a terminal, else NDJSON.
  bool stats = false;                 ///< Counts instead of events.
  std::uint64_t limit = 0;            ///< Stop after so many events; 0: read everything.
  std::uint64_t max_errors = 0;
  bool quiet = false;
  bool progress = true;
  ColorChoice color = ColorChoice::automatic;
};

/// How `spoor match` chooses the rules that an event meets.
enum class MatchRoute : std::uint8_t {
  none,     ///< All of them.
  windows,  ///< Those whose log source covers it, told by Channel and EventID.
};

/// `spoor match`
struct MatchOptions {
  std::vector<std::string> rules;
  std::vector<std::string> events;
  MatchRoute route = MatchRoute::none;
  bool every = false;        ///< Correlations: every event at which one holds.
  bool canonical = false;    ///< Disguised values count in their canonical form, too.
  bool flat = false;         ///< Every event is flat, whatever it looks like.
  std::string placeholders;  ///< File with the values of `expand`, or empty.
};

/// `spoor report`
struct ReportOptions {
  std::vector<std::string> inputs;
  std::string output;  ///< Empty or "-": standard output.
  std::uint64_t max_errors = 0;
  bool quiet = false;
  ColorChoice color = ColorChoice::automatic;
};

/// `spoor tree`
struct TreeOptions {
  std::vector<std::string> inputs;
  std::string host;
  std::optional<std::uint32_t> pid;
  std::string uid;
  TreeFormat format = TreeFormat::text;
  ColorChoice color = ColorChoice::automatic;
};

enum class ReportFormat : std::uint8_t { text, json };

/// `spoor explain`
struct ExplainOptions {
  std::string rule;  ///< Id, name or title.
  std::vector<std::string> events;
  std::vector<std::string> rules;  ///< Empty: the bundled detections.
  std::string host;
  std::string placeholders;  ///< File with the values of `expand`, or empty.
  ReportFormat format = ReportFormat::text;
  bool quiet = false;
  bool progress = true;
  ColorChoice color = ColorChoice::automatic;
};

/// `spoor rules lint`
struct RulesLintOptions {
  std::vector<std::string> paths;
  std::optional<Source> source;      ///< Warn of rules that this source cannot satisfy.
  std::vector<std::string> ignored;  ///< Names of checks whose warnings are left out.
  ReportFormat format = ReportFormat::text;
  bool strict = false;
  bool quiet = false;
  ColorChoice color = ColorChoice::automatic;
};

/// `spoor rules list`
struct RulesListOptions {
  std::vector<std::string> paths;  ///< Empty: the bundled detections.
  bool json = false;
  ColorChoice color = ColorChoice::automatic;
};

/// `spoor rules coverage`
struct RulesCoverageOptions {
  std::vector<std::string> paths;  ///< Empty: the bundled detections.
  std::string layer;               ///< File for the layer, "-" is standard output; or empty.
  std::optional<Source> source;    ///< None: rules that some source can satisfy.
  bool quiet = false;
  ColorChoice color = ColorChoice::automatic;
};

/// `spoor rules test`
struct RulesTestOptions {
  std::vector<std::string> paths;
  ReportFormat format = ReportFormat::text;
  bool require_samples = false;
  bool quiet = false;
  ColorChoice color = ColorChoice::automatic;
};

/// `spoor completion`
struct CompletionOptions {
  Shell shell = Shell::bash;
};

/// `spoor man`
struct ManOptions {};

/// Nothing to run: help or an error was printed, exit with `code`.
struct ExitNow {
  int code = 0;
};

using Command = std::variant<ExitNow,
                             ReplayOptions,
                             ParseOptions,
                             MatchOptions,
                             ReportOptions,
                             TreeOptions,
                             ExplainOptions,
                             FindingsOptions,
                             RunOptions,
                             ConfigCheckOptions,
                             ConfigPrintOptions,
                             ConfigSchemaOptions,
                             BusTailOptions,
                             BusServeOptions,
                             BusKeygenOptions,
                             BusAllowOptions,
                             BusRevokeOptions,
                             BusCheckOptions,
                             BusConsumersOptions,
                             RulesLintOptions,
                             RulesListOptions,
                             RulesCoverageOptions,
                             RulesTestOptions,
                             CompletionOptions,
                             ManOptions>;

/// Reads the command line. Prints help and version to stdout, errors with a hint to stderr.
[[nodiscard]] Command parse_arguments(int argc, const char* const* argv);

/// All commands and what they take.
[[nodiscard]] CommandNode describe_command_line();

}  // namespace spoor
