// Ends that name a process by its pid, the time and the image alone (Security 4689), and whose they
// are, as last worked out. Private to this folder.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string_view>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "engine/base/state_io.h"

namespace spoor {

/// What had the pid ended then.
struct PidEnd {
  std::uint32_t pid = 0;
  std::uint64_t time = 0;   ///< As a node's.
  std::uint64_t image = 0;  ///< image_mark(); 0: not told.

  friend auto operator<=>(const PidEnd&, const PidEnd&) = default;
};

/// Of the basename, folded; 0 if there is none. The same in every run: it is kept.
[[nodiscard]] std::uint64_t image_mark(std::string_view image);

class PidEnds {
 public:
  /// False if it is known, or beyond kPidEndsMax.
  bool take(const PidEnd& end);

  [[nodiscard]] bool empty() const { return ends_.empty(); }

  /// Calls `look(end)` for each of that pid, the earliest first. It must change nothing here.
  template <typename Look>
  void for_each_of(std::uint32_t pid, Look look) const {
    for (auto one = ends_.lower_bound({.pid = pid, .time = 0, .image = 0});
         one != ends_.end() && one->pid == pid; ++one) {
      look(*one);
    }
  }

  /// Calls `look(end)` for each, by pid.
  template <typename Look>
  void for_each(Look look) const {
    for (const PidEnd& end : ends_) {
      look(end);
    }
  }

  /// Drops those of the pid from `from` to before `to`.
  void drop(std::uint32_t pid, std::uint64_t from, std::uint64_t to);

  /// Drops those of which `is_done(end)` says so.
  template <typename IsDone>
  void drop_if(IsDone is_done) {
    for (auto one = ends_.begin(); one != ends_.end();) {
      one = is_done(*one) ? erase(one) : std::next(one);
    }
  }

  /// When a node's process ended by one of these; 0: none is its.
  [[nodiscard]] std::uint64_t end_of(std::uint32_t node) const {
    const auto known = of_node_.find(node);
    return known == of_node_.end() ? 0 : known->second;
  }

  /// True if that is another end than before.
  bool set_end(std::uint32_t node, std::uint64_t end);

  /// From now on save() writes what has changed since; all of it at first.
  void track_changes();
  /// Under keys that begin with `rows`.
  void save(std::string_view rows, StateSink& sink);
  /// What stands behind that beginning of such a key. False if it is damaged.
  [[nodiscard]] bool restore(StateReader& key);

  /// How often there was no room for one.
  [[nodiscard]] std::size_t beyond_limit() const { return beyond_limit_; }

  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  using Ends = std::set<PidEnd>;

  Ends::iterator erase(Ends::iterator end);

  Ends ends_;
  boost::unordered_flat_map<std::uint32_t, std::uint64_t> of_node_;
  std::size_t beyond_limit_ = 0;
  bool tracks_ = false;
  std::vector<PidEnd> changed_;  ///< Since they were last saved.
};

}  // namespace spoor
