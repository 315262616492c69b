#include "replay/text_encoding.h"

namespace spoor {
namespace {

constexpr std::size_t kUtf16BytesMin = 4;  // Two code units; less is no evidence.

bool looks_like_utf16(std::string_view bytes) {
  if (bytes.size() < kUtf16BytesMin) {
    return false;
  }
  bool little_endian = true;
  bool big_endian = true;
  for (std::size_t at = 0; at + 1 < bytes.size(); at += 2) {
    little_endian = little_endian && bytes[at] != '\0' && bytes[at + 1] == '\0';
    big_endian = big_endian && bytes[at] == '\0' && bytes[at + 1] != '\0';
  }
  return little_endian || big_endian;
}

}  // namespace

TextEncoding text_encoding(std::string_view first_bytes) {
  const std::string_view bytes = first_bytes.substr(0, kEncodingBytes);
  if (bytes.starts_with("\xef\xbb\xbf")) {
    return TextEncoding::utf8_with_bom;
  }
  if (bytes.starts_with("\xff\xfe") || bytes.starts_with("\xfe\xff") || looks_like_utf16(bytes)) {
    return TextEncoding::utf16;
  }
  return TextEncoding::utf8;
}

}  // namespace spoor
