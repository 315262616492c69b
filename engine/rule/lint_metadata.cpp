// Checks of what a rule says of itself.
#include <algorithm>
#include <array>
#include <cctype>

#include "engine/base/text.h"
#include "engine/rule/lint.h"

namespace spoor {
namespace {

constexpr std::string_view kStatuses[] = {"stable", "test", "experimental", "deprecated",
                                          "unsupported"};

// Namespaces of the Sigma specification's tags appendix.
constexpr std::string_view kNamespaces[] = {"attack",    "car", "cve", "d3fend",
                                            "detection", "stp", "tlp"};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// The text of a scalar under `key`, or "".
std::string_view text_of(const YamlNode& document, std::string_view key) {
  const YamlNode* node = document.find(key);
  return node != nullptr && node->is_scalar() ? std::string_view(node->text) : std::string_view();
}

/// The texts of a list, or the one text that stands for a list.
std::vector<const YamlNode*> texts_of(const YamlNode& document, std::string_view key) {
  std::vector<const YamlNode*> texts;
  const YamlNode* node = document.find(key);
  if (node == nullptr) {
    return texts;
  }
  if (node->is_scalar()) {
    texts.push_back(node);
  }
  for (const YamlNode& item : node->items) {
    if (item.is_scalar()) {
      texts.push_back(&item);
    }
  }
  return texts;
}

bool is_missing(const YamlNode& document, std::string_view key) {
  const YamlNode* node = document.find(key);
  return node == nullptr || node->kind == YamlNode::Kind::null ||
         (node->is_scalar() && node->text.empty()) || (node->is_list() && node->items.empty());
}

void check_missing(const YamlNode& document, DiagnosticDesk& desk) {
  struct Row {
    std::string_view key;
    std::string_view check;
    std::string_view hint;
  };

  static constexpr Row kRows[] = {
      {"level", "missing-level", "without one it counts as medium"},
      {"status", "missing-status", "experimental, test or stable"},
      {"tags", "missing-tags", "attack.<tactic> and attack.t<number> put it on the ATT&CK map"},
      {"date", "missing-date", "the day it was written, as 2026-01-31"},
  };
  for (const Row& row : kRows) {
    if (is_missing(document, row.key)) {
      // Of a key without a value the key is the place.
      const std::string_view place = document.find(row.key) == nullptr ? "title" : row.key;
      desk.lint(row.check, document.position_of(place),
                "the rule has no '" + std::string(row.key) + "'", std::string(row.hint));
    }
  }
}

void check_status(const YamlNode& document, DiagnosticDesk& desk) {
  const std::string_view status = text_of(document, "status");
  if (status.empty()) {
    return;
  }
  const SourcePosition position = document.find("status")->position;
  if (status == "deprecated" || status == "unsupported") {
    desk.lint("status", position,
              "the rule is " + std::string(status) + ", and is used all the same",
              "take it out of the folder, or give it another status");
  } else if (std::ranges::find(kStatuses, status) == std::ranges::end(kStatuses)) {
    desk.lint("status", position, "unknown status '" + std::string(status) + "'",
              did_you_mean(status, {std::begin(kStatuses), std::end(kStatuses)}));
  }
}

bool is_uuid(std::string_view id) {
  constexpr std::size_t kLength = 36;
  if (id.size() != kLength) {
    return false;
  }
  for (std::size_t i = 0; i < kLength; ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool hex =
        is_digit(id[i]) || (id[i] >= 'a' && id[i] <= 'f') || (id[i] >= 'A' && id[i] <= 'F');
    if (dash ? id[i] != '-' : !hex) {
      return false;
    }
  }
  return true;
}

void check_id(const YamlNode& document, DiagnosticDesk& desk) {
  const std::string_view id = text_of(document, "id");
  if (!id.empty() && !is_uuid(id)) {
    desk.lint("id-not-uuid", document.find("id")->position,
              "the id '" + std::string(id) + "' is no UUID",
              "take a random one (uuidgen), which no other rule in the world has");
  }
}

/// "2026-01-31". Old rules write 2026/01/31, which Sigma still allows.
bool is_day(std::string_view text) {
  constexpr std::size_t kLength = 10;
  if (text.size() != kLength || text[4] != text[7] || (text[4] != '-' && text[4] != '/')) {
    return false;
  }
  for (const std::size_t i : {0U, 1U, 2U, 3U, 5U, 6U, 8U, 9U}) {
    if (!is_digit(text[i])) {
      return false;
    }
  }
  const int month = (text[5] - '0') * 10 + (text[6] - '0');
  const int day = (text[8] - '0') * 10 + (text[9] - '0');
  return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

void check_dates(const YamlNode& document, DiagnosticDesk& desk) {
  bool good = true;
  for (const char* key : {"date", "modified"}) {
    const std::string_view day = text_of(document, key);
    if (!day.empty() && !is_day(day)) {
      desk.lint("date", document.find(key)->position, "'" + std::string(day) + "' is no day",
                "write it as 2026-01-31");
      good = false;
    }
  }
  std::string date(text_of(document, "date"));
  std::string modified(text_of(document, "modified"));
  std::ranges::replace(date, '/', '-');
  std::ranges::replace(modified, '/', '-');
  if (good && !modified.empty() && modified < date) {
    desk.lint("date", document.find("modified")->position, "modified before it was written");
  }
}

void check_references(const YamlNode& document, DiagnosticDesk& desk) {
  for (const YamlNode* reference : texts_of(document, "references")) {
    const std::string lower = to_lower_ascii(reference->text);
    // SigmaHQ's own words where there is nothing to link to.
    if (lower.starts_with("internal research")) {
      continue;
    }
    const bool is_url = lower.find("://") != std::string::npos && lower.find("://") > 0 &&
                        lower.find_first_of(" \t\n") == std::string::npos;
    if (!is_url) {
      desk.lint("reference", reference->position, "a reference that is no URL",
                "what is no link belongs into the description");
    }
  }
}

void check_tags(const YamlNode& document, DiagnosticDesk& desk) {
  for (const YamlNode* tag : texts_of(document, "tags")) {
    const std::size_t dot = tag->text.find('.');
    const std::string name = to_lower_ascii(std::string_view(tag->text).substr(0, dot));
    const bool known = dot != std::string::npos &&
                       std::ranges::find(kNamespaces, name) != std::ranges::end(kNamespaces);
    if (!known) {
      desk.lint("tag", tag->position, "the tag '" + tag->text + "' is of no namespace of Sigma",
                "attack, car, cve, d3fend, detection, stp or tlp, then a dot");
    }
  }
}

}  // namespace

void lint_metadata(const YamlNode& document, DiagnosticDesk& desk) {
  check_missing(document, desk);
  check_id(document, desk);
  check_status(document, desk);
  check_dates(document, desk);
  check_references(document, desk);
  check_tags(document, desk);
}

}  // namespace spoor
