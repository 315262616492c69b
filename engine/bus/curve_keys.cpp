#include "engine/bus/curve_keys.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

namespace spoor {
namespace {

constexpr std::size_t kKeyChars = 40;
constexpr std::size_t kFileMax = 256;
constexpr std::string_view kZ85 =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

using KeyText = std::array<char, kKeyChars + 1>;

/// A file descriptor, closed when it goes.
class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}

  ~File() {
    if (descriptor_ >= 0) {
      close(descriptor_);
    }
  }

  File(const File&) = delete;
  File& operator=(const File&) = delete;

  [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }

  [[nodiscard]] int get() const { return descriptor_; }

 private:
  int descriptor_;
};

tl::unexpected<Error> system_failure(ErrorCode code, const std::string& what) {
  return fail(code, what + ": " + std::generic_category().message(errno));
}

/// The one line of a key file.
Result<std::string> read_line(const File& file, const std::string& path) {
  std::array<char, kFileMax> bytes{};
  const ssize_t size = read(file.get(), bytes.data(), bytes.size());
  if (size < 0) {
    return system_failure(ErrorCode::bad_usage, "cannot read " + path);
  }
  std::string_view text(bytes.data(), static_cast<std::size_t>(size));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
    text.remove_suffix(1);
  }
  if (!is_curve_key(text)) {
    return fail(ErrorCode::bad_usage,
                path + " holds no key: one line of 40 characters is expected, as 'spoor bus " +
                    "keygen' writes it");
  }
  return std::string(text);
}

Result<void> write_file(const std::string& path, const std::string& line, mode_t mode) {
  const File file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!file.is_open()) {
    return errno == EEXIST
               ? fail(ErrorCode::io, path + " is there already; a key is not overwritten")
               : system_failure(ErrorCode::io, "cannot write " + path);
  }
  const std::string text = line + "\n";
  if (write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      fsync(file.get()) != 0) {
    return system_failure(ErrorCode::io, "cannot write " + path);
  }
  return {};
}

}  // namespace

bool is_curve_key(std::string_view text) {
  return text.size() == kKeyChars &&
         std::ranges::all_of(text, [](char c) { return kZ85.find(c) != std::string_view::npos; });
}

Result<CurveKeys> make_curve_keys() {
  KeyText public_key{};
  KeyText secret{};
  if (zmq_curve_keypair(public_key.data(), secret.data()) != 0) {
    return fail(ErrorCode::bus, "this libzmq has no CURVE");
  }
  return CurveKeys{.secret = secret.data(), .public_key = public_key.data()};
}

Result<void> write_curve_keys(const std::string& path, const CurveKeys& keys) {
  constexpr mode_t kOwnerOnly = 0600;
  constexpr mode_t kEverybodyReads = 0644;
  Result<void> written = write_file(path, keys.secret, kOwnerOnly);
  if (!written) {
    return written;
  }
  written = write_file(path + ".pub", keys.public_key, kEverybodyReads);
  if (!written) {
    unlink(path.c_str());
  }
  return written;
}

Result<CurveKeys> read_secret_key(const std::string& path) {
  const File file(open(path.c_str(), O_RDONLY | O_CLOEXEC));

  struct stat status {};

  if (!file.is_open() || fstat(file.get(), &status) != 0) {
    return system_failure(ErrorCode::bad_usage, "cannot read " + path);
  }
  constexpr mode_t kOthers = 077;
  if ((status.st_mode & kOthers) != 0) {
    return fail(ErrorCode::bad_usage,
                path + " is a secret key that others than its owner may read: chmod 600 " + path);
  }
  if (status.st_uid != geteuid() && status.st_uid != 0) {
    return fail(ErrorCode::bad_usage, path + " is a secret key that belongs to another user");
  }
  Result<std::string> secret = read_line(file, path);
  if (!secret) {
    return tl::unexpected<Error>(secret.error());
  }
  KeyText public_key{};
  if (zmq_curve_public(public_key.data(), secret->c_str()) != 0) {
    return fail(ErrorCode::bad_usage, path + " holds no key that CURVE can use");
  }
  return CurveKeys{.secret = std::move(*secret), .public_key = public_key.data()};
}

Result<std::string> read_public_key(const std::string& key_or_path) {
  if (is_curve_key(key_or_path)) {
    return key_or_path;
  }
  const File file(open(key_or_path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) {
    return system_failure(
        ErrorCode::bad_usage,
        "'" + key_or_path + "' is neither a public key (40 characters) nor a file with one");
  }
  return read_line(file, key_or_path);
}

}  // namespace spoor
