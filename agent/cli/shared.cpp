#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "agent/cli/commands.hpp"
#include "agent/cli/preferences.hpp"
#include "agent/service/json_fields.hpp"
#include "agent/service/paths.hpp"
#include "core/codec.hpp"
#include "core/time.hpp"
#include "platform/local_ipc.hpp"

namespace hale::agent::cli {
namespace {

using nlohmann::json;

/// Code points that a terminal draws two columns wide: CJK, kana, full-width forms.
bool is_wide(char32_t c) {
  return (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) || (c >= 0xAC00 && c <= 0xD7A3) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFF00 && c <= 0xFF60);
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    const std::size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    char32_t c = length == 1 ? first : first & (0x7FU >> length);
    for (std::size_t k = 1; k < length && i + k < text.size(); ++k)
      c = (c << 6) | (static_cast<unsigned char>(text[i + k]) & 0x3FU);
    width += is_wide(c) ? 2 : 1;
    i += length;
  }
  return width;
}

int exit_code_of(const std::string& code) { return code == "invalid" || code == "not_found" ? kBadInput : kFailed; }

Errc errc_of(const std::string& code) {
  if (code == "denied") return Errc::permission;
  if (code == "invalid") return Errc::invalid_input;
  return code == "not_found" ? Errc::not_found : Errc::unavailable;
}

}  // namespace

tl::expected<json, AskError> ask(const json& request) {
  const auto socket = control_socket();
  auto client = IpcClient::connect(socket);
  if (!client)
    return tl::unexpected(
        AskError{{Errc::unavailable, fmt::format("the agent does not answer at {} ({}); is haled running?",
                                                 socket.string(), client.error().message)},
                 kUnreachable,
                 "cli.unreachable",
                 socket.string()});
  const auto line = (*client)->request(request.dump());
  if (!line)
    return tl::unexpected(AskError{Error(line.error()).with_context("asking the agent"),
                                   line.error().code == Errc::timeout ? kFailed : kUnreachable});
  auto reply = parse_json(*line, 64u << 20);
  if (!reply) return tl::unexpected(AskError{Error(reply.error()).with_context("the agent's answer"), kFailed});
  if (true_field(*reply, "ok")) {
    reply->erase("ok");
    return std::move(*reply);
  }
  const auto code = text_field(*reply, "code");
  AskError error{{errc_of(code), text_field(*reply, "error")}, exit_code_of(code)};
  if (code == "denied") error.text = "cli.denied";
  if (code == "not_found") {
    error.text = "cli.no_finding";
    error.fill = text_field(request, "id") + text_field(request, "fingerprint");
  }
  return tl::unexpected(std::move(error));
}

tl::expected<json, AskError> ask_explanation(const Context& context, const std::string& id, const std::string& steps) {
  json request{{"do", "explain"}, {"id", id}, {"lang", context.language}};
  const auto wanted = steps.empty() ? my_preferences().steps : steps;
  if (!wanted.empty()) request["steps"] = wanted;
  return ask(request);
}

int complain(const Context& context, const AskError& error) {
  if (context.json) print_json({{"error", error.error.message}});
  const auto said = error.text.empty() ? error.error.message : context.texts.fill(error.text, {error.fill});
  std::fputs(("hale: " + said + "\n").c_str(), stderr);
  return error.exit_code;
}

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

void print_json(const json& value) { print(value.dump(2, ' ', false, json::error_handler_t::replace) + "\n"); }

std::string padded(std::string_view text, std::size_t width) {
  std::string out(text);
  for (auto drawn = display_width(text); drawn < width; ++drawn) out.push_back(' ');
  return out;
}

std::string local_time(const std::string& rfc3339) {
  const auto time = parse_rfc3339(rfc3339);
  if (!time) return rfc3339;
  const auto seconds = static_cast<std::time_t>(to_unix_seconds(*time));
  std::tm local{};
  ::localtime_r(&seconds, &local);
  return fmt::format("{:%Y-%m-%d %H:%M}", local);
}

int not_in_this_version(const Context& context, const std::string& command) {
  return complain(context, {{Errc::unsupported, context.texts.fill("cli.not_in_this_version", {command})}, kFailed});
}

}  // namespace hale::agent::cli
