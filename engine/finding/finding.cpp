#include "engine/finding/finding.h"

#include <tuple>

namespace spoor {

std::string_view to_string(Knowledge knowledge) {
  switch (knowledge) {
    case Knowledge::known: return "known";
    case Knowledge::claimed: return "claimed";
    case Knowledge::inferred: return "inferred";
    case Knowledge::missing: return "missing";
  }
  return "missing";
}

std::string_view to_string(FindingStatus status) {
  switch (status) {
    case FindingStatus::provisional: return "provisional";
    case FindingStatus::final: return "final";
    case FindingStatus::retracted: return "retracted";
  }
  return "final";
}

std::string_view title_of(const FindingRule& rule) {
  if (!rule.title.empty()) {
    return rule.title;
  }
  return rule.name.empty() ? rule.id : rule.name;
}

bool canonical_less(const Finding& a, const Finding& b) {
  return std::tie(a.first_seen, a.host_key, a.rule.id, a.uid) <
         std::tie(b.first_seen, b.host_key, b.rule.id, b.uid);
}

}  // namespace spoor
