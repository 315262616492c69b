#include "engine/bus/replay_service.h"

#include <algorithm>
#include <array>
#include <iterator>

#include <rapidjson/document.h>

#include "engine/base/time.h"
#include "engine/bus/header_writer.h"

namespace spoor {
namespace {

constexpr std::size_t kIdBytesMax = 64;
/// Findings looked at for one answer: a narrow prefix must not keep others waiting.
constexpr std::uint64_t kLookedAtMax = 10'000;

/// "unavailable", and what the store could not do.
std::string_view code_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::limit: return "limit";
    case ErrorCode::bad_usage: return "bad_request";
    default: return "unavailable";
  }
}

}  // namespace

/// Why there is no answer.
struct ReplayService::Refusal {
  std::string_view code;
  std::string message;
};

/// Command and arguments, which were checked as far as they were asked for.
struct ReplayService::Request {
  std::string_view command;
  rapidjson::Document arguments;
  const BusClient& client;
  const Counters& more;

  [[nodiscard]] const rapidjson::Value* find(const char* name) const {
    const auto found = arguments.FindMember(name);
    return found == arguments.MemberEnd() || found->value.IsNull() ? nullptr : &found->value;
  }

  /// The number, or `otherwise` if it is not there; nothing if it is no number.
  [[nodiscard]] std::optional<std::uint64_t> number(const char* name,
                                                    std::uint64_t otherwise) const {
    const rapidjson::Value* value = find(name);
    if (value == nullptr) {
      return otherwise;
    }
    return value->IsUint64() ? std::optional(value->GetUint64()) : std::nullopt;
  }

  [[nodiscard]] std::optional<std::string> text(const char* name) const {
    const rapidjson::Value* value = find(name);
    if (value == nullptr) {
      return std::string();
    }
    return value->IsString()
               ? std::optional(std::string(value->GetString(), value->GetStringLength()))
               : std::nullopt;
  }
};

/// What is said of a request that is granted.
class ReplayService::Answer {
 public:
  HeaderWriter header;
  std::vector<std::string> messages;
};

namespace {

/// The id comes back as it was.
void echo_id(HeaderWriter& header, const rapidjson::Document& arguments) {
  if (!arguments.IsObject()) {
    return;
  }
  const auto id = arguments.FindMember("id");
  if (id == arguments.MemberEnd()) {
    return;
  }
  if (id->value.IsUint64()) {
    header.number("id", id->value.GetUint64());
  } else if (id->value.IsString() && id->value.GetStringLength() <= kIdBytesMax) {
    header.text("id", {id->value.GetString(), id->value.GetStringLength()});
  }
}

}  // namespace

ReplayService::ReplayService(BusIdentity identity,
                             const StateSource& source,
                             StateAside& aside,
                             const Clock& clock)
    : identity_(std::move(identity)),
      source_(source),
      aside_(aside),
      reader_(source),
      consumers_(source, aside),
      clock_(clock) {}

ReplayService::Outcome ReplayService::read_arguments(const std::vector<std::string_view>& frames,
                                                     Request& request) {
  if (frames.empty() || frames.size() > 2) {
    return Refusal{"bad_request", "a request is a command and its arguments"};
  }
  request.command = frames[0];
  const std::string_view text =
      frames.size() < 2 || frames[1].empty() ? std::string_view("{}") : frames[1];
  if (text.size() > kRequestBytesMax) {
    return Refusal{"bad_request", "the arguments are longer than 64 KiB"};
  }
  constexpr unsigned kFlags =
      rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;
  request.arguments.Parse<kFlags>(text.data(), text.size());
  if (request.arguments.HasParseError() || !request.arguments.IsObject()) {
    request.arguments.SetObject();
    return Refusal{"bad_request", "the arguments are no JSON object"};
  }
  const rapidjson::Value* id = request.find("id");
  const bool is_id =
      id == nullptr || id->IsUint64() || (id->IsString() && id->GetStringLength() <= kIdBytesMax);
  return is_id ? Outcome()
               : Refusal{"bad_request", "id is a whole number, or a text of at most 64 bytes"};
}

