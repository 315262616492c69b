#include "engine/state/commit_mark.h"

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include "engine/base/uid.h"

namespace spoor {
namespace {

constexpr std::size_t kDigits = 20;
constexpr std::size_t kMarkBytes = kDigits + 1 + 32 + 1;

/// A line of always the same length: so many digits, and a checksum of them.
std::string mark_of(std::uint64_t sequence) {
  std::string line = std::to_string(sequence);
  line.insert(0, kDigits - line.size(), '0');
  return line + " " + to_string(UidBuilder().add("committed").add(sequence).finish()) + "\n";
}

tl::unexpected<Error> failure(const std::string& path) {
  return fail(ErrorCode::io,
              "cannot write " + path + ": " + std::generic_category().message(errno));
}

}  // namespace

CommitMark::CommitMark(const std::string& folder)
    : path_((std::filesystem::path(folder) / kCommitMarkFile).string()) {}

CommitMark::~CommitMark() {
  if (file_ >= 0) {
    ::close(file_);
  }
}

Result<std::optional<std::uint64_t>> CommitMark::read() const {
  std::ifstream file(path_, std::ios::binary);
  std::string line(2 * kMarkBytes, '\0');
  file.read(line.data(), static_cast<std::streamsize>(line.size()));
  line.resize(static_cast<std::size_t>(file.gcount()));
  if (line.empty()) {
    return std::optional<std::uint64_t>();
  }
  std::uint64_t sequence = 0;
  std::from_chars(line.data(), line.data() + line.size(), sequence);
  if (line != mark_of(sequence)) {
    return fail(ErrorCode::bad_state, path_ + " is damaged");
  }
  return std::optional(sequence);
}

Result<void> CommitMark::write(std::uint64_t sequence) {
  if (file_ < 0) {
    constexpr int kMode = 0644;  // As the files of the database.
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-vararg): the only way to have it.
    file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, kMode);
    if (file_ < 0) {
      return failure(path_);
    }
  }
  const std::string line = mark_of(sequence);
  const ssize_t written = ::pwrite(file_, line.data(), line.size(), 0);
  return written == static_cast<ssize_t>(line.size()) ? Result<void>{}
                                                      : Result<void>(failure(path_));
}

}  // namespace spoor
