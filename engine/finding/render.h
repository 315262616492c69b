// A finding as others want to read it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/finding/finding.h"

namespace spoor {

/// The version that findings carry in metadata.product.version.
[[nodiscard]] std::string_view product_version();

/// OCSF 1.6 Detection Finding (class 2004): one compact JSON object without a newline, valid UTF-8,
/// valid against the schema in tests/data/ocsf. A pure function of the finding: no
/// clock, no random. `finding_info` stands before `evidences`, for consumers that stream.
[[nodiscard]] std::string render_ocsf(const Finding& finding);

struct TableOptions {
  bool color = false;
  std::size_t width = 100;  ///< Columns of the terminal.
};

/// A table for a person: time, level, host, title, process, uid; one line a finding, cut to the
/// width. Then nothing else: the trees follow through render_tree.
[[nodiscard]] std::string render_table(const std::vector<Finding>& findings,
                                       const TableOptions& options);

/// The evidence tree of one finding: root → anchor → … with the matched steps marked below their
/// process.
[[nodiscard]] std::string render_tree(const Finding& finding, const TableOptions& options);

}  // namespace spoor
