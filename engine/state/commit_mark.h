// What was committed last, marked beside the database.
//
// Where the log of RocksDB is missing or cut, what is left looks whole: until the first table is
// written that is nothing at all. The mark is the number of the last change that was committed, in
// a file of its own. It is overwritten in place after each commit, and never synced: after a power
// cut it may be behind what is on disk, but not ahead of it. A state that ends before its mark has
// lost something.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace spoor {

inline constexpr std::string_view kCommitMarkFile = "COMMITTED";

class CommitMark {
 public:
  /// Nothing is opened before write().
  explicit CommitMark(const std::string& folder);
  ~CommitMark();
  CommitMark(const CommitMark&) = delete;
  CommitMark& operator=(const CommitMark&) = delete;

  /// The number of the last change. None if there is no mark, or one that cannot be read; fails
  /// with bad_state if it is damaged.
  [[nodiscard]] Result<std::optional<std::uint64_t>> read() const;

  /// Needs no room on the disk once the file is there. If it fails the mark is that of an earlier
  /// commit, or damaged.
  [[nodiscard]] Result<void> write(std::uint64_t sequence);

 private:
  std::string path_;
  int file_ = -1;
};

}  // namespace spoor
