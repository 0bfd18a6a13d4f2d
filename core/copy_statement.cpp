#include "core/copy_statement.hpp"

namespace hale {

std::string copy_statement(std::string_view previous, std::string_view challenge, std::string_view hardware,
                           std::string_view request_der) {
  std::string bytes = "hale copy v1\n";
  for (const auto part : {previous, challenge, hardware}) {
    bytes += part;
    bytes += '\n';
  }
  bytes += request_der;
  return bytes;
}

}  // namespace hale
