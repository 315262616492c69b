// Findings as one STIX 2.1 bundle, for platforms that trade in threat intelligence.
//
// A finding is a sighting, on a host, of an indicator: its rule. What was seen is observed data,
// one for each event, over processes, files, addresses and names. docs/decisions/0054-stix.md says
// why so. No clock and no random: the same findings give the same bytes.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "engine/report/report_finding.h"
#include "engine/report/stix_observables.h"

namespace spoor {

/// The Sigma text of a rule that a finding names, if it is at hand: findings do not hold it.
using RuleText = std::function<std::optional<std::string>(const ReportRule&)>;

class StixBundle {
 public:
  explicit StixBundle(RuleText rule_text);

  /// Several revisions of one finding are several versions of one sighting.
  void add(const ReportFinding& finding);

  /// One JSON document, each of its objects on a line.
  [[nodiscard]] std::string render() const;

  /// Titles of rules whose text was not at hand, sorted.
  [[nodiscard]] const std::set<std::string>& rules_without_text() const { return textless_; }

 private:
  /// One event.
  struct Observation {
    std::string time;
    std::vector<std::string> objects;  ///< Ids, each once.
  };

  /// One revision of a finding. What it refers to is written once all findings are in: only then is
  /// known of which processes there is something to say.
  struct Sighting {
    ReportHead head;
    std::string indicator;  ///< Ids.
    std::string host;
    std::vector<std::string> observations;
  };

  void define(const std::string& id, std::string json);
  std::string add_host(const ReportHead& head);
  std::string add_indicator(const ReportFinding& finding);
  void add_techniques(const ReportHead& head, const std::string& indicator);
  std::vector<std::string> add_events(const ReportFinding& finding);
  [[nodiscard]] std::vector<std::string> writable(const Observation& observation) const;
  [[nodiscard]] std::string render(const Sighting& sighting) const;

  RuleText rule_text_;
  std::vector<std::string> definitions_;  ///< JSON.
  std::set<std::string> defined_;         ///< Ids.
  /// Rule (id, title, logic hash) → id of its indicator.
  std::map<std::tuple<std::string, std::string, std::string>, std::string> indicators_;
  StixObservables observables_;
  std::vector<std::string> observation_order_;
  std::map<std::string, Observation> observations_;
  std::vector<Sighting> sightings_;
  std::set<std::string> textless_;
};

}  // namespace spoor
