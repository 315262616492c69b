#include "engine/rule/rule_source.h"

#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace spoor {
namespace {

namespace fs = std::filesystem;
using Outcome = RuleReload::Outcome;

std::string rule(const std::string& id, const std::string& selection = "{Image: a}") {
  return fmt::format(
      "title: T\nid: {0}\nname: {0}\nlogsource: {{category: dns_query}}\ndetection:\n"
      "  s: {1}\n  condition: s\n",
      id, selection);
}

/// Its error stands in line 6, column 13.
std::string broken(const std::string& id) {
  return rule(id, "{Image|endwith: a}");
}

const std::string kChain =
    "title: C\nid: c\ncorrelation:\n  type: temporal\n  rules: [a, b]\n"
    "  group-by: [process]\n  timespan: 1h\n  condition: a and b\n";

class RuleSourceTest : public testing::Test {
 public:
  ~RuleSourceTest() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  RuleSourceTest(const RuleSourceTest&) = delete;
  RuleSourceTest& operator=(const RuleSourceTest&) = delete;

 protected:
  RuleSourceTest() {
    std::string pattern = fs::temp_directory_path() / "spoor_test_XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }

  void write(const std::string& name, const std::string& content) const {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name, std::ios::binary) << content;
  }

  void remove(const std::string& name) const { fs::remove(folder_ / name); }

  [[nodiscard]] std::string path(const std::string& name) const { return folder_ / name; }

  [[nodiscard]] RuleSource open(const std::string& placeholders = "") const {
    Result<RuleSource> source =
        RuleSource::open({.rules = {path("rules")}, .placeholders = placeholders});
    if (!source) {
      throw std::runtime_error(source.error().message);
    }
    return std::move(*source);
  }

  /// "rules/a.yml:7:7" for each.
  [[nodiscard]] std::vector<std::string> places_of(const std::vector<Diagnostic>& errors) const {
    std::vector<std::string> places;
    places.reserve(errors.size());
    for (const Diagnostic& error : errors) {
      places.push_back(fmt::format("{}:{}:{}", fs::relative(error.file, folder_).string(),
                                   error.position.line, error.position.column));
    }
    return places;
  }

