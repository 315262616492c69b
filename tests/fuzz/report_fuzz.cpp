// Any bytes are a finding or none; the page of a finding is valid UTF-8 without control characters,
// and nothing of the finding is markup: there is one script, and every list that was opened is
// closed.

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/base/text.h"
#include "engine/report/report.h"

namespace {

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos;
       at = text.find(part, at + 1)) {
    ++found;
  }
  return found;
}

bool is_control(char c) {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7F;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  spoor::Report report;
  if (!report.add(std::string_view(reinterpret_cast<const char*>(data), size))) {
    return 0;
  }
  const std::string page = report.render();
  const bool is_whole = page.ends_with("</html>\n") && count(page, "<script") == 1 &&
                        count(page, "<ul") == count(page, "</ul>") &&
                        count(page, "<div") == count(page, "</div>") &&
                        count(page, "<article") == 1 && count(page, "<img") == 0;
  if (!is_whole || !spoor::is_valid_utf8(page) || std::ranges::any_of(page, is_control)) {
    std::abort();
  }
  return 0;
}
