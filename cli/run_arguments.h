// The command line of `spoor run` and `spoor config`.
#pragma once

#include <memory>
#include <optional>

#include "cli/arguments.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name.
class App;
}  // namespace CLI

namespace spoor {

class RunArguments {
 public:
  RunArguments();
  ~RunArguments();
  RunArguments(const RunArguments&) = delete;
  RunArguments& operator=(const RunArguments&) = delete;

  /// Must outlive the parsing.
  void add(CLI::App& app);

  /// After the parsing: the command, if it was one of these.
  [[nodiscard]] std::optional<Command> chosen() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace spoor
