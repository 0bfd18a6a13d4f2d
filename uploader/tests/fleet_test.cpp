// The uploader against the real fleet server.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>
#include <thread>

#include "core/codec.hpp"
#include "platform/process.hpp"
#include "uploader/enrolment.hpp"
#include "uploader/tests/run_fixture.hpp"

using namespace hale;
using namespace hale::test;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

const std::string kProgram = std::string(HALE_BIN_DIR) + "/hale-fleet";

/// hale-fleet in a folder of its own, on free loopback ports.
class RealFleet {
 public:
  explicit RealFleet(const std::string& address = "127.0.0.1:0") {
    run({"init", "--data", data(), "--host", "localhost", "--organization", "Test School"});
    serve(address);
  }
  ~RealFleet() { stop(SIGKILL); }
  RealFleet(const RealFleet&) = delete;
  RealFleet& operator=(const RealFleet&) = delete;

  void stop(int signal) {
    if (server_ <= 0) return;
    ::kill(server_, signal);
    ::waitpid(server_, nullptr, 0);
    server_ = 0;
  }
  void serve(const std::string& address) {
    const auto ports = folder_.path() / "ports.json";
    std::filesystem::remove(ports);
    const std::vector<std::string> arguments{kProgram,          "serve",       "--data",           data(),
                                             "--device-listen", address,       "--console-listen", "127.0.0.1:0",
                                             "--ports-file",    ports.string()};
    server_ = ::fork();
    if (server_ == 0) {
      ::dup2(::open((folder_.path() / "serve.log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600),
             STDERR_FILENO);
      std::vector<char*> raw;
      for (const auto& argument : arguments) raw.push_back(const_cast<char*>(argument.c_str()));
      raw.push_back(nullptr);
      ::execv(raw[0], raw.data());
      ::_exit(127);
    }
    for (int i = 0; i < 200; ++i) {
      const auto text = read_file(ports);
      const auto document = text ? json::parse(*text, nullptr, false) : json();
      if (document.is_object()) {
        port = document.at("device").get<int>();
        console_port = document.at("console").get<int>();
        return;
      }
      std::this_thread::sleep_for(50ms);
    }
    FAIL("hale-fleet does not start: " << read_file(folder_.path() / "serve.log").value_or(""));
  }
  std::string token(const std::string& uses) {
    const auto output = run(
        {"token", "create", "--data", data(), "--uses", uses, "--url", "https://localhost:" + std::to_string(port)});
    const auto begin = output.find("hale1.");
    REQUIRE(begin != std::string::npos);
    return output.substr(begin, output.find_first_of(" \n\r\"", begin) - begin);
  }
  std::string policy(const std::string& copies) { return run({"policy", "--data", data(), "--copies", copies}); }
  int port{};
  int console_port{};

 private:
  std::string data() const { return (folder_.path() / "fleet").string(); }
  static std::string run(const std::vector<std::string>& arguments) {
    const auto result = run_process(
        ProcessSpec{.program = kProgram, .arguments = arguments, .environment = {}, .deadline = 60s, .input = {}});
    REQUIRE(result);
    INFO(result->error_output);
    REQUIRE(result->exit_code == 0);
    return result->output;
  }

  TemporaryFolder folder_;
  pid_t server_{0};
};

Finding example_finding(Timestamp now) {
  Finding finding;
  finding.fingerprint = "0123456789abcdef";
  finding.rule = "disk.reallocated";
  finding.component = "disk0";
  finding.cause = Cause::disk_failing;
  finding.severity = Severity::critical;
  finding.confidence = 0.9;
  finding.evidence.from = now - std::chrono::hours{24};
  finding.evidence.to = now;
  finding.evidence.facts = {{"reallocated", 12.0, "1"}};
  finding.summary = "Disk 0 has moved 12 sectors since yesterday.";
  finding.first_seen = now;
  finding.last_seen = now;
  return finding;
}

/// One item of each kind, as docs/wire.md describes them.
std::vector<Item> one_of_each(Timestamp now) {
  const auto time = to_rfc3339(now);
  const auto finding = example_finding(now);
  Component disk;
  disk.id = "disk0";
  disk.type = ComponentType::physical_disk;
  disk.name = "Some SSD";
  const Event event{.component = "disk0", .source = "kernel", .code = "ata_media_error", .time = now, .fields = {}};
  const auto series = [](const char* metric, const char* component) {
    return json{{"metric", metric},    {"component", component}, {"key", ""},          {"offsets", {0, 1, 2}},
                {"min", {40, 41, 42}}, {"mean", {41, 42.5, 43}}, {"max", {42, 44, 45}}};
  };
  return {
      {"finding-1", ItemKind::finding, now, to_json(finding).dump()},
      {"notification-1", ItemKind::notification, now,
       json{{"id", "n1"},
            {"fingerprint", finding.fingerprint},
            {"rule", finding.rule},
            {"level", "urgent"},
            {"title", "硬盘"},
            {"body", "…"},
            {"time", time}}
           .dump()},
      {"feedback-1", ItemKind::feedback, now,
       json{{"fingerprint", finding.fingerprint}, {"rule", finding.rule}, {"answer", "did_it"}, {"time", time}}.dump()},
      {"inventory-1", ItemKind::inventory, now,
       json{{"components", {to_json(disk)}},
            {"context", to_json(Context{})},
            {"host", {{"name_hash", "ab"}}},
            {"agent", {{"version", HALE_VERSION}, {"language", "zh-CN"}}}}
           .dump()},
      {"event-1", ItemKind::event, now, to_json(event).dump()},
      {"status-1", ItemKind::status, now,
       json{{"collectors", {{{"name", "disk"}, {"status", "ok"}, {"readings", 12}, {"rejected", 0}}}},
            {"coverage", json::array()},
            {"uptime_s", 100}}
           .dump()},
      {"telemetry-1", ItemKind::telemetry, now,
       json{{"start", time}, {"step_s", 300}, {"series", {series("hw.temperature", "cpu")}}}.dump()},
  };
}

void join(Pc& pc, const std::string& token) {
  const auto identity = pc.enroll(token);
  INFO((identity ? std::string() : identity.error().message));
  REQUIRE(identity);
  pc.consent();
}

void put_finding(Pc& pc, const std::string& id) {
  auto finding = example_finding(pc.clock.now());
  finding.fingerprint = id;
  REQUIRE(pc.outbox.put({id, ItemKind::finding, finding.last_seen, to_json(finding).dump()}));
}

}  // namespace

TEST_CASE("The real fleet enrols a PC and takes one item of each kind; a malformed one is set aside with the reason") {
  RealFleet fleet;
  Pc pc;
  join(pc, fleet.token("1"));
  CHECK(pc.identity().organization == "Test School");
  CHECK(pc.identity().consent_required);
  CHECK_FALSE(pc.identity().command_key.empty());
  const auto items = one_of_each(pc.clock.now());
  for (const auto& item : items) REQUIRE(pc.outbox.put(item));
  REQUIRE(pc.outbox.put({"bad", ItemKind::finding, pc.clock.now(), R"({"rule":5})"}));
  const auto report = pc.run();
  INFO(report.error);
  CHECK(report.exit == UploadExit::done);
  CHECK(report.waiting == 0);
  CHECK(report.sent == items.size());
  const auto all = pc.outbox.show(100).value();
  for (const auto& shown : all) {
    INFO(shown.item.id << ": " << shown.reason);
    CHECK((shown.state == "sent") == (shown.item.id != "bad"));
  }
}

TEST_CASE("The real fleet's kill -9 in the middle loses nothing") {
  RealFleet fleet;
  Pc pc;
  join(pc, fleet.token("1"));
  const auto address = "127.0.0.1:" + std::to_string(fleet.port);
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 200; ++i) {
      auto finding = example_finding(pc.clock.now());
      finding.fingerprint = "f" + std::to_string(round * 1000 + i);
      REQUIRE(pc.outbox.put({finding.fingerprint, ItemKind::finding, finding.last_seen, to_json(finding).dump()}));
    }
    std::thread killer([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds{round * 15});
      fleet.stop(SIGKILL);
    });
    pc.run();
    killer.join();
    fleet.serve(address);
  }
  const auto report = pc.run();
  INFO(report.error);
  CHECK(report.exit == UploadExit::done);
  CHECK(report.waiting == 0);
  CHECK(pc.outbox.counts()->sent == 800);
}

