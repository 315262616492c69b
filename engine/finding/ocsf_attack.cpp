#include "engine/finding/ocsf_attack.h"

namespace spoor {
namespace {

void write_item(JsonWriter& json, std::string_view key, const std::optional<AttackItem>& item) {
  if (!item) {
    return;
  }
  json.begin_object(key);
  json.text("uid", item->uid);
  json.text("name", item->name);
  json.end_object();
}

}  // namespace

void write_attacks(JsonWriter& json, const std::vector<Attack>& attacks) {
  if (attacks.empty()) {
    return;
  }
  json.begin_array("attacks");
  for (const Attack& attack : attacks) {
    json.begin_object();
    json.text("version", attack.version);
    write_item(json, "tactic", attack.tactic);
    write_item(json, "technique", attack.technique);
    write_item(json, "sub_technique", attack.sub_technique);
    json.end_object();
  }
  json.end_array();
}

}  // namespace spoor
