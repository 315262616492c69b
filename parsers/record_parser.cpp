#include "parsers/record_parser.h"

#include <algorithm>
#include <array>

#include "engine/base/limits.h"
#include "parsers/crowdstrike/crowdstrike.h"
#include "parsers/document.h"
#include "parsers/envelope.h"
#include "parsers/json/json_dom.h"
#include "parsers/json/json_scanner.h"
#include "parsers/scratch.h"
#include "parsers/sentinelone/sentinelone.h"
#include "parsers/sysmon/sysmon.h"
#include "parsers/windows/windows.h"
#include "parsers/xml/xml_reader.h"

namespace spoor {
namespace {

/// How deep records are looked for in wrappers and in strings of JSON.
constexpr std::size_t kUnwrapMax = 4;

/// A document and what reads into it: one for each level of JSON inside strings.
struct Level {
  Document document;
  std::unique_ptr<JsonScanner> scanner;
  std::unique_ptr<JsonDom> dom;
  std::unique_ptr<XmlReader> xml;
};

/// A record: its bytes and where they were.
struct RecordText {
  std::string_view text;
  const RecordPosition& position;
};

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

std::string_view without_leading_space(std::string_view text) {
  while (!text.empty() && is_space(text.front())) {
    text.remove_prefix(1);
  }
  return text;
}

/// "<133>Nov 23 09:09:05 vm edr: {…}" → "{…}". Syslog puts a header before the record.
std::string_view without_syslog_header(std::string_view text) {
  const std::size_t close = text.starts_with('<') ? text.find('>') : std::string_view::npos;
  const bool has_priority =
      close != std::string_view::npos && close >= 2 && close <= 4 &&
      text.substr(1, close - 1).find_first_not_of("0123456789") == std::string_view::npos;
  const std::size_t brace = has_priority ? text.find('{') : std::string_view::npos;
  return brace == std::string_view::npos ? text : text.substr(brace);
}

bool may_be_json(std::string_view text) {
  if (text.starts_with('{')) {
    return true;
  }
  const std::string_view rest = without_leading_space(text);
  return rest.starts_with('{') || rest.starts_with('[');
}

}  // namespace

struct RecordParser::Impl final : private EventEmitter {
  Impl(const Projection& projection, const ParserOptions& parser_options)
      : filter(projection), options(parser_options) {}

  void parse(std::string_view record, const RecordPosition& position, RecordSink& to) {
    sink = &to;
    scratch.reset();
    const RecordText whole{record, position};
    const Result<void> read = read_text(record, 0);
    if (!read) {
      bad(read.error(), whole);
      return;
    }
    take(0, 0, whole, 0);
  }

  // --- Bytes → document
  // -----------------------------------------------------------------------------------

  Level& level(std::size_t number) {
    if (levels[number] == nullptr) {
      levels[number] = std::make_unique<Level>();
    }
    return *levels[number];
  }

  /// JSON, or an event as XML.
  Result<void> read_text(std::string_view text, std::size_t number) {
    if (!may_be_json(text)) {
      if (find_xml_event(text) != std::string_view::npos) {
        Level& here = level(number);
        if (here.xml == nullptr) {
          here.xml = std::make_unique<XmlReader>();
        }
        return here.xml->read(text, here.document);
      }
      text = without_syslog_header(text);
    }
    return read_json(text, number);
  }

  Result<void> read_json(std::string_view text, std::size_t number) {
    Level& here = level(number);
    if (options.plain_json) {
      if (here.dom == nullptr) {
        here.dom = std::make_unique<JsonDom>();
      }
      return here.dom->parse(text, here.document);
    }
    if (here.scanner == nullptr) {
      here.scanner = std::make_unique<JsonScanner>();
    }
    return here.scanner->scan(text, here.document);
  }

  // --- Document → records
  // ---------------------------------------------------------------------------------

  ParseContext context(std::size_t number) {
    return {levels[number]->document, filter, scratch, event, plans, logs, sink};
  }

  /// A value that may be a record, hold one, or hold several. `depth` counts what was unwrapped.
  void take(std::size_t number, NodeIndex index, const RecordText& record, std::size_t depth) {
    const Node& node = level(number).document.node(index);
    switch (node.kind) {
      case NodeKind::object: take_object(number, index, record, depth); return;
      case NodeKind::array: take_batch(number, index, record, depth); return;
      case NodeKind::string:
        if (take_string(number, index, record, depth)) {
          return;
        }
        break;
      default: break;
    }
    bad({ErrorCode::unknown_source, "JSON, but not an object"}, record);
  }

