// spoor rules test: rules against the samples beside them.

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>

#include <unistd.h>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/interrupt.h"
#include "cli/log.h"
#include "cli/output_stream.h"
#include "cli/rule_catalog.h"
#include "cli/rule_samples.h"
#include "cli/rule_test.h"
#include "cli/rules.h"
#include "cli/terminal.h"
#include "engine/base/text.h"
#include "engine/finding/json_writer.h"
#include "engine/finding/terminal.h"

namespace spoor {
namespace {

enum class Verdict : std::uint8_t { pass, fail, no_samples, refused };

struct Outcome {
  const CatalogEntry& entry;
  Verdict verdict = Verdict::pass;
  RuleTestResult result;
  std::string missing;  ///< "a near miss", if samples are required.
};

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass: return "pass";
    case Verdict::fail: return "fail";
    case Verdict::no_samples: return "no samples";
    case Verdict::refused: return "refused";
  }
  return "";
}

Style style_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass: return Style::green;
    case Verdict::no_samples: return Style::dim;
    case Verdict::fail:
    case Verdict::refused: break;
  }
  return Style::bold_red;
}

std::string counted(std::size_t count, std::string_view what) {
  return std::to_string(count).append(" ").append(what).append(count == 1 ? "" : "s");
}

/// The rule's name; of one without, its file.
std::string rule_text(const CatalogEntry& entry) {
  const RuleMeta& meta = entry.meta;
  const std::string text =
      meta.name.empty() ? std::filesystem::path(meta.file).filename().string() : meta.name;
  return escape_for_terminal(text);
}

std::string missing_of(const RuleTestResult& result) {
  std::string text = result.has_hit() ? "" : "no hit sample";
  if (!result.has_near_miss()) {
    text += text.empty() ? "no near miss" : ", no near miss";
  }
  return text;
}

/// "1 hit sample, 2 near misses, 48 records, 122 orders".
std::string what_was_tried(const RuleTestResult& result) {
  std::size_t hits = 0;
  std::size_t records = 0;
  std::size_t orders = 0;
  for (const SampleResult& sample : result.samples) {
    hits += sample.sample.hit ? 1U : 0U;
    records += sample.records;
    orders += sample.orders;
  }
  const std::size_t misses = result.samples.size() - hits;
  return counted(hits, "hit sample") + ", " + std::to_string(misses) +
         (misses == 1 ? " near miss, " : " near misses, ") + counted(records, "record") + ", " +
         counted(orders, "order");
}

std::string render_text(const Outcome& outcome, bool color) {
  constexpr std::size_t kVerdictColumns = 10;
  const std::string verdict(to_string(outcome.verdict));
  std::string text = styled(verdict, style_of(outcome.verdict), color) +
                     std::string(kVerdictColumns - verdict.size() + 2, ' ') +
                     styled(rule_text(outcome.entry), Style::bold, color);
  switch (outcome.verdict) {
    case Verdict::pass: text += ": " + what_was_tried(outcome.result); break;
    case Verdict::refused:
      text += ": " + escape_for_terminal(outcome.entry.meta.file + ":" + outcome.entry.error);
      break;
    case Verdict::fail:
    case Verdict::no_samples: break;
  }
  if (!outcome.missing.empty()) {
    text += ": " + outcome.missing;
  }
  text += "\n";
  for (const SampleResult& sample : outcome.result.samples) {
    for (std::size_t i = 0; i < sample.failure.size(); ++i) {
      text += i == 0 ? "  " + escape_for_terminal(sample.sample.path) + ": " : "      ";
      text += escape_for_terminal(sample.failure[i]) + "\n";
    }
  }
  return text;
}

