// What rules cost: the whole line with every SigmaHQ rule that a Sysmon event can meet beside the
// line without rules, and the matcher alone, through its index and plainly.
//
//   bench_match                        a made-up fleet, then OTRF's captures
//   bench_match FILE...                these logs
//   bench_match --memory [EVENTS]      10^7 distinct command lines through one matcher: its bytes
//   bench_match --only fleet|FILE [ROUNDS]   matches parsed events and measures nothing, for perf
//   bench_match --line fleet|FILE [ROUNDS]   the whole line, for perf
//   bench_match --rules fleet|FILE     which rules cost most
//
// A log may be "fleet", "otrf" and "creations" (the fleet's). Behind ROUNDS, a number N takes only
// the rules of process_creation, N times.
//
// SigmaHQ's rules and more captures are read from ../shared/data beside the repository, if they are
// there. Rates of one machine on one day mean little: read the ratios, medians of those of each of
// seven interleaved rounds. The first quarter of each log warms up and is not measured.

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <filesystem>
#include <memory>
#include <new>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <malloc.h>

#include "bench/fleet.h"
#include "bench/log.h"
#include "engine/matcher/matcher.h"
#include "engine/pipeline.h"
#include "engine/rule/load.h"
#include "parsers/record_parser.h"

namespace {

std::size_t allocations = 0;
std::size_t live_bytes = 0;

}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  void* memory = std::malloc(size);  // NOLINT(*-no-malloc): this is where memory comes from
  if (memory == nullptr) {
    std::abort();
  }
  live_bytes += malloc_usable_size(memory);
  return memory;
}

void operator delete(void* memory) noexcept {
  live_bytes -= malloc_usable_size(memory);
  std::free(memory);  // NOLINT(*-no-malloc)
}

void operator delete(void* memory, std::size_t /*size*/) noexcept {
  operator delete(memory);
}

namespace {

using spoor::DetectionRule;
using spoor::Event;
using spoor::Matcher;
using spoor::RuleSet;
using spoor::bench::Log;

constexpr int kRounds = 7;
constexpr std::size_t kFleetEvents = 40'000;
constexpr std::size_t kCaptureBytes = std::size_t{96} << 20;
constexpr std::size_t kBatch = 128;      ///< Parsed events that stay in a second-level cache.
constexpr std::size_t kPlainEvery = 40;  ///< One batch in so many is matched plainly, too.

const std::string kShared = std::string(SPOOR_SOURCE_DIR) + "/../shared/data";

double cpu_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

/// Medians of the ratios of each round.
double median_ratio(const std::vector<double>& over, const std::vector<double>& under) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < over.size(); ++i) {
    ratios.push_back(over[i] / under[i]);
  }
  return median(std::move(ratios));
}

// --- Rules
// -------------------------------------------------------------------------------------------------------

bool meets_sysmon(const DetectionRule& rule) {
  Event event;
  event.source = spoor::Source::sysmon;
  event.platform = spoor::Platform::windows;
  event.set(spoor::FieldId::channel, "Microsoft-Windows-Sysmon/Operational");
  for (int type = 0; type <= static_cast<int>(spoor::EventType::sysmon_error); ++type) {
    event.type = static_cast<spoor::EventType>(type);
    if (Matcher::routes(rule.log_source, event)) {
      return true;
    }
  }
  return false;
}

RuleSet sysmon_rules() {
  std::vector<std::string> paths;
  for (const char* part :
       {"rules", "rules-emerging-threats", "rules-threat-hunting", "rules-compliance"}) {
    paths.push_back(kShared + "/sigma/" + part);
    if (!std::filesystem::exists(paths.back())) {
      return {};
    }
  }
  auto loaded = spoor::load_rule_paths(paths);
  if (!loaded) {
    return {};
  }
  RuleSet rules;
  std::ranges::copy_if(loaded->rules.detections, std::back_inserter(rules.detections),
                       meets_sysmon);
  return rules;
}

