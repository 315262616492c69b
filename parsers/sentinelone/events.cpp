#include "parsers/sentinelone/events.h"

#include <array>
#include <span>

#include "parsers/key_table.h"

namespace spoor {
namespace {

// Cloud Funnel's and Deep Visibility's event.type, and meta.event.name, which alerts use for it.
// Windows Event Log Creation, Group Creation and what is not named here are EventType::other. So
// are the registry events that Sysmon does not have: exported, imported, security changed.
constexpr S1EventRow kEvents[] = {
    {"processcreation", EventType::process_creation, S1Topic::new_process},
    {"processexit", EventType::process_termination},
    {"processtermination", EventType::process_termination},
    {"openremoteprocesshandle", EventType::process_access, S1Topic::other_process},
    {"duplicateprocesshandle", EventType::process_access, S1Topic::other_process},
    {"duplicatethreadhandle", EventType::process_access, S1Topic::other_process},
    {"openprocess", EventType::process_access, S1Topic::other_process},
    {"duplicateprocess", EventType::process_access, S1Topic::other_process},
    {"duplicatethread", EventType::process_access, S1Topic::other_process},
    {"remotethreadcreation", EventType::create_remote_thread, S1Topic::other_process},
    {"remotethread", EventType::create_remote_thread, S1Topic::other_process},
    {"moduleload", EventType::image_load, S1Topic::module},
    {"driverload", EventType::driver_load, S1Topic::driver},
    {"filecreation", EventType::file_event, S1Topic::file},
    {"filemodification", EventType::file_modify, S1Topic::file},
    {"filedeletion", EventType::file_delete, S1Topic::file},
    {"filedelete", EventType::file_delete, S1Topic::file},
    {"filerename", EventType::file_rename, S1Topic::file},
    {"filescan", EventType::file_access, S1Topic::file},
    {"registrykeycreate", EventType::registry_add, S1Topic::registry, "CreateKey"},
    {"regkeycreate", EventType::registry_add, S1Topic::registry, "CreateKey"},
    {"registrykeydelete", EventType::registry_delete, S1Topic::registry, "DeleteKey"},
    {"regkeydelete", EventType::registry_delete, S1Topic::registry, "DeleteKey"},
    {"registrykeyrename", EventType::registry_rename, S1Topic::registry, "RenameKey"},
    {"regkeyrename", EventType::registry_rename, S1Topic::registry, "RenameKey"},
    {"registrykeyexport", EventType::other, S1Topic::registry},
    {"registrykeyimport", EventType::other, S1Topic::registry},
    {"registrykeysecuritychanged", EventType::other, S1Topic::registry},
    {"regkeyexport", EventType::other, S1Topic::registry},
    {"regkeyimport", EventType::other, S1Topic::registry},
    {"regkeysecuritychanged", EventType::other, S1Topic::registry},
    {"registryvaluecreate", EventType::registry_set, S1Topic::registry, "SetValue"},
    {"registryvaluemodified", EventType::registry_set, S1Topic::registry, "SetValue"},
    {"registryvaluedelete", EventType::registry_delete, S1Topic::registry, "DeleteValue"},
    {"regvaluecreate", EventType::registry_set, S1Topic::registry, "SetValue"},
    {"regvaluemodified", EventType::registry_set, S1Topic::registry, "SetValue"},
    {"regvaluedelete", EventType::registry_delete, S1Topic::registry, "DeleteValue"},
    {"ipconnect", EventType::network_connection, S1Topic::network},
    {"iplisten", EventType::network_listen, S1Topic::network},
    {"tcpv4", EventType::network_connection, S1Topic::network, "tcp"},
    {"tcpv6", EventType::network_connection, S1Topic::network, "tcp"},
    {"udpv4", EventType::network_connection, S1Topic::network, "udp"},
    {"udpv6", EventType::network_connection, S1Topic::network, "udp"},
    {"tcpv4listen", EventType::network_listen, S1Topic::network, "tcp"},
    {"tcpv6listen", EventType::network_listen, S1Topic::network, "tcp"},
    {"dnsresolved", EventType::dns_query, S1Topic::dns, "0"},
    {"dnsunresolved", EventType::dns_query, S1Topic::dns},
    {"dns", EventType::dns_query, S1Topic::dns},
    {"get", EventType::http_request, S1Topic::http, "GET"},
    {"post", EventType::http_request, S1Topic::http, "POST"},
    {"put", EventType::http_request, S1Topic::http, "PUT"},
    {"head", EventType::http_request, S1Topic::http, "HEAD"},
    {"connect", EventType::http_request, S1Topic::http, "CONNECT"},
    {"options", EventType::http_request, S1Topic::http, "OPTIONS"},
    {"delete", EventType::http_request, S1Topic::http, "DELETE"},
    {"patch", EventType::http_request, S1Topic::http, "PATCH"},
    {"trace", EventType::http_request, S1Topic::http, "TRACE"},
    {"http", EventType::http_request, S1Topic::http},
    {"url", EventType::http_request, S1Topic::http},
    {"commandscript", EventType::script, S1Topic::script},
    {"scripts", EventType::script, S1Topic::script},
    {"taskstart", EventType::scheduled_task, S1Topic::task},
    {"taskdelete", EventType::scheduled_task, S1Topic::task},
    {"taskupdate", EventType::scheduled_task, S1Topic::task},
    {"taskregister", EventType::scheduled_task, S1Topic::task},
    {"tasktrigger", EventType::scheduled_task, S1Topic::task},
    {"scheduledtaskstart", EventType::scheduled_task, S1Topic::task},
    {"scheduledtaskdelete", EventType::scheduled_task, S1Topic::task},
    {"scheduledtaskupdate", EventType::scheduled_task, S1Topic::task},
    {"scheduledtaskregister", EventType::scheduled_task, S1Topic::task},
    {"scheduledtasktrigger", EventType::scheduled_task, S1Topic::task},
    {"schedtaskstart", EventType::scheduled_task, S1Topic::task},
    {"schedtaskdelete", EventType::scheduled_task, S1Topic::task},
    {"schedtaskupdate", EventType::scheduled_task, S1Topic::task},
    {"schedtaskregister", EventType::scheduled_task, S1Topic::task},
    {"schedtasktrigger", EventType::scheduled_task, S1Topic::task},
    {"namedpipecreation", EventType::pipe_created, S1Topic::pipe},
    {"namedpipeconnection", EventType::pipe_created, S1Topic::pipe},
    {"login", EventType::logon, S1Topic::login},
    {"winlogonattempt", EventType::logon, S1Topic::login},
    {"logout", EventType::logoff, S1Topic::login},
    {"winlogoff", EventType::logoff, S1Topic::login},
    {"behavioralindicators", EventType::antivirus, S1Topic::detection},
    {"preexecutiondetection", EventType::antivirus, S1Topic::detection},
    {"threatintelligenceindicators", EventType::antivirus, S1Topic::detection},
    {"threatintel", EventType::antivirus, S1Topic::detection},
};

constexpr S1EventRow kOther = {"", EventType::other};

}  // namespace

const S1EventRow& find_s1_event(std::string_view type) {
  static const KeyTable<S1EventRow> kTable{std::span<const S1EventRow>(kEvents)};
  constexpr std::size_t kTypeMax = 64;
  std::array<char, kTypeMax> plain{};
  std::size_t size = 0;
  for (const char c : type) {
    if (c == ' ') {
      continue;
    }
    if (size == plain.size()) {
      return kOther;
    }
    plain[size++] = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  }
  const S1EventRow* row = kTable.find(std::string_view(plain.data(), size));
  return row == nullptr ? kOther : *row;
}

}  // namespace spoor
