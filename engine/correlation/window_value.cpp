#include "engine/correlation/window_value.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "engine/base/text.h"
#include "engine/correlation/exact_sum.h"

namespace spoor {

std::optional<double> number_in(std::string_view text) {
  if (text.empty() || json_number_length(text) != text.size()) {
    return std::nullopt;
  }
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool usable = error == std::errc{} && std::abs(number) <= ExactSum::kMagnitudeMax;
  return usable ? std::optional(number) : std::nullopt;
}

double percentile_of(const std::vector<double>& sorted, double percentile) {
  constexpr double kWhole = 100;
  const double place = percentile / kWhole * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

void append_text(std::string_view text, std::string& key) {
  key.append(std::to_string(text.size())).append(":").append(text);
}

}  // namespace spoor
