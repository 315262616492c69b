#include "cli/rule_test.h"

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <random>

#include "cli/why_not.h"
#include "engine/finding/render.h"
#include "engine/pipeline.h"

namespace spoor {
namespace {

using Records = std::vector<SampleRecord>;
using Order = std::vector<std::size_t>;

/// A rule set of one detection that reports by itself.
RuleSet alone(const DetectionRule& rule) {
  RuleSet set;
  set.detections.push_back(rule);
  set.detections.back().makes_finding = true;
  return set;
}

/// A correlation and the detections that it lists.
RuleSet with_steps(const CorrelationRule& rule, const RuleSet& rules) {
  RuleSet set;
  std::map<std::size_t, std::size_t> moved;  // In the rule set's order, which stays.
  for (const CorrelationStep& step : rule.steps) {
    moved[step.rule] = 0;
  }
  for (auto& [from, to] : moved) {
    to = set.detections.size();
    set.detections.push_back(rules.detections[from]);
    set.detections.back().makes_finding = false;
  }
  set.correlations.push_back(rule);
  for (CorrelationStep& step : set.correlations.back().steps) {
    step.rule = moved.at(step.rule);
  }
  return set;
}

/// What a replay of some records in some order gave.
struct Replay {
  std::vector<Finding> findings;
  std::string dead_letter;  ///< Of the first record that gave no event.
  std::uint64_t dead_line = 0;

  [[nodiscard]] std::string bytes() const {
    std::string text;
    for (const Finding& finding : findings) {
      text += render_ocsf(finding) + "\n";
    }
    return text;
  }
};

Replay replay(const RuleSet& rules, const Records& records, const Order& order) {
  Replay result;
  PipelineOptions options;
  options.on_dead_letter = [&result](const Error& error, std::string_view,
                                     const RecordPosition& position) {
    if (result.dead_letter.empty()) {
      result.dead_letter = std::string(to_string(error.code)) + ": " + error.message;
      result.dead_line = position.line;
    }
  };
  Pipeline pipeline(rules, std::move(options));
  for (const std::size_t index : order) {
    pipeline.take(records[index].text(), {.input = 0, .offset = 0, .line = records[index].line()});
  }
  result.findings = pipeline.findings();
  return result;
}

Order in_order(std::size_t size) {
  Order order(size);
  std::iota(order.begin(), order.end(), std::size_t{0});
  return order;
}

/// Calls `see` with every event of a record.
void each_event(const SampleRecord& record, const std::function<void(const Event&)>& see) {
  class Sink final : public RecordSink {
   public:
    explicit Sink(const std::function<void(const Event&)>& see_event) : see_(see_event) {}

    void on_event(const Event& event) override { see_(event); }

    void on_bad_record(const Error&, std::string_view, const RecordPosition&) override {}

   private:
    const std::function<void(const Event&)>& see_;
  };

  Sink sink(see);
  RecordParser parser(Projection::everything());
  parser.parse(record.text(), {}, sink);
}

std::string line_text(const SampleRecord& record) {
  return "line " + std::to_string(record.line());
}

/// Tries one rule on one sample.
class SampleTest {
 public:
  SampleTest(const RuleSet& rules, SampleResult& result) : rules_(rules), result_(result) {}

  void run() {
    const Result<Records> records = read_sample(result_.sample.path);
    if (!records) {
      fail({"cannot be used: " + records.error().message});
      return;
    }
    result_.records = records->size();
    const Replay plain = replay(rules_, *records, in_order(records->size()));
    if (!plain.dead_letter.empty()) {
      fail({"line " + std::to_string(plain.dead_line) + " gives no event: " + plain.dead_letter});
      return;
    }
    if (rules_.correlations.empty()) {
      judge_each(*records);
    } else {
      judge_whole(*records, plain);
    }
    if (result_.failure.empty()) {
      try_orders(*records, plain.bytes());
    }
  }

 private:
  void fail(std::vector<std::string> lines) { result_.failure = std::move(lines); }

  void judge_each(const Records& records) {
    const DetectionRule& rule = rules_.detections.front();
    for (const SampleRecord& record : records) {
      const std::size_t findings = replay(rules_, {record}, {0}).findings.size();
      if (result_.sample.hit == (findings > 0)) {
        continue;
      }
      std::vector<std::string> lines = {line_text(record) +
                                        (result_.sample.hit ? " does not hit" : " hits")};
      each_event(record, [&](const Event& event) {
        const std::vector<std::string> reasons =
            result_.sample.hit ? why_not(rule, event) : why(rule, event);
        lines.insert(lines.end(), reasons.begin(), reasons.end());
      });
      fail(std::move(lines));
      return;
    }
  }

  void judge_whole(const Records& records, const Replay& plain) {
    const std::size_t want = result_.sample.hit ? result_.sample.findings : 0;
    if (plain.findings.size() == want) {
      return;
    }
    std::vector<std::string> lines = {std::to_string(plain.findings.size()) +
                                      (plain.findings.size() == 1 ? " finding" : " findings") +
                                      ", not " + std::to_string(want)};
    if (plain.findings.size() < want) {
      explain_steps(records, lines);
    } else {
      for (const Finding& finding : plain.findings) {
        explain_finding(finding, lines);
      }
    }
    fail(std::move(lines));
  }

