#include <poll.h>

#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "agent/desktop/desktop.hpp"
#include "agent/desktop/link.hpp"
#include "agent/service/json_fields.hpp"
#include "agent/service/paths.hpp"
#include "core/codec.hpp"

namespace hale::agent {
namespace {

using nlohmann::json;
constexpr auto kPatience = std::chrono::minutes(2);

Result<json> ask(IpcClient& client, const json& request) {
  const auto line = client.request(request.dump());
  if (!line) return fail(line.error());
  auto reply = parse_json(*line);
  if (!reply) return fail(reply.error());
  if (!true_field(*reply, "ok")) return fail(Errc::not_found, text_field(*reply, "error"));
  return reply;
}

int complain(const Error& error, int code) {
  std::fputs(("hale-desktop: " + error.message + "\n").c_str(), stderr);
  return code;
}

/// What the person said in the notification of the link; nothing when they closed it or did not look.
std::optional<Answer> ask_person(const Notification& question) {
  std::optional<Answer> said;
  bool over = false;
  auto notifier = DesktopNotifier::connect({.answered = [&](const std::string&, Answer answer) { said = answer; },
                                            .closed = [&](const std::string&) { over = true; },
                                            .expired = [&](const std::string&) { over = true; },
                                            .appeared = {}});
  if (!notifier) return std::nullopt;
  if (auto shown = (*notifier)->show(question); !shown) return std::nullopt;
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!said && !over) {
    if (!(*notifier)->dispatch()) return std::nullopt;
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
    if (said || over || left <= 0) break;
    pollfd wait{(*notifier)->poll_fd(), POLLIN, 0};
    ::poll(&wait, 1, static_cast<int>(left));
  }
  if (!said) static_cast<void>((*notifier)->withdraw(question.id));
  return said;
}

}  // namespace

int follow_link(std::string_view link, const std::string& language) {
  const auto parsed = parse_link(link);
  if (!parsed) return complain(parsed.error(), 2);
  auto client = IpcClient::connect(control_socket());
  if (!client) return complain(client.error(), 3);
  const auto explained = ask(**client, {{"do", "explain"}, {"id", parsed->fingerprint}, {"lang", language}});
  if (!explained) return complain(explained.error(), 2);
  const Texts texts(language);
  const auto finding = explained->value("finding", json::object());
  const auto words = explained->value("texts", json::object());
  auto title = text_field(words, "title");
  if (title.empty()) title = text_field(finding, "summary");
  Notification question;
  question.id = "hale.link";
  question.fingerprint = text_field(finding, "fingerprint");
  question.level = Level::warning;
  question.title = texts.get("desktop.confirm_title");
  question.body = texts.fill(
      parsed->answer == Answer::did_it ? "desktop.confirm_did_it" : "desktop.confirm_not_a_problem", {title});
  question.actions = {{Answer::did_it, texts.get("desktop.yes")}, {Answer::dismissed, texts.get("desktop.no")}};
  if (ask_person(question) != Answer::did_it) return 0;  // No, closed, or nobody there: nothing changes
  // The connection may be old by now: people think.
  client = IpcClient::connect(control_socket());
  if (!client) return complain(client.error(), 3);
  const auto told =
      ask(**client, {{"do", "answer"}, {"fingerprint", question.fingerprint}, {"answer", to_string(parsed->answer)}});
  return told ? 0 : complain(told.error(), 1);
}

}  // namespace hale::agent
