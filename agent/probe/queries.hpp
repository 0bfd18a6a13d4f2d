#pragma once
#include <span>
#include <string>
#include <string_view>

#include "core/result.hpp"

/// The closed list of questions that hale-probe asks. It reads; it parses nothing but the one register that says
/// whether a disk sleeps.
namespace hale::probe {

struct Query {
  std::string_view name;      ///< "nvme-smart"
  std::string_view argument;  ///< what the help shows: "/dev/nvmeN"
  std::string_view help;
};
std::span<const Query> queries();

/// Why there is no answer, as exit code and as the reply line's word.
enum class Outcome { ok = 0, failed = 1, bad_request = 2, asleep = 3 };

struct Answer {
  Outcome outcome{Outcome::ok};
  std::string bytes;    ///< the raw answer, empty unless ok
  std::string message;  ///< for people, empty when ok
};

/// Runs one query. A disk that sleeps is left asleep: the answer is then `asleep`.
Answer ask(std::string_view query, std::string_view argument);

/// One request line ("nvme-smart /dev/nvme0") -> reply: "ok LENGTH\n" and so many raw bytes, or "asleep MESSAGE\n" or
/// "failed MESSAGE\n".
std::string serve_line(std::string_view line);

}  // namespace hale::probe
