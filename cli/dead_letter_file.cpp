#include "cli/dead_letter_file.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace spoor {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBufferBytes = std::size_t{64} << 10U;
constexpr mode_t kMode = 0666;

Error failed(const std::string& path) {
  return {ErrorCode::io, "cannot write " + path + ": " + std::generic_category().message(errno)};
}

std::string absolute_path(const std::string& path) {
  std::error_code ignored;
  const fs::path absolute = fs::absolute(path, ignored);
  return fs::weakly_canonical(absolute, ignored).native();
}

/// So that a new file is found after a crash of the machine. What refuses that is no less a folder.
void sync_folder_of(const std::string& path) {
  const int folder = ::open(fs::path(absolute_path(path)).parent_path().c_str(),
                            O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    static_cast<void>(::fsync(folder));
    ::close(folder);
  }
}

/// Do the first `size` bytes of the file end with a line? False too if that cannot be read.
bool is_line_end(const std::string& path, std::uint64_t size) {
  if (size == 0) {
    return true;
  }
  std::ifstream file(path, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(size - 1));
  return file.get() == '\n';
}

}  // namespace

DeadLetterFile::DeadLetterFile(int descriptor, std::string path)
    : descriptor_(descriptor), path_(std::move(path)) {
  note_size();
}

DeadLetterFile::~DeadLetterFile() {
  ::close(descriptor_);
}

Result<std::unique_ptr<DeadLetterFile>> DeadLetterFile::open(const std::string& path, int flags) {
  const int descriptor =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | flags, kMode);
  if (descriptor < 0) {
    return tl::unexpected<Error>(failed(path));
  }
  std::unique_ptr<DeadLetterFile> file(new DeadLetterFile(descriptor, path));
  if (file->written_) {
    sync_folder_of(path);
  }
  return file;
}

Result<std::unique_ptr<DeadLetterFile>> DeadLetterFile::create(const std::string& path) {
  return open(path, O_TRUNC);
}

Result<std::unique_ptr<DeadLetterFile>> DeadLetterFile::go_on(
    const std::string& path, const std::optional<DeadLettersWritten>& committed) {
  Result<std::unique_ptr<DeadLetterFile>> opened = open(path, 0);
  if (!opened || !(*opened)->written_) {
    return opened;
  }
  DeadLetterFile& file = **opened;
  const auto& [there, size] = *file.written_;
  // One that is shorter, or has no line that ends there, was put in its place.
  if (committed && committed->path == there && committed->bytes < size &&
      is_line_end(path, committed->bytes)) {
    if (::ftruncate(file.descriptor_, static_cast<off_t>(committed->bytes)) != 0) {
      return tl::unexpected<Error>(failed(path));
    }
    file.is_synced_ = false;
    file.note_size();
  }
  if (!is_line_end(path, file.written_->bytes)) {
    file.buffer_ = '\n';
    file.is_synced_ = false;
  }
  return opened;
}

void DeadLetterFile::note_failure() {
  if (!failure_) {
    failure_ = failed(path_);
  }
}

void DeadLetterFile::note_size() {
  struct stat status {};

  if (::fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode)) {
    written_ = {.path = absolute_path(path_), .bytes = static_cast<std::uint64_t>(status.st_size)};
  }
}

void DeadLetterFile::write_buffer() {
  std::string_view left = buffer_;
  while (!left.empty() && !failure_) {
    const ssize_t written = ::write(descriptor_, left.data(), left.size());
    if (written >= 0) {
      left.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      note_failure();
    }
  }
  buffer_.clear();
}

void DeadLetterFile::add(std::string_view letter) {
  if (failure_) {
    return;
  }
  is_synced_ = false;
  buffer_.append(letter).push_back('\n');
  if (buffer_.size() >= kBufferBytes) {
    write_buffer();
  }
}

Result<void> DeadLetterFile::write_out() {
  write_buffer();
  return failure_ ? tl::unexpected<Error>(*failure_) : Result<void>{};
}

Result<void> DeadLetterFile::sync() {
  if (is_synced_) {
    return {};
  }
  write_buffer();
  if (!failure_ && written_ && ::fdatasync(descriptor_) != 0) {
    note_failure();
  }
  if (failure_) {
    return tl::unexpected<Error>(*failure_);
  }
  note_size();
  is_synced_ = true;
  return {};
}

}  // namespace spoor