/// Changes about half of the literals, always the same: rules that are added to a set share images
/// with those that are there, and look for other things.
void mutate(spoor::Expr& expr, char instead) {
  if (expr.kind == spoor::Expr::Kind::negation) {
    return;  // Filters of what is benign stay, or the rules would hit.
  }
  for (spoor::Expr& child : expr.children) {
    mutate(child, instead);
  }
  if (expr.kind != spoor::Expr::Kind::test || expr.test.kind != spoor::TestKind::pattern) {
    return;
  }
  for (spoor::PatternPiece& piece : expr.test.pattern) {
    unsigned sum = 0;
    for (const char c : piece.literal) {
      sum = sum * 31 + static_cast<unsigned char>(c);
    }
    const std::size_t middle = piece.literal.size() / 2;
    if (piece.literal.size() > 4 && (sum / 7) % 2 == 0 &&
        static_cast<unsigned char>(piece.literal[middle]) < 0x80) {
      piece.literal[middle] = instead;
    }
  }
}

/// The rules of a category, and `times` - 1 mutants of each.
RuleSet category_rules(const RuleSet& rules, std::string_view category, int times) {
  RuleSet some;
  for (int copy = 0; copy < times; ++copy) {
    for (const DetectionRule& rule : rules.detections) {
      if (rule.log_source.category != category) {
        continue;
      }
      DetectionRule& added = some.detections.emplace_back(rule);
      if (copy > 0) {
        added.meta.id += "-" + std::to_string(copy);
        mutate(added.condition, static_cast<char>('p' + copy));
      }
    }
  }
  return some;
}

// --- Events
// ------------------------------------------------------------------------------------------------------

class Collector final : public spoor::RecordSink {
 public:
  /// Keeps up to `kBatch` events, with their texts.
  void on_event(const Event& event) override {
    if (size_ == events_.size()) {
      events_.emplace_back();
      texts_.emplace_back();
    }
    Event& kept = events_[size_];
    std::string& text = texts_[size_];
    ++size_;
    kept = event;
    text.clear();
    std::size_t bytes = 0;
    event.fields().for_each([&](spoor::FieldId id) { bytes += event.field(id).size(); });
    for (const spoor::ExtraField& extra : event.extra) {
      bytes += extra.name.size() + extra.value.size();
    }
    for (const spoor::OriginalValue& original : event.originals) {
      bytes += original.value.size();
    }
    text.reserve(bytes + 1);  // Views into it must not move.
    const auto keep = [&text](std::string_view value) {
      const std::size_t at = text.size();
      text.append(value);
      return std::string_view(text).substr(at);
    };
    event.fields().for_each([&](spoor::FieldId id) { kept.set(id, keep(event.field(id))); });
    for (spoor::ExtraField& extra : kept.extra) {
      extra.name = keep(extra.name);
      extra.value = keep(extra.value);
    }
    for (spoor::OriginalValue& original : kept.originals) {
      original.value = keep(original.value);
    }
  }

  void on_bad_record(const spoor::Error& /*error*/,
                     std::string_view /*record*/,
                     const spoor::RecordPosition& /*position*/) override {}

  void clear() { size_ = 0; }

  [[nodiscard]] std::size_t size() const { return size_; }

  [[nodiscard]] const Event& operator[](std::size_t at) const { return events_[at]; }

 private:
  std::vector<Event> events_;
  std::vector<std::string> texts_;
  std::size_t size_ = 0;
};

/// Calls `look(batch, events)` for parsed events of [first, last), some at a time.
template <typename Look>
void for_each_batch(spoor::RecordParser& parser,
                    const Log& log,
                    std::size_t first,
                    std::size_t last,
                    const Look& look) {
  Collector events;
  std::size_t batch = 0;
  for (std::size_t i = first; i < last; ++i) {
    const auto& [offset, length] = log.records[i];
    parser.parse({log.bytes.data() + offset, length}, {.input = 0, .offset = offset, .line = 0},
                 events);
    if (events.size() >= kBatch || i + 1 == last) {
      look(batch++, events);
      events.clear();
    }
  }
}

