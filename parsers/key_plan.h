// Which values of an object matter, remembered for the next object with the same keys.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <vector>

#include "parsers/document.h"
#include "parsers/marks.h"

namespace spoor {

/// What the keys of an object were in a record before, and which of its values mattered. Records of
/// one kind have the same keys in the same order, so that one pass without a branch tells that
/// nothing differs; then only the values that matter need be looked at. If a byte differs the plan
/// is not used, and what is read never depends on it.
class KeyPlan {
 public:
  struct Place {
    NodeIndex child = 0;        ///< From the object's own node.
    const void* row = nullptr;  ///< Of the owner's table; null: no row names the key.
    std::uint32_t action = 0;   ///< The owner's own: what it decided to do.
  };

  /// Has this object the keys, and as many values below each, as the one that was planned? Where
  /// the document's shape is known, it was asked already.
  [[nodiscard]] bool fits(const Document& document, NodeIndex object) const {
    if (document.shape() != 0) {
      return document.shape() == shape_ && object == object_ && span_ != 0;
    }
    const Node* nodes = &document.node(object);
    if (span_ == 0 || nodes->end - object != span_ || nodes->kind != NodeKind::object) {
      return false;
    }
    Sixteen differences = {0, 0};
    for (const Key& key : keys_) {
      const Node& node = nodes[key.child];
      if (((node.key_size ^ key.size) | ((node.end - object) ^ key.end)) != 0) {
        return false;  // Before the key is read: only its size makes that safe.
      }
      const Sixteen mask = kMasks[key.mask];
      differences |=
          ((load(node.key) ^ key.head) | (load(node.key + key.tail_at) ^ key.tail)) & mask;
    }
    return (differences[0] | differences[1]) == 0 && long_keys_fit(nodes);
  }

  /// Calls `look(const Place&)` for each value that matters. It may plan other objects.
  template <typename Look>
  void for_each_place(const Look& look) {
    in_use_ = true;
    for (const Place& place : places_) {
      look(place);
    }
    in_use_ = false;
  }

  /// From now on those first for which `is_first(const Place&)` holds, else in the order of the
  /// keys.
  template <typename IsFirst>
  void put_first(const IsFirst& is_first) {
    ordered_.clear();  // std::stable_partition would ask for memory each time.
    std::ranges::copy_if(places_, std::back_inserter(ordered_), is_first);
    std::ranges::copy_if(places_, std::back_inserter(ordered_),
                         [&](const Place& place) { return !is_first(place); });
    places_.swap(ordered_);
  }

  [[nodiscard]] Marks marks() const { return marks_; }

  /// Plans anew. Then add() for every child in turn and finish().
  void begin() {
    span_ = 0;
    keys_.clear();
    long_keys_.clear();
    places_.clear();
    marks_ = 0;
    good_ = true;
  }

  /// `place.child` counts from the document's beginning here, and is the node's.
  void add(const Node& node, NodeIndex object, Place place, bool matters) {
    const NodeIndex child = place.child;
    // A key with an escape may be the same in other words, and padding is only sure for what a JSON
    // reader made.
    good_ = good_ && node.key != nullptr && node.key_escaped && node.key_size < kSizeMax &&
            keys_.size() < kKeysMax && !has_backslash(node.raw_key());
    if (!good_) {
      return;
    }
    Key key;
    key.size = node.key_size;
    key.child = child - object;
    key.end = node.end - object;
    key.mask = static_cast<std::uint16_t>(std::min<std::uint32_t>(key.size, kBytes));
    key.tail_at = static_cast<std::uint16_t>(key.size - key.mask);
    key.head = load(node.key) & kMasks[key.mask];
    key.tail = load(node.key + key.tail_at) & kMasks[key.mask];
    keys_.push_back(key);
    if (key.size > 2 * kBytes) {
      LongKey long_key{.child = key.child, .size = key.size, .text = {}};
      std::memcpy(long_key.text.data(), node.key, key.size);
      long_keys_.push_back(long_key);
    }
    if (matters) {
      place.child = key.child;
      places_.push_back(place);
    }
  }

  void finish(const Document& document, NodeIndex object, Marks marks) {
    marks_ = marks;
    shape_ = document.shape();
    object_ = object;
    span_ = good_ ? document.node(object).end - object : 0;
  }

 private:
  friend class KeyPlans;

  static constexpr std::uint32_t kBytes = 16;
  static constexpr std::uint32_t kSizeMax = 96;
  static constexpr std::size_t kKeysMax = 1024;

  /// Two registers of g++ and clang, on any machine.
  using Sixteen = std::uint64_t __attribute__((vector_size(kBytes)));

  static Sixteen load(const char* text) {
    Sixteen bytes;
    std::memcpy(&bytes, text, sizeof bytes);
    return bytes;
  }

