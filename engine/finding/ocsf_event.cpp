#include "engine/finding/ocsf_event.h"

#include <algorithm>
#include <array>
#include <forward_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/text.h"
#include "engine/finding/evidence_view.h"
#include "engine/finding/json_writer.h"
#include "engine/finding/ocsf_attribute.h"
#include "engine/finding/ocsf_complete.h"
#include "engine/finding/ocsf_event_class.h"
#include "engine/finding/ocsf_tree.h"
#include "engine/finding/terminal.h"

namespace spoor {
namespace {

constexpr std::string_view kOcsfVersion = "1.6.0";
constexpr std::size_t kNameColumnsMax = 120;  // Of a name inside the message.

/// What the fields of a class mean, and which attributes it has beside those of every class.
struct Shape {
  std::int64_t class_uid;
  std::string_view attributes;    ///< Blanks between them.
  std::string_view required;      ///< The one without which the event is none of the class.
  std::string_view process;       ///< Where the field table's "<process>" is.
  std::string_view file;          ///< Where its "<file>" is; empty: nowhere.
  std::string_view own_endpoint;  ///< The end of a connection that is the event's host.
  std::optional<EventType> type;  ///< The row is for events of this type alone.
};

constexpr EventType kRename = EventType::file_rename;
constexpr EventType kAccess = EventType::process_access;
constexpr EventType kRemoteThread = EventType::create_remote_thread;

constexpr std::string_view kActor = "actor.process";
constexpr std::string_view kProcessAttributes = "process module requested_permissions";
constexpr std::string_view kNetworkAttributes = "connection_info src_endpoint dst_endpoint url";
constexpr std::string_view kDnsAttributes =
    "query answers rcode connection_info src_endpoint dst_endpoint";
constexpr std::string_view kHttpAttributes =
    "http_request file connection_info src_endpoint dst_endpoint";

// OCSF 1.6. The first row that fits counts; the last is the Base Event.
constexpr auto kShapes = std::to_array<Shape>({
    {1001, "file file_result", "file", kActor, "file_result", "", kRename},
    {1001, "file", "file", kActor, "file", "", {}},
    {1002, "driver", "driver", kActor, "driver.file", "", {}},
    {1005, "module", "module", kActor, "module.file", "", {}},
    {1006, "job", "job", kActor, "", "", {}},
    {1007, kProcessAttributes, "process", kActor, "", "", kAccess},
    {1007, kProcessAttributes, "process", kActor, "module.file", "", kRemoteThread},
    {1007, kProcessAttributes, "process", "process", "process.file", "", {}},
    {1009, "script", "script", kActor, "script.file", "", {}},
    {201001, "reg_key prev_reg_key", "reg_key", kActor, "", "", {}},
    {201002, "reg_value", "reg_value", kActor, "", "", {}},
    {201004, "win_service", "win_service", kActor, "", "", {}},
    {2004, "finding_info", "finding_info", kActor, "evidences.file", "", {}},
    {3002, "user logon_type src_endpoint", "user", kActor, "", "dst_endpoint", {}},
    {4001, kNetworkAttributes, "", kActor, "", "src_endpoint", {}},
    {4002, kHttpAttributes, "http_request", kActor, "file", "src_endpoint", {}},
    {4003, kDnsAttributes, "query", kActor, "", "src_endpoint", {}},
    {0, "", "", kActor, "", "", {}},
});

// What every class has, the profile "host" applied.
constexpr std::string_view kCommonAttributes = "metadata device actor severity";

// What a Detection Finding holds as evidence.
constexpr std::string_view kEvidenceAttributes =
    "process file query connection_info src_endpoint dst_endpoint url http_request script";

/// Is the word one of the list's?
bool is_listed(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(' '), list.size());
    if (list.substr(0, end) == word) {
      return true;
    }
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

const Shape& shape_of(std::int64_t class_uid, EventType type) {
  return *std::ranges::find_if(kShapes, [&](const Shape& shape) {
    return shape.class_uid == class_uid && (!shape.type || *shape.type == type);
  });
}

struct ProductRow {
  Source source;
  std::string_view name;
  std::string_view vendor;
};

constexpr auto kProducts = std::to_array<ProductRow>({
    {Source::sysmon, "Sysmon", "Microsoft"},
    {Source::windows, "Windows", "Microsoft"},
    {Source::crowdstrike, "Falcon", "CrowdStrike"},
    {Source::sentinelone, "Singularity", "SentinelOne"},
});

static_assert(kProducts.size() == kSourceCount, "one product for each source");

struct SystemRow {
  Platform platform;
  std::int64_t type_id;
  std::string_view caption;
};

// Object os, type_id.
constexpr auto kSystems = std::to_array<SystemRow>({
    {Platform::windows, 100, "Windows"},
    {Platform::linux, 200, "Linux"},
    {Platform::macos, 300, "macOS"},
});

/// A place in the document: `rest` below the object at `base`. Both are static text, from a Shape
/// and from the field table.
struct Place {
  std::string_view base;
  std::string_view rest;

