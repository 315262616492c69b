#include "engine/sink/dead_letters.h"

#include <cerrno>
#include <cstddef>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace spoor {
namespace {

/// Open for appending; closed when it goes.
class AppendedFile {
 public:
  explicit AppendedFile(const std::string& path)
      // Not to wait for who reads a FIFO.
      : descriptor_(open(
            path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, kOwnerOnly)) {}

  ~AppendedFile() {
    if (descriptor_ >= 0) {
      close(descriptor_);
    }
  }

  AppendedFile(const AppendedFile&) = delete;
  AppendedFile& operator=(const AppendedFile&) = delete;

  [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }

  /// On disk, or not there at all.
  [[nodiscard]] bool append(std::string_view line) const {
    struct stat before {};

    if (fstat(descriptor_, &before) != 0) {
      return false;
    }
    if (write_all(line) && sync()) {
      return true;
    }
    const int why = errno;
    // Best effort: what is cut off may be no more than a part of a line.
    [[maybe_unused]] const int cut = ftruncate(descriptor_, before.st_size);
    errno = why;
    return false;
  }

 private:
  static constexpr mode_t kOwnerOnly = 0600;

  [[nodiscard]] bool write_all(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t count = write(descriptor_, text.data(), text.size());
      if (count < 0 && errno != EINTR) {
        return false;
      }
      text.remove_prefix(count < 0 ? 0 : static_cast<std::size_t>(count));
    }
    return true;
  }

  [[nodiscard]] bool sync() const {
    // EINVAL: it is something that knows no disk, as /dev/stderr.
    return fsync(descriptor_) == 0 || errno == EINVAL;
  }

  int descriptor_;
};

tl::unexpected<Error> failure(ErrorCode code, const std::string& path) {
  return fail(
      code, "cannot write dead letters to " + path + ": " + std::generic_category().message(errno));
}

}  // namespace

Result<void> make_dead_letters(const std::string& path) {
  const AppendedFile file(path);
  return file.is_open() ? Result<void>{} : failure(ErrorCode::bad_usage, path);
}

Result<void> append_dead_letter(const std::string& path, std::string_view line) {
  const AppendedFile file(path);
  return file.is_open() && file.append(line) ? Result<void>{} : failure(ErrorCode::io, path);
}

}  // namespace spoor
