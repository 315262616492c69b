#include "cli/arguments.h"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/bus_arguments.h"
#include "cli/exit_code.h"
#include "cli/run_arguments.h"
#include "engine/finding/render.h"
#include "engine/rule/lint.h"

namespace spoor {
namespace {

constexpr const char* kDescription =
    "Spoor: tells from endpoint logs what an intruder did.\n"
    "Reads Sysmon and Windows event JSON, keeps a process tree for each host, evaluates Sigma "
    "rules and\n"
    "correlates what they hit along the tree. The same events give the same findings, in whatever "
    "order they come.";

constexpr const char* kFooter =
    "Exit codes: 0 ok, 1 failure, 2 usage or rule error, 3 input errors above --max-errors,\n"
    "10 findings at or above --fail-on, 74 state not written or not usable, 78 insecure listener\n"
    "refused, 130 interrupted (after a flush).";

constexpr const char* kReplayFooter =
    "Examples:\n"
    "  spoor replay logs/                                   every log below a folder\n"
    "  spoor replay 'day-*.ndjson.gz' --format ndjson -o findings.ndjson --summary summary.json\n"
    "  spoor replay logs/ --report out.html                 a page to read and to pass on\n"
    "  zcat big.gz | spoor replay - --rules my-rules/ --fail-on high\n";

constexpr const char* kParseFooter =
    "Examples:\n"
    "  spoor parse new.ndjson                               one line an event, to look at\n"
    "  spoor parse new.ndjson --stats                       what is in there, and what is not "
    "taken\n"
    "  spoor parse new.ndjson --format ndjson --limit 5 | jq\n"
    "  zcat big.gz | spoor parse - --source crowdstrike --format ocsf > events.ocsf.ndjson\n";

constexpr const char* kMatchFooter =
    "Prints one JSON object a line: {\"rule\": id, \"event\": its number in the file from 0, "
    "\"file\"}, "
    "for\n"
    "correlations with \"group\": the values of group-by. Every rule that holds is reported, "
    "whatever "
    "the\n"
    "`generate` of a correlation says. Rules are YAML or JSON. Events are vendors' records, or "
    "flat "
    "ones:\n"
    "  {\"timestamp\": 1680000000.5, \"EventID\": 1, \"Image\": \"C:\\\\x.exe\", \"a\": {\"b\": "
    "1}}\n"
    "timestamp is in seconds since 1970 or ISO 8601; nested fields are a.b to a rule; arrays hold "
    "if "
    "an\n"
    "element does. Correlations see the events of all files, in the order of their times.\n"
    "\n"
    "Examples:\n"
    "  spoor match --rules rule.yml --events sample.ndjson\n"
    "  spoor match --rules sigma/rules --events logs/*.ndjson.gz --route windows\n"
    "  spoor match --rules brute-force.yml --events logons.json --every | jq -c .group\n";

constexpr const char* kExplainFooter =
    "Of a detection: the events that hit, or else those that come nearest and the tests that\n"
    "they fail. Of a correlation: the processes or groups at which it holds or comes nearest,\n"
    "each step with its first evidence, or where else it was hit. A '?' marks what is unknown.\n\n"
    "Exit codes: 0 told, 2 no such rule or host.\n\n"
    "Examples:\n"
    "  spoor explain threecx_loader_chain --events logs/ --host PC042\n"
    "  spoor explain 'My rule' --rules my-rules/ --events sample.ndjson\n"
    "  spoor explain my_rule --rules my-rules/ --events logs/ --format json | jq .verdict";

constexpr const char* kFindingsFooter =
    "Examples:\n"
    "  spoor replay logs/ --state state/\n"
    "  spoor findings --state state/ --level high\n"
    "  spoor findings show 1f4c --state state/\n"
    "  spoor findings --state state/ --format ndjson | spoor report - -o findings.html\n"
    "  spoor findings --state state/ --format stix --rules my-rules/ > bundle.json\n"
    "  spoor findings --state state/ --format timesketch > timeline.jsonl";

constexpr const char* kReportFooter =
    "Of several revisions of a finding the last counts. What is no finding is told with its line "
    "and\n"
    "column; the others still go in.\n\n"
    "Examples:\n"
    "  spoor report findings.ndjson -o out.html\n"
    "  spoor bus tail tcp://127.0.0.1:5556 -n 10 | spoor report - > out.html\n"
    "  jq -c 'select(.severity_id >= 4)' findings.ndjson | spoor report - -o grave.html";

constexpr const char* kLintFooter =
    "Exit codes: 0 all load, 2 something is refused (with --strict: or warned about).\n\n"
    "Examples:\n"
    "  spoor rules lint my-rules/\n"
    "  spoor rules lint my-rules/ --source crowdstrike      what that source cannot satisfy\n"
    "  spoor rules lint sigma/rules --ignore short-contains --ignore reference\n"
    "  spoor rules lint my-rules/ --format json | jq -r .check | sort | uniq -c";

constexpr const char* kListFooter =
    "Class: M, more events can only make it hold; N, it has to wait for what may still come.\n\n"
    "Examples:\n"
    "  spoor rules list                                     the bundled detections\n"
    "  spoor rules list sigma/rules --json | jq -r 'select(.loaded | not) | .error'";

constexpr const char* kCoverageFooter =
    "The layer opens in the ATT&CK Navigator: Open Existing Layer, Upload from local.\n\n"
    "Examples:\n"
    "  spoor rules coverage                                 the bundled detections, by tactic\n"
    "  spoor rules coverage my-rules/ --source sysmon --layer sysmon.json";

constexpr const char* kTestFooter =
    "Samples of a rule x (its name, or its file's) lie beside it or in a folder samples/ beside "
    "it:\n"
    "  x.hit.ndjson          each record must hit; of a correlation: all together, one finding\n"
    "  x.near_miss.ndjson    no record may hit; of a correlation: no finding\n"
    "There may be several, with a word of yours before the ending (x.hit.macos.ndjson); a\n"
    "correlation that makes three findings of one file has them in x.hit.3_findings.ndjson.\n"
    "Each file is replayed in many orders and with duplicates, and the findings must not "
    "differ.\n\n"
    "Exit codes: 0 all pass, 1 a sample fails, 2 a rule is refused.\n\n"
    "Examples:\n"
    "  spoor rules test my-rules/\n"
    "  spoor rules test my-rules/ --require-samples --format json";

constexpr const char* kCompletionFooter =
    "Examples:\n"
    "  source <(spoor completion bash)\n"
    "  spoor completion zsh > ~/.zfunc/_spoor               a folder of $fpath\n"
    "  spoor completion fish > ~/.config/fish/completions/spoor.fish";

/// The words that an option takes and what they mean, in the order in which help shows them.
template <typename Value>
using Words = std::vector<std::pair<std::string, Value>>;

const Words<OutputFormat> kFormats{{"table", OutputFormat::table},
                                   {"ndjson", OutputFormat::ndjson},
                                   {"dot", OutputFormat::dot},
                                   {"stix", OutputFormat::stix},
                                   {"timesketch", OutputFormat::timesketch}};
const Words<ListFormat> kListFormats{{"table", ListFormat::table},
                                     {"ndjson", ListFormat::ndjson},
                                     {"csv", ListFormat::csv},
                                     {"stix", ListFormat::stix},
                                     {"timesketch", ListFormat::timesketch}};
const Words<EventFormat> kEventFormats{
    {"table", EventFormat::table}, {"ndjson", EventFormat::ndjson}, {"ocsf", EventFormat::ocsf}};
const Words<Source> kSources{{"sysmon", Source::sysmon},
                             {"windows", Source::windows},
                             {"crowdstrike", Source::crowdstrike},
                             {"sentinelone", Source::sentinelone}};
const Words<MatchRoute> kRoutes{{"none", MatchRoute::none}, {"windows", MatchRoute::windows}};
const Words<TreeFormat> kTreeFormats{{"text", TreeFormat::text}, {"dot", TreeFormat::dot}};
const Words<ReportFormat> kReportFormats{{"text", ReportFormat::text},
                                         {"json", ReportFormat::json}};
const Words<ColorChoice> kColors{{"auto", ColorChoice::automatic},
                                 {"always", ColorChoice::always},
                                 {"never", ColorChoice::never}};
const Words<Shell> kShells{{"bash", Shell::bash}, {"zsh", Shell::zsh}, {"fish", Shell::fish}};
const Words<Level> kLevels{{"informational", Level::informational},
                           {"low", Level::low},
                           {"medium", Level::medium},
                           {"high", Level::high},
                           {"critical", Level::critical}};

/// An option that takes one of `words`. Not CLI11's own transformer: its help shows numbers, its
/// errors braces.
template <typename Value>
void add_choice(CLI::App& app,
                const std::string& name,
                const Words<Value>& words,
                std::function<void(Value)> set,
                const std::string& description) {
  std::string listed;
  for (const auto& [word, value] : words) {
    listed += (listed.empty() ? "" : "|") + word;
  }
  app.add_option_function<std::string>(
         name,
         [&words, name, listed, set = std::move(set)](const std::string& text) {
           for (const auto& [word, value] : words) {
             if (word == text) {
               set(value);
               return;
             }
           }
           throw CLI::ValidationError(name, "'" + text + "' is none of " + listed);
         },
         description)
      ->type_name(listed);
}

/// CLI11 reads "-1" as the greatest 64-bit number, and its own check answers with a range of 300
/// digits.
std::string refuse_negative(const std::string& text) {
  return text.starts_with('-') ? "'" + text + "' is not a count" : "";
}

CLI::Option* add_time(CLI::App& app,
                      const std::string& name,
                      std::optional<Timestamp>& into,
                      const std::string& description) {
  return app
      .add_option_function<std::string>(
          name,
          [&into, name](const std::string& text) {
            into = parse_time_argument(text);
            if (!into) {
              throw CLI::ValidationError(
                  name, "'" + text + "' is not a time; write 2023-03-22T13:40:00Z or 2023-03-22");
            }
          },
          description)
      ->type_name("TIME");
}

void add_color(CLI::App& app, ColorChoice& color) {
  add_choice<ColorChoice>(
      app, "--color", kColors, [&color](ColorChoice choice) { color = choice; },
      "Colour in the output; auto: on a terminal, unless NO_COLOR is set");
  app.add_flag_callback(
      "--no-color", [&color] { color = ColorChoice::never; }, "The same as --color never");
}

void add_source(CLI::App& app, std::optional<Source>& source) {
  add_choice<Source>(
      app, "--source", kSources, [&source](Source chosen) { source = chosen; },
      "Whose records these are; default: told by the keys of each record");
}

CLI::App* add_replay(CLI::App& app, ReplayOptions& options) {
  CLI::App* replay = app.add_subcommand("replay", "Read logs, print findings");
  replay->footer(kReplayFooter);
  replay
      ->add_option(
          "PATH", options.inputs,
          "Files, folders, globs; - is standard input. NDJSON or a JSON array; plain, gzip or zstd")
      ->required();
  replay
      ->add_option("--rules", options.rules,
                   "Rule file or folder, may be repeated; default: the bundled detections")
      ->type_name("DIR")
      ->allow_extra_args(false);  // One value each, or it would swallow the PATH that follows.
  add_source(*replay, options.source);
  add_choice<OutputFormat>(
      *replay, "--format", kFormats, [&options](OutputFormat format) { options.format = format; },
      "table: for people, with evidence trees; ndjson: OCSF 1.6, one finding a line; dot: evidence "
      "trees for Graphviz; stix: one STIX 2.1 bundle; timesketch: JSONL, one event a line");
  replay
      ->add_option("-o,--output", options.output,
                   "Write findings to FILE instead of standard output")
      ->type_name("FILE");
  replay
      ->add_option("--report", options.report,
                   "Write the findings to FILE as one HTML page that needs nothing else, too")
      ->type_name("FILE");
  add_bus_options(*replay, options.bus, false);
  replay
      ->add_option(
          "--publish-wait", options.publish_wait_s,
          "Wait at most so long for the first subscriber, and for consumers to acknowledge")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.0, 86'400.0))
      ->capture_default_str();
  replay
      ->add_option("--sinks", options.sinks,
                   "Send findings to the web services that this YAML file lists: signed webhooks,\n"
                   "TheHive")
      ->type_name("FILE");
  add_time(*replay, "--from", options.from, "Only events at or after this time (event time, UTC)");
  add_time(*replay, "--to", options.to, "Only events before this time");
  CLI::Option* const received_from =
      add_time(*replay, "--received-from", options.received.from,
               "Of a recording ('spoor run --record'): only what came in at or after this time");
  CLI::Option* const received_to = add_time(*replay, "--received-to", options.received.to,
                                            "Of a recording: only what came in before this time");
  replay
      ->add_option("--summary", options.summary,
                   "Write counts as JSON to FILE (- is standard output)")
      ->type_name("FILE");
  replay
      ->add_option(
          "--dead-letters", options.dead_letters,
          "Write records that could not be read to FILE, as NDJSON; with --resume FILE goes on")
      ->type_name("FILE");
  replay
      ->add_option("--max-errors", options.max_errors,
                   "Exit with 3 if more records or files than this cannot be read")
      ->type_name("N")
      ->check(refuse_negative)
      ->capture_default_str();
  add_choice<Level>(
      *replay, "--fail-on", kLevels, [&options](Level level) { options.fail_on = level; },
      "Exit with 10 if there is a finding of this level or above");
  replay
      ->add_option("--host-aliases", options.host_aliases,
                   "Names of one machine, beside what is learned from the logs: a YAML map from\n"
                   "one of its host names or sensor ids to the others, pc042: [4c1b8e7f...]")
      ->type_name("FILE");
  replay
      ->add_option("--placeholders", options.placeholders,
                   "Values for the modifier expand: a YAML or JSON map from names to lists")
      ->type_name("FILE");
  replay
      ->add_option("--revisions", options.revisions,
                   "Write findings as they arise, as a stream would: after every N records what is "
                   "new or differs, as a revision (with --format ndjson)")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  replay
      ->add_option(
          "--waiting-memory", options.waiting_mib,
          "What events may take that wait for what the rules ask of parents and ancestors:\n"
          "beyond it they are judged early, and told of. 2048 at first; as a stream\n"
          "(--revisions, --state) 672, and 262,144 events")
      ->type_name("MIB")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 24U));
  replay
      ->add_option(
          "--state", options.state,
          "Keep all that is known in DIR and go on from what is there: several replays see\n"
          "one history, a crash loses nothing, and nothing is told twice")
      ->type_name("DIR")
      ->excludes(received_from)
      ->excludes(received_to);
  replay->add_flag(
      "--resume", options.resume,
      "Do not read again what the last replay into --state has read: go on behind it, also\n"
      "in files that grew since");
  replay->add_flag("--profile", options.profile,
                   "Tell on standard error what the 25 dearest rules cost, in tests asked");
  replay->add_flag("--strict", options.strict, "A rule that does not load is an error (exit 2)");
  replay->add_flag("-q,--quiet", options.quiet, "No progress, no summary: errors only");
  replay->add_flag_callback(
      "--no-progress", [&options] { options.progress = false; }, "No progress bar");
  add_color(*replay, options.color);
  return replay;
}

