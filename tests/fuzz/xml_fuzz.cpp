// Events as XML: any text gives an event or a reason, and the same one whether it comes bare or in
// a string of JSON.

#include <cstdlib>

#include "engine/base/text.h"
#include "tests/fuzz/record_fuzz.h"

namespace {

/// The text as a JSON string; only what JSON lets stand unescaped is left.
std::string json_string(std::string_view text) {
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      json.push_back('\\');
      json.push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      constexpr std::string_view kDigits = "0123456789abcdef";
      json.append("\\u00");
      json.push_back(kDigits[static_cast<unsigned char>(c) >> 4U]);
      json.push_back(kDigits[static_cast<unsigned char>(c) & 0xFU]);
    } else {
      json.push_back(c);
    }
  }
  return json + "\"";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string text = "<Event" + std::string(reinterpret_cast<const char*>(data), size);
  spoor::test::check_record(text, std::nullopt);

  static spoor::test::Describer bare;
  static spoor::test::Describer wrapped;
  const std::string clean = spoor::replace_invalid_utf8(text);
  const std::string record = spoor::test::padded(clean);
  const std::string json = R"({"SyslogMessage":)" + json_string(clean) + "}";
  const std::string json_record = spoor::test::padded(json);
  const std::string want = bare.describe_record(std::string_view(record).substr(0, clean.size()));
  const std::string& got =
      wrapped.describe_record(std::string_view(json_record).substr(0, json.size()));
  if (got != want) {
    std::abort();
  }
  return 0;
}
