#include "engine/correlation/kept_event_state.h"

#include <algorithm>
#include <utility>

namespace spoor {
namespace {

/// Of what is read, before memory is taken for it.
constexpr std::uint64_t kItemsMax = 1U << 20U;

}  // namespace

void write_order_key(const OrderKey& order, StateWriter& into) {
  into.key_time(order.time).key_byte(static_cast<unsigned>(order.rank)).uid(order.uid);
}

OrderKey read_order_key(StateReader& from) {
  OrderKey order;
  order.time = from.key_time();
  order.rank = static_cast<int>(from.key_byte());
  order.uid = from.uid();
  return order;
}

void write_event(const KeptEvent& event, StateWriter& into) {
  write_order_key(event.order, into);
  into.number(static_cast<std::uint64_t>(event.type));
  into.number(static_cast<std::uint64_t>(event.source));
  into.text(event.vendor_event_uid).text(event.hostname).text(event.os_type);
  into.text(event.host)
      .uid(event.actor)
      .flag(event.actor_ambiguous)
      .flag(event.salvaged)
      .text(event.record);
  into.number(event.fields.size());
  for (const auto& [name, value] : event.fields) {
    into.text(name).text(value);
  }
}

std::shared_ptr<const KeptEvent> read_event(StateReader& from) {
  auto event = std::make_shared<KeptEvent>();
  event->order = read_order_key(from);
  event->type = static_cast<EventType>(from.number_to(kEventTypeCount - 1));
  event->source = static_cast<Source>(from.number_to(kSourceCount - 1));
  event->vendor_event_uid = from.text();
  event->hostname = from.text();
  event->os_type = from.text();
  event->host = from.text();
  event->actor = from.uid();
  event->actor_ambiguous = from.flag();
  event->salvaged = from.flag();
  event->record = from.text();
  for (std::uint64_t left = from.number_to(kItemsMax); left > 0 && from.ok(); --left) {
    std::string name(from.text());
    event->fields.emplace_back(std::move(name), from.text());
  }
  return event;
}

void write_fields(const std::vector<KeptField>& fields, StateWriter& into) {
  into.number(fields.size());
  for (const KeptField& field : fields) {
    into.text(field.name).text(field.value).text(field.test);
    into.number(static_cast<std::uint64_t>(field.form));
  }
}

std::vector<KeptField> read_fields(StateReader& from) {
  std::vector<KeptField> fields;
  for (std::uint64_t left = from.number_to(kItemsMax); left > 0 && from.ok(); --left) {
    KeptField& field = fields.emplace_back();
    field.name = from.text();
    field.value = from.text();
    field.test = from.text();
    field.form = static_cast<ValueForm>(from.number_to(kValueFormCount - 1));
  }
  return fields;
}

void write_hits(const WindowHits& hits, StateWriter& into) {
  std::vector<const KeptEvent*> events;
  const auto place_of = [&events](const KeptEvent* event) {
    return static_cast<std::size_t>(std::ranges::find(events, event) - events.begin());
  };
  for (const auto& [rule, hit] : hits) {
    if (place_of(hit.event.get()) == events.size()) {
      events.push_back(hit.event.get());
    }
  }
  into.number(events.size());
  for (const KeptEvent* event : events) {
    write_event(*event, into);
  }
  into.number(hits.size());
  for (const auto& [rule, hit] : hits) {
    into.text(rule).number(place_of(hit.event.get()));
    write_fields(hit.matched, into);
  }
}

WindowHits read_hits(StateReader& from) {
  std::vector<std::shared_ptr<const KeptEvent>> events;
  for (std::uint64_t left = from.number_to(kItemsMax); left > 0 && from.ok(); --left) {
    events.push_back(read_event(from));
  }
  WindowHits hits;
  for (std::uint64_t left = from.number_to(events.empty() ? 0 : kItemsMax); left > 0 && from.ok();
       --left) {
    std::string rule(from.text());
    const std::uint64_t event = from.number_to(events.size() - 1);
    hits.emplace_back(std::move(rule), Hit{.event = events[event], .matched = read_fields(from)});
  }
  return hits;
}

}  // namespace spoor