CLI::App* add_parse(CLI::App& app, ParseOptions& options) {
  CLI::App* parse = app.add_subcommand("parse", "Read logs, print the normalised events");
  parse->footer(kParseFooter);
  parse
      ->add_option("PATH", options.inputs,
                   "Files, folders, globs; - is standard input.\n"
                   "NDJSON or a JSON array; plain, gzip or zstd")
      ->required();
  add_source(*parse, options.source);
  add_choice<EventFormat>(
      *parse, "--format", kEventFormats,
      [&options](EventFormat format) { options.format = format; },
      "table: a line an event, cut to the terminal\n"
      "ndjson: everything that was taken out of the record\n"
      "ocsf: OCSF 1.6, in the event's class\n"
      "Default: table on a terminal, else ndjson");
  parse->add_flag("--stats", options.stats,
                  "Instead of events: how many of each kind, keys that no field\n"
                  "takes, records that could not be read; as table or ndjson");
  parse
      ->add_option_function<std::uint64_t>(
          "--limit", [&options](std::uint64_t limit) { options.limit = limit; },
          "Stop after N events")
      ->type_name("N")
      ->check(refuse_negative)
      ->check([](const std::string& text) {
        const bool is_zero = text.find_first_not_of('0') == std::string::npos;
        return is_zero ? "'" + text + "' is not a number of events to show" : "";
      });
  parse
      ->add_option("--max-errors", options.max_errors,
                   "Exit with 3 if more records or files than this cannot be read")
      ->type_name("N")
      ->check(refuse_negative)
      ->capture_default_str();
  parse->add_flag("-q,--quiet", options.quiet, "No progress, no summary: errors only");
  parse->add_flag_callback(
      "--no-progress", [&options] { options.progress = false; }, "No progress bar");
  add_color(*parse, options.color);
  return parse;
}

