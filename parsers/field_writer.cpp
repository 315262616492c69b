#include "parsers/field_writer.h"

#include <algorithm>

#include <boost/unordered/unordered_flat_set.hpp>

#include "engine/base/uid.h"

namespace spoor {
namespace {

/// Before this, a time is a mistake: the sensors are younger, and a machine that lost its clock
/// starts in 1970 or 1980.
constexpr Timestamp kAncient = 946'684'800LL * kNanosPerSecond;  // 2000-01-01

/// What the process graph and the envelope are made from, whatever the rules ask for.
constexpr FieldId kAlways[] = {
    FieldId::event_id,
    FieldId::channel,
    FieldId::provider_name,
    FieldId::computer,
    FieldId::utc_time,
    FieldId::event_type,
    FieldId::process_guid,
    FieldId::process_id,
    FieldId::image,
    FieldId::command_line,
    FieldId::current_directory,
    FieldId::user,
    FieldId::integrity_level,
    FieldId::hashes,
    FieldId::parent_process_guid,
    FieldId::parent_process_id,
    FieldId::parent_image,
    FieldId::parent_command_line,
    FieldId::parent_user,
    FieldId::source_process_guid,
    FieldId::source_process_id,
    FieldId::source_image,
    FieldId::source_user,
    FieldId::target_process_guid,
    FieldId::target_process_id,
    FieldId::target_image,
    FieldId::target_user,
};

}  // namespace

struct FieldFilter::Names {
  boost::unordered_flat_set<std::string, SeededTextHash, std::equal_to<>> wanted;
};

FieldFilter::FieldFilter(const Projection& projection)
    : names_(std::make_unique<Names>()),
      all_extra_(projection.all_extra_fields),
      some_extra_(!projection.extra_fields.empty()) {
  projection.fields.for_each([this](FieldId id) { wanted_[static_cast<std::size_t>(id)] = true; });
  for (const FieldId id : kAlways) {
    wanted_[static_cast<std::size_t>(id)] = true;
  }
  names_->wanted.insert(projection.extra_fields.begin(), projection.extra_fields.end());
}

FieldFilter::~FieldFilter() = default;
FieldFilter::FieldFilter(FieldFilter&&) noexcept = default;
FieldFilter& FieldFilter::operator=(FieldFilter&&) noexcept = default;

bool FieldFilter::is_listed(std::string_view name) const {
  return names_->wanted.contains(name);
}

void set_represented(FieldId id, std::string_view value, Scratch& scratch, Event& event) {
  std::string& canonical = scratch.text();
  if (represent(field_kind(id), value, canonical)) {
    event.originals.push_back({.field = id, .value = value});
    event.set(id, scratch.copy(canonical));
  } else {
    event.set(id, value);
  }
}

void set_extra(std::string_view name, std::string_view value, Event& event) {
  const bool known = std::ranges::any_of(
      event.extra, [name](const ExtraField& kept) { return kept.name == name; });
  if (known) {
    event.duplicate_keys = true;
    return;
  }
  event.extra.push_back({.name = name, .value = value.data() == nullptr ? "" : value});
}

std::string_view extra_text(const Document& document, NodeIndex index, Scratch& scratch) {
  const Node& node = document.node(index);
  return node.is_scalar() ? text_of(node, scratch) : compact_json(document, index, scratch);
}

std::string_view lower(std::string_view text, Scratch& scratch) {
  char* const place = scratch.take(text.size() + 1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    // No branch, so that compilers make vectors of it.
    const auto letter = static_cast<unsigned char>(c - 'A');
    place[i] = static_cast<char>(c | (letter < 26 ? 0x20 : 0));
  }
  return {place, text.size()};
}

std::string_view host_key_of(std::string_view name, Scratch& scratch) {
  if (name.empty()) {
    return "-";
  }
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos) {
    return lower(name, scratch);
  }
  const bool is_address =
      std::ranges::all_of(name, [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
  const std::string_view first = is_address ? name : name.substr(0, dot);
  return first.empty() ? std::string_view("-") : lower(first, scratch);
}

std::string host_key(std::string_view name) {
  Scratch scratch;
  return std::string(host_key_of(name, scratch));
}

void set_event_time(std::optional<Timestamp> time, Event& event) {
  event.time = time.value_or(0);
  if (event.time < kAncient) {
    // Zero, so that differences of event times never overflow; the record keeps what was written.
    event.time = 0;
    event.time_suspect = true;
  }
}

}  // namespace spoor
