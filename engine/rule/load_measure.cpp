#include "engine/rule/load_measure.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "engine/base/text.h"
#include "engine/rule/load_detection.h"

namespace spoor {
namespace {

struct TypeRow {
  std::string_view name;
  WindowCorrelationType type;
};

constexpr TypeRow kTypes[] = {{"event_count", WindowCorrelationType::event_count},
                              {"value_count", WindowCorrelationType::value_count},
                              {"temporal", WindowCorrelationType::temporal},
                              {"temporal_ordered", WindowCorrelationType::temporal_ordered},
                              {"value_sum", WindowCorrelationType::value_sum},
                              {"value_avg", WindowCorrelationType::value_avg},
                              {"value_percentile", WindowCorrelationType::value_percentile},
                              {"value_median", WindowCorrelationType::value_median}};

struct ComparisonRow {
  std::string_view name;
  Threshold::Comparison comparison;
};

constexpr ComparisonRow kComparisons[] = {
    {"gt", Threshold::Comparison::gt}, {"gte", Threshold::Comparison::gte},
    {"lt", Threshold::Comparison::lt}, {"lte", Threshold::Comparison::lte},
    {"eq", Threshold::Comparison::eq}, {"neq", Threshold::Comparison::neq},
};

constexpr const char* kTimespanHint = "a number and s, m, h, d, w, M or y: 5m";

template <typename Row, std::size_t Size>
std::vector<std::string_view> names_of(const Row (&rows)[Size]) {
  std::vector<std::string_view> names;
  for (const Row& row : rows) {
    names.push_back(row.name);
  }
  return names;
}

/// A number as YAML has it, not one in quotes.
std::optional<double> number_of(const YamlNode& node) {
  const bool is_number = node.is_scalar() && !node.quoted && !node.text.empty() &&
                         json_number_length(node.text) == node.text.size();
  double number = 0;
  if (!is_number) {
    return std::nullopt;
  }
  const auto [end, error] =
      std::from_chars(node.text.data(), node.text.data() + node.text.size(), number);
  return error == std::errc{} ? std::optional(number) : std::nullopt;
}

class MeasureLoader {
 public:
  MeasureLoader(WindowCorrelationType type, std::size_t rules, DiagnosticDesk& desk)
      : type_(type), rules_(rules), desk_(desk) {}

  Measure load(const YamlNode* condition, SourcePosition whole) {
    const std::size_t errors = desk_.errors();
    if (condition != nullptr && condition->is_map()) {
      load_entries(*condition);
    }
    if (errors == desk_.errors()) {  // Else a slip would be told twice: as itself and as a lack.
      check_complete(condition == nullptr ? whole : condition->position);
    }
    return std::move(measure_);
  }

 private:
  void load_entries(const YamlNode& node) {
    for (const auto& [key, value] : node.entries) {
      const auto* row = std::ranges::find(kComparisons, key.text, &ComparisonRow::name);
      if (row != std::ranges::end(kComparisons)) {
        load_threshold(*row, key, value);
      } else if (key.text == "field") {
        load_fields(key, value);
      } else if (key.text == "percentile") {
        load_percentile(key, value);
      } else {
        std::vector<std::string_view> names = names_of(kComparisons);
        names.insert(names.end(), {"field", "percentile"});
        const std::string near = did_you_mean(key.text, names);
        desk_.error(key.position, "unknown key '" + key.text + "' under 'condition'",
                    near.empty() ? "gt, gte, lt, lte, eq, neq, field, percentile" : near);
      }
    }
  }

  void load_threshold(const ComparisonRow& row, const YamlNode& key, const YamlNode& value) {
    const std::optional<double> number = number_of(value);
    if (!number) {
      desk_.error(value.position, "'" + key.text + "' needs a number",
                  value.quoted ? "write it without quotes" : "");
      return;
    }
    measure_.thresholds.push_back({.comparison = row.comparison, .number = *number});
  }

  void load_fields(const YamlNode& key, const YamlNode& value) {
    if (!is_of_values(type_)) {
      desk_.error(key.position, "'field' means nothing to " + std::string(to_string(type_)),
                  "it belongs to value_count, value_sum, value_avg, value_percentile and "
                  "value_median");
      return;
    }
    const std::vector<const YamlNode*> fields = values_of(&value);
    if (fields.empty()) {
      desk_.error(value.position, "'field' must be the name of a field");
    }
    for (const YamlNode* field : fields) {
      if (!field->is_scalar() || field->text.empty()) {
        desk_.error(field->position, "'field' must be the name of a field");
        return;
      }
      measure_.fields.push_back(field->text);
    }
    if (fields.size() > 1 && type_ != WindowCorrelationType::value_count) {
      desk_.error(value.position,
                  std::string(to_string(type_)) + " is about one field, not " +
                      std::to_string(fields.size()),
                  "only value_count takes several");
    }
  }

  void load_percentile(const YamlNode& key, const YamlNode& value) {
    if (type_ != WindowCorrelationType::value_percentile) {
      desk_.error(key.position, "'percentile' means nothing to " + std::string(to_string(type_)),
                  "it belongs to value_percentile");
      return;
    }
    constexpr double kWhole = 100;
    const std::optional<double> number = number_of(value);
    if (!number || *number < 0 || *number > kWhole) {
      desk_.error(value.position, "'percentile' must be a number from 0 to 100");
      return;
    }
    measure_.percentile = *number;
  }

