#include "fleet/store/store.hpp"

#include <algorithm>
#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <future>

#include "fleet/ingest/writer.hpp"
#include "platform/clock.hpp"
#include "tests/support/data.hpp"

using namespace hale;
using namespace hale::fleet;
using namespace std::chrono_literals;

namespace {

const Timestamp kNow = from_unix_ms(1'795'000'000'000);

struct Opened {
  hale::test::TemporaryFolder folder;
  std::unique_ptr<Store> store = open_store_sqlite({folder.path(), false}).value();

  DeviceNumber add(const std::string& id, const std::string& name = "pc") {
    Device device;
    device.id = id;
    device.name = name;
    device.enrolled = kNow;
    return store->add_device(device).value();
  }
};

Transition transition(DeviceNumber device, const std::string& item, Timestamp time,
                      FindingState state = FindingState::active, Severity severity = Severity::warning) {
  Transition made;
  made.device = device;
  made.item = item;
  made.fingerprint = "cooling.dust/cpu";
  made.rule = "cooling.dust";
  made.cause = "dust";
  made.component = "cpu";
  made.severity = severity;
  made.state = state;
  made.time = time;
  made.body = "{\"n\":\"" + item + "\"}";
  return made;
}

std::vector<std::string> names(const PageOf<Device>& page) {
  std::vector<std::string> all;
  for (const auto& device : page.rows) all.push_back(device.name);
  return all;
}

}  // namespace

TEST_CASE("A transition is stored once however often it comes") {
  Opened opened;
  const auto device = opened.add("d1");
  CHECK(opened.store->add_transition(transition(device, "1", kNow)).value());
  CHECK_FALSE(opened.store->add_transition(transition(device, "1", kNow)).value());
  FindingQuery query;
  query.transitions = true;
  CHECK(opened.store->list_findings(query)->total == 1);
}

TEST_CASE("Health is that of the worst active finding, also when transitions arrive out of order") {
  Opened opened;
  const auto device = opened.add("d1");
  const auto health = [&] { return opened.store->find_device("d1").value()->health; };
  CHECK(health() == Health::unknown);
  REQUIRE(opened.store->add_transition(transition(device, "resolved", kNow + 2h, FindingState::resolved)));
  CHECK(health() == Health::ok);
  REQUIRE(opened.store->add_transition(transition(device, "late", kNow + 1h)));
  CHECK(health() == Health::ok);
  REQUIRE(
      opened.store->add_transition(transition(device, "again", kNow + 3h, FindingState::active, Severity::critical)));
  CHECK(health() == Health::critical);
  FindingQuery query;
  query.state = FindingState::active;
  const auto page = opened.store->list_findings(query).value();
  REQUIRE(page.total == 1);
  CHECK(page.rows.front().body == "{\"n\":\"again\"}");
}

TEST_CASE("Devices are filtered, sorted and paged without repeating or losing one") {
  Opened opened;
  for (int i = 0; i < 57; ++i) {
    const auto number = opened.add("id-" + std::to_string(i), "pc-" + std::to_string(100 + i * 7 % 57));
    if (i % 3 == 0)
      REQUIRE(opened.store->add_transition(
          transition(number, "1", kNow, FindingState::active, i % 2 ? Severity::warning : Severity::critical)));
    if (i % 4 != 0) REQUIRE(opened.store->set_seen(number, kNow - std::chrono::hours(i)));
  }
  for (const SortBy sort :
       {SortBy::health, SortBy::last_seen, SortBy::name, SortBy::model, SortBy::os, SortBy::agent, SortBy::enrolled}) {
    for (const bool descending : {true, false}) {
      std::vector<std::string> seen;
      for (std::int64_t offset = 0; offset < 60; offset += 10) {
        DeviceQuery query;
        query.sort = sort;
        query.descending = descending;
        query.limit = 10;
        query.offset = offset;
        const auto page = opened.store->list_devices(query).value();
        CHECK(page.total == 57);
        for (auto& name : names(page)) seen.push_back(name);
      }
      if (sort == SortBy::name)
        CHECK((descending ? std::is_sorted(seen.rbegin(), seen.rend()) : std::is_sorted(seen.begin(), seen.end())));
      std::sort(seen.begin(), seen.end());
      CHECK(seen.size() == 57);
      CHECK(std::adjacent_find(seen.begin(), seen.end()) == seen.end());
    }
  }
  DeviceQuery query;
  query.health = {Health::critical};
  CHECK(opened.store->list_devices(query)->total == 10);
  query.silent = true;
  query.silent_before = kNow - 20h;
  const auto silent = opened.store->list_devices(query)->total;
  query.silent = false;
  CHECK(silent + opened.store->list_devices(query)->total == 10);
}

