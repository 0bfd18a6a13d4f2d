# hale_test(NAME SOURCES ... LINKS ... [LABELS ...]): a Catch2 program, each of its cases a CTest test.
# Tests find recorded data through HALE_DATA (else ../shared/data, else they skip with the reason) and the source tree through HALE_SOURCE_DIR.
include(Catch)
function(hale_test name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS;LABELS" ${ARGN})
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE hale_options ${arg_LINKS} hale_test_support Catch2::Catch2WithMain)
  target_compile_definitions(${name} PRIVATE HALE_SOURCE_DIR="${CMAKE_SOURCE_DIR}" HALE_BIN_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  catch_discover_tests(${name} TEST_PREFIX "${name}: " DISCOVERY_MODE PRE_TEST
    PROPERTIES LABELS "${arg_LABELS}" SKIP_RETURN_CODE 4 TIMEOUT 120)
endfunction()
