// Who may send: tokens, known by their SHA-256 only.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace spoor {

/// SHA-256 in lower-case hex: as it stands in a configuration, from `printf %s TOKEN | sha256sum`.
[[nodiscard]] std::string token_hash(std::string_view token);

/// A set of hashes. Which one fits, and how far, does not show in how long it takes.
class TokenSet {
 public:
  /// Each 64 hex digits; fails with bad_usage, without naming what it was given.
  [[nodiscard]] static Result<TokenSet> create(const std::vector<std::string>& hashes);

  [[nodiscard]] bool empty() const { return tokens_.empty(); }

  /// The number of the token; none: it is not in the set.
  [[nodiscard]] std::optional<std::size_t> find(std::string_view token) const;

  /// Takes the place of this set. A token that is in both keeps its number, and no other gets one
  /// that was in use.
  void replace_by(const TokenSet& newer);

 private:
  using Hash = std::array<unsigned char, 32>;

  struct Token {
    Hash hash{};
    std::size_t number = 0;
  };

  std::vector<Token> tokens_;
  std::size_t next_number_ = 0;
};

/// The token in the value of an Authorization header: "Splunk <token>", "Bearer <token>", or the
/// password of "Basic <base64>" (RFC 7617). None: it is none of these.
[[nodiscard]] std::optional<std::string> token_of(std::string_view authorization);

}  // namespace spoor
