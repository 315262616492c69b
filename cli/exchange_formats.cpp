#include "cli/exchange_formats.h"

#include <algorithm>
#include <cstddef>
#include <set>

#include "cli/log.h"
#include "engine/base/text.h"
#include "engine/report/report_finding.h"
#include "engine/report/stix.h"
#include "engine/report/timesketch.h"

namespace spoor {
namespace {

template <typename Use>
void for_each_finding(const std::vector<std::string_view>& payloads, Use use) {
  for (const std::string_view payload : payloads) {
    const Result<ReportFinding> finding = read_finding(payload, nullptr);
    if (finding) {
      use(*finding);
    } else {
      log_warning("a finding is left out: " + finding.error().message);
    }
  }
}

}  // namespace

std::string to_stix(const std::vector<std::string_view>& payloads, const RuleTexts& rules) {
  constexpr std::size_t kTitlesShown = 3;
  StixBundle bundle([&rules](const ReportRule& rule) { return rules.find(rule); });
  for_each_finding(payloads, [&bundle](const ReportFinding& finding) { bundle.add(finding); });
  const std::set<std::string>& without = bundle.rules_without_text();
  if (!without.empty()) {
    std::string titles;
    std::size_t shown = 0;
    for (const std::string& title : without) {
      if (++shown > kTitlesShown) {
        titles += ", …";
        break;
      }
      titles += (titles.empty() ? "" : ", ") + escape_for_terminal(title);
    }
    log_warning("the text of " + std::to_string(without.size()) +
                (without.size() == 1 ? " rule" : " rules") + " is not at hand (" + titles +
                "): the indicator names it and holds no Sigma; give the rules as they were with "
                "--rules");
  }
  return bundle.render();
}

std::string to_timesketch(const std::vector<std::string_view>& payloads) {
  std::string lines;
  for_each_finding(payloads,
                   [&lines](const ReportFinding& finding) { lines += render_timesketch(finding); });
  return lines;
}

}  // namespace spoor
