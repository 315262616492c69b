#include "engine/rule/load.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <tuple>

#include "engine/base/limits.h"
#include "engine/rule/load_correlation.h"
#include "engine/rule/load_detection.h"

namespace spoor {
namespace {

namespace fs = std::filesystem;

/// A document and the desk of its file.
struct Document {
  YamlNode node;
  DiagnosticDesk* desk;
};

/// Collects the rules of all files: detections first, for correlations refer to them.
class Loader {
 public:
  explicit Loader(const DocumentVisitor& visit) : visit_(visit) {}

  LoadedRules load(const std::vector<RuleFile>& files) {
    for (const RuleFile& file : files) {
      read_file(file);
    }
    load_detections();
    load_correlations();
    std::ranges::stable_sort(loaded_.diagnostics, [](const Diagnostic& a, const Diagnostic& b) {
      return std::tie(a.file, a.position.line, a.position.column) <
             std::tie(b.file, b.position.line, b.position.column);
    });
    return std::move(loaded_);
  }

 private:
  void read_file(const RuleFile& file) {
    desks_.push_back(
        std::make_unique<DiagnosticDesk>(file.path, file.content, loaded_.diagnostics));
    DiagnosticDesk& desk = *desks_.back();
    std::size_t refused = 0;
    for (YamlNode& node : read_documents(file.content, desk, &refused)) {
      ++loaded_.documents;
      if (!node.is_map()) {
        desk.error(node.position, "a rule must be a map, not " + std::string(to_string(node.kind)));
        ++loaded_.rejected;
        continue;
      }
      if (visit_) {
        visit_(node, desk);
      }
      sort_in({.node = std::move(node), .desk = &desk});
    }
    loaded_.documents += refused;
    loaded_.rejected += refused;
  }

  void sort_in(Document document) {
    if (document.node.find("correlation") != nullptr) {
      correlations_.push_back(std::move(document));
    } else if (document.node.find("filter") != nullptr) {
      document.desk->error(document.node.position_of("filter"),
                           "Sigma filters are not supported yet");
      ++loaded_.rejected;
    } else {
      detections_.push_back(std::move(document));
    }
  }

  /// True if no rule before had this id.
  bool is_new_id(const RuleMeta& meta, const Document& document) {
    const auto [known, is_new] =
        id_places_.try_emplace(meta.id, meta.file + ":" + std::to_string(meta.position.line));
    if (!is_new) {
      document.desk->error(document.node.position_of("id"),
                           "the id '" + meta.id + "' is taken by " + known->second,
                           "every rule needs an id of its own");
    }
    return is_new;
  }

  /// By what a correlation can refer to a document.
  static void add_names(const Document& document, std::set<std::string>& names) {
    for (const char* key : {"id", "name"}) {
      const YamlNode* node = document.node.find(key);
      if (node != nullptr && node->is_scalar()) {
        names.insert(node->text);
      }
    }
  }

  void reject(const Document& document) {
    ++loaded_.rejected;
    add_names(document, known_.rejected);
  }

  void load_detections() {
    for (const Document& document : detections_) {
      std::optional<DetectionRule> rule = load_detection(document.node, *document.desk);
      if (!rule || !is_new_id(rule->meta, document)) {
        reject(document);
        continue;
      }
      loaded_.rules.detections.push_back(std::move(*rule));
    }
    std::ranges::sort(loaded_.rules.detections, {}, [](const DetectionRule& rule) {
      return std::tuple(rule.meta.id, rule.meta.file);
    });
  }

