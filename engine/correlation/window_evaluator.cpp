#include "engine/correlation/window_evaluator.h"

#include <utility>

#include "engine/correlation/window_evaluator_impl.h"

namespace spoor {

WindowEvaluator::WindowEvaluator(const RuleSet& rules,
                                 WindowReporting reporting,
                                 OnFiring on_firing,
                                 const WindowLimits& limits)
    : impl_(std::make_unique<Impl>(rules, reporting, std::move(on_firing), limits)) {}

WindowEvaluator::~WindowEvaluator() = default;
WindowEvaluator::WindowEvaluator(WindowEvaluator&&) noexcept = default;
WindowEvaluator& WindowEvaluator::operator=(WindowEvaluator&&) noexcept = default;

void WindowEvaluator::on_judged(OnJudged look) {
  impl_->on_judged = std::move(look);
}

void WindowEvaluator::add(WindowEvent event,
                          std::span<const std::size_t> hits,
                          const FieldReader& fields) {
  impl_->add(std::move(event), hits, fields);
}

bool WindowEvaluator::wants(std::size_t detection) const {
  return !impl_->uses[detection].empty();
}

void WindowEvaluator::remove(const OrderKey& order, std::size_t detection) {
  impl_->remove(order, detection);
}

void WindowEvaluator::replace_rules(const RuleSet& rules, const UnchangedRules& unchanged) {
  impl_->replace_rules(rules, unchanged);
}

void WindowEvaluator::advance(Timestamp watermark) {
  impl_->advance(watermark);
}

void WindowEvaluator::keep_state(StateSink& sink, const RuleSet& rules) {
  impl_->keep_state(sink, rules);
}

void WindowEvaluator::lacks_evidence(const WindowFiring& firing) {
  std::string group;
  for (const std::string& text : firing.group) {
    append_text(text, group);
  }
  const Impl::FiringKey key(firing.order, firing.rule, group);
  impl_->save_fired(key, true);
  if (impl_->revising != nullptr) {
    const auto known = impl_->revising->fired.find(key);
    if (known != impl_->revising->fired.end()) {
      known->second.lacks = true;
    }
  }
}

void WindowEvaluator::save(Timestamp keep_from) {
  impl_->save(keep_from);
}

Result<void> WindowEvaluator::restore(const StateSource& source, const RuleSet& rules) {
  return impl_->restore(source, rules);
}

void WindowEvaluator::revise(Duration late_by, OnWithdrawn on_withdrawn) {
  impl_->revising = std::make_unique<Impl::Revising>();
  impl_->revising->late_by = late_by;
  impl_->revising->on_withdrawn = std::move(on_withdrawn);
}

void WindowEvaluator::finish() {
  impl_->rejudge();
  impl_->finished = true;
  impl_->judge_first(impl_->waiting.size());
}

const WindowDrops& WindowEvaluator::drops() const {
  return impl_->drops;
}

std::uint64_t WindowEvaluator::revised_events() const {
  return impl_->revising == nullptr ? 0 : impl_->revising->events_taken;
}

std::size_t WindowEvaluator::groups() const {
  std::size_t count = 0;
  for (const Impl::Groups& of_rule : impl_->groups) {
    count += of_rule.by_key.size();
  }
  return count;
}

std::size_t WindowEvaluator::groups_of(std::size_t rule) const {
  return impl_->groups[rule].by_key.size();
}

}  // namespace spoor
