// Which of many literals are in a value: all of them at once, in one pass.
//
// Values equal to a literal are found by their hash; endings that hold a whole file name by the
// hash of the value's own; everything else by one rare piece of four (three, two) bytes, looked for
// in a bitmap that stays in the first-level cache, and then compared. Nothing is found that is not
// there. (Sigma's patterns are nearly all of these kinds: of SigmaHQ's 33,358 one in 200 is none.)
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "engine/matcher/literal.h"

namespace spoor {

class LiteralIndex {
 public:
  /// Adds a literal and the number that is found with it. Before build().
  void add(const Literal& literal, std::uint32_t number);

  /// Makes ready what was added.
  void build();

  [[nodiscard]] bool empty() const { return entries_.empty(); }

  /// Calls `found(number)` for each number of each literal that `folded` holds where it should;
  /// perhaps several times. O(length + what is found).
  template <typename Found>
  void scan(std::string_view folded, const Found& found) const {
    for_each_entry(folded, [&](const Entry& entry) {
      for (std::uint32_t i = entry.first_number; i < entry.last_number; ++i) {
        found(numbers_[i]);
      }
    });
  }

  [[nodiscard]] std::size_t bytes() const;

 private:
  /// A literal: its text in texts_, its numbers in numbers_.
  struct Entry {
    std::uint32_t text = 0;
    std::uint32_t size = 0;
    std::uint32_t first_number = 0;
    std::uint32_t last_number = 0;
    LiteralPlace place = LiteralPlace::anywhere;
  };

  static constexpr std::uint32_t kNone = 0xFFFFFFFFU;

  /// Entries by a hash. A chain for each of a power of two of buckets.
  struct HashTable {
    std::vector<std::uint32_t> heads;

    struct Link {
      std::uint64_t hash = 0;
      std::uint32_t entry = 0;
      std::uint32_t next = kNone;
    };

    std::vector<Link> links;

    void build(std::size_t size);
    void add(std::uint64_t hash, std::uint32_t entry);

    template <typename Look>
    void look_up(std::uint64_t hash, const Look& look) const {
      if (heads.empty()) {
        return;
      }
      for (std::uint32_t at = heads[hash & (heads.size() - 1)]; at != kNone; at = links[at].next) {
        if (links[at].hash == hash) {
          look(links[at].entry);
        }
      }
    }
  };

  /// Pieces of one size: a bitmap to pass nearly all places by, and what is behind a set bit.
  struct GramTable {
    unsigned shift = 64;  ///< Of a hash, to get a bit's number.
    std::vector<std::uint64_t> bits;

    struct Posting {
      std::uint32_t gram = 0;
      std::uint32_t entry = 0;
      std::uint32_t offset = 0;  ///< Of the piece in the literal.
      std::uint32_t next = kNone;
    };

    std::vector<std::uint32_t> heads;
    std::vector<Posting> postings;

    void build(std::size_t count);
    void add(std::uint32_t gram, std::uint32_t entry, std::uint32_t offset);

    [[nodiscard]] static std::uint32_t hash(std::uint32_t gram) { return gram * 0x9E3779B1U; }
  };

  /// The `Size` bytes at `text` as one number.
  template <std::size_t Size>
  [[nodiscard]] static std::uint32_t load(const char* text) {
    std::uint32_t gram = 0;
    std::memcpy(&gram, text, Size);
    return gram;
  }

  [[nodiscard]] static std::uint32_t load(const char* text, std::size_t size) {
    return size == 4 ? load<4>(text) : size == 3 ? load<3>(text) : load<2>(text);
  }

  /// The same where a fourth byte may be read: of what two loads make, one is made.
  template <std::size_t Size>
  [[nodiscard]] static std::uint32_t load_within(const char* text) {
    constexpr std::uint32_t kMask = Size == 4 ? 0xFFFFFFFFU : (1U << (8 * Size)) - 1;
    static_assert(std::endian::native == std::endian::little);
    return load<4>(text) & kMask;
  }

  [[nodiscard]] static std::uint64_t hash_text(std::string_view text);
  [[nodiscard]] static std::string_view file_name(std::string_view text);

  template <std::size_t Size, typename Look>
  void scan_grams(std::string_view folded, const Look& look) const;
  template <typename Look>
  void for_each_entry(std::string_view folded, const Look& look) const;
  [[nodiscard]] bool fits(const Entry& entry, std::string_view folded, std::size_t at) const;
  void make_entries();
  void add_pieces(GramTable& table, std::size_t size, const std::vector<std::uint32_t>& entries);

  [[nodiscard]] std::string_view text_of(std::uint32_t entry) const {
    return {texts_.data() + entries_[entry].text, entries_[entry].size};
  }

  [[nodiscard]] std::uint32_t rarest_piece(std::string_view text,
                                           std::size_t size,
                                           const std::vector<std::uint32_t>& counts) const;

  std::string texts_;
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> numbers_;
  std::vector<std::pair<Literal, std::uint32_t>> added_;  ///< Until build().
  HashTable whole_;
  HashTable file_names_;
  std::array<GramTable, 3> grams_;  ///< Of four, three and two bytes.
  std::vector<std::uint32_t> few_;  ///< Entries that are looked for one by one.
};

template <std::size_t Size, typename Look>
void LiteralIndex::scan_grams(std::string_view folded, const Look& look) const {
  const GramTable& table = grams_[4 - Size];
  if (table.bits.empty() || folded.size() < Size) {
    return;
  }
  const std::uint64_t* const bits = table.bits.data();
  const unsigned shift = table.shift;
  const auto look_at = [&](std::size_t at, std::uint32_t gram) {
    const std::uint32_t bit = GramTable::hash(gram) >> shift;
    if (((bits[bit / 64] >> (bit % 64)) & 1U) == 0) {
      return;
    }
    for (std::uint32_t posting = table.heads[bit & (table.heads.size() - 1)]; posting != kNone;
         posting = table.postings[posting].next) {
      const GramTable::Posting& one = table.postings[posting];
      if (one.gram == gram && at >= one.offset &&
          fits(entries_[one.entry], folded, at - one.offset)) {
        look(entries_[one.entry]);
      }
    }
  };
  const char* const text = folded.data();
  const std::size_t last = folded.size() - Size;
  std::size_t at = 0;
  for (; at + 4 <= folded.size(); ++at) {
    look_at(at, load_within<Size>(text + at));
  }
  for (; at <= last; ++at) {
    look_at(at, load<Size>(text + at));
  }
}

template <typename Look>
void LiteralIndex::for_each_entry(std::string_view folded, const Look& look) const {
  const auto compare = [&](std::uint32_t entry, std::size_t at) {
    if (fits(entries_[entry], folded, at)) {
      look(entries_[entry]);
    }
  };
  if (!whole_.heads.empty()) {
    whole_.look_up(hash_text(folded), [&](std::uint32_t entry) { compare(entry, 0); });
  }
  if (!file_names_.heads.empty()) {
    file_names_.look_up(hash_text(file_name(folded)), [&](std::uint32_t entry) {
      const std::size_t size = entries_[entry].size;
      if (size <= folded.size()) {
        compare(entry, folded.size() - size);
      }
    });
  }
  scan_grams<4>(folded, look);
  scan_grams<3>(folded, look);
  scan_grams<2>(folded, look);
  for (const std::uint32_t entry : few_) {
    const std::string_view text = text_of(entry);
    for (std::size_t at = folded.find(text); at != std::string_view::npos;
         at = folded.find(text, at + 1)) {
      if (fits(entries_[entry], folded, at)) {
        look(entries_[entry]);
        break;
      }
    }
  }
}

}  // namespace spoor
