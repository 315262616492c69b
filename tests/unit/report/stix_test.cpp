#include "engine/report/stix.h"

#include <cstdint>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include "engine/base/text.h"
#include "engine/finding/render.h"
#include "tests/support/golden.h"
#include "tests/support/sample_finding.h"

namespace spoor {
namespace {

using Json = rapidjson::Value;

constexpr const char* kRule = "title: A rule\nlogsource: {category: test}\ndetection: {}\n";

std::optional<std::string> known_rule(const ReportRule& /*rule*/) {
  return kRule;
}

std::optional<std::string> unknown_rule(const ReportRule& /*rule*/) {
  return std::nullopt;
}

ReportFinding read(const Finding& finding) {
  Result<ReportFinding> read = read_finding(render_ocsf(finding), nullptr);
  EXPECT_TRUE(read) << (read ? "" : read.error().message);
  return read ? std::move(*read) : ReportFinding();
}

std::string bundle_of(const std::vector<Finding>& findings, const RuleText& rule = known_rule) {
  StixBundle bundle(rule);
  for (const Finding& finding : findings) {
    bundle.add(read(finding));
  }
  return bundle.render();
}

/// What the specification requires of each type beside type, spec_version and id. Of `file` it is
/// one of two, which we always have.
const std::map<std::string, std::vector<std::string>> kRequired = {
    {"identity", {"created", "modified", "name"}},
    {"indicator", {"created", "modified", "pattern", "pattern_type", "valid_from"}},
    {"attack-pattern", {"created", "modified", "name"}},
    {"relationship", {"created", "modified", "relationship_type", "source_ref", "target_ref"}},
    {"observed-data",
     {"created", "modified", "first_observed", "last_observed", "number_observed", "object_refs"}},
    {"sighting", {"created", "modified", "sighting_of_ref"}},
    {"process", {}},
    {"file", {"name"}},
    {"directory", {"path"}},
    {"domain-name", {"value"}},
    {"url", {"value"}},
    {"ipv4-addr", {"value"}},
    {"ipv6-addr", {"value"}},
    {"user-account", {"user_id"}},
    {"windows-registry-key", {"key"}},
    {"network-traffic", {"protocols"}},
};

/// A bundle, checked against the specification as far as it goes without its schemas, which
/// tests/e2e/exchange_test.py has where they are installed.
class Checked {
 public:
  explicit Checked(const std::string& text) {
    document_.Parse<rapidjson::kParseValidateEncodingFlag>(text.data(), text.size());
    EXPECT_FALSE(document_.HasParseError()) << text.substr(document_.GetErrorOffset(), 80);
    if (document_.HasParseError() || !document_.HasMember("objects")) {
      return;
    }
    for (const Json& object : document_["objects"].GetArray()) {
      check(object);
    }
    for (const std::string& reference : references_) {
      EXPECT_TRUE(ids_.contains(reference)) << reference << " is not in the bundle";
    }
  }

  /// The objects of a type, in order.
  [[nodiscard]] std::vector<const Json*> of(std::string_view type) const {
    std::vector<const Json*> found;
    for (const Json& object : document_["objects"].GetArray()) {
      if (object["type"].GetString() == type) {
        found.push_back(&object);
      }
    }
    return found;
  }

  /// The one whose member has that value.
  [[nodiscard]] const Json& find(const char* member, std::string_view value) const {
    static const Json kNone(rapidjson::kObjectType);
    for (const Json& object : document_["objects"].GetArray()) {
      if (object.HasMember(member) && object[member].IsString() &&
          object[member].GetString() == value) {
        return object;
      }
    }
    ADD_FAILURE() << "no object has " << member << " " << value;
    return kNone;
  }

