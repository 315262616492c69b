// (event) → hits: which rules hold for this event, and by which fields.
//
// Rules are first routed by log source, then evaluated one by one. This is the plain evaluator: it
// stays as the twin that every later index is tested against.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/event/event.h"
#include "engine/rule/diagnostic.h"
#include "engine/rule/rule.h"

namespace spoor {

/// A field whose value made a rule hold.
struct MatchedField {
  std::string_view field;  ///< Name, owned by the rule set.
  std::string_view value;  ///< The event's value; valid as long as the event's text.
  std::string_view test;   ///< What the rule asked for, as written; owned by the rule set.
};

/// Decides rules. Immutable after create, except for scratch buffers: one Matcher per thread.
class Matcher {
 public:
  /// Compiles every rule of `rules`, which must outlive the matcher. A rule RE2 refuses is reported
  /// in `diagnostics` (if not null) and never holds.
  [[nodiscard]] static Matcher create(const RuleSet& rules, std::vector<Diagnostic>* diagnostics);

  Matcher(Matcher&&) noexcept;
  Matcher& operator=(Matcher&&) noexcept;
  ~Matcher();

  /// Appends the indices (into RuleSet::detections, ascending) of the rules that hold for `event`
  /// to `hits`.
  void match(const Event& event, std::vector<std::size_t>& hits);

  /// The fields that made `rule` hold for `event`, in the rule's order, without repeats. For
  /// evidence: call after match() said it holds.
  [[nodiscard]] std::vector<MatchedField> explain(std::size_t rule, const Event& event);

  /// Does a rule's log source cover this event?
  [[nodiscard]] static bool routes(const LogSource& log_source, const Event& event);

  /// Rules evaluated so far (after routing): the cost counter.
  [[nodiscard]] std::size_t evaluations() const;

  /// Rules of which RE2 refused no expression.
  [[nodiscard]] std::size_t usable_rules() const;

 private:
  struct Impl;
  explicit Matcher(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace spoor
