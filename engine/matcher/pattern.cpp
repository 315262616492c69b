#include "engine/matcher/pattern.h"

#include <utility>

namespace spoor {
namespace {

using Kind = PatternPiece::Kind;

/// The place behind the code point at `at`.
std::size_t next_code_point(std::string_view text, std::size_t at) {
  ++at;
  while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) {
    ++at;
  }
  return at;
}

constexpr std::size_t kNone = std::string_view::npos;

/// Where a literal or a ? that begins at `at` ends; kNone if it does not match there.
std::size_t end_of(const PatternPiece& piece, std::string_view text, std::size_t at) {
  if (piece.kind == Kind::any_one) {
    return at < text.size() ? next_code_point(text, at) : kNone;
  }
  return text.substr(at).starts_with(piece.literal) ? at + piece.literal.size() : kNone;
}

}  // namespace

Pattern::Pattern(std::vector<PatternPiece> pieces) : pieces_(std::move(pieces)) {
  const auto is = [this](std::size_t i, Kind kind) { return pieces_[i].kind == kind; };
  const std::size_t count = pieces_.size();
  if (count == 0) {
    form_ = Form::equals;
  } else if (count == 1 && is(0, Kind::literal)) {
    form_ = Form::equals;
    literal_ = pieces_[0].literal;
  } else if (count == 1 && is(0, Kind::any_run)) {
    form_ = Form::anything;
  } else if (count == 2 && is(0, Kind::literal) && is(1, Kind::any_run)) {
    form_ = Form::starts;
    literal_ = pieces_[0].literal;
  } else if (count == 2 && is(0, Kind::any_run) && is(1, Kind::literal)) {
    form_ = Form::ends;
    literal_ = pieces_[1].literal;
  } else if (count == 3 && is(0, Kind::any_run) && is(1, Kind::literal) && is(2, Kind::any_run)) {
    form_ = Form::contains;
    literal_ = pieces_[1].literal;
  }
}

bool Pattern::matches(std::string_view folded) const {
  switch (form_) {
    case Form::equals: return folded == literal_;
    case Form::starts: return folded.starts_with(literal_);
    case Form::ends: return folded.ends_with(literal_);
    case Form::contains: return folded.find(literal_) != std::string_view::npos;
    case Form::anything: return true;
    case Form::general: return matches_general(folded);
  }
  return false;
}

bool Pattern::matches_general(std::string_view folded) const {
  std::size_t piece = 0;
  std::size_t at = 0;
  std::size_t star_piece = kNone;  // Behind the last *, and where it was tried.
  std::size_t star_at = 0;
  while (piece < pieces_.size() || at < folded.size()) {
    if (piece < pieces_.size() && pieces_[piece].kind == Kind::any_run) {
      star_piece = ++piece;
      star_at = at;
      continue;
    }
    const std::size_t end = piece < pieces_.size() ? end_of(pieces_[piece], folded, at) : kNone;
    if (end != kNone) {
      at = end;
      ++piece;
      continue;
    }
    // The last * takes one code point more: an earlier one need not, for what it could gain this
    // one can.
    if (star_piece == kNone || star_at >= folded.size()) {
      return false;
    }
    star_at = next_code_point(folded, star_at);
    if (star_piece < pieces_.size() && pieces_[star_piece].kind == Kind::literal) {
      star_at = folded.find(pieces_[star_piece].literal, star_at);
      if (star_at == kNone) {
        return false;
      }
    }
    at = star_at;
    piece = star_piece;
  }
  return true;
}

}  // namespace spoor