TEST_CASE("The real fleet renews by proof of possession, and says when a token is used up") {
  RealFleet fleet;
  Pc pc;
  const auto token = fleet.token("1");
  join(pc, token);
  const auto first = pc.identity();
  const auto renewed = renew(pc.folder.path(), first, ProxyOptions{"direct"}, nullptr);
  INFO((renewed ? renewed->reason : renewed.error().message));
  REQUIRE(renewed);
  REQUIRE_FALSE(renewed->revoked);
  CHECK(pc.identity().device_id == first.device_id);
  CHECK(pc.identity().certificate_pem != first.certificate_pem);
  REQUIRE(pc.outbox.put(one_of_each(pc.clock.now()).front()));
  CHECK(pc.run().sent == 1);

  const auto third = pc.enroll(token, true);
  REQUIRE_FALSE(third);
  CHECK(third.error().code == Errc::permission);
  CHECK(third.error().message.find("used up") != std::string::npos);
}

TEST_CASE("At the real fleet a copied disk in another PC becomes a device of its own; the original goes on untouched") {
  RealFleet fleet;
  Pc original;
  join(original, fleet.token("1"));
  put_finding(original, "before");
  REQUIRE(original.run().sent == 1);
  Pc copy(original.folder.path());
  copy.hardware = kOtherHardware;
  const auto report = copy.run();
  INFO(report.error);
  REQUIRE(report.enrolled_as == copy.identity().device_id);
  CHECK(copy.identity().device_id != original.identity().device_id);
  copy.consent();
  put_finding(copy, "of-the-copy");
  CHECK(copy.run().sent == 1);
  for (int i = 0; i < 3; ++i) {
    put_finding(original, "original-" + std::to_string(i));
    CHECK(original.run().sent == 1);
  }
}

