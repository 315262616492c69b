#include "ingest/live_engine.h"

#include <algorithm>
#include <utility>

#include "engine/finding/render.h"

namespace spoor {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

}  // namespace

LiveEngine::LiveEngine(Pipeline& pipeline,
                       StateStore& store,
                       FindingStore findings,
                       IngestQueue& queue,
                       const Clock& clock,
                       std::size_t inputs,
                       LiveOptions options)
    : pipeline_(pipeline),
      store_(store),
      findings_(std::move(findings)),
      queue_(queue),
      clock_(clock),
      options_(options),
      lines_(inputs, 0),
      committed_at_(clock.monotonic()) {
  counters_.inputs.resize(inputs);
}

LiveEngine::~LiveEngine() {
  static_cast<void>(store_.wait());
  for (const std::function<void(bool)>& answer : *answers_) {
    answer(false);
  }
}

Result<void> LiveEngine::turn() {
  const nanoseconds since = clock_.monotonic() - committed_at_;
  const nanoseconds left =
      std::clamp(options_.committed_after - since, nanoseconds(0), options_.committed_after);
  const bool waits = counters_.uncommitted == 0;
  std::optional<IngestBatch> batch =
      queue_.pop(waits ? std::chrono::duration_cast<milliseconds>(options_.committed_after)
                       : std::chrono::duration_cast<milliseconds>(left) + milliseconds(1));
  if (batch) {
    if (Result<void> taken = take(*batch); !taken) {
      return taken;
    }
  }
  return is_due() ? commit() : Result<void>{};
}

Result<void> LiveEngine::drain() {
  while (std::optional<IngestBatch> batch = queue_.pop(milliseconds(0))) {
    Result<void> taken = take(*batch);
    if (taken && is_due()) {
      taken = commit();
    }
    if (!taken) {
      return taken;
    }
  }
  Result<void> committed = commit();
  return committed ? store_.wait() : committed;
}

Result<void> LiveEngine::take(IngestBatch& batch) {
  if (options_.recorder != nullptr) {
    options_.recorder->add(batch);
  }
  InputCounters& counters = counters_.inputs[batch.input];
  ++counters.batches;
  counters.records += batch.records.size();
  // Not of batch.bytes, which holds newlines and padding of our own.
  for (const IngestBatch::Record& record : batch.records) {
    counters.bytes += record.length;
  }
  if (Result<void> taken = take_records(batch); !taken) {
    if (batch.done) {
      answers_->push_back(std::move(batch.done));
    }
    return taken;
  }
  counters_.applied.add(clock_.monotonic() - batch.arrived_at, batch.records.size());
  for (const IngestBatch::Mark& mark : batch.marks) {
    if (mark.value.empty()) {
      store_.erase(mark.key);
    } else {
      store_.put(mark.key, mark.value);
    }
  }
  has_marks_ = has_marks_ || !batch.marks.empty();
  if (batch.done) {
    answers_->push_back(std::move(batch.done));
  }
  return {};
}

/// A batch may be of millions of records. Commits are made within it, though its marks and its
/// answer wait for its end: who sends it again because it ended in between sends duplicates.
Result<void> LiveEngine::take_records(const IngestBatch& batch) {
  RecordPosition position;
  position.input = static_cast<decltype(position.input)>(batch.input);
  position.received = batch.received_at;
  untold_since_ = std::min(untold_since_, batch.arrived_at);
  for (const IngestBatch::Record& record : batch.records) {
    const std::string_view text =
        std::string_view(batch.bytes).substr(record.offset, record.length);
    position.line = ++lines_[batch.input];
    position.offset = record.offset;
    if (record.is_bad) {
      pipeline_.take_bad({record.code, "from " + batch.peer}, text, position);
    } else {
      pipeline_.take(text, position);
    }
    ++counters_.uncommitted;
    if (++untold_ >= options_.told_every) {
      tell();
      untold_since_ = batch.arrived_at;
    }
    if (counters_.uncommitted >= options_.committed_every && &record != &batch.records.back()) {
      if (Result<void> committed = commit(); !committed) {
        return committed;
      }
      untold_since_ = batch.arrived_at;
      if (on_pause_) {
        on_pause_();
      }
    }
  }
  return {};
}

void LiveEngine::tell() {
  untold_ = 0;
  const nanoseconds since = std::exchange(untold_since_, nanoseconds::max());
  const std::vector<Finding> told = pipeline_.updates();
  for (const Finding& finding : told) {
    findings_.add(finding, render_ocsf(finding), clock_.wall());
    count(finding);
    has_news_ = true;
  }
  // What follows from no record, but from other rules, nobody waits for.
  if (!told.empty() && since != nanoseconds::max()) {
    news_.push_back({.since = since, .findings = told.size()});
  }
}

void LiveEngine::count(const Finding& finding) {
  ++counters_.findings;
  auto& of_rules = counters_.findings_of_rules;
  const std::pair key(finding.rule.id, finding.level);
  const auto known = of_rules.find(key);
  if (known != of_rules.end()) {
    ++known->second;
    return;
  }
  ++of_rules[of_rules.size() < kCountedRulesMax ? key : std::pair("(other)", finding.level)];
}

LatencyHistogram LiveEngine::told_latency() const {
  const std::lock_guard lock(told_->mutex);
  return told_->histogram;
}

bool LiveEngine::is_due() const {
  return has_news_ || counters_.uncommitted >= options_.committed_every ||
         ((counters_.uncommitted > 0 || has_marks_) &&
          clock_.monotonic() - committed_at_ >= options_.committed_after);
}

Result<void> LiveEngine::commit() {
  constexpr Duration kForgottenEvery = Duration{60} * kNanosPerSecond;
  if (options_.recorder != nullptr) {
    if (Result<void> recorded = options_.recorder->flush(); !recorded) {
      return recorded;
    }
  }
  const Timestamp now = clock_.wall();
  if (now - forgot_at_ >= kForgottenEvery) {
    forgot_at_ = now;
    findings_.forget({}, now);
  }
  tell();
  pipeline_.save();
  std::shared_ptr<Answers> answers = std::exchange(answers_, std::make_shared<Answers>());
  Result<void> given = store_.commit_later([answers, after = after_commit_, told = told_,
                                            news = std::exchange(news_, {}), &clock = clock_] {
    if (after) {
      after();
    }
    if (!news.empty()) {
      const nanoseconds time = clock.monotonic();
      const std::lock_guard lock(told->mutex);
      for (const News& some : news) {
        told->histogram.add(time - some.since, some.findings);
      }
    }
    for (const std::function<void(bool)>& answer : *answers) {
      answer(true);
    }
    answers->clear();
  });
  if (!given) {
    answers_->insert(answers_->end(), answers->begin(), answers->end());
    return given;
  }
  ++counters_.commits;
  counters_.uncommitted = 0;
  has_news_ = false;
  has_marks_ = false;
  committed_at_ = clock_.monotonic();
  return {};
}

}  // namespace spoor
