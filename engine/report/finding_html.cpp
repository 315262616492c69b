#include "engine/report/finding_html.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "engine/report/page_parts.h"

namespace spoor {
namespace {

const ReportProcess* anchor_of(const ReportFinding& finding) {
  const auto anchor = std::ranges::find(finding.processes, true, &ReportProcess::anchor);
  return anchor == finding.processes.end() ? nullptr : &*anchor;
}

void write_pieces(Html& html, const ReportFinding& finding) {
  html.number(static_cast<std::uint64_t>(finding.evidence_total));
  html.markup(finding.evidence_total == 1 ? Markup(" piece of evidence")
                                          : Markup(" pieces of evidence"));
  if (static_cast<std::uint64_t>(finding.evidence_total) > finding.evidence_shown) {
    html.markup(", ").number(finding.evidence_shown).markup(" shown");
  }
}

void write_header(Html& html, const ReportFinding& finding, std::size_t number) {
  html.markup("<header>\n<h2 id=\"f").number(number).markup(R"(-h">)");
  write_badge(html, finding.head);
  html.markup(" ").text(finding.head.title).markup("</h2>\n<p class=\"sub\"><b>");
  html.text(finding.head.host).markup("</b> · ");
  if (!finding.head.process.empty()) {
    html.markup("<b>").text(finding.head.process).markup("</b> · ");
  }
  write_span(html, finding.head.first, finding.head.last);
  html.markup(" · ");
  write_pieces(html, finding);
  html.markup("</p>\n</header>\n");
}

/// A value that can be copied.
void write_code(Html& html, std::string_view value) {
  html.markup(R"(<code class="v">)").text(value).markup("</code>");
  html.markup(R"(<button type="button" class="copy" hidden>Copy</button>)");
}

void write_fact(Html& html, Markup name, std::string_view value) {
  if (!value.empty()) {
    html.markup("<div><dt>").markup(name).markup("<dd>");
    write_code(html, value);
    html.markup("</div>\n");
  }
}

void write_facts(Html& html, const ReportFinding& finding) {
  html.markup("<dl class=\"facts\">\n");
  write_fact(html, "Host", finding.head.host);
  if (const ReportProcess* anchor = anchor_of(finding)) {
    write_fact(html, "Process", anchor->path);
    write_fact(html, "Command", anchor->command_line);
    write_fact(html, "User", anchor->user);
    if (anchor->start != 0) {
      html.markup("<div><dt>Ran<dd>");
      write_span(html, anchor->start, std::max(anchor->start, anchor->end));
      html.markup(anchor->end == 0 ? Markup("; no end seen</div>\n") : Markup("</div>\n"));
    }
  }
  write_fact(html, "Finding", finding.head.uid);
  html.markup("</dl>\n");
}

void write_techniques(Html& html, const ReportFinding& finding) {
  if (finding.head.techniques.empty()) {
    return;
  }
  html.markup("<ul class=\"attack\" aria-label=\"MITRE ATT&amp;CK\">\n");
  for (const ReportTechnique& technique : finding.head.techniques) {
    html.markup("<li><b>").text(technique.id).markup("</b> ").text(technique.name);
    if (technique.tactic != technique.name) {
      html.markup(R"( <span class="dim">)").text(technique.tactic).markup("</span>");
    }
    html.markup("</li>\n");
  }
  html.markup("</ul>\n");
}

bool starts_item(std::string_view line) {
  return line.starts_with("- ") || line.starts_with("* ") || line.starts_with("• ");
}

/// Rules break their lines anywhere: they are joined, but for empty lines and items of lists.
void write_paragraphs(Html& html, std::string_view text) {
  html.markup("<p>");
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) {
      html.markup(text.empty() ? Markup("") : Markup("</p>\n<p>"));
      continue;
    }
    if (starts_item(line)) {
      html.markup("<br>");
    }
    html.text(line).markup("\n");
  }
  html.markup("</p>\n");
}

std::vector<std::string_view> false_positives_of(const ReportFinding& finding) {
  std::vector<std::string_view> list;
  for (const ReportRule& rule : finding.rules) {
    for (const std::string& text : rule.false_positives) {
      if (std::ranges::find(list, text) == list.end()) {
        list.emplace_back(text);
      }
    }
  }
  return list;
}

void write_false_positives(Html& html, const ReportFinding& finding) {
  const std::vector<std::string_view> list = false_positives_of(finding);
  if (list.empty()) {
    return;
  }
  html.markup("<h4>What else it may be</h4>\n<ul class=\"plain\">\n");
  for (const std::string_view text : list) {
    html.markup("<li>").text(text).markup("</li>\n");
  }
  html.markup("</ul>\n");
}

