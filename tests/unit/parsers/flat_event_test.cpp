#include "parsers/flat/flat_event.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "parsers/json/json_scanner.h"

namespace spoor {
namespace {

/// Reads one flat event and keeps what it is made of.
class FlatEvent : public testing::Test {
 protected:
  const Event& read(std::string_view json, FlatRoute route = FlatRoute::none) {
    scratch_.reset();
    event_.clear();
    json_ = json;
    json_.append(kTextPadding, '\0');
    const Result<void> scanned =
        scanner_.scan(std::string_view(json_).substr(0, json.size()), document_);
    EXPECT_TRUE(scanned) << json;
    read_ = read_flat_event(document_, 0, route, scratch_, event_);
    return event_;
  }

  /// "a=1 b=null c={}": the fields, in their order.
  std::string fields(std::string_view json, FlatRoute route = FlatRoute::none) {
    std::string text;
    for (const ExtraField& field : read(json, route).extra) {
      text.append(text.empty() ? "" : " ").append(field.name).append("=");
      switch (field.kind) {
        case ValueKind::text: text.append(field.value); break;
        case ValueKind::null: text.append("null"); break;
        case ValueKind::object: text.append("{}"); break;
      }
    }
    return text;
  }

  bool is_flat(std::string_view json) {
    read(json);
    return is_flat_event(document_, 0, scratch_);
  }

  JsonScanner scanner_;
  Document document_;
  Scratch scratch_;
  std::string json_;
  Event event_;
  Result<void> read_;
};

TEST_F(FlatEvent, FieldsStandUnderTheirNamesAndPaths) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"a":"x","b":true,"c":false})", "a=x b=true c=false"},
      {R"({"a":{"b":{"c":"x"},"d":1}})", "a={} a.b={} a.b.c=x a.d=1"},
      {R"({"a":null,"b":[],"c":{},"d":""})", "a=null b=null c={} d="},
      {R"({"a":["x",2,null,["y",[]]]})", "a=x a=2 a=null a=y a=null"},
      {R"({"a":[{"b":"x"},{"b":"y"},"z"]})", "a={} a.b=x a={} a.b=y a=z"},
      // A key at the top that is spelled like a path hides the path, but not what is below it.
      {R"({"a":{"b":{"c":"y"}},"a.b":"x"})", "a={} ={} a.b.c=y a.b=x"},
      // Below the top a dotted key is in no path. Searches through the whole event find it.
      {R"({"a":{"b.c":"x","d":{"e":"y"}}})", "a={} =x a.d={} a.d.e=y"},
      {R"({"a":{"b.c":{"d":"x"}}})", "a={} ={} =x"},
      {R"({"\u0061\"":"tab\there"})", "a\"=tab\there"},
  };
  for (const auto& [json, want] : cases) {
    EXPECT_EQ(fields(json), want) << json;
  }
}

TEST_F(FlatEvent, OfARepeatedKeyTheFirstCounts) {
  EXPECT_EQ(fields(R"({"a":1,"a":2,"b":[{"c":3},{"c":4}]})"), "a=1 b={} b.c=3 b={} b.c=4");
  EXPECT_TRUE(event_.duplicate_keys);
}

TEST_F(FlatEvent, NumbersAreShortestDecimals) {
  const std::pair<const char*, const char*> cases[] = {
      {"4688", "4688"},
      {"4688.0", "4688"},
      {"4688.50", "4688.5"},
      {"-0", "0"},
      {"-0.0", "0"},
      {"1e3", "1000"},
      {"1.5E-3", "0.0015"},
      {"0.1", "0.1"},
      {"18446744073709551616", "18446744073709551616"},
      {"9223372036854775807.0", "9.223372036854776e+18"},
      {"123456789012.25", "123456789012.25"},
      {"0.00001", "1e-05"},
      {"1e999", "1e999"},
  };
  for (const auto& [number, want] : cases) {
    EXPECT_EQ(fields(R"({"n":)" + std::string(number) + "}"), "n=" + std::string(want));
  }
}