CLI::App* add_match(CLI::App& app, MatchOptions& options) {
  CLI::App* match =
      app.add_subcommand("match", "Try Sigma rules on events, print which hold where");
  match->footer(kMatchFooter);
  match
      ->add_option("--rules", options.rules,
                   "Rule files (*.yml, *.yaml, *.json) and folders of them")
      ->type_name("PATH")
      ->required();
  match
      ->add_option("--events", options.events,
                   "Files, folders, globs; - is standard input.\n"
                   "NDJSON or a JSON array; plain, gzip or zstd")
      ->type_name("FILE")
      ->required();
  add_choice<MatchRoute>(
      *match, "--route", kRoutes, [&options](MatchRoute route) { options.route = route; },
      "none: every rule on every event, whatever its log source (default)\n"
      "windows: by Channel and EventID, as SigmaHQ's own tests do");
  match->add_flag("--every", options.every,
                  "Correlations: every event at which the condition holds.\n"
                  "Default: once, then silent for that group for one timespan");
  match->add_flag("--flat", options.flat,
                  "Take every event for a flat one, even if it looks like a vendor's record");
  match->add_flag("--canonical", options.canonical,
                  "Of vendors' records: let disguised paths and command lines hold in\n"
                  "their canonical form, too, as replay does. Default: Sigma to the letter");
  match
      ->add_option("--placeholders", options.placeholders,
                   "Values for the modifier expand: a YAML or JSON map from names to\n"
                   "lists, {admins: [root, adm_*]}")
      ->type_name("FILE");
  return match;
}

