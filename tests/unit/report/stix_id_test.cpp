#include "engine/report/stix_id.h"

#include <gtest/gtest.h>

namespace spoor {
namespace {

/// What OASIS's own library (stix2 3.0.2) makes of the same properties.
TEST(StixId, ObservablesHaveTheIdsThatOthersGiveThem) {
  const std::string hash(32, 'b');
  EXPECT_EQ(observable_id("file", ContributingProperties()
                                      .text("name", "a.exe")
                                      .json("hashes", "{\"MD5\":\"" + hash + "\"}")),
            "file--e1b5a944-94ee-544e-9acf-7c35a855ac95");
  EXPECT_EQ(observable_id("ipv4-addr", ContributingProperties().text("value", "198.51.100.7")),
            "ipv4-addr--12592121-be4c-5a93-a813-5a5af16e50db");
  EXPECT_EQ(
      observable_id("directory", ContributingProperties().text("path", "C:\\a\"b\t\x01\x7fé")),
      "directory--a5c4f5cc-01ee-585c-93e2-a3b47999732a");
  EXPECT_EQ(observable_id("network-traffic",
                          ContributingProperties()
                              .text("start", "2023-03-22T13:41:09.118Z")
                              .text("dst_ref", "ipv4-addr--12592121-be4c-5a93-a813-5a5af16e50db")
                              .number("dst_port", 443)
                              .list("protocols", {"ipv4", "tcp"})),
            "network-traffic--0056071c-77ac-5689-a5d8-59a2930a01c1");
}

TEST(StixId, AbsentPropertiesDoNotContribute) {
  EXPECT_EQ(ContributingProperties().text("z", "1").text("a", "").list("b", {}).finish(),
            R"({"z":"1"})");
  EXPECT_EQ(ContributingProperties().number("b", 0).text("a", "x").finish(), R"({"a":"x","b":0})");
}

/// RFC 8785, 3.2.2.2.
TEST(StixId, TextIsCanonical) {
  EXPECT_EQ(ContributingProperties().text("a", "\b\t\n\x0b\f\r\x1f\"\\/\x7f€").finish(),
            "{\"a\":\"\\b\\t\\n\\u000b\\f\\r\\u001f\\\"\\\\/\x7f€\"}");
}

TEST(StixId, OthersAreOfVersionFourAndTheSameEachTime) {
  const std::string id = stix_id("process", {"pc042", "8F4C1E20"});
  EXPECT_EQ(id, "process--1e7aa6a8-67fb-4bef-9d75-f29542e1c63b");
  EXPECT_EQ(id, stix_id("process", {"pc042", "8F4C1E20"}));
  EXPECT_EQ(id[std::string("process--").size() + 14], '4');
  EXPECT_NE(id, stix_id("process", {"pc0428", "F4C1E20"}));
  EXPECT_NE(stix_id("indicator", {"a"}).substr(11), stix_id("sighting", {"a"}).substr(10));
}

}  // namespace
}  // namespace spoor
