#include "engine/state/state_store.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdarg>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <random>
#include <shared_mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include "engine/base/uid.h"

namespace spoor {
namespace {

namespace fs = std::filesystem;

// Beside the rows of StateRow.
constexpr std::string_view kFormatKey = "!format";
constexpr std::string_view kInstanceKey = "!instance";
constexpr std::string_view kEpochKey = "!epoch";

constexpr std::size_t kWriteBufferBytes = std::size_t{64} << 20U;
constexpr std::size_t kReadAheadBytes = std::size_t{2} << 20U;
constexpr int kOpenFilesMax = 512;
constexpr double kBloomBits = 10;

constexpr std::chrono::milliseconds kFullPause{1'000};
/// What must be free before a full disk is tried again.
constexpr std::uint64_t kRoomMin = std::uint64_t{16} << 20U;

rocksdb::Slice slice(std::string_view text) {
  return {text.data(), text.size()};
}

std::string_view view(const rocksdb::Slice& text) {
  return {text.data(), text.size()};
}

class NoLog final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;

  void Logv(const char* /*format*/, va_list /*arguments*/) override {}
};

/// After an error the database is opened anew, or not at all: what its log holds is judged as after
/// a crash. RocksDB would go on writing behind whatever the failed write left in it.
class NoRecovery final : public rocksdb::EventListener {
 public:
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason /*reason*/,
                            rocksdb::Status /*error*/,
                            bool* automatic) override {
    *automatic = false;
  }
};

rocksdb::Options options_for(StateStore::Access access) {
  rocksdb::Options options;
  options.create_if_missing = access == StateStore::Access::write;
  // What was committed is there or it is told: a record torn off at the end was never committed,
  // anything else that cannot be read is damage.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.paranoid_checks = true;
  options.write_buffer_size = kWriteBufferBytes;
  // Not memtable_insert_with_hint_prefix_extractor, though it is quicker: its hints are shared by
  // the skip lists of rows and of erased ranges, which ends in one of them being broken (RocksDB
  // 7.8).
  options.allow_concurrent_memtable_write = false;  // There is one writer.
  // A reader opens all files at once: the writer beside it may remove them.
  options.max_open_files = access == StateStore::Access::write ? kOpenFilesMax : -1;
  options.max_background_jobs = 2;
  // RocksDB's own log would be one file more that can fail to be written, and then Debian's build,
  // which has its assertions, aborts.
  options.info_log = std::make_shared<NoLog>();
  options.listeners.push_back(std::make_shared<NoRecovery>());
  const std::vector<rocksdb::CompressionType> supported = rocksdb::GetSupportedCompressions();
  const bool has_lz4 = std::ranges::find(supported, rocksdb::kLZ4Compression) != supported.end();
  options.compression = has_lz4 ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
  rocksdb::BlockBasedTableOptions table;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kBloomBits));
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

/// A writer may remove files between our learning of them and our opening them: what is there then
/// is tried again.
rocksdb::Status open_beside_writer(const rocksdb::Options& options,
                                   const std::string& folder,
                                   rocksdb::DB** db) {
  constexpr int kAttempts = 5;
  constexpr std::chrono::milliseconds kPause{50};
  rocksdb::Status status;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    status = rocksdb::DB::OpenForReadOnly(options, folder, db);
    if (status.ok() || status.ToString().find("No such file") == std::string::npos) {
      break;
    }
    std::this_thread::sleep_for(kPause);
  }
  return status;
}

rocksdb::Status open_database(const std::string& folder,
                              StateStore::Access access,
                              std::unique_ptr<rocksdb::DB>& into) {
  rocksdb::DB* db = nullptr;
  const rocksdb::Options options = options_for(access);
  rocksdb::Status status = access == StateStore::Access::write
                               ? rocksdb::DB::Open(options, folder, &db)
                               : open_beside_writer(options, folder, &db);
  into.reset(status.ok() ? db : nullptr);
  return status;
}

