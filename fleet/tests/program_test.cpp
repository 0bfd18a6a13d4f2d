// The real program: command line, kill -9, SIGTERM, backup.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <set>
#include <thread>

#include "fleet/tests/fleet_fixture.hpp"
#include "platform/crypto.hpp"
#include "platform/files.hpp"
#include "platform/process.hpp"

extern char** environ;

using namespace hale;
using namespace hale::fleet;
using namespace hale::fleet::test;
using namespace std::chrono_literals;

namespace {

const std::filesystem::path kProgram = std::filesystem::path(HALE_BIN_DIR) / "hale-fleet";

ProcessResult run(std::vector<std::string> arguments) {
  ProcessSpec spec;
  spec.program = kProgram;
  spec.arguments = std::move(arguments);
  spec.deadline = 60s;
  for (char** entry = environ; *entry != nullptr; ++entry) {  // the sanitizers' options among them
    const std::string text = *entry;
    spec.environment[text.substr(0, text.find('='))] = text.substr(text.find('=') + 1);
  }
  auto result = run_process(spec);
  REQUIRE(result);
  return std::move(*result);
}

// hale-fleet serve as a child of this test.
class Served {
 public:
  explicit Served(const std::filesystem::path& data) : ports_(data.string() + ".ports") {
    std::filesystem::remove(ports_);
    std::vector<std::string> words{kProgram,          "serve",       "--data",           data,
                                   "--device-listen", "127.0.0.1:0", "--console-listen", "127.0.0.1:0",
                                   "--ports-file",    ports_};
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (const int file : {STDOUT_FILENO, STDERR_FILENO})
      posix_spawn_file_actions_addopen(&actions, file, (data.string() + ".log").c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                       0600);
    REQUIRE(posix_spawn(&pid_, kProgram.c_str(), &actions, nullptr, arguments.data(), environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
    for (int i = 0; i < 600; ++i) {
      if (const auto text = read_file(ports_); text && !text->empty()) {
        answer_ = json::parse(*text);
        return;
      }
      std::this_thread::sleep_for(50ms);
    }
    FAIL("hale-fleet did not become ready: " << read_file(data.string() + ".log", 1u << 16).value_or(""));
  }
  ~Served() {
    if (pid_ > 0) end(SIGKILL);
  }
  /// The wait status.
  int end(int signal) {
    ::kill(pid_, signal);
    int status = 0;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    return status;
  }
  std::uint16_t device_port() const { return answer_["device"]; }
  std::uint16_t console_port() const { return answer_["console"]; }
  pid_t pid() const { return pid_; }

 private:
  std::string ports_;
  pid_t pid_{-1};
  json answer_;
};

struct Made {
  hale::test::TemporaryFolder folder;
  std::filesystem::path data = folder.path() / "fleet";
  std::string password;
  std::string ca;
  Made() {
    const auto made =
        run({"init", "--data", data, "--organization", "Test school", "--password-file", folder.path() / "password"});
    INFO(made.error_output);
    REQUIRE(made.exit_code == 0);
    password = read_file(folder.path() / "password").value();
    password.pop_back();
    CHECK(made.output.find(password) != std::string::npos);
    ca = read_file(data / "ca.pem").value();
  }
};

EnrolledDevice enrol_at(const Served& served, const Made& made) {
  const auto token = run({"token", "create", "--data", made.data});
  INFO(token.error_output);
  REQUIRE(token.exit_code == 0);
  const auto key = make_key_and_csr();
  TlsClient client(served.device_port(), made.ca);
  const auto reply = client.send("POST", "/v1/device/enroll",
                                 enrol_body(token.output.substr(0, token.output.find('\n')), key.csr_pem).dump());
  INFO(reply.body);
  REQUIRE(reply.status == 200);
  const json answer = json::parse(reply.body);
  return {answer["device"], {answer["certificate"], key.private_key_pem}, answer};
}

}  // namespace

TEST_CASE("Whatever was acknowledged is there after kill -9, round after round") {
  Made made;
  std::set<std::string> acknowledged;
  EnrolledDevice device;
  int counter = 0;
  for (int round = 0; round < 5; ++round) {
    Served served(made.data);
    if (device.id.empty()) device = enrol_at(served, made);
    std::atomic<bool> killed{false};
    std::thread killer([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(150 + 70 * round));
      killed = true;
      served.end(SIGKILL);
    });
    TlsClient client(served.device_port(), made.ca, device.identity);
    for (;;) {
      const std::string id = "f" + std::to_string(counter++);
      json finding = finding_body("2026-03-01T10:00:00Z");
      finding["fingerprint"] = id;
      const auto reply = client.send(
          "POST", "/v1/device/batches",
          batch(device.id,
                {item(id, "finding", finding), item("t" + id, "telemetry", telemetry_body("2026-03-01T09:00:00Z", 3))})
              .dump());
      if (reply.status != 200) break;
      acknowledged.insert(id);
    }
    killer.join();
    CHECK(killed);
  }
  CHECK(acknowledged.size() > 5);
  CHECK(run({"check", "--data", made.data}).exit_code == 0);
  auto store = open_store_sqlite({made.data, false}).value();
  FindingQuery query;
  query.transitions = true;
  query.limit = 100'000;
  std::set<std::string> stored;
  const auto page = store->list_findings(query).value();
  for (const auto& transition : page.rows) stored.insert(transition.item);
  for (const auto& id : acknowledged) CHECK(stored.contains(id));
  std::size_t telemetry = 0;
  const auto number = store->find_device(device.id).value()->number;
  REQUIRE(store->telemetry(number, from_unix_ms(0), system_clock().now(), 1'000'000,
                           [&](std::string_view) { ++telemetry; }));
  CHECK(telemetry >= acknowledged.size());
}

TEST_CASE("SIGTERM ends the server with exit code 0 within ten seconds, with consoles and devices connected") {
  Made made;
  Served served(made.data);
  const auto device = enrol_at(served, made);
  TlsClient idle(served.device_port(), made.ca, device.identity);
  REQUIRE(idle.send("POST", "/v1/device/batches", batch(device.id, {}).dump()).status == 200);
  TlsClient half(served.console_port(), made.ca);
  REQUIRE(half.write("GET /healthz HT"));
  const auto started = std::chrono::steady_clock::now();
  const int status = served.end(SIGTERM);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(std::chrono::steady_clock::now() - started < 10s);
}

TEST_CASE("A data folder is served once, and init does not overwrite a fleet") {
  Made made;
  const auto ca = read_file(made.data / "ca.pem").value();
  Served served(made.data);
  const auto second =
      run({"serve", "--data", made.data, "--device-listen", "127.0.0.1:0", "--console-listen", "127.0.0.1:0"});
  CHECK(second.exit_code == 1);
  CHECK(second.error_output.find("another hale-fleet") != std::string::npos);
  const auto again = run({"init", "--data", made.data});
  CHECK(again.exit_code == 1);
  CHECK(read_file(made.data / "ca.pem").value() == ca);
  const auto taken = run({"init", "--data", made.folder.path() / "other", "--host", "bad host"});
  CHECK(taken.exit_code == 2);
  CHECK_FALSE(std::filesystem::exists(made.folder.path() / "other" / "ca.key"));
}

TEST_CASE("Private keys and the database are for the server's user only") {
  Made made;
  for (const char* name : {"ca.key", "server.key", "command.key"}) {
    CHECK((std::filesystem::status(made.data / name).permissions() & std::filesystem::perms(0077)) ==
          std::filesystem::perms::none);
  }
  CHECK((std::filesystem::status(made.data).permissions() & std::filesystem::perms(0077)) ==
        std::filesystem::perms::none);
}

TEST_CASE("Wrong usage says what is right, with exit code 2") {
  Made made;
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{},
        {"sevre"},
        {"serve", "--data", made.data.string(), "--device-listen", "nowhere"},
        {"token", "create", "--data", made.data.string(), "--expires", "soon"},
        {"user", "add", "Ada", "--data", made.data.string()},
        {"serve", "--config", "/nonexistent", "--data", "x"}}) {
    const auto result = run(arguments);
    CHECK(result.exit_code == 2);
    CHECK(result.error_output.size() + result.output.size() > 20);
  }
  CHECK(run({"serve", "--data", made.folder.path() / "none"}).error_output.find("hale-fleet init") !=
        std::string::npos);
  const auto url = run({"token", "create", "--data", made.data});
  CHECK(url.exit_code == 2);
  CHECK(url.error_output.find("--url") != std::string::npos);
}

