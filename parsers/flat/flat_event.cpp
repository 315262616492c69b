#include "parsers/flat/flat_event.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>
#include <vector>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/base/time.h"
#include "parsers/envelope.h"
#include "parsers/marks.h"
#include "parsers/sysmon/sysmon.h"
#include "parsers/windows/windows.h"

namespace spoor {
namespace {

/// Where a time stands, the best first.
constexpr std::string_view kTimeKeys[] = {
    "timestamp", "@timestamp", "UtcTime", "TimeCreated_SystemTime", "TimeCreated", "EventTime"};

/// A field on its way: what it is called, and whether a rule can call it so.
struct FieldPath {
  std::string_view name;
  bool hidden = false;  ///< Neither it nor what is below it has a path.
  bool taken = false;   ///< A key at the top is spelled like it.

  [[nodiscard]] std::string_view field_name() const {
    return hidden || taken ? std::string_view("") : name;
  }
};

/// Reads one object into fields.
class FlatReader {
 public:
  FlatReader(const Document& document, Scratch& scratch, Event& event)
      : document_(document), scratch_(scratch), event_(event) {}

  Result<void> read(NodeIndex object) {
    document_.for_each_child(object, [this](const Node& node, NodeIndex) {
      const std::string_view key = key_of(node, scratch_);
      if (key.find('.') != std::string_view::npos) {
        dotted_.push_back(key);
      }
    });
    std::ranges::sort(dotted_);
    read_object(object, nullptr);
    if (keys_ > kRecordKeysMax) {
      return fail(ErrorCode::too_many_keys,
                  "more than " + std::to_string(kRecordKeysMax) + " keys");
    }
    return {};
  }

 private:
  /// `parent` is null at the top.
  void read_object(NodeIndex object, const FieldPath* parent) {
    const std::size_t first = keys_seen_.size();
    document_.for_each_child(object, [&](const Node& node, NodeIndex index) {
      if (++keys_ > kRecordKeysMax) {
        return;
      }
      const std::string_view key = key_of(node, scratch_);
      const auto begin = keys_seen_.begin() + static_cast<std::ptrdiff_t>(first);
      if (std::find(begin, keys_seen_.end(), key) != keys_seen_.end()) {
        event_.duplicate_keys = true;  // The first counts, as everywhere.
        return;
      }
      keys_seen_.push_back(key);
      read_value(index, parent == nullptr ? FieldPath{.name = key} : below(*parent, key));
    });
    keys_seen_.resize(first);
  }

  FieldPath below(const FieldPath& parent, std::string_view key) {
    if (parent.hidden || key.find('.') != std::string_view::npos) {
      return {.name = "", .hidden = true};
    }
    std::string& joined = scratch_.text();
    joined.append(parent.name).append(".").append(key);
    const std::string_view name = scratch_.copy(joined);
    return {.name = name, .hidden = false, .taken = std::ranges::binary_search(dotted_, name)};
  }

  void read_value(NodeIndex index, const FieldPath& path) {
    const Node& node = document_.node(index);
    switch (node.kind) {
      case NodeKind::null: add(path, "", ValueKind::null); break;
      case NodeKind::number:
        add(path, shortest_number(node.raw_text(), scratch_), ValueKind::text);
        break;
      case NodeKind::string:
      case NodeKind::boolean: add(path, text_of(node, scratch_), ValueKind::text); break;
      case NodeKind::object:
        add(path, "", ValueKind::object);
        read_object(index, &path);
        break;
      case NodeKind::array:
        if (node.end == index + 1) {
          add(path, "", ValueKind::null);
        }
        document_.for_each_child(
            index, [&](const Node&, NodeIndex element) { read_value(element, path); });
        break;
    }
  }

  void add(const FieldPath& path, std::string_view value, ValueKind kind) {
    event_.extra.push_back({.name = path.field_name(), .value = value, .kind = kind});
  }

