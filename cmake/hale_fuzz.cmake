# hale_fuzzer(NAME SOURCES ... LINKS ...): bin/fuzz_NAME, a libFuzzer program. Its seeds are the files of tests/fuzz/corpus/fuzz_NAME, small and made for it.
# Everything it links is compiled with coverage counters, so that the fuzzer sees where its input leads.
if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  message(FATAL_ERROR "fuzzers need clang++: cmake --preset fuzz")
endif()
add_compile_options(-fsanitize=fuzzer-no-link)
function(hale_fuzzer name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(fuzz_${name} ${arg_SOURCES})
  target_link_libraries(fuzz_${name} PRIVATE hale_options ${arg_LINKS})
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  set_property(GLOBAL APPEND PROPERTY HALE_FUZZERS fuzz_${name})
endfunction()
