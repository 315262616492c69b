// Lists of clients: any text is a list or an error with a line, and what a list says of its clients
// reads as the same again.

#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/bus/allow_list.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const spoor::Result<spoor::AllowList> list = spoor::AllowList::parse(text, "f");
  if (!list) {
    if (!list.error().message.starts_with("f:")) {
      std::abort();
    }
    return 0;
  }
  std::string again;
  for (const spoor::AllowedClient& client : list->clients()) {
    again += spoor::allow_line(client) + "\n";
  }
  const spoor::Result<spoor::AllowList> same = spoor::AllowList::parse(again, "f");
  if (!same || same->clients().size() != list->clients().size()) {
    std::abort();
  }
  for (std::size_t i = 0; i < same->clients().size(); ++i) {
    const spoor::AllowedClient& a = list->clients()[i];
    const spoor::AllowedClient& b = same->clients()[i];
    if (a.key != b.key || a.name != b.name || !(a.roles == b.roles) ||
        a.until.has_value() != b.until.has_value()) {
      std::abort();
    }
  }
  return 0;
}
