// What `spoor run` and `spoor config` are asked for.
#pragma once

#include <string>
#include <vector>

namespace spoor {

/// `spoor run`
struct RunOptions {
  std::string config;
  std::vector<std::string> set;  ///< "log.level=debug"
  std::string record;            ///< In the place of what the configuration says.
};

/// `spoor config check`
struct ConfigCheckOptions {
  std::string file;
  std::vector<std::string> set{};
};

/// `spoor config print`
struct ConfigPrintOptions {
  std::string file;
  std::vector<std::string> set{};
};

/// `spoor config schema`
struct ConfigSchemaOptions {};

}  // namespace spoor
