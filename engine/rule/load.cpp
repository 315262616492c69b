#include "engine/rule/load.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <system_error>
#include <tuple>

#include "engine/base/limits.h"
#include "engine/rule/load_correlation.h"
#include "engine/rule/load_detection.h"
#include "engine/rule/load_window_correlation.h"
#include "engine/rule/logic_hash.h"

namespace spoor {
namespace {

namespace fs = std::filesystem;

/// A document and the desk of its file.
struct Document {
  YamlNode node;
  DiagnosticDesk* desk;
};

bool is_json_file(const fs::path& path) {
  return path.extension() == ".json";
}

/// JSON by its name, or by its looks and in its entirety; else YAML.
std::vector<YamlNode> read_rule_documents(const RuleFile& file,
                                          DiagnosticDesk& desk,
                                          std::size_t* refused) {
  if (is_json_file(file.path)) {
    return read_json_documents(file.content, desk, refused);
  }
  const std::string_view content = without_byte_order_mark(file.content);
  const std::size_t first = content.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && (content[first] == '{' || content[first] == '[')) {
    std::vector<Diagnostic> ignored;
    DiagnosticDesk quiet(file.path, file.content, ignored);
    std::vector<YamlNode> documents = read_json_documents(file.content, quiet, refused);
    const bool of_rules = !documents.empty() && std::ranges::all_of(documents, &YamlNode::is_map);
    if (ignored.empty() && of_rules) {
      return documents;
    }
  }
  return read_documents(file.content, desk, refused);
}

/// Collects the rules of all files: detections first, for correlations refer to them.
class Loader {
 public:
  explicit Loader(const LoadOptions& options) : options_(options) {}

