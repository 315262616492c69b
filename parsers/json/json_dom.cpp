#include "parsers/json/json_dom.h"

#include <charconv>
#include <string>
#include <utility>

#include <simdjson.h>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "parsers/json/json_error.h"
#include "parsers/scratch.h"

namespace spoor {
namespace {

/// Up to this many characters a JSON integer always fits 64 bits.
constexpr std::size_t kShortNumber = 18;
constexpr std::string_view kNumberKey("\0number", 7);

constexpr std::size_t kEscapeLength = 6;  ///< \uXXXX

/// The value of a \uXXXX escape at `at`, or -1.
int escaped_code_unit(std::string_view json, std::size_t at) {
  if (at + kEscapeLength > json.size() || json[at] != '\\' || json[at + 1] != 'u') {
    return -1;
  }
  int value = 0;
  for (const char digit : json.substr(at + 2, 4)) {
    const int low = digit | 0x20;
    if (digit >= '0' && digit <= '9') {
      value = value * 16 + (digit - '0');
    } else if (low >= 'a' && low <= 'f') {
      value = value * 16 + (low - 'a' + 10);
    } else {
      return -1;
    }
  }
  return value;
}

bool is_high_surrogate(int unit) {
  return unit >= 0xD800 && unit <= 0xDBFF;
}

bool is_low_surrogate(int unit) {
  return unit >= 0xDC00 && unit <= 0xDFFF;
}

bool ends_number(std::string_view text, std::size_t at) {
  return at >= text.size() ||
         std::string_view(",]} \t\r\n").find(text[at]) != std::string_view::npos;
}

/// Can the DOM give the text of this number back?
bool keeps_its_text(std::string_view number) {
  return number.size() <= kShortNumber && number.find_first_of(".eE") == std::string_view::npos &&
         number != "-0";
}

/// DOM elements → nodes.
class DomWalk {
 public:
  DomWalk(Document& document, Scratch& scratch) : document_(document), scratch_(scratch) {}

  /// False: too deep.
  bool walk(std::string_view key, bool has_key, simdjson::dom::element element, std::size_t depth) {
    const std::size_t index = document_.size();
    Node node;
    node.key = has_key ? key.data() : nullptr;
    node.key_size = static_cast<std::uint32_t>(key.size());
    std::string_view number;
    if (is_wrapped_number(element, number)) {
      set_scalar(node, NodeKind::number, number);
    } else {
      set_value(node, element);
    }
    add(node);
    bool good = node.is_scalar() || depth < kJsonDepthMax;
    if (node.kind == NodeKind::object) {
      const simdjson::dom::object object = element.get_object().value_unsafe();
      for (const auto field : object) {
        good = good && walk(field.key, true, field.value, depth + 1);
      }
    } else if (node.kind == NodeKind::array) {
      const simdjson::dom::array array = element.get_array().value_unsafe();
      for (const auto child : array) {
        good = good && walk({}, false, child, depth + 1);
      }
    }
    document_.make_room(0)[index].end = static_cast<NodeIndex>(document_.size());
    return good;
  }

 private:
  void add(const Node& node) {
    const std::size_t size = document_.size();
    document_.make_room(size + 1)[size] = node;
    document_.set_size(size + 1);
  }

  static bool is_wrapped_number(simdjson::dom::element element, std::string_view& number) {
    if (!element.is_object()) {
      return false;
    }
    const simdjson::dom::object object = element.get_object().value_unsafe();
    for (const auto field : object) {
      if (field.key != kNumberKey || !field.value.is_string()) {
        return false;
      }
      number = field.value.get_string().value_unsafe();
      return true;
    }
    return false;
  }

  static void set_scalar(Node& node, NodeKind kind, std::string_view text) {
    node.kind = kind;
    node.text = text.data();
    node.text_size = static_cast<std::uint32_t>(text.size());
  }

  template <typename Number>
  std::string_view digits(Number number) {
    constexpr std::size_t kBytes = 32;
    char* place = scratch_.take(kBytes);
    const auto [end, error] = std::to_chars(place, place + kBytes, number);
    return {place, error == std::errc{} ? static_cast<std::size_t>(end - place) : 0};
  }

  void set_value(Node& node, simdjson::dom::element element) {
    using simdjson::dom::element_type;
    switch (element.type()) {
      case element_type::OBJECT: set_scalar(node, NodeKind::object, ""); break;
      case element_type::ARRAY: set_scalar(node, NodeKind::array, ""); break;
      case element_type::STRING:
        set_scalar(node, NodeKind::string, element.get_string().value_unsafe());
        break;
      case element_type::INT64:
        set_scalar(node, NodeKind::number, digits(element.get_int64().value_unsafe()));
        break;
      case element_type::UINT64:
        set_scalar(node, NodeKind::number, digits(element.get_uint64().value_unsafe()));
        break;
      case element_type::DOUBLE: set_scalar(node, NodeKind::number, ""); break;  // All are wrapped.
      case element_type::BOOL:
        set_scalar(node, NodeKind::boolean, element.get_bool().value_unsafe() ? "true" : "false");
        break;
      case element_type::NULL_VALUE: set_scalar(node, NodeKind::null, "null"); break;
    }
  }

