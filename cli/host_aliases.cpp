#include "cli/host_aliases.h"

#include <algorithm>
#include <string_view>

#include "engine/rule/document.h"
#include "engine/rule/load.h"

namespace spoor {
namespace {

constexpr std::string_view kExample = "pc042: [4c1b8e7f2a9d4e0fb3c5d6e7f8091a2b, pc042-wifi]";

void read_names(const YamlNode& node, DiagnosticDesk& desk, std::vector<std::string>& names) {
  const auto add = [&](const YamlNode& one) {
    if (one.is_scalar() && !one.text.empty()) {
      names.push_back(one.text);
    } else {
      desk.error(one.position, "the name of a machine is expected", std::string(kExample));
    }
  };
  if (node.is_list()) {
    std::ranges::for_each(node.items, add);
  } else {
    add(node);
  }
}

}  // namespace

Result<HostAliases> load_host_aliases(const std::string& path, std::vector<Diagnostic>& problems) {
  const Result<RuleFile> file = read_rule_file(path);
  if (!file) {
    return tl::unexpected<Error>(file.error());
  }
  HostAliases aliases;
  DiagnosticDesk desk(file->path, file->content, problems);
  std::size_t refused = 0;
  for (const YamlNode& document : read_documents(file->content, desk, &refused)) {
    if (!document.is_map()) {
      desk.error(document.position,
                 "host aliases are a map from a machine's name to its other names",
                 std::string(kExample));
    }
    for (const auto& [name, others] : document.entries) {
      std::vector<std::string>& names = aliases.emplace_back();
      names.push_back(name.text);
      read_names(others, desk, names);
    }
  }
  return aliases;
}

}  // namespace spoor
