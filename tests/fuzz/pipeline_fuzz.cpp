// Lines through the whole pipeline, forwards and backwards: no crash, no residual, the same
// findings.

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "engine/finding/render.h"
#include "engine/pipeline.h"
#include "engine/rule/load.h"
#include "tests/support/parsing.h"

namespace {

// Three rules over fields that a fuzzer finds easily, and a chain over them.
constexpr const char* kRules = R"(
title: Any
id: 10000000-0000-4000-8000-000000000001
name: any
logsource: {product: windows}
detection: {selection: {Image|contains: a}, condition: selection}
---
title: Look-up
id: 10000000-0000-4000-8000-000000000002
name: lookup
logsource: {product: windows, category: dns_query}
detection: {selection: {QueryName|endswith: x}, condition: selection}
---
title: Load
id: 10000000-0000-4000-8000-000000000003
name: load
logsource: {product: windows, category: image_load}
detection: {selection: {ImageLoaded|re: 'b+'}, condition: selection}
---
title: Chain
id: 20000000-0000-4000-8000-000000000001
correlation:
  type: temporal
  rules: [any, lookup, load]
  group-by: [process_tree]
  timespan: 1d
  condition: lookup or load
)";

std::string replay(const spoor::RuleSet& rules, const std::vector<std::string>& lines) {
  spoor::Pipeline pipeline(rules, {});
  for (const std::string& line : lines) {
    const std::string text = spoor::test::padded(line);
    pipeline.take(std::string_view(text).substr(0, line.size()), {});
  }
  std::string output;
  for (const spoor::Finding& finding : pipeline.findings()) {
    output += spoor::render_ocsf(finding) + "\n";
    if (spoor::render_tree(finding, {.color = false, .width = 80}).empty()) {
      std::abort();
    }
  }
  if (pipeline.accounting().total().residual() != 0) {
    std::abort();
  }
  return output;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  static const spoor::LoadedRules loaded =
      spoor::load_rules({{.path = "fuzz.yml", .content = kRules}});
  std::vector<std::string> lines;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  while (!rest.empty() && lines.size() < 50) {
    const std::size_t end = rest.find('\n');
    lines.emplace_back(rest.substr(0, end));
    rest = end == std::string_view::npos ? "" : rest.substr(end + 1);
  }
  const std::string forwards = replay(loaded.rules, lines);
  std::reverse(lines.begin(), lines.end());
  if (replay(loaded.rules, lines) != forwards) {
    std::abort();
  }
  return 0;
}
