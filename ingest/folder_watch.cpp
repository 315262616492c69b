#include "ingest/folder_watch.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fnmatch.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

namespace spoor {
namespace {

namespace fs = std::filesystem;
using std::chrono::nanoseconds;

/// A folder that is written to all the time is not looked through all the time.
constexpr nanoseconds kScansApart = std::chrono::milliseconds(200);

constexpr std::array<std::string_view, 7> kUnfinished{
    ".tmp", ".part", ".partial", ".filepart", ".crdownload", ".swp", ".lock"};

std::int64_t changed_ns(const struct stat& status) {
  return status.st_mtim.tv_sec * kNanosPerSecond + status.st_mtim.tv_nsec;
}

}  // namespace

bool is_unfinished_name(const std::string& name) {
  if (name.empty() || name.front() == '.' || name.front() == '_' || name.front() == '~' ||
      name.back() == '~') {
    return true;
  }
  return std::ranges::any_of(kUnfinished,
                             [&](std::string_view ending) { return name.ends_with(ending); });
}

FolderWatch::FolderWatch(Settings settings, const Clock& clock)
    : settings_(std::move(settings)),
      clock_(clock),
      notify_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {}

FolderWatch::~FolderWatch() {
  if (notify_ >= 0) {
    close(notify_);
  }
}

void FolderWatch::watch(const std::string& folder) const {
  // Without it (too many watches, a file system that has none) the rescan finds what is new.
  if (notify_ >= 0) {
    inotify_add_watch(notify_, folder.c_str(),
                      IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_ONLYDIR);
  }
}

bool FolderWatch::wait(std::chrono::milliseconds timeout) {
  pollfd item{.fd = notify_, .events = POLLIN, .revents = 0};
  if (poll(&item, 1, static_cast<int>(timeout.count())) > 0) {
    constexpr std::size_t kEventBytes = 16'384;
    alignas(inotify_event) std::array<char, kEventBytes> events{};
    while (read(notify_, events.data(), events.size()) > 0) {
      has_news_ = true;
    }
  }
  const nanoseconds since = clock_.monotonic() - scanned_at_;
  const bool is_due =
      has_news_ || since >= settings_.rescan || (!unsettled_.empty() && since >= settings_.settle);
  return is_due && since >= kScansApart;
}

bool FolderWatch::is_complete(const std::string& name, const FileLook& look) {
  const nanoseconds now = clock_.monotonic();
  const auto [place, is_new] = unsettled_.try_emplace(name, Seen{.look = look, .since = now});
  if (!is_new && place->second.look != look) {
    place->second = {.look = look, .since = now};
  }
  const std::int64_t age = clock_.wall() - look.changed_ns;
  if (now - place->second.since < settings_.settle && age < settings_.settle.count()) {
    return false;
  }
  unsettled_.erase(place);
  return true;
}

void FolderWatch::look_at(const fs::path& path, Scan& scan, std::vector<fs::path>& folders) {
  const std::string own_name = path.filename().string();

  struct stat status {};

  if (stat(path.c_str(), &status) != 0) {
    if (errno == EACCES) {
      note_unread(path.parent_path(), std::make_error_code(std::errc::permission_denied), scan);
    }
    return;  // Else gone meanwhile.
  }
  if (S_ISDIR(status.st_mode)) {
    const bool is_link = fs::is_symlink(fs::symlink_status(path));
    if (!is_link && !own_name.starts_with('.') && path.string() != settings_.passed_over) {
      folders.push_back(path);
    }
    return;
  }
  const std::string name = path.lexically_relative(settings_.folder).string();
  if (!S_ISREG(status.st_mode) || is_unfinished_name(own_name) ||
      fnmatch(settings_.pattern.c_str(), name.c_str(), 0) != 0) {
    return;
  }
  scan.names.push_back(name);
  const FileLook look{.size = static_cast<std::uint64_t>(status.st_size),
                      .changed_ns = changed_ns(status)};
  if (look.size > 0 && is_complete(name, look)) {
    scan.complete.push_back({.name = name, .look = look});
  }
}

void FolderWatch::note_unread(const fs::path& folder, std::error_code problem, Scan& scan) const {
  const std::string name = folder.lexically_relative(settings_.folder).string();
  scan.unread[name == "." ? "" : name + "/"] = folder.string() + ": " + problem.message();
}

FolderWatch::Scan FolderWatch::scan() {
  has_news_ = false;
  scanned_at_ = clock_.monotonic();
  Scan scan;
  std::vector<fs::path> folders{settings_.folder};
  while (!folders.empty()) {
    const fs::path folder = std::move(folders.back());
    folders.pop_back();
    // Watched before it is read, so that what comes in between is told.
    watch(folder.string());
    std::error_code problem;
    fs::directory_iterator at(folder, problem);
    for (; !problem && at != fs::directory_iterator(); at.increment(problem)) {
      look_at(at->path(), scan, folders);
    }
    const bool is_gone =
        problem == std::errc::no_such_file_or_directory && folder != fs::path(settings_.folder);
    if (problem && !is_gone) {
      note_unread(folder, problem, scan);
    }
  }
  std::ranges::sort(scan.names);
  std::ranges::sort(scan.complete, {}, &Found::name);
  std::erase_if(unsettled_, [&](const auto& file) {
    return !std::ranges::binary_search(scan.names, file.first);
  });
  return scan;
}

bool FolderWatch::Scan::is_gone(const std::string& name) const {
  return !std::ranges::binary_search(names, name) &&
         std::ranges::none_of(unread,
                              [&](const auto& folder) { return name.starts_with(folder.first); });
}

}  // namespace spoor
