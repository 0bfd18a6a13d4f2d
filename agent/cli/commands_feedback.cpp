// hale snooze, feedback, steps.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "agent/cli/commands.hpp"
#include "agent/cli/preferences.hpp"
#include "agent/service/json_fields.hpp"
#include "core/finding.hpp"

namespace hale::agent::cli {
namespace {

/// The whole fingerprint behind what the person typed, so that the answer is about exactly one finding.
tl::expected<std::string, AskError> fingerprint_of(const std::string& id) {
  auto explained = ask({{"do", "explain"}, {"id", id}});
  if (!explained) return tl::unexpected(explained.error());
  return text_field(explained->value("finding", nlohmann::json::object()), "fingerprint");
}

int say_done(const Context& context, const std::string& text) {
  if (context.json)
    print_json({{"done", true}});
  else
    print(text + "\n");
  return kOk;
}

}  // namespace

int snooze(const Context& context, const std::string& id, int days) {
  const auto fingerprint = fingerprint_of(id);
  if (!fingerprint) return complain(context, fingerprint.error());
  const auto reply = ask({{"do", "snooze"}, {"id", *fingerprint}, {"days", days}});
  if (!reply) return complain(context, reply.error());
  return say_done(context, context.texts.fill("snooze.done", {std::to_string(days)}));
}

int feedback(const Context& context, const std::string& id, const std::string& answer) {
  if (!parse_answer(answer))
    return complain(
        context,
        {{Errc::invalid_input,
          fmt::format("\"{}\" is no answer: did_it, not_a_problem, later, book, how_to_fix, dismissed", answer)},
         kBadInput});
  const auto fingerprint = fingerprint_of(id);
  if (!fingerprint) return complain(context, fingerprint.error());
  const auto reply = ask({{"do", "answer"}, {"fingerprint", *fingerprint}, {"answer", answer}});
  if (!reply) return complain(context, reply.error());
  return say_done(context, context.texts.get("feedback.done"));
}

int steps(const Context& context, const std::string& wanted) {
  const auto file = preferences_file();
  if (!file) return complain(context, {file.error(), kFailed});
  auto preferences = read_preferences(*file);
  // A file that somebody broke is replaced when a choice is made, and complained about when it is asked for.
  if (!preferences && wanted.empty()) return complain(context, {preferences.error(), kBadInput});
  auto chosen = preferences.value_or(Preferences{});
  if (!wanted.empty()) {
    chosen.steps = wanted;
    if (auto written = write_preferences(*file, chosen); !written) return complain(context, {written.error(), kFailed});
  }
  if (context.json)
    print_json({{"steps", chosen.steps.empty() ? nlohmann::json() : nlohmann::json(chosen.steps)}});
  else
    print(context.texts.get(chosen.steps.empty() ? "steps.configured" : "steps." + chosen.steps) + "\n");
  return kOk;
}

}  // namespace hale::agent::cli
