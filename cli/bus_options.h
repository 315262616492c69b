// What the commands of the bus are asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/color_choice.h"
#include "engine/base/time.h"
#include "engine/bus/allow_list.h"

namespace spoor {

/// Of a command that serves the bus.
struct BusOptionsOnCommandLine {
  std::string publish;       ///< Where findings go out, or empty.
  std::string replay;        ///< Where missed ones are asked for, or empty.
  std::string key_file;      ///< The bus's secret key, or empty.
  std::string clients_file;  ///< Who may come, or empty.
};

/// Of a command that comes to a bus with keys.
struct BusClientKeys {
  std::string server_key;  ///< Public key of the bus, or a file with it; or empty.
  std::string key_file;    ///< Our secret key, or empty.
};

/// `spoor bus tail`
struct BusTailOptions {
  std::string endpoint;
  std::string replay;    ///< Where missed findings are asked for, or empty.
  std::string consumer;  ///< Name under which the bus remembers us, or empty.
  std::uint64_t from = 0;
  std::string topic;
  std::uint64_t count = 0;  ///< 0: until interrupted.
  double timeout_s = 0;     ///< 0: wait for ever.
  bool with_header = false;
  BusClientKeys keys;
};

/// `spoor bus serve`
struct BusServeOptions {
  std::string state;
  BusOptionsOnCommandLine bus;
};

/// `spoor bus keygen`
struct BusKeygenOptions {
  std::string file;
};

/// `spoor bus allow`
struct BusAllowOptions {
  std::string key;  ///< Public key, or a file with it.
  std::string clients_file;
  std::string name;
  std::string roles = "subscribe,replay";
  std::optional<Timestamp> until;
};

/// `spoor bus revoke`
struct BusRevokeOptions {
  std::string name_or_key;
  std::string clients_file;
};

/// `spoor bus check`
struct BusCheckOptions {
  std::string key_file;      ///< Or empty.
  std::string clients_file;  ///< Or empty.
};

/// `spoor bus consumers`
struct BusConsumersOptions {
  std::string endpoint;  ///< Of the replay socket.
  std::string forget;    ///< Consumer to be forgotten, or empty.
  double timeout_s = 5;
  BusClientKeys keys;
};

}  // namespace spoor
