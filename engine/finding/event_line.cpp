#include "engine/finding/event_line.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "engine/base/text.h"
#include "engine/finding/evidence_view.h"
#include "engine/finding/terminal.h"

namespace spoor {
namespace {

constexpr std::string_view kGap = "  ";
constexpr std::size_t kNarrowest = 40;

/// Columns of each part; 0 leaves it out. What is left of the width is shared by the process and
/// what the event is about.
struct Layout {
  std::size_t width_min;
  std::size_t time_start;  ///< Of "2023-03-14 09:13:42.214".
  std::size_t time;
  std::size_t host;
  std::size_t source;
  std::size_t type;
};

constexpr std::size_t kMonth = 5;  // Where the month stands in a time.

constexpr auto kLayouts = std::to_array<Layout>({
    {150, 0, 23, 15, 20, 20},
    {132, 0, 19, 12, 18, 18},
    {118, kMonth, 14, 10, 16, 18},
    {100, kMonth, 14, 10, 0, 18},
    {70, kMonth, 14, 8, 0, 16},
    {0, kMonth, 14, 0, 0, 10},
});

constexpr std::size_t kProcessColumnsMax = 30;
constexpr std::size_t kSharedColumnsMin = 24;  // Less would show nothing of either.

/// How a line of some width is laid out.
struct Columns {
  explicit Columns(std::size_t wanted) : width(std::max(wanted, kNarrowest)) {
    layout = *std::ranges::find_if(
        kLayouts, [this](const Layout& candidate) { return width >= candidate.width_min; });
    std::size_t used = 0;
    for (const std::size_t columns : {layout.time, layout.host, layout.source, layout.type}) {
      used += columns == 0 ? 0 : columns + kGap.size();
    }
    const std::size_t rest = width - used;
    process = rest < kSharedColumnsMin ? 0 : std::min(kProcessColumnsMax, rest / 2 - 1);
    about = rest - (process == 0 ? 0 : process + kGap.size());
  }

  std::size_t width;
  Layout layout{};
  std::size_t process = 0;
  std::size_t about = 0;
};

class Line {
 public:
  explicit Line(bool color) : color_(color) {}

  void add(std::string_view text, std::size_t columns, Style style) {
    if (columns == 0) {
      return;
    }
    text_.append(text_.empty() ? "" : kGap).append(styled(pad(text, columns), style, color_));
  }

  [[nodiscard]] std::string finish(std::string_view last) {
    text_.append(kGap).append(last);
    text_.erase(text_.find_last_not_of(' ') + 1);
    return std::move(text_).append("\n");
  }

