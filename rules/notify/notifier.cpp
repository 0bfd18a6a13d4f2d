#include "rules/notify/notifier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace hale::rules {
namespace {

/// Somebody at a full-screen program is left alone, but not while data or the machine is being lost [own].
constexpr Millis kUrgentWaitsForFullScreen = 15 * kMinute;

Millis local_minute(Millis time, Millis utc_offset) {
  const Millis local = (time + utc_offset) % kDay;
  return (local < 0 ? local + kDay : local) / kMinute;
}

bool is_quiet(const QuietHours& quiet, Millis minute) {
  if (quiet.from_minute == quiet.to_minute) return false;
  if (quiet.from_minute < quiet.to_minute) return minute >= quiet.from_minute && minute < quiet.to_minute;
  return minute >= quiet.from_minute || minute < quiet.to_minute;
}

std::int32_t local_day(Millis time, Millis utc_offset) {
  const Millis local = time + utc_offset;
  return static_cast<std::int32_t>(local >= 0 ? local / kDay : (local - kDay + 1) / kDay);
}

/// When the quiet hours that `time` lies in end.
Millis quiet_end(const QuietHours& quiet, Millis time, Millis utc_offset) {
  const Millis minute = local_minute(time, utc_offset);
  if (!is_quiet(quiet, minute)) return time;
  const Millis wait = (quiet.to_minute - minute + 24 * 60) % (24 * 60);
  return time - (time + utc_offset) % kMinute + wait * kMinute;
}

}  // namespace

std::string Notifier::message_id(const std::string& fingerprint, Millis time) {
  return fmt::format("{}-{:x}", fingerprint.empty() ? "welcome" : fingerprint, time / kSecond);
}

Notifier::Topic* Notifier::topic_of(const std::string& fingerprint) {
  for (auto& [name, topic] : topics_) {
    if (topic.active.contains(fingerprint) || topic.fingerprint == fingerprint) return &topic;
  }
  return nullptr;
}

void Notifier::raise(const Speech& speech, Millis time) {
  Topic& topic = topics_[speech.topic];
  topic.active[speech.fingerprint] = speech;
  const auto old = std::find_if(waiting_.begin(), waiting_.end(),
                                [&](const Waiting& one) { return one.speech.fingerprint == speech.fingerprint; });
  if (old != waiting_.end()) {
    const bool worse = speech.severity > old->speech.severity;
    old->speech = speech;
    if (worse) old->not_before = std::min(old->not_before, time + speech.message_after);
    return;
  }
  waiting_.push_back({speech, time, time + speech.message_after, false});
}

void Notifier::take_down(Topic& topic, const Output& output) {
  if (topic.message.empty()) return;
  output.withdraw(topic.message);
  topic.message.clear();
}

void Notifier::resolve(const std::string& fingerprint, const Output& output) {
  std::erase_if(waiting_, [&](const Waiting& one) { return one.speech.fingerprint == fingerprint; });
  Topic* topic = topic_of(fingerprint);
  if (topic == nullptr) return;
  topic->active.erase(fingerprint);
  if (topic->active.empty()) take_down(*topic, output);
}

void Notifier::welcome() { welcome_ = true; }

void Notifier::answer(const std::string& fingerprint, Answer answer, Millis time, const PolicyOptions& options,
                      const Output& output) {
  Topic* topic = topic_of(fingerprint);
  if (topic == nullptr) return;
  switch (answer) {
    case Answer::later:
      return snooze(fingerprint, options.snooze_days, time, output);
    case Answer::not_a_problem:
      topic->silenced = true;
      std::erase_if(waiting_, [&](const Waiting& one) {
        return one.speech.fingerprint == fingerprint && one.speech.severity <= topic->severity;
      });
      take_down(*topic, output);
      return;
    case Answer::did_it:
    case Answer::how_to_fix:
    case Answer::book:
    case Answer::dismissed:
      take_down(*topic, output);
      return;
  }
}

void Notifier::snooze(const std::string& fingerprint, int days, Millis time, const Output& output) {
  Topic* topic = topic_of(fingerprint);
  if (topic == nullptr) return;
  take_down(*topic, output);
  std::erase_if(waiting_, [&](const Waiting& one) { return one.speech.fingerprint == fingerprint; });
  const auto active = topic->active.find(fingerprint);
  if (active != topic->active.end()) waiting_.push_back({active->second, time, time + days * kDay, true});
}

bool Notifier::is_news(const Waiting& waiting, Millis time, const PolicyOptions& options) const {
  const auto found = topics_.find(waiting.speech.topic);
  if (found == topics_.end() || found->second.shown == 0) return true;
  const Topic& topic = found->second;
  if (waiting.speech.severity > topic.severity) return true;
  if (topic.silenced) return false;
  if (waiting.reminder) return true;
  const int days = waiting.speech.cooldown_days > 0 ? waiting.speech.cooldown_days : options.cooldown_days;
  return time - topic.shown >= days * kDay;
}

bool Notifier::may_speak(const Waiting& waiting, Millis time, Millis utc_offset, const Presence& presence,
                         const PolicyOptions& options) const {
  if (time < waiting.not_before || !presence.session) return false;
  if (waiting.speech.severity == Severity::critical)
    return !presence.full_screen || time - waiting.not_before >= kUrgentWaitsForFullScreen;
  if (presence.full_screen || is_quiet(options.quiet, local_minute(time, utc_offset))) return false;
  return budget_day_ != local_day(time, utc_offset) || shown_today_ < options.tips_per_day;
}