CLI::App* add_report(CLI::App& app, ReportOptions& options) {
  CLI::App* report = app.add_subcommand("report", "Make one HTML page of findings");
  report->footer(kReportFooter);
  report
      ->add_option("FILE", options.inputs,
                   "Findings as 'replay --format ndjson' and 'bus tail' write them: files,\n"
                   "folders, globs; - is standard input. Plain, gzip or zstd")
      ->required();
  report
      ->add_option("-o,--output", options.output,
                   "Write the page to FILE instead of standard output")
      ->type_name("FILE");
  report
      ->add_option("--max-errors", options.max_errors,
                   "Exit with 3 if more lines or files than this cannot be read")
      ->type_name("N")
      ->check(refuse_negative)
      ->capture_default_str();
  report->add_flag("-q,--quiet", options.quiet, "No summary: errors only");
  add_color(*report, options.color);
  return report;
}

CLI::App* add_tree(CLI::App& app, TreeOptions& options) {
  CLI::App* tree = app.add_subcommand("tree", "Draw the process tree of a host from logs");
  tree->footer(
      "Example:\n  spoor tree logs/ --host PC042 --pid 6712\n  spoor tree logs/ --host PC042 "
      "--format dot | dot -Tsvg");
  tree->add_option("PATH", options.inputs, "Files, folders, globs; - is standard input")
      ->required();
  tree->add_option("--host", options.host,
                   "Host name, short or full; may be left out if the logs are of one host")
      ->type_name("H");
  CLI::Option* pid =
      tree->add_option("--pid", options.pid,
                       "Only processes with this pid: their ancestors and what is below them")
          ->type_name("N");
  tree->add_option("--uid", options.uid, "Only the process with this uid (Sysmon: ProcessGuid)")
      ->type_name("U")
      ->excludes(pid);
  add_choice<TreeFormat>(
      *tree, "--format", kTreeFormats, [&options](TreeFormat format) { options.format = format; },
      "text, or dot for Graphviz");
  add_color(*tree, options.color);
  return tree;
}

