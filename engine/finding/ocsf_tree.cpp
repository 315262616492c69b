#include "engine/finding/ocsf_tree.h"

#include <algorithm>
#include <utility>

#include "engine/base/text.h"

namespace spoor {
namespace {

/// Splits the first name off a dotted path.
std::string_view pop_name(std::string_view& path) {
  const std::size_t end = std::min(path.find('.'), path.size());
  const std::string_view name = path.substr(0, end);
  path.remove_prefix(std::min(end + 1, path.size()));
  return name;
}

bool says_the_same(const OcsfNode& a, const OcsfNode& b) {
  return a.kind == b.kind && a.number == b.number && equals_ignore_case_ascii(a.text, b.text) &&
         std::ranges::equal(a.children, b.children, says_the_same);
}

}  // namespace

const OcsfNode* OcsfNode::find(std::string_view path) const {
  const OcsfNode* node = this;
  while (!path.empty()) {
    const auto child = std::ranges::find(node->children, pop_name(path), &OcsfNode::name);
    if (child == node->children.end()) {
      return nullptr;
    }
    node = &*child;
  }
  return node;
}

OcsfNode* OcsfNode::find(std::string_view path) {
  return const_cast<OcsfNode*>(std::as_const(*this).find(path));
}

std::string_view OcsfNode::text_at(std::string_view path) const {
  const OcsfNode* node = find(path);
  return node == nullptr ? std::string_view() : std::string_view(node->text);
}

OcsfNode& OcsfNode::object(std::string_view path) {
  OcsfNode* node = this;
  while (!path.empty()) {
    const std::string_view attribute = pop_name(path);
    OcsfNode* child = node->find(attribute);
    if (child == nullptr) {
      OcsfNode made;
      made.name = attribute;
      child = &node->children.emplace_back(std::move(made));
    }
    node = child;
  }
  return *node;
}

void OcsfNode::add_text(std::string_view attribute, std::string_view value) {
  if (!value.empty() && !has(attribute)) {
    children.push_back(ocsf_text(attribute, value));
  }
}

void OcsfNode::add_number(std::string_view attribute, std::int64_t value) {
  if (!has(attribute)) {
    children.push_back(ocsf_number(attribute, value));
  }
}

OcsfNode OcsfNode::take(std::string_view attribute) {
  const auto child = std::ranges::find(children, attribute, &OcsfNode::name);
  OcsfNode taken = std::move(*child);
  children.erase(child);
  return taken;
}

bool OcsfNode::merge(std::vector<OcsfNode> attributes) {
  for (const OcsfNode& attribute : attributes) {
    const OcsfNode* present = find(attribute.name);
    if (present != nullptr && !says_the_same(*present, attribute)) {
      return false;
    }
  }
  for (OcsfNode& attribute : attributes) {
    if (OcsfNode* present = find(attribute.name)) {
      if (present->origin.name.empty()) {
        present->origin = attribute.origin;
      }
    } else {
      children.push_back(std::move(attribute));
    }
  }
  return true;
}

OcsfNode ocsf_text(std::string_view name, std::string_view value) {
  OcsfNode node;
  node.name = name;
  node.kind = OcsfNode::Kind::text;
  node.text = value;
  return node;
}

OcsfNode ocsf_number(std::string_view name, std::int64_t value) {
  OcsfNode node;
  node.name = name;
  node.kind = OcsfNode::Kind::integer;
  node.number = value;
  return node;
}

OcsfNode ocsf_list(std::string_view name, std::vector<OcsfNode> elements) {
  OcsfNode node;
  node.name = name;
  node.kind = OcsfNode::Kind::list;
  node.children = std::move(elements);
  return node;
}

OcsfNode ocsf_element(std::vector<OcsfNode> attributes) {
  OcsfNode node;
  node.children = std::move(attributes);
  return node;
}

void write_node(JsonWriter& json, const OcsfNode& node) {
  switch (node.kind) {
    case OcsfNode::Kind::text:
      node.name.empty() ? json.element(node.text) : json.any_text(node.name, node.text);
      return;
    case OcsfNode::Kind::integer: json.number(node.name, node.number); return;
    case OcsfNode::Kind::object:
    case OcsfNode::Kind::list: break;
  }
  if (node.children.empty()) {
    return;
  }
  const bool is_list = node.kind == OcsfNode::Kind::list;
  if (is_list) {
    json.begin_array(node.name);
  } else if (node.name.empty()) {
    json.begin_object();
  } else {
    json.begin_object(node.name);
  }
  for (const OcsfNode& child : node.children) {
    write_node(json, child);
  }
  is_list ? json.end_array() : json.end_object();
}

}  // namespace spoor
