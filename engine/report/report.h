// Findings as one HTML file, for a person to read and to pass on.
//
// The page needs nothing but itself: style and script are in it, and its policy forbids the browser
// to load anything or to run any other script. What matters is there without a script, too. Made
// from OCSF, so that a replay's findings give the page that they give after a detour through a
// file. No clock: the same findings give the same bytes, in whatever order they are added, unless
// two differ under one uid and revision.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/report/report_finding.h"

namespace spoor {

/// What a page holds; what is beyond is counted on it.
struct ReportLimits {
  std::size_t drawn_max = 1'000;                  ///< Findings in full.
  std::size_t bytes_max = std::size_t{32} << 20;  ///< No further one in full beyond this size.
  std::size_t listed_max = 10'000;                ///< Findings in the list.
};

class Report {
 public:
  /// Takes one finding as render_ocsf writes it. Of several with one uid the one with the highest
  /// revision counts; of these the one added last. Fails for what is no finding; for what is not
  /// JSON, `error_offset` is where.
  [[nodiscard]] Result<void> add(std::string_view ocsf, std::size_t* error_offset = nullptr);

  /// Distinct findings so far.
  [[nodiscard]] std::size_t size() const { return findings_.size(); }

  /// The page: the gravest first, then by time; retracted ones last.
  [[nodiscard]] std::string render(const ReportLimits& limits = {}) const;

 private:
  struct Entry {
    ReportHead head;
    std::string ocsf;
  };

  std::map<std::string, Entry> findings_;  ///< By uid.
};

}  // namespace spoor
