#include "core/envelope.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace hale;

namespace {

const Timestamp kNow = from_unix_ms(1795419044000);

Envelope make_envelope() {
  return {kWireSchema, "11111111-2222-4333-8444-555555555555", "b-1", kNow, {{"i-1", ItemKind::finding, kNow, R"({"rule":"cooling.dust"})"},
                                                                            {"i-2", ItemKind::telemetry, kNow, R"({"series":[]})"}}};
}

std::string complaint(std::string_view text) {
  const auto envelope = decode_envelope(text);
  if (envelope) return "no complaint";
  CHECK(envelope.error().code == Errc::invalid_input);
  return envelope.error().message;
}

}  // namespace

TEST_CASE("a batch reads back as it was written, bodies untouched") {
  const auto envelope = make_envelope();
  const auto read = decode_envelope(encode(envelope));
  REQUIRE(read);
  CHECK(read->schema == envelope.schema);
  CHECK(read->device == envelope.device);
  CHECK(read->batch == envelope.batch);
  CHECK(read->created == envelope.created);
  REQUIRE(read->items.size() == 2);
  CHECK(read->items[0].id == "i-1");
  CHECK(read->items[0].kind == ItemKind::finding);
  CHECK(read->items[0].body == R"({"rule":"cooling.dust"})");
  CHECK(read->items[1].kind == ItemKind::telemetry);
}

TEST_CASE("a batch is written as the wire's document says") {
  CHECK(encode(Envelope{1, "d", "b", kNow, {{"i", ItemKind::status, kNow, "{}"}}}) ==
        R"({"schema":1,"device":"d","batch":"b","created":"2026-11-23T07:30:44Z","items":[{"id":"i","kind":"status","time":"2026-11-23T07:30:44Z","body":{}}]})");
}

TEST_CASE("ids with quotes and control characters cannot break out of the document") {
  auto envelope = make_envelope();
  envelope.items[0].id = "a\"},{\n\\";
  const auto read = decode_envelope(encode(envelope));
  REQUIRE(read);
  CHECK(read->items[0].id == envelope.items[0].id);
}

TEST_CASE("a malformed batch names the place") {
  CHECK(complaint("{\"schema\":1,").starts_with("line 1, column "));
  CHECK(complaint("[]") == "envelope: expected an object, found array");
  CHECK(complaint(R"({"schema":1,"batch":"b","created":"2026-11-23T07:30:44Z","items":[]})") == "envelope.device: is missing");
  CHECK(complaint(R"({"schema":9,"device":"d","batch":"b","created":"2026-11-23T07:30:44Z","items":[]})") ==
        "envelope.schema: version 9 is not spoken here, expected at most 1");
  CHECK(complaint(R"({"schema":1,"device":"d","batch":"b","created":"yesterday","items":[]})").starts_with("envelope.created: 'yesterday' is not a time"));
  CHECK(complaint(R"({"schema":1,"device":"d","batch":"b","created":"2026-11-23T07:30:44Z","items":[{"id":"i","kind":"gossip","time":"2026-11-23T07:30:44Z","body":{}}]})")
            .starts_with("envelope.items[0].kind: unknown word 'gossip', expected finding, "));
  CHECK(complaint(R"({"schema":1,"device":"d","batch":"b","created":"2026-11-23T07:30:44Z","items":[{"id":"i","kind":"status","time":"2026-11-23T07:30:44Z","body":[]}]})") ==
        "envelope.items[0].body: expected an object, found array");
}

TEST_CASE("more than ten thousand items are refused") {
  auto envelope = make_envelope();
  envelope.items.assign(10'001, envelope.items[0]);
  CHECK(complaint(encode(envelope)) == "envelope.items: has more than 10000 items");
}

TEST_CASE("a delivery reads back as it was written") {
  const Delivery delivery{{"a", "b"}, {{"c", "no such device"}}, {"d"}, 30};
  CHECK(encode(delivery) == R"({"accepted":["a","b"],"keep":["d"],"rejected":[{"id":"c","reason":"no such device"}],"retry_after":30})");
  const auto read = decode_delivery(encode(delivery));
  REQUIRE(read);
  CHECK(read->accepted == delivery.accepted);
  REQUIRE(read->rejected.size() == 1);
  CHECK(read->rejected[0].id == "c");
  CHECK(read->rejected[0].reason == "no such device");
  CHECK(read->keep == delivery.keep);
  CHECK(read->retry_after_s == 30);
}

TEST_CASE("a delivery that does not say what was accepted is malformed, so nothing is taken for delivered") {
  CHECK_FALSE(decode_delivery("{}"));
  CHECK_FALSE(decode_delivery(R"({"accepted":"all"})"));
  CHECK_FALSE(decode_delivery(R"({"accepted":[1]})"));
  CHECK_FALSE(decode_delivery("<html>"));
  const auto minimal = decode_delivery(R"({"accepted":[]})");
  REQUIRE(minimal);
  CHECK_FALSE(minimal->retry_after_s);
}

TEST_CASE("every kind of item has a word that reads back, findings first") {
  for (int i = 0; i <= static_cast<int>(ItemKind::telemetry); ++i) {
    const auto kind = static_cast<ItemKind>(i);
    CHECK(parse_item_kind(to_string(kind)) == kind);
  }
  CHECK(ItemKind::finding < ItemKind::telemetry);
}