  [[nodiscard]] bool is_none() const { return rest.empty(); }

  /// The name of the attribute of the class that it is in.
  [[nodiscard]] std::string_view root() const {
    const std::string_view path = base.empty() ? rest : base;
    return path.substr(0, path.find('.'));
  }
};

/// The values of processes as an event names them, by OCSF's path below the process.
struct MentionRow {
  std::string_view name;
  std::string_view ocsf;
  std::string_view ProcessMention::*value;
};

constexpr auto kMentions = std::to_array<MentionRow>({
    {"uid", "uid", &ProcessMention::vendor_uid},
    {"pid", "pid", &ProcessMention::pid},
    {"image", "file.path", &ProcessMention::image},
    {"command_line", "cmd_line", &ProcessMention::command_line},
    {"user", "user.name", &ProcessMention::user},
});

/// Vendors write "-" where there is nothing.
bool is_nothing(std::string_view value) {
  return value.empty() || value == "-";
}

class EventDocument {
 public:
  EventDocument(const Event& event, const OcsfEventClass& event_class)
      : event_(event),
        class_(event_class),
        shape_(shape_of(event_class.class_uid(), event.type)),
        file_(event.type == EventType::file_rename && !event.has(FieldId::source_filename)
                  ? std::string_view("file")
                  : shape_.file) {}

  /// False if the event lacks what the class requires.
  [[nodiscard]] bool build() {
    put_class();
    put_metadata();
    put_device();
    put_processes();
    event_.fields().for_each([this](FieldId id) { put_field(id); });
    put_required();
    complete();
    return shape_.required.empty() || root_.has(shape_.required);
  }

  [[nodiscard]] std::string render() {
    JsonWriter json;
    json.begin_object();
    for (const OcsfNode& attribute : root_.children) {
      write_node(json, attribute);
    }
    write_unmapped(json);
    json.end_object();
    return json.finish();
  }

 private:
  void put_class() {
    root_.add_number("category_uid", class_.category_uid());
    root_.add_text("category_name", ocsf_category_name(class_.category_uid()));
    root_.add_number("class_uid", class_.class_uid());
    root_.add_text("class_name", class_.class_name());
    root_.add_number("activity_id", class_.activity_id());
    constexpr std::int64_t kOther = 99;
    root_.add_text("activity_name", class_.activity_id() == kOther ? to_string(event_.type)
                                                                   : class_.activity_name());
    root_.add_number("type_uid", class_.type_uid);
    root_.add_text("type_name", class_.type_name);
    root_.add_number("time", to_epoch_ms(event_.time));
    root_.add_number("timezone_offset", 0);
    if (is_nothing(event_.field(FieldId::severity))) {
      root_.add_number("severity_id", 1);
      root_.add_text("severity", "Informational");
    }
    root_.add_text("message", message());
  }

  /// "3CXDesktopApp.exe loaded ffmpeg.dll", where it is that simple.
  [[nodiscard]] std::string message() const {
    const std::optional<ArtifactView> artifact = artifact_of(event_);
    if (!artifact || event_.actor.image.empty()) {
      return {};
    }
    const auto shown_name = [](std::string_view name) {
      return cut_middle(replace_invalid_utf8(name), kNameColumnsMax);
    };
    const bool is_path = is_file(artifact->kind) || artifact->kind == ArtifactKind::process;
    return shown_name(short_name(event_.actor.image)) + " " + std::string(artifact->relation) +
           " " + shown_name(is_path ? short_name(artifact->value) : artifact->value);
  }

