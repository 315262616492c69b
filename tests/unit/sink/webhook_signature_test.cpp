#include "engine/sink/webhook_signature.h"

#include <gtest/gtest.h>

namespace spoor {
namespace {

// The example of the specification's reference libraries.
TEST(WebhookSignature, IsThatOfTheSpecification) {
  const Result<std::string> secret = read_webhook_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  ASSERT_TRUE(secret) << secret.error().message;
  EXPECT_EQ(webhook_signature(*secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1'614'265'330,
                              R"({"test": 2432232314})"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(WebhookSignature, AMadeSecretCanBeRead) {
  const Result<std::string> text = make_webhook_secret();
  ASSERT_TRUE(text);
  const Result<std::string> secret = read_webhook_secret(*text);
  ASSERT_TRUE(secret) << *text;
  EXPECT_EQ(secret->size(), 32U);
  EXPECT_NE(*make_webhook_secret(), *text);
}

TEST(WebhookSignature, WhatIsNoSecretIsRefused) {
  for (const char* text :
       {"", "short", "whsec_", "whsec_AAAA", "whsec_no base64 at all, not even close",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS"}) {
    EXPECT_FALSE(read_webhook_secret(text)) << text;
  }
  EXPECT_EQ(*read_webhook_secret("a text of sixteen"), "a text of sixteen");
}

}  // namespace
}  // namespace spoor
