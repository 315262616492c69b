#include "engine/coverage_gaps.h"

#include <algorithm>

namespace spoor {

std::vector<std::pair<std::string, std::uint64_t>> coverage_gaps(const Pipeline& pipeline) {
  const Correlator& correlator = pipeline.correlator();
  const WindowDrops& windows = correlator.window_drops();
  std::vector<std::pair<std::string, std::uint64_t>> gaps{
      {"evicted_processes", correlator.evicted_processes()},
      {"findings_beyond_limit", correlator.stats().matches_beyond_limit},
      {"forgotten_hits", correlator.stats().forgotten_hits},
      {"hurried_events", pipeline.hurried_events()},
      {"late_events", windows.late_events},
      {"pids_beyond_limit", correlator.pids_beyond_limit()},
      {"refused_processes", correlator.refused_processes()},
      {"subtrees_beyond_limit", correlator.stats().subtrees_beyond_limit},
      {"window_entries", windows.entries},
      {"window_groups", windows.groups},
  };
  for (const auto& [code, count] : pipeline.accounting().dead_letters()) {
    gaps.emplace_back("dead_letter." + code, count);
  }
  std::ranges::sort(gaps);
  return gaps;
}

}  // namespace spoor
