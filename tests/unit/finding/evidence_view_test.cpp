#include "engine/finding/evidence_view.h"

#include <gtest/gtest.h>

#include "engine/finding/ocsf_event_class.h"
#include "tests/support/sample_finding.h"

namespace spoor {
namespace {

TEST(Hashes, SysmonListIsReadAndZerosAreAbsent) {
  const auto hashes =
      parse_hashes("SHA1=00FF, MD5=0A0B,SHA256=00,IMPHASH=C0DE,XXH=11,SHA512,=22,MD5=xyz,");
  ASSERT_EQ(hashes.size(), 3U);
  EXPECT_EQ(hashes[0].algorithm_id, 2);
  EXPECT_EQ(hashes[0].algorithm, "SHA-1");
  EXPECT_EQ(hashes[0].value, "00ff");
  EXPECT_EQ(hashes[1].algorithm_id, 1);
  EXPECT_EQ(hashes[2].algorithm_id, 99);
  EXPECT_EQ(hashes[2].algorithm, "IMPHASH");
  EXPECT_TRUE(parse_hashes("").empty());
}

TEST(Addresses, OnlyWholeAddressesCount) {
  EXPECT_TRUE(is_ip_address("198.51.100.7"));
  EXPECT_TRUE(is_ip_address("2606:50c0:8000::154"));
  EXPECT_TRUE(is_ip_address("::1"));
  for (const char* text :
       {"", "198.51.100", "198.51.100.256", " 1.2.3.4", "fe80::1%eth0", "example.com"}) {
    EXPECT_FALSE(is_ip_address(text)) << text;
  }
  EXPECT_FALSE(is_ip_address(std::string_view("1.2.3.4\0", 8)));
}

TEST(Addresses, QueryResultsHoldNamesAndAddresses) {
  const std::vector<std::string> want = {"185.199.108.133", "2606:50c0:8000::154"};
  EXPECT_EQ(resolved_addresses("type:  5 a.example;::ffff:185.199.108.133;2606:50c0:8000::154;-;"),
            want);
  EXPECT_TRUE(resolved_addresses("").empty());
}

struct ArtifactCase {
  EventType type;
  const char* want;
};

constexpr ArtifactCase kArtifacts[] = {
    {EventType::image_load, "module loaded value of ImageLoaded"},
    {EventType::driver_load, "driver loaded value of ImageLoaded"},
    {EventType::file_event, "file created value of TargetFilename"},
    {EventType::pipe_created, "pipe created value of PipeName"},
    {EventType::dns_query, "domain resolved value of QueryName"},
    {EventType::network_connection, "ip connected to value of DestinationIp"},
    {EventType::registry_set, "registry set value of TargetObject"},
    {EventType::create_remote_thread, "process injected into value of TargetImage"},
    {EventType::process_creation, "none"},
};

TEST(Artifact, IsWhatTheEventIsAbout) {
  for (const ArtifactCase& test : kArtifacts) {
    const Finding finding = finding_of_type(test.type);
    const auto artifact = artifact_of(finding.evidence.front());
    const std::string have = artifact ? std::string(to_string(artifact->kind)) + " " +
                                            std::string(artifact->relation) + " " +
                                            std::string(artifact->value)
                                      : "none";
    EXPECT_EQ(have, test.want) << to_string(test.type);
  }
}

TEST(Artifact, ConnectionWithoutAddressIsNamedByHost) {
  FindingEvidence evidence;
  evidence.type = EventType::network_connection;
  evidence.fields = {{.name = "DestinationHostname", .value = "msstorageazure.com", .test = ""}};
  ASSERT_TRUE(artifact_of(evidence));
  EXPECT_EQ(artifact_of(evidence)->kind, ArtifactKind::domain);
}

TEST(EventClass, DeletedValueIsNotADeletedKey) {
  FindingEvidence evidence;
  evidence.type = EventType::registry_delete;
  EXPECT_EQ(ocsf_event_class(evidence)->type_uid, 20100104);
  evidence.fields = {{.name = "EventType", .value = "DeleteValue", .test = ""}};
  EXPECT_EQ(ocsf_event_class(evidence)->type_uid, 20100204);
}

TEST(EventClass, TypesWithoutAClassHaveNone) {
  FindingEvidence evidence;
  evidence.type = EventType::clipboard_capture;
  EXPECT_FALSE(ocsf_event_class(evidence));
}

TEST(ShortName, IsNeverEmptyForAPath) {
  EXPECT_EQ(short_name(R"(C:\a\b.exe)"), "b.exe");
  EXPECT_EQ(short_name("/usr/bin/x"), "x");
  EXPECT_EQ(short_name(R"(C:\a\)"), R"(C:\a\)");
}

}  // namespace
}  // namespace spoor
