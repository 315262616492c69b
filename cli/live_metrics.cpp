#include "cli/live_metrics.h"

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "engine/coverage_gaps.h"
#include "engine/event/event.h"
#include "engine/finding/render.h"

namespace spoor {
namespace {

void write_inputs(const LiveParts& parts, MetricsText& text) {
  const LiveCounters& live = parts.engine.counters();
  const auto by_input = [&](std::string_view name, std::string_view help,
                            std::uint64_t InputCounters::*count) {
    text.family(name, MetricType::counter, help);
    for (std::size_t i = 0; i < live.inputs.size(); ++i) {
      text.sample(live.inputs[i].*count, {{"input", parts.config.inputs[i].name}});
    }
  };
  by_input("spoor_input_records", "Records that came in, readable or not.",
           &InputCounters::records);
  by_input("spoor_input_bytes", "Bytes of them.", &InputCounters::bytes);
  const std::vector<InputAccounting>& accounts = parts.pipeline.accounting().by_input();
  text.family("spoor_input_events", MetricType::counter,
              "Of these, those that could be read, by the vendor that they are of.");
  for (std::size_t i = 0; i < accounts.size(); ++i) {
    for (std::size_t source = 0; source < kSourceCount; ++source) {
      if (accounts[i].events[source] != 0) {
        text.sample(accounts[i].events[source],
                    {{"input", parts.config.inputs[i].name},
                     {"source", std::string(to_string(static_cast<Source>(source)))}});
      }
    }
  }
  text.family("spoor_parse_errors", MetricType::counter,
              "And those that could not, by why: dead letters.");
  for (std::size_t i = 0; i < accounts.size(); ++i) {
    for (const auto& [reason, count] : accounts[i].dead_letters) {
      text.sample(count, {{"input", parts.config.inputs[i].name}, {"reason", reason}});
    }
  }
}

void write_events(const LiveParts& parts, MetricsText& text) {
  const FateCounts& fates = parts.pipeline.accounting().total();
  text.family("spoor_events", MetricType::counter,
              "What became of records; all together are those received.")
      .sample(fates.applied, {{"fate", "applied"}})
      .sample(fates.duplicate, {{"fate", "duplicate"}})
      .sample(fates.filtered, {{"fate", "filtered"}})
      .sample(fates.dead_lettered, {{"fate", "dead_lettered"}});
  text.family("spoor_received_events", MetricType::counter, "Records that the engine took.")
      .sample(fates.received);
  text.family("spoor_accounting_residual", MetricType::gauge,
              "Received less all fates. Not 0: a bug.")
      .sample(static_cast<double>(fates.residual()));
  text.family("spoor_time_suspect_events", MetricType::counter,
              "Events without a usable time, or dated after they were received.")
      .sample(parts.pipeline.accounting().time_suspect());
  text.family("spoor_late_events", MetricType::counter,
              "Events that came when the watermark of their host had passed them.")
      .sample(parts.pipeline.correlator().stats().late_events);
  text.family("spoor_event_latency_seconds", MetricType::histogram,
              "From a record's arrival, with its batch, until the batch is applied.")
      .sample(parts.engine.counters().applied);
}

void write_state(const LiveParts& parts, MetricsText& text) {
  const Correlator& correlator = parts.pipeline.correlator();
  text.family("spoor_commits", MetricType::counter, "Commits of the state.")
      .sample(parts.engine.counters().commits);
  text.family("spoor_state_full", MetricType::gauge,
              "1: there is no room for the state on its disk, and nothing is taken in.")
      .sample(std::uint64_t{parts.state_is_full ? 1U : 0U});
  text.family("spoor_state_filled", MetricType::counter, "Times that it came to that.")
      .sample(parts.times_full);
  const LiveDeadLetters* const letters = parts.dead_letters;
  text.family("spoor_dead_letters_waiting", MetricType::gauge,
              "Dead letters that cannot be written to their file.")
      .sample(std::uint64_t{letters == nullptr ? 0 : letters->waiting()});
  text.family("spoor_dead_letters_lost", MetricType::counter,
              "Dead letters for which there was no room in memory any more.")
      .sample(std::uint64_t{letters == nullptr ? 0 : letters->lost()});
  text.family("spoor_queue_bytes", MetricType::gauge, "What waits for the engine.")
      .sample(parts.queue.bytes());
  text.family("spoor_queue_limit_bytes", MetricType::gauge, "The most that may.")
      .sample(parts.config.queue_bytes);
  text.family("spoor_hosts", MetricType::gauge, "Hosts known.").sample(correlator.host_count());
  text.family("spoor_tracked_processes", MetricType::gauge, "Processes in the graphs.")
      .sample(correlator.process_count());
  text.family("spoor_tracked_processes_limit", MetricType::gauge,
              "The most that may be, over all hosts.")
      .sample(parts.config.processes_max);
  text.family("spoor_forgotten_processes", MetricType::counter,
              "Processes forgotten in due time: nothing could join them any more.")
      .sample(correlator.stats().forgotten_processes);
  text.family("spoor_coverage_gaps", MetricType::counter,
              "What was not seen, or forgotten before its time.");
  for (const auto& [kind, count] : coverage_gaps(parts.pipeline)) {
    text.sample(count, {{"kind", kind}});
  }
  text.family("spoor_watermark_timestamp_seconds", MetricType::gauge,
              "Until when the events of a host are here, in event time: of the hosts that still "
              "send the furthest behind, and the furthest of all.");
  if (const std::optional<WatermarkRange> range = correlator.watermarks()) {
    const auto seconds = [](Timestamp time) {
      return static_cast<double>(time) / static_cast<double>(kNanosPerSecond);
    };
    text.sample(seconds(range->oldest), {{"which", "oldest"}})
        .sample(seconds(range->newest), {{"which", "newest"}});
  }
}

/// What a rule came to.
struct RuleTally {
  const RuleMeta* meta = nullptr;
  std::uint64_t hits = 0;
  std::uint64_t partial = 0;
  std::chrono::nanoseconds time{0};
};

/// Of those that anything came of, by id.
std::map<std::string_view, RuleTally> rule_tallies(const LiveParts& parts) {
  const RuleSet& rules = parts.pipeline.rules();
  const Correlator& correlator = parts.pipeline.correlator();
  const auto& findings = parts.engine.counters().findings_of_rules;
  std::map<std::string_view, RuleTally> tallies;
  const auto add = [&](const RuleTally& tally) {
    const std::string& id = tally.meta->id;
    const auto of_rule = findings.lower_bound({id, ""});
    if (tally.hits + tally.partial != 0 || tally.time.count() != 0 ||
        (of_rule != findings.end() && of_rule->first.first == id)) {
      tallies[id] = tally;
    }
  };
  const std::vector<RuleCost>& costs = parts.pipeline.matcher().costs();
  for (std::size_t i = 0; i < rules.detections.size(); ++i) {
    add({.meta = &rules.detections[i].meta,
         .hits = correlator.hits_of(i),
         .partial = 0,
         .time = costs[i].time});
  }
  for (std::size_t i = 0; i < rules.correlations.size(); ++i) {
    add({.meta = &rules.correlations[i].meta,
         .hits = 0,
         .partial = correlator.partial_matches(i),
         .time = {}});
  }
  for (std::size_t i = 0; i < rules.window_correlations.size(); ++i) {
    add({.meta = &rules.window_correlations[i].meta,
         .hits = 0,
         .partial = correlator.groups_of(i),
         .time = {}});
  }
  return tallies;
}

/// Rules that nothing came of yet are left out: there may be thousands.
void write_rules(const LiveParts& parts, MetricsText& text) {
  text.family("spoor_rules", MetricType::gauge, "Detections in use.")
      .sample(parts.pipeline.usable_rules());
  text.family("spoor_rule_reloads", MetricType::counter, "Times that rules were read again.")
      .sample(parts.rules.reloads(), {{"result", "adopted"}})
      .sample(parts.rules.failed_reloads(), {{"result", "failed"}});
  text.family("spoor_credential_reloads", MetricType::counter,
              "Times that certificates, tokens and secrets of sinks were read again.")
      .sample(parts.credential_reloads.adopted, {{"result", "adopted"}})
      .sample(parts.credential_reloads.failed, {{"result", "failed"}});
  const std::map<std::string_view, RuleTally> tallies = rule_tallies(parts);
  text.family("spoor_rule", MetricType::info, "What the rules are that others name by their id.");
  for (const auto& [id, tally] : tallies) {
    text.sample(std::uint64_t{1}, {{"rule", std::string(id)},
                                   {"title", tally.meta->title},
                                   {"level", std::string(to_string(tally.meta->level))}});
  }
  text.family("spoor_rule_hits", MetricType::counter, "Events that the detection held for.");
  for (const auto& [id, tally] : tallies) {
    if (tally.hits != 0) {
      text.sample(tally.hits, {{"rule", std::string(id)},
                               {"level", std::string(to_string(tally.meta->level))}});
    }
  }
  text.family("spoor_rule_evaluation_seconds", MetricType::counter,
              "Time that evaluating the detection took, estimated from one event in a thousand, "
              "since the rules were last read.");
  for (const auto& [id, tally] : tallies) {
    if (tally.time.count() != 0) {
      text.sample(std::chrono::duration<double>(tally.time).count(), {{"rule", std::string(id)}});
    }
  }
  text.family("spoor_partial_matches", MetricType::gauge,
              "Where a correlation was begun and does not hold: processes and programs with a hit "
              "of its anchor; of one in time, groups that are remembered.");
  for (const auto& [id, tally] : tallies) {
    if (tally.partial != 0) {
      text.sample(tally.partial, {{"rule", std::string(id)}});
    }
  }
}

void write_findings(const LiveParts& parts, MetricsText& text) {
  const LiveCounters& live = parts.engine.counters();
  text.family("spoor_findings", MetricType::counter, "Findings told, revisions too.")
      .sample(live.findings);
  text.family("spoor_rule_findings", MetricType::counter, "The same by rule.");
  for (const auto& [rule, count] : live.findings_of_rules) {
    text.sample(count, {{"rule", rule.first}, {"level", rule.second}});
  }
  text.family("spoor_finding_latency_seconds", MetricType::histogram,
              "From the arrival of the records that a finding follows from until it is on disk and "
              "bus and sinks know of it.")
      .sample(parts.engine.told_latency());
  text.family("spoor_finding_sequence", MetricType::gauge, "The number of the last finding.")
      .sample(parts.engine.finding_sequence());
}

void write_outlets(const LiveParts& parts, MetricsText& text) {
  if (parts.bus != nullptr) {
    const BusStatus bus = parts.bus->status();
    text.family("spoor_bus_published_sequence", MetricType::gauge, "The last number on the bus.")
        .sample(bus.published);
    text.family("spoor_bus_passed_over", MetricType::counter,
                "Messages that a slow subscriber has to fetch.")
        .sample(bus.dropped);
  }
  const auto by_sink = [&](std::string_view name, MetricType type, std::string_view help,
                           std::uint64_t SinkStatus::*count) {
    text.family(name, type, help);
    for (const std::unique_ptr<SinkRunner>& sink : parts.sinks) {
      text.sample(sink->status().*count, {{"sink", sink->name()}});
    }
  };
  by_sink("spoor_sink_delivered", MetricType::counter, "Findings delivered.",
          &SinkStatus::delivered);
  by_sink("spoor_sink_retries", MetricType::counter, "Attempts that failed.", &SinkStatus::retries);
  by_sink("spoor_sink_refused", MetricType::counter, "Findings that the receiver refused.",
          &SinkStatus::refused);
  by_sink("spoor_sink_sequence", MetricType::gauge, "How far it has come.", &SinkStatus::cursor);
}

}  // namespace

void write_live_metrics(const LiveParts& parts,
                        std::chrono::nanoseconds uptime,
                        MetricsText& text) {
  text.family("spoor_build", MetricType::info, "Which Spoor this is.")
      .sample(std::uint64_t{1}, {{"version", std::string(product_version())}});
  text.family("spoor_uptime_seconds", MetricType::gauge, "Since the start.")
      .sample(std::chrono::duration<double>(uptime).count());
  write_inputs(parts, text);
  write_events(parts, text);
  write_state(parts, text);
  write_rules(parts, text);
  write_findings(parts, text);
  write_outlets(parts, text);
}

}  // namespace spoor
