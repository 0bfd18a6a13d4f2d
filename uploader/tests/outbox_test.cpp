#include "uploader/outbox.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <map>
#include <memory>
#include <random>
#include <set>

#include "platform/crypto.hpp"
#include "uploader/tests/outbox_fixture.hpp"

using namespace hale;
using namespace hale::test;

namespace {

struct Box {
  TemporaryFolder folder;
  Database database{open_outbox_database(folder.path() / "hale.db")};
  Outbox outbox{database, kSpoolKey};
};

std::string noise(std::size_t bytes) {
  return R"({"noise":")" + crypto::to_hex(crypto::random_bytes(bytes / 2)) + R"("})";
}

std::vector<std::string> ids(const Outbox::Batch& batch) {
  std::vector<std::string> all;
  for (const auto& item : batch.items) all.push_back(item.id);
  return all;
}

}  // namespace

TEST_CASE("A batch carries the items as they were put, findings first") {
  Box box;
  REQUIRE(box.outbox.put(make_item("t1", ItemKind::telemetry)));
  REQUIRE(box.outbox.put(make_item("n1", ItemKind::notification, 5)));
  REQUIRE(box.outbox.put(make_item("f1", ItemKind::finding, 7)));
  const auto batch = must_take(box.outbox, at(10));
  CHECK(ids(batch) == std::vector<std::string>{"f1", "n1", "t1"});
  CHECK(batch.items[0].body == make_item("f1").body);
  CHECK(batch.items[0].kind == ItemKind::finding);
  CHECK(batch.items[0].time == at(7));
  CHECK(batch.created == at(10));
}

TEST_CASE(
    "An unanswered batch comes again with the same id and items, also after new ones were put and the database was "
    "reopened") {
  Box box;
  REQUIRE(box.outbox.put(make_item("f1")));
  const auto first = must_take(box.outbox, at(1));
  REQUIRE(box.outbox.put(make_item("f2")));
  box.database = open_outbox_database(box.folder.path() / "hale.db");
  Outbox again(box.database, kSpoolKey);
  const auto second = must_take(again, at(100));
  CHECK(second.id == first.id);
  CHECK(second.created == first.created);
  CHECK(ids(second) == ids(first));
  REQUIRE(again.settle(second, accept_all(second), at(101)));
  const auto third = must_take(again, at(102));
  CHECK(third.id != first.id);
  CHECK(ids(third) == std::vector<std::string>{"f2"});
}

TEST_CASE("The answer is applied per item: accepted, rejected, kept, and what it does not name stays") {
  Box box;
  for (const auto* id : {"a", "b", "c", "d"}) REQUIRE(box.outbox.put(make_item(id)));
  const auto batch = must_take(box.outbox, at(0));
  Delivery delivery{
      .accepted = {"a", "stranger"}, .rejected = {{"b", "no such rule"}}, .keep = {"c"}, .retry_after_s = {}};
  REQUIRE(box.outbox.settle(batch, delivery, at(1)));
  auto counts = box.outbox.counts().value();
  CHECK(counts.waiting == 2);
  CHECK(counts.sent == 1);
  CHECK(counts.set_aside == 1);
  CHECK(nothing_due(box.outbox, at(2)));
  CHECK(ids(must_take(box.outbox, at(600))) == std::vector<std::string>{"c", "d"});
  const auto shown = box.outbox.show(10).value();
  REQUIRE(shown.size() == 4);
  CHECK(shown[0].item.id == "d");
  CHECK(shown[0].state == "waiting");
  CHECK(shown[2].state == "set_aside");
  CHECK(shown[2].reason == "no such rule");
  CHECK(shown[3].state == "sent");
  CHECK(shown[3].sent_at == at(1));
  CHECK(shown[3].batch == batch.id);
  CHECK(shown[3].item.body == make_item("a").body);
}

