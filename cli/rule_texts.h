// The rules of files as their authors wrote them, for findings that name them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/report/report_finding.h"
#include "engine/rule/load.h"

namespace spoor {

/// Of a file of several YAML documents the one that stands at a line (from 1 on), with the comments
/// around it and without its "---".
[[nodiscard]] std::string document_at(std::string_view content, std::size_t line);

class RuleTexts {
 public:
  explicit RuleTexts(std::vector<RuleFile> files, const LoadOptions& options = {});

  /// Of `paths`, or of the bundled detections if there are none. Fails if a path cannot be read.
  [[nodiscard]] static Result<RuleTexts> read(const std::vector<std::string>& paths,
                                              const LoadOptions& options = {});

  /// The rule's document and, of a correlation, those of the rules that it lists behind it,
  /// separated by "---": as Sigma has several rules in one file. Nothing if no rule has that id,
  /// or if it detects something else by now: its logic hash is another.
  [[nodiscard]] std::optional<std::string> find(const ReportRule& rule) const;

 private:
  [[nodiscard]] std::string text_of(const RuleMeta& meta) const;

  std::vector<RuleFile> files_;
  RuleSet rules_;
};

}  // namespace spoor
