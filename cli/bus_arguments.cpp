#include "cli/bus_arguments.h"

#include <string>

#include <CLI/CLI.hpp>

#include "engine/base/time.h"
#include "engine/state/consumer_store.h"

namespace spoor {
namespace {

constexpr double kYear = 31'536'000.0;

constexpr const char* kTailFooter =
    "With --replay, nothing is missed: what was published while we were away is fetched. With\n"
    "--consumer, the bus remembers how far we have come: what was printed is not printed again.\n\n"
    "Examples:\n"
    "  spoor bus tail tcp://127.0.0.1:5556\n"
    "  spoor bus tail tcp://127.0.0.1:5556 --replay tcp://127.0.0.1:5557 --from 1\n"
    "  spoor bus tail tcp://127.0.0.1:5556 --replay tcp://127.0.0.1:5557 --consumer pager \\\n"
    "      --topic finding.critical. | ./page.sh";

constexpr const char* kServeFooter =
    "Serves until it is interrupted. The folder must not be in use by a replay.\n\n"
    "Exit codes: 0 interrupted, 2 a mistake in the command, 74 the state cannot be used,\n"
    "78 refused to listen off loopback without a key.\n\n"
    "Example:\n"
    "  spoor bus serve --state state/ --publish tcp://127.0.0.1:5556 --publish-replay "
    "tcp://127.0.0.1:5557";

constexpr const char* kKeygenFooter =
    "FILE is the secret key, readable by you alone; FILE.pub the public one, for others. The bus\n"
    "needs one pair, each client another.\n\n"
    "Example: a bus that only shuffle may come to\n"
    "  spoor bus keygen /etc/spoor/bus.key\n"
    "  spoor bus keygen shuffle.key\n"
    "  spoor bus allow shuffle.key.pub --name shuffle --clients /etc/spoor/bus-clients\n"
    "  spoor bus check --key /etc/spoor/bus.key --clients /etc/spoor/bus-clients";

std::string refuse_negative(const std::string& text) {
  return text.starts_with("-") ? "must not be negative" : "";
}

std::string check_name(const std::string& text) {
  return is_consumer_name(text)
             ? ""
             : "a name is 1 to 64 letters, digits, '.', '_' and '-', not '" + text + "'";
}

void add_clients_file(CLI::App& command, std::string& path) {
  command.add_option("--clients", path, "The list of who may come, as --bus-clients takes it")
      ->type_name("FILE")
      ->required();
}

void add_client_keys(CLI::App& command, BusClientKeys& keys) {
  CLI::Option* key =
      command.add_option("--key", keys.key_file, "Our secret key, for a bus with keys")
          ->type_name("FILE");
  CLI::Option* server = command
                            .add_option("--server-key", keys.server_key,
                                        "The public key of the bus, or the file with it")
                            ->type_name("KEY");
  key->needs(server);
  server->needs(key);
}

CLI::App* add_tail(CLI::App& bus, BusTailOptions& options) {
  CLI::App* tail =
      bus.add_subcommand("tail", "Print findings from the bus, one JSON object a line");
  tail->footer(kTailFooter);
  tail->add_option("ENDPOINT", options.endpoint, "tcp://127.0.0.1:PORT or ipc://PATH")->required();
  CLI::Option* replay =
      tail->add_option("--replay", options.replay, "Where to ask for what was missed")
          ->type_name("ENDPOINT");
  CLI::Option* consumer =
      tail->add_option("--consumer", options.consumer,
                       "Go on where the last one of this name stopped, and acknowledge what is "
                       "printed")
          ->type_name("NAME")
          ->check(check_name)
          ->needs(replay);
  tail->add_option("--from", options.from, "Begin at this sequence number (1: all that is kept)")
      ->type_name("N")
      ->check(refuse_negative)
      ->needs(replay)
      ->excludes(consumer);
  tail->add_option("--topic", options.topic,
                   "Only topics with this prefix, for example finding.critical")
      ->type_name("PREFIX");
  tail->add_option("-n,--count", options.count, "Stop after N findings")
      ->type_name("N")
      ->check(refuse_negative);
  tail->add_option("--timeout", options.timeout_s,
                   "Stop if nothing came for so long (exit 1 if --count was not reached)")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.0, kYear));
  tail->add_flag("--header", options.with_header, "Print topic and header before each finding");
  add_client_keys(*tail, options.keys);
  return tail;
}

CLI::App* add_serve(CLI::App& bus, BusServeOptions& options) {
  CLI::App* serve =
      bus.add_subcommand("serve", "Serve the findings of a state folder, for who missed them");
  serve->footer(kServeFooter);
  serve->add_option("--state", options.state, "The folder, as 'replay --state' wrote it")
      ->type_name("DIR")
      ->required();
  add_bus_options(*serve, options.bus, true);
  return serve;
}

CLI::App* add_keygen(CLI::App& bus, BusKeygenOptions& options) {
  CLI::App* keygen = bus.add_subcommand("keygen", "Make a key pair: FILE and FILE.pub");
  keygen->footer(kKeygenFooter);
  keygen->add_option("FILE", options.file, "Where the secret key goes; is not overwritten")
      ->required();
  return keygen;
}