  void put_metadata() {
    OcsfNode& metadata = root_.object("metadata");
    metadata.add_text("version", kOcsfVersion);
    metadata.add_text(
        "uid", event_.vendor_event_uid.empty() ? to_string(event_.uid) : event_.vendor_event_uid);
    metadata.children.push_back(ocsf_list("profiles", {ocsf_text("", "host")}));
    if (class_.class_uid() >= kExtensionClasses) {
      metadata.children.push_back(
          ocsf_list("extensions", {ocsf_element({ocsf_text("name", "win"), ocsf_text("uid", "2"),
                                                 ocsf_text("version", kOcsfVersion)})}));
    }
    const auto* row = std::ranges::find(kProducts, event_.source, &ProductRow::source);
    OcsfNode& product = metadata.object("product");
    product.add_text("name", row->name);
    product.add_text("vendor_name", row->vendor);
    if (!event_.has(FieldId::event_id)) {
      metadata.add_text("event_code", event_.vendor_type);
    }
  }

  void put_device() {
    OcsfNode& device = root_.object("device");
    device.add_text("hostname", is_nothing(event_.hostname) ? "" : event_.hostname);
    device.add_text("uid", is_nothing(event_.host) ? "" : event_.host);
    device.add_number("type_id", 0);
    device.add_text("type", "Unknown");
    const auto* row = std::ranges::find(kSystems, event_.platform, &SystemRow::platform);
    if (row != kSystems.end()) {
      OcsfNode& system = device.object("os");
      system.add_text("name", row->caption);
      system.add_text("type", row->caption);
      system.add_number("type_id", row->type_id);
    }
  }

  void put_processes() {
    root_.object("actor");
    switch (event_.type) {
      case EventType::process_creation:
        put_mention(is_known(event_.creator) ? "creator" : "parent", kActor, "",
                    is_known(event_.creator) ? event_.creator : event_.parent);
        break;
      // A process that ends, does so to OCSF by its own doing.
      case EventType::process_termination: put_mention("actor", kActor, "", event_.actor); break;
      default: break;
    }
    put_mention("actor", shape_.process, "", event_.actor);
    put_mention("parent", shape_.process, "parent_process", event_.parent);
    put_mention("target", "process", "", event_.target);
    if (event_.type != EventType::process_creation) {
      lose_mention("creator", event_.creator);
    }
  }

  static bool is_known(const ProcessMention& mention) {
    return !mention.vendor_uid.empty() || !mention.pid.empty() || !mention.image.empty();
  }

  void put_mention(std::string_view role,
                   std::string_view base,
                   std::string_view below,
                   const ProcessMention& mention) {
    if (!is_known(mention)) {
      return;
    }
    if (!is_allowed(base)) {
      lose_mention(role, mention);
      return;
    }
    OcsfNode& process = root_.object(base).object(below);
    for (const MentionRow& row : kMentions) {
      put_below(process, row.ocsf, {.name = name_of(role, row), .value = mention.*row.value});
    }
    if (mention.start != 0) {
      process.add_number("created_time", to_epoch_ms(mention.start));
    }
  }

  void lose_mention(std::string_view role, const ProcessMention& mention) {
    for (const MentionRow& row : kMentions) {
      lose({.name = name_of(role, row), .value = mention.*row.value});
    }
  }

  /// "parent.image", for what has no field.
  std::string_view name_of(std::string_view role, const MentionRow& row) {
    return names_.emplace_front(std::string(role) + "." + std::string(row.name));
  }

  void put_field(FieldId id) {
    const OcsfOrigin origin{.name = field_name(id), .value = event_.field(id)};
    if (is_nothing(origin.value)) {
      return;
    }
    if (id == FieldId::target_object && shape_.class_uid == 201002) {
      put_registry_value(origin);
      return;
    }
    const Place place = place_of(id);
    if (place.is_none()) {
      lose(origin);
      return;
    }
    OcsfNode& base = place.base.empty() ? root_ : root_.object(place.base);
    put_below(base, place.rest, origin);
  }