void add_report_format(CLI::App& app, ReportFormat& format, const std::string& json) {
  add_choice<ReportFormat>(
      app, "--format", kReportFormats, [&format](ReportFormat chosen) { format = chosen; },
      "text: for people; json: " + json);
}

CLI::App* add_explain(CLI::App& app, ExplainOptions& options) {
  CLI::App* explain = app.add_subcommand("explain", "Tell why a rule did or did not complete");
  explain->footer(kExplainFooter);
  explain
      ->add_option("RULE", options.rule,
                   "Id, name or title of a detection or correlation; the beginning of\n"
                   "an id will do")
      ->required();
  explain
      ->add_option("--events", options.events,
                   "Files, folders, globs; - is standard input.\n"
                   "NDJSON or a JSON array; plain, gzip or zstd")
      ->type_name("FILE")
      ->required();
  explain
      ->add_option("--rules", options.rules,
                   "Rule files (*.yml, *.yaml, *.json) and folders of them.\n"
                   "Default: the bundled detections")
      ->type_name("PATH");
  explain->add_option("--host", options.host, "Only this host: its name, short or full")
      ->type_name("H");
  explain
      ->add_option("--placeholders", options.placeholders,
                   "Values for the modifier expand: a YAML or JSON map from names to lists")
      ->type_name("FILE");
  add_report_format(*explain, options.format, "one object");
  explain->add_flag("-q,--quiet", options.quiet, "No progress, no summary: errors only");
  explain->add_flag_callback(
      "--no-progress", [&options] { options.progress = false; }, "No progress bar");
  add_color(*explain, options.color);
  return explain;
}

