// What `spoor run` and `spoor config` are asked for.
#pragma once

#include <string>

namespace spoor {

/// `spoor run`
struct RunOptions {
  std::string config;
  std::string record;  ///< In the place of what the configuration says.
};

/// `spoor config check`
struct ConfigCheckOptions {
  std::string file;
};

/// `spoor config print`
struct ConfigPrintOptions {
  std::string file;
};

/// `spoor config schema`
struct ConfigSchemaOptions {};

}  // namespace spoor