TEST_CASE("Kept items are due again when the clock was set back by more than a day") {
  Box box;
  REQUIRE(box.outbox.put(make_item("a")));
  const auto batch = must_take(box.outbox, at(900'000));
  REQUIRE(box.outbox.settle(batch, Delivery{.accepted = {}, .rejected = {}, .keep = {"a"}, .retry_after_s = 60},
                            at(900'000)));
  CHECK(nothing_due(box.outbox, at(900'030)));
  CHECK(ids(must_take(box.outbox, at(0))) == std::vector<std::string>{"a"});
}

TEST_CASE("A batch is bounded by items and bytes but always holds one item") {
  Box box;
  for (int i = 0; i < 5; ++i) REQUIRE(box.outbox.put({"big" + std::to_string(i), ItemKind::event, at(0), noise(4000)}));
  auto batch = must_take(box.outbox, at(0), 500, 9000);
  CHECK(batch.items.size() == 2);
  REQUIRE(box.outbox.settle(batch, accept_all(batch), at(0)));
  batch = must_take(box.outbox, at(0), 500, 100);
  CHECK(batch.items.size() == 1);
  REQUIRE(box.outbox.settle(batch, accept_all(batch), at(0)));
  CHECK(must_take(box.outbox, at(0), 1).items.size() == 1);
}

TEST_CASE("The same item put twice is one item, another content under the same id is a conflict") {
  Box box;
  REQUIRE(box.outbox.put(make_item("a")));
  REQUIRE(box.outbox.put(make_item("a")));
  CHECK(box.outbox.waiting().value() == 1);
  auto other = make_item("a");
  other.body = "{}";
  const auto refused = box.outbox.put(other);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::conflict);
  CHECK(must_take(box.outbox, at(0)).items.front().body == make_item("a").body);
}

TEST_CASE("An item put in a transaction that rolls back was never there") {
  Box box;
  {
    auto transaction = Transaction::begin(box.database);
    REQUIRE(transaction);
    REQUIRE(box.outbox.put(make_item("a")));
  }
  CHECK(box.outbox.waiting().value() == 0);
  {
    auto transaction = Transaction::begin(box.database);
    REQUIRE(box.outbox.put(make_item("a")));
    REQUIRE(transaction->commit());
  }
  CHECK(box.outbox.waiting().value() == 1);
}

TEST_CASE("Over the bound the oldest telemetry goes, findings stay") {
  Box box;
  Outbox outbox(box.database, kSpoolKey, Outbox::Options{.max_bytes = 100'000});
  for (int i = 0; i < 50; ++i) {
    REQUIRE(outbox.put({"f" + std::to_string(i), ItemKind::finding, at(i), noise(2000)}));
    REQUIRE(outbox.put({"t" + std::to_string(i), ItemKind::telemetry, at(i), noise(2000)}));
  }
  const auto counts = outbox.counts().value();
  CHECK(counts.dropped_telemetry > 0);
  CHECK(counts.waiting == 100 - counts.dropped_telemetry);
  CHECK(counts.waiting_bytes <= 100'000 + 5000);
  const auto batch = must_take(outbox, at(100), 1000, 10u << 20);
  CHECK(std::count_if(batch.items.begin(), batch.items.end(),
                      [](const Item& item) { return item.kind == ItemKind::finding; }) == 50);
  if (batch.items.size() > 50) CHECK(batch.items.back().id == "t49");
}

TEST_CASE("Telemetry of an unfinished batch is not dropped: a retry sends the same items") {
  Box box;
  Outbox outbox(box.database, kSpoolKey, Outbox::Options{.max_bytes = 20'000});
  for (int i = 0; i < 4; ++i) REQUIRE(outbox.put({"t" + std::to_string(i), ItemKind::telemetry, at(i), noise(4000)}));
  const auto batch = must_take(outbox, at(5));
  for (int i = 0; i < 20; ++i)
    REQUIRE(outbox.put({"later" + std::to_string(i), ItemKind::telemetry, at(i), noise(4000)}));
  CHECK(ids(must_take(outbox, at(6))) == ids(batch));
}

TEST_CASE("A newer status or inventory replaces the waiting one, never one that is on its way") {
  Box box;
  REQUIRE(box.outbox.put(make_item("s1", ItemKind::status)));
  REQUIRE(box.outbox.put(make_item("s2", ItemKind::status)));
  REQUIRE(box.outbox.put(make_item("i1", ItemKind::inventory)));
  const auto batch = must_take(box.outbox, at(0));
  CHECK(ids(batch) == std::vector<std::string>{"i1", "s2"});
  REQUIRE(box.outbox.put(make_item("s3", ItemKind::status)));
  CHECK(ids(must_take(box.outbox, at(0))) == ids(batch));
}

TEST_CASE("Bodies are sealed on disk") {
  Box box;
  REQUIRE(box.outbox.put({"a", ItemKind::finding, at(0), R"({"secret":"kangaroo"})"}));
  auto query = box.database.prepare("SELECT body FROM outbox_bodies");
  REQUIRE(query->step().value());
  CHECK(query->column_blob(0).find("kangaroo") == std::string::npos);
}

TEST_CASE("A body that cannot be unsealed is set aside with the reason and does not hold up the others") {
  Box box;
  REQUIRE(box.outbox.put(make_item("bad")));
  REQUIRE(box.outbox.put(make_item("good")));
  REQUIRE(box.database.execute("UPDATE outbox_bodies SET body = x'00112233' WHERE seq = 1"));
  CHECK(ids(must_take(box.outbox, at(0))) == std::vector<std::string>{"good"});
  const auto shown = box.outbox.show(2).value();
  CHECK(shown[1].state == "set_aside");
  CHECK(shown[1].reason.find("unsealed") != std::string::npos);
  CHECK(box.outbox.counts()->set_aside == 1);
}

TEST_CASE("A body cannot be moved under another item's id") {
  Box box;
  REQUIRE(box.outbox.put(make_item("a")));
  REQUIRE(box.outbox.put(make_item("b")));
  REQUIRE(box.database.execute(
      "UPDATE outbox_bodies SET body = (SELECT body FROM outbox_bodies WHERE seq = 1) WHERE seq = 2"));
  CHECK(ids(must_take(box.outbox, at(0))) == std::vector<std::string>{"a"});
}

TEST_CASE("Only the newest sent and refused items are kept to be shown") {
  Box box;
  Outbox outbox(box.database, kSpoolKey, Outbox::Options{.sent_kept = 3, .set_aside_kept = 2});
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 4; ++i) REQUIRE(outbox.put(make_item(std::to_string(round) + "-" + std::to_string(i))));
    const auto batch = must_take(outbox, at(round));
    Delivery delivery{.accepted = {batch.items[0].id, batch.items[1].id},
                      .rejected = {{batch.items[2].id, "x"}, {batch.items[3].id, "y"}},
                      .keep = {},
                      .retry_after_s = {}};
    REQUIRE(outbox.settle(batch, delivery, at(round)));
  }
  CHECK(outbox.show(100)->size() == 5);
  CHECK(outbox.counts()->sent == 8);
  CHECK(outbox.counts()->set_aside == 8);
}

TEST_CASE("What was queued before a boot can be set aside, the rest goes out in a batch of its own") {
  Box box;
  REQUIRE(box.outbox.put(make_item("theirs", ItemKind::finding, 0)));
  const auto open = must_take(box.outbox, at(1));
  REQUIRE(box.outbox.put(make_item("ours", ItemKind::finding, 100)));
  CHECK(box.outbox.set_aside_before(at(50), "another PC's", at(101)).value() == 1);
  const auto batch = must_take(box.outbox, at(102));
  CHECK(batch.id != open.id);
  CHECK(ids(batch) == std::vector<std::string>{"ours"});
}

TEST_CASE("Forgetting leaves nothing in the outbox") {
  Box box;
  REQUIRE(box.outbox.put(make_item("a")));
  must_take(box.outbox, at(0));
  REQUIRE(box.outbox.put(make_item("b")));
  REQUIRE(box.outbox.erase_all());
  CHECK(nothing_due(box.outbox, at(1)));
  CHECK(box.outbox.show(10)->empty());
  CHECK(box.outbox.counts()->sent == 0);
}

TEST_CASE(
    "Over random sequences of put, take, settle and crash no finding is lost, sent twice after acceptance, or "
    "changed") {
  for (unsigned seed = 1; seed <= 30; ++seed) {
    INFO("seed " << seed);
    std::mt19937 random(seed);
    TemporaryFolder folder;
    const auto path = folder.path() / "hale.db";
    auto database = open_outbox_database(path);
    const Outbox::Options options{.max_bytes = 30'000, .sent_kept = 1000, .set_aside_kept = 1000};
    auto outbox = std::make_unique<Outbox>(database, kSpoolKey, options);
    std::map<std::string, std::string> put;  // findings committed
    std::set<std::string> accepted;
    std::set<std::string> rejected;
    std::map<std::string, std::vector<std::string>> seen;
    int now = 0;
    int next = 0;
    for (int step = 0; step < 150; ++step) {
      now += static_cast<int>(random() % 400);
      const auto choice = random() % 10;
      if (choice < 4) {
        const bool finding = random() % 2 == 0;
        Item item{"i" + std::to_string(next++), finding ? ItemKind::finding : ItemKind::telemetry, at(now),
                  noise(random() % 3000 + 10)};
        REQUIRE(outbox->put(item));
        if (finding) put[item.id] = item.body;
      } else if (choice < 9) {
        const auto batch = outbox->take(at(now), random() % 8 + 1, 10'000).value();
        if (!batch) continue;
        const auto known = seen.try_emplace(batch->id, ids(*batch)).first;
        REQUIRE(known->second == ids(*batch));
        Delivery delivery;
        for (const auto& item : batch->items) {
          REQUIRE_FALSE(accepted.contains(item.id));
          if (item.kind == ItemKind::finding) REQUIRE(put.at(item.id) == item.body);
          const auto fate = random() % 10;
          if (fate < 6) delivery.accepted.push_back(item.id);
          if (fate == 6) delivery.rejected.push_back({item.id, "no"});
          if (fate == 7) delivery.keep.push_back(item.id);
        }
        if (random() % 3 == 0) continue;  // the answer was lost
        REQUIRE(outbox->settle(*batch, delivery, at(now)));
        accepted.insert(delivery.accepted.begin(), delivery.accepted.end());
        for (const auto& item : delivery.rejected) rejected.insert(item.id);
      } else {
        outbox.reset();
        {
          auto transaction = Transaction::begin(database);
          REQUIRE(Outbox(database, kSpoolKey, options)
                      .put({"never" + std::to_string(step), ItemKind::finding, at(now), "{}"}));
        }
        database = open_outbox_database(path);
        outbox = std::make_unique<Outbox>(database, kSpoolKey, options);
      }
    }
    std::set<std::string> there;
    const auto all = outbox->show(100'000).value();
    for (const auto& shown : all) there.insert(shown.item.id);
    for (const auto& [id, body] : put) {
      INFO(id);
      CHECK(there.contains(id));
    }
    const auto counts = outbox->counts().value();
    CHECK(counts.sent == accepted.size());
    CHECK(counts.set_aside == rejected.size());
  }
}
