#include "parsers/json/json_scanner.h"

#include <array>
#include <bit>
#include <cstring>

#include <simdjson.h>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "parsers/json/escape_check.h"
#include "parsers/json/json_error.h"
#include "parsers/json/number_check.h"
#include "parsers/json/quote_scan.h"
#include "parsers/json/shape_cache.h"

namespace spoor {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/// Are these up to eight bytes all digits? kTextPadding bytes behind them can be read.
[[gnu::always_inline]] inline bool all_digits(const char* text, std::size_t size) {
  constexpr std::uint64_t kZeros = 0x3030303030303030ULL;
  constexpr std::uint64_t kHighNibbles = 0xF0F0F0F0F0F0F0F0ULL;
  std::uint64_t word = 0;
  std::memcpy(&word, text, sizeof word);
  if constexpr (std::endian::native == std::endian::little) {
    word <<= 8 * (8 - size);  // What follows goes out at the top, zeros come in below.
  } else {
    word >>= 8 * (8 - size);
  }
  const std::uint64_t wanted = std::endian::native == std::endian::little
                                   ? kZeros << (8 * (8 - size))
                                   : kZeros >> (8 * (8 - size));
  return (word & kHighNibbles) == wanted && ((word + (wanted / 8)) & kHighNibbles) == wanted;
}

std::string_view without_blanks_behind(std::string_view text) {
  while (!text.empty() && is_space(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

std::uint32_t bit(bool condition) {
  return condition ? 1U : 0U;
}

/// The walk over the structural index. Raw pointers: this is where the time goes, and a check of
/// each access would double it. What is read lies below `index[count]`, which is the length.
class Walk {
 public:
  // open_ is not cleared: what is read of it was written when its object was opened.
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init)
  Walk(std::string_view json, const std::uint32_t* index, std::size_t count, Document& document)
      : base_(json.data()),
        length_(static_cast<std::uint32_t>(json.size())),
        at_(index),
        end_(index + count),
        document_(document) {}

  [[nodiscard]] simdjson::error_code run() {
    // Every value has a structural of its own; so this is room enough.
    nodes_ = document_.make_room(static_cast<std::size_t>(end_ - at_) + 1);
    next_ = nodes_;
    set_key(nullptr, 0);
    // A root that is not closed is refused before anything is counted, as the DOM does.
    if (at_ != end_ && ((base_[*at_] == '{' && base_[end_[-1]] != '}') ||
                        (base_[*at_] == '[' && base_[end_[-1]] != ']'))) {
      return simdjson::TAPE_ERROR;
    }
    simdjson::error_code error = value();
    while (error == simdjson::SUCCESS && depth_ > 0) {
      error = opened_ ? first_member() : next_member();
    }
    if (error == simdjson::SUCCESS && at_ != end_) {
      error = simdjson::TAPE_ERROR;  // Something follows the root.
    }
    document_.set_size(static_cast<std::size_t>(next_ - nodes_));
    return error;
  }

 private:
  [[nodiscard]] bool is_at(char wanted) const { return at_ != end_ && base_[*at_] == wanted; }

  void set_key(const char* key, std::size_t size) {
    next_->key = key;
    next_->key_size = static_cast<std::uint32_t>(size);
    next_->key_escaped = true;
  }

  /// The string whose opening quote is the structural at at_. Moves on. False: not closed before
  /// the next structural.
  [[gnu::always_inline]] bool string(std::uint32_t& begin, std::uint32_t& end) {
    begin = *at_ + 1;
    ++at_;
    const char* last = base_ + (at_ != end_ ? *at_ : length_) - 1;
    while (*last != '"') {
      --last;  // Over blanks: anything else would be a structural. The opening quote ends it.
    }
    end = static_cast<std::uint32_t>(last - base_);
    return end >= begin;
  }

  /// One value, into the next node, whose key is set.
  [[gnu::always_inline]] simdjson::error_code value() {
    if (at_ == end_) {
      return simdjson::TAPE_ERROR;
    }
    const char c = base_[*at_];
    if (c == '"') {
      std::uint32_t begin = 0;
      std::uint32_t end = 0;
      if (!string(begin, end)) {
        return simdjson::STRING_ERROR;
      }
      add_scalar(NodeKind::string, begin, end);
      return simdjson::SUCCESS;
    }
    if (c == '{' || c == '[') {
      return open(c == '{');
    }
    return scalar();
  }

  [[gnu::always_inline]] void add_scalar(NodeKind kind, std::uint32_t begin, std::uint32_t end) {
    Node& node = *next_++;
    node.text = base_ + begin;
    node.text_size = end - begin;
    node.end = static_cast<NodeIndex>(next_ - nodes_);
    node.kind = kind;
    node.text_escaped = kind == NodeKind::string;
  }

  simdjson::error_code scalar() {
    // What ends a scalar is a structural, or blank before one.
    const std::uint32_t begin = *at_++;
    std::uint32_t end = at_ != end_ ? *at_ : length_;
    while (end > begin && is_space(base_[end - 1])) {
      --end;
    }
    if (end == begin) {
      return simdjson::TAPE_ERROR;
    }
    const std::string_view text(base_ + begin, end - begin);
    NodeKind kind = NodeKind::number;
    bool good = false;
    if (text.front() == 't' || text.front() == 'f') {
      kind = NodeKind::boolean;
      good = text == "true" || text == "false";
    } else if (text.front() == 'n') {
      kind = NodeKind::null;
      good = text == "null";
    } else {
      good = is_number(text);
    }
    add_scalar(kind, begin, end);
    return good ? simdjson::SUCCESS : simdjson::NUMBER_ERROR;
  }

  simdjson::error_code open(bool object) {
    if (depth_ == kJsonDepthMax) {
      return simdjson::DEPTH_ERROR;
    }
    ++depth_;
    open_[depth_] = static_cast<NodeIndex>(next_ - nodes_);
    in_object_ = object;
    objects_[depth_] = object;
    opened_ = true;
    Node& node = *next_++;
    node.text = base_ + *at_++;
    node.kind = object ? NodeKind::object : NodeKind::array;
    node.text_escaped = false;
    return simdjson::SUCCESS;
  }

  /// Behind the closing bracket.
  void close() {
    Node& node = nodes_[open_[depth_]];
    node.end = static_cast<NodeIndex>(next_ - nodes_);
    node.text_size = static_cast<std::uint32_t>(base_ + at_[-1] + 1 - node.text);
    --depth_;
    in_object_ = objects_[depth_];
    opened_ = false;
  }

  simdjson::error_code first_member() {
    opened_ = false;
    if (is_at(in_object_ ? '}' : ']')) {
      ++at_;
      close();
      return simdjson::SUCCESS;
    }
    return member();
  }

  [[gnu::always_inline]] simdjson::error_code next_member() {
    if (at_ == end_) {
      return simdjson::TAPE_ERROR;
    }
    const char c = base_[*at_++];
    if (c == ',') {
      if (!plain_member()) {
        return member();
      }
      // As long as they go on: without a look at what stands around them.
      while (at_ != end_ && base_[*at_] == ',') {
        ++at_;
        if (!plain_member()) {
          return member();
        }
      }
      return simdjson::SUCCESS;
    }
    if (c != (in_object_ ? '}' : ']')) {
      return simdjson::TAPE_ERROR;
    }
    close();
    return simdjson::SUCCESS;
  }

  /// Takes `"key":"text"` or `"key":12`, written without blanks: nearly every member. False, and
  /// nothing taken, for all others: member() judges them.
  [[gnu::always_inline]] bool plain_member() {
    if (!in_object_ || end_ - at_ < 4) {
      return false;
    }
    const std::uint32_t key = at_[0];
    const std::uint32_t colon = at_[1];
    const std::uint32_t value = at_[2];
    const std::uint32_t next = at_[3];
    // Bits, not conditions, so that there is one branch.
    const std::uint32_t named = bit(base_[key] == '"') & bit(base_[colon] == ':') &
                                bit(base_[colon - 1] == '"') & bit(colon - 1 > key);
    const std::uint32_t size = next - value;
    if (base_[value] == '"') {
      if ((named & bit(base_[next - 1] == '"') & bit(size > 1)) == 0) {
        return false;
      }
      add_plain(key, colon, NodeKind::string, {base_ + value + 1, size - 2});
      return true;
    }
    const bool counted =
        size <= 8 && (base_[value] != '0' || size == 1) && all_digits(base_ + value, size);
    if (!counted || named == 0) {
      return false;
    }
    add_plain(key, colon, NodeKind::number, {base_ + value, size});
    return true;
  }

  [[gnu::always_inline]] void add_plain(std::uint32_t key,
                                        std::uint32_t colon,
                                        NodeKind kind,
                                        std::string_view text) {
    Node& node = *next_++;
    node.key = base_ + key + 1;
    node.key_size = colon - key - 2;
    node.key_escaped = true;
    node.text = text.data();
    node.text_size = static_cast<std::uint32_t>(text.size());
    node.end = static_cast<NodeIndex>(next_ - nodes_);
    node.kind = kind;
    node.text_escaped = kind == NodeKind::string;
    at_ += 3;
  }

  [[gnu::always_inline]] simdjson::error_code member() {
    if (!in_object_) {
      set_key(nullptr, 0);
      return value();
    }
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    if (!is_at('"') || !string(begin, end) || !is_at(':')) {
      return simdjson::TAPE_ERROR;
    }
    ++at_;
    set_key(base_ + begin, end - begin);
    return value();
  }

  const char* base_;
  std::uint32_t length_;
  const std::uint32_t* at_;
  const std::uint32_t* end_;
  Document& document_;
  Node* nodes_ = nullptr;
  Node* next_ = nullptr;
  std::size_t depth_ = 0;
  bool in_object_ = false;
  bool opened_ = false;  ///< The bracket before was an opening one.
  std::array<NodeIndex, kJsonDepthMax + 1> open_;
  std::array<bool, kJsonDepthMax + 1> objects_{};
};

}  // namespace

struct JsonScanner::Impl {
  [[nodiscard]] simdjson::error_code scan_once(std::string_view json, Document& document) {
    const std::string_view bare = without_blanks_behind(json);
    if (quotes.size() < quote_room(bare.size())) [[unlikely]] {
      quotes.resize(2 * quote_room(bare.size()));
    }
    const TextLook look = find_quotes(bare, quotes.data());
    // What else stage 1 would find wrong with the bytes of strings.
    const bool may_have_shape = bare.size() <= kQuotedTextMax && !look.has_controls &&
                                look.escapes != Escapes::bad &&
                                (look.is_ascii || simdjson::validate_utf8(bare));
    const QuotedText text{.json = bare, .index = quotes.data(), .count = look.quotes};
    if (may_have_shape && shapes.read(text, document)) {
      document.salvaged = document.salvaged || look.escapes == Escapes::lone_surrogate;
      return simdjson::SUCCESS;
    }
    const simdjson::error_code walked = walk(json, look.escapes, document);
    if (may_have_shape && walked == simdjson::SUCCESS) {
      shapes.remember(text, document);
    }
    return walked;
  }

  /// Of whatever shape.
  [[nodiscard]] simdjson::error_code walk(std::string_view json,
                                          Escapes escapes,
                                          Document& document) const {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(json.data());
    const simdjson::error_code error =
        stage1->stage1(bytes, json.size(), simdjson::stage1_mode::regular);
    if (error != simdjson::SUCCESS) {
      return error;
    }
    if (escapes == Escapes::bad) {
      return simdjson::STRING_ERROR;
    }
    document.salvaged = document.salvaged || escapes == Escapes::lone_surrogate;
    return Walk(json, stage1->structural_indexes.get(), stage1->n_structural_indexes, document)
        .run();
  }

  QuoteFinder find_quotes = quote_finders().front();
  std::vector<QuotePlace> quotes;
  std::unique_ptr<simdjson::internal::dom_parser_implementation> stage1;
  simdjson::error_code allocated = simdjson::MEMALLOC;
  std::string mended;
  ShapeCache shapes;
};

JsonScanner::JsonScanner() : impl_(std::make_unique<Impl>()) {
  // Sized once, so that no record makes it grow.
  impl_->allocated = simdjson::get_active_implementation()->create_dom_parser_implementation(
      kRecordBytesMax, kJsonDepthMax, impl_->stage1);
}

JsonScanner::~JsonScanner() = default;
JsonScanner::JsonScanner(JsonScanner&&) noexcept = default;
JsonScanner& JsonScanner::operator=(JsonScanner&&) noexcept = default;

Result<void> JsonScanner::scan(std::string_view json, Document& document) {
  document.clear();
  if (json.size() > kRecordBytesMax) {
    return tl::unexpected<Error>(json_error(simdjson::CAPACITY, json));
  }
  simdjson::error_code error = impl_->allocated;
  if (error == simdjson::SUCCESS) {
    error = impl_->scan_once(json, document);
  }
  if (error == simdjson::UTF8_ERROR) {
    impl_->mended = replace_invalid_utf8(json);
    impl_->mended.reserve(impl_->mended.size() + kTextPadding);
    if (impl_->mended.size() > kRecordBytesMax) {
      return tl::unexpected<Error>(json_error(simdjson::CAPACITY, json));
    }
    document.clear();
    document.salvaged = true;
    error = impl_->scan_once(impl_->mended, document);
  }
  if (error != simdjson::SUCCESS) {
    return tl::unexpected<Error>(json_error(error, json));
  }
  return {};
}

}  // namespace spoor
