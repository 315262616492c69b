#include "engine/report/stix_id.h"

#include <utility>

#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/uuid.hpp>
#include <boost/uuid/uuid_io.hpp>

namespace spoor {
namespace {

using boost::uuids::uuid;

/// STIX 2.1's own, 00abedb4-aa42-466c-9c01-fed23315a9b7: for observables alone.
constexpr uuid kObservables = {{0x00, 0xab, 0xed, 0xb4, 0xaa, 0x42, 0x46, 0x6c, 0x9c, 0x01, 0xfe,
                                0xd2, 0x33, 0x15, 0xa9, 0xb7}};
/// Ours, f51d9e83-4735-4ca6-9ecc-8070a689e2fa: drawn once. Never to be changed.
constexpr uuid kSpoor = {{0xf5, 0x1d, 0x9e, 0x83, 0x47, 0x35, 0x4c, 0xa6, 0x9e, 0xcc, 0x80, 0x70,
                          0xa6, 0x89, 0xe2, 0xfa}};

uuid name_based(const uuid& name_space, const std::string& name) {
  const boost::uuids::name_generator_sha1 generator(name_space);
  return generator(name);
}

std::string id_of(std::string_view type, const uuid& value) {
  return std::string(type) + "--" + boost::uuids::to_string(value);
}

/// RFC 8785, 3.2.2.2. Any other character stands for itself.
std::string canonical(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  constexpr std::string_view kShort =
      "btn\x0b"
      "fr";  // From 8 on; 11 has none.
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted.append("\\").push_back(c);
    } else if (byte >= 8 && byte <= 13 && byte != 11) {
      quoted.append("\\").push_back(kShort[byte - 8U]);
    } else if (byte < 0x20) {
      quoted.append("\\u00").push_back(kHex[byte >> 4U]);
      quoted.push_back(kHex[byte & 15U]);
    } else {
      quoted.push_back(c);
    }
  }
  return quoted + "\"";
}

template <typename Texts>
std::string canonical_list(const Texts& texts) {
  std::string list = "[";
  for (const auto& text : texts) {
    list += (list.size() == 1 ? "" : ",") + canonical(text);
  }
  return list + "]";
}

}  // namespace

std::string stix_id(std::string_view type, std::initializer_list<std::string_view> key) {
  uuid value = name_based(kSpoor, canonical(type) + canonical_list(key));
  constexpr std::size_t kVersion = 6;
  value.data[kVersion] = static_cast<std::uint8_t>((value.data[kVersion] & 0x0FU) | 0x40U);
  return id_of(type, value);
}

ContributingProperties& ContributingProperties::text(const std::string& name,
                                                     std::string_view value) {
  return value.empty() ? *this : json(name, canonical(value));
}

ContributingProperties& ContributingProperties::number(const std::string& name,
                                                       std::int64_t value) {
  return json(name, std::to_string(value));
}

ContributingProperties& ContributingProperties::list(const std::string& name,
                                                     const std::vector<std::string>& values) {
  return values.empty() ? *this : json(name, canonical_list(values));
}

ContributingProperties& ContributingProperties::json(const std::string& name, std::string value) {
  members_.insert_or_assign(name, std::move(value));
  return *this;
}

std::string ContributingProperties::finish() const {
  std::string object = "{";
  for (const auto& [name, value] : members_) {
    object += (object.size() == 1 ? "" : ",") + canonical(name) + ":" + value;
  }
  return object + "}";
}

std::string observable_id(std::string_view type, const ContributingProperties& properties) {
  return id_of(type, name_based(kObservables, properties.finish()));
}

}  // namespace spoor
