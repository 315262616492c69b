#include "parsers/windows/windows.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include "engine/base/text.h"
#include "engine/base/time.h"
#include "engine/base/uid.h"
#include "parsers/convert.h"

namespace spoor {
namespace {

/// A field that a channel has under another name than Sigma's category gives it.
struct Rename {
  std::string_view from;
  FieldId to = FieldId::count;
  Convert convert = Convert::none;
};

// Security 4688. ProcessId is the creator's.
constexpr Rename kProcessCreated[] = {
    {"NewProcessName", FieldId::image},
    {"NewProcessId", FieldId::process_id, Convert::hex_number},
    {"ParentProcessName", FieldId::parent_image},
    {"ProcessId", FieldId::parent_process_id, Convert::hex_number},
    {"MandatoryLabel", FieldId::integrity_level, Convert::integrity_sid},
    {"SubjectLogonId", FieldId::logon_id},
};

constexpr Rename kProcessExited[] = {
    {"ProcessName", FieldId::image},
    {"ProcessId", FieldId::process_id, Convert::hex_number},
};

constexpr Rename kServiceInstalled[] = {{"ServiceFileName", FieldId::image_path}};

// Defender's names have blanks in them.
constexpr Rename kThreatFound[] = {
    {"Threat Name", FieldId::threat_name}, {"Threat Name", FieldId::signature},
    {"Severity Name", FieldId::severity},  {"Path", FieldId::path},
    {"Process Name", FieldId::image},      {"Detection User", FieldId::user},
};

struct ChannelRow {
  std::string_view channel;
  std::uint16_t first = 0;
  std::uint16_t last = 0;
  EventType type = EventType::other;
  std::span<const Rename> renames;
};

constexpr std::string_view kSecurity = "Security";
constexpr std::string_view kPowerShell = "Microsoft-Windows-PowerShell/Operational";
constexpr std::string_view kPowerShellCore = "PowerShellCore/Operational";
constexpr std::string_view kClassicPowerShell = "Windows PowerShell";
constexpr std::string_view kDefender = "Microsoft-Windows-Windows Defender/Operational";
constexpr std::string_view kTasks = "Microsoft-Windows-TaskScheduler/Operational";

constexpr ChannelRow kChannels[] = {
    {kSecurity, 4688, 4688, EventType::process_creation, kProcessCreated},
    {kSecurity, 4689, 4689, EventType::process_termination, kProcessExited},
    {kSecurity, 4624, 4625, EventType::logon, {}},
    {kSecurity, 4648, 4648, EventType::logon, {}},
    {kSecurity, 4634, 4634, EventType::logoff, {}},
    {kSecurity, 4647, 4647, EventType::logoff, {}},
    {kSecurity, 4697, 4697, EventType::service, kServiceInstalled},
    {kSecurity, 4698, 4702, EventType::scheduled_task, {}},
    {"System", 7045, 7045, EventType::service, {}},
    {kPowerShell, 4103, 4103, EventType::ps_module, {}},
    {kPowerShell, 4104, 4104, EventType::ps_script, {}},
    {kPowerShellCore, 4103, 4103, EventType::ps_module, {}},
    {kPowerShellCore, 4104, 4104, EventType::ps_script, {}},
    {kClassicPowerShell, 400, 400, EventType::ps_classic_start, {}},
    {kClassicPowerShell, 600, 600, EventType::ps_classic_provider_start, {}},
    {kClassicPowerShell, 800, 800, EventType::ps_classic_script, {}},
    {kDefender, 1006, 1019, EventType::antivirus, kThreatFound},
    {kDefender, 1115, 1119, EventType::antivirus, kThreatFound},
    {kTasks, 106, 106, EventType::scheduled_task, {}},
    {kTasks, 140, 142, EventType::scheduled_task, {}},
};

const ChannelRow* find_channel(std::string_view channel, std::string_view id_text) {
  std::uint16_t id = 0;
  const auto [end, error] = std::from_chars(id_text.data(), id_text.data() + id_text.size(), id);
  if (error != std::errc{} || end != id_text.data() + id_text.size()) {
    return nullptr;
  }
  const auto* row = std::ranges::find_if(kChannels, [&](const ChannelRow& candidate) {
    return candidate.first <= id && id <= candidate.last &&
           equals_ignore_case_ascii(candidate.channel, channel);
  });
  return row == std::ranges::end(kChannels) ? nullptr : row;
}

/// Finds the event's own fields by name in what was read, whatever the rules want of it. The
/// carriages put them at different depths and under different spellings.
class FieldFinder {
 public:
  FieldFinder(WindowsCarriage carriage, const WindowsRecord& record, ParseContext& context)
      : carriage_(carriage),
        document_(record.data_document == nullptr ? context.document : *record.data_document),
        root_(record.data_document == nullptr ? record.root : record.data),
        scratch_(context.scratch) {}