  Document& document_;
  Scratch& scratch_;
};

}  // namespace

std::string replace_lone_surrogates(std::string_view json) {
  std::string mended;
  mended.reserve(json.size());
  std::size_t at = 0;
  while (at < json.size()) {
    if (json[at] != '\\') {
      mended.push_back(json[at++]);
      continue;
    }
    const int unit = escaped_code_unit(json, at);
    const bool pair =
        is_high_surrogate(unit) && is_low_surrogate(escaped_code_unit(json, at + kEscapeLength));
    std::size_t length = unit >= 0 ? kEscapeLength : 2;
    if (pair) {
      length = 2 * kEscapeLength;
    }
    if (!pair && (is_high_surrogate(unit) || is_low_surrogate(unit))) {
      mended.append("\\uFFFD");
    } else {
      mended.append(json.substr(at, length));
    }
    at += length;
  }
  return mended;
}

std::string wrap_numbers(std::string_view json) {
  std::string wrapped;
  wrapped.reserve(json.size() + 2);
  bool in_string = false;
  std::size_t at = 0;
  while (at < json.size()) {
    const char c = json[at];
    if (in_string && c == '\\') {
      wrapped.append(json.substr(at, 2));
      at += 2;
      continue;
    }
    if (c == '"') {
      in_string = !in_string;
    }
    const bool number_starts = !in_string && (c == '-' || (c >= '0' && c <= '9'));
    const std::size_t length = number_starts ? json_number_length(json.substr(at)) : 0;
    if (length == 0) {
      wrapped.push_back(c);
      ++at;
      continue;
    }
    const std::string_view number = json.substr(at, length);
    const bool starts_token =
        at == 0 || std::string_view("[:, \t\r\n").find(json[at - 1]) != std::string_view::npos;
    if (starts_token && ends_number(json, at + length) && !keeps_its_text(number)) {
      wrapped.append(R"({"\u0000number":")").append(number).append(R"("})");
    } else {
      wrapped.append(number);
    }
    at += length;
  }
  return wrapped;
}

struct JsonDom::Impl {
  simdjson::dom::parser parser;
  std::string text;
  Scratch scratch;

  simdjson::error_code parse_once(Document& document) {
    text.reserve(text.size() + simdjson::SIMDJSON_PADDING);
    simdjson::dom::element root;
    const simdjson::error_code error = parser.parse(text.data(), text.size(), false).get(root);
    if (error != simdjson::SUCCESS) {
      return error;
    }
    return DomWalk(document, scratch).walk({}, false, root, 0) ? simdjson::SUCCESS
                                                               : simdjson::DEPTH_ERROR;
  }
};

JsonDom::JsonDom() : impl_(std::make_unique<Impl>()) {
  // Wrapping makes a record longer and deeper: up to 30 bytes for each digit.
  constexpr std::size_t kWrapped = 32;
  const simdjson::error_code error =
      impl_->parser.allocate(kWrapped * kRecordBytesMax, kJsonDepthMax + 4);
  static_cast<void>(error);  // Should memory be short, the first parse says so.
}

JsonDom::~JsonDom() = default;
JsonDom::JsonDom(JsonDom&&) noexcept = default;
JsonDom& JsonDom::operator=(JsonDom&&) noexcept = default;

Result<void> JsonDom::parse(std::string_view json, Document& document) {
  document.clear();
  impl_->scratch.reset();
  if (json.size() > kRecordBytesMax) {
    return tl::unexpected<Error>(json_error(simdjson::CAPACITY, json));
  }
  impl_->text = json;
  // In the order in which the scanner meets them: the bytes, the escapes, the values.
  if (!is_valid_utf8(json)) {
    impl_->text = replace_invalid_utf8(json);
    document.salvaged = true;
    if (impl_->text.size() > kRecordBytesMax) {
      return tl::unexpected<Error>(json_error(simdjson::CAPACITY, json));
    }
  }
  std::string mended = replace_lone_surrogates(impl_->text);
  const bool lone = mended != impl_->text;
  impl_->text = wrap_numbers(mended);
  const simdjson::error_code error = impl_->parse_once(document);
  if (error != simdjson::SUCCESS) {
    return tl::unexpected<Error>(json_error(error, json));
  }
  document.salvaged = document.salvaged || lone;
  return {};
}

}  // namespace spoor
