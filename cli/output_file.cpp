#include "cli/output_file.h"

#include <cerrno>
#include <cstdio>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace spoor {
namespace {

/// Closes on leaving.
class FileDescriptor {
 public:
  explicit FileDescriptor(int descriptor) : descriptor_(descriptor) {}

  ~FileDescriptor() { close(); }

  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;

  [[nodiscard]] int get() const { return descriptor_; }

  int close() {
    const int closed = descriptor_ >= 0 ? ::close(descriptor_) : 0;
    descriptor_ = -1;
    return closed;
  }

 private:
  int descriptor_;
};

tl::unexpected<Error> failed(const std::string& path) {
  return fail(ErrorCode::io,
              "cannot write " + path + ": " + std::generic_category().message(errno));
}

Result<void> write_all(int descriptor, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t written = ::write(descriptor, content.data(), content.size());
    if (written < 0) {
      if (errno == EINTR) {
        continue;
      }
      return failed(path);
    }
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

bool is_special(const std::string& path) {
  struct stat status {};

  return ::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
}

Result<void> write_special(const std::string& path, std::string_view content) {
  const FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return file.get() < 0 ? failed(path) : write_all(file.get(), content, path);
}

}  // namespace

Result<void> write_output(const std::string& path, std::string_view content) {
  if (path.empty() || path == "-") {
    return write_all(STDOUT_FILENO, content, "standard output");
  }
  if (is_special(path)) {
    return write_special(path, content);
  }
  const std::string part = path + ".part";
  FileDescriptor file(
      ::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666));
  if (file.get() < 0) {
    return failed(part);
  }
  Result<void> written = write_all(file.get(), content, part);
  if (!written) {
    ::unlink(part.c_str());
    return written;
  }
  if (::fsync(file.get()) != 0 || file.close() != 0 ||
      std::rename(part.c_str(), path.c_str()) != 0) {
    const auto error = failed(path);
    ::unlink(part.c_str());
    return error;
  }
  return {};
}

Result<void> check_output(const std::string& path) {
  if (path.empty() || path == "-") {
    return {};
  }

  struct stat status {};

  if (::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
    return fail(ErrorCode::bad_usage, "cannot write " + path + ": it is a directory");
  }
  const std::size_t slash = path.rfind('/');
  std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  if (::access(folder.c_str(), W_OK | X_OK) != 0) {
    return failed(path);
  }
  return {};
}

}  // namespace spoor
