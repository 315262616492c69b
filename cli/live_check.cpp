#include "cli/live_check.h"

#include <cerrno>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <unistd.h>

#include "cli/bus_session.h"
#include "cli/live_dead_letters.h"
#include "cli/live_inputs.h"
#include "cli/settings_file.h"

namespace spoor {
namespace {

namespace fs = std::filesystem;

/// A setting that is listened on.
struct Listening {
  std::string setting;  ///< "input web: listen"
  std::string address;  ///< "" of what is no TCP.
  std::string place;    ///< The port, or the endpoint.
};

void add_endpoint(std::string setting, std::string_view endpoint, std::vector<Listening>& all) {
  constexpr std::string_view kTcp = "tcp://";
  if (!endpoint.starts_with(kTcp)) {
    if (!endpoint.empty()) {
      all.push_back({std::move(setting), "", std::string(endpoint)});
    }
    return;
  }
  endpoint.remove_prefix(kTcp.size());
  const std::size_t colon = endpoint.rfind(':');
  std::string address(endpoint.substr(0, colon));
  if (address.starts_with('[') && address.ends_with(']')) {
    address = address.substr(1, address.size() - 2);
  }
  all.push_back({std::move(setting), address == "localhost" ? "127.0.0.1" : std::move(address),
                 std::string(endpoint.substr(colon + 1))});
}

std::vector<Listening> listenings(const RunConfig& config) {
  std::vector<Listening> all;
  for (const InputConfig& input : config.inputs) {
    if (input.type == InputType::tcp || input.type == InputType::http) {
      all.push_back({"input " + input.name + ": listen", input.listen.address,
                     std::to_string(input.listen.port)});
    } else if (input.type == InputType::zmq) {
      add_endpoint("input " + input.name + ": bind", input.zmq.bind, all);
    }
  }
  add_endpoint("bus: publish", config.bus.publish, all);
  add_endpoint("bus: replay", config.bus.replay, all);
  if (!config.admin_address.empty()) {
    all.push_back({"admin", config.admin_address, std::to_string(config.admin_port)});
  }
  return all;
}

bool is_every_address(const std::string& address) {
  return address == "*" || address == "::" || address == "0.0.0.0";
}

bool is_v6(const std::string& address) {
  return address.find(':') != std::string::npos;
}

/// Does listening on one keep the other from it? [::] takes the addresses of IPv4 too.
bool collide(const Listening& one, const Listening& other) {
  if (one.place != other.place || one.place == "0" || one.place == "*" ||
      one.address.empty() != other.address.empty()) {
    return false;
  }
  if (one.address == other.address) {
    return true;
  }
  const auto takes = [](const std::string& every, const std::string& address) {
    return is_every_address(every) && (every != "0.0.0.0" || !is_v6(address) || address == "::");
  };
  return takes(one.address, other.address) || takes(other.address, one.address);
}

Result<void> check_addresses(const RunConfig& config) {
  const std::vector<Listening> all = listenings(config);
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (collide(all[i], all[j])) {
        return fail(ErrorCode::bad_usage, all[i].setting + ": '" + all[j].setting +
                                              "' listens there already (" + all[i].place + ")");
      }
    }
  }
  return {};
}

/// A folder that is made if it is not there.
Result<void> check_recording(const std::string& folder) {
  std::error_code problem;
  fs::path there = fs::absolute(folder, problem);
  while (!problem && !fs::exists(there, problem) && there.has_relative_path()) {
    problem.clear();
    there = there.parent_path();
  }
  if (!problem && !fs::is_directory(there, problem)) {
    problem = std::make_error_code(std::errc::not_a_directory);
  } else if (!problem && ::access(there.c_str(), W_OK | X_OK) != 0) {
    problem = {errno, std::generic_category()};
  }
  return problem
             ? fail(ErrorCode::bad_usage, "cannot record into " + folder + ": " + problem.message())
             : Result<void>();
}

}  // namespace

Result<void> check_run_config(const RunConfig& config) {
  Result<void> checked = LiveInputs::check(config);
  if (checked && !config.bus.publish.empty()) {
    checked = check_bus(config.bus);
  }
  if (checked) {
    checked = check_addresses(config);
  }
  if (checked && !config.dead_letters.empty()) {
    checked = check_dead_letters(config.dead_letters, config.state);
  }
  if (checked && !config.record.empty()) {
    checked = check_recording(config.record);
  }
  return checked;
}

Result<LiveKnowledge> read_live_knowledge(const RunConfig& config) {
  Result<LiveRules> rules = LiveRules::open(config.rules, config.placeholders);
  if (!rules) {
    return tl::unexpected<Error>(rules.error());
  }
  std::optional<HostAliases> aliases =
      read_settings<HostAliases>(config.host_aliases, false, load_host_aliases);
  if (!aliases) {
    return fail(ErrorCode::bad_usage, "the host aliases cannot be used");
  }
  return LiveKnowledge{.rules = std::move(*rules), .aliases = std::move(*aliases)};
}

}  // namespace spoor
