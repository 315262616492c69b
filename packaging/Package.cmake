# The .deb: `cpack -G DEB` in the build folder, or script/package.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME spoor)
set(CPACK_PACKAGE_VENDOR "the Spoor project")
set(CPACK_PACKAGE_CONTACT "the Spoor project <maintainers@spoor.example>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "tells from endpoint logs what an intruder did")
set(CPACK_PACKAGE_DESCRIPTION
"Spoor reads logs of endpoints (Sysmon and other Windows event channels,
CrowdStrike, SentinelOne), keeps a process tree for each host, evaluates Sigma
rules on every event, and correlates what they hit along the tree and over
weeks. What it finds it writes as OCSF, with the evidence, to files, to a
ZeroMQ bus and to web services.")
set(CPACK_VERBATIM_VARIABLES ON)
# /etc is not below /usr.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# Makes the user that the service runs as.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "systemd | systemd-standalone-sysusers | systemd-sysusers")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "python3-zmq")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(control ${CMAKE_CURRENT_SOURCE_DIR}/debian)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    "${control}/conffiles;${control}/postinst;${control}/prerm;${control}/postrm")
include(CPack)

# As Debian's policy has them; changelog.gz is the upstream one.
install(FILES debian/copyright DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES debian/lintian-overrides DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides RENAME spoor)
foreach(pair IN ITEMS "debian/changelog>changelog.Debian" "${PROJECT_SOURCE_DIR}/CHANGELOG.md>changelog")
  string(REPLACE ">" ";" pair "${pair}")
  list(GET pair 0 from)
  list(GET pair 1 name)
  cmake_path(ABSOLUTE_PATH from)
  add_custom_command(OUTPUT ${generated}/${name}.gz COMMAND gzip -9nc ${from} > ${generated}/${name}.gz
                     DEPENDS ${from} VERBATIM)
  list(APPEND changelogs ${generated}/${name}.gz)
endforeach()
add_custom_target(spoor_changelogs ALL DEPENDS ${changelogs})
install(FILES ${changelogs} DESTINATION ${CMAKE_INSTALL_DOCDIR})