/// One event for each kind in a log: what decides which rules it meets.
std::vector<Event> kinds_in(const Log& log) {
  static std::deque<std::string> channels;  // The events' views.
  std::vector<Event> kinds;
  std::set<std::tuple<spoor::EventType, spoor::Platform, std::string>> seen;
  spoor::RecordParser parser(spoor::Projection{});
  for_each_batch(parser, log, 0, log.records.size(), [&](std::size_t, const Collector& events) {
    for (std::size_t i = 0; i < events.size(); ++i) {
      const std::string channel(events[i].field(spoor::FieldId::channel));
      if (seen.emplace(events[i].type, events[i].platform, channel).second) {
        Event& kind = kinds.emplace_back();
        kind.type = events[i].type;
        kind.platform = events[i].platform;
        kind.set(spoor::FieldId::channel, channels.emplace_back(channel));
      }
    }
  });
  return kinds;
}

Log fleet_log() {
  Log log;
  spoor::bench::Fleet fleet(1);
  for (std::size_t i = 0; i < kFleetEvents; ++i) {
    const std::size_t before = log.bytes.size();
    fleet.append_record(log.bytes);
    log.records.emplace_back(before, log.bytes.size() - before - 1);
  }
  log.distinct = log.records.size();
  log.bytes.append(spoor::RecordParser::kJsonPadding, ' ');
  return log;
}

/// Captures one behind the other, up to kCaptureBytes.
Log captures_log(const std::vector<std::string>& paths) {
  Log log;
  for (const std::string& path : paths) {
    const Log one = spoor::bench::read_log(path);
    // A share of each: some are as long as all others.
    const std::size_t share = std::max<std::size_t>(1, kCaptureBytes / paths.size());
    for (const auto& [offset, length] : one.records) {
      if (offset > share) {
        break;
      }
      log.records.emplace_back(log.bytes.size(), length);
      log.bytes.append(one.bytes, offset, length).push_back('\n');
    }
  }
  log.distinct = log.records.size();
  log.bytes.append(spoor::RecordParser::kJsonPadding, ' ');
  return log;
}

std::vector<std::string> otrf_paths() {
  std::vector<std::string> paths;
  const std::string bundled = std::string(SPOOR_SOURCE_DIR) + "/tests/data/otrf";
  const std::string shared = kShared + "/samples/sysmon/otrf";
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::exists(shared) ? shared : bundled)) {
    if (entry.path().string().ends_with(".ndjson.zst")) {
      paths.push_back(entry.path().string());
    }
  }
  std::ranges::sort(paths);
  return paths;
}

// --- Measurements
// ------------------------------------------------------------------------------------------------

/// One round of the whole line, without its warm-up and what is done once.
double run_pipeline(const RuleSet& rules,
                    const std::vector<Event>& kinds,
                    const Log& log,
                    std::size_t& findings) {
  spoor::Pipeline pipeline(rules, {});
  for (const Event& kind : kinds) {
    pipeline.prepare(kind);
  }
  const std::size_t warm = log.records.size() / 4;
  double start = 0;
  for (std::size_t i = 0; i < log.records.size(); ++i) {
    if (i == warm) {
      start = cpu_seconds();
    }
    const auto& [offset, length] = log.records[i];
    pipeline.take({log.bytes.data() + offset, length}, {.input = 0, .offset = offset, .line = i});
  }
  pipeline.settle();
  const double seconds = cpu_seconds() - start;
  findings = pipeline.correlator().match_count();
  return seconds;
}

/// One round of the matcher alone, on events after the warm-up.
struct MatchRound {
  double seconds = 0;
  std::size_t events = 0;
  std::size_t hits = 0;
  std::size_t allocations_without_hits = 0;
};

