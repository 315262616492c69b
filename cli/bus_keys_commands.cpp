// spoor bus keygen, allow, revoke, check: who may come onto the bus.

#include <cstdio>

#include <unistd.h>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/log.h"
#include "cli/output_file.h"
#include "cli/terminal.h"
#include "cli/text_table.h"
#include "engine/base/clock.h"
#include "engine/bus/allow_list.h"
#include "engine/bus/curve_keys.h"

namespace spoor {
namespace {

int fail_with(const Error& error) {
  log_error(error.message);
  return error.code == ErrorCode::bad_usage ? exit_usage : exit_failure;
}

void set_up() {
  set_up_log(false, use_color(STDERR_FILENO, ColorChoice::automatic));
}

int print(const std::string& text) {
  const Result<void> written = write_output("", text);
  return written ? exit_ok : fail_with(written.error());
}

}  // namespace

int run_bus_keygen(const BusKeygenOptions& options) {
  set_up();
  const Result<CurveKeys> keys = make_curve_keys();
  if (!keys) {
    return fail_with(keys.error());
  }
  const Result<void> written = write_curve_keys(options.file, *keys);
  if (!written) {
    return fail_with(written.error());
  }
  log_info(options.file + " is the secret key, " + options.file + ".pub the public one:");
  return print(keys->public_key + "\n");
}

int run_bus_allow(const BusAllowOptions& options) {
  set_up();
  const Result<std::string> key = read_public_key(options.key);
  if (!key) {
    return fail_with(key.error());
  }
  AllowedClient client{.key = *key,
                       .roles = parse_bus_roles(options.roles).value_or(BusRoles{}),
                       .name = options.name,
                       .until = options.until};
  const Result<void> allowed = allow_client(options.clients_file, client);
  return allowed ? print(allow_line(client) + "\n") : fail_with(allowed.error());
}

int run_bus_revoke(const BusRevokeOptions& options) {
  set_up();
  const Result<void> revoked = revoke_client(options.clients_file, options.name_or_key);
  if (!revoked) {
    return fail_with(revoked.error());
  }
  log_info(options.name_or_key + " is off the list; a running bus cuts it off within 5 s");
  return exit_ok;
}

int run_bus_check(const BusCheckOptions& options) {
  set_up();
  std::string text;
  if (!options.key_file.empty()) {
    const Result<CurveKeys> keys = read_secret_key(options.key_file);
    if (!keys) {
      return fail_with(keys.error());
    }
    text += "the bus's public key: " + keys->public_key + "\n";
  }
  if (!options.clients_file.empty()) {
    const Result<AllowList> list = AllowList::read(options.clients_file);
    if (!list) {
      return fail_with(list.error());
    }
    TextTable table(
        {{.header = "CLIENT"}, {.header = "MAY"}, {.header = "KEY"}, {.header = "UNTIL"}});
    const Timestamp now = system_clock().wall();
    for (const AllowedClient& client : list->clients()) {
      const bool is_over = client.until && now >= *client.until;
      table.add({{client.name},
                 {is_over ? "nothing any more" : to_string(client.roles)},
                 {client.key},
                 {client.until ? format_timestamp(*client.until) : ""}});
    }
    text += table.empty() ? options.clients_file + " lets nobody in\n"
                          : table.render({.color = use_color(STDOUT_FILENO, ColorChoice::automatic),
                                          .width = terminal_width(STDOUT_FILENO)});
  }
  return print(text);
}

}  // namespace spoor
