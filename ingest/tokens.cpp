#include "ingest/tokens.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <openssl/crypto.h>
#include <openssl/evp.h>

namespace spoor {
namespace {

constexpr std::size_t kHexDigits = 64;
constexpr int kHex = 16;

std::array<unsigned char, 32> sha256(std::string_view text) {
  std::array<unsigned char, 32> hash{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), hash.data(), &size, EVP_sha256(), nullptr);
  return hash;
}

char lower(char byte) {
  return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
}

bool starts_with_word(std::string_view text, std::string_view word) {
  return text.size() > word.size() && text[word.size()] == ' ' &&
         std::ranges::equal(text.substr(0, word.size()), word,
                            [](char a, char b) { return lower(a) == lower(b); });
}

std::optional<std::string> from_base64(std::string_view text) {
  constexpr std::size_t kGroup = 4;
  constexpr std::size_t kGroupBytes = 3;
  if (text.empty() || text.size() % kGroup != 0) {
    return std::nullopt;
  }
  std::string bytes(text.size() / kGroup * kGroupBytes, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) {
    return std::nullopt;
  }
  bytes.resize(static_cast<std::size_t>(size));
  for (int padding = 0; padding < 2 && text.ends_with('=') && !bytes.empty(); ++padding) {
    text.remove_suffix(1);
    bytes.pop_back();
  }
  return bytes;
}

}  // namespace

std::string token_hash(std::string_view token) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : sha256(token)) {
    text.push_back(kDigits[byte >> 4U]);
    text.push_back(kDigits[byte & 0xfU]);
  }
  return text;
}

Result<TokenSet> TokenSet::create(const std::vector<std::string>& hashes) {
  TokenSet set;
  for (const std::string& text : hashes) {
    Hash hash{};
    bool is_hash = text.size() == kHexDigits;
    for (std::size_t byte = 0; is_hash && byte < hash.size(); ++byte) {
      const char* digits = text.data() + 2 * byte;
      is_hash = std::from_chars(digits, digits + 2, hash[byte], kHex).ptr == digits + 2;
    }
    if (!is_hash) {
      return fail(ErrorCode::bad_usage,
                  "a token must be given as its SHA-256, 64 hex digits: printf %s TOKEN | "
                  "sha256sum");
    }
    set.tokens_.push_back({.hash = hash, .number = set.next_number_++});
  }
  return set;
}

std::optional<std::size_t> TokenSet::find(std::string_view token) const {
  const Hash hash = sha256(token);
  std::optional<std::size_t> found;
  for (const Token& known : tokens_) {
    if (CRYPTO_memcmp(hash.data(), known.hash.data(), hash.size()) == 0) {
      found = known.number;
    }
  }
  return found;
}

void TokenSet::replace_by(const TokenSet& newer) {
  std::vector<Token> tokens;
  for (const Token& token : newer.tokens_) {
    const auto same = std::ranges::find(tokens_, token.hash, &Token::hash);
    tokens.push_back(
        {.hash = token.hash, .number = same == tokens_.end() ? next_number_++ : same->number});
  }
  tokens_ = std::move(tokens);
}

std::optional<std::string> token_of(std::string_view authorization) {
  for (const std::string_view scheme : {"Splunk", "Bearer"}) {
    if (starts_with_word(authorization, scheme)) {
      authorization.remove_prefix(scheme.size() + 1);
      return std::string(authorization);
    }
  }
  constexpr std::string_view kBasic = "Basic";
  if (!starts_with_word(authorization, kBasic)) {
    return std::nullopt;
  }
  std::optional<std::string> both = from_base64(authorization.substr(kBasic.size() + 1));
  const std::size_t colon = both ? both->find(':') : std::string::npos;
  if (colon == std::string::npos) {
    return std::nullopt;
  }
  return both->substr(colon + 1);
}

}  // namespace spoor
