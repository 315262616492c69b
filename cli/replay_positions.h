// How far a replay has read its inputs: what --resume goes by.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/state_io.h"
#include "engine/event/event.h"
#include "replay/input_files.h"

namespace spoor {

/// What tells a file from another of its name: how its first bytes hash, on disk. 0: none could be
/// read.
[[nodiscard]] std::uint64_t file_mark(const std::string& path);

class ReplayPositions {
 public:
  /// `first_finding`: the sequence number that the replay's first finding gets.
  ReplayPositions(const std::vector<InputFile>& files, std::uint64_t first_finding);

  /// None if there are none, or they cannot be read.
  [[nodiscard]] static std::optional<ReplayPositions> restore(const StateSource& source);
  void save(StateSink& sink) const;

  /// Goes on with these files: what is left to read of them. Files that were read are left out, of
  /// the one that was broken off what is_taken() says is to be passed by. A file that is another
  /// now, though its name is the same, is read from its beginning and named in `changed`.
  [[nodiscard]] std::vector<InputFile> go_on(const std::vector<InputFile>& files,
                                             std::vector<std::string>& changed);

  /// It was taken, in an earlier run. `input` is an index into what go_on() gave.
  [[nodiscard]] bool is_taken(const RecordPosition& position) const;

  /// Everything up to here was taken.
  void taken(const RecordPosition& position);
  /// Everything was.
  void finished();

  [[nodiscard]] bool is_finished() const { return is_finished_; }

  [[nodiscard]] std::uint64_t first_finding() const { return first_finding_; }

 private:
  struct File {
    std::uint64_t mark = 0;
    bool is_done = false;
    std::optional<std::uint64_t> last_record;  ///< Where the last that was taken begins.
  };

  ReplayPositions() = default;

  std::map<std::string, File, std::less<>> files_;
  std::vector<std::string> inputs_;  ///< As read now, by index.
  std::uint64_t first_finding_ = 1;
  bool is_finished_ = false;
  /// Of the first input, from an earlier run.
  std::optional<std::uint64_t> pass_by_;
  std::uint32_t input_ = 0;  ///< That is read now.
};

}  // namespace spoor
