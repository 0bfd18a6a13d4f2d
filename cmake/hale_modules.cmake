# A folder is a module is a static library.
function(hale_module name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC hale_options ${arg_LINKS} PRIVATE ${arg_PRIVATE_LINKS})
endfunction()

# A program: its main file and the module that does the work.
function(hale_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE hale_options ${arg_LINKS})
  set(component agent)
  if(name MATCHES "^hale-(fleet|swarm)$")
    set(component fleet)
  endif()
  install(TARGETS ${name} RUNTIME COMPONENT ${component})
endfunction()
