#include "cli/rule_catalog.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <tuple>
#include <utility>

#include "cli/bundled_rules.h"
#include "engine/base/limits.h"
#include "engine/base/time.h"
#include "engine/matcher/matcher.h"
#include "engine/rule/document.h"

namespace spoor {
namespace {

std::string text_of(const YamlNode& map, std::string_view key) {
  const YamlNode* node = map.find(key);
  return node != nullptr && node->is_scalar() ? node->text : std::string();
}

std::vector<std::string> texts_of(const YamlNode& map, std::string_view key) {
  std::vector<std::string> texts;
  const YamlNode* node = map.find(key);
  if (node == nullptr) {
    return texts;
  }
  if (node->is_scalar()) {
    texts.push_back(node->text);
  }
  for (const YamlNode& item : node->items) {
    if (item.is_scalar()) {
      texts.push_back(item.text);
    }
  }
  return texts;
}

/// What a document says of itself, read with more patience than the loader has.
CatalogEntry entry_of(const YamlNode& document, const std::string& file) {
  CatalogEntry entry;
  RuleMeta& meta = entry.meta;
  meta.file = file;
  meta.position = document.position;
  meta.id = text_of(document, "id");
  meta.name = text_of(document, "name");
  meta.title = text_of(document, "title");
  meta.status = text_of(document, "status");
  meta.author = text_of(document, "author");
  meta.license = text_of(document, "license");
  meta.references = texts_of(document, "references");
  meta.tags = texts_of(document, "tags");
  meta.level = parse_level(text_of(document, "level")).value_or(Level::medium);
  entry.is_correlation = document.find("correlation") != nullptr;
  entry.is_filter = !entry.is_correlation && document.find("filter") != nullptr;
  entry.log_source_position =
      document.position_of(entry.is_correlation ? "correlation" : "logsource");
  if (const YamlNode* source = document.find("logsource"); source != nullptr && source->is_map()) {
    entry.log_source.product = text_of(*source, "product");
    entry.log_source.category = text_of(*source, "category");
    entry.log_source.service = text_of(*source, "service");
  }
  return entry;
}

/// A place in a file, to find a document by.
using Place = std::pair<std::string, std::uint32_t>;

class CatalogBuilder {
 public:
  explicit CatalogBuilder(RuleCatalog& catalog) : catalog_(catalog) {}

  /// Ties entries to what was loaded, and to why it was not.
  void finish() {
    sort();
    for (std::size_t i = 0; i < catalog_.entries.size(); ++i) {
      const RuleMeta& meta = catalog_.entries[i].meta;
      places_[{meta.file, meta.position.line}] = i;
    }
    tie(catalog_.loaded.rules.detections);
    tie(catalog_.loaded.rules.correlations);
    tie(catalog_.loaded.rules.window_correlations);
    for (CatalogEntry& entry : catalog_.entries) {
      entry.loaded = entry.loaded || entry.is_filter;  // Unless it is blamed.
    }
    for (const Diagnostic& diagnostic : catalog_.loaded.diagnostics) {
      if (diagnostic.severity == Severity::error) {
        blame(diagnostic);
      }
    }
    sort();  // Blame may have added entries.
    catalog_.refused = static_cast<std::size_t>(std::ranges::count_if(
        catalog_.entries, [](const CatalogEntry& entry) { return !entry.loaded; }));
  }

 private:
  void sort() {
    std::ranges::stable_sort(catalog_.entries, {}, [](const CatalogEntry& entry) {
      return std::tuple(std::string_view(entry.meta.file), entry.meta.position.line);
    });
  }

  template <typename Rule>
  void tie(const std::vector<Rule>& rules) {
    for (std::size_t i = 0; i < rules.size(); ++i) {
      const RuleMeta& meta = rules[i].meta;
      const auto place = places_.find({meta.file, meta.position.line});
      if (place == places_.end()) {
        continue;
      }
      CatalogEntry& entry = catalog_.entries[place->second];
      entry.rule = i;
      entry.loaded = true;
      entry.in_time = std::is_same_v<Rule, WindowCorrelation>;
      entry.meta = meta;
    }
  }

  /// The entry in which an error stands is not loaded, and the first error says why.
  void blame(const Diagnostic& diagnostic) {
    std::string error = std::to_string(diagnostic.position.line) + ":" +
                        std::to_string(diagnostic.position.column) + ": " + diagnostic.message;
    auto place = places_.upper_bound({diagnostic.file, diagnostic.position.line});
    if (place == places_.begin() || std::prev(place)->first.first != diagnostic.file) {
      // Not YAML, or no map: a document that no visitor saw.
      CatalogEntry entry;
      entry.meta.file = diagnostic.file;
      entry.meta.position = diagnostic.position;
      entry.error = std::move(error);
      places_[{diagnostic.file, diagnostic.position.line}] = catalog_.entries.size();
      catalog_.entries.push_back(std::move(entry));
      return;
    }
    CatalogEntry& entry = catalog_.entries[std::prev(place)->second];
    entry.loaded = false;
    if (entry.error.empty()) {
      entry.error = std::move(error);
    }
  }