  /// Some shippers send a batch as one array.
  void take_batch(std::size_t number,
                  NodeIndex index,
                  const RecordText& record,
                  std::size_t depth) {
    const Document& document = level(number).document;
    const Node& batch = document.node(index);
    if (batch.end == index + 1) {
      bad({ErrorCode::unknown_source, "an empty JSON array"}, record);
      return;
    }
    if (depth > kUnwrapMax) {
      bad({ErrorCode::unknown_source, "arrays within arrays"}, record);
      return;
    }
    document.for_each_child(index, [&](const Node& child, NodeIndex child_index) {
      if (number == 0) {
        scratch.reset();  // The text of the levels below stands in it.
      }
      const bool has_span = !child.is_scalar() && child.text_size > 0 && number == 0;
      const RecordText element{has_span ? child.raw_text() : record.text, record.position};
      take(number, child_index, element, depth + 1);
    });
  }

  /// JSON or XML inside a string.
  bool take_string(std::size_t number,
                   NodeIndex index,
                   const RecordText& record,
                   std::size_t depth) {
    if (depth >= kUnwrapMax || number + 1 >= levels.size()) {
      return false;
    }
    const std::string_view text = text_of(level(number).document.node(index), scratch);
    if (!may_be_json(text) && find_xml_event(text) == std::string_view::npos) {
      return false;
    }
    const Result<void> read = read_text(text, number + 1);
    if (!read) {
      bad(read.error(), record);
      return true;
    }
    level(number + 1).document.salvaged =
        level(number + 1).document.salvaged || level(number).document.salvaged;
    take(number + 1, 0, record, depth + 1);
    return true;
  }

  void take_object(std::size_t number,
                   NodeIndex root,
                   const RecordText& record,
                   std::size_t depth) {
    current = &record;
    current_salvaged = level(number).document.salvaged;
    if (level(number).document.node(root).end - root > kRecordKeysMax &&
        too_many_keys(number, root)) {
      bad({ErrorCode::too_many_keys, "more than " + std::to_string(kRecordKeysMax) + " keys"},
          record);
      return;
    }
    Form form = expected;
    if (form == Form::unknown || form_of(collect(form, number, root)) != form) {
      form = recognise(marks_of_root(number, root));
      event.clear();
      if (options.source) {
        form = forced_form(form);
      }
      if (form == Form::unknown) {
        bad(unknown(number, root), record);
        return;
      }
      if (form == Form::wrapper) {
        unwrap(number, root, record, depth);
        return;
      }
      collect(form, number, root);
      expected = form;
    }
    finish(form, number, root, record, depth);
  }

  /// recognise(), remembered: records of one kind have the same marks.
  Form form_of(Marks marks) {
    if (marks != last_marks) {
      last_marks = marks;
      last_form = recognise(marks);
    }
    return last_form;
  }

  [[nodiscard]] bool too_many_keys(std::size_t number, NodeIndex root) {
    const Document& document = level(number).document;
    std::size_t keys = 0;
    for (NodeIndex index = root + 1; index < document.node(root).end; ++index) {
      keys += document.node(index).key != nullptr ? 1U : 0U;
    }
    return keys > kRecordKeysMax;
  }

  Marks marks_of_root(std::size_t number, NodeIndex root) {
    Marks marks = 0;
    level(number).document.for_each_child(
        root, [&](const Node& node, NodeIndex) { marks |= marks_of(key_of(node, scratch)); });
    return marks;
  }

  /// The user says whose records these are: what the keys do not tell is taken as their plainest
  /// form. What they tell of another source is not read as this one.
  [[nodiscard]] Form forced_form(Form form) const {
    const std::optional<Source> told = source_of(form);
    const bool wants_windows =
        *options.source == Source::sysmon || *options.source == Source::windows;
    const bool fits = told == options.source || (wants_windows && told == Source::windows);
    if (fits || form == Form::wrapper) {
      return form;
    }
    if (form != Form::unknown) {
      return Form::unknown;
    }
    switch (*options.source) {
      case Source::crowdstrike: return Form::fdr;
      case Source::sentinelone: return Form::cloud_funnel;
      default: return Form::flat_export;
    }
  }

  /// The first pass over the root, by the parser of that form.
  Marks collect(Form form, std::size_t number, NodeIndex root) {
    ParseContext here = context(number);
    const std::optional<WindowsCarriage> carriage = carriage_of(form);
    if (carriage) {
      windows.clear();
      return read_windows_record(*carriage, root, here, windows);
    }
    if (source_of(form) == Source::crowdstrike) {
      return crowdstrike.collect(form, root, here);
    }
    return sentinelone.collect(form, root, here);
  }

  void finish(
      Form form, std::size_t number, NodeIndex root, const RecordText& record, std::size_t depth) {
    ParseContext here = context(number);
    const std::optional<WindowsCarriage> carriage = carriage_of(form);
    if (carriage) {
      finish_windows(*carriage, number, root, record, depth);
      return;
    }
    const Result<void> made = source_of(form) == Source::crowdstrike
                                  ? crowdstrike.finish(form, root, here, *this)
                                  : sentinelone.finish(form, root, here, *this);
    if (!made) {
      event.clear();
      bad(made.error(), record);
    }
  }

