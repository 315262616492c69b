#include "cli/secret_file.h"

#include <cerrno>
#include <fstream>
#include <system_error>

#include <sys/stat.h>

namespace spoor {

Result<std::string> read_secret_file(const std::string& path) {
  struct stat status {};

  std::ifstream file(path, std::ios::binary);
  if (!file || stat(path.c_str(), &status) != 0) {
    return fail(ErrorCode::bad_usage,
                "cannot read " + path + ": " + std::generic_category().message(errno));
  }
  if ((status.st_mode & S_IROTH) != 0) {
    return fail(ErrorCode::bad_usage,
                path + " holds a secret that everybody may read: chmod 600 " + path);
  }
  constexpr std::size_t kSecretMax = 4'096;
  std::string secret(kSecretMax, '\0');
  file.read(secret.data(), static_cast<std::streamsize>(secret.size()));
  secret.resize(static_cast<std::size_t>(file.gcount()));
  while (!secret.empty() && (secret.back() == '\n' || secret.back() == '\r')) {
    secret.pop_back();
  }
  if (secret.empty()) {
    return fail(ErrorCode::bad_usage, path + " is empty");
  }
  return secret;
}

}  // namespace spoor
