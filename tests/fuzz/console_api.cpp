// Requests to the console's API as a logged-in administrator's browser may send them: "METHOD PATH?QUERY", a line feed, the body.
#include "fleet/api/console_api.hpp"

#include <filesystem>
#include <future>
#include <nlohmann/json.hpp>

#include "core/codec.hpp"
#include "fleet/http/event_stream.hpp"
#include "fleet/ingest/batch.hpp"
#include "platform/crypto.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace hale;
using namespace hale::fleet;
namespace fs = std::filesystem;

namespace {

constexpr std::string_view kSecret = "0123456789abcdef0123456789abcdef";
constexpr std::string_view kBatch =
    R"({"schema":1,"device":"d1","batch":"b1","created":"2026-03-01T10:00:00Z","items":[
{"id":"i1","kind":"finding","time":"2026-03-01T10:00:00Z","body":{"type":"finding","time":"2026-03-01T10:00:00Z","rule":"cooling.dust","rule_version":1,"fingerprint":"cooling.dust/cpu","state":"active","cause":"dust","component":"cpu","severity":"warning","confidence":0.75,"summary":"hot","first_seen":"2026-03-01T10:00:00Z","last_seen":"2026-03-01T10:00:00Z","evidence":{"from":"2026-03-01T10:00:00Z","to":"2026-03-01T10:00:00Z","facts":{},"plots":[]}}},
{"id":"i2","kind":"telemetry","time":"2026-03-01T10:00:00Z","body":{"start":"2026-03-01T09:00:00Z","step_s":300,"series":[{"metric":"hw.temperature","component":"cpu","key":"","offsets":[0,1,2],"min":[40,41,42],"mean":[41,42,43],"max":[42,43,44]}]}}]})";

/// A server without its listeners, with one device that has told something.
class Fleet {
 public:
  Fleet()
      : folder_(make_folder()),
        keys_(create_fleet_keys(folder_, "Fuzz", {}, system_clock().now()).value()),
        readers_([this] { return open_store_sqlite({folder_, true}); }),
        writer_(open_store_sqlite({folder_, false}).value(), {.gather = std::chrono::milliseconds(0)}),
        context_{keys_, writer_, readers_, live_, counters_, system_clock(), "Fuzz", "required", {"localhost"}, "https://localhost:1"},
        api_(context_, {[] { return std::string(); }, [] { return true; }}) {
    const auto batch = decode_batch(kBatch);
    fuzz::expect(batch && batch->rejected.empty(), "the seed batch is good");
    const auto filled = writer_.run([&](Store& store) -> Result<> {
      Device device;
      device.id = "d1";
      device.name = "pc";
      device.enrolled = system_clock().now();
      device.number = store.add_device(device).value();
      const auto applied = apply_batch(store, device, *batch, system_clock().now());
      return applied ? Result<>() : Result<>(fail(applied.error()));
    });
    fuzz::expect(filled.has_value(), "the seed batch is stored");
  }
  ~Fleet() {
    live_.close_all();
    api_.stop();
    writer_.stop();
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  Response ask(Request request) {
    log_in();
    std::promise<Response> answered;
    api_.handle(std::move(request), [&](Response response) { answered.set_value(std::move(response)); });
    auto response = answered.get_future().get();
    if (response.stream) live_.close_all();
    return response;
  }

 private:
  static fs::path make_folder() {
    std::string pattern = (fs::exists("/dev/shm") ? fs::path("/dev/shm") : fs::temp_directory_path()) / "hale-fuzz-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) std::abort();
    return pattern;
  }
  /// Requests may have ended the session, or removed its user.
  void log_in() {
    const auto hash = session_hash(kSecret);
    const auto store = readers_.mine();
    const auto there = (*store)->session(hash);
    if (there && *there) return;
    const auto now = system_clock().now();
    const auto entered = writer_.run([&](Store& all) -> Result<> {
      if (auto done = all.put_user({"admin", Role::admin, "-", now, std::nullopt}); !done) return done;
      SessionRow session;
      session.id_hash = hash;
      session.user = "admin";
      session.role = Role::admin;
      session.created = session.last_used = now;
      session.expires = now + std::chrono::hours(12);
      return all.add_session(session);
    });
    fuzz::expect(entered.has_value(), "the administrator logs in");
  }

  const fs::path folder_;
  const FleetKeys keys_;
  Readers readers_;
  Live live_;
  Counters counters_;
  Writer writer_;
  fleet::Context context_;
  ConsoleApi api_;
};

Method method_of(std::string_view word) {
  for (const auto method : {Method::get, Method::head, Method::post, Method::patch, Method::remove})
    if (word == to_string(method)) return method;
  return Method::other;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Fleet fleet;
  const auto input = fuzz::text_of(data, size);
  const auto line = input.substr(0, input.find('\n'));
  const auto space = line.find(' ');
  Request request;
  request.method = method_of(line.substr(0, space));
  const auto target = space == std::string_view::npos ? std::string_view() : line.substr(space + 1);
  const auto mark = target.find('?');
  if (!target.starts_with('/')) return 0;  // the listener refuses it before any route is looked for
  request.path = target.substr(0, mark);
  if (mark != std::string_view::npos) request.query = target.substr(mark + 1);
  request.body = input.substr(std::min(input.size(), line.size() + 1));
  request.headers = {{"cookie", std::string(kSessionCookie) + "=" + std::string(kSecret)}, {"x-hale-request", "1"}};
  request.remote = "127.0.0.1";
  const auto response = fleet.ask(std::move(request));
  fuzz::expect(response.status >= 200 && response.status < 500, "no request makes the server fail");
  if (response.content_type == "application/json" || response.content_type == "application/problem+json")
    fuzz::expect(response.bytes().empty() || parse_json(response.bytes(), 64u << 20).has_value(), "an answer is JSON");
  return 0;
}