  /// How often each step was hit.
  void explain_steps(const Records& records, std::vector<std::string>& lines) const {
    std::vector<std::size_t> counts(rules_.detections.size(), 0);
    Matcher matcher = Matcher::create(rules_, nullptr);
    std::vector<std::size_t> hits;
    for (const SampleRecord& record : records) {
      each_event(record, [&](const Event& event) {
        hits.clear();
        matcher.match(event, hits);
        for (const std::size_t rule : hits) {
          ++counts[rule];
        }
      });
    }
    const CorrelationRule& rule = rules_.correlations.front();
    std::vector<bool> was_hit;
    for (const CorrelationStep& step : rule.steps) {
      const std::size_t count = counts[step.rule];
      was_hit.push_back(count > 0);
      lines.push_back(
          "step " + step.name + ": " +
          (count == 0 ? "no hit" : std::to_string(count) + (count == 1 ? " hit" : " hits")));
    }
    if (!was_hit[rule.anchor]) {
      lines.push_back("without a hit of the anchor, " + rule.steps[rule.anchor].name +
                      ", there is no finding");
    } else {
      lines.push_back(explain_windows(rule, was_hit));
    }
  }

  /// The condition, were every step that was hit in reach of those that it needs, and out of reach
  /// of those that it forbids.
  static bool could_hold(const StepExpr& expr, const std::vector<bool>& was_hit) {
    const auto one = [&was_hit](const StepExpr& child) { return could_hold(child, was_hit); };
    switch (expr.kind) {
      case StepExpr::Kind::step: return was_hit[expr.step];
      case StepExpr::Kind::negation: return true;
      case StepExpr::Kind::all: return std::ranges::all_of(expr.children, one);
      case StepExpr::Kind::any: return std::ranges::any_of(expr.children, one);
    }
    return false;
  }

  /// Why no window holds, of a rule whose anchor was hit.
  static std::string explain_windows(const CorrelationRule& rule,
                                     const std::vector<bool>& was_hit) {
    if (has_step_condition(rule) && !could_hold(rule.condition, was_hit)) {
      return "the condition needs more steps than were hit";
    }
    if (has_step_condition(rule)) {
      return rule.correlation_class == CorrelationClass::monotone
                 ? "enough steps were hit; relation, anchor, group-by or timespan keep them apart"
                 : "enough steps were hit; relation, anchor, group-by or timespan keep them apart, "
                   "or bring in what the condition forbids";
    }
    if (rule.type != WindowCorrelationType::temporal_ordered) {
      return "in no window the condition holds of what relation, anchor, group-by and timespan "
             "bring together";
    }
    if (std::ranges::find(was_hit, false) != was_hit.end()) {
      return "the sequence needs every step";
    }
    return "every step was hit; their order, relation, anchor, group-by or timespan keep them "
           "apart";
  }

  void explain_finding(const Finding& finding, std::vector<std::string>& lines) const {
    std::string steps;
    for (const CorrelationStep& step : rules_.correlations.front().steps) {
      if (std::ranges::find(finding.evidence, step.name, &FindingEvidence::step) !=
          finding.evidence.end()) {
        steps += (steps.empty() ? "" : ", ") + step.name;
      }
    }
    lines.push_back("on " + (finding.hostname.empty() ? finding.host_key : finding.hostname) +
                    ", by " + steps);
  }

  void try_orders(const Records& records, const std::string& want) {
    for (const Order& order : arrival_orders(records.size())) {
      if (replay(rules_, records, order).bytes() != want) {
        std::string lines;
        for (const std::size_t index : order) {
          lines += (lines.empty() ? "" : " ") + std::to_string(records[index].line());
        }
        fail({"other findings if the lines arrive in the order " + lines,
              "this is a mistake of the program: please report it with the sample"});
        return;
      }
      ++result_.orders;
    }
  }

  const RuleSet& rules_;
  SampleResult& result_;
};

}  // namespace

bool RuleTestResult::passed() const {
  return std::ranges::all_of(samples, [](const SampleResult& one) { return one.failure.empty(); });
}

bool RuleTestResult::has_hit() const {
  return std::ranges::any_of(samples, [](const SampleResult& one) { return one.sample.hit; });
}

bool RuleTestResult::has_near_miss() const {
  return std::ranges::any_of(samples, [](const SampleResult& one) { return !one.sample.hit; });
}

RuleTestResult test_rule(const RuleCatalog& catalog,
                         const CatalogEntry& entry,
                         const std::vector<SampleFile>& samples) {
  const CorrelationRule* correlation = catalog.correlation(entry);
  const RuleSet rules = correlation == nullptr ? alone(*catalog.detection(entry))
                                               : with_steps(*correlation, catalog.loaded.rules);
  RuleTestResult result;
  for (const SampleFile& sample : samples) {
    SampleResult& one = result.samples.emplace_back();
    one.sample = sample;
    SampleTest(rules, one).run();
  }
  return result;
}

std::vector<std::vector<std::size_t>> arrival_orders(std::size_t size) {
  std::vector<Order> orders;
  const Order plain = in_order(size);
  Order order = plain;
  if (size <= kAllOrdersMax) {
    while (std::ranges::next_permutation(order).found) {
      orders.push_back(order);
    }
  } else {
    for (std::uint32_t seed = 0; seed < kRandomOrders; ++seed) {
      // Not std::shuffle: what it makes of a seed is the library's choice.
      std::mt19937 random(seed);
      for (std::size_t i = size - 1; i > 0; --i) {
        std::swap(order[i], order[random() % (i + 1)]);
      }
      orders.push_back(order);
    }
    orders.emplace_back(plain.rbegin(), plain.rend());
  }
  order = plain;
  order.insert(order.end(), plain.begin(), plain.end());
  orders.push_back(std::move(order));
  return orders;
}

}  // namespace spoor
