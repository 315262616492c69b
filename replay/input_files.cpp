#include "replay/input_files.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <iterator>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/text.h"

namespace spoor {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kDirectorySuffixes[] = {".ndjson", ".json", ".jsonl", ".recording"};
constexpr std::string_view kCompressionSuffixes[] = {".gz", ".zst"};
constexpr std::string_view kSuffixesText = "*.ndjson, *.json or *.jsonl (plain, .gz or .zst)";

std::string in_quotes(std::string_view path) {
  return "'" + std::string(path) + "'";
}

/// Removes one of `suffixes` from the end of `name`, if it stands there.
template <std::size_t kCount>
bool strip_suffix(std::string_view& name, const std::string_view (&suffixes)[kCount]) {
  for (const std::string_view suffix : suffixes) {
    if (name.size() > suffix.size() &&
        equals_ignore_case_ascii(name.substr(name.size() - suffix.size()), suffix)) {
      name.remove_suffix(suffix.size());
      return true;
    }
  }
  return false;
}

bool is_taken_from_directory(std::string_view name) {
  strip_suffix(name, kCompressionSuffixes);
  return strip_suffix(name, kDirectorySuffixes);
}

/// One regular file, and which file it is whatever it is called.
struct FoundFile {
  InputFile input;
  std::pair<dev_t, ino_t> identity;
};

using FoundFiles = std::vector<FoundFile>;

Result<FoundFile> examine_file(const std::string& path) {
  struct stat info {};

  if (::stat(path.c_str(), &info) != 0 || ::access(path.c_str(), R_OK) != 0) {
    return fail(ErrorCode::io,
                "cannot read " + in_quotes(path) + ": " + std::generic_category().message(errno));
  }
  if (!S_ISREG(info.st_mode)) {
    return fail(ErrorCode::bad_usage, in_quotes(path) +
                                          " is not a regular file; pipe it in and name '-' "
                                          "to read standard input");
  }
  return FoundFile{.input = {.path = path, .bytes = static_cast<std::uint64_t>(info.st_size)},
                   .identity = {info.st_dev, info.st_ino}};
}

void sort_by_name(FoundFiles& files) {
  std::ranges::sort(files, {}, [](const FoundFile& file) { return file.input.path; });
}

Result<FoundFiles> expand_directory(const std::string& path) {
  std::error_code error;
  FoundFiles files;
  std::string other_file;
  fs::recursive_directory_iterator entry(path, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    std::error_code ignored;  // A file that is gone or no file by now is not in the directory.
    if (!entry->is_regular_file(ignored)) {
      continue;
    }
    if (!is_taken_from_directory(entry->path().filename().native())) {
      other_file = entry->path().native();
      continue;
    }
    Result<FoundFile> file = examine_file(entry->path().native());
    if (!file) {
      return tl::unexpected<Error>(std::move(file.error()));
    }
    files.push_back(*std::move(file));
  }
  if (error) {
    return fail(ErrorCode::io, "cannot read directory " + in_quotes(path) + ": " + error.message());
  }
  if (files.empty()) {
    std::string message =
        "directory " + in_quotes(path) + " holds no " + std::string(kSuffixesText);
    if (!other_file.empty()) {
      message += "; other files are read when named themselves, such as " + in_quotes(other_file);
    }
    return fail(ErrorCode::bad_usage, std::move(message));
  }
  sort_by_name(files);
  return files;
}

/// What a person may have meant by `path`, which does not exist: a name in the same directory that
/// differs by case or by more at its end, or the part of the path that is wrong.
std::string hint_for_missing(const fs::path& path) {
  const fs::path parent = path.has_parent_path() ? path.parent_path() : fs::path(".");
  std::error_code error;
  if (!fs::is_directory(parent, error)) {
    return "; there is no directory " + in_quotes(parent.native());
  }
  const std::string wanted = to_lower_ascii(path.filename().native());
  std::string best;
  fs::directory_iterator entry(parent, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string& name = entry->path().native();
    const std::string file_name = entry->path().filename().native();
    if (to_lower_ascii(file_name).starts_with(wanted) && (best.empty() || name < best)) {
      best = name;
    }
  }
  return best.empty() ? "" : "; did you mean " + in_quotes(best) + "?";
}

bool is_glob(std::string_view argument) {
  return argument.find_first_of("*?[") != std::string_view::npos;
}

Result<std::vector<std::string>> glob_matches(const std::string& pattern) {
  glob_t found{};
  // Unsorted: glob sorts by the locale, and the order must be the same on every machine.
  // Not safe beside other threads, and called before any is started.
  // NOLINTNEXTLINE(concurrency-mt-unsafe)
  const int status = ::glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found);
  std::vector<std::string> paths(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  if (status == GLOB_NOMATCH) {
    return fail(ErrorCode::bad_usage,
                "no file matches " + in_quotes(pattern) +
                    hint_for_missing(fs::path(pattern.substr(0, pattern.find_first_of("*?[")))));
  }
  if (status != 0) {
    return fail(ErrorCode::io, "cannot expand " + in_quotes(pattern));
  }
  return paths;
}

Result<FoundFiles> expand_path(const std::string& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) {
    return expand_directory(path);
  }
  Result<FoundFile> file = examine_file(path);
  if (!file) {
    return tl::unexpected<Error>(std::move(file.error()));
  }
  return FoundFiles{*std::move(file)};
}

Result<FoundFiles> expand_glob(const std::string& pattern) {
  Result<std::vector<std::string>> paths = glob_matches(pattern);
  if (!paths) {
    return tl::unexpected<Error>(std::move(paths.error()));
  }
  FoundFiles all;
  for (const std::string& path : *paths) {
    Result<FoundFiles> files = expand_path(path);
    if (!files) {
      return files;
    }
    std::ranges::move(*files, std::back_inserter(all));
  }
  sort_by_name(all);
  return all;
}

Result<FoundFiles> expand_argument(const std::string& argument) {
  if (argument == "-") {
    return FoundFiles{{.input = {.path = argument}, .identity = {}}};
  }
  std::error_code error;
  // A file may be called "events[1].json"; what exists needs no expansion.
  if (fs::exists(fs::symlink_status(argument, error))) {
    return expand_path(argument);
  }
  if (is_glob(argument)) {
    return expand_glob(argument);
  }
  return fail(ErrorCode::bad_usage,
              "no such file: " + in_quotes(argument) + hint_for_missing(fs::path(argument)));
}

}  // namespace

Result<std::vector<InputFile>> expand_inputs(const std::vector<std::string>& arguments) {
  std::vector<InputFile> inputs;
  std::set<std::pair<dev_t, ino_t>> seen;
  for (const std::string& argument : arguments) {
    Result<FoundFiles> files = expand_argument(argument);
    if (!files) {
      return tl::unexpected<Error>(std::move(files.error()));
    }
    for (FoundFile& file : *files) {
      // Standard input has the identity (0, 0), which no file has.
      if (seen.insert(file.identity).second) {
        inputs.push_back(std::move(file.input));
      }
    }
  }
  return inputs;
}

}  // namespace spoor
