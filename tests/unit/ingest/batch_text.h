// What is in a batch, to compare.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "ingest/batch.h"

namespace spoor {

struct BatchItem {
  std::string text;
  bool is_bad = false;
  ErrorCode code = ErrorCode::malformed_json;  // Of a bad one.
  friend bool operator==(const BatchItem&, const BatchItem&) = default;
};

inline std::ostream& operator<<(std::ostream& out, const BatchItem& item) {
  return out << (item.is_bad ? to_string(item.code) : "record") << " '" << item.text << "'";
}

inline std::vector<BatchItem> items_of(const IngestBatch& batch) {
  std::vector<BatchItem> items;
  for (const IngestBatch::Record& record : batch.records) {
    items.push_back({batch.bytes.substr(record.offset, record.length), record.is_bad,
                     record.is_bad ? record.code : ErrorCode::malformed_json});
  }
  return items;
}

/// The texts of the records that are not bad.
inline std::vector<std::string> records_of(const IngestBatch& batch) {
  std::vector<std::string> records;
  for (const BatchItem& item : items_of(batch)) {
    if (!item.is_bad) {
      records.push_back(item.text);
    }
  }
  return records;
}

}  // namespace spoor
