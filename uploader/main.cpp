#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>

#include "platform/files.hpp"
#include "platform/memory.hpp"
#include "uploader/enroll_command.hpp"
#include "uploader/folder_owner.hpp"
#include "uploader/identity.hpp"
#include "uploader/run.hpp"
#include "uploader/this_pc.hpp"
#include "uploader/token.hpp"

namespace {

std::atomic<bool> cancel{false};

struct Arguments {
  std::string state;
  std::string sysfs{"/sys"};
  std::string procfs{"/proc"};
  std::string proxy;
  std::string url;
  std::string token_file;
  unsigned session{0};
  bool force{false};
  bool now{false};
};

void cancel_on_signals() {
  for (const int signal : {SIGTERM, SIGINT}) std::signal(signal, [](int) { cancel = true; });
  std::signal(SIGPIPE, SIG_IGN);
}

std::string default_state() {
  for (const char* name : {"HALE_STATE_DIR", "STATE_DIRECTORY"}) {
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return value;
  }
  return "/var/lib/hale";
}

hale::Result<std::string> read_token(const std::string& file) {
  constexpr std::size_t kMax = 16u << 10;
  if (file != "-") return hale::read_file(file, kMax);
  std::string text(kMax, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), stdin));
  return text;
}

int enroll(const Arguments& arguments) {
  const auto token = read_token(arguments.token_file);
  if (!token) {
    std::cerr << "hale-upload: reading the token: " << arguments.token_file << ": " << token.error().message << '\n';
    return 2;
  }
  const auto parsed = hale::parse_token(*token);
  const auto url = arguments.url.empty() ? hale::Result<std::string>{} : hale::parse_fleet_url(arguments.url);
  if (!parsed || !url) {
    const std::string place = arguments.token_file == "-" ? "standard input" : arguments.token_file;
    std::cerr << "hale-upload: " << (parsed ? url.error().message : place + ": " + parsed.error().message) << '\n';
    return 2;
  }
  std::error_code error;
  std::filesystem::create_directories(arguments.state, error);
  if (error) {
    std::cerr << "hale-upload: making " << arguments.state << ": " << error.message() << '\n';
    return 1;
  }
  const hale::EnrollCommand command{.state_folder = arguments.state,
                                    .url = arguments.url,
                                    .token_text = *token,
                                    .hardware = hale::hardware_fingerprint(arguments.sysfs, arguments.procfs),
                                    .system = hale::read_system_name(),
                                    .boot_time = hale::read_boot_time(arguments.procfs),
                                    .proxy = {arguments.proxy},
                                    .force = arguments.force,
                                    .cancel = &cancel};
  const auto identity =
      hale::become_owner_of(arguments.state).and_then([&] { return hale::run_enroll(command, hale::system_clock()); });
  if (!identity) {
    std::cerr << "hale-upload: " << identity.error().message << '\n';
    return 1;
  }
  std::cout << to_json_line(*identity) << std::endl;
  return 0;
}

int run(const Arguments& arguments) {
  hale::release_startup_memory();  // of the forty libraries that libcurl brings, most are never called
  const hale::UploadOptions options{.state_folder = arguments.state,
                                    .hardware = hale::hardware_fingerprint(arguments.sysfs, arguments.procfs),
                                    .boot_time = hale::read_boot_time(arguments.procfs),
                                    .system = hale::read_system_name(),
                                    .proxy = {arguments.proxy},
                                    .session = std::chrono::seconds{arguments.session},
                                    .now = arguments.now,
                                    .cancel = &cancel};
  const auto ready = hale::become_owner_of(arguments.state);
  const auto report = ready ? hale::run_upload(options, hale::system_clock())
                            : hale::UploadReport{.exit = hale::UploadExit::later, .error = ready.error().message};
  std::cout << to_json_line(report) << std::endl;
  return static_cast<int>(report.exit);
}

void add_common(CLI::App& command, Arguments& arguments) {
  command.add_option("--state", arguments.state, "Folder of the agent's state")->capture_default_str();
  command.add_option("--proxy", arguments.proxy,
                     "http://HOST:PORT, or \"direct\"; default: from the environment (https_proxy, no_proxy)");
  command.add_option("--sysfs", arguments.sysfs, "Stands in for /sys")->capture_default_str();
  command.add_option("--procfs", arguments.procfs, "Stands in for /proc")->capture_default_str();
}

}  // namespace

int main(int argc, char** argv) {
  hale::be_small();
  Arguments arguments;
  arguments.state = default_state();
  CLI::App app{
      "Enrols this PC with a fleet and uploads what waits, over mutual TLS. Started by haled; nothing else on the PC "
      "uses the network."};
  app.set_version_flag("--version", HALE_VERSION);
  app.require_subcommand(1);
  auto* enroll_command = app.add_subcommand(
      "enroll", "Enrol this PC; prints one JSON line. Exit: 0 enrolled, 1 not now or refused, 2 bad input");
  enroll_command->add_option("URL", arguments.url, "The fleet's address; default: the token's");
  enroll_command
      ->add_option("--token-file", arguments.token_file, "File that holds the enrolment token, or - for standard input")
      ->required();
  enroll_command->add_flag("--force", arguments.force, "Replace an identity that is in use");
  add_common(*enroll_command, arguments);
  auto* run_command = app.add_subcommand(
      "run", "Upload what waits; prints one JSON line. Exit: 0 done, 1 later, 2 bad usage, 4 revoked");
  run_command->add_option("--session", arguments.session, "Stay for that many seconds and look again")
      ->check(CLI::Range(0, 86'400));
  run_command->add_flag("--now", arguments.now,
                        "A person asked: do not wait out the own backoff (a server's Retry-After still holds)");
  add_common(*run_command, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  cancel_on_signals();
  return *enroll_command ? enroll(arguments) : run(arguments);
}
