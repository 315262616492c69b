// spoor rules list: what the rules are, and do they load.

#include <string>

#include <unistd.h>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/log.h"
#include "cli/output_file.h"
#include "cli/rule_catalog.h"
#include "cli/terminal.h"
#include "cli/text_table.h"
#include "engine/finding/json_writer.h"

namespace spoor {
namespace {

/// Below this width an id is shown by its first digits, which tell rules apart well enough.
constexpr std::size_t kWidthForIds = 120;
constexpr std::size_t kShortId = 8;
/// Below these widths what few look for makes room for the title.
constexpr std::size_t kWidthForWitness = 100;
constexpr std::size_t kWidthForLatency = 100;
constexpr std::size_t kWidthForBound = 160;

std::string id_cell(const CatalogEntry& entry, std::size_t width) {
  if (entry.meta.id.empty()) {
    return "-";
  }
  return width < kWidthForIds ? entry.meta.id.substr(0, kShortId) : entry.meta.id;
}

/// The title; of a document that has none, where it stands.
std::string title_cell(const CatalogEntry& entry) {
  return entry.meta.title.empty() ? entry.meta.file + ":" + std::to_string(entry.meta.position.line)
                                  : entry.meta.title;
}

std::string render_list(const RuleCatalog& catalog, const TableOptions& options) {
  TextTable table({{.header = "ID"},
                   {.header = "LEVEL"},
                   {.header = "LOG SOURCE", .narrowest = 16},
                   {.header = "CLASS"},
                   {.header = "LATENCY"},
                   {.header = "KEEPS AT MOST", .narrowest = 13},
                   {.header = "WITNESS", .narrowest = 7},
                   {.header = "TITLE", .narrowest = 20},
                   {.header = "STATE", .narrowest = 8}});
  for (const CatalogEntry& entry : catalog.entries) {
    const std::string level(to_string(entry.meta.level));
    table.add({{.text = id_cell(entry, options.width), .style = Style::dim},
               {.text = level, .style = level_style(level)},
               {.text = log_source_text(entry)},
               {.text = std::string(class_text(catalog, entry))},
               {.text = options.width < kWidthForLatency ? "" : latency_text(catalog, entry)},
               {.text = options.width < kWidthForBound ? "" : bound_text(catalog, entry)},
               {.text = options.width < kWidthForWitness ? "" : witness_text(entry)},
               {.text = title_cell(entry)},
               {.text = entry.loaded ? "loaded" : "refused: " + entry.error,
                .style = entry.loaded ? Style::plain : Style::red}});
  }
  return table.render(options);
}

void write_list(JsonWriter& json, std::string_view key, const std::vector<std::string>& values) {
  json.begin_array(key);
  for (const std::string& value : values) {
    json.element(value);
  }
  json.end_array();
}

std::string render_json(const RuleCatalog& catalog, const CatalogEntry& entry) {
  const RuleMeta& meta = entry.meta;
  const DetectionRule* detection = catalog.detection(entry);
  JsonWriter json;
  json.begin_object();
  json.text("id", meta.id);
  json.text("name", meta.name);
  json.text("title", meta.title);
  json.text("type", entry.is_correlation ? "correlation" : "detection");
  json.text("status", meta.status);
  json.text("level", to_string(meta.level));
  json.text("author", meta.author);
  json.text("license", meta.license);
  json.text("file", meta.file);
  json.number("line", meta.position.line);
  if (!entry.is_correlation) {
    json.begin_object("log_source");
    json.text("product", entry.log_source.product);
    json.text("category", entry.log_source.category);
    json.text("service", entry.log_source.service);
    json.end_object();
  }
  json.text("class", class_text(catalog, entry));
  if (entry.is_correlation) {
    json.text("latency", latency_text(catalog, entry));
    json.text("keeps_at_most", bound_text(catalog, entry));
  }
  json.text("witness", witness_text(entry));
  write_list(json, "tags", meta.tags);
  write_list(json, "references", meta.references);
  json.text("logic_hash", meta.logic_hash);
  if (entry.loaded) {
    json.boolean("generate", detection == nullptr || detection->makes_finding);
  }
  json.boolean("loaded", entry.loaded);
  json.text("error", entry.error);
  json.end_object();
  return json.finish() + "\n";
}

}  // namespace

int run_rules_list(const RulesListOptions& options) {
  set_up_log(false, use_color(STDERR_FILENO, options.color));
  const Result<RuleCatalog> catalog = load_catalog(options.paths);
  if (!catalog) {
    log_error(catalog.error().message);
    return exit_usage;
  }
  if (catalog->entries.empty()) {
    log_error("no rule file (*.yml, *.yaml) there");
    return exit_usage;
  }
  std::string text;
  if (options.json) {
    for (const CatalogEntry& entry : catalog->entries) {
      text += render_json(*catalog, entry);
    }
  } else {
    text = render_list(*catalog, {.color = use_color(STDOUT_FILENO, options.color),
                                  .width = terminal_width(STDOUT_FILENO)});
  }
  const Result<void> written = write_output("-", text);
  if (!written) {
    log_error(written.error().message);
    return exit_failure;
  }
  const std::size_t count = catalog->entries.size();
  log_info(std::to_string(count) + (count == 1 ? " rule, " : " rules, ") +
           std::to_string(catalog->refused) + " refused");
  return exit_ok;
}

}  // namespace spoor
