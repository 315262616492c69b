#include "cli/stateful_replay.h"

#include <algorithm>
#include <map>
#include <utility>

#include "cli/log.h"
#include "engine/finding/render.h"

namespace spoor {
namespace {

// Commit after so many records or so long, at once if there is a finding (semantics: "Durability").
constexpr std::uint64_t kRecordsMax = 10'000;
constexpr std::chrono::milliseconds kCommitAfter{50};

std::string counted(std::size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

}  // namespace

class StatefulReplay::Consumer final : public PipelineConsumer {
 public:
  Consumer(StatefulReplay& replay, std::uint64_t every)
      : PipelineConsumer(*replay.pipeline_), replay_(replay), every_(every) {}

  void take(std::string_view record, const RecordPosition& position) override {
    if (!passes(record, position, false)) {
      PipelineConsumer::take(record, position);
      count();
    }
  }

  void take_bad(const Error& error,
                std::string_view text,
                const RecordPosition& position) override {
    if (!passes(text, position, true)) {
      PipelineConsumer::take_bad(error, text, position);
      count();
    }
  }

  void meet_end() override { is_open_ = true; }

  void end_file(std::uint32_t input, const FileEnd& end) override {
    is_open_ = false;
    replay_.positions_.end_file(input, end);
  }

  void report(ProgressState& state) override {
    state.events = pipeline().accounting().total().received;
    state.findings = replay_.findings_.head() + 1 - replay_.positions_.first_finding();
  }

  [[nodiscard]] bool is_full() const override { return replay_.failure_.has_value(); }

 private:
  bool passes(std::string_view text, const RecordPosition& position, bool is_bad) {
    return replay_.positions_.pass(
        {.position = position, .size = text.size(), .is_bad = is_bad, .is_open = is_open_});
  }

  void count() {
    if (++taken_ % every_ != 0) {
      return;
    }
    replay_.records_ += every_;
    replay_.tell(pipeline().updates());
    const auto waited = replay_.clock_->monotonic() - replay_.committed_at_;
    if (!replay_.has_news_ && replay_.records_ < kRecordsMax && waited < kCommitAfter) {
      return;
    }
    const Result<void> committed = replay_.commit();
    if (!committed) {
      replay_.failure_ = committed.error();
    }
  }