CLI::App* add_findings(CLI::App& app, FindingsOptions& options) {
  CLI::App* findings =
      app.add_subcommand("findings", "Print the findings that a state folder holds");
  findings->footer(kFindingsFooter);
  findings->add_option("--state", options.state, "The folder that 'replay --state' wrote")
      ->type_name("DIR")
      ->required();
  add_time(*findings, "--since", options.since,
           "Only findings with an event at or after this time (event time, UTC)");
  add_choice<Level>(
      *findings, "--level", kLevels, [&options](Level level) { options.level = level; },
      "Only findings of this level or above");
  findings->add_option("--rule", options.rule,
                       "Only of rules with this id, or this in their title");
  findings->add_option("--host", options.host, "Only of hosts with this in their name or key");
  const auto refuse_empty = [](const std::string& text) {
    return text.empty() ? std::string("an uid is expected, or how it begins") : std::string();
  };
  findings->add_option("--show", options.show, "Show the finding whose uid begins so, whole")
      ->type_name("UID")
      ->check(refuse_empty);
  findings->add_flag("--all", options.all,
                     "Every revision, in the order in which they were told; those taken back too");
  add_choice<ListFormat>(
      *findings, "--format", kListFormats,
      [&options](ListFormat format) { options.format = format; },
      "table: for people; ndjson: OCSF 1.6, one finding a line; csv: for spreadsheets;\n"
      "stix: one STIX 2.1 bundle; timesketch: JSONL, one event a line");
  findings
      ->add_option("--rules", options.rules,
                   "With --format stix: rule file or folder whose text goes into the indicators,\n"
                   "may be repeated; default: the bundled detections")
      ->type_name("DIR")
      ->allow_extra_args(false);
  add_color(*findings, options.color);
  CLI::App* show = findings->add_subcommand(
      "show", "Show one finding whole: its process tree, its evidence, its times");
  show->add_option("UID", options.show, "Its uid, or how that begins")
      ->required()
      ->check(refuse_empty);
  show->fallthrough();  // The options may stand behind it.
  return findings;
}

void add_rule_paths(CLI::App& app, std::vector<std::string>& paths, bool required) {
  CLI::Option* option =
      app.add_option("PATH", paths,
                     required ? "Rule files or folders (*.yml, *.yaml)"
                              : "Rule files or folders; default: the bundled detections");
  option->required(required);
}

