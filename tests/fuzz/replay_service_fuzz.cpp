// Requests to the replay socket: any bytes, one after the other, to a service with some findings.
// Every one is answered, nothing runs ahead of what there is, and no cursor goes back.

#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "engine/bus/replay_service.h"
#include "tests/support/stored_findings.h"

namespace {

using spoor::test::StoredFindings;

constexpr std::uint64_t kFindings = 20;

StoredFindings& findings() {
  static StoredFindings stored;
  static const bool filled = [] {
    stored.add_many(kFindings / 2, "high");
    stored.add_many(kFindings / 2, "low");
    return true;
  }();
  static_cast<void>(filled);
  return stored;
}

/// The text up to the separator, which goes too.
std::string_view cut(std::string_view& rest, char separator) {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

}  // namespace

// A line is a request, its frames separated by tabs; the first byte says whose it is.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  StoredFindings& stored = findings();
  const spoor::ManualClock clock;
  spoor::ReplayService service({.instance = "abc", .epoch = 1}, stored.state(), stored.state(),
                               clock);
  service.set_heads(
      {.sequence = kFindings, .stored = *spoor::FindingReader(stored.state()).heads()});
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::uint64_t asked = 0;
  while (!rest.empty() && asked < 64) {
    std::string_view line = cut(rest, '\n');
    const char who = line.empty() ? '0' : line.front();
    line.remove_prefix(line.empty() ? 0 : 1);
    std::vector<std::string_view> frames;
    while (!line.empty() && frames.size() < 5) {
      frames.push_back(cut(line, '\t'));
    }
    const std::vector<std::string> answer = service.answer(
        frames, {.name = who == 'b' ? "b" : "a", .may_replay = who != 'n', .is_admin = who == 'x'});
    ++asked;
    require(answer.size() >= 2 && (answer.size() - 2) % 3 == 0);
    require(answer[0] == "OK" || answer[0] == "ERROR");
    require(answer[0] == "OK" || answer.size() == 2);
    require(answer[1].front() == '{' && answer[1].back() == '}');
    require(answer.size() <= 2 + 3 * kFindings);
  }
  require(service.counters().requests == asked);
  require(service.least_cursor().value_or(0) <= kFindings);
  const spoor::ConsumerStore known(stored.state(), stored.state());
  require(known.all().size() <= spoor::kConsumersMax);
  for (const auto& [name, consumer] : known.all()) {
    require(spoor::is_consumer_name(name) && consumer.cursor <= kFindings);
  }
  // The next input begins with nobody known.
  std::vector<std::string> names;
  for (const auto& [name, consumer] : known.all()) {
    names.push_back(name);
  }
  spoor::ConsumerStore forgets(stored.state(), stored.state());
  for (const std::string& name : names) {
    require(forgets.forget(name).value_or(false));
  }
  return 0;
}