void Notifier::flush(Millis time, Millis utc_offset, const Presence& presence, const PolicyOptions& options,
                     const Output& output) {
  if (welcome_ && presence.session && !presence.full_screen &&
      !is_quiet(options.quiet, local_minute(time, utc_offset))) {
    welcome_ = false;
    output.welcome(time);
  }
  if (waiting_.empty()) return;
  std::stable_sort(waiting_.begin(), waiting_.end(),
                   [](const Waiting& a, const Waiting& b) { return a.speech.severity > b.speech.severity; });
  std::vector<Waiting> kept;
  std::vector<Waiting> queue = std::move(waiting_);
  waiting_.clear();
  for (Waiting& one : queue) {
    if (time >= one.not_before && !is_news(one, time, options)) continue;
    if (!may_speak(one, time, utc_offset, presence, options)) {
      kept.push_back(std::move(one));
      continue;
    }
    Topic& topic = topics_[one.speech.topic];
    take_down(topic, output);
    if (one.speech.severity != Severity::critical) {
      const std::int32_t day = local_day(time, utc_offset);
      shown_today_ = budget_day_ == day ? shown_today_ + 1 : 1;
      budget_day_ = day;
    }
    const bool fresh_start = time - topic.shown >= options.cooldown_days * kDay;
    topic.severity = fresh_start ? one.speech.severity : std::max(topic.severity, one.speech.severity);
    topic.silenced = false;
    topic.shown = time;
    topic.message = message_id(one.speech.fingerprint, time);
    topic.fingerprint = one.speech.fingerprint;
    output.show(one.speech, time);
  }
  waiting_ = std::move(kept);
}

std::optional<Millis> Notifier::next_due(Millis after, Millis utc_offset, const PolicyOptions& options) const {
  std::optional<Millis> earliest;
  for (const Waiting& one : waiting_) {
    Millis due = std::max(after, one.not_before);
    if (one.speech.severity != Severity::critical) {
      if (budget_day_ == local_day(due, utc_offset) && shown_today_ >= options.tips_per_day) {
        due = (static_cast<Millis>(local_day(due, utc_offset)) + 1) * kDay - utc_offset;
      }
      due = quiet_end(options.quiet, due, utc_offset);
    }
    if (!earliest || due < *earliest) earliest = due;
  }
  return earliest;
}

bool Notifier::wants_to_speak(Millis time, Millis utc_offset, const PolicyOptions& options) const {
  if (welcome_ && !is_quiet(options.quiet, local_minute(time, utc_offset))) return true;
  const auto due = next_due(time, utc_offset, options);
  return due && *due <= time;
}

namespace {

void save_speech(const Speech& speech, StateWriter& writer) {
  writer.text(speech.fingerprint);
  writer.text(speech.rule);
  writer.text(speech.component);
  writer.text(speech.topic);
  writer.number(speech.severity);
  writer.number(speech.message_after);
  writer.number(speech.cooldown_days);
}

Speech restore_speech(StateReader& reader) {
  Speech speech;
  speech.fingerprint = reader.text();
  speech.rule = reader.text();
  speech.component = reader.text();
  speech.topic = reader.text();
  speech.severity = static_cast<Severity>(std::min<std::uint8_t>(reader.number<std::uint8_t>(), 2));
  reader.number(speech.message_after);
  reader.number(speech.cooldown_days);
  return speech;
}

}  // namespace

void Notifier::save(StateWriter& writer) const {
  writer.number(static_cast<std::uint32_t>(topics_.size()));
  for (const auto& [name, topic] : topics_) {
    writer.text(name);
    writer.number(topic.shown);
    writer.number(topic.severity);
    writer.text(topic.message);
    writer.text(topic.fingerprint);
    writer.number(topic.silenced);
    writer.number(static_cast<std::uint32_t>(topic.active.size()));
    for (const auto& [fingerprint, speech] : topic.active) save_speech(speech, writer);
  }
  writer.number(static_cast<std::uint32_t>(waiting_.size()));
  for (const Waiting& one : waiting_) {
    save_speech(one.speech, writer);
    writer.number(one.raised);
    writer.number(one.not_before);
    writer.number(one.reminder);
  }
  writer.number(budget_day_);
  writer.number(shown_today_);
  writer.number(welcome_);
}

void Notifier::restore(StateReader& reader) {
  *this = {};
  for (std::uint32_t left = reader.count(8); left > 0 && reader.good(); --left) {
    Topic& topic = topics_[std::string(reader.text())];
    reader.number(topic.shown);
    topic.severity = static_cast<Severity>(std::min<std::uint8_t>(reader.number<std::uint8_t>(), 2));
    topic.message = reader.text();
    topic.fingerprint = reader.text();
    reader.number(topic.silenced);
    for (std::uint32_t findings = reader.count(8); findings > 0 && reader.good(); --findings) {
      Speech speech = restore_speech(reader);
      topic.active[speech.fingerprint] = std::move(speech);
    }
  }
  for (std::uint32_t left = reader.count(8); left > 0 && reader.good(); --left) {
    Waiting one{restore_speech(reader), 0, 0, false};
    reader.number(one.raised);
    reader.number(one.not_before);
    reader.number(one.reminder);
    waiting_.push_back(std::move(one));
  }
  reader.number(budget_day_);
  reader.number(shown_today_);
  reader.number(welcome_);
}

std::size_t Notifier::bytes() const {
  // Map nodes and texts, estimated: a topic and a waiting message are some 300 bytes each.
  return sizeof(*this) + (topics_.size() + waiting_.size()) * 300;
}

}  // namespace hale::rules