/// Names of checks; an unknown one names the nearest.
void add_ignore(CLI::App& app, std::vector<std::string>& ignored) {
  app.add_option("--ignore", ignored, "Leave out the warnings of this check, may be repeated")
      ->type_name("CHECK")
      ->allow_extra_args(false)
      ->check([](const std::string& name) -> std::string {
        std::vector<std::string_view> names;
        for (const LintCheck& check : lint_checks()) {
          names.push_back(check.name);
        }
        if (std::ranges::find(names, name) != names.end()) {
          return "";
        }
        const std::string_view near = nearest(name, names);
        return "no check '" + name + "'" +
               (near.empty() ? std::string() : "; did you mean '" + std::string(near) + "'?");
      });
}

std::string checks_for_help() {
  constexpr std::size_t kColumn = 20;
  std::string text = "Checks:\n";
  for (const LintCheck& check : lint_checks()) {
    text += "  " + std::string(check.name) + std::string(kColumn - check.name.size(), ' ') +
            std::string(check.about) + "\n";
  }
  return text + "\n" + kLintFooter;
}

/// `spoor rules` and its commands, in the order of `commands`: lint, list, coverage, test.
std::array<const CLI::App*, 4> add_rules(CLI::App& app,
                                         RulesLintOptions& lint_options,
                                         RulesListOptions& list_options,
                                         RulesCoverageOptions& coverage_options,
                                         RulesTestOptions& test_options) {
  CLI::App* rules = app.add_subcommand("rules", "Check, list and test detection rules");
  rules->require_subcommand(1);

  CLI::App* lint = rules->add_subcommand("lint", "Say what is wrong with rules, or likely is");
  lint->footer(checks_for_help());
  add_rule_paths(*lint, lint_options.paths, true);
  add_choice<Source>(
      *lint, "--source", kSources, [&lint_options](Source source) { lint_options.source = source; },
      "Warn of rules that no record of this source can satisfy");
  add_ignore(*lint, lint_options.ignored);
  add_report_format(*lint, lint_options.format, "one problem a line");
  lint->add_flag("--strict", lint_options.strict, "Warnings fail, too (exit 2)");
  lint->add_flag("-q,--quiet", lint_options.quiet, "No summary: problems only");
  add_color(*lint, lint_options.color);

  CLI::App* list = rules->add_subcommand("list", "List rules: what they are, and do they load");
  list->footer(kListFooter);
  add_rule_paths(*list, list_options.paths, false);
  list->add_flag("--json", list_options.json, "Everything a rule says of itself, one rule a line");
  add_color(*list, list_options.color);

  CLI::App* coverage = rules->add_subcommand("coverage", "Which ATT&CK techniques rules look for");
  coverage->footer(kCoverageFooter);
  add_rule_paths(*coverage, coverage_options.paths, false);
  coverage
      ->add_option("--layer", coverage_options.layer,
                   "Write an ATT&CK Navigator layer to FILE (- is standard output)")
      ->type_name("FILE");
  add_choice<Source>(
      *coverage, "--source", kSources,
      [&coverage_options](Source source) { coverage_options.source = source; },
      "Only rules that this source can satisfy; default: any of them");
  coverage->add_flag("-q,--quiet", coverage_options.quiet, "No summary: errors only");
  add_color(*coverage, coverage_options.color);

  CLI::App* test = rules->add_subcommand("test", "Try rules on the samples beside them");
  test->footer(kTestFooter);
  add_rule_paths(*test, test_options.paths, true);
  test->add_flag("--require-samples", test_options.require_samples,
                 "A rule without a hit and a near miss fails (exit 1)");
  add_report_format(*test, test_options.format, "one rule a line");
  test->add_flag("-q,--quiet", test_options.quiet, "No summary, and only rules that fail");
  add_color(*test, test_options.color);
  return {lint, list, coverage, test};
}

