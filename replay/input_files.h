// Files, directories and globs as the command line names them → the files to read, in order.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/result.h"

namespace spoor {

struct InputFile {
  std::string path;         ///< "-" for standard input.
  std::uint64_t bytes = 0;  ///< On disk; 0 for standard input.
};

/// Expands each argument in turn: a file as it is; "-"; a directory, recursively, by name, taking
/// *.ndjson *.json *.jsonl in any case, plain or with .gz or .zst; a glob (* ? [..]) that the shell
/// did not expand, whose matches are files or directories. Order: arguments as given, names within
/// one argument byte-wise ascending; a file named twice, by whatever name, is read once. Fails,
/// naming the argument and a hint, if one matches nothing or cannot be read. Within a directory,
/// symbolic links to directories are not followed and what is no regular file is passed over.
[[nodiscard]] Result<std::vector<InputFile>> expand_inputs(
    const std::vector<std::string>& arguments);

}  // namespace spoor