TEST_CASE("Search finds parts of any word and takes its own wildcards literally") {
  Opened opened;
  REQUIRE(opened.store->set_facts(opened.add("d1"), {"Lab 1", "Acme", "Think_Box 100%", "Debian 12", "0.1.0", ""}));
  REQUIRE(opened.store->set_facts(opened.add("d2"), {"Office", "Other", "ThinkXBox 1000", "Ubuntu", "0.1.0", ""}));
  const auto count = [&](const std::string& text) {
    DeviceQuery query;
    query.search = text;
    return opened.store->list_devices(query)->total;
  };
  CHECK(count("think") == 2);
  CHECK(count("DEBIAN") == 1);
  CHECK(count("k_b") == 1);
  CHECK(count("100%") == 1);
  CHECK(count("'; DROP TABLE devices; --") == 0);
  CHECK(count("") == 2);
}

TEST_CASE("A batch's answer is remembered and telemetry comes back once, in order") {
  Opened opened;
  const auto device = opened.add("d1");
  REQUIRE(opened.store->begin());
  CHECK_FALSE(opened.store->batch_answer(device, "b1").value());
  for (const int hour : {2, 0, 1, 2}) {
    REQUIRE(opened.store->add_telemetry(device, {"t" + std::to_string(hour),
                                                 kNow + std::chrono::hours(hour),
                                                 kNow + std::chrono::hours(hour + 1),
                                                 {{"hw.fan.speed", "fan1", ""}},
                                                 std::to_string(hour)}));
  }
  REQUIRE(opened.store->put_batch_answer(device, "b1", "answer"));
  REQUIRE(opened.store->commit());
  CHECK(opened.store->batch_answer(device, "b1").value() == "answer");
  CHECK_FALSE(opened.store->batch_answer(device + 1, "b1").value());
  std::string read;
  REQUIRE(opened.store->telemetry(device, kNow, kNow + 5h, 100, [&](std::string_view body) { read += body; }));
  CHECK(read == "012");
  read.clear();
  REQUIRE(
      opened.store->telemetry(device, kNow + 90min, kNow + 110min, 100, [&](std::string_view body) { read += body; }));
  CHECK(read == "1");
  CHECK_FALSE(opened.store->telemetry(device, kNow, kNow + 5h, 2, [](std::string_view) {}));
  const auto series = opened.store->series(device).value();
  REQUIRE(series.size() == 1);
  CHECK(series.front().from == kNow);
  CHECK(series.front().to == kNow + 3h);
}

TEST_CASE("What a transaction's part did is undone alone") {
  Opened opened;
  const auto device = opened.add("d1");
  REQUIRE(opened.store->begin());
  REQUIRE(opened.store->begin_part());
  REQUIRE(opened.store->add_transition(transition(device, "kept", kNow)));
  REQUIRE(opened.store->put_batch_answer(device, "kept", "a"));
  REQUIRE(opened.store->end_part());
  REQUIRE(opened.store->begin_part());
  REQUIRE(opened.store->add_transition(transition(device, "undone", kNow)));
  REQUIRE(opened.store->put_batch_answer(device, "undone", "a"));
  opened.store->undo_part();
  REQUIRE(opened.store->commit());
  FindingQuery query;
  query.transitions = true;
  CHECK(opened.store->list_findings(query)->total == 1);
  CHECK(opened.store->batch_answer(device, "kept").value());
  CHECK_FALSE(opened.store->batch_answer(device, "undone").value());
}

