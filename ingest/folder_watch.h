// Which files of a folder are complete, and when to look again.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <system_error>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "ingest/file_ledger.h"

namespace spoor {

/// Is it the name that a tool gives to a file that it has not finished, or to no log at all?
[[nodiscard]] bool is_unfinished_name(const std::string& name);

class FolderWatch {
 public:
  struct Settings {
    std::string folder;
    std::string pattern = "*";
    std::string passed_over{};  ///< A folder within it, or empty.
    std::chrono::nanoseconds settle{0};
    std::chrono::nanoseconds rescan{0};
  };

  struct Found {
    std::string name;  ///< The path within the folder.
    FileLook look;
  };

  struct Scan {
    std::vector<Found> complete;     ///< By name.
    std::vector<std::string> names;  ///< All files, complete or not, by name.
    /// Folders that could not be read: the path within the folder, with a slash behind it (or
    /// nothing: the folder itself), and which and why.
    std::map<std::string, std::string> unread;

    /// Is it known not to be there?
    [[nodiscard]] bool is_gone(const std::string& name) const;
  };

  FolderWatch(Settings settings, const Clock& clock);
  ~FolderWatch();
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;
  FolderWatch(FolderWatch&&) = delete;
  FolderWatch& operator=(FolderWatch&&) = delete;

  /// Waits until something may have changed, at most for as long. True: look.
  [[nodiscard]] bool wait(std::chrono::milliseconds timeout);

  /// O(files in the folder).
  [[nodiscard]] Scan scan();

 private:
  struct Seen {
    FileLook look;
    std::chrono::nanoseconds since{0};
  };

  void watch(const std::string& folder) const;
  /// Of what stands in a folder; folders go to `folders`.
  void look_at(const std::filesystem::path& path,
               Scan& scan,
               std::vector<std::filesystem::path>& folders);
  void note_unread(const std::filesystem::path& folder, std::error_code problem, Scan& scan) const;
  [[nodiscard]] bool is_complete(const std::string& name, const FileLook& look);

  Settings settings_;
  const Clock& clock_;
  int notify_ = -1;
  std::map<std::string, Seen> unsettled_;
  bool has_news_ = true;
  std::chrono::nanoseconds scanned_at_{0};
};

}  // namespace spoor
