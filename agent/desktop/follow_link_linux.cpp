#include <unistd.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "agent/desktop/desktop.hpp"
#include "agent/desktop/dialog.hpp"
#include "agent/desktop/link.hpp"
#include "agent/desktop/privileged.hpp"
#include "agent/page/html.hpp"
#include "agent/page/open_page.hpp"
#include "agent/page/page_files.hpp"
#include "agent/page/uploads_page.hpp"
#include "agent/service/json_fields.hpp"
#include "agent/service/paths.hpp"
#include "core/codec.hpp"
#include "platform/local_ipc.hpp"

namespace hale::agent {
namespace {

using nlohmann::json;

/// A connection a question: people think for minutes in between.
Result<json> ask_agent(const json& request) {
  auto client = IpcClient::connect(control_socket());
  if (!client) return fail(client.error());
  const auto line = (*client)->request(request.dump());
  if (!line) return fail(line.error());
  auto reply = parse_json(*line, 64u << 20);
  if (!reply) return fail(reply.error());
  if (true_field(*reply, "ok")) return reply;
  return fail(text_field(*reply, "code") == "denied" ? Errc::permission : Errc::unavailable,
              text_field(*reply, "error"));
}

class LinkFollower {
 public:
  explicit LinkFollower(const std::string& language) : language_(language), texts_(page_texts(language)) {}

  int follow(const Link& link) {
    switch (link.action) {
      case LinkAction::feedback:
        return feedback(link);
      case LinkAction::quiet:
        return quiet();
      case LinkAction::pause:
        return pause();
      case LinkAction::uploads:
        return uploads();
      case LinkAction::help:
        return help();
      case LinkAction::erase:
        return erase();
    }
    return 2;
  }

 private:
  int failed(const Error& error) const {
    std::fputs(("hale-desktop: " + error.message + "\n").c_str(), stderr);
    tell_person("Hale", texts_.fill("dialog.failed", {error.message}));
    return 1;
  }
  /// The answer; nothing = nothing changes.
  std::optional<std::size_t> ask(const Question& question) const {
    std::string problem;
    const auto chosen = ask_person(question, problem);
    if (!problem.empty()) std::fputs(("hale-desktop: " + problem + "\n").c_str(), stderr);
    return chosen;
  }
  bool says_yes(const std::string& title, const std::string& body, Level level = Level::warning) const {
    return ask({title, body, {texts_.get("desktop.yes"), texts_.get("desktop.no")}, level}) == std::size_t{0};
  }

  int feedback(const Link& link) const {
    const auto explained = ask_agent({{"do", "explain"}, {"id", link.fingerprint}, {"lang", language_}});
    if (!explained) return failed(explained.error());
    const auto finding = explained->value("finding", json::object());
    auto title = text_field(explained->value("texts", json::object()), "title");
    if (title.empty()) title = text_field(finding, "summary");
    const auto organization = text_field(*explained, "organization");
    const auto body = link.answer == Answer::did_it          ? texts_.fill("desktop.confirm_did_it", {title})
                      : link.answer == Answer::not_a_problem ? texts_.fill("desktop.confirm_not_a_problem", {title})
                      : link.answer == Answer::later         ? texts_.fill("dialog.later", {title})
                                                             : texts_.fill("dialog.book", {title, organization});
    if (!says_yes(texts_.get("desktop.confirm_title"), body)) return 0;
    const auto told = ask_agent(
        {{"do", "answer"}, {"fingerprint", text_field(finding, "fingerprint")}, {"answer", to_string(link.answer)}});
    return told ? 0 : failed(told.error());
  }

  std::string hours(const json& quiet) const {
    const auto from = text_field(quiet, "from");
    const auto to = text_field(quiet, "to");
    return from == to ? texts_.get("dialog.quiet_none") : from + "–" + to;
  }

  int quiet() const {
    const auto now = ask_agent({{"do", "quiet"}});
    if (!now) return failed(now.error());
    const auto chosen =
        ask({texts_.get("dialog.quiet_title"),
             texts_.fill("dialog.quiet_body", {hours(*now)}),
             {texts_.get("dialog.quiet_night"), texts_.get("dialog.quiet_evening"), texts_.get("dialog.quiet_never")}});
    if (!chosen) return 0;
    constexpr std::pair<const char*, const char*> kHours[] = {
        {"22:00", "08:00"}, {"18:00", "09:00"}, {"00:00", "00:00"}};
    const auto changed = ask_agent({{"do", "quiet"}, {"from", kHours[*chosen].first}, {"to", kHours[*chosen].second}});
    if (!changed) return failed(changed.error());
    tell_person("Hale", texts_.fill("dialog.quiet_done", {hours(*changed)}));
    return 0;
  }

