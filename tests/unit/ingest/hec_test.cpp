#include "ingest/hec.h"

#include <string>

#include <gtest/gtest.h>

#include "ingest/tokens.h"

namespace spoor {
namespace {

TEST(Hec, LooksAtTheOutermostKeysOnly) {
  EXPECT_EQ(check_hec_event(R"({"event":{}})"), HecCode::success);
  EXPECT_EQ(check_hec_event(R"({ "time" : 1 , "event" : 0 })"), HecCode::success);
  EXPECT_EQ(check_hec_event(R"({"fields":{"event":1},"event":"x"})"), HecCode::success);
  EXPECT_EQ(check_hec_event(R"({"a":"\"event\":1"})"), HecCode::event_required);
  EXPECT_EQ(check_hec_event(R"({"a":"event"})"), HecCode::event_required);
  EXPECT_EQ(check_hec_event(R"({"fields":{"event":1}})"), HecCode::event_required);
  EXPECT_EQ(check_hec_event("{}"), HecCode::event_required);
  EXPECT_EQ(check_hec_event(R"({"event":null})"), HecCode::event_blank);
  EXPECT_EQ(check_hec_event(R"({"event":"  "})"), HecCode::event_blank);
  EXPECT_EQ(check_hec_event(R"({"event":1)"), HecCode::invalid_data_format);
  EXPECT_EQ(check_hec_event(R"({"event":1}x)"), HecCode::invalid_data_format);
  EXPECT_EQ(check_hec_event("[]"), HecCode::invalid_data_format);
}

TEST(Hec, AcksAreForgottenOnlyOnceTheyAreSafe) {
  HecAcks acks(1000);
  const HecAcks::Channel channel{0, "c"};
  for (std::size_t id = 0; id < HecAcks::kIdsPerChannelMax; ++id) {
    ASSERT_EQ(acks.add(channel), 1000 + id);
  }
  EXPECT_EQ(acks.add(channel), std::nullopt);
  EXPECT_FALSE(acks.is_safe(channel, 1000));
  acks.set_safe(channel, 1000);
  EXPECT_TRUE(acks.is_safe(channel, 1000));
  EXPECT_EQ(acks.add(channel), 1000 + HecAcks::kIdsPerChannelMax);
  EXPECT_FALSE(acks.is_safe(channel, 1000));  // Forgotten: the client sends again, at worst.
  EXPECT_FALSE(acks.is_safe(channel, 0));     // Of before a restart.
}

TEST(Hec, ChannelsAreForgottenLongestUnusedFirst) {
  HecAcks acks(0);
  for (std::size_t number = 0; number < HecAcks::kChannelsMax; ++number) {
    ASSERT_TRUE(acks.add({0, std::to_string(number)}));
  }
  EXPECT_EQ(acks.add({0, "one more"}), std::nullopt);
  acks.set_safe({0, "3"}, 0);
  acks.set_safe({0, "7"}, 0);
  EXPECT_TRUE(acks.is_safe({0, "3"}, 0));  // Used.
  EXPECT_TRUE(acks.add({0, "one more"}));
  EXPECT_TRUE(acks.is_safe({0, "3"}, 0));
  EXPECT_FALSE(acks.is_safe({0, "7"}, 0));
}

TEST(Hec, AckIds) {
  EXPECT_EQ(hec_ack_ids(R"({"acks":[1, 18446744073709551615]})"),
            (std::vector<std::uint64_t>{1, 18446744073709551615U}));
  EXPECT_EQ(hec_ack_ids(R"({"acks":[]})"), std::vector<std::uint64_t>{});
  EXPECT_EQ(hec_ack_ids(" { \"acks\" : [ 1 , 2 ] }\n"), (std::vector<std::uint64_t>{1, 2}));
  for (const char* wrong :
       {"", "[&", "[]", "{}", R"({"acks":1})", R"({"acks":["1"]})", R"({"acks":[1.5]})",
        R"({"acks":[-1]})", R"({"acks":[1,]})", R"({"acks":[1)", R"({"acks":[1]}x)",
        R"({"acks":[18446744073709551616]})"}) {
    EXPECT_EQ(hec_ack_ids(wrong), std::nullopt) << wrong;
  }
}

TEST(Tokens, AreKnownByTheirHash) {
  // printf %s abc | sha256sum
  EXPECT_EQ(token_hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const Result<TokenSet> set = TokenSet::create({token_hash("a"), token_hash("b")});
  ASSERT_TRUE(set);
  EXPECT_EQ(set->find("b"), 1U);
  EXPECT_EQ(set->find("c"), std::nullopt);
  EXPECT_EQ(set->find(""), std::nullopt);
  const Result<TokenSet> plain = TokenSet::create({"s3cret"});
  ASSERT_FALSE(plain);
  EXPECT_EQ(plain.error().message.find("s3cret"), std::string::npos);
  EXPECT_FALSE(TokenSet::create({std::string(64, 'g')}));
}

TEST(Tokens, KeepTheirNumberWhenOthersComeAndGo) {
  TokenSet set = *TokenSet::create({token_hash("a"), token_hash("b")});
  set.replace_by(*TokenSet::create({token_hash("c"), token_hash("b")}));
  EXPECT_EQ(set.find("a"), std::nullopt);
  EXPECT_EQ(set.find("b"), 1U);
  EXPECT_EQ(set.find("c"), 2U);
  set.replace_by(*TokenSet::create({token_hash("a")}));
  EXPECT_EQ(set.find("a"), 3U);
  EXPECT_EQ(set.find("b"), std::nullopt);
}

TEST(Tokens, OfAnAuthorization) {
  EXPECT_EQ(token_of("Splunk abc"), "abc");
  EXPECT_EQ(token_of("BEARER abc"), "abc");
  EXPECT_EQ(token_of("Basic eDphYmM="), "abc");  // x:abc
  EXPECT_EQ(token_of("Basic eDphYg=="), "ab");
  EXPECT_EQ(token_of("Basic eHg="), std::nullopt);  // No colon.
  EXPECT_EQ(token_of("Basic !"), std::nullopt);
  EXPECT_EQ(token_of("Splunkabc"), std::nullopt);
  EXPECT_EQ(token_of("Splunk"), std::nullopt);
  EXPECT_EQ(token_of(""), std::nullopt);
}

}  // namespace
}  // namespace spoor
