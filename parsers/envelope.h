// Whose record it is, told from the keys of its root; and what a shipper put around it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "engine/event/event.h"
#include "parsers/marks.h"
#include "parsers/windows/windows_record.h"

namespace spoor {

/// The forms in which records come.
enum class Form : std::uint8_t {
  unknown,
  wrapper,  ///< A shipper's object around the record.
  // Windows: one for each WindowsCarriage.
  evtx,
  nxlog,
  flat_export,
  winlogbeat6,
  winlogbeat,
  fluent_bit,
  vector,
  log_analytics,
  event_table,
  wazuh,
  flattened,
  // CrowdStrike.
  fdr,            ///< Falcon Data Replicator, and what exports of it look like.
  fdr_external,   ///< Event stream records inside FDR ("ExternalApiType").
  fdr_lookup,     ///< fdrv2/aidmaster, managedassets, notmanaged, …: tables, not events.
  falcon_stream,  ///< Event stream, SIEM connector: {"metadata":…,"event":…}.
  // SentinelOne.
  cloud_funnel,         ///< Cloud Funnel 2.0, dotted keys.
  cloud_funnel_nested,  ///< The same with the dots expanded to objects.
  deep_visibility,      ///< Deep Visibility API, camelCase or PascalCase.
  management_api,       ///< Threats, alerts, activities.
  cloud_funnel_1,       ///< Known, and refused.
};

/// Whose it is; none for unknown and wrapper. Windows forms give Source::windows: whether it is
/// Sysmon's, the provider tells.
[[nodiscard]] constexpr std::optional<Source> source_of(Form form);

/// The carriage of a Windows form; none for the others.
[[nodiscard]] constexpr std::optional<WindowsCarriage> carriage_of(Form form);

/// Which form the marks of a root's keys tell. The order is that of formats §5: FDR, event stream,
/// Cloud Funnel, Deep Visibility, management API, Windows, wrappers.
[[nodiscard]] Form recognise(Marks marks);

/// The keys under which shippers put the record, in the order in which they are tried.
[[nodiscard]] std::span<const std::string_view> wrapper_keys();

constexpr std::optional<WindowsCarriage> carriage_of(Form form) {
  if (form < Form::evtx || form > Form::flattened) {
    return std::nullopt;
  }
  return static_cast<WindowsCarriage>(static_cast<int>(form) - static_cast<int>(Form::evtx));
}

static_assert(static_cast<int>(Form::flattened) - static_cast<int>(Form::evtx) + 1 ==
                  static_cast<int>(WindowsCarriage::count),
              "one Windows form for each carriage, in its order");

constexpr std::optional<Source> source_of(Form form) {
  if (carriage_of(form)) {
    return Source::windows;
  }
  switch (form) {
    case Form::fdr:
    case Form::fdr_external:
    case Form::fdr_lookup:
    case Form::falcon_stream: return Source::crowdstrike;
    case Form::cloud_funnel:
    case Form::cloud_funnel_nested:
    case Form::deep_visibility:
    case Form::management_api:
    case Form::cloud_funnel_1: return Source::sentinelone;
    default: return std::nullopt;
  }
}

}  // namespace spoor