TEST_CASE("At the real fleet two PCs with equal virtual hardware and a copied state folder end with an identity each") {
  RealFleet fleet;
  Pc original;
  join(original, fleet.token("1"));
  put_finding(original, "before");
  REQUIRE(original.run().sent == 1);
  Pc copy(original.folder.path());
  put_finding(original, "o1");
  REQUIRE(original.run().sent == 1);
  put_finding(copy, "c1");
  CHECK(copy.run().sent == 1);  // not yet to be told from a restored backup
  put_finding(original, "o2");
  CHECK(original.run().sent == 1);
  put_finding(copy, "c2");
  copy.boot_time = copy.clock.now() - std::chrono::hours{1};
  const auto report = copy.run();
  INFO(report.error);
  REQUIRE_FALSE(report.enrolled_as.empty());
  CHECK(report.waiting == 1);
  copy.consent();
  CHECK(copy.run().sent == 1);
  CHECK(copy.identity().device_id == report.enrolled_as);
  for (int i = 3; i < 6; ++i) {
    put_finding(original, "o" + std::to_string(i));
    put_finding(copy, "c" + std::to_string(i));
    CHECK(original.run().sent == 1);
    CHECK(copy.run().sent == 1);
  }
  CHECK(original.identity().device_id != copy.identity().device_id);
}

TEST_CASE("The real fleet's policy keeps a copied disk waiting, and the waiting ends when it is allowed") {
  RealFleet fleet;
  Pc original;
  join(original, fleet.token("1"));
  CHECK(fleet.policy("forbidden").find("forbidden") != std::string::npos);
  Pc copy(original.folder.path());
  copy.hardware = kOtherHardware;
  CHECK(copy.run().error.find("lets no copy enrol by itself") != std::string::npos);
  CHECK(read_previous_identity(copy.folder.path())->standing == "forbidden");
  fleet.policy("allowed");
  CHECK_FALSE(copy.run().enrolled_as.empty());
}

