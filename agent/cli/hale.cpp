// The command line of `hale`: parses and delegates.
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <functional>
#include <string>

#include "agent/cli/commands.hpp"
#include "agent/service/language.hpp"

namespace {

namespace cli = hale::agent::cli;

/// What any subcommand may have been given.
struct Arguments {
  bool json{false};
  bool all{false}, open{false}, yes{false};
  std::string id, answer, lang, command, out, steps;
  int days{7}, count{5};
  std::string sysfs, procfs, devfs;
  cli::RecordOptions record;
  cli::ReplayArguments replay;
  std::string replay_rules;
  std::vector<std::string> replay_files;
  cli::EnrollArguments enroll;
  cli::PrivacyArguments privacy;

  hale::SystemRoots roots() const {
    hale::SystemRoots roots;
    if (!sysfs.empty()) roots.sys = sysfs;
    if (!procfs.empty()) roots.proc = procfs;
    if (!devfs.empty()) roots.dev = devfs;
    roots.captured = !sysfs.empty() || !procfs.empty() || !devfs.empty();
    return roots;
  }
};

class CommandLine {
 public:
  explicit CommandLine(const std::string& language) : context_(language), app_(context_.texts.get("help.hale")) {
    app_.set_version_flag("--version", "hale " HALE_VERSION);
    app_.require_subcommand(1);
    add_showing();
    add_machine();
    add_uploads();
    add_feedback();
    add_absent();
  }

  int run(int argc, char** argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      return app_.exit(error) == 0 ? cli::kOk : cli::kBadInput;
    }
    if (!arguments_.lang.empty()) context_ = cli::Context(arguments_.lang);
    context_.json = arguments_.json;
    return chosen_ ? chosen_() : cli::kBadInput;
  }

 private:
  CLI::App* add(const std::string& name, std::function<int()> action) {
    auto* command = app_.add_subcommand(name, context_.texts.get("help." + name));
    command->add_flag("--json", arguments_.json, context_.texts.get("help.json"));
    command->callback([this, action = std::move(action)] { chosen_ = action; });
    return command;
  }
  void add_id(CLI::App* command) {
    command->add_option("ID", arguments_.id, context_.texts.get("help.id"))->required();
  }
  void add_lang(CLI::App* command) {
    command->add_option("--lang", arguments_.lang, context_.texts.get("help.lang"))
        ->check(CLI::IsMember({"en", "zh-CN"}));
  }
  void add_steps(CLI::App* command, const std::string& name) {
    command->add_option(name, arguments_.steps, context_.texts.get("help.steps_how"))
        ->check(CLI::IsMember({"simple", "detailed"}));
  }
  void add_roots(CLI::App* command) {
    command->add_option("--sysfs", arguments_.sysfs, context_.texts.get("help.sysfs"))->check(CLI::ExistingDirectory);
    command->add_option("--procfs", arguments_.procfs, context_.texts.get("help.procfs"))
        ->check(CLI::ExistingDirectory);
    command->add_option("--devfs", arguments_.devfs, context_.texts.get("help.devfs"))->check(CLI::ExistingDirectory);
  }

  void add_showing() {
    add("status", [this] { return cli::show_status(context_); });
    add("components", [this] { return cli::show_components(context_); });
    add("findings", [this] {
      return cli::show_findings(context_, arguments_.all);
    })->add_flag("--all", arguments_.all, context_.texts.get("help.all"));
    auto* explain = add("explain", [this] { return cli::explain(context_, arguments_.id, arguments_.steps); });
    add_id(explain);
    add_lang(explain);
    add_steps(explain, "--steps");
    auto* guide =
        add("guide", [this] { return cli::guide(context_, arguments_.id, arguments_.steps, arguments_.open); });
    add_id(guide);
    add_lang(guide);
    add_steps(guide, "--steps");
    add_steps(add("steps", [this] { return cli::steps(context_, arguments_.steps); }), "HOW");
    guide->add_flag("--open", arguments_.open, context_.texts.get("help.open"));
    auto* report = add("report", [this] { return cli::report(context_, arguments_.open); });
    report->add_flag("--open", arguments_.open, context_.texts.get("help.open"));
    add_lang(report);
  }

