#include "cli/replay_positions.h"

#include <array>
#include <fstream>
#include <ios>
#include <utility>

#include "engine/base/uid.h"

namespace spoor {
namespace {

constexpr std::size_t kMarkBytes = 4096;
constexpr std::uint64_t kFilesMax = 1U << 24U;

}  // namespace

std::uint64_t file_mark(const std::string& path) {
  std::array<char, kMarkBytes> head{};
  std::ifstream file(path, std::ios::binary);
  file.read(head.data(), static_cast<std::streamsize>(head.size()));
  const auto size = static_cast<std::size_t>(file.gcount());
  return size == 0 ? 0 : UidBuilder().add(std::string_view(head.data(), size)).finish().low;
}

ReplayPositions::ReplayPositions(const std::vector<InputFile>& files, std::uint64_t first_finding)
    : first_finding_(first_finding) {
  for (const InputFile& file : files) {
    files_[file.path] = {.mark = file_mark(file.path), .is_done = false, .last_record = {}};
    inputs_.push_back(file.path);
  }
}

std::optional<ReplayPositions> ReplayPositions::restore(const StateSource& source) {
  const std::optional<std::string> bytes = source.get(StateWriter(StateRow::position).bytes());
  if (!bytes) {
    return std::nullopt;
  }
  StateReader from(*bytes);
  ReplayPositions positions;
  positions.first_finding_ = from.number();
  positions.is_finished_ = from.flag();
  for (std::uint64_t left = from.number_to(kFilesMax); left > 0 && from.ok(); --left) {
    File& file = positions.files_[std::string(from.text())];
    file.mark = from.key64();
    file.is_done = from.flag();
    if (from.flag()) {
      file.last_record = from.number();
    }
  }
  return from.is_done() ? std::optional(std::move(positions)) : std::nullopt;
}

void ReplayPositions::save(StateSink& sink) const {
  StateWriter value;
  value.number(first_finding_).flag(is_finished_).number(files_.size());
  for (const auto& [path, file] : files_) {
    value.text(path).key64(file.mark).flag(file.is_done).flag(file.last_record.has_value());
    if (file.last_record) {
      value.number(*file.last_record);
    }
  }
  sink.put(StateWriter(StateRow::position).bytes(), value.bytes());
}

std::vector<InputFile> ReplayPositions::go_on(const std::vector<InputFile>& files,
                                              std::vector<std::string>& changed) {
  std::vector<InputFile> left;
  inputs_.clear();
  is_finished_ = false;
  input_ = 0;
  pass_by_.reset();
  for (const InputFile& file : files) {
    const std::uint64_t mark = file_mark(file.path);
    const auto known = files_.find(file.path);
    if (known != files_.end() && known->second.mark != mark) {
      changed.push_back(file.path);
      known->second = {.mark = mark, .is_done = false, .last_record = {}};
    } else if (known == files_.end()) {
      files_[file.path] = {.mark = mark, .is_done = false, .last_record = {}};
    }
    const File& now = files_[file.path];
    if (now.is_done) {
      continue;
    }
    if (left.empty()) {
      pass_by_ = now.last_record;
    }
    left.push_back(file);
    inputs_.push_back(file.path);
  }
  return left;
}

bool ReplayPositions::is_taken(const RecordPosition& position) const {
  return position.input == 0 && pass_by_ && position.offset <= *pass_by_;
}

void ReplayPositions::taken(const RecordPosition& position) {
  for (; input_ < position.input; ++input_) {
    files_[inputs_[input_]].is_done = true;
  }
  files_[inputs_[input_]].last_record = position.offset;
}

void ReplayPositions::finished() {
  for (const std::string& path : inputs_) {
    files_[path].is_done = true;
  }
  is_finished_ = true;
}

}  // namespace spoor