tl::unexpected<Error> failure(const std::string& what, const rocksdb::Status& status) {
  const bool is_damage = status.IsCorruption() || status.IsNotSupported();
  return fail(is_damage ? ErrorCode::bad_state : ErrorCode::io, what + ": " + status.ToString());
}

/// Stands in a folder from before the first file of the database until what it says of itself is
/// committed. A folder with it holds nothing yet.
constexpr std::string_view kBeingMade = "BEING-MADE";

/// What an attempt left that was broken off before there was anything.
void clear_half_made(const fs::path& folder) {
  std::error_code ignored;
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().filename() != kBeingMade) {
      files.push_back(entry.path());
    }
  }
  for (const fs::path& file : files) {
    fs::remove(file, ignored);
  }
}

/// Is something there that is no state folder? To make one of it would hide that.
Result<void> check_folder(const std::string& folder, StateStore::Access access) {
  std::error_code error;
  const fs::file_status status = fs::status(folder, error);
  if (!fs::exists(status)) {
    return access == StateStore::Access::write
               ? Result<void>{}
               : fail(ErrorCode::io, folder + ": there is no such state folder");
  }
  if (!fs::is_directory(status)) {
    return fail(ErrorCode::bad_state, folder + " is not a folder");
  }
  if (fs::exists(fs::path(folder) / "CURRENT", error)) {
    return {};
  }
  if (access == StateStore::Access::write && fs::exists(fs::path(folder) / kBeingMade, error)) {
    clear_half_made(folder);
    return {};
  }
  const fs::directory_iterator entries(folder, error);
  if (error) {
    return fail(ErrorCode::io, "cannot read " + folder + ": " + error.message());
  }
  if (entries != fs::directory_iterator()) {
    return fail(ErrorCode::bad_state,
                folder + " holds files, but no state (there is no CURRENT in it): give an empty " +
                    "folder, or put back what is missing");
  }
  return access == StateStore::Access::write
             ? Result<void>{}
             : fail(ErrorCode::bad_state, folder + " is empty: there is no state in it");
}

}  // namespace

std::string random_instance() {
  constexpr int kWords = 8;
  std::random_device random;
  UidBuilder name;
  for (int i = 0; i < kWords; ++i) {
    name.add(std::uint64_t{random()});
  }
  return to_string(name.finish());
}

struct StateStore::Impl {
  std::string folder;
  /// Held shared by whoever uses `db`, alone while it is opened anew.
  mutable std::shared_mutex db_mutex;
  std::unique_ptr<rocksdb::DB> db;  ///< Null only if that was given up.
  rocksdb::WriteBatch batch;
  mutable std::mutex read_mutex;  ///< Of read_status.
  mutable rocksdb::Status read_status;
  // The commit that is under way, and its thread.
  mutable std::mutex writing_mutex;  ///< Of these.
  mutable std::condition_variable writing_changed;
  rocksdb::WriteBatch being_written;
  std::function<void()> done;
  rocksdb::Status write_status;
  bool stops = false;
  bool is_telling = false;  ///< `done` is being called.
  std::thread writer;
  std::atomic<bool> is_writing{false};  ///< Changed under the mutex; looked at without it.
  std::atomic<bool> is_full{false};     ///< The same: what is being written waits for room.
  mutable std::atomic<bool> waits_for_room{false};  ///< The same.
  std::function<bool()> goes_on;                    ///< Of the thread that commits.
  std::thread::id owner;                            ///< That thread.

  std::string instance;
  std::uint64_t epoch = 0;

  void note_read_error(const rocksdb::Status& status) const {
    const std::lock_guard lock(read_mutex);
    read_status = status;
  }

