#include "engine/state/consumer_store.h"

#include <algorithm>

namespace spoor {
namespace {

std::string key_of(std::string_view name) {
  return StateWriter(StateRow::consumer).raw(name).bytes();
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

bool is_of_the_engine(std::string_view name) {
  return name.starts_with(kEngineConsumers);
}

}  // namespace

bool is_consumer_name(std::string_view name) {
  return !name.empty() && name.size() <= kConsumerNameMax &&
         std::ranges::all_of(name, is_name_character);
}

ConsumerStore::ConsumerStore(const StateSource& source, StateAside& aside) : aside_(aside) {
  source.for_each(StateWriter(StateRow::consumer).bytes(),
                  [this](std::string_view key, std::string_view value) {
                    StateReader from(value);
                    Consumer consumer;
                    consumer.cursor = from.number();
                    consumer.owner = from.text();
                    consumer.seen = from.time();
                    const std::string_view name = key.substr(1);
                    if (from.is_done() && is_consumer_name(name)) {
                      consumers_.insert_or_assign(std::string(name), std::move(consumer));
                    }
                    return true;
                  });
}

const Consumer* ConsumerStore::find(std::string_view name) const {
  const auto known = consumers_.find(name);
  return known == consumers_.end() ? nullptr : &known->second;
}

Result<Consumer> ConsumerStore::greet(std::string_view name,
                                      std::string_view owner,
                                      Timestamp now) {
  if (!is_consumer_name(name)) {
    return fail(ErrorCode::bad_usage,
                "a consumer's name is 1 to 64 letters, digits, '.', '_' and '-'");
  }
  const Consumer* known = find(name);
  if (known == nullptr && !is_of_the_engine(name) && of_clients() >= kConsumersMax) {
    return fail(ErrorCode::limit, "there are " + std::to_string(kConsumersMax) +
                                      " consumers already; FORGET one that is no more");
  }
  Consumer consumer = known != nullptr ? *known : Consumer{.owner = std::string(owner)};
  consumer.seen = now;
  Result<void> saved = save(name, consumer);
  if (!saved) {
    return tl::unexpected<Error>(saved.error());
  }
  return consumers_.insert_or_assign(std::string(name), std::move(consumer)).first->second;
}

Result<std::uint64_t> ConsumerStore::acknowledge(std::string_view name,
                                                 std::uint64_t sequence,
                                                 Timestamp now) {
  const auto known = consumers_.find(name);
  if (known == consumers_.end()) {
    return fail(ErrorCode::bad_usage, "no consumer of that name has said HELLO");
  }
  Consumer consumer = known->second;
  consumer.cursor = std::max(consumer.cursor, sequence);
  consumer.seen = now;
  Result<void> saved = save(name, consumer);
  if (!saved) {
    return tl::unexpected<Error>(saved.error());
  }
  known->second = consumer;
  return consumer.cursor;
}

Result<bool> ConsumerStore::forget(std::string_view name) {
  const auto known = consumers_.find(name);
  if (known == consumers_.end()) {
    return false;
  }
  Result<void> erased = aside_.erase_aside(key_of(name));
  if (!erased) {
    return tl::unexpected<Error>(erased.error());
  }
  consumers_.erase(known);
  return true;
}

std::size_t ConsumerStore::of_clients() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      consumers_, [](const auto& consumer) { return !is_of_the_engine(consumer.first); }));
}

Result<void> ConsumerStore::save(std::string_view name, const Consumer& consumer) {
  return aside_.put_aside(
      key_of(name),
      StateWriter().number(consumer.cursor).text(consumer.owner).time(consumer.seen).bytes());
}

}  // namespace spoor