  /// Which of sixteen bytes belong to a key of that size, in memory order.
  static constexpr std::array<Sixteen, kBytes + 1> kMasks = [] {
    std::array<Sixteen, kBytes + 1> masks{};
    for (std::size_t size = 0; size <= kBytes; ++size) {
      std::array<std::array<unsigned char, 8>, 2> bytes{};
      for (std::size_t i = 0; i < size; ++i) {
        bytes[i / 8][i % 8] = 0xFF;
      }
      masks[size] =
          Sixteen{std::bit_cast<std::uint64_t>(bytes[0]), std::bit_cast<std::uint64_t>(bytes[1])};
    }
    return masks;
  }();

  /// A key up to sixteen bytes is its head, one up to 32 head and tail.
  struct Key {
    Sixteen head{};
    Sixteen tail{};
    std::uint32_t size = 0;
    std::uint32_t child = 0;
    std::uint32_t end = 0;
    std::uint16_t mask = 0;
    std::uint16_t tail_at = 0;
  };

  struct LongKey {
    std::uint32_t child = 0;
    std::uint32_t size = 0;
    std::array<char, kSizeMax> text{};
  };

  [[nodiscard]] bool long_keys_fit(const Node* nodes) const {
    return std::ranges::all_of(long_keys_, [nodes](const LongKey& key) {
      return std::memcmp(nodes[key.child].key, key.text.data(), key.size) == 0;
    });
  }

  const void* owner_ = nullptr;
  const void* filter_ = nullptr;
  std::uint64_t shape_ = 0;  ///< Of the document, if known,
  NodeIndex object_ = 0;     ///< and which object in it.
  std::uint32_t span_ = 0;   ///< Values below the object and itself; 0: no plan.
  bool good_ = false;
  bool in_use_ = false;
  Marks marks_ = 0;
  std::vector<Key> keys_;
  std::vector<LongKey> long_keys_;
  std::vector<Place> places_;
  std::vector<Place> ordered_;  ///< For put_first().
};

/// What is remembered of recent records, to read the next ones faster.
class KeyPlans {
 public:
  KeyPlans() : plans_(kPlans) {}

  /// The plan for that object, which may fit or not. `owner` is what reads it, `filter` what it
  /// wants: another of either has plans of its own.
  [[nodiscard]] KeyPlan& plan_of(const Document& document,
                                 NodeIndex object,
                                 const void* owner,
                                 const void* filter) {
    const std::uint64_t tag = tag_of(document, object, owner);
    const std::size_t first = (tag >> kSetShift) * kWays;
    std::size_t place = first;
    while (place < first + kWays && tags_[place] != tag) {
      ++place;
    }
    if (place == first + kWays) [[unlikely]] {
      place = room_in(first);
    }
    KeyPlan& plan = plans_[place];
    if (plan.in_use_) [[unlikely]] {
      spare_.span_ = 0;  // What is below an object may fall into the place of the object's own.
      return spare_;
    }
    tags_[place] = tag;
    if (plan.owner_ != owner || plan.filter_ != filter) [[unlikely]] {
      plan.owner_ = owner;
      plan.filter_ = filter;
      plan.span_ = 0;
    }
    return plan;
  }

 private:
  /// For another plan, in the set that begins there: those that are there take turns.
  [[nodiscard]] std::size_t room_in(std::size_t first) {
    for (std::size_t place = first; place < first + kWays; ++place) {
      if (tags_[place] == 0) {
        return place;
      }
    }
    return first + turn_++ % kWays;
  }

  static constexpr std::size_t kWays = 8;
  static constexpr std::size_t kSets = 64;
  static constexpr std::size_t kPlans = kWays * kSets;
  static constexpr unsigned kSetShift = 64U - static_cast<unsigned>(std::countr_zero(kSets));

  /// By the number of values and the sizes of some keys: kinds of records differ in these. Its
  /// first bits are the set.
  static std::uint64_t tag_of(const Document& document, NodeIndex object, const void* owner) {
    constexpr std::uint64_t kFactor = 0x9E3779B97F4A7C15ULL;
    if (document.shape() != 0) {
      const std::uint64_t key = document.shape() * 0xD6E8FEB86659FD93ULL ^ object ^
                                reinterpret_cast<std::uintptr_t>(owner);
      return (key * kFactor) | 1U;
    }
    const Node* nodes = &document.node(object);
    const std::uint32_t span = nodes->end - object;
    std::uint64_t mixed = span;
    if (span > 4) {
      mixed = mixed * 41 + nodes[1].key_size;
      mixed = mixed * 41 + nodes[2].key_size;
      mixed = mixed * 41 + nodes[span / 2].key_size;
      mixed = mixed * 41 + nodes[span - 1].key_size;
    }
    return ((mixed ^ reinterpret_cast<std::uintptr_t>(owner)) * kFactor) | 1U;
  }

  std::vector<KeyPlan> plans_;
  std::array<std::uint64_t, kPlans> tags_{};  ///< 0: no plan.
  std::size_t turn_ = 0;
  KeyPlan spare_;  ///< Made, never used.
};

}  // namespace spoor
