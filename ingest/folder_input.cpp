#include "ingest/folder_input.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

#include <unistd.h>

#include "ingest/folder_watch.h"

namespace spoor {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBatchBytes = std::size_t{256} << 10U;
constexpr std::size_t kBatchRecords = 2'000;
constexpr std::chrono::milliseconds kWait{100};

/// Files whose effect is on disk: told by the thread that commits, which may outlive the input.
struct Settled {
  std::mutex mutex;
  std::vector<std::string> names;

  void add(const std::string& name) {
    const std::lock_guard lock(mutex);
    names.push_back(name);
  }

  [[nodiscard]] std::vector<std::string> take() {
    const std::lock_guard lock(mutex);
    return std::exchange(names, {});
  }
};

Result<void> check_folder(const std::string& folder, int wanted, std::string_view what) {
  std::error_code problem;
  if (!fs::is_directory(folder, problem)) {
    return fail(ErrorCode::bad_usage,
                folder + " is no folder" + (problem ? ": " + problem.message() : ""));
  }
  if (access(folder.c_str(), wanted) != 0) {
    return fail(ErrorCode::bad_usage, folder + " cannot be " + std::string(what) + ": " +
                                          std::generic_category().message(errno));
  }
  return {};
}

}  // namespace

struct FolderInput::Impl {
  Impl(FolderInputSettings wanted, const Clock& clock)
      : settings(std::move(wanted)),
        ledger(settings.input.name),
        watch({.folder = settings.folder,
               .pattern = settings.pattern,
               .passed_over = settings.move_to,
               .settle = settings.settle,
               .rescan = settings.rescan},
              clock) {}

  [[nodiscard]] std::string path_of(const std::string& name) const {
    return (fs::path(settings.folder) / name).string();
  }

  /// How many records of it were taken before; `entry` is given how it begins.
  [[nodiscard]] std::uint64_t taken_before(const std::string& name, FileEntry& entry) const {
    const FileEntry* before = ledger.find(name);
    if (before == nullptr) {
      return 0;
    }
    FileEntry as_then;
    const bool is_same = read_head(path_of(name), before->head_size, as_then) &&
                         as_then.head_size == before->head_size &&
                         as_then.head_hash == before->head_hash && before->head_size > 0;
    if (!is_same) {
      return 0;
    }
    // The last record of a file that grew may have been torn.
    return before->is_done && before->records > 0 && before->look != entry.look
               ? before->records - 1
               : before->records;
  }

  FolderInputSettings settings;
  FileLedger ledger;
  FolderWatch watch;
  FolderWatch::Scan last;
  std::shared_ptr<Settled> settled = std::make_shared<Settled>();
  std::map<std::string, std::string> told_unread;  ///< Folders.
  std::set<std::string> told_files;                ///< That cannot be read or put away.
  std::vector<std::string> stuck;                  ///< To be put away at a later scan.
};

Result<void> FolderInput::check(const FolderInputSettings& settings) {
  const bool writes = settings.after != FileAfter::keep;
  Result<void> readable = check_folder(settings.folder, R_OK | X_OK, "read");
  if (readable && writes) {
    readable = check_folder(settings.folder, W_OK, "written, and its files are to go");
  }
  if (!readable) {
    return readable;
  }
  if ((settings.after == FileAfter::move) == settings.move_to.empty()) {
    return fail(ErrorCode::bad_usage, "move_to belongs to after: move");
  }
  return settings.after == FileAfter::move
             ? check_folder(settings.move_to, W_OK | X_OK, "written to")
             : Result<void>{};
}

Result<std::unique_ptr<FolderInput>> FolderInput::create(IngestQueue& queue,
                                                         FolderInputSettings settings,
                                                         const StateSource& state,
                                                         const Clock& clock) {
  if (Result<void> checked = check(settings); !checked) {
    return tl::unexpected<Error>(std::move(checked.error()));
  }
  PulledInputSettings input = settings.input;
  auto impl = std::make_unique<Impl>(std::move(settings), clock);
  impl->ledger.load(state);
  // Of an earlier run, which ended before it could put them away.
  for (const auto& [name, entry] : impl->ledger.entries()) {
    if (entry.is_done && !entry.has_failed) {
      impl->settled->add(name);
    }
  }
  return std::unique_ptr<FolderInput>(new FolderInput(queue, std::move(input), std::move(impl)));
}

FolderInput::FolderInput(IngestQueue& queue, PulledInputSettings input, std::unique_ptr<Impl> impl)
    : PulledInput(queue, std::move(input)), impl_(std::move(impl)) {}

FolderInput::~FolderInput() {
  end();
}

void FolderInput::run() {
  bool is_open = true;
  while (is_open && !stops()) {
    put_away();
    if (impl_->watch.wait(kWait)) {
      impl_->last = impl_->watch.scan();
      tell_unread();
      for (const std::string& name : std::exchange(impl_->stuck, {})) {
        impl_->settled->add(name);
      }
      is_open = take_files();
      if (is_open) {
        forget_gone();
      }
    }
  }
}

void FolderInput::tell_unread() {
  for (const auto& [folder, problem] : impl_->last.unread) {
    if (!impl_->told_unread.contains(folder)) {
      warn("input " + settings().name + ": passed over, cannot read " + problem);
      ++counts().streams_failed;
    }
  }
  impl_->told_unread = impl_->last.unread;
}

