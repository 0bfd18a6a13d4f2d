#include "fleet/service/metrics.hpp"

#include <fmt/format.h>

namespace hale::fleet {
namespace {

class Text {
 public:
  void head(std::string_view name, std::string_view type, std::string_view help) {
    text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }
  template <class Value>
  void sample(std::string_view name, Value value, std::string_view labels = {}) {
    text_ += labels.empty() ? fmt::format("{} {}\n", name, value) : fmt::format("{}{{{}}} {}\n", name, labels, value);
  }
  template <class Value>
  void single(std::string_view name, std::string_view type, std::string_view help, Value value) {
    head(name, type, help);
    sample(name, value);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

struct ListenerMetric {
  const char* name;
  const char* type;
  const char* help;
  std::atomic<std::uint64_t> ListenerCounters::*value;
};

constexpr ListenerMetric kListenerMetrics[] = {
    {"hale_http_connections", "gauge", "Open connections.", &ListenerCounters::connections},
    {"hale_http_connections_accepted_total", "counter", "Connections accepted.", &ListenerCounters::accepted},
    {"hale_http_connections_refused_total", "counter", "Connections closed because there were too many.",
     &ListenerCounters::refused},
    {"hale_http_handshakes_failed_total", "counter", "TLS handshakes that failed.",
     &ListenerCounters::handshakes_failed},
    {"hale_http_handshakes_resumed_total", "counter", "TLS sessions resumed.", &ListenerCounters::handshakes_resumed},
    {"hale_http_requests_total", "counter", "Requests read.", &ListenerCounters::requests},
    {"hale_http_requests_in_flight", "gauge", "Requests not yet answered.", &ListenerCounters::in_flight},
};

void listeners(Text& text, const MetricsSource& source) {
  const std::pair<const char*, const ListenerCounters*> all[] = {{"device", source.device},
                                                                 {"console", source.console}};
  for (const auto& metric : kListenerMetrics) {
    text.head(metric.name, metric.type, metric.help);
    for (const auto& [name, counters] : all) {
      if (counters != nullptr)
        text.sample(metric.name, (counters->*metric.value).load(), fmt::format("listener=\"{}\"", name));
    }
  }
  text.head("hale_http_responses_total", "counter", "Answers by class of status.");
  for (const auto& [name, counters] : all) {
    for (int group = 1; counters != nullptr && group <= 5; ++group) {
      text.sample("hale_http_responses_total", counters->responses[group].load(),
                  fmt::format("listener=\"{}\",status=\"{}xx\"", name, group));
    }
  }
}

void ingest(Text& text, const Context& context) {
  const Counters& counters = context.counters;
  text.single("hale_ingest_batches_total", "counter", "Batches made durable.", counters.batches.load());
  text.head("hale_ingest_items_total", "counter", "New items made durable, by kind.");
  for (int kind = 0; kind <= static_cast<int>(ItemKind::telemetry); ++kind) {
    text.sample("hale_ingest_items_total", counters.items[kind].load(),
                fmt::format("kind=\"{}\"", to_string(static_cast<ItemKind>(kind))));
  }
  text.single("hale_ingest_items_rejected_total", "counter", "Malformed items.", counters.items_rejected.load());
  text.single("hale_ingest_received_bytes_total", "counter", "Bytes of batches as sent.",
              counters.bytes_received.load());
  text.single("hale_ingest_decoded_bytes_total", "counter", "Bytes of batches after decompression.",
              counters.bytes_decoded.load());
  text.single("hale_devices_enrolled_total", "counter", "Enrolments since start.", counters.enrolments.load());
  text.single("hale_devices_renewed_total", "counter", "Certificates renewed since start.", counters.renewals.load());
  text.single("hale_enrolments_refused_total", "counter", "Enrolments refused.", counters.enrolments_refused.load());
  text.single("hale_copies_enrolled_total", "counter", "Copies of disks that enrolled as devices of their own.",
              counters.copies_enrolled.load());
  text.single("hale_copies_refused_total", "counter", "Copies of disks whose own enrolment was refused.",
              counters.copies_refused.load());
  text.single("hale_identity_forks_total", "counter", "Batches that proved that two PCs use one identity.",
              counters.forks.load());
  text.single("hale_copies_turned_away_total", "counter", "Batches not taken because a copy sent them.",
              counters.copies_turned_away.load());
  text.single("hale_device_requests_refused_total", "counter", "Uploads without a good certificate.",
              counters.device_requests_refused.load());
  text.single("hale_logins_total", "counter", "Logins to the console.", counters.logins.load());
  text.single("hale_logins_failed_total", "counter", "Failed logins to the console.", counters.logins_failed.load());
}

void store(Text& text, const Context& context) {
  const auto& writer = context.writer.counters();
  text.single("hale_store_groups_total", "counter", "Group commits.", writer.groups.load());
  text.single("hale_store_changes_total", "counter", "Changes in those.", writer.works.load());
  text.single("hale_store_changes_failed_total", "counter", "Changes undone because they failed.",
              writer.failed.load());
  text.single("hale_store_changes_refused_total", "counter", "Changes refused because the queue was full.",
              writer.refused.load());
  text.single("hale_store_queue_length", "gauge", "Changes that wait.", writer.queued.load());
  text.single("hale_store_commit_seconds_total", "counter", "Time spent in group commits.",
              static_cast<double>(writer.commit_us.load()) / 1e6);
  text.single("hale_store_healthy", "gauge", "1 when the last group commit was made.",
              context.writer.healthy() ? 1 : 0);
  text.single("hale_live_listeners", "gauge", "Consoles that listen to live events.", context.live.listeners());
}

}  // namespace

std::string metrics_text(const MetricsSource& source) {
  Text text;
  text.head("hale_build_info", "gauge", "The version of this server.");
  text.sample("hale_build_info", 1, fmt::format("version=\"{}\"", HALE_VERSION));
  listeners(text, source);
  ingest(text, source.context);
  store(text, source.context);
  return text.take();
}

}  // namespace hale::fleet
