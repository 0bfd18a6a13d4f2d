#include "agent/service/control.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/service/json_fields.hpp"
#include "core/codec.hpp"
#include "core/text.hpp"

namespace hale::agent {
namespace {

using nlohmann::json;
constexpr std::size_t kMaxLine = 64 << 10;
constexpr int kMaxDepth = 8;
constexpr std::int64_t kMaxShown = 100;
constexpr std::int64_t kMaxDays = 365;
constexpr std::int64_t kMaxPauseHours = 24 * 90;
constexpr std::int64_t kMaxHistoryDays = 400;
constexpr std::size_t kMaxSeries = 16;

std::string ok(json answer) {
  answer["ok"] = true;
  return answer.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string_view code_word(Errc code) {
  switch (code) {
    case Errc::permission:
      return "denied";
    case Errc::invalid_input:
    case Errc::unsupported:
      return "invalid";
    case Errc::not_found:
      return "not_found";
    case Errc::timeout:
    case Errc::unavailable:
    case Errc::io:
    case Errc::conflict:
    case Errc::internal:
      return "unavailable";
  }
  return "unavailable";
}

std::string refused(Errc code, std::string_view what) {
  return json{{"ok", false}, {"code", code_word(code)}, {"error", what}}.dump(-1, ' ', false,
                                                                              json::error_handler_t::replace);
}

json done() { return json::object(); }

/// Minute of the day of "HH:MM".
std::optional<int> parse_clock(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const auto hour = parse_uint(text.substr(0, 2));
  const auto minute = parse_uint(text.substr(3, 2));
  if (!hour || !minute || *hour > 23 || *minute > 59) return std::nullopt;
  return static_cast<int>(*hour * 60 + *minute);
}

}  // namespace

std::string Control::handle(std::string_view line, const ConnectionPointer& connection) {
  const auto request = parse_json(line, kMaxLine, kMaxDepth);
  if (!request) return refused(Errc::invalid_input, "the request is not JSON: " + request.error().message);
  if (!request->is_object()) return refused(Errc::invalid_input, "a request is an object with \"do\"");
  return dispatch(*request, connection);
}

std::string Control::ask(std::function<Result<json>(Agent&)> question, std::chrono::milliseconds patience) {
  auto* agent = &agent_;
  auto text = mailbox_.ask(
      [agent, question = std::move(question)] {
        auto answer = question(*agent);
        return answer ? ok(std::move(*answer)) : refused(answer.error().code, answer.error().message);
      },
      patience);
  return text ? std::move(*text) : busy();
}

std::string Control::busy() const {
  const int index = agent_.scheduler().running();
  if (index < 0) return refused(Errc::unavailable, "the agent is busy; try again in a moment");
  const auto name = agent_.scheduler().entries()[static_cast<std::size_t>(index)].collector->name();
  return refused(
      Errc::unavailable,
      fmt::format("the agent waits for its {} collector, which does not answer; it will restart without it", name));
}

std::string Control::dispatch(const Request& request, const ConnectionPointer& connection) {
  const auto what = text_field(request, "do");
  if (what == "status") {
    auto runner = uploads_ != nullptr ? uploads_->status() : json::object();
    return ask([runner = std::move(runner)](Agent& agent) -> Result<json> {
      auto status = agent.status();
      status["upload"] = runner;
      return status;
    });
  }
  if (what == "components") return ask([](Agent& agent) -> Result<json> { return agent.components(); });
  if (what == "findings")
    return ask([all = true_field(request, "all"), lang = text_field(request, "lang")](Agent& agent) -> Result<json> {
      return agent.findings(all, lang);
    });
  if (what == "explain")
    return ask([id = text_field(request, "id"), lang = text_field(request, "lang"),
                steps = text_field(request, "steps")](Agent& agent) -> Result<json> {
      return agent.explain(id, lang, steps);
    });
  if (what == "desktop" || what == "presence" || what == "shown") return on_session(what, request, connection);
  if (what == "answer" || what == "snooze") return on_feedback(what, request, connection);
  if (what == "history") return on_history(request);
  if (what == "quiet" || what == "help") return on_person(what, request, connection->peer());
  if (what == "privacy") return on_privacy(request, connection->peer());
  if (what == "uploads" || what == "enrolled" || what == "forget" || what == "upload_now")
    return on_administration(what, request, connection->peer());
  return refused(Errc::invalid_input, fmt::format("unknown request \"{}\"", what));
}

std::string Control::on_session(const std::string& what, const Request& request, const ConnectionPointer& connection) {
  const bool full_screen = true_field(request, "full_screen");
  if (what == "desktop") {
    desk_.open(connection, text_field(request, "locale"), full_screen, true_field(request, "looks"));
    mailbox_.post([agent = &agent_, connection] { agent->session_opened(connection); });
    return ok(done());
  }
  if (!desk_.is_session(connection))
    return refused(Errc::invalid_input, fmt::format("\"{}\" is for a connection that said \"desktop\" before", what));
  if (what == "presence") {
    desk_.set_full_screen(connection, full_screen);
    mailbox_.post([agent = &agent_] { agent->presence_changed(); });
    return ok(done());
  }
  return ask([id = text_field(request, "id")](Agent& agent) -> Result<json> {
    agent.shown(id);
    return done();
  });
}

std::string Control::on_feedback(const std::string& what, const Request& request, const ConnectionPointer& connection) {
  if (what == "snooze") {
    const auto days = integer_field(request, "days").value_or(7);
    if (days < 1 || days > kMaxDays)
      return refused(Errc::invalid_input, fmt::format("days must be from 1 to {}", kMaxDays));
    return ask([id = text_field(request, "id"), days](Agent& agent) -> Result<json> {
      if (auto snoozed = agent.snooze(id, static_cast<int>(days)); !snoozed) return fail(snoozed.error());
      return done();
    });
  }
  const auto answer = parse_answer(text_field(request, "answer"));
  if (!answer)
    return refused(Errc::invalid_input, "answer must be how_to_fix, book, later, did_it, not_a_problem or dismissed");
  return ask([fingerprint = text_field(request, "fingerprint"), answer = *answer,
              from_session = desk_.is_session(connection)](Agent& agent) -> Result<json> {
    if (auto taken = agent.answer(fingerprint, answer, from_session); !taken) return fail(taken.error());
    return done();
  });
}

std::string Control::on_history(const Request& request) {
  const auto days = integer_field(request, "days").value_or(7);
  if (days < 1 || days > kMaxHistoryDays)
    return refused(Errc::invalid_input, fmt::format("days must be from 1 to {}", kMaxHistoryDays));
  const auto wanted = request.find("series");
  if (wanted == request.end() || !wanted->is_array() || wanted->empty() || wanted->size() > kMaxSeries)
    return refused(Errc::invalid_input, fmt::format("series must be a list of 1 to {} series", kMaxSeries));
  std::vector<SeriesName> series;
  for (const auto& each : *wanted) {
    const auto metric = find_metric(text_field(each, "metric"));
    if (!metric)
      return refused(Errc::invalid_input, "a series is {\"metric\", \"component\", \"key\"} of a known metric");
    series.push_back({*metric, text_field(each, "component"), text_field(each, "key")});
  }
  return ask(
      [days, series = std::move(series)](Agent& agent) { return agent.history(static_cast<int>(days), series); });
}

std::string Control::on_person(const std::string& what, const Request& request, const Peer& peer) {
  const bool changes = what == "help" || request.contains("from") || request.contains("to");
  if (!changes) return ask([](Agent& agent) -> Result<json> { return agent.quiet(); });
  if (!peer.administrator && !desk_.has_session_of(peer.uid))
    return refused(Errc::permission, fmt::format("\"{}\" is for the person at this PC: a user in whose session "
                                                 "hale-desktop runs, or an administrator",
                                                 what));
  if (what == "help") return ask([](Agent& agent) { return agent.ask_for_help(); });
  const auto from = parse_clock(text_field(request, "from"));
  const auto to = parse_clock(text_field(request, "to"));
  if (!from || !to) return refused(Errc::invalid_input, "from and to must be times of day such as \"22:00\"");
  return ask([from = *from, to = *to](Agent& agent) { return agent.set_quiet(from, to); });
}

std::string Control::on_privacy(const Request& request, const Peer& peer) {
  const auto wish = text_field(request, "consent");
  if (wish.empty()) return ask([](Agent& agent) -> Result<json> { return agent.privacy(); });
  // Stopping uploads is everybody's right; starting them is not.
  if (wish == "grant" && !peer.administrator)
    return refused(Errc::permission,
                   "granting for everybody at this PC needs an administrator: sudo hale privacy --grant");
  const auto hours = integer_field(request, "hours").value_or(24);
  if (wish == "pause" && (hours < 1 || hours > kMaxPauseHours))
    return refused(Errc::invalid_input, fmt::format("hours must be from 1 to {}", kMaxPauseHours));
  if (wish != "grant" && wish != "withdraw" && wish != "pause" && wish != "resume")
    return refused(Errc::invalid_input, "consent must be grant, withdraw, pause or resume");
  if (wish == "resume" && !peer.administrator)
    return refused(Errc::permission, "resuming before the pause ends needs an administrator");
  return ask([wish, hours](Agent& agent) -> Result<json> {
    Result<> changed;
    if (wish == "pause")
      changed = agent.pause_uploads(std::chrono::hours(hours));
    else if (wish == "resume")
      changed = agent.pause_uploads(std::nullopt);
    else
      changed = agent.set_consent(wish == "grant" ? ConsentState::granted : ConsentState::withdrawn);
    if (!changed) return fail(changed.error());
    return agent.privacy();
  });
}

std::string Control::on_administration(const std::string& what, const Request& request, const Peer& peer) {
  if (!peer.administrator)
    return refused(Errc::permission, fmt::format("\"{}\" needs an administrator: run it with sudo", what));
  if (what == "upload_now") {
    if (!agent_.may_run_upload()) return refused(Errc::unavailable, "nothing may be sent: `hale privacy` says why");
    if (uploads_ != nullptr) uploads_->now_by_hand();
    return ok(done());
  }
  if (what == "uploads") {
    const auto count = std::clamp<std::int64_t>(integer_field(request, "count").value_or(5), 1, kMaxShown);
    return ask([count](Agent& agent) { return agent.uploads(static_cast<std::size_t>(count)); });
  }
  return ask([forget = what == "forget"](Agent& agent) -> Result<json> {
    auto changed = forget ? agent.forget() : agent.enrolled();
    if (!changed) return fail(changed.error());
    return agent.privacy();
  });
}

}  // namespace hale::agent
