// Can some keyword be in a record, before its values are known?
//
// A rule of keywords looks for text in every value of an event, so each event that meets such a
// rule would have to be read whole: SigmaHQ has one that every Windows event meets. Hardly any
// record holds a keyword anywhere in its bytes, and that can be told without reading it.
//
// Of each literal that a keyword test needs, a fragment is looked for that JSON, XML and the
// parsers leave as it is: letters, digits and "._- :". A record that may spell a letter otherwise
// (an escape of an ASCII character, a character reference, a letter that folds to ASCII) is never
// ruled out. What parsers add of their own (`HKLM`, `true`) is no fragment.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/matcher/literal.h"
#include "engine/matcher/triple_scan.h"

namespace spoor {

class KeywordFilter {
 public:
  /// Adds what a keyword test needs one of (required_literals). A test of which nothing usable is
  /// known lets every record pass.
  void add(const std::vector<Literal>& literals);

  /// Makes ready what was added.
  void build();

  /// False: no value of an event of the Windows event log (Source::sysmon, Source::windows) that is
  /// read from `record` satisfies any of the tests. One pass over the record.
  [[nodiscard]] bool may_hold(std::string_view record) const;

  /// The same, with these of the machine's instructions, which it must have: for tests. `one` is
  /// the twin, in two passes of its own.
  [[nodiscard]] bool may_hold(std::string_view record, TripleScan::Width width) const;

  /// The part of a folded literal that is looked for; empty if none is usable.
  [[nodiscard]] static std::string_view fragment_of(std::string_view folded);

 private:
  struct Piece {
    std::uint32_t gram = 0;
    std::uint32_t fragment = 0;
    std::uint32_t offset = 0;  ///< Of the piece in the fragment.
  };

  /// One of the triples looked for.
  struct Triple {
    std::uint32_t fragment = 0;
    std::uint32_t offset = 0;  ///< Of the triple in the fragment.
  };

  /// Buckets of the scan for what is spelt otherwise; the others are for fragments.
  static constexpr unsigned kEscapeBucket = 7;
  static constexpr unsigned kOddBucket = 6;
  static constexpr unsigned kFragmentBuckets = 6;

  void build_pieces();
  void build_scan();
  [[nodiscard]] bool is_met(std::string_view record, const TripleScan::Suspect& suspect) const;
  [[nodiscard]] bool is_at(std::uint32_t fragment, std::string_view record, std::size_t at) const;
  [[nodiscard]] bool has_fragment(std::string_view record) const;
  [[nodiscard]] bool has_fragment_at(std::string_view record, std::size_t at) const;

  bool always_ = false;
  std::vector<std::string> fragments_;
  std::size_t stride_ = 1;           ///< Every so many bytes one piece is looked at.
  std::vector<std::uint8_t> known_;  ///< By hash: is it that of a piece?
  std::vector<Piece> pieces_;        ///< Sorted by gram.
  bool scannable_ = false;           ///< There are so few fragments that triples tell something.
  TripleScan scan_;
  std::array<std::vector<Triple>, kFragmentBuckets> buckets_;
};

}  // namespace spoor
