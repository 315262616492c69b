// IP addresses and networks, for Sigma's `cidr`.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/rule/rule.h"

namespace spoor {

/// An address. IPv4 is kept as ::ffff:a.b.c.d, and what is written so counts as IPv4.
struct Address {
  std::array<std::uint8_t, 16> bytes{};
  bool is_v4 = false;
};

/// Reads "10.0.0.1" or "fe80::1%eth0" (the zone is ignored); nullopt for what is no address.
[[nodiscard]] std::optional<Address> parse_address(std::string_view text);

/// Reads "10.0.0.0/8" or one address. Strict, as Python's ipaddress: bits behind the prefix must be
/// zero. The error's message says what is wrong, for the rule's author.
[[nodiscard]] Result<Network> parse_network(std::string_view text);

[[nodiscard]] bool contains(const Network& network, const Address& address);

}  // namespace spoor