CLI::App* add_allow(CLI::App& bus, BusAllowOptions& options) {
  CLI::App* allow =
      bus.add_subcommand("allow", "Let a client in; a running bus sees it within a second");
  allow->add_option("KEY", options.key, "Its public key, or the file with it")->required();
  add_clients_file(*allow, options.clients_file);
  allow->add_option("--name", options.name, "What it is called, in the list and by the bus")
      ->type_name("NAME")
      ->check(check_name)
      ->required();
  allow
      ->add_option("--role", options.roles,
                   "What it may do: subscribe, replay, admin, joined by commas")
      ->type_name("ROLES")
      ->check([](const std::string& roles) -> std::string {
        return parse_bus_roles(roles)
                   ? ""
                   : "'" + roles + "' are no roles: subscribe, replay and admin are";
      })
      ->capture_default_str();
  allow
      ->add_option_function<std::string>(
          "--until",
          [&options](const std::string& text) { options.until = parse_time_argument(text); },
          "Not from this time on (UTC)")
      ->type_name("TIME")
      ->check([](const std::string& text) -> std::string {
        return parse_time_argument(text) ? "" : "'" + text + "' is no time; write 2027-01-31";
      });
  return allow;
}

CLI::App* add_revoke(CLI::App& bus, BusRevokeOptions& options) {
  CLI::App* revoke = bus.add_subcommand(
      "revoke", "Let a client in no longer; a running bus cuts it off within 5 s");
  revoke->add_option("CLIENT", options.name_or_key, "Its name, or its public key")->required();
  add_clients_file(*revoke, options.clients_file);
  return revoke;
}

CLI::App* add_check(CLI::App& bus, BusCheckOptions& options) {
  CLI::App* check =
      bus.add_subcommand("check", "Check key file and list of clients, and show who may what");
  check->add_option("--key", options.key_file, "The secret key of the bus")->type_name("FILE");
  check->add_option("--clients", options.clients_file, "The list of who may come")
      ->type_name("FILE");
  check->require_option(1, 2);
  return check;
}

CLI::App* add_consumers(CLI::App& bus, BusConsumersOptions& options) {
  CLI::App* consumers =
      bus.add_subcommand("consumers", "How far each consumer has come, and how far it is behind");
  consumers->add_option("ENDPOINT", options.endpoint, "The replay socket of the bus")->required();
  consumers->add_option("--forget", options.forget, "Forget this consumer")->type_name("NAME");
  consumers->add_option("--timeout", options.timeout_s, "Wait at most so long for an answer")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str();
  add_client_keys(*consumers, options.keys);
  return consumers;
}

}  // namespace

struct BusArguments::Impl {
  BusTailOptions tail;
  BusServeOptions serve;
  BusKeygenOptions keygen;
  BusAllowOptions allow;
  BusRevokeOptions revoke;
  BusCheckOptions check;
  BusConsumersOptions consumers;
  const CLI::App* tail_app = nullptr;
  const CLI::App* serve_app = nullptr;
  const CLI::App* keygen_app = nullptr;
  const CLI::App* allow_app = nullptr;
  const CLI::App* revoke_app = nullptr;
  const CLI::App* check_app = nullptr;
  const CLI::App* consumers_app = nullptr;
};

BusArguments::BusArguments() : impl_(std::make_unique<Impl>()) {}

BusArguments::~BusArguments() = default;

void add_bus_options(CLI::App& command, BusOptionsOnCommandLine& options, bool required) {
  CLI::Option* publish = command
                             .add_option("--publish", options.publish,
                                         "Publish findings on ZeroMQ: tcp://127.0.0.1:PORT or "
                                         "ipc://PATH")
                             ->type_name("ENDPOINT")
                             ->required(required);
  command
      .add_option("--publish-replay", options.replay,
                  "Give findings again there to who missed them, and keep how far consumers are")
      ->type_name("ENDPOINT")
      ->needs(publish);
  command
      .add_option("--bus-key", options.key_file,
                  "Secret key of the bus ('spoor bus keygen'): encrypted, for known clients only")
      ->type_name("FILE")
      ->needs(publish);
  command
      .add_option("--bus-clients", options.clients_file,
                  "The list of clients that may come ('spoor bus allow')")
      ->type_name("FILE")
      ->needs(publish);
}

void BusArguments::add(CLI::App& app) {
  CLI::App* bus = app.add_subcommand("bus", "The ZeroMQ bus that findings are published on");
  bus->require_subcommand(1);
  impl_->tail_app = add_tail(*bus, impl_->tail);
  impl_->serve_app = add_serve(*bus, impl_->serve);
  impl_->consumers_app = add_consumers(*bus, impl_->consumers);
  impl_->keygen_app = add_keygen(*bus, impl_->keygen);
  impl_->allow_app = add_allow(*bus, impl_->allow);
  impl_->revoke_app = add_revoke(*bus, impl_->revoke);
  impl_->check_app = add_check(*bus, impl_->check);
}

std::optional<Command> BusArguments::chosen() const {
  if (impl_->tail_app->parsed()) {
    return impl_->tail;
  }
  if (impl_->serve_app->parsed()) {
    return impl_->serve;
  }
  if (impl_->keygen_app->parsed()) {
    return impl_->keygen;
  }
  if (impl_->allow_app->parsed()) {
    return impl_->allow;
  }
  if (impl_->revoke_app->parsed()) {
    return impl_->revoke;
  }
  if (impl_->check_app->parsed()) {
    return impl_->check;
  }
  if (impl_->consumers_app->parsed()) {
    return impl_->consumers;
  }
  return std::nullopt;
}

}  // namespace spoor
