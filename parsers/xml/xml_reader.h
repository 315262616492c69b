// An event as XML → Document, in the shape in which evtx_dump writes it:
// {"Event":{"System":{…},"EventData":{…}}}.
#pragma once

#include <memory>
#include <string_view>

#include "engine/base/result.h"
#include "parsers/document.h"

namespace spoor {

/// Reads Windows events (and Sysmon for Linux) as the event log renders them, XmlWinEventLog and
/// Azure's DataItem. One per thread. Allocates: XML is the slow path.
class XmlReader {
 public:
  XmlReader();
  ~XmlReader();
  XmlReader(XmlReader&&) noexcept;
  XmlReader& operator=(XmlReader&&) noexcept;

  /// Fills `document` from the <Event> (or <DataItem>) in `text`; what stands before it, such as a
  /// syslog header, is passed over. The document's text lives until the next call. Invalid UTF-8 is
  /// mended. Fails with malformed_xml, too_deep.
  [[nodiscard]] Result<void> read(std::string_view text, Document& document);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Where an event as XML begins in `text`; npos if there is none.
[[nodiscard]] std::size_t find_xml_event(std::string_view text);

}  // namespace spoor
