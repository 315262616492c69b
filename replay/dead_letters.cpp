#include "replay/dead_letters.h"

#include <boost/archive/iterators/base64_from_binary.hpp>
#include <boost/archive/iterators/transform_width.hpp>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "engine/base/limits.h"
#include "engine/base/text.h"

namespace spoor {
namespace {

std::string base64(std::string_view bytes) {
  using boost::archive::iterators::base64_from_binary;
  using boost::archive::iterators::transform_width;
  using Encoder = base64_from_binary<transform_width<std::string_view::const_iterator, 6, 8>>;
  std::string text(Encoder(bytes.begin()), Encoder(bytes.end()));
  text.append((3 - bytes.size() % 3) % 3, '=');
  return text;
}

}  // namespace

std::string render_dead_letter(const Error& error,
                               std::string_view file,
                               const RecordPosition& position,
                               std::string_view record) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  const auto text = [&writer](std::string_view key, std::string_view value) {
    const std::string clean = replace_invalid_utf8(value);
    writer.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
    writer.String(clean.data(), static_cast<rapidjson::SizeType>(clean.size()));
  };
  const auto number = [&writer](std::string_view key, std::uint64_t value) {
    writer.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
    writer.Uint64(value);
  };
  writer.StartObject();
  text("code", to_string(error.code));
  text("message", error.message);
  text("file", file);
  number("line", position.line);
  number("offset", position.offset);
  number("length", record.size());
  text("raw", base64(record.substr(0, kDeadLetterBytesMax)));
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace spoor
