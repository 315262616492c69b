// How far a replay has read its inputs: what --resume goes by.
//
// Files grow, and broken ones are mended. A record that was told before the end of its file was met
// stays what it is, whatever is appended, and is passed by for good. What was told at the end (a
// line without its newline, an object that is torn there) is open: it is passed by only where it
// comes again as it was.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/dead_letter_file.h"
#include "cli/read_inputs.h"
#include "engine/base/result.h"
#include "engine/base/state_io.h"
#include "engine/event/event.h"
#include "replay/input_files.h"

namespace spoor {

/// A record, or a bad stretch, as it came from its file.
struct SeenRecord {
  RecordPosition position;
  std::uint64_t size = 0;  ///< Of its text, as far as that is kept.
  bool is_bad = false;
  bool is_open = false;  ///< RecordRead::is_open.
};

class ReplayPositions {
 public:
  /// `first_finding`: the sequence number that the replay's first finding gets.
  ReplayPositions(const std::vector<InputFile>& files, std::uint64_t first_finding);

  // What is read now is kept by its address.
  ReplayPositions(const ReplayPositions&) = delete;
  ReplayPositions& operator=(const ReplayPositions&) = delete;
  ReplayPositions(ReplayPositions&&) = default;
  ReplayPositions& operator=(ReplayPositions&&) = default;
  ~ReplayPositions() = default;

  /// None if there are none, or they cannot be read.
  [[nodiscard]] static std::optional<ReplayPositions> restore(const StateSource& source);
  void save(StateSink& sink) const;

  /// Goes on with these files: what is left to read of them. Left out is what was read to its end
  /// and is as long as it was then. A file that is another now, though its name is the same, is
  /// read from its beginning and named in `changed`: one that is shorter, or begins otherwise.
  [[nodiscard]] std::vector<InputFile> go_on(const std::vector<InputFile>& files,
                                             std::vector<std::string>& changed);

  /// The next record of the files that are left, in order; `input` is an index into what go_on()
  /// gave. True if it was taken in an earlier run; else it has to be taken before save().
  [[nodiscard]] bool pass(const SeenRecord& record);
  void end_file(std::uint32_t input, const FileEnd& end);

  /// All files were read.
  void finished() { is_finished_ = true; }

  [[nodiscard]] bool is_finished() const { return is_finished_; }

  [[nodiscard]] std::uint64_t first_finding() const { return first_finding_; }

  /// The file of the dead letters of all that was taken; none if there is none.
  std::optional<DeadLettersWritten> dead_letters;

 private:
  /// A record that was open.
  struct Stretch {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    bool is_bad = false;

    friend bool operator==(const Stretch&, const Stretch&) = default;
  };

  /// What was open at the end of a file.
  struct Tail {
    Stretch first;
    Stretch last;
  };

  /// What tells a file from another of its name: how its first bytes hash, on disk.
  struct Mark {
    std::uint64_t hash = 0;
    std::uint64_t bytes = 0;  ///< So many; none if it was empty, or could not be read.
  };

  struct File {
    Mark mark;
    std::uint64_t bytes = 0;               ///< On disk: as long as it was at least.
    bool is_done = false;                  ///< Read to its end, at that length.
    std::optional<std::uint64_t> settled;  ///< Where the last that was not open begins.
    std::optional<Tail> tail;              ///< Behind it.
  };

  /// A file that is read now.
  struct Input {
    File* file = nullptr;
    std::optional<Tail> tail_before;  ///< Of an earlier run.
    bool is_tail_same = false;        ///< The first of it came again, and is open again.
    bool has_met_end = false;         ///< What file->tail holds is of this run.
  };

  ReplayPositions() = default;

  [[nodiscard]] static Mark mark_of(const std::string& path, std::uint64_t bytes);
  [[nodiscard]] static File unread(const InputFile& file);
  [[nodiscard]] static File read_file(StateReader& from);
  /// As it was written before tails were.
  [[nodiscard]] static File read_first_version(StateReader& from);
  static void write_file(StateWriter& to, const File& file);
  [[nodiscard]] static bool comes_again(Input& input, const SeenRecord& record);

  std::map<std::string, File, std::less<>> files_;
  std::vector<Input> inputs_;
  std::uint64_t first_finding_ = 1;
  bool is_finished_ = false;
};

}  // namespace spoor
