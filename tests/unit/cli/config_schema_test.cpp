#include "cli/config_schema.h"

#include <algorithm>
#include <set>
#include <string>

#include <gtest/gtest.h>
#include <rapidjson/document.h>

namespace spoor {
namespace {

class ConfigSchema : public testing::Test {
 protected:
  ConfigSchema() { schema_.Parse(render_config_schema().c_str()); }

  [[nodiscard]] const rapidjson::Value& property(const char* name) const {
    return schema_["properties"][name];
  }

  /// Calls `call` for each property of each map, with its name.
  template <typename Call>
  static void for_each_property(const rapidjson::Value& node, const Call& call) {
    if (node.IsObject()) {
      for (const auto& member : node.GetObject()) {
        if (std::string(member.name.GetString()) == "properties") {
          for (const auto& property : member.value.GetObject()) {
            call(std::string(property.name.GetString()), property.value);
          }
        }
        for_each_property(member.value, call);
      }
    } else if (node.IsArray()) {
      for (const rapidjson::Value& item : node.GetArray()) {
        for_each_property(item, call);
      }
    }
  }

  rapidjson::Document schema_;
};

TEST_F(ConfigSchema, IsWhatTheReaderAsksFor) {
  ASSERT_FALSE(schema_.HasParseError());
  EXPECT_STREQ(property("state")["type"].GetString(), "string");
  EXPECT_FALSE(schema_["additionalProperties"].GetBool());
  std::set<std::string> needed;
  for (const rapidjson::Value& key : schema_["required"].GetArray()) {
    needed.insert(key.GetString());
  }
  EXPECT_EQ(needed, (std::set<std::string>{"inputs", "state"}));
  EXPECT_STREQ(property("bus")["required"][0].GetString(), "publish");
  EXPECT_STREQ(property("log")["properties"]["format"]["enum"][1].GetString(), "json");
  EXPECT_EQ(property("queue")["default"].GetUint64(), 256U << 20U);
  EXPECT_STREQ(property("drain")["default"].GetString(), "10000ms");
  const rapidjson::Value& sink = property("sinks")["items"];
  EXPECT_STREQ(sink["properties"]["secret_file"]["type"].GetString(), "string");
  EXPECT_EQ(sink["properties"]["attempts"]["minimum"].GetUint64(), 1U);
  EXPECT_FALSE(sink["properties"]["final_only"]["default"].GetBool());
}

TEST_F(ConfigSchema, KnowsWhatEveryKeyTakes) {
  // A map that the sample has not, or a key that nobody reads, would have nothing. What librdkafka
  // knows is its own.
  const std::set<std::string> others{"options", "secret_files"};
  for_each_property(schema_, [&](const std::string& name, const rapidjson::Value& value) {
    EXPECT_EQ(value.MemberCount() == 0, others.contains(name)) << name;
  });
}

TEST_F(ConfigSchema, KnowsEveryTypeOfInput) {
  std::set<std::string> types;
  for_each_property(property("inputs"),
                    [&](const std::string& name, const rapidjson::Value& value) {
                      if (name != "type") {
                        return;
                      }
                      if (value.HasMember("const")) {
                        types.insert(value["const"].GetString());
                        return;
                      }
                      for (const rapidjson::Value& word : value["enum"].GetArray()) {
                        types.insert(word.GetString());
                      }
                    });
  EXPECT_EQ(types, (std::set<std::string>{"tcp", "http", "zmq", "kafka", "folder"}));
}

}  // namespace
}  // namespace spoor
