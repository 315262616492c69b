// A YAML document with the place of everything in it, and the desk where its problems are handed
// in.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/rule/diagnostic.h"

namespace spoor {

struct YamlEntry;

/// One node of a YAML document.
struct YamlNode {
  enum class Kind : std::uint8_t { null, scalar, list, map };
  Kind kind = Kind::null;
  SourcePosition position;
  std::string text;     ///< scalar.
  bool quoted = false;  ///< scalar: written in quotes or as a block, so that it is text whatever it
                        ///< looks like.
  std::vector<YamlNode> items;     ///< list.
  std::vector<YamlEntry> entries;  ///< map: keys are scalars, and unique.

  [[nodiscard]] bool is_scalar() const { return kind == Kind::scalar; }

  [[nodiscard]] bool is_list() const { return kind == Kind::list; }

  [[nodiscard]] bool is_map() const { return kind == Kind::map; }

  /// The value of a key of a map, or null.
  [[nodiscard]] const YamlNode* find(std::string_view key) const;
  /// Where a key stands; the node's own place if it has no such key.
  [[nodiscard]] SourcePosition position_of(std::string_view key) const;
};

/// A key of a map and its value.
struct YamlEntry {
  YamlNode key;
  YamlNode value;
};

/// "a map", for messages.
[[nodiscard]] std::string_view to_string(YamlNode::Kind kind);

/// A file with more problems than this is no rule file; its author needs no longer list.
inline constexpr std::size_t kProblemsShownMax = 1'000;

/// Without the mark that some editors put before UTF-8 text: columns count from what a person sees.
[[nodiscard]] std::string_view without_byte_order_mark(std::string_view content);

/// Collects what is wrong with one file. Lines are kept for the caret. At most kProblemsShownMax
/// are kept, and as many warnings of lint(); if there are more, the last says so.
class DiagnosticDesk {
 public:
  DiagnosticDesk(std::string file, std::string_view content, std::vector<Diagnostic>& into);

  void error(SourcePosition position, std::string message, std::string hint = "");
  void warning(SourcePosition position, std::string message, std::string hint = "");
  /// A warning of the check of that name (lint.h).
  void lint(std::string_view check,
            SourcePosition position,
            std::string message,
            std::string hint = "");

  /// Where `text` next stands at or behind `start`, looking at `lines` lines; nullopt if it does
  /// not.
  [[nodiscard]] std::optional<SourcePosition> find_from(SourcePosition start,
                                                        std::string_view text,
                                                        std::size_t lines) const;

  [[nodiscard]] std::size_t errors() const { return errors_; }

  /// No more warnings of lint() are kept: what costs time to find need not be looked for.
  [[nodiscard]] bool has_enough_lint() const { return lints_ > kProblemsShownMax; }

  [[nodiscard]] const std::string& file() const { return file_; }

 private:
  void add(Severity severity,
           SourcePosition position,
           std::string message,
           std::string hint,
           std::string_view check = "");

  std::string file_;
  std::vector<std::string_view> lines_;
  std::vector<Diagnostic>& into_;
  std::size_t errors_ = 0;
  std::size_t problems_ = 0;
  std::size_t lints_ = 0;  ///< Those of lint().
};

/// "did you mean 'x'?" for the nearest of `candidates`, or "".
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       const std::vector<std::string_view>& candidates);

/// Reads the documents of a file, separated by lines that start with "---". A document that is not
/// YAML, uses anchors or aliases, repeats a key or nests deeper than kRuleDepthMax is reported to
/// `desk` and left out (`*refused` counts them); the others are returned. Empty documents are
/// skipped.
[[nodiscard]] std::vector<YamlNode> read_documents(std::string_view content,
                                                   DiagnosticDesk& desk,
                                                   std::size_t* refused);

/// The same of a file of JSON: one rule, several one after the other, or an array of them.
[[nodiscard]] std::vector<YamlNode> read_json_documents(std::string_view content,
                                                        DiagnosticDesk& desk,
                                                        std::size_t* refused);

/// Is it UTF-8 and of a size that a rule file may have? If not, that was reported.
[[nodiscard]] bool is_rule_text(std::string_view content, DiagnosticDesk& desk);

}  // namespace spoor
