#include "cli/arguments.h"

#include <tuple>

#include <gtest/gtest.h>

#include "cli/bundled_rules.h"
#include "cli/exit_code.h"

namespace spoor {
namespace {

Command parse(std::vector<const char*> words) {
  words.insert(words.begin(), "spoor");
  return parse_arguments(static_cast<int>(words.size()), words.data());
}

int code_of(const Command& command) {
  const auto* exit_now = std::get_if<ExitNow>(&command);
  return exit_now == nullptr ? -1 : exit_now->code;
}

TEST(Arguments, Replay) {
  const Command command = parse({"replay",     "a.ndjson",   "-",
                                 "--rules",    "r1",         "--rules",
                                 "r2",         "--format",   "ndjson",
                                 "-o",         "out",        "--from",
                                 "2023-03-01", "--to",       "2023-04-01T00:00:00Z",
                                 "--fail-on",  "high",       "--max-errors",
                                 "5",          "--no-color", "-q"});
  const auto* replay = std::get_if<ReplayOptions>(&command);
  ASSERT_NE(replay, nullptr);
  EXPECT_EQ(replay->inputs, (std::vector<std::string>{"a.ndjson", "-"}));
  EXPECT_EQ(replay->rules, (std::vector<std::string>{"r1", "r2"}));
  EXPECT_EQ(replay->format, OutputFormat::ndjson);
  EXPECT_EQ(replay->output, "out");
  EXPECT_EQ(replay->from, parse_time_argument("2023-03-01"));
  EXPECT_EQ(replay->fail_on, Level::high);
  EXPECT_EQ(replay->max_errors, 5U);
  EXPECT_EQ(replay->color, ColorChoice::never);
  EXPECT_TRUE(replay->quiet);
}

TEST(Arguments, Report) {
  const Command command =
      parse({"report", "a.ndjson", "-", "-o", "out.html", "--max-errors", "2", "-q"});
  const auto* report = std::get_if<ReportOptions>(&command);
  ASSERT_NE(report, nullptr);
  EXPECT_EQ(report->inputs, (std::vector<std::string>{"a.ndjson", "-"}));
  EXPECT_EQ(report->output, "out.html");
  EXPECT_EQ(report->max_errors, 2U);
  EXPECT_TRUE(report->quiet);
  EXPECT_EQ(code_of(parse({"report", "--help"})), exit_ok);
  EXPECT_EQ(code_of(parse({"report"})), exit_usage);
}

TEST(Arguments, FormatsOfOthers) {
  for (const auto& [word, replayed, listed] :
       {std::tuple("stix", OutputFormat::stix, ListFormat::stix),
        std::tuple("timesketch", OutputFormat::timesketch, ListFormat::timesketch)}) {
    const Command replay = parse({"replay", "a", "--format", word});
    EXPECT_EQ(std::get<ReplayOptions>(replay).format, replayed);
    const Command findings =
        parse({"findings", "--state", "s", "--format", word, "--rules", "a", "--rules", "b"});
    EXPECT_EQ(std::get<FindingsOptions>(findings).format, listed);
    EXPECT_EQ(std::get<FindingsOptions>(findings).rules, (std::vector<std::string>{"a", "b"}));
  }
}

TEST(Arguments, FindingsShowsNoneByAnEmptyUid) {
  EXPECT_EQ(code_of(parse({"findings", "show", "", "--state", "s"})), exit_usage);
  EXPECT_EQ(code_of(parse({"findings", "--show", "", "--state", "s"})), exit_usage);
  EXPECT_EQ(std::get<FindingsOptions>(parse({"findings", "show", "1f", "--state", "s"})).show,
            "1f");
}

TEST(Arguments, ReplayWritesReportsAndDigraphs) {
  const Command command = parse({"replay", "a", "--format", "dot", "--report", "out.html"});
  const auto* replay = std::get_if<ReplayOptions>(&command);
  ASSERT_NE(replay, nullptr);
  EXPECT_EQ(replay->format, OutputFormat::dot);
  EXPECT_EQ(replay->report, "out.html");
}

TEST(Arguments, AnOptionThatMayBeRepeatedLeavesThePathAlone) {
  const Command command = parse({"replay", "--rules", "r1", "--rules", "r2", "a.ndjson"});
  const auto* replay = std::get_if<ReplayOptions>(&command);
  ASSERT_NE(replay, nullptr);
  EXPECT_EQ(replay->inputs, std::vector<std::string>{"a.ndjson"});
  EXPECT_EQ(replay->rules, (std::vector<std::string>{"r1", "r2"}));
}

TEST(Arguments, Match) {
  const Command command =
      parse({"match", "--rules", "r1", "r2", "--events", "a.ndjson", "-", "--route", "windows",
             "--every", "--canonical", "--placeholders", "p.yml"});
  const auto* options = std::get_if<MatchOptions>(&command);
  ASSERT_NE(options, nullptr);
  EXPECT_EQ(options->rules, (std::vector<std::string>{"r1", "r2"}));
  EXPECT_EQ(options->events, (std::vector<std::string>{"a.ndjson", "-"}));
  EXPECT_EQ(options->route, MatchRoute::windows);
  EXPECT_TRUE(options->every);
  EXPECT_TRUE(options->canonical);
  EXPECT_EQ(options->placeholders, "p.yml");
  EXPECT_EQ(code_of(parse({"match", "--rules", "r1"})), exit_usage);
  EXPECT_EQ(code_of(parse({"match", "--events", "a"})), exit_usage);
  EXPECT_EQ(code_of(parse({"match", "--rules", "r", "--events", "a", "--route", "linux"})),
            exit_usage);
}

TEST(Arguments, Parse) {
  const Command command = parse({"parse", "a.ndjson", "-", "--source", "crowdstrike", "--format",
                                 "ocsf", "--limit", "5", "--max-errors", "7", "--no-progress"});
  const auto* options = std::get_if<ParseOptions>(&command);
  ASSERT_NE(options, nullptr);
  EXPECT_EQ(options->inputs, (std::vector<std::string>{"a.ndjson", "-"}));
  EXPECT_EQ(options->source, Source::crowdstrike);
  EXPECT_EQ(options->format, EventFormat::ocsf);
  EXPECT_EQ(options->limit, 5U);
  EXPECT_EQ(options->max_errors, 7U);
  EXPECT_FALSE(options->progress);
  EXPECT_FALSE(options->stats);
}

TEST(Arguments, ParseWithoutOptionsChoosesForItself) {
  const Command command = parse({"parse", "a.ndjson", "--stats"});
  const auto* options = std::get_if<ParseOptions>(&command);
  ASSERT_NE(options, nullptr);
  EXPECT_FALSE(options->source);
  EXPECT_FALSE(options->format);
  EXPECT_EQ(options->limit, 0U);
  EXPECT_TRUE(options->stats);
}

TEST(Arguments, ReplayTakesASource) {
  const Command command = parse({"replay", "a.ndjson", "--source", "sentinelone"});
  ASSERT_NE(std::get_if<ReplayOptions>(&command), nullptr);
  EXPECT_EQ(std::get<ReplayOptions>(command).source, Source::sentinelone);
}

TEST(Arguments, RulesLint) {
  const Command command =
      parse({"rules", "lint", "a", "b", "--source", "crowdstrike", "--ignore", "windash",
             "--ignore", "tag", "--format", "json", "--strict", "-q"});
  const auto* options = std::get_if<RulesLintOptions>(&command);
  ASSERT_NE(options, nullptr);
  EXPECT_EQ(options->paths, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(options->source, Source::crowdstrike);
  EXPECT_EQ(options->ignored, (std::vector<std::string>{"windash", "tag"}));
  EXPECT_EQ(options->format, ReportFormat::json);
  EXPECT_TRUE(options->strict);
  EXPECT_TRUE(options->quiet);
}

TEST(Arguments, RulesListCoverageAndTest) {
  const Command list = parse({"rules", "list", "--json"});
  ASSERT_NE(std::get_if<RulesListOptions>(&list), nullptr);
  EXPECT_TRUE(std::get<RulesListOptions>(list).json);
  EXPECT_TRUE(std::get<RulesListOptions>(list).paths.empty());
  const Command coverage =
      parse({"rules", "coverage", "--layer", "out.json", "--source", "sysmon"});
  ASSERT_NE(std::get_if<RulesCoverageOptions>(&coverage), nullptr);
  EXPECT_EQ(std::get<RulesCoverageOptions>(coverage).layer, "out.json");
  EXPECT_EQ(std::get<RulesCoverageOptions>(coverage).source, Source::sysmon);
  const Command test = parse({"rules", "test", "a", "--require-samples"});
  ASSERT_NE(std::get_if<RulesTestOptions>(&test), nullptr);
  EXPECT_TRUE(std::get<RulesTestOptions>(test).require_samples);
  EXPECT_EQ(std::get<RulesTestOptions>(test).format, ReportFormat::text);
}

TEST(Arguments, TreeAndTail) {
  const Command tree = parse({"tree", "x", "--host", "PC042", "--pid", "6712", "--format", "dot"});
  ASSERT_NE(std::get_if<TreeOptions>(&tree), nullptr);
  EXPECT_EQ(std::get<TreeOptions>(tree).pid, 6712U);
  const Command tail = parse({"bus", "tail", "tcp://127.0.0.1:5556", "-n", "1"});
  ASSERT_NE(std::get_if<BusTailOptions>(&tail), nullptr);
  EXPECT_EQ(std::get<BusTailOptions>(tail).count, 1U);
}

TEST(Arguments, HelpIsNoError) {
  EXPECT_EQ(code_of(parse({"--help"})), exit_ok);
  EXPECT_EQ(code_of(parse({"replay", "--help"})), exit_ok);
  EXPECT_EQ(code_of(parse({"parse", "--help"})), exit_ok);
  EXPECT_EQ(code_of(parse({"--version"})), exit_ok);
}

TEST(Arguments, MistakesExitWithTwo) {
  for (const std::vector<const char*>& words : {std::vector<const char*>{},
                                                {"replay"},
                                                {"frobnicate"},
                                                {"replay", "x", "--format", "xml"},
                                                {"replay", "x", "--from", "noon"},
                                                {"replay", "x", "--max-errors", "-1"},
                                                {"replay", "x", "--max-errors", "1.5"},
                                                {"tree", "x", "--pid", "-1"},
                                                {"tree", "x", "--pid", "4294967296"},
                                                {"bus", "tail", "ipc://x", "-n", "-1"},
                                                {"tree", "x", "--pid", "1", "--uid", "u"},
                                                {"bus"},
                                                {"rules"},
                                                {"rules", "lint"},
                                                {"rules", "test"},
                                                {"rules", "lint", "x", "--ignore", "nothing"},
                                                {"rules", "lint", "x", "--format", "xml"},
                                                {"rules", "coverage", "--source", "auditd"},
                                                {"parse"},
                                                {"parse", "x", "--format", "xml"},
                                                {"parse", "x", "--source", "auditd"},
                                                {"parse", "x", "--limit", "0"},
                                                {"parse", "x", "--limit", "-1"},
                                                {"parse", "x", "--limit", "few"},
                                                {"replay", "x", "--source", "auditd"},
                                                {"replay", "x", "--fail-on", "bad"}}) {
    EXPECT_EQ(code_of(parse(words)), exit_usage);
  }
}

TEST(BundledRules, LoadWithoutAWord) {
  const LoadedRules loaded = load_rules(bundled_rules());
  for (const Diagnostic& diagnostic : loaded.diagnostics) {
    ADD_FAILURE() << render(diagnostic);
  }
  EXPECT_GE(loaded.rules.correlations.size(), 1U);
}

}  // namespace
}  // namespace spoor