void write_meaning(Html& html, const ReportFinding& finding) {
  const bool is_silent = finding.description.empty() && false_positives_of(finding).empty();
  if (is_silent) {
    return;
  }
  html.markup("<div class=\"meaning\">\n<h3>What it means</h3>\n");
  if (!finding.description.empty()) {
    write_paragraphs(html, finding.description);
  }
  write_false_positives(html, finding);
  html.markup("</div>\n");
}

/// The types in the order in which one looks for them; others follow in the order of the finding.
std::vector<std::string_view> indicator_types(const ReportFinding& finding) {
  std::vector<std::string_view> types = {"IP Address", "Hostname", "SHA-256",   "SHA-1",
                                         "MD5",        "IMPHASH",  "File Name", "Process Name"};
  for (const ReportIndicator& indicator : finding.indicators) {
    if (std::ranges::find(types, indicator.type) == types.end()) {
      types.emplace_back(indicator.type);
    }
  }
  std::erase_if(types, [&finding](std::string_view type) {
    return std::ranges::find(finding.indicators, type, &ReportIndicator::type) ==
           finding.indicators.end();
  });
  return types;
}

void write_indicators_of(Html& html, const ReportFinding& finding, std::string_view type) {
  // A SHA-256 does not fit into a column.
  constexpr std::size_t kColumnBytes = 48;
  const bool is_wide =
      std::ranges::any_of(finding.indicators, [type](const ReportIndicator& indicator) {
        return indicator.type == type && indicator.value.size() > kColumnBytes;
      });
  html.markup(is_wide ? Markup("<div class=\"group wide\">\n<h4>")
                      : Markup("<div class=\"group\">\n<h4>"));
  html.text(type);
  html.markup(R"( <button type="button" class="copy-all" hidden>Copy )");
  html.number(static_cast<std::uint64_t>(
      std::ranges::count(finding.indicators, type, &ReportIndicator::type)));
  html.markup("</button></h4>\n<ul>\n");
  for (const ReportIndicator& indicator : finding.indicators) {
    if (indicator.type != type) {
      continue;
    }
    html.markup("<li>");
    write_code(html, indicator.value);
    if (!indicator.of.empty()) {
      html.markup(R"( <span class="dim">)").text(indicator.of).markup("</span>");
    }
    html.markup("</li>\n");
  }
  html.markup("</ul>\n</div>\n");
}

void write_indicators(Html& html, const ReportFinding& finding) {
  if (finding.indicators.empty()) {
    return;
  }
  html.markup("<section>\n<h3>Indicators</h3>\n<div class=\"indicators\">\n");
  for (const std::string_view type : indicator_types(finding)) {
    write_indicators_of(html, finding, type);
  }
  html.markup("</div>\n</section>\n");
}

/// Only what leads to a web page becomes a link: a rule's reference may say anything.
void write_reference(Html& html, std::string_view reference) {
  const bool is_link = reference.starts_with("https://") || reference.starts_with("http://");
  if (!is_link) {
    html.text(reference);
    return;
  }
  html.markup(R"(<a rel="noreferrer noopener" href=")").attribute(reference).markup(R"(">)");
  html.text(reference).markup("</a>");
}

void write_rule(Html& html, const ReportRule& rule) {
  html.markup("<tr><td>").text(rule.title).markup("<br><code>").text(rule.id).markup("</code><td>");
  html.text(rule.author).markup("<td>").text(rule.license).markup("<td>");
  for (const std::string& reference : rule.references) {
    html.markup("<div>");
    write_reference(html, reference);
    html.markup("</div>");
  }
  html.markup("</tr>\n");
}

void write_rules(Html& html, const ReportFinding& finding) {
  if (finding.rules.empty()) {
    return;
  }
  html.markup(R"(<details class="rules"><summary>)").number(finding.rules.size());
  html.markup(finding.rules.size() == 1 ? Markup(" rule: ") : Markup(" rules: "));
  html.markup(
      "authors, licences, references</summary>\n<table>\n<thead><tr><th>Rule<th>Author<th>Licence"
      "<th>References</tr></thead>\n<tbody>\n");
  for (const ReportRule& rule : finding.rules) {
    write_rule(html, rule);
  }
  html.markup("</tbody>\n</table>\n</details>\n");
}

}  // namespace

void write_finding(Html& html, const ReportFinding& finding, std::size_t number) {
  html.markup(R"(<article class="finding )").markup(filter_word(finding.head));
  html.markup(R"(" id="f)").number(number).markup(R"(" data-level=")");
  html.markup(filter_word(finding.head)).markup(R"(" aria-labelledby="f)").number(number);
  html.markup("-h\">\n");
  write_header(html, finding, number);
  html.markup("<div class=\"about\">\n<div>\n");
  write_facts(html, finding);
  write_techniques(html, finding);
  html.markup("</div>\n");
  write_meaning(html, finding);
  html.markup("</div>\n");
  write_tree(html, finding, number);
  write_timeline(html, finding, number);
  write_indicators(html, finding);
  write_rules(html, finding);
  html.markup("</article>\n");
}

}  // namespace spoor
