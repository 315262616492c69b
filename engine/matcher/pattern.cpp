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

/// windash: what stands for a dash (pySigma): - and /, en dash, em dash, horizontal bar.
std::size_t end_of_dash(std::string_view text, std::size_t at) {
  if (at >= text.size()) {
    return kNone;
  }
  if (text[at] == '-' || text[at] == '/') {
    return at + 1;
  }
  constexpr std::string_view kLongDash = "\xE2\x80";  // And 93, 94 or 95.
  const bool is_long = text.substr(at).starts_with(kLongDash) && at + 2 < text.size() &&
                       text[at + 2] >= '\x93' && text[at + 2] <= '\x95';
  return is_long ? at + 3 : kNone;
}

/// Where a literal, a ? or a dash that begins at `at` ends; kNone if it does not match there.
std::size_t end_of(const PatternPiece& piece, std::string_view text, std::size_t at) {
  if (piece.kind == Kind::any_dash) {
    return end_of_dash(text, at);
  }
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

bool Pattern::matches(std::string_view text) const {
  switch (form_) {
    case Form::equals: return text == literal_;
    case Form::starts: return text.starts_with(literal_);
    case Form::ends: return text.ends_with(literal_);
    case Form::contains: return text.find(literal_) != std::string_view::npos;
    case Form::anything: return true;
    case Form::general: return matches_general(text);
  }
  return false;
}

bool Pattern::matches_general(std::string_view text) const {
  std::size_t piece = 0;
  std::size_t at = 0;
  std::size_t star_piece = kNone;  // Behind the last *, and where it was tried.
  std::size_t star_at = 0;
  while (piece < pieces_.size() || at < text.size()) {
    if (piece < pieces_.size() && pieces_[piece].kind == Kind::any_run) {
      star_piece = ++piece;
      star_at = at;
      continue;
    }
    const std::size_t end = piece < pieces_.size() ? end_of(pieces_[piece], text, at) : kNone;
    if (end != kNone) {
      at = end;
      ++piece;
      continue;
    }
    // The last * takes one code point more: an earlier one need not, for what it could gain this
    // one can.
    if (star_piece == kNone || star_at >= text.size()) {
      return false;
    }
    star_at = next_code_point(text, star_at);
    if (star_piece < pieces_.size() && pieces_[star_piece].kind == Kind::literal) {
      star_at = text.find(pieces_[star_piece].literal, star_at);
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