 private:
  fs::path folder_;
};

using Places = std::vector<std::string>;

TEST_F(RuleSourceTest, UnchangedIsWhatHasTheSameContent) {
  write("rules/a.yml", rule("a"));
  write("rules/sub/b.yml", rule("b"));
  const RuleSource source = open();
  EXPECT_EQ(source.current()->rules->detections.size(), 2U);
  EXPECT_EQ(source.reload().outcome, Outcome::unchanged);
  write("rules/a.yml", rule("a"));  // A new time, the same content.
  write("rules/notes.txt", "no rule");
  const RuleReload reload = source.reload();
  EXPECT_EQ(reload.outcome, Outcome::unchanged);
  EXPECT_EQ(reload.snapshot, nullptr);
}

TEST_F(RuleSourceTest, AnOldTimeHidesNoNewContent) {
  write("rules/a.yml", rule("a", "{Image: a}"));
  const RuleSource source = open();
  const fs::file_time_type time = fs::last_write_time(path("rules/a.yml"));
  write("rules/a.yml", rule("a", "{Image: b}"));
  fs::last_write_time(path("rules/a.yml"), time);
  EXPECT_EQ(source.reload().outcome, Outcome::changed);
}

TEST_F(RuleSourceTest, ChangedFilesGiveANewRuleSetThatHasToBeAdopted) {
  write("rules/a.yml", rule("a"));
  write("rules/b.yml", rule("b"));
  RuleSource source = open();
  const std::shared_ptr<const RuleSnapshot> old = source.current();
  remove("rules/a.yml");
  write("rules/c.yml", rule("c"));
  const RuleReload reload = source.reload();
  ASSERT_EQ(reload.outcome, Outcome::changed);
  ASSERT_EQ(reload.snapshot->rules->detections.size(), 2U);
  EXPECT_EQ(reload.snapshot->rules->detections[1].meta.id, "c");
  EXPECT_EQ(source.current(), old);
  EXPECT_EQ(source.reload().outcome, Outcome::changed);  // Offered until it is taken.
  source.adopt(reload.snapshot);
  EXPECT_EQ(source.current(), reload.snapshot);
  EXPECT_EQ(source.reload().outcome, Outcome::unchanged);
  EXPECT_EQ(old->rules->detections[0].meta.id, "a");  // Whoever has it still has it.
}

TEST_F(RuleSourceTest, ARenamedFileIsAChange) {
  write("rules/a.yml", rule("a"));
  const RuleSource source = open();
  fs::rename(path("rules/a.yml"), path("rules/z.yml"));
  EXPECT_EQ(source.reload().outcome, Outcome::changed);
}

TEST_F(RuleSourceTest, ABrokenFileFailsAndSaysWhere) {
  write("rules/a.yml", rule("a"));
  write("rules/b.yml", rule("b"));
  const RuleSource source = open();
  write("rules/a.yml", broken("a"));
  write("rules/b.yml", rule("b", "{Image: other}"));
  const RuleReload reload = source.reload();
  EXPECT_EQ(reload.outcome, Outcome::failed);
  EXPECT_EQ(reload.reason, "1 file has errors");
  EXPECT_EQ(places_of(reload.causes), (Places{"rules/a.yml:6:13"}));
  EXPECT_NE(render(reload.causes[0]).find("unknown modifier 'endwith'"), std::string::npos);
  EXPECT_EQ(source.current()->rules->detections.size(), 2U);
  write("rules/a.yml", rule("a"));
  EXPECT_EQ(source.reload().outcome, Outcome::changed);
}

TEST_F(RuleSourceTest, ANewFileWithErrorsFails) {
  write("rules/a.yml", rule("a"));
  const RuleSource source = open();
  write("rules/n.yml", broken("n"));
  write("rules/y.yml", "title: [\n");
  const RuleReload reload = source.reload();
  EXPECT_EQ(reload.outcome, Outcome::failed);
  EXPECT_EQ(reload.reason, "2 files have errors");
  ASSERT_EQ(reload.causes.size(), 2U);
  EXPECT_EQ(places_of(reload.causes)[0], "rules/n.yml:6:13");
}

TEST_F(RuleSourceTest, RulesThatWereAlwaysRefusedAreNotInTheWay) {
  write("rules/a.yml", rule("a"));
  write("rules/old.yml", rule("old", "{Image|expand: '%unknown%'}"));
  write("rules/worse.yml", "title: [\n");
  const RuleSource source = open();
  EXPECT_EQ(source.current()->rejected, 2U);
  EXPECT_EQ(source.reload().outcome, Outcome::unchanged);
  write("rules/a.yml", rule("a", "{Image: b}"));
  const RuleReload reload = source.reload();
  EXPECT_EQ(reload.outcome, Outcome::changed);
  EXPECT_EQ(places_of(reload.snapshot->diagnostics).size(), 2U);  // Still told.
  // Touched, they count.
  write("rules/old.yml", rule("old", "{Image|expand: '%unknown%'}") + "level: high\n");
  EXPECT_EQ(source.reload().outcome, Outcome::failed);
}

TEST_F(RuleSourceTest, NoRuleIsLostThroughWhatHappensElsewhere) {
  write("rules/a.yml", rule("a"));
  write("rules/b.yml", rule("b"));
  write("rules/c.yml", kChain);
  const RuleSource source = open();
  ASSERT_EQ(source.current()->rules->correlations.size(), 1U);
  remove("rules/b.yml");
  const RuleReload reload = source.reload();
  EXPECT_EQ(reload.outcome, Outcome::failed);
  EXPECT_EQ(places_of(reload.causes), (Places{"rules/c.yml:5:14"}));
  // A file that comes first takes an id.
  write("rules/b.yml", rule("b"));
  write("rules/0.yml", rule("a"));
  const RuleReload taken = source.reload();
  EXPECT_EQ(taken.outcome, Outcome::failed);
  EXPECT_EQ(places_of(taken.causes), (Places{"rules/a.yml:2:1"}));
}

TEST_F(RuleSourceTest, ARefusedRuleMayHaveMoreErrorsThanBefore) {
  write("rules/a.yml", rule("a"));
  write("rules/c.yml", kChain);  // There is no b.
  const RuleSource source = open();
  write("rules/a.yml", rule("z"));  // Nor a.
  EXPECT_EQ(source.reload().outcome, Outcome::changed);
}

TEST_F(RuleSourceTest, NoRuleAtAllFails) {
  write("rules/a.yml", rule("a"));
  const RuleSource source = open();
  remove("rules/a.yml");
  const RuleReload reload = source.reload();
  EXPECT_EQ(reload.outcome, Outcome::failed);
  EXPECT_EQ(reload.reason, "no rule loads");
  EXPECT_TRUE(reload.causes.empty());
}

TEST_F(RuleSourceTest, AFolderThatCannotBeReadFails) {
  write("rules/a.yml", rule("a"));
  const RuleSource source = open();
  fs::rename(path("rules"), path("away"));
  const RuleReload reload = source.reload();
  EXPECT_EQ(reload.outcome, Outcome::failed);
  EXPECT_NE(reload.reason.find(path("rules")), std::string::npos) << reload.reason;
  EXPECT_EQ(reload.snapshot, nullptr);
  fs::rename(path("away"), path("rules"));
  EXPECT_EQ(source.reload().outcome, Outcome::unchanged);
  EXPECT_FALSE(RuleSource::open({.rules = {path("nowhere")}, .placeholders = ""}));
  EXPECT_FALSE(RuleSource::open({.rules = {path("rules")}, .placeholders = path("nowhere")}));
}

TEST_F(RuleSourceTest, PlaceholdersAreReadAgainToo) {
  write("values.yml", "x: [one]\n");
  write("rules/a.yml", rule("a", "{Image|expand: '%x%'}"));
  RuleSource source = open(path("values.yml"));
  const std::string hash = source.current()->rules->detections.at(0).meta.logic_hash;
  write("values.yml", "x: [one, two]\n");
  RuleReload reload = source.reload();
  ASSERT_EQ(reload.outcome, Outcome::changed);
  EXPECT_NE(reload.snapshot->rules->detections.at(0).meta.logic_hash, hash);
  source.adopt(reload.snapshot);
  write("values.yml", "y: [one]\n");  // The rule is as it was, and refused.
  reload = source.reload();
  EXPECT_EQ(reload.outcome, Outcome::failed);
  EXPECT_EQ(places_of(reload.causes), (Places{"rules/a.yml:6:21"}));
  write("values.yml", "x: {one: two}\n");
  reload = source.reload();
  EXPECT_EQ(reload.outcome, Outcome::failed);
  EXPECT_EQ(places_of(reload.causes).back(), "values.yml:1:4");
}

}  // namespace
}  // namespace spoor
