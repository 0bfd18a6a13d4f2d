#pragma once
#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "core/envelope.hpp"
#include "fleet/ingest/writer.hpp"
#include "fleet/service/data_folder.hpp"
#include "fleet/service/live.hpp"
#include "fleet/service/readers.hpp"
#include "platform/clock.hpp"

namespace hale::fleet {

/// What the server counts; shown by /metrics.
struct Counters {
  std::atomic<std::uint64_t> batches{0}, repeated_batches{0}, items[9]{}, items_rejected{0};  ///< items by ItemKind
  std::atomic<std::uint64_t> bytes_received{0}, bytes_decoded{0};
  std::atomic<std::uint64_t> enrolments{0}, renewals{0}, enrolments_refused{0}, device_requests_refused{0};
  std::atomic<std::uint64_t> copies_enrolled{0}, copies_refused{0}, forks{0}, copies_turned_away{0};
  std::atomic<std::uint64_t> logins{0}, logins_failed{0};
};

/// What the routes share: made by serve(), constant but for what is thread-safe by itself.
struct Context {
  const FleetKeys& keys;
  Writer& writer;
  Readers& readers;
  Live& live;
  Counters& counters;
  const Clock& clock;
  std::string organization;
  std::string consent{"required"};     ///< required | given: whether a PC asks its user before the first upload
  std::vector<std::string> own_names;  ///< every name of the server's certificate
  std::string device_url;  ///< https://host:port that enrolment tokens carry; constant once the console listens
};

}  // namespace hale::fleet
