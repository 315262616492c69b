#include "tests/support/ocsf_schema.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <regex>
#include <set>
#include <stdexcept>

#include <rapidjson/document.h>
#include <rapidjson/error/en.h>

#include "engine/base/text.h"

namespace spoor {
namespace {

using rapidjson::Value;

constexpr std::int64_t kClassUid = 2004;
constexpr std::int64_t kCategoryUid = 2;

std::string_view text_of(const Value& value) {
  return {value.GetString(), value.GetStringLength()};
}

const Value* find(const Value& object, std::string_view name) {
  const auto member = object.FindMember(
      Value(rapidjson::StringRef(name.data(), static_cast<rapidjson::SizeType>(name.size()))));
  return member == object.MemberEnd() ? nullptr : &member->value;
}

std::string_view text_at(const Value& object, std::string_view name) {
  const Value* value = find(object, name);
  return value != nullptr && value->IsString() ? text_of(*value) : std::string_view();
}

bool flag_at(const Value& object, std::string_view name) {
  const Value* value = find(object, name);
  return value != nullptr && value->IsTrue();
}

/// The compiled schema of tests/data/ocsf. Loaded once; without it no test can say anything, so
/// that is fatal.
class Schema {
 public:
  static const Schema& instance() {
    static const Schema kSchema;
    return kSchema;
  }

  [[nodiscard]] const Value& root_class() const { return *find(document_, "class"); }

  [[nodiscard]] const Value* object(std::string_view name) const {
    return find(*find(document_, "objects"), name);
  }

  [[nodiscard]] const Value* type(std::string_view name) const {
    return find(*find(document_, "types"), name);
  }

  /// The pattern of a type, or null.
  [[nodiscard]] const std::regex* pattern(std::string_view type) const {
    const auto found = patterns_.find(type);
    return found == patterns_.end() ? nullptr : &found->second;
  }

 private:
  Schema() {
    const std::filesystem::path path =
        std::filesystem::path(SPOOR_TEST_DATA_DIR) / "ocsf/detection_finding-1.6.json";
    std::ifstream file(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    document_.Parse(text.data(), text.size());
    if (document_.HasParseError() || !document_.IsObject() || object("finding_info") == nullptr) {
      throw std::runtime_error("cannot read the schema " + path.string());
    }
    for (const auto& type : find(document_, "types")->GetObject()) {
      if (const std::string_view regex = text_at(type.value, "regex"); !regex.empty()) {
        patterns_.emplace(std::string(text_of(type.name)), std::regex(regex.begin(), regex.end()));
      }
    }
  }

  rapidjson::Document document_;
  std::map<std::string, std::regex, std::less<>> patterns_;
};

class Checker {
 public:
  std::vector<std::string> check(std::string_view json) {
    rapidjson::Document document;
    if (parse(json, document)) {
      check_object("", document, Schema::instance().root_class());
      check_class_ids(document);
    }
    return std::move(violations_);
  }

