#pragma once
#include <catch2/catch_test_macros.hpp>
#include <string>

#include "tests/support/data.hpp"
#include "uploader/outbox.hpp"

namespace hale::test {

inline const std::string kSpoolKey(32, 's');

inline Timestamp at(int seconds) { return from_unix_ms(1'790'000'000'000 + 1000LL * seconds); }

inline Item make_item(const std::string& id, ItemKind kind = ItemKind::finding, int seconds = 0) {
  return {id, kind, at(seconds), R"({"rule":"disk.smart","n":")" + id + R"("})"};
}

/// Opens (and makes) a database with the outbox's tables.
inline Database open_outbox_database(const std::filesystem::path& path) {
  auto database = Database::open(path, DatabaseOptions{.durable = false});
  REQUIRE(database);
  REQUIRE(database->migrate("outbox", outbox_migrations()));
  return std::move(*database);
}

inline Outbox::Batch must_take(Outbox& outbox, Timestamp now, std::size_t max_items = 500,
                               std::size_t max_bytes = 1u << 20) {
  auto batch = outbox.take(now, max_items, max_bytes);
  REQUIRE(batch);
  REQUIRE(*batch);
  return std::move(**batch);
}

inline bool nothing_due(Outbox& outbox, Timestamp now) {
  auto batch = outbox.take(now);
  REQUIRE(batch);
  return !*batch;
}

inline Delivery accept_all(const Outbox::Batch& batch) {
  Delivery delivery;
  for (const auto& item : batch.items) delivery.accepted.push_back(item.id);
  return delivery;
}

}  // namespace hale::test
