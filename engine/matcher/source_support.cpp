#include "engine/matcher/source_support.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <vector>

#include "engine/matcher/matcher.h"

namespace spoor {
namespace {

using F = FieldId;
using T = EventType;
using Types = std::initializer_list<EventType>;
using Fields = std::initializer_list<FieldId>;

template <typename Value>
bool has(std::initializer_list<Value> list, Value value) {
  return std::ranges::find(list, value) != list.end();
}

// --- Which events. The types of each parser's table.

constexpr Types kSysmonLinux = {T::process_creation, T::process_termination, T::file_event,
                                T::file_delete,      T::network_connection,  T::raw_access_thread,
                                T::sysmon_status,    T::sysmon_error};

constexpr Types kWindows = {T::process_creation,
                            T::process_termination,
                            T::ps_script,
                            T::ps_module,
                            T::ps_classic_start,
                            T::antivirus,
                            T::service,
                            T::scheduled_task,
                            T::logon,
                            T::logoff,
                            T::other};

constexpr Types kCrowdStrike = {T::process_creation,
                                T::process_termination,
                                T::process_access,
                                T::create_remote_thread,
                                T::image_load,
                                T::driver_load,
                                T::file_event,
                                T::file_change,
                                T::file_delete,
                                T::file_access,
                                T::file_rename,
                                T::file_modify,
                                T::registry_add,
                                T::registry_delete,
                                T::registry_set,
                                T::registry_event,
                                T::dns_query,
                                T::network_connection,
                                T::network_listen,
                                T::network_close,
                                T::pipe_created,
                                T::wmi_event,
                                T::ps_script,
                                T::antivirus,
                                T::http_request,
                                T::script,
                                T::service,
                                T::scheduled_task,
                                T::logon,
                                T::logoff,
                                T::sensor,
                                T::other};

constexpr Types kSentinelOne = {T::process_creation,
                                T::process_termination,
                                T::process_access,
                                T::create_remote_thread,
                                T::image_load,
                                T::driver_load,
                                T::file_event,
                                T::file_delete,
                                T::file_access,
                                T::file_rename,
                                T::file_modify,
                                T::registry_add,
                                T::registry_delete,
                                T::registry_set,
                                T::registry_rename,
                                T::dns_query,
                                T::pipe_created,
                                T::network_connection,
                                T::network_listen,
                                T::ps_script,
                                T::antivirus,
                                T::http_request,
                                T::script,
                                T::scheduled_task,
                                T::logon,
                                T::logoff,
                                T::sensor,
                                T::other};

// --- Which fields. Of Sysmon and 4688 and its like all are known, of the vendors those that never
// come.

/// Fields of one kind of event; there are no others.
struct Schema {
  EventType type = EventType::other;
  Fields fields;
};

constexpr Fields kSysmonEnvelope = {F::event_id, F::channel,   F::provider_name,
                                    F::computer, F::rule_name, F::utc_time};

constexpr Fields kActor = {F::process_guid, F::process_id, F::image, F::user};

// Sysmon's own schema, 4.90; registry events share one row, see below.
constexpr Schema kSysmonSchema[] = {
    {T::process_creation,
     {F::command_line, F::current_directory, F::integrity_level, F::logon_guid, F::logon_id,
      F::terminal_session_id, F::parent_process_guid, F::parent_process_id, F::parent_image,
      F::parent_command_line, F::parent_user, F::file_version, F::description, F::product,
      F::company, F::original_file_name, F::hashes}},
    {T::process_termination, {}},
    {T::file_change, {F::target_filename, F::creation_utc_time, F::previous_creation_utc_time}},
    {T::network_connection,
     {F::protocol, F::initiated, F::source_is_ipv6, F::source_ip, F::source_hostname,
      F::source_port, F::source_port_name, F::destination_is_ipv6, F::destination_ip,
      F::destination_hostname, F::destination_port, F::destination_port_name}},
    {T::driver_load, {F::image_loaded, F::hashes, F::is_signed, F::signature, F::signature_status}},
    {T::image_load,
     {F::image_loaded, F::file_version, F::description, F::product, F::company,
      F::original_file_name, F::hashes, F::is_signed, F::signature, F::signature_status}},
    {T::create_remote_thread,
     {F::source_process_guid, F::source_process_id, F::source_image, F::source_user,
      F::target_process_guid, F::target_process_id, F::target_image, F::target_user,
      F::new_thread_id, F::start_address, F::start_module, F::start_function}},
    {T::raw_access_thread, {F::device}},
    {T::process_access,
     {F::source_process_guid, F::source_process_id, F::source_image, F::source_user,
      F::target_process_guid, F::target_process_id, F::target_image, F::target_user,
      F::granted_access, F::call_trace}},
    {T::file_event, {F::target_filename, F::creation_utc_time}},
    {T::create_stream_hash, {F::target_filename, F::creation_utc_time, F::hash, F::contents}},
    {T::pipe_created, {F::event_type, F::pipe_name}},
    {T::dns_query, {F::query_name, F::query_status, F::query_results}},
    {T::file_delete, {F::target_filename, F::hashes, F::is_executable, F::archived}},
    {T::file_delete_detected, {F::target_filename, F::hashes, F::is_executable}},
    {T::process_tampering, {F::type}},
    {T::file_block_executable, {F::target_filename, F::hashes}},
    {T::file_block_shredding, {F::target_filename, F::hashes, F::is_executable}},
    {T::file_executable_detected, {F::target_filename, F::hashes}},
};

constexpr Types kRegistry = {T::registry_add, T::registry_delete, T::registry_set,
                             T::registry_rename, T::registry_event};

constexpr Fields kSysmonRegistry = {F::event_type, F::target_object, F::details, F::new_name};

constexpr Fields kWindowsEnvelope = {F::event_id, F::channel, F::provider_name, F::computer};

constexpr Schema kWindowsSchema[] = {
    {T::process_creation,
     {F::image, F::command_line, F::process_id, F::parent_image, F::parent_process_id,
      F::integrity_level, F::logon_id, F::user, F::target_user_name}},
    {T::process_termination, {F::image, F::process_id, F::user, F::logon_id}},
    {T::ps_script, {F::script_block_text, F::path}},
    {T::ps_module, {F::context_info, F::payload}},
};

/// Fields that a vendor's events never have; no types means all of them.
struct Absence {
  Types types;
  Fields fields;
};

constexpr Fields kWindowsLogOnly = {F::event_id, F::channel, F::provider_name, F::utc_time};

constexpr Types kNoProcessOfOthers = {
    T::file_event,   T::file_change, T::file_delete,        T::file_access,   T::file_rename,
    T::registry_add, T::dns_query,   T::network_connection, T::registry_set,  T::registry_delete,
    T::image_load,   T::driver_load, T::pipe_created,       T::registry_event};

const Absence kCrowdStrikeAbsent[] = {
    {{}, kWindowsLogOnly},
    {{},
     {F::current_directory, F::logon_guid, F::parent_user, F::is_signed, F::signature_status,
      F::call_trace}},
    // The version resource is told of modules and drivers only.
    {{T::process_creation},
     {F::original_file_name, F::description, F::product, F::company, F::file_version}},
    {{T::network_connection}, {F::destination_hostname, F::source_hostname}},
    {kNoProcessOfOthers, {F::command_line, F::parent_image, F::parent_command_line}},
};

const Absence kSentinelOneAbsent[] = {
    {{}, kWindowsLogOnly},
    {{},
     {F::current_directory, F::logon_guid, F::logon_id, F::original_file_name, F::product,
      F::call_trace}},
    {{T::network_connection}, {F::destination_hostname, F::source_hostname}},
};

template <std::size_t Rows>
bool allows(const Schema (&schema)[Rows], EventType type, FieldId field) {
  const auto* row = std::ranges::find(schema, type, &Schema::type);
  return row == std::ranges::end(schema) || has(row->fields, field);
}

template <std::size_t Rows>
bool allows(const Absence (&absences)[Rows], EventType type, FieldId field) {
  return std::ranges::none_of(absences, [type, field](const Absence& row) {
    return (row.types.size() == 0 || has(row.types, type)) && has(row.fields, field);
  });
}

bool sysmon_gives(EventType type, FieldId field) {
  if (has(kSysmonEnvelope, field)) {
    return true;
  }
  if (has(kRegistry, type)) {
    return has(kActor, field) || has(kSysmonRegistry, field);
  }
  const bool is_known =
      std::ranges::find(kSysmonSchema, type, &Schema::type) != std::ranges::end(kSysmonSchema);
  // The processes of these two have names of their own, and a driver has none.
  const bool has_actor = !has({T::create_remote_thread, T::process_access, T::driver_load}, type);
  return (is_known && has_actor && has(kActor, field)) || allows(kSysmonSchema, type, field);
}

// --- What a condition comes to.

/// What is known of an expression, if all that is known is which fields are there.
enum class Truth : std::uint8_t { never, maybe, always };

Truth opposite(Truth truth) {
  return truth == Truth::maybe ? truth : (truth == Truth::never ? Truth::always : Truth::never);
}

/// One kind of event of one source.
struct Kind {
  Source source;
  EventType type;

