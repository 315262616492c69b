#include "cli/man_page.h"

#include <algorithm>

namespace spoor {
namespace {

/// What roff would take for its own: escapes, and requests where a line begins.
std::string escaped(std::string_view text) {
  std::string out;
  bool begins_line = true;
  for (const char c : text) {
    if (begins_line && (c == '.' || c == '\'')) {
      out += "\\&";
    }
    switch (c) {
      case '\\': out += "\\e"; break;
      case '-': out += "\\-"; break;
      case '\'': out += "\\(aq"; break;
      case '`': out += "\\(ga"; break;
      case '^': out += "\\(ha"; break;
      case '~': out += "\\(ti"; break;
      default: out.push_back(c);
    }
    begins_line = c == '\n';
  }
  return out;
}

std::string bold(std::string_view text) {
  return "\\fB" + escaped(text) + "\\fR";
}

std::string italic(std::string_view text) {
  return "\\fI" + escaped(text) + "\\fR";
}

/// Lines that are to stay as they are.
std::string laid_out(std::string_view text) {
  while (text.ends_with('\n')) {
    text.remove_suffix(1);
  }
  return text.empty() ? "" : ".PP\n.EX\n" + escaped(text) + "\n.EE\n";
}

/// The beginning "spoor: does this" stands in for NAME as "spoor \- does this".
std::string summary(const std::string& about) {
  const std::string line = one_line(about);
  const std::size_t colon = line.find(": ");
  return colon == std::string::npos ? line : line.substr(colon + 2);
}

std::string synopsis(const CommandNode& node) {
  std::string text = bold(node.path);
  const auto own = [](const CommandArgument& option) { return !option.is_inherited; };
  if (std::ranges::any_of(node.options, own)) {
    text += " [" + italic("OPTION") + "]...";
  }
  for (const CommandArgument& option : node.options) {
    if (option.is_required && !option.is_inherited) {
      text += " " + bold(option.names.back()) + " " + italic(option.value);
    }
  }
  for (const CommandArgument& positional : node.positionals) {
    const std::string name = italic(positional.value) + (positional.is_repeated ? "..." : "");
    text += positional.is_required ? " " + name : " [" + name + "]";
  }
  if (!node.commands.empty()) {
    text += node.needs_command ? " " + italic("COMMAND") : " [" + italic("COMMAND") + "]";
  }
  return text;
}

std::string item(const CommandArgument& argument, bool is_positional) {
  std::string head;
  for (const std::string& name : argument.names) {
    head += (head.empty() ? "" : ", ") + (is_positional ? italic(name) : bold(name));
  }
  const bool is_named_by_value = is_positional && argument.choices.empty();
  if (!argument.value.empty() && !is_named_by_value) {
    std::string values;
    for (const std::string& choice : argument.choices) {
      values += (values.empty() ? "" : "|") + escaped(choice);
    }
    head += " " + (values.empty() ? italic(argument.value) : values);
  }
  std::string text = ".TP\n" + head + "\n" + escaped(argument.about);
  if (!argument.otherwise.empty()) {
    text += " (default: " + escaped(argument.otherwise) + ")";
  }
  return text + "\n";
}

std::string arguments(const CommandNode& node) {
  std::string text;
  for (const CommandArgument& positional : node.positionals) {
    text += item(positional, true);
  }
  for (const CommandArgument& option : node.options) {
    if (!option.is_inherited) {
      text += item(option, false);
    }
  }
  return text;
}

}  // namespace

std::string render_man_page(const CommandNode& root, std::string_view version) {
  std::string text = ".\\\" Made by 'spoor man' of the definition of the command line.\n";
  text += R"(.TH SPOOR 1 "" "spoor )" + escaped(version) + R"(" "Spoor")" + "\n";
  text += ".SH NAME\nspoor \\- " + escaped(summary(root.about)) + "\n";
  text += ".SH SYNOPSIS\n" + synopsis(root) + "\n";
  text += ".SH DESCRIPTION\n" + escaped(root.about) + "\n" + laid_out(root.footer);
  text += ".SH OPTIONS\n" + arguments(root);
  text += ".SH COMMANDS\n";
  for (const CommandNode* node : all_commands(root)) {
    if (node == &root) {
      continue;
    }
    text += ".SS " + bold(node->path) + "\n" + synopsis(*node) + "\n.PP\n" + escaped(node->about) +
            ".\n" + arguments(*node) + laid_out(node->footer);
  }
  text += ".SH FILES\n.TP\n" + italic("/etc/spoor/spoor.yaml") +
          "\nThe configuration that the service runs with.\n.TP\n" + italic("/var/lib/spoor") +
          "\nIts state.\n.TP\n" + italic("/usr/share/doc/spoor") +
          "\nDocumentation: operating, writing detections, the protocol of the bus.\n";
  return text;
}

}  // namespace spoor
