// Keys of a vendor's record as numbers: one pass over the record fills a slot for each key that the
// vendor's table knows; what an event needs is then read by number, whatever order the keys stood
// in.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "parsers/key_plan.h"
#include "parsers/key_table.h"
#include "parsers/marks.h"
#include "parsers/parse_context.h"

namespace spoor {

/// A vendor key and the attribute it is a name of. Several keys may name one attribute: the
/// vendor's versions spell it differently. Attribute::count: a key that is known and of no use to
/// any event; naming it saves the search for its marks when keys are read anew.
template <typename Attribute>
struct AttributeRow {
  std::string_view key;
  Attribute attribute{};
};

/// The slots of one record. `Attribute` is an enumeration that ends with `count`.
template <typename Attribute>
class AttributeSlots {
 public:
  static constexpr std::size_t kCount = static_cast<std::size_t>(Attribute::count);

  /// The rows of a vendor, made ready once.
  class Table {
   public:
    explicit Table(std::span<const AttributeRow<Attribute>> rows) : keys_(with_marks(rows)) {}

   private:
    friend class AttributeSlots;

    struct Row {
      std::string_view key;
      Marks marks = 0;
      Attribute attribute{};
    };

    static KeyTable<Row> with_marks(std::span<const AttributeRow<Attribute>> rows) {
      std::vector<Row> ready;
      ready.reserve(rows.size());
      for (const AttributeRow<Attribute>& row : rows) {
        ready.push_back({.key = row.key, .marks = marks_of(row.key), .attribute = row.attribute});
      }
      return KeyTable<Row>(std::span<const Row>(ready));
    }

    KeyTable<Row> keys_;
  };

  AttributeSlots() = default;
  ~AttributeSlots() = default;
  AttributeSlots(const AttributeSlots&) = delete;  // now_ may point to own_.
  AttributeSlots& operator=(const AttributeSlots&) = delete;

  void clear() {
    now_ = &own_;
    own_.clear();
  }

  /// One pass over the keys of an object. Of a key that stands twice, and of two names of one
  /// attribute, the first that is not null counts. Returns the marks of the keys. The slots must be
  /// clear. Where the document's shape is known, all this was found before, and nothing is filled.
  Marks collect(NodeIndex root, const Table& table, ParseContext& context) {
    const std::uint64_t shape = context.document.shape();
    if (shape == 0) {
      return collect_by_plan(root, table, context);
    }
    Ready& ready = ready_[(shape + root) % kReady];
    const Sought sought{.shape = shape, .root = root, .table = &table, .filter = &context.filter};
    if (ready.sought != sought) [[unlikely]] {
      ready.marks = collect_by_plan(root, table, context);
      ready.sought = sought;
      ready.found = own_;
      ready.found.number = ++last_number_;
    }
    now_ = &ready.found;
    return ready.marks;
  }

  /// The attribute of a key, if the table knows it: for keys that are made on the way (nested
  /// objects whose dots were expanded).
  static const Attribute* find(const Table& table, std::string_view key) {
    const typename Table::Row* row = table.keys_.find(key);
    return row == nullptr || row->attribute == Attribute::count ? nullptr : &row->attribute;
  }

  void put(Attribute attribute, const Node& node, NodeIndex index) {
    const auto slot = static_cast<std::size_t>(attribute);
    if (node.kind == NodeKind::null) {
      return;
    }
    Found& found = own();
    if (found.nodes[slot] != kNoNode) {
      found.duplicate = true;
      return;
    }
    found.nodes[slot] = index;
    found.used.push_back(static_cast<std::uint16_t>(slot));
  }

  /// A value that is wanted by its key. Attribute::count: no attribute's, or not the one that
  /// counts.
  struct Named {
    NodeIndex index = 0;
    Attribute attribute{};
    bool is_known = false;  ///< The table knows the key.
  };

  void put_named(const Named& named) { own().named.push_back(named); }

  [[nodiscard]] NodeIndex node(Attribute attribute) const {
    return now_->nodes[static_cast<std::size_t>(attribute)];
  }

  [[nodiscard]] bool has(Attribute attribute) const { return node(attribute) != kNoNode; }

  /// The scalar's text, or an absent view: for an attribute that is not there, for "" and for what
  /// is no scalar.
  [[nodiscard]] std::string_view text(Attribute attribute, ParseContext& context) const {
    const NodeIndex index = node(attribute);
    if (index == kNoNode || !context.document.node(index).is_scalar()) {
      return {};
    }
    const std::string_view value = text_of(context.document.node(index), context.scratch);
    return value.empty() ? std::string_view() : value;
  }

