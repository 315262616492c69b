#include "parsers/marks.h"

#include <span>

#include "parsers/key_table.h"

namespace spoor {
namespace {

struct MarkRow {
  std::string_view key;
  Mark mark = Mark::count;
};

constexpr MarkRow kRows[] = {
    {"event_simpleName", Mark::event_simple_name},
    {"#event_simpleName", Mark::event_simple_name},
    {"ExternalApiType", Mark::external_api_type},
    {"metadata", Mark::metadata},
    {"aid", Mark::aid},
    {"cid", Mark::cid},
    // Rows of the look-up tables that have no aid of their own.
    {"discoverer_aid", Mark::aid},
    {"UserSid_readable", Mark::aid},
    {"i.scheme", Mark::s1_scheme},
    {"meta.event.name", Mark::s1_scheme},
    {"dataSource.name", Mark::s1_scheme},
    {"event.type", Mark::s1_scheme},
    {"agent.uuid", Mark::s1_scheme},
    {"src", Mark::s1_nested},
    {"tgt", Mark::s1_nested},
    {"dataSource", Mark::s1_nested},
    {"endpoint", Mark::s1_nested},
    {"eventType", Mark::dv_event_type},
    {"EventType", Mark::dv_event_type},
    {"srcProcUid", Mark::dv_process},
    {"srcProcPid", Mark::dv_process},
    {"srcProcName", Mark::dv_process},
    {"srcProcImagePath", Mark::dv_process},
    {"processUniqueKey", Mark::dv_process},
    {"agentUuid", Mark::dv_process},
    {"SrcProcUid", Mark::dv_process},
    {"SrcProcPid", Mark::dv_process},
    {"SrcProcName", Mark::dv_process},
    {"SrcProcImagePath", Mark::dv_process},
    {"ProcessUniqueKey", Mark::dv_process},
    {"AgentUuid", Mark::dv_process},
    {"threatInfo", Mark::threat_info},
    {"alertInfo", Mark::alert_info},
    {"activityType", Mark::activity_type},
    {"agentId", Mark::s1_agent},
    {"computerName", Mark::s1_agent},
    {"siteId", Mark::s1_agent},
    // An agent's own record has no type: this key is in no other.
    {"isDecommissioned", Mark::activity_type},
    // Panther folds the management API's keys.
    {"threatinfo", Mark::threat_info},
    {"alertinfo", Mark::alert_info},
    {"activitytype", Mark::activity_type},
    {"agentid", Mark::s1_agent},
    {"computername", Mark::s1_agent},
    {"siteid", Mark::s1_agent},
    {"processCreation", Mark::cloud_funnel_1},
    {"tcpv4", Mark::cloud_funnel_1},
    {"fileCreation", Mark::cloud_funnel_1},
    {"Event", Mark::xml_event},
    {"winlog", Mark::winlog},
    {"log_name", Mark::log_name},
    {"event_id", Mark::lower_event_id},
    {"event_data", Mark::lower_event_data},
    {"provider_name", Mark::lower_provider_name},
    {"Channel", Mark::channel},
    {"SourceName", Mark::source_name},
    {"EventID", Mark::event_id},
    {"Hostname", Mark::hostname},
    {"Computer", Mark::computer},
    {"SourceModuleType", Mark::source_module},
    {"EventReceivedTime", Mark::received_time},
    {"ProviderName", Mark::provider_name},
    {"StringInserts", Mark::string_inserts},
    {"Provider", Mark::provider},
    {"Type", Mark::type},
    {"EventData", Mark::event_data},
    {"properties", Mark::properties},
    {"category", Mark::category},
    {"Source", Mark::source},
    {"event", Mark::event},
    {"message", Mark::message},
    {"log", Mark::log},
    {"body", Mark::body},
    {"SyslogMessage", Mark::syslog_message},
    {"MESSAGE", Mark::journal_message},
    {"result", Mark::result},
    {"_raw", Mark::raw},
    {"RawXml", Mark::raw},
    {"_source", Mark::elastic_source},
    {"records", Mark::records},
    {"data", Mark::data},
    {"document", Mark::document},
    {"p_log_type", Mark::panther},
    {"win", Mark::win},
    {"system", Mark::wazuh_system},
    {"eventdata", Mark::wazuh_data},
};

struct PrefixRow {
  std::string_view prefix;
  Mark mark;
};

constexpr PrefixRow kPrefixes[] = {
    {"src.process.", Mark::s1_dotted},       {"tgt.process.", Mark::s1_dotted},
    {"winlog_event_data_", Mark::flattened}, {"winlog.event_data.", Mark::flattened},
    {"event_data.", Mark::flattened},        {"EventData.", Mark::flattened},
    {"EventData_", Mark::flattened},         {"Event.EventData.", Mark::flattened},
};

/// The second letter of the prefixes: most keys are turned away by it.
constexpr bool may_have_prefix(std::string_view key) {
  return key.size() > 11 && (key[1] == 'r' || key[1] == 'g' || key[1] == 'i' || key[1] == 'v');
}

}  // namespace

Marks marks_of(std::string_view key) {
  static const KeyTable<MarkRow> kTable{std::span<const MarkRow>(kRows)};
  const MarkRow* row = kTable.find(key);
  if (row != nullptr) {
    return bit(row->mark);
  }
  if (may_have_prefix(key)) {
    for (const PrefixRow& prefix : kPrefixes) {
      if (key.starts_with(prefix.prefix)) {
        return bit(prefix.mark);
      }
    }
  }
  return 0;
}

}  // namespace spoor
