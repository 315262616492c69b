#include "cli/read_inputs.h"

#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "cli/interrupt.h"
#include "cli/log.h"
#include "engine/base/clock.h"
#include "replay/byte_source.h"

namespace spoor {
namespace {

static_assert(kRecordPadding >= RecordParser::kJsonPadding);

constexpr std::string_view kNoRecording =
    "this is no recording of 'spoor run --record', so nothing tells when its records came in "
    "(--from and --to go by the times of the events)";

/// The clock is asked once in so many records.
constexpr std::uint64_t kRecordsPerLook = 256;

class InputRun {
 public:
  InputRun(const std::vector<InputFile>& files,
           RecordConsumer& consumer,
           ProgressDisplay& progress,
           const RecordLimits& limits,
           const ReceivedWithin& within)
      : files_(files), consumer_(consumer), progress_(progress), limits_(limits), within_(within) {
    for (const InputFile& file : files) {
      state_.total_bytes += file.bytes;
    }
  }

  ReadTotals run() {
    for (std::size_t index = 0; index < files_.size() && !is_over(); ++index) {
      read_file(static_cast<std::uint32_t>(index));
    }
    update_state();
    progress_.finish(state_);
    return totals_;
  }

 private:
  [[nodiscard]] bool is_over() const { return totals_.stopped || consumer_.is_full(); }

  void read_file(std::uint32_t index) {
    const std::string& path = files_[index].path;
    Result<std::unique_ptr<ByteSource>> source =
        open_source(path, {}, [this] { consumer_.before_wait(); });
    if (!source) {
      fail_file(path, source.error());
      end_file(index, {.has_failed = true, .raw_bytes = 0});
      return;
    }
    std::error_code ignored;
    is_live_ = !std::filesystem::is_regular_file(path, ignored);
    RecordReader reader(std::move(*source), limits_);
    const std::uint64_t bytes_before = totals_.raw_bytes;
    std::optional<FileEnd> end;
    for (std::uint64_t records = 0; !is_over(); ++records) {
      const RecordRead read = reader.read();
      if (read.status == ReadStatus::end) {
        end = FileEnd{};
        break;
      }
      if (read.status == ReadStatus::failed) {
        fail_file(path, read.error);
        end = FileEnd{.has_failed = true};
        break;
      }
      if (!within_.is_whole() && !read.received) {
        fail_file(path, {ErrorCode::io, std::string(kNoRecording)});
        end = FileEnd{.has_failed = true};
        break;
      }
      if (within_.is_whole() || within_.has(*read.received)) {
        take(read, {.input = index,
                    .offset = read.offset,
                    .line = read.line,
                    .received = received_at(read)});
      }
      if (records % kRecordsPerLook == 0) {
        totals_.raw_bytes = bytes_before + reader.raw_bytes_read();
        look_up();
      }
    }
    totals_.raw_bytes = bytes_before + reader.raw_bytes_read();
    if (end) {
      end->raw_bytes = reader.raw_bytes_read();
      end_file(index, *end);
    }
  }

  /// A recording tells. Files were here when the command began; from a pipe it comes as it is read.
  [[nodiscard]] Timestamp received_at(const RecordRead& read) const {
    return read.received ? *read.received : is_live_ ? system_clock().wall() : began_at_;
  }

  void end_file(std::uint32_t index, const FileEnd& end) {
    if (!totals_.stopped) {
      consumer_.end_file(index, end);
    }
  }

  void take(const RecordRead& read, const RecordPosition& position) {
    if (read.is_open) {
      consumer_.meet_end();
    }
    if (read.status == ReadStatus::record) {
      consumer_.take(read.text, position);
    } else {
      consumer_.take_bad(read.error, read.text, position);
    }
  }

  /// Shows progress and minds signals.
  void look_up() {
    totals_.stopped = interrupted();
    if (!progress_.due()) {
      return;
    }
    update_state();
    progress_.draw(state_);
  }

  void update_state() {
    state_.raw_bytes = totals_.raw_bytes;
    consumer_.report(state_);
  }

  void fail_file(const std::string& path, const Error& error) {
    if (interrupted()) {
      totals_.stopped = true;  // It was the signal that broke off the read.
      return;
    }
    ++totals_.failed_files;
    progress_.clear();
    log_error(path + ": " + error.message);
  }

  const std::vector<InputFile>& files_;
  RecordConsumer& consumer_;
  ProgressDisplay& progress_;
  RecordLimits limits_;
  ReceivedWithin within_;
  Timestamp began_at_ = system_clock().wall();
  bool is_live_ = false;  ///< The input that is read.
  ProgressState state_;
  ReadTotals totals_;
};

}  // namespace

void PipelineConsumer::take(std::string_view record, const RecordPosition& position) {
  pipeline_.take(record, position);
}

void PipelineConsumer::take_bad(const Error& error,
                                std::string_view text,
                                const RecordPosition& position) {
  pipeline_.take_bad(error, text, position);
}

void PipelineConsumer::report(ProgressState& state) {
  pipeline_.settle();
  state.events = pipeline_.accounting().total().received;
  state.findings = pipeline_.correlator().match_count();
}

ReadTotals read_inputs(const std::vector<InputFile>& files,
                       RecordConsumer& consumer,
                       ProgressDisplay& progress,
                       const RecordLimits& limits,
                       const ReceivedWithin& within) {
  return InputRun(files, consumer, progress, limits, within).run();
}

}  // namespace spoor
