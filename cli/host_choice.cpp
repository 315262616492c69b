#include "cli/host_choice.h"

#include "engine/base/text.h"

namespace spoor {
namespace {

/// "PC042.acme.example" → "pc042".
std::string short_name(std::string_view hostname) {
  const std::string lower = to_lower_ascii(hostname);
  return lower.substr(0, lower.find('.'));
}

}  // namespace

std::vector<std::string> hosts_named(const Correlator& correlator, const std::string& wanted) {
  std::vector<std::string> found;
  for (const std::string& key : correlator.hosts()) {
    if (key == to_lower_ascii(wanted) || short_name(wanted) == key ||
        short_name(wanted) == short_name(correlator.hostname(key))) {
      found.push_back(key);
    }
  }
  return found;
}

std::string host_list(const Correlator& correlator) {
  std::string list;
  for (const std::string& host : correlator.hosts()) {
    const std::string_view name = correlator.hostname(host);
    list += (list.empty() ? "" : ", ") + escape_for_terminal(name.empty() ? host : name);
  }
  return list;
}

}  // namespace spoor
