#include "cli/replay_bus.h"

#include "engine/coverage_gaps.h"

namespace spoor {

ReplayBus::ReplayBus(const ReplayOptions& options, StatefulReplay* state)
    : options_(options), state_(state) {}

Result<std::unique_ptr<ReplayBus>> ReplayBus::open(const ReplayOptions& options,
                                                   StatefulReplay* state) {
  if (options.bus.publish.empty()) {
    return std::unique_ptr<ReplayBus>();
  }
  std::unique_ptr<ReplayBus> bus(new ReplayBus(options, state));
  std::optional<BusStore> store;
  if (state != nullptr) {
    StateStore& kept = state->store();
    store.emplace(BusStore{.source = kept,
                           .aside = kept,
                           .identity = {.instance = kept.instance(), .epoch = kept.epoch()}});
  } else {
    Result<FindingStore> findings = FindingStore::open(bus->memory_, bus->memory_);
    if (!findings) {
      return tl::unexpected<Error>(findings.error());
    }
    bus->findings_.emplace(std::move(*findings));
    store.emplace(BusStore{.source = bus->memory_,
                           .aside = bus->memory_,
                           .identity = {.instance = random_instance()}});
  }
  Result<std::unique_ptr<BusServer>> server =
      start_bus(options.bus, std::move(*store), options.publish_wait_s, options.quiet);
  if (!server) {
    return tl::unexpected<Error>(server.error());
  }
  bus->server_ = std::move(*server);
  if (state != nullptr) {
    state->on_commit([running = bus.get()] { running->committed(); });
  }
  return bus;
}

void ReplayBus::committed() {
  // Adding up what is missing asks every host.
  constexpr std::chrono::seconds kGapsToldEvery{1};
  const auto now = system_clock().monotonic();
  if (!gaps_told_at_ || now - *gaps_told_at_ >= kGapsToldEvery) {
    gaps_told_at_ = now;
    server_->tell_gaps(coverage_gaps(*state_->pipeline()));
  }
  server_->committed();
}

void ReplayBus::publish(const std::vector<Finding>& findings,
                        const std::vector<std::string>& payloads) {
  if (state_ != nullptr) {
    return;
  }
  for (std::size_t i = 0; i < findings.size(); ++i) {
    findings_->add(findings[i], payloads[i], system_clock().wall());
  }
  memory_.commit();
  server_->committed();
}

void ReplayBus::finish(bool has_news) {
  if (has_news) {
    linger_on_bus(*server_, options_.publish_wait_s,
                  state_ != nullptr ? options_.state : std::string("the output"));
  }
}

}  // namespace spoor