  RuleCatalog& catalog_;
  std::map<Place, std::size_t> places_;
};

/// The line of that number of a file, or "".
std::string line_of(const std::string& path, std::uint32_t number) {
  std::ifstream file(path, std::ios::binary);
  std::string line;
  for (; number > 0 && std::getline(file, line); --number) {
  }
  if (number > 0) {
    return "";
  }
  if (line.ends_with('\r')) {
    line.pop_back();
  }
  return line;
}

/// "90m": in the largest unit that gives a whole number, weeks apart: 35 days are no 5 weeks.
std::string timespan_text(Duration timespan) {
  struct Unit {
    Duration seconds;
    const char* letter;
  };

  constexpr std::array<Unit, 6> kUnits = {
      {{31'556'952, "y"}, {2'629'746, "M"}, {86'400, "d"}, {3'600, "h"}, {60, "m"}, {1, "s"}}};
  const Duration seconds = timespan / kNanosPerSecond;
  for (const Unit& unit : kUnits) {
    if (seconds != 0 && seconds % unit.seconds == 0) {
      return std::to_string(seconds / unit.seconds) + unit.letter;
    }
  }
  return std::to_string(seconds) + "s";
}

/// "100,000".
std::string grouped_digits(std::size_t number) {
  constexpr std::size_t kGroup = 3;
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > kGroup; at -= kGroup) {
    text.insert(at - kGroup, ",");
  }
  return text;
}

}  // namespace

Result<RuleCatalog> load_catalog(const std::vector<std::string>& paths,
                                 const DocumentVisitor& visit) {
  RuleCatalog catalog;
  const auto take = [&catalog, &visit](const YamlNode& document, DiagnosticDesk& desk) {
    catalog.entries.push_back(entry_of(document, desk.file()));
    if (visit) {
      visit(document, desk);
    }
  };
  const LoadOptions options{.placeholders = {}, .visit = take};
  Result<LoadedRules> loaded = paths.empty()
                                   ? Result<LoadedRules>(load_rules(bundled_rules(), options))
                                   : load_rule_paths(paths, options);
  if (!loaded) {
    return tl::unexpected<Error>(loaded.error());
  }
  catalog.loaded = std::move(*loaded);
  const Matcher matcher = Matcher::create(catalog.loaded.rules, &catalog.loaded.diagnostics);
  finish_diagnostics(catalog.loaded.diagnostics);
  CatalogBuilder(catalog).finish();
  for (CatalogEntry& entry : catalog.entries) {
    const bool is_detection = catalog.detection(entry) != nullptr;
    entry.witness = is_detection ? matcher.witness_text(entry.rule) : "-";
  }
  return catalog;
}

void finish_diagnostics(std::vector<Diagnostic>& diagnostics) {
  std::ranges::stable_sort(diagnostics, {}, [](const Diagnostic& diagnostic) {
    return std::tuple(std::string_view(diagnostic.file), diagnostic.position.line,
                      diagnostic.position.column);
  });
  for (Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.source_line.empty()) {
      diagnostic.source_line = line_of(diagnostic.file, diagnostic.position.line);
    }
  }
}

std::string_view class_text(const RuleCatalog& catalog, const CatalogEntry& entry) {
  if (const WindowCorrelation* correlation = catalog.window_correlation(entry)) {
    return to_string(correlation->correlation_class);
  }
  if (const CorrelationRule* correlation = catalog.correlation(entry)) {
    return to_string(correlation->correlation_class);
  }
  return entry.loaded && !entry.is_filter ? "M" : "";
}

std::string latency_text(const RuleCatalog& catalog, const CatalogEntry& entry) {
  if (catalog.window_correlation(entry) != nullptr) {
    return "lateness";  // Each event is judged in the order of time, for the window that it ends.
  }
  const CorrelationRule* correlation = catalog.correlation(entry);
  if (correlation == nullptr) {
    return "";
  }
  return correlation->correlation_class == CorrelationClass::monotone
             ? "at once"
             : timespan_text(correlation->timespan) + " + lateness";
}

std::string bound_text(const RuleCatalog& catalog, const CatalogEntry& entry) {
  if (catalog.correlation(entry) != nullptr) {
    return grouped_digits(kHitsPerStepMax) + " hits per rule and process";
  }
  const WindowCorrelation* correlation = catalog.window_correlation(entry);
  if (correlation == nullptr) {
    return "";
  }
  const std::string groups = grouped_digits(kWindowGroupsMax) + " groups";
  const bool keeps_times = correlation->type == WindowCorrelationType::temporal ||
                           correlation->type == WindowCorrelationType::temporal_ordered;
  return keeps_times ? groups : groups + ", " + grouped_digits(kWindowEntriesMax) + " events each";
}

const std::string& witness_text(const CatalogEntry& entry) {
  return entry.witness;
}

std::string log_source_text(const CatalogEntry& entry) {
  if (entry.is_correlation) {
    return "correlation";
  }
  std::string text;
  const LogSource& source = entry.log_source;
  for (const std::string* part : {&source.product, &source.category, &source.service}) {
    if (!part->empty()) {
      text += (text.empty() ? "" : "/") + *part;
    }
  }
  return text;
}

}  // namespace spoor
