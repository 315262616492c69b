// The command line as data: what completion scripts and the manual page are made of. Read off the
// definition that parses it, so that nothing is written twice.
#pragma once

#include <string>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name.
class App;
}  // namespace CLI

namespace spoor {

/// Something that a command takes.
struct CommandArgument {
  std::vector<std::string> names{};    ///< "-o", "--output"; of a positional one: "PATH".
  std::string value{};                 ///< What it takes, "FILE"; empty: a flag.
  std::vector<std::string> choices{};  ///< The words that it takes; empty: any.
  std::string about{};                 ///< Lines, for people.
  std::string otherwise{};             ///< What holds by default, if help says it.
  bool is_required = false;
  bool is_repeated = false;   ///< Takes several values.
  bool is_inherited = false;  ///< Of the command above, and told there.

  /// Takes names of files or folders, as far as its value's name says.
  [[nodiscard]] bool takes_path() const;
};

struct CommandNode {
  std::string path;    ///< "spoor bus tail"
  std::string name;    ///< "tail"
  std::string about;   ///< Lines, for people.
  std::string footer;  ///< Lines, laid out.
  bool needs_command = false;
  std::vector<CommandArgument> options;
  std::vector<CommandArgument> positionals;
  std::vector<CommandNode> commands;
};

[[nodiscard]] CommandNode command_tree(const CLI::App& app);

/// All of them, each before those below it.
[[nodiscard]] std::vector<const CommandNode*> all_commands(const CommandNode& root);

/// A text for people in one line, up to the end of its first sentence.
[[nodiscard]] std::string one_line(const std::string& text);

}  // namespace spoor
