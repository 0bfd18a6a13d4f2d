#include "tests/bench/cooling/run.hpp"

#include <atomic>
#include <chrono>
#include <cmath>
#include <ctime>
#include <mutex>
#include <thread>

#include "rules/judge.hpp"
#include "rules/recording/columns.hpp"

namespace hale::bench {
namespace {

using sim::kChannels;

/// What the judge says, kept as far as it is counted.
struct Listener final : rules::Sink {
  std::int64_t start_ms{};
  Judged* judged{};
  void on_finding(const Finding& finding) override {
    if (!is_cooling_alarm(finding)) return;
    const auto day = std::floor(static_cast<double>(to_unix_ms(finding.last_seen) - start_ms) / 86'400'000.0);
    judged->alarms.push_back(
        {static_cast<int>(day), finding.rule, finding.cause, finding.severity, finding.confidence});
  }
  void on_notification(const Notification&) override { ++judged->notifications; }
  void on_withdraw(const std::string&) override {}
  void on_outcome(const Outcome&) override {}
};

/// Columns of a row, bound to a layout once.
struct Binding {
  explicit Binding(rules::Layout& layout) {
    for (std::size_t i = 0; i < kChannels; ++i)
      columns[i] = rules::parse_column(sim::column_of(static_cast<sim::Channel>(i)), layout);
  }
  std::array<rules::Column, kChannels> columns;
};

/// A row as the judge takes it. Rows are kept for a while so that judging is timed apart from living.
struct Step {
  Timestamp time;
  std::uint32_t first_sample{}, samples{}, first_event{}, events{};
  std::optional<Context> context;
};

class Feeder {
 public:
  Feeder(const Binding& binding, rules::Judge& judge, Judged& judged)
      : binding_(binding), judge_(judge), judged_(judged) {}

  void add(const sim::Row& row) {
    Step step{from_unix_ms(row.time_ms),
              static_cast<std::uint32_t>(samples_.size()),
              0,
              static_cast<std::uint32_t>(events_.size()),
              0,
              {}};
    if (row.context_changed) step.context = *row.context;
    for (std::size_t i = 0; i < kChannels; ++i) {
      if (std::isnan(row.values[i])) continue;
      const rules::Column& column = binding_.columns[i];
      if (column.kind == rules::ColumnKind::event)
        events_.push_back({column.index, static_cast<std::uint32_t>(row.values[i])});
      else
        samples_.push_back({column.index, row.values[i]});
    }
    step.samples = static_cast<std::uint32_t>(samples_.size()) - step.first_sample;
    step.events = static_cast<std::uint32_t>(events_.size()) - step.first_event;
    steps_.push_back(std::move(step));
    if (steps_.size() >= 2000) flush();
  }

  void flush() {
    const double before = thread_seconds();
    for (const Step& step : steps_) {
      if (step.context) judge_.set_context(*step.context);
      judge_.step(step.time, std::span(samples_).subspan(step.first_sample, step.samples),
                  std::span(events_).subspan(step.first_event, step.events));
    }
    judged_.cpu_seconds += thread_seconds() - before;
    judged_.rows += steps_.size();
    steps_.clear();
    samples_.clear();
    events_.clear();
  }

 private:
  /// CPU time of this thread, so that a busy machine does not count.
  static double thread_seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
  }

  const Binding& binding_;
  rules::Judge& judge_;
  Judged& judged_;
  std::vector<Step> steps_;
  std::vector<rules::Sample> samples_;
  std::vector<rules::EventSample> events_;
};

void describe(Judged& judged, const sim::Scenario& scenario) {
  judged.seed = scenario.seed;
  judged.what = scenario.what;
  judged.kind = scenario.machine.kind;
  judged.tier = scenario.sensors.tier;
  judged.fault = scenario.fault;
  judged.days = scenario.days;
  judged.shows_fan = scenario.sensors[sim::Channel::fan1].present;
  judged.shows_power = scenario.sensors[sim::Channel::cpu_power].present;
}

}  // namespace

Judged judge_history(const sim::Scenario& scenario, const rules::RuleSet& rules) {
  constexpr int kLearning = 60;  // days; longer than any rule says that it learns
  Judged judged;
  describe(judged, scenario);
  rules::Layout layout;
  const Binding binding(layout);
  Listener listener;
  listener.start_ms = 1000 * scenario.start_unix;
  listener.judged = &judged;
  rules::PolicyOptions policy;
  policy.assume_present = true;
  rules::Judge judge(rules, layout, policy, listener);
  judge.describe({.id = "disk0",
                  .parent = "",
                  .type = ComponentType::physical_disk,
                  .name = "",
                  .vendor = "",
                  .model = scenario.machine.hard_disk ? "Simulated HDD" : "Simulated SSD",
                  .firmware = "",
                  .serial_hash = ""});
  Feeder feeder(binding, judge, judged);
  sim::Simulation simulation(scenario);
  sim::Row row;
  std::size_t day = 0;
  while (simulation.next(row)) {
    feeder.add(row);
    if (simulation.days().size() == day) continue;
    day = simulation.days().size();
    std::size_t& bytes = day <= kLearning ? judged.learning_bytes : judged.settled_bytes;
    bytes = std::max(bytes, judge.state_bytes());
  }
  feeder.flush();
  judge.finish();
  judged.settled_bytes = std::max(judged.settled_bytes, judge.state_bytes());
  judged.saved_bytes = judge.save().size();
  judged.truth = sim::truth_of(scenario, simulation);
  return judged;
}

std::vector<Judged> judge_fleet(const FleetRequest& request, const rules::RuleSet& rules,
                                const std::function<void(int done)>& progress) {
  std::vector<Judged> fleet(static_cast<std::size_t>(request.count));
  std::atomic<int> next{0};
  int done = 0;
  std::mutex mutex;
  const auto work = [&] {
    for (int i = next++; i < request.count; i = next++) {
      const auto scenario = sim::draw_scenario(request.first_seed + static_cast<std::uint64_t>(i), request.request);
      fleet[static_cast<std::size_t>(i)] = judge_history(scenario, rules);
      const std::lock_guard lock(mutex);
      progress(++done);
    }
  };
  std::vector<std::jthread> threads;
  for (int i = 1; i < request.jobs; ++i) threads.emplace_back(work);
  work();
  threads.clear();
  return fleet;
}

}  // namespace hale::bench
