#include "cli/near_events.h"

#include <algorithm>
#include <tuple>

#include "cli/why_not.h"
#include "engine/correlation/explain_lineage.h"
#include "engine/correlation/graph_lineage.h"
#include "engine/correlation/host_state.h"

namespace spoor {
namespace {

/// How many generations above the acting process a field looks.
std::size_t generations_of(FieldId id) {
  switch (id) {
    case FieldId::parent_process_guid:
    case FieldId::parent_image:
    case FieldId::parent_command_line:
    case FieldId::parent_user: return 1;
    case FieldId::grand_parent_image:
    case FieldId::grand_parent_command_line: return 2;
    default: return 0;
  }
}

/// Why neither event nor graph know a field.
std::string unknown_text(const ProcessGraph& graph, ProcessIndex actor, FieldId id) {
  if (!is_lineage_field(id)) {
    return "";
  }
  if (actor == kNoProcess) {
    return "is unknown: the event names no process";
  }
  ProcessIndex process = actor;
  for (std::size_t i = generations_of(id); i > 0; --i) {
    const ProcessIndex parent = graph.parent(process);
    if (parent == kNoProcess) {
      return "is unknown: so is what started " + process_name(graph, process);
    }
    process = parent;
  }
  return "is unknown: " + process_name(graph, process) +
         (graph.start_seen(process) ? " does not tell it" : " was never seen to start");
}

bool asks_ancestors(const Expr& expr) {
  return (expr.kind == Expr::Kind::test && expr.field.ancestor) ||
         std::ranges::any_of(expr.children, asks_ancestors);
}

/// Calls `see` with the event of that uid in a record.
void find_event(RecordParser& parser,
                std::string_view record,
                const Uid& uid,
                const std::function<void(const Event&)>& see) {
  class Sink final : public RecordSink {
   public:
    Sink(const Uid& uid, const std::function<void(const Event&)>& see_event)
        : uid_(uid), see_(see_event) {}

    void on_event(const Event& event) override {
      if (!found_ && event.uid == uid_) {
        found_ = true;
        see_(event);
      }
    }

    void on_bad_record(const Error& /*error*/,
                       std::string_view /*record*/,
                       const RecordPosition& /*position*/) override {}

   private:
    Uid uid_;
    const std::function<void(const Event&)>& see_;
    bool found_ = false;
  };

  Sink sink(uid, see);
  parser.parse(record, {}, sink);
}

}  // namespace

NearEvents::NearEvents(const DetectionRule& rule) : rule_(rule), parser_(Projection::everything()) {
  add_part(rule.condition);
  matcher_ = std::make_unique<Matcher>(Matcher::create(parts_, nullptr));
  flags_.resize(parts_.detections.size(), false);
}

void NearEvents::add_part(const Expr& expr) {
  if (expr.kind == Expr::Kind::test || expr.kind == Expr::Kind::negation) {
    part_of_[&expr] = parts_.detections.size();
    parts_.detections.emplace_back().condition = expr;  // No log source: it covers every event.
    return;
  }
  for (const Expr& child : expr.children) {
    add_part(child);
  }
}

double NearEvents::nearness(const Expr& expr, std::size_t* tests) const {
  if (expr.kind == Expr::Kind::test || expr.kind == Expr::Kind::negation) {
    const bool holds = flags_[part_of_.at(&expr)];
    *tests += holds && expr.kind == Expr::Kind::test ? 1U : 0U;
    return holds ? 1 : 0;
  }
  double sum = 0;
  double most = 0;
  for (const Expr& child : expr.children) {
    const double one = nearness(child, tests);
    sum += one;
    most = std::max(most, one);
  }
  if (expr.kind == Expr::Kind::any) {
    return most;
  }
  return expr.children.empty() ? 1 : sum / static_cast<double>(expr.children.size());
}

double NearEvents::rate(const Event& event, const Lineage* lineage) {
  hits_.clear();
  open_.clear();
  matcher_->match(event, hits_, lineage, &open_);
  flags_.assign(flags_.size(), false);
  for (const std::vector<std::size_t>* parts : {&hits_, &open_}) {
    for (const std::size_t part : *parts) {
      flags_[part] = true;
    }
  }
  std::size_t tests = 0;
  const double near = nearness(rule_.condition, &tests);
  return tests == 0 ? 0 : near;
}

void NearEvents::take(const Event& event, bool duplicate) {
  if (!Matcher::routes(rule_.log_source, event)) {
    return;
  }
  auto host = hosts_.find(event.host);
  if (host == hosts_.end()) {
    host = hosts_.emplace(std::string(event.host), OfHost{}).first;
  }
  host->second.covered += duplicate ? 0U : 1U;
  // What the graph may still learn may make it true: it is asked at the end.
  static const OpenLineage kOpen;
  const double near = rate(event, event.actor.key.is_none() ? nullptr : &kOpen);
  std::set<Candidate, Nearer>& kept = host->second.candidates;
  Candidate candidate{.nearness = near, .order = event.order_key(), .record = {}, .length = 0};
  if (const auto known = kept.find(candidate); known != kept.end()) {
    // Of one event in two carriages the lesser record stands, whichever came first.
    if (std::string_view(known->record).substr(0, known->length) <= event.record) {
      return;
    }
    kept.erase(known);
  }
  if (near == 0 || (kept.size() == kKeptOfHost && !Nearer()(candidate, *kept.rbegin()))) {
    return;
  }
  candidate.record.reserve(event.record.size() + RecordParser::kJsonPadding);
  candidate.record = event.record;
  candidate.length = event.record.size();
  candidate.record.append(RecordParser::kJsonPadding, '\0');
  kept.insert(std::move(candidate));
  if (kept.size() > kKeptOfHost) {
    kept.erase(std::prev(kept.end()));
  }
}

void NearEvents::finish(const Correlator& correlator) {
  for (const auto& [key, host] : hosts_) {
    const HostState* state = correlator.host_state(key);
    covered_[state == nullptr ? key : state->key] += host.covered;
    for (const Candidate& candidate : host.candidates) {
      finish_candidate(candidate, correlator);
    }
  }
  hosts_.clear();
}

void NearEvents::finish_candidate(const Candidate& candidate, const Correlator& correlator) {
  const std::string_view record(candidate.record.data(), candidate.length);
  find_event(parser_, record, candidate.order.uid, [&](const Event& event) {
    const HostState* host = correlator.host_state(event.host);
    if (host == nullptr) {
      return;
    }
    const ProcessIndex actor = host->graph.find(event.actor.key);
    const GraphLineage lineage(host->graph, actor);
    const EventContext context{.lineage = &lineage, .unknown = [&](FieldId id) {
                                 return unknown_text(host->graph, actor, id);
                               }};
    NearEvent near{.host = host->key,
                   .event = nullptr,
                   .nearness = rate(event, &lineage),
                   .failed = why_not(rule_, event, context)};
    if (near.failed.empty() || near.nearness == 0) {
      return;  // It holds.
    }
    if (asks_ancestors(rule_.condition) && actor != kNoProcess) {
      for (const std::string& unknown : unknown_above(host->graph, actor)) {
        near.failed.push_back("not known: " + unknown);
      }
    }
    near.event = keep_event(event);
    near_.push_back(std::move(near));
  });
}

std::size_t NearEvents::covered(const std::string& host) const {
  std::size_t count = 0;
  for (const auto& [key, covered] : covered_) {
    count += host.empty() || key == host ? covered : 0;
  }
  return count;
}

std::vector<NearEvent> NearEvents::nearest(
    const std::string& host,
    std::size_t count,
    const std::function<bool(const KeptEvent&)>& preferred) const {
  std::vector<NearEvent> found;
  std::ranges::copy_if(near_, std::back_inserter(found), [&host](const NearEvent& near) {
    return host.empty() || near.host == host;
  });
  const auto rank = [&preferred](const NearEvent& near) {
    return std::tuple(-near.nearness, preferred && !preferred(*near.event), near.event->order);
  };
  std::ranges::sort(found, {}, rank);
  // Two carriages of one event are one.
  found.erase(std::unique(found.begin(), found.end(),
                          [](const NearEvent& a, const NearEvent& b) {
                            return a.event->order == b.event->order;
                          }),
              found.end());
  found.resize(std::min(found.size(), count));
  return found;
}

}  // namespace spoor
