// The process graph as its specification reads, over maps and strings: the twin that the compact
// one is compared with. Every answer is worked out from all facts; nothing is kept up to date.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/event/event.h"
#include "engine/process_graph/process_graph.h"

namespace spoor::test {

class PlainGraph {
 public:
  void apply(const Event& event) {
    const bool is_start = event.type == EventType::process_creation;
    const int own = is_start ? 0 : 1;
    const bool is_named_only = event.parent.key.is_none();
    const Uid parent = parent_key(event);
    name(event, event.parent, parent, is_named_only ? kNamedOnly : vendor_of(event), 2);
    name(event, event.target, event.target.key, vendor_of(event), 1);
    name(event, event.actor, event.actor.key,
         event.actor.vendor_uid.empty() ? kNamedOnly : vendor_of(event), own);
    if (is_start) {
      name(event, event.creator, event.creator.key, vendor_of(event), 2);
    }
    if (!parent.is_none()) {
      nodes_[parent].claimed_by_child = true;
    }
    if (!event.target.key.is_none()) {
      nodes_[event.target.key].took_part = true;
    }
    if (event.actor.key.is_none()) {
      take_pid_end(event);
      return;
    }
    Node& actor = nodes_[event.actor.key];
    actor.took_part = true;
    if (event.type == EventType::process_termination && is_sure(event)) {
      actor.end = actor.end == 0 ? event.time : std::min(actor.end, event.time);
    }
    if (!parent.is_none() && parent != event.actor.key) {
      least(actor.parent, {is_named_only ? 2 : own, parent});
    }
    if (is_start && parent.is_none() && is_sure(event) && !event.parent.pid.empty()) {
      const PidAt said(std::stoul(std::string(event.parent.pid)), event.time);
      actor.pid_parent = actor.pid_parent ? std::min(*actor.pid_parent, said) : said;
    }
    if (is_start && !event.creator.key.is_none()) {
      actor.creator =
          actor.creator ? std::min(*actor.creator, event.creator.key) : event.creator.key;
    }
    if (is_start) {
      actor.start_seen = true;
      offer(actor, ProcessText::integrity_level, event.field(FieldId::integrity_level), 0);
      offer(actor, ProcessText::hashes, event.field(FieldId::hashes), 0);
      offer(actor, ProcessText::current_directory, event.field(FieldId::current_directory), 0);
      offer(actor, ProcessText::claimed_parent_image, event.parent.image, 0);
      offer(actor, ProcessText::claimed_parent_command_line, event.parent.command_line, 0);
    }
  }

  void erase(const Uid& key) { nodes_.erase(key); }

