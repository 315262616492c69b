#include "engine/rule/rule_source.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

namespace spoor {
namespace {

/// Everything that a snapshot is made of, read and not yet understood.
struct ReadFiles {
  std::vector<RuleFile> rules;
  std::optional<RuleFile> placeholders;
  std::map<std::string, Uid> hashes;
};

Uid hash_of(const RuleFile& file) {
  return UidBuilder().add(file.content).finish();
}

Result<ReadFiles> read(const RulePaths& paths) {
  ReadFiles files;
  Result<std::vector<RuleFile>> rules = read_rule_files(paths.rules);
  if (!rules) {
    return tl::unexpected<Error>(rules.error());
  }
  files.rules = std::move(*rules);
  for (const RuleFile& file : files.rules) {
    files.hashes.emplace(file.path, hash_of(file));
  }
  if (!paths.placeholders.empty()) {
    Result<RuleFile> placeholders = read_rule_file(paths.placeholders);
    if (!placeholders) {
      return tl::unexpected<Error>(placeholders.error());
    }
    files.hashes.emplace(placeholders->path, hash_of(*placeholders));
    files.placeholders = std::move(*placeholders);
  }
  return files;
}

std::shared_ptr<const RuleSnapshot> load(ReadFiles files, LoadOptions options) {
  std::vector<Diagnostic> of_placeholders;
  if (files.placeholders) {
    for (auto& [name, values] : load_placeholders(*files.placeholders, of_placeholders)) {
      options.placeholders.insert_or_assign(name, std::move(values));
    }
  }
  LoadedRules loaded = load_rules(files.rules, options);
  loaded.diagnostics.insert(loaded.diagnostics.end(), of_placeholders.begin(),
                            of_placeholders.end());
  std::ranges::stable_sort(loaded.diagnostics, {}, [](const Diagnostic& diagnostic) {
    return std::tuple(std::string_view(diagnostic.file), diagnostic.position.line,
                      diagnostic.position.column);
  });
  auto snapshot = std::make_shared<RuleSnapshot>();
  snapshot->rules = std::make_shared<const RuleSet>(std::move(loaded.rules));
  snapshot->diagnostics = std::move(loaded.diagnostics);
  snapshot->documents = loaded.documents;
  snapshot->rejected = loaded.rejected;
  snapshot->refused = std::move(loaded.refused);
  snapshot->files = std::move(files.hashes);
  return snapshot;
}

/// Which errors of the new rules stand in the way of replacing the old ones.
std::vector<Diagnostic> errors_in_the_way(const RuleSnapshot& before, const RuleSnapshot& after) {
  const auto has_old_content = [&](const std::string& file) {
    const auto old = before.files.find(file);
    const auto now = after.files.find(file);
    return old != before.files.end() && now != after.files.end() && old->second == now->second;
  };
  using Place = std::tuple<std::string_view, std::uint32_t, std::uint32_t>;
  const auto place_of = [](const DocumentPlace& document) {
    return Place(document.file, document.position.line, document.position.column);
  };
  std::set<Place> refused_before;
  for (const DocumentPlace& document : before.refused) {
    refused_before.insert(place_of(document));
  }
  std::set<std::string_view> files_that_lost;
  for (const DocumentPlace& document : after.refused) {
    if (has_old_content(document.file) && !refused_before.contains(place_of(document))) {
      files_that_lost.insert(document.file);
    }
  }
  std::vector<Diagnostic> errors;
  std::ranges::copy_if(after.diagnostics, std::back_inserter(errors), [&](const Diagnostic& found) {
    return found.severity == Severity::error &&
           (!has_old_content(found.file) || files_that_lost.contains(found.file));
  });
  return errors;
}

bool is_empty(const RuleSet& rules) {
  return rules.detections.empty() && rules.correlations.empty() &&
         rules.window_correlations.empty();
}

}  // namespace

Result<RuleSource> RuleSource::open(RulePaths paths, LoadOptions options) {
  RuleSource source(std::move(paths), std::move(options));
  Result<ReadFiles> files = read(source.paths_);
  if (!files) {
    return tl::unexpected<Error>(files.error());
  }
  source.current_ = load(std::move(*files), source.options_);
  return source;
}

RuleReload RuleSource::reload() const {
  RuleReload reload;
  const auto fail_because = [&reload](std::string reason) {
    reload.outcome = RuleReload::Outcome::failed;
    reload.reason = std::move(reason);
  };
  Result<ReadFiles> files = read(paths_);
  if (!files) {
    fail_because(files.error().message);
    return reload;
  }
  if (files->hashes == current_->files) {
    return reload;
  }
  reload.outcome = RuleReload::Outcome::changed;
  reload.snapshot = load(std::move(*files), options_);
  reload.causes = errors_in_the_way(*current_, *reload.snapshot);
  if (!reload.causes.empty()) {
    std::set<std::string_view> bad_files;
    for (const Diagnostic& cause : reload.causes) {
      bad_files.insert(cause.file);
    }
    fail_because(std::to_string(bad_files.size()) +
                 (bad_files.size() == 1 ? " file has" : " files have") + " errors");
  } else if (is_empty(*reload.snapshot->rules)) {
    fail_because("no rule loads");
  }
  return reload;
}

void RuleSource::adopt(std::shared_ptr<const RuleSnapshot> snapshot) {
  current_ = std::move(snapshot);
}

}  // namespace spoor
