// What a window makes of the texts of events: numbers, percentiles, one key for several texts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spoor {

/// The number that a text is, in JSON's grammar. One that a sum could not hold is none.
[[nodiscard]] std::optional<double> number_in(std::string_view text);

/// By linear interpolation. `sorted` is not empty; `percentile` is from 0 to 100.
[[nodiscard]] double percentile_of(const std::vector<double>& sorted, double percentile);

/// Several texts as one, so that ("ab","c") and ("a","bc") differ.
void append_text(std::string_view text, std::string& key);

}  // namespace spoor
