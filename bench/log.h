// A log in memory, for benchmarks.
#pragma once

#include <cstddef>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "parsers/record_parser.h"
#include "replay/byte_source.h"
#include "replay/record_reader.h"

namespace spoor::bench {

struct Log {
  std::string bytes;  ///< With the parser's padding behind the last record.
  std::vector<std::pair<std::size_t, std::size_t>> records;  ///< Offset and length.
  std::size_t distinct = 0;                                  ///< Before they were repeated.
};

/// Reads a log and repeats it until it has `bytes_min` bytes. Without records if it cannot be read:
/// why was printed then.
[[nodiscard]] inline Log read_log(const std::string& path, std::size_t bytes_min = 0) {
  Log log;
  auto source = open_source(path);
  if (!source) {
    std::fprintf(stderr, "%s\n", source.error().message.c_str());
    return log;
  }
  RecordReader reader(std::move(*source));
  for (RecordRead read = reader.read(); read.status == ReadStatus::record; read = reader.read()) {
    log.records.emplace_back(log.bytes.size(), read.text.size());
    log.bytes.append(read.text).push_back('\n');
  }
  log.distinct = log.records.size();
  const std::string once = log.bytes;
  while (log.distinct > 0 && log.bytes.size() < bytes_min) {
    const std::size_t shift = log.bytes.size();
    for (std::size_t i = 0; i < log.distinct; ++i) {
      log.records.emplace_back(log.records[i].first + shift, log.records[i].second);
    }
    log.bytes.append(once);
  }
  log.bytes.append(RecordParser::kJsonPadding, ' ');
  return log;
}

}  // namespace spoor::bench
