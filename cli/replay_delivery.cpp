#include "cli/replay_delivery.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "cli/interrupt.h"
#include "cli/log.h"
#include "engine/coverage_gaps.h"

namespace spoor {

ReplayDelivery::ReplayDelivery(const ReplayOptions& options, StatefulReplay* state)
    : options_(options), state_(state) {}

Result<std::unique_ptr<ReplayDelivery>> ReplayDelivery::open(const ReplayOptions& options,
                                                             const SinkConfigs& sinks,
                                                             StatefulReplay* state) {
  if (options.bus.publish.empty() && sinks.empty()) {
    return std::unique_ptr<ReplayDelivery>();
  }
  std::unique_ptr<ReplayDelivery> delivery(new ReplayDelivery(options, state));
  Result<void> done = delivery->open_store();
  const StateSource& source =
      state != nullptr ? static_cast<const StateSource&>(state->store()) : delivery->memory_;
  StateAside& aside =
      state != nullptr ? static_cast<StateAside&>(state->store()) : delivery->memory_;
  if (done) {
    done = delivery->start_bus_on(source, aside);
  }
  if (!done) {
    return tl::unexpected<Error>(done.error());
  }
  Result<SinkRunners> runners = start_sinks(sinks, source, aside);
  if (!runners) {
    return tl::unexpected<Error>(runners.error());
  }
  delivery->sinks_ = std::move(*runners);
  if (state != nullptr) {
    state->on_commit([running = delivery.get()] { running->tell_gaps(); },
                     [running = delivery.get()] { running->committed(); });
  }
  return delivery;
}

Result<void> ReplayDelivery::open_store() {
  if (state_ != nullptr) {
    const Result<FindingHeads> heads = FindingReader(state_->store()).heads();
    if (!heads) {
      return tl::unexpected<Error>(heads.error());
    }
    told_before_ = heads->head;
    return {};
  }
  Result<FindingStore> findings = FindingStore::open(memory_, memory_);
  if (!findings) {
    return tl::unexpected<Error>(findings.error());
  }
  findings_.emplace(std::move(*findings));
  return {};
}

Result<void> ReplayDelivery::start_bus_on(const StateSource& source, StateAside& aside) {
  if (options_.bus.publish.empty()) {
    return {};
  }
  BusIdentity identity;
  if (state_ != nullptr) {
    identity = {.instance = state_->store().instance(), .epoch = state_->store().epoch()};
  } else {
    identity = {.instance = random_instance()};
  }
  Result<std::unique_ptr<BusServer>> bus =
      start_bus(options_.bus, {.source = source, .aside = aside, .identity = std::move(identity)},
                options_.publish_wait_s, options_.quiet);
  if (!bus) {
    return tl::unexpected<Error>(bus.error());
  }
  bus_ = std::move(*bus);
  return {};
}

ReplayDelivery::~ReplayDelivery() {
  if (state_ != nullptr) {
    state_->on_commit({}, {});
  }
}

void ReplayDelivery::tell_gaps() {
  // Adding up what is missing asks every host.
  constexpr std::chrono::seconds kGapsToldEvery{1};
  const auto now = system_clock().monotonic();
  if (bus_ != nullptr && (!gaps_told_at_ || now - *gaps_told_at_ >= kGapsToldEvery)) {
    gaps_told_at_ = now;
    bus_->tell_gaps(coverage_gaps(*state_->pipeline()));
  }
}

void ReplayDelivery::committed() {
  if (bus_ != nullptr) {
    bus_->committed();
  }
  for (const std::unique_ptr<SinkRunner>& sink : sinks_) {
    sink->committed();
  }
}

void ReplayDelivery::publish(const std::vector<Finding>& findings,
                             const std::vector<std::string>& payloads) {
  if (state_ != nullptr) {
    return;
  }
  for (std::size_t i = 0; i < findings.size(); ++i) {
    findings_->add(findings[i], payloads[i], system_clock().wall());
  }
  memory_.commit();
  committed();
}

void ReplayDelivery::finish() {
  const StateSource& source =
      state_ != nullptr ? static_cast<const StateSource&>(state_->store()) : memory_;
  const Result<FindingHeads> heads = FindingReader(source).heads();
  const bool has_news = heads && heads->head > told_before_;
  if (bus_ != nullptr && has_news) {
    linger_on_bus(*bus_, options_.publish_wait_s,
                  state_ != nullptr ? options_.state : std::string("the output"));
  }
  wait_for_sinks();
}

void ReplayDelivery::wait_for_sinks() const {
  using std::chrono::nanoseconds;
  constexpr std::chrono::milliseconds kTick{20};
  const StateSource& source =
      state_ != nullptr ? static_cast<const StateSource&>(state_->store()) : memory_;
  const Result<FindingHeads> heads = FindingReader(source).heads();
  if (!heads) {
    return;
  }
  const auto behind = [&] {
    std::uint64_t sum = 0;
    for (const std::unique_ptr<SinkRunner>& sink : sinks_) {
      sum += heads->head - std::min(heads->head, sink->status().cursor);
    }
    return sum;
  };
  const nanoseconds patience = std::chrono::duration_cast<nanoseconds>(
      std::chrono::duration<double>(options_.publish_wait_s));
  nanoseconds moved = system_clock().monotonic();
  std::uint64_t left = behind();
  while (left > 0 && !interrupted() && system_clock().monotonic() - moved <= patience) {
    std::this_thread::sleep_for(kTick);
    const std::uint64_t now = behind();
    moved = now < left ? system_clock().monotonic() : moved;
    left = now;
  }
  for (const std::unique_ptr<SinkRunner>& sink : sinks_) {
    const std::uint64_t cursor = sink->status().cursor;
    if (cursor < heads->head) {
      log_warning("sink " + sink->name() + " has not taken " +
                  std::to_string(heads->head - cursor) + " findings yet; " +
                  (state_ != nullptr ? "the next replay into " + options_.state + " goes on there"
                                     : std::string("they are in the output only")));
    }
  }
}

}  // namespace spoor
