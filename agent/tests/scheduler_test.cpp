#include "agent/service/scheduler.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <stdexcept>

using namespace hale;
using namespace hale::agent;
using namespace std::chrono_literals;

namespace {

class FakeClock final : public Clock {
 public:
  Timestamp now() const override {
    return from_unix_ms(0) + std::chrono::duration_cast<std::chrono::milliseconds>(steady_.time_since_epoch());
  }
  Steady steady() const override { return steady_; }
  void advance(std::chrono::milliseconds by) { steady_ += by; }

 private:
  Steady steady_{std::chrono::hours(1)};
};

struct Behaviour {
  std::chrono::seconds interval{0};
  std::chrono::milliseconds takes{0};
  bool throws{false};
  int calls{0};
  int descriptions{0};
};

class FakeCollector final : public Collector {
 public:
  FakeCollector(std::string name, Behaviour& behaviour, FakeClock& clock)
      : name_(std::move(name)), behaviour_(behaviour), clock_(clock) {}
  std::string_view name() const override { return name_; }
  std::chrono::seconds interval() const override { return behaviour_.interval; }
  void collect(Collection& out, bool describe_all) override {
    ++behaviour_.calls;
    behaviour_.descriptions += describe_all ? 1 : 0;
    clock_.advance(behaviour_.takes);
    if (behaviour_.throws) throw std::runtime_error("sensor on fire");
    out.readings.push_back({Metric::hw_temperature, name_, "", 40, out.time});
  }
  CollectorStatus status() const override { return {CollectorState::ok, ""}; }

 private:
  std::string name_;
  Behaviour& behaviour_;
  FakeClock& clock_;
};

struct Rig {
  FakeClock clock;
  Behaviour quick, slow;
  std::vector<std::string> reports;
  std::unique_ptr<Scheduler> scheduler;
  Collection collection;
  std::vector<std::size_t> ends;

  explicit Rig(std::vector<std::string> skipped = {}) {
    slow.interval = 60s;
    std::vector<std::unique_ptr<Collector>> all;
    all.push_back(std::make_unique<FakeCollector>("quick", quick, clock));
    all.push_back(std::make_unique<FakeCollector>("slow", slow, clock));
    scheduler = std::make_unique<Scheduler>(
        std::move(all), Scheduler::Options{.sweep = 10s, .battery_stretch = 3, .skipped = std::move(skipped)}, clock,
        [this](std::string line) { reports.push_back(std::move(line)); });
  }
  void sweep() {
    collection.readings.clear();
    scheduler->sweep(collection, ends);
    clock.advance(scheduler->pause());
  }
};

}  // namespace

TEST_CASE("slow collectors run at their own pace within the common sweeps") {
  Rig rig;
  for (int i = 0; i < 13; ++i) rig.sweep();
  CHECK(rig.quick.calls == 13);
  CHECK(rig.slow.calls == 3);
  CHECK(rig.quick.descriptions == 1);
}

TEST_CASE("on battery every pause is three times longer") {
  Rig rig;
  CHECK(rig.scheduler->pause() == 10s);
  rig.scheduler->set_on_battery(true);
  CHECK(rig.scheduler->pause() == 30s);
  for (int i = 0; i < 7; ++i) rig.sweep();
  CHECK(rig.slow.calls == 2);
}

TEST_CASE("a collector that throws is reported once and does not stop the others") {
  Rig rig;
  rig.quick.throws = true;
  for (int i = 0; i < 5; ++i) rig.sweep();
  REQUIRE(rig.reports.size() == 1);
  CHECK_THAT(rig.reports[0], Catch::Matchers::ContainsSubstring("sensor on fire"));
  CHECK(rig.slow.calls == 1);
  CHECK(rig.scheduler->status(0).state == CollectorState::error);
  rig.quick.throws = false;
  rig.sweep();
  CHECK(rig.scheduler->status(0).state == CollectorState::ok);
  rig.quick.throws = true;
  rig.sweep();
  CHECK(rig.reports.size() == 2);
}

TEST_CASE("a slow collector is reported once while it stays slow") {
  Rig rig;
  rig.quick.takes = 6s;
  for (int i = 0; i < 4; ++i) rig.sweep();
  CHECK(rig.reports.size() == 1);
}

TEST_CASE("a collector that hung before is left out and says so") {
  Rig rig({"quick"});
  rig.sweep();
  CHECK(rig.quick.calls == 0);
  CHECK(rig.slow.calls == 1);
  CHECK(rig.scheduler->status(0).state == CollectorState::error);
}

TEST_CASE("the sweep says which readings are whose, and what runs right now") {
  Rig rig;
  rig.sweep();
  CHECK(rig.ends == std::vector<std::size_t>{1, 2});
  CHECK(rig.scheduler->entries()[1].readings == 1);
  CHECK(rig.scheduler->running() == -1);
}

TEST_CASE("after a resume everything is read and described anew") {
  Rig rig;
  rig.sweep();
  rig.scheduler->run_everything_next();
  rig.sweep();
  CHECK(rig.slow.calls == 2);
  CHECK(rig.quick.descriptions == 2);
}
