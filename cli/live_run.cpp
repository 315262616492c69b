#include "cli/live_run.h"

#include <algorithm>
#include <utility>

#include "cli/bus_session.h"
#include "cli/exit_code.h"
#include "cli/interrupt.h"
#include "cli/live_check.h"
#include "cli/log.h"
#include "cli/metrics.h"
#include "cli/service_notify.h"
#include "engine/coverage_gaps.h"
#include "replay/dead_letters.h"

namespace spoor {
namespace {

constexpr std::chrono::nanoseconds kTick = std::chrono::seconds(1);

}  // namespace

LiveRun::LiveRun(const RunConfig& config)
    : config_(config),
      clock_(system_clock()),
      queue_(config.queue_bytes, config.inputs.size(), clock_) {}

LiveRun::~LiveRun() {
  if (store_ != nullptr) {
    store_->give_up();
  }
  // The engine first: it waits for the commit under way, which tells bus and sinks.
  engine_.reset();
}

Result<std::unique_ptr<LiveRun>> LiveRun::open(const RunConfig& config) {
  std::unique_ptr<LiveRun> run(new LiveRun(config));
  Result<void> opened = run->open_all();
  if (!opened) {
    return tl::unexpected<Error>(opened.error());
  }
  return run;
}

Result<void> LiveRun::open_all() {
  started_at_ = clock_.monotonic();
  Result<LiveKnowledge> knowledge = read_live_knowledge(config_);
  if (!knowledge) {
    return tl::unexpected<Error>(knowledge.error());
  }
  rules_.emplace(std::move(knowledge->rules));
  Result<std::unique_ptr<StateStore>> store =
      StateStore::open(config_.state, StateStore::Access::write, log_warning);
  if (!store) {
    return fail(ErrorCode::bad_state, store.error().message);
  }
  store_ = std::move(*store);
  // Now: it may lie in the folder of the state, which is not made where there are files.
  if (Result<void> opened = open_dead_letters(); !opened) {
    return opened;
  }
  store_->wait_for_room([this] { return goes_on_waiting(); });
  Result<std::unique_ptr<Pipeline>> pipeline =
      rules_->make_pipeline({.host_aliases = std::move(knowledge->aliases),
                             .lateness = config_.lateness,
                             .processes_max = config_.processes_max,
                             .process_bytes_max = config_.process_bytes_max,
                             .rule_clock = &clock_,
                             .on_dead_letter = [this](const Error& error, std::string_view record,
                                                      const RecordPosition& position) {
                               take_dead_letter(error, record, position);
                             }});
  if (!pipeline) {
    return tl::unexpected<Error>(pipeline.error());
  }
  pipeline_ = std::move(*pipeline);
  const Result<StateLoss> loss = pipeline_->open_state(*store_, *store_);
  Result<FindingStore> findings = FindingStore::open(*store_, *store_);
  const Result<void> read = store_->read_error();
  if (!loss || !findings || !read) {
    return fail(ErrorCode::bad_state, !loss       ? loss.error().message
                                      : !findings ? findings.error().message
                                                  : read.error().message);
  }
  if (loss->any()) {
    log_warning("rules have changed since the last run: " + std::to_string(loss->hits) +
                " hits and " + std::to_string(loss->matches) +
                " findings of rules that are no more, or are others now, are not gone on with");
  }
  if (Result<void> opened = open_recorder(); !opened) {
    return opened;
  }
  engine_ =
      std::make_unique<LiveEngine>(*pipeline_, *store_, std::move(*findings), queue_, clock_,
                                   config_.inputs.size(), LiveOptions{.recorder = recorder_.get()});
  return open_outlets();
}

Result<void> LiveRun::open_dead_letters() {
  if (config_.dead_letters.empty()) {
    return {};
  }
  Result<std::unique_ptr<LiveDeadLetters>> letters = LiveDeadLetters::open(config_.dead_letters);
  if (!letters) {
    return tl::unexpected<Error>(letters.error());
  }
  letters_ = std::move(*letters);
  return {};
}

void LiveRun::take_dead_letter(const Error& error,
                               std::string_view record,
                               const RecordPosition& position) {
  const std::string& input = config_.inputs[position.input].name;
  if (letters_ != nullptr) {
    letters_->add(render_dead_letter(error, input, position, record));
  }
  log_debug("input " + input + ", record " + std::to_string(position.line) + ": " +
            std::string(to_string(error.code)) + ": " + error.message);
}

Result<void> LiveRun::open_recorder() {
  if (config_.record.empty()) {
    return {};
  }
  RecorderSettings settings{.folder = config_.record, .inputs = {}};
  for (const InputConfig& input : config_.inputs) {
    settings.inputs.push_back(input.name);
  }
  Result<std::unique_ptr<Recorder>> recorder = Recorder::open(std::move(settings), clock_);
  if (!recorder) {
    return tl::unexpected<Error>(recorder.error());
  }
  recorder_ = std::move(*recorder);
  log_info("everything that comes in is recorded into " + config_.record);
  return {};
}

Result<void> LiveRun::open_outlets() {
  if (!config_.bus.publish.empty()) {
    Result<std::unique_ptr<BusServer>> bus =
        start_bus(config_.bus,
                  {.source = *store_,
                   .aside = *store_,
                   .identity = {.instance = store_->instance(), .epoch = store_->epoch()}},
                  0, false);
    if (!bus) {
      return tl::unexpected<Error>(bus.error());
    }
    bus_ = std::move(*bus);
  }
  Result<SinkRunners> sinks = start_sinks(config_.sinks, *store_, *store_);
  if (!sinks) {
    return tl::unexpected<Error>(sinks.error());
  }
  sinks_ = std::move(*sinks);
  engine_->on_commit([this] { committed(); });
  engine_->on_pause([this] { pause(); });
  return {};
}

void LiveRun::committed() {
  if (bus_ != nullptr) {
    bus_->committed();
  }
  for (const std::unique_ptr<SinkRunner>& sink : sinks_) {
    sink->committed();
  }
}

Result<void> LiveRun::run() {
  publish_status();
  while (!interrupted()) {
    Result<void> turned = engine_->turn();
    if (!turned) {
      publish_status("the state cannot be written");
      return turned;
    }
    tick_if_due();
  }
  return {};
}

void LiveRun::tick_if_due() {
  if (clock_.monotonic() - ticked_at_ >= kTick) {
    ticked_at_ = clock_.monotonic();
    tick();
  }
}

void LiveRun::pause() {
  if (interrupted()) {
    // What was taken is finished: bounded by the queue, it is a matter of seconds.
    notify_service("WATCHDOG=1");
  } else {
    tick_if_due();
  }
}

Result<void> LiveRun::drain() {
  constexpr std::chrono::nanoseconds kQuiet = std::chrono::milliseconds(150);
  publish_status("it stops");
  const std::chrono::nanoseconds end = clock_.monotonic() + config_.drain;
  std::chrono::nanoseconds busy_at = clock_.monotonic();
  // Senders that were waiting for room are let in first.
  while (clock_.monotonic() < end && clock_.monotonic() - busy_at < kQuiet) {
    const std::uint64_t before = engine_->counters().uncommitted;
    Result<void> turned = engine_->turn();
    if (!turned) {
      return turned;
    }
    if (queue_.bytes() > 0 || engine_->counters().uncommitted != before) {
      busy_at = clock_.monotonic();
    }
  }
  queue_.close();
  Result<void> drained = engine_->drain();
  tell_dead_letters();
  if (letters_are_stuck_) {
    log_error(std::to_string(letters_->waiting()) +
              " dead letters are lost: " + *letters_->problem());
  }
  return drained;
}

void LiveRun::hang_up() {
  if (letters_ != nullptr) {
    if (const Result<void> reopened = letters_->reopen(); !reopened) {
      log_error("the old file stays: " + reopened.error().message);
    }
  }
  const bool inputs_are_right = !on_hangup_ || on_hangup_();
  const bool sinks_are_right = reload_sinks(config_.sinks, sinks_);
  ++(inputs_are_right && sinks_are_right ? credential_reloads_.adopted
                                         : credential_reloads_.failed);
}

void LiveRun::tick() {
  notify_service("WATCHDOG=1");
  look_at_disk();
  const bool is_hung_up = take_hangup();
  if (is_hung_up) {
    hang_up();
  }
  if (is_hung_up || rules_->have_changed()) {
    rules_->reload(*pipeline_);
  }
  if (bus_ != nullptr) {
    bus_->tell_gaps(coverage_gaps(*pipeline_));
  }
  tell_dead_letters();
  publish_status();
}

void LiveRun::tell_dead_letters() {
  const bool had_problem = letters_are_stuck_;
  if (letters_ != nullptr) {
    letters_->try_again();
    letters_are_stuck_ = letters_->problem().has_value();
  }
  if (letters_are_stuck_ && !had_problem) {
    log_error("cannot write the dead letters to " + config_.dead_letters + ": " +
              *letters_->problem() + "; up to 16 MiB of them wait in memory");
  }
  if (had_problem && !letters_are_stuck_) {
    log_info("the dead letters that waited are in " + config_.dead_letters);
  }
  const std::uint64_t lost = letters_ == nullptr ? 0 : letters_->lost();
  if (lost > letters_lost_told_) {
    log_error(std::to_string(lost - letters_lost_told_) +
              " dead letters are lost: more wait already than there is memory for");
    letters_lost_told_ = lost;
  }
  const std::uint64_t dead = pipeline_->accounting().total().dead_lettered;
  if (dead > dead_letters_told_) {
    const std::string where = config_.dead_letters.empty() ? "; dead_letters: FILE keeps them"
                              : letters_are_stuck_         ? ""
                                                   : "; they are in " + config_.dead_letters;
    log_warning(std::to_string(dead - dead_letters_told_) + " records could not be read" + where);
    dead_letters_told_ = dead;
  }
}

void LiveRun::look_at_disk() {
  const bool was_full = std::exchange(is_full_, store_->is_full());
  if (is_full_ == was_full) {
    return;
  }
  queue_.hold(is_full_);
  if (is_full_) {
    ++times_full_;
    log_error("there is no room for the state in " + config_.state +
              ": nothing is taken in until there is; senders have to wait");
  } else {
    log_info("there is room for the state again: going on");
  }
}

bool LiveRun::goes_on_waiting() {
  notify_service("WATCHDOG=1");
  look_at_disk();
  publish_status();
  return !interrupted();
}

void LiveRun::publish_status(std::string_view hindrance) {
  const std::string_view why =
      hindrance.empty() && is_full_ ? "there is no room for the state on its disk" : hindrance;
  status_.set(std::string(why), metrics());
}

std::string LiveRun::metrics() const {
  MetricsText text;
  write_live_metrics({.config = config_,
                      .engine = *engine_,
                      .pipeline = *pipeline_,
                      .rules = *rules_,
                      .queue = queue_,
                      .bus = bus_.get(),
                      .sinks = sinks_,
                      .dead_letters = letters_.get(),
                      .credential_reloads = credential_reloads_,
                      .state_is_full = is_full_,
                      .times_full = times_full_},
                     clock_.monotonic() - started_at_, text);
  if (more_metrics_) {
    more_metrics_(text);
  }
  return text.finish();
}

int run_exit_code(const Error& error) {
  switch (error.code) {
    case ErrorCode::insecure_listener: return exit_insecure;
    case ErrorCode::bad_state:
    case ErrorCode::io: return exit_state;
    case ErrorCode::bad_usage:
    case ErrorCode::bad_rule: return exit_usage;
    default: return exit_failure;
  }
}

}  // namespace spoor
