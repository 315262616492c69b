#include "engine/pipeline.h"

#include <functional>
#include <set>
#include <utility>

#include <boost/unordered/unordered_flat_set.hpp>

#include "engine/base/limits.h"

namespace spoor {
namespace {

void collect_fields(const Expr& expr, FieldSet& fields, std::set<std::string>& names) {
  const auto collect = [&](const FieldRef& field) {
    // Keywords are looked for in everything: the event is then parsed again, whole. What is asked
    // of ancestors the graph has.
    if (field.keyword || field.ancestor) {
      return;
    }
    if (field.id) {
      fields.insert(*field.id);
    } else {
      names.insert(field.name);
    }
  };
  if (expr.kind == Expr::Kind::test) {
    collect(expr.field);
    if (expr.test.kind == TestKind::field_ref) {
      collect(expr.test.reference);
    }
  }
  for (const Expr& child : expr.children) {
    collect_fields(child, fields, names);
  }
}

}  // namespace

/// Uids of the last events, to count duplicates. Two generations: the older is dropped when the
/// newer is full. Nothing but the counters depends on it: taking an event twice changes nothing.
class Pipeline::RecentEvents {
 public:
  /// True if the uid was there.
  bool seen_before(const Uid& uid) {
    if (newer_.contains(uid) || older_.contains(uid)) {
      return true;
    }
    if (newer_.size() >= kRecentEventsMax / 2) {
      older_ = std::exchange(newer_, {});
    }
    newer_.insert(uid);
    return false;
  }

 private:
  boost::unordered_flat_set<Uid, UidHash> newer_;
  boost::unordered_flat_set<Uid, UidHash> older_;
};

Pipeline::Pipeline(const RuleSet& rules,
                   PipelineOptions options,
                   std::vector<Diagnostic>* diagnostics)
    : options_(std::move(options)),
      parser_(projection_of(rules), options_.parser),
      whole_parser_(Projection::everything(), options_.parser),
      matcher_(Matcher::create(rules, diagnostics)),
      correlator_(rules),
      recent_(std::make_unique<RecentEvents>()) {}

Pipeline::~Pipeline() = default;

void Pipeline::take(std::string_view record, const RecordPosition& position) {
  parser_.parse(record, position, *this);
}

void Pipeline::on_event(const Event& event) {
  if (outside(event)) {
    accounting_.count(event, Fate::filtered);
    return;
  }
  const bool duplicate = recent_->seen_before(event.uid);
  accounting_.count(event, duplicate ? Fate::duplicate : Fate::applied);
  hits_.clear();
  if (matcher_.needs_everything(event)) {
    with_everything(event, [&](const Event& whole) {
      matcher_.match(whole, hits_);
      correlator_.take(whole, hits_, duplicate, matcher_);
    });
    return;
  }
  matcher_.match(event, hits_);
  if (hits_.empty()) {
    correlator_.take(event, hits_, duplicate, matcher_);
  } else {
    with_everything(event, [&](const Event& whole) {
      correlator_.take(whole, hits_, duplicate, matcher_);
    });
  }
}

void Pipeline::with_everything(const Event& event, const std::function<void(const Event&)>& take) {
  /// Picks the one event among those of its record.
  class Picker final : public RecordSink {
   public:
    Picker(const Uid& uid, const std::function<void(const Event&)>& take_it)
        : uid_(uid), take_(take_it) {}

    void on_event(const Event& whole) override {
      if (!found && whole.uid == uid_) {
        found = true;
        take_(whole);
      }
    }

    void on_bad_record(const Error& /*error*/,
                       std::string_view /*record*/,
                       const RecordPosition& /*position*/) override {}

    bool found = false;

   private:
    Uid uid_;
    const std::function<void(const Event&)>& take_;
  };

  Picker picker(event.uid, take);
  whole_parser_.parse(event.record, event.position, picker);
  if (!picker.found) {
    take(event);
  }
}

void Pipeline::on_bad_record(const Error& error,
                             std::string_view record,
                             const RecordPosition& position) {
  take_bad(error, record, position);
}

void Pipeline::take_bad(const Error& error, std::string_view text, const RecordPosition& position) {
  accounting_.count_dead_letter(error.code);
  if (options_.on_dead_letter) {
    options_.on_dead_letter(error, text, position);
  }
}

std::vector<Finding> Pipeline::findings() {
  correlator_.settle();
  return correlator_.findings();
}

bool Pipeline::outside(const Event& event) const {
  if (event.time == 0 || event.time_suspect) {
    return false;
  }
  return (options_.from && event.time < *options_.from) ||
         (options_.to && event.time >= *options_.to);
}

Projection projection_of(const RuleSet& rules) {
  Projection projection;
  std::set<std::string> names;
  for (const DetectionRule& rule : rules.detections) {
    collect_fields(rule.condition, projection.fields, names);
  }
  projection.extra_fields.assign(names.begin(), names.end());
  return projection;
}

}  // namespace spoor