  /// Slots that are filled, in the order of the record.
  [[nodiscard]] const std::vector<std::uint16_t>& used() const { return now_->used; }

  /// Of what collect() saw, in the order of the record: the values that the filter wants as extra
  /// fields, by their own keys; and objects, in which some may be.
  [[nodiscard]] const std::vector<Named>& named() const { return now_->named; }

  /// Was collect() called? Else named() holds nothing.
  [[nodiscard]] bool is_collected() const { return now_->is_collected; }

  /// Records with the same number have the same slots filled with values of the same kinds, under
  /// the same filter; named() is the same too. 0: nothing is known.
  [[nodiscard]] std::uint64_t number() const { return now_->number; }

  /// Did some key, or two names of one attribute, occur twice?
  [[nodiscard]] bool duplicate() const { return now_->duplicate; }

 private:
  struct Found {
    std::array<NodeIndex, kCount> nodes{};
    std::vector<std::uint16_t> used;
    std::vector<Named> named;
    std::uint64_t number = 0;
    bool duplicate = false;
    bool is_collected = false;

    Found() { nodes.fill(kNoNode); }

    void clear() {
      for (const std::uint16_t slot : used) {
        nodes[slot] = kNoNode;
      }
      used.clear();
      named.clear();
      number = 0;
      duplicate = false;
      is_collected = false;
    }
  };

  /// What was found depends on nothing else.
  struct Sought {
    std::uint64_t shape = 0;
    NodeIndex root = 0;
    const void* table = nullptr;
    const void* filter = nullptr;
    friend bool operator==(const Sought&, const Sought&) = default;
  };

  struct Ready {
    Sought sought;
    Marks marks = 0;
    Found found;
  };

  static constexpr std::size_t kReady = 64;

  /// To be changed: what is ready for other records stays as it is.
  Found& own() {
    if (now_ != &own_) {
      own_ = *now_;
      own_.number = 0;
      now_ = &own_;
    }
    return own_;
  }

  static bool is_slot(const typename Table::Row* row) {
    return row != nullptr && row->attribute != Attribute::count;
  }

  void take(const typename Table::Row* row,
            NodeIndex index,
            bool is_named,
            const ParseContext& context) {
    const Node& node = context.document.node(index);
    const bool is_known = is_slot(row);
    if (is_known) {
      put(row->attribute, node, index);
    }
    if (node.kind == NodeKind::null || (!is_named && node.kind != NodeKind::object)) {
      return;
    }
    const bool counts = is_known && this->node(row->attribute) == index;
    put_named({.index = index,
               .attribute = counts ? row->attribute : Attribute::count,
               .is_known = is_known});
  }

  Marks collect_by_plan(NodeIndex root, const Table& table, ParseContext& context) {
    own().is_collected = true;
    KeyPlan& plan = context.plans.plan_of(context.document, root, &table, &context.filter);
    if (!plan.fits(context.document, root)) {
      return collect_and_plan(root, table, context, plan);
    }
    plan.for_each_place([&](const KeyPlan::Place& place) {
      take(static_cast<const typename Table::Row*>(place.row), root + place.child,
           place.action != 0, context);
    });
    return plan.marks();
  }

  Marks collect_and_plan(NodeIndex root, const Table& table, ParseContext& context, KeyPlan& plan) {
    Marks marks = 0;
    const bool wants_extra = context.filter.wants_any_extra();
    plan.begin();
    context.document.for_each_child(root, [&](const Node& node, NodeIndex index) {
      const std::string_view key = key_of(node, context.scratch);
      const typename Table::Row* row = table.keys_.find_padded(key);
      const bool is_named = wants_extra && context.filter.wants_extra(key);
      const bool matters = is_slot(row) || is_named || (wants_extra && node.end > index + 1);
      marks |= row != nullptr ? row->marks : marks_of(key);
      if (matters) {
        take(row, index, is_named, context);
      }
      plan.add(node, root, {.child = index, .row = row, .action = is_named ? 1U : 0U}, matters);
    });
    plan.finish(context.document, root, marks);
    return marks;
  }

  Found own_;
  const Found* now_ = &own_;
  std::vector<Ready> ready_ = std::vector<Ready>(kReady);
  std::uint64_t last_number_ = 0;
};

}  // namespace spoor
