#include "engine/report/report.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/base/text.h"
#include "engine/finding/render.h"
#include "tests/support/golden.h"
#include "tests/support/sample_finding.h"

namespace spoor {
namespace {

bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::size_t count(const std::string& text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++found;
  }
  return found;
}

std::string page_of(const std::vector<Finding>& findings, const ReportLimits& limits = {}) {
  Report report;
  for (const Finding& finding : findings) {
    const Result<void> added = report.add(render_ocsf(finding));
    EXPECT_TRUE(added) << (added ? "" : added.error().message);
  }
  return report.render(limits);
}

/// The page without style and script, which have their own places to be reviewed in.
std::string without_assets(std::string page) {
  for (const auto& [open, close] :
       {std::pair("<style>", "</style>"), {"<script>", "</script>"}, {"<meta http-equiv", ">"}}) {
    const std::size_t from = page.find(open) + std::string_view(open).size();
    page.erase(from, page.find(close, from) - from);
  }
  return page;
}

Finding finding_number(std::uint64_t number, std::string level) {
  Finding finding = sample_finding();
  finding.uid.low = number;
  finding.level = std::move(level);
  return finding;
}

/// Names of attackers' choice, one in each place that text can take.
Finding finding_named(const std::string& name) {
  Finding finding = sample_finding();
  finding.rule.title = name;
  finding.rule.author = name;
  finding.rule.license = name;
  finding.rule.id = name;
  finding.rule.references = {"https://example.org/" + name, "x" + name};
  finding.rule.false_positives = {name};
  finding.rule.description = "About " + name;
  finding.hostname = name;
  finding.os_type = name;
  for (FindingProcess& process : finding.processes) {
    process.image = name;
    process.command_line = name;
    process.user = name;
    process.integrity_level = name;
  }
  for (FindingEvidence& evidence : finding.evidence) {
    evidence.step = name;
    evidence.step_title = name;
    evidence.vendor_event_uid = name;
    evidence.record = name;
    for (FindingField& field : evidence.fields) {
      field.value = name;
    }
    evidence.matched = {{.name = name, .value = name, .test = name}};
  }
  return finding;
}

/// The tags of a page with their attributes, without the spans that spell characters out and
/// without the values that texts of findings may be in.
std::vector<std::string> skeleton(std::string page) {
  page = without_assets(std::move(page));
  std::vector<std::string> tags;
  bool in_spelling = false;
  for (std::size_t at = page.find('<'); at != std::string::npos; at = page.find('<', at + 1)) {
    std::string tag = page.substr(at, page.find('>', at) + 1 - at);
    if (tag == "<span class=\"esc\">") {
      in_spelling = true;
      continue;
    }
    if (in_spelling && tag == "</span>") {
      in_spelling = false;
      continue;
    }
    for (const std::string_view attribute : {" title=\"", " href=\"https:"}) {
      const std::size_t value = tag.find(attribute);
      if (value != std::string::npos) {
        const std::size_t from = value + attribute.size();
        tag.erase(from, tag.find('"', from) - from);
      }
    }
    tags.push_back(std::move(tag));
  }
  return tags;
}

TEST(Report, SampleAsAgreed) {
  EXPECT_TRUE(matches_golden("report/sample.html", without_assets(page_of({sample_finding()}))));
}

TEST(Report, NothingFoundIsAPageToo) {
  const std::string page = Report().render();
  EXPECT_TRUE(holds(page, "0 findings"));
  EXPECT_TRUE(holds(page, "No findings."));
  EXPECT_TRUE(page.ends_with("</html>\n"));
}

TEST(Report, TheSameInAnyOrder) {
  const std::vector<Finding> findings = {finding_number(1, "low"), finding_number(2, "critical"),
                                         finding_number(3, "low"), finding_number(4, "high")};
  const std::string page = page_of(findings);
  EXPECT_EQ(page, page_of({findings[3], findings[1], findings[0], findings[2]}));
}

TEST(Report, TheGravestFirstAndRetractedOnesLast) {
  Finding retracted = finding_number(1, "critical");
  retracted.rule.title = "Retracted";
  retracted.status = FindingStatus::retracted;
  Finding low = finding_number(2, "low");
  low.rule.title = "Low";
  Finding high = finding_number(3, "high");
  high.rule.title = "High";
  const std::string page = page_of({retracted, low, high});
  EXPECT_LT(page.find("High</h2>"), page.find("Low</h2>"));
  EXPECT_LT(page.find("Low</h2>"), page.find("Retracted</h2>"));
  EXPECT_TRUE(holds(page, "<b>1</b> retracted"));
  EXPECT_FALSE(holds(page, "</b> critical"));
}

TEST(Report, TheLastRevisionCounts) {
  Finding first = finding_number(1, "low");
  first.rule.title = "As first seen";
  Finding second = finding_number(1, "high");
  second.rule.title = "As seen later";
  second.revision = 2;
  const std::string page = page_of({first, second});
  EXPECT_EQ(page, page_of({second, first}));
  EXPECT_EQ(page, page_of({second}));
  // Of one revision the one that came last: a run that was broken off, then done again.
  Finding again = first;
  again.rule.title = "Done again";
  EXPECT_TRUE(holds(page_of({first, again}), "Done again"));
  EXPECT_FALSE(holds(page_of({first, again}), "As first seen"));
}

TEST(Report, NothingOfAFindingBecomesMarkup) {
  const std::vector<std::string> want = skeleton(page_of({finding_named("name")}));
  ASSERT_GT(want.size(), 200U);
  const std::string names[] = {
      "</script><img src=x onerror=alert(1)>",
      "</style><style>*{display:none}</style>",
      "\"><svg/onload=alert(1)>",
      "' onmouseover='alert(1)",
      "<!--",
      "-->",
      "]]>",
      "</title></textarea></pre></code></table>",
      "&lt;script&gt;&#60;b&#62;",
      "\xFF\xFE<\xC0\xBCz>",
      // NOLINTNEXTLINE(misc-misleading-bidirectional): that is what it is for.
      "a\u202Egnp.exe\u2066",
      "a\r\nb\tc\x1b[2J",
      std::string("a\0<b>", 5),
      "+ADw-script+AD4-",
      "javascript:alert(1)",
      "{{7*7}}${7*7}",
  };
  for (const std::string& name : names) {
    const std::string page = page_of({finding_named(name)});
    EXPECT_EQ(skeleton(page), want) << name;
    EXPECT_TRUE(is_valid_utf8(page)) << name;
  }
}

TEST(Report, HostileAndMinimalFindingsAreWhole) {
  const std::string page = page_of({hostile_finding(), minimal_finding()});
  EXPECT_TRUE(is_valid_utf8(page));
  EXPECT_TRUE(page.ends_with("</html>\n"));
  EXPECT_TRUE(std::ranges::none_of(page, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7F;
  }));
  // NOLINTNEXTLINE(misc-misleading-bidirectional): that is what it is for.
  for (const char* bidi : {"\u202E", "\u2066", "\u200B", "\u2028"}) {
    EXPECT_FALSE(holds(page, bidi));
  }
  EXPECT_EQ(count(page, "<script"), 1U);
}

