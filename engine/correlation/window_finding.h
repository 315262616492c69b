// A firing of a window correlation → finding.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "engine/correlation/host_state.h"
#include "engine/correlation/window_evaluator.h"
#include "engine/finding/finding.h"
#include "engine/rule/rule.h"

namespace spoor {

/// The finding's identity is of the rule, the group and the first event of the window. It is of the
/// host of the event that completed it; events of other hosts are evidence without a process.
/// `host`: that host; the firing has evidence, with hits.
[[nodiscard]] Finding window_finding(const RuleSet& rules,
                                     const WindowFiring& firing,
                                     const HostState& host);

/// Of rule, group and first event.
[[nodiscard]] Uid finding_uid(const RuleMeta& rule, const WindowFiring& firing);

/// The host key of the event that completed the firing; empty if nothing is kept of it.
[[nodiscard]] std::string_view host_of(const WindowFiring& firing);

/// What is kept of the events that stand in the window, or in those within it, one by one.
void for_each_event(const std::vector<EvidenceRef>& window,
                    const std::function<void(const KeptEvent&)>& look);

}  // namespace spoor
