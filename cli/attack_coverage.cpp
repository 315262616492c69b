#include "cli/attack_coverage.h"

#include <algorithm>
#include <set>

#include "cli/can_fire.h"
#include "cli/text_table.h"
#include "engine/finding/attack.h"
#include "engine/finding/attack_table.h"
#include "engine/finding/json_writer.h"

namespace spoor {
namespace {

constexpr std::size_t kTechniqueLength = 5;  // "T1574"
/// Titles in a comment: the Navigator shows them all in one tooltip.
constexpr std::size_t kTitlesShown = 20;

/// The uids of the tactics that a technique serves.
std::vector<std::string> tactics_of(const std::string& technique) {
  std::vector<std::string> tactics;
  const auto row = std::ranges::lower_bound(technique_table(), technique, {}, &TechniqueRow::uid);
  std::string_view rest = row->tactics;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    tactics.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return tactics;
}

void add_rule(const CatalogEntry& entry, AttackCoverage& coverage) {
  std::set<std::string> techniques;
  std::set<std::string> tactics;
  bool unknown = false;
  for (const Attack& attack : attacks_of(entry.meta.tags)) {
    if (attack.tactic) {
      tactics.insert(attack.tactic->uid);
    }
    for (const std::optional<AttackItem>& item : {attack.technique, attack.sub_technique}) {
      if (item && item->name.empty()) {
        unknown = true;
      } else if (item) {
        techniques.insert(item->uid);
      }
    }
  }
  for (const std::string& technique : techniques) {
    coverage.techniques[technique].push_back(entry.meta.title);
    for (std::string& tactic : tactics_of(technique)) {
      tactics.insert(std::move(tactic));
    }
  }
  for (const std::string& tactic : tactics) {
    ++coverage.rules_by_tactic[tactic];
  }
  coverage.unknown += unknown ? 1U : 0U;
  coverage.untagged += techniques.empty() && tactics.empty() && !unknown ? 1U : 0U;
}

bool is_sub_technique(std::string_view uid) {
  return uid.size() > kTechniqueLength;
}

std::string comment_of(const std::vector<std::string>& titles) {
  std::string comment;
  for (std::size_t i = 0; i < std::min(titles.size(), kTitlesShown); ++i) {
    comment += (i == 0 ? "" : "\n") + titles[i];
  }
  if (titles.size() > kTitlesShown) {
    comment += "\nand " + std::to_string(titles.size() - kTitlesShown) + " more";
  }
  return comment;
}

std::string which_rules(const AttackCoverage& coverage) {
  const std::string where =
      coverage.source ? " on records of " + std::string(to_string(*coverage.source)) : "";
  return std::to_string(coverage.firing) + " of " + std::to_string(coverage.rules) +
         " rules can fire" + where;
}

void write_technique(JsonWriter& json,
                     const std::string& uid,
                     const std::vector<std::string>& titles,
                     bool has_covered_sub) {
  json.begin_object();
  json.text("techniqueID", uid);
  json.number("score", static_cast<std::int64_t>(titles.size()));
  json.text("comment", comment_of(titles));
  json.boolean("enabled", true);
  if (has_covered_sub) {
    json.boolean("showSubtechniques", true);
  }
  json.end_object();
}

struct Covered {
  std::size_t with_rule = 0;
  std::size_t all = 0;