TEST(Report, OnlyWebPagesBecomeLinks) {
  Finding finding = sample_finding();
  finding.rule.references = {"javascript:alert(1)", "data:text/html,x",
                             "JaVaScRiPt:x",        " https://x",
                             "file:///etc/passwd",  "https://good.example/?a=1&b=2"};
  const std::string page = page_of({finding});
  EXPECT_TRUE(holds(page, "href=\"https://good.example/?a=1&amp;b=2\""));
  for (std::size_t at = page.find("href=\""); at != std::string::npos;
       at = page.find("href=\"", at + 1)) {
    const std::string_view target = std::string_view(page).substr(at + 6, 8);
    EXPECT_TRUE(target.starts_with("#f") || target.starts_with("https://") ||
                target.starts_with("data:,"))
        << target;
  }
}

TEST(Report, LoadsNothingAndAllowsNothing) {
  const std::string page = page_of({sample_finding()});
  EXPECT_TRUE(holds(page, "default-src 'none'"));
  EXPECT_FALSE(holds(page, "unsafe-inline"));
  for (const char* loads : {"<img", "<iframe", "<object", "<embed", " src=", "@import", "url(",
                            "fetch(", "XMLHttpRequest", " style=\"", " onclick=", "eval("}) {
    EXPECT_FALSE(holds(page, loads)) << loads;
  }
}