  LoadedRules load(const std::vector<RuleFile>& files) {
    for (const RuleFile& file : files) {
      read_file(file);
    }
    load_detections();
    apply_filters();
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
    for (YamlNode& node : read_rule_documents(file, desk, &refused)) {
      ++loaded_.documents;
      if (!node.is_map()) {
        desk.error(node.position, "a rule must be a map, not " + std::string(to_string(node.kind)));
        refuse({.file = desk.file(), .position = node.position});
        continue;
      }
      if (options_.visit) {
        options_.visit(node, desk);
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
      filters_.push_back(std::move(document));
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

  void refuse(DocumentPlace place) {
    ++loaded_.rejected;
    loaded_.refused.push_back(std::move(place));
  }

  void refuse(const Document& document) {
    refuse({.file = document.desk->file(), .position = document.node.position});
  }

  void reject(const Document& document) {
    refuse(document);
    add_names(document, known_.rejected);
  }

  void load_detections() {
    for (const Document& document : detections_) {
      std::optional<DetectionRule> rule =
          load_detection(document.node, options_.placeholders, *document.desk);
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

  /// (rule) and (filter), for every rule that a filter names.
  void apply_filters() {
    for (const Document& document : filters_) {
      const std::optional<FilterRule> filter =
          load_filter(document.node, options_.placeholders, *document.desk);
      if (!filter) {
        refuse(document);
        continue;
      }
      std::size_t applied = 0;
      for (DetectionRule& rule : loaded_.rules.detections) {
        if (concerns(*filter, rule)) {
          apply(*filter, rule);
          ++applied;
        }
      }
      if (applied == 0) {
        document.desk->warning(filter->position, "the filter applies to no rule",
                               "its 'rules' must name one by id or name, and the parts of its "
                               "'logsource' must be that rule's");
      }
    }
  }

  static bool concerns(const FilterRule& filter, const DetectionRule& rule) {
    const auto agrees = [](const std::string& given, const std::string& of_rule) {
      return given.empty() || given == of_rule;
    };
    const bool named = filter.any_rule || std::ranges::any_of(filter.rules, [&](const auto& name) {
                         return name == rule.meta.id || (!name.empty() && name == rule.meta.name);
                       });
    return named && agrees(filter.log_source.product, rule.log_source.product) &&
           agrees(filter.log_source.category, rule.log_source.category) &&
           agrees(filter.log_source.service, rule.log_source.service);
  }

  static void apply(const FilterRule& filter, DetectionRule& rule) {
    Expr both;
    both.kind = Expr::Kind::all;
    both.children.push_back(std::move(rule.condition));
    both.children.push_back(filter.condition);
    rule.condition = std::move(both);
    rule.filters.push_back(filter.id.empty() ? filter.title : filter.id);
    rule.meta.logic_hash = logic_hash(rule);
  }

  void load_correlations() {
    known_.detections = &loaded_.rules.detections;
    for (const Document& document : correlations_) {
      add_names(document, known_.correlations);
    }
    std::vector<Document> window_documents;
    std::vector<Document> lineage_documents;
    for (Document& document : correlations_) {
      std::vector<Document>& kind =
          has_lineage_key(document.node) ? lineage_documents : window_documents;
      kind.push_back(std::move(document));
    }
    correlations_ = std::move(lineage_documents);
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
    load_window_correlations(window_documents, referred, generating);
    const auto makes_finding = [&](const RuleMeta& meta) {
      const auto names_it = [&meta](const std::set<std::string>& names) {
        return names.contains(meta.id) || (!meta.name.empty() && names.contains(meta.name));
      };
      return !names_it(referred) || names_it(generating);
    };
    for (DetectionRule& rule : loaded_.rules.detections) {
      rule.makes_finding = makes_finding(rule.meta);
    }
    for (WindowCorrelation& rule : loaded_.rules.window_correlations) {
      rule.makes_finding = makes_finding(rule.meta);
    }
    std::ranges::sort(loaded_.rules.correlations, {}, [](const CorrelationRule& rule) {
      return std::tuple(rule.meta.id, rule.meta.file);
    });
  }

  void load_window_correlations(const std::vector<Document>& documents,
                                std::set<std::string>& referred,
                                std::set<std::string>& generating) {
    std::vector<CorrelationDocument> listed;
    listed.reserve(documents.size());
    for (const Document& document : documents) {
      listed.push_back({.node = &document.node, .desk = document.desk});
    }
    LoadedWindowCorrelations windows = spoor::load_window_correlations(
        listed, known_, [&](const RuleMeta& meta, std::size_t document) {
          return is_new_id(meta, documents[document]);
        });
    for (const std::size_t document : windows.refused) {
      reject(documents[document]);
    }
    referred.merge(windows.referred);
    generating.merge(windows.generating);
    loaded_.rules.window_correlations = std::move(windows.rules);
  }

  const LoadOptions& options_;
  LoadedRules loaded_;
  std::vector<std::unique_ptr<DiagnosticDesk>> desks_;
  std::vector<Document> detections_;
  std::vector<Document> filters_;
  std::vector<Document> correlations_;
  std::map<std::string, std::string> id_places_;
  KnownRules known_;
};

/// "admins: [root, adm_*]", or one value.
void read_placeholder(const YamlNode& name,
                      const YamlNode& value,
                      DiagnosticDesk& desk,
                      Placeholders& into) {
  std::vector<std::string>& values = into[name.text];
  const auto add = [&](const YamlNode& one) {
    if (one.is_scalar()) {
      values.push_back(one.text);
    } else {
      desk.error(one.position, "a value of placeholder '" + name.text + "' must be text, not " +
                                   std::string(to_string(one.kind)));
    }
  };
  if (value.is_list()) {
    std::ranges::for_each(value.items, add);
  } else {
    add(value);
  }
}

/// JSON files only if they are named: folders of rules hold other JSON, too.
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

LoadedRules load_rules(const std::vector<RuleFile>& files, const LoadOptions& options) {
  return Loader(options).load(files);
}

Result<RuleFile> read_rule_file(const std::string& path) {
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
    return fail(ErrorCode::bad_usage,
                "cannot read " + path + ": " + std::generic_category().message(errno));
  }
  return RuleFile{.path = path, .content = std::move(content)};
}

Result<std::vector<RuleFile>> read_rule_files(const std::vector<std::string>& paths) {
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
      return fail(ErrorCode::bad_usage, "cannot read " + path + ": " + error.message());
    }
    for (const fs::path& rule_file : found) {
      const fs::path same = fs::weakly_canonical(rule_file, error);
      if (!read.insert(error ? rule_file : same).second) {
        continue;
      }
      Result<RuleFile> file = read_rule_file(rule_file.string());
      if (!file) {
        return tl::unexpected<Error>(file.error());
      }
      files.push_back(std::move(*file));
    }
  }
  return files;
}

Result<LoadedRules> load_rule_paths(const std::vector<std::string>& paths,
                                    const LoadOptions& options) {
  return read_rule_files(paths).map(
      [&options](const std::vector<RuleFile>& files) { return load_rules(files, options); });
}

Placeholders load_placeholders(const RuleFile& file, std::vector<Diagnostic>& diagnostics) {
  Placeholders placeholders;
  DiagnosticDesk desk(file.path, file.content, diagnostics);
  std::size_t refused = 0;
  for (const YamlNode& document : read_rule_documents(file, desk, &refused)) {
    if (!document.is_map()) {
      desk.error(document.position, "placeholders are a map from names to lists of values",
                 "admins: [root, adm_*]");
    }
    for (const auto& [name, value] : document.entries) {
      read_placeholder(name, value, desk, placeholders);
    }
  }
  return placeholders;
}

Result<LoadOptions> load_placeholder_file(const std::string& path,
                                          std::vector<Diagnostic>& diagnostics) {
  const Result<RuleFile> file = read_rule_file(path);
  if (!file) {
    return tl::unexpected<Error>(file.error());
  }
  return LoadOptions{.placeholders = load_placeholders(*file, diagnostics), .visit = {}};
}

}  // namespace spoor
