// Times that vendors write as numbers.

#include "parsers/convert.h"

#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "engine/base/time.h"
#include "tests/support/json_readers.h"

namespace spoor {
namespace {

std::string text_of_time(const std::string& text) {
  const std::optional<Timestamp> time = parse_vendor_time(text);
  return time ? std::to_string(*time) : "none";
}

TEST(VendorTime, InTheUsualFormsIsWhatItIsInOthers) {
  // Thirteen digits, and ten with three behind a point, are read eight characters at a time; with a
  // nought more behind the point they are not, and mean the same.
  test::Random random;
  for (int round = 0; round < 50'000; ++round) {
    std::string text;
    for (int i = 0; i < 13; ++i) {
      text.push_back(static_cast<char>('0' + random.below(10)));
    }
    if (round % 5 == 0) {
      text[0] = '0';
    }
    EXPECT_EQ(text_of_time(text), text_of_time(text + ".0")) << text;
    text.insert(10, ".");
    EXPECT_EQ(text_of_time(text), text_of_time(text + "0")) << text;
  }
  EXPECT_EQ(text_of_time("1678779060883"), "1678779060883000000");
  EXPECT_EQ(text_of_time("1678779060.700"), "1678779060700000000");
  EXPECT_EQ(text_of_time("0000000000000"), "none");
  EXPECT_EQ(text_of_time("0000000000.000"), "none");
}

TEST(VendorTime, WithAnyOtherCharacterIsNone) {
  for (const std::string good : {"1678779060883", "1678779060.700"}) {
    for (std::size_t place = 0; place < good.size(); ++place) {
      for (int byte = 0; byte < 256; ++byte) {
        const char c = static_cast<char>(byte);
        if ((c >= '0' && c <= '9') || c == '.') {
          continue;
        }
        std::string text = good;
        text[place] = c;
        EXPECT_EQ(text_of_time(text), "none") << text;
      }
    }
  }
  EXPECT_EQ(text_of_time("1678779060.7.0"), "none");
  EXPECT_EQ(text_of_time("16787790600700"), text_of_time("16787790600700.0"));
}

TEST(Hashes, AreThoseThatSaySomething) {
  Scratch scratch;
  const std::string sha256(64, 'a');
  EXPECT_EQ(compose_hashes({{"SHA1", "0000"}, {"MD5", "09AFbc"}, {"SHA256", sha256}, {"X", "1g"}},
                           scratch),
            "MD5=09AFbc,SHA256=" + sha256);
  EXPECT_EQ(compose_hashes({{"SHA1", "ab"}, {"IMPHASH", "cd"}}, scratch), "SHA1=ab,IMPHASH=cd");
  EXPECT_EQ(compose_hashes({{"SHA1", ""}, {"MD5", "00"}}, scratch).data(), nullptr);
  for (const char wrong : {'/', ':', '@', 'G', '`', 'g', '\x10', '\x80'}) {
    std::string hash = sha256;
    hash[37] = wrong;
    EXPECT_EQ(compose_hashes({{"SHA256", hash}}, scratch).data(), nullptr) << hash;
  }
}

}  // namespace
}  // namespace spoor
