// CrowdStrike: Falcon Data Replicator (FDR), its look-up tables, and the event stream.
#pragma once

#include <memory>

#include "engine/base/result.h"
#include "parsers/envelope.h"
#include "parsers/marks.h"
#include "parsers/parse_context.h"

namespace spoor {

/// One per thread: it keeps its slots between records.
class CrowdStrikeParser {
 public:
  CrowdStrikeParser();
  ~CrowdStrikeParser();
  CrowdStrikeParser(CrowdStrikeParser&&) noexcept;
  CrowdStrikeParser& operator=(CrowdStrikeParser&&) noexcept;

  /// One pass over the keys of `root`; returns their marks. Forgets the record before.
  Marks collect(Form form, NodeIndex root, ParseContext& context);

  /// Makes the events of the record that collect() read, and hands them to `emitter`: one, or, for
  /// a detection that tells of several things, each of them. Fails with a reason if there is none.
  [[nodiscard]] Result<void> finish(Form form,
                                    NodeIndex root,
                                    ParseContext& context,
                                    EventEmitter& emitter);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace spoor
