// Where the rules come from, and reading them again while the engine runs.
//
// Reading again never makes things worse: either the whole new rule set is fit to take the place of
// the old one, or the old one stays and its reader is told why. What counts is the content of the
// files, never their times. docs/decisions/0018-hot-reload.md says what fails a reload, and why.
//
//   RuleReload reload = source.reload();
//   if (reload.outcome == RuleReload::Outcome::changed &&
//       pipeline.replace_rules(reload.snapshot->rules, &refused)) {
//     source.adopt(reload.snapshot);
//   }
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/uid.h"
#include "engine/rule/load.h"

namespace spoor {

struct RulePaths {
  std::vector<std::string> rules;  ///< Files and folders, as read_rule_files() takes them.
  std::string placeholders;        ///< File with the values of `expand`, or empty.
};

/// All rules as they were at one time, and what became of them. Immutable.
struct RuleSnapshot {
  std::shared_ptr<const RuleSet> rules;
  std::vector<Diagnostic> diagnostics;  ///< In (file, line, column) order.
  std::size_t documents = 0;            ///< Rule documents seen, loaded or not.
  std::size_t rejected = 0;
  std::vector<DocumentPlace> refused;  ///< As LoadedRules::refused.
  std::map<std::string, Uid> files;    ///< Path → hash of the content, that of placeholders too.
};

/// What reading the rules again gave.
struct RuleReload {
  enum class Outcome : std::uint8_t {
    unchanged,  ///< The same files with the same content.
    changed,    ///< `snapshot` may take the place of the old one.
    failed,     ///< The old one has to stay.
  };
  Outcome outcome = Outcome::unchanged;
  /// unchanged: null. failed: what it would have been, with all its diagnostics; null if a path
  /// could not be read.
  std::shared_ptr<const RuleSnapshot> snapshot;
  std::string reason;              ///< failed: why, in one line.
  std::vector<Diagnostic> causes;  ///< failed: the errors in the way, in order; may be empty.
};

/// The rules of some paths. Not thread-safe; snapshots may be read from any thread.
class RuleSource {
 public:
  /// Reads and loads the rules. What is wrong with them is in current()->diagnostics, and that none
  /// loads is no failure here. `options.placeholders` are overridden, name by name, by those of the
  /// file; `options.visit` is called at each loading. Fails only if a path cannot be read.
  [[nodiscard]] static Result<RuleSource> open(RulePaths paths, LoadOptions options = {});

  /// What was adopted last; at first, what open() read. Never null.
  [[nodiscard]] const std::shared_ptr<const RuleSnapshot>& current() const { return current_; }

  /// Reads all files again and, if they differ from the current ones, loads them. Changes nothing:
  /// adopt() does. It fails if
  ///  - a path cannot be read,
  ///  - no rule loads,
  ///  - a file that is new or has other content has an error, or
  ///  - a document of any other file is refused that was not refused before (because a rule that it
  ///    refers to is gone, say, or a placeholder, or its id was taken).
  /// So rules that were always refused do not stand in the way. A file that is caught half-written
  /// is read as it is. O(bytes of the files), and as load_rules() if they differ.
  [[nodiscard]] RuleReload reload() const;

  /// Makes what reload() gave the current rules. Not if the engine refused them: then reload() goes
  /// on offering them.
  void adopt(std::shared_ptr<const RuleSnapshot> snapshot);

 private:
  RuleSource(RulePaths paths, LoadOptions options)
      : paths_(std::move(paths)), options_(std::move(options)) {}

  RulePaths paths_;
  LoadOptions options_;
  std::shared_ptr<const RuleSnapshot> current_;
};

}  // namespace spoor
