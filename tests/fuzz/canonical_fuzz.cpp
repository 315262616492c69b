// Any value has one representation and one second value at most, of bounded length, and neither has
// another.
//
// The first byte picks the kind of field, the rest is the value.

#include <cstdlib>
#include <string>

#include "engine/base/text.h"
#include "engine/event/canonical.h"

namespace {

using spoor::FieldKind;

constexpr FieldKind kKinds[] = {FieldKind::path, FieldKind::command_line, FieldKind::registry,
                                FieldKind::address, FieldKind::text};

void expect(bool holds) {
  if (!holds) {
    std::abort();
  }
}

void check_represent(FieldKind kind, const std::string& value) {
  std::string once;
  if (spoor::represent(kind, value, once)) {
    std::string twice;
    expect(spoor::may_need_representation(kind, value));
    expect(once != value);
    expect(!spoor::represent(kind, once, twice));
    expect(!spoor::is_valid_utf8(value) || spoor::is_valid_utf8(once));
  }
}

void check_reveal(FieldKind kind, const std::string& value) {
  std::string once;
  std::string twice;
  spoor::RevealFlags flags;
  const bool revealed = spoor::reveal(kind, value, once, &flags);
  if (revealed) {
    expect(once != value && !once.empty());
    expect(once.size() <= spoor::kRevealGrowthMax * value.size());
    expect(!spoor::reveal(kind, once, twice));
    expect(!spoor::is_valid_utf8(value) || spoor::is_valid_utf8(once));
  }
  // What is spared the work would come out of it unchanged. Something invisible is never spared.
  if (spoor::reveal(kind, "\u200B" + value, twice)) {
    expect(twice == (revealed ? once : value));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const FieldKind kind = kKinds[data[0] % std::size(kKinds)];
  const std::string value(reinterpret_cast<const char*>(data) + 1, size - 1);
  check_represent(kind, value);
  check_reveal(kind, value);
  return 0;
}
