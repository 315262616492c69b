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

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/matcher/literal.h"

namespace spoor {

class KeywordFilter {
 public:
  /// Adds what a keyword test needs one of (required_literals). A test of which nothing usable is
  /// known lets every record pass.
  void add(const std::vector<Literal>& literals);

  /// Makes ready what was added.
  void build();

  /// False: no value of an event of the Windows event log (Source::sysmon, Source::windows) that is
  /// read from `record` satisfies any of the tests. O(length / 6), usually.
  [[nodiscard]] bool may_hold(std::string_view record) const;

  /// The part of a folded literal that is looked for; empty if none is usable.
  [[nodiscard]] static std::string_view fragment_of(std::string_view folded);

 private:
  struct Piece {
    std::uint32_t gram = 0;
    std::uint32_t fragment = 0;
    std::uint32_t offset = 0;  ///< Of the piece in the fragment.
  };

  [[nodiscard]] bool has_fragment(std::string_view record) const;
  [[nodiscard]] bool has_fragment_at(std::string_view record, std::size_t at) const;

  bool always_ = false;
  std::vector<std::string> fragments_;
  std::size_t stride_ = 1;           ///< Every so many bytes one piece is looked at.
  std::vector<std::uint8_t> known_;  ///< By hash: is it that of a piece?
  std::vector<Piece> pieces_;        ///< Sorted by gram.
};

}  // namespace spoor
