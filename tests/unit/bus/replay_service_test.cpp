#include "engine/bus/replay_service.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include "tests/support/stored_findings.h"

namespace spoor {
namespace {

struct Reply {
  std::string word;
  rapidjson::Document header;
  std::vector<std::string> messages;

  [[nodiscard]] std::uint64_t number(const char* name) const {
    return header.HasMember(name) && header[name].IsUint64() ? header[name].GetUint64() : 999'999;
  }

  [[nodiscard]] std::string text(const char* name) const {
    return header.HasMember(name) && header[name].IsString() ? header[name].GetString() : "";
  }
};

class ReplayServices : public testing::Test {
 protected:
  Reply ask(std::string_view command,
            std::string_view arguments = "",
            const BusClient& client = {}) {
    return ask_frames({command, arguments}, client);
  }

  Reply ask_frames(const std::vector<std::string_view>& frames, const BusClient& client = {}) {
    if (!service_) {
      service_.emplace(BusIdentity{.instance = "abc", .epoch = 3}, findings_.state(),
                       findings_.state(), clock_);
    }
    const Result<FindingHeads> heads = FindingReader(findings_.state()).heads();
    service_->set_heads({.sequence = heads->head, .stored = *heads, .gaps = 0, .gap_totals = {}});
    const std::vector<std::string> frames_of_answer = service_->answer(frames, client);
    Reply reply;
    reply.word = frames_of_answer.at(0);
    reply.header.Parse(frames_of_answer.at(1).c_str());
    EXPECT_TRUE(reply.header.IsObject()) << frames_of_answer[1];
    reply.messages.assign(frames_of_answer.begin() + 2, frames_of_answer.end());
    return reply;
  }

  /// As after a restart.
  void forget_service() { service_.reset(); }

