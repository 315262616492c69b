#include "engine/bus/allow_list.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "engine/bus/curve_keys.h"
#include "engine/state/consumer_store.h"

namespace spoor {
namespace {

constexpr std::size_t kFileBytesMax = 4U << 20U;
constexpr std::string_view kExample =
    "write: KEY subscribe,replay NAME [UNTIL], as 'spoor bus allow' does";

struct RoleName {
  BusRole role;
  std::string_view name;
};

constexpr std::array<RoleName, 4> kRoles{{{BusRole::subscribe, "subscribe"},
                                          {BusRole::replay, "replay"},
                                          {BusRole::admin, "admin"},
                                          {BusRole::send, "send"}}};

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(separators), text.size());
    if (end > 0) {
      parts.push_back(text.substr(0, end));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

bool is_comment(std::string_view line) {
  return line == "#" || line.starts_with("# ") ||
         line.find_first_not_of(" \t\r") == std::string_view::npos;
}

Result<AllowedClient> parse_line(std::string_view line) {
  const std::vector<std::string_view> words = split(line, " \t\r");
  const auto wrong = [](const std::string& what) {
    return fail(ErrorCode::bad_usage, what + "; " + std::string(kExample));
  };
  if (words.size() < 3 || words.size() > 4) {
    return wrong("a key, roles and a name are expected");
  }
  if (!is_curve_key(words[0])) {
    return wrong("'" + std::string(words[0]) + "' is no public key (40 characters of Z85)");
  }
  const std::optional<BusRoles> roles = parse_bus_roles(words[1]);
  if (!roles) {
    return wrong("'" + std::string(words[1]) + "' are no roles (subscribe, replay, admin)");
  }
  if (!is_consumer_name(words[2])) {
    return wrong("'" + std::string(words[2]) + "' is no name (letters, digits, '.', '_', '-')");
  }
  AllowedClient client{
      .key = std::string(words[0]), .roles = *roles, .name = std::string(words[2]), .until = {}};
  if (words.size() == 4) {
    client.until = parse_time_argument(words[3]);
    if (!client.until) {
      return wrong("'" + std::string(words[3]) + "' is no date (2027-01-31)");
    }
  }
  return client;
}

Result<std::string> read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return fail(ErrorCode::bad_usage,
                "cannot read " + path + ": " + std::generic_category().message(errno));
  }
  std::string text(kFileBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kFileBytesMax) {
    return fail(ErrorCode::limit, path + " is longer than 4 MiB");
  }
  return text;
}

/// As a whole or not at all: the engine reads it while we write.
Result<void> replace_file(const std::string& path, const std::string& text) {
  constexpr mode_t kOwnerWrites = 0644;
  const std::string fresh = path + ".new";
  const auto failure = [&fresh] {
    return fail(ErrorCode::io,
                "cannot write " + fresh + ": " + std::generic_category().message(errno));
  };
  const int file = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kOwnerWrites);
  if (file < 0) {
    return failure();
  }
  const bool is_written =
      write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      fsync(file) == 0;
  close(file);
  if (!is_written || std::rename(fresh.c_str(), path.c_str()) != 0) {
    return failure();
  }
  return {};
}

/// The lines of the file without those of clients for which `goes` holds; how many went.
template <typename Goes>
std::size_t copy_lines(std::string_view text, std::string& out, const Goes& goes) {
  std::size_t gone = 0;
  for (const std::string_view line : split(text, "\n")) {
    const Result<AllowedClient> client =
        is_comment(line) ? fail(ErrorCode::bad_usage, "") : parse_line(line);
    if (client && goes(*client)) {
      ++gone;
    } else {
      out.append(line).append("\n");
    }
  }
  return gone;
}

}  // namespace

std::optional<BusRole> parse_bus_role(std::string_view name) {
  const auto* const found = std::ranges::find(kRoles, name, &RoleName::name);
  return found == kRoles.end() ? std::nullopt : std::optional(found->role);
}

