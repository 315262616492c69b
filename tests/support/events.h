// Events made by hand, for tests of what comes after parsing. Owns its text.
#pragma once

#include <deque>
#include <string>
#include <string_view>

#include "engine/event/event.h"

namespace spoor::test {

/// Builds events of one host. What it hands out stays valid as long as it lives.
class EventMaker {
 public:
  /// A process instance: its guid number is its identity.
  struct Process {
    std::uint64_t id = 0;
    std::uint32_t pid = 0;
    std::string image;
    std::int64_t start_s = 0;
  };

  ProcessMention mention(const Process& process, bool exact = false) {
    ProcessMention mention;
    mention.key = {.high = process.id, .low = 1};
    mention.vendor_uid = keep("{guid-" + std::to_string(process.id) + "}");
    mention.pid = process.pid == 0 ? std::string_view() : keep(std::to_string(process.pid));
    mention.image = keep(process.image);
    mention.start = process.start_s * kNanosPerSecond;
    mention.start_is_exact = exact;
    return mention;
  }

  Event start(const Process& process, const Process& parent) {
    Event event = make(EventType::process_creation, process.start_s);
    event.actor = mention(process, true);
    event.parent = mention(parent);
    event.set(FieldId::image, event.actor.image);
    event.set(FieldId::parent_image, event.parent.image);
    return event;
  }

  Event act(EventType type,
            const Process& process,
            std::int64_t time_s,
            FieldId field,
            std::string_view value) {
    Event event = make(type, time_s);
    event.actor = mention(process);
    event.set(FieldId::image, event.actor.image);
    event.set(field, keep(std::string(value)));
    return event;
  }

  Event end(const Process& process, std::int64_t time_s) {
    Event event = make(EventType::process_termination, time_s);
    event.actor = mention(process);
    return event;
  }

  std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }

 private:
  Event make(EventType type, std::int64_t time_s) {
    Event event;
    event.type = type;
    event.source = Source::sysmon;
    event.platform = Platform::windows;
    event.time = time_s * kNanosPerSecond;
    event.host = "pc042";
    event.hostname = "PC042";
    const std::uint64_t number = ++count_;
    event.uid = UidBuilder().add(number).finish();
    event.vendor_event_uid = keep("sysmon:pc042:" + std::to_string(number));
    event.record = keep(R"({"number":)" + std::to_string(number) + "}");
    return event;
  }

  std::deque<std::string> texts_;
  std::uint64_t count_ = 0;
};

}  // namespace spoor::test