TEST_CASE("A day of telemetry older than it is kept goes as a whole file; findings stay") {
  Opened opened;
  const auto device = opened.add("d1");
  REQUIRE(opened.store->begin());
  REQUIRE(opened.store->add_transition(transition(device, "1", kNow)));
  REQUIRE(opened.store->add_activity({device, "n1", "notification", kNow - std::chrono::days(500), "{}"}));
  REQUIRE(opened.store->add_telemetry(device, {"t", kNow, kNow + 1h, {{"hw.fan.speed", "fan1", ""}}, "{}"}));
  REQUIRE(opened.store->commit());
  const auto files = [&] {
    return std::distance(std::filesystem::directory_iterator(opened.folder.path() / "telemetry"),
                         std::filesystem::directory_iterator());
  };
  std::ofstream(opened.folder.path() / "telemetry" / "2020-01-01.db") << "";
  CHECK(files() >= 2);
  while (opened.store->expire(system_clock().now(), std::chrono::days(30), std::chrono::days(400)).value()) {
  }
  CHECK_FALSE(std::filesystem::exists(opened.folder.path() / "telemetry" / "2020-01-01.db"));
  CHECK(files() >= 1);
  CHECK(opened.store->timeline({device, {"notification"}, 10, 0})->total == 0);
  CHECK(opened.store->timeline({device, {}, 10, 0})->total == 1);
}

TEST_CASE("A token cannot be used more often than it says") {
  Opened opened;
  Token token;
  token.id = "t";
  token.secret_hash = "h";
  token.uses = 2;
  REQUIRE(opened.store->add_token(token));
  CHECK(opened.store->use_token("t"));
  CHECK(opened.store->use_token("t"));
  CHECK(opened.store->use_token("t").error().code == Errc::conflict);
}

TEST_CASE("Work that fails is undone alone, and each is told only when all is on the disk") {
  Opened opened;
  const auto device = opened.add("d1");
  auto reader = open_store_sqlite({opened.folder.path(), true}).value();
  Writer writer(std::move(opened.store), {.gather = 50ms});
  std::atomic<int> good{0}, bad{0}, seen{0};
  for (int i = 0; i < 40; ++i) {
    const bool fails = i % 4 == 0;
    REQUIRE(writer.submit(
        [=](Store& store) -> Result<> {
          auto added = store.add_transition(transition(device, std::to_string(i), kNow));
          if (!added) return fail(added.error());
          return fails ? Result<>(fail(Errc::conflict, "no")) : Result<>();
        },
        [&](const Result<>& done) {
          ++(done ? good : bad);
          FindingQuery query;
          query.transitions = true;
          if (reader->list_findings(query)->total >= good) ++seen;
        }));
  }
  writer.stop();
  CHECK(good == 30);
  CHECK(bad == 10);
  CHECK(seen == 40);
  CHECK(writer.counters().groups < 40);
  FindingQuery query;
  query.transitions = true;
  CHECK(reader->list_findings(query)->total == 30);
}

TEST_CASE("A full queue refuses instead of growing") {
  Opened opened;
  Writer writer(std::move(opened.store), {.gather = 1ms, .max_queue = 2});
  std::promise<void> go;
  auto gate = go.get_future().share();
  const auto wait = [gate](Store&) -> Result<> {
    gate.wait();
    return {};
  };
  int accepted = 0;
  for (int i = 0; i < 50; ++i) accepted += writer.submit(wait, [](const Result<>&) {});
  CHECK(accepted < 10);
  CHECK(writer.counters().refused > 0);
  go.set_value();
  writer.stop();
  CHECK_FALSE(writer.submit(wait, [](const Result<>&) {}));
}
