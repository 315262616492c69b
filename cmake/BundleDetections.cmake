# Writes a .cpp that holds every rule file of detections/ as a string literal.
#   cmake -DSOURCE_DIR=… -DOUTPUT=… -P BundleDetections.cmake
file(GLOB_RECURSE rules RELATIVE ${SOURCE_DIR} ${SOURCE_DIR}/detections/*.yml)
list(SORT rules)
set(code "// Generated from detections/ by cmake/BundleDetections.cmake.\n#include \"cli/bundled_rules.h\"\n\nnamespace spoor {\n\nstd::vector<RuleFile> bundled_rules() {\n  return {\n")
foreach(rule IN LISTS rules)
  file(READ ${SOURCE_DIR}/${rule} content)
  string(APPEND code "      {\"${rule}\", R\"spoor_rule(${content})spoor_rule\"},\n")
endforeach()
string(APPEND code "  };\n}\n\n}  // namespace spoor\n")
file(WRITE ${OUTPUT} "${code}")
