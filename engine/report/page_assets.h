// What the page holds beside findings: report.css and report.js, compiled in.
#pragma once

#include <string_view>

namespace spoor {

struct PageAsset {
  std::string_view text;
  std::string_view sha256;  ///< Hex; the page's policy names it in base64.
};

[[nodiscard]] PageAsset page_style();
[[nodiscard]] PageAsset page_script();

}  // namespace spoor