  /// The first value of that name, or an absent view.
  [[nodiscard]] std::string_view find(std::string_view name) const {
    // Elsewhere a name is its key: most differ in their sizes.
    const bool has_spellings =
        carriage_ == WindowsCarriage::wazuh || carriage_ == WindowsCarriage::flattened;
    const NodeIndex end = document_.node(root_).end;
    for (NodeIndex index = root_; index < end; ++index) {
      const Node& node = document_.node(index);
      if ((has_spellings || node.key_size == name.size()) && node.key != nullptr &&
          is_name(node.raw_key(), name)) {
        const std::string_view value = text_of(node, scratch_);
        return carriage_ == WindowsCarriage::wazuh ? unescape_wazuh(value, scratch_) : value;
      }
    }
    return {};
  }

 private:
  [[nodiscard]] bool is_name(std::string_view key, std::string_view name) const {
    if (key == name || key.size() < name.size()) {
      return key == name;
    }
    switch (carriage_) {
      case WindowsCarriage::wazuh:
        return key.size() == name.size() && key.substr(1) == name.substr(1) &&
               (key.front() | 0x20) == (name.front() | 0x20);
      case WindowsCarriage::flattened: {
        const char before = key.size() == name.size() ? '\0' : key[key.size() - name.size() - 1];
        return (before == '.' || before == '_') && key.ends_with(name);
      }
      default: return false;
    }
  }

