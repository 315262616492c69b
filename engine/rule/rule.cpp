#include "engine/rule/rule.h"

#include <array>

namespace spoor {
namespace {

constexpr std::array<std::string_view, 5> kLevels = {"informational", "low", "medium", "high",
                                                     "critical"};

}  // namespace

std::string_view to_string(Level level) {
  return kLevels[static_cast<std::size_t>(level)];
}

std::optional<Level> parse_level(std::string_view text) {
  for (std::size_t i = 0; i < kLevels.size(); ++i) {
    if (kLevels[i] == text) {
      return static_cast<Level>(i);
    }
  }
  return std::nullopt;
}

std::string_view to_string(Relation relation) {
  switch (relation) {
    case Relation::self: return "self";
    case Relation::child: return "child";
    case Relation::descendant: return "descendant";
    case Relation::self_or_descendant: return "self_or_descendant";
    case Relation::parent: return "parent";
  }
  return "self";
}

}  // namespace spoor