std::vector<std::string> ReplayService::answer(const std::vector<std::string_view>& frames,
                                               const BusClient& client,
                                               const Counters& more) {
  ++counters_.requests;
  Request request{.command = {}, .arguments = {}, .client = client, .more = more};
  Answer answer;
  Outcome refusal = read_arguments(frames, request);
  echo_id(answer.header, request.arguments);
  if (!refusal) {
    refusal = dispatch(request, answer);
  }
  if (refusal) {
    ++counters_.refused;
    HeaderWriter header;
    echo_id(header, request.arguments);
    return {"ERROR", header.number("v", kBusVersion)
                         .text("code", refusal->code)
                         .text("message", refusal->message)
                         .finish()};
  }
  std::vector<std::string> reply = {"OK", answer.header.finish()};
  std::ranges::move(answer.messages, std::back_inserter(reply));
  return reply;
}

ReplayService::Outcome ReplayService::dispatch(const Request& request, Answer& answer) {
  enum class Needs : std::uint8_t { replay, admin };

  struct Command {
    std::string_view name;
    Needs needs;
    Outcome (ReplayService::*run)(const Request&, Answer&);
  };

  static constexpr std::array<Command, 7> kCommands{{
      {"HELLO", Needs::replay, &ReplayService::hello},
      {"HEAD", Needs::replay, &ReplayService::head},
      {"REPLAY", Needs::replay, &ReplayService::replay},
      {"ACK", Needs::replay, &ReplayService::acknowledge},
      {"CONSUMERS", Needs::admin, &ReplayService::list_consumers},
      {"FORGET", Needs::admin, &ReplayService::forget},
      {"STATS", Needs::admin, &ReplayService::tell_counters},
  }};
  const auto* const command = std::ranges::find(kCommands, request.command, &Command::name);
  if (command == kCommands.end()) {
    return Refusal{"unknown_command",
                   "the commands are HELLO HEAD REPLAY ACK CONSUMERS FORGET STATS"};
  }
  const bool may = command->needs == Needs::admin
                       ? request.client.is_admin
                       : request.client.may_replay || request.client.is_admin;
  if (!may) {
    return Refusal{"forbidden", std::string(command->name) + " needs the role " +
                                    (command->needs == Needs::admin ? "admin" : "replay")};
  }
  return (this->*command->run)(request, answer);
}

ReplayService::Outcome ReplayService::own(const Request& request, const std::string& name) const {
  if (name.starts_with(kEngineConsumers)) {
    return Refusal{"forbidden", "consumers named sink.… are the engine's own"};
  }
  const Consumer* known = consumers_.find(name);
  if (known != nullptr && known->owner != request.client.name && !request.client.is_admin) {
    return Refusal{"forbidden", "the consumer '" + name + "' is another client's"};
  }
  return {};
}

ReplayService::Outcome ReplayService::hello(const Request& request, Answer& answer) {
  const std::optional<std::string> name = request.text("consumer");
  if (!name) {
    return Refusal{"bad_request", "consumer is no text"};
  }
  answer.header.identity(identity_)
      .number("seq", heads_.sequence)
      .number("tail", heads_.stored.tail)
      .number("max", kReplayMessagesMax);
  if (name->empty()) {
    return {};
  }
  if (Outcome refusal = own(request, *name)) {
    return refusal;
  }
  const Result<Consumer> consumer = consumers_.greet(*name, request.client.name, clock_.wall());
  if (!consumer) {
    return Refusal{code_of(consumer.error()), consumer.error().message};
  }
  heard_.insert(*name);
  answer.header.number("cursor", consumer->cursor);
  return {};
}

ReplayService::Outcome ReplayService::head(const Request& /*request*/, Answer& answer) {
  answer.header.identity(identity_)
      .number("seq", heads_.sequence)
      .number("tail", heads_.stored.tail)
      .levels(heads_.stored)
      .number("gaps", heads_.gaps)
      .begin_object("gap_totals");
  for (const auto& [kind, total] : heads_.gap_totals) {
    answer.header.number(kind, total);
  }
  answer.header.end_object();
  return {};
}

