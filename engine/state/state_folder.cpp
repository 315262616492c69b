#include "engine/state/state_folder.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>
#include <vector>

#include <sys/stat.h>

#include "engine/state/commit_mark.h"

namespace spoor {
namespace {

namespace fs = std::filesystem;

/// Stands in a folder from before the first file of the database until what it says of itself is
/// committed. A folder with it holds nothing yet.
constexpr std::string_view kBeingMade = "BEING-MADE";

bool holds(const fs::path& folder, std::string_view name) {
  std::error_code ignored;
  return fs::exists(folder / name, ignored);
}

/// What the root of a file system has by itself is nobody's.
Result<std::vector<fs::path>> files_in(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> files;
  for (fs::directory_iterator at(folder, error); !error && at != fs::directory_iterator();
       at.increment(error)) {
    if (at->path().filename() != "lost+found") {
      files.push_back(at->path());
    }
  }
  if (error) {
    return fail(ErrorCode::io, "cannot read " + folder.string() + ": " + error.message());
  }
  return files;
}

tl::unexpected<Error> holds_no_state(const std::string& folder) {
  return fail(ErrorCode::bad_state,
              folder + " holds files, but no state (there is no CURRENT in it): give an empty " +
                  "folder, or put back what is missing");
}

/// What an attempt left that was broken off before there was anything.
void clear_half_made(const std::vector<fs::path>& files) {
  std::error_code ignored;
  for (const fs::path& file : files) {
    if (file.filename() != kBeingMade) {
      fs::remove(file, ignored);
    }
  }
}

/// Its owner's alone: it is as confidential as the logs.
Result<void> make_folder(const std::string& folder) {
  const fs::path path(folder);
  const fs::path named = path.has_filename() ? path : path.parent_path();
  std::error_code error;
  if (named.has_parent_path()) {
    fs::create_directories(named.parent_path(), error);
  }
  if (!error && ::mkdir(named.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
    error = std::error_code(errno, std::generic_category());
  }
  return error ? fail(ErrorCode::io, "cannot make " + folder + ": " + error.message())
               : Result<void>{};
}

Result<void> begin_database(const std::string& folder) {
  Result<std::vector<fs::path>> files = files_in(folder);
  if (!files) {
    return tl::unexpected<Error>(files.error());
  }
  // Where something was committed, CURRENT was lost.
  const bool is_broken_off = is_being_made(folder) && !holds(folder, kCommitMarkFile);
  if (!files->empty() && !is_broken_off) {
    return holds_no_state(folder);
  }
  clear_half_made(*files);
  const std::ofstream mark(fs::path(folder) / kBeingMade);
  return mark ? Result<void>{} : fail(ErrorCode::io, "cannot write to " + folder);
}

}  // namespace

bool is_being_made(const std::string& folder) {
  return holds(folder, kBeingMade);
}

bool has_database(const std::string& folder) {
  return holds(folder, "CURRENT");
}

void state_folder_is_made(const std::string& folder) {
  std::error_code ignored;
  fs::remove(fs::path(folder) / kBeingMade, ignored);
}

Result<void> check_state_folder(const std::string& folder) {
  std::error_code error;
  const fs::file_status status = fs::status(folder, error);
  if (!fs::exists(status)) {
    return fail(ErrorCode::io, folder + ": there is no such state folder");
  }
  if (!fs::is_directory(status)) {
    return fail(ErrorCode::bad_state, folder + " is not a folder");
  }
  if (has_database(folder)) {
    return {};
  }
  const Result<std::vector<fs::path>> files = files_in(folder);
  if (!files) {
    return tl::unexpected<Error>(files.error());
  }
  return files->empty() ? fail(ErrorCode::bad_state, folder + " is empty: there is no state in it")
                        : holds_no_state(folder);
}

Result<void> make_state_folder(const std::string& folder) {
  std::error_code error;
  const fs::file_status status = fs::status(folder, error);
  if (!fs::exists(status)) {
    Result<void> made = make_folder(folder);
    return made ? begin_database(folder) : made;
  }
  if (!fs::is_directory(status)) {
    return fail(ErrorCode::bad_state, folder + " is not a folder");
  }
  return has_database(folder) ? Result<void>{} : begin_database(folder);
}

}  // namespace spoor
