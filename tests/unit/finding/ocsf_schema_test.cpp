// The checker of the checker: a document with one planted fault each must be found out.
#include "tests/support/ocsf_schema.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace spoor {
namespace {

/// A valid document with `more` as further members.
std::string document(const std::string& more, const std::string& finding_info = R"("uid":"f")") {
  return R"({"activity_id":1,"category_uid":2,"class_uid":2004,"type_uid":200401,"severity_id":5,"time":1,)"
         R"("metadata":{"version":"1.6.0","product":{"name":"p"}},"finding_info":{)" +
         finding_info + "}" + (more.empty() ? "" : "," + more) + "}";
}

TEST(OcsfSchema, AcceptsValidDocuments) {
  const std::string accepted[] = {
      document(""),
      document(R"("unmapped":{"anything":{"goes":[1,"x",null]}})"),
      document(R"("evidences":[{"data":{"free":true}},{"file":{"name":"a","type_id":1}}])"),
      document(
          R"("device":{"type_id":0,"type":"Unknown","ip":"2606:50c0:8000::154","hostname":"h"})"),
      document(R"("severity":"Critical")"),
  };
  for (const std::string& json : accepted) {
    EXPECT_TRUE(ocsf_violations(json).empty()) << json << "\n" << ocsf_violations(json).front();
  }
}

struct Planted {
  const char* name;
  std::string json;
  const char* want;
};

const Planted kPlanted[] = {
    {"not_json", "{", "(document): not JSON"},
    {"not_an_object", "[]", "(document): not an object"},
    {"invalid_utf8", document("\"message\":\"\xFF\""), "(document): not JSON"},
    {"lone_surrogate", document(R"("message":"\ud800")"), "(document): not JSON"},
    {"required_missing", document("", R"("title":"t")"),
     "finding_info.uid: required attribute is missing"},
    {"required_missing_deep", document(R"("evidences":[{"file":{"name":"a"}}])"),
     "evidences[0].file.type_id: required attribute is missing"},
    {"unknown_attribute", document(R"("spoor":1)"), "spoor: unknown attribute"},
    {"unknown_attribute_deep",
     document("", R"("uid":"f","analytic":{"uid":"r","type_id":1,"colour":"x"})"),
     "finding_info.analytic.colour: unknown attribute"},
    {"scalar_for_array", document(R"("evidences":{"data":1})"), "evidences: must be an array"},
    {"array_for_scalar", document(R"("message":["m"])"), "message: must be text"},
    {"array_for_object", document(R"("device":[])"), "device: must be an object"},
    {"text_for_object", document(R"("device":"h")"), "device: must be an object"},
    {"null", document(R"("message":null)"), "message: must be text"},
    {"number_for_text", document(R"("message":1)"), "message: must be text"},
    {"text_for_integer", document(R"("count":"1")"), "count: must be an integer"},
    {"fraction_for_integer", document(R"("count":1.5)"), "count: must be an integer"},
    {"integer_too_big", document(R"("count":4294967296)"), "count: must be an integer"},
    {"fraction_for_long", document(R"("start_time":1.5)"), "start_time: must be a long integer"},
    {"text_for_timestamp", document(R"("start_time":"2023")"),
     "start_time: must be a long integer"},
    {"text_for_boolean", document(R"("is_alert":"true")"), "is_alert: must be true or false"},
    {"text_for_float",
     document(
         R"("vulnerabilities":[{"cve":{"uid":"c","cvss":[{"version":"3","base_score":"x"}]}}])"),
     "vulnerabilities[0].cve.cvss[0].base_score: must be a number"},
    {"pattern_of_ip", document(R"("device":{"type_id":0,"ip":"1.2.3"})"),
     "device.ip: does not match the pattern"},
    {"length_of_ip",
     document(R"("device":{"type_id":0,"ip":"1111111111111111111111111111111111111111111"})"),
     "device.ip: is too long"},
    {"pattern_of_hash",
     document(
         R"("evidences":[{"file":{"name":"a","type_id":1,"hashes":[{"algorithm_id":1,"value":"xyz"}]}}])"),
     "evidences[0].file.hashes[0].value: does not match the pattern"},
    {"range_of_port", document(R"("evidences":[{"dst_endpoint":{"ip":"1.2.3.4","port":65536}}])"),
     "evidences[0].dst_endpoint.port: is out of range"},
    {"enumeration", document(R"("status_id":7)"), "status_id: is not a value of its enumeration"},
    {"caption", document(R"("severity":"High")"), "severity: is not the caption of its id"},
    {"activity_caption", document(R"("activity_name":"Close")"),
     "activity_name: is not the caption of its id"},
    {"at_least_one", document(R"("evidences":[{"name":"n"}])"),
     "evidences[0]: breaks at_least_one"},
    {"just_one_none", document(R"("vulnerabilities":[{"title":"t"}])"),
     "vulnerabilities[0]: breaks just_one"},
    {"just_one_two", document(R"("vulnerabilities":[{"cve":{"uid":"c"},"cwe":{"uid":"w"}}])"),
     "vulnerabilities[0]: breaks just_one"},
    {"written_twice", document(R"("message":"a","message":"b")"), "message: written twice"},
    {"written_twice_where_all_is_open", document(R"("unmapped":{"a":[{"b":1,"b":2}]})"),
     "unmapped.a[0].b: written twice"},
    {"type_uid",
     R"({"activity_id":2,"category_uid":2,"class_uid":2004,"type_uid":200401,"severity_id":5,"time":1,)"
     R"("metadata":{"version":"1","product":{"name":"p"}},"finding_info":{"uid":"f"}})",
     "type_uid: is not class_uid * 100 + activity_id"},
    {"class_uid",
     R"({"activity_id":1,"category_uid":2,"class_uid":2005,"type_uid":200401,"severity_id":5,"time":1,)"
     R"("metadata":{"version":"1","product":{"name":"p"}},"finding_info":{"uid":"f"}})",
     "class_uid: is not that of a Detection Finding"},
    {"category_uid",
     R"({"activity_id":1,"category_uid":1,"class_uid":2004,"type_uid":200401,"severity_id":5,"time":1,)"
     R"("metadata":{"version":"1","product":{"name":"p"}},"finding_info":{"uid":"f"}})",
     "category_uid: is not that of Findings"},
};

TEST(OcsfSchema, FindsThePlantedFaultAndNoOther) {
  for (const Planted& planted : kPlanted) {
    const std::vector<std::string> violations = ocsf_violations(planted.json);
    ASSERT_EQ(violations.size(), 1U) << planted.name;
    EXPECT_TRUE(violations.front().starts_with(planted.want))
        << planted.name << ": " << violations.front();
  }
}

TEST(OcsfSchema, PartsAreCheckedAsTheObjectTheyShouldBe) {
  const std::string json =
      R"({"a":{"process":{"pid":1},"bad":{"name":"x"}},"list":[{"ip":"1.2.3.4"},{"port":1}],"n":1})";
  EXPECT_TRUE(ocsf_object_violations(json, "a.process", "process").empty());
  const std::pair<std::vector<std::string>, const char*> bad[] = {
      {ocsf_object_violations(json, "a.bad", "process"), "a.bad: breaks at_least_one"},
      {ocsf_object_violations(json, "a.none", "process"), "a.none: is missing"},
      {ocsf_object_violations(json, "n", "process"), "n: must be an object"},
      {ocsf_object_violations(json, "a", "no_such"), "a: the schema has no such object"},
      {ocsf_object_violations(json, "list", "network_endpoint"), "list[1]: breaks at_least_one"},
      {ocsf_object_violations("[]", "", "process"), "(document): not an object"},
  };
  for (const auto& [violations, want] : bad) {
    EXPECT_EQ(violations, std::vector<std::string>{want});
  }
}

}  // namespace
}  // namespace spoor
