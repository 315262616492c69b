#include "cli/rule_profile.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <numeric>
#include <vector>

#include "cli/text_table.h"

namespace spoor {
namespace {

std::string percent(std::size_t part, std::size_t whole) {
  std::array<char, 32> text{};
  const double rate =
      whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
  const int size = std::snprintf(text.data(), text.size(), "%.2f %%", rate);
  return {text.data(), static_cast<std::size_t>(size)};
}

}  // namespace

std::string render_profile(const RuleSet& rules,
                           const Matcher& matcher,
                           std::size_t most,
                           const TableOptions& options) {
  const std::vector<RuleCost>& costs = matcher.costs();
  std::vector<std::size_t> order(costs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  // By id where they cost the same: rules are sorted by it.
  std::ranges::stable_sort(order, std::ranges::greater(),
                           [&costs](std::size_t rule) { return costs[rule].tests; });
  TextTable table({{.header = "RULE", .narrowest = 12},
                   {.header = "EVALUATED", .right = true},
                   {.header = "OF EVENTS", .right = true},
                   {.header = "TESTS", .right = true},
                   {.header = "HELD", .right = true},
                   {.header = "WITNESS", .narrowest = 16}});
  for (const std::size_t rule : order) {
    if (most-- == 0 || costs[rule].candidates == 0) {
      break;
    }
    const RuleMeta& meta = rules.detections[rule].meta;
    table.add({{.text = meta.title.empty() ? meta.id : meta.title},
               {.text = std::to_string(costs[rule].candidates)},
               {.text = percent(costs[rule].candidates, matcher.events())},
               {.text = std::to_string(costs[rule].tests)},
               {.text = std::to_string(costs[rule].hits)},
               {.text = matcher.witness_text(rule), .style = Style::dim}});
  }
  return table.empty() ? "no rule was evaluated\n" : table.render(options);
}

}  // namespace spoor
