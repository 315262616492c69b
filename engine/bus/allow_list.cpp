#include "engine/bus/allow_list.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
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

/// Who may write it decides who comes onto the bus: nothing if that is its owner alone.
std::optional<Error> find_other_writers(const std::string& path) {
  struct stat status {};

  if (stat(path.c_str(), &status) != 0 || (status.st_mode & (S_IWGRP | S_IWOTH)) == 0) {
    return std::nullopt;
  }
  return Error{
      ErrorCode::bad_usage,
      path + " says who may come, and others than its owner may write it: chmod go-w " + path};
}

/// Mode and owner of the file, if it is there, are those of the new one, too.
bool take_over_rights(const std::string& path, int fresh) {
  constexpr mode_t kOwnerWrites = 0644;
  constexpr mode_t kRights = 07777;

  struct stat old {};

  struct stat made {};

  if (stat(path.c_str(), &old) != 0) {
    return errno == ENOENT && fchmod(fresh, kOwnerWrites) == 0;
  }
  if (fstat(fresh, &made) != 0) {
    return false;
  }
  const bool is_ours = old.st_uid == made.st_uid && old.st_gid == made.st_gid;
  return (is_ours || fchown(fresh, old.st_uid, old.st_gid) == 0) &&
         fchmod(fresh, old.st_mode & kRights) == 0;
}

/// As a whole or not at all: the engine reads it while we write.
Result<void> replace_file(const std::string& path, const std::string& text) {
  constexpr mode_t kOwnerOnly = 0600;
  const std::string fresh = path + ".new";
  const auto failure = [](const std::string& what) {
    return fail(ErrorCode::io, "cannot " + what + ": " + std::generic_category().message(errno));
  };
  const int file = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kOwnerOnly);
  if (file < 0) {
    return failure("write " + fresh);
  }
  if (!take_over_rights(path, file)) {
    const auto failed = failure("give " + fresh + " the owner and the mode of " + path);
    close(file);
    unlink(fresh.c_str());
    return failed;
  }
  const bool is_written =
      write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      fsync(file) == 0;
  close(file);
  if (!is_written || std::rename(fresh.c_str(), path.c_str()) != 0) {
    return failure("write " + fresh);
  }
  return {};
}

/// Takes the next line off, without its newline.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

/// By key or name; a line with a mistake in it, too.
bool is_line_of(std::string_view line, std::string_view name_or_key) {
  constexpr std::size_t kNamePlace = 2;
  const std::vector<std::string_view> words = split(line, " \t\r");
  return !is_comment(line) && (words[0] == name_or_key ||
                               (words.size() > kNamePlace && words[kNamePlace] == name_or_key));
}

/// The lines of the file without those of the client; how many went.
std::size_t copy_lines_of_others(std::string_view text,
                                 std::string_view name_or_key,
                                 std::string& out) {
  std::size_t gone = 0;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (is_line_of(line, name_or_key)) {
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

AllowList AllowList::parse_sound(std::string_view text,
                                 const std::string& path,
                                 std::optional<Error>& problem) {
  AllowList list;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = take_line(text);
    if (is_comment(line)) {
      continue;
    }
    Result<AllowedClient> client = parse_line(line);
    const std::string wrong = client ? list.find_clash(*client) : client.error().message;
    if (wrong.empty()) {
      list.clients_.push_back(std::move(*client));
    } else if (!problem) {
      std::string told = path;
      told.append(":").append(std::to_string(number)).append(": ").append(wrong);
      problem = Error{ErrorCode::bad_usage, std::move(told)};
    }
  }
  return list;
}

std::string AllowList::find_clash(const AllowedClient& client) const {
  const auto known = std::ranges::find_if(clients_, [&client](const AllowedClient& other) {
    return other.key == client.key || other.name == client.name;
  });
  if (known == clients_.end()) {
    return {};
  }
  return std::string("a client of that ") + (known->key == client.key ? "key" : "name") +
         " is there already: " + known->name;
}

Result<AllowList> AllowList::parse(std::string_view text, const std::string& path) {
  std::optional<Error> problem;
  AllowList list = parse_sound(text, path, problem);
  if (problem) {
    return tl::unexpected<Error>(std::move(*problem));
  }
  return list;
}

Result<AllowList> AllowList::read(const std::string& path) {
  const Result<std::string> text = read_text(path);
  if (!text) {
    return tl::unexpected<Error>(text.error());
  }
  if (std::optional<Error> problem = find_other_writers(path)) {
    return tl::unexpected<Error>(std::move(*problem));
  }
  return parse(*text, path);
}

std::optional<Error> AllowList::update(const std::string& path) {
  const Result<std::string> text = read_text(path);
  if (!text) {
    return text.error();
  }
  std::optional<Error> problem = find_other_writers(path);
  AllowList list = parse_sound(*text, path, problem);
  if (problem) {
    narrow_to(list);
  } else {
    clients_ = std::move(list.clients_);
  }
  return problem;
}

void AllowList::narrow_to(const AllowList& sound) {
  for (AllowedClient& client : clients_) {
    const auto now = std::ranges::find(sound.clients_, client.key, &AllowedClient::key);
    const bool is_there = now != sound.clients_.end() && now->name == client.name;
    client.roles = is_there ? client.roles.shared_with(now->roles) : BusRoles{};
    if (is_there && now->until) {
      client.until = std::min(client.until.value_or(*now->until), *now->until);
    }
  }
  std::erase_if(clients_, [](const AllowedClient& client) { return client.roles.empty(); });
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
  // Its own mistakes first: they have the line numbers of the file as it is.
  if (const Result<AllowList> list = AllowList::parse(*before, path); !list) {
    return tl::unexpected<Error>(list.error());
  }
  if (std::optional<Error> problem = find_other_writers(path)) {
    return tl::unexpected<Error>(std::move(*problem));
  }
  copy_lines_of_others(*before, client.name, text);
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
  if (copy_lines_of_others(*before, name_or_key, text) == 0) {
    return fail(ErrorCode::bad_usage, path + " lets in no client '" + name_or_key + "'");
  }
  Result<void> replaced = replace_file(path, text);
  if (!replaced) {
    return replaced;
  }
  const Result<AllowList> list = AllowList::read(path);
  if (!list) {
    return fail(list.error().code,
                "'" + name_or_key + "' is off the list, and a running bus cuts it off; but until " +
                    "this is mended the bus lets nobody new in, and does not start: " +
                    list.error().message);
  }
  return {};
}

}  // namespace spoor
