#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>

#include "agent/desktop/dialog.hpp"
#include "platform/notify.hpp"
#include "platform/process.hpp"

extern char** environ;

namespace hale::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
constexpr auto kPatience = std::chrono::minutes(2);
constexpr auto kReading = milliseconds(800);
constexpr std::size_t kMaxBody = 700;
/// Notifications know the answers of messages; here they only number the choices.
constexpr Answer kNumbered[] = {Answer::did_it, Answer::not_a_problem, Answer::later};

std::string shortened(std::string text) {
  if (text.size() <= kMaxBody) return text;
  text.resize(kMaxBody);
  while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0) == 0x80) text.pop_back();
  if (!text.empty()) text.pop_back();
  return text + "…";
}

Notification as_notification(const Question& question) {
  Notification message;
  message.id = "hale.question";
  message.level = question.level;
  message.title = question.title;
  message.body = shortened(question.body);
  for (std::size_t i = 0; i < question.choices.size() && i < std::size(kNumbered); ++i)
    message.actions.push_back({kNumbered[i], question.choices[i]});
  return message;
}

/// The question as a notification.
class Asking {
 public:
  /// False when this session has no notification service that draws buttons.
  bool begin(const Question& question) {
    auto made = DesktopNotifier::connect({.answered = [this](const std::string&, Answer answer) { take(answer); },
                                          .closed = [this](const std::string&) { over_ = true; },
                                          .expired = [this](const std::string&) { over_ = true; },
                                          .appeared = {}});
    if (!made) return false;
    notifier_ = std::move(*made);
    message_ = as_notification(question);
    const auto buttons = notifier_->has_buttons();
    return buttons && *buttons && show();
  }
  std::optional<std::size_t> wait() {
    const auto end = steady_clock::now() + kPatience;
    while (!chosen_ && !over_) {
      if (!notifier_->dispatch()) return std::nullopt;
      const auto left = std::chrono::duration_cast<milliseconds>(end - steady_clock::now()).count();
      if (chosen_ || over_ || left <= 0) break;
      pollfd wait{notifier_->poll_fd(), POLLIN, 0};
      ::poll(&wait, 1, static_cast<int>(left));
    }
    if (!chosen_ && !over_) static_cast<void>(notifier_->withdraw(message_.id));
    return chosen_;
  }

 private:
  bool show() {
    shown_ = steady_clock::now();
    return notifier_->show(message_).has_value();
  }
  void take(Answer answer) {
    if (steady_clock::now() - shown_ < kReading) {
      over_ = !show();
      return;
    }
    const auto* found = std::find(std::begin(kNumbered), std::end(kNumbered), answer);
    if (found != std::end(kNumbered)) chosen_ = static_cast<std::size_t>(found - std::begin(kNumbered));
    over_ = true;
  }

  std::unique_ptr<DesktopNotifier> notifier_;
  Notification message_;
  steady_clock::time_point shown_;
  std::optional<std::size_t> chosen_;
  bool over_{false};
};

std::map<std::string, std::string> own_environment() {
  std::map<std::string, std::string> all;
  for (char** each = environ; each != nullptr && *each != nullptr; ++each) {
    const std::string_view entry(*each);
    if (const auto equals = entry.find('='); equals != std::string_view::npos)
      all[std::string(entry.substr(0, equals))] = std::string(entry.substr(equals + 1));
  }
  return all;
}

/// Toolkits may take text with '<' for markup.
std::string without_markup(std::string text) {
  std::string out;
  for (const char c : text) out += c == '<' ? "‹" : c == '>' ? "›" : c == '&' ? "＆" : std::string(1, c);
  return out;
}

Result<ProcessResult> run_dialog(const std::filesystem::path& program, std::vector<std::string> arguments) {
  return run_process({.program = program,
                      .arguments = std::move(arguments),
                      .environment = own_environment(),
                      .deadline = std::chrono::duration_cast<milliseconds>(kPatience),
                      .max_output = 4096,
                      .input = {}});
}

std::optional<std::size_t> ask_with_zenity(const std::filesystem::path& program, const Question& question) {
  std::vector<std::string> arguments{"--question",
                                     "--no-markup",
                                     "--default-cancel",
                                     "--width=420",
                                     "--title=Hale",
                                     "--text=" + question.title + "\n\n" + shortened(question.body),
                                     "--ok-label=" + question.choices[0]};
  for (std::size_t i = 1; i < question.choices.size(); ++i)
    arguments.push_back("--extra-button=" + question.choices[i]);
  auto done = run_dialog(program, std::move(arguments));
  if (!done) return std::nullopt;
  if (done->exit_code == 0) return 0;
  while (done->output.ends_with('\n')) done->output.pop_back();
  for (std::size_t i = 1; i < question.choices.size(); ++i)
    if (done->output == question.choices[i]) return i;
  return std::nullopt;
}

std::optional<std::size_t> ask_with_kdialog(const std::filesystem::path& program, const Question& question) {
  const auto text = without_markup(question.title + "\n\n" + shortened(question.body));
  std::vector<std::string> arguments{"--title", "Hale"};
  if (question.choices.size() == 1) {
    arguments.insert(arguments.end(), {"--warningcontinuecancel", text, "--continue-label", question.choices[0]});
  } else {
    arguments.insert(arguments.end(), {question.choices.size() == 2 ? "--warningyesno" : "--warningyesnocancel", text,
                                       "--yes-label", question.choices[0], "--no-label", question.choices[1]});
    if (question.choices.size() > 2) arguments.insert(arguments.end(), {"--cancel-label", question.choices[2]});
  }
  const auto done = run_dialog(program, std::move(arguments));
  // Closing the window reads like its last button, which is the one that changes least.
  if (!done || done->exit_code < 0 || static_cast<std::size_t>(done->exit_code) >= question.choices.size())
    return std::nullopt;
  return static_cast<std::size_t>(done->exit_code);
}

}  // namespace

std::optional<std::size_t> ask_person(const Question& question, std::string& problem) {
  if (Asking asking; asking.begin(question)) return asking.wait();
  if (const auto zenity = find_program("zenity"); !zenity.empty()) return ask_with_zenity(zenity, question);
  if (const auto kdialog = find_program("kdialog"); !kdialog.empty()) return ask_with_kdialog(kdialog, question);
  problem =
      "there is no notification service with buttons, no zenity and no kdialog in this session: nobody can be "
      "asked, so nothing was changed";
  return std::nullopt;
}

void tell_person(const std::string& title, const std::string& body) {
  Notification message;
  message.id = "hale.told";
  message.title = title;
  message.body = shortened(body);
  if (auto notifier = DesktopNotifier::connect({}); notifier && (*notifier)->show(message)) return;
  std::fputs((title + "\n" + body + "\n").c_str(), stderr);
}

}  // namespace hale::agent
