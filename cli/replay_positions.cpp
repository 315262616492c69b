#include "cli/replay_positions.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <functional>
#include <ios>
#include <utility>

#include "engine/base/uid.h"

namespace spoor {
namespace {

constexpr std::uint64_t kMarkBytes = 4096;
constexpr std::uint64_t kFilesMax = 1U << 24U;

/// The row's first version began with the sequence number of a finding, which is never 0. One that
/// begins with 0 says its version next; it is no flag, so that who knows the first version only
/// takes the row for damaged, and reads everything.
constexpr std::uint64_t kVersion = 2;

}  // namespace

ReplayPositions::Mark ReplayPositions::mark_of(const std::string& path, std::uint64_t bytes) {
  std::array<char, kMarkBytes> head{};
  std::ifstream file(path, std::ios::binary);
  file.read(head.data(), static_cast<std::streamsize>(std::min(bytes, kMarkBytes)));
  const auto size = static_cast<std::size_t>(file.gcount());
  if (size == 0) {
    return {};
  }
  return {.hash = UidBuilder().add(std::string_view(head.data(), size)).finish().low,
          .bytes = size};
}

ReplayPositions::File ReplayPositions::unread(const InputFile& file) {
  File unread;
  unread.mark = mark_of(file.path, kMarkBytes);
  unread.bytes = file.bytes;
  return unread;
}

ReplayPositions::ReplayPositions(const std::vector<InputFile>& files, std::uint64_t first_finding)
    : first_finding_(first_finding) {
  for (const InputFile& file : files) {
    File& now = files_[file.path] = unread(file);
    inputs_.push_back({.file = &now, .tail_before = {}});
  }
}

ReplayPositions::File ReplayPositions::read_first_version(StateReader& from) {
  File file;
  // Or of all its bytes, where those were fewer: such a file is another if it has grown since.
  file.mark = {.hash = from.key64(), .bytes = kMarkBytes};
  // How long it was when it was done was not kept, nor that it failed: it is looked through again.
  static_cast<void>(from.flag());
  if (from.flag()) {
    file.settled = from.number();
  }
  return file;
}

ReplayPositions::File ReplayPositions::read_file(StateReader& from) {
  const auto stretch = [&from] {
    Stretch read;
    read.offset = from.number();
    read.size = from.number();
    read.is_bad = from.flag();
    return read;
  };
  File file;
  file.mark.hash = from.key64();
  file.mark.bytes = from.number_to(kMarkBytes);
  file.bytes = from.number();
  file.is_done = from.flag();
  if (from.flag()) {
    file.settled = from.number();
  }
  if (from.flag()) {
    Tail tail;
    tail.first = stretch();
    tail.last = stretch();
    file.tail = tail;
  }
  return file;
}

std::optional<ReplayPositions> ReplayPositions::restore(const StateSource& source) {
  const std::optional<std::string> bytes = source.get(StateWriter(StateRow::position).bytes());
  if (!bytes) {
    return std::nullopt;
  }
  StateReader from(*bytes);
  ReplayPositions positions;
  positions.first_finding_ = from.number();
  const bool is_first_version = positions.first_finding_ != 0;
  if (!is_first_version) {
    if (from.number() != kVersion) {
      return std::nullopt;
    }
    positions.first_finding_ = from.number();
  }
  positions.is_finished_ = from.flag();
  if (!is_first_version && from.flag()) {
    DeadLettersWritten& letters = positions.dead_letters.emplace();
    letters.path = from.text();
    letters.bytes = from.number();
  }
  for (std::uint64_t left = from.number_to(kFilesMax); left > 0 && from.ok(); --left) {
    const std::string path(from.text());
    positions.files_[path] = is_first_version ? read_first_version(from) : read_file(from);
  }
  return from.is_done() ? std::optional(std::move(positions)) : std::nullopt;
}

void ReplayPositions::write_file(StateWriter& to, const File& file) {
  to.key64(file.mark.hash).number(file.mark.bytes).number(file.bytes).flag(file.is_done);
  to.flag(file.settled.has_value());
  if (file.settled) {
    to.number(*file.settled);
  }
  to.flag(file.tail.has_value());
  if (file.tail) {
    for (const Stretch& stretch : {file.tail->first, file.tail->last}) {
      to.number(stretch.offset).number(stretch.size).flag(stretch.is_bad);
    }
  }
}

void ReplayPositions::save(StateSink& sink) const {
  StateWriter value;
  value.number(0).number(kVersion).number(first_finding_).flag(is_finished_);
  value.flag(dead_letters.has_value());
  if (dead_letters) {
    value.text(dead_letters->path).number(dead_letters->bytes);
  }
  value.number(files_.size());
  for (const auto& [path, file] : files_) {
    write_file(value.text(path), file);
  }
  sink.put(StateWriter(StateRow::position).bytes(), value.bytes());
}

std::vector<InputFile> ReplayPositions::go_on(const std::vector<InputFile>& files,
                                              std::vector<std::string>& changed) {
  std::vector<InputFile> left;
  inputs_.clear();
  if (std::exchange(is_finished_, false)) {
    dead_letters.reset();  // Nothing was added since: what lies behind is not ours to cut off.
  }
  for (const InputFile& file : files) {
    const auto [known, is_new] = files_.try_emplace(file.path);
    File& now = known->second;
    if (is_new) {
      now = unread(file);
    } else if (file.bytes < now.bytes || mark_of(file.path, now.mark.bytes).hash != now.mark.hash) {
      changed.push_back(file.path);
      now = unread(file);
    }
    if (now.is_done && file.bytes == now.bytes) {
      continue;
    }
    now.mark = mark_of(file.path, kMarkBytes);
    now.bytes = file.bytes;
    now.is_done = false;
    left.push_back(file);
    inputs_.push_back({.file = &now, .tail_before = now.tail});
  }
  return left;
}

bool ReplayPositions::comes_again(Input& input, const SeenRecord& record) {
  if (!input.tail_before) {
    return false;
  }
  const auto& [first, last] = *input.tail_before;
  const Stretch now{.offset = record.position.offset, .size = record.size, .is_bad = record.is_bad};
  if (now == first) {
    // What was torn by the end, and is bad for another reason now, is another bad record.
    input.is_tail_same = record.is_open;
    return record.is_open || !record.is_bad;
  }
  // If the first is open again, what followed it is told again as it was, but for the last.
  return input.is_tail_same && (now.offset < last.offset || now == last);
}

bool ReplayPositions::pass(const SeenRecord& record) {
  Input& input = inputs_[record.position.input];
  File& file = *input.file;
  const std::uint64_t offset = record.position.offset;
  if (file.settled && offset <= *file.settled) {
    return true;
  }
  const bool was_taken = comes_again(input, record);
  if (!record.is_open) {
    file.settled = offset;
    file.tail.reset();
    return was_taken;
  }
  const Stretch open{.offset = offset, .size = record.size, .is_bad = record.is_bad};
  if (!std::exchange(input.has_met_end, true) || !file.tail) {
    file.tail = Tail{.first = open, .last = open};
  }
  file.tail->last = open;
  return was_taken;
}

void ReplayPositions::end_file(std::uint32_t input, const FileEnd& end) {
  File& file = *inputs_[input].file;
  file.is_done = !end.has_failed;
  if (file.is_done) {
    file.bytes = end.raw_bytes;
  }
}

}  // namespace spoor
