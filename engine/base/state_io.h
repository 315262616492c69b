// What survives a restart, as keys and values: how the parts of the engine write what changed of
// them, and read it again. Who keeps it (engine/state) they need not know.
//
// Keys begin with a byte that tells the kind of row (StateRow) and sort by their bytes: numbers in
// them are big-endian, so that rows of one host, or of one stretch of time, lie together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/base/time.h"
#include "engine/base/uid.h"

namespace spoor {

/// The first byte of a key. A value is never given to another kind: state of an older version is
/// told by its format number (engine/state/state_store.h), not by what stands in it.
enum class StateRow : char {
  // A host, its processes and the hits at them.
  host = 'H',           ///< host → name, key, watermark.
  graph = 'G',          ///< host → counters of the graph.
  process = 'N',        ///< host, node → numbers.
  last_seen = 'L',      ///< host, block of nodes → when each was last seen.
  process_texts = 'T',  ///< host, node → texts.
  step_hit = 'S',       ///< host, node, feed, order → hit.
  step_total = 's',     ///< host, node, feed → hits seen, kept or not.
  pid_end = 'e',        ///< host, pid, time, image → nothing.
  pid_actor = 'B',      ///< host, event of a bare pid → who did it.
  lineage_due = 'D',    ///< host, time, correlation, place → nothing.
  told_lineage = 'O',   ///< host, correlation, place → uid of the finding told.
  identity = 'I',       ///< host key → names, starts, whose machine it is.
  // What is kept of events.
  kept_event = 'E',     ///< number → event.
  plain_hit = 'P',      ///< rule, order → hit, uid of the finding told.
  window_event = 'W',   ///< order → event with its hits.
  fired = 'Y',          ///< time, rule, group → nothing.
  waiting = 'V',        ///< event → record.
  waiting_rules = 'v',  ///< event → rules that wait, and those that held.
  recent_events = 'U',  ///< number → uids.
  // Of which there is one.
  correlator = 'C',
  windows = 'w',
  feeds = 'F',
  accounting = 'A',
  recent = 'r',
  // Findings.
  told = 'u',               ///< uid → what was told last.
  finding = 'f',            ///< sequence → message.
  heads = 'h',              ///< The last sequence numbers.
  finding_index = 'x',      ///< uid → sequence of its last revision, kept or not.
  forgotten_finding = 'y',  ///< sequence → uid, when it was stored: its last revision, not kept.
  position = 'X',           ///< Where the inputs of a replay were read to.
  input = 'i',              ///< input, … → how far `spoor run` has read it.
  // Of the bus: written aside.
  published = 'p',  ///< The last finding that went out; 'g', kind → total of gaps told.
  consumer = 'c',   ///< name → how far it has come.
};

/// Takes what changed. Nothing of it counts before all of it was committed.
class StateSink {
 public:
  StateSink() = default;
  virtual ~StateSink() = default;
  StateSink(const StateSink&) = delete;
  StateSink& operator=(const StateSink&) = delete;

  virtual void put(std::string_view key, std::string_view value) = 0;
  virtual void erase(std::string_view key) = 0;
  /// All keys from `from` on that are less than `to`.
  virtual void erase_range(std::string_view from, std::string_view to) = 0;

  /// All keys that begin with it.
  void erase_prefix(std::string_view prefix);
};

/// Gives what was committed.
class StateSource {
 public:
  StateSource() = default;
  virtual ~StateSource() = default;
  StateSource(const StateSource&) = delete;
  StateSource& operator=(const StateSource&) = delete;

  /// Calls `look(key, value)` for all keys that begin with it, ascending. Views are valid during
  /// the call. Stops when `look` says false.
  using Look = std::function<bool(std::string_view key, std::string_view value)>;
  virtual void for_each(std::string_view prefix, const Look& look) const = 0;
  [[nodiscard]] virtual std::optional<std::string> get(std::string_view key) const = 0;

  /// What went wrong when something was read; empty if nothing did. A row that cannot be read is
  /// else not there.
  [[nodiscard]] virtual Result<void> read_error() const { return {}; }
};

/// Rows that do not belong to the commits: how far readers have come. Each counts at once and
/// outlives the process; the machine's crash may lose the last of them. From any thread.
class StateAside {
 public:
  StateAside() = default;
  virtual ~StateAside() = default;
  StateAside(const StateAside&) = delete;
  StateAside& operator=(const StateAside&) = delete;

  [[nodiscard]] virtual Result<void> put_aside(std::string_view key, std::string_view value) = 0;
  [[nodiscard]] virtual Result<void> erase_aside(std::string_view key) = 0;
};

/// Bytes of a key or a value, one item behind the other.
class StateWriter {
 public:
  StateWriter() = default;

  explicit StateWriter(StateRow row) { bytes_.push_back(static_cast<char>(row)); }

  /// For values: seven bits a byte.
  StateWriter& number(std::uint64_t value);
  StateWriter& time(Timestamp value);
  StateWriter& text(std::string_view value);

  StateWriter& flag(bool value) { return number(value ? 1 : 0); }

  StateWriter& uid(const Uid& value);

  /// For keys: they sort as the numbers do.
  StateWriter& key_byte(unsigned value);
  StateWriter& key32(std::uint32_t value);
  StateWriter& key64(std::uint64_t value);
  StateWriter& key_time(Timestamp value);
  StateWriter& raw(std::string_view value);

  [[nodiscard]] const std::string& bytes() const { return bytes_; }

  [[nodiscard]] bool empty() const { return bytes_.empty(); }

  void clear() { bytes_.clear(); }

 private:
  std::string bytes_;
};

/// Reads what a StateWriter wrote. Beyond the end, or where something else stands, everything is 0
/// or empty and ok() is false: ask at the end.
class StateReader {
 public:
  explicit StateReader(std::string_view bytes) : rest_(bytes) {}

  std::uint64_t number();
  /// A number of at most `max`, which is otherwise not ok().
  std::uint64_t number_to(std::uint64_t max);
  Timestamp time();
  std::string_view text();

  bool flag() { return number_to(1) != 0; }

  Uid uid();

  unsigned key_byte();
  std::uint32_t key32();
  std::uint64_t key64();
  Timestamp key_time();
  std::string_view raw(std::size_t size);
  std::string_view rest();

  /// Nothing was wrong so far.
  [[nodiscard]] bool ok() const { return ok_; }

  /// Nothing was wrong and nothing is left.
  [[nodiscard]] bool is_done() const { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace spoor
