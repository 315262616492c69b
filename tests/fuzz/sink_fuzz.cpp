// What goes to web services: a payload of any bytes makes an alert that is JSON, and a secret of
// any bytes is a secret or an error.

#include <cstdlib>
#include <string>
#include <string_view>

#include <rapidjson/document.h>

#include "engine/sink/sink.h"
#include "engine/sink/thehive.h"
#include "engine/sink/webhook_signature.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  spoor::StoredFinding finding;
  finding.level = "high";
  finding.title = "Title";
  finding.payload = text;
  rapidjson::Document alert;
  const std::string written = spoor::thehive_alert(finding);
  alert.Parse<rapidjson::kParseIterativeFlag>(written.data(), written.size());
  if (alert.HasParseError() || !alert.IsObject() || !alert.HasMember("sourceRef")) {
    std::abort();
  }
  const spoor::Result<std::string> secret = spoor::read_webhook_secret(text);
  if (secret && !spoor::webhook_signature(*secret, "id", 1, text).starts_with("v1,")) {
    std::abort();
  }
  static_cast<void>(spoor::is_loopback_url(std::string(text)));
  return 0;
}
