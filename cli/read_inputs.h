// Files → records → whoever takes them, with progress on the way.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/pipeline.h"
#include "replay/input_files.h"
#include "replay/progress.h"
#include "replay/record_reader.h"
#include "replay/recording.h"

namespace spoor {

struct ReadTotals {
  std::uint64_t failed_files = 0;  ///< Could not be opened or broke off; what came before was used.
  std::uint64_t raw_bytes = 0;     ///< Read from disk, compressed where the file is.
  bool stopped = false;            ///< By a signal; everything read so far went through.
};

/// How the reading of a file ended.
struct FileEnd {
  bool has_failed = false;      ///< It could not be opened, or broke off.
  std::uint64_t raw_bytes = 0;  ///< Read from disk.
};

/// Takes the records of the input, in order. What a view shows is valid during the call;
/// RecordParser::kJsonPadding readable bytes follow a record.
class RecordConsumer {
 public:
  virtual ~RecordConsumer() = default;
  virtual void take(std::string_view record, const RecordPosition& position) = 0;
  /// A stretch of input that is no record.
  virtual void take_bad(const Error& error,
                        std::string_view text,
                        const RecordPosition& position) = 0;

  /// The input has nothing at the moment, and may not for hours: what came of it should go out.
  virtual void before_wait() {}

  /// The end of the file was met: what still comes of it is RecordRead::is_open.
  virtual void meet_end() {}

  /// Nothing more comes of that file. Not called if the reading was stopped before.
  virtual void end_file(std::uint32_t /*input*/, const FileEnd& /*end*/) {}

  /// Fills in what came of the records so far.
  virtual void report(ProgressState& state) = 0;

  /// Enough: the rest of the input need not be read.
  [[nodiscard]] virtual bool is_full() const { return false; }
};

/// Takes the records into a pipeline, which must outlive it.
class PipelineConsumer : public RecordConsumer {
 public:
  explicit PipelineConsumer(Pipeline& pipeline) : pipeline_(pipeline) {}

  void take(std::string_view record, const RecordPosition& position) override;
  void take_bad(const Error& error, std::string_view text, const RecordPosition& position) override;
  void report(ProgressState& state) override;

 protected:
  [[nodiscard]] Pipeline& pipeline() { return pipeline_; }

 private:
  Pipeline& pipeline_;
};

/// Feeds every record of every file to the consumer, in order. A file that fails is told on stderr,
/// and the next goes on. Of recordings only what is `within`; then a file that is none fails.
/// RecordPosition::received is what a recording tells, else when the reading began, or of pipes
/// when the record was read.
[[nodiscard]] ReadTotals read_inputs(const std::vector<InputFile>& files,
                                     RecordConsumer& consumer,
                                     ProgressDisplay& progress,
                                     const RecordLimits& limits = {},
                                     const ReceivedWithin& within = {});

}  // namespace spoor