 private:
  std::string text_;
  bool color_;
};

std::string time_cell(const Event& event, const Layout& layout) {
  if (event.time == 0) {
    return "time unknown";
  }
  std::string text = format_timestamp(event.time);  // "2023-03-14T09:13:42.214Z"
  std::ranges::replace(text, 'T', ' ');
  return text.substr(layout.time_start, layout.time);
}

std::string_view first_of(std::string_view a, std::string_view b) {
  return a.empty() ? b : a;
}

/// "3CXDesktopApp.exe (6712)". The pid stands however long the name is.
std::string process_cell(const ProcessMention& process, std::size_t columns) {
  const std::string pid =
      process.pid.empty() ? std::string() : " (" + shown(process.pid, columns / 2) + ")";
  if (process.image.empty() && process.pid.empty()) {
    return process.vendor_uid.empty() ? "-" : shown(process.vendor_uid, columns);
  }
  const std::string_view name = process.image.empty() ? "?" : short_name(process.image);
  return shown(name, columns - std::min(columns, columns_of(pid))) + pid;
}

/// The name of the host where there is one: some vendors' keys are ids.
std::string_view host_name(const Event& event) {
  const std::string_view name = event.hostname;
  if (name.empty() || is_ip_address(name)) {
    return first_of(name, event.host);
  }
  return name.substr(0, name.find('.'));
}

struct AboutRow {
  EventType type;
  FieldId field;
};

// What events are about that touch nothing of artifact_of's; the first that is there.
constexpr auto kAbout = std::to_array<AboutRow>({
    {EventType::process_creation, FieldId::command_line},
    {EventType::process_termination, FieldId::image},
    {EventType::process_tampering, FieldId::type},
    {EventType::http_request, FieldId::url},
    {EventType::script, FieldId::script_block_text},
    {EventType::ps_script, FieldId::script_block_text},
    {EventType::ps_module, FieldId::payload},
    {EventType::ps_module, FieldId::context_info},
    {EventType::ps_classic_start, FieldId::context_info},
    {EventType::service, FieldId::service_name},
    {EventType::scheduled_task, FieldId::task_name},
    {EventType::logon, FieldId::target_user_name},
    {EventType::logon, FieldId::user},
    {EventType::logoff, FieldId::target_user_name},
    {EventType::logoff, FieldId::user},
    {EventType::antivirus, FieldId::threat_name},
    {EventType::antivirus, FieldId::file_name},
    {EventType::wmi_event, FieldId::consumer},
    {EventType::wmi_event, FieldId::name},
    {EventType::wmi_event, FieldId::query},
    {EventType::clipboard_capture, FieldId::client_info},
    {EventType::sysmon_status, FieldId::state},
    {EventType::sysmon_status, FieldId::configuration},
    {EventType::sysmon_error, FieldId::description},
    {EventType::file_delete, FieldId::file_name},
    {EventType::network_listen, FieldId::source_port},
});

/// "198.51.100.7:443", "[2001:db8::1]:443".
std::string with_port(std::string_view host, std::string_view port) {
  if (port.empty()) {
    return std::string(host);
  }
  const bool is_ipv6 = host.find(':') != std::string_view::npos;
  return std::string(is_ipv6 ? "[" : "").append(host).append(is_ipv6 ? "]:" : ":").append(port);
}

/// The far end; of a connection that came in, also the port that it came to.
std::string connection(const Event& event) {
  const std::string_view to_port = event.field(FieldId::destination_port);
  if (!equals_ignore_case_ascii(event.field(FieldId::initiated), "false")) {
    return with_port(
        first_of(event.field(FieldId::destination_ip), event.field(FieldId::destination_hostname)),
        to_port);
  }
  return "from " +
         with_port(first_of(event.field(FieldId::source_ip), event.field(FieldId::source_hostname)),
                   event.field(FieldId::source_port)) +
         std::string(to_port.empty() ? "" : " to port ").append(to_port);
}

/// Keeps the end whole as long as it fits, and of what stands before it what there is room for: of
/// a path the name tells more than the folders.
std::string shown_end(std::string_view before, std::string_view end, std::size_t columns) {
  const std::string whole_end = escape_for_terminal(end);
  const std::size_t used = columns_of(whole_end);
  return used >= columns ? cut_middle(whole_end, columns)
                         : shown(before, columns - used) + whole_end;
}

std::string shown_path(std::string_view path, std::string_view more, std::size_t columns) {
  const std::string_view name = short_name(path);
  return shown_end(path.substr(0, path.size() - name.size()), std::string(name).append(more),
                   columns);
}

/// The process column names the program: where there is little room, its folder gives way to the
/// arguments, and then its name.
std::string shown_command(std::string_view command, std::size_t columns) {
  const auto fits = [columns](std::string_view text) {
    return columns_of(escape_for_terminal(text)) <= columns;
  };
  if (command.empty() || fits(command)) {
    return shown(command, columns);
  }
  const bool is_quoted = command.front() == '"';
  const std::size_t start = is_quoted ? 1 : 0;
  const std::size_t end = std::min(command.find(is_quoted ? '"' : ' ', start), command.size());
  const std::string_view program = short_name(command.substr(start, end - start));
  std::string_view arguments = command.substr(std::min(command.size(), end + 1));
  arguments.remove_prefix(std::min(arguments.find_first_not_of(' '), arguments.size()));
  std::string both = std::string(program).append(arguments.empty() ? "" : " ").append(arguments);
  return shown(fits(both) || arguments.empty() ? std::string_view(both) : arguments, columns);
}

/// An artifact with what the event tells of it in a second field.
std::string artifact(const Event& event, const ArtifactView& view, std::size_t columns) {
  if (view.kind == ArtifactKind::process) {
    ProcessMention target = event.target;
    target.image = view.value;
    return process_cell(target, columns);
  }
  if (is_file(view.kind)) {
    return shown_path(view.value, "", columns);
  }
  if (view.kind == ArtifactKind::registry) {
    const std::string_view data = event.field(FieldId::details);
    return shown_path(view.value, data.empty() ? "" : std::string(" = ").append(data), columns);
  }
  switch (event.type) {
    case EventType::network_connection:
    case EventType::network_close: return cut_end(escape_for_terminal(connection(event)), columns);
    case EventType::network_listen:
      return shown(with_port(view.value, event.field(FieldId::source_port)), columns);
    default: return shown(view.value, columns);
  }
}

std::string about(const Event& event, std::size_t columns) {
  if (const std::optional<ArtifactView> view = artifact_of(event)) {
    return artifact(event, *view, columns);
  }
  for (const AboutRow& row : kAbout) {
    const std::string_view value = event.field(row.field);
    if (row.type == event.type && !value.empty()) {
      switch (field_kind(row.field)) {
        case FieldKind::path: return shown_path(value, "", columns);
        case FieldKind::command_line: return shown_command(value, columns);
        default: return shown(value, columns);
      }
    }
  }
  return shown(event.vendor_type, columns);
}

/// What a reader should mistrust.
Style type_style(const Event& event) {
  return event.salvaged || event.time_suspect ? Style::yellow : Style::cyan;
}

}  // namespace

std::string event_line_header(const TableOptions& options) {
  const Columns columns(options.width);
  Line line(options.color);
  line.add("TIME", columns.layout.time, Style::bold);
  line.add("HOST", columns.layout.host, Style::bold);
  line.add("SOURCE", columns.layout.source, Style::bold);
  line.add("TYPE", columns.layout.type, Style::bold);
  line.add("PROCESS", columns.process, Style::bold);
  return line.finish(styled("ABOUT", Style::bold, options.color));
}

std::string render_event_line(const Event& event, const TableOptions& options) {
  const Columns columns(options.width);
  const Layout& layout = columns.layout;
  const std::string source =
      std::string(to_string(event.source)).append("/").append(event.carriage);
  Line line(options.color);
  line.add(time_cell(event, layout), layout.time, event.time == 0 ? Style::yellow : Style::dim);
  line.add(shown(host_name(event), layout.host), layout.host, Style::plain);
  line.add(shown(source, layout.source), layout.source, Style::dim);
  line.add(cut_end(to_string(event.type), layout.type), layout.type, type_style(event));
  line.add(process_cell(event.actor, columns.process), columns.process, Style::plain);
  return line.finish(about(event, columns.about));
}

}  // namespace spoor
