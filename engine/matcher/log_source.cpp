// Which rules an event meets: Sigma's log sources against our events (as SigmaHQ's own tests route
// Windows logs).

#include <algorithm>

#include "engine/base/text.h"
#include "engine/matcher/matcher.h"

namespace spoor {
namespace {

struct ServiceRow {
  std::string_view service;
  std::string_view channel;
};

// Sigma's `service` for Windows is a channel.
constexpr ServiceRow kServices[] = {
    {"application", "Application"},
    {"applocker", "Microsoft-Windows-AppLocker/EXE and DLL"},
    {"bits-client", "Microsoft-Windows-Bits-Client/Operational"},
    {"codeintegrity-operational", "Microsoft-Windows-CodeIntegrity/Operational"},
    {"dns-client", "Microsoft-Windows-DNS Client Events/Operational"},
    {"dns-server", "DNS Server"},
    {"driver-framework", "Microsoft-Windows-DriverFrameworks-UserMode/Operational"},
    {"firewall-as", "Microsoft-Windows-Windows Firewall With Advanced Security/Firewall"},
    {"ntlm", "Microsoft-Windows-NTLM/Operational"},
    {"powershell", "Microsoft-Windows-PowerShell/Operational"},
    {"powershell-classic", "Windows PowerShell"},
    {"printservice-admin", "Microsoft-Windows-PrintService/Admin"},
    {"printservice-operational", "Microsoft-Windows-PrintService/Operational"},
    {"security", "Security"},
    {"smbclient-security", "Microsoft-Windows-SmbClient/Security"},
    {"sysmon", "Microsoft-Windows-Sysmon/Operational"},
    {"system", "System"},
    {"taskscheduler", "Microsoft-Windows-TaskScheduler/Operational"},
    {"terminalservices-localsessionmanager",
     "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational"},
    {"windefend", "Microsoft-Windows-Windows Defender/Operational"},
    {"wmi", "Microsoft-Windows-WMI-Activity/Operational"},
};

bool is_registry(EventType type) {
  return type == EventType::registry_add || type == EventType::registry_delete ||
         type == EventType::registry_set || type == EventType::registry_rename ||
         type == EventType::registry_event;
}

bool covers_category(std::string_view category, EventType type) {
  if (category == "registry_event") {
    return is_registry(type);
  }
  if (type == EventType::registry_event) {
    // The verb was lost on the way: a key was made or deleted, and either may have been meant.
    return category == "registry_add" || category == "registry_delete";
  }
  if (category == "clipboard_change") {
    return type == EventType::clipboard_capture;
  }
  return type != EventType::other && category == to_string(type);
}

bool covers_product(std::string_view product, const Event& event) {
  return event.platform != Platform::unknown && product == to_string(event.platform);
}

bool covers_service(std::string_view service, const Event& event) {
  const auto* row = std::ranges::find(kServices, service, &ServiceRow::service);
  return row != std::ranges::end(kServices) &&
         equals_ignore_case_ascii(row->channel, event.field(FieldId::channel));
}

}  // namespace

bool Matcher::routes(const LogSource& log_source, const Event& event) {
  return (log_source.category.empty() || covers_category(log_source.category, event.type)) &&
         (log_source.product.empty() || covers_product(log_source.product, event)) &&
         (log_source.service.empty() || covers_service(log_source.service, event));
}

}  // namespace spoor
