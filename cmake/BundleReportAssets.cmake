# Writes a .cpp that holds the report's style and script with their hashes.
#   cmake -DSOURCE_DIR=… -DOUTPUT=… -P BundleReportAssets.cmake
set(code "// Generated from engine/report/ by cmake/BundleReportAssets.cmake.\n#include \"engine/report/page_assets.h\"\n\nnamespace spoor {\n\n")
foreach(asset style:report.css script:report.js)
  string(REGEX MATCH "^(.*):(.*)$" unused ${asset})
  set(name ${CMAKE_MATCH_1})
  set(path ${SOURCE_DIR}/engine/report/${CMAKE_MATCH_2})
  # The browser hashes what stands between the tags: exactly these bytes.
  file(SHA256 ${path} hash)
  file(READ ${path} content)
  string(APPEND code "PageAsset page_${name}() {\n  return {R\"spoor_asset(${content})spoor_asset\", \"${hash}\"};\n}\n\n")
endforeach()
string(APPEND code "}  // namespace spoor\n")
file(WRITE ${OUTPUT} "${code}")
