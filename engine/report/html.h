// An HTML document under construction, in which text of events cannot become markup.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "engine/report/page_assets.h"

namespace spoor {

/// Markup: a literal of this program. Nothing that was read can be made into one, because the
/// constructor runs at compile time only.
class Markup {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor,modernize-avoid-c-arrays)
  consteval Markup(const char* literal) : text_(literal) {}

  [[nodiscard]] constexpr std::string_view view() const { return text_; }

 private:
  std::string_view text_;
};

/// Appends markup and text. Text is escaped, and what it holds that a reader would not see (control
/// characters, bidirectional overrides, invisible characters, bytes that are not UTF-8) is spelled
/// out, so that an event can neither hide nor forge a line.
class Html {
 public:
  /// Of one value so much is shown, then how much was left out is told.
  static constexpr std::size_t kTextBytesMax = std::size_t{64} << 10;

  Html& markup(Markup literal) {
    out_.append(literal.view());
    return *this;
  }

  Html& number(std::uint64_t value) {
    out_.append(std::to_string(value));
    return *this;
  }

  /// One value: newlines and tabs are spelled out like other control characters.
  Html& text(std::string_view raw) { return append(raw, Form::line); }

  /// Text of several lines, for an element that keeps them.
  Html& block(std::string_view raw) { return append(raw, Form::block); }

  /// A value between the double quotes of an attribute.
  Html& attribute(std::string_view raw) { return append(raw, Form::attribute); }

  /// A value where no element may stand: a title.
  Html& text_only(std::string_view raw) { return append(raw, Form::attribute); }

  /// Style or script of the page itself.
  Html& asset(const PageAsset& asset) {
    out_.append(asset.text);
    return *this;
  }

  Html& append(const Html& part) {
    out_.append(part.out_);
    return *this;
  }

  [[nodiscard]] std::size_t size() const { return out_.size(); }

  [[nodiscard]] std::string finish() && { return std::move(out_); }

 private:
  enum class Form : std::uint8_t { line, block, attribute };

  Html& append(std::string_view raw, Form form);
  void append_spelled(std::string_view spelled, Form form);
  void append_sequence(std::string_view sequence, Form form);

  std::string out_;
};

}  // namespace spoor