  void add_machine() {
    auto* record = add("record", [this] {
      arguments_.record.out = arguments_.out;
      arguments_.record.roots = arguments_.roots();
      return cli::record(context_, arguments_.record);
    });
    record->add_option("--out", arguments_.out, context_.texts.get("help.out"))->required();
    record->add_option("--interval", arguments_.record.interval_s, context_.texts.get("help.interval"))
        ->check(CLI::Range(1, 86'400))
        ->capture_default_str();
    record->add_option("--count", arguments_.record.count, context_.texts.get("help.count"));
    add_roots(record);
    auto* replay = add("replay", [this] {
      arguments_.replay.files.assign(arguments_.replay_files.begin(), arguments_.replay_files.end());
      arguments_.replay.rules = arguments_.replay_rules;
      if (!arguments_.lang.empty()) arguments_.replay.language = arguments_.lang;
      return cli::replay(arguments_.replay);
    });
    replay->add_option("FILE", arguments_.replay_files, context_.texts.get("help.replay_file"))->required();
    replay->add_option("--rules", arguments_.replay_rules, context_.texts.get("help.rules"));
    add_lang(replay);
    replay->add_flag("--from-smartctl", arguments_.replay.from_smartctl, context_.texts.get("help.from_smartctl"));
    replay->add_flag("--no-coverage", arguments_.replay.no_coverage, context_.texts.get("help.no_coverage"));
    add_roots(add("doctor", [this] { return cli::doctor(context_, arguments_.roots()); }));
  }

  void add_uploads() {
    auto* enroll = add("enroll", [this] { return cli::enroll(context_, arguments_.enroll); });
    enroll->add_option("URL", arguments_.enroll.url, context_.texts.get("help.url"));
    enroll->add_option("--token-file", arguments_.enroll.token_file, context_.texts.get("help.token_file"));
    enroll->add_option("--proxy", arguments_.enroll.proxy, context_.texts.get("help.proxy"));
    enroll->add_flag("--force", arguments_.enroll.force, context_.texts.get("help.force"));
    add("uploads", [this] { return cli::show_uploads(context_, arguments_.count); })
        ->add_option("--show", arguments_.count, context_.texts.get("help.show"))
        ->check(CLI::Range(1, 100))
        ->capture_default_str();
    auto* privacy = add("privacy", [this] { return cli::privacy(context_, arguments_.privacy); });
    auto* grant = privacy->add_flag("--grant", arguments_.privacy.grant, context_.texts.get("help.grant"));
    auto* withdraw = privacy->add_flag("--withdraw", arguments_.privacy.withdraw, context_.texts.get("help.withdraw"));
    auto* pause = privacy->add_option("--pause", arguments_.privacy.pause_hours, context_.texts.get("help.pause"))
                      ->check(CLI::Range(1, 2160));
    auto* resume = privacy->add_flag("--resume", arguments_.privacy.resume, context_.texts.get("help.resume"));
    for (auto* one : {grant, withdraw, pause, resume})
      for (auto* other : {grant, withdraw, pause, resume})
        if (one != other) one->excludes(other);
    add("forget", [this] {
      return cli::forget(context_, arguments_.yes);
    })->add_flag("--yes", arguments_.yes, context_.texts.get("help.yes"));
  }

  void add_feedback() {
    auto* snooze = add("snooze", [this] { return cli::snooze(context_, arguments_.id, arguments_.days); });
    add_id(snooze);
    snooze->add_option("--days", arguments_.days, context_.texts.get("help.days"))
        ->check(CLI::Range(1, 365))
        ->capture_default_str();
    auto* feedback = add("feedback", [this] { return cli::feedback(context_, arguments_.id, arguments_.answer); });
    add_id(feedback);
    feedback->add_option("ANSWER", arguments_.answer, context_.texts.get("help.answer"))
        ->required()
        ->check(CLI::IsMember({"did_it", "not_a_problem", "later", "book", "how_to_fix", "dismissed"}));
  }

  /// Not listed in --help, for they do nothing yet; whoever calls them is told so.
  void add_absent() {
    for (const auto* name : {"diagnose", "certificate"}) {
      auto* command = app_.add_subcommand(name, context_.texts.fill("cli.not_in_this_version", {name}))->group("");
      command->add_flag("--json", arguments_.json, context_.texts.get("help.json"));
      command->allow_extras();
      command->callback([this, name] { chosen_ = [this, name] { return cli::not_in_this_version(context_, name); }; });
    }
  }

  cli::Context context_;
  Arguments arguments_;
  CLI::App app_;
  std::function<int()> chosen_;
};

}  // namespace

int main(int argc, char** argv) {
  return CommandLine(hale::agent::language_of_locale(hale::agent::environment_locale())).run(argc, argv);
}
