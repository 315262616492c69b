#include "ingest/pulled_input.h"

#include <chrono>
#include <utility>

#include "ingest/json_splitter.h"

namespace spoor {
namespace {

constexpr std::chrono::milliseconds kWait{100};

}  // namespace

PulledInput::PulledInput(IngestQueue& queue, PulledInputSettings settings)
    : queue_(queue), settings_(std::move(settings)) {}

PulledInput::~PulledInput() = default;

void PulledInput::start() {
  thread_ = std::thread([this] { run(); });
}

void PulledInput::end() {
  stop_taking();
  if (thread_.joinable()) {
    thread_.join();
  }
}

bool PulledInput::hand_over(IngestBatch batch, const std::function<void()>& meanwhile) {
  if (batch.records.empty() && batch.marks.empty()) {
    return true;
  }
  batch.input = settings_.number;
  batch.seal();
  std::uint64_t bad = 0;
  for (const IngestBatch::Record& record : batch.records) {
    bad += record.is_bad ? 1U : 0U;
  }
  const std::uint64_t good = batch.records.size() - bad;
  bool was_full = false;
  while (true) {
    switch (queue_.push(batch, kWait)) {
      case IngestQueue::Pushed::yes:
        counters_.records += good;
        counters_.bad_records += bad;
        return true;
      case IngestQueue::Pushed::closed: return false;
      case IngestQueue::Pushed::full: break;
    }
    counters_.stalls += std::exchange(was_full, true) ? 0U : 1U;
    if (meanwhile) {
      meanwhile();
    }
  }
}

void add_records(std::string_view text, IngestBatch& into) {
  JsonSplitter splitter({}, JsonSplitter::Arrays::split);
  splitter.push(text, into);
  splitter.finish(StreamEnd::closed, into);
}

void add_message(std::string_view message, IngestBatch& into) {
  const std::size_t begin = message.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) {
    return;
  }
  const char first = message[begin];
  if (first != '{' && first != '[' && first != '<') {
    const std::size_t brace = message.find('{');
    message.remove_prefix(brace == std::string_view::npos ? 0 : brace);
  }
  add_records(message, into);
}

}  // namespace spoor
