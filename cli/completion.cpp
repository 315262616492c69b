#include "cli/completion.h"

#include <string_view>
#include <vector>

namespace spoor {
namespace {

std::string joined(const std::vector<std::string>& words, std::string_view separator) {
  std::string text;
  for (const std::string& word : words) {
    text.append(text.empty() ? "" : separator).append(word);
  }
  return text;
}

/// In single quotes of sh and zsh: a quote ends them, stands escaped, and begins them anew.
std::string sh_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out.push_back(c);
    }
  }
  return out + "'";
}

/// In single quotes of fish, which knows escapes in them.
std::string fish_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') {
      out.push_back('\\');
    }
    out.push_back(c);
  }
  return out + "'";
}

/// In a specification of zsh's _arguments, where brackets and colons have a meaning.
std::string zsh_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') {
      out.push_back('\\');
    }
    out.push_back(c);
  }
  return out;
}

std::vector<std::string> command_names(const CommandNode& node) {
  std::vector<std::string> names;
  for (const CommandNode& command : node.commands) {
    names.push_back(command.name);
  }
  return names;
}

std::string quoted_paths(const CommandNode& root,
                         std::string_view separator,
                         std::string (*quote)(std::string_view)) {
  std::vector<std::string> paths;
  for (const CommandNode* node : all_commands(root)) {
    if (node != &root) {
      paths.push_back(quote(node->path));
    }
  }
  return joined(paths, separator);
}

// bash. What an option takes comes first, because the walk to the command has to skip its value.

/// Of all options that take a value: "'spoor replay --format') values='table ndjson' ;;".
std::string bash_values(const CommandNode& root) {
  std::string text;
  for (const CommandNode* node : all_commands(root)) {
    for (const CommandArgument& option : node->options) {
      if (option.value.empty()) {
        continue;
      }
      std::vector<std::string> patterns;
      for (const std::string& name : option.names) {
        patterns.push_back(sh_quoted(node->path + " " + name));
      }
      const std::string kind = option.takes_path()       ? "path"
                               : !option.choices.empty() ? "words"
                                                         : "text";
      text += "    " + joined(patterns, " | ") + ") kind=" + kind;
      text += option.choices.empty() ? "" : " values=" + sh_quoted(joined(option.choices, " "));
      text += " ;;\n";
    }
  }
  return text;
}

/// Of each command: what may stand next.
std::string bash_words(const CommandNode& root) {
  std::string text;
  for (const CommandNode* node : all_commands(root)) {
    std::vector<std::string> options;
    for (const CommandArgument& option : node->options) {
      options.push_back(joined(option.names, " "));
    }
    std::vector<std::string> words = command_names(*node);
    bool takes_paths = false;
    for (const CommandArgument& positional : node->positionals) {
      takes_paths = takes_paths || positional.takes_path();
      words.insert(words.end(), positional.choices.begin(), positional.choices.end());
    }
    text += "    " + sh_quoted(node->path) + ")\n      options=" + sh_quoted(joined(options, " ")) +
            "\n      words=" + sh_quoted(joined(words, " ")) +
            "\n      paths=" + (takes_paths ? "yes" : "no") + " ;;\n";
  }
  return text;
}

constexpr std::string_view kBashHead = R"(# Completion of spoor in bash.

# What option $2 of command $1 takes: sets kind (path, words, text; empty: nothing) and values.
_spoor_value() {
  kind='' values=''
  case "$1 $2" in
)";

constexpr std::string_view kBashWalk = R"(  esac
}

_spoor() {
  local cur=${COMP_WORDS[COMP_CWORD]} before=$((COMP_CWORD - 1))
  local command=spoor kind='' values='' options='' words='' paths=no skip='' i
  COMPREPLY=()
  # bash takes --format=table apart at the "=".
  if [[ $cur == = ]]; then
    cur=''
  elif [[ ${COMP_WORDS[before]} == = ]]; then
    before=$((before - 1))
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    if [[ $skip == yes && ${COMP_WORDS[i]} != = ]]; then
      skip=''
      continue
    fi
    case "$command ${COMP_WORDS[i]}" in
)";

constexpr std::string_view kBashChoice = R"( )
        command="$command ${COMP_WORDS[i]}"
        ;;
      *)
        _spoor_value "$command" "${COMP_WORDS[i]}"
        [[ $kind == '' ]] || skip=yes
        ;;
    esac
  done
  _spoor_value "$command" "${COMP_WORDS[before]}"
  if [[ $kind != '' ]]; then
    # Without an answer of ours bash names files.
    [[ $kind == path ]] || compopt +o default +o bashdefault 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -W "$values" -- "$cur")
    return
  fi
  case $command in
)";

constexpr std::string_view kBashTail = R"(  esac
  if [[ $cur == -* ]]; then
    words=$options
  elif [[ $paths == no ]]; then
    compopt +o default +o bashdefault 2>/dev/null
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -o filenames -o bashdefault -o default -F _spoor spoor
)";

std::string render_bash(const CommandNode& root) {
  std::string text(kBashHead);
  text += bash_values(root);
  text += kBashWalk;
  text += "      " + quoted_paths(root, " | ", sh_quoted);
  text += kBashChoice;
  text += bash_words(root);
  return text += kBashTail;
}

// zsh: a function for each command, that calls those of the commands below it.