ReplayService::Outcome ReplayService::replay(const Request& request, Answer& answer) {
  const std::optional<std::uint64_t> asked = request.number("from", 1);
  const std::optional<std::uint64_t> max = request.number("max", kReplayMessagesMax);
  const std::optional<std::string> prefix = request.text("prefix");
  if (!asked || !max || !prefix || *max == 0) {
    return Refusal{"bad_request", !prefix ? "prefix is no text"
                                          : "from and max are whole numbers, max at least 1"};
  }
  const std::uint64_t behind = heads_.sequence + 1;
  const std::uint64_t from = std::clamp(*asked, std::min(heads_.stored.tail, behind), behind);
  const std::uint64_t most = std::min<std::uint64_t>(*max, kReplayMessagesMax);
  std::uint64_t next = std::min(behind, from + kLookedAtMax);
  const std::uint64_t end = next;
  std::uint64_t count = 0;
  std::size_t bytes = 0;
  const Result<void> read = reader_.for_each(from, [&](const StoredFinding& finding) {
    if (finding.sequence >= end) {
      return false;
    }
    std::string topic = topic_of(finding);
    if (!topic.starts_with(*prefix)) {
      return true;
    }
    if (count == most || (count != 0 && bytes + finding.payload.size() > kReplayBytesMax)) {
      next = finding.sequence;
      return false;
    }
    ++count;
    bytes += finding.payload.size();
    answer.messages.push_back(std::move(topic));
    answer.messages.push_back(finding_header(identity_, finding));
    answer.messages.push_back(finding.payload);
    return true;
  });
  if (!read) {
    return Refusal{"unavailable", read.error().message};
  }
  counters_.replayed += count;
  answer.header.identity(identity_)
      .number("from", from)
      .number("next", next)
      .number("count", count)
      .number("seq", heads_.sequence)
      .number("tail", heads_.stored.tail);
  return {};
}

ReplayService::Outcome ReplayService::acknowledge(const Request& request, Answer& answer) {
  const std::optional<std::string> name = request.text("consumer");
  const std::optional<std::string> instance = request.text("instance");
  const bool has_number = request.find("seq") != nullptr;
  const std::optional<std::uint64_t> sequence = request.number("seq", 0);
  if (!name || name->empty() || !instance || !has_number || !sequence) {
    return Refusal{"bad_request", "ACK needs consumer, a text, and seq, a whole number"};
  }
  if (Outcome refusal = own(request, *name)) {
    return refusal;
  }
  if (!instance->empty() && *instance != identity_.instance) {
    return Refusal{"other_instance", "these are the numbers of " + identity_.instance};
  }
  if (*sequence > heads_.sequence) {
    return Refusal{"ahead", "the last number is " + std::to_string(heads_.sequence)};
  }
  const Result<std::uint64_t> cursor = consumers_.acknowledge(*name, *sequence, clock_.wall());
  if (!cursor) {
    return Refusal{code_of(cursor.error()), cursor.error().message};
  }
  heard_.insert(*name);
  answer.header.number("v", kBusVersion).number("cursor", *cursor);
  return {};
}

ReplayService::Outcome ReplayService::list_consumers(const Request& /*request*/, Answer& answer) {
  // Sinks write theirs by themselves: asked anew.
  const ConsumerStore now(source_, aside_);
  answer.header.number("v", kBusVersion).begin_list("consumers");
  for (const auto& [name, consumer] : now.all()) {
    answer.header.begin_object()
        .text("name", name)
        .number("cursor", consumer.cursor)
        .number("behind", heads_.sequence - std::min(heads_.sequence, consumer.cursor))
        .text("seen", format_timestamp(consumer.seen));
    if (!consumer.owner.empty()) {
      answer.header.text("owner", consumer.owner);
    }
    answer.header.end_object();
  }
  answer.header.end_list();
  return {};
}

ReplayService::Outcome ReplayService::forget(const Request& request, Answer& answer) {
  const std::optional<std::string> name = request.text("consumer");
  if (!name || name->empty()) {
    return Refusal{"bad_request", "FORGET needs consumer, a text"};
  }
  const Result<bool> forgotten = consumers_.forget(*name);
  if (!forgotten) {
    return Refusal{code_of(forgotten.error()), forgotten.error().message};
  }
  heard_.erase(*name);
  answer.header.number("v", kBusVersion).flag("forgotten", *forgotten);
  return {};
}

std::optional<std::uint64_t> ReplayService::least_cursor() const {
  std::optional<std::uint64_t> least;
  for (const std::string& name : heard_) {
    const Consumer* consumer = consumers_.find(name);
    if (consumer != nullptr) {
      least = std::min(least.value_or(consumer->cursor), consumer->cursor);
    }
  }
  return least;
}

ReplayService::Outcome ReplayService::tell_counters(const Request& request, Answer& answer) {
  answer.header.number("v", kBusVersion).begin_object("stats");
  answer.header.number("requests", counters_.requests)
      .number("refused_requests", counters_.refused)
      .number("replayed", counters_.replayed)
      .number("consumers", consumers_.all().size());
  for (const auto& [name, value] : request.more) {
    answer.header.number(name, value);
  }
  answer.header.end_object();
  return {};
}

}  // namespace spoor
