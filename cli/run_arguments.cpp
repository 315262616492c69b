#include "cli/run_arguments.h"

#include <CLI/CLI.hpp>

namespace spoor {
namespace {

constexpr const char* kCheckFooter =
    "Exit codes: 0 it can be used, 2 configuration, rules or a file that it names, 78 it would "
    "listen\n"
    "off loopback without authentication. 'run' may end with 1 (an address is in use) or 74 (the\n"
    "state cannot be written or used) all the same: neither is looked at.";

constexpr const char* kPrintFooter = "Exit codes: 0 printed, 2 the configuration is wrong.";

constexpr const char* kRunFooter =
    "SIGTERM and Ctrl-C end it when everything taken is committed, the second one at once; "
    "SIGHUP,\n"
    "or a change of a rule file, reads the rules again. A sender is answered when what it sent is "
    "on\n"
    "disk.\n\n"
    "Exit codes: 0 ended by a signal, 1 an address is in use, 2 configuration or rules, 74 the\n"
    "state cannot be written or used, 78 refused to listen off loopback without authentication.\n\n"
    "A first configuration:\n"
    "  state: /var/lib/spoor\n"
    "  inputs:\n"
    "    - {name: shippers, type: tcp, listen: 127.0.0.1:5514}\n"
    "    - {name: http, type: http, listen: 127.0.0.1:8088}\n"
    "  bus: {publish: tcp://127.0.0.1:5556, replay: tcp://127.0.0.1:5557}\n"
    "  admin: 127.0.0.1:9600";

}  // namespace

struct RunArguments::Impl {
  RunOptions run;
  ConfigCheckOptions check;
  ConfigPrintOptions print;
  const CLI::App* run_app = nullptr;
  const CLI::App* check_app = nullptr;
  const CLI::App* print_app = nullptr;
  const CLI::App* schema_app = nullptr;
};

RunArguments::RunArguments() : impl_(std::make_unique<Impl>()) {}

RunArguments::~RunArguments() = default;

void RunArguments::add(CLI::App& app) {
  const auto add_set = [](CLI::App& command, std::vector<std::string>& into) {
    command
        .add_option("--set", into,
                    "One setting over what the file says: log.level=debug, drain=30s; "
                    "SPOOR__LOG__LEVEL=debug in the environment does the same")
        ->type_name("PLACE=VALUE")
        ->allow_extra_args(false);
  };
  CLI::App* run = app.add_subcommand("run", "Take logs as they come, tell findings as they arise");
  run->footer(kRunFooter);
  run->add_option("-c,--config", impl_->run.config, "The configuration, YAML")
      ->type_name("FILE")
      ->required();
  run->add_option("--record", impl_->run.record,
                  "Keep what comes in, to be replayed: files of zstd in this folder")
      ->type_name("DIR");
  add_set(*run, impl_->run.set);
  impl_->run_app = run;
  CLI::App* config = app.add_subcommand("config", "Check a configuration of 'run'");
  config->require_subcommand(1);
  CLI::App* check = config->add_subcommand("check", "Say what is wrong with it");
  check->add_option("FILE", impl_->check.file, "The configuration, YAML")->required();
  add_set(*check, impl_->check.set);
  check->footer(kCheckFooter);
  impl_->check_app = check;
  CLI::App* print = config->add_subcommand(
      "print",
      "Print it with everything that holds by default; of secrets the names of their files");
  print->add_option("FILE", impl_->print.file, "The configuration, YAML")->required();
  add_set(*print, impl_->print.set);
  print->footer(kPrintFooter);
  impl_->print_app = print;
  CLI::App* schema = config->add_subcommand(
      "schema", "Print a JSON Schema of it, for editors that check and complete YAML");
  schema->footer(
      "Example, for editors with yaml-language-server:\n"
      "  spoor config schema > spoor.schema.json\n"
      "and as the first line of the configuration:\n"
      "  # yaml-language-server: $schema=spoor.schema.json");
  impl_->schema_app = schema;
}

std::optional<Command> RunArguments::chosen() const {
  if (impl_->run_app->parsed()) {
    return impl_->run;
  }
  if (impl_->check_app->parsed()) {
    return impl_->check;
  }
  if (impl_->print_app->parsed()) {
    return impl_->print;
  }
  if (impl_->schema_app->parsed()) {
    return ConfigSchemaOptions{};
  }
  return std::nullopt;
}

}  // namespace spoor
