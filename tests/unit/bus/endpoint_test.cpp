#include "engine/bus/endpoint.h"

#include <gtest/gtest.h>

namespace spoor {
namespace {

TEST(Endpoint, LoopbackAndFilesMayBeBound) {
  for (const char* endpoint : {"tcp://127.0.0.1:5556", "tcp://127.8.9.1:1", "tcp://[::1]:5556",
                               "tcp://localhost:*", "ipc:///tmp/x"}) {
    EXPECT_TRUE(check_bind_endpoint(endpoint, false)) << endpoint;
  }
}

TEST(Endpoint, OffLoopbackIsRefused) {
  for (const char* endpoint :
       {"tcp://0.0.0.0:5556", "tcp://*:5556", "tcp://10.0.0.1:5556", "tcp://[::]:5556",
        "tcp://eth0:5556", "tcp://127.0.0.1.evil.example:1"}) {
    const Result<void> result = check_bind_endpoint(endpoint, false);
    ASSERT_FALSE(result) << endpoint;
    EXPECT_EQ(result.error().code, ErrorCode::insecure_listener) << endpoint;
  }
}

TEST(Endpoint, WhatIsNoneIsSaidSo) {
  for (const char* endpoint :
       {"", "5556", "http://127.0.0.1:1", "tcp://127.0.0.1", "tcp://:5556", "tcp://127.0.0.1:0",
        "tcp://127.0.0.1:65536", "tcp://127.0.0.1:12x", "ipc://"}) {
    const Result<void> result = check_bind_endpoint(endpoint, false);
    ASSERT_FALSE(result) << endpoint;
    EXPECT_EQ(result.error().code, ErrorCode::bad_usage) << endpoint;
    EXPECT_FALSE(check_connect_endpoint(endpoint));
  }
  EXPECT_TRUE(check_connect_endpoint("tcp://soar.example:5556"));
}

}  // namespace
}  // namespace spoor
