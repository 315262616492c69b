# Warnings and sanitizers, as one interface target that every target of ours links.
add_library(spoor_warnings INTERFACE)
add_library(spoor::warnings ALIAS spoor_warnings)
target_compile_options(
  spoor_warnings
  INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
            -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-qual -Wformat=2 -Wimplicit-fallthrough
            -Wundef -Wextra-semi
            $<$<CXX_COMPILER_ID:GNU>:-Wduplicated-cond -Wduplicated-branches -Wlogical-op -Wuseless-cast>
            $<$<BOOL:${SPOOR_WERROR}>:-Werror>)
if(SPOOR_SANITIZE)
  # For everything, third-party headers included: a half-sanitized program reports nonsense.
  add_compile_options(-fsanitize=${SPOOR_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  string(REPLACE ",fuzzer-no-link" "" link_sanitize "${SPOOR_SANITIZE}")
  add_link_options(-fsanitize=${link_sanitize})
  # Lines are what a report needs of it; variables and types are an eighth of the time of such a build.
  add_compile_options($<$<CONFIG:Debug>:-g1>)
else()
  add_compile_options(-fstack-protector-strong -fstack-clash-protection)
  add_compile_definitions($<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2> _GLIBCXX_ASSERTIONS)
  add_link_options(-Wl,-z,relro,-z,now)
endif()
