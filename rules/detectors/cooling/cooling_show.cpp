#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "rules/detectors/cooling/cooling_model.hpp"

/// What the model can judge and has to show.
namespace hale::rules::cooling {

std::string_view CoolingModel::tier() const {
  const bool power = has(Source::cpu_power) || has(Source::gpu_power);
  const bool fan = has(Source::fan_speed);
  return power && fan ? "power+fan" : power ? "power" : fan ? "fan" : "load";
}

Model::Judged CoolingModel::judged(Question question) const {
  if (!state_) return {false, {}, "no temperature together with load or power"};
  const State& s = *state_;
  const Answer answer = static_cast<Answer>(question);
  const bool fan = has(Source::fan_speed);
  if (answer == Answer::dust && !fan)
    return {false, tier(), "no fan speed: dust cannot be told from other causes (cooling.degraded says so)"};
  if (answer == Answer::degraded && fan) return {false, tier(), "the causes are told apart (cooling.dust and others)"};
  if (answer == Answer::fan_worn && !fan) return {false, tier(), "no fan speed"};
  if (!s.learned) return {false, tier(), fmt::format("learning, day {} of {}", s.learned_days + 1, p_.learning.days)};
  if (answer == Answer::hot_room && !s.room.anchored()) return {false, tier(), "the room's temperature is not known"};
  if (answer == Answer::paste && !s.fast_slope.learned()) return {false, tier(), "no readings a minute apart"};
  return {true, tier(), {}};
}

void CoolingModel::show(Question question, const Row& row, EvidenceBuilder& builder) const {
  if (!state_) return;
  const State& s = *state_;
  const auto answer = static_cast<Answer>(question);
  const auto& days = s.drift.days();
  builder.evidence.to = Timestamp(std::chrono::milliseconds(row.time));
  builder.evidence.from = builder.evidence.to;
  switch (answer) {
    case Answer::hot_room:
      builder.fact("room", s.resistance.room(), "Cel");
      return;
    case Answer::blocked:
      builder.fact("excess", std::exp(s.fast_excess) - 1, "1");
      builder.fact("hotter", s.fast_kelvin, "Cel");
      return;
    case Answer::fan_worn:
      builder.fact("slower", std::max(0.0, 1 - std::exp(s.drift.fan_level())), "1");
      break;
    case Answer::dust:
    case Answer::degraded:
    case Answer::paste:
      builder.fact("excess", std::exp(s.drift.level()) - 1, "1");
      builder.fact("hotter", std::max(0.0, s.rise - s.usual), "Cel");
      builder.fact("usual_rise", s.usual, "Cel");
      if (answer == Answer::paste) builder.fact("fast", std::exp(s.fast_slope.change(1).value_or(0)) - 1, "1");
      break;
  }
  Plot plot;
  plot.metric = answer == Answer::fan_worn ? "hale.cooling.fan" : "hale.cooling.resistance";
  plot.unit = "%";
  for (const Day& day : days) {
    const double value = static_cast<double>(answer == Answer::fan_worn ? day.fan : day.x);
    if (!std::isnan(value))
      plot.points.emplace_back(Timestamp(std::chrono::milliseconds(day.day * kDay)), 100 * (std::exp(value) - 1));
  }
  plot.threshold = 100 * (std::exp(told(answer).entered) - 1);
  if (!plot.points.empty()) builder.evidence.from = plot.points.front().first;
  if (plot.points.size() > 1) builder.evidence.plots.push_back(std::move(plot));
}

std::size_t CoolingModel::bytes() const {
  std::size_t sum = sizeof(*this);
  if (!state_) return sum;
  sum += sizeof(State) + state_->drift.bytes() + state_->fan_curve.bytes() + state_->room.bytes() +
         state_->baseline.bytes() + cooling::bytes(state_->today);
  return sum;
}

}  // namespace hale::rules::cooling
