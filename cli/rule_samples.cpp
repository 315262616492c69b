#include "cli/rule_samples.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>

#include "engine/base/text.h"
#include "parsers/record_parser.h"
#include "replay/byte_source.h"
#include "replay/record_reader.h"

namespace spoor {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFindings = "_findings";
constexpr std::size_t kSampleRecordsMax = 100'000;  // A sample, not a log.

/// The words of a sample's name behind the rule's: ".hit.macos.ndjson.gz" → hit, macos. Nothing if
/// it does not end like a sample.
std::optional<std::vector<std::string>> words_of(std::string_view rest) {
  for (const std::string_view packed : {".gz", ".zst"}) {
    if (rest.ends_with(packed)) {
      rest.remove_suffix(packed.size());
    }
  }
  static constexpr std::string_view kEndings[] = {".ndjson", ".jsonl", ".json"};
  const auto* const found =
      std::ranges::find_if(kEndings, [rest](std::string_view one) { return rest.ends_with(one); });
  if (found == std::ranges::end(kEndings) || !rest.starts_with('.')) {
    return std::nullopt;
  }
  rest.remove_suffix(found->size());
  std::vector<std::string> words;
  while (!rest.empty()) {
    rest.remove_prefix(1);
    const std::size_t dot = std::min(rest.find('.'), rest.size());
    words.emplace_back(rest.substr(0, dot));
    rest.remove_prefix(dot);
  }
  return words;
}

/// "3_findings" → 3.
std::optional<std::size_t> findings_of(std::string_view word) {
  if (!word.ends_with(kFindings)) {
    return std::nullopt;
  }
  word.remove_suffix(kFindings.size());
  std::size_t count = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), count);
  return error == std::errc{} && end == word.data() + word.size() && count > 0
             ? std::optional(count)
             : std::nullopt;
}

std::optional<SampleFile> sample_of(const std::string& folder,
                                    const std::string& file,
                                    const std::string& stem) {
  if (stem.empty() || !file.starts_with(stem + ".")) {
    return std::nullopt;
  }
  const std::optional<std::vector<std::string>> words =
      words_of(std::string_view(file).substr(stem.size()));
  if (!words || words->empty() || (words->front() != "hit" && words->front() != "near_miss")) {
    return std::nullopt;
  }
  SampleFile sample{
      .path = (fs::path(folder) / file).string(), .hit = words->front() == "hit", .findings = 1};
  for (const std::string& word : *words) {
    sample.findings = findings_of(word).value_or(sample.findings);
  }
  return sample;
}

}  // namespace

SampleFinder::SampleFinder(const RuleCatalog& catalog) {
  for (const CatalogEntry& entry : catalog.entries) {
    ++rules_in_file_[entry.meta.file];
  }
}

const std::vector<std::string>& SampleFinder::names_in(const std::string& folder) {
  const auto [place, is_new] = folders_.try_emplace(folder);
  if (is_new) {
    std::error_code error;
    for (fs::directory_iterator entry(folder.empty() ? "." : folder, error);
         !error && entry != fs::directory_iterator(); entry.increment(error)) {
      std::error_code ignored;
      if (entry->is_regular_file(ignored)) {
        place->second.push_back(entry->path().filename().string());
      }
    }
    std::ranges::sort(place->second);
  }
  return place->second;
}

std::vector<SampleFile> SampleFinder::samples_of(const CatalogEntry& entry) {
  const fs::path file(entry.meta.file);
  std::vector<std::string> stems;
  if (!entry.meta.name.empty()) {
    stems.push_back(entry.meta.name);
  }
  const std::string stem = file.stem().string();
  if (rules_in_file_[entry.meta.file] == 1 && stem != entry.meta.name) {
    stems.push_back(stem);
  }
  std::vector<SampleFile> samples;
  for (const fs::path& folder : {file.parent_path(), file.parent_path() / "samples"}) {
    for (const std::string& name : names_in(folder.string())) {
      for (const std::string& one : stems) {
        if (std::optional<SampleFile> sample = sample_of(folder.string(), name, one)) {
          samples.push_back(std::move(*sample));
          break;
        }
      }
    }
  }
  std::stable_partition(samples.begin(), samples.end(),
                        [](const SampleFile& sample) { return sample.hit; });
  return samples;
}

SampleRecord::SampleRecord(std::string_view text, std::uint64_t line)
    : bytes_(text), size_(text.size()), line_(line) {
  bytes_.append(RecordParser::kJsonPadding, '\0');
}

Result<std::vector<SampleRecord>> read_sample(const std::string& path) {
  Result<std::unique_ptr<ByteSource>> source = open_source(path);
  if (!source) {
    return tl::unexpected<Error>(source.error());
  }
  std::vector<SampleRecord> records;
  RecordReader reader(std::move(*source));
  for (RecordRead read = reader.read(); read.status != ReadStatus::end; read = reader.read()) {
    if (read.status != ReadStatus::record) {
      return fail(read.error.code,
                  "line " + std::to_string(read.line) + " is no record: " + read.error.message);
    }
    if (records.size() == kSampleRecordsMax) {
      return fail(ErrorCode::bad_usage,
                  "more than " + std::to_string(kSampleRecordsMax) + " records: a sample is a few");
    }
    records.emplace_back(read.text, read.line);
  }
  if (records.empty()) {
    return fail(ErrorCode::bad_usage, "it holds no record");
  }
  return records;
}

}  // namespace spoor
