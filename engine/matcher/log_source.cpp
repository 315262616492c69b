#include "engine/matcher/log_source.h"

#include <algorithm>
#include <array>

#include "engine/base/text.h"

namespace spoor {
namespace {

struct ServiceRow {
  std::string_view service;
  std::string_view channel;
};

// Sigma's `service` for Windows is a channel, or some of them.
constexpr ServiceRow kServices[] = {
    {"application", "Application"},
    {"applocker", "Microsoft-Windows-AppLocker/EXE and DLL"},
    {"applocker", "Microsoft-Windows-AppLocker/MSI and Script"},
    {"applocker", "Microsoft-Windows-AppLocker/Packaged app-Deployment"},
    {"applocker", "Microsoft-Windows-AppLocker/Packaged app-Execution"},
    {"appmodel-runtime", "Microsoft-Windows-AppModel-Runtime/Admin"},
    {"appxdeployment-server", "Microsoft-Windows-AppXDeploymentServer/Operational"},
    {"appxpackaging-om", "Microsoft-Windows-AppxPackaging/Operational"},
    {"bitlocker", "Microsoft-Windows-BitLocker/BitLocker Management"},
    {"bits-client", "Microsoft-Windows-Bits-Client/Operational"},
    {"capi2", "Microsoft-Windows-CAPI2/Operational"},
    {"certificateservicesclient-lifecycle-system",
     "Microsoft-Windows-CertificateServicesClient-Lifecycle-System/Operational"},
    {"codeintegrity-operational", "Microsoft-Windows-CodeIntegrity/Operational"},
    {"diagnosis-scripted", "Microsoft-Windows-Diagnosis-Scripted/Operational"},
    {"dhcp", "Microsoft-Windows-DHCP-Server/Operational"},
    {"dns-client", "Microsoft-Windows-DNS Client Events/Operational"},
    {"dns-client", "Microsoft-Windows-DNS-Client/Operational"},
    {"dns-server", "DNS Server"},
    {"dns-server-analytic", "Microsoft-Windows-DNS-Server/Analytical"},
    {"dns-server-audit", "Microsoft-Windows-DNS-Server/Audit"},
    {"driver-framework", "Microsoft-Windows-DriverFrameworks-UserMode/Operational"},
    {"firewall-as", "Microsoft-Windows-Windows Firewall With Advanced Security/Firewall"},
    {"hyper-v-worker", "Microsoft-Windows-Hyper-V-Worker"},
    {"iis-configuration", "Microsoft-IIS-Configuration/Operational"},
    {"kernel-event-tracing", "Microsoft-Windows-Kernel-EventTracing"},
    {"kernel-shimengine", "Microsoft-Windows-Kernel-ShimEngine/Operational"},
    {"kernel-shimengine", "Microsoft-Windows-Kernel-ShimEngine/Diagnostic"},
    {"ldap", "Microsoft-Windows-LDAP-Client/Debug"},
    {"ldap_debug", "Microsoft-Windows-LDAP-Client/Debug"},
    {"lsa-server", "Microsoft-Windows-LSA/Operational"},
    {"microsoft-servicebus-client", "Microsoft-ServiceBus-Client"},
    {"msexchange-management", "MSExchange Management"},
    {"ntfs", "Microsoft-Windows-Ntfs/Operational"},
    {"ntlm", "Microsoft-Windows-NTLM/Operational"},
    {"openssh", "OpenSSH/Operational"},
    {"powershell", "Microsoft-Windows-PowerShell/Operational"},
    {"powershell", "PowerShellCore/Operational"},
    {"powershell-classic", "Windows PowerShell"},
    {"printservice-admin", "Microsoft-Windows-PrintService/Admin"},
    {"printservice-operational", "Microsoft-Windows-PrintService/Operational"},
    {"security", "Security"},
    {"security-mitigations", "Microsoft-Windows-Security-Mitigations/Kernel Mode"},
    {"security-mitigations", "Microsoft-Windows-Security-Mitigations/User Mode"},
    {"shell-core", "Microsoft-Windows-Shell-Core/Operational"},
    {"smbclient-connectivity", "Microsoft-Windows-SmbClient/Connectivity"},
    {"smbclient-security", "Microsoft-Windows-SmbClient/Security"},
    {"smbserver-connectivity", "Microsoft-Windows-SMBServer/Connectivity"},
    {"sysmon", "Microsoft-Windows-Sysmon/Operational"},
    {"system", "System"},
    {"taskscheduler", "Microsoft-Windows-TaskScheduler/Operational"},
    {"terminalservices-localsessionmanager",
     "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational"},
    {"vhdmp", "Microsoft-Windows-VHDMP/Operational"},
    {"windefend", "Microsoft-Windows-Windows Defender/Operational"},
    {"wmi", "Microsoft-Windows-WMI-Activity/Operational"},
};

constexpr std::size_t kServiceCount = std::size(kServices);
constexpr std::size_t kPlatformCount = static_cast<std::size_t>(Platform::other) + 1;

/// 1 + the first row with that channel, 0 if there is none.
std::uint16_t number_of_channel(std::string_view channel) {
  for (std::size_t row = 0; row < kServiceCount; ++row) {
    if (equals_ignore_case_ascii(kServices[row].channel, channel)) {
      return static_cast<std::uint16_t>(row + 1);
    }
  }
  return 0;
}

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

bool covers_product(std::string_view product, Platform platform) {
  return platform != Platform::unknown && product == to_string(platform);
}

bool covers_service(std::string_view service, std::uint16_t channel) {
  if (channel == 0) {
    return false;
  }
  const std::string_view name = kServices[channel - 1].channel;
  return std::ranges::any_of(kServices, [&](const ServiceRow& row) {
    return row.service == service && row.channel == name;
  });
}

}  // namespace

std::size_t EventKind::number() const {
  return (static_cast<std::size_t>(type) * kPlatformCount + static_cast<std::size_t>(platform)) *
             (kServiceCount + 1) +
         channel;
}

std::size_t event_kind_count() {
  return kEventTypeCount * kPlatformCount * (kServiceCount + 1);
}

EventKind EventKinds::kind_of(const Event& event) {
  const std::string_view channel = event.field(FieldId::channel);
  if (channel.empty()) {
    return {.type = event.type, .platform = event.platform, .channel = 0};
  }
  const std::size_t hash = channel.size() +
                           static_cast<unsigned char>(channel.back()) * std::size_t{31} +
                           static_cast<unsigned char>(channel.front()) * std::size_t{7};
  Channel& known = channels_[hash % kRemembered];
  if (channel != known.name) {
    known.name.assign(channel);
    known.number = number_of_channel(channel);
  }
  return {.type = event.type, .platform = event.platform, .channel = known.number};
}

bool covers(const LogSource& log_source, const EventKind& kind) {
  return (log_source.category.empty() || covers_category(log_source.category, kind.type)) &&
         (log_source.product.empty() || covers_product(log_source.product, kind.platform)) &&
         (log_source.service.empty() || covers_service(log_source.service, kind.channel));
}

bool is_windows_service(std::string_view service) {
  return std::ranges::any_of(kServices,
                             [&](const ServiceRow& row) { return row.service == service; });
}

}  // namespace spoor
