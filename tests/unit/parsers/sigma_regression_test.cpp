// SigmaHQ's own regression events: what a rule asks for is there when the parser has read the event
// that the rule must match.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <simdjson.h>

#include "engine/base/text.h"
#include "engine/rule/load.h"
#include "tests/source_dir.h"
#include "tests/support/parsing.h"

namespace spoor {
namespace {

namespace fs = std::filesystem;

using Names = std::set<std::string>;

/// The flat view of an event: name → value; null left out.
using FlatEvent = std::map<std::string, std::string>;

std::vector<std::string> lines_of(const fs::path& path) {
  std::vector<std::string> lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) {
      lines.push_back(line);
    }
  }
  return lines;
}

void add_fields(const Expr& expression, Names& names) {
  if (expression.kind == Expr::Kind::test && !expression.field.name.empty()) {
    names.insert(expression.field.name);
  }
  for (const Expr& child : expression.children) {
    add_fields(child, names);
  }
}

/// Every field that the rule of a folder tests. A rule that needs a modifier which is not there yet
/// does not load: then every field of ours counts.
Names fields_of_rule(const fs::path& path) {
  Names names;
  const auto loaded = load_rule_paths({path.string()});
  EXPECT_TRUE(loaded) << path;
  if (loaded) {
    for (const DetectionRule& rule : loaded->rules.detections) {
      add_fields(rule.condition, names);
    }
  }
  if (names.empty()) {
    for (const FieldRow& row : field_table()) {
      names.insert(std::string(row.name));
    }
    // In the flat view the event log's own, of the event's definition.
    names.erase(std::string(field_name(FieldId::version)));
  }
  return names;
}

FlatEvent flat_event(simdjson::dom::parser& json, const std::string& line) {
  FlatEvent flat;
  for (const auto [key, value] : json.parse(line).get_object()) {
    std::string_view text;
    if (value.get(text) == simdjson::SUCCESS) {
      flat[std::string(key)] = text;
    } else if (!value.is_null()) {
      flat[std::string(key)] = simdjson::minify(value);
    }
  }
  return flat;
}

/// Which event of the flat view it is.
std::string key_of(const FlatEvent& flat) {
  const auto at = [&flat](const char* name) {
    const auto found = flat.find(name);
    return found == flat.end() ? std::string() : found->second;
  };
  return at("Channel") + "|" + at("EventID") + "|" + at("EventRecordID") + "|" + at("Computer");
}

/// What a rule sees under that name; "(absent)".
std::string value_of(const Event& event, const std::string& name) {
  const std::optional<FieldId> id = find_field(name);
  if (id) {
    const std::string_view original = event.original(*id);
    return std::string(!event.has(*id)              ? "(absent)"
                       : original.data() == nullptr ? event.field(*id)
                                                    : original);
  }
  const auto extra = std::ranges::find(event.extra, name, &ExtraField::name);
  return extra == event.extra.end() ? "(absent)" : std::string(extra->value);
}

/// The flat view and the raw records write some values in two ways: GUIDs with and without braces,
/// numbers with and without leading zeros, texts with and without blanks at the end.
bool is_same(std::string theirs, std::string ours) {
  for (std::string* text : {&theirs, &ours}) {
    std::erase_if(*text, [](char c) { return c == '{' || c == '}'; });
    text->resize(text->find_last_not_of(' ') + 1);
    if (text->starts_with("0x")) {
      text->erase(2, std::min(text->find_first_not_of('0', 2), text->size() - 1) - 2);
    }
  }
  return equals_ignore_case_ascii(theirs, ours);
}

class Folder {
 public:
  explicit Folder(const fs::path& path) : path_(path), names_(fields_of_rule(path / "rule.yml")) {
    for (const std::string& line : lines_of(path / "events.ndjson")) {
      const FlatEvent flat = flat_event(json_, line);
      flat_[key_of(flat)] = flat;
    }
  }

  /// Checks an event of the folder. The number of fields compared.
  std::size_t check(const Event& event, const std::string& record) {
    const simdjson::dom::element raw = json_.parse(record);
    const simdjson::dom::element system = raw["Event"]["System"].value();
    std::int64_t record_id = 0;
    EXPECT_EQ(system["EventRecordID"].get(record_id), simdjson::SUCCESS);
    const std::string key = std::string(event.field(FieldId::channel)) + "|" +
                            std::string(event.field(FieldId::event_id)) + "|" +
                            std::to_string(record_id) + "|" +
                            std::string(event.field(FieldId::computer));
    const auto flat = flat_.find(key);
    if (flat == flat_.end()) {
      ADD_FAILURE() << path_ << ": not in the flat view: " << key;
      return 0;
    }
    std::size_t compared = 0;
    for (const std::string& name : names_) {
      const auto want = flat->second.find(name);
      if (want != flat->second.end()) {
        ++compared;
        const std::string ours = value_of(event, name);
        EXPECT_TRUE(is_same(want->second, ours))
            << path_ << " " << name << "\n want " << want->second << "\n have " << ours;
      }
    }
    return compared;
  }

 private:
  fs::path path_;
  Names names_;
  simdjson::dom::parser json_;
  std::map<std::string, FlatEvent> flat_;
};

TEST(SigmaRegression, TheFieldsOfARuleAreInTheEventsItMustMatch) {
  const fs::path root = SPOOR_SOURCE_DIR "/../shared/data/sigma-cases/regression";
  if (!fs::is_directory(root)) {
    GTEST_SKIP() << "skipped: the Sigma cases are not here";
  }
  std::size_t events = 0;
  std::size_t compared = 0;
  for (const auto& entry : fs::directory_iterator(root)) {
    Folder folder(entry.path());
    for (const std::string& record : lines_of(entry.path() / "raw.ndjson")) {
      const test::Looker looker = test::parse(record, [&](const Event& event) {
        ++events;
        compared += folder.check(event, record);
      });
      EXPECT_EQ(looker.events, 1U) << entry.path();
      for (const Error& error : looker.errors) {
        ADD_FAILURE() << entry.path() << ": " << error.message;
      }
    }
  }
  EXPECT_GE(events, 80U);
  EXPECT_GE(compared, 150U);
}

}  // namespace
}  // namespace spoor
