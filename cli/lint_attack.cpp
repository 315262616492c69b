#include "cli/lint_attack.h"

#include <algorithm>
#include <string>
#include <vector>

#include "engine/base/text.h"
#include "engine/finding/attack_table.h"

namespace spoor {
namespace {

constexpr std::string_view kNamespace = "attack.";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// "g0032": a letter of `letters` and four digits.
bool is_numbered(std::string_view word, std::string_view letters) {
  return word.size() == 5 && letters.find(word.front()) != std::string_view::npos &&
         std::ranges::all_of(word.substr(1), is_digit);
}

/// "t1059" or "t1059.001".
bool is_technique(std::string_view word) {
  const bool is_plain = is_numbered(word.substr(0, 5), "t");
  return is_plain && (word.size() == 5 || (word.size() == 9 && word[5] == '.' &&
                                           std::ranges::all_of(word.substr(6), is_digit)));
}

template <typename Row>
const Row* find_by_uid(std::span<const Row> table, std::string_view uid) {
  const auto row = std::ranges::lower_bound(table, uid, {}, &Row::uid);
  return row == table.end() || row->uid != uid ? nullptr : &*row;
}

std::string release() {
  return "ATT&CK " + std::string(kAttackVersion);
}

/// Sigma's rules are often ahead of our table: a number a little above its greatest is taken to be
/// of a later release, and not for a slip.
bool is_of_later_release(const std::string& uid) {
  constexpr int kNewNumbers = 100;
  const auto number = [](std::string_view text) {
    return std::stoi(std::string(text.substr(1, 4)));
  };
  const int greatest = number(technique_table().back().uid);
  return number(uid) > greatest && number(uid) <= greatest + kNewNumbers;
}

void check_technique(const YamlNode& tag, const std::string& word, DiagnosticDesk& desk) {
  const std::string uid = "T" + word.substr(1);
  if (const RevokedRow* revoked = find_by_uid(revoked_table(), uid)) {
    desk.lint("attack-tag", tag.position,
              uid + " was revoked and is now " + std::string(revoked->successor),
              "attack." + to_lower_ascii(revoked->successor));
  } else if (find_by_uid(technique_table(), uid) == nullptr && !is_of_later_release(uid)) {
    const bool has_parent =
        uid.size() > 5 && find_by_uid(technique_table(), uid.substr(0, 5)) != nullptr;
    desk.lint("attack-tag", tag.position, uid + " is no technique of " + release(),
              has_parent ? uid.substr(0, 5) + " is, but has no such sub-technique" : "");
  }
}

void check_tactic(const YamlNode& tag, const std::string& word, DiagnosticDesk& desk) {
  std::vector<std::string_view> slugs;
  for (const TacticRow& row : tactic_table()) {
    if (word == row.slug || word == to_lower_ascii(row.uid)) {
      return;
    }
    slugs.push_back(row.slug);
  }
  desk.lint("attack-tag", tag.position,
            "'" + word + "' is no tactic, technique, group or software of " + release(),
            did_you_mean(word, slugs));
}

}  // namespace

void lint_attack_tags(const YamlNode& document, DiagnosticDesk& desk) {
  const YamlNode* tags = document.find("tags");
  if (tags == nullptr) {
    return;
  }
  for (const YamlNode& tag : tags->items) {
    std::string word = tag.is_scalar() ? to_lower_ascii(tag.text) : std::string();
    if (!word.starts_with(kNamespace)) {
      continue;
    }
    word.erase(0, kNamespace.size());
    std::ranges::replace(word, '_', '-');
    // Groups, software and campaigns are in no table of ours.
    if (is_numbered(word, "gsc")) {
      continue;
    }
    if (is_technique(word)) {
      check_technique(tag, word, desk);
    } else {
      check_tactic(tag, word, desk);
    }
  }
}

}  // namespace spoor