TEST_F(FlatEvent, TimesAreSecondsOrIso) {
  const std::pair<const char*, Timestamp> cases[] = {
      {R"({"timestamp":0})", 0},
      {R"({"timestamp":1680000004.703})", 1'680'000'004'703'000'000},
      {R"({"timestamp":1680000004.123456789})", 1'680'000'004'123'456'789},
      {R"({"timestamp":"1680000004.5"})", 1'680'000'004'500'000'000},
      {R"({"timestamp":-1.5})", -1'500'000'000},
      {R"({"timestamp":1.5e9})", 1'500'000'000'000'000'000},
      {R"({"timestamp":"2023-03-29T10:00:00.900Z"})", 1'680'084'000'900'000'000},
      {R"({"UtcTime":"2023-03-29 10:00:00.900"})", 1'680'084'000'900'000'000},
      {R"({"EventTime":"2023-03-29 10:00:01","UtcTime":"2023-03-29 10:00:00.900"})",
       1'680'084'000'900'000'000},
  };
  for (const auto& [json, want] : cases) {
    EXPECT_EQ(read(json).time, want) << json;
    EXPECT_FALSE(event_.time_suspect) << json;
  }
  for (const char* json : {R"({})", R"({"timestamp":"soon"})", R"({"timestamp":1e30})",
                           R"({"timestamp":99999999999})", R"({"timestamp":null})"}) {
    EXPECT_EQ(read(json).time, 0) << json;
    EXPECT_TRUE(event_.time_suspect) << json;
  }
}

TEST_F(FlatEvent, AChannelInLowerCaseIsNoneOfWindows) {
  EXPECT_EQ(read(R"({"Channel":"security","EventID":4688})", FlatRoute::windows).type,
            EventType::other);
  EXPECT_EQ(event_.platform, Platform::windows);
  EXPECT_FALSE(event_.has(FieldId::channel));
}

TEST_F(FlatEvent, RoutedByChannelAndId) {
  constexpr const char* kSysmon = "Microsoft-Windows-Sysmon/Operational";
  const std::tuple<const char*, const char*, const char*, EventType> cases[] = {
      {kSysmon, "1", "", EventType::process_creation},
      {kSysmon, "12", "CreateKey", EventType::registry_add},
      {kSysmon, "12", "DeleteValue", EventType::registry_delete},
      {kSysmon, "12", "INFO", EventType::registry_event},
      {kSysmon, "99", "", EventType::other},
      {"Security", "4688", "", EventType::process_creation},
      {"Security", "4688.0", "", EventType::process_creation},
      {"Security", "4662", "", EventType::other},
      {"Microsoft-Windows-PowerShell/Operational", "4104", "", EventType::ps_script},
      {"Windows PowerShell", "400", "", EventType::ps_classic_start},
      {"Windows PowerShell", "600", "", EventType::ps_classic_provider_start},
      {"Windows PowerShell", "800", "", EventType::ps_classic_script},
      {"Microsoft-Windows-Windows Defender/Operational", "1116", "", EventType::antivirus},
  };
  for (const auto& [channel, id, verb, want] : cases) {
    const std::string json = std::string(R"({"Channel":")") + channel + R"(","EventID":)" + id +
                             R"(,"EventType":")" + verb + R"("})";
    EXPECT_EQ(read(json, FlatRoute::windows).type, want) << json;
    EXPECT_EQ(event_.platform, Platform::windows);
    EXPECT_EQ(event_.field(FieldId::channel), channel);
    EXPECT_EQ(read(json).type, EventType::other);
    EXPECT_FALSE(event_.has(FieldId::channel));
  }
  read(R"({"EventID":1})", FlatRoute::windows);
  EXPECT_EQ(event_.platform, Platform::unknown);
}

TEST_F(FlatEvent, OfSecurity4688TheFieldsGetTheirCategorysNames) {
  EXPECT_EQ(
      fields(
          R"({"Channel":"Security","EventID":4688,"NewProcessName":"a","ParentProcessName":"b"})",
          FlatRoute::windows),
      "Channel=Security EventID=4688 NewProcessName=a ParentProcessName=b Image=a ParentImage=b");
  // Not where they have them.
  EXPECT_EQ(fields(R"({"Channel":"Security","EventID":4688,"NewProcessName":"a","Image":"c"})",
                   FlatRoute::windows),
            "Channel=Security EventID=4688 NewProcessName=a Image=c");
}

TEST_F(FlatEvent, VendorsRecordsAreNotFlat) {
  for (const char* json :
       {R"({"timestamp":1,"EventID":1,"Image":"x"})", R"({})", R"({"k":"a"})",
        R"({"Provider_Name":"Microsoft-Windows-Sysmon","EventID":1,"Channel":"c","Computer":"h"})",
        R"({"EventID":1,"Hostname":"h","Channel":"c","Image":"x"})",
        R"({"EventID":1,"Hostname":"h","SourceModuleType":"im_msvistalog","Image":"x"})"}) {
    EXPECT_TRUE(is_flat(json)) << json;
  }
  for (const char* json :
       {R"({"Event":{"System":{"EventID":1}}})", R"({"winlog":{"event_id":1}})",
        R"({"event_simpleName":"ProcessRollup2","aid":"a"})",
        R"({"EventID":1,"Computer":"h","ProviderName":"p","StringInserts":["a"]})"}) {
    EXPECT_FALSE(is_flat(json)) << json;
  }
}

TEST_F(FlatEvent, TooManyKeysAreRefused) {
  std::string json = "{";
  for (int i = 0; i < 5'000; ++i) {
    json.append(i == 0 ? R"("k)" : R"(,"k)").append(std::to_string(i)).append(R"(":1)");
  }
  read(json + "}");
  ASSERT_FALSE(read_);
  EXPECT_EQ(read_.error().code, ErrorCode::too_many_keys);
  read("[1]");
  ASSERT_FALSE(read_);
  EXPECT_EQ(read_.error().code, ErrorCode::unknown_source);
}

}  // namespace
}  // namespace spoor
