// Enrolment, renewal and the copy's challenge, as anyone on the network may send them to the device listener; and the fleet's answers, as the agent reads them.
#include "fleet/api/device_api.hpp"

#include <filesystem>
#include <future>
#include <nlohmann/json.hpp>

#include "core/codec.hpp"
#include "platform/crypto.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "uploader/enrolment.hpp"

using namespace hale;
using namespace hale::fleet;
namespace fs = std::filesystem;

namespace {

/// A server without its listeners.
class Fleet {
 public:
  Fleet()
      : folder_(make_folder()),
        keys_(create_fleet_keys(folder_, "Fuzz", {}, system_clock().now()).value()),
        readers_([this] { return open_store_sqlite({folder_, true}); }),
        writer_(open_store_sqlite({folder_, false}).value(), {.gather = std::chrono::milliseconds(0)}),
        context_{keys_, writer_, readers_, live_, counters_, system_clock(), "Fuzz", "required", {"localhost"}, "https://localhost:1"},
        api_(context_) {}
  ~Fleet() {
    live_.close_all();
    writer_.stop();
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  Response ask(std::string path, std::string body) {
    Request request;
    request.method = Method::post;
    request.path = std::move(path);
    request.body = std::move(body);
    // Each from another address, or the refused ones' limit is all that is met.
    request.remote = std::to_string(++count_);
    std::promise<Response> answered;
    api_.handle(std::move(request), [&](Response response) { answered.set_value(std::move(response)); });
    return answered.get_future().get();
  }

 private:
  static fs::path make_folder() {
    std::string pattern = (fs::exists("/dev/shm") ? fs::path("/dev/shm") : fs::temp_directory_path()) / "hale-fuzz-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) std::abort();
    return pattern;
  }

  const fs::path folder_;
  const FleetKeys keys_;
  Readers readers_;
  Live live_;
  Counters counters_;
  Writer writer_;
  fleet::Context context_;
  DeviceApi api_;
  std::uint64_t count_{0};
};

/// What a copy sends, with a challenge that holds: the fuzzer would never guess one.
std::string copy_body(Fleet& fleet, std::string_view input) {
  const auto challenge = parse_json(fleet.ask("/v1/device/challenge", "{}").bytes());
  fuzz::expect(challenge && challenge->contains("challenge"), "a challenge is given");
  const auto half = input.size() / 2;
  const nlohmann::json body{{"csr", input.substr(0, half)},
                            {"hardware", "uuid=1"},
                            {"previous", "00000000-0000-4000-8000-000000000001"},
                            {"challenge", (*challenge)["challenge"]},
                            {"proof", crypto::to_base64(input.substr(half))}};
  return body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void read_answer(std::string_view input) {
  const HttpResponse response{.status = 403, .body = std::string(input), .retry_after_s = {}};
  fuzz::expect(describe_answer(response).size() < 2000, "a refusal's words are bounded");
  static_cast<void>(problem_type(response));
  if (const auto identity = read_enrolment_answer(response.body, {}))
    fuzz::expect(!identity->device_id.empty() && !identity->certificate_pem.empty(), "an identity is whole");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Fleet fleet;
  auto input = fuzz::text_of(data, size);
  const auto choice = fuzz::take_choice(input, 5);
  if (choice == 3) {
    read_answer(input);
    return 0;
  }
  const char* const path = choice == 1 ? "/v1/device/renew" : choice == 4 ? "/v1/device/challenge" : "/v1/device/enroll";
  const auto response = fleet.ask(path, choice == 2 ? copy_body(fleet, input) : std::string(input));
  fuzz::expect(response.status >= 200 && response.status < 500, "no request makes the server fail");
  fuzz::expect(parse_json(response.bytes(), 1u << 20).has_value(), "an answer is JSON");
  return 0;
}
