#pragma once
#include <string>

#include "fleet/http/server.hpp"
#include "fleet/service/context.hpp"

namespace hale::fleet {

struct MetricsSource {
  const Context& context;
  const ListenerCounters* device{};  ///< null before the listener runs
  const ListenerCounters* console{};
};

/// Prometheus text format 0.0.4; passes `promtool check metrics`. No label has unbounded values. Thread-safe.
std::string metrics_text(const MetricsSource& source);

}  // namespace hale::fleet
