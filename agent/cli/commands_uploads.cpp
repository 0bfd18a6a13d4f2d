// hale enroll, uploads, privacy, forget: who receives what.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "agent/cli/commands.hpp"
#include "agent/service/json_fields.hpp"
#include "agent/service/paths.hpp"
#include "core/codec.hpp"
#include "platform/files.hpp"
#include "platform/process.hpp"

extern char** environ;

namespace hale::agent::cli {
namespace {

using nlohmann::json;
constexpr std::size_t kMaxToken = 16u << 10;

std::map<std::string, std::string> own_environment() {
  std::map<std::string, std::string> all;
  for (char** each = environ; each != nullptr && *each != nullptr; ++each) {
    const std::string_view entry(*each);
    if (const auto equals = entry.find('='); equals != std::string_view::npos)
      all[std::string(entry.substr(0, equals))] = std::string(entry.substr(equals + 1));
  }
  return all;
}

Result<std::string> read_token(const std::string& file) {
  if (!file.empty() && file != "-") return read_file(file, kMaxToken);
  std::string text(kMaxToken, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), stdin));
  if (text.find_first_not_of(" \t\r\n") == std::string::npos)
    return fail(Errc::invalid_input, "no enrolment token was given: use --token-file FILE, or - and standard input");
  return text;
}

std::string last_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  const auto start = text.rfind('\n');
  return start == std::string::npos ? text : text.substr(start + 1);
}

}  // namespace

int enroll(const Context& context, const EnrollArguments& arguments) {
  const auto token = read_token(arguments.token_file);
  if (!token) return complain(context, {Error(token.error()).with_context("token"), kBadInput});
  const auto program = find_program("hale-upload");
  if (program.empty())
    return complain(context, {{Errc::not_found, "hale-upload is not installed beside hale"}, kFailed});
  ProcessSpec spec{.program = program,
                   .arguments = {"enroll"},
                   .environment = own_environment(),
                   .deadline = std::chrono::minutes(3),
                   .input = *token};
  if (!arguments.url.empty()) spec.arguments.push_back(arguments.url);
  spec.arguments.insert(spec.arguments.end(), {"--token-file", "-", "--state", state_folder().string()});
  if (!arguments.proxy.empty()) spec.arguments.insert(spec.arguments.end(), {"--proxy", arguments.proxy});
  if (arguments.force) spec.arguments.emplace_back("--force");
  const auto result = run_process(spec);
  if (!result) return complain(context, {result.error(), kFailed});
  std::fputs(result->error_output.c_str(), stderr);
  if (result->exit_code != 0) return result->exit_code == kBadInput ? kBadInput : kFailed;
  const auto said = parse_json(last_line(result->output));
  if (!said) return complain(context, {Error(said.error()).with_context("hale-upload's answer"), kFailed});
  // A running agent learns it now, one that is not running reads it at its start.
  const auto told = ask({{"do", "enrolled"}});
  if (!told && told.error().exit_code != kUnreachable) return complain(context, told.error());
  if (context.json)
    print_json(*said);
  else
    print(context.texts.fill(text_field(*said, "consent") == "given" ? "enroll.done" : "enroll.done_ask",
                             {text_field(*said, "organization"), text_field(*said, "device")}) +
          "\n");
  return kOk;
}

int show_uploads(const Context& context, int count) {
  const auto reply = ask({{"do", "uploads"}, {"count", count}});
  if (!reply) return complain(context, reply.error());
  if (context.json) {
    print_json(*reply);
    return kOk;
  }
  const auto uploads = reply->value("uploads", json::array());
  if (uploads.empty()) print(context.texts.get("uploads.none") + "\n");
  for (const auto& each : uploads) {
    print(fmt::format("{}  {}  {}  {}{}\n", local_time(text_field(each, "time")), padded(text_field(each, "kind"), 12),
                      padded(context.texts.get("uploads." + text_field(each, "state")), 10), text_field(each, "id"),
                      text_field(each, "reason").empty() ? "" : "  " + text_field(each, "reason")));
    print(text_field(each, "body") + "\n\n");
  }
  return kOk;
}

int privacy(const Context& context, const PrivacyArguments& arguments) {
  json request{{"do", "privacy"}};
  if (arguments.grant) request["consent"] = "grant";
  if (arguments.withdraw) request["consent"] = "withdraw";
  if (arguments.resume) request["consent"] = "resume";
  if (arguments.pause_hours > 0) {
    request["consent"] = "pause";
    request["hours"] = arguments.pause_hours;
  }
  const auto reply = ask(request);
  if (!reply) return complain(context, reply.error());
  if (context.json) {
    print_json(*reply);
    return kOk;
  }
  if (!true_field(*reply, "enrolled")) {
    print(context.texts.get("privacy.local_only") + "\n");
  } else {
    print(context.texts.fill("privacy.enrolled", {text_field(*reply, "organization"), text_field(*reply, "fleet")}) +
          "\n");
    print(context.texts.get(true_field(*reply, "may_send") ? "privacy.sending" : "privacy.not_sending") + "\n");
    if (const auto until = text_field(*reply, "paused_until"); !until.empty())
      print(context.texts.fill("privacy.paused", {local_time(until)}) + "\n");
    print(context.texts.fill("privacy.counts", {std::to_string(integer_field(*reply, "sent").value_or(0)),
                                                std::to_string(integer_field(*reply, "waiting").value_or(0))}) +
          "\n");
  }
  for (const auto* part :
       {"privacy.what", "privacy.never", "privacy.why", "privacy.how_long", "privacy.stop", "privacy.check"})
    print("  " + context.texts.get(part) + "\n");
  return kOk;
}

int forget(const Context& context, bool yes) {
  if (!yes) return complain(context, {{Errc::invalid_input, context.texts.get("forget.confirm")}, kBadInput});
  const auto reply = ask({{"do", "forget"}});
  if (!reply) return complain(context, reply.error());
  if (context.json)
    print_json({{"forgotten", true}});
  else
    print(context.texts.get("forget.done") + "\n");
  return kOk;
}

}  // namespace hale::agent::cli
