#include "cli/summary.h"

#include <map>

#include <fmt/format.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include "engine/base/text.h"
#include "engine/finding/render.h"

namespace spoor {
namespace {

using Writer = rapidjson::PrettyWriter<rapidjson::StringBuffer>;

void key(Writer& writer, std::string_view name) {
  const std::string clean = replace_invalid_utf8(name);
  writer.Key(clean.data(), static_cast<rapidjson::SizeType>(clean.size()));
}

void text(Writer& writer, std::string_view name, std::string_view value) {
  key(writer, name);
  const std::string clean = replace_invalid_utf8(value);
  writer.String(clean.data(), static_cast<rapidjson::SizeType>(clean.size()));
}

void number(Writer& writer, std::string_view name, std::uint64_t value) {
  key(writer, name);
  writer.Uint64(value);
}

void fates(Writer& writer, const FateCounts& counts, bool with_residual) {
  writer.StartObject();
  number(writer, "received", counts.received);
  number(writer, "applied", counts.applied);
  number(writer, "duplicate", counts.duplicate);
  number(writer, "filtered", counts.filtered);
  if (with_residual) {
    number(writer, "dead_lettered", counts.dead_lettered);
    key(writer, "residual");
    writer.Int64(counts.residual());
  }
  writer.EndObject();
}

void fate_map(Writer& writer,
              std::string_view name,
              const std::map<std::string, FateCounts>& counts) {
  key(writer, name);
  writer.StartObject();
  for (const auto& [what, fate] : counts) {
    key(writer, what);
    fates(writer, fate, false);
  }
  writer.EndObject();
}

void count_map(Writer& writer,
               std::string_view name,
               const std::map<std::string, std::uint64_t>& counts) {
  key(writer, name);
  writer.StartObject();
  for (const auto& [what, count] : counts) {
    number(writer, what, count);
  }
  writer.EndObject();
}

void inputs(Writer& writer, const ReplayResult& result) {
  key(writer, "inputs");
  writer.StartArray();
  for (const InputFile& file : *result.files) {
    writer.StartObject();
    text(writer, "path", file.path);
    number(writer, "bytes", file.bytes);
    writer.EndObject();
  }
  writer.EndArray();
  number(writer, "failed_inputs", result.totals.failed_files);
  key(writer, "interrupted");
  writer.Bool(result.totals.stopped);
}

std::map<std::string, std::uint64_t> by_level(const std::vector<Finding>& findings) {
  std::map<std::string, std::uint64_t> counts;
  for (const Finding& finding : findings) {
    ++counts[finding.level];
  }
  return counts;
}

void findings_part(Writer& writer, const ReplayResult& result) {
  std::map<std::string, std::uint64_t> by_rule;
  for (const Finding& finding : result.findings) {
    ++by_rule[finding.rule.id];
  }
  key(writer, "findings");
  writer.StartObject();
  number(writer, "total", result.findings.size());
  count_map(writer, "by_level", by_level(result.findings));
  count_map(writer, "by_rule", by_rule);
  number(writer, "beyond_limit", result.pipeline->correlator().stats().matches_beyond_limit);
  writer.EndObject();
}

void engine_part(Writer& writer, const ReplayResult& result) {
  const Correlator& correlator = result.pipeline->correlator();
  key(writer, "rules");
  writer.StartObject();
  number(writer, "detections", result.rules->rules.detections.size());
  number(writer, "correlations", result.rules->rules.correlations.size());
  number(writer, "rejected", result.rules->rejected);
  number(writer, "evaluations", result.pipeline->rule_evaluations());
  number(writer, "hits", correlator.stats().hits);
  number(writer, "hits_beyond_limit", correlator.hits_beyond_limit());
  writer.EndObject();
  key(writer, "process_graph");
  writer.StartObject();
  number(writer, "hosts", correlator.host_count());
  number(writer, "processes", correlator.process_count());
  number(writer, "refused_processes", correlator.refused_processes());
  number(writer, "pids_beyond_limit", correlator.pids_beyond_limit());
  number(writer, "subtrees_beyond_limit", correlator.stats().subtrees_beyond_limit);
  number(writer, "hurried_events", result.pipeline->hurried_events());
  writer.EndObject();
}

}  // namespace

std::string render_summary(const ReplayResult& result) {
  const Accounting& accounting = result.pipeline->accounting();
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.SetIndent(' ', 2);
  writer.StartObject();
  text(writer, "spoor", product_version());
  inputs(writer, result);
  key(writer, "events");
  fates(writer, accounting.total(), true);
  fate_map(writer, "by_source", accounting.by_source());
  fate_map(writer, "by_event", accounting.by_event());
  count_map(writer, "dead_letters", accounting.dead_letters());
  number(writer, "salvaged", accounting.salvaged());
  number(writer, "duplicate_keys", accounting.duplicate_keys());
  number(writer, "time_suspect", accounting.time_suspect());
  if (accounting.last_event() != 0) {
    text(writer, "first_event", format_timestamp(accounting.first_event()));
    text(writer, "last_event", format_timestamp(accounting.last_event()));
  }
  findings_part(writer, result);
  engine_part(writer, result);
  const double seconds = std::chrono::duration<double>(result.elapsed).count();
  key(writer, "elapsed_s");
  writer.Double(seconds);
  key(writer, "events_per_s");
  writer.Double(seconds > 0 ? static_cast<double>(accounting.total().received) / seconds : 0);
  writer.EndObject();
  return std::string(buffer.GetString(), buffer.GetSize()) + "\n";
}

std::string summary_line(const ReplayResult& result) {
  const FateCounts& counts = result.pipeline->accounting().total();
  std::string line =
      fmt::format("{} events from {} file{} in {:.2f} s: {} applied", counts.received,
                  result.files->size(), result.files->size() == 1 ? "" : "s",
                  std::chrono::duration<double>(result.elapsed).count(), counts.applied);
  const auto part = [&line](std::uint64_t count, std::string_view what) {
    if (count != 0) {
      line += fmt::format(", {} {}", count, what);
    }
  };
  part(counts.duplicate, "duplicate");
  part(counts.filtered, "filtered");
  part(counts.dead_lettered, "unreadable");
  part(result.totals.failed_files, "files failed");
  line +=
      fmt::format("; {} finding{}", result.findings.size(), result.findings.size() == 1 ? "" : "s");
  std::string levels;
  for (const auto& [level, count] : by_level(result.findings)) {
    levels += fmt::format("{}{} {}", levels.empty() ? "" : ", ", count, level);
  }
  return levels.empty() ? line : line + " (" + levels + ")";
}

}  // namespace spoor
