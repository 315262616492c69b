#include "engine/base/uid.h"

#include <gtest/gtest.h>

namespace spoor {
namespace {

TEST(Uid, TextAndBack) {
  const Uid uid{.high = 0x0123456789abcdefULL, .low = 0xfULL};
  EXPECT_EQ(to_string(uid), "0123456789abcdef000000000000000f");
  EXPECT_EQ(parse_uid(to_string(uid)), uid);
  EXPECT_EQ(parse_uid("xyz"), std::nullopt);
  EXPECT_EQ(parse_uid("0123456789abcdef00000000000000zz"), std::nullopt);
}

TEST(Uid, FieldsDoNotRunIntoEachOther) {
  EXPECT_NE(UidBuilder().add("ab").add("c").finish(), UidBuilder().add("a").add("bc").finish());
  EXPECT_NE(UidBuilder().add("").finish(), UidBuilder().finish());
}

TEST(Uid, TheSameInEveryRun) {
  // Ids outlive a run: this value may never change.
  EXPECT_EQ(to_string(UidBuilder().add("spoor").add(std::uint64_t{42}).finish()),
            "9d434b6a2986c72aff16786e7aaa2c8a");
}

}  // namespace
}  // namespace spoor