  /// Puts a value where it belongs, or beside everything if it is not of the attribute's type or
  /// something else stands there.
  void put_below(OcsfNode& base, std::string_view path, const OcsfOrigin& origin) {
    if (is_nothing(origin.value)) {
      return;
    }
    std::vector<OcsfNode> attributes = ocsf_attributes(path, origin.value);
    for (OcsfNode& attribute : attributes) {
      attribute.origin = origin;
    }
    const std::size_t dot = path.rfind('.');
    OcsfNode& parent = dot == std::string_view::npos ? base : base.object(path.substr(0, dot));
    if (attributes.empty() || !parent.merge(std::move(attributes))) {
      lose(origin);
    }
  }

  /// A key with a value's name at its end.
  void put_registry_value(const OcsfOrigin& origin) {
    const std::size_t slash = origin.value.rfind('\\');
    if (slash == std::string_view::npos) {
      lose(origin);
      return;
    }
    OcsfNode& value = root_.object("reg_value");
    OcsfNode path = ocsf_text("path", origin.value.substr(0, slash));
    path.origin = origin;
    value.children.push_back(std::move(path));
    // A key's default value has no name.
    const std::string_view name = origin.value.substr(slash + 1);
    value.add_text("name", name.empty() ? "(Default)" : name);
  }

  [[nodiscard]] Place place_of(FieldId id) const {
    const std::string_view path = field_table()[static_cast<std::size_t>(id)].ocsf;
    Place place = {.base = "", .rest = path};
    if (path.starts_with(kProcessMark)) {
      place = {.base = shape_.process, .rest = path.substr(kProcessMark.size())};
    } else if (path.starts_with(kFileMark)) {
      place = {.base = file_, .rest = file_.empty() ? "" : path.substr(kFileMark.size())};
    }
    place = exception(id, place);
    if (!place.is_none() && is_allowed(place.root())) {
      return place;
    }
    const bool is_evidence = class_.class_uid() == 2004 &&
                             is_listed(kEvidenceAttributes, place.root()) && place.base.empty();
    return is_evidence ? Place{.base = "evidences", .rest = place.rest} : Place();
  }

  /// Where a field means another thing in some class.
  [[nodiscard]] Place exception(FieldId id, const Place& place) const {
    switch (id) {
      // A key that is renamed is the old one; the new one is what the event leaves.
      case FieldId::target_object:
        return event_.has(FieldId::new_name) ? Place{.base = "prev_reg_key", .rest = "path"}
                                             : place;
      // Only a request has a method and headers; a connection may have the address alone.
      case FieldId::url:
        return class_.class_uid() == 4001 ? Place{.base = "url", .rest = "url_string"} : place;
      // Who logs on, where the vendor has one name for it and for who acts.
      case FieldId::user:
        return class_.class_uid() == 3002 && !event_.has(FieldId::target_user_name)
                   ? Place{.base = "", .rest = "user.name"}
                   : place;
      default: return place;
    }
  }

  [[nodiscard]] bool is_allowed(std::string_view path) const {
    const std::string_view root = path.substr(0, path.find('.'));
    return is_listed(kCommonAttributes, root) || is_listed(shape_.attributes, root) ||
           (root == "evidences" && class_.class_uid() == 2004);
  }

  /// What the class requires and the event does not tell in a field.
  void put_required() {
    const bool has_endpoint = root_.has("src_endpoint") || root_.has("dst_endpoint");
    const bool is_logon = shape_.own_endpoint == "dst_endpoint";
    if (!shape_.own_endpoint.empty() && (!has_endpoint || is_logon)) {
      OcsfNode& endpoint = root_.object(shape_.own_endpoint);
      endpoint.add_text("hostname", root_.text_at("device.hostname"));
      endpoint.add_text("uid", root_.text_at("device.uid"));
    }
    if (class_.class_uid() == 2004) {
      OcsfNode& info = root_.object("finding_info");
      info.add_text("uid", root_.text_at("metadata.uid"));
      info.add_text("title", event_.vendor_type);
    }
    if (event_.type == EventType::ps_script) {
      OcsfNode& script = root_.object("script");
      script.add_number("type_id", 2);
      script.add_text("type", "PowerShell");
    }
    put_file_type();
  }

