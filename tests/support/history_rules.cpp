#include "tests/support/history_rules.h"

#include <cstdlib>
#include <string>

#include "engine/rule/load.h"

namespace spoor::test {
namespace {

std::string detection(const std::string& name,
                      const std::string& category,
                      const std::string& selections,
                      const std::string& condition = "s") {
  return "title: " + name + "\nid: " + name + "\nname: " + name +
         "\nlevel: medium\nspoor: lineage\nlogsource: {product: windows, category: " + category +
         "}\ndetection:\n" + selections + "  condition: " + condition + "\n---\n";
}

std::string correlation(const std::string& name, const std::string& body) {
  return "title: " + name + "\nid: " + name + "\nname: " + name + "\nlevel: high\ncorrelation: {" +
         body + "}\n---\n";
}

}  // namespace

const RuleSet& history_rules() {
  static const LoadedRules kLoaded = load_rules(
      {{.path = "rules.yml",
        .content =
            detection("a", "dns_query", "  s: {QueryName: a.test}\n") +
            detection("b", "dns_query", "  s: {QueryName: b.test}\n") +
            detection("c", "dns_query", "  s: {QueryName: c.test}\n") +
            detection("any-name", "dns_query", "  s: {QueryName|endswith: .test}\n") +
            detection("p1", "dns_query", "  s: {Image|endswith: '\\p1.exe'}\n") +
            detection("below-p1", "process_creation", "  s: {ParentImage|endswith: '\\p1.exe'}\n") +
            detection("not-below-p1", "process_creation",
                      "  s: {Image|endswith: '\\p2.exe'}\n"
                      "  f: {ParentImage|endswith: '\\p1.exe'}\n",
                      "s and not f") +
            detection("grandchild", "process_creation",
                      "  s: {GrandParentImage|endswith: '\\p0.exe'}\n") +
            detection("far-below-p3", "dns_query",
                      "  s: {QueryName: d.test, Ancestor.Image|endswith: '\\p3.exe'}\n") +
            detection("script-a", "ps_script", "  s: {ScriptBlockText: a.test}\n") +
            detection("script", "ps_script", "  s: {ScriptBlockText|endswith: .test}\n") +
            detection("script-below-p1", "ps_script",
                      "  s: {ScriptBlockText: b.test, ParentImage|endswith: '\\p1.exe'}\n") +
            detection("script-far-below-p3", "ps_script",
                      "  s: {ScriptBlockText: c.test, Ancestor.Image|endswith: '\\p3.exe'}\n") +
            detection("script-not-of-p2", "ps_script",
                      "  s: {ScriptBlockText: d.test}\n"
                      "  f: {Image|endswith: '\\p2.exe'}\n",
                      "s and not f") +
            detection("start-p1", "process_creation", "  s: {Image|endswith: '\\p1.exe'}\n") +
            correlation("script-started",
                        "type: temporal, rules: [start-p1, script-a, below-p1], anchor: start-p1, "
                        "group-by: [process_tree], timespan: 60s, "
                        "condition: script-a or below-p1, generate: true") +
            correlation("script-not-started",
                        "type: temporal, rules: [start-p1, script, script-a], anchor: start-p1, "
                        "group-by: [process_tree], timespan: 20s, "
                        "condition: script and not script-a, generate: true") +
            correlation("script-tree",
                        "type: temporal, rules: [p1, script-a], anchor: p1, "
                        "group-by: [process_tree], timespan: 30s, condition: script-a, "
                        "generate: true") +
            correlation("script-anchor",
                        "type: temporal, rules: [script-a, b], anchor: script-a, "
                        "group-by: [process_tree], timespan: 60s, condition: b, generate: true") +
            correlation("script-absent",
                        "type: temporal, rules: [script, a, script-a], anchor: script, "
                        "group-by: [process], timespan: 20s, condition: a and not script-a, "
                        "generate: true") +
            correlation("script-runs",
                        "type: event_count, rules: [script], group-by: [program], timespan: 30s, "
                        "condition: {gte: 3}, generate: true") +
            correlation("script-under",
                        "type: temporal, rules: [p1, script-below-p1, script-far-below-p3], "
                        "anchor: p1, group-by: [process_tree], timespan: 60s, "
                        "condition: script-below-p1 or script-far-below-p3, generate: true") +
            correlation("script-often",
                        "type: event_count, rules: [script], group-by: [Computer], "
                        "timespan: 20s, condition: {gte: 3}, generate: true") +
            correlation("tree",
                        "type: temporal, rules: [p1, a, b], anchor: p1, group-by: [process_tree], "
                        "timespan: 30s, condition: a and b, generate: true") +
            correlation("beside",
                        "type: temporal, rules: [p1, a, c], anchor: p1, group-by: [process_tree], "
                        "relation: {a: parent, c: child}, timespan: 60s, condition: a or c, "
                        "generate: true") +
            correlation("below",
                        "type: temporal, rules: [p1, below-p1, c], anchor: p1, "
                        "group-by: [process_tree], timespan: 60s, condition: below-p1 or c, "
                        "generate: true") +
            correlation("absent",
                        "type: temporal, rules: [p1, a, b], anchor: p1, group-by: [process_tree], "
                        "timespan: 20s, condition: a and not b, generate: true") +
            correlation("counted",
                        "type: event_count, rules: [p1, any-name], anchor: p1, "
                        "group-by: [process_tree], timespan: 30s, condition: {gte: 3}, "
                        "generate: true") +
            correlation("few",
                        "type: value_count, rules: [p1, any-name], anchor: p1, "
                        "group-by: [process_tree], timespan: 10s, "
                        "condition: {field: QueryName, lt: 2}, generate: true") +
            correlation("beside-ordered",
                        "type: temporal_ordered, rules: [p1, a, c], group-by: [process_tree], "
                        "relation: {a: sibling, c: sibling}, timespan: 60s, anchor: p1, "
                        "generate: true") +
            correlation("runs",
                        "type: temporal, rules: [any-name, a, b], anchor: any-name, "
                        "group-by: [program_tree], relation: {b: child}, timespan: 60s, "
                        "condition: a and b, generate: true") +
            correlation("runs-absent",
                        "type: temporal, rules: [any-name, a, c], anchor: any-name, "
                        "group-by: [program_tree], timespan: 20s, condition: a and not c, "
                        "generate: true") +
            correlation("runs-counted",
                        "type: event_count, rules: [any-name], group-by: [program], "
                        "timespan: 30s, condition: {gte: 4}, generate: true") +
            correlation("often",
                        "type: event_count, rules: [any-name], group-by: [QueryName], "
                        "timespan: 20s, condition: {gte: 4}, generate: true") +
            correlation("names",
                        "type: value_count, rules: [any-name], group-by: [Image], timespan: 30s, "
                        "condition: {field: QueryName, gte: 3}, generate: true") +
            correlation("quiet",
                        "type: value_count, rules: [any-name], group-by: [Image], timespan: 10s, "
                        "condition: {field: QueryName, lt: 2}, generate: true") +
            correlation("in-order",
                        "type: temporal_ordered, rules: [a, b, c], group-by: [Computer], "
                        "timespan: 20s, generate: true") +
            correlation("far-often",
                        "type: event_count, rules: [far-below-p3], group-by: [QueryName], "
                        "timespan: 60s, condition: {gte: 2}, generate: true") +
            correlation("chained",
                        "type: temporal, rules: [often, c], group-by: [QueryName], timespan: 60s, "
                        "condition: often or c")}});
  if (kLoaded.rejected != 0) {
    std::abort();  // Our own text: nothing that a test could go on with.
  }
  return kLoaded.rules;
}

}  // namespace spoor::test
