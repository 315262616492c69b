# At installation: the configuration and the unit, with the paths of where the program goes. In /usr, as a package has it, the
# configuration goes to /etc. One that is there stays.
if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
  set(configuration_folder /etc/spoor)
else()
  set(configuration_folder ${CMAKE_INSTALL_PREFIX}/etc/spoor)
endif()
if(NOT EXISTS $ENV{DESTDIR}${configuration_folder}/spoor.yaml)
  file(INSTALL DESTINATION ${configuration_folder} TYPE FILE FILES ${SPOOR_PACKAGING_SOURCE}/spoor.yaml)
endif()
file(READ ${SPOOR_PACKAGING_SOURCE}/spoor.service unit)
string(REPLACE /usr/bin/spoor ${CMAKE_INSTALL_PREFIX}/bin/spoor unit "${unit}")
string(REPLACE /etc/spoor ${configuration_folder} unit "${unit}")
file(WRITE ${SPOOR_PACKAGING_BINARY}/spoor.service "${unit}")
file(INSTALL DESTINATION ${CMAKE_INSTALL_PREFIX}/lib/systemd/system TYPE FILE
     FILES ${SPOOR_PACKAGING_BINARY}/spoor.service)
