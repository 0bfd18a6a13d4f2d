// The agent as a whole: fake collectors, real rules, real store, requests as the control socket gets them.
#include "agent/service/agent.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "agent/service/control.hpp"
#include "tests/support/data.hpp"

using namespace hale;
using namespace hale::agent;
using Catch::Matchers::ContainsSubstring;
using nlohmann::json;
using namespace std::chrono_literals;

namespace {

/// A disk that the person should hear about, and a sensor that talks nonsense.
class FailingDisk final : public Collector {
 public:
  std::string_view name() const override { return "disk"; }
  void collect(Collection& out, bool describe_all) override {
    if (describe_all)
      out.components.push_back(
          {"disk0", "host", ComponentType::physical_disk, "ST4000", "Seagate", "ST4000DM000", "1", "abc"});
    out.readings.push_back({Metric::hw_physical_disk_smart, "disk0", "self_assessment", 0, out.time});
    out.readings.push_back({Metric::hw_temperature, "disk0", "", -273'200, out.time});
    out.context.boot_id = "b";
    out.context.utc_offset = 0;
  }
  CollectorStatus status() const override { return {CollectorState::ok, "1 disk"}; }
  std::string bookmark() const override { return "position 7"; }
};

class FakeConnection final : public IpcServer::Connection {
 public:
  explicit FakeConnection(bool administrator)
      : peer_{.uid = 1000, .gid = 1000, .pid = 1, .administrator = administrator} {}
  bool send_line(std::string_view line) override {
    const std::lock_guard lock(mutex_);
    lines_.emplace_back(line);
    return true;
  }
  const Peer& peer() const override { return peer_; }
  std::vector<std::string> lines() {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  Peer peer_;
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

/// Wall time that tests move; steady time is real, so that the mailbox works.
class TestClock final : public Clock {
 public:
  Timestamp now() const override { return from_unix_ms(ms_.load()); }
  Steady steady() const override { return std::chrono::steady_clock::now(); }
  void advance(std::chrono::milliseconds by) { ms_ += by.count(); }

 private:
  std::atomic<std::int64_t> ms_{1'790'000'000'000 / 86'400'000 * 86'400'000 + 12 * 3'600'000};  // noon
};

struct Rig {
  TestClock clock;
  Desk desk;
  Mailbox mailbox;
  UploadRunner* no_uploads{nullptr};
  std::unique_ptr<Agent> agent;
  std::unique_ptr<Control> control;
  std::map<std::string, std::string> bookmarks;
  std::jthread collect;

  explicit Rig(const std::filesystem::path& state, Config config = {}, const std::string& hardware = {}) {
    config.sweep_interval_s = 1;
    config.language = "en";
    config.quiet_from_minute = config.quiet_to_minute = 0;
    auto made =
        Agent::make({.config = config, .state = state, .skipped = {}, .replay = {}, .speed = 1, .hardware = hardware},
                    [this](std::map<std::string, std::string> known) {
                      bookmarks = std::move(known);
                      std::vector<std::unique_ptr<Collector>> all;
                      all.push_back(std::make_unique<FailingDisk>());
                      return all;
                    },
                    desk, mailbox, clock, {.upload_soon = [] {}, .sweep_started = {}, .settled = {}});
    REQUIRE(made);
    agent = std::move(*made);
    control = std::make_unique<Control>(*agent, desk, mailbox, no_uploads);
    collect = std::jthread([this](const std::stop_token& stop) { agent->run(stop); });
  }
  ~Rig() {
    collect.request_stop();
    mailbox.wake();
  }
  json ask(const json& request, const std::shared_ptr<IpcServer::Connection>& connection) {
    return json::parse(control->handle(request.dump(), connection));
  }
  json ask(const json& request, bool administrator = false) {
    return ask(request, std::make_shared<FakeConnection>(administrator));
  }
  bool until(const std::function<bool()>& done) {
    for (int i = 0; i < 200; ++i) {
      if (done()) return true;
      std::this_thread::sleep_for(50ms);
    }
    return false;
  }
  /// Lets twenty minutes pass at every sweep: rules hold before they find, and the policy before it speaks.
  bool in_time(const std::function<bool()>& done) {
    std::uint64_t swept = 0;
    return until([&] {
      const std::uint64_t now = ask({{"do", "status"}})["sweeps"];
      if (now > swept) clock.advance(20min);
      swept = now;
      return done();
    });
  }
  bool finding_is_made() {
    return in_time([&] { return !ask({{"do", "findings"}}).at("findings").empty(); });
  }
};

Identity make_identity() {
  Identity identity;
  identity.device_id = "11111111-2222-4333-8444-555555555555";
  identity.fleet_url = "https://fleet.example:8443";
  identity.ca_pem = identity.certificate_pem = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n";
  identity.certificate_not_after = from_unix_ms(1'900'000'000'000);
  identity.command_key = "AAAA";
  identity.hardware = "uuid=1";
  identity.organization = "Example School";
  return identity;
}

json shown_message(FakeConnection& connection, const std::string& fingerprint) {
  for (const auto& line : connection.lines()) {
    const auto parsed = json::parse(line);
    if (parsed.contains("show") && parsed["show"]["fingerprint"] == fingerprint) return parsed["show"];
  }
  return {};
}

}  // namespace

TEST_CASE("status says what was read, what was refused, and that nothing leaves this PC") {
  const test::TemporaryFolder folder;
  Rig rig(folder.path());
  REQUIRE(rig.until([&] { return rig.ask({{"do", "status"}})["sweeps"] > 1; }));
  const auto status = rig.ask({{"do", "status"}});
  CHECK(status["ok"] == true);
  CHECK(status["version"] == HALE_VERSION);
  REQUIRE(status["collectors"].size() == 1);
  CHECK(status["collectors"][0]["name"] == "disk");
  CHECK(status["collectors"][0]["status"] == "ok");
  CHECK(status["collectors"][0]["readings"] == 2);
  CHECK(status["collectors"][0]["rejected"] > 0);
  CHECK(status["privacy"]["enrolled"] == false);
  CHECK(status["privacy"]["waiting"] == 0);
  const auto components = rig.ask({{"do", "components"}});
  CHECK(components["components"][0]["id"] == "disk0");
}

TEST_CASE("a message waits for a session, is shown, answered, and the answer is remembered") {
  const test::TemporaryFolder folder;
  Rig rig(folder.path());
  REQUIRE(rig.finding_is_made());
  const auto finding = rig.ask({{"do", "findings"}})["findings"][0];
  CHECK(finding["rule"] == "disk.self_assessment");
  CHECK(finding["notified"] == "no");
  const auto explained =
      rig.ask({{"do", "explain"}, {"id", std::string(finding["fingerprint"]).substr(0, 8)}, {"lang", "zh-CN"}});
  CHECK(explained["ok"] == true);
  CHECK(explained["language"] == "zh-CN");
  CHECK(explained["steps"] == "simple");
  const auto evidence = explained["evidence"];
  const auto verdict =
      std::find_if(evidence.begin(), evidence.end(), [](const auto& line) { return line["fact"] == "verdict"; });
  REQUIRE(verdict != evidence.end());
  CHECK((*verdict)["name"] == "硬盘自检结论（1 = 通过）");
  CHECK((*verdict)["text"] == "0");
  const auto detailed =
      rig.ask({{"do", "explain"}, {"id", finding["fingerprint"]}, {"lang", "en"}, {"steps", "detailed"}});
  CHECK(detailed["steps"] == "detailed");
  CHECK(detailed["texts"]["further_steps"].size() >= explained["texts"]["further_steps"].size());

  const auto session = std::make_shared<FakeConnection>(false);
  CHECK(rig.ask({{"do", "desktop"}, {"locale", "en_US.UTF-8"}}, session)["ok"] == true);
  REQUIRE(rig.in_time([&] { return !shown_message(*session, finding["fingerprint"]).is_null(); }));
  const auto message = shown_message(*session, finding["fingerprint"]);
  REQUIRE(message["actions"].size() == 3);
  CHECK(message["actions"][1]["label"] == "Find service");
  CHECK(rig.ask({{"do", "shown"}, {"id", message["id"]}}, session)["ok"] == true);
  CHECK(rig.ask({{"do", "findings"}})["findings"][0]["notified"] == "shown");

  // A session that comes later is told what the first has not answered.
  const auto second = std::make_shared<FakeConnection>(false);
  rig.ask({{"do", "desktop"}, {"locale", "en_US.UTF-8"}}, second);
  CHECK(rig.until([&] { return !shown_message(*second, finding["fingerprint"]).is_null(); }));

  CHECK(rig.ask({{"do", "answer"}, {"fingerprint", finding["fingerprint"]}, {"answer", "did_it"}}, session)["ok"] ==
        true);
  CHECK(rig.ask({{"do", "findings"}})["findings"][0]["answer"] == "did_it");
  CHECK(rig.until([&] {
    const auto lines = second->lines();
    return std::any_of(lines.begin(), lines.end(),
                       [](const std::string& line) { return line.find("withdraw") != std::string::npos; });
  }));
}

TEST_CASE("the first session is greeted once, and never again") {
  const test::TemporaryFolder folder;
  for (int start = 0; start < 2; ++start) {
    Rig rig(folder.path());
    const auto session = std::make_shared<FakeConnection>(false);
    rig.ask({{"do", "desktop"}, {"locale", "en_US.UTF-8"}}, session);
    const bool greeted = rig.until([&] {
      return start == 1 ? rig.ask({{"do", "status"}})["sweeps"] > 2
                        : !shown_message(*session, "hale.welcome").is_null();
    });
    CHECK(greeted);
    if (start == 0)
      rig.ask({{"do", "answer"}, {"fingerprint", "hale.welcome"}, {"answer", "dismissed"}}, session);
    else
      CHECK(shown_message(*session, "hale.welcome").is_null());
  }
}

TEST_CASE("sessions look whether somebody is busy only while a message waits, and it waits for one who is free") {
  const test::TemporaryFolder folder;
  Rig rig(folder.path());
  const auto session = std::make_shared<FakeConnection>(false);
  const auto looked = [&] {
    std::vector<bool> told;
    for (const auto& line : session->lines())
      if (const auto parsed = json::parse(line); parsed.contains("look")) told.push_back(parsed["look"]);
    return told;
  };
  const auto greeted = [&] { return !shown_message(*session, "hale.welcome").is_null(); };
  rig.ask({{"do", "desktop"}, {"locale", "en_US.UTF-8"}, {"looks", true}}, session);
  // The greeting waits: the session is told to look, and until it has, nothing is said.
  REQUIRE(rig.until([&] { return looked() == std::vector{true}; }));
  rig.ask({{"do", "presence"}, {"full_screen", true}}, session);
  const std::uint64_t swept = rig.ask({{"do", "status"}})["sweeps"];
  REQUIRE(rig.until([&] { return rig.ask({{"do", "status"}})["sweeps"] > swept + 1; }));
  CHECK_FALSE(greeted());
  rig.ask({{"do", "presence"}, {"full_screen", false}}, session);
  CHECK(rig.until(greeted));
  // Said: nothing to look for any more.
  CHECK(rig.until([&] { return looked() == std::vector{true, false}; }));
}

TEST_CASE("findings, answers and bookmarks survive a restart") {
  const test::TemporaryFolder folder;
  std::string fingerprint;
  {
    Rig rig(folder.path());
    REQUIRE(rig.finding_is_made());
    fingerprint = rig.ask({{"do", "findings"}})["findings"][0]["fingerprint"];
    rig.ask({{"do", "answer"}, {"fingerprint", fingerprint}, {"answer", "later"}});
  }
  Rig rig(folder.path());
  CHECK(rig.bookmarks["disk"] == "position 7");
  const auto findings = rig.ask({{"do", "findings"}})["findings"];
  REQUIRE_FALSE(findings.empty());
  CHECK(findings[0]["fingerprint"] == fingerprint);
  CHECK(findings[0]["answer"] == "later");
}

TEST_CASE("nothing is put into the outbox before enrolment, and nothing is sent before consent") {
  const test::TemporaryFolder folder;
  Rig rig(folder.path());
  REQUIRE(rig.finding_is_made());
  CHECK(rig.ask({{"do", "privacy"}})["waiting"] == 0);
  CHECK_FALSE(rig.agent->may_send());

  REQUIRE(write_identity(folder.path(), make_identity()));
  CHECK(rig.ask({{"do", "enrolled"}})["code"] == "denied");
  CHECK(rig.ask({{"do", "enrolled"}}, true)["ok"] == true);
  CHECK_FALSE(rig.agent->may_send());
  CHECK(rig.ask({{"do", "privacy"}})["waiting"] == 0);

  const auto session = std::make_shared<FakeConnection>(false);
  rig.ask({{"do", "desktop"}, {"locale", "en_US.UTF-8"}}, session);
  REQUIRE(rig.until([&] { return !shown_message(*session, "hale.consent").is_null(); }));
  const auto question = shown_message(*session, "hale.consent");
  CHECK_THAT(std::string(question["body"]), ContainsSubstring("Example School") &&
                                                ContainsSubstring("https://fleet.example:8443") &&
                                                ContainsSubstring("hale privacy --withdraw"));

  // Only the session that was asked may say yes; reading more is no answer.
  CHECK(rig.ask({{"do", "answer"}, {"fingerprint", "hale.consent"}, {"answer", "did_it"}})["code"] == "denied");
  CHECK(rig.ask({{"do", "answer"}, {"fingerprint", "hale.consent"}, {"answer", "how_to_fix"}}, session)["ok"] == true);
  CHECK_FALSE(rig.agent->may_send());
  CHECK(rig.ask({{"do", "answer"}, {"fingerprint", "hale.consent"}, {"answer", "did_it"}}, session)["ok"] == true);
  CHECK(rig.agent->may_send());
  // What was found before goes first.
  CHECK(rig.ask({{"do", "privacy"}})["waiting"] > 0);
  const auto uploads = rig.ask({{"do", "uploads"}, {"count", 50}}, true)["uploads"];
  CHECK(std::any_of(uploads.begin(), uploads.end(), [](const json& each) {
    return each["kind"] == "finding" && json::parse(std::string(each["body"]))["rule"] == "disk.self_assessment";
  }));

  // Anybody may stop it; what waits is gone.
  CHECK(rig.ask({{"do", "privacy"}, {"consent", "withdraw"}})["ok"] == true);
  CHECK_FALSE(rig.agent->may_send());
  CHECK(rig.ask({{"do", "privacy"}})["waiting"] == 0);
  CHECK(rig.ask({{"do", "privacy"}, {"consent", "grant"}})["code"] == "denied");
  CHECK(rig.ask({{"do", "privacy"}, {"consent", "grant"}}, true)["ok"] == true);
  CHECK(rig.agent->may_send());
  CHECK(rig.ask({{"do", "privacy"}, {"consent", "pause"}, {"hours", 2}})["ok"] == true);
  CHECK_FALSE(rig.agent->may_send());
}

TEST_CASE("an administrator may grant for everybody in the configuration") {
  const test::TemporaryFolder folder;
  REQUIRE(write_identity(folder.path(), make_identity()));
  Config config;
  config.consent = "granted";
  Rig rig(folder.path(), config);
  CHECK(rig.agent->may_send());
  CHECK(rig.ask({{"do", "privacy"}})["granted_by"] == "administrator");
  REQUIRE(rig.finding_is_made());
  CHECK(rig.ask({{"do", "privacy"}})["waiting"] > 0);
}

TEST_CASE("forgetting needs an administrator and leaves nothing") {
  const test::TemporaryFolder folder;
  REQUIRE(write_identity(folder.path(), make_identity()));
  Rig rig(folder.path());
  REQUIRE(rig.finding_is_made());
  CHECK(rig.ask({{"do", "forget"}})["code"] == "denied");
  CHECK(rig.ask({{"do", "forget"}}, true)["ok"] == true);
  CHECK(rig.ask({{"do", "privacy"}})["enrolled"] == false);
  CHECK_FALSE(std::filesystem::exists(folder.path() / "identity.json"));
}

TEST_CASE("a copied disk waits for an identity of its own unless uploads were refused, and says how that stands") {
  const test::TemporaryFolder folder;
  auto copied = make_identity();
  copied.standing = "forbidden";
  REQUIRE(set_identity_aside(folder.path(), copied));
  Rig rig(folder.path());
  CHECK_FALSE(rig.agent->may_send());
  CHECK(rig.agent->may_run_upload());
  const auto privacy = rig.ask({{"do", "privacy"}});
  CHECK(privacy["enrolled"] == false);
  CHECK(privacy["copy"]["standing"] == "forbidden");
  CHECK(privacy["copy"]["of"] == copied.device_id);
  CHECK(privacy["copy"]["organization"] == copied.organization);

  REQUIRE(
      write_consent(folder.path(), {.state = ConsentState::withdrawn, .since = {}, .paused_until = {}, .device = "x"}));
  CHECK(rig.ask({{"do", "enrolled"}}, true)["ok"] == true);
  CHECK_FALSE(rig.agent->may_run_upload());

  // hale-upload got it one: its user is asked anew.
  REQUIRE(erase_previous_identity(folder.path()));
  auto own = make_identity();
  own.device_id = "device-2";
  REQUIRE(write_identity(folder.path(), own));
  CHECK(rig.ask({{"do", "enrolled"}}, true)["device"] == "device-2");
  CHECK_FALSE(rig.agent->may_send());
}

TEST_CASE("a disk in another PC's hardware learns that PC anew, and says so once; the same PC goes on") {
  const test::TemporaryFolder folder;
  const auto notes = [](Rig& rig) { return rig.ask({{"do", "status"}})["notes"].dump(); };
  const std::string one = "uuid=11;board=22;mac=33";
  {
    Rig rig(folder.path(), {}, one);
    CHECK(notes(rig).find("another PC") == std::string::npos);
  }
  {
    Rig rig(folder.path(), {}, one + ";battery=44");
    CHECK(notes(rig).find("another PC") == std::string::npos);
  }
  {
    Rig rig(folder.path(), {}, "uuid=99;board=98;mac=97");
    CHECK(notes(rig).find("another PC") != std::string::npos);
  }
  Rig rig(folder.path(), {}, "uuid=99;board=98;mac=97");
  CHECK(notes(rig).find("another PC") == std::string::npos);
}

TEST_CASE("malformed requests are refused with a word on what is wrong") {
  const test::TemporaryFolder folder;
  Rig rig(folder.path());
  const auto connection = std::make_shared<FakeConnection>(false);
  for (const auto* line :
       {"", "x", "[]", "{}", R"({"do":3})", R"({"do":"fly"})", R"({"do":"answer","fingerprint":"x","answer":"maybe"})",
        R"({"do":"shown","id":"x"})", R"({"do":"snooze","id":"x","days":100000})",
        R"({"do":"privacy","consent":"sell"})", R"({"do":"presence","full_screen":true})"}) {
    INFO(line);
    const auto reply = json::parse(rig.control->handle(line, connection));
    CHECK(reply["ok"] == false);
    CHECK(reply["code"] == "invalid");
    CHECK_FALSE(std::string(reply["error"]).empty());
  }
  CHECK(rig.ask({{"do", "explain"}, {"id", "nothing"}})["code"] == "not_found");
  CHECK(rig.ask({{"do", "snooze"}, {"id", "nothing"}, {"days", 3}})["code"] == "not_found");
}

TEST_CASE("only the person at this PC and administrators change quiet hours and call for help; anyone reads them") {
  const test::TemporaryFolder folder;
  Rig rig(folder.path());
  const auto person = std::make_shared<FakeConnection>(false);
  const json change{{"do", "quiet"}, {"from", "21:00"}, {"to", "06:30"}};
  CHECK(rig.ask({{"do", "quiet"}}, person)["ok"] == true);
  CHECK(rig.ask(change, person)["code"] == "denied");
  CHECK(rig.ask({{"do", "help"}}, person)["code"] == "denied");
  CHECK(rig.ask({{"do", "quiet"}}, person)["chosen_by"] == "configuration");

  CHECK(rig.ask(change, true)["from"] == "21:00");
  CHECK(rig.ask({{"do", "quiet"}, {"from", "25:00"}, {"to", "06:30"}}, true)["code"] == "invalid");
  CHECK(rig.ask({{"do", "quiet"}, {"from", "21:00"}}, true)["code"] == "invalid");

  CHECK(rig.ask({{"do", "desktop"}, {"locale", "en_US.UTF-8"}}, person)["ok"] == true);
  CHECK(rig.ask({{"do", "quiet"}, {"from", "20:00"}, {"to", "07:00"}}, person)["chosen_by"] == "person");
  const auto help = rig.ask({{"do", "help"}}, person);
  CHECK(help["ok"] == true);
  CHECK(help["enrolled"] == false);
  CHECK(help["recorded"] == false);
}

TEST_CASE("anyone may ask for the history of a few known series of a bounded time") {
  const test::TemporaryFolder folder;
  Rig rig(folder.path());
  const json cpu{{"metric", "hw.temperature"}, {"component", "cpu"}, {"key", ""}};
  const auto ask = [&](int days, const json& series) {
    return rig.ask({{"do", "history"}, {"days", days}, {"series", series}});
  };
  const auto answer = ask(1, json::array({cpu}));
  CHECK(answer["ok"] == true);
  REQUIRE(answer["series"].size() == 1);
  CHECK(answer["series"][0]["component"] == "cpu");
  CHECK(answer["step_s"] > 0);
  CHECK(ask(0, json::array({cpu}))["code"] == "invalid");
  CHECK(ask(401, json::array({cpu}))["code"] == "invalid");
  CHECK(ask(1, json::array())["code"] == "invalid");
  CHECK(ask(1, json("cpu"))["code"] == "invalid");
  CHECK(ask(1, json(17, cpu))["code"] == "invalid");
  CHECK(ask(1, json::array({{{"metric", "hw.mood"}, {"component", "cpu"}}}))["code"] == "invalid");
}
