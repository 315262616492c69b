#include "engine/finding/ocsf_attribute.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "engine/base/text.h"
#include "engine/base/time.h"
#include "engine/finding/evidence_view.h"

namespace spoor {
namespace {

using Attributes = std::vector<OcsfNode>;

// Enumerations of OCSF 1.6: what vendors write, the id, its caption.

struct WordRow {
  std::string_view word;
  std::int64_t id;
  std::string_view caption;
};

constexpr std::int64_t kOther = 99;  // Its caption is the source's own word.

// Object process, integrity_id. CrowdStrike has a level between Medium and High.
constexpr auto kIntegrity = std::to_array<WordRow>({
    {"untrusted", 1, "Untrusted"},
    {"low", 2, "Low"},
    {"medium", 3, "Medium"},
    {"high", 4, "High"},
    {"system", 5, "System"},
    {"protected", 6, "Protected"},
});

// Object digital_signature, state_id.
constexpr auto kSignatureStates = std::to_array<WordRow>({
    {"valid", 1, "Valid"},
    {"expired", 2, "Expired"},
    {"revoked", 3, "Revoked"},
});

// Base event, severity_id.
constexpr auto kSeverities = std::to_array<WordRow>({
    {"unknown", 0, "Unknown"},
    {"informational", 1, "Informational"},
    {"low", 2, "Low"},
    {"medium", 3, "Medium"},
    {"high", 4, "High"},
    {"critical", 5, "Critical"},
    {"fatal", 6, "Fatal"},
});

// DNS activity, rcode_id. Windows writes its own error numbers (winerror.h, DNS_ERROR_RCODE_…).
constexpr auto kResponseCodes = std::to_array<WordRow>({
    {"0", 0, "NoError"},
    {"9001", 1, "FormError"},
    {"9002", 2, "ServError"},
    {"9003", 3, "NXDomain"},
    {"9004", 4, "NotImp"},
    {"9005", 5, "Refused"},
});

// Authentication, logon_type_id: Windows' own numbers.
constexpr auto kLogonTypes = std::to_array<WordRow>({
    {"0", 1, "System"},
    {"2", 2, "Interactive"},
    {"3", 3, "Network"},
    {"4", 4, "Batch"},
    {"5", 5, "OS Service"},
    {"7", 7, "Unlock"},
    {"8", 8, "Network Cleartext"},
    {"9", 9, "New Credentials"},
    {"10", 10, "Remote Interactive"},
    {"11", 11, "Cached Interactive"},
    {"12", 12, "Cached Remote Interactive"},
    {"13", 13, "Cached Unlock"},
});

// Object network_connection_info, direction_id: who opened the connection.
constexpr auto kDirections =
    std::to_array<WordRow>({{"false", 1, "Inbound"}, {"true", 2, "Outbound"}});

// Object network_connection_info, protocol_ver_id: whether the address is of IPv6.
constexpr auto kAddressVersions = std::to_array<WordRow>({
    {"false", 4, "Internet Protocol version 4 (IPv4)"},
    {"true", 6, "Internet Protocol version 6 (IPv6)"},
});

// IANA's protocol numbers.
constexpr auto kProtocols = std::to_array<WordRow>(
    {{"icmp", 1, "icmp"}, {"tcp", 6, "tcp"}, {"udp", 17, "udp"}, {"ipv6-icmp", 58, "ipv6-icmp"}});

// IANA's DNS record types, as Sysmon writes them before an answer's name.
constexpr auto kRecordTypes = std::to_array<WordRow>({
    {"1", 1, "A"},
    {"2", 2, "NS"},
    {"5", 5, "CNAME"},
    {"6", 6, "SOA"},
    {"12", 12, "PTR"},
    {"15", 15, "MX"},
    {"16", 16, "TXT"},
    {"28", 28, "AAAA"},
    {"33", 33, "SRV"},
});

// Object http_request, http_method: a method that is none of these is not one to OCSF.
constexpr auto kHttpMethods = std::to_array<std::string_view>(
    {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"});

// Object file, type_id: the ones we write.
constexpr auto kFileTypes = std::to_array<WordRow>({
    {"", 0, "Unknown"},
    {"", 1, "Regular File"},
    {"", 4, "Block Device"},
    {"", 6, "Named Pipe"},
});

template <std::size_t Size>
const WordRow* find_word(const std::array<WordRow, Size>& rows, std::string_view word) {
  const auto* row = std::ranges::find_if(rows, [word](const WordRow& candidate) {
    return equals_ignore_case_ascii(candidate.word, word);
  });
  return row == rows.end() ? nullptr : row;
}

/// A caption and its id; a word that the enumeration lacks is "Other" with itself as the caption.
template <std::size_t Size>
Attributes enumerated(const std::array<WordRow, Size>& rows,
                      std::string_view caption_name,
                      std::string_view id_name,
                      std::string_view word) {
  const WordRow* row = find_word(rows, word);
  return {ocsf_number(id_name, row == nullptr ? kOther : row->id),
          ocsf_text(caption_name, row == nullptr ? word : row->caption)};
}

template <std::size_t Size>
const WordRow* find_id(const std::array<WordRow, Size>& rows, std::int64_t id) {
  const auto* row = std::ranges::find(rows, id, &WordRow::id);
  return row == rows.end() ? nullptr : row;
}

std::optional<std::int64_t> parse_integer(std::string_view text, std::int64_t max) {
  constexpr std::string_view kHexMark = "0x";
  const bool is_hex = equals_ignore_case_ascii(text.substr(0, kHexMark.size()), kHexMark);
  text.remove_prefix(is_hex ? kHexMark.size() : 0);
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number, is_hex ? 16 : 10);
  const bool whole = !text.empty() && error == std::errc{} && stop == end;
  return whole && number >= 0 && number <= max ? std::optional(number) : std::nullopt;
}

// One function for each type of attribute. `name` is the attribute's.

template <std::int64_t max>
Attributes integer(std::string_view name, std::string_view value) {
  const std::optional<std::int64_t> number = parse_integer(value, max);
  return number ? Attributes{ocsf_number(name, *number)} : Attributes();
}

Attributes text(std::string_view name, std::string_view value) {
  return {ocsf_text(name, value)};
}

Attributes address(std::string_view name, std::string_view value) {
  return is_ip_address(value) ? Attributes{ocsf_text(name, value)} : Attributes();
}

Attributes time(std::string_view name, std::string_view value) {
  const std::optional<Timestamp> parsed = parse_timestamp(value);
  return parsed ? Attributes{ocsf_number(name, to_epoch_ms(*parsed))} : Attributes();
}

Attributes hashes(std::string_view name, std::string_view value) {
  Attributes fingerprints;
  for (const Fingerprint& hash : parse_hashes(value)) {
    fingerprints.push_back(ocsf_element({ocsf_text("algorithm", hash.algorithm),
                                         ocsf_number("algorithm_id", hash.algorithm_id),
                                         ocsf_text("value", hash.value)}));
  }
  return fingerprints.empty() ? Attributes() : Attributes{ocsf_list(name, std::move(fingerprints))};
}

/// "ACME\kim", "kim" or a SID.
Attributes user_name(std::string_view /*name*/, std::string_view value) {
  const std::size_t slash = value.find('\\');
  const bool has_domain = slash != std::string_view::npos && slash + 1 < value.size();
  const std::string_view own_name = has_domain ? value.substr(slash + 1) : value;
  Attributes user = {ocsf_text(own_name.starts_with("S-1-") ? "uid" : "name", own_name)};
  if (has_domain && slash > 0) {
    user.push_back(ocsf_text("domain", value.substr(0, slash)));
  }
  return user;
}

Attributes integrity(std::string_view name, std::string_view value) {
  return enumerated(kIntegrity, name, "integrity_id", value);
}

Attributes signature_state(std::string_view name, std::string_view value) {
  return enumerated(kSignatureStates, name, "state_id", value);
}

Attributes severity(std::string_view name, std::string_view value) {
  return enumerated(kSeverities, name, "severity_id", value);
}

Attributes response_code(std::string_view name, std::string_view value) {
  return enumerated(kResponseCodes, name, "rcode_id", value);
}

/// By Windows' number or by OCSF's caption.
Attributes logon_type(std::string_view name, std::string_view value) {
  const auto* row = std::ranges::find_if(kLogonTypes, [value](const WordRow& candidate) {
    return equals_ignore_case_ascii(candidate.caption, value);
  });
  return enumerated(kLogonTypes, name, "logon_type_id",
                    row == kLogonTypes.end() ? value : row->word);
}

Attributes direction(std::string_view name, std::string_view value) {
  const WordRow* row = find_word(kDirections, value);
  return row == nullptr
             ? Attributes()
             : Attributes{ocsf_number(name, row->id), ocsf_text("direction", row->caption)};
}

Attributes address_version(std::string_view name, std::string_view value) {
  const WordRow* row = find_word(kAddressVersions, value);
  return row == nullptr ? Attributes() : Attributes{ocsf_number(name, row->id)};
}

/// By name or by number.
Attributes protocol(std::string_view name, std::string_view value) {
  const std::optional<std::int64_t> number = parse_integer(value, 255);
  const WordRow* row = number ? find_id(kProtocols, *number) : find_word(kProtocols, value);
  if (row != nullptr) {
    return {ocsf_text(name, row->caption), ocsf_number("protocol_num", row->id)};
  }
  return number ? Attributes{ocsf_number("protocol_num", *number)}
                : Attributes{ocsf_text(name, to_lower_ascii(value))};
}

Attributes http_method(std::string_view name, std::string_view value) {
  const auto* method = std::ranges::find_if(kHttpMethods, [value](std::string_view candidate) {
    return equals_ignore_case_ascii(candidate, value);
  });
  return method == kHttpMethods.end() ? Attributes() : Attributes{ocsf_text(name, *method)};
}

std::string_view trimmed(std::string_view part) {
  const std::size_t first = std::min(part.find_first_not_of(' '), part.size());
  part.remove_prefix(first);
  return part.substr(0, part.find_last_not_of(' ') + 1);
}

/// One answer: "type:  5 star.example", "::ffff:185.199.108.133" or an address.
OcsfNode answer(std::string_view part) {
  constexpr std::string_view kType = "type:";
  constexpr std::string_view kMapped = "::ffff:";
  if (part.starts_with(kType)) {
    const std::string_view rest = trimmed(part.substr(kType.size()));
    const std::size_t blank = std::min(rest.find(' '), rest.size());
    const std::string_view number = rest.substr(0, blank);
    const WordRow* row = find_word(kRecordTypes, number);
    return ocsf_element({ocsf_text("type", row == nullptr ? number : row->caption),
                         ocsf_text("rdata", trimmed(rest.substr(blank)))});
  }
  const bool is_mapped = part.starts_with(kMapped) && part.find('.') != std::string_view::npos;
  part.remove_prefix(is_mapped ? kMapped.size() : 0);
  Attributes attributes;
  if (is_ip_address(part)) {
    attributes.push_back(
        ocsf_text("type", part.find(':') == std::string_view::npos ? "A" : "AAAA"));
  }
  attributes.push_back(ocsf_text("rdata", part));
  return ocsf_element(std::move(attributes));
}

/// "type:  5 star.example;::ffff:185.199.108.133;", as Sysmon and SentinelOne write it.
Attributes answers(std::string_view name, std::string_view value) {
  Attributes list;
  while (!value.empty()) {
    const std::size_t end = std::min(value.find(';'), value.size());
    const std::string_view part = trimmed(value.substr(0, end));
    value.remove_prefix(std::min(end + 1, value.size()));
    if (!part.empty() && part != "-") {
      list.push_back(answer(part));
    }
  }
  return list.empty() ? Attributes() : Attributes{ocsf_list(name, std::move(list))};
}

struct TypeRow {
  std::string_view path_end;
  Attributes (*attributes)(std::string_view name, std::string_view value);
};

constexpr std::int64_t kIntegerMax = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kLongMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kPortMax = 65'535;

// The attributes that are more than text, by the end of their path.
constexpr auto kTypes = std::to_array<TypeRow>({
    {"pid", integer<kIntegerMax>},
    {"ptid", integer<kLongMax>},
    {"port", integer<kPortMax>},
    {"requested_permissions", integer<kIntegerMax>},
    {"ip", address},
    {"created_time", time},
    {"hashes", hashes},
    {"user.name", user_name},
    {"integrity", integrity},
    {"signature.state", signature_state},
    {"severity", severity},
    {"rcode", response_code},
    {"logon_type", logon_type},
    {"direction_id", direction},
    {"protocol_ver_id", address_version},
    {"protocol_name", protocol},
    {"http_method", http_method},
    {"answers", answers},
});

/// Does the path end in these names?
bool ends_in(std::string_view path, std::string_view names) {
  return path.ends_with(names) &&
         (path.size() == names.size() || path[path.size() - names.size() - 1] == '.');
}

}  // namespace

std::vector<OcsfNode> ocsf_attributes(std::string_view path, std::string_view value) {
  const std::string_view name = path.substr(path.rfind('.') + 1);
  const auto* row = std::ranges::find_if(
      kTypes, [path](const TypeRow& candidate) { return ends_in(path, candidate.path_end); });
  return row == kTypes.end() ? text(name, value) : row->attributes(name, value);
}

std::vector<OcsfNode> ocsf_file_type(int type_id) {
  const WordRow* row = find_id(kFileTypes, type_id);
  return {ocsf_number("type_id", type_id), ocsf_text("type", row->caption)};
}

}  // namespace spoor
