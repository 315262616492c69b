// The command line of `spoor bus`.
#pragma once

#include <memory>
#include <optional>

#include "cli/arguments.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name.
class App;
}  // namespace CLI

namespace spoor {

/// The options of a command that serves a bus.
void add_bus_options(CLI::App& command, BusOptionsOnCommandLine& options, bool required);

class BusArguments {
 public:
  BusArguments();
  ~BusArguments();
  BusArguments(const BusArguments&) = delete;
  BusArguments& operator=(const BusArguments&) = delete;

  /// Must outlive the parsing.
  void add(CLI::App& app);

  /// After the parsing: the command, if it was one of these.
  [[nodiscard]] std::optional<Command> chosen() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace spoor