  /// Outside the batch, and not waited for: what is lost then is asked for again.
  [[nodiscard]] Result<void> write_aside(rocksdb::WriteBatch& rows) const {
    const std::shared_lock lock(db_mutex);
    const rocksdb::Status status =
        db == nullptr ? rocksdb::Status::NoSpace() : db->Write(rocksdb::WriteOptions(), &rows);
    return status.ok() ? Result<void>{}
                       : Result<void>(failure("cannot write the state to " + folder, status));
  }

  ~Impl() {
    {
      const std::lock_guard lock(writing_mutex);
      stops = true;
    }
    writing_changed.notify_all();
    if (writer.joinable()) {
      writer.join();
    }
  }

  Impl() = default;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  /// What was given to the other thread is as good as committed: readers see it, or wait. Others
  /// than who commits do not wait for room on the disk.
  void wait_for_writer() const {
    if (is_writing) {
      std::unique_lock lock(writing_mutex);
      if (std::this_thread::get_id() == owner) {
        wait_as_owner(lock, [this] { return !is_writing; });
      } else {
        writing_changed.wait(lock, [this] { return !is_writing || is_full; });
      }
    }
  }

  /// Of the thread that commits: `is_done` is asked under the mutex.
  template <typename IsDone>
  void wait_as_owner(std::unique_lock<std::mutex>& lock, const IsDone& is_done) const {
    while (!writing_changed.wait_for(lock, kFullPause, is_done)) {
      if (is_full && waits_for_room) {
        lock.unlock();
        const bool more = goes_on();
        lock.lock();
        if (!more) {
          give_up_locked();
        }
      }
    }
  }

  void give_up_locked() const {
    waits_for_room = false;
    writing_changed.notify_all();
  }

  /// The thread.
  void write_when_told() {
    std::unique_lock lock(writing_mutex);
    while (true) {
      writing_changed.wait(lock, [this] { return is_writing || stops; });
      if (!is_writing) {
        return;
      }
      lock.unlock();
      rocksdb::Status status = write_synced(being_written);
      while (status.IsNoSpace() && pause_for_room()) {
        status = has_room() ? write_anew() : status;
      }
      lock.lock();
      is_full = false;
      being_written.Clear();
      write_status = status;
      const std::function<void()> call = status.ok() ? std::move(done) : nullptr;
      done = nullptr;
      is_writing = false;
      is_telling = true;
      lock.unlock();
      writing_changed.notify_all();
      if (call) {
        call();
      }
      lock.lock();
      is_telling = false;
      writing_changed.notify_all();
    }
  }

  /// Of the thread that writes. False: nobody waits for room.
  bool pause_for_room() {
    std::unique_lock lock(writing_mutex);
    if (waits_for_room) {
      is_full = true;
      writing_changed.notify_all();
      writing_changed.wait_for(lock, kFullPause, [this] { return stops || !waits_for_room; });
    }
    return waits_for_room && !stops;
  }

  /// To open the database, which writes out what its log holds, and for what waits. To look costs
  /// less than to try.
  [[nodiscard]] bool has_room() const {
    std::error_code error;
    const fs::space_info space = fs::space(folder, error);
    return error || space.available > kRoomMin + 2 * being_written.GetDataSize();
  }

  /// Of the thread that writes. Who reads waits until it is open again.
  rocksdb::Status write_anew() {
    {
      const std::unique_lock alone(db_mutex);
      db.reset();
      rocksdb::Status opened = open_database(folder, Access::write, db);
      while (opened.IsNoSpace() && pause_for_room()) {
        opened = open_database(folder, Access::write, db);
      }
      if (!opened.ok()) {
        return opened;
      }
    }
    return write_synced(being_written);
  }

  [[nodiscard]] rocksdb::Status write_synced(rocksdb::WriteBatch& rows) const {
    rocksdb::WriteOptions options;
    options.sync = true;
    const std::shared_lock lock(db_mutex);
    return db->Write(options, &rows);
  }

  [[nodiscard]] Result<void> written() const {
    return write_status.ok()
               ? Result<void>{}
               : Result<void>(failure("cannot write the state to " + folder, write_status));
  }