std::string zsh_function(const CommandNode& node) {
  std::string name = "_" + node.path;
  for (char& c : name) {
    c = c == ' ' ? '_' : c;
  }
  return name;
}

/// ":FILE:_files", ":table|ndjson:(table ndjson)", ":N: ".
std::string zsh_value(const CommandArgument& argument) {
  std::string action = " ";
  if (!argument.choices.empty()) {
    action = "(" + joined(argument.choices, " ") + ")";
  } else if (argument.takes_path()) {
    action = "_files";
  }
  return ":" + zsh_text(argument.value) + ":" + action;
}

std::string zsh_option(const CommandArgument& option) {
  // One specification for all names; they exclude each other, unless the option may be repeated.
  const std::string about = "[" + zsh_text(one_line(option.about)) + "]";
  const std::string value = option.value.empty() ? "" : zsh_value(option);
  std::string text;
  for (const std::string& name : option.names) {
    const std::string before = option.is_repeated ? "*" : "(" + joined(option.names, " ") + ")";
    const bool takes_equals = !option.value.empty() && name.starts_with("--");
    std::string specification = before + name;
    specification += takes_equals ? "=" : "";
    specification += about + value;
    text += "    " + sh_quoted(specification) + "\n";
  }
  return text;
}

std::string zsh_command(const CommandNode& node) {
  std::string text = zsh_function(node) + "() {\n";
  if (!node.commands.empty()) {
    text += "  local -a commands\n  commands=(\n";
    for (const CommandNode& command : node.commands) {
      text += "    " + sh_quoted(command.name + ":" + zsh_text(one_line(command.about))) + "\n";
    }
    text += "  )\n  local curcontext=$curcontext state line\n";
  }
  text += "  local -a arguments\n  arguments=(\n";
  for (const CommandArgument& option : node.options) {
    text += zsh_option(option);
  }
  if (!node.commands.empty()) {
    text += "    '1: :->command'\n    '*:: :->rest'\n  )\n";
    text += "  _arguments -C -s $arguments && return\n  case $state in\n";
    text += "    command) _describe -t commands command commands ;;\n    rest)\n";
    text += "      case $words[1] in\n";
    for (const CommandNode& command : node.commands) {
      text += "        " + command.name + ") " + zsh_function(command) + " ;;\n";
    }
    return text + "      esac ;;\n  esac\n}\n\n";
  }
  for (const CommandArgument& positional : node.positionals) {
    text += "    " + sh_quoted((positional.is_repeated ? "*" : "") + zsh_value(positional)) + "\n";
  }
  return text + "  )\n  _arguments -s $arguments\n}\n\n";
}

std::string render_zsh(const CommandNode& root) {
  std::string text = "#compdef spoor\n# Completion of spoor in zsh.\n\n";
  for (const CommandNode* node : all_commands(root)) {
    text += zsh_command(*node);
  }
  // Loaded by name from $fpath it is to complete at once; sourced, to be known.
  return text +
         "if [[ $funcstack[1] == _spoor ]]; then\n  _spoor \"$@\"\nelse\n"
         "  compdef _spoor spoor\nfi\n";
}

// fish: a line for each thing that may stand there, and where.

std::string fish_value(const CommandArgument& argument) {
  if (argument.value.empty()) {
    return "";
  }
  if (!argument.choices.empty()) {
    return " -x -a " + fish_quoted(joined(argument.choices, " "));
  }
  return argument.takes_path() ? " -r -F" : " -x";
}

std::string fish_option(const CommandArgument& option) {
  std::string text;
  for (const std::string& name : option.names) {
    text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  return text + fish_value(option) + " -d " + fish_quoted(one_line(option.about));
}

std::string fish_command(const CommandNode& node) {
  const std::string begin =
      "complete -c spoor -n " + fish_quoted("__spoor_at " + fish_quoted(node.path));
  std::string text;
  for (const CommandNode& command : node.commands) {
    text += begin + " -a " + command.name + " -d " + fish_quoted(one_line(command.about)) + "\n";
  }
  for (const CommandArgument& option : node.options) {
    text += begin + fish_option(option) + "\n";
  }
  for (const CommandArgument& positional : node.positionals) {
    if (!positional.choices.empty()) {
      text += begin + " -a " + fish_quoted(joined(positional.choices, " ")) + "\n";
    } else if (positional.takes_path()) {
      text += begin + " -F\n";
    }
  }
  return text;
}

std::string render_fish(const CommandNode& root) {
  std::string text =
      "# Completion of spoor in fish.\n\n"
      "# Are the words so far those of this command?\n"
      "function __spoor_at\n"
      "    set -l command spoor\n"
      "    for word in (commandline -opc)[2..-1]\n"
      "        if contains -- \"$command $word\" ";
  text += quoted_paths(root, " ", fish_quoted);
  text +=
      "\n            set command \"$command $word\"\n"
      "        end\n    end\n"
      "    test \"$command\" = \"$argv[1]\"\n"
      "end\n\n"
      "complete -c spoor -f\n";
  for (const CommandNode* node : all_commands(root)) {
    text += fish_command(*node);
  }
  return text;
}

}  // namespace

std::string render_completion(const CommandNode& root, Shell shell) {
  switch (shell) {
    case Shell::zsh: return render_zsh(root);
    case Shell::fish: return render_fish(root);
    case Shell::bash: break;
  }
  return render_bash(root);
}

}  // namespace spoor
