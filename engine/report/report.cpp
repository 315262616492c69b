#include "engine/report/report.h"

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/report/finding_html.h"
#include "engine/report/page.h"

namespace spoor {
namespace {

bool stands_before(const ReportHead& a, const ReportHead& b) {
  const auto key = [](const ReportHead& head) {
    return std::tuple(head.is_retracted(), head.level, head.first);
  };
  return std::pair(key(a), std::tie(a.host, a.rule_id, a.uid)) <
         std::pair(key(b), std::tie(b.host, b.rule_id, b.uid));
}

}  // namespace

Result<void> Report::add(std::string_view ocsf, std::size_t* error_offset) {
  Result<ReportFinding> read = read_finding(ocsf, error_offset);
  if (!read) {
    return tl::unexpected<Error>(std::move(read.error()));
  }
  ReportHead& head = read->head;
  const auto held = findings_.find(head.uid);
  if (held == findings_.end() || held->second.head.revision <= head.revision) {
    std::string uid = head.uid;
    findings_.insert_or_assign(std::move(uid),
                               Entry{.head = std::move(head), .ocsf = std::string(ocsf)});
  }
  return {};
}

std::string Report::render(const ReportLimits& limits) const {
  std::vector<const Entry*> order;
  order.reserve(findings_.size());
  for (const auto& [uid, entry] : findings_) {
    order.push_back(&entry);
  }
  std::ranges::sort(order, stands_before,
                    [](const Entry* entry) -> const ReportHead& { return entry->head; });

  Html articles;
  std::size_t drawn = 0;
  while (drawn < order.size() && drawn < limits.drawn_max && articles.size() < limits.bytes_max) {
    const Result<ReportFinding> finding = read_finding(order[drawn]->ocsf, nullptr);
    if (!finding) {
      break;  // It was read when it was added.
    }
    ++drawn;
    write_finding(articles, *finding, drawn);
  }
  std::vector<const ReportHead*> heads;
  heads.reserve(order.size());
  for (const Entry* entry : order) {
    heads.push_back(&entry->head);
  }
  return render_page(heads, drawn, limits.listed_max, articles);
}

}  // namespace spoor
