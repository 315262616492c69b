# spoor_add_library(<name> SOURCES ... HEADERS ... DEPENDS ... PRIVATE_DEPENDS ...)
# One library per folder. DEPENDS is the folder's place in the dependency graph (see tests/layers).
function(spoor_add_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;HEADERS;DEPENDS;PRIVATE_DEPENDS" ${ARGN})
  add_library(spoor_${name} STATIC ${ARG_SOURCES})
  add_library(spoor::${name} ALIAS spoor_${name})
  target_sources(spoor_${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}
                                      FILES ${ARG_HEADERS})
  target_link_libraries(spoor_${name} PUBLIC ${ARG_DEPENDS}
                        PRIVATE ${ARG_PRIVATE_DEPENDS} $<BUILD_INTERFACE:spoor::warnings>)
  target_include_directories(spoor_${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)
  target_compile_features(spoor_${name} PUBLIC cxx_std_20)
  set_target_properties(spoor_${name} PROPERTIES EXPORT_NAME ${name} VERIFY_INTERFACE_HEADER_SETS ON)
endfunction()
