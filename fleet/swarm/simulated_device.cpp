#include "fleet/swarm/simulated_device.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "platform/crypto.hpp"
#include "platform/secrets.hpp"
#include "uploader/drain.hpp"
#include "uploader/enrolment.hpp"

namespace hale::swarm {
namespace {

using nlohmann::json;
using Steady = std::chrono::steady_clock;

/// Passes requests on and takes their time.
class TimedClient final : public HttpClient {
 public:
  explicit TimedClient(HttpClient& client) : client_(client) {}
  Result<HttpResponse> send(const HttpRequest& request) override {
    const auto start = Steady::now();
    auto answer = client_.send(request);
    taken_ms += std::chrono::duration<double, std::milli>(Steady::now() - start).count();
    return answer;
  }
  double taken_ms{0};

 private:
  HttpClient& client_;
};

/// Thirty series, three steps each: about 6 KB of JSON, as a laptop with forty sensors sends every 15 minutes.
json summary_body(Timestamp start, std::uint64_t turn) {
  json series = json::array();
  for (int i = 0; i < 30; ++i) {
    json one{{"metric", "hw.temperature"}, {"component", "sensor" + std::to_string(i)}, {"key", ""}};
    for (int step = 0; step < 3; ++step) {
      const double mean = 40 + i + std::round(50 * std::sin(static_cast<double>(turn * 3) + step + i)) / 10;
      one["offsets"].push_back(step);
      one["min"].push_back(mean - 1.5);
      one["mean"].push_back(mean);
      one["max"].push_back(mean + 2.5);
    }
    series.push_back(std::move(one));
  }
  return {{"start", to_rfc3339(start)}, {"step_s", 300}, {"series", std::move(series)}};
}

}  // namespace

Result<std::unique_ptr<SimulatedDevice>> SimulatedDevice::enrol(const Options& options, const EnrolmentToken& token,
                                                                std::size_t number) {
  const auto folder = options.work / ("device-" + std::to_string(number));
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return fail(Errc::io, "making " + folder.string() + ": " + error.message());
  auto identity = enroll(EnrolmentOptions{.state_folder = folder,
                                          .url = {},
                                          .hardware = "uuid=" + crypto::hash_hex(std::to_string(number)).substr(0, 16),
                                          .previous = {},
                                          .system = "hale-swarm",
                                          .proxy = {"direct"},
                                          .cancel = options.cancel},
                         token);
  if (!identity) return fail(identity.error());
  auto key = Secrets(folder).get(identity->key_name);
  if (!key) return fail(key.error());
  auto database = Database::open(folder / "hale.db", DatabaseOptions{.durable = false});
  if (!database) return fail(database.error());
  if (auto made = database->migrate("outbox", outbox_migrations()); !made) return fail(made.error());
  return std::unique_ptr<SimulatedDevice>(new SimulatedDevice(options, std::move(*identity), std::move(*key),
                                                              std::move(*database), crypto::random_bytes(32)));
}

SimulatedDevice::SimulatedDevice(const Options& options, Identity identity, std::string key, Database database,
                                 std::string spool_key)
    : options_(options),
      identity_(std::move(identity)),
      key_(std::move(key)),
      url_(options.upload_url.empty() ? identity_.fleet_url : options.upload_url),
      database_(std::move(database)),
      outbox_(database_, std::move(spool_key)),
      start_(system_clock().now()) {}

Result<> SimulatedDevice::connect() {
  if (client_ && options_.connect == Connect::kept) return {};
  auto client = HttpClient::make(TlsOptions{.ca_pem = identity_.ca_pem,
                                            .ca_sha256 = {},
                                            .certificate_pem = identity_.certificate_pem,
                                            .private_key_pem = key_,
                                            .session_for = options_.connect == Connect::resumed ? url_ : std::string(),
                                            .session = session_},
                                 {"direct"});
  if (!client) return fail(client.error());
  client_ = std::move(*client);
  return {};
}

Item SimulatedDevice::next_item() {
  const auto turn = items_++;
  const auto start = start_ + turn * std::chrono::minutes(15);
  return {"telemetry-" + std::to_string(turn), ItemKind::telemetry, start, summary_body(start, turn).dump()};
}

SimulatedDevice::Done SimulatedDevice::upload() {
  Done done;
  if (auto put = outbox_.put(next_item()); !put) {
    done.error = put.error().message;
    return done;
  }
  if (auto connected = connect(); !connected) {
    done.error = connected.error().message;
    return done;
  }
  TimedClient timed(*client_);
  const auto drained = Drain(outbox_, timed, url_, identity_.device_id, system_clock(), options_.cancel).run();
  done.accepted = drained.sent;
  done.rejected = drained.set_aside;
  done.latency_ms = timed.taken_ms;
  done.error = drained.error;
  if (auto session = client_->session()) session_ = std::move(*session);
  if (options_.connect != Connect::kept) client_.reset();
  return done;
}

}  // namespace hale::swarm
