#include <gtest/gtest.h>

#include "engine/rule/modifier.h"

namespace spoor {
namespace {

/// Pieces as text: * and ? in angle brackets.
std::string shape(std::string_view sigma) {
  std::string text;
  for (const PatternPiece& piece : parse_pattern(sigma)) {
    switch (piece.kind) {
      case PatternPiece::Kind::literal: text += piece.literal; break;
      case PatternPiece::Kind::any_run: text += "<*>"; break;
      case PatternPiece::Kind::any_one: text += "<?>"; break;
      case PatternPiece::Kind::any_dash: text += "<->"; break;
    }
  }
  return text;
}

TEST(Pattern, EscapesAreThreeAndNoMore) {
  const std::pair<const char*, const char*> cases[] = {
      {R"(C:\Windows\x)", R"(c:\windows\x)"},
      {R"(a\*b)", "a*b"},
      {R"(a\?b)", "a?b"},
      {R"(a\\*)", R"(a\<*>)"},
      {R"(a\\\*)", R"(a\*)"},
      {R"(\\\\srv)", R"(\\srv)"},
      {R"(end\)", R"(end\)"},
      {"a**b", "a<*>b"},
      {"a?b", "a<?>b"},
      {"", ""},
      {"*", "<*>"},
      {R"(\n)", R"(\n)"},
  };
  for (const auto& [sigma, want] : cases) {
    EXPECT_EQ(shape(sigma), want) << sigma;
  }
}

TEST(JsonNumber, Grammar) {
  for (const char* good : {"0", "-0", "4688", "1.5", "-1.5e3", "1E+2"}) {
    EXPECT_TRUE(is_json_number(good)) << good;
  }
  for (const char* bad :
       {"", "-", "04688", " 4688", "4688 ", "0x1250", "1.", ".5", "1e", "1e+", "NaN", "--1"}) {
    EXPECT_FALSE(is_json_number(bad)) << bad;
  }
}

TEST(FieldKey, IsTakenApart) {
  const FieldKey key = split_field_key("Image|endswith|all");
  EXPECT_EQ(key.field, "Image");
  EXPECT_EQ(key.modifiers, (std::vector<std::string>{"endswith", "all"}));
  EXPECT_TRUE(split_field_key("Image").modifiers.empty());
}

}  // namespace
}  // namespace spoor
