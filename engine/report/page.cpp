#include "engine/report/page.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <string_view>

#include "engine/finding/render.h"
#include "engine/report/page_assets.h"
#include "engine/report/page_parts.h"

namespace spoor {
namespace {

/// Of a SHA-256 in hex.
std::string base64_of_hex(std::string_view hex) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  constexpr std::string_view kHexDigits = "0123456789abcdef";
  std::string text;
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char digit : hex) {
    bits = (bits << 4U) | static_cast<std::uint32_t>(kHexDigits.find(digit));
    held += 4;
    if (held >= 6) {
      held -= 6;
      text.push_back(kAlphabet[(bits >> held) & 0x3FU]);
    }
  }
  if (held > 0) {
    text.push_back(kAlphabet[(bits << (6 - held)) & 0x3FU]);
  }
  return text.append((4 - text.size() % 4) % 4, '=');
}

struct Counts {
  std::array<std::size_t, kReportLevelCount> by_level{};
  std::size_t retracted = 0;
  std::set<std::string_view> hosts;
  Timestamp first = 0;
  Timestamp last = 0;
};

Counts count(const std::vector<const ReportHead*>& heads) {
  Counts counts;
  for (const ReportHead* head : heads) {
    ++(head->is_retracted() ? counts.retracted
                            : counts.by_level.at(static_cast<std::size_t>(head->level)));
    if (!head->host.empty()) {
      counts.hosts.insert(head->host);
    }
    if (head->first != 0) {
      counts.first = counts.first == 0 ? head->first : std::min(counts.first, head->first);
    }
    counts.last = std::max(counts.last, head->last);
  }
  return counts;
}

/// "findings", or "finding" for one.
Markup noun(std::size_t count) {
  return count == 1 ? Markup(" finding") : Markup(" findings");
}

class Page {
 public:
  Page(const std::vector<const ReportHead*>& heads, std::size_t drawn, std::size_t listed_max)
      : heads_(heads), counts_(count(heads)), drawn_(drawn), listed_max_(listed_max) {}

  std::string render(const Html& articles) {
    add_head();
    add_top();
    add_list();
    html_.markup("<main id=\"findings\">\n").append(articles).markup("</main>\n");
    add_foot();
    return std::move(html_).finish();
  }

