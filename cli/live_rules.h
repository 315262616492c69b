// The rules of a running engine: read at the start, and again when somebody asks or a file changes.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/uid.h"
#include "engine/pipeline.h"
#include "engine/rule/rule_source.h"

namespace spoor {

class LiveRules {
 public:
  /// `paths` empty: the bundled detections, which never change. Tells on stderr what is wrong with
  /// the rules. Fails if a path cannot be read, or if no rule loads.
  [[nodiscard]] static Result<LiveRules> open(const std::vector<std::string>& paths,
                                              const std::string& placeholders);

  [[nodiscard]] std::shared_ptr<const RuleSet> rules() const;

  /// An engine for them; tells the log which of them it cannot use. Fails with bad_rule if that is
  /// all.
  [[nodiscard]] Result<std::unique_ptr<Pipeline>> make_pipeline(PipelineOptions options) const;

  /// Looks, cheaply, whether a file came, went or was changed since the last look.
  [[nodiscard]] bool have_changed();

  /// Reads them again and gives them to the pipeline, all or nothing. Tells on stderr what came of
  /// it. Between two records.
  void reload(Pipeline& pipeline);

  [[nodiscard]] std::uint64_t reloads() const { return reloads_; }

  [[nodiscard]] std::uint64_t failed_reloads() const { return failed_reloads_; }

 private:
  /// Of each file: when it was changed, and how large it is.
  using Stamps = std::map<std::string, std::pair<std::int64_t, std::uint64_t>>;

  LiveRules() = default;
  [[nodiscard]] Stamps stamps() const;

  std::vector<std::string> paths_;
  std::shared_ptr<const RuleSet> bundled_;
  std::optional<RuleSource> source_;
  Stamps seen_;
  std::uint64_t reloads_ = 0;
  std::uint64_t failed_reloads_ = 0;
};

}  // namespace spoor