  void load_correlations() {
    known_.detections = &loaded_.rules.detections;
    for (const Document& document : correlations_) {
      add_names(document, known_.correlations);
    }
    for (DetectionRule& rule : loaded_.rules.detections) {
      rule.makes_finding = true;
    }
    std::set<std::string> referred;
    std::set<std::string> generating;
    for (const Document& document : correlations_) {
      bool generate = false;
      std::vector<std::string> steps;
      std::optional<CorrelationRule> rule =
          load_correlation(document.node, known_, *document.desk, &generate, &steps);
      // A refused correlation keeps its steps silent too: a slip in it must not turn building
      // blocks into findings.
      referred.insert(steps.begin(), steps.end());
      if (generate) {
        generating.insert(steps.begin(), steps.end());
      }
      if (!rule || !is_new_id(rule->meta, document)) {
        reject(document);
        continue;
      }
      loaded_.rules.correlations.push_back(std::move(*rule));
    }
    for (DetectionRule& rule : loaded_.rules.detections) {
      const auto names_it = [&rule](const std::set<std::string>& names) {
        return names.contains(rule.meta.id) ||
               (!rule.meta.name.empty() && names.contains(rule.meta.name));
      };
      rule.makes_finding = !names_it(referred) || names_it(generating);
    }
    std::ranges::sort(loaded_.rules.correlations, {}, [](const CorrelationRule& rule) {
      return std::tuple(rule.meta.id, rule.meta.file);
    });
  }

  const DocumentVisitor& visit_;
  LoadedRules loaded_;
  std::vector<std::unique_ptr<DiagnosticDesk>> desks_;
  std::vector<Document> detections_;
  std::vector<Document> correlations_;
  std::map<std::string, std::string> id_places_;
  KnownRules known_;
};

Result<RuleFile> read_rule_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string content;
  std::array<char, std::size_t{64} << 10U> chunk{};
  // No further than just beyond the bound: such a file is refused where all others are, and the
  // rest loads.
  while (file && content.size() <= kRuleBytesMax) {
    file.read(chunk.data(), chunk.size());
    content.append(chunk.data(), static_cast<std::size_t>(file.gcount()));
  }
  if (!file.is_open() || file.bad()) {
    return fail(ErrorCode::io, "cannot read " + path.string());
  }
  return RuleFile{.path = path.string(), .content = std::move(content)};
}

bool is_rule_file(const fs::path& path) {
  return path.extension() == ".yml" || path.extension() == ".yaml";
}

/// Rule files below a folder, in name order. Hidden entries are skipped; directory links are not
/// followed.
std::vector<fs::path> rule_files_below(const fs::path& folder, std::error_code& error) {
  std::vector<fs::path> found;
  fs::recursive_directory_iterator entry(folder, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    if (entry->path().filename().string().starts_with('.')) {
      entry.disable_recursion_pending();
      continue;
    }
    std::error_code ignored;
    if (entry->is_regular_file(ignored) && is_rule_file(entry->path())) {
      found.push_back(entry->path());
    }
  }
  std::ranges::sort(found);
  return found;
}

}  // namespace

LoadedRules load_rules(const std::vector<RuleFile>& files, const DocumentVisitor& visit) {
  return Loader(visit).load(files);
}

Result<LoadedRules> load_rule_paths(const std::vector<std::string>& paths,
                                    const DocumentVisitor& visit) {
  std::vector<RuleFile> files;
  std::set<fs::path> read;  // A file that is given twice, by itself and by its folder, is one file.
  for (const std::string& path : paths) {
    std::error_code error;
    const bool is_folder = fs::is_directory(path, error);
    if (!is_folder && !fs::exists(path, error)) {
      return fail(ErrorCode::bad_usage, "no rule file or folder '" + path + "'");
    }
    const std::vector<fs::path> found =
        is_folder ? rule_files_below(path, error) : std::vector<fs::path>{path};
    if (error) {
      return fail(ErrorCode::io, "cannot read " + path + ": " + error.message());
    }
    for (const fs::path& rule_file : found) {
      const fs::path same = fs::weakly_canonical(rule_file, error);
      if (!read.insert(error ? rule_file : same).second) {
        continue;
      }
      Result<RuleFile> file = read_rule_file(rule_file);
      if (!file) {
        return tl::unexpected<Error>(file.error());
      }
      files.push_back(std::move(*file));
    }
  }
  return load_rules(files, visit);
}

}  // namespace spoor
