#include "cli/secret_mask.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#include "engine/base/text.h"

namespace spoor {
namespace {

constexpr std::array<std::string_view, 9> kWords{"password",   "passwd",      "passphrase",
                                                 "secret",     "token",       "authorization",
                                                 "credential", "private_key", "key.pem"};

bool is_key_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '-';
}

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '"' || c == '\'';
}

/// The key that ends before `separator`.
std::string_view key_before(std::string_view line, std::size_t separator) {
  std::size_t end = separator;
  while (end > 0 && is_blank(line[end - 1])) {
    --end;
  }
  std::size_t begin = end;
  while (begin > 0 && is_key_char(line[begin - 1])) {
    --begin;
  }
  return line.substr(begin, end - begin);
}

/// Where the first value stands that is a secret.
std::optional<std::size_t> secret_in(std::string_view line) {
  for (std::size_t at = 0; at < line.size(); ++at) {
    if ((line[at] == ':' || line[at] == '=') && names_secret(key_before(line, at))) {
      return at + 1;
    }
  }
  return std::nullopt;
}

}  // namespace

bool names_secret(std::string_view key) {
  const std::string lower = to_lower_ascii(key);
  return !lower.ends_with("_file") && !lower.ends_with("_files") &&
         (is_secret_kafka_option(lower) || std::ranges::any_of(kWords, [&](std::string_view word) {
            return lower.find(word) != std::string::npos;
          }));
}

bool is_secret_kafka_option(std::string_view name) {
  constexpr std::array<std::string_view, 4> kParts{"password", "passphrase", "secret", "key.pem"};
  return name == "sasl.oauthbearer.config" ||
         std::ranges::any_of(kParts, [name](std::string_view part) {
           return name.find(part) != std::string_view::npos;
         });
}

void mask_secrets(std::vector<Diagnostic>& problems) {
  for (Diagnostic& problem : problems) {
    const std::optional<std::size_t> secret = secret_in(problem.source_line);
    if (!secret) {
      continue;
    }
    // To the end of the line: where a value ends is not sure where something is wrong.
    constexpr std::size_t kBlankAndQuote = 2;
    const bool is_behind = problem.position.column > *secret + kBlankAndQuote;
    problem.source_line =
        is_behind ? std::string() : problem.source_line.substr(0, *secret) + " ***";
  }
}

}  // namespace spoor
