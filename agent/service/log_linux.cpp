#include <unistd.h>

#include <cstdlib>
#include <string>

#include "agent/service/log.hpp"

namespace hale::agent {
namespace {

void write_line(char level, std::string_view text) {
  static const bool journal = std::getenv("JOURNAL_STREAM") != nullptr;
  std::string line;
  if (journal) line = {'<', level, '>'};
  line.append(text);
  line.push_back('\n');
  // Standard error is the last resort: where it cannot be written, there is nowhere to say so.
  static_cast<void>(!::write(STDERR_FILENO, line.data(), line.size()));
}

}  // namespace

void log_error(std::string_view text) { write_line('3', text); }
void log_warning(std::string_view text) { write_line('4', text); }
void log_info(std::string_view text) { write_line('6', text); }

}  // namespace hale::agent