  [[nodiscard]] std::optional<std::string> get(std::string_view key) const {
    wait_for_writer();
    std::string value;
    const std::shared_lock lock(db_mutex);
    const rocksdb::Status status = db == nullptr
                                       ? rocksdb::Status::NoSpace()
                                       : db->Get(rocksdb::ReadOptions(), slice(key), &value);
    if (!status.ok() && !status.IsNotFound()) {
      note_read_error(status);
    }
    return status.ok() ? std::optional(std::move(value)) : std::nullopt;
  }

  /// What every folder says of itself.
  Result<void> read_head(Access access) {
    const std::optional<std::string> format = get(kFormatKey);
    if (!read_status.ok()) {
      return failure(folder + " is damaged", read_status);
    }
    if (!format) {
      return access == Access::write ? make_head()
                                     : fail(ErrorCode::bad_state, folder + " holds no state");
    }
    StateReader from(*format);
    const std::uint64_t number = from.number();
    const std::string version(from.text());
    if (!from.is_done() || number != kStateFormat) {
      return fail(ErrorCode::bad_state,
                  "the state in " + folder + " is of format " + std::to_string(number) +
                      ", written by Spoor " + (version.empty() ? "of another version" : version) +
                      "; this is Spoor " SPOOR_VERSION ", which reads format " +
                      std::to_string(kStateFormat) + ": use that one, or another folder");
    }
    instance = get(kInstanceKey).value_or("");
    const std::optional<std::string> opened = get(kEpochKey);
    epoch = opened ? StateReader(*opened).number() : 0;
    return access == Access::write ? count_epoch() : Result<void>{};
  }

  Result<void> make_head() {
    instance = random_instance();
    const std::string format = StateWriter().number(kStateFormat).text(SPOOR_VERSION).bytes();
    batch.Put(slice(kFormatKey), slice(format));
    batch.Put(slice(kInstanceKey), slice(instance));
    return count_epoch();
  }

  Result<void> count_epoch() {
    ++epoch;
    batch.Put(slice(kEpochKey), slice(StateWriter().number(epoch).bytes()));
    return write();
  }

  Result<void> write() {
    write_status = write_synced(batch);
    batch.Clear();
    return written();
  }

  Result<void> write_later(std::function<void()> call) {
    std::unique_lock lock(writing_mutex);
    owner = std::this_thread::get_id();
    wait_as_owner(lock, [this] { return !is_writing; });
    if (!write_status.ok()) {
      return written();
    }
    if (!writer.joinable()) {
      writer = std::thread([this] { write_when_told(); });
    }
    std::swap(batch, being_written);
    done = std::move(call);
    is_writing = true;
    lock.unlock();
    writing_changed.notify_all();
    return {};
  }

  Result<void> wait() const {
    std::unique_lock lock(writing_mutex);
    wait_as_owner(lock, [this] { return !is_writing && !is_telling; });
    return written();
  }
};

StateStore::StateStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

StateStore::~StateStore() = default;

Result<std::unique_ptr<StateStore>> StateStore::open(const std::string& folder, Access access) {
  Result<void> usable = check_folder(folder, access);
  if (!usable) {
    return tl::unexpected<Error>(usable.error());
  }
  if (access == Access::write) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) {
      return fail(ErrorCode::io, "cannot make " + folder + ": " + error.message());
    }
    if (!fs::exists(fs::path(folder) / "CURRENT", error)) {
      const std::ofstream mark(fs::path(folder) / kBeingMade);
      if (!mark) {
        return fail(ErrorCode::io, "cannot write to " + folder);
      }
    }
  }
  auto impl = std::make_unique<Impl>();
  impl->folder = folder;
  const rocksdb::Status status = open_database(folder, access, impl->db);
  if (!status.ok()) {
    const bool is_locked = status.ToString().find("lock") != std::string::npos;
    return failure(
        is_locked ? folder + " is in use by another Spoor" : "cannot open the state in " + folder,
        status);
  }
  usable = impl->read_head(access);
  if (!usable) {
    return tl::unexpected<Error>(usable.error());
  }
  if (access == Access::write) {
    std::error_code ignored;
    fs::remove(fs::path(folder) / kBeingMade, ignored);
  }
  return std::unique_ptr<StateStore>(new StateStore(std::move(impl)));
}

