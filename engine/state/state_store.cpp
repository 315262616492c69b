#include "engine/state/state_store.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdarg>
#include <cstring>
#include <filesystem>
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
#include <rocksdb/memtablerep.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include "engine/base/uid.h"
#include "engine/state/commit_mark.h"
#include "engine/state/state_folder.h"

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
  options.max_open_files = kOpenFilesMax;
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

tl::unexpected<Error> failure(const std::string& what, const rocksdb::Status& status) {
  // A file that is not there was lost: RocksDB knows its files.
  const bool is_damage =
      status.IsCorruption() || status.IsNotSupported() || status.IsPathNotFound();
  return fail(is_damage ? ErrorCode::bad_state : ErrorCode::io, what + ": " + status.ToString());
}

/// Only another writer that lives holds the file LOCK; that it cannot be opened is another matter.
bool is_in_use(const rocksdb::Status& status) {
  const std::string text = status.ToString();
  return text.find("lock hold by current process") != std::string::npos ||
         (text.find("hile lock file") != std::string::npos &&
          text.find(std::generic_category().message(EAGAIN)) != std::string::npos);
}

/// For a message: what there is of the database's log.
std::string logs_in(const std::string& folder) {
  std::vector<std::string> logs;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().extension() == ".log") {
      logs.push_back(entry.path().filename().string() + " of " +
                     std::to_string(entry.file_size(ignored)) + " bytes");
    }
  }
  std::ranges::sort(logs);
  std::string text;
  for (const std::string& log : logs) {
    text += (text.empty() ? "there is " : ", ") + log;
  }
  return text.empty() ? "there is none" : text;
}

tl::unexpected<Error> loss(const std::string& folder, const std::string& what) {
  return fail(ErrorCode::bad_state,
              "the state in " + folder + " is damaged: " + what +
                  ". The log of its database (*.log; " + logs_in(folder) +
                  ") is missing, cut or damaged: put the folder back from a copy, or give another");
}

/// Is what was committed there? `mark`: read before the database was opened.
Result<void> check_whole(const std::string& folder,
                         rocksdb::DB& db,
                         std::optional<std::uint64_t> mark) {
  const std::uint64_t latest = db.GetLatestSequenceNumber();
  if (mark && latest < *mark) {
    return loss(folder, "it ends at change " + std::to_string(latest) + ", but change " +
                            std::to_string(*mark) + " was committed");
  }
  if (mark) {
    return {};
  }
  std::string format;
  const rocksdb::Status status = db.Get(rocksdb::ReadOptions(), slice(kFormatKey), &format);
  if (status.IsNotFound() && !is_being_made(folder)) {
    return loss(folder, "it does not say what it holds");
  }
  return {};
}

struct OpenedToRead {
  std::unique_ptr<rocksdb::DB> db;
  rocksdb::Status status;  ///< Of RocksDB, and whole says nothing if it is not ok.
  Result<void> whole;
};

/// A writer may remove files between our learning of them and our opening them, or our looking for
/// them: what is not there, or not whole, is looked at again.
OpenedToRead open_to_read(const std::string& folder, const rocksdb::Options& options) {
  constexpr int kAttempts = 5;
  constexpr std::chrono::milliseconds kPause{50};
  const CommitMark mark(folder);
  OpenedToRead opened;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const Result<std::optional<std::uint64_t>> marked = mark.read();
    rocksdb::DB* db = nullptr;
    opened.status = rocksdb::DB::OpenForReadOnly(options, folder, &db);
    opened.db.reset(opened.status.ok() ? db : nullptr);
    if (opened.status.ok()) {
      opened.whole = check_whole(folder, *db, marked.value_or(std::nullopt));
    }
    const bool may_be_a_race =
        opened.status.ok() ? !opened.whole.has_value()
                           : opened.status.ToString().find("No such file") != std::string::npos;
    if (!may_be_a_race) {
      break;
    }
    std::this_thread::sleep_for(kPause);
  }
  return opened;
}

rocksdb::Options options_to_read() {
  rocksdb::Options options = options_for(StateStore::Access::read);
  options.max_open_files = -1;  // All at once: the writer beside it may remove them.
  return options;
}

/// Only to be asked how far the log goes: its rows need no order.
rocksdb::Options options_to_look() {
  rocksdb::Options options = options_for(StateStore::Access::read);
  options.memtable_factory = std::make_shared<rocksdb::VectorRepFactory>();
  return options;
}

