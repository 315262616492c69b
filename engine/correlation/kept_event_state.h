// Kept events and hits as bytes, for what survives a restart.
#pragma once

#include <memory>

#include "engine/base/state_io.h"
#include "engine/correlation/hit_store.h"

namespace spoor {

/// For keys: they sort in canonical order.
void write_order_key(const OrderKey& order, StateWriter& into);
[[nodiscard]] OrderKey read_order_key(StateReader& from);

void write_event(const KeptEvent& event, StateWriter& into);
/// What from.ok() says is to be looked at.
[[nodiscard]] std::shared_ptr<const KeptEvent> read_event(StateReader& from);

void write_fields(const std::vector<KeptField>& fields, StateWriter& into);
[[nodiscard]] std::vector<KeptField> read_fields(StateReader& from);

/// Each with its rule's id; an event that several share is written once.
void write_hits(const WindowHits& hits, StateWriter& into);
[[nodiscard]] WindowHits read_hits(StateReader& from);

}  // namespace spoor
