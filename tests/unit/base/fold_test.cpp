#include <gtest/gtest.h>

#include "engine/base/text.h"

namespace spoor {
namespace {

TEST(Fold, MakesCasesEqual) {
  EXPECT_EQ(fold("C:\\WINDOWS"), fold("c:\\windows"));
  EXPECT_EQ(fold("\xC3\x89T\xC3\x89"), "\xC3\xA9t\xC3\xA9");  // ÉTÉ
  EXPECT_EQ(fold("\xE2\x84\xAA"
                 "ernel"),
            "kernel");                                      // The Kelvin sign is a k.
  EXPECT_EQ(fold("\xCE\xA3\xCF\x82"), "\xCF\x83\xCF\x83");  // Both sigmas.
  EXPECT_EQ(fold("\xE1\xBA\x9E"), "\xC3\x9F");  // Capital sharp s: simple folding keeps one letter.
  EXPECT_EQ(fold("\xC4\xB0"), "\xC4\xB0");      // Dotted capital I has no simple folding.
  EXPECT_EQ(fold("\xF0\x90\x90\x80"), "\xF0\x90\x90\xA8");  // Deseret.
}

TEST(Fold, LeavesOtherBytesAlone) {
  using namespace std::string_view_literals;
  EXPECT_EQ(fold("A\xFF\x80Z"), "a\xFF\x80z");
  EXPECT_EQ(fold("A\0B"sv), "a\0b"sv);
  EXPECT_EQ(fold("\xE2\x84"), "\xE2\x84");                  // Torn.
  EXPECT_EQ(fold("\xE0\x81\x81"), "\xE0\x81\x81");          // An overlong A.
  EXPECT_EQ(fold("\xED\xA0\x80"), "\xED\xA0\x80");          // A surrogate.
  EXPECT_EQ(fold("\xF4\x90\x80\x80"), "\xF4\x90\x80\x80");  // Beyond Unicode.
}

TEST(Fold, IsIdempotent) {
  for (char32_t code_point = 0; code_point < 0x20000; ++code_point) {
    ASSERT_EQ(fold_code_point(fold_code_point(code_point)), fold_code_point(code_point))
        << static_cast<unsigned>(code_point);
  }
}

}  // namespace
}  // namespace spoor
