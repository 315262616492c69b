#include "cli/rule_choice.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/base/text.h"
#include "engine/rule/diagnostic.h"

namespace spoor {
namespace {

constexpr std::size_t kNamedMax = 5;

std::vector<RuleChoice> all_rules(const RuleSet& rules) {
  std::vector<RuleChoice> all;
  for (std::size_t i = 0; i < rules.detections.size(); ++i) {
    all.push_back({.kind = RuleKind::detection, .index = i});
  }
  for (std::size_t i = 0; i < rules.correlations.size(); ++i) {
    all.push_back({.kind = RuleKind::lineage, .index = i});
  }
  for (std::size_t i = 0; i < rules.window_correlations.size(); ++i) {
    all.push_back({.kind = RuleKind::window, .index = i});
  }
  return all;
}

/// "threecx_running (1c0b…)".
std::string name_of(const RuleMeta& meta) {
  const std::string& name = meta.name.empty() ? meta.title : meta.name;
  return escape_for_terminal(name) +
         (meta.id.empty() ? "" : " (" + escape_for_terminal(meta.id) + ")");
}

std::string list_of(const RuleSet& rules, const std::vector<RuleChoice>& choices) {
  std::string list;
  for (std::size_t i = 0; i < std::min(choices.size(), kNamedMax); ++i) {
    list += (i == 0 ? "" : ", ") + name_of(meta_of(rules, choices[i]));
  }
  return list + (choices.size() > kNamedMax
                     ? " and " + std::to_string(choices.size() - kNamedMax) + " more"
                     : "");
}

/// What may have been meant: rules whose texts hold the word, else the one that is spelt alike.
std::string hint(const RuleSet& rules, std::string_view called) {
  const std::string wanted = to_lower_ascii(called);
  std::vector<RuleChoice> like;
  std::vector<std::string_view> texts;
  for (const RuleChoice& choice : all_rules(rules)) {
    const RuleMeta& meta = meta_of(rules, choice);
    if (to_lower_ascii(meta.name + "\n" + meta.title).find(wanted) != std::string::npos) {
      like.push_back(choice);
    }
    texts.insert(texts.end(), {meta.id, meta.name, meta.title});
  }
  if (!like.empty() && !wanted.empty()) {
    return "; there is " + list_of(rules, like);
  }
  std::erase(texts, std::string_view());
  const std::string_view near = nearest(called, texts);
  return near.empty() ? "; 'spoor rules list' shows what there is"
                      : "; did you mean '" + escape_for_terminal(near) + "'?";
}

/// The rules that a window correlation lists, and those that they list.
void add_listed(const RuleSet& rules,
                std::size_t window,
                std::set<std::size_t>& windows,
                std::set<std::size_t>& detections) {
  windows.insert(window);
  for (const ListedRule& listed : rules.window_correlations[window].rules) {
    if (!listed.is_correlation) {
      detections.insert(listed.index);
    } else if (!windows.contains(listed.index)) {
      add_listed(rules, listed.index, windows, detections);
    }
  }
}

}  // namespace

const RuleMeta& meta_of(const RuleSet& rules, const RuleChoice& choice) {
  switch (choice.kind) {
    case RuleKind::lineage: return rules.correlations[choice.index].meta;
    case RuleKind::window: return rules.window_correlations[choice.index].meta;
    case RuleKind::detection: break;
  }
  return rules.detections[choice.index].meta;
}

Result<RuleChoice> choose_rule(const RuleSet& rules, std::string_view called) {
  std::vector<RuleChoice> exact;
  std::vector<RuleChoice> begin_so;
  for (const RuleChoice& choice : all_rules(rules)) {
    const RuleMeta& meta = meta_of(rules, choice);
    const auto is_called = [called](std::string_view text) {
      return !text.empty() && equals_ignore_case_ascii(text, called);
    };
    if (is_called(meta.id) || is_called(meta.name) || is_called(meta.title)) {
      exact.push_back(choice);
    } else if (!called.empty() && is_called(std::string_view(meta.id).substr(0, called.size()))) {
      begin_so.push_back(choice);
    }
  }
  const std::vector<RuleChoice>& found = exact.empty() ? begin_so : exact;
  const std::string shown = "'" + escape_for_terminal(called) + "'";
  if (found.empty()) {
    return fail(ErrorCode::bad_usage,
                "no rule has the id, name or title " + shown + hint(rules, called));
  }
  if (found.size() > 1) {
    return fail(ErrorCode::bad_usage,
                shown + " may be any of several rules: " + list_of(rules, found));
  }
  return found.front();
}

RuleAlone with_listed(const RuleSet& rules, const RuleChoice& choice) {
  std::set<std::size_t> windows;
  std::set<std::size_t> detections;
  switch (choice.kind) {
    case RuleKind::detection: detections.insert(choice.index); break;
    case RuleKind::lineage:
      for (const CorrelationStep& step : rules.correlations[choice.index].steps) {
        detections.insert(step.rule);
      }
      break;
    case RuleKind::window: add_listed(rules, choice.index, windows, detections); break;
  }
  RuleAlone alone;
  alone.choice = {.kind = choice.kind, .index = 0};
  std::map<std::size_t, std::size_t> moved;
  for (const std::size_t detection : detections) {
    moved[detection] = alone.rules.detections.size();
    alone.rules.detections.push_back(rules.detections[detection]);
    alone.rules.detections.back().makes_finding = true;
  }
  if (choice.kind == RuleKind::lineage) {
    alone.rules.correlations.push_back(rules.correlations[choice.index]);
    for (CorrelationStep& step : alone.rules.correlations.back().steps) {
      step.rule = moved.at(step.rule);
    }
  }
  std::map<std::size_t, std::size_t> moved_windows;
  for (const std::size_t window : windows) {
    moved_windows[window] = alone.rules.window_correlations.size();
    WindowCorrelation& copy =
        alone.rules.window_correlations.emplace_back(rules.window_correlations[window]);
    copy.makes_finding = window == choice.index;
    for (ListedRule& listed : copy.rules) {
      listed.index =
          listed.is_correlation ? moved_windows.at(listed.index) : moved.at(listed.index);
    }
  }
  if (choice.kind == RuleKind::window) {
    alone.choice.index = moved_windows.at(choice.index);
  }
  return alone;
}

}  // namespace spoor