  WindowsCarriage carriage_;
  const Document& document_;
  NodeIndex root_;
  Scratch& scratch_;
};

void apply_renames(std::span<const Rename> renames,
                   const FieldFinder& finder,
                   ParseContext& context) {
  // All are looked up before any is set: ProcessId is both read and written.
  constexpr std::size_t kRenamesMax = 8;
  std::array<std::string_view, kRenamesMax> values;
  for (std::size_t i = 0; i < renames.size(); ++i) {
    const std::string_view value = finder.find(renames[i].from);
    if (value.data() != nullptr) {
      values[i] = convert(renames[i].convert, value, context.scratch);
    }
  }
  for (std::size_t i = 0; i < renames.size(); ++i) {
    if (values[i].data() != nullptr && context.filter.wants(renames[i].to)) {
      context.event.unset(renames[i].to);
      set_field(renames[i].to, values[i], context.scratch, context.event);
    }
  }
}

/// "ACME\jdoe" from the two fields that Security has.
void set_subject(const FieldFinder& finder, ParseContext& context) {
  const std::string_view name = finder.find("SubjectUserName");
  const std::string_view domain = finder.find("SubjectDomainName");
  if (!name.empty() && name != "-" && !context.event.has(FieldId::user)) {
    std::string& user = context.scratch.text();
    user.append(domain).append(domain.empty() ? "" : "\\").append(name);
    context.event.set(FieldId::user, context.scratch.copy(user));
  }
}

/// Classic PowerShell's values have no names, and NXLog leaves them out; the rendered text holds
/// them. Sigma's rules look for a part of Data.
void set_nameless_data(const FieldFinder& finder,
                       const WindowsRecord& record,
                       ParseContext& context) {
  constexpr std::string_view kName = "Data";
  if (record.message == kNoNode || !context.filter.wants_extra(kName) ||
      finder.find(kName).data() != nullptr) {
    return;
  }
  const std::string_view text = text_of(context.document.node(record.message), context.scratch);
  if (!text.empty()) {
    set_extra(kName, text, context.event);
  }
}

/// What tells a new process from others: its pid, and when it started.
Uid new_process_key(const ProcessMention& process) {
  std::uint32_t pid = 0;
  const char* const end = process.pid.data() + process.pid.size();
  const bool has_pid =
      !process.pid.empty() && std::from_chars(process.pid.data(), end, pid).ptr == end;
  return has_pid && !basename_of(process.image).empty()
             ? named_process_key(pid, process.start, process.image)
             : Uid{};
}

/// The process that a 4688 or 4689 tells of. That which ends is known by its pid alone.
void set_mentions(ParseContext& context) {
  Event& event = context.event;
  event.actor.pid = event.field(FieldId::process_id);
  event.actor.image = event.field(FieldId::image);
  event.actor.user = event.field(FieldId::user);
  if (event.type == EventType::process_creation) {
    event.actor.command_line = event.field(FieldId::command_line);
    event.parent.pid = event.field(FieldId::parent_process_id);
    event.parent.image = event.field(FieldId::parent_image);
    if (!event.time_suspect) {
      event.actor.start = event.time;
      event.actor.start_is_exact = true;
      event.actor.key = new_process_key(event.actor);
    }
  }
}

/// The pid of the process that wrote the event, as Windows' Execution has it; an absent view if the
/// carriage does not.
std::string_view execution_pid(const WindowsRecord& record, ParseContext& context) {
  const Document& document = context.document;
  NodeIndex place = record.execution;
  for (const std::string_view key : {"#attributes", "ProcessID", "pid"}) {
    if (place != kNoNode && document.node(place).kind == NodeKind::object) {
      const NodeIndex inner = document.find(place, key);
      place = inner == kNoNode ? place : inner;
    }
  }
  return place == kNoNode ? std::string_view() : text_of(document.node(place), context.scratch);
}

/// Who acted, where the event tells no more than the pid. PowerShell writes its events itself;
/// those of Security are all written by the kernel or LSASS, and name who they are about.
void set_actor_pid(const FieldFinder& finder, const WindowsRecord& record, ParseContext& context) {
  Event& event = context.event;
  std::string_view pid;
  if (equals_ignore_case_ascii(record.channel, kSecurity)) {
    pid = convert(Convert::hex_number, finder.find("ProcessId"), context.scratch);
  } else if (event.type == EventType::ps_script || event.type == EventType::ps_module) {
    pid = execution_pid(record, context);
  }
  if (!pid.empty() && pid != "0") {
    event.actor.pid = pid;
  }
}

/// Of the content, whatever order the keys stand in: the sum of the fields' hashes. All fields
/// count, whatever the rules want, so they are read once more: few records have no number.
Uid content_uid(WindowsCarriage carriage, const WindowsRecord& record, ParseContext& context) {
  static const FieldFilter kEverything(Projection::everything());
  Event whole;
  ParseContext again{context.document, kEverything, context.scratch, whole,
                     context.plans,    context.logs};
  WindowsRecord ignored;
  read_windows_record(carriage, record.root, again, ignored);
  if (record.data_document != nullptr) {
    ParseContext data{*record.data_document, kEverything, context.scratch, whole,
                      context.plans,         context.logs};
    read_event_data(record.data, data, ignored);
  }
  Uid sum;
  UidBuilder builder;
  const auto add = [&](std::string_view name, std::string_view value) {
    builder.clear();
    const Uid one = builder.add(name).add(value).finish();
    sum.high += one.high;
    sum.low += one.low;
  };
  whole.fields().for_each([&](FieldId id) { add(field_name(id), whole.field(id)); });
  for (const ExtraField& extra : whole.extra) {
    add(extra.name, extra.value);
  }
  if (ignored.nested != kNoNode) {
    add("nested", text_of(context.document.node(ignored.nested), context.scratch));
  }
  return UidBuilder()
      .add("windows content")
      .add(context.event.host)
      .add(to_lower_ascii(record.channel))
      .add(record.event_id)
      .add(record.system_time)
      .add(sum.high)
      .add(sum.low)
      .finish();
}

/// "sysmon:pc042.acme.example:184302", "windows:pc042:Security:17": without the number.
void set_event_uid_front(WindowsLog& log, Scratch& scratch) {
  log.event_uid_front.assign(to_string(log.source))
      .append(":")
      .append(lower(log.computer, scratch))
      .append(":");
  if (log.source != Source::sysmon) {
    log.event_uid_front.append(log.channel).append(":");
  }
}

/// The log that the record is from.
WindowsLog& log_of(const WindowsRecord& record, ParseContext& context) {
  const Source source = context.event.source;
  WindowsLog& log = context.logs.place_of(record.computer, record.channel, source);
  const bool is_it = log.is_made && log.computer == record.computer &&
                     log.channel == record.channel && log.source == source;
  // Where more machines send than there are places this is done for most events: it allocates
  // nothing.
  if (!is_it) {
    log.computer = record.computer;
    log.channel = record.channel;
    log.source = source;
    log.host = host_key_of(record.computer, context.scratch);
    set_event_uid_front(log, context.scratch);
    log.uid.clear();
    log.uid.add("windows record").add(log.host).add(lower(log.channel, context.scratch));
    log.uid_front = log.uid.size();
    log.is_made = true;
  }
  return log;
}

void set_uid(WindowsCarriage carriage,
             const WindowsRecord& record,
             bool includes_time,
             WindowsLog& log,
             ParseContext& context) {
  Event& event = context.event;
  if (record.record_id.empty()) {
    event.uid = content_uid(carriage, record, context);
    return;
  }
  log.uid.forget_behind(log.uid_front);
  log.uid.add(record.event_id).add(record.record_id);
  if (includes_time) {
    log.uid.add(static_cast<std::uint64_t>(event.time));
  }
  event.uid = log.uid.finish();
  event.vendor_event_uid = context.scratch.join({log.event_uid_front, record.record_id});
}

/// The carriage's creation time. Fluent Bit has a blank before the zone: "2023-03-14 10:13:42
/// +0100".
std::optional<Timestamp> parse_system_time(std::string_view text, Scratch& scratch) {
  constexpr std::size_t kZone = std::string_view("2023-03-14 10:13:42").size();
  if (text.size() <= kZone || text[kZone] != ' ') {
    return parse_timestamp(text);
  }
  std::string& joined = scratch.text();
  joined.append(text.substr(0, kZone)).append(text.substr(kZone + 1));
  return parse_timestamp(joined);
}

/// The envelope's own values win over data fields of the same name.
void set_envelope(FieldId id, std::string_view value, Event& event) {
  if (!value.empty()) {
    event.set(id, value);
  }
}

}  // namespace

void finish_windows_event(WindowsCarriage carriage,
                          const WindowsRecord& record,
                          bool uid_includes_time,
                          ParseContext& context) {
  Event& event = context.event;
  event.carriage = to_string(carriage);
  event.vendor_type = record.event_id;
  event.set(FieldId::event_id, record.event_id);
  event.set(FieldId::computer, record.computer);
  set_envelope(FieldId::channel, record.channel, event);
  set_envelope(FieldId::provider_name, record.provider, event);
  event.hostname = record.computer;
  WindowsLog& log = log_of(record, context);
  context.set_host(log.host);
  std::optional<Timestamp> time = parse_timestamp(event.field(FieldId::utc_time));
  if (!time) {
    time = parse_system_time(record.system_time, context.scratch);
    event.time_suspect = !time || record.time_may_be_local;
  }
  set_event_time(time, event);
  set_uid(carriage, record, uid_includes_time, log, context);
}

std::string_view unescape_wazuh(std::string_view value, Scratch& scratch) {
  if (value.find('\\') == std::string_view::npos) {
    return value;
  }
  std::string& plain = scratch.text();
  for (std::size_t at = 0; at < value.size(); ++at) {
    if (value[at] == '\\') {
      ++at;
      if (at == value.size() || (value[at] != '\\' && value[at] != '"')) {
        return value;
      }
    }
    plain.push_back(value[at]);
  }
  return scratch.copy(plain);
}

void unescape_wazuh_fields(ParseContext& context) {
  Event& event = context.event;
  const FieldSet fields = event.fields();
  fields.for_each([&](FieldId id) {
    const std::string_view original = event.original(id);
    const std::string_view value = original.data() == nullptr ? event.field(id) : original;
    const std::string_view plain = unescape_wazuh(value, context.scratch);
    if (plain.data() != value.data()) {
      std::erase_if(event.originals, [id](const OriginalValue& kept) { return kept.field == id; });
      event.unset(id);
      set_field(id, plain, context.scratch, event);
    }
  });
  for (ExtraField& extra : event.extra) {
    extra.value = unescape_wazuh(extra.value, context.scratch);
  }
}

EventType windows_event_type(std::string_view channel, std::string_view event_id) {
  const ChannelRow* row = find_channel(channel, event_id);
  return row == nullptr ? EventType::other : row->type;
}

void parse_windows_channel(WindowsCarriage carriage,
                           const WindowsRecord& record,
                           ParseContext& context) {
  Event& event = context.event;
  event.source = Source::windows;
  event.platform = Platform::windows;
  if (carriage == WindowsCarriage::wazuh) {
    unescape_wazuh_fields(context);
  }
  finish_windows_event(carriage, record, false, context);
  const ChannelRow* row = find_channel(record.channel, record.event_id);
  event.type = row == nullptr ? event.type : row->type;
  const FieldFinder finder(carriage, record, context);
  set_actor_pid(finder, record, context);
  if (row == nullptr) {
    return;
  }
  if (event.type == EventType::ps_classic_start ||
      event.type == EventType::ps_classic_provider_start ||
      event.type == EventType::ps_classic_script) {
    set_nameless_data(finder, record, context);
  }
  apply_renames(row->renames, finder, context);
  if (event.type == EventType::process_creation || event.type == EventType::process_termination) {
    set_subject(finder, context);
    set_mentions(context);
  }
}

}  // namespace spoor
