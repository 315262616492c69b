#include "engine/report/stix_values.h"

#include <gtest/gtest.h>

namespace spoor {
namespace {

TEST(StixValues, NamesThatAreDomainNames) {
  EXPECT_EQ(domain_name("Raw.GitHubUserContent.com."), "raw.githubusercontent.com");
  EXPECT_EQ(domain_name("wpad"), "wpad");
  EXPECT_EQ(domain_name("xn--bcher-kva.ch"), "xn--bcher-kva.ch");
  EXPECT_EQ(domain_name(std::string(63, 'a') + ".b"), std::string(63, 'a') + ".b");
}

TEST(StixValues, NamesThatAreNone) {
  for (const std::string& name :
       {std::string(), std::string("."), std::string("a..b"), std::string("_ldap._tcp.dc"),
        std::string("-a.b"), std::string("a-.b"), std::string("r3---sn.test"), std::string("a b"),
        std::string("bücher.ch"), std::string("a\n.b"), std::string(64, 'a'),
        std::string("a.b\0c", 5)}) {
    EXPECT_EQ(domain_name(name), "") << name;
  }
  std::string long_name = "a";
  while (long_name.size() <= 253) {
    long_name += ".a";
  }
  EXPECT_EQ(domain_name(long_name), "");
}

TEST(StixValues, Urls) {
  for (const char* url :
       {"https://acme.test", "http://10.0.0.1:8080/a?b=c%20d#e", "HTTPS://acme.test/~x;y@z"}) {
    EXPECT_TRUE(is_url(url)) << url;
  }
  for (const char* none :
       {"", "acme.test/x", "://acme.test", "1http://a.test", "http://", "http:///x", "http://a b/",
        "http://a.test/a b", "http://a.test/\"", "http://a.test/%2", "http://a.test/%zz",
        "http://a.test:x/", "http://a.test:/", "http://a.test/#a#b", "http://[::1]/",
        "http://a.test/\xC3\xA9", "http://u:p@a.test/", "javascript:alert(1)"}) {
    EXPECT_FALSE(is_url(none)) << none;
  }
}

TEST(StixValues, Protocols) {
  EXPECT_EQ(protocol_name("TCP"), "tcp");
  EXPECT_EQ(protocol_name("ipv6-icmp"), "ipv6-icmp");
  EXPECT_EQ(protocol_name("value of protocol"), "");
  EXPECT_EQ(protocol_name(""), "");
}

TEST(StixValues, Hives) {
  EXPECT_EQ(with_long_hive(R"(HKLM\Software\x)"), R"(HKEY_LOCAL_MACHINE\Software\x)");
  EXPECT_EQ(with_long_hive(R"(hku\S-1-5-18)"), R"(HKEY_USERS\S-1-5-18)");
  EXPECT_EQ(with_long_hive(R"(HKEY_USERS\x)"), R"(HKEY_USERS\x)");
  EXPECT_EQ(with_long_hive("HKCR"), "HKEY_CLASSES_ROOT");
  EXPECT_EQ(with_long_hive(R"(\REGISTRY\A\x)"), "");
  EXPECT_EQ(with_long_hive(""), "");
}

TEST(StixValues, Hashes) {
  EXPECT_TRUE(is_hash("MD5", std::string(32, 'a')));
  EXPECT_TRUE(is_hash("SHA-512", std::string(128, 'F')));
  EXPECT_FALSE(is_hash("SHA-256", std::string(63, 'a')));
  EXPECT_FALSE(is_hash("SHA-256", std::string(64, 'g')));
  EXPECT_FALSE(is_hash("IMPHASH", std::string(32, 'a')));
  EXPECT_FALSE(is_hash("MD5", ""));
}

TEST(StixValues, TimesWithoutNeedlessDigits) {
  EXPECT_EQ(shortest_timestamp(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(shortest_timestamp(500 * kNanosPerMilli), "1970-01-01T00:00:00.5Z");
  EXPECT_EQ(shortest_timestamp(10 * kNanosPerSecond + 120 * kNanosPerMilli),
            "1970-01-01T00:00:10.12Z");
  EXPECT_EQ(shortest_timestamp(10 * kNanosPerSecond), "1970-01-01T00:00:10Z");
}

}  // namespace
}  // namespace spoor
