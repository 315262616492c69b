// Winlogbeat's Sysmon module (7.x): which ECS field came from which of Sysmon's.

#include <algorithm>
#include <array>
#include <charconv>

#include "parsers/convert.h"
#include "parsers/windows/windows_record.h"

namespace spoor {
namespace {

/// The event ids that a row is for, as bits; 0: all.
using EventIds = std::uint64_t;

constexpr EventIds ids(std::initializer_list<int> list) {
  EventIds bits = 0;
  for (const int id : list) {
    bits |= EventIds{1} << static_cast<unsigned>(id);
  }
  return bits;
}

constexpr EventIds kFileEvents = ids({2, 11, 15, 23, 26, 27, 28, 29});
constexpr EventIds kStreamEvents = ids({15});
constexpr EventIds kPipeEvents = ids({17, 18});
constexpr EventIds kTwoProcesses = ids({8, 10});
constexpr EventIds kAccessEvents = ids({10});
/// The module puts a WMI consumer's command under process.executable.
constexpr EventIds kWmiConsumer = ids({20});

struct EcsRow {
  std::string_view path;
  FieldId field;
  EventIds events = 0;
  EventIds not_events = 0;
};

constexpr EcsRow kRows[] = {
    {"process.entity_id", FieldId::process_guid, 0, kTwoProcesses},
    {"process.pid", FieldId::process_id, 0, kTwoProcesses},
    {"process.executable", FieldId::image, 0, kTwoProcesses | kWmiConsumer},
    {"process.executable", FieldId::destination, kWmiConsumer},
    {"process.entity_id", FieldId::source_process_guid, kTwoProcesses},
    {"process.pid", FieldId::source_process_id, kTwoProcesses},
    {"process.executable", FieldId::source_image, kTwoProcesses},
    {"process.command_line", FieldId::command_line},
    {"process.working_directory", FieldId::current_directory},
    {"process.pe.original_file_name", FieldId::original_file_name},
    {"process.pe.company", FieldId::company},
    {"process.pe.description", FieldId::description},
    {"process.pe.file_version", FieldId::file_version},
    {"process.pe.product", FieldId::product},
    {"process.parent.entity_id", FieldId::parent_process_guid},
    {"process.parent.pid", FieldId::parent_process_id},
    {"process.parent.executable", FieldId::parent_image},
    {"process.parent.command_line", FieldId::parent_command_line},
    {"file.path", FieldId::image_loaded, ids({6, 7})},
    {"file.path", FieldId::target_filename, kFileEvents},
    {"file.path", FieldId::device, ids({9})},
    {"file.name", FieldId::pipe_name, kPipeEvents},
    {"file.pe.original_file_name", FieldId::original_file_name, ids({6, 7})},
    {"file.pe.company", FieldId::company, ids({6, 7})},
    {"file.pe.description", FieldId::description, ids({6, 7})},
    {"file.pe.file_version", FieldId::file_version, ids({6, 7})},
    {"file.pe.product", FieldId::product, ids({6, 7})},
    {"file.code_signature.signed", FieldId::is_signed},
    {"file.code_signature.subject_name", FieldId::signature},
    {"file.code_signature.status", FieldId::signature_status},
    {"sysmon.file.archived", FieldId::archived},
    {"sysmon.file.is_executable", FieldId::is_executable},
    {"source.ip", FieldId::source_ip},
    {"source.port", FieldId::source_port},
    {"source.domain", FieldId::source_hostname},
    {"destination.ip", FieldId::destination_ip},
    {"destination.port", FieldId::destination_port},
    {"destination.domain", FieldId::destination_hostname},
    {"network.transport", FieldId::protocol},
    {"network.protocol", FieldId::destination_port_name, ids({3})},
    {"dns.question.name", FieldId::query_name},
    {"registry.path", FieldId::target_object},
    {"rule.name", FieldId::rule_name},
    {"error.code", FieldId::id},
};

/// Sysmon's QueryStatus as the module spells it (Windows error codes).
struct StatusRow {
  std::string_view word;
  std::string_view number;
};

constexpr StatusRow kDnsStatus[] = {
    {"SUCCESS", "0"},
    {"DNS_ERROR_RCODE_FORMAT_ERROR", "9001"},
    {"DNS_ERROR_RCODE_SERVER_FAILURE", "9002"},
    {"DNS_ERROR_RCODE_NAME_ERROR", "9003"},
    {"DNS_ERROR_RCODE_NOT_IMPLEMENTED", "9004"},
    {"DNS_ERROR_RCODE_REFUSED", "9005"},
    {"DNS_INFO_NO_RECORDS", "9501"},
    {"DNS_ERROR_RECORD_DOES_NOT_EXIST", "9701"},
    {"ERROR_TIMEOUT", "1460"},
    {"ERROR_CANCELLED", "1223"},
    {"ERROR_INVALID_PARAMETER", "87"},
};

class EcsReader {
 public:
  EcsReader(NodeIndex root, ParseContext& context, const WindowsRecord& record)
      : root_(root), context_(context) {
    unsigned id = 0;
    const auto [end, error] = std::from_chars(record.event_id.data(),
                                              record.event_id.data() + record.event_id.size(), id);
    event_ = error == std::errc{} && id < 64 ? EventIds{1} << id : 0;
  }

