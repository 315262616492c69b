#include "ingest/file_ledger.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <ios>

#include "engine/base/uid.h"

namespace spoor {
namespace {

constexpr std::size_t kHeadBytes = 4'096;

}  // namespace

bool read_head(const std::string& path, std::uint64_t size, FileEntry& entry) {
  std::array<char, kHeadBytes> head{};
  const std::size_t wanted = size == 0 ? head.size() : std::min<std::size_t>(head.size(), size);
  std::ifstream file(path, std::ios::binary);
  file.read(head.data(), static_cast<std::streamsize>(wanted));
  const auto count = static_cast<std::size_t>(file.gcount());
  if (!file && !file.eof()) {
    return false;
  }
  entry.head_size = count;
  entry.head_hash =
      count == 0 ? 0 : UidBuilder().add(std::string_view(head.data(), count)).finish().low;
  return true;
}

std::string FileLedger::key(std::string_view path) const {
  // The name of an input holds no NUL.
  return StateWriter(StateRow::input)
      .raw(input_)
      .key_byte(0)
      .raw("file")
      .key_byte(0)
      .raw(path)
      .bytes();
}

void FileLedger::load(const StateSource& state) {
  const std::string prefix = key("");
  state.for_each(prefix, [&](std::string_view row, std::string_view value) {
    StateReader from(value);
    FileEntry entry;
    entry.look.size = from.number();
    entry.look.changed_ns = from.time();
    entry.head_size = from.number();
    entry.head_hash = from.key64();
    entry.records = from.number();
    entry.is_done = from.flag();
    entry.has_failed = from.flag();
    if (from.is_done()) {
      entries_[std::string(row.substr(prefix.size()))] = entry;
    }
    return true;
  });
}

const FileEntry* FileLedger::find(std::string_view path) const {
  const auto found = entries_.find(path);
  return found == entries_.end() ? nullptr : &found->second;
}

IngestBatch::Mark FileLedger::mark(std::string_view path, const FileEntry& entry) const {
  StateWriter value;
  value.number(entry.look.size)
      .time(entry.look.changed_ns)
      .number(entry.head_size)
      .key64(entry.head_hash)
      .number(entry.records)
      .flag(entry.is_done)
      .flag(entry.has_failed);
  return {.key = key(path), .value = value.bytes()};
}

IngestBatch::Mark FileLedger::gone(std::string_view path) const {
  return {.key = key(path), .value = ""};
}

}  // namespace spoor
