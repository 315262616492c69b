#include "engine/bus/allow_list.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "engine/bus/curve_keys.h"

namespace spoor {
namespace {

namespace fs = std::filesystem;

const std::string kKey = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
const std::string kHashKey = "#q:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";

class Files : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        fs::temp_directory_path() / ("spoor_keys_" + std::to_string(getpid()) + "_" +
                                     testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }

  void TearDown() override { fs::remove_all(folder_); }

  [[nodiscard]] std::string path(const char* name) const { return (folder_ / name).string(); }

  static std::string read(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }

  static void write(const std::string& path, const std::string& text) {
    std::ofstream(path) << text;
    fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
  }

  fs::path folder_;
};

using AllowLists = Files;
using CurveKeyFiles = Files;

TEST_F(AllowLists, AreReadLineByLine) {
  const Result<AllowList> list =
      AllowList::parse("# who may come\n\n" + kKey + " subscribe,replay  soar\n" + kHashKey +
                           "\tadmin boss 2027-01-31\r\n",
                       "f");
  ASSERT_TRUE(list) << list.error().message;
  ASSERT_EQ(list->clients().size(), 2U);
  const AllowedClient* soar = list->find(kKey, 0);
  ASSERT_NE(soar, nullptr);
  EXPECT_EQ(soar->name, "soar");
  EXPECT_TRUE(soar->roles.has(BusRole::subscribe));
  EXPECT_TRUE(soar->roles.has(BusRole::replay));
  EXPECT_FALSE(soar->roles.has(BusRole::admin));
  const Timestamp last_day = *parse_time_argument("2027-01-31");
  EXPECT_NE(list->find(kHashKey, last_day - 1), nullptr) << "a key may begin with #";
  EXPECT_EQ(list->find(kHashKey, last_day), nullptr);
  EXPECT_EQ(list->find("x", 0), nullptr);
}

TEST_F(AllowLists, AMistakeIsToldWithItsLine) {
  const auto problem = [](const std::string& text) {
    const Result<AllowList> list = AllowList::parse(text, "clients");
    return list ? std::string() : list.error().message;
  };
  EXPECT_TRUE(problem("\nabc subscribe x").starts_with("clients:2: 'abc' is no public key"));
  EXPECT_TRUE(problem(kKey).starts_with("clients:1: a key, roles and a name"));
  EXPECT_NE(problem(kKey + " write x").find("'write' are no roles"), std::string::npos);
  EXPECT_NE(problem(kKey + " replay a/b").find("'a/b' is no name"), std::string::npos);
  EXPECT_NE(problem(kKey + " replay a tomorrow").find("'tomorrow' is no date"), std::string::npos);
  EXPECT_NE(
      problem(kKey + " replay a\n" + kKey + " replay b").find("of that key is there already: a"),
      std::string::npos);
  EXPECT_NE(problem(kKey + " replay a\n" + kHashKey + " replay a").find("of that name"),
            std::string::npos);
}

TEST_F(AllowLists, CoverOneAnotherIfNobodyIsLeftOut) {
  const auto list = [](const std::string& text) { return *AllowList::parse(text, "f"); };
  const AllowList both = list(kKey + " replay a\n" + kHashKey + " subscribe b\n");
  EXPECT_TRUE(both.covers(both, 0, 0));
  EXPECT_TRUE(both.covers(list(kKey + " replay a\n"), 0, 0));
  EXPECT_FALSE(list(kKey + " replay a\n").covers(both, 0, 0));
  EXPECT_FALSE(list(kKey + " subscribe a\n").covers(list(kKey + " replay a\n"), 0, 0));
  const AllowList ends = list(kKey + " replay a 2027-01-31\n");
  const Timestamp end = *parse_time_argument("2027-01-31");
  EXPECT_FALSE(ends.covers(ends, end - 1, end)) << "time has run out";
  EXPECT_TRUE(ends.covers(ends, end, end)) << "and that was seen";
}

TEST_F(AllowLists, ClientsAreLetInAndOut) {
  const std::string file = path("clients");
  AllowedClient client{
      .key = kKey, .roles = *parse_bus_roles("replay"), .name = "soar", .until = {}};
  ASSERT_TRUE(allow_client(file, client));
  ASSERT_TRUE(allow_client(
      file, {.key = kHashKey, .roles = *parse_bus_roles("admin"), .name = "boss", .until = {}}));
  client.roles = *parse_bus_roles("subscribe,replay");
  ASSERT_TRUE(allow_client(file, client)) << "the same name: in its place";
  ASSERT_EQ(AllowList::read(file)->clients().size(), 2U);
  EXPECT_TRUE(AllowList::read(file)->find(kKey, 0)->roles.has(BusRole::subscribe));
  EXPECT_TRUE(read(file).starts_with("# key"));
  ASSERT_TRUE(revoke_client(file, "soar"));
  ASSERT_TRUE(revoke_client(file, kHashKey));
  EXPECT_TRUE(AllowList::read(file)->clients().empty());
  EXPECT_TRUE(read(file).starts_with("# key")) << "comments stay";
  EXPECT_EQ(revoke_client(file, "soar").error().code, ErrorCode::bad_usage);
  EXPECT_FALSE(AllowList::read(path("none")));
}

TEST_F(AllowLists, WithAMistakeOnlyTakeAway) {
  const std::string file = path("clients");
  write(file, kKey + " subscribe,replay a\n" + kHashKey + " replay b\n");
  AllowList list = *AllowList::read(file);
  const std::string other = "0q:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
  write(file, kKey + " replay,admin a 2027-01-31\n" + other + " replay c\nnonsense\n");
  const std::optional<Error> problem = list.update(file);
  ASSERT_TRUE(problem);
  EXPECT_TRUE(problem->message.starts_with(file + ":3: ")) << problem->message;
  ASSERT_EQ(list.clients().size(), 1U) << "b is gone from it, and c does not come in";
  EXPECT_EQ(to_string(list.clients()[0].roles), "replay") << "what both say";
  EXPECT_EQ(list.clients()[0].until, parse_time_argument("2027-01-31"));
  write(file, kKey + " replay,admin a\n" + other + " replay c\n");
  EXPECT_FALSE(list.update(file));
  EXPECT_EQ(list.clients().size(), 2U);
  fs::remove(file);
  EXPECT_TRUE(list.update(file));
  EXPECT_EQ(list.clients().size(), 2U) << "what cannot be opened changes nothing";
}

TEST_F(AllowLists, ThatOthersMayWriteAreRefused) {
  const std::string file = path("clients");
  write(file, kKey + " replay a\n");
  fs::permissions(file, fs::perms::group_write, fs::perm_options::add);
  const Result<AllowList> list = AllowList::read(file);
  ASSERT_FALSE(list);
  EXPECT_NE(list.error().message.find("chmod go-w " + file), std::string::npos);
  EXPECT_FALSE(allow_client(
      file, {.key = kHashKey, .roles = *parse_bus_roles("replay"), .name = "b", .until = {}}));
}

TEST_F(AllowLists, KeepTheirMode) {
  const std::string file = path("clients");
  write(file, kKey + " replay a\n");
  const fs::perms mode = fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read;
  fs::permissions(file, mode);
  ASSERT_TRUE(allow_client(
      file, {.key = kHashKey, .roles = *parse_bus_roles("replay"), .name = "b", .until = {}}));
  EXPECT_EQ(fs::status(file).permissions(), mode);
  ASSERT_TRUE(revoke_client(file, "a"));
  EXPECT_EQ(fs::status(file).permissions(), mode);
}

TEST_F(AllowLists, AClientIsRevokedAndAMistakeElsewhereTold) {
  const std::string file = path("clients");
  write(file, "\n" + kKey + " replay a\nbad line here\n" + kHashKey + " replay b\n");
  const Result<void> revoked = revoke_client(file, "a");
  ASSERT_FALSE(revoked);
  EXPECT_EQ(revoked.error().code, ErrorCode::bad_usage);
  EXPECT_NE(revoked.error().message.find("'a' is off the list"), std::string::npos);
  EXPECT_NE(revoked.error().message.find(file + ":2: 'bad' is no public key"), std::string::npos)
      << revoked.error().message;
  EXPECT_EQ(read(file), "\nbad line here\n" + kHashKey + " replay b\n");
}

TEST_F(AllowLists, AClientIsRevokedByALineWithAMistakeInIt) {
  const std::string file = path("clients");
  write(file, kKey + " replya a\n" + kHashKey + " replay b tomorrow\n");
  EXPECT_FALSE(revoke_client(file, kKey));
  EXPECT_TRUE(revoke_client(file, "b"));
  EXPECT_EQ(read(file), "");
}

TEST_F(CurveKeyFiles, AreMadeAndReadAgain) {
  const std::string file = path("bus.key");
  const Result<CurveKeys> keys = make_curve_keys();
  ASSERT_TRUE(keys) << keys.error().message;
  ASSERT_TRUE(write_curve_keys(file, *keys));
  EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  const Result<CurveKeys> read = read_secret_key(file);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->secret, keys->secret);
  EXPECT_EQ(read->public_key, keys->public_key);
  EXPECT_EQ(*read_public_key(file + ".pub"), keys->public_key);
  EXPECT_EQ(*read_public_key(keys->public_key), keys->public_key);
  EXPECT_FALSE(write_curve_keys(file, *keys)) << "is not overwritten";
}

TEST_F(CurveKeyFiles, ThatOthersMayReadAreRefused) {
  const std::string file = path("bus.key");
  ASSERT_TRUE(write_curve_keys(file, *make_curve_keys()));
  fs::permissions(file, fs::perms::group_read, fs::perm_options::add);
  const Result<CurveKeys> read = read_secret_key(file);
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().message.find("chmod 600"), std::string::npos);
}

TEST_F(CurveKeyFiles, WithSomethingElseAreRefused) {
  const std::string file = path("bus.key");
  write(file, "no key\n");
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_NE(read_secret_key(file).error().message.find("holds no key"), std::string::npos);
  EXPECT_FALSE(read_secret_key(path("none")));
  EXPECT_FALSE(read_public_key(path("none")));
}

}  // namespace
}  // namespace spoor
