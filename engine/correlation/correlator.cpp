#include "engine/correlation/correlator.h"

#include <algorithm>
#include <utility>

#include <boost/unordered/unordered_flat_map.hpp>

#include "engine/correlation/build_finding.h"
#include "engine/correlation/feeds.h"
#include "engine/correlation/host_state.h"
#include "engine/correlation/lineage_match.h"
#include "engine/correlation/plain_matches.h"

namespace spoor {
namespace {

std::vector<KeptField> keep_fields(const std::vector<MatchedField>& matched) {
  std::vector<KeptField> kept;
  kept.reserve(matched.size());
  for (const MatchedField& field : matched) {
    kept.push_back({.name = std::string(field.field),
                    .value = std::string(field.value),
                    .test = std::string(field.test),
                    .form = field.form});
  }
  return kept;
}

/// An event on its way in, with what explains its hits. What is kept of it is copied once.
class TakenEvent {
 public:
  TakenEvent(const Event& event, bool duplicate, Matcher& matcher, const Lineage* lineage)
      : event_(event), duplicate_(duplicate), matcher_(matcher), lineage_(lineage) {}

  [[nodiscard]] const Event& event() const { return event_; }

  [[nodiscard]] bool is_duplicate() const { return duplicate_; }

  [[nodiscard]] Hit hit(std::size_t rule) {
    if (!kept_) {
      kept_ = keep_event(event_);
    }
    return {.event = kept_, .matched = keep_fields(matcher_.explain(rule, event_, lineage_))};
  }

 private:
  const Event& event_;
  bool duplicate_;
  Matcher& matcher_;
  const Lineage* lineage_;
  std::shared_ptr<const KeptEvent> kept_;
};

}  // namespace

struct Correlator::Impl {
  explicit Impl(const RuleSet& rule_set)
      : rules(&rule_set), feeds(rule_set), plain(rule_set.detections.size()) {}

  HostState& host_of(std::string_view key) {
    const auto known = hosts.find(key);
    if (known != hosts.end()) {
      return *known->second;
    }
    auto host = std::make_unique<HostState>();
    host->key = key;
    return *hosts.emplace(std::string(key), std::move(host)).first->second;
  }

  void keep_step_hit(HostState& host,
                     std::size_t rule,
                     const Feed& feed,
                     ProcessIndex process,
                     TakenEvent& taken) {
    HitSet& set = host.hits[{.number = feed.number, .process = process}];
    const Event& event = taken.event();
    if (!set.wants(event.order_key(), event.record, taken.is_duplicate())) {
      return;
    }
    set.add(taken.hit(rule));
    host.note_hit_below(process);
    for (const FedStep& fed : feed.steps) {
      const CorrelationRule& correlation = rules->correlations[fed.correlation];
      if (fed.step == correlation.anchor) {
        host.add_anchor(feeds.number_of(fed.correlation), process);
      }
      const Relation relation = correlation.steps[fed.step].relation;
      if (relation == Relation::parent) {
        host.marked_above.insert(process);
      } else if (relation == Relation::sibling) {
        host.mark_beside(process);
      }
    }
    host.mark_line(process);
  }

  void keep_plain_hit(std::size_t rule, TakenEvent& taken) {
    const Event& event = taken.event();
    bool beyond = false;
    const bool wanted = plain[rule].wants(event.order_key(), event.record, &beyond);
    stats.matches_beyond_limit += beyond && !taken.is_duplicate() ? 1U : 0U;
    if (wanted) {
      plain[rule].add(taken.hit(rule));
    }
  }

  [[nodiscard]] LineageRule lineage_rule(CorrelationNumber number) const {
    return {.rules = rules, .feeds = &feeds, .index = feeds.correlation_of(number)};
  }

  void settle(HostState& host) {
    host.mark_children();
    for (const AtProcess& place : host.marked) {
      evaluate(host, place);
    }
    host.marked.clear();
  }

  void evaluate(HostState& host, const AtProcess& place) {
    ++stats.evaluations;
    if (holds_at(host, lineage_rule(place.number), place.process)) {
      host.matches.insert(place);
    } else {
      host.matches.erase(place);
    }
  }

  [[nodiscard]] Finding plain_finding(const DetectionRule& rule, const Hit& hit) const {
    const KeptEvent& event = *hit.event;
    const HostState& host = *hosts.find(event.host)->second;
    MatchView match;
    match.rule = &rule.meta;
    match.level = rule.meta.level;
    match.host_key = host.key;
    match.hostname = host.hostname;
    match.anchor = host.graph.find(event.actor);
    match.anchor_uid = event.order.uid;
    const std::string_view step = rule.meta.name.empty() ? rule.meta.title : rule.meta.name;
    match.evidence.push_back({.hit = &hit, .rule = &rule, .step = step, .required = true});
    match.evidence_total = 1;
    return build_finding(match, host.graph);
  }

  void replace_rules(const RuleSet& following) {
    const UnchangedRules unchanged = unchanged_rules(*rules, following);
    Feeds following_feeds = feeds.followed_by(following, unchanged);
    std::vector<PlainMatches> following_plain(following.detections.size());
    // From here on nothing can fail.
    for (std::size_t rule = 0; rule < following_plain.size(); ++rule) {
      if (unchanged.detections[rule] && following.detections[rule].makes_finding) {
        following_plain[rule] = std::move(plain[*unchanged.detections[rule]]);
      }
    }
    for (auto& [key, host] : hosts) {
      host->forget_others(following_feeds);
    }
    plain = std::move(following_plain);
    feeds = std::move(following_feeds);
    rules = &following;
  }

