// Falcon Data Replicator: sensor events, and the look-up tables beside them.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "parsers/crowdstrike/fdr_attributes.h"
#include "parsers/crowdstrike/fdr_events.h"
#include "parsers/crowdstrike/vendor_values.h"
#include "parsers/marks.h"
#include "parsers/parse_context.h"

namespace spoor {

/// The keys that become fields, by when they are read.
enum class FdrStep : std::uint8_t { user, group, fields, images, pid, etw_pid, count };

/// Of the rows of each step, those that can set anything in records with these keys and that name.
struct FdrPlan {
  std::uint64_t keys = 0;  ///< FdrSlots::number(); 0: of one record.
  const FdrEventRow* event = nullptr;
  std::array<std::vector<FdrFieldRow>, static_cast<std::size_t>(FdrStep::count)> rows;
};

/// One record at a time.
class FdrReader {
 public:
  /// One pass over the keys of `root`; returns their marks. Forgets the record before.
  Marks collect(NodeIndex root, ParseContext& context);

  /// Is it a record of the event stream that came through FDR?
  [[nodiscard]] bool is_external() const { return slots_.has(FdrAttribute::external_api_type); }

  /// Where the record's own keys stand: `root`, or what Panther put them under.
  [[nodiscard]] NodeIndex root() const { return root_; }

  /// The event of the record. Without an event_simpleName it may be a row of a look-up table; fails
  /// if it is neither.
  [[nodiscard]] Result<void> finish(ParseContext& context, EventEmitter& emitter);

 private:
  /// The attribute's text, or an absent view; from now on it counts as used.
  std::string_view take(FdrAttribute attribute, ParseContext& context) {
    return slots_.has(attribute) ? take_there(attribute, context) : std::string_view();
  }

  std::string_view take_there(FdrAttribute attribute, ParseContext& context);
  [[nodiscard]] std::string_view take_first(std::span<const FdrAttribute> attributes,
                                            ParseContext& context);

  void collect_panther(NodeIndex outer, ParseContext& context);
  void collect_decimals(ParseContext& context);

  void plan(const FdrEventRow& row, const ParseContext& context);
  void fill_plan(const FdrEventRow& row, const ParseContext& context);

  [[nodiscard]] Result<void> finish_lookup(ParseContext& context, EventEmitter& emitter);

  void set_envelope(ParseContext& context);
  void set_time(std::span<const FdrAttribute> candidates, ParseContext& context);
  void set_uid(ParseContext& context);
  [[nodiscard]] Uid content_uid(ParseContext& context) const;

  void apply(FdrStep step, ParseContext& context);
  void set_common(const FdrEventRow& row, ParseContext& context);
  void set_detail(const FdrEventRow& row, std::string_view name, ParseContext& context);
  void set_network(FdrDetail detail, std::string_view name, ParseContext& context);
  void set_answers(ParseContext& context);
  void set_registry(FdrDetail detail, ParseContext& context);
  void set_registry_data(ParseContext& context);
  void set_attack(ParseContext& context);

  void set_mentions(const FdrEventRow& row, ParseContext& context);
  void set_start(const FdrRoles& roles, ParseContext& context);
  void set_two_processes(ParseContext& context);
  void set_extras(ParseContext& context);

  static constexpr std::size_t kPlans = 64;

  FdrSlots slots_;
  std::vector<FdrPlan> plans_ = std::vector<FdrPlan>(kPlans);
  FdrPlan* plan_ = plans_.data();  ///< Of this record.
  /// FdrSlots::number() of records that have no old name of a number.
  std::array<std::uint64_t, 16> without_decimals_{};
  std::bitset<FdrSlots::kCount> used_;
  NodeIndex root_ = 0;
  std::string_view sensor_;  ///< aid, lower case.
  CrowdStrikeIds ids_;
  std::optional<Timestamp> start_;  ///< ProcessStartTime, if the event's time was taken from it.
  FdrAttribute actor_id_ = FdrAttribute::count;
  bool context_is_actor_ = false;  ///< What the record says of the context process is the actor's.
};

}  // namespace spoor
