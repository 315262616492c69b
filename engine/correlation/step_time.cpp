#include "engine/correlation/step_time.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "engine/correlation/window_value.h"

namespace spoor {
namespace {

/// Of a field that is ours "" is a value; of a vendor's it may stand for null, and is none.
bool has_value(const std::pair<std::string, std::string>& field, std::string_view name) {
  return field.first == name && (!field.second.empty() || find_field(name));
}

const std::string* first_value(const KeptEvent& event, std::string_view name) {
  const auto field = std::ranges::find_if(
      event.fields, [name](const auto& entry) { return has_value(entry, name); });
  return field == event.fields.end() ? nullptr : &field->second;
}

/// The values of the one field, or the tuple of several.
std::vector<std::string> values_of(const CorrelationRule& rule, const KeptEvent& event) {
  std::vector<std::string> values;
  if (rule.fields.size() == 1) {
    const std::string& wanted = rule.fields.front();
    const bool is_ours = find_field(wanted).has_value();  // It has one value.
    for (const auto& field : event.fields) {
      if (has_value(field, wanted) && (values.empty() || !is_ours)) {
        values.push_back(field.second);
      }
    }
    return values;
  }
  std::string tuple;
  for (const std::string& name : rule.fields) {
    const std::string* value = first_value(event, name);
    if (value == nullptr) {
      return values;
    }
    append_text(*value, tuple);
  }
  if (!rule.fields.empty()) {
    values.push_back(std::move(tuple));
  }
  return values;
}

}  // namespace

std::optional<StepTime> step_time(const CorrelationRule& rule,
                                  std::size_t step,
                                  const KeptEvent& event) {
  StepTime time{.order = event.order, .step = step, .group = {}, .values = {}};
  for (const GroupField& field : rule.split_by) {
    const std::string* value = first_value(event, field.of_rule[step]);
    if (value == nullptr) {
      return std::nullopt;
    }
    append_text(*value, time.group);
  }
  time.values = values_of(rule, event);
  return time;
}

}  // namespace spoor
