#pragma once
#include <zlib.h>

#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace hale::test {

/// The events of an exported log: one <Event>…</Event> after the other; gzip or plain.
inline std::vector<std::string> events_in(const std::filesystem::path& path) {
  gzFile file = gzopen(path.c_str(), "rb");
  REQUIRE(file != nullptr);
  std::string text;
  std::string chunk(1 << 16, '\0');
  for (int got = 0; (got = gzread(file, chunk.data(), static_cast<unsigned>(chunk.size()))) > 0;)
    text.append(chunk, 0, static_cast<std::size_t>(got));
  gzclose(file);
  constexpr std::string_view kEnd = "</Event>";
  std::vector<std::string> events;
  std::size_t begin = text.find("<Event ");
  while (begin != std::string::npos) {
    const auto end = text.find(kEnd, begin);
    if (end == std::string::npos) break;
    events.push_back(text.substr(begin, end + kEnd.size() - begin));
    begin = text.find("<Event ", end);
  }
  return events;
}

}  // namespace hale::test
