#include "engine/sink/webhook_signature.h"

#include <array>
#include <cstddef>
#include <vector>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

namespace spoor {
namespace {

constexpr std::string_view kPrefix = "whsec_";
constexpr std::size_t kSecretBytesMin = 16;
constexpr std::size_t kSecretBytes = 32;

std::string base64(const unsigned char* bytes, std::size_t size) {
  std::vector<unsigned char> text(4 * ((size + 2) / 3) + 1);
  const int length = EVP_EncodeBlock(text.data(), bytes, static_cast<int>(size));
  return {text.begin(), text.begin() + length};
}

/// Nothing if it is no base64.
Result<std::string> from_base64(std::string_view text) {
  const std::size_t padding = text.size() - text.substr(0, text.find_last_not_of('=') + 1).size();
  std::vector<unsigned char> bytes(3 * text.size() / 4 + 3);
  std::vector<unsigned char> input(text.begin(), text.end());
  const int length = EVP_DecodeBlock(bytes.data(), input.data(), static_cast<int>(input.size()));
  if (length < 0 || padding > 2 || text.size() % 4 != 0) {
    return fail(ErrorCode::bad_usage, "what follows whsec_ is no base64");
  }
  return std::string(bytes.begin(), bytes.begin() + length - static_cast<std::ptrdiff_t>(padding));
}

}  // namespace

Result<std::string> read_webhook_secret(std::string_view text) {
  Result<std::string> secret = text.starts_with(kPrefix) ? from_base64(text.substr(kPrefix.size()))
                                                         : Result<std::string>(std::string(text));
  if (secret && secret->size() < kSecretBytesMin) {
    return fail(ErrorCode::bad_usage, "a secret of less than 16 bytes can be guessed");
  }
  return secret;
}

Result<std::string> make_webhook_secret() {
  std::array<unsigned char, kSecretBytes> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    return fail(ErrorCode::io, "the system has no random numbers");
  }
  return std::string(kPrefix) + base64(bytes.data(), bytes.size());
}

std::string webhook_signature(std::string_view secret,
                              std::string_view id,
                              std::int64_t timestamp,
                              std::string_view body) {
  std::string text(id);
  text.append(".").append(std::to_string(timestamp)).append(".").append(body);
  const std::vector<unsigned char> bytes(text.begin(), text.end());
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), bytes.data(), bytes.size(),
       digest.data(), &size);
  return "v1," + base64(digest.data(), size);
}

}  // namespace spoor