std::string render_json(const Outcome& outcome) {
  const RuleMeta& meta = outcome.entry.meta;
  JsonWriter json;
  json.begin_object();
  json.text("id", meta.id);
  json.text("name", meta.name);
  json.text("title", meta.title);
  json.text("file", meta.file);
  json.text("verdict",
            outcome.verdict == Verdict::no_samples ? "no_samples" : to_string(outcome.verdict));
  json.text("error", outcome.entry.error);
  json.text("missing", outcome.missing);
  json.begin_array("samples");
  for (const SampleResult& sample : outcome.result.samples) {
    json.begin_object();
    json.text("file", sample.sample.path);
    json.text("kind", sample.sample.hit ? "hit" : "near_miss");
    json.boolean("passed", sample.failure.empty());
    json.number("records", static_cast<std::int64_t>(sample.records));
    json.number("orders", static_cast<std::int64_t>(sample.orders));
    if (!sample.failure.empty()) {
      json.begin_array("failure");
      for (const std::string& line : sample.failure) {
        json.element(line);
      }
      json.end_array();
    }
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return json.finish() + "\n";
}

Outcome try_rule(const RuleCatalog& catalog,
                 const CatalogEntry& entry,
                 SampleFinder& finder,
                 bool require_samples) {
  Outcome outcome{.entry = entry, .verdict = Verdict::refused, .result = {}, .missing = ""};
  if (!entry.loaded) {
    return outcome;
  }
  outcome.result = test_rule(catalog, entry, finder.samples_of(entry));
  if (outcome.result.samples.empty()) {
    outcome.verdict = Verdict::no_samples;
  } else {
    outcome.verdict = outcome.result.passed() ? Verdict::pass : Verdict::fail;
  }
  outcome.missing = require_samples ? missing_of(outcome.result) : "";
  if (!outcome.missing.empty()) {
    outcome.verdict = Verdict::fail;
  }
  return outcome;
}

struct Tally {
  std::size_t passed = 0;
  std::size_t failed = 0;
  std::size_t without_samples = 0;
  std::size_t refused = 0;

  void count(Verdict verdict) {
    passed += verdict == Verdict::pass ? 1U : 0U;
    failed += verdict == Verdict::fail ? 1U : 0U;
    without_samples += verdict == Verdict::no_samples ? 1U : 0U;
    refused += verdict == Verdict::refused ? 1U : 0U;
  }
};

/// Why a rule is refused is told once, in full, before the tests.
void tell_errors(const RuleCatalog& catalog) {
  for (const Diagnostic& diagnostic : catalog.loaded.diagnostics) {
    if (diagnostic.severity == Severity::error) {
      std::fputs(render(diagnostic).c_str(), stderr);
    }
  }
}

}  // namespace

int run_rules_test(const RulesTestOptions& options) {
  set_up_log(options.quiet, use_color(STDERR_FILENO, options.color));
  const Result<RuleCatalog> catalog = load_catalog(options.paths);
  if (!catalog) {
    log_error(catalog.error().message);
    return exit_usage;
  }
  if (catalog->entries.empty()) {
    log_error("no rule file (*.yml, *.yaml) there");
    return exit_usage;
  }
  tell_errors(*catalog);
  SampleFinder finder(*catalog);
  const bool color = use_color(STDOUT_FILENO, options.color);
  // Line by line: it is its own progress.
  OutputStream output(STDOUT_FILENO, false, system_clock());
  Tally tally;
  std::size_t untried = 0;
  for (const CatalogEntry& entry : catalog->entries) {
    if (interrupted() || output.is_over()) {
      break;
    }
    if (entry.is_filter || entry.in_time) {
      ++untried;
      continue;
    }
    const Outcome outcome = try_rule(*catalog, entry, finder, options.require_samples);
    tally.count(outcome.verdict);
    const bool is_news = outcome.verdict == Verdict::fail || outcome.verdict == Verdict::refused;
    if (options.format == ReportFormat::json) {
      output.write(render_json(outcome));
    } else if (!options.quiet || is_news) {
      output.write(render_text(outcome, color));
    }
  }
  output.flush();
  if (output.failure()) {
    log_error(output.failure()->message);
    return exit_failure;
  }
  if (untried > 0) {
    log_warning(counted(untried, "rule") +
                " not tried: filters, and correlations in time (try these with spoor match)");
  }
  if (!output.reader_left()) {
    log_info(counted(catalog->entries.size(), "rule") + ": " + std::to_string(tally.passed) +
             " passed, " + std::to_string(tally.failed) + " failed, " +
             std::to_string(tally.without_samples) + " without samples, " +
             std::to_string(tally.refused) + " refused");
  }
  if (interrupted()) {
    return exit_interrupted;
  }
  if (tally.refused > 0) {
    return exit_usage;
  }
  return tally.failed > 0 ? exit_failure : exit_ok;
}

}  // namespace spoor
