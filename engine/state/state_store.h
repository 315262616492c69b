// The state folder: what survives a restart, in RocksDB.
//
// All changes since the last commit() go into one batch, which is written as a whole, with fsync,
// or not at all. After a commit() that returned, a crash of the program or of the machine loses
// nothing of it. One thread changes and commits; others may read, and write aside.
//
// A folder has a format number. One of another format, a folder with something else in it and a
// damaged one are refused with a message that says which: an engine never starts empty where there
// was something.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/base/state_io.h"

namespace spoor {

/// Of what the rows are. Grows when a row of an older version could be misread.
inline constexpr std::uint64_t kStateFormat = 2;

/// 32 hex digits that no other state has: whose findings these are.
[[nodiscard]] std::string random_instance();

class StateStore final : public StateSink, public StateSource, public StateAside {
 public:
  enum class Access : std::uint8_t {
    write,  ///< The folder is made if it is not there. One at a time.
    read,   ///< Of what is there; beside a writer, too.
  };

  /// Told of what is no reason to fail, in any thread.
  using Warn = std::function<void(std::string_view)>;

  /// Fails with bad_state if what is there cannot be used or is less than what was committed, with
  /// io if the system refuses. What is refused is left as it is.
  [[nodiscard]] static Result<std::unique_ptr<StateStore>> open(const std::string& folder,
                                                                Access access,
                                                                Warn warn = {});
  ~StateStore() override;

  // StateSink: until commit() nobody sees any of it.
  void put(std::string_view key, std::string_view value) override;
  void erase(std::string_view key) override;
  void erase_range(std::string_view from, std::string_view to) override;

  // StateSource: what was committed, in any thread. A row that cannot be read is treated as the
  // end, and read_error() tells.
  void for_each(std::string_view prefix, const Look& look) const override;
  [[nodiscard]] std::optional<std::string> get(std::string_view key) const override;

  /// The last row that begins with the prefix.
  [[nodiscard]] std::optional<std::string> last_key(std::string_view prefix) const;

  /// Writes all changes since the last one, and waits until they are on disk. Fails with io: then
  /// nothing of them counts, and the store takes no more.
  [[nodiscard]] Result<void> commit();

  /// The same, but a thread of its own does the writing: `done` (may be empty) is called there when
  /// they are on disk, and is not called if it fails; the next call of either fails then. Waits for
  /// the commit before this one, so at most one is under way. Who reads meanwhile waits until it
  /// has ended.
  [[nodiscard]] Result<void> commit_later(std::function<void()> done);

  /// From now on a commit that finds no room on the disk does not fail: it is tried again, about
  /// once a second, until there is. Meanwhile is_full() says so, other threads read what was
  /// committed before, and what they write aside fails. The thread that commits, where it has to
  /// wait (for the next commit, for a row), calls `goes_on` as often; once that returns false the
  /// commit fails after all. It must not change or read the store.
  void wait_for_room(std::function<bool()> goes_on);

  /// A commit waits for room. From any thread.
  [[nodiscard]] bool is_full() const;

  /// No commit waits for room any more, now or later: it fails.
  void give_up();

  /// Until no commit is under way, and the `done` of the last has returned (so not to be called in
  /// one). Fails as the commit did.
  [[nodiscard]] Result<void> wait() const;

  [[nodiscard]] Result<void> read_error() const override;

  // StateAside.
  [[nodiscard]] Result<void> put_aside(std::string_view key, std::string_view value) override;
  [[nodiscard]] Result<void> erase_aside(std::string_view key) override;

  /// A random name, given when the folder was made: whose findings these are.
  [[nodiscard]] const std::string& instance() const;
  /// How often the folder was opened to be written.
  [[nodiscard]] std::uint64_t epoch() const;

 private:
  struct Impl;
  explicit StateStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace spoor
