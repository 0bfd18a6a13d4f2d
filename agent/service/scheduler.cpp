#include "agent/service/scheduler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>

namespace hale::agent {
namespace {

/// A collection that takes longer is worth a word, once.
constexpr std::chrono::seconds kSlow{5};

}  // namespace

Scheduler::Scheduler(std::vector<std::unique_ptr<Collector>> collectors, Options options, const Clock& clock,
                     std::function<void(std::string)> report)
    : options_(std::move(options)), clock_(clock), report_(std::move(report)) {
  for (auto& collector : collectors) {
    auto& entry = entries_.emplace_back();
    entry.skipped =
        std::find(options_.skipped.begin(), options_.skipped.end(), collector->name()) != options_.skipped.end();
    entry.collector = std::move(collector);
  }
}

void Scheduler::sweep(Collection& out, std::vector<std::size_t>& ends) {
  ends.assign(entries_.size(), 0);
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    auto& entry = entries_[i];
    const auto now = clock_.steady();
    if (!entry.skipped && now >= entry.due) {
      running_.store(static_cast<int>(i), std::memory_order_relaxed);
      const auto before = out.readings.size();
      run(entry, out);
      entry.readings = out.readings.size() - before;
      running_.store(-1, std::memory_order_relaxed);
      const auto interval = entry.collector->interval() * (on_battery_ ? options_.battery_stretch : 1);
      // Half a sweep early rather than a whole sweep late: due times must not drift past the sweep they belong to.
      if (interval.count() > 0) entry.due = now + interval - options_.sweep / 2;
    }
    ends[i] = out.readings.size();
  }
}

void Scheduler::run(Entry& entry, Collection& out) {
  const auto start = clock_.steady();
  try {
    entry.collector->collect(out, !entry.described);
    entry.described = true;
    entry.thrown.clear();
  } catch (const std::exception& defect) {
    // Collectors never throw by contract; one that does must not take the others along.
    if (entry.thrown.empty())
      report_(fmt::format("{}: failed unexpectedly: {}", entry.collector->name(), defect.what()));
    entry.thrown = defect.what();
  }
  const auto took = clock_.steady() - start;
  if (took < kSlow) {
    entry.slow_reported = false;
  } else if (!entry.slow_reported) {
    entry.slow_reported = true;
    report_(fmt::format("{}: took {} ms to read", entry.collector->name(),
                        std::chrono::duration_cast<std::chrono::milliseconds>(took).count()));
  }
}

void Scheduler::run_everything_next() {
  for (auto& entry : entries_) {
    entry.due = {};
    entry.described = false;
  }
}

CollectorStatus Scheduler::status(std::size_t index) const {
  const auto& entry = entries_[index];
  if (entry.skipped) return {CollectorState::error, "hung at its last run and is left out for a day"};
  if (!entry.thrown.empty()) return {CollectorState::error, entry.thrown};
  return entry.collector->status();
}

}  // namespace hale::agent
