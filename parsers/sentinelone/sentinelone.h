// SentinelOne: Cloud Funnel 2.0, the Deep Visibility API, threats, alerts and activities of the
// management API.
#pragma once

#include <memory>

#include "engine/base/result.h"
#include "parsers/envelope.h"
#include "parsers/marks.h"
#include "parsers/parse_context.h"

namespace spoor {

/// One per thread: it keeps its slots between records.
class SentinelOneParser {
 public:
  SentinelOneParser();
  ~SentinelOneParser();
  SentinelOneParser(SentinelOneParser&&) noexcept;
  SentinelOneParser& operator=(SentinelOneParser&&) noexcept;

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