  test::StoredFindings findings_;
  ManualClock clock_;
  std::optional<ReplayService> service_;
};

TEST_F(ReplayServices, HelloTellsWhoseNumbersTheseAre) {
  findings_.add_many(3);
  const Reply reply = ask("HELLO");
  EXPECT_EQ(reply.word, "OK");
  EXPECT_EQ(reply.number("v"), 1U);
  EXPECT_EQ(reply.text("instance"), "abc");
  EXPECT_EQ(reply.number("epoch"), 3U);
  EXPECT_EQ(reply.number("seq"), 3U);
  EXPECT_EQ(reply.number("tail"), 1U);
  EXPECT_EQ(reply.number("max"), kReplayMessagesMax);
  EXPECT_FALSE(reply.header.HasMember("cursor"));
}

TEST_F(ReplayServices, ReplayGivesThoseAskedForInTheirOrder) {
  findings_.add_many(5);
  const Reply reply = ask("REPLAY", R"({"from":2,"max":3})");
  EXPECT_EQ(reply.word, "OK");
  EXPECT_EQ(reply.number("count"), 3U);
  EXPECT_EQ(reply.number("next"), 5U);
  ASSERT_EQ(reply.messages.size(), 9U);
  EXPECT_EQ(reply.messages[0], "finding.high.r");
  EXPECT_EQ(reply.messages[1],
            R"({"v":1,"instance":"abc","epoch":3,"seq":2,"level":"high","level_seq":2,)"
            R"("uid":"00000000000000010000000000000002","rev":1,"status":"final"})");
  EXPECT_EQ(reply.messages[2], R"({"n":2})");
  EXPECT_EQ(reply.messages[8], R"({"n":4})");
  EXPECT_EQ(ask("REPLAY", R"({"from":5})").number("next"), 6U);
}

TEST_F(ReplayServices, ReplayPassesOverOtherTopics) {
  findings_.add(test::told_finding(1, "low"));
  findings_.add(test::told_finding(2, "critical"));
  findings_.add(test::told_finding(3, "low"));
  const Reply reply = ask("REPLAY", R"({"prefix":"finding.critical."})");
  EXPECT_EQ(reply.number("count"), 1U);
  EXPECT_EQ(reply.number("next"), 4U) << "all were looked at";
  const Reply limited = ask("REPLAY", R"({"prefix":"finding.low.","max":1})");
  EXPECT_EQ(limited.number("count"), 1U);
  EXPECT_EQ(limited.number("next"), 3U) << "the next that fits";
}

TEST_F(ReplayServices, ReplayFromBeyondTheEndIsEmpty) {
  findings_.add_many(2);
  for (const char* from : {"3", "4", "18446744073709551615"}) {
    const Reply reply = ask("REPLAY", std::string("{\"from\":") + from + "}");
    EXPECT_EQ(reply.word, "OK") << from;
    EXPECT_EQ(reply.number("count"), 0U) << from;
    EXPECT_EQ(reply.number("next"), 3U) << from;
  }
  EXPECT_EQ(ask("REPLAY", R"({"from":0})").number("count"), 2U);
}

TEST_F(ReplayServices, ReplayOfWhatIsNoMoreBeginsAtTheOldest) {
  findings_.add_many(10);
  findings_.keep_bytes(200);
  const Reply reply = ask("REPLAY", R"({"from":1})");
  EXPECT_GT(reply.number("tail"), 1U);
  EXPECT_EQ(reply.number("from"), reply.number("tail"));
  EXPECT_EQ(reply.number("count"), 11 - reply.number("tail"));
}

TEST_F(ReplayServices, AnAnswerIsBoundedByItsBytes) {
  const std::string large(kReplayBytesMax / 2 + 1, 'x');
  for (std::uint64_t i = 1; i <= 3; ++i) {
    findings_.add(test::told_finding(i), large);
  }
  const Reply reply = ask("REPLAY");
  EXPECT_EQ(reply.number("count"), 1U);
  EXPECT_EQ(reply.number("next"), 2U);
}

TEST_F(ReplayServices, OneLargerThanAnAnswerIsGivenAlone) {
  findings_.add(test::told_finding(1), std::string(kReplayBytesMax + 1, 'x'));
  EXPECT_EQ(ask("REPLAY").number("count"), 1U);
}

TEST_F(ReplayServices, ACursorOutlivesARestartAndNeverGoesBack) {
  findings_.add_many(5);
  EXPECT_EQ(ask("HELLO", R"({"consumer":"soar"})").number("cursor"), 0U);
  EXPECT_EQ(ask("ACK", R"({"consumer":"soar","seq":4})").number("cursor"), 4U);
  EXPECT_EQ(ask("ACK", R"({"consumer":"soar","seq":2})").number("cursor"), 4U);
  forget_service();
  EXPECT_EQ(ask("HELLO", R"({"consumer":"soar"})").number("cursor"), 4U);
}

TEST_F(ReplayServices, AnAcknowledgementMustBePossible) {
  findings_.add_many(5);
  ask("HELLO", R"({"consumer":"soar"})");
  EXPECT_EQ(ask("ACK", R"({"consumer":"soar","seq":6})").text("code"), "ahead");
  EXPECT_EQ(ask("ACK", R"({"consumer":"soar","seq":1,"instance":"other"})").text("code"),
            "other_instance");
  EXPECT_EQ(ask("ACK", R"({"consumer":"nobody","seq":1})").text("code"), "bad_request");
  EXPECT_EQ(ask("HELLO", R"({"consumer":"soar"})").number("cursor"), 0U);
}

TEST_F(ReplayServices, ConsumersAreListedAndForgotten) {
  findings_.add_many(5);
  ask("HELLO", R"({"consumer":"b"})");
  ask("HELLO", R"({"consumer":"a"})");
  ask("ACK", R"({"consumer":"a","seq":2})");
  const Reply list = ask("CONSUMERS");
  ASSERT_EQ(list.header["consumers"].Size(), 2U);
  EXPECT_STREQ(list.header["consumers"][0]["name"].GetString(), "a");
  EXPECT_EQ(list.header["consumers"][0]["behind"].GetUint64(), 3U);
  EXPECT_TRUE(ask("FORGET", R"({"consumer":"a"})").header["forgotten"].GetBool());
  EXPECT_FALSE(ask("FORGET", R"({"consumer":"a"})").header["forgotten"].GetBool());
  forget_service();
  EXPECT_EQ(ask("CONSUMERS").header["consumers"].Size(), 1U);
}

TEST_F(ReplayServices, ThereAreOnlySoManyConsumers) {
  for (std::size_t i = 0; i < kConsumersMax; ++i) {
    ASSERT_EQ(ask("HELLO", "{\"consumer\":\"c" + std::to_string(i) + "\"}").word, "OK");
  }
  EXPECT_EQ(ask("HELLO", R"({"consumer":"one-more"})").text("code"), "limit");
  EXPECT_EQ(ask("HELLO", R"({"consumer":"c5"})").word, "OK");
}

TEST_F(ReplayServices, WhatIsNoRequestIsRefusedAndCounted) {
  EXPECT_EQ(ask("hello").text("code"), "unknown_command");
  EXPECT_EQ(ask("").text("code"), "unknown_command");
  for (const char* arguments :
       {"[]", "7", "{", R"({"from":-1})", R"({"from":"1"})", R"({"from":1.5})", R"({"max":0})",
        R"({"prefix":7})", R"({"from":18446744073709551616})", "\xff", "{\"prefix\":\"\xff\"}"}) {
    EXPECT_EQ(ask("REPLAY", arguments).text("code"), "bad_request") << arguments;
  }
  for (const char* arguments : {R"({"consumer":"a b"})", R"({"consumer":7})"}) {
    EXPECT_EQ(ask("HELLO", arguments).text("code"), "bad_request") << arguments;
  }
  EXPECT_EQ(ask_frames({}).text("code"), "bad_request");
  EXPECT_EQ(ask_frames({"HEAD", "{}", "more"}).text("code"), "bad_request");
  const std::string deep = R"({"a":)" + std::string(30'000, '[') + std::string(30'000, ']') + "}";
  EXPECT_EQ(ask("HEAD", deep).word, "OK") << "depth needs no stack";
  EXPECT_EQ(ask("HEAD", std::string(kRequestBytesMax + 1, ' ')).text("code"), "bad_request");
  const Reply stats = ask("STATS");
  EXPECT_EQ(stats.header["stats"]["refused_requests"].GetUint64(), 18U);
}

TEST_F(ReplayServices, TheIdComesBack) {
  EXPECT_EQ(ask("HEAD", R"({"id":17})").number("id"), 17U);
  EXPECT_EQ(ask("HEAD", R"({"id":"x\"y"})").text("id"), "x\"y");
  EXPECT_EQ(ask("NONE", R"({"id":18})").number("id"), 18U);
  const Reply refused = ask("HEAD", R"({"id":")" + std::string(65, 'x') + R"("})");
  EXPECT_EQ(refused.text("code"), "bad_request");
  EXPECT_FALSE(refused.header.HasMember("id"));
}

TEST_F(ReplayServices, RolesSayWhatAClientMay) {
  findings_.add_many(1);
  const BusClient reader{.name = "reader", .may_replay = true, .is_admin = false};
  const BusClient other{.name = "other", .may_replay = true, .is_admin = false};
  const BusClient admin{.name = "admin", .may_replay = false, .is_admin = true};
  const BusClient nobody{.name = "", .may_replay = false, .is_admin = false};
  EXPECT_EQ(ask("HELLO", R"({"consumer":"c"})", reader).word, "OK");
  EXPECT_EQ(ask("ACK", R"({"consumer":"c","seq":1})", other).text("code"), "forbidden");
  EXPECT_EQ(ask("HELLO", R"({"consumer":"c"})", other).text("code"), "forbidden");
  EXPECT_EQ(ask("ACK", R"({"consumer":"c","seq":1})", admin).word, "OK");
  for (const char* command : {"CONSUMERS", "STATS"}) {
    EXPECT_EQ(ask(command, "", reader).text("code"), "forbidden") << command;
    EXPECT_EQ(ask(command, "", admin).word, "OK") << command;
  }
  for (const char* command : {"HELLO", "HEAD", "REPLAY", "CONSUMERS"}) {
    EXPECT_EQ(ask(command, "", nobody).text("code"), "forbidden") << command;
  }
}

TEST_F(ReplayServices, ADamagedRowIsNoAnswer) {
  findings_.add_many(2);
  for (auto& [key, value] : findings_.state().rows()) {
    if (key.front() == static_cast<char>(StateRow::finding)) {
      value.resize(3);
    }
  }
  EXPECT_EQ(ask("REPLAY").text("code"), "unavailable");
}

}  // namespace
}  // namespace spoor
