// Reads rule files into a RuleSet.
//
// Sigma YAML, through yaml-cpp, with line and column kept. All problems of all files are reported
// at once; a bad rule never keeps a good one from loading. What we do not support yet is refused
// with its place, never ignored: a detection that silently means something else is worse than none.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/rule/diagnostic.h"
#include "engine/rule/rule.h"
#include "engine/rule/sigma_text.h"

namespace spoor {

class DiagnosticDesk;
struct YamlNode;

/// Sees every rule document that is a YAML map, before it is loaded and whether it loads or not.
/// What it reports to the desk of the document's file comes out with the loader's own diagnostics.
using DocumentVisitor = std::function<void(const YamlNode& document, DiagnosticDesk& desk)>;

/// Where a rule document stands.
struct DocumentPlace {
  std::string file;
  SourcePosition position;
};

struct LoadedRules {
  RuleSet rules;
  std::vector<Diagnostic> diagnostics;  ///< In (file, line, column) order.
  std::size_t documents = 0;            ///< Rule documents seen, loaded or not.
  std::size_t rejected = 0;
  std::vector<DocumentPlace> refused;  ///< Of those rejected the ones that could be read as YAML.
};

/// One file already in memory.
struct RuleFile {
  std::string path;  ///< As shown to the author.
  std::string content;
};

/// What rules leave to those who use them.
struct LoadOptions {
  /// The values of `expand`: %name% stands for any of those of `name`.
  Placeholders placeholders{};
  /// Called for each document that is YAML, before it is loaded; may be empty.
  DocumentVisitor visit{};
};

/// Loads rules out of memory: YAML, or JSON. Documents of one YAML file are separated by "---"; a
/// JSON file may hold an array of them. Correlations may refer to rules of any file by name or id.
[[nodiscard]] LoadedRules load_rules(const std::vector<RuleFile>& files,
                                     const LoadOptions& options = {});

/// Reads one file, to just beyond kRuleBytesMax: the loader refuses what is longer.
[[nodiscard]] Result<RuleFile> read_rule_file(const std::string& path);

/// Reads *.yml and *.yaml below each path (a file, *.json too, or a directory; in name order;
/// hidden entries and symbolic links to directories are skipped). Fails if a path cannot be read.
[[nodiscard]] Result<std::vector<RuleFile>> read_rule_files(const std::vector<std::string>& paths);

/// read_rule_files() and load_rules(). Fails only if a path cannot be read.
[[nodiscard]] Result<LoadedRules> load_rule_paths(const std::vector<std::string>& paths,
                                                  const LoadOptions& options = {});

/// Placeholders: a YAML or JSON map from names to a text or a list of texts. What is wrong is added
/// to `diagnostics`.
[[nodiscard]] Placeholders load_placeholders(const RuleFile& file,
                                             std::vector<Diagnostic>& diagnostics);

/// The same of the file at `path`. Fails only if it cannot be read.
[[nodiscard]] Result<LoadOptions> load_placeholder_file(const std::string& path,
                                                        std::vector<Diagnostic>& diagnostics);

}  // namespace spoor
