#include "cli/command_tree.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "cli/arguments.h"
#include "cli/completion.h"
#include "cli/man_page.h"

namespace spoor {
namespace {

const CommandNode* command(const std::vector<const CommandNode*>& all, std::string_view path) {
  const auto found = std::ranges::find(all, path, &CommandNode::path);
  return found == all.end() ? nullptr : *found;
}

const CommandArgument* option(const CommandNode& node, std::string_view name) {
  const auto has_name = [name](const CommandArgument& argument) {
    return std::ranges::find(argument.names, name) != argument.names.end();
  };
  const auto found = std::ranges::find_if(node.options, has_name);
  return found == node.options.end() ? nullptr : &*found;
}

class CommandTree : public testing::Test {
 protected:
  CommandNode root_ = describe_command_line();
  std::vector<const CommandNode*> all_ = all_commands(root_);
};

TEST_F(CommandTree, HoldsEveryCommandBelowTheOneAboveIt) {
  for (const std::string_view path :
       {"spoor", "spoor replay", "spoor run", "spoor config check", "spoor bus tail",
        "spoor rules lint", "spoor findings show", "spoor completion", "spoor man"}) {
    EXPECT_NE(command(all_, path), nullptr) << path;
  }
  EXPECT_EQ(all_.front(), &root_);
  EXPECT_TRUE(root_.needs_command);
}

TEST_F(CommandTree, KnowsWhatOptionsTake) {
  const CommandNode& replay = *command(all_, "spoor replay");
  EXPECT_EQ(option(replay, "--fail-on")->choices,
            (std::vector<std::string>{"informational", "low", "medium", "high", "critical"}));
  EXPECT_EQ(option(replay, "-o"), option(replay, "--output"));
  EXPECT_TRUE(option(replay, "--output")->takes_path());
  EXPECT_EQ(option(replay, "--publish-wait")->value, "SECONDS");
  EXPECT_EQ(option(replay, "--publish-wait")->otherwise, "5");
  EXPECT_TRUE(option(replay, "--quiet")->value.empty());
  ASSERT_EQ(replay.positionals.size(), 1U);
  EXPECT_EQ(replay.positionals.front().names, (std::vector<std::string>{"PATH"}));
  EXPECT_TRUE(replay.positionals.front().is_required);
  EXPECT_TRUE(replay.positionals.front().is_repeated);
  EXPECT_EQ(command(all_, "spoor completion")->positionals.front().choices,
            (std::vector<std::string>{"bash", "zsh", "fish"}));
}

TEST_F(CommandTree, HasOptionsOfTheCommandAboveWhereTheyMayStand) {
  const CommandNode& show = *command(all_, "spoor findings show");
  ASSERT_NE(option(show, "--state"), nullptr);
  EXPECT_TRUE(option(show, "--state")->is_inherited);
  EXPECT_FALSE(option(show, "--help")->is_inherited);
}

TEST_F(CommandTree, OneLineIsTheFirstSentence) {
  EXPECT_EQ(one_line("Files, folders;\n- is standard input.\nNDJSON"),
            "Files, folders; - is standard input");
  EXPECT_EQ(one_line("One. Two"), "One");
  EXPECT_EQ(one_line("see *.yml"), "see *.yml");
}

TEST_F(CommandTree, EveryCommandAndOptionIsInThePageAndTheScripts) {
  const std::string page = render_man_page(root_, "1.2.3");
  const std::string bash = render_completion(root_, Shell::bash);
  const std::string zsh = render_completion(root_, Shell::zsh);
  const std::string fish = render_completion(root_, Shell::fish);
  for (const CommandNode* node : all_) {
    EXPECT_NE(bash.find("'" + node->path + "')"), std::string::npos) << node->path;
    for (const CommandArgument& argument : node->options) {
      for (const std::string& name : argument.names) {
        EXPECT_NE(zsh.find(name), std::string::npos) << name;
        EXPECT_NE(bash.find(name), std::string::npos) << name;
        const bool is_long = name.starts_with("--");
        EXPECT_NE(fish.find(is_long ? " -l " + name.substr(2) : " -s " + name.substr(1)),
                  std::string::npos)
            << name;
      }
      std::string escaped = argument.names.back();
      for (std::size_t at = 0; (at = escaped.find('-', at)) != std::string::npos; at += 2) {
        escaped.insert(at, "\\");
      }
      EXPECT_NE(page.find("\\fB" + escaped + "\\fR"), std::string::npos) << escaped;
    }
  }
  EXPECT_NE(page.find("\"spoor 1.2.3\""), std::string::npos);
}

CommandNode odd_command() {
  CommandNode node{.path = "spoor",
                   .name = "spoor",
                   .about = ".begins with a dot\n'and a quote: C:\\x",
                   .footer = "  a\n.b",
                   .needs_command = false,
                   .options = {},
                   .positionals = {},
                   .commands = {}};
  node.options.push_back({.names = {"--odd"}, .about = "it's [one] \\ of: many"});
  return node;
}

TEST(ManPage, TextIsNeverARequestOrAnEscape) {
  const std::string page = render_man_page(odd_command(), "1");
  EXPECT_NE(page.find("\\&.begins with a dot\n\\&\\(aqand a quote: C:\\ex"), std::string::npos)
      << page;
  EXPECT_NE(page.find(".EX\n  a\n\\&.b\n.EE\n"), std::string::npos) << page;
}

TEST(Completion, TextIsNeverMoreThanText) {
  EXPECT_NE(render_completion(odd_command(), Shell::zsh)
                .find(R"('(--odd)--odd[it'\''s \[one\] \\ of\: many]')"),
            std::string::npos);
  EXPECT_NE(render_completion(odd_command(), Shell::fish).find(R"(-d 'it\'s [one] \\ of: many')"),
            std::string::npos);
}

}  // namespace
}  // namespace spoor
