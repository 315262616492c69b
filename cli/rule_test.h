// A rule tried on its samples.
//
// A detection must hold for each record of a hit sample and for none of a near miss. A correlation
// gets a sample as a whole, together with the rules it lists, and makes the findings it should.
// Each sample is then replayed in other orders and with every record twice, and must give the same
// findings, byte for byte.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cli/rule_catalog.h"
#include "cli/rule_samples.h"

namespace spoor {

struct SampleResult {
  SampleFile sample;
  std::size_t records = 0;
  std::size_t orders = 0;  ///< Arrivals tried, beside that of the file.
  /// What went wrong; empty if it passed. The first line is a sentence, the others explain it.
  std::vector<std::string> failure;
};

struct RuleTestResult {
  std::vector<SampleResult> samples;

  [[nodiscard]] bool passed() const;
  [[nodiscard]] bool has_hit() const;
  [[nodiscard]] bool has_near_miss() const;
};

/// `entry` must be loaded.
[[nodiscard]] RuleTestResult test_rule(const RuleCatalog& catalog,
                                       const CatalogEntry& entry,
                                       const std::vector<SampleFile>& samples);

/// The orders in which a sample of `size` records is replayed, each a permutation of indices: all
/// of them up to kAllOrdersMax records, else kRandomOrders seeded ones and the reverse; then every
/// record twice. Not the order of the file itself.
[[nodiscard]] std::vector<std::vector<std::size_t>> arrival_orders(std::size_t size);

inline constexpr std::size_t kAllOrdersMax = 5;
inline constexpr std::size_t kRandomOrders = 24;

}  // namespace spoor