void StateStore::put(std::string_view key, std::string_view value) {
  impl_->batch.Put(slice(key), slice(value));
}

void StateStore::erase(std::string_view key) {
  impl_->batch.Delete(slice(key));
}

void StateStore::erase_range(std::string_view from, std::string_view to) {
  impl_->batch.DeleteRange(slice(from), slice(to));
}

void StateStore::for_each(std::string_view prefix, const Look& look) const {
  impl_->wait_for_writer();
  rocksdb::ReadOptions options;
  options.readahead_size = kReadAheadBytes;
  options.fill_cache = false;
  const std::shared_lock lock(impl_->db_mutex);
  if (impl_->db == nullptr) {
    impl_->note_read_error(rocksdb::Status::NoSpace());
    return;
  }
  const std::unique_ptr<rocksdb::Iterator> at(impl_->db->NewIterator(options));
  for (at->Seek(slice(prefix)); at->Valid() && view(at->key()).starts_with(prefix); at->Next()) {
    if (!look(view(at->key()), view(at->value()))) {
      return;
    }
  }
  if (!at->status().ok()) {
    impl_->note_read_error(at->status());
  }
}

std::optional<std::string> StateStore::get(std::string_view key) const {
  return impl_->get(key);
}

std::optional<std::string> StateStore::last_key(std::string_view prefix) const {
  impl_->wait_for_writer();
  const std::shared_lock lock(impl_->db_mutex);
  if (impl_->db == nullptr) {
    impl_->note_read_error(rocksdb::Status::NoSpace());
    return std::nullopt;
  }
  const std::unique_ptr<rocksdb::Iterator> at(impl_->db->NewIterator(rocksdb::ReadOptions()));
  std::string behind(prefix);
  behind.append(32, '\xFF');
  at->SeekForPrev(slice(behind));
  return at->Valid() && view(at->key()).starts_with(prefix)
             ? std::optional(std::string(view(at->key())))
             : std::nullopt;
}

Result<void> StateStore::commit() {
  Result<void> given = impl_->write_later({});
  return given ? impl_->wait() : given;
}

Result<void> StateStore::commit_later(std::function<void()> done) {
  return impl_->write_later(std::move(done));
}

void StateStore::wait_for_room(std::function<bool()> goes_on) {
  const std::lock_guard lock(impl_->writing_mutex);
  impl_->goes_on = std::move(goes_on);
  impl_->waits_for_room = true;
}

bool StateStore::is_full() const {
  return impl_->is_full;
}

void StateStore::give_up() {
  const std::lock_guard lock(impl_->writing_mutex);
  impl_->give_up_locked();
}

Result<void> StateStore::wait() const {
  return impl_->wait();
}

Result<void> StateStore::read_error() const {
  const std::lock_guard lock(impl_->read_mutex);
  return impl_->read_status.ok()
             ? Result<void>{}
             : Result<void>(
                   failure("the state in " + impl_->folder + " is damaged", impl_->read_status));
}

Result<void> StateStore::put_aside(std::string_view key, std::string_view value) {
  rocksdb::WriteBatch row;
  row.Put(slice(key), slice(value));
  return impl_->write_aside(row);
}

Result<void> StateStore::erase_aside(std::string_view key) {
  rocksdb::WriteBatch row;
  row.Delete(slice(key));
  return impl_->write_aside(row);
}

const std::string& StateStore::instance() const {
  return impl_->instance;
}

std::uint64_t StateStore::epoch() const {
  return impl_->epoch;
}

}  // namespace spoor
