#include "cli/command_tree.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>

namespace spoor {
namespace {

/// "text|json" is the name of a value that is one of these words.
std::vector<std::string> words_of(const std::string& value) {
  std::vector<std::string> words;
  for (std::size_t begin = 0; value.find('|') != std::string::npos && begin < value.size();) {
    const std::size_t end = std::min(value.find('|', begin), value.size());
    words.push_back(value.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

CommandArgument argument_of(const CLI::Option& option) {
  CommandArgument argument;
  for (const std::string& name : option.get_snames()) {
    argument.names.push_back("-" + name);
  }
  for (const std::string& name : option.get_lnames()) {
    argument.names.push_back("--" + name);
  }
  if (argument.names.empty()) {
    argument.names.push_back(option.get_name());
    argument.value = option.get_name();
    argument.choices = words_of(option.get_type_name());
  } else if (option.get_items_expected_max() > 0) {
    // "SECONDS:FLOAT in [0 - 60]": behind the colon stands what CLI11 checks.
    argument.value = option.get_type_name();
    argument.value = argument.value.substr(0, argument.value.find(':'));
    argument.choices = words_of(argument.value);
    argument.otherwise = option.get_default_str();
  }
  argument.about = option.get_description();
  argument.is_required = option.get_required();
  argument.is_repeated = option.get_expected_max() > 1;
  return argument;
}

/// Options that may stand behind `app`, too, beside its own.
void inherit_options(const CLI::App& app, const CommandNode& from, CommandNode& into) {
  if (!app.get_fallthrough()) {
    return;
  }
  for (CommandArgument option : from.options) {
    const auto is_own = [&option](const CommandArgument& own) { return own.names == option.names; };
    if (std::ranges::none_of(into.options, is_own)) {
      option.is_inherited = true;
      into.options.push_back(std::move(option));
    }
  }
}

CommandNode node_of(const CLI::App& app, const std::string& above) {
  CommandNode node{.path = above + app.get_name(),
                   .name = app.get_name(),
                   .about = app.get_description(),
                   .footer = app.get_footer(),
                   .needs_command = app.get_require_subcommand_min() > 0,
                   .options = {},
                   .positionals = {},
                   .commands = {}};
  for (const CLI::Option* option : app.get_options()) {
    const bool is_positional = option->get_snames().empty() && option->get_lnames().empty();
    (is_positional ? node.positionals : node.options).push_back(argument_of(*option));
  }
  const auto all = [](const CLI::App* /*command*/) { return true; };
  for (const CLI::App* command : app.get_subcommands(all)) {
    CommandNode inner = node_of(*command, node.path + " ");
    inherit_options(*command, node, inner);
    node.commands.push_back(std::move(inner));
  }
  return node;
}

void append_all(const CommandNode& node, std::vector<const CommandNode*>& into) {
  into.push_back(&node);
  for (const CommandNode& command : node.commands) {
    append_all(command, into);
  }
}

}  // namespace

bool CommandArgument::takes_path() const {
  constexpr std::array<std::string_view, 4> kPaths{"FILE", "DIR", "PATH", "KEY"};
  return std::ranges::find(kPaths, value) != kPaths.end();
}

CommandNode command_tree(const CLI::App& app) {
  return node_of(app, "");
}

std::vector<const CommandNode*> all_commands(const CommandNode& root) {
  std::vector<const CommandNode*> all;
  append_all(root, all);
  return all;
}

std::string one_line(const std::string& text) {
  std::string line = text.substr(0, text.find(". "));
  line = line.substr(0, line.find(".\n"));
  std::ranges::replace(line, '\n', ' ');
  return line;
}

}  // namespace spoor
