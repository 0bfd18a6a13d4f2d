#include <fmt/format.h>

#include <cmath>

#include "rules/judge_state.hpp"
#include "rules/words/render.hpp"

/// From the engine's transitions to findings, messages and outcomes.
namespace hale::rules {
namespace {

Timestamp at(Millis time) { return from_unix_ms(time); }

// FNV-1a, each text closed by a byte that UTF-8 does not have.
constexpr std::uint64_t kHashSeed = 14695981039346656037u;

std::uint64_t mix(std::uint64_t hash, std::string_view text) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return (hash ^ 0xffu) * 1099511628211u;
}

/// A change of less than a twentieth is none [own].
std::string_view result_of(double before, double after, bool lower_is_better) {
  if (std::abs(after - before) <= 0.05 * std::abs(before)) return "unchanged";
  return (after < before) == lower_is_better ? "improved" : "worse";
}

}  // namespace

ContextMarks marks_of(const Context& context) {
  const auto mark = [](const std::string& text) { return text.empty() ? 0 : mix(kHashSeed, text); };
  return {mark(context.boot_id), mark(context.os_build), mark(context.bios_version), mark(context.platform_profile)};
}

std::string Judge::State::fingerprint(std::uint16_t rule, ComponentIndex component) const {
  const std::uint64_t hash = mix(mix(kHashSeed, rule_set.compiled().rules[rule].id), plan->component(component));
  return fmt::format("{:016x}", hash);
}

Finding Judge::State::make_finding(const Engine::Standing& standing, FindingState state, Millis time) const {
  const CompiledRule& rule = rule_set.compiled().rules[standing.rule];
  const Stage& stage = rule.stages[standing.stage];
  Finding finding;
  finding.fingerprint = fingerprint(standing.rule, standing.component);
  finding.rule = rule.id;
  finding.rule_version = rule.version;
  finding.component = plan->component(standing.component);
  finding.cause = rule.cause;
  finding.state = state;
  finding.severity = stage.severity;
  finding.confidence = standing.confidence;
  finding.evidence = standing.evidence;
  const Described* facts = described_as(standing.component);
  const std::string& told = facts == nullptr ? finding.component : !facts->model.empty() ? facts->model : facts->name;
  finding.evidence.facts.push_back({"name", told.empty() ? finding.component : told, ""});
  finding.first_seen = at(standing.first_seen);
  finding.last_seen = at(time);
  const Language& language = rule_set.compiled().language(options.language);
  const RuleTexts& texts = language.rules[standing.rule];
  finding.summary = render(texts.reason, finding, options.language, language.common);
  if (state == FindingState::resolved) {
    const std::string& pattern = language.common.find("resolved")->second;
    const auto hole = pattern.find("{title}");
    const std::string title = render(texts.title, finding, options.language, language.common);
    finding.summary = hole == std::string::npos ? pattern : pattern.substr(0, hole) + title + pattern.substr(hole + 7);
  }
  return finding;
}

void Judge::State::on_transition(Transition&& transition, Millis time) {
  const CompiledRule& rule = rule_set.compiled().rules[transition.rule];
  const Engine::Standing standing{transition.rule,       transition.component,  transition.stage,
                                  transition.first_seen, transition.confidence, std::move(transition.evidence)};
  const Finding finding =
      make_finding(standing, transition.active ? FindingState::active : FindingState::resolved, time);
  sink->on_finding(finding);
  if (transition.active && rule.stages[transition.stage].notify) {
    const std::string topic = std::string(to_string(rule.cause)) + "\n" + finding.component;
    talker().raise({finding.fingerprint, rule.id, finding.component, topic, finding.severity, rule.message_after,
                    rule.cooldown_days},
                   time);
  }
  if (transition.active) return;
  tell_outcome(transition, finding);
  if (notifier) notifier->resolve(finding.fingerprint, output());
}

void Judge::State::tell_outcome(const Transition& transition, const Finding& finding) {
  const CompiledRule& rule = rule_set.compiled().rules[transition.rule];
  if (rule.outcome.empty() || !transition.before) return;
  for (const Fact& fact : finding.evidence.facts) {
    const auto* after = std::get_if<double>(&fact.value);
    if (fact.name != rule.outcome || after == nullptr) continue;
    const auto result = result_of(*transition.before, *after, rule.outcome_lower);
    sink->on_outcome({rule.id, finding.component, std::string(result), *transition.before, *after, finding.last_seen});
  }
}