TEST(Report, GapsAreMarked) {
  Finding finding = sample_finding();
  finding.processes.push_back({});
  finding.processes.back().parent = 3;
  finding.evidence.back().process_ambiguous = true;
  finding.processes.back().parent_ambiguous = true;
  const std::string page = page_of({finding});
  EXPECT_TRUE(holds(page, "<div class=\"proc claimed\">"));
  EXPECT_TRUE(holds(page, "<div class=\"proc inferred\">"));
  EXPECT_TRUE(holds(page, "<div class=\"proc missing\">"));
  EXPECT_TRUE(holds(page, "claimed by child</span>"));
  EXPECT_TRUE(holds(page, "start not seen</span>"));
  EXPECT_TRUE(holds(page, "parent disputed</span>"));
  EXPECT_TRUE(holds(page, "(unknown process)"));
  EXPECT_TRUE(holds(page, "salvaged</span>"));
  EXPECT_TRUE(holds(page, "\">by pid</span>"));
  EXPECT_TRUE(holds(page, "parent by pid</span>"));
  EXPECT_TRUE(holds(page, "6 of 8 pieces of evidence are kept"));
}

TEST(Report, ListsOfTheTreeAreClosedHoweverDeepItIs) {
  Finding finding = sample_finding();
  finding.processes.resize(1);
  for (std::size_t i = 1; i < 500; ++i) {
    finding.processes.push_back(finding.processes.front());
    finding.processes.back().parent = i - 1;
    finding.processes.back().uid = "p" + std::to_string(i);
    finding.processes.back().pid = std::to_string(i);
  }
  finding.anchor = 499;
  const std::string page = page_of({finding});
  for (const char* element : {"ul", "li", "div", "section", "article", "table", "details", "p"}) {
    EXPECT_EQ(count(page, std::string("<") + element + ">") +
                  count(page, std::string("<") + element + " "),
              count(page, std::string("</") + element + ">"))
        << element;
  }
  EXPECT_EQ(count(page, "<div class=\"proc"), 500U);
  EXPECT_TRUE(holds(page, "level 500"));
}

TEST(Report, WhatIsBeyondTheLimitsIsTold) {
  std::vector<Finding> findings;
  for (std::uint64_t i = 0; i < 20; ++i) {
    findings.push_back(finding_number(i, i % 2 == 0 ? "low" : "high"));
  }
  const std::string page =
      page_of(findings, {.drawn_max = 10, .bytes_max = std::size_t{1} << 30, .listed_max = 15});
  EXPECT_EQ(count(page, "<article"), 10U);
  EXPECT_EQ(count(page, "<article class=\"finding high\""), 10U);
  EXPECT_EQ(count(page, "<tr data-level"), 15U);
  EXPECT_TRUE(holds(page, "Only the first 10 of 20 findings are drawn"));
  EXPECT_TRUE(holds(page, "The list ends after 15."));
  EXPECT_TRUE(holds(page, "<b>10</b> high"));
  const std::string small = page_of(findings, {.drawn_max = 10, .bytes_max = 1});
  EXPECT_EQ(count(small, "<article"), 1U);
  EXPECT_TRUE(holds(small, "Only the first 1 of 20 findings are drawn"));
}

TEST(Report, WhatIsNoFindingIsRefusedWithItsPlace) {
  Report report;
  std::size_t offset = 0;
  EXPECT_FALSE(report.add("{\"a\": x}", &offset));
  EXPECT_EQ(offset, 6U);
  EXPECT_FALSE(report.add(R"({"class_uid":1007})"));
  EXPECT_EQ(report.size(), 0U);
}

}  // namespace
}  // namespace spoor
