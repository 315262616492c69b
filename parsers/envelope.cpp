#include "parsers/envelope.h"

namespace spoor {
namespace {

constexpr Marks all(std::initializer_list<Mark> marks) {
  Marks bits = 0;
  for (const Mark mark : marks) {
    bits |= bit(mark);
  }
  return bits;
}

struct FormRow {
  Form form = Form::unknown;
  Marks every = 0;  ///< All of these keys are there,
  Marks some = 0;   ///< at least one of these (if any are named),
  Marks none = 0;   ///< and none of these.
};

constexpr FormRow kForms[] = {
    {Form::fdr, all({Mark::event_simple_name})},
    {Form::falcon_stream, all({Mark::metadata, Mark::event})},
    {Form::fdr_external, all({Mark::external_api_type})},
    {Form::wrapper, all({Mark::event}), all({Mark::panther, Mark::aid})},
    {Form::cloud_funnel, all({Mark::s1_dotted})},
    {Form::cloud_funnel, all({Mark::s1_scheme})},
    {Form::management_api, 0, all({Mark::threat_info, Mark::alert_info})},
    {Form::management_api, all({Mark::activity_type, Mark::s1_agent})},
    {Form::deep_visibility, all({Mark::dv_event_type, Mark::dv_process})},
    {Form::cloud_funnel_1, all({Mark::cloud_funnel_1})},
    {Form::evtx, all({Mark::xml_event})},
    {Form::winlogbeat, all({Mark::winlog})},
    {Form::winlogbeat6, all({Mark::log_name, Mark::lower_event_id})},
    {Form::vector, all({Mark::lower_event_id, Mark::lower_event_data}),
     all({Mark::lower_provider_name})},
    {Form::wazuh, all({Mark::wazuh_system, Mark::wazuh_data})},
    {Form::flattened, all({Mark::flattened})},
    {Form::nxlog, all({Mark::event_id, Mark::hostname}),
     all({Mark::source_module, Mark::received_time})},
    {Form::flat_export, all({Mark::event_id, Mark::hostname}),
     all({Mark::channel, Mark::source_name})},
    {Form::fluent_bit, all({Mark::event_id, Mark::computer, Mark::provider_name})},
    {Form::event_table, all({Mark::event_id, Mark::computer, Mark::event_data, Mark::source})},
    {Form::log_analytics, all({Mark::event_id, Mark::computer, Mark::event_data})},
    {Form::cloud_funnel_nested, all({Mark::s1_nested}), 0,
     all({Mark::message, Mark::log, Mark::raw})},
    {Form::fdr_lookup, all({Mark::aid, Mark::cid})},
    {Form::wrapper, 0,
     all({Mark::event, Mark::message, Mark::log, Mark::body, Mark::syslog_message,
          Mark::journal_message, Mark::result, Mark::raw, Mark::elastic_source, Mark::records,
          Mark::properties, Mark::data, Mark::document, Mark::win})},
};

// "message" first: a Beat that ships lines has objects of its own under "event" and "log".
constexpr std::string_view kWrapperKeys[] = {
    "message", "event",   "result", "_raw",       "_source", "SyslogMessage", "MESSAGE",  "log",
    "body",    "records", "RawXml", "properties", "data",    "win",           "document",
};

}  // namespace

Form recognise(Marks marks) {
  for (const FormRow& row : kForms) {
    const bool fits = (marks & row.every) == row.every &&
                      (row.some == 0 || (marks & row.some) != 0) && (marks & row.none) == 0;
    if (fits) {
      return row.form;
    }
  }
  return Form::unknown;
}

std::span<const std::string_view> wrapper_keys() {
  return kWrapperKeys;
}

}  // namespace spoor