  std::vector<std::string> check_part(std::string_view json,
                                      std::string_view path,
                                      std::string_view object) {
    rapidjson::Document document;
    if (!parse(json, document)) {
      return std::move(violations_);
    }
    const Value* definition = Schema::instance().object(object);
    const Value* part = &document;
    for (std::string_view rest = path; part != nullptr && !rest.empty();) {
      const std::size_t end = std::min(rest.find('.'), rest.size());
      part = part->IsObject() ? find(*part, rest.substr(0, end)) : nullptr;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    if (definition == nullptr || part == nullptr) {
      report(std::string(path),
             definition == nullptr ? "the schema has no such object" : "is missing");
    } else if (part->IsArray()) {
      for (rapidjson::SizeType i = 0; i < part->Size(); ++i) {
        check_part_object(std::string(path) + "[" + std::to_string(i) + "]", (*part)[i],
                          *definition);
      }
    } else {
      check_part_object(std::string(path), *part, *definition);
    }
    return std::move(violations_);
  }

 private:
  bool parse(std::string_view json, rapidjson::Document& document) {
    document.Parse<rapidjson::kParseValidateEncodingFlag | rapidjson::kParseFullPrecisionFlag>(
        json.data(), json.size());
    if (document.HasParseError()) {
      report("", std::string("not JSON: ") + rapidjson::GetParseError_En(document.GetParseError()));
      return false;
    }
    if (!document.IsObject()) {
      report("", "not an object");
      return false;
    }
    check_keys("", document);
    return true;
  }

  void check_part_object(const std::string& path, const Value& part, const Value& definition) {
    if (part.IsObject()) {
      check_object(path, part, definition);
    } else {
      report(path, "must be an object");
    }
  }

  void report(const std::string& path, std::string problem) {
    violations_.push_back((path.empty() ? std::string("(document)") : path) + ": " +
                          std::move(problem));
  }

  /// RapidJSON keeps both members of one name; readers disagree on which of them counts.
  void check_keys(const std::string& path, const Value& value) {
    if (value.IsArray()) {
      for (rapidjson::SizeType i = 0; i < value.Size(); ++i) {
        check_keys(path + "[" + std::to_string(i) + "]", value[i]);
      }
    }
    if (!value.IsObject()) {
      return;
    }
    std::set<std::string_view> seen;
    for (const auto& member : value.GetObject()) {
      const std::string inner = join(path, text_of(member.name));
      if (!seen.insert(text_of(member.name)).second) {
        report(inner, "written twice");
      }
      check_keys(inner, member.value);
    }
  }

  static std::string join(const std::string& path, std::string_view name) {
    return path.empty() ? std::string(name) : path + "." + std::string(name);
  }

  void check_object(const std::string& path, const Value& object, const Value& definition) {
    const Value& attributes = *find(definition, "attributes");
    for (const auto& attribute : attributes.GetObject()) {
      const bool required = text_at(attribute.value, "requirement") == "required";
      if (required && find(object, text_of(attribute.name)) == nullptr) {
        report(join(path, text_of(attribute.name)), "required attribute is missing");
      }
    }
    for (const auto& member : object.GetObject()) {
      const std::string inner = join(path, text_of(member.name));
      const Value* attribute = find(attributes, text_of(member.name));
      if (attribute == nullptr) {
        report(inner, "unknown attribute");
        continue;
      }
      check_attribute(inner, member.value, *attribute);
      check_caption(path, object, text_of(member.name), *attribute);
    }
    check_constraints(path, object, definition);
  }

  void check_attribute(const std::string& path, const Value& value, const Value& attribute) {
    if (!flag_at(attribute, "is_array")) {
      check_value(path, value, attribute);
      return;
    }
    if (!value.IsArray()) {
      report(path, "must be an array");
      return;
    }
    for (rapidjson::SizeType i = 0; i < value.Size(); ++i) {
      check_value(path + "[" + std::to_string(i) + "]", value[i], attribute);
    }
  }

  void check_value(const std::string& path, const Value& value, const Value& attribute) {
    const std::string_view type = text_at(attribute, "type");
    if (const Value* object = Schema::instance().object(type)) {
      if (!value.IsObject()) {
        report(path, "must be an object");
      } else if (type != "object") {
        check_object(path, value, *object);
      }
      return;
    }
    if (type == "json_t") {
      return;
    }
    check_scalar(path, value, type);
    check_enumeration(path, value, attribute);
  }

  void check_scalar(const std::string& path, const Value& value, std::string_view type) {
    const Value* definition = Schema::instance().type(type);
    if (definition == nullptr) {
      report(path, "is of a type that the schema does not define");
      return;
    }
    const std::string_view base =
        text_at(*definition, "type").empty() ? type : text_at(*definition, "type");
    const std::string wanted(type);
    if (base == "string_t") {
      value.IsString() ? check_text(path, value, type)
                       : report(path, "must be text (" + wanted + ")");
    } else if (base == "boolean_t") {
      value.IsBool() ? void() : report(path, "must be true or false");
    } else if (base == "float_t") {
      value.IsNumber() ? void() : report(path, "must be a number");
    } else if (base == "integer_t") {
      value.IsInt() ? check_range(path, value.GetInt(), *definition)
                    : report(path, "must be an integer (" + wanted + ")");
    } else {
      value.IsInt64() ? void() : report(path, "must be a long integer (" + wanted + ")");
    }
  }

  void check_text(const std::string& path, const Value& value, std::string_view type) {
    // std::regex recurses once for each character; nothing that has a pattern is as long as this.
    constexpr std::size_t kPatternBytesMax = 4096;
    const std::string_view text = text_of(value);
    const Value* length_max = find(*Schema::instance().type(type), "max_len");
    if (length_max != nullptr && text.size() > length_max->GetUint64()) {
      report(path, "is too long for " + std::string(type));
      return;
    }
    const std::regex* pattern = Schema::instance().pattern(type);
    if (pattern == nullptr) {
      return;
    }
    if (text.size() > kPatternBytesMax || !std::regex_search(text.begin(), text.end(), *pattern)) {
      report(path, "does not match the pattern of " + std::string(type));
    }
  }

  void check_range(const std::string& path, std::int64_t number, const Value& definition) {
    const Value* range = find(definition, "range");
    if (range != nullptr && (number < (*range)[0].GetInt64() || number > (*range)[1].GetInt64())) {
      report(path, "is out of range");
    }
  }

  void check_enumeration(const std::string& path, const Value& value, const Value& attribute) {
    const Value* values = find(attribute, "enum");
    // The schema compiler adds the values of these two, so they are not in the file;
    // check_class_ids knows them.
    if (values == nullptr || path == "class_uid" || path == "category_uid") {
      return;
    }
    const std::string key = value.IsInt64()
                                ? std::to_string(value.GetInt64())
                                : (value.IsString() ? std::string(text_of(value)) : std::string());
    if (find(*values, key) == nullptr) {
      report(path, "is not a value of its enumeration");
    }
  }

  /// "severity" beside "severity_id" must be the caption of that id, unless the id is Other.
  void check_caption(const std::string& path,
                     const Value& object,
                     std::string_view name,
                     const Value& attribute) {
    constexpr std::string_view kSuffix = "_id";
    constexpr int kOther = 99;
    const Value* values = find(attribute, "enum");
    const Value* id = find(object, name);
    if (values == nullptr || !name.ends_with(kSuffix) || !id->IsInt() || id->GetInt() == kOther) {
      return;
    }
    const bool is_activity = name == "activity_id";
    const std::string sibling = is_activity
                                    ? std::string("activity_name")
                                    : std::string(name.substr(0, name.size() - kSuffix.size()));
    const std::string_view caption = text_at(object, sibling);
    const std::string_view wanted = text_at(*values, std::to_string(id->GetInt()));
    if (!caption.empty() && !wanted.empty() && caption != wanted) {
      report(join(path, sibling), "is not the caption of its id, " + std::string(wanted));
    }
  }

  void check_constraints(const std::string& path, const Value& object, const Value& definition) {
    const Value* constraints = find(definition, "constraints");
    if (constraints == nullptr || !constraints->IsObject()) {
      return;
    }
    for (const auto& constraint : constraints->GetObject()) {
      std::size_t present = 0;
      for (const Value& name : constraint.value.GetArray()) {
        if (find(object, text_of(name)) != nullptr) {
          ++present;
        }
      }
      const std::string_view kind = text_of(constraint.name);
      if ((kind == "at_least_one" && present == 0) || (kind == "just_one" && present != 1)) {
        report(path, "breaks " + std::string(kind));
      }
    }
  }

  void check_class_ids(const Value& document) {
    const auto number = [&](std::string_view name) {
      const Value* value = find(document, name);
      return value != nullptr && value->IsInt64() ? value->GetInt64() : std::int64_t{-1};
    };
    if (number("class_uid") != kClassUid) {
      report("class_uid", "is not that of a Detection Finding");
    }
    if (number("category_uid") != kCategoryUid) {
      report("category_uid", "is not that of Findings");
    }
    if (number("type_uid") != kClassUid * 100 + number("activity_id")) {
      report("type_uid", "is not class_uid * 100 + activity_id");
    }
  }

  std::vector<std::string> violations_;
};

}  // namespace

std::vector<std::string> ocsf_violations(std::string_view json) {
  return Checker().check(json);
}

std::vector<std::string> ocsf_object_violations(std::string_view json,
                                                std::string_view path,
                                                std::string_view object) {
  return Checker().check_part(json, path, object);
}

}  // namespace spoor