  int pause() const {
    const auto privacy = ask_agent({{"do", "privacy"}});
    if (!privacy) return failed(privacy.error());
    if (!true_field(*privacy, "enrolled")) {
      tell_person("Hale", texts_.get("dialog.not_enrolled"));
      return 0;
    }
    if (!says_yes(texts_.get("dialog.pause_title"),
                  texts_.fill("dialog.pause_body", {text_field(*privacy, "organization")})))
      return 0;
    const auto paused = ask_agent({{"do", "privacy"}, {"consent", "pause"}, {"hours", 24}});
    if (!paused) return failed(paused.error());
    tell_person("Hale", texts_.get("dialog.pause_done"));
    return 0;
  }

  int open(const Result<std::filesystem::path>& page) const {
    if (!page) return failed(page.error());
    if (const auto opened = open_page(*page); !opened) {
      tell_person(texts_.get("dialog.no_browser_title"), texts_.fill("dialog.no_browser", {page->string()}));
      return 1;
    }
    return 0;
  }

  int uploads() const {
    if (!says_yes(texts_.get("dialog.uploads_title"), texts_.get("dialog.uploads_body"))) return 0;
    const auto privacy = ask_agent({{"do", "privacy"}});
    if (!privacy) return failed(privacy.error());
    auto sent = ask_agent({{"do", "uploads"}, {"count", 20}});
    if (!sent && sent.error().code == Errc::permission)
      sent = run_as_administrator({"uploads", "--show", "20", "--json"});
    const auto html = render_uploads_page(*privacy, sent ? *sent : json(), language_, texts_);
    return open(write_page("uploads", html));
  }

  int help() const {
    const auto privacy = ask_agent({{"do", "privacy"}});
    if (!privacy) return failed(privacy.error());
    const auto organization = text_field(*privacy, "organization");
    if (!says_yes(texts_.get("dialog.help_title"), organization.empty()
                                                       ? texts_.get("dialog.help_body")
                                                       : texts_.fill("dialog.help_body_fleet", {organization})))
      return 0;
    const auto asked = ask_agent({{"do", "help"}});
    if (!asked) std::fputs(("hale-desktop: " + asked.error().message + "\n").c_str(), stderr);
    if (asked && true_field(*asked, "recorded"))
      tell_person("Hale", texts_.fill(true_field(*asked, "may_send") ? "dialog.help_noted" : "dialog.help_waits",
                                      {organization}));
    const auto gathered = gather_report(ask_agent, language_);
    if (!gathered) return failed(gathered.error());
    return open(write_report(ask_agent, *gathered, language_, true));
  }

  int erase() const {
    if (!says_yes(texts_.get("dialog.erase_title"), texts_.get("dialog.erase_body"), Level::urgent)) return 0;
    // Twice: what is erased does not come back.
    if (ask({texts_.get("dialog.erase_sure_title"),
             texts_.get("dialog.erase_body"),
             {texts_.get("desktop.no"), texts_.get("dialog.erase_sure")},
             Level::urgent}) != std::size_t{1})
      return 0;
    const auto direct = ask_agent({{"do", "forget"}});
    if (!direct && direct.error().code != Errc::permission) return failed(direct.error());
    if (!direct && !run_as_administrator({"forget", "--yes", "--json"})) {
      tell_person("Hale", texts_.fill("dialog.needs_admin", {"sudo hale forget --yes"}));
      return 1;
    }
    tell_person("Hale", texts_.get("dialog.erase_done"));
    return 0;
  }

  std::string language_;
  Texts texts_;
};

}  // namespace

int follow_link(std::string_view link, const std::string& language) {
  const auto parsed = parse_link(link);
  if (!parsed) {
    std::fputs(("hale-desktop: " + parsed.error().message + "\n").c_str(), stderr);
    return 2;
  }
  return LinkFollower(language).follow(*parsed);
}

}  // namespace hale::agent