  /// Ends by pid that are some process's, as of the last snapshot().
  [[nodiscard]] std::size_t ended_by_pid() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        pid_ends_, [this](const auto& told) { return ended_by(told).has_value(); }));
  }

  /// Some other process claims one of these as its parent.
  [[nodiscard]] bool is_above_any(const std::set<Uid>& keys) const {
    return std::ranges::any_of(nodes_, [&](const auto& entry) {
      return !keys.contains(entry.first) && entry.second.parent &&
             keys.contains(entry.second.parent->second);
    });
  }

  /// Groups: each a set of keys.
  [[nodiscard]] std::vector<std::set<Uid>> groups() const {
    Alike alike;
    Alike named;
    std::vector<std::set<Uid>> groups;
    for (const auto& [key, node] : nodes_) {
      const std::string image = fold(basename_of(text(node, ProcessText::image)));
      if (node.pid && node.start && !image.empty()) {
        Alike& alikes = node.vendor == kNamedOnly ? named : alike;
        alikes[{node.pid->second, image}].emplace_back(node.start->second, key);
      } else {
        groups.push_back({key});
      }
    }
    for (auto& [what, instances] : alike) {
      std::ranges::sort(instances);
      std::vector<std::pair<Timestamp, std::set<Uid>>> open;
      for (const auto& [start, key] : instances) {
        auto place = std::ranges::find_if(open, [&, start = start, key = key](const auto& group) {
          return start - group.first <= kClockSlackNs &&
                 std::ranges::none_of(group.second, [&](const Uid& other) {
                   return nodes_.at(other).vendor == nodes_.at(key).vendor;
                 });
        });
        if (place == open.end()) {
          open.push_back({start, {key}});
        } else {
          place->second.insert(key);
        }
      }
      add_named(open, named[what]);
      named.erase(what);
      for (const auto& group : open) {
        groups.push_back(group.second);
      }
    }
    for (const auto& [what, instances] : named) {
      for (const auto& [start, key] : instances) {
        groups.push_back({key});
      }
    }
    return groups;
  }

  /// All that can be asked, as text.
  [[nodiscard]] std::string snapshot() {
    prepare();
    std::map<Uid, std::set<Uid>> children;
    for (const auto& [canonical, group] : views_) {
      if (const auto parent = claimed_parent(canonical)) {
        children[*parent].insert(canonical);
      }
    }
    std::ostringstream out;
    for (const auto& [canonical, group] : views_) {
      bool inferred = false;
      const Timestamp ended = end(canonical, inferred);
      const auto claimed = claimed_parent(canonical);
      const bool suspect = is_suspect(canonical);
      write(out, canonical, in_order(group), nodes_.at(canonical).pid, start(canonical), ended,
            inferred);
      out << " parent " << (claimed && !suspect ? to_string(*claimed) : "-") << " claimed "
          << (claimed ? to_string(*claimed) : "-") << flags(canonical, suspect);
      for (std::size_t i = 0; i < kProcessTextCount; ++i) {
        out << " [" << group_text(canonical, static_cast<ProcessText>(i)) << "]";
      }
      for (const Uid& child : children[canonical]) {
        out << " child " << to_string(child);
      }
      out << "\n";
    }
    return out.str();
  }

  static void write(std::ostream& out,
                    const Uid& canonical,
                    const std::vector<Uid>& members,
                    const std::optional<std::pair<int, std::uint32_t>>& pid,
                    Timestamp start,
                    Timestamp end,
                    bool inferred) {
    out << to_string(canonical);
    for (const Uid& member : members) {
      out << "+" << to_string(member).substr(8, 8);
    }
    out << " pid " << (pid ? std::to_string(pid->second) : "-") << " start " << start << " end "
        << end << (inferred ? "?" : "");
  }

 private:
  static constexpr int kNamedOnly = 4;

  /// By pid and image: starts and keys.
  using Alike =
      std::map<std::pair<std::uint32_t, std::string>, std::vector<std::pair<Timestamp, Uid>>>;

  template <typename Value>
  using Claim = std::optional<std::pair<int, Value>>;

  using PidAt = std::pair<std::uint32_t, Timestamp>;

  struct Node {
    std::array<Claim<std::string>, kProcessTextCount> texts;
    Claim<Timestamp> start;
    Claim<std::uint32_t> pid;
    Claim<Uid> parent;
    std::optional<PidAt> pid_parent;
    std::optional<Uid> creator;
    Timestamp end = 0;
    Timestamp last_seen = 0;
    bool start_seen = false;
    bool claimed_by_child = false;
    bool took_part = false;
    int vendor = 9;
  };

  template <typename Value>
  static void least(Claim<Value>& known, std::pair<int, Value> said) {
    known = known ? std::min(*known, said) : said;
  }

  void take_pid_end(const Event& event) {
    if (event.type == EventType::process_termination && is_sure(event) &&
        !event.actor.pid.empty()) {
      pid_ends_.insert({static_cast<std::uint32_t>(std::stoul(std::string(event.actor.pid))),
                        event.time, fold(basename_of(event.actor.image))});
    }
  }

  static bool is_sure(const Event& event) { return event.time != 0 && !event.time_suspect; }

  static void offer(Node& node, ProcessText which, std::string_view value, int rank) {
    if (!value.empty()) {
      least(node.texts[static_cast<std::size_t>(which)], {rank, std::string(value)});
    }
  }

  static int vendor_of(const Event& event) {
    return event.source == Source::crowdstrike ? 2 : event.source == Source::sentinelone ? 3 : 1;
  }

  /// Time and again the nearest pair of one who is only named and a group that has none yet; of
  /// equals the earlier, the lesser key, the earlier group.
  void add_named(std::vector<std::pair<Timestamp, std::set<Uid>>>& groups,
                 std::vector<std::pair<Timestamp, Uid>> named) const {
    std::ranges::sort(named);
    std::set<std::size_t> taken;
    for (;;) {
      std::optional<std::tuple<Timestamp, std::size_t, std::size_t>> nearest;
      for (std::size_t i = 0; i < named.size(); ++i) {
        for (std::size_t group = 0; group < groups.size(); ++group) {
          for (const Uid& member : groups[group].second) {
            const std::tuple pair(std::abs(nodes_.at(member).start->second - named[i].first), i,
                                  group);
            if (std::get<0>(pair) <= kClockSlackNs && !taken.contains(group) &&
                (!nearest || pair < *nearest)) {
              nearest = pair;
            }
          }
        }
      }
      if (!nearest) {
        break;
      }
      const auto [apart, i, group] = *nearest;
      groups[group].second.insert(named[i].second);
      taken.insert(group);
      named.erase(named.begin() + static_cast<std::ptrdiff_t>(i));
    }
    for (const auto& [start, key] : named) {
      groups.push_back({start, {key}});
    }
  }

  /// Keys of vendors first.
  [[nodiscard]] std::vector<Uid> in_order(const std::set<Uid>& group) const {
    std::vector<Uid> keys(group.begin(), group.end());
    std::stable_partition(keys.begin(), keys.end(),
                          [this](const Uid& key) { return nodes_.at(key).vendor != kNamedOnly; });
    return keys;
  }

  void name(
      const Event& event, const ProcessMention& mention, const Uid& key, int vendor, int rank) {
    if (key.is_none()) {
      return;
    }
    Node& node = nodes_[key];
    node.vendor = std::min(node.vendor, vendor);
    if (is_sure(event)) {
      node.last_seen = std::max(node.last_seen, event.time / kNanosPerSecond);
    }
    offer(node, ProcessText::vendor_uid, mention.vendor_uid, rank);
    offer(node, ProcessText::image, mention.image, rank);
    offer(node, ProcessText::command_line, mention.command_line, rank);
    offer(node, ProcessText::user, mention.user, rank);
    if (!mention.pid.empty()) {
      least(node.pid, {rank, static_cast<std::uint32_t>(std::stoul(std::string(mention.pid)))});
    }
    if (mention.start != 0) {
      least(node.start, {mention.start_is_exact ? rank : 2, mention.start});
    }
  }

  static std::string_view text(const Node& node, ProcessText which) {
    const Claim<std::string>& claim = node.texts[static_cast<std::size_t>(which)];
    return claim ? std::string_view(claim->second) : std::string_view();
  }

  void prepare() {
    views_.clear();
    canonical_.clear();
    for (const std::set<Uid>& group : groups()) {
      const Uid canonical = in_order(group).front();
      views_[canonical] = group;
      for (const Uid& key : group) {
        canonical_[key] = canonical;
      }
    }
  }

  [[nodiscard]] Timestamp start(const Uid& canonical) const {
    Claim<Timestamp> best;
    for (const Uid& key : views_.at(canonical)) {
      if (nodes_.at(key).start) {
        least(best, *nodes_.at(key).start);
      }
    }
    return best ? best->second : 0;
  }

  [[nodiscard]] bool start_seen(const Uid& canonical) const {
    return std::ranges::any_of(views_.at(canonical),
                               [this](const Uid& key) { return nodes_.at(key).start_seen; });
  }

  [[nodiscard]] std::string group_text(const Uid& canonical, ProcessText which) const {
    if (which == ProcessText::vendor_uid) {
      return std::string(text(nodes_.at(canonical), which));
    }
    Claim<std::string> best;
    for (const Uid& key : views_.at(canonical)) {
      const auto& claim = nodes_.at(key).texts[static_cast<std::size_t>(which)];
      if (claim) {
        least(best, *claim);
      }
    }
    return best ? best->second : "";
  }

  /// Who had that pid then, of the others; and how many may be meant.
  [[nodiscard]] std::pair<std::optional<Uid>, std::size_t> who_had(const PidAt& asked,
                                                                   const Uid& except) const {
    std::optional<std::pair<Timestamp, Uid>> best;
    std::size_t count = 0;
    for (const auto& [canonical, group] : views_) {
      const Claim<std::uint32_t>& pid = nodes_.at(canonical).pid;
      bool inferred = false;
      const Timestamp ended = end(canonical, inferred);
      const Timestamp started = start(canonical);
      if (canonical == except || !pid || pid->second != asked.first ||
          started > asked.second + kClockSlackNs ||
          (ended != 0 && ended < asked.second - kClockSlackNs)) {
        continue;
      }
      ++count;
      if (!best || started > best->first) {  // In the order of keys.
        best = {started, canonical};
      }
    }
    return {best ? std::optional(best->second) : std::nullopt, count};
  }

  /// What a node says of its parent. Best by a uid, last by a bare pid.
  [[nodiscard]] Claim<Uid> parent_of(const Uid& key) const {
    const Node& node = nodes_.at(key);
    if (node.parent || !node.pid_parent) {
      return node.parent;
    }
    const auto had = who_had(*node.pid_parent, canonical_.at(key)).first;
    return had ? Claim<Uid>({3, *had}) : std::nullopt;
  }

  [[nodiscard]] std::optional<Uid> creator(const Uid& canonical) const {
    for (const Uid& key : in_order(views_.at(canonical))) {
      const std::optional<Uid>& named = nodes_.at(key).creator;
      if (named && nodes_.contains(*named) && canonical_.at(*named) != canonical &&
          canonical_.at(*named) != claimed_parent(canonical)) {
        return canonical_.at(*named);
      }
    }
    return std::nullopt;
  }

  /// The claim that counts is of a bare pid that may mean another.
  [[nodiscard]] bool is_ambiguous(const Uid& canonical) const {
    const std::optional<Uid> parent = claimed_parent(canonical);
    if (!parent) {
      return false;
    }
    for (const Uid& key : views_.at(canonical)) {
      if (nodes_.at(key).parent && canonical_.at(nodes_.at(key).parent->second) != canonical) {
        return false;  // Of a better rank.
      }
    }
    for (const Uid& key : in_order(views_.at(canonical))) {
      const Node& node = nodes_.at(key);
      if (!node.parent && node.pid_parent) {
        const auto [had, count] = who_had(*node.pid_parent, canonical);
        if (had == parent) {
          return count > 1;
        }
      }
    }
    return false;
  }

  [[nodiscard]] std::optional<Uid> claimed_parent(const Uid& canonical) const {
    std::optional<std::tuple<int, bool, Uid>> best;
    for (const Uid& key : views_.at(canonical)) {
      const Claim<Uid> claim = parent_of(key);
      if (!claim) {
        continue;
      }
      const Uid parent = canonical_.at(claim->second);
      const std::tuple said(claim->first, !start_seen(parent), parent);
      if (parent != canonical && (!best || said < *best)) {
        best = said;
      }
    }
    return best ? std::optional(std::get<2>(*best)) : std::nullopt;
  }

  [[nodiscard]] bool is_suspect(const Uid& canonical) const {
    const auto parent = claimed_parent(canonical);
    if (!parent) {
      return false;
    }
    const Timestamp above = start(*parent);
    const Timestamp own = start(canonical);
    if (above != 0 && own != 0 && above > own + kClockSlackNs) {
      return true;
    }
    if (above != 0 && own != 0 && above < own) {
      return false;
    }
    std::optional<Uid> walk = parent;
    for (std::size_t steps = 0; walk && steps < kAncestorsMax; ++steps) {
      if (*walk == canonical) {
        return true;
      }
      walk = claimed_parent(*walk);
    }
    return false;
  }

  [[nodiscard]] Timestamp end(const Uid& canonical, bool& inferred) const {
    const std::set<Uid>& group = views_.at(canonical);
    Timestamp seen = 0;
    std::set<int> vendors;
    for (const Uid& key : group) {
      const Node& node = nodes_.at(key);
      seen = seen == 0 || (node.end != 0 && node.end < seen) ? node.end : seen;
      vendors.insert(node.vendor);
    }
    for (const auto& told : pid_ends_) {  // In the order of times.
      if (seen == 0 && ended_by(told) == canonical) {
        return std::get<1>(told);
      }
    }
    const Timestamp own = start(canonical);
    if (seen != 0 || !nodes_.at(canonical).pid || own == 0) {
      return seen;
    }
    Timestamp next = 0;
    for (const auto& [key, node] : nodes_) {
      if (!group.contains(key) && node.pid &&
          node.pid->second == nodes_.at(canonical).pid->second && node.start_seen && node.start &&
          node.start->second > own &&
          (vendors.contains(node.vendor) || node.start->second > own + kClockSlackNs)) {
        next = next == 0 ? node.start->second : std::min(next, node.start->second);
      }
    }
    inferred = next != 0;
    return next;
  }

  /// Whose an end is that names its process by pid: who had it then, was the last to start, and of
  /// those that started at once the first whose image does not contradict.
  [[nodiscard]] std::optional<Uid> ended_by(
      const std::tuple<std::uint32_t, Timestamp, std::string>& told) const {
    const auto& [pid, time, image] = told;
    Timestamp last = 0;
    std::optional<Uid> whose;
    for (const auto& [canonical, group] : views_) {
      const Claim<std::uint32_t>& own_pid = nodes_.at(canonical).pid;
      const Timestamp started = start(canonical);
      if (!own_pid || own_pid->second != pid || started == 0 || started > time || started < last) {
        continue;
      }
      const std::string own_image = fold(basename_of(group_text(canonical, ProcessText::image)));
      const bool may_be = own_image.empty() || image.empty() || own_image == image;
      whose = started > last ? std::nullopt : whose;
      last = started;
      if (may_be && !whose) {  // In the order of keys.
        whose = canonical;
      }
    }
    return whose;
  }

  [[nodiscard]] bool mismatch(const Uid& key) const {
    const Node& node = nodes_.at(key);
    const Claim<Uid> claimed = parent_of(key);
    if (!claimed || !nodes_.at(claimed->second).start_seen) {
      return false;
    }
    const Node& parent = nodes_.at(claimed->second);
    const auto differs = [&](ProcessText claim, ProcessText fact) {
      return !text(node, claim).empty() && !text(parent, fact).empty() &&
             fold(text(node, claim)) != fold(text(parent, fact));
    };
    return differs(ProcessText::claimed_parent_image, ProcessText::image) ||
           differs(ProcessText::claimed_parent_command_line, ProcessText::command_line);
  }

  [[nodiscard]] std::string flags(const Uid& canonical, bool suspect) const {
    bool claimed = false;
    bool took_part = false;
    bool mismatched = false;
    Timestamp last_seen = 0;
    for (const Uid& key : views_.at(canonical)) {
      const Node& node = nodes_.at(key);
      claimed = claimed || node.claimed_by_child;
      took_part = took_part || node.took_part;
      mismatched = mismatched || mismatch(key);
      last_seen = std::max(last_seen, node.last_seen);
    }
    const auto created = creator(canonical);
    return (created ? " creator " + to_string(*created) : "") + (suspect ? " suspect" : "") +
           (is_ambiguous(canonical) ? " ambiguous" : "") + (mismatched ? " mismatch" : "") +
           (start_seen(canonical) ? " seen" : "") + (claimed ? " claimed" : "") +
           (took_part ? " part" : "") + " last " + std::to_string(last_seen);
  }

  std::map<Uid, Node> nodes_;
  std::set<std::tuple<std::uint32_t, Timestamp, std::string>> pid_ends_;
  std::map<Uid, std::set<Uid>> views_;  ///< By canonical key.
  std::map<Uid, Uid> canonical_;
};

