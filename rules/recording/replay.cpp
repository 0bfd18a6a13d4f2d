#include <fmt/format.h>

#include "rules/recording/history.hpp"

namespace hale::rules {
namespace {

/// A clock that lost its battery starts years back; rows that are merely out of order are not this far apart [own].
constexpr std::chrono::hours kLongBefore{180 * 24};

void name_unknown_columns(const RecordingReader& reader, const std::string& file, const JsonLines::Out& complain) {
  for (const std::string& column : reader.unknown_columns())
    complain(fmt::format("{}: unknown column \"{}\" is ignored\n", file, column));
}

bool replay_recording(const std::filesystem::path& file, const RuleSet& rules, const PolicyOptions& policy,
                      bool coverage, const JsonLines::Out& out, const JsonLines::Out& complain) {
  Layout layout;
  auto reader = RecordingReader::open(file, layout);
  if (!reader) {
    complain(reader.error().message + "\n");
    return false;
  }
  name_unknown_columns(**reader, file.string(), complain);
  Histories histories(rules, layout, policy, out);
  RecordingRow row;
  bool good = true;
  while (true) {
    auto more = (*reader)->next(row);
    if (!more) {
      complain(more.error().message + "\n");
      good = false;
      break;
    }
    if (!*more) break;
    histories.step(row, (*reader)->devices()[row.device]);
  }
  histories.finish(coverage, file.string(), complain);
  return good;
}

}  // namespace

Judge& Histories::of(std::uint32_t device, const std::string& name) {
  if (histories_.size() <= device) histories_.resize(device + 1u);
  auto& history = histories_[device];
  if (!history) history = std::make_unique<History>(rules_, layout_, policy_, name, out_);
  return history->judge;
}

/// The clock is right again: what was seen in between is told as the agent tells it at a PC's start.
void Histories::step_with_reset(History& history, const RecordingRow& row) {
  history.clock_was_reset = false;
  std::vector<EventSample> events(row.events.begin(), row.events.end());
  events.push_back({layout_.event("host", "hale", "clock_reset"), 1});
  history.judge.step(row.time, row.samples, events);
}

void Histories::step(const RecordingRow& row, const std::string& device) {
  Judge& judge = of(row.device, device);
  if (row.described != nullptr) {
    for (const Component& component : *row.described) judge.describe(component);
  }
  if (row.context_changed && row.context != nullptr) judge.set_context(*row.context);
  History& history = *histories_[row.device];
  if (!history.first) history.first = row.time;
  if (row.time + kLongBefore < *history.first)
    history.clock_was_reset = true;
  else if (history.clock_was_reset && row.time > *history.first)
    return step_with_reset(history, row);
  judge.step(row.time, row.samples, row.events);
}

void Histories::finish(bool coverage, const std::string& file, const JsonLines::Out& complain) {
  for (const auto& history : histories_) {
    if (history) history->judge.finish();
  }
  for (const auto& history : histories_) {
    if (!history) continue;
    if (const auto dropped = history->judge.dropped_rows(); dropped > 0) {
      complain(
          fmt::format("{}: device {}: {} rows came late or twice and were dropped\n", file, history->device, dropped));
    }
    if (!coverage) continue;
    for (const Coverage& one : history->judge.coverage()) history->lines.coverage(one);
  }
}

int replay(const std::vector<std::filesystem::path>& files, const ReplayOptions& options,
           const std::function<void(std::string_view)>& out, const std::function<void(std::string_view)>& complain) {
  const auto rules = options.rules.empty() ? RuleSet::builtin() : RuleSet::load(options.rules);
  if (!rules) {
    complain("rules: " + rules.error().message + "\n");
    return 2;
  }
  return replay(*rules, files, options, out, complain);
}

int replay(const RuleSet& rules, const std::vector<std::filesystem::path>& files, const ReplayOptions& options,
           const std::function<void(std::string_view)>& out, const std::function<void(std::string_view)>& complain) {
  PolicyOptions policy;
  policy.language = options.language;
  policy.assume_present = true;
  bool good = true;
  for (const auto& file : files) {
    const bool read = options.from_smartctl ? replay_smartctl(file, rules, policy, options.coverage, out, complain)
                                            : replay_recording(file, rules, policy, options.coverage, out, complain);
    good = good && read;
  }
  return good ? 0 : 2;
}

}  // namespace hale::rules
