#include "core/envelope.hpp"

#include <limits>

#include "core/codec.hpp"
#include "core/json_reader.hpp"

namespace hale {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxItems = 10'000;
constexpr std::size_t kMaxId = 256;

std::string json_string(std::string_view text) { return dump_json(json(text)); }

std::vector<std::string> read_ids(JsonReader& reader, const char* key) {
  std::vector<std::string> ids;
  for (const json& value : reader.optional_array(key, kMaxItems)) {
    if (!value.is_string() || value.get_ref<const std::string&>().size() > kMaxId) {
      reader.complain(Error{Errc::invalid_input, reader.path_of(key, ids.size()) + ": expected an item's id"});
      break;
    }
    ids.push_back(value.get<std::string>());
  }
  return ids;
}

Result<Item> read_item(const json& value, std::string path) {
  JsonReader reader(value, std::move(path));
  Item item;
  item.id = reader.filled_text("id", kMaxId);
  item.kind = reader.word("kind", ItemKind::telemetry);
  item.time = reader.time("time");
  const json& body = reader.object("body", 10'000);
  if (reader.good()) item.body = dump_json(body);
  return reader.finish(std::move(item));
}

}  // namespace

std::string_view to_string(ItemKind kind) {
  switch (kind) {
    case ItemKind::finding:
      return "finding";
    case ItemKind::notification:
      return "notification";
    case ItemKind::feedback:
      return "feedback";
    case ItemKind::outcome:
      return "outcome";
    case ItemKind::report:
      return "report";
    case ItemKind::inventory:
      return "inventory";
    case ItemKind::event:
      return "event";
    case ItemKind::status:
      return "status";
    case ItemKind::telemetry:
      return "telemetry";
  }
  return {};
}

std::optional<ItemKind> parse_item_kind(std::string_view text) { return find_word(text, ItemKind::telemetry); }

std::string encode(const Envelope& envelope) {
  std::string text = "{\"schema\":" + std::to_string(envelope.schema) + ",\"device\":" + json_string(envelope.device) +
                     ",\"batch\":" + json_string(envelope.batch) + ",\"created\":\"" + to_rfc3339(envelope.created) +
                     "\"";
  if (envelope.after) text += ",\"after\":" + json_string(*envelope.after);
  text += ",\"items\":[";
  const char* separator = "";
  for (const Item& item : envelope.items) {
    text += separator;
    separator = ",";
    text += "{\"id\":" + json_string(item.id) + ",\"kind\":\"";
    text += to_string(item.kind);
    text += "\",\"time\":\"" + to_rfc3339(item.time) + "\",\"body\":";
    text += item.body;
    text += '}';
  }
  return text + "]}";
}

Result<Envelope> decode_envelope(std::string_view text) {
  const auto document = parse_json(text);
  if (!document) return fail(document.error());
  JsonReader reader(*document, "envelope");
  Envelope envelope;
  envelope.schema = static_cast<int>(reader.integer("schema", std::numeric_limits<int>::max()));
  const bool known = envelope.schema >= 1 && envelope.schema <= kWireSchema && envelope.schema >= kWireSchema - 2;
  if (!known)
    reader.complain("schema", "version " + std::to_string(envelope.schema) + " is not spoken here, expected at most " +
                                  std::to_string(kWireSchema));
  envelope.device = reader.filled_text("device", 64);
  envelope.batch = reader.filled_text("batch", 64);
  envelope.created = reader.time("created");
  if (reader.has("after")) envelope.after = reader.optional_text("after", 64);
  for (const json& value : reader.array("items", kMaxItems)) {
    auto item = read_item(value, reader.path_of("items", envelope.items.size()));
    if (!item) {
      reader.complain(std::move(item.error()));
      break;
    }
    envelope.items.push_back(std::move(*item));
  }
  return reader.finish(std::move(envelope));
}

std::string encode(const Delivery& delivery) {
  json object{{"accepted", delivery.accepted}, {"rejected", json::array()}, {"keep", delivery.keep}};
  for (const auto& [id, reason] : delivery.rejected) object["rejected"].push_back({{"id", id}, {"reason", reason}});
  if (delivery.retry_after_s) object["retry_after"] = *delivery.retry_after_s;
  return dump_json(object);
}

Result<Delivery> decode_delivery(std::string_view text) {
  const auto document = parse_json(text);
  if (!document) return fail(document.error());
  JsonReader reader(*document, "delivery");
  Delivery delivery;
  if (!reader.has("accepted")) reader.complain("accepted", "is missing");
  delivery.accepted = read_ids(reader, "accepted");
  delivery.keep = read_ids(reader, "keep");
  for (const json& value : reader.optional_array("rejected", kMaxItems)) {
    JsonReader row(value, reader.path_of("rejected", delivery.rejected.size()));
    auto rejected = row.finish(RejectedItem{row.text("id", kMaxId), row.optional_text("reason")});
    if (!rejected) return fail(std::move(rejected.error()));
    delivery.rejected.push_back(std::move(*rejected));
  }
  if (const auto seconds = reader.optional_integer("retry_after", std::numeric_limits<std::uint32_t>::max())) {
    delivery.retry_after_s = static_cast<std::uint32_t>(*seconds);
  }
  return reader.finish(std::move(delivery));
}

}  // namespace hale
