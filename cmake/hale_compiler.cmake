# Warnings are errors; ccache when present; sanitizers and hardening by preset.
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

add_library(hale_options INTERFACE)
target_compile_options(hale_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual -Wcast-align -Wextra-semi -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports std::string concatenation as an overlapping copy (its bug 105651) and looks into optimised optionals wrongly.
  target_compile_options(hale_options INTERFACE -Wno-restrict -Wno-maybe-uninitialized)
endif()
target_include_directories(hale_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_definitions(hale_options INTERFACE HALE_VERSION="${PROJECT_VERSION}" FMT_HEADER_ONLY BOOST_PROCESS_USE_STD_FS)

if(HALE_SANITIZE)
  add_compile_options(-fsanitize=${HALE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${HALE_SANITIZE})
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_options(-fstack-protector-strong)
  add_compile_definitions(_FORTIFY_SOURCE=2 _GLIBCXX_ASSERTIONS)
  add_link_options(-Wl,-z,relro,-z,now -Wl,--as-needed)
endif()