 private:
  void check(const Json& object) {
    const std::string type = object["type"].GetString();
    const std::string id = object["id"].GetString();
    EXPECT_STREQ(object["spec_version"].GetString(), "2.1");
    static const std::regex kId(
        "[a-z0-9-]+--[0-9a-f]{8}-[0-9a-f]{4}-[45][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
    EXPECT_TRUE(std::regex_match(id, kId)) << id;
    EXPECT_TRUE(id.starts_with(type + "--")) << id;
    // Two versions of one object differ in `modified`.
    const std::string version =
        id + (object.HasMember("modified") ? object["modified"].GetString() : "");
    EXPECT_TRUE(versions_.insert(version).second) << version << " is there twice";
    ids_.insert(id);
    const auto required = kRequired.find(type);
    ASSERT_NE(required, kRequired.end()) << type;
    for (const std::string& name : required->second) {
      EXPECT_TRUE(object.HasMember(name.c_str())) << type << " has no " << name;
    }
    constexpr rapidjson::SizeType kOwn = 3;  // type, spec_version, id.
    EXPECT_GT(object.MemberCount(), kOwn) << id << " says nothing";
    for (const auto& member : object.GetObject()) {
      collect(member.name.GetString(), member.value);
    }
    if (type == "sighting" && object.HasMember("first_seen")) {
      EXPECT_LE(std::string(object["first_seen"].GetString()), object["last_seen"].GetString());
    }
    if (object.HasMember("created")) {
      EXPECT_LE(std::string(object["created"].GetString()), object["modified"].GetString());
    }
  }

  void collect(const std::string& name, const Json& value) {
    if (name.ends_with("_ref")) {
      references_.emplace_back(value.GetString());
    }
    if (name.ends_with("_refs")) {
      EXPECT_FALSE(value.Empty()) << name;
      for (const Json& reference : value.GetArray()) {
        references_.emplace_back(reference.GetString());
      }
    }
  }

  rapidjson::Document document_;
  std::set<std::string> versions_;
  std::set<std::string> ids_;
  std::vector<std::string> references_;
};

TEST(Stix, SampleIsAsAgreed) {
  const std::string bundle = bundle_of({sample_finding()});
  const Checked checked(bundle);
  EXPECT_TRUE(matches_golden("report/sample.stix.json", bundle));
}

TEST(Stix, AFindingIsASightingOfItsRuleOnItsHost) {
  const Checked bundle(bundle_of({sample_finding()}));
  const Json& sighting = *bundle.of("sighting").at(0);
  const Json& indicator = bundle.find("id", sighting["sighting_of_ref"].GetString());
  EXPECT_STREQ(indicator["name"].GetString(), "3CX Desktop App acts as a loader");
  EXPECT_STREQ(indicator["pattern_type"].GetString(), "sigma");
  EXPECT_STREQ(indicator["pattern"].GetString(), kRule);
  const Json& host = bundle.find("id", sighting["where_sighted_refs"][0].GetString());
  EXPECT_STREQ(host["name"].GetString(), "PC042.acme.example");
  EXPECT_EQ(sighting["observed_data_refs"].Size(), 6U);
  EXPECT_STREQ(sighting["first_seen"].GetString(), "2023-03-14T08:01:23.500Z");
  EXPECT_STREQ(sighting["last_seen"].GetString(), "2023-03-22T15:10:02.000Z");
  EXPECT_EQ(bundle.of("attack-pattern").size(), bundle.of("relationship").size());
  const Json& technique = bundle.find("name", "Windows Command Shell");
  EXPECT_STREQ(technique["external_references"][0]["external_id"].GetString(), "T1059.003");
  EXPECT_STREQ(technique["kill_chain_phases"][0]["phase_name"].GetString(), "execution");
}

TEST(Stix, ProcessesHangTogether) {
  const Checked bundle(bundle_of({sample_finding()}));
  const Json& shell = bundle.find("command_line", "cmd.exe /c whoami");
  const Json& parent = bundle.find("id", shell["parent_ref"].GetString());
  EXPECT_EQ(parent["pid"].GetInt(), 6712);
  EXPECT_STREQ(parent["child_refs"][0].GetString(), shell["id"].GetString());
  const Json& image = bundle.find("id", parent["image_ref"].GetString());
  EXPECT_STREQ(image["hashes"]["SHA-256"].GetString(),
               "fad482ded2e25ce9e1dd3d3ecc3227af714bdfbbde04347dbc1b21d6a3670405");
  EXPECT_FALSE(image["hashes"].HasMember("IMPHASH"));  // STIX has no name for it.
  const Json& user = bundle.find("id", shell["creator_user_ref"].GetString());
  EXPECT_STREQ(user["user_id"].GetString(), "ACME\\jdoe");
  EXPECT_STREQ(user["account_login"].GetString(), "jdoe");
  const Json& traffic = bundle.find("id", parent["opened_connection_refs"][0].GetString());
  EXPECT_EQ(traffic["dst_port"].GetInt(), 443);
  const Json& address = bundle.find("id", traffic["dst_ref"].GetString());
  EXPECT_STREQ(address["value"].GetString(), "198.51.100.7");
  const Json& name = bundle.find("value", "raw.githubusercontent.com");
  EXPECT_EQ(name["resolves_to_refs"].Size(), 2U);
}

TEST(Stix, WithoutTheRuleThePatternNamesItAndClaimsNoMore) {
  StixBundle unknown(unknown_rule);
  unknown.add(read(sample_finding()));
  const Checked bundle(unknown.render());
  const Json& indicator = *bundle.of("indicator").at(0);
  EXPECT_STREQ(indicator["pattern_type"].GetString(), "spoor");
  EXPECT_STREQ(indicator["pattern"].GetString(),
               "rule: 5b6b8a2e-0000-4000-8000-000000000001\n"
               "logic_hash: 0f343b0931126a20f133d67c2b018a3b");
  EXPECT_EQ(unknown.rules_without_text(),
            std::set<std::string>{"3CX Desktop App acts as a loader"});
}

TEST(Stix, RevisionsAreVersionsAndTheRetractedIsRevoked) {
  const auto told = [](std::uint32_t revision, FindingStatus status) {
    Finding finding = sample_finding();
    finding.revision = revision;
    finding.status = status;
    return finding;
  };
  // As a ledger tells them: what is final is a revision told before, or a new one.
  const Checked bundle(
      bundle_of({told(1, FindingStatus::provisional), told(1, FindingStatus::final),
                 told(2, FindingStatus::provisional), told(3, FindingStatus::retracted)}));
  const std::vector<const Json*> sightings = bundle.of("sighting");
  ASSERT_EQ(sightings.size(), 4U);
  EXPECT_STREQ((*sightings[0])["modified"].GetString(), "2023-03-22T15:10:02.000Z");
  for (std::size_t i = 1; i < sightings.size(); ++i) {
    EXPECT_STREQ((*sightings[0])["id"].GetString(), (*sightings[i])["id"].GetString());
    EXPECT_STREQ((*sightings[0])["created"].GetString(), (*sightings[i])["created"].GetString());
    EXPECT_LT(std::string((*sightings[i - 1])["modified"].GetString()),
              (*sightings[i])["modified"].GetString());
  }
  EXPECT_FALSE(sightings[2]->HasMember("revoked"));
  EXPECT_TRUE((*sightings[3])["revoked"].GetBool());
  EXPECT_EQ(bundle.of("observed-data").size(), 6U);
}

/// What one finding knows of a process, another need not.
TEST(Stix, AProcessHasWhatAnyFindingKnowsOfIt) {
  Finding brief = sample_finding();
  brief.uid.low ^= 1U;
  for (FindingProcess& process : brief.processes) {
    process.command_line.clear();
    process.user.clear();
    process.start = 0;
  }
  const Checked bundle(bundle_of({brief, sample_finding()}));
  EXPECT_EQ(bundle.of("process").size(), sample_finding().processes.size());
  EXPECT_TRUE(bundle.find("command_line", "cmd.exe /c whoami").HasMember("created_time"));
}

/// A pid is given again, and so is the name of a node whose process has no uid.
TEST(Stix, ProcessesWithoutAnIdAreThoseOfTheirFinding) {
  Finding one = sample_finding();
  one.processes[3].uid.clear();
  Finding other = one;
  other.uid.low ^= 1U;
  EXPECT_EQ(Checked(bundle_of({one, other})).of("process").size(), 5U);
}

TEST(Stix, AProcessOfWhichNothingIsKnownIsLeftOut) {
  Finding finding = sample_finding();
  finding.processes = {FindingProcess{}};
  finding.processes[0].uid = "8F4C1E20-2912-6410-B501-000000002F00";
  finding.anchor = 0;
  for (FindingEvidence& evidence : finding.evidence) {
    evidence.process = 0;
    evidence.type = EventType::process_termination;
    evidence.fields.clear();
  }
  const Checked bundle(bundle_of({finding}));
  EXPECT_TRUE(bundle.of("process").empty());
  EXPECT_TRUE(bundle.of("observed-data").empty());
  EXPECT_FALSE(bundle.of("sighting").at(0)->HasMember("observed_data_refs"));
}

TEST(Stix, RegistryKeysAreWrittenOut) {
  Finding finding = finding_of_type(EventType::registry_set);
  for (FindingField& field : finding.evidence[0].fields) {
    if (field.name == "TargetObject") {
      field.value = R"(HKLM\Software\Run\updater)";
    }
  }
  const Checked bundle(bundle_of({finding}));
  const Json& key = bundle.find("key", R"(HKEY_LOCAL_MACHINE\Software\Run)");
  EXPECT_STREQ(key["values"][0]["name"].GetString(), "updater");
}

/// One of them would make a strict reader refuse the bundle, and with it every other finding.
TEST(Stix, NamesAndUrlsThatAreNoneAreLeftOut) {
  Finding finding = sample_finding();
  for (FindingEvidence& evidence : finding.evidence) {
    for (FindingField& field : evidence.fields) {
      if (field.name == "QueryName" || field.name == "DestinationHostname") {
        field.value = "not a name";
      }
    }
    evidence.fields.push_back({.name = "Url", .value = "no url", .test = {}});
  }
  const Checked bundle(bundle_of({finding}));
  EXPECT_TRUE(bundle.of("domain-name").empty());
  EXPECT_TRUE(bundle.of("url").empty());
  EXPECT_EQ(bundle.of("observed-data").size(), 6U);
  EXPECT_EQ(bundle.of("network-traffic").size(), 1U);
  for (FindingField& field : finding.evidence[0].fields) {
    if (field.name == "Url") {
      field.value = "https://acme.test/x";
    }
  }
  EXPECT_EQ(Checked(bundle_of({finding})).of("url").size(), 1U);
}

TEST(Stix, WhateverFindingsHoldTheBundleIsSound) {
  const Checked minimal(bundle_of({minimal_finding()}, unknown_rule));
  const Checked hostile(bundle_of({hostile_finding()}));
  const Checked empty(bundle_of({}));
  for (std::size_t type = 0; type < kEventTypeCount; ++type) {
    SCOPED_TRACE(to_string(static_cast<EventType>(type)));
    const Checked bundle(bundle_of({finding_of_type(static_cast<EventType>(type))}));
  }
}

TEST(Stix, OfAnotherProductAsFarAsItGoes) {
  const Result<ReportFinding> finding =
      read_finding(R"({"class_uid":2004,"finding_info":{"uid":"x"}})", nullptr);
  ASSERT_TRUE(finding);
  StixBundle bundle(unknown_rule);
  bundle.add(*finding);
  EXPECT_EQ(Checked(bundle.render()).of("sighting").size(), 1U);
}

TEST(Stix, TheSameFindingsGiveTheSameBytes) {
  EXPECT_EQ(bundle_of({sample_finding(), minimal_finding()}),
            bundle_of({sample_finding(), minimal_finding()}));
}

}  // namespace
}  // namespace spoor