  /// Pipes and devices are files too.
  void put_file_type() {
    constexpr int kBlockDevice = 4;
    constexpr int kNamedPipe = 6;
    OcsfNode* file = root_.find("file");
    if (file == nullptr || !file->has("path")) {
      return;
    }
    if (event_.type == EventType::pipe_created) {
      file->merge(ocsf_file_type(kNamedPipe));
    } else if (event_.type == EventType::raw_access_thread) {
      file->merge(ocsf_file_type(kBlockDevice));
    }
  }

  void complete() {
    complete_ocsf(root_, [this](const OcsfOrigin& origin) { lose(origin); });
    constexpr std::int64_t kSystemActivity = 1;
    if (class_.category_uid() == kSystemActivity && !root_.has("actor")) {
      // The class requires an actor, and OCSF's word for what is not known is this.
      root_.object("actor").add_text("app_name", "Unknown");
    }
    if (root_.has("evidences")) {
      OcsfNode evidence = root_.take("evidences");
      root_.children.push_back(
          ocsf_list("evidences", {ocsf_element(std::move(evidence.children))}));
    }
  }

  /// OCSF has no place for it.
  void lose(const OcsfOrigin& origin) {
    if (!is_nothing(origin.value)) {
      unmapped_.emplace(origin.name, origin.value);
    }
  }

  void write_unmapped(JsonWriter& json) {
    std::map<std::string_view, std::string_view> clashing;
    for (const ExtraField& field : event_.extra) {
      if (!is_nothing(field.value) &&
          (field.name == kOwn || !unmapped_.emplace(field.name, field.value).second)) {
        clashing.emplace(field.name, field.value);
      }
    }
    json.begin_object("unmapped");
    for (const auto& [name, value] : unmapped_) {
      json.text(name, value);
    }
    json.begin_object(kOwn);
    json.text("type", to_string(event_.type));
    json.text("source", to_string(event_.source));
    json.text("carriage", event_.carriage);
    json.text("uid", to_string(event_.uid));
    write_texts(json, "extra", clashing);
    write_texts(json, "originals", originals());
    for (const auto& [raised, name] : {std::pair(event_.salvaged, "salvaged"),
                                       std::pair(event_.duplicate_keys, "duplicate_keys"),
                                       std::pair(event_.time_suspect, "time_suspect")}) {
      if (raised) {
        json.boolean(name, true);
      }
    }
    json.end_object();
    json.end_object();
  }

  /// What the vendor wrote where a field holds another form of it, by the field's name.
  [[nodiscard]] std::map<std::string_view, std::string_view> originals() const {
    std::map<std::string_view, std::string_view> texts;
    for (const OriginalValue& original : event_.originals) {
      texts.emplace(field_name(original.field), original.value);
    }
    return texts;
  }

  static void write_texts(JsonWriter& json,
                          std::string_view key,
                          const std::map<std::string_view, std::string_view>& texts) {
    if (texts.empty()) {
      return;
    }
    json.begin_object(key);
    for (const auto& [name, value] : texts) {
      json.text(name, value);
    }
    json.end_object();
  }

  static constexpr std::int64_t kExtensionClasses = 100'000;  // Its number times this and above.
  static constexpr std::string_view kProcessMark = "<process>.";
  static constexpr std::string_view kFileMark = "<file>.";
  static constexpr std::string_view kOwn = "spoor";  // What is ours, below `unmapped`.

  const Event& event_;
  OcsfEventClass class_;
  const Shape& shape_;
  std::string_view file_;
  OcsfNode root_;
  std::forward_list<std::string> names_;
  std::map<std::string_view, std::string_view> unmapped_;
};

}  // namespace

std::string render_ocsf_event(const Event& event) {
  EventDocument document(event, ocsf_event_class(event).value_or(ocsf_base_event()));
  if (document.build()) {
    return document.render();
  }
  EventDocument base(event, ocsf_base_event());
  // The base event requires nothing.
  static_cast<void>(base.build());
  return base.render();
}

}  // namespace spoor
