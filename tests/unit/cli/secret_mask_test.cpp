#include "cli/secret_mask.h"

#include <gtest/gtest.h>

namespace spoor {
namespace {

std::string masked(std::string line, std::uint32_t column) {
  std::vector<Diagnostic> problems(1);
  problems[0].source_line = std::move(line);
  problems[0].position.column = column;
  mask_secrets(problems);
  return problems[0].source_line;
}

TEST(SecretMask, LeavesOutWhatStandsBehindTheKeyOfASecret) {
  const struct {
    const char* line;
    const char* want;
  } cases[] = {
      {"    secret: hunter2", "    secret: ***"},
      {"  - {name: a, secret: hunter2, url: x}", "  - {name: a, secret: ***"},
      {R"(  'api_token' : "hunter2")", "  'api_token' : ***"},
      {R"({"sasl.password":"hunter2"})", R"({"sasl.password": ***)"},
      {"SPOOR__INPUTS__0__OPTIONS={sasl.password: hunter2}",
       "SPOOR__INPUTS__0__OPTIONS={sasl.password: ***"},
      {"SPOOR__SINKS__0__SECRET=hunter2", "SPOOR__SINKS__0__SECRET= ***"},
      {"inputs.0.options.ssl.key.pem=hunter2", "inputs.0.options.ssl.key.pem= ***"},
      {"  authorization: Bearer hunter2", "  authorization: ***"},
  };

  for (const auto& test : cases) {
    EXPECT_EQ(masked(test.line, 1), test.want);
  }
}

TEST(SecretMask, LeavesOutTheLineIfThePlaceIsBehindASecret) {
  EXPECT_EQ(masked("- {secret: hunter2, tpye: webhook}", 21), "");
}

TEST(SecretMask, NamesOfFilesAreNoSecrets) {
  for (const char* line : {"secret_file: /etc/spoor/x", "tokens_file: t", "name: secrets",
                           "key_file: k", "url: https://soar.example/secret"}) {
    EXPECT_EQ(masked(line, 1), line);
  }
}

}  // namespace
}  // namespace spoor