CLI::App* add_completion(CLI::App& app, CompletionOptions& options) {
  CLI::App* completion =
      app.add_subcommand("completion", "Print a script that completes commands and options");
  completion->footer(kCompletionFooter);
  add_choice<Shell>(
      *completion, "SHELL", kShells, [&options](Shell shell) { options.shell = shell; },
      "For this shell");
  completion->get_option("SHELL")->required();
  return completion;
}

/// CLI11's own codes are above 100: help and version end with 0, mistakes with 2.
ExitNow report(const CLI::App& app, const CLI::ParseError& error) {
  const int code = app.exit(error, std::cout, std::cerr);
  return {.code = code == 0 ? exit_ok : exit_usage};
}

/// The command line, and where what stands on it goes.
struct CommandLine {
  CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  /// After the parsing: the command.
  [[nodiscard]] Command chosen() const;

  CLI::App app{kDescription, "spoor"};
  ReplayOptions replay_options;
  ParseOptions parse_options;
  MatchOptions match_options;
  ReportOptions report_options;
  TreeOptions tree_options;
  ExplainOptions explain_options;
  FindingsOptions findings_options;
  BusArguments bus;
  RunArguments run;
  RulesLintOptions lint_options;
  RulesListOptions list_options;
  RulesCoverageOptions coverage_options;
  RulesTestOptions test_options;
  CompletionOptions completion_options;
  const CLI::App* replay = nullptr;
  const CLI::App* parse = nullptr;
  const CLI::App* match = nullptr;
  const CLI::App* report = nullptr;
  const CLI::App* tree = nullptr;
  const CLI::App* explain = nullptr;
  const CLI::App* findings = nullptr;
  std::array<const CLI::App*, 4> rules{};  // Lint, list, coverage, test.
  const CLI::App* completion = nullptr;
  const CLI::App* man = nullptr;
};

CommandLine::CommandLine() {
  app.footer(kFooter);
  app.require_subcommand(1);
  app.set_version_flag("--version", "spoor " + std::string(product_version()));
  app.failure_message([](const CLI::App* failed, const CLI::Error& error) {
    std::string command = "spoor";
    for (const CLI::App* used = failed; !used->get_subcommands().empty();) {
      used = used->get_subcommands().front();
      command += " " + used->get_name();
    }
    return "spoor: " + std::string(error.what()) + "\nTry '" + command + " --help'.\n";
  });
  replay = add_replay(app, replay_options);
  parse = add_parse(app, parse_options);
  match = add_match(app, match_options);
  report = add_report(app, report_options);
  tree = add_tree(app, tree_options);
  explain = add_explain(app, explain_options);
  findings = add_findings(app, findings_options);
  bus.add(app);
  run.add(app);
  rules = add_rules(app, lint_options, list_options, coverage_options, test_options);
  completion = add_completion(app, completion_options);
  man = app.add_subcommand("man", "Print the manual page: spoor man | man -l -");
}

Command CommandLine::chosen() const {
  const auto [lint, list, coverage, test] = rules;
  if (replay->parsed()) {
    return replay_options;
  }
  if (parse->parsed()) {
    return parse_options;
  }
  if (match->parsed()) {
    return match_options;
  }
  if (report->parsed()) {
    return report_options;
  }
  if (tree->parsed()) {
    return tree_options;
  }
  if (explain->parsed()) {
    return explain_options;
  }
  if (findings->parsed()) {
    return findings_options;
  }
  if (std::optional<Command> of_bus = bus.chosen()) {
    return *of_bus;
  }
  if (std::optional<Command> of_run = run.chosen()) {
    return *of_run;
  }
  if (lint->parsed()) {
    return lint_options;
  }
  if (list->parsed()) {
    return list_options;
  }
  if (coverage->parsed()) {
    return coverage_options;
  }
  if (test->parsed()) {
    return test_options;
  }
  if (completion->parsed()) {
    return completion_options;
  }
  if (man->parsed()) {
    return ManOptions{};
  }
  return ExitNow{.code = exit_usage};
}

}  // namespace

Command parse_arguments(int argc, const char* const* argv) {
  CommandLine line;
  try {
    line.app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return report(line.app, error);
  }
  return line.chosen();
}

CommandNode describe_command_line() {
  return command_tree(CommandLine().app);
}

}  // namespace spoor