TEST_CASE("A device that is unknown to the real fleet, or lies about its identity, is told so") {
  RealFleet fleet;
  Pc pc;
  join(pc, fleet.token("1"));
  REQUIRE(pc.outbox.put(one_of_each(pc.clock.now()).front()));
  auto identity = pc.identity();
  identity.device_id = "00000000-0000-4000-8000-000000000000";
  REQUIRE(write_identity(pc.folder.path(), identity));
  pc.consent();
  const auto report = pc.run();
  CHECK(report.exit == UploadExit::later);
  INFO(report.error);
  CHECK(report.error.find("another device") != std::string::npos);
  CHECK(report.waiting == 1);
}

namespace {

std::uint64_t resumed_at(const RealFleet& fleet, const Pc& pc) {
  auto client = HttpClient::make(
      TlsOptions{.ca_pem = pc.identity().ca_pem, .ca_sha256 = {}, .certificate_pem = {}, .private_key_pem = {}},
      {"direct"});
  REQUIRE(client);
  HttpRequest request;
  request.method = "GET";
  request.url = "https://localhost:" + std::to_string(fleet.console_port) + "/metrics";
  const auto answer = (*client)->send(request);
  REQUIRE(answer);
  const std::string name = "hale_http_handshakes_resumed_total{listener=\"device\"} ";
  const auto at = answer->body.find(name);
  REQUIRE(at != std::string::npos);
  return std::stoull(answer->body.substr(at + name.size()));
}

}  // namespace

TEST_CASE("A run resumes the TLS session of the one before; one that does not fit, or is damaged, is not offered") {
  RealFleet fleet;
  Pc pc;
  join(pc, fleet.token("1"));
  const auto upload = [&](const std::string& id) {
    put_finding(pc, id);
    const auto report = pc.run();
    INFO(report.error);
    CHECK(report.sent == 1);
    return resumed_at(fleet, pc);
  };
  Secrets secrets(pc.folder.path());
  CHECK(upload("1") == 0);
  CHECK(upload("2") == 1);
  CHECK(upload("3") == 2);  // each resumption brings a ticket for the next
  const auto kept = secrets.get("tls-session").value();
  CHECK(kept.find("PRIVATE") == std::string::npos);
  const auto renewed = renew(pc.folder.path(), pc.identity(), ProxyOptions{"direct"}, nullptr);
  REQUIRE(renewed);
  CHECK(upload("another client certificate") == 2);
  CHECK(upload("again") == 3);

  auto text = secrets.get("tls-session").value();
  const auto second = text.find('\n', text.find('\n') + 1);
  const auto third = text.find('\n', second + 1);
  const auto day_ago = std::to_string(std::stoll(text.substr(second + 1, third - second - 1)) - 24 * 3600 - 5);
  REQUIRE(secrets.put("tls-session", text.substr(0, second + 1) + day_ago + text.substr(third)));
  CHECK(upload("too old") == 3);
  text = secrets.get("tls-session").value();
  for (const auto& damaged : {std::string("garbage"), text.substr(0, text.size() / 2), text.substr(0, 30)}) {
    REQUIRE(secrets.put("tls-session", damaged));
    CHECK(upload("damaged " + std::to_string(damaged.size())) == 3);
  }
  fleet.stop(SIGKILL);
  fleet.serve("127.0.0.1:" + std::to_string(fleet.port));
  CHECK(upload("the server's ticket keys are gone with it") == 0);
}

TEST_CASE("A kept TLS session never stands for another server: the pin is checked all the same") {
  RealFleet fleet;
  Pc pc;
  join(pc, fleet.token("1"));
  put_finding(pc, "1");
  REQUIRE(pc.run().sent == 1);
  const auto address = "127.0.0.1:" + std::to_string(fleet.port);
  fleet.stop(SIGKILL);
  RealFleet other(address);
  put_finding(pc, "2");
  const auto report = pc.run();
  CHECK(report.sent == 0);
  INFO(report.error);
  CHECK(report.error.find("not by the fleet's own CA") != std::string::npos);
}
