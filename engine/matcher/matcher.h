// (event) → hits: which rules hold for this event, and by which fields.
//
// Rules are first routed by log source, then evaluated one by one. This is the plain evaluator: it
// stays as the twin that every later index is tested against.
//
// A field may have more than one value: the event's, the one that canonical.h reveals from it, and
// the vendor's text where the event holds its representation. A test that speaks for a rule holds
// if one of them satisfies it; a test under a `not` (under an odd number of them) only if all do.
// So obfuscation can add a hit and never suppress one. Whether a field is there at all does not
// depend on its values.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/event/canonical.h"
#include "engine/event/event.h"
#include "engine/rule/diagnostic.h"
#include "engine/rule/rule.h"

namespace spoor {

/// A field whose value made a rule hold.
struct MatchedField {
  std::string_view field;  ///< Name, owned by the rule set.
  /// The value that satisfied the test. Valid as long as the event's text and until the matcher's
  /// next match() or explain(): a canonical one is the matcher's.
  std::string_view value;
  std::string_view test;  ///< What the rule asked for, as written; owned by the rule set.
  ValueForm form = ValueForm::as_is;  ///< Which of the field's values that is.
};

struct MatcherOptions {
  /// Every value of a field counts. If not, only the event's own: Sigma to the letter.
  bool canonical = true;
  /// Every field is looked up in Event::extra by the rule's name for it, as flat events have it; a
  /// name that is there several times is an array.
  bool by_name = false;
  /// Rules meet the events of their log source only. If not, every rule meets every event.
  bool route = true;
};

/// Decides rules. Immutable after create, except for scratch buffers: one Matcher per thread.
class Matcher {
 public:
  /// Compiles every rule of `rules`, which must outlive the matcher. A rule RE2 refuses is reported
  /// in `diagnostics` (if not null) and never holds.
  [[nodiscard]] static Matcher create(const RuleSet& rules,
                                      std::vector<Diagnostic>* diagnostics,
                                      const MatcherOptions& options = {});

  Matcher(Matcher&&) noexcept;
  Matcher& operator=(Matcher&&) noexcept;
  ~Matcher();

  /// Appends the indices (into RuleSet::detections, ascending) of the rules that hold for `event`
  /// to `hits`.
  void match(const Event& event, std::vector<std::size_t>& hits);

  /// The fields that made `rule` hold for `event`, in the rule's order, without repeats, each with
  /// the first of its values that did. For evidence: call after match() said it holds.
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
