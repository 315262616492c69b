// (event, lineage) → hits: which rules hold for this event, and by which fields.
//
// Rules are routed by log source; an index finds those of which some necessary test may hold
// (rule_index.h), and only these are evaluated. match_plainly() evaluates all that are routed: the
// twin that the index is tested against.
//
// A field may have more than one value: the event's, the one that canonical.h reveals from it, and
// the vendor's text where the event holds its representation. A test that speaks for a rule holds
// if one of them satisfies it; a test under a `not` (under an odd number of them) only if all do.
// So obfuscation can add a hit and never suppress one. Whether a field is there at all does not
// depend on its values.
//
// What the vendor left out the process graph may know (lineage.h). What it may still learn is
// neither true nor false: Kleene's logic, and the caller asks again.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "engine/event/canonical.h"
#include "engine/event/event.h"
#include "engine/matcher/lineage.h"
#include "engine/matcher/predicate.h"
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
  /// Measures what rules cost: RuleCost::time. Null: nobody asks. Must outlive the matcher.
  const Clock* clock = nullptr;
};

/// Of so many events of which rules are evaluated the time of one is taken. A prime: what comes in
/// a rhythm is met no more and no less often than anything else.
inline constexpr std::uint32_t kTimedEvery = 1'021;

/// What is known of keywords before a record is read whole.
enum class Keywords : std::uint8_t {
  possible,   ///< The event holds every value of its record, or nobody asked.
  ruled_out,  ///< needs_everything() said no.
};

/// What a rule cost.
struct RuleCost {
  std::size_t candidates = 0;  ///< Events for which it was evaluated: not those seen alike before.
  std::size_t tests = 0;       ///< Tests that were asked for these.
  std::size_t hits = 0;        ///< Events for which it held.
  /// For these evaluations, estimated from one event of kTimedEvery. What the rules of an event
  /// share is the time of the first that asks.
  std::chrono::nanoseconds time{0};
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
  /// to `hits`. `lineage` answers for fields that the event lacks; it may be null. If `open` is not
  /// null, it gets the rules whose verdict, whichever it is, rests on what the graph may still
  /// learn: judge() them again when it has.
  void match(const Event& event,
             std::vector<std::size_t>& hits,
             const Lineage* lineage = nullptr,
             std::vector<std::size_t>* open = nullptr,
             Keywords keywords = Keywords::possible);

  /// The slow twin: the same answer, from every rule that the event meets.
  void match_plainly(const Event& event,
                     std::vector<std::size_t>& hits,
                     const Lineage* lineage = nullptr,
                     std::vector<std::size_t>* open = nullptr);

  /// One rule, whatever its log source. `*may_change` (if not null): does the verdict rest on what
  /// the graph may still learn?
  [[nodiscard]] Verdict judge(std::size_t rule,
                              const Event& event,
                              const Lineage* lineage,
                              bool* may_change = nullptr);

  /// The fields that made `rule` hold for `event`, in the rule's order, without repeats, each with
  /// the first of its values that did. For evidence: call after match() said it holds.
  [[nodiscard]] std::vector<MatchedField> explain(std::size_t rule,
                                                  const Event& event,
                                                  const Lineage* lineage = nullptr);

  /// Does a rule's log source cover this event?
  [[nodiscard]] static bool routes(const LogSource& log_source, const Event& event);

  /// Does the event meet a rule that looks for keywords, which may be in any value of the record,
  /// and may one of them be in it? If not, the fields that rules test are enough for match().
  [[nodiscard]] bool needs_everything(const Event& event);

  /// Rules evaluated so far: the cost counter.
  [[nodiscard]] std::size_t evaluations() const;

  /// What each rule cost so far, by its index.
  [[nodiscard]] const std::vector<RuleCost>& costs() const;

  /// The events that were matched so far.
  [[nodiscard]] std::size_t events() const;

  /// Rules of which RE2 refused no expression.
  [[nodiscard]] std::size_t usable_rules() const;

  /// Did RE2 refuse no expression of the rule? If it did, the rule never holds.
  [[nodiscard]] bool is_usable(std::size_t rule) const;

  /// What has to be in an event for the rule to be evaluated, in words: "Image ends with
  /// \\whoami.exe", "any of 12 texts in CommandLine", or "-" if it always is.
  [[nodiscard]] std::string witness_text(std::size_t rule) const;

  /// Bytes of the indexes built so far, without what is remembered of values.
  [[nodiscard]] std::size_t index_bytes() const;

  /// Builds the indexes for all kinds of events that rules are written for, channels of Windows
  /// beside Sysmon's apart. Without it each is built when its first event comes.
  void build_indexes();

  /// Builds the index for events of this one's kind.
  void prepare(const Event& event);

 private:
  struct Impl;
  explicit Matcher(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace spoor
