#include "engine/finding/ocsf_complete.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "engine/finding/evidence_view.h"
#include "engine/finding/ocsf_attribute.h"

namespace spoor {
namespace {

constexpr std::string_view kUnknown = "Unknown";  // OCSF's caption of every id 0.

/// Every class wants a device, and a device a name.
void fill_device(OcsfNode& device) {
  if (!device.has("hostname") && !device.has("uid")) {
    device.add_text("hostname", kUnknown);
  }
}

void fill_process(OcsfNode& process) {
  process.add_text("name", short_name(process.text_at("file.path")));
}

void fill_file(OcsfNode& file) {
  constexpr int kUnknownType = 0;
  constexpr int kRegularFile = 1;
  const bool is_known = file.has("path");
  if (!file.has("type_id")) {
    file.merge(ocsf_file_type(is_known ? kRegularFile : kUnknownType));
  }
  file.add_text("name", is_known ? short_name(file.text_at("path")) : kUnknown);
}

void fill_module(OcsfNode& module) {
  module.add_number("load_type_id", 0);
  module.add_text("load_type", kUnknown);
}

void fill_signature(OcsfNode& signature) {
  signature.add_number("algorithm_id", 0);
  signature.add_text("algorithm", kUnknown);
}

void fill_connection(OcsfNode& connection) {
  if (!connection.has("direction_id")) {
    connection.add_number("direction_id", 0);
    connection.add_text("direction", kUnknown);
  }
}

void fill_script(OcsfNode& script) {
  if (!script.has("type_id")) {
    script.add_number("type_id", 0);
    script.add_text("type", kUnknown);
  }
}

/// OCSF 1.6 wants the file that the job runs, whoever tells of the job.
void fill_job(OcsfNode& job) {
  fill_file(job.object("file"));
}

void fill_service(OcsfNode& service) {
  if (!service.has("cmd_line")) {
    service.add_number("service_type_id", 0);
    service.add_text("service_type", kUnknown);
  }
}

struct ObjectRow {
  std::string_view name;              ///< Of the attribute that is such an object.
  std::string_view needs;             ///< Attributes that must be there, blanks between them.
  std::string_view needs_one_of;      ///< One of these must be.
  void (*fill)(OcsfNode&) = nullptr;  ///< Adds what follows from what is there.
};

constexpr std::string_view kProcessIds = "pid uid";
constexpr std::string_view kEndpointNames = "ip hostname svc_name uid";

constexpr auto kObjects = std::to_array<ObjectRow>({
    {"device", "", "", fill_device},
    {"actor", "", "process user app_name"},
    {"process", "", kProcessIds, fill_process},
    {"parent_process", "", kProcessIds, fill_process},
    {"user", "", "name uid"},
    {"file", "", "", fill_file},
    {"file_result", "", "", fill_file},
    {"signature", "", "", fill_signature},
    {"module", "", "", fill_module},
    {"driver", "file", ""},
    {"job", "name", "", fill_job},
    {"script", "script_content", "", fill_script},
    {"win_service", "name", "", fill_service},
    {"reg_key", "path", ""},
    {"prev_reg_key", "path", ""},
    {"reg_value", "path name", ""},
    {"connection_info", "", "", fill_connection},
    {"src_endpoint", "", kEndpointNames},
    {"dst_endpoint", "", kEndpointNames},
    {"query", "hostname", ""},
    {"url", "url_string", ""},
});

const ObjectRow* row_of(const OcsfNode& object) {
  const auto* row = std::ranges::find(kObjects, object.name, &ObjectRow::name);
  return row == kObjects.end() ? nullptr : row;
}

/// Calls `use` with each word of a list; stops at the first for which it gives true.
template <typename Use>
bool any_word(std::string_view list, Use use) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(' '), list.size());
    if (use(list.substr(0, end))) {
      return true;
    }
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

bool can_stand(const OcsfNode& node) {
  if (node.kind != OcsfNode::Kind::object) {
    return true;
  }
  if (node.children.empty()) {
    return false;
  }
  const ObjectRow* row = row_of(node);
  const auto is_there = [&node](std::string_view name) { return node.has(name); };
  return row == nullptr || (!any_word(row->needs, [&](std::string_view name) {
           return !is_there(name);
         }) && (row->needs_one_of.empty() || any_word(row->needs_one_of, is_there)));
}

class Completion {
 public:
  explicit Completion(const std::function<void(const OcsfOrigin&)>& lose) : lose_(lose) {}

  void complete(OcsfNode& node) {
    for (OcsfNode& child : node.children) {
      if (child.kind == OcsfNode::Kind::object) {
        complete(child);
      }
    }
    rescue(node, "parent_process", [this](OcsfNode& process, OcsfNode parent) {
      add_to_ancestry(process, std::move(parent));
    });
    rescue(node, "process", [this](OcsfNode& holder, OcsfNode process) {
      leave_application(holder, std::move(process));
    });
    std::erase_if(node.children, [this](const OcsfNode& child) {
      const bool goes = !can_stand(child);
      if (goes) {
        child.for_each_origin(lose_);
      }
      return goes;
    });
    const ObjectRow* row = row_of(node);
    if (row != nullptr && row->fill != nullptr && !node.children.empty()) {
      row->fill(node);
    }
  }

 private:
  /// Takes out an attribute that cannot stand and is not empty, and hands it to `use`.
  template <typename Use>
  void rescue(OcsfNode& node, std::string_view attribute, Use use) {
    const OcsfNode* child = node.find(attribute);
    if (child != nullptr && !can_stand(*child) && !child->children.empty()) {
      use(node, node.take(attribute));
    }
  }

  void add_to_ancestry(OcsfNode& process, OcsfNode parent) {
    std::vector<OcsfNode> above;
    if (parent.has("ancestry")) {
      above = std::move(parent.take("ancestry").children);
    }
    OcsfNode member;
    for (const std::string_view attribute : {"name", "cmd_line", "created_time"}) {
      if (parent.has(attribute)) {
        member.children.push_back(parent.take(attribute));
      }
    }
    if (OcsfNode* path = parent.find("file.path")) {
      path->name = "path";
      member.children.push_back(std::move(*path));
      path->origin = {};
    }
    parent.for_each_origin(lose_);
    above.insert(above.begin(), std::move(member));
    process.children.push_back(ocsf_list("ancestry", std::move(above)));
  }

  /// Of an actor, a process without an id leaves its name and its user.
  void leave_application(OcsfNode& holder, OcsfNode process) {
    if (holder.name == "actor") {
      holder.add_text("app_name", process.text_at("name"));
      if (process.has("user") && !holder.has("user")) {
        holder.children.push_back(process.take("user"));
      }
    }
    process.for_each_origin(lose_);
  }

  const std::function<void(const OcsfOrigin&)>& lose_;
};

}  // namespace

void complete_ocsf(OcsfNode& root, const std::function<void(const OcsfOrigin&)>& lose) {
  Completion(lose).complete(root);
}

}  // namespace spoor
