#include "engine/rule/unchanged_rules.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

namespace spoor {
namespace {

/// What has to be the same. The logic hash of a correlation holds those of its steps, not their
/// ids: a step that now is another rule that says the same has hits of its own.
struct Identity {
  std::string_view id;
  std::string_view logic_hash;
  /// (the step's rule, relation, is it the anchor?), sorted: the order of steps means nothing.
  std::vector<std::tuple<std::string_view, Relation, bool>> steps;

  friend auto operator<=>(const Identity&, const Identity&) = default;
};

Identity identity_of(const DetectionRule& rule, const RuleSet& /*rules*/) {
  return {.id = rule.meta.id, .logic_hash = rule.meta.logic_hash, .steps = {}};
}

Identity identity_of(const CorrelationRule& rule, const RuleSet& rules) {
  Identity identity{.id = rule.meta.id, .logic_hash = rule.meta.logic_hash, .steps = {}};
  for (std::size_t step = 0; step < rule.steps.size(); ++step) {
    const CorrelationStep& listed = rule.steps[step];
    identity.steps.emplace_back(rules.detections[listed.rule].meta.id, listed.relation,
                                step == rule.anchor);
  }
  std::ranges::sort(identity.steps);
  return identity;
}

/// The rules that it lists in their order, for a sequence is one; of a firing's own rules the logic
/// hash tells.
Identity identity_of(const WindowCorrelation& rule, const RuleSet& rules) {
  Identity identity{.id = rule.meta.id, .logic_hash = rule.meta.logic_hash, .steps = {}};
  for (const ListedRule& listed : rule.rules) {
    const RuleMeta& meta = listed.is_correlation ? rules.window_correlations[listed.index].meta
                                                 : rules.detections[listed.index].meta;
    identity.steps.emplace_back(meta.id, Relation::self, listed.is_correlation);
  }
  return identity;
}

template <typename Rule>
std::vector<std::optional<std::size_t>> unchanged(const std::vector<Rule>& before,
                                                  const RuleSet& set_before,
                                                  const std::vector<Rule>& after,
                                                  const RuleSet& set_after) {
  std::map<Identity, std::size_t> known;
  for (std::size_t rule = 0; rule < before.size(); ++rule) {
    known.emplace(identity_of(before[rule], set_before), rule);
  }
  std::vector<std::optional<std::size_t>> same;
  same.reserve(after.size());
  for (const Rule& rule : after) {
    const auto found = known.find(identity_of(rule, set_after));
    same.push_back(found == known.end() ? std::nullopt : std::optional(found->second));
  }
  return same;
}

}  // namespace

UnchangedRules unchanged_rules(const RuleSet& before, const RuleSet& after) {
  return {.detections = unchanged(before.detections, before, after.detections, after),
          .correlations = unchanged(before.correlations, before, after.correlations, after),
          .window_correlations =
              unchanged(before.window_correlations, before, after.window_correlations, after)};
}

template <typename Rule>
Uid identity_uid(const Rule& rule, const RuleSet& rules) {
  const Identity identity = identity_of(rule, rules);
  UidBuilder builder;
  builder.add(identity.id).add(identity.logic_hash);
  for (const auto& [id, relation, is_marked] : identity.steps) {
    builder.add(id).add(static_cast<std::uint64_t>(relation)).add(is_marked ? 1U : 0U);
  }
  return builder.finish();
}

template Uid identity_uid(const DetectionRule&, const RuleSet&);
template Uid identity_uid(const CorrelationRule&, const RuleSet&);
template Uid identity_uid(const WindowCorrelation&, const RuleSet&);

}  // namespace spoor