MatchRound run_matcher(Matcher& matcher, spoor::RecordParser& parser, const Log& log) {
  MatchRound round;
  std::vector<std::size_t> hits;
  hits.reserve(1'024);
  const std::size_t warm = log.records.size() / 4;
  const auto match_batch = [&](std::size_t /*batch*/, const Collector& events) {
    const double start = cpu_seconds();
    for (std::size_t i = 0; i < events.size(); ++i) {
      hits.clear();
      const std::size_t before = allocations;
      matcher.match(events[i], hits, nullptr, nullptr,
                    matcher.needs_everything(events[i]) ? spoor::Keywords::possible
                                                        : spoor::Keywords::ruled_out);
      round.hits += hits.size();
      round.allocations_without_hits += hits.empty() ? allocations - before : 0;
    }
    round.seconds += cpu_seconds() - start;
    round.events += events.size();
  };
  for_each_batch(parser, log, 0, warm, match_batch);
  round = {};
  for_each_batch(parser, log, warm, log.records.size(), match_batch);
  return round;
}

/// Indexed and plain on the same events: seconds of each, and whether they agreed.
struct TwinRound {
  double indexed = 0;
  double plain = 0;
  bool same = true;
};

TwinRound run_twins(Matcher& matcher, Matcher& plain, spoor::RecordParser& parser, const Log& log) {
  TwinRound round;
  std::vector<std::vector<std::size_t>> hits(kBatch * 4);
  std::vector<std::size_t> plain_hits;
  for_each_batch(parser, log, 0, log.records.size(),
                 [&](std::size_t batch, const Collector& events) {
                   if (hits.size() < events.size()) {
                     hits.resize(events.size());
                   }
                   const bool counted = batch % kPlainEvery == 0;
                   const double start = cpu_seconds();
                   for (std::size_t i = 0; i < events.size(); ++i) {
                     hits[i].clear();
                     matcher.match(events[i], hits[i]);
                   }
                   const double between = cpu_seconds();
                   if (!counted) {
                     return;
                   }
                   for (std::size_t i = 0; i < events.size(); ++i) {
                     plain_hits.clear();
                     plain.match_plainly(events[i], plain_hits);
                     round.same = round.same && plain_hits == hits[i];
                   }
                   round.indexed += between - start;
                   round.plain += cpu_seconds() - between;
                 });
  return round;
}

void show_rules(const RuleSet& rules, const Matcher& matcher) {
  const std::vector<spoor::RuleCost>& costs = matcher.costs();
  std::vector<std::size_t> order(costs.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    order[i] = i;
  }
  for (const int by : {0, 1, 2}) {
    std::ranges::stable_sort(order, std::ranges::greater(), [&](std::size_t rule) {
      return by == 0 ? costs[rule].candidates : by == 1 ? costs[rule].tests : costs[rule].hits;
    });
    std::printf("%s: per 1,000 events candidates, tests, hits\n", by == 0   ? "candidates"
                                                                  : by == 1 ? "tests"
                                                                            : "hits");
    const auto part = [&](std::size_t count) {
      return 1000.0 * static_cast<double>(count) / static_cast<double>(matcher.events());
    };
    for (std::size_t i = 0; i < std::min<std::size_t>(20, order.size()); ++i) {
      const spoor::RuleCost& cost = costs[order[i]];
      std::printf("  %7.1f %7.1f %7.1f  %-60.60s | %s\n", part(cost.candidates), part(cost.tests),
                  part(cost.hits), rules.detections[order[i]].meta.title.c_str(),
                  matcher.witness_text(order[i]).substr(0, 100).c_str());
    }
  }
}

/// Only the process creations of a log, for the cost of more rules.
Log creations_of(const Log& log) {
  Log some;
  for (const auto& [offset, length] : log.records) {
    const std::string_view record = std::string_view(log.bytes).substr(offset, length);
    if (record.find(R"("EventID":1,)") != std::string_view::npos &&
        record.find("Microsoft-Windows-Sysmon") != std::string_view::npos) {
      some.records.emplace_back(some.bytes.size(), length);
      some.bytes.append(record).push_back('\n');
    }
  }
  some.bytes.append(spoor::RecordParser::kJsonPadding, ' ');
  return some;
}

bool bench(const char* name, const Log& log, const RuleSet& rules) {
  const RuleSet none;
  const RuleSet once = category_rules(rules, "process_creation", 1);
  const RuleSet thrice = category_rules(rules, "process_creation", 3);
  const Log creations = creations_of(log);
  const std::vector<Event> kinds = kinds_in(log);
  Matcher matcher = Matcher::create(rules, nullptr);
  Matcher twin = Matcher::create(rules, nullptr);
  Matcher plain = Matcher::create(rules, nullptr);
  Matcher of_once = Matcher::create(once, nullptr);
  Matcher of_thrice = Matcher::create(thrice, nullptr);
  spoor::RecordParser parser(spoor::projection_of(rules));
  std::vector<double> empty_line;
  std::vector<double> full_line;
  std::vector<double> alone;
  std::vector<double> indexed;
  std::vector<double> plainly;
  std::vector<double> seconds_once;
  std::vector<double> seconds_thrice;
  std::size_t findings = 0;
  MatchRound last;
  bool same = true;
  for (int round = 0; round < kRounds; ++round) {
    empty_line.push_back(run_pipeline(none, kinds, log, findings));
    full_line.push_back(run_pipeline(rules, kinds, log, findings));
    last = run_matcher(matcher, parser, log);
    alone.push_back(last.seconds);
    const TwinRound twins = run_twins(twin, plain, parser, log);
    indexed.push_back(twins.indexed);
    plainly.push_back(twins.plain);
    same = same && twins.same;
    seconds_once.push_back(run_matcher(of_once, parser, creations).seconds);
    seconds_thrice.push_back(run_matcher(of_thrice, parser, creations).seconds);
  }
  const auto events = static_cast<double>(last.events);
  const auto per_event = [&](const std::vector<double>& seconds) {
    return median(seconds) / events * 1e9;
  };
  std::size_t candidates = 0;
  std::size_t tests = 0;
  for (const spoor::RuleCost& cost : matcher.costs()) {
    candidates += cost.candidates;
    tests += cost.tests;
  }
  const auto matched = static_cast<double>(matcher.events());
  std::printf("%s: %zu events, %zu bytes each on average; %zu rules, %zu matches\n", name,
              log.records.size(), log.bytes.size() / log.records.size(), rules.detections.size(),
              findings);
  std::printf("  line without rules       %8.0f ns/event\n", per_event(empty_line));
  std::printf("  line with rules          %8.0f ns/event   %.3f x the rate without\n",
              per_event(full_line), median_ratio(empty_line, full_line));
  std::printf("  matcher alone            %8.0f ns/event   %.3f x the rate without, if added\n",
              per_event(alone), 1 / (1 + median_ratio(alone, empty_line)));
  std::printf("  plain / indexed          %8.1f            hits %s\n",
              median_ratio(plainly, indexed), same ? "identical" : "DIFFER");
  if (creations.records.size() > kBatch) {
    std::printf("  process_creation, 3x the rules (%zu): %.2f x the cost, of %.0f ns/event\n",
                thrice.detections.size(), median_ratio(seconds_thrice, seconds_once),
                median(seconds_once) / static_cast<double>(creations.records.size()) / 0.75 * 1e9);
  }
  std::printf(
      "  per event: %.3f candidates, %.3f tests, %.4f hits; %zu allocations in %zu events\n",
      static_cast<double>(candidates) / matched, static_cast<double>(tests) / matched,
      static_cast<double>(last.hits) / events, last.allocations_without_hits, last.events);
  return same;
}

/// What making the matcher costs, and how large its index is.
void bench_build(const RuleSet& rules) {
  std::vector<double> compile;
  std::vector<double> build;
  std::size_t bytes = 0;
  for (int round = 0; round < kRounds; ++round) {
    const double start = cpu_seconds();
    Matcher matcher = Matcher::create(rules, nullptr);
    const double compiled = cpu_seconds();
    matcher.build_indexes();
    compile.push_back(compiled - start);
    build.push_back(cpu_seconds() - compiled);
    bytes = matcher.index_bytes();
  }
  std::printf("%zu rules: compiled in %.3f s, indexed in %.3f s, %.2f MB\n",
              rules.detections.size(), median(compile), median(build),
              static_cast<double>(bytes) / 1e6);
}

/// Distinct command lines without end: what is kept must not grow.
void bench_memory(const RuleSet& rules, std::size_t count) {
  Matcher matcher = Matcher::create(rules, nullptr);
  Event event;
  event.type = spoor::EventType::process_creation;
  event.source = spoor::Source::sysmon;
  event.platform = spoor::Platform::windows;
  event.set(spoor::FieldId::channel, "Microsoft-Windows-Sysmon/Operational");
  event.set(spoor::FieldId::image, R"(C:\Windows\System32\cmd.exe)");
  std::vector<std::size_t> hits;
  hits.reserve(1'024);
  std::string text;
  for (std::size_t i = 1; i <= count; ++i) {
    const std::string number = std::to_string(i * 0x9E3779B1U);
    text.assign(R"(cmd.exe /c "C:\Users\u)").append(number).append(R"(\AppData\run.cmd" )");
    text.append(number).append(number);
    event.set(spoor::FieldId::command_line, text);
    hits.clear();
    matcher.match(event, hits);
    const bool shown = i == 1'000 || i == 10'000 || i == 100'000 || i == 1'000'000 || i == count;
    if (shown) {
      std::printf("%9zu distinct command lines: %.3f MB held\n", i,
                  static_cast<double>(live_bytes) / 1e6);
    }
  }
}

Log log_of(const std::string& name) {
  if (name == "fleet") {
    return fleet_log();
  }
  if (name == "creations") {
    return creations_of(fleet_log());
  }
  return captures_log(name == "otrf" ? otrf_paths() : std::vector<std::string>{name});
}

std::size_t number_or(const std::vector<std::string>& arguments,
                      std::size_t at,
                      std::size_t otherwise) {
  if (at < arguments.size()) {
    const std::string& text = arguments[at];
    std::from_chars(text.data(), text.data() + text.size(), otherwise);
  }
  return otherwise;
}

/// Shows the rules' costs of one round, or matches round after round.
void match_only(const RuleSet& rules, const std::vector<std::string>& arguments, bool show) {
  const Log log = log_of(arguments[1]);
  const std::size_t times = number_or(arguments, 3, 0);
  const RuleSet some =
      times == 0 ? rules : category_rules(rules, "process_creation", static_cast<int>(times));
  Matcher matcher = Matcher::create(some, nullptr);
  spoor::RecordParser parser(spoor::projection_of(rules));
  const std::size_t rounds = number_or(arguments, 2, show ? 1 : 20);
  for (std::size_t round = 0; round < rounds; ++round) {
    const MatchRound one = run_matcher(matcher, parser, log);
    std::printf("%.0f ns/event\n", one.seconds / static_cast<double>(one.events) * 1e9);
  }
  if (show) {
    show_rules(some, matcher);
  }
}

void line_only(const RuleSet& rules, const std::vector<std::string>& arguments) {
  const Log log = log_of(arguments[1]);
  const std::vector<Event> kinds = kinds_in(log);
  const std::size_t rounds = number_or(arguments, 2, 5);
  std::size_t findings = 0;
  for (std::size_t round = 0; round < rounds; ++round) {
    static_cast<void>(run_pipeline(rules, kinds, log, findings));
  }
}

bool bench_all(const RuleSet& rules, const std::vector<std::string>& names) {
  bench_build(rules);
  bool good = true;
  for (const std::string& name : names) {
    good = bench(name.c_str(), log_of(name), rules) && good;
  }
  if (names.empty()) {
    good = bench("fleet", fleet_log(), rules) && good;
    good = bench("OTRF", captures_log(otrf_paths()), rules) && good;
  }
  return good;
}

}  // namespace

int main(int argc, char** argv) {
  const RuleSet rules = sysmon_rules();
  if (rules.detections.empty()) {
    std::printf("skipped: no SigmaHQ rules in %s/sigma\n", kShared.c_str());
    return 0;
  }
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const std::string first = arguments.empty() ? "" : arguments[0];
  const bool named = arguments.size() >= 2;
  if (first == "--memory") {
    bench_memory(rules, number_or(arguments, 1, 10'000'000));
    return 0;
  }
  if (named && (first == "--only" || first == "--rules")) {
    match_only(rules, arguments, first == "--rules");
    return 0;
  }
  if (named && first == "--line") {
    line_only(rules, arguments);
    return 0;
  }
  return bench_all(rules, arguments) ? 0 : 1;
}