  [[nodiscard]] bool lacks(const FieldRef& field) const {
    // Keywords look anywhere; ancestors have starts of their own; vendor names may be anything.
    return field.id && !field.keyword && !field.ancestor && !gives(source, type, *field.id);
  }
};

Truth truth_of_test(const Expr& expr, const Kind& kind) {
  if (!kind.lacks(expr.field)) {
    const bool lacks_other =
        expr.test.kind == TestKind::field_ref && kind.lacks(expr.test.reference);
    return lacks_other ? Truth::never : Truth::maybe;
  }
  const bool wants_absence = expr.test.kind == TestKind::null ||
                             (expr.test.kind == TestKind::exists && !expr.test.expected);
  return wants_absence ? Truth::always : Truth::never;
}

Truth truth_of(const Expr& expr, const Kind& kind) {
  switch (expr.kind) {
    case Expr::Kind::test: return truth_of_test(expr, kind);
    case Expr::Kind::negation: return opposite(truth_of(expr.children.front(), kind));
    case Expr::Kind::all:
    case Expr::Kind::any: break;
  }
  // `all` is as true as its least true child, `any` as its most.
  const bool is_all = expr.kind == Expr::Kind::all;
  Truth truth = is_all ? Truth::always : Truth::never;
  for (const Expr& child : expr.children) {
    const Truth one = truth_of(child, kind);
    truth = is_all ? std::min(truth, one) : std::max(truth, one);
  }
  return truth;
}

/// The first test without a `not` before it that makes `expr` never hold.
const Expr* hopeless_test(const Expr& expr, const Kind& kind) {
  if (expr.kind == Expr::Kind::test) {
    return truth_of_test(expr, kind) == Truth::never ? &expr : nullptr;
  }
  if (expr.kind == Expr::Kind::negation) {
    return nullptr;
  }
  for (const Expr& child : expr.children) {
    if (truth_of(child, kind) != Truth::never) {
      continue;
    }
    if (const Expr* found = hopeless_test(child, kind)) {
      return found;
    }
  }
  return nullptr;
}

constexpr std::string_view kSysmonService = "sysmon";

/// Services are Windows channels: Sysmon's own, or another.
bool gives_service(Source source, const std::string& service) {
  return service.empty() || (source == Source::sysmon && service == kSysmonService) ||
         (source == Source::windows && service != kSysmonService);
}

/// The kinds of events of `source` that the rule's log source covers.
std::vector<Kind> kinds_of(const LogSource& log_source, Source source) {
  std::vector<Kind> kinds;
  if (!gives_service(source, log_source.service)) {
    return kinds;
  }
  LogSource without_service = log_source;
  without_service.service.clear();
  for (std::size_t i = 0; i < kEventTypeCount; ++i) {
    Event probe;
    probe.source = source;
    probe.type = static_cast<EventType>(i);
    for (const Platform platform : {Platform::windows, Platform::linux, Platform::macos}) {
      probe.platform = platform;
      if (gives(source, platform, probe.type) && Matcher::routes(without_service, probe)) {
        kinds.push_back({.source = source, .type = probe.type});
        break;
      }
    }
  }
  return kinds;
}

std::string shown_log_source(const LogSource& log_source) {
  std::string text;
  for (const std::string* part : {&log_source.product, &log_source.category, &log_source.service}) {
    if (!part->empty()) {
      text += (text.empty() ? "" : "/") + *part;
    }
  }
  return text;
}

}  // namespace

bool gives(Source source, Platform platform, EventType type) {
  switch (source) {
    case Source::sysmon:
      if (platform == Platform::linux) {
        return has(kSysmonLinux, type);
      }
      // The enumeration begins with Sysmon's own events.
      return platform == Platform::windows && (type < T::file_access || type == T::other);
    case Source::windows: return platform == Platform::windows && has(kWindows, type);
    case Source::crowdstrike: return has(kCrowdStrike, type);
    case Source::sentinelone: return has(kSentinelOne, type);
  }
  return true;
}

bool gives(Source source, EventType type, FieldId field) {
  switch (source) {
    case Source::sysmon: return sysmon_gives(type, field);
    case Source::windows:
      return has(kWindowsEnvelope, field) || allows(kWindowsSchema, type, field);
    case Source::crowdstrike: return allows(kCrowdStrikeAbsent, type, field);
    case Source::sentinelone: return allows(kSentinelOneAbsent, type, field);
  }
  return true;
}

std::optional<NeverFires> never_fires(const DetectionRule& rule, Source source) {
  const std::vector<Kind> kinds = kinds_of(rule.log_source, source);
  const std::string from = " from " + std::string(to_string(source));
  if (kinds.empty()) {
    return NeverFires{
        .reason = "no event of " + shown_log_source(rule.log_source) + " comes" + from,
        .position = std::nullopt};
  }
  const auto holds = [&rule](const Kind& kind) {
    return truth_of(rule.condition, kind) != Truth::never;
  };
  if (std::ranges::any_of(kinds, holds)) {
    return std::nullopt;
  }
  const Expr* test = hopeless_test(rule.condition, kinds.front());
  if (test == nullptr) {
    return NeverFires{.reason = "its condition cannot hold for what comes" + from,
                      .position = std::nullopt};
  }
  return NeverFires{.reason = "the field " + test->field.name + " of " +
                              std::string(to_string(kinds.front().type)) + " does not come" + from,
                    .position = test->test.position};
}

bool can_fire(const DetectionRule& rule) {
  for (std::size_t i = 0; i < kSourceCount; ++i) {
    if (!never_fires(rule, static_cast<Source>(i))) {
      return true;
    }
  }
  return false;
}

}  // namespace spoor
