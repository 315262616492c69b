# spoor_add_test(<name> SOURCES ... DEPENDS ... [LABELS ...]): one GoogleTest executable, its cases found by ctest.
# "tests/source_dir.h" has SPOOR_SOURCE_DIR; tests that read data beside the repository skip where it is absent. It is no definition of the
# command line, where it would keep every test from being taken from the cache for another clone.
include(GoogleTest)
configure_file(${PROJECT_SOURCE_DIR}/tests/source_dir.h.in ${PROJECT_BINARY_DIR}/generated/tests/source_dir.h)
function(spoor_add_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} GTest::gtest_main spoor::warnings)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/generated)
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 900 LABELS "${ARG_LABELS}")
endfunction()
