#include "engine/report/indent_json.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

namespace spoor {
namespace {

std::string without_blanks(std::string text) {
  std::erase_if(text, [](char c) { return c == ' ' || c == '\n'; });
  return text;
}

TEST(IndentJson, LaysOut) {
  EXPECT_EQ(indent_json(R"( {"a":1,"b":[true,{"c":"x, {y} : [z]"}],"d":{},"e":[ ]} )"), R"({
  "a": 1,
  "b": [
    true,
    {
      "c": "x, {y} : [z]"
    }
  ],
  "d": {},
  "e": []
})");
}

TEST(IndentJson, TokensStayAsTheyWere) {
  EXPECT_EQ(indent_json(R"(["\"\\","\u202e",1.0e5,12345678901234567890])"), R"([
  "\"\\",
  "\u202e",
  1.0e5,
  12345678901234567890
])");
}

TEST(IndentJson, WhatIsNoJsonStaysWhole) {
  EXPECT_EQ(indent_json("<Event>\n <a/>"), "<Event>\n <a/>");
  EXPECT_EQ(indent_json(""), "");
  for (const char* torn : {R"({"a":"x)", R"({"a":"x\)", "]]}}{", "{\"a\":}", "[[[", "{,,}"}) {
    EXPECT_EQ(without_blanks(indent_json(torn)), torn);
  }
}

TEST(IndentJson, DepthDoesNotMultiply) {
  constexpr std::size_t kDepth = 50'000;
  EXPECT_LT(indent_json(std::string(kDepth, '[')).size(), 40 * kDepth);
}

}  // namespace
}  // namespace spoor