rocksdb::Status open_to_write(const std::string& folder, std::unique_ptr<rocksdb::DB>& into) {
  rocksdb::DB* db = nullptr;
  rocksdb::Status status = rocksdb::DB::Open(options_for(StateStore::Access::write), folder, &db);
  into.reset(status.ok() ? db : nullptr);
  return status;
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
  explicit Impl(std::string where, Warn told)
      : folder(std::move(where)), warn(std::move(told)), mark(folder) {}

  std::string folder;
  Warn warn;  ///< May be empty.
  /// Held shared by whoever uses `db`, alone while it is opened anew.
  mutable std::shared_mutex db_mutex;
  std::unique_ptr<rocksdb::DB> db;  ///< Null only if that was given up.
  /// Of the numbers of changes. What is written aside is not synced: between a commit and our
  /// asking for its number none of it may get one. Taken after db_mutex.
  mutable std::mutex order_mutex;
  CommitMark mark;
  std::uint64_t marked = 0;  ///< What was committed last.
  bool cannot_mark = false;  ///< Told once.
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
    const std::lock_guard order(order_mutex);
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
      rocksdb::Status opened = open_to_write(folder, db);
      while (opened.IsNoSpace() && pause_for_room()) {
        opened = open_to_write(folder, db);
      }
      if (opened.ok() && db->GetLatestSequenceNumber() < marked) {
        opened = rocksdb::Status::Corruption("what was committed is missing");
      }
      if (!opened.ok()) {
        return opened;
      }
    }
    return write_synced(being_written);
  }

  [[nodiscard]] rocksdb::Status write_synced(rocksdb::WriteBatch& rows) {
    rocksdb::WriteOptions options;
    options.sync = true;
    const std::shared_lock lock(db_mutex);
    {
      const std::lock_guard order(order_mutex);
      rocksdb::Status status = db->Write(options, &rows);
      if (!status.ok()) {
        return status;
      }
      marked = db->GetLatestSequenceNumber();
    }
    note_mark();
    return rocksdb::Status::OK();
  }

  /// That it fails loses nothing but the means to notice a loss.
  void note_mark() {
    const Result<void> written = mark.write(marked);
    if (!written && !cannot_mark) {
      tell(written.error().message + ": should the log of the state be cut, that goes unnoticed");
    }
    cannot_mark = !written;
  }

  void tell(const std::string& what) const {
    if (warn) {
      warn(what);
    }
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

  [[nodiscard]] Result<void> open_to_be_read() {
    Result<void> usable = check_state_folder(folder);
    if (!usable) {
      return usable;
    }
    OpenedToRead opened = open_to_read(folder, options_to_read());
    if (!opened.status.ok()) {
      return failure("cannot open the state in " + folder, opened.status);
    }
    db = std::move(opened.db);
    return opened.whole;
  }

  /// Looks at what is there before it is opened to be written: that makes tables of the log, and
  /// removes it.
  [[nodiscard]] Result<void> open_to_be_written() {
    Result<void> usable = make_state_folder(folder);
    if (!usable) {
      return usable;
    }
    const Result<std::optional<std::uint64_t>> before = mark.read();
    if (!before) {
      tell(before.error().message +
           ", and made anew: whether the state is whole cannot be checked this once");
    }
    if (has_database(folder)) {
      const OpenedToRead seen = open_to_read(folder, options_to_look());
      if (seen.status.ok() && !seen.whole) {
        return seen.whole;
      }
    }
    const rocksdb::Status status = open_to_write(folder, db);
    if (!status.ok()) {
      return failure(is_in_use(status) ? folder + " is in use by another Spoor"
                                       : "cannot open the state in " + folder,
                     status);
    }
    return check_whole(folder, *db, before.value_or(std::nullopt));
  }

  /// What every folder says of itself.
  Result<void> read_head(Access access) {
    const std::optional<std::string> format = get(kFormatKey);
    if (!read_status.ok()) {
      return failure(folder + " is damaged", read_status);
    }
    if (!format && is_being_made(folder)) {
      return access == Access::write ? make_head()
                                     : fail(ErrorCode::bad_state, folder + " holds no state");
    }
    if (!format) {
      return loss(folder, "it does not say what it holds");
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

Result<std::unique_ptr<StateStore>> StateStore::open(const std::string& folder,
                                                     Access access,
                                                     Warn warn) {
  auto impl = std::make_unique<Impl>(folder, std::move(warn));
  Result<void> opened =
      access == Access::write ? impl->open_to_be_written() : impl->open_to_be_read();
  if (opened) {
    opened = impl->read_head(access);
  }
  if (!opened) {
    return tl::unexpected<Error>(opened.error());
  }
  if (access == Access::write) {
    state_folder_is_made(folder);
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
