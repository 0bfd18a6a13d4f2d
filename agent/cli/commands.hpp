#pragma once
#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "agent/texts/texts.hpp"
#include "collectors/collector.hpp"
#include "core/result.hpp"

/// The subcommands of `hale`. Each returns the exit code: 0 ok, 1 failed, 2 bad usage or input, 3 agent unreachable.
namespace hale::agent::cli {

inline constexpr int kOk = 0;
inline constexpr int kFailed = 1;
inline constexpr int kBadInput = 2;
inline constexpr int kUnreachable = 3;

/// What every command knows: the person's language, and whether a program reads along.
struct Context {
  std::string language;
  Texts texts;
  bool json{false};
  explicit Context(std::string lang) : language(std::move(lang)), texts(language) {}
};

int show_status(const Context& context);
int show_components(const Context& context);
int show_findings(const Context& context, bool all);
/// `steps`: "simple" or "detailed", else what this person chose with `hale steps`.
int explain(const Context& context, const std::string& id, const std::string& steps);
/// Shows or sets how much this person's guides say; empty = show.
int steps(const Context& context, const std::string& wanted);

int guide(const Context& context, const std::string& id, const std::string& steps, bool open);
int report(const Context& context, bool open);

struct RecordOptions {
  std::filesystem::path out;
  int interval_s{10};
  std::uint64_t count{0};  ///< rows; 0 = until Ctrl-C
  SystemRoots roots;
};
int record(const Context& context, const RecordOptions& options);
struct ReplayArguments {
  std::vector<std::filesystem::path> files;
  std::filesystem::path rules;
  std::string language{"en"};
  bool from_smartctl{false};
  bool no_coverage{false};
};
int replay(const ReplayArguments& arguments);
int doctor(const Context& context, const SystemRoots& roots);

struct EnrollArguments {
  std::string url;
  std::string token_file;
  std::string proxy;
  bool force{false};
};
int enroll(const Context& context, const EnrollArguments& arguments);
int show_uploads(const Context& context, int count);
struct PrivacyArguments {
  bool grant{false}, withdraw{false}, resume{false};
  int pause_hours{0};
};
int privacy(const Context& context, const PrivacyArguments& arguments);
int forget(const Context& context, bool yes);

int snooze(const Context& context, const std::string& id, int days);
int feedback(const Context& context, const std::string& id, const std::string& answer);

/// A command that contracts name and this version does not have: says so, exit 1.
int not_in_this_version(const Context& context, const std::string& command);

// Shared by the commands.

/// One request to haled. Errors: unavailable when it does not run (exit 3), else what it answered.
struct AskError {
  Error error;
  int exit_code{kFailed};
  std::string text{};  ///< key of the same in the person's language; empty = only in English
  std::string fill{};  ///< what fills that text
};
tl::expected<nlohmann::json, AskError> ask(const nlohmann::json& request);
/// What the agent says about one finding, in the person's language and with the steps they want.
tl::expected<nlohmann::json, AskError> ask_explanation(const Context& context, const std::string& id,
                                                       const std::string& steps);
/// Prints the error to stderr (with --json also as JSON to stdout) and gives the exit code.
int complain(const Context& context, const AskError& error);
void print(std::string_view text);
void print_json(const nlohmann::json& value);
/// Columns in a terminal: full-width characters count as two.
std::string padded(std::string_view text, std::size_t width);
/// Seconds left out, local time: "2026-11-23 15:30".
std::string local_time(const std::string& rfc3339);

}  // namespace hale::agent::cli
