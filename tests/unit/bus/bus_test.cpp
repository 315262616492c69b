#include <gtest/gtest.h>

#include "engine/bus/publisher.h"
#include "engine/bus/subscriber.h"

namespace spoor {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Finding finding_of(std::string level) {
  Finding finding;
  finding.uid = {.high = 1, .low = 2};
  finding.level = std::move(level);
  finding.rule.id = "rule-1";
  return finding;
}

TEST(Bus, WhatIsPublishedArrives) {
  Result<FindingPublisher> publisher = FindingPublisher::create("tcp://127.0.0.1:*");
  ASSERT_TRUE(publisher) << publisher.error().message;
  Result<FindingSubscriber> subscriber = FindingSubscriber::create(publisher->endpoint(), "");
  ASSERT_TRUE(subscriber) << subscriber.error().message;
  ASSERT_TRUE(publisher->wait_for_subscriber(seconds(10)));
  ASSERT_TRUE(publisher->publish(finding_of("high"), "{\"payload\":1}"));
  const auto message = subscriber->receive(seconds(10));
  ASSERT_TRUE(message && *message);
  EXPECT_EQ((*message)->topic, "finding.high.rule-1");
  EXPECT_EQ((*message)->header,
            R"({"v":1,"seq":1,"uid":"00000000000000010000000000000002","rev":1})");
  EXPECT_EQ((*message)->payload, "{\"payload\":1}");
}

TEST(Bus, TopicsSelectByLevel) {
  Result<FindingPublisher> publisher = FindingPublisher::create("tcp://127.0.0.1:*");
  ASSERT_TRUE(publisher);
  Result<FindingSubscriber> subscriber =
      FindingSubscriber::create(publisher->endpoint(), "finding.critical");
  ASSERT_TRUE(subscriber);
  ASSERT_TRUE(publisher->wait_for_subscriber(seconds(10)));
  ASSERT_TRUE(publisher->publish(finding_of("low"), "low"));
  ASSERT_TRUE(publisher->publish(finding_of("critical"), "critical"));
  const auto message = subscriber->receive(seconds(10));
  ASSERT_TRUE(message && *message);
  EXPECT_EQ((*message)->payload, "critical");
}

TEST(Bus, NobodyThereIsSaidSo) {
  Result<FindingPublisher> publisher = FindingPublisher::create("tcp://127.0.0.1:*");
  ASSERT_TRUE(publisher);
  EXPECT_FALSE(publisher->wait_for_subscriber(milliseconds(10)));
}

TEST(Bus, AnAddressInUseIsAnError) {
  Result<FindingPublisher> first = FindingPublisher::create("tcp://127.0.0.1:*");
  ASSERT_TRUE(first);
  const Result<FindingPublisher> second = FindingPublisher::create(first->endpoint());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::bus);
}

TEST(Bus, OffLoopbackNothingIsBound) {
  const Result<FindingPublisher> publisher = FindingPublisher::create("tcp://0.0.0.0:*");
  ASSERT_FALSE(publisher);
  EXPECT_EQ(publisher.error().code, ErrorCode::insecure_listener);
}

}  // namespace
}  // namespace spoor
