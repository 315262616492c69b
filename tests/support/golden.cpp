#include "tests/support/golden.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>

namespace spoor {
namespace {

bool is_update_wanted() {
  const char* value =
      std::getenv("SPOOR_UPDATE_GOLDEN");  // NOLINT(concurrency-mt-unsafe): tests set nothing.
  return value != nullptr && std::string_view(value) == "1";
}

::testing::AssertionResult write_golden(const std::filesystem::path& path,
                                        const std::string& actual) {
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(actual.data(), static_cast<std::streamsize>(actual.size())).flush();
  if (!file) {
    return ::testing::AssertionFailure() << "cannot write " << path;
  }
  return ::testing::AssertionSuccess();
}

/// "line 3:\n  want: …\n  have: …"
std::string first_difference(std::string_view want, std::string_view have) {
  constexpr std::size_t kContext = 40;
  std::size_t at = 0;
  while (at < want.size() && at < have.size() && want[at] == have[at]) {
    ++at;
  }
  const auto line = std::ranges::count(want.substr(0, at), '\n') + 1;
  const std::size_t start = at - std::min(at, kContext);
  std::string text = "line " + std::to_string(line);
  text.append(":\n  want: …").append(want.substr(start, 3 * kContext));
  return text.append("…\n  have: …").append(have.substr(start, 3 * kContext)).append("…");
}

}  // namespace

::testing::AssertionResult matches_golden(const std::string& name, const std::string& actual) {
  const std::filesystem::path path = std::filesystem::path(SPOOR_GOLDEN_DIR) / name;
  if (is_update_wanted()) {
    return write_golden(path, actual);
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return ::testing::AssertionFailure()
           << "no golden file " << path << "; SPOOR_UPDATE_GOLDEN=1 writes it";
  }
  const std::string expected{std::istreambuf_iterator<char>(file),
                             std::istreambuf_iterator<char>()};
  if (expected == actual) {
    return ::testing::AssertionSuccess();
  }
  return ::testing::AssertionFailure()
         << path << " differs at " << first_difference(expected, actual)
         << "\nSPOOR_UPDATE_GOLDEN=1 accepts the new text";
}

}  // namespace spoor
