#include "cli/live_rules.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "cli/log.h"
#include "cli/rules.h"

namespace spoor {

namespace fs = std::filesystem;

Result<LiveRules> LiveRules::open(const std::vector<std::string>& paths,
                                  const std::string& placeholders) {
  LiveRules live;
  if (paths.empty()) {
    std::optional<LoadedRules> loaded = load_rules_for_command({}, false, false);
    if (!loaded) {
      return fail(ErrorCode::bad_rule, "the bundled detections do not load");
    }
    live.bundled_ = std::make_shared<const RuleSet>(std::move(loaded->rules));
    return live;
  }
  live.paths_ = paths;
  if (!placeholders.empty()) {
    live.paths_.push_back(placeholders);
  }
  live.seen_ = live.stamps();
  Result<RuleSource> source =
      RuleSource::open({.rules = paths, .placeholders = placeholders}, LoadOptions{});
  if (!source) {
    return tl::unexpected<Error>(source.error());
  }
  print_diagnostics(source->current()->diagnostics, false);
  const RuleSet& rules = *source->current()->rules;
  if (rules.detections.empty()) {
    return fail(ErrorCode::bad_rule, "no rule can be used");
  }
  live.source_.emplace(std::move(*source));
  return live;
}

std::shared_ptr<const RuleSet> LiveRules::rules() const {
  return source_ ? source_->current()->rules : bundled_;
}

Result<std::unique_ptr<Pipeline>> LiveRules::make_pipeline(PipelineOptions options) const {
  std::vector<Diagnostic> refused;
  auto pipeline = std::make_unique<Pipeline>(rules(), std::move(options), &refused);
  print_diagnostics(refused, false);
  if (pipeline->usable_rules() == 0) {
    return fail(ErrorCode::bad_rule, "no rule can be used");
  }
  return pipeline;
}

LiveRules::Stamps LiveRules::stamps() const {
  Stamps stamps;
  std::error_code error;
  const auto add = [&stamps](const fs::path& file) {
    std::error_code ignored;
    const auto changed = fs::last_write_time(file, ignored).time_since_epoch();
    stamps[file.string()] = {std::chrono::duration_cast<std::chrono::nanoseconds>(changed).count(),
                             fs::file_size(file, ignored)};
  };
  for (const std::string& path : paths_) {
    if (!fs::is_directory(path, error)) {
      add(path);
      continue;
    }
    const auto options = fs::directory_options::follow_directory_symlink |
                         fs::directory_options::skip_permission_denied;
    for (fs::recursive_directory_iterator at(path, options, error), end; !error && at != end;
         at.increment(error)) {
      if (at->is_regular_file(error)) {
        add(at->path());
      }
    }
  }
  return stamps;
}

bool LiveRules::have_changed() {
  if (!source_) {
    return false;
  }
  Stamps now = stamps();
  const bool have = now != seen_;
  seen_ = std::move(now);
  return have;
}

void LiveRules::reload(Pipeline& pipeline) {
  if (!source_) {
    log_info("the bundled detections do not change: nothing to read again");
    return;
  }
  const RuleReload reload = source_->reload();
  switch (reload.outcome) {
    case RuleReload::Outcome::unchanged: log_info("rules are unchanged"); return;
    case RuleReload::Outcome::failed:
      ++failed_reloads_;
      print_diagnostics(reload.causes, false);
      log_error("the old rules stay: " + reload.reason);
      return;
    case RuleReload::Outcome::changed: break;
  }
  std::vector<Diagnostic> refused;
  const Result<void> replaced = pipeline.replace_rules(reload.snapshot->rules, &refused);
  print_diagnostics(refused, false);
  if (!replaced) {
    ++failed_reloads_;
    log_error("the old rules stay: " + replaced.error().message);
    return;
  }
  print_diagnostics(reload.snapshot->diagnostics, false);
  source_->adopt(reload.snapshot);
  ++reloads_;
  log_info("rules were read again: " +
           std::to_string(source_->current()->rules->detections.size()) + " detections, " +
           std::to_string(source_->current()->rules->correlations.size()) + " correlations");
}

}  // namespace spoor
