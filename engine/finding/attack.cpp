#include "engine/finding/attack.h"

#include <algorithm>
#include <string_view>

#include "engine/base/text.h"
#include "engine/finding/attack_table.h"

namespace spoor {
namespace {

constexpr std::string_view kNamespace = "attack.";
constexpr std::size_t kTechniqueLength = 5;     // "T1574"
constexpr std::size_t kSubTechniqueLength = 9;  // "T1574.001"

bool all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_technique(std::string_view uid) {
  if (uid.size() != kTechniqueLength && uid.size() != kSubTechniqueLength) {
    return false;
  }
  const bool head = uid.front() == 'T' && all_digits(uid.substr(1, kTechniqueLength - 1));
  return head && (uid.size() == kTechniqueLength ||
                  (uid[kTechniqueLength] == '.' && all_digits(uid.substr(kTechniqueLength + 1))));
}

std::string to_upper_ascii(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) {
    c = (c >= 'a' && c <= 'z') ? static_cast<char>(c - ('a' - 'A')) : c;
  }
  return upper;
}

template <typename Row>
const Row* find_by_uid(std::span<const Row> table, std::string_view uid) {
  const auto row = std::ranges::lower_bound(table, uid, {}, &Row::uid);
  return row == table.end() || row->uid != uid ? nullptr : &*row;
}

const TacticRow* find_tactic(std::string_view word) {
  const std::string uid = to_upper_ascii(word);
  for (const TacticRow& row : tactic_table()) {
    if (row.slug == word || row.uid == uid) {
      return &row;
    }
  }
  return nullptr;
}

AttackItem technique_item(std::string_view uid) {
  const TechniqueRow* row = find_by_uid(technique_table(), uid);
  return {.uid = std::string(uid), .name = row == nullptr ? std::string() : std::string(row->name)};
}

/// The tactic to show beside a technique: a tagged one that it serves, or the only one it has.
const TacticRow* tactic_for(const TechniqueRow& technique,
                            const std::vector<const TacticRow*>& tagged) {
  for (const TacticRow* tactic : tagged) {
    // A name of one release is not put beside a technique of another.
    if (tactic->version == kAttackVersion &&
        technique.tactics.find(tactic->uid) != std::string_view::npos) {
      return tactic;
    }
  }
  return technique.tactics.find(' ') == std::string_view::npos
             ? find_tactic(to_lower_ascii(technique.tactics))
             : nullptr;
}

Attack technique_attack(std::string_view uid, const std::vector<const TacticRow*>& tagged) {
  Attack attack;
  const TechniqueRow* row = find_by_uid(technique_table(), uid);
  if (row != nullptr) {
    attack.version = kAttackVersion;
    if (const TacticRow* tactic = tactic_for(*row, tagged)) {
      attack.tactic =
          AttackItem{.uid = std::string(tactic->uid), .name = std::string(tactic->name)};
    }
  }
  attack.technique = technique_item(uid.substr(0, kTechniqueLength));
  if (uid.size() > kTechniqueLength) {
    attack.sub_technique = technique_item(uid);
  }
  return attack;
}

/// "attack.t1574.002" as "T1574.001"; other tags as nothing.
std::optional<std::string> technique_uid(std::string_view word) {
  std::string uid = to_upper_ascii(word);
  if (!is_technique(uid)) {
    return std::nullopt;
  }
  const RevokedRow* revoked = find_by_uid(revoked_table(), uid);
  return revoked == nullptr ? uid : std::string(revoked->successor);
}

/// The tag without its namespace, in lower case and with blanks as ATT&CK's own short names have
/// them.
std::optional<std::string> attack_word(std::string_view tag) {
  std::string word = to_lower_ascii(tag);
  if (!word.starts_with(kNamespace)) {
    return std::nullopt;
  }
  word.erase(0, kNamespace.size());
  std::ranges::replace(word, '_', '-');
  return word;
}

}  // namespace

std::vector<Attack> attacks_of(const std::vector<std::string>& tags) {
  std::vector<const TacticRow*> tactics;
  std::vector<std::string> techniques;
  for (const std::string& tag : tags) {
    const std::optional<std::string> word = attack_word(tag);
    if (!word) {
      continue;
    }
    if (const std::optional<std::string> uid = technique_uid(*word)) {
      if (std::ranges::find(techniques, *uid) == techniques.end()) {
        techniques.push_back(*uid);
      }
    } else if (const TacticRow* tactic = find_tactic(*word)) {
      if (std::ranges::find(tactics, tactic) == tactics.end()) {
        tactics.push_back(tactic);
      }
    }
  }
  std::vector<Attack> attacks;
  attacks.reserve(techniques.size() + tactics.size());
  for (const std::string& uid : techniques) {
    attacks.push_back(technique_attack(uid, tactics));
  }
  for (const TacticRow* tactic : tactics) {
    AttackItem item{.uid = std::string(tactic->uid), .name = std::string(tactic->name)};
    const bool shown =
        std::ranges::any_of(attacks, [&](const Attack& attack) { return attack.tactic == item; });
    if (!shown) {
      attacks.push_back({.version = std::string(tactic->version),
                         .tactic = std::move(item),
                         .technique = {},
                         .sub_technique = {}});
    }
  }
  return attacks;
}

}  // namespace spoor
