#include "engine/process_graph/host_identity.h"

#include <algorithm>
#include <functional>
#include <random>

#include <gtest/gtest.h>

namespace spoor {
namespace {

constexpr Timestamp kBegin = 1'700'000'000 * kNanosPerSecond;

Timestamp at(std::int64_t seconds) {
  return kBegin + seconds * kNanosPerSecond;
}

using Joins = std::vector<HostJoin>;

TEST(HostIdentity, AHostIsItselfUntilMoreIsKnown) {
  const HostIdentity hosts;
  EXPECT_EQ(hosts.canonical("pc042"), "pc042");
  EXPECT_EQ(hosts.keys_of("pc042"), std::vector<std::string>{"pc042"});
}

TEST(HostIdentity, AnAliasJoinsAndTheLeastKeyStands) {
  HostIdentity hosts;
  EXPECT_EQ(hosts.alias("pc042", "aid-7"), (Joins{{.from = "pc042", .into = "aid-7"}}));
  EXPECT_TRUE(hosts.alias("aid-7", "pc042").empty());
  EXPECT_EQ(hosts.alias("pc042", "0-uuid"), (Joins{{.from = "aid-7", .into = "0-uuid"}}));
  for (const char* key : {"pc042", "aid-7", "0-uuid"}) {
    EXPECT_EQ(hosts.canonical(key), "0-uuid");
  }
  EXPECT_EQ(hosts.keys_of("pc042"), (std::vector<std::string>{"0-uuid", "aid-7", "pc042"}));
}

TEST(HostIdentity, AStatementNamesTheWindowsHost) {
  HostIdentity hosts;
  EXPECT_EQ(hosts.state("aid-7", "PC042.acme.example").size(), 1U);
  EXPECT_EQ(hosts.canonical("pc042"), "aid-7");
  EXPECT_TRUE(hosts.state("aid-8", "localhost").empty());
  EXPECT_TRUE(hosts.state("aid-8", "10.0.0.7").empty());
  EXPECT_TRUE(hosts.state("aid-8", "").empty());
}

TEST(HostIdentity, ANameAloneJoinsNothing) {
  HostIdentity hosts;
  hosts.name("aid-7", "PC042");
  EXPECT_TRUE(hosts.name("pc042", "pc042.acme.example").empty());
  EXPECT_EQ(hosts.canonical("pc042"), "pc042");
}

struct StartRow {
  const char* name;
  std::int64_t second;
  const char* image;
  std::uint32_t pid;
  bool joins;
};

TEST(HostIdentity, ANameAndTwoProcessesJoin) {
  const StartRow rows[] = {
      {"the same", 100, R"(C:\b.exe)", 200, true},
      {"two seconds off, another directory, another case", 102, R"(\Device\x\B.EXE)", 200, true},
      {"three seconds off", 103, R"(C:\b.exe)", 200, false},
      {"another pid", 100, R"(C:\b.exe)", 201, false},
      {"another image", 100, R"(C:\c.exe)", 200, false},
      {"the first once more", 0, R"(C:\a.exe)", 100, false},
  };
  for (const StartRow& row : rows) {
    HostIdentity hosts;
    hosts.name("aid-7", "PC042");
    hosts.name("pc042", "pc042");
    EXPECT_TRUE(hosts.started("pc042", 100, at(0), "C:\\a.exe").empty());
    EXPECT_TRUE(hosts.started("pc042", 200, at(100), "C:\\b.exe").empty());
    EXPECT_TRUE(hosts.started("aid-7", 100, at(1), "/x/A.exe").empty());
    EXPECT_EQ(hosts.started("aid-7", row.pid, at(row.second), row.image).size(),
              row.joins ? 1U : 0U)
        << row.name;
    EXPECT_EQ(hosts.canonical("pc042") == "aid-7", row.joins) << row.name;
  }
}

TEST(HostIdentity, TheNameMayComeLast) {
  HostIdentity hosts;
  for (const char* key : {"aid-7", "pc042", "other"}) {
    hosts.started(key, 100, at(0), "a");
    hosts.started(key, 200, at(9), "b");
  }
  hosts.name("pc042", "PC042");
  EXPECT_EQ(hosts.name("aid-7", "PC042"), (Joins{{.from = "pc042", .into = "aid-7"}}));
  EXPECT_EQ(hosts.canonical("other"), "other");
}

TEST(HostIdentity, ANameOfTooManyTellsNothing) {
  HostIdentity hosts;
  for (std::size_t i = 0; i <= HostIdentity::kHostsPerNameMax; ++i) {
    hosts.name("aid-" + std::to_string(i), "golden-image");
  }
  EXPECT_EQ(hosts.crowded_names(), 1U);
  for (const char* key : {"aid-1", "aid-2"}) {
    hosts.started(key, 100, at(0), "a");
    EXPECT_TRUE(hosts.started(key, 200, at(9), "b").empty());
  }
}

TEST(HostIdentity, TwoThatSeeManyStartsKeepTheSameSample) {
  HostIdentity hosts;
  hosts.name("aid-7", "PC042");
  hosts.name("pc042", "PC042");
  // One has watched for a month before the other comes; both see all from then on.
  std::size_t joins = 0;
  for (std::int64_t i = 0; i < 3'000; ++i) {
    hosts.started("pc042", static_cast<std::uint32_t>(4 * i), at(900 * i), "a");
    if (i > 2'900) {
      joins +=
          hosts.started("aid-7", static_cast<std::uint32_t>(4 * i), at(900 * i + 1), "A").size();
    }
  }
  EXPECT_EQ(joins, 1U);
  EXPECT_LT(hosts.memory_bytes(), 20'000U);
}

TEST(HostIdentity, AnyOrderGivesTheSameMachines) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    std::mt19937_64 random(seed);
    const auto pick = [&random](std::uint64_t below) { return random() % below; };
    const auto key = [&] { return std::string(1, static_cast<char>('a' + pick(8))); };
    const auto hostname = [&] {
      return "n" + std::to_string(pick(4)) + (pick(2) == 0 ? ".x" : "");
    };
    std::vector<std::function<Joins(HostIdentity&)>> facts;
    for (int i = 0; i < 60; ++i) {
      const std::string one = key();
      switch (pick(12)) {
        case 0:
          facts.emplace_back([one, two = key()](HostIdentity& h) { return h.alias(one, two); });
          break;
        case 1:
          facts.emplace_back(
              [one, two = hostname()](HostIdentity& h) { return h.state(one, two); });
          break;
        case 2:
        case 3:
        case 4:
          facts.emplace_back([one, two = hostname()](HostIdentity& h) { return h.name(one, two); });
          break;
        default:
          facts.emplace_back([one, pid = static_cast<std::uint32_t>(pick(3)),
                              second = static_cast<std::int64_t>(pick(30))](HostIdentity& h) {
            return h.started(one, pid, at(second), "x");
          });
          break;
      }
    }
    std::string want;
    for (int round = 0; round < 4; ++round) {
      HostIdentity hosts;
      std::size_t joins = 0;
      for (const auto& fact : facts) {
        for (const HostJoin& join : fact(hosts)) {
          EXPECT_LT(join.into, join.from);
          EXPECT_EQ(hosts.canonical(join.from), hosts.canonical(join.into));
          ++joins;
        }
      }
      std::string got = std::to_string(joins);
      for (char c = 'a'; c < 'i'; ++c) {
        got += " " + std::string(hosts.canonical(std::string(1, c)));
      }
      want = round == 0 ? got : want;
      ASSERT_EQ(got, want) << "seed " << seed;
      std::ranges::shuffle(facts, random);
    }
  }
}

}  // namespace
}  // namespace spoor
