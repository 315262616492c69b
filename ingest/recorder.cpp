#include "ingest/recorder.h"

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>
#include <zstd.h>

#include "replay/recording.h"

namespace spoor {
namespace {

namespace fs = std::filesystem;

constexpr int kLevel = 3;

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

/// 20261128T234500.123456789Z: sorts as the times do.
std::string name_of(Timestamp time) {
  const std::string text = format_timestamp(time);
  std::string name;
  for (const char c : text.substr(0, text.find_first_of(".Z"))) {
    if (c != '-' && c != ':') {
      name.push_back(c);
    }
  }
  constexpr std::size_t kDigits = 9;
  const std::string nanos = std::to_string(time % kNanosPerSecond);
  return name + "." + std::string(kDigits - nanos.size(), '0') + nanos + "Z";
}

}  // namespace

struct Recorder::Impl {
  Impl(RecorderSettings wanted, const Clock& its_clock)
      : settings(std::move(wanted)), clock(its_clock), context(ZSTD_createCCtx()) {}

  ~Impl() { close_file(); }

  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  Impl(Impl&&) = delete;
  Impl& operator=(Impl&&) = delete;

  void close_file() {
    if (file >= 0) {
      close(file);
      file = -1;
    }
  }

  [[nodiscard]] Result<void> open_file() {
    const Timestamp now = clock.wall();
    const std::string path = settings.folder + "/" + name_of(now) + std::string(kRecordingSuffix);
    // Events of a fleet: for their owner alone.
    constexpr mode_t kMode = 0600;
    file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kMode);
    if (file < 0) {
      return fail(ErrorCode::io, "cannot write the recording " + path + ": " +
                                     std::generic_category().message(errno));
    }
    file_path = path;
    file_bytes = 0;
    file_since = clock.monotonic();
    pending.insert(0, kRecordingMagic);
    return {};
  }

  [[nodiscard]] Result<void> write_all(const char* bytes, std::size_t size) const {
    while (size > 0) {
      const ssize_t written = ::write(file, bytes, size);
      if (written < 0 && errno == EINTR) {
        continue;
      }
      if (written < 0) {
        return fail(ErrorCode::io, "cannot write the recording " + file_path + ": " +
                                       std::generic_category().message(errno));
      }
      bytes += written;
      size -= static_cast<std::size_t>(written);
    }
    return {};
  }

  RecorderSettings settings;
  const Clock& clock;
  std::unique_ptr<ZSTD_CCtx, FreeContext> context;
  std::string pending;     ///< Not compressed.
  std::string compressed;  ///< Whole frames, not written.
  int file = -1;
  std::string file_path;
  std::uint64_t file_bytes = 0;
  std::chrono::nanoseconds file_since{0};
  Result<void> broken{};  ///< The failure that ended it.

  void compress() {
    const std::size_t before = compressed.size();
    compressed.resize(before + ZSTD_compressBound(pending.size()));
    const std::size_t size =
        ZSTD_compressCCtx(context.get(), compressed.data() + before, compressed.size() - before,
                          pending.data(), pending.size(), kLevel);
    compressed.resize(before + size);  // It cannot fail: there is room.
    file_bytes += pending.size();
    pending.clear();
  }
};

Result<std::unique_ptr<Recorder>> Recorder::open(RecorderSettings settings, const Clock& clock) {
  std::error_code problem;
  fs::create_directories(settings.folder, problem);
  if (!problem && access(settings.folder.c_str(), W_OK | X_OK) != 0) {
    problem = {errno, std::generic_category()};
  }
  if (problem) {
    return fail(ErrorCode::bad_usage,
                "cannot record into " + settings.folder + ": " + problem.message());
  }
  return std::unique_ptr<Recorder>(
      new Recorder(std::make_unique<Impl>(std::move(settings), clock)));
}

Recorder::Recorder(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Recorder::~Recorder() = default;

void Recorder::add(const IngestBatch& batch) {
  for (const IngestBatch::Record& record : batch.records) {
    impl_->pending +=
        render_recording_header({.time = batch.received_at,
                                 .length = record.length,
                                 .bad = record.is_bad ? std::optional(record.code) : std::nullopt,
                                 .input = impl_->settings.inputs.at(batch.input)});
    impl_->pending.append(batch.bytes, record.offset, record.length).push_back('\n');
  }
}

Result<void> Recorder::flush() {
  if (impl_->pending.empty() || !impl_->broken) {
    return impl_->broken;
  }
  if (impl_->file < 0) {
    if (Result<void> opened = impl_->open_file(); !opened) {
      return opened;
    }
  }
  impl_->compress();
  Result<void> written = impl_->write_all(impl_->compressed.data(), impl_->compressed.size());
  impl_->compressed.clear();
  if (!written) {
    impl_->broken = written;
    return written;
  }
  if (impl_->file_bytes >= impl_->settings.file_bytes ||
      impl_->clock.monotonic() - impl_->file_since >= impl_->settings.file_age) {
    impl_->close_file();
  }
  return {};
}

}  // namespace spoor
