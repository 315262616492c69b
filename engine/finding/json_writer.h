// Writes one JSON document, member by member, and leaves out what is absent.
//
// A thin face on RapidJSON's Writer, so that its headers stay in one .cpp. Every text passes
// through replace_invalid_utf8: whatever bytes an event holds, the document is valid UTF-8.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace spoor {

class JsonWriter {
 public:
  JsonWriter();
  ~JsonWriter();
  JsonWriter(const JsonWriter&) = delete;
  JsonWriter& operator=(const JsonWriter&) = delete;

  void begin_object();
  void begin_object(std::string_view key);
  void end_object();
  void begin_array(std::string_view key);
  void end_array();

  /// Members. An empty text is an absent one and is not written; `any_text` writes it too.
  void text(std::string_view key, std::string_view value);
  void any_text(std::string_view key, std::string_view value);
  void number(std::string_view key, std::int64_t value);
  void real(std::string_view key, double value);  ///< Finite.
  void boolean(std::string_view key, bool value);

  /// An element of an array.
  void element(std::string_view value);

  /// The document, once its outermost object is closed.
  [[nodiscard]] std::string finish() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace spoor
