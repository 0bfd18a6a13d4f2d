#include "collectors/collector.hpp"

namespace hale {

std::string_view to_string(CollectorState state) {
  switch (state) {
    case CollectorState::ok:
      return "ok";
    case CollectorState::absent:
      return "absent";
    case CollectorState::error:
      return "error";
  }
  return {};
}

}  // namespace hale