  const Document& document_;
  Scratch& scratch_;
  Event& event_;
  std::vector<std::string_view> dotted_;  ///< Keys at the top that are spelled like paths; sorted.
  std::vector<std::string_view> keys_seen_;  ///< Of the objects that are open.
  std::size_t keys_ = 0;
};

/// The first text of a field, or an absent view.
std::string_view text_of_field(const Event& event, std::string_view name) {
  const auto found = std::ranges::find_if(event.extra, [name](const ExtraField& field) {
    return field.name == name && field.kind == ValueKind::text;
  });
  return found == event.extra.end() ? std::string_view() : found->value;
}

std::optional<Timestamp> time_of(const Document& document, NodeIndex object, Scratch& scratch) {
  for (const std::string_view key : kTimeKeys) {
    const NodeIndex found = document.find(object, key);
    if (found == kNoNode) {
      continue;
    }
    // As written: the shortest form of a number has lost the nanoseconds.
    const std::string_view text = text_of(document.node(found), scratch);
    std::optional<Timestamp> time = parse_timestamp(text);
    if (!time && key == kTimeKeys[0]) {
      time = parse_epoch_seconds(text);
    }
    if (time) {
      return time;
    }
  }
  return std::nullopt;
}

/// The field gets a second name, unless the event has one of that name.
void add_name(std::string_view from, std::string_view to, Event& event) {
  const std::string_view value = text_of_field(event, from);
  const bool has_it = std::ranges::find(event.extra, to, &ExtraField::name) != event.extra.end();
  if (value.data() != nullptr && !has_it) {
    event.extra.push_back({.name = to, .value = value});
  }
}

void route_windows(Event& event) {
  const std::string_view channel = text_of_field(event, "Channel");
  const std::string_view event_id = text_of_field(event, "EventID");
  if (channel.data() == nullptr) {
    return;
  }
  // Windows' channels begin with a capital, and SigmaHQ's tests compare them to the letter: what a
  // collector has changed to `security` is of Windows, and of no channel.
  const bool changed = !channel.empty() && channel.front() >= 'a' && channel.front() <= 'z';
  if (changed) {
    event.platform = Platform::windows;
    return;
  }
  event.set(FieldId::channel, channel);
  event.platform = is_linux_sysmon_channel(channel) ? Platform::linux : Platform::windows;
  if (is_sysmon_channel(channel)) {
    event.source = Source::sysmon;
    event.type = sysmon_event_type(event_id, text_of_field(event, "EventType"));
    return;
  }
  event.source = Source::windows;
  event.type = windows_event_type(channel, event_id);
  if (event.type == EventType::process_creation) {
    add_name("NewProcessName", "Image", event);
    add_name("ParentProcessName", "ParentImage", event);
  }
}

/// "2.50" → "2.5", "1e3" → "1000".
std::string_view write_number(double number, Scratch& scratch) {
  constexpr double kInt64End = 9'223'372'036'854'775'808.0;
  constexpr double kSmallest = 1e-4;  // Below that a decimal has more noughts than digits.
  constexpr std::size_t kLengthMax = 64;
  char* place = scratch.take(kLengthMax);
  std::to_chars_result written{};
  if (number == std::trunc(number) && std::abs(number) < kInt64End) {
    written = std::to_chars(place, place + kLengthMax, static_cast<std::int64_t>(number));
  } else if (std::abs(number) < kSmallest || std::abs(number) >= kInt64End) {
    written = std::to_chars(place, place + kLengthMax, number, std::chars_format::scientific);
  } else {
    written = std::to_chars(place, place + kLengthMax, number, std::chars_format::fixed);
  }
  return {place, static_cast<std::size_t>(written.ptr - place)};
}

Marks marks_of_object(const Document& document, NodeIndex object, Scratch& scratch) {
  Marks marks = 0;
  document.for_each_child(
      object, [&](const Node& node, NodeIndex) { marks |= marks_of(key_of(node, scratch)); });
  return marks;
}

}  // namespace

std::string_view shortest_number(std::string_view text, Scratch& scratch) {
  if (text.find_first_of(".eE") == std::string_view::npos) {
    return text == "-0" ? text.substr(1) : text;  // As written: of any size, and exact.
  }
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} ? write_number(number, scratch) : text;
}

std::optional<Timestamp> parse_epoch_seconds(std::string_view text) {
  // Some 290 years around 1970 are what fits; a little less, so that the fraction does, too.
  constexpr std::int64_t kSecondsMax = 9'200'000'000;
  if (text.empty() || json_number_length(text) != text.size()) {
    return std::nullopt;
  }
  if (text.find_first_of("eE") != std::string_view::npos) {
    double seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc{} || std::abs(seconds) > static_cast<double>(kSecondsMax)) {
      return std::nullopt;
    }
    return static_cast<Timestamp>(std::llround(seconds * static_cast<double>(kNanosPerSecond)));
  }
  const bool negative = text.front() == '-';
  const std::string_view digits = text.substr(negative ? 1 : 0);
  const std::size_t point = digits.find('.');
  const std::string_view whole = digits.substr(0, point);
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(whole.data(), whole.data() + whole.size(), seconds);
  if (error != std::errc{} || seconds > kSecondsMax) {
    return std::nullopt;
  }
  Timestamp nanos = 0;
  Duration unit = kNanosPerSecond;
  const std::string_view fraction =
      point == std::string_view::npos ? std::string_view() : digits.substr(point + 1);
  for (const char digit : fraction) {
    unit /= 10;
    nanos += unit * (digit - '0');
  }
  const Timestamp time = seconds * kNanosPerSecond + nanos;
  return negative ? -time : time;
}

bool is_flat_event(const Document& document, NodeIndex object, Scratch& scratch) {
  const Marks marks = marks_of_object(document, object, scratch);
  switch (recognise(marks)) {
    case Form::unknown:
    // These have the fields of the event beside those of the envelope: what a rule asks for is
    // there, by name.
    case Form::nxlog:
    case Form::flat_export: return true;
    case Form::fluent_bit: return (marks & bit(Mark::string_inserts)) == 0;
    default: return false;
  }
}

Result<void> read_flat_event(
    const Document& document, NodeIndex object, FlatRoute route, Scratch& scratch, Event& event) {
  if (document.node(object).kind != NodeKind::object) {
    return fail(ErrorCode::unknown_source, "JSON, but not an object");
  }
  Result<void> read = FlatReader(document, scratch, event).read(object);
  if (!read) {
    return read;
  }
  const std::optional<Timestamp> time = time_of(document, object, scratch);
  event.time = time.value_or(0);
  event.time_suspect = !time;
  event.carriage = "flat";
  event.salvaged = document.salvaged;
  if (route == FlatRoute::windows) {
    route_windows(event);
  }
  return {};
}

}  // namespace spoor
