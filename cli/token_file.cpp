#include "cli/token_file.h"

#include <cerrno>
#include <fstream>
#include <system_error>

#include "ingest/tokens.h"

namespace spoor {

Result<std::vector<std::string>> read_token_hashes(const std::string& path) {
  std::vector<std::string> hashes;
  if (path.empty()) {
    return hashes;
  }
  std::ifstream file(path);
  if (!file) {
    return fail(ErrorCode::bad_usage,
                "cannot read " + path + ": " + std::generic_category().message(errno));
  }
  std::string line;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    const std::size_t begin = line.find_first_not_of(" \t");
    if (begin == std::string::npos || line[begin] == '#') {
      continue;
    }
    const std::string hash = line.substr(begin, line.find_first_of(" \t\r", begin) - begin);
    if (!TokenSet::create({hash})) {
      return fail(ErrorCode::bad_usage,
                  path + ":" + std::to_string(number) +
                      ": no SHA-256 of a token (64 hex digits, from: printf %s TOKEN | sha256sum)");
    }
    hashes.push_back(hash);
  }
  if (hashes.empty()) {
    return fail(ErrorCode::bad_usage, path + " holds no token: nobody could send anything");
  }
  return hashes;
}

}  // namespace spoor
