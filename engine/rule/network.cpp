#include "engine/rule/network.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>

namespace spoor {
namespace {

constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
constexpr unsigned kMappedBits = 96;

bool bit_of(const std::array<std::uint8_t, 16>& bytes, unsigned place) {
  return ((unsigned{bytes[place / 8]} >> (7U - place % 8)) & 1U) != 0;
}

Error bad(std::string message) {
  return {ErrorCode::bad_rule, std::move(message)};
}

}  // namespace

std::optional<Address> parse_address(std::string_view text) {
  // Longer is no address (RFC 4291: at most 45 characters), but for its zone.
  std::array<char, INET6_ADDRSTRLEN + 1> buffer{};
  const std::size_t zone = text.find('%');
  const bool has_zone = zone != std::string_view::npos;
  const std::string_view plain = text.substr(0, zone);
  if (plain.empty() || plain.size() >= buffer.size() ||
      plain.find('\0') != std::string_view::npos) {
    return std::nullopt;
  }
  std::memcpy(buffer.data(), plain.data(), plain.size());
  Address address;
  if (!has_zone && inet_pton(AF_INET, buffer.data(), address.bytes.data() + kMapped.size()) == 1) {
    std::ranges::copy(kMapped, address.bytes.begin());
    address.is_v4 = true;
    return address;
  }
  if (inet_pton(AF_INET6, buffer.data(), address.bytes.data()) != 1) {
    return std::nullopt;
  }
  address.is_v4 = std::equal(kMapped.begin(), kMapped.end(), address.bytes.begin());
  return address;
}

Result<Network> parse_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::optional<Address> address = parse_address(text.substr(0, slash));
  if (!address) {
    return tl::unexpected<Error>(
        bad("'" + std::string(text.substr(0, slash)) + "' is no IP address"));
  }
  const bool written_v4 = text.substr(0, slash).find(':') == std::string_view::npos;
  Network network{.address = address->bytes, .prefix_bits = 128, .is_v4 = address->is_v4};
  if (slash == std::string_view::npos) {
    return network;
  }
  const std::string_view prefix = text.substr(slash + 1);
  const unsigned most = written_v4 ? 32 : 128;
  unsigned bits = 0;
  const auto [end, error] = std::from_chars(prefix.data(), prefix.data() + prefix.size(), bits);
  if (prefix.empty() || error != std::errc{} || end != prefix.data() + prefix.size() ||
      bits > most) {
    return tl::unexpected<Error>(bad("'/" + std::string(prefix) + "' is no prefix length (0 to " +
                                     std::to_string(most) + ")"));
  }
  network.prefix_bits = static_cast<std::uint8_t>(written_v4 ? bits + kMappedBits : bits);
  // ::ffff:0:0/90 holds more than the mapped addresses.
  network.is_v4 = address->is_v4 && network.prefix_bits >= kMappedBits;
  for (unsigned place = network.prefix_bits; place < 128; ++place) {
    if (bit_of(network.address, place)) {
      return tl::unexpected<Error>(bad("'" + std::string(text) +
                                       "' has bits set behind its prefix: it names an address, "
                                       "not a network"));
    }
  }
  return network;
}

bool contains(const Network& network, const Address& address) {
  if (network.is_v4 != address.is_v4) {
    return false;
  }
  const std::size_t whole = network.prefix_bits / 8;
  if (!std::equal(address.bytes.begin(), address.bytes.begin() + static_cast<std::ptrdiff_t>(whole),
                  network.address.begin())) {
    return false;
  }
  const unsigned rest = network.prefix_bits % 8;
  if (rest == 0) {
    return true;
  }
  const unsigned difference = address.bytes[whole] ^ network.address[whole];
  return (difference >> (8 - rest)) == 0;
}

}  // namespace spoor