  void read() {
    for (const EcsRow& row : kRows) {
      const bool applies =
          (row.events == 0 || (row.events & event_) != 0) && (row.not_events & event_) == 0;
      if (applies) {
        set(row.field, text_at(row.path));
      }
    }
    set(FieldId::utc_time, convert(Convert::epoch_time, text_at("@timestamp"), context_.scratch));
    if ((event_ & kAccessEvents) != 0) {
      set_windows_field("SourceThreadId", text_at("process.thread.id"), context_);
    }
    set_hashes();
    set_user();
    set_initiated();
    set_dns();
    set_registry_data();
  }

 private:
  /// The value at a dotted path, or an absent view.
  std::string_view text_at(std::string_view path) {
    const NodeIndex node = node_at(path);
    return node == kNoNode || !context_.document.node(node).is_scalar()
               ? std::string_view()
               : text_of(context_.document.node(node), context_.scratch);
  }

  NodeIndex node_at(std::string_view path) {
    NodeIndex node = root_;
    while (!path.empty()) {
      if (context_.document.node(node).kind != NodeKind::object) {
        return kNoNode;
      }
      const std::size_t dot = path.find('.');
      node = context_.document.find(node, path.substr(0, dot));
      if (node == kNoNode) {
        return kNoNode;
      }
      path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
    }
    return node;
  }

  /// What event_data still holds is Sysmon's own word and stays.
  void set(FieldId id, std::string_view value) {
    if (value.data() != nullptr && !context_.event.has(id) && context_.filter.wants(id)) {
      set_field(id, value, context_.scratch, context_.event);
    }
  }

  void set_hashes() {
    // Of modules the file's, of everything else the process's: the module puts them there.
    for (const std::string_view owner : {"file", "process"}) {
      const auto at = [&](std::string_view part) {
        std::string path(owner);
        return text_at(path.append(part));
      };
      const std::string_view hashes = compose_hashes({{"SHA1", at(".hash.sha1")},
                                                      {"MD5", at(".hash.md5")},
                                                      {"SHA256", at(".hash.sha256")},
                                                      {"IMPHASH", at(".pe.imphash")}},
                                                     context_.scratch);
      // Of an alternate stream Sysmon says Hash.
      set((event_ & kStreamEvents) != 0 ? FieldId::hash : FieldId::hashes, hashes);
    }
  }

  void set_user() {
    const std::string_view name = text_at("user.name");
    const std::string_view domain = text_at("user.domain");
    if (name.empty()) {
      return;
    }
    std::string& user = context_.scratch.text();
    user.append(domain).append(domain.empty() ? "" : "\\").append(name);
    const std::string_view kept = context_.scratch.copy(user);
    set(FieldId::user, kept);
  }