std::optional<BusRoles> parse_bus_roles(std::string_view names) {
  BusRoles roles;
  for (const std::string_view name : split(names, ",")) {
    const std::optional<BusRole> role = parse_bus_role(name);
    if (!role) {
      return std::nullopt;
    }
    roles.add(*role);
  }
  return roles.empty() ? std::nullopt : std::optional(roles);
}

std::string to_string(BusRoles roles) {
  std::string text;
  for (const RoleName& role : kRoles) {
    if (roles.has(role.role)) {
      text.append(text.empty() ? "" : ",").append(role.name);
    }
  }
  return text;
}

Result<AllowList> AllowList::parse(std::string_view text, const std::string& path) {
  AllowList list;
  std::size_t number = 0;
  while (!text.empty()) {
    ++number;
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (is_comment(line)) {
      continue;
    }
    const auto wrong = [&](const std::string& what) {
      std::string told = path;
      told.append(":").append(std::to_string(number)).append(": ").append(what);
      return fail(ErrorCode::bad_usage, std::move(told));
    };
    Result<AllowedClient> client = parse_line(line);
    if (!client) {
      return wrong(client.error().message);
    }
    for (const AllowedClient& known : list.clients_) {
      if (known.key == client->key || known.name == client->name) {
        std::string what = "a client of that ";
        what.append(known.key == client->key ? "key" : "name");
        return wrong(what.append(" is there already: ").append(known.name));
      }
    }
    list.clients_.push_back(std::move(*client));
  }
  return list;
}

Result<AllowList> AllowList::read(const std::string& path) {
  const Result<std::string> text = read_text(path);
  if (!text) {
    return tl::unexpected<Error>(text.error());
  }
  return parse(*text, path);
}

const AllowedClient* AllowList::find(std::string_view key, Timestamp now) const {
  const auto found = std::ranges::find(clients_, key, &AllowedClient::key);
  return found == clients_.end() || (found->until && now >= *found->until) ? nullptr : &*found;
}

const AllowedClient* AllowList::find_name(std::string_view name, Timestamp now) const {
  const auto found = std::ranges::find(clients_, name, &AllowedClient::name);
  return found == clients_.end() || (found->until && now >= *found->until) ? nullptr : &*found;
}

bool AllowList::covers(const AllowList& before, Timestamp then, Timestamp now) const {
  return std::ranges::all_of(before.clients_, [&](const AllowedClient& client) {
    if (before.find(client.key, then) == nullptr) {
      return true;
    }
    const AllowedClient* still = find(client.key, now);
    return still != nullptr && still->name == client.name && still->roles.covers(client.roles);
  });
}

std::string allow_line(const AllowedClient& client) {
  return client.key + " " + to_string(client.roles) + " " + client.name +
         (client.until ? " " + format_timestamp(*client.until) : std::string());
}

Result<void> allow_client(const std::string& path, const AllowedClient& client) {
  std::string text;
  const Result<std::string> before = access(path.c_str(), F_OK) == 0
                                         ? read_text(path)
                                         : Result<std::string>(
                                               "# key (40 characters), roles, name, until "
                                               "(optional)\n");
  if (!before) {
    return tl::unexpected<Error>(before.error());
  }
  copy_lines(*before, text,
             [&client](const AllowedClient& known) { return known.name == client.name; });
  text += allow_line(client) + "\n";
  const Result<AllowList> list = AllowList::parse(text, path);
  if (!list) {
    return tl::unexpected<Error>(list.error());
  }
  return replace_file(path, text);
}

Result<void> revoke_client(const std::string& path, const std::string& name_or_key) {
  const Result<std::string> before = read_text(path);
  if (!before) {
    return tl::unexpected<Error>(before.error());
  }
  std::string text;
  const std::size_t gone = copy_lines(*before, text, [&name_or_key](const AllowedClient& known) {
    return known.name == name_or_key || known.key == name_or_key;
  });
  if (gone == 0) {
    return fail(ErrorCode::bad_usage, path + " lets in no client '" + name_or_key + "'");
  }
  return replace_file(path, text);
}

}  // namespace spoor