  void check_complete(SourcePosition place) {
    const std::string type(to_string(type_));
    if (type_ == WindowCorrelationType::temporal_ordered) {
      check_whole_sequence(place);
    } else if (type_ == WindowCorrelationType::temporal) {
      check_rule_count(place);
    } else if (is_of_values(type_) && measure_.fields.empty()) {
      desk_.error(place, "'condition' of " + type + " has no 'field'",
                  "condition: {field: User, gte: 10}");
    } else if (measure_.thresholds.empty()) {
      desk_.error(place, "'condition' of " + type + " compares with no number",
                  "condition: {gte: 10}");
    }
  }

  [[nodiscard]] bool holds(std::size_t seen) const {
    return std::ranges::all_of(measure_.thresholds, [seen](const Threshold& threshold) {
      return threshold.holds(static_cast<double>(seen));
    });
  }

  void check_whole_sequence(SourcePosition place) {
    bool whole = holds(rules_);
    for (std::size_t seen = 0; seen < rules_ && !measure_.thresholds.empty(); ++seen) {
      whole = whole && !holds(seen);
    }
    if (!whole) {
      desk_.error(place, "a temporal_ordered correlation takes every listed rule, in that order",
                  "leave 'condition' out, or use type: temporal");
    }
    measure_.thresholds.clear();
  }

  /// Of temporal: how many of the listed rules.
  void check_rule_count(SourcePosition place) {
    if (measure_.thresholds.empty()) {
      measure_.thresholds.push_back(
          {.comparison = Threshold::Comparison::gte, .number = static_cast<double>(rules_)});
      return;
    }
    bool possible = false;
    for (std::size_t seen = 1; seen <= rules_; ++seen) {
      possible = possible || holds(seen);
    }
    if (!possible && rules_ != 0) {
      desk_.warning(place, "the condition can never hold: the correlation lists " +
                               std::to_string(rules_) + (rules_ == 1 ? " rule" : " rules"));
    }
  }

  WindowCorrelationType type_;
  std::size_t rules_;
  DiagnosticDesk& desk_;
  Measure measure_;
};

}  // namespace

std::vector<const YamlNode*> values_of(const YamlNode* node) {
  std::vector<const YamlNode*> values;
  if (node != nullptr && node->is_scalar()) {
    values.push_back(node);
  } else if (node != nullptr && node->is_list()) {
    for (const YamlNode& item : node->items) {
      values.push_back(&item);
    }
  }
  return values;
}

bool is_of_rules(WindowCorrelationType type) {
  return type == WindowCorrelationType::temporal || type == WindowCorrelationType::temporal_ordered;
}

bool is_of_values(WindowCorrelationType type) {
  return type != WindowCorrelationType::event_count && !is_of_rules(type);
}

std::optional<WindowCorrelationType> load_correlation_type(const YamlNode& body,
                                                           DiagnosticDesk& desk) {
  const std::string type = scalar_of(body, "type", desk);
  const auto* row = std::ranges::find(kTypes, type, &TypeRow::name);
  if (row != std::ranges::end(kTypes)) {
    return row->type;
  }
  const YamlNode* node = body.find("type");
  if (type.empty()) {
    desk.error(node == nullptr ? body.position : node->position, "'correlation' has no 'type'",
               "for example type: event_count");
  } else {
    desk.error(node->position, "unknown correlation type '" + type + "'",
               did_you_mean(type, names_of(kTypes)));
  }
  return std::nullopt;
}

bool load_generate(const YamlNode& body, DiagnosticDesk& desk) {
  const std::string text = scalar_of(body, "generate", desk);
  if (!text.empty() && text != "true" && text != "false") {
    desk.error(body.find("generate")->position, "'generate' is true or false");
  }
  return text == "true";
}

Duration load_timespan(const YamlNode& body, DiagnosticDesk& desk) {
  const YamlNode* node = body.find("timespan");
  const std::optional<Duration> timespan = parse_timespan(scalar_of(body, "timespan", desk));
  if (!timespan && (node == nullptr || node->is_scalar() || node->kind == YamlNode::Kind::null)) {
    const bool missing = node == nullptr || node->kind == YamlNode::Kind::null;
    desk.error(
        missing ? body.position : node->position,
        missing ? "'correlation' has no 'timespan'" : "'" + node->text + "' is not a timespan",
        kTimespanHint);
  }
  return timespan.value_or(0);
}

Measure load_measure(const YamlNode* condition,
                     SourcePosition whole,
                     WindowCorrelationType type,
                     std::size_t rules,
                     DiagnosticDesk& desk) {
  return MeasureLoader(type, rules, desk).load(condition, whole);
}

bool can_hold(const std::vector<Threshold>& thresholds, double least, double most) {
  // What satisfies them is made of ranges that begin or end beside one of their numbers.
  std::vector<double> candidates = {least, most};
  for (const Threshold& threshold : thresholds) {
    const double whole = std::floor(threshold.number);
    candidates.insert(candidates.end(), {whole - 1, whole, whole + 1});
  }
  return std::ranges::any_of(candidates, [&](double candidate) {
    return candidate >= least && candidate <= most &&
           std::ranges::all_of(thresholds, [candidate](const Threshold& threshold) {
             return threshold.holds(candidate);
           });
  });
}

}  // namespace spoor
