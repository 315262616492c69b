#include "cli/attack_coverage.h"

#include <algorithm>
#include <map>
#include <set>

#include <rapidjson/document.h>

#include "engine/finding/attack_table.h"
#include "tests/unit/cli/rule_files.h"

namespace spoor {
namespace {

using test::start_rule;

using Json = rapidjson::Value;

class AttackCoverageTest : public test::RuleFolder {
 protected:
  void write_rules() {
    write("a.yml", start_rule("a", "{Image: x}", "[attack.execution, attack.t1059.001]"));
    write("b.yml", start_rule("b", "{OriginalFileName: x}", "[attack.t1059.001, attack.t1055]"));
    write("c.yml", start_rule("c", "{Image: x}", "[attack.t1059]"));
    write("d.yml", start_rule("d", "{Image: x}", "[cve.2026-1]"));
    write("e.yml", start_rule("e", "{Image: x}", "[attack.t1685]"));
    write("f.yml", start_rule("f", "{Image|nope: x}", "[attack.t1055]"));
    write("g.yml",
          "title: G\nid: g\nname: g\ntags: [attack.t1003]\ncorrelation:\n  type: temporal\n"
          "  rules: [a, b]\n  group-by: [process_tree]\n  timespan: 1h\n  condition: a and b\n");
  }
};

// The properties of format 4.5 as attack-navigator documents them (layers/spec/v4.5): a property
// that it does not have, or of another type, is a mistake.
void expect_members(const Json& object, const std::map<std::string, rapidjson::Type>& allowed) {
  ASSERT_TRUE(object.IsObject());
  for (const auto& member : object.GetObject()) {
    const auto known = allowed.find(member.name.GetString());
    ASSERT_NE(known, allowed.end()) << member.name.GetString();
    const bool is_bool = known->second == rapidjson::kTrueType;
    EXPECT_TRUE(is_bool ? member.value.IsBool() : member.value.GetType() == known->second)
        << member.name.GetString();
  }
}

void expect_valid_layer(const std::string& text) {
  rapidjson::Document layer;
  ASSERT_FALSE(layer.Parse(text.c_str()).HasParseError());
  const auto text_type = rapidjson::kStringType;
  const auto bool_type = rapidjson::kTrueType;
  const auto number_type = rapidjson::kNumberType;
  const auto object_type = rapidjson::kObjectType;
  const auto array_type = rapidjson::kArrayType;
  expect_members(layer, {{"name", text_type},
                         {"versions", object_type},
                         {"domain", text_type},
                         {"description", text_type},
                         {"sorting", number_type},
                         {"layout", object_type},
                         {"hideDisabled", bool_type},
                         {"techniques", array_type},
                         {"gradient", object_type}});
  ASSERT_TRUE(layer.HasMember("name") && layer.HasMember("domain") && layer.HasMember("versions"));
  EXPECT_STREQ(layer["domain"].GetString(), "enterprise-attack");
  expect_members(layer["versions"],
                 {{"attack", text_type}, {"navigator", text_type}, {"layer", text_type}});
  EXPECT_STREQ(layer["versions"]["layer"].GetString(), "4.5");
  EXPECT_STREQ(layer["versions"]["attack"].GetString(), "18");
  EXPECT_GE(std::string(layer["versions"]["navigator"].GetString()), "4.9.0");
  expect_members(layer["layout"], {{"layout", text_type},
                                   {"showID", bool_type},
                                   {"showName", bool_type},
                                   {"expandedSubtechniques", text_type}});
  expect_members(layer["gradient"],
                 {{"colors", array_type}, {"minValue", number_type}, {"maxValue", number_type}});
  EXPECT_GE(layer["gradient"]["colors"].Size(), 2U);
  EXPECT_GT(layer["gradient"]["maxValue"].GetInt(), layer["gradient"]["minValue"].GetInt());
  std::set<std::string> seen;
  for (const Json& technique : layer["techniques"].GetArray()) {
    expect_members(technique, {{"techniqueID", text_type},
                               {"score", number_type},
                               {"comment", text_type},
                               {"enabled", bool_type},
                               {"showSubtechniques", bool_type}});
    const std::string uid = technique["techniqueID"].GetString();
    EXPECT_TRUE(seen.insert(uid).second) << uid;
    EXPECT_NE(std::ranges::find(technique_table(), uid, &TechniqueRow::uid),
              technique_table().end())
        << uid;
    EXPECT_LE(technique["score"].GetInt(), layer["gradient"]["maxValue"].GetInt());
  }
}

TEST_F(AttackCoverageTest, CountsRulesThatCanFire) {
  write_rules();
  const RuleCatalog rules = catalog();
  const AttackCoverage any = attack_coverage(rules, std::nullopt);
  EXPECT_EQ(any.rules, 7U);
  EXPECT_EQ(any.firing, 6U);
  EXPECT_EQ(any.untagged, 1U);
  EXPECT_EQ(any.unknown, 1U);
  EXPECT_EQ(any.techniques.at("T1059.001"), (std::vector<std::string>{"Title of a", "Title of b"}));
  EXPECT_EQ(any.techniques.at("T1059").size(), 3U);  // Its own and those of its sub-technique.
  EXPECT_EQ(any.techniques.at("T1003").size(), 1U);
  EXPECT_EQ(any.rules_by_tactic.at("TA0002"), 3U);

  const AttackCoverage crowdstrike = attack_coverage(rules, Source::crowdstrike);
  EXPECT_EQ(crowdstrike.firing, 4U);
  EXPECT_EQ(crowdstrike.techniques.at("T1059.001").size(), 1U);
  EXPECT_FALSE(crowdstrike.techniques.contains("T1003"));  // A step of it cannot fire.
}

TEST_F(AttackCoverageTest, LayerIsWhatTheNavigatorDocuments) {
  write_rules();
  const RuleCatalog rules = catalog();
  for (const std::optional<Source> source :
       {std::optional<Source>(), std::optional(Source::sysmon)}) {
    expect_valid_layer(render_layer(attack_coverage(rules, source)));
  }
  EXPECT_EQ(
      render_layer(attack_coverage(rules, Source::crowdstrike)),
      R"({"name":"Spoor on crowdstrike","versions":{"attack":"18","navigator":"5.2.0","layer":"4.5"},)"
      R"("domain":"enterprise-attack","description":"4 of 7 rules can fire on records of crowdstrike. )"
      R"(The score of a technique is the number of rules for it and its sub-techniques.","sorting":0,)"
      R"("layout":{"layout":"side","showID":true,"showName":true,"expandedSubtechniques":"annotated"},)"
      R"("hideDisabled":false,"techniques":[)"
      R"({"techniqueID":"T1059","score":2,"comment":"Title of a\nTitle of c","enabled":true,"showSubtechniques":true},)"
      R"({"techniqueID":"T1059.001","score":1,"comment":"Title of a","enabled":true}],)"
      R"("gradient":{"colors":["#e4f0fb","#0b5cad"],"minValue":0,"maxValue":2}})"
      "\n");
}

TEST_F(AttackCoverageTest, NothingIsALayerToo) {
  write("a.yml", start_rule("a", "{Image: x}", "[cve.2026-1]"));
  expect_valid_layer(render_layer(attack_coverage(catalog(), std::nullopt)));
}

TEST_F(AttackCoverageTest, TableIsByTactic) {
  write_rules();
  const std::string table =
      render_coverage(attack_coverage(catalog(), std::nullopt), {.color = false, .width = 80});
  EXPECT_NE(table.find("Execution                1 of 17         1 of 29      3\n"),
            std::string::npos)
      << table;
  EXPECT_NE(
      table.find("6 of 7 rules can fire; 1 of them without a tag of ATT&CK; 1 name techniques "
                 "that ATT&CK 18.1 does not have.\n"),
      std::string::npos)
      << table;
}

}  // namespace
}  // namespace spoor