  void set_initiated() {
    const std::string_view direction = text_at("network.direction");
    if (direction == "egress" || direction == "outbound") {
      set(FieldId::initiated, "true");
    } else if (direction == "ingress" || direction == "inbound") {
      set(FieldId::initiated, "false");
    }
    const std::string_view type = text_at("network.type");
    if (type == "ipv4" || type == "ipv6") {
      const std::string_view is_v6 = type == "ipv6" ? "true" : "false";
      set(FieldId::source_is_ipv6, is_v6);
      set(FieldId::destination_is_ipv6, is_v6);
    }
  }

  void set_dns() {
    const std::string_view word = text_at("sysmon.dns.status");
    if (word.data() != nullptr) {
      const auto* row = std::ranges::find(kDnsStatus, word, &StatusRow::word);
      set(FieldId::query_status, row == std::ranges::end(kDnsStatus) ? word : row->number);
    }
    const NodeIndex answers = node_at("dns.answers");
    if (answers == kNoNode || context_.document.node(answers).kind != NodeKind::array) {
      return;
    }
    // As Sysmon writes them: "type:  5 name;::ffff:1.2.3.4;".
    std::string results;
    context_.document.for_each_child(answers, [&](const Node& answer, NodeIndex index) {
      if (answer.kind != NodeKind::object) {
        return;
      }
      const auto text = [&](std::string_view key) {
        const NodeIndex found = context_.document.find(index, key);
        return found == kNoNode ? std::string_view()
                                : text_of(context_.document.node(found), context_.scratch);
      };
      const std::string_view type = text("type");
      const std::string_view data = text("data");
      if (type == "A") {
        results.append("::ffff:");
      } else if (type == "CNAME") {
        results.append("type:  5 ");
      } else if (type != "AAAA") {
        results.append("type:  ").append(type).append(" ");
      }
      results.append(data).append(";");
    });
    if (!results.empty()) {
      set(FieldId::query_results, context_.scratch.copy(results));
    }
  }

  /// "DWORD (0x00000004)", as Sysmon writes it: the module makes
  /// {"type":"SZ_DWORD","strings":["4"]} of it.
  void set_registry_data() {
    const NodeIndex strings = node_at("registry.data.strings");
    if (strings == kNoNode || context_.event.has(FieldId::details)) {
      return;
    }
    const Document& document = context_.document;
    const Node& node = document.node(strings);
    const bool is_list = node.kind == NodeKind::array;
    if (is_list && node.end == strings + 1) {
      return;
    }
    const std::string_view value =
        text_of(document.node(is_list ? strings + 1 : strings), context_.scratch);
    const std::string_view type = text_at("registry.data.type");
    set(FieldId::details, type.ends_with("DWORD")   ? number(value, false)
                          : type.ends_with("QWORD") ? number(value, true)
                                                    : value);
  }

  std::string_view number(std::string_view decimal, bool is_qword) {
    std::uint64_t value = 0;
    const char* last = decimal.data() + decimal.size();
    const auto [end, error] = std::from_chars(decimal.data(), last, value);
    if (decimal.empty() || error != std::errc{} || end != last) {
      return decimal;
    }
    std::string& text = context_.scratch.text();
    text.append(is_qword ? "QWORD (" : "DWORD (");
    if (is_qword) {
      append_hex(value >> 32U, text);
      text.push_back('-');
    }
    append_hex(value & 0xFFFFFFFFU, text);
    text.push_back(')');
    return context_.scratch.copy(text);
  }

  static void append_hex(std::uint64_t half, std::string& text) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    text.append("0x");
    for (unsigned shift = 32; shift > 0; shift -= 4) {
      text.push_back(kDigits[(half >> (shift - 4)) & 0xFU]);
    }
  }

  NodeIndex root_;
  ParseContext& context_;
  EventIds event_ = 0;
};

}  // namespace

void read_ecs_fields(NodeIndex root, ParseContext& context, const WindowsRecord& record) {
  EcsReader(root, context, record).read();
}

}  // namespace spoor