  void finish_windows(WindowsCarriage carriage,
                      std::size_t number,
                      NodeIndex root,
                      const RecordText& record,
                      std::size_t depth) {
    ParseContext here = context(number);
    if (windows.nested != kNoNode && !read_nested_data(number, record)) {
      event.clear();
      return;
    }
    if (windows.event_id.empty()) {
      event.clear();
      if (!unwrap_quietly(number, root, record, depth)) {
        bad(unknown(number, root), record);
      }
      return;
    }
    const bool sysmon = options.source ? *options.source == Source::sysmon : is_sysmon(windows);
    if (sysmon) {
      parse_sysmon(carriage, windows, here);
    } else {
      parse_windows_channel(carriage, windows, here);
    }
    emit(here);
  }

  /// The event's fields stand in a string of JSON or XML.
  bool read_nested_data(std::size_t number, const RecordText& record) {
    const std::size_t below = number + 1;
    const std::string_view text = text_of(level(number).document.node(windows.nested), scratch);
    if (below >= levels.size() || without_leading_space(text).empty()) {
      return true;
    }
    const Result<void> read = read_text(text, below);
    if (!read) {
      bad(read.error(), record);
      return false;
    }
    current_salvaged = current_salvaged || level(below).document.salvaged;
    const Document& document = level(below).document;
    NodeIndex data = 0;
    if (document.node(0).kind == NodeKind::object && document.find(0, "Event") != kNoNode) {
      data = document.find(0, "Event");
    }
    if (document.node(data).kind == NodeKind::object) {
      ParseContext there = context(below);
      read_event_data(data, there, windows);
    }
    return true;
  }

  // --- Wrappers
  // -------------------------------------------------------------------------------------------

  void unwrap(std::size_t number, NodeIndex root, const RecordText& record, std::size_t depth) {
    if (!unwrap_quietly(number, root, record, depth)) {
      bad(unknown(number, root), record);
    }
  }

  /// Descends into the first key of a wrapper that may hold a record.
  bool unwrap_quietly(std::size_t number,
                      NodeIndex root,
                      const RecordText& record,
                      std::size_t depth) {
    if (depth >= kUnwrapMax) {
      return false;
    }
    const Document& document = level(number).document;
    for (const std::string_view key : wrapper_keys()) {
      const NodeIndex inner = document.find(root, key);
      if (inner == kNoNode) {
        continue;
      }
      const Node& node = document.node(inner);
      if (node.kind == NodeKind::object || (node.kind == NodeKind::array && node.end > inner + 1)) {
        take(number, inner, record, depth + 1);
        return true;
      }
      if (node.kind == NodeKind::string && take_string(number, inner, record, depth)) {
        return true;
      }
    }
    return false;
  }

  // --- Out
  // ------------------------------------------------------------------------------------------------

  void emit(ParseContext& /*context*/) override {
    event.salvaged = current_salvaged;
    event.position = current->position;
    event.time_suspect = event.time_suspect || event.is_from_future();
    event.record = current->text;
    sink->on_event(event);
    event.clear();
  }

  void bad(const Error& error, const RecordText& record) const {
    sink->on_bad_record(error, record.text, record.position);
  }

  Error unknown(std::size_t number, NodeIndex root) {
    constexpr std::size_t kKeysShown = 12;
    std::string keys;
    std::size_t count = 0;
    level(number).document.for_each_child(root, [&](const Node& node, NodeIndex) {
      if (count++ < kKeysShown) {
        keys.append(keys.empty() ? "" : ", ").append(key_of(node, scratch).substr(0, 64));
      }
    });
    if (count > kKeysShown) {
      keys.append(", … (").append(std::to_string(count)).append(" keys)");
    }
    return {ErrorCode::unknown_source,
            "not an event of a known source; its keys: " + (count == 0 ? "none" : keys)};
  }

  FieldFilter filter;
  ParserOptions options;
  Scratch scratch;
  Event event;
  KeyPlans plans;
  WindowsLogs logs;
  std::array<std::unique_ptr<Level>, kUnwrapMax + 1> levels;
  WindowsRecord windows;
  CrowdStrikeParser crowdstrike;
  SentinelOneParser sentinelone;
  /// The form of the record before: tried first.
  Form expected = Form::unknown;
  Marks last_marks = 0;
  Form last_form = recognise(0);
  RecordSink* sink = nullptr;
  const RecordText* current = nullptr;
  bool current_salvaged = false;
};

RecordParser::RecordParser(const Projection& projection, const ParserOptions& options)
    : impl_(std::make_unique<Impl>(projection, options)) {}

RecordParser::~RecordParser() = default;
RecordParser::RecordParser(RecordParser&&) noexcept = default;
RecordParser& RecordParser::operator=(RecordParser&&) noexcept = default;

void RecordParser::parse(std::string_view record,
                         const RecordPosition& position,
                         RecordSink& sink) {
  impl_->parse(record, position, sink);
}

}  // namespace spoor