  const RuleSet* rules;
  Feeds feeds;
  std::vector<PlainMatches> plain;  ///< By detection rule.
  boost::
      unordered_flat_map<std::string, std::unique_ptr<HostState>, SeededTextHash, std::equal_to<>>
          hosts;
  CorrelatorStats stats;
};

Correlator::Correlator(const RuleSet& rules) : impl_(std::make_unique<Impl>(rules)) {}

Correlator::~Correlator() = default;
Correlator::Correlator(Correlator&&) noexcept = default;
Correlator& Correlator::operator=(Correlator&&) noexcept = default;

void Correlator::take(const Event& event,
                      const std::vector<std::size_t>& hits,
                      bool duplicate,
                      Matcher& matcher,
                      const Lineage* lineage) {
  HostState& host = impl_->host_of(event.host);
  if (better_hostname(event.hostname, host.hostname)) {
    host.hostname = event.hostname;
  }
  const GraphChange change = host.graph.apply(event);
  for (const ProcessIndex process : change.relinked) {
    if (process != kNoProcess) {
      host.relinked(process, impl_->feeds.looks_up(), impl_->feeds.looks_sideways());
    }
  }
  if (change.left_parent != kNoProcess) {
    host.mark_line(change.left_parent);
    if (impl_->feeds.looks_sideways()) {
      host.marked_above.insert(change.left_parent);
      host.mark_cycle(change.left_parent, change.actor);
    }
  }
  TakenEvent taken(event, duplicate, matcher, lineage);
  for (const std::size_t rule : hits) {
    impl_->stats.hits += duplicate ? 0U : 1U;
    if (change.actor != kNoProcess) {
      for (const Feed& feed : impl_->feeds.of_detection(rule)) {
        impl_->keep_step_hit(host, rule, feed, change.actor, taken);
      }
    }
    if (impl_->rules->detections[rule].makes_finding) {
      impl_->keep_plain_hit(rule, taken);
    }
  }
}

void Correlator::replace_rules(const RuleSet& rules) {
  impl_->replace_rules(rules);
}

void Correlator::settle() {
  for (auto& [key, host] : impl_->hosts) {
    impl_->settle(*host);
  }
}

void Correlator::settle_all() {
  for (auto& [key, host] : impl_->hosts) {
    host->marked.clear();
    host->marked_above.clear();
    host->matches.clear();
    for (const auto& [process, correlations] : host->anchors) {
      for (const CorrelationNumber correlation : correlations) {
        impl_->evaluate(*host, {.number = correlation, .process = process});
      }
    }
  }
}

std::vector<Finding> Correlator::findings() const {
  std::vector<Finding> findings;
  for (const auto& [key, host] : impl_->hosts) {
    for (const AtProcess& match : host->matches) {
      findings.push_back(lineage_finding(*host, impl_->lineage_rule(match.number), match.process));
    }
  }
  for (std::size_t rule = 0; rule < impl_->plain.size(); ++rule) {
    for (const auto& [order, hit] : impl_->plain[rule].by_order()) {
      findings.push_back(impl_->plain_finding(impl_->rules->detections[rule], hit));
    }
  }
  std::ranges::sort(findings, canonical_less);
  return findings;
}

std::size_t Correlator::match_count() const {
  std::size_t count = 0;
  for (const auto& [key, host] : impl_->hosts) {
    count += host->matches.size();
  }
  for (const auto& matches : impl_->plain) {
    count += matches.size();
  }
  return count;
}

const CorrelatorStats& Correlator::stats() const {
  return impl_->stats;
}

std::size_t Correlator::hits_beyond_limit() const {
  std::size_t count = 0;
  for (const auto& [key, host] : impl_->hosts) {
    for (const auto& [place, set] : host->hits) {
      count += set.total() - set.hits().size();
    }
  }
  return count;
}

std::size_t Correlator::host_count() const {
  return impl_->hosts.size();
}

std::size_t Correlator::process_count() const {
  std::size_t count = 0;
  for (const auto& [key, host] : impl_->hosts) {
    count += host->graph.size();
  }
  return count;
}

std::size_t Correlator::refused_processes() const {
  std::size_t count = 0;
  for (const auto& [key, host] : impl_->hosts) {
    count += host->graph.refused();
  }
  return count;
}

const ProcessGraph* Correlator::graph(std::string_view host) const {
  const auto known = impl_->hosts.find(host);
  return known == impl_->hosts.end() ? nullptr : &known->second->graph;
}

std::string_view Correlator::hostname(std::string_view host) const {
  const auto known = impl_->hosts.find(host);
  return known == impl_->hosts.end() ? std::string_view() : known->second->hostname;
}

std::vector<std::string> Correlator::hosts() const {
  std::vector<std::string> keys;
  for (const auto& [key, host] : impl_->hosts) {
    keys.push_back(key);
  }
  std::ranges::sort(keys);
  return keys;
}

}  // namespace spoor
