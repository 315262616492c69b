// Which files of a folder were read, and how far: rows of the state.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "engine/base/state_io.h"
#include "ingest/batch.h"

namespace spoor {

/// How a file looks from outside.
struct FileLook {
  std::uint64_t size = 0;
  std::int64_t changed_ns = 0;

  friend bool operator==(const FileLook&, const FileLook&) = default;
};

struct FileEntry {
  FileLook look;                ///< When it was read last.
  std::uint64_t head_size = 0;  ///< So many first bytes
  std::uint64_t head_hash = 0;  ///< gave this.
  std::uint64_t records = 0;    ///< Taken so far.
  bool is_done = false;         ///< Read to its end, or as far as it could be.
  bool has_failed = false;      ///< Not to its end: it is damaged.
};

/// Fills size and hash of the head. At most `size` bytes of it, if that is not 0. False: the file
/// cannot be read.
[[nodiscard]] bool read_head(const std::string& path, std::uint64_t size, FileEntry& entry);

/// The entries of one input, by path within its folder.
class FileLedger {
 public:
  explicit FileLedger(std::string input) : input_(std::move(input)) {}

  /// All that is in the state. Rows that cannot be read are as if they were not there: their files
  /// are read again, which changes no finding.
  void load(const StateSource& state);

  /// Null if the file was never read.
  [[nodiscard]] const FileEntry* find(std::string_view path) const;

  void set(const std::string& path, const FileEntry& entry) { entries_[path] = entry; }

  void erase(const std::string& path) { entries_.erase(path); }

  [[nodiscard]] const std::map<std::string, FileEntry, std::less<>>& entries() const {
    return entries_;
  }

  /// The row that says so.
  [[nodiscard]] IngestBatch::Mark mark(std::string_view path, const FileEntry& entry) const;
  [[nodiscard]] IngestBatch::Mark gone(std::string_view path) const;

 private:
  [[nodiscard]] std::string key(std::string_view path) const;

  std::string input_;
  std::map<std::string, FileEntry, std::less<>> entries_;
};

}  // namespace spoor
