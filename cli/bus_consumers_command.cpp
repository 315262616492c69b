// spoor bus consumers: how far those have come whom the bus remembers.

#include <chrono>
#include <exception>
#include <string>

#include "clients/cpp/spoor_client.h"
#include <rapidjson/document.h>
#include <unistd.h>

#include "cli/bus_client.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/log.h"
#include "cli/output_file.h"
#include "cli/terminal.h"
#include "cli/text_table.h"
#include "engine/bus/endpoint.h"

namespace spoor {
namespace {

std::string text_of(const rapidjson::Value& object, const char* name) {
  const auto found = object.FindMember(name);
  if (found == object.MemberEnd()) {
    return {};
  }
  if (found->value.IsUint64()) {
    return std::to_string(found->value.GetUint64());
  }
  return found->value.IsString() ? found->value.GetString() : "";
}

std::string render(const std::string& header) {
  rapidjson::Document document;
  document.Parse(header.c_str());
  if (document.HasParseError() || !document.IsObject() || !document.HasMember("consumers") ||
      !document["consumers"].IsArray()) {
    return "the answer is no list of consumers\n";
  }
  TextTable table({{.header = "CONSUMER"},
                   {.header = "CURSOR", .right = true},
                   {.header = "BEHIND", .right = true},
                   {.header = "LAST SEEN"},
                   {.header = "KEY OF"}});
  for (const rapidjson::Value& one : document["consumers"].GetArray()) {
    if (one.IsObject()) {
      table.add({{text_of(one, "name")},
                 {text_of(one, "cursor")},
                 {text_of(one, "behind")},
                 {text_of(one, "seen")},
                 {text_of(one, "owner")}});
    }
  }
  return table.empty() ? "no consumers\n"
                       : table.render({.color = use_color(STDOUT_FILENO, ColorChoice::automatic),
                                       .width = terminal_width(STDOUT_FILENO)});
}

int ask(const BusConsumersOptions& options, Client& client) {
  const auto timeout = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::duration<double>(options.timeout_s));
  const auto no_answer = [&options] {
    log_error("no answer from " + options.endpoint +
              ": is it the replay socket of a bus, and does it know our key?");
    return exit_failure;
  };
  if (!options.forget.empty()) {
    const auto forgotten =
        client.request("FORGET", "\"consumer\":" + detail::quoted(options.forget), timeout);
    if (!forgotten) {
      return no_answer();
    }
    if ((*forgotten)[1].find("\"forgotten\":true") == std::string::npos) {
      log_error("there is no consumer '" + options.forget + "'");
      return exit_usage;
    }
    return exit_ok;
  }
  const auto answer = client.request("CONSUMERS", "", timeout);
  if (!answer) {
    return no_answer();
  }
  const Result<void> written = write_output("", render((*answer)[1]));
  return written ? exit_ok : exit_failure;
}

}  // namespace

int run_bus_consumers(const BusConsumersOptions& options) {
  set_up_log(false, use_color(STDERR_FILENO, ColorChoice::automatic));
  const Result<void> valid = check_connect_endpoint(options.endpoint);
  const Result<BusClientCurve> keys = read_client_keys(options.keys);
  if (!valid || !keys) {
    log_error(valid ? keys.error().message : valid.error().message);
    return exit_usage;
  }
  try {
    ClientOptions wanted;
    wanted.replay = options.endpoint;
    wanted.server_key = keys->server_key;
    wanted.public_key = keys->public_key;
    wanted.secret_key = keys->secret_key;
    Client client(wanted);
    return ask(options, client);
  } catch (const std::exception& error) {
    log_error(options.endpoint + ": " + error.what());
    return exit_failure;
  }
}

}  // namespace spoor
