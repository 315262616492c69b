#include "cli/live_dead_letters.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace spoor {
namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> cannot_write(const std::string& path, int why) {
  return fail(ErrorCode::bad_usage,
              "dead_letters: cannot write " + path + ": " + std::generic_category().message(why));
}

Result<int> open_file(const std::string& path) {
  // Parts of events: for their owner alone.
  constexpr mode_t kMode = 0600;
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, kMode);
  return descriptor < 0 ? Result<int>(cannot_write(path, errno)) : Result<int>(descriptor);
}

bool is_same_file(int one, int other) {
  struct stat first {};

  struct stat second {};

  return ::fstat(one, &first) == 0 && ::fstat(other, &second) == 0 &&
         first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

/// A crash of the machine may have left half a line.
bool ends_within_line(const std::string& path, int descriptor) {
  struct stat status {};

  if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size == 0) {
    return false;
  }
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  char last = '\n';
  const bool is_read = file >= 0 && ::pread(file, &last, 1, status.st_size - 1) == 1;
  if (file >= 0) {
    ::close(file);
  }
  return is_read && last != '\n';
}

}  // namespace

LiveDeadLetters::LiveDeadLetters(int descriptor, std::string path, std::size_t waiting_bytes_max)
    : descriptor_(descriptor), path_(std::move(path)), waiting_bytes_max_(waiting_bytes_max) {
  if (ends_within_line(path_, descriptor_)) {
    pending_ = "\n";
  }
}

LiveDeadLetters::~LiveDeadLetters() {
  ::close(descriptor_);
}

Result<std::unique_ptr<LiveDeadLetters>> LiveDeadLetters::open(std::string path,
                                                               std::size_t waiting_bytes_max) {
  const Result<int> descriptor = open_file(path);
  if (!descriptor) {
    return tl::unexpected<Error>(descriptor.error());
  }
  return std::unique_ptr<LiveDeadLetters>(
      new LiveDeadLetters(*descriptor, std::move(path), waiting_bytes_max));
}

void LiveDeadLetters::add(std::string_view letter) {
  if (problem_ && pending_.size() + letter.size() >= waiting_bytes_max_) {
    ++lost_;
    return;
  }
  pending_.append(letter).push_back('\n');
  ++waiting_;
  // Each attempt costs time while the disk is full: those of the tick are enough.
  if (!problem_) {
    try_again();
  }
}

void LiveDeadLetters::try_again() {
  problem_.reset();
  std::size_t done = written_;
  while (done < pending_.size() && !problem_) {
    const ssize_t size = ::write(descriptor_, pending_.data() + done, pending_.size() - done);
    if (size >= 0) {
      done += static_cast<std::size_t>(size);
    } else if (errno != EINTR) {
      problem_ = std::generic_category().message(errno);
    }
  }
  const std::size_t last = done == 0 ? std::string::npos : pending_.rfind('\n', done - 1);
  const std::size_t lines_end = last == std::string::npos ? 0 : last + 1;
  written_ = done - lines_end;
  pending_.erase(0, lines_end);
  waiting_ = static_cast<std::uint64_t>(std::ranges::count(pending_, '\n'));
}

Result<void> LiveDeadLetters::reopen() {
  const Result<int> descriptor = open_file(path_);
  if (!descriptor) {
    return tl::unexpected<Error>(descriptor.error());
  }
  if (!is_same_file(descriptor_, *descriptor)) {
    // The file before has the beginning of a line, this one is to have the whole.
    written_ = 0;
  }
  ::close(std::exchange(descriptor_, *descriptor));
  try_again();
  return {};
}

Result<void> check_dead_letters(const std::string& path, const std::string& folder_to_be) {
  std::error_code ignored;
  if (fs::exists(path, ignored)) {
    if (fs::is_directory(path, ignored)) {
      return cannot_write(path, EISDIR);
    }
    return ::access(path.c_str(), W_OK) == 0 ? Result<void>() : cannot_write(path, errno);
  }
  fs::path folder = fs::path(path).parent_path();
  folder = folder.empty() ? fs::path(".") : folder;
  const fs::path to_be = fs::weakly_canonical(fs::absolute(folder_to_be, ignored) / "", ignored);
  if (!fs::exists(folder, ignored) &&
      fs::weakly_canonical(fs::absolute(folder, ignored) / "", ignored) == to_be) {
    return {};
  }
  return ::access(folder.c_str(), W_OK | X_OK) == 0 ? Result<void>() : cannot_write(path, errno);
}

}  // namespace spoor
