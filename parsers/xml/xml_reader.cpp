#include "parsers/xml/xml_reader.h"

#include <algorithm>
#include <array>
#include <string>

#include <pugixml.hpp>

#include "engine/base/limits.h"
#include "engine/base/text.h"

namespace spoor {
namespace {

/// A key of ours in a document, with what must be readable behind it (kTextPadding).
struct PaddedKey {
  static constexpr std::size_t kLongest = 16;
  std::array<char, kLongest + kTextPadding> text{};
  std::size_t size = 0;

  constexpr explicit PaddedKey(std::string_view key) : size(key.size()) {
    std::ranges::copy(key, text.begin());
  }

  [[nodiscard]] constexpr std::string_view key() const { return {text.data(), size}; }
};

constexpr PaddedKey kEvent("Event");
constexpr PaddedKey kAttributes("#attributes");
constexpr PaddedKey kNothing("");

/// "win:Event" → "Event".
std::string_view local_name(std::string_view name) {
  const std::size_t colon = name.rfind(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

/// XML → nodes.
class XmlWalk {
 public:
  explicit XmlWalk(Document& document) : document_(document) {}

  /// False: too deep.
  bool read(pugi::xml_node event) {
    const std::size_t root = open({}, false, NodeKind::object);
    const bool good = element(kEvent.key(), event, 1);
    close(root);
    return good;
  }

 private:
  std::size_t open(std::string_view key, bool has_key, NodeKind kind) {
    const std::size_t index = document_.size();
    Node node;
    node.key = has_key ? key.data() : nullptr;
    node.key_size = static_cast<std::uint32_t>(key.size());
    node.kind = kind;
    node.text = kNothing.text.data();
    document_.make_room(index + 1)[index] = node;
    document_.set_size(index + 1);
    return index;
  }

  void close(std::size_t index) {
    document_.make_room(0)[index].end = static_cast<NodeIndex>(document_.size());
  }

  void text(std::string_view key, std::string_view value) {
    const std::size_t index = open(key, true, NodeKind::string);
    Node& node = document_.make_room(0)[index];
    node.text = value.data();
    node.text_size = static_cast<std::uint32_t>(value.size());
    close(index);
  }

  static bool has_elements(pugi::xml_node element) {
    return std::ranges::any_of(element.children(), [](const pugi::xml_node& child) {
      return child.type() == pugi::node_element;
    });
  }

  bool element(std::string_view key, pugi::xml_node element, std::size_t depth) {
    if (depth > kJsonDepthMax) {
      return false;
    }
    const bool is_data = local_name(element.name()) == "Data";
    const std::string_view value = element.text().get();
    if (is_data || (!has_elements(element) && !value.empty())) {
      text(key, value);
      return true;
    }
    const std::size_t index = open(key, true, NodeKind::object);
    bool good = attributes(element);
    const bool has_list = nameless_data(element) > 1;
    for (const pugi::xml_node child : element.children()) {
      if (child.type() == pugi::node_element && !(has_list && is_nameless_data(child))) {
        good = good && this->element(key_of_element(child), child, depth + 1);
      }
    }
    if (has_list) {
      list(element);
    }
    close(index);
    return good;
  }

  static bool is_nameless_data(pugi::xml_node element) { return key_of_element(element) == "Data"; }

  static std::ptrdiff_t nameless_data(pugi::xml_node element) {
    return std::ranges::count_if(element.children(), is_nameless_data);
  }

  /// Older providers give their values no names: <Data>a</Data><Data>b</Data> is one list.
  void list(pugi::xml_node element) {
    static constexpr char kData[16] = "Data";
    const std::size_t index = open({kData, 4}, true, NodeKind::array);
    for (const pugi::xml_node child : element.children()) {
      if (is_nameless_data(child)) {
        const std::string_view value = child.text().get();
        const std::size_t item = open({}, false, NodeKind::string);
        Node& node = document_.make_room(0)[item];
        node.text = value.data();
        node.text_size = static_cast<std::uint32_t>(value.size());
        close(item);
      }
    }
    close(index);
  }

  bool attributes(pugi::xml_node element) {
    if (element.first_attribute().empty()) {
      return true;
    }
    const std::size_t index = open(kAttributes.key(), true, NodeKind::object);
    for (const pugi::xml_attribute attribute : element.attributes()) {
      text(attribute.name(), attribute.value());
    }
    close(index);
    return true;
  }

  /// <Data Name="Image">…</Data> is a field called Image.
  static std::string_view key_of_element(pugi::xml_node element) {
    const std::string_view name = local_name(element.name());
    if (name == "Data") {
      const std::string_view given = element.attribute("Name").value();
      return given.empty() ? name : given;
    }
    return name;
  }

  Document& document_;
};

/// The first element of one of the names, wherever it stands; null if there is none.
pugi::xml_node find_event(pugi::xml_node root) {
  return root.find_node([](const pugi::xml_node& node) {
    const std::string_view name = local_name(node.name());
    return name == "Event" || name == "EventData";
  });
}

}  // namespace

struct XmlReader::Impl {
  pugi::xml_document xml;
  std::string text;  ///< What pugixml reads and points into.
};

XmlReader::XmlReader() : impl_(std::make_unique<Impl>()) {}

XmlReader::~XmlReader() = default;
XmlReader::XmlReader(XmlReader&&) noexcept = default;
XmlReader& XmlReader::operator=(XmlReader&&) noexcept = default;

std::size_t find_xml_event(std::string_view text) {
  constexpr std::string_view kStarts[] = {"<Event", "<DataItem"};
  std::size_t first = std::string_view::npos;
  for (const std::string_view start : kStarts) {
    first = std::min(first, text.find(start));
  }
  return first;
}

Result<void> XmlReader::read(std::string_view text, Document& document) {
  document.clear();
  const std::size_t start = find_xml_event(text);
  if (start == std::string_view::npos) {
    return fail(ErrorCode::malformed_xml, "no <Event> in it");
  }
  text.remove_prefix(start);
  if (text.size() > kRecordBytesMax) {
    return fail(ErrorCode::oversize,
                "record longer than " + std::to_string(kRecordBytesMax) + " bytes");
  }
  document.salvaged = !is_valid_utf8(text);
  impl_->text = document.salvaged ? replace_invalid_utf8(text) : std::string(text);
  impl_->text.reserve(impl_->text.size() + kTextPadding);
  // Fragment: what follows the event on its line is not ours to judge. No DOCTYPE, no external
  // entities: pugixml knows neither.
  const pugi::xml_parse_result result = impl_->xml.load_buffer_inplace(
      impl_->text.data(), impl_->text.size(), pugi::parse_default | pugi::parse_fragment,
      pugi::encoding_utf8);
  if (!result) {
    return fail(ErrorCode::malformed_xml,
                std::string(result.description()) + ", at byte " +
                    std::to_string(start + static_cast<std::size_t>(result.offset)));
  }
  const pugi::xml_node event = find_event(impl_->xml.root());
  if (!event) {
    return fail(ErrorCode::malformed_xml, "no <Event> in it");
  }
  if (!XmlWalk(document).read(event)) {
    return fail(ErrorCode::too_deep, "XML nested deeper than " + std::to_string(kJsonDepthMax));
  }
  return {};
}

}  // namespace spoor
