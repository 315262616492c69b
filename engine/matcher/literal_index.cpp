#include "engine/matcher/literal_index.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "engine/base/uid.h"

namespace spoor {
namespace {

bool is_separator(char c) {
  return c == '\\' || c == '/';
}

}  // namespace

std::uint64_t LiteralIndex::hash_text(std::string_view text) {
  return SeededTextHash()(text);
}

std::string_view LiteralIndex::file_name(std::string_view text) {
  std::size_t at = text.size();
  while (at > 0 && !is_separator(text[at - 1])) {
    --at;
  }
  return text.substr(at);
}

void LiteralIndex::HashTable::build(std::size_t size) {
  if (size == 0) {
    return;
  }
  heads.assign(std::bit_ceil(2 * size), kNone);
  links.reserve(size);
}

void LiteralIndex::HashTable::add(std::uint64_t hash, std::uint32_t entry) {
  std::uint32_t& head = heads[hash & (heads.size() - 1)];
  links.push_back({.hash = hash, .entry = entry, .next = head});
  head = static_cast<std::uint32_t>(links.size() - 1);
}

void LiteralIndex::GramTable::build(std::size_t count) {
  // One bit in 32 or fewer is set, up to 32 KiB: of a first-level cache.
  constexpr std::size_t kBitsMax = std::size_t{1} << 18U;
  const std::size_t wanted = std::clamp(std::bit_ceil(32 * count), std::size_t{256}, kBitsMax);
  bits.assign(wanted / 64, 0);
  shift = 32U - static_cast<unsigned>(std::countr_zero(wanted));
  heads.assign(std::bit_ceil(2 * count), kNone);
  postings.reserve(count);
}

void LiteralIndex::GramTable::add(std::uint32_t gram, std::uint32_t entry, std::uint32_t offset) {
  const std::uint32_t bit = hash(gram) >> shift;
  bits[bit / 64] |= std::uint64_t{1} << (bit % 64);
  std::uint32_t& head = heads[bit & (heads.size() - 1)];
  postings.push_back({.gram = gram, .entry = entry, .offset = offset, .next = head});
  head = static_cast<std::uint32_t>(postings.size() - 1);
}

void LiteralIndex::add(const Literal& literal, std::uint32_t number) {
  added_.emplace_back(literal, number);
}

bool LiteralIndex::fits(const Entry& entry, std::string_view folded, std::size_t at) const {
  if (at + entry.size > folded.size()) {
    return false;
  }
  switch (entry.place) {
    case LiteralPlace::whole:
      if (entry.size != folded.size()) {
        return false;
      }
      break;
    case LiteralPlace::starts:
      if (at != 0) {
        return false;
      }
      break;
    case LiteralPlace::ends:
      if (at + entry.size != folded.size()) {
        return false;
      }
      break;
    case LiteralPlace::anywhere: break;
  }
  return std::memcmp(folded.data() + at, texts_.data() + entry.text, entry.size) == 0;
}

/// How many literals hold each piece, by a hash: the piece that fewest hold is the one to look for.
std::uint32_t LiteralIndex::rarest_piece(std::string_view text,
                                         std::size_t size,
                                         const std::vector<std::uint32_t>& counts) const {
  std::uint32_t best = 0;
  std::uint32_t least = kNone;
  for (std::size_t at = 0; at + size <= text.size(); ++at) {
    const std::uint32_t count =
        counts[GramTable::hash(load(text.data() + at, size)) & (counts.size() - 1)];
    if (count < least) {
      least = count;
      best = static_cast<std::uint32_t>(at);
    }
  }
  return best;
}

/// One entry for each literal and place, with the numbers that were added with it.
void LiteralIndex::make_entries() {
  std::ranges::sort(added_, [](const auto& a, const auto& b) {
    return std::tie(a.first.text, a.first.place, a.second) <
           std::tie(b.first.text, b.first.place, b.second);
  });
  for (std::size_t i = 0; i < added_.size(); ++i) {
    const auto& [literal, number] = added_[i];
    const bool same = i > 0 && added_[i - 1].first.text == literal.text &&
                      added_[i - 1].first.place == literal.place;
    if (!same) {
      entries_.push_back({.text = static_cast<std::uint32_t>(texts_.size()),
                          .size = static_cast<std::uint32_t>(literal.text.size()),
                          .first_number = static_cast<std::uint32_t>(numbers_.size()),
                          .last_number = static_cast<std::uint32_t>(numbers_.size()),
                          .place = literal.place});
      texts_.append(literal.text);
    }
    if (!same || numbers_.back() != number) {
      numbers_.push_back(number);
      entries_.back().last_number = static_cast<std::uint32_t>(numbers_.size());
    }
  }
  added_.clear();
  added_.shrink_to_fit();
  texts_.shrink_to_fit();
  numbers_.shrink_to_fit();
}

void LiteralIndex::build() {
  make_entries();
  std::vector<std::uint32_t> whole;
  std::vector<std::uint32_t> named;
  std::array<std::vector<std::uint32_t>, 3> pieced;
  for (std::uint32_t entry = 0; entry < entries_.size(); ++entry) {
    const std::string_view text = text_of(entry);
    const bool has_name = entries_[entry].place == LiteralPlace::ends &&
                          file_name(text).size() < text.size() && !is_separator(text.back());
    if (entries_[entry].place == LiteralPlace::whole) {
      whole.push_back(entry);
    } else if (has_name) {
      named.push_back(entry);
    } else if (text.size() == 1) {
      few_.push_back(entry);
    } else {
      pieced[text.size() >= 4 ? 0 : text.size() == 3 ? 1 : 2].push_back(entry);
    }
  }
  whole_.build(whole.size());
  for (const std::uint32_t entry : whole) {
    whole_.add(hash_text(text_of(entry)), entry);
  }
  file_names_.build(named.size());
  for (const std::uint32_t entry : named) {
    file_names_.add(hash_text(file_name(text_of(entry))), entry);
  }
  constexpr std::array<std::size_t, 3> kSizes = {4, 3, 2};
  for (std::size_t table = 0; table < pieced.size(); ++table) {
    // A table of so few is passed through for little.
    constexpr std::size_t kFew = 2;
    if (pieced[table].size() <= kFew) {
      few_.insert(few_.end(), pieced[table].begin(), pieced[table].end());
    } else {
      add_pieces(grams_[table], kSizes[table], pieced[table]);
    }
  }
}

void LiteralIndex::add_pieces(GramTable& table,
                              std::size_t size,
                              const std::vector<std::uint32_t>& entries) {
  if (entries.empty()) {
    return;
  }
  std::vector<std::uint32_t> counts(std::size_t{1} << 14U, 0);
  for (const std::uint32_t entry : entries) {
    const std::string_view text = text_of(entry);
    for (std::size_t at = 0; at + size <= text.size(); ++at) {
      ++counts[GramTable::hash(load(text.data() + at, size)) & (counts.size() - 1)];
    }
  }
  table.build(entries.size());
  for (const std::uint32_t entry : entries) {
    const std::string_view text = text_of(entry);
    const std::uint32_t offset = rarest_piece(text, size, counts);
    table.add(load(text.data() + offset, size), entry, offset);
  }
}

std::size_t LiteralIndex::bytes() const {
  const auto size_of = [](const auto& vector) {
    return vector.capacity() * sizeof(typename std::decay_t<decltype(vector)>::value_type);
  };
  std::size_t bytes = texts_.capacity() + size_of(entries_) + size_of(numbers_) + size_of(few_) +
                      size_of(whole_.heads) + size_of(whole_.links) + size_of(file_names_.heads) +
                      size_of(file_names_.links);
  for (const GramTable& table : grams_) {
    bytes += size_of(table.bits) + size_of(table.heads) + size_of(table.postings);
  }
  return bytes;
}

}  // namespace spoor