Notifier& Judge::State::talker() {
  if (!notifier) notifier = std::make_unique<Notifier>();
  return *notifier;
}

Notifier::Output Judge::State::output() {
  return {[this](const Speech& speech, Millis time) { show(speech, time); },
          [this](const std::string& id) { sink->on_withdraw(id); }, [this](Millis time) { show_welcome(time); }};
}

void Judge::State::show(const Speech& speech, Millis time) {
  const auto rule = rule_set.compiled().index_of(speech.rule);
  if (!rule) return;
  const auto standing = engine.standing(*rule, plan->component_index(speech.component));
  if (!standing) return;
  const Finding finding = make_finding(*standing, FindingState::active, time);
  const Language& language = rule_set.compiled().language(options.language);
  const RuleTexts& texts = language.rules[*rule];
  const auto common = [&language](std::string_view key) { return language.common.find(key)->second; };
  const auto fill = [](std::string pattern, std::string_view hole, const std::string& text) {
    const auto found = pattern.find(hole);
    return found == std::string::npos ? pattern : pattern.replace(found, hole.size(), text);
  };
  Notification message;
  message.id = Notifier::message_id(finding.fingerprint, time);
  message.fingerprint = finding.fingerprint;
  message.rule = finding.rule;
  message.level = level_of(finding.severity);
  const std::string title = render(texts.title, finding, options.language, language.common);
  message.title = fill(fill(common("title"), "{level}", common("level." + std::string(to_string(message.level)))),
                       "{title}", title);
  const std::string step = render(texts.first_step, finding, options.language, language.common);
  message.body = fill(fill(common("body"), "{reason}", finding.summary), "{first_step}", step);
  message.actions = {{Answer::how_to_fix, common("action.how_to_fix")},
                     {Answer::book, common(options.enrolled ? "action.book" : "action.find_service")},
                     {Answer::later, common("action.later")}};
  message.time = at(time);
  sink->on_notification(message);
}

void Judge::State::show_welcome(Millis time) {
  const Language& language = rule_set.compiled().language(options.language);
  Notification message;
  message.id = Notifier::message_id({}, time);
  message.level = Level::tip;
  message.title = language.common.find("welcome.title")->second;
  message.body = language.common.find("welcome.body")->second;
  message.time = at(time);
  sink->on_notification(message);
}

void Judge::State::flush(Millis time) {
  if (notifier) notifier->flush(time, utc_offset(), options.assume_present ? Presence{} : presence, options, output());
}

void Judge::State::flush_due_before(Millis time) {
  if (!notifier || !last) return;
  while (const auto due = notifier->next_due(*last, utc_offset(), options)) {
    if (*due >= time) return;
    const std::size_t waiting = notifier->waiting();
    notifier->flush(*due, utc_offset(), Presence{}, options, output());
    if (notifier->waiting() >= waiting) return;
  }
}

void Judge::set_presence(const Presence& presence, Timestamp time) {
  state_->presence = presence;
  state_->flush(to_unix_ms(time));
}

bool Judge::wants_to_speak(Timestamp time) const {
  const State& s = *state_;
  return s.notifier && s.notifier->wants_to_speak(to_unix_ms(time), s.utc_offset(), s.options);
}

void Judge::welcome(Timestamp time) {
  state_->talker().welcome();
  state_->flush(to_unix_ms(time));
}

void Judge::finish() {
  if (state_->options.assume_present) state_->flush_due_before(std::numeric_limits<Millis>::max());
}

void Judge::answer(const std::string& fingerprint, Answer answer, Timestamp time) {
  State& s = *state_;
  if (s.notifier) s.notifier->answer(fingerprint, answer, to_unix_ms(time), s.options, s.output());
}

void Judge::snooze(const std::string& fingerprint, int days, Timestamp time) {
  State& s = *state_;
  if (s.notifier) s.notifier->snooze(fingerprint, days, to_unix_ms(time), s.output());
}

}  // namespace hale::rules
