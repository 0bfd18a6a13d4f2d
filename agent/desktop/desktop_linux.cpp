#include <poll.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "agent/cli/preferences.hpp"
#include "agent/desktop/desktop.hpp"
#include "agent/desktop/dialog.hpp"
#include "agent/page/guide_page.hpp"
#include "agent/page/html.hpp"
#include "agent/page/open_page.hpp"
#include "agent/page/page_files.hpp"
#include "agent/service/json_fields.hpp"
#include "agent/service/log.hpp"
#include "agent/service/paths.hpp"
#include "core/codec.hpp"

namespace hale::agent {
namespace {

using nlohmann::json;
constexpr int kFirstRetryMs = 1000;
constexpr int kLastRetryMs = 60'000;
/// Somebody busy is looked at again now and then: not every desktop says when that ends.
constexpr int kLookAgainMs = 300'000;

Result<json> ask(IpcClient& client, const json& request) {
  const auto line = client.request(request.dump());
  if (!line) return fail(line.error());
  auto reply = parse_json(*line, 64u << 20);
  if (!reply) return fail(reply.error());
  if (!true_field(*reply, "ok")) return fail(Errc::unavailable, text_field(*reply, "error"));
  return reply;
}

/// Notification services show one line of a title and cut it. "Act now: the disk X may fail within a day" would lose
/// what matters, so a long title keeps its level word and its rest begins the body.
Notification fit_title(Notification message) {
  constexpr std::size_t kFits = 36;  ///< bytes; a Chinese character has three and is twice as wide as a Latin one
  if (message.title.size() <= kFits) return message;
  for (const std::string_view separator : {": ", "："}) {
    const auto at = message.title.find(separator);
    if (at == std::string::npos) continue;
    message.body = capitalized(message.title.substr(at + separator.size())) + "\n" + message.body;
    message.title.resize(at);
    break;
  }
  return message;
}

}  // namespace

Desktop::Desktop(std::string locale, std::string language)
    : locale_(std::move(locale)), language_(std::move(language)), texts_(language_) {}

Result<> Desktop::connect_bus() {
  auto notifier =
      DesktopNotifier::connect({.answered = [this](const std::string& id, Answer answer) { on_answer(id, answer); },
                                .closed = [this](const std::string& id) { on_answer(id, Answer::dismissed); },
                                .expired = [this](const std::string& id) { on_screen_.erase(id); },
                                .appeared =
                                    [this] {
                                      waiting_.merge(on_screen_);
                                      on_screen_.clear();
                                      show_waiting();
                                    }});
  if (!notifier) return fail(notifier.error());
  notifier_ = std::move(*notifier);
  return {};
}

bool Desktop::connect_agent() {
  look(false);
  auto client = IpcClient::connect(control_socket());
  if (!client) return false;
  client_ = std::move(*client);
  const auto greeted = ask(*client_, {{"do", "desktop"}, {"locale", locale_}, {"looks", true}});
  if (!greeted) {
    client_.reset();
    return false;
  }
  send_answers();
  take_lines();
  return client_ != nullptr;
}

int Desktop::run(int stop_fd) {
  if (auto connected = connect_bus(); !connected) {
    log_error("hale-desktop: " + connected.error().message);
    return 1;
  }
  int retry_ms = kFirstRetryMs;
  for (;;) {
    if (!client_ && connect_agent()) retry_ms = kFirstRetryMs;
    if (!notifier_->dispatch()) return 0;  // the session ended
    std::vector<pollfd> wait{
        {notifier_->poll_fd(), POLLIN, 0}, {stop_fd, POLLIN, 0}, {client_ ? client_->poll_fd() : -1, POLLIN, 0}};
    for (const auto& source : attention_) wait.push_back({source->poll_fd(), POLLIN, 0});
    const int ready = ::poll(wait.data(), wait.size(), pause_ms(retry_ms));
    if (wait[1].revents != 0) return 0;
    if (ready == 0 && !client_) retry_ms = std::min(retry_ms * 2, kLastRetryMs);
    if (wait[0].revents != 0 && !notifier_->dispatch()) return 0;
    bool changed = ready == 0;
    for (const auto& source : attention_) changed = source->dispatch() || changed;
    if (changed && !attention_.empty()) report_presence();
    if (client_ && wait[2].revents != 0) take_lines();
  }
}

int Desktop::pause_ms(int retry_ms) const {
  if (!client_) return retry_ms;
  return busy_.value_or(false) ? kLookAgainMs : -1;
}

void Desktop::look(bool wanted) {
  attention_.clear();
  busy_.reset();
  if (!wanted) return;
  for (auto open : {&watch_full_screen, &watch_do_not_disturb})
    if (auto source = open()) attention_.push_back(std::move(source));
  report_presence();
}

void Desktop::report_presence() {
  bool busy = false;
  for (const auto& source : attention_) {
    bool now = source->is_busy();
    while (source->dispatch()) now = source->is_busy();  // what changed while it was looked at
    busy = busy || now;
  }
  if (busy_ == busy || !client_) return;
  busy_ = busy;
  if (!ask(*client_, {{"do", "presence"}, {"full_screen", busy}})) client_.reset();
}

void Desktop::take_lines() {
  while (client_) {
    const auto line = client_->receive(0);
    if (line) {
      take_line(*line);
      continue;
    }
    if (line.error().code != Errc::timeout) client_.reset();  // haled ended or restarts: look again in a moment
    return;
  }
}

void Desktop::take_line(const std::string& line) {
  const auto document = parse_json(line);
  if (!document || !document->is_object()) return log_warning("hale-desktop: a line from the agent is not understood");
  if (const auto id = text_field(*document, "withdraw"); !id.empty()) {
    waiting_.erase(id);
    on_screen_.erase(id);
    if (auto done = notifier_->withdraw(id); !done) log_warning("hale-desktop: " + done.error().message);
    return;
  }
  if (document->contains("look")) return look(true_field(*document, "look"));
  const auto shown = document->find("show");
  if (shown == document->end()) return;
  const auto message = notification_from_json(*shown);
  if (!message) return log_warning("hale-desktop: " + message.error().message);
  if (!on_screen_.contains(message->id)) show(*message);
}

void Desktop::show(const Notification& message) {
  if (auto done = notifier_->show(fit_title(message)); !done) {
    if (waiting_.empty()) log_warning("hale-desktop: " + done.error().message + "; waiting for a notification service");
    waiting_[message.id] = message;
    return;
  }
  on_screen_[message.id] = message;
  if (client_ && !ask(*client_, {{"do", "shown"}, {"id", message.id}})) client_.reset();
}

void Desktop::show_waiting() {
  for (const auto& [id, message] : std::exchange(waiting_, {})) show(message);
}

void Desktop::on_answer(const std::string& id, Answer answer) {
  const auto found = on_screen_.find(id);
  if (found == on_screen_.end()) return;
  const auto message = found->second;
  on_screen_.erase(found);
  if (answer == Answer::how_to_fix || answer == Answer::book) open_page_for(message, answer);
  answers_.emplace_back(message.fingerprint, answer);
  send_answers();
}

Result<std::filesystem::path> Desktop::page_for(const Notification& message) {
  if (!client_) return fail(Errc::unavailable, "the agent does not answer");
  const AskAgent ask_agent = [this](const json& request) { return ask(*client_, request); };
  if (message.fingerprint == "hale.consent") {
    const auto privacy = ask_agent({{"do", "privacy"}});
    if (!privacy) return fail(privacy.error());
    return write_page("privacy", render_privacy_page(*privacy, language_, page_texts(language_)));
  }
  if (message.rule.empty()) {
    const auto gathered = gather_report(ask_agent, language_);
    if (!gathered) return fail(gathered.error());
    return write_report(ask_agent, *gathered, language_, false);
  }
  const auto explained = gather_guide(ask_agent, message.fingerprint, language_, cli::my_preferences().steps);
  if (!explained) return fail(explained.error());
  return write_guide(*explained, language_);
}

void Desktop::open_page_for(const Notification& message, Answer answer) {
  const auto page = page_for(message);
  if (!page) return log_error("hale-desktop: the page could not be made: " + page.error().message);
  if (auto opened = open_page(*page, answer == Answer::book ? "service" : ""); !opened) {
    log_error("hale-desktop: " + opened.error().message);
    const auto texts = page_texts(language_);
    tell_person(texts.get("dialog.no_browser_title"), texts.fill("dialog.no_browser", {page->string()}));
  }
}

void Desktop::send_answers() {
  while (client_ && !answers_.empty()) {
    const auto& [fingerprint, answer] = answers_.front();
    const auto line =
        client_->request(json{{"do", "answer"}, {"fingerprint", fingerprint}, {"answer", to_string(answer)}}.dump());
    if (!line) return client_.reset();  // kept, and sent once haled is back
    answers_.erase(answers_.begin());
  }
}

}  // namespace hale::agent