  StatefulReplay& replay_;
  std::uint64_t every_;
  std::uint64_t taken_ = 0;
  bool is_open_ = false;  ///< The end of the file that is read was met.
};

StatefulReplay::StatefulReplay(std::unique_ptr<StateStore> store,
                               FindingStore findings,
                               ReplayPositions positions)
    : store_(std::move(store)), findings_(std::move(findings)), positions_(std::move(positions)) {}

Result<std::unique_ptr<StatefulReplay>> StatefulReplay::open(const std::string& folder,
                                                             bool resume,
                                                             bool quiet,
                                                             std::vector<InputFile>& files) {
  Result<std::unique_ptr<StateStore>> store = StateStore::open(folder, StateStore::Access::write);
  if (!store) {
    return tl::unexpected<Error>(store.error());
  }
  Result<FindingStore> findings = FindingStore::open(**store, **store);
  if (!findings) {
    return tl::unexpected<Error>(findings.error());
  }
  std::optional<ReplayPositions> before = ReplayPositions::restore(**store);
  ReplayPositions positions(files, findings->head() + 1);
  if (resume && before) {
    std::vector<std::string> changed;
    files = before->go_on(files, changed);
    for (const std::string& path : changed) {
      log_warning(path +
                  " is another file than the one that was read; it is read from its beginning");
    }
    positions = std::move(*before);
  } else if (before && !before->is_finished() && !quiet) {
    log_info("a replay into " + folder +
             " was broken off; --resume would go on where it stopped. "
             "Reading everything: what is known already changes nothing");
  }
  return std::unique_ptr<StatefulReplay>(
      new StatefulReplay(std::move(*store), std::move(*findings), std::move(positions)));
}

Result<void> StatefulReplay::attach(Pipeline& pipeline, const Clock& clock) {
  pipeline_ = &pipeline;
  clock_ = &clock;
  committed_at_ = clock.monotonic();
  const Result<StateLoss> loss = pipeline.open_state(*store_, *store_);
  Result<void> read = store_->read_error();
  if (!read) {
    return read;
  }
  if (!loss) {
    return tl::unexpected<Error>(loss.error());
  }
  if (loss->any()) {
    log_warning("rules have changed since the last replay: " + counted(loss->hits, "hit") +
                " and " + counted(loss->matches, "finding") +
                " of rules that are no more, or are others now, are not gone on with");
  }
  return {};
}

RecordConsumer& StatefulReplay::consumer(std::uint64_t every) {
  consumer_ = std::make_unique<Consumer>(*this, every);
  return *consumer_;
}

void StatefulReplay::tell(const std::vector<Finding>& news) {
  for (const Finding& finding : news) {
    findings_.add(finding, render_ocsf(finding), clock_->wall());
    has_news_ = true;
  }
}

void StatefulReplay::on_commit(std::function<void()> before, std::function<void()> after) {
  // Whether it failed, the next commit tells.
  static_cast<void>(store_->wait());
  before_commit_ = std::move(before);
  on_commit_ = std::move(after);
}

Result<void> StatefulReplay::keep_dead_letters(DeadLetterFile& file) {
  dead_letters_ = &file;
  positions_.dead_letters = file.written();
  Result<void> synced = sync_dead_letters();
  if (!synced) {
    return synced;
  }
  // At once, so that whatever is added before the first commit is cut off again.
  positions_.save(*store_);
  return store_->commit();
}

Result<void> StatefulReplay::sync_dead_letters() {
  if (dead_letters_ == nullptr) {
    return {};
  }
  Result<void> synced = dead_letters_->sync();
  positions_.dead_letters = dead_letters_->written();
  return synced;
}

Result<void> StatefulReplay::commit() {
  Result<void> synced = sync_dead_letters();
  if (!synced) {
    return synced;
  }
  constexpr Duration kForgottenEvery = Duration{60} * kNanosPerSecond;
  const Timestamp now = clock_->wall();
  if (now - forgot_at_ >= kForgottenEvery) {
    forgot_at_ = now;
    findings_.forget({}, now);
  }
  if (before_commit_) {
    before_commit_();
  }
  pipeline_->save();
  positions_.save(*store_);
  Result<void> committed = store_->commit_later(on_commit_);
  committed_at_ = clock_->monotonic();
  records_ = 0;
  has_news_ = false;
  return committed;
}

Result<void> StatefulReplay::finish() {
  tell(pipeline_->last_updates());
  positions_.finished();
  Result<void> committed = commit();
  return committed ? store_->wait() : committed;
}

Result<std::vector<StoredFinding>> StatefulReplay::told(bool all_revisions) const {
  std::vector<StoredFinding> told;
  const FindingReader reader(*store_);
  Result<void> read = reader.for_each(positions_.first_finding(), [&](const StoredFinding& one) {
    told.push_back(one);
    return true;
  });
  if (!read) {
    return tl::unexpected<Error>(read.error());
  }
  if (all_revisions) {
    return told;
  }
  std::map<Uid, std::uint64_t> last;
  for (const StoredFinding& finding : told) {
    last[finding.uid] = finding.sequence;
  }
  std::erase_if(told, [&](const StoredFinding& finding) {
    return finding.status == FindingStatus::retracted || last[finding.uid] != finding.sequence;
  });
  std::ranges::sort(told, [](const StoredFinding& a, const StoredFinding& b) {
    return canonical_less(brief_finding(a), brief_finding(b));
  });
  return told;
}

Finding brief_finding(const StoredFinding& stored) {
  Finding finding;
  finding.uid = stored.uid;
  finding.revision = stored.revision;
  finding.status = stored.status;
  finding.level = stored.level;
  finding.rule.id = stored.rule_id;
  finding.rule.title = stored.title;
  finding.host_key = stored.host_key;
  finding.hostname = stored.hostname;
  finding.first_seen = stored.first_seen;
  finding.last_seen = stored.last_seen;
  finding.evidence_total = stored.evidence_total;
  if (!stored.process_image.empty() || !stored.process_pid.empty()) {
    FindingProcess& process = finding.processes.emplace_back();
    process.image = stored.process_image;
    process.pid = stored.process_pid;
    finding.anchor = 0;
  }
  return finding;
}

}  // namespace spoor
