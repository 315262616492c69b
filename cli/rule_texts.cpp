#include "cli/rule_texts.h"

#include <algorithm>
#include <utility>

#include "cli/bundled_rules.h"
#include "cli/rule_choice.h"

namespace spoor {
namespace {

std::vector<RuleChoice> all_of(const RuleSet& rules) {
  std::vector<RuleChoice> all;
  const auto add = [&all](RuleKind kind, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      all.push_back({.kind = kind, .index = i});
    }
  };
  add(RuleKind::detection, rules.detections.size());
  add(RuleKind::lineage, rules.correlations.size());
  add(RuleKind::window, rules.window_correlations.size());
  return all;
}

std::string trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of("\r\n");
  if (first == std::string_view::npos) {
    return "";
  }
  return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1)) + "\n";
}

}  // namespace

std::string document_at(std::string_view content, std::size_t line) {
  std::size_t start = 0;
  std::size_t at = 0;
  for (std::size_t number = 1; at < content.size(); ++number) {
    const std::size_t next = std::min(content.find('\n', at), content.size() - 1) + 1;
    if (content.substr(at).starts_with("---")) {
      if (number > line) {
        break;
      }
      start = number == line ? at : next;  // A document may begin on the line of its marks.
    }
    at = next;
  }
  return trimmed(content.substr(start, at - start));
}

RuleTexts::RuleTexts(std::vector<RuleFile> files, const LoadOptions& options)
    : files_(std::move(files)), rules_(load_rules(files_, options).rules) {}

Result<RuleTexts> RuleTexts::read(const std::vector<std::string>& paths,
                                  const LoadOptions& options) {
  if (paths.empty()) {
    return RuleTexts(bundled_rules(), options);
  }
  Result<std::vector<RuleFile>> files = read_rule_files(paths);
  if (!files) {
    return tl::unexpected<Error>(files.error());
  }
  return RuleTexts(std::move(*files), options);
}

std::string RuleTexts::text_of(const RuleMeta& meta) const {
  const auto file = std::ranges::find(files_, meta.file, &RuleFile::path);
  return file == files_.end() ? std::string() : document_at(file->content, meta.position.line);
}

std::optional<std::string> RuleTexts::find(const ReportRule& rule) const {
  for (const RuleChoice& choice : all_of(rules_)) {
    const RuleMeta& meta = meta_of(rules_, choice);
    if (meta.id != rule.id || meta.logic_hash != rule.logic_hash) {
      continue;
    }
    std::string text = text_of(meta);
    const RuleSet listed = with_listed(rules_, choice).rules;
    for (const RuleChoice& other : all_of(listed)) {
      const RuleMeta& other_meta = meta_of(listed, other);
      if (other_meta.id != meta.id) {
        text += "---\n" + text_of(other_meta);
      }
    }
    return text;
  }
  return std::nullopt;
}

}  // namespace spoor