  [[nodiscard]] std::string text() const {
    return all == 0 ? "-" : std::to_string(with_rule) + " of " + std::to_string(all);
  }
};

void count(std::size_t with_rule, Covered& covered) {
  covered.with_rule += with_rule;
  ++covered.all;
}

}  // namespace

AttackCoverage attack_coverage(const RuleCatalog& catalog, std::optional<Source> source) {
  AttackCoverage coverage;
  coverage.source = source;
  coverage.rules = catalog.entries.size();
  for (const CatalogEntry& entry : catalog.entries) {
    if (can_fire(catalog, entry, source)) {
      ++coverage.firing;
      add_rule(entry, coverage);
    }
  }
  return coverage;
}

std::string render_layer(const AttackCoverage& coverage) {
  std::size_t most = 1;  // The gradient needs an upper end above its lower.
  for (const auto& [uid, titles] : coverage.techniques) {
    most = std::max(most, titles.size());
  }
  const std::string_view attack = kAttackVersion;
  JsonWriter json;
  json.begin_object();
  json.text("name", coverage.source ? "Spoor on " + std::string(to_string(*coverage.source))
                                    : std::string("Spoor"));
  json.begin_object("versions");
  json.text("attack", attack.substr(0, attack.find('.')));
  json.text("navigator", "5.2.0");
  json.text("layer", "4.5");
  json.end_object();
  json.text("domain", "enterprise-attack");
  json.text("description", which_rules(coverage) +
                               ". The score of a technique is the number of rules for it and its "
                               "sub-techniques.");
  json.number("sorting", 0);
  json.begin_object("layout");
  json.text("layout", "side");
  json.boolean("showID", true);
  json.boolean("showName", true);
  json.text("expandedSubtechniques", "annotated");
  json.end_object();
  json.boolean("hideDisabled", false);
  json.begin_array("techniques");
  for (auto one = coverage.techniques.begin(); one != coverage.techniques.end(); ++one) {
    const auto next = std::next(one);
    // A map in name order: the first sub-technique follows its technique.
    const bool has_covered_sub =
        next != coverage.techniques.end() && next->first.starts_with(one->first + ".");
    write_technique(json, one->first, one->second, has_covered_sub);
  }
  json.end_array();
  json.begin_object("gradient");
  json.begin_array("colors");
  json.element("#e4f0fb");
  json.element("#0b5cad");
  json.end_array();
  json.number("minValue", 0);
  json.number("maxValue", static_cast<std::int64_t>(most));
  json.end_object();
  json.end_object();
  return json.finish() + "\n";
}

std::string render_coverage(const AttackCoverage& coverage, const TableOptions& options) {
  TextTable table({{.header = "TACTIC", .narrowest = 12},
                   {.header = "TECHNIQUES", .right = true},
                   {.header = "SUB-TECHNIQUES", .right = true},
                   {.header = "RULES", .right = true}});
  std::set<std::string_view> done;
  for (const TacticRow& tactic : tactic_table()) {
    if (!done.insert(tactic.uid).second) {
      continue;  // The same tactic under its name of another release.
    }
    Covered techniques;
    Covered sub_techniques;
    for (const TechniqueRow& row : technique_table()) {
      if (row.tactics.find(tactic.uid) != std::string_view::npos) {
        count(coverage.techniques.count(std::string(row.uid)),
              is_sub_technique(row.uid) ? sub_techniques : techniques);
      }
    }
    const auto rules = coverage.rules_by_tactic.find(std::string(tactic.uid));
    const std::size_t rule_count = rules == coverage.rules_by_tactic.end() ? 0 : rules->second;
    if (techniques.all == 0 && rule_count == 0) {
      continue;  // A tactic of a later release that no rule names.
    }
    const Style style = techniques.with_rule == 0 && rule_count == 0 ? Style::dim : Style::plain;
    table.add({{.text = std::string(tactic.name), .style = style},
               {.text = techniques.text(), .style = style},
               {.text = sub_techniques.text(), .style = style},
               {.text = std::to_string(rule_count), .style = style}});
  }
  std::string text = table.render(options) + "\n" + which_rules(coverage);
  if (coverage.untagged != 0) {
    text += "; " + std::to_string(coverage.untagged) + " of them without a tag of ATT&CK";
  }
  const std::string release = "ATT&CK " + std::string(kAttackVersion);
  if (coverage.unknown != 0) {
    text += "; " + std::to_string(coverage.unknown) + " name techniques that " + release +
            " does not have";
  }
  return text + ".\nTechniques are those of " + release + ".\n";
}

}  // namespace spoor
