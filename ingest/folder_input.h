// Files that others put into a folder: what CrowdStrike's FDR replicator, `aws s3 sync` of Cloud
// Funnel's bucket, rclone or a nightly export leave there.
//
// A file is taken once it is complete: its size and time have not changed for `settle`. Names that
// tools give to unfinished files (.tmp, .part, .filepart, .crdownload, .swp, a leading '.', '_' or
// '~') are passed over. inotify tells of new files at once; the folder is also looked through every
// `rescan`, for network file systems that tell nothing.
//
// Which files were read, and how far, is in the state, committed with the effect of the records: a
// restart goes on in the middle of a file. A file is known by its path and how it begins; one that
// grew is read on from where it ended (the last record again, for it may have been torn), one that
// begins differently is another file. Files are taken in the order of their paths.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <system_error>

#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "engine/base/state_io.h"
#include "ingest/file_ledger.h"
#include "ingest/pulled_input.h"
#include "replay/record_reader.h"

namespace spoor {

/// What becomes of a file whose effect is on disk.
enum class FileAfter : std::uint8_t {
  keep,
  move,    ///< To the folder `move_to`, under the same relative path.
  remove,  ///< Deleted.
};

struct FolderInputSettings {
  PulledInputSettings input;
  std::string folder;
  /// Of the path within the folder: * ? [..] as in a shell, but '*' passes over '/' as well.
  std::string pattern = "*";
  FileAfter after = FileAfter::keep;
  std::string move_to{};
  std::chrono::milliseconds settle{2'000};
  std::chrono::milliseconds rescan{30'000};
};

class FolderInput final : public PulledInput {
 public:
  /// Fails with bad_usage if the folder cannot be read, or files cannot be moved or removed as
  /// wanted. `state` tells how far files were read, and must outlive it.
  [[nodiscard]] static Result<std::unique_ptr<FolderInput>> create(IngestQueue& queue,
                                                                   FolderInputSettings settings,
                                                                   const StateSource& state,
                                                                   const Clock& clock);
  /// Like create(), but starts nothing.
  [[nodiscard]] static Result<void> check(const FolderInputSettings& settings);
  ~FolderInput() override;
  FolderInput(const FolderInput&) = delete;
  FolderInput& operator=(const FolderInput&) = delete;
  FolderInput(FolderInput&&) = delete;
  FolderInput& operator=(FolderInput&&) = delete;

 private:
  struct Impl;
  FolderInput(IngestQueue& queue, PulledInputSettings input, std::unique_ptr<Impl> impl);
  void run() override;
  /// Reads what is complete. False: the queue is closed, or it is to stop.
  [[nodiscard]] bool take_files();
  [[nodiscard]] bool take_file(const std::string& name, const FileLook& look);
  /// Reads on. Of what was taken before, nothing goes into the batch.
  static void fill(RecordReader& reader,
                   std::uint64_t pass_by,
                   FileEntry& entry,
                   IngestBatch& batch);
  static void move_file(const std::string& from, const std::string& to, std::error_code& problem);
  void put_away();
  void tell_unread();
  /// Of a file, and counts it; not again until it went well, or is gone.
  void tell_once(const std::string& name, const std::string& what);
  void forget_gone();

  std::unique_ptr<Impl> impl_;
};

}  // namespace spoor