inline void write_texts_and_children(std::ostream& out,
                                     const ProcessGraph& graph,
                                     ProcessIndex process) {
  for (std::size_t i = 0; i < kProcessTextCount; ++i) {
    out << " [" << graph.text(process, static_cast<ProcessText>(i)) << "]";
  }
  std::multiset<Uid> children;  // A child that is listed twice shows.
  for (ProcessIndex child = graph.first_child(process); child != kNoProcess;
       child = graph.next_sibling(child)) {
    children.insert(graph.node_key(child));
  }
  for (const Uid& child : children) {
    out << " child " << to_string(child);
  }
}

/// The same of the compact graph.
inline std::string snapshot(const ProcessGraph& graph, const std::vector<ProcessIndex>& processes) {
  std::map<Uid, std::string> lines;
  for (const ProcessIndex process : processes) {
    std::ostringstream out;
    std::vector<Uid> members;
    for (const ProcessIndex member : graph.members(process)) {
      members.push_back(graph.node_key(member));
    }
    bool inferred = false;
    const Timestamp end = graph.end(process, &inferred);
    const auto pid = graph.pid(process);
    PlainGraph::write(out, graph.key(process), members,
                      pid ? std::optional(std::pair(0, *pid)) : std::nullopt, graph.start(process),
                      end, inferred);
    const ProcessIndex parent = graph.parent(process);
    const ProcessIndex claimed = graph.claimed_parent(process);
    out << " parent " << (parent == kNoProcess ? "-" : to_string(graph.key(parent))) << " claimed "
        << (claimed == kNoProcess ? "-" : to_string(graph.key(claimed)))
        << (graph.creator(process) == kNoProcess
                ? ""
                : " creator " + to_string(graph.key(graph.creator(process))))
        << (graph.is_suspect_edge(process) ? " suspect" : "")
        << (graph.is_ambiguous_parent(process) ? " ambiguous" : "")
        << (graph.parent_mismatch(process) ? " mismatch" : "")
        << (graph.start_seen(process) ? " seen" : "")
        << (graph.claimed_by_child(process) ? " claimed" : "")
        << (graph.took_part(process) ? " part" : "") << " last "
        << graph.last_seen(process) / kNanosPerSecond;
    write_texts_and_children(out, graph, process);
    lines[graph.key(process)] += out.str() + "\n";
  }
  std::string text;
  for (const auto& [key, line] : lines) {
    text += line;
  }
  return text;
}

}  // namespace spoor::test
