#include "cli/output_stream.h"

#include <cerrno>
#include <system_error>

#include <unistd.h>

namespace spoor {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{64} << 10;
/// Of a live input, what comes goes on while it is news.
constexpr std::chrono::milliseconds kPatience{200};

}  // namespace

OutputStream::OutputStream(int descriptor, bool buffered, const Clock& clock)
    : descriptor_(descriptor), buffered_(buffered), clock_(clock), last_flush_(clock.monotonic()) {}

void OutputStream::write(std::string_view text) {
  if (is_over()) {
    return;
  }
  buffer_.append(text);
  if (!buffered_ || buffer_.size() >= kBufferBytes ||
      clock_.monotonic() - last_flush_ >= kPatience) {
    flush();
  }
}

void OutputStream::flush() {
  std::string_view rest = buffer_;
  while (!rest.empty() && !is_over()) {
    const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
    if (written >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EPIPE) {
      reader_left_ = true;
    } else if (errno != EINTR) {
      failure_ = Error{
          .code = ErrorCode::io,
          .message = "cannot write standard output: " + std::generic_category().message(errno)};
    }
  }
  buffer_.clear();
  last_flush_ = clock_.monotonic();
}

}  // namespace spoor
