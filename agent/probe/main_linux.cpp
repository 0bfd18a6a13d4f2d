// hale-probe: the only privileged piece of Hale. Asks a disk or a power counter one read-only question from a closed
// list and writes the raw answer.
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <string>
#include <string_view>

#include "agent/probe/queries.hpp"

namespace {

constexpr std::size_t kMaxRequest = 128;
constexpr int kRequestTimeoutMs = 5000;

bool write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

void print_help() {
  std::string text =
      "hale-probe QUERY ARGUMENT   writes the raw answer to standard output\n"
      "hale-probe --inetd          one request line from standard input, one reply (for a systemd socket)\n\n";
  for (const auto& query : hale::probe::queries()) {
    text.append("  ")
        .append(query.name)
        .append(" ")
        .append(query.argument)
        .append("\n      ")
        .append(query.help)
        .append("\n");
  }
  text +=
      "\nIt only reads, from this closed list. A disk that sleeps is left asleep.\n"
      "Exit: 0 answered, 1 failed (reason on standard error), 2 not a request from the list, 3 the disk is asleep.\n"
      "Reply to a line: \"ok LENGTH\" and the bytes, \"asleep REASON\" or \"failed REASON\".\n";
  write_all(text);
}

// The peer may be slow or silent: it has five seconds and 128 bytes.
std::string read_request() {
  std::string line;
  std::array<char, kMaxRequest> buffer{};
  while (line.size() < kMaxRequest && line.find('\n') == std::string::npos) {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    if (poll(&input, 1, kRequestTimeoutMs) <= 0) break;
    const auto got = read(STDIN_FILENO, buffer.data(), kMaxRequest - line.size());
    if (got <= 0) break;
    line.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return line.substr(0, line.find('\n'));
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view first = argc > 1 ? argv[1] : "";
  if (argc == 2 && (first == "--help" || first == "-h")) {
    print_help();
    return 0;
  }
  if (argc == 2 && first == "--inetd") return write_all(hale::probe::serve_line(read_request())) ? 0 : 1;
  if (argc != 3) {
    std::fputs("hale-probe: QUERY and ARGUMENT are needed; --help lists them\n", stderr);
    return 2;
  }
  const auto answer = hale::probe::ask(first, argv[2]);
  if (!answer.message.empty()) std::fprintf(stderr, "hale-probe: %s\n", answer.message.c_str());
  if (answer.outcome == hale::probe::Outcome::ok && !write_all(answer.bytes)) return 1;
  return static_cast<int>(answer.outcome);
}
