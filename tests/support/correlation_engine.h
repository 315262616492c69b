// Detections of a small intrusion, and an engine of matcher and correlator: for tests of what joins
// hits.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/correlation/correlator.h"
#include "engine/finding/render.h"
#include "engine/matcher/matcher.h"
#include "engine/rule/rule.h"

namespace spoor::test {

// Each ends with a separator, so that they can be put together.

inline constexpr const char* kAppActs = R"(title: App acts
id: 10000000-0000-4000-8000-000000000001
name: app
logsource: {product: windows}
detection:
  selection: {Image|endswith: '\app.exe'}
  condition: selection
---
)";

inline constexpr const char* kLooksUp = R"(title: Look-up
id: 10000000-0000-4000-8000-000000000002
name: lookup
logsource: {product: windows, category: dns_query}
detection:
  selection: {QueryName: drop.example}
  condition: selection
---
)";

/// The two in one process tree: needs kAppActs and kLooksUp. `timespan`: "35d".
inline std::string app_looks_up_within(std::string_view timespan) {
  return R"(title: Chain
id: 20000000-0000-4000-8000-000000000001
level: high
correlation:
  type: temporal
  rules: [app, lookup]
  group-by: [process_tree]
  anchor: app
  timespan: )" +
         std::string(timespan) + "\n  condition: app and lookup\n";
}

inline constexpr const char* kStartsShell = R"(title: Shell
id: 10000000-0000-4000-8000-000000000003
name: shell
logsource: {product: windows, category: process_creation}
detection:
  selection: {Image|endswith: '\cmd.exe'}
  condition: selection
---
)";

inline constexpr const char* kWritesFile = R"(title: File
id: 10000000-0000-4000-8000-000000000004
name: file
logsource: {product: windows, category: file_event}
detection:
  selection: {TargetFilename|endswith: .tmp}
  condition: selection
---
)";

/// Feeds events through matcher and correlator.
class CorrelationEngine {
 public:
  /// `rules` must outlive the engine.
  explicit CorrelationEngine(const RuleSet& rules, const CorrelatorOptions& options = {})
      : rules_(rules), matcher_(Matcher::create(rules, nullptr)), correlator_(rules, options) {}

  void take(const Event& event, bool duplicate = false) {
    std::vector<std::size_t> hits;
    matcher_.match(event, hits);
    correlator_.take(event, hits, duplicate, matcher_);
  }

  void take(const std::vector<Event>& events) {
    for (const Event& event : events) {
      take(event);
    }
  }

  /// The rule, by its name, does not hold for the event after all.
  void retract(const Event& event, std::string_view rule) {
    std::vector<std::size_t> rules;
    for (std::size_t i = 0; i < rules_.detections.size(); ++i) {
      if (rules_.detections[i].meta.name == rule) {
        rules.push_back(i);
      }
    }
    correlator_.retract({.host = event.host,
                         .actor = event.actor.key,
                         .order = event.order_key(),
                         .rules = std::move(rules)});
  }

  std::vector<Finding> findings() {
    correlator_.settle();
    return correlator_.findings();
  }

  /// The findings as OCSF, a line each.
  std::string text() {
    std::string all;
    for (const Finding& finding : findings()) {
      all += render_ocsf(finding) + "\n";
    }
    return all;
  }

  Correlator& correlator() { return correlator_; }

  [[nodiscard]] const Correlator& correlator() const { return correlator_; }

 private:
  const RuleSet& rules_;
  Matcher matcher_;
  Correlator correlator_;
};

}  // namespace spoor::test