TEST_CASE("Users and tokens are managed from the command line beside the running server") {
  Made made;
  Served served(made.data);
  const auto added = run({"user", "add", "ada", "--role", "support", "--data", made.data});
  REQUIRE(added.exit_code == 0);
  std::string password = added.output.substr(added.output.rfind(' ') + 1);
  password.pop_back();
  TlsClient client(served.console_port(), made.ca);
  const auto login = [&] {
    return client
        .send("POST", "/api/v1/session", json{{"name", "ada"}, {"password", password}}.dump(), {"X-Hale-Request: 1"})
        .status;
  };
  CHECK(login() == 200);
  CHECK(run({"user", "passwd", "ada", "--data", made.data}).exit_code == 0);
  CHECK(login() == 401);
  CHECK(run({"user", "role", "ada", "admin", "--data", made.data}).exit_code == 0);
  CHECK(json::parse(run({"user", "list", "--json", "--data", made.data}).output)["users"].size() == 2);
  CHECK(run({"user", "remove", "ada", "--data", made.data}).exit_code == 0);
  CHECK(run({"user", "remove", "admin", "--data", made.data}).exit_code == 1);
  CHECK(run({"token", "create", "--uses", "3", "--expires", "12h", "--data", made.data}).output.starts_with("hale1."));
  const json tokens = json::parse(run({"token", "list", "--json", "--data", made.data}).output)["tokens"];
  REQUIRE(tokens.size() == 1);
  CHECK(run({"token", "revoke", tokens[0]["id"], "--data", made.data}).exit_code == 0);
  CHECK(run({"token", "revoke", "none", "--data", made.data}).exit_code == 1);
}

