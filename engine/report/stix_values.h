// What STIX 2.1 takes as a name, a URL, a hash: its types are stricter than what systems take.
//
// Whoever is watched chooses the names that he asks for, and one value that breaks its type makes a
// whole bundle invalid to a strict reader. So what does not fit is left out.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/time.h"

namespace spoor {

/// The name as domain-name has it (RFC 5890): lower case, no dot at its end; or nothing. So
/// "_ldap._tcp.acme.test" is none, and neither is one with letters beyond ASCII that is not written
/// as "xn--…".
[[nodiscard]] std::string domain_name(std::string_view text);

/// RFC 3986: scheme, host by name or IPv4 address, maybe a port and what follows. No user, no
/// address in brackets.
[[nodiscard]] bool is_url(std::string_view text);

/// "TCP" as "tcp"; or nothing.
[[nodiscard]] std::string protocol_name(std::string_view text);

/// "HKLM\x" as "HKEY_LOCAL_MACHINE\x"; nothing if it begins with no hive.
[[nodiscard]] std::string with_long_hive(std::string_view path);

/// Is it a hash of that algorithm ("SHA-256"), by its length and digits? False for algorithms that
/// STIX has no name for.
[[nodiscard]] bool is_hash(std::string_view algorithm, std::string_view value);

/// Without the noughts at the end, "2023-03-22T13:41:09.5Z": the form whose hash is an id.
[[nodiscard]] std::string shortest_timestamp(Timestamp time);

}  // namespace spoor
