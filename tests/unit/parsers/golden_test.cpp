// Every carriage and event type as it is read: tests/data/parse/<name> gives
// tests/golden/parse/<name>.ndjson. SPOOR_UPDATE_GOLDEN=1 rewrites them.

#include "tests/support/golden.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/finding/event_json.h"
#include "replay/record_reader.h"
#include "tests/source_dir.h"
#include "tests/support/parsing.h"

namespace spoor {
namespace {

namespace fs = std::filesystem;

/// One line for each event and each dead letter.
class Renderer final : public RecordSink {
 public:
  void on_event(const Event& event) override { text_.append(render_event(event)).append("\n"); }

  void on_bad_record(const Error& error,
                     std::string_view /*record*/,
                     const RecordPosition& /*position*/) override {
    text_.append(R"({"bad":")").append(to_string(error.code)).append("\"}\n");
  }

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string render_file(const fs::path& path) {
  Renderer renderer;
  RecordParser parser(Projection::everything());
  auto source = open_source(path);
  if (!source) {
    ADD_FAILURE() << source.error().message;
    return "";
  }
  RecordReader reader(std::move(*source));
  // Without positions: a new line in a file should not change the others.
  for (RecordRead read = reader.read(); read.status != ReadStatus::end; read = reader.read()) {
    if (read.status == ReadStatus::record) {
      parser.parse(read.text, {}, renderer);
    } else {
      renderer.on_bad_record(read.error, read.text, {});
    }
  }
  return renderer.text();
}

/// A file of records.
struct Input {
  fs::path path;
};

// How googletest names the case; its own choice would print bytes.
void PrintTo(const Input& input, std::ostream* out) {  // NOLINT(readability-identifier-naming)
  *out << input.path.filename().string();
}

std::vector<Input> inputs() {
  std::vector<Input> files;
  for (const auto& entry : fs::directory_iterator(SPOOR_SOURCE_DIR "/tests/data/parse")) {
    const fs::path extension = entry.path().extension();
    if (extension == ".ndjson" || extension == ".txt") {
      files.push_back({entry.path()});
    }
  }
  std::ranges::sort(files, {}, &Input::path);
  return files;
}

/// "fluent_bit-synthetic.ndjson" → "fluent_bit_synthetic".
std::string case_name(const testing::TestParamInfo<Input>& info) {
  std::string name = info.param.path.stem();
  std::ranges::replace_if(
      name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

class Parse : public testing::TestWithParam<Input> {};

TEST_P(Parse, GivesWhatAPersonAgreedTo) {
  const std::string name = GetParam().path.stem();
  const std::string text = render_file(GetParam().path);
  EXPECT_FALSE(text.empty());
  EXPECT_TRUE(matches_golden("parse/" + name + ".ndjson", text));
}

INSTANTIATE_TEST_SUITE_P(Golden, Parse, testing::ValuesIn(inputs()), case_name);

}  // namespace
}  // namespace spoor