void FolderInput::tell_once(const std::string& name, const std::string& what) {
  if (impl_->told_files.insert(name).second) {
    warn("input " + settings().name + ": " + what);
    ++counts().streams_failed;
  }
}

bool FolderInput::take_files() {
  for (const FolderWatch::Found& file : impl_->last.complete) {
    const FileEntry* known = impl_->ledger.find(file.name);
    const bool is_read = known != nullptr && known->is_done && known->look == file.look;
    if (!is_read && !take_file(file.name, file.look)) {
      return false;
    }
  }
  return true;
}

bool FolderInput::take_file(const std::string& name, const FileLook& look) {
  const std::string path = impl_->path_of(name);
  FileEntry entry{.look = look};
  Result<std::unique_ptr<ByteSource>> source = open_source(path);
  if (!source || !read_head(path, 0, entry)) {
    tell_once(name, "cannot read " + path + (source ? "" : ": " + source.error().message));
    return true;  // The next scan tries again.
  }
  impl_->told_files.erase(name);
  const std::uint64_t pass_by = impl_->taken_before(name, entry);
  RecordReader reader(std::move(*source));
  bool is_open = true;
  while (is_open && !entry.is_done) {
    if (stops()) {
      return false;
    }
    IngestBatch batch;
    batch.peer = path;
    fill(reader, pass_by, entry, batch);
    if (entry.has_failed) {
      warn("input " + settings().name + ": " + path + " is damaged behind " +
           std::to_string(entry.records) + " records, which were taken; it is left where it is");
      ++counts().streams_failed;
    }
    batch.marks.push_back(impl_->ledger.mark(name, entry));
    if (entry.is_done && !entry.has_failed) {
      batch.done = [settled = impl_->settled, name](bool is_safe) {
        if (is_safe) {
          settled->add(name);
        }
      };
    }
    is_open = hand_over(std::move(batch));
    if (is_open) {
      impl_->ledger.set(name, entry);
    }
  }
  counts().bytes += is_open ? look.size : 0;
  return is_open;
}

void FolderInput::fill(RecordReader& reader,
                       std::uint64_t pass_by,
                       FileEntry& entry,
                       IngestBatch& batch) {
  while (!entry.is_done && batch.bytes.size() < kBatchBytes &&
         batch.records.size() < kBatchRecords) {
    const RecordRead read = reader.read();
    switch (read.status) {
      case ReadStatus::record:
      case ReadStatus::bad:
        if (++entry.records <= pass_by) {
          break;
        }
        if (read.status == ReadStatus::record) {
          batch.add_record(read.text);
        } else {
          batch.add_bad(read.error.code, read.text);
        }
        break;
      case ReadStatus::failed: entry.has_failed = true; [[fallthrough]];
      case ReadStatus::end: entry.is_done = true; break;
    }
  }
}

void FolderInput::put_away() {
  const std::vector<std::string> names = impl_->settled->take();
  if (impl_->settings.after == FileAfter::keep) {
    return;
  }
  IngestBatch batch;
  for (const std::string& name : names) {
    const std::string path = impl_->path_of(name);
    const FileEntry* entry = impl_->ledger.find(name);
    // One that grew since is read on first.
    std::error_code problem;
    const std::uint64_t size = fs::file_size(path, problem);
    if (entry == nullptr || problem || size != entry->look.size) {
      continue;
    }
    if (impl_->settings.after == FileAfter::remove) {
      fs::remove(path, problem);
    } else {
      const fs::path target = fs::path(impl_->settings.move_to) / name;
      fs::create_directories(target.parent_path(), problem);
      if (!problem) {
        move_file(path, target.string(), problem);
      }
    }
    if (problem) {
      tell_once(name,
                path + " was read, but stays where it is until that works: " + problem.message());
      impl_->stuck.push_back(name);
      continue;
    }
    impl_->told_files.erase(name);
    batch.marks.push_back(impl_->ledger.gone(name));
    impl_->ledger.erase(name);
  }
  static_cast<void>(hand_over(std::move(batch)));
}

void FolderInput::move_file(const std::string& from,
                            const std::string& to,
                            std::error_code& problem) {
  // What is there already is not overwritten.
  std::string target = to;
  for (int i = 1; fs::exists(target); ++i) {
    target = to + "." + std::to_string(i);
  }
  fs::rename(from, target, problem);
  if (problem == std::errc::cross_device_link) {
    problem.clear();
    fs::copy_file(from, target + ".part", problem);
    if (!problem) {
      fs::rename(target + ".part", target, problem);
    }
    if (!problem) {
      fs::remove(from, problem);
    }
  }
}

void FolderInput::forget_gone() {
  IngestBatch batch;
  std::vector<std::string> gone;
  for (const auto& [name, entry] : impl_->ledger.entries()) {
    if (impl_->last.is_gone(name)) {
      gone.push_back(name);
    }
  }
  std::erase_if(impl_->told_files,
                [&](const std::string& name) { return impl_->last.is_gone(name); });
  for (const std::string& name : gone) {
    batch.marks.push_back(impl_->ledger.gone(name));
    impl_->ledger.erase(name);
  }
  static_cast<void>(hand_over(std::move(batch)));
}

}  // namespace spoor