 private:
  void add_head() {
    html_.markup("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    html_.markup(R"(<meta http-equiv="Content-Security-Policy" content="default-src 'none'; )"
                 "img-src data:; base-uri 'none'; form-action 'none'; style-src 'sha256-");
    html_.attribute(base64_of_hex(page_style().sha256)).markup("'; script-src 'sha256-");
    html_.attribute(base64_of_hex(page_script().sha256)).markup("'\">\n");
    html_.markup(
        "<meta name=\"referrer\" content=\"no-referrer\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n"
        "<link rel=\"icon\" href=\"data:,\">\n<title>Spoor: ");
    html_.number(heads_.size()).markup(noun(heads_.size()));
    if (heads_.size() == 1) {
      html_.markup(", ").text_only(heads_.front()->title);
    }
    html_.markup("</title>\n<style>").asset(page_style()).markup("</style>\n</head>\n<body>\n");
  }

  void add_top() {
    html_.markup("<header class=\"top\">\n<h1>Spoor <span>evidence report</span></h1>\n");
    html_.markup(R"(<p class="span">)").number(heads_.size()).markup(noun(heads_.size()));
    if (!counts_.hosts.empty()) {
      html_.markup(" on ").number(counts_.hosts.size());
      html_.markup(counts_.hosts.size() == 1 ? Markup(" host") : Markup(" hosts"));
    }
    if (counts_.first != 0) {
      html_.markup(", events from ");
      write_span(html_, counts_.first, counts_.last);
    }
    html_.markup("</p>\n");
    add_counts();
    if (heads_.size() > 1) {
      html_.markup(R"(<div class="find"><label for="filter">Filter</label> <input id="filter" )"
                   "type=\"search\" placeholder=\"host, process, step, indicator…  ( / )\" "
                   R"(autocomplete="off" spellcheck="false"> <span id="shown" )"
                   "role=\"status\"></span></div>\n");
    }
    html_.markup("</header>\n");
  }

  /// Counts that a script turns into filters.
  void add_counts() {
    html_.markup("<ul class=\"counts\">\n");
    for (std::size_t i = 0; i < kReportLevelCount; ++i) {
      const auto level = static_cast<ReportLevel>(i);
      if (counts_.by_level.at(i) > 0) {
        html_.markup(R"(<li><button type="button" class="level )").markup(level_word(level));
        html_.markup(R"(" data-level=")").markup(level_word(level));
        html_.markup(R"(" aria-pressed="true" disabled><b>)").number(counts_.by_level.at(i));
        html_.markup("</b> ").markup(level_word(level)).markup("</button></li>\n");
      }
    }
    if (counts_.retracted > 0) {
      html_.markup(R"(<li><button type="button" class="level retracted" data-level="retracted" )"
                   R"(aria-pressed="true" disabled><b>)");
      html_.number(counts_.retracted).markup("</b> retracted</button></li>\n");
    }
    html_.markup("</ul>\n");
  }

  void add_list() {
    if (heads_.empty()) {
      html_.markup(
          R"(<p class="none">No findings. That no rule found anything does not say that nothing )"
          "was there.</p>\n");
      return;
    }
    if (drawn_ < heads_.size()) {
      html_.markup(R"(<p class="cut" role="note">Only the first )").number(drawn_);
      html_.markup(" of ").number(heads_.size());
      html_.markup(
          " findings are drawn below, the gravest first: a page with all of them would be too "
          "large "
          "to read. For the others filter the NDJSON and make a page of what is left.");
      if (listed_max_ < heads_.size()) {
        html_.markup(" The list ends after ").number(listed_max_).markup(".");
      }
      html_.markup("</p>\n");
    }
    if (heads_.size() > 1) {
      add_table();
    }
  }

  void add_table() {
    html_.markup(
        "<nav aria-label=\"Findings\">\n<table class=\"list\">\n<thead><tr><th>Level<th>Time "
        "(UTC)<th>Host<th>Finding<th>Process<th>ATT&amp;CK</tr></thead>\n<tbody>\n");
    for (std::size_t i = 0; i < std::min(heads_.size(), listed_max_); ++i) {
      add_row(*heads_[i], i + 1);
    }
    html_.markup("</tbody>\n</table>\n</nav>\n");
  }

  void add_row(const ReportHead& head, std::size_t number) {
    html_.markup(R"(<tr data-level=")").markup(filter_word(head)).markup(R"(" data-finding="f)");
    html_.number(number).markup(R"("><td>)");
    write_badge(html_, head);
    html_.markup(R"(<td class="num">)");
    write_time(html_, head.first);
    html_.markup("<td>").text(head.host).markup("<td>");
    if (number <= drawn_) {
      html_.markup(R"(<a href="#f)").number(number).markup(R"(">)").text(head.title).markup("</a>");
    } else {
      html_.text(head.title).markup(R"( <span class="dim">)").text(head.uid).markup("</span>");
    }
    html_.markup("<td>").text(head.process).markup(R"(<td class="dim">)");
    add_technique_ids(head);
    html_.markup("</tr>\n");
  }

  void add_technique_ids(const ReportHead& head) {
    constexpr std::size_t kShown = 4;
    for (std::size_t i = 0; i < std::min(kShown, head.techniques.size()); ++i) {
      html_.text(head.techniques[i].id).markup(" ");
    }
    if (head.techniques.size() > kShown) {
      html_.markup("+").number(head.techniques.size() - kShown);
    }
  }

  void add_foot() {
    html_.markup("<footer>Spoor ").text(product_version());
    html_.markup(
        ". All times are UTC and those of the events. Level, title and steps are what rules say; "
        "whether it was an intrusion is for you to judge. Characters that do not show are spelled "
        "<span class=\"esc\">\\x1b</span>; what is copied is what is shown.</footer>\n<script>");
    html_.asset(page_script()).markup("</script>\n</body>\n</html>\n");
  }

  const std::vector<const ReportHead*>& heads_;
  Counts counts_;
  std::size_t drawn_;
  std::size_t listed_max_;
  Html html_;
};

}  // namespace

std::string render_page(const std::vector<const ReportHead*>& heads,
                        std::size_t drawn,
                        std::size_t listed_max,
                        const Html& articles) {
  return Page(heads, drawn, listed_max).render(articles);
}

}  // namespace spoor