TEST_CASE("A backup made while serving is restored whole; a damaged one is refused") {
  Made made;
  const auto copy = made.folder.path() / "backup";
  const auto restored = made.folder.path() / "restored";
  EnrolledDevice device;
  {
    Served served(made.data);
    device = enrol_at(served, made);
    TlsClient client(served.device_port(), made.ca, device.identity);
    REQUIRE(client
                .send("POST", "/v1/device/batches",
                      batch(device.id, {item("f", "finding", finding_body("2026-03-01T10:00:00Z"))}).dump())
                .status == 200);
    const auto backup = run({"backup", "--data", made.data, "--to", copy});
    INFO(backup.error_output);
    REQUIRE(backup.exit_code == 0);
  }
  CHECK(run({"restore", "--from", copy, "--data", made.data}).exit_code == 1);
  REQUIRE(run({"restore", "--from", copy, "--data", restored}).exit_code == 0);
  CHECK(run({"migrate", "--data", restored}).exit_code == 0);
  Served again(restored);
  TlsClient client(again.device_port(), made.ca, device.identity);
  CHECK(client.send("POST", "/v1/device/batches", batch(device.id, {}).dump()).status == 200);
  REQUIRE(write_file_atomically(copy / "fleet.db", std::string(8192, 'x')));
  CHECK(run({"restore", "--from", copy, "--data", made.folder.path() / "third"}).exit_code != 0);
}

TEST_CASE("promtool finds nothing wrong with the metrics") {
  const auto promtool = find_program("promtool");
  if (promtool.empty()) SKIP("promtool is not installed (package prometheus)");
  Made made;
  Served served(made.data);
  TlsClient client(served.console_port(), made.ca);
  ProcessSpec spec;
  spec.program = promtool;
  spec.arguments = {"check", "metrics"};
  spec.input = client.send("GET", "/metrics").body;
  const auto result = run_process(spec);
  REQUIRE(result);
  INFO(result->output << result->error_output);
  CHECK(result->exit_code == 0);
  CHECK(result->error_output.empty());
}
