// The samples beside a rule: records that it must hold for, and records that only look like it.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "cli/rule_catalog.h"
#include "engine/base/result.h"

namespace spoor {

struct SampleFile {
  std::string path;
  bool hit = false;          ///< Else a near miss.
  std::size_t findings = 1;  ///< What a correlation must make of a hit sample.
};

/// Finds samples by their names, and reads each folder once.
///
/// A rule's samples are called after its `name`, or after its file if the file holds no other rule,
/// and lie beside the file or in samples/ beside it:
///   <name>.hit[.<word>].ndjson, <name>.near_miss[.<word>].ndjson
/// also .json and .jsonl, and compressed (.gz, .zst). The word "3_findings" of a hit sample says
/// how many findings a correlation makes of it.
class SampleFinder {
 public:
  explicit SampleFinder(const RuleCatalog& catalog);

  /// In name order, hits first.
  [[nodiscard]] std::vector<SampleFile> samples_of(const CatalogEntry& entry);

 private:
  [[nodiscard]] const std::vector<std::string>& names_in(const std::string& folder);

  std::map<std::string, std::size_t> rules_in_file_;
  std::map<std::string, std::vector<std::string>> folders_;
};

/// A record, with the bytes behind it that the parser needs.
class SampleRecord {
 public:
  SampleRecord(std::string_view text, std::uint64_t line);

  [[nodiscard]] std::string_view text() const { return std::string_view(bytes_).substr(0, size_); }

  /// 1-based, in its file.
  [[nodiscard]] std::uint64_t line() const { return line_; }

 private:
  std::string bytes_;
  std::size_t size_;
  std::uint64_t line_;
};

/// Every record of a sample. Fails if the file cannot be read or holds what is no record.
[[nodiscard]] Result<std::vector<SampleRecord>> read_sample(const std::string& path);

}  // namespace spoor
