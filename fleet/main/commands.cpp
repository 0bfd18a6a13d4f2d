#include "fleet/main/commands.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>

#include "fleet/main/admin.hpp"
#include "fleet/main/serve.hpp"
#include "platform/files.hpp"

namespace hale::fleet {
namespace {

// What the chosen command does; run after the whole line was parsed.
using Action = std::function<Result<>()>;

struct Arguments {
  Action action;
  std::filesystem::path data{"/var/lib/hale-fleet"};
  InitOptions init;
  ServeOptions serve;
  std::filesystem::path config;
  TokenOptions token;
  std::string id, name, role{"viewer"}, password_file;
  std::filesystem::path folder;
  std::string copies;
  bool json{false};
};

CLI::App* command(CLI::App& parent, const char* name, const char* help, Arguments& arguments, Action action) {
  CLI::App* made = parent.add_subcommand(name, help);
  made->callback([&arguments, action = std::move(action)] { arguments.action = action; });
  return made;
}

void with_data(CLI::App* app, Arguments& arguments) {
  app->add_option("--data", arguments.data, "Data folder")->capture_default_str();
}

Result<> run_serve(const Arguments& arguments) {
  if (arguments.config.empty()) {
    ServeOptions options = arguments.serve;
    options.data = arguments.data;
    return serve(options);
  }
  auto text = read_file(arguments.config, 64u << 10);
  if (!text) return fail(std::move(text.error()).with_context(arguments.config.string()));
  auto options = parse_serve_config(*text, arguments.config.string());
  return options ? serve(*options) : Result<>(fail(options.error()));
}

void add_init(CLI::App& app, Arguments& a) {
  CLI::App* init = command(app, "init", "Make a fleet: CA, keys, database, first admin", a, [&a] {
    a.init.data = a.data;
    return init_fleet(a.init);
  });
  with_data(init, a);
  init->add_option("--host", a.init.hosts, "Host name or address by which devices reach this server (may be repeated)");
  init->add_option("--organization", a.init.organization, "Whose fleet it is: shown to the users of enrolled PCs")
      ->capture_default_str();
  init->add_option("--admin", a.init.admin, "Name of the first admin")->capture_default_str();
  init->add_option("--consent", a.init.consent,
                   "required: a PC asks its user before the first upload; given: it is managed and does not")
      ->capture_default_str();
  init->add_option("--password-file", a.init.password_file, "Also write the admin's password here (mode 0600)");
}

void add_serve(CLI::App& app, Arguments& a) {
  CLI::App* run = command(app, "serve", "Run the server", a, [&a] { return run_serve(a); });
  auto* config = run->add_option("--config", a.config, "JSON file instead of these flags");
  const std::vector<CLI::Option*> flags{
      run->add_option("--data", a.data, "Data folder")->capture_default_str(),
      run->add_option("--device-listen", a.serve.device_listen, "IP:PORT for devices (port 0: any free one)")
          ->capture_default_str(),
      run->add_option("--console-listen", a.serve.console_listen, "IP:PORT for the console")->capture_default_str(),
      run->add_option("--device-url", a.serve.device_url,
                      "https://HOST:PORT as devices reach this server; goes into enrolment tokens"),
      run->add_option("--ports-file", a.serve.ports_file, "Write the chosen ports and addresses here, as JSON"),
      run->add_option("--device-threads", a.serve.device_threads, "Threads for devices (0: one a processor)")
          ->check(CLI::Range(0, 256)),
      run->add_option("--telemetry-days", a.serve.telemetry_days, "How long telemetry is kept")
          ->check(CLI::Range(1, 36500))
          ->capture_default_str(),
      run->add_option("--activity-days", a.serve.activity_days, "How long notifications, events and answers are kept")
          ->check(CLI::Range(1, 36500))
          ->capture_default_str()};
  for (CLI::Option* flag : flags) config->excludes(flag);
}

void add_token(CLI::App& app, Arguments& a) {
  CLI::App* token = app.add_subcommand("token", "Enrolment tokens")->require_subcommand(1);
  CLI::App* create = command(*token, "create", "Make one; its text is printed once", a,
                             [&a] { return create_token(a.data, a.token); });
  with_data(create, a);
  create->add_option("--uses", a.token.uses, "How many devices may enrol with it")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  create->add_option("--expires", a.token.expires, "After how long it ends: 15m, 12h, 7d, 4w")->capture_default_str();
  create->add_option("--url", a.token.url, "https://HOST:PORT of the device listener (default: what serve last used)");
  create->add_option("--note", a.token.note, "For whom it is");
  CLI::App* list =
      command(*token, "list", "List them, without their secrets", a, [&a] { return list_tokens(a.data, a.json); });
  with_data(list, a);
  list->add_flag("--json", a.json, "As JSON");
  CLI::App* revoke = command(*token, "revoke", "Revoke one; devices enrolled with it stay", a,
                             [&a] { return revoke_token(a.data, a.id); });
  with_data(revoke, a);
  revoke->add_option("ID", a.id, "As token list shows it")->required();
}

void add_user_commands(CLI::App& app, Arguments& a) {
  CLI::App* user = app.add_subcommand("user", "Users of the console")->require_subcommand(1);
  const auto named = [&](const char* name, const char* help, Action action) {
    CLI::App* made = command(*user, name, help, a, std::move(action));
    with_data(made, a);
    made->add_option("NAME", a.name, "The user's name")->required();
    return made;
  };
  const char* from =
      "File with the password in its first line, '-' for standard input; without it one is made and printed";
  CLI::App* add = named("add", "Add one", [&a] { return add_user(a.data, a.name, a.role, a.password_file); });
  add->add_option("--role", a.role, "admin, support or viewer")->capture_default_str();
  add->add_option("--password-file", a.password_file, from);
  named("passwd", "Set a password; the user's sessions end", [&a] {
    return set_password(a.data, a.name, a.password_file);
  })->add_option("--password-file", a.password_file, from);
  named("role", "Change the role; the user's sessions end", [&a] { return set_role(a.data, a.name, a.role); })
      ->add_option("ROLE", a.role, "admin, support or viewer")
      ->required();
  named("remove", "Remove one; the last admin stays", [&a] { return remove_user(a.data, a.name); });
  CLI::App* list = command(*user, "list", "List them", a, [&a] { return list_users(a.data, a.json); });
  with_data(list, a);
  list->add_flag("--json", a.json, "As JSON");
}

void add_policy(CLI::App& app, Arguments& a) {
  CLI::App* policy = command(app, "policy", "Show or set what enrolled PCs may do; a running server heeds it at once",
                             a, [&a] { return set_policy(a.data, a.copies, a.json); });
  with_data(policy, a);
  policy->add_option("--copies", a.copies,
                     "allowed: a copied disk enrols by itself as a new device; forbidden: an administrator enrols it");
  policy->add_flag("--json", a.json, "As JSON");
}

void add_upkeep(CLI::App& app, Arguments& a) {
  CLI::App* backup = command(app, "backup", "Copy everything, keys included, while the server runs", a,
                             [&a] { return backup_fleet(a.data, a.folder); });
  with_data(backup, a);
  backup->add_option("--to", a.folder, "A new folder")->required();
  CLI::App* restore =
      command(app, "restore", "Make a data folder from a backup", a, [&a] { return restore_fleet(a.folder, a.data); });
  with_data(restore, a);
  restore->add_option("--from", a.folder, "The backup's folder")->required();
  with_data(command(app, "check", "Check keys and databases", a, [&a] { return check_fleet(a.data); }), a);
  with_data(command(app, "migrate", "Bring the database to this version (serve does it too)", a,
                    [&a] { return migrate_fleet(a.data); }),
            a);
}

}  // namespace

int run_commands(int argc, char** argv) {
  CLI::App app{"The fleet server of Hale"};
  app.set_version_flag("--version", HALE_VERSION);
  app.require_subcommand(1);
  Arguments arguments;
  add_init(app, arguments);
  add_serve(app, arguments);
  add_token(app, arguments);
  add_user_commands(app, arguments);
  add_policy(app, arguments);
  add_upkeep(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const auto done = arguments.action();
  if (done) return 0;
  fmt::print(stderr, "hale-fleet: {}\n", done.error().message);
  return done.error().code == Errc::invalid_input ? 2 : 1;
}

}  // namespace hale::fleet
