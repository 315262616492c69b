#include "replay/byte_source.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "replay/decompress.h"

namespace spoor {
namespace {

std::string system_message(int error) {
  return std::generic_category().message(error);
}

/// An open file. Standard input is borrowed, everything else closed at the end.
class FileSource final : public ByteSource {
 public:
  explicit FileSource(int descriptor, std::function<void()> before_wait = {})
      : descriptor_(descriptor), before_wait_(std::move(before_wait)) {}

  ~FileSource() override {
    if (descriptor_ != STDIN_FILENO) {
      ::close(descriptor_);
    }
  }

  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;
  FileSource(FileSource&&) = delete;
  FileSource& operator=(FileSource&&) = delete;

  [[nodiscard]] Result<std::size_t> read(std::span<char> into) override {
    if (before_wait_ && would_wait()) {
      before_wait_();
    }
    while (!failed_) {
      const ssize_t got = ::read(descriptor_, into.data(), into.size());
      if (got >= 0) {
        raw_bytes_read_ += static_cast<std::uint64_t>(got);
        return static_cast<std::size_t>(got);
      }
      if (errno == EAGAIN) {
        // Another program left standard input in non-blocking mode; we have nothing else to do.
        pollfd waiting{.fd = descriptor_, .events = POLLIN, .revents = 0};
        failed_ = ::poll(&waiting, 1, -1) < 0;
      } else {
        // EINTR too: only a signal that we catch, and that asks us to stop, breaks off a read.
        // Standard input may give nothing for hours.
        failed_ = true;
      }
      if (failed_) {
        return fail(ErrorCode::io, "cannot read on at byte " + std::to_string(raw_bytes_read_) +
                                       ": " + system_message(errno));
      }
    }
    return std::size_t{0};
  }

  [[nodiscard]] std::uint64_t raw_bytes_read() const override { return raw_bytes_read_; }

 private:
  [[nodiscard]] bool would_wait() const {
    pollfd now{.fd = descriptor_, .events = POLLIN, .revents = 0};
    return ::poll(&now, 1, 0) == 0;
  }

  int descriptor_;
  std::function<void()> before_wait_;
  bool failed_ = false;
  std::uint64_t raw_bytes_read_ = 0;
};

class MemorySource final : public ByteSource {
 public:
  MemorySource(std::string bytes, std::size_t chunk)
      : bytes_(std::move(bytes)), chunk_(chunk == 0 ? bytes_.size() : chunk) {}

  [[nodiscard]] Result<std::size_t> read(std::span<char> into) override {
    const std::size_t size = std::min({into.size(), chunk_, bytes_.size() - position_});
    std::memcpy(into.data(), bytes_.data() + position_, size);
    position_ += size;
    return size;
  }

  [[nodiscard]] std::uint64_t raw_bytes_read() const override { return position_; }

 private:
  std::string bytes_;
  std::size_t chunk_;
  std::size_t position_ = 0;
};

/// Hands out the bytes that were looked at to tell the format, then the rest. Standard input cannot
/// seek back.
class PeekedSource final : public ByteSource {
 public:
  PeekedSource(std::string peeked, std::unique_ptr<ByteSource> rest)
      : peeked_(std::move(peeked)), rest_(std::move(rest)) {}

  [[nodiscard]] Result<std::size_t> read(std::span<char> into) override {
    if (position_ == peeked_.size()) {
      return rest_->read(into);
    }
    const std::size_t size = std::min(into.size(), peeked_.size() - position_);
    std::memcpy(into.data(), peeked_.data() + position_, size);
    position_ += size;
    return size;
  }

  [[nodiscard]] std::uint64_t raw_bytes_read() const override { return rest_->raw_bytes_read(); }

 private:
  std::string peeked_;
  std::size_t position_ = 0;
  std::unique_ptr<ByteSource> rest_;
};

constexpr std::size_t kMagicBytes = 4;
constexpr std::string_view kGzipMagic = "\x1f\x8b";
constexpr std::string_view kZstdMagic = "\x28\xb5\x2f\xfd";
// A skippable frame (RFC 8878, 3.1.2): 0x184D2A5?, little-endian. Seekable and parallel zstd files
// may begin with one.
constexpr std::string_view kSkippableMagicEnd = "\x2a\x4d\x18";

bool is_zstd(std::string_view magic) {
  if (magic == kZstdMagic) {
    return true;
  }
  return magic.size() == kMagicBytes && (static_cast<unsigned char>(magic[0]) & 0xf0U) == 0x50U &&
         magic.substr(1) == kSkippableMagicEnd;
}

Result<std::unique_ptr<ByteSource>> tell_format(std::unique_ptr<ByteSource> raw,
                                                ExpansionLimit limit) {
  std::string magic(kMagicBytes, '\0');
  std::size_t size = 0;
  while (size < magic.size()) {
    const Result<std::size_t> got = raw->read(std::span(magic).subspan(size));
    if (!got) {
      return tl::unexpected<Error>(got.error());
    }
    if (*got == 0) {
      break;
    }
    size += *got;
  }
  magic.resize(size);
  const bool gzip = magic.starts_with(kGzipMagic);
  const bool zstd = is_zstd(magic);
  auto whole = std::make_unique<PeekedSource>(std::move(magic), std::move(raw));
  if (gzip) {
    return gzip_source(std::move(whole), limit);
  }
  if (zstd) {
    return zstd_source(std::move(whole), limit);
  }
  return whole;
}

std::string_view kind_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR: return "a directory";
    case S_IFIFO: return "a named pipe";
    case S_IFSOCK: return "a socket";
    case S_IFCHR:
    case S_IFBLK: return "a device";
    default: return "not a regular file";
  }
}

Result<std::unique_ptr<ByteSource>> open_file(const std::string& path) {
  // O_NONBLOCK only so that opening a named pipe does not wait for a writer; it changes nothing for
  // the regular files that we go on with.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0) {
    return fail(ErrorCode::io, "cannot open '" + path + "': " + system_message(errno));
  }
  auto source = std::make_unique<FileSource>(descriptor);

  struct stat info {};

  if (::fstat(descriptor, &info) != 0) {
    return fail(ErrorCode::io, "cannot examine '" + path + "': " + system_message(errno));
  }
  if (!S_ISREG(info.st_mode)) {
    return fail(ErrorCode::io, "'" + path + "' is " + std::string(kind_of(info.st_mode)) +
                                   "; only files are read, and standard input as '-'");
  }
  ::posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL);
  return source;
}

}  // namespace

Result<std::unique_ptr<ByteSource>> open_source(const std::string& path,
                                                ExpansionLimit limit,
                                                std::function<void()> before_wait) {
  if (path == "-") {
    return tell_format(std::make_unique<FileSource>(STDIN_FILENO, std::move(before_wait)), limit);
  }
  Result<std::unique_ptr<ByteSource>> file = open_file(path);
  if (!file) {
    return file;
  }
  return tell_format(std::move(*file), limit);
}

Result<std::unique_ptr<ByteSource>> memory_source(std::string bytes,
                                                  std::size_t chunk,
                                                  ExpansionLimit limit) {
  return tell_format(std::make_unique<MemorySource>(std::move(bytes), chunk), limit);
}

}  // namespace spoor
