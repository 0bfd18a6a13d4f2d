#include <algorithm>
#include <cmath>

#include "core/codec.hpp"
#include "core/json_reader.hpp"
#include "core/text.hpp"
#include "fleet/ingest/batch.hpp"
#include "platform/compression.hpp"

namespace hale::fleet {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxId = 256;
constexpr std::size_t kMaxSeries = 2000;
constexpr std::size_t kMaxOffsets = 10'000;
constexpr std::uint64_t kMaxStep = 86'400;
constexpr std::int64_t kMaxSpanS = 31 * 86'400;  // the store looks so far back for overlapping items

bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
}

// A cause that this server does not know yet (a newer agent) is kept as a word: a finding is never lost to a version
// difference.
Result<Transition> read_transition(const json& body) {
  JsonReader reader(body, "body");
  Transition transition;
  transition.fingerprint = reader.filled_text("fingerprint", kMaxId);
  transition.rule = reader.filled_text("rule", kMaxId);
  transition.cause = reader.filled_text("cause", 64);
  if (reader.good() && !is_word(transition.cause))
    reader.complain("cause", "expected a word of letters, digits and '_'");
  transition.component = reader.text("component", kMaxId);
  transition.severity = reader.word("severity", Severity::critical);
  transition.state = reader.word("state", FindingState::resolved);
  transition.time = reader.time("time");
  reader.time("first_seen");
  reader.time("last_seen");
  reader.text("summary");
  const double confidence = reader.number("confidence");
  if (confidence < 0 || confidence > 1) reader.complain("confidence", "expected a number from 0 to 1");
  if (!reader.has("evidence")) reader.complain("evidence", "is missing");
  if (!reader.good()) return reader.finish(std::move(transition));
  if (auto evidence = evidence_from_json(body["evidence"]); !evidence)
    return fail(std::move(evidence.error()).with_context("body"));
  return transition;
}

void check_values(JsonReader& series, const char* key, std::size_t count) {
  const json& values = series.array(key, kMaxOffsets);
  if (!series.good()) return;
  const bool numbers = std::all_of(values.begin(), values.end(), [](const json& value) {
    return value.is_number() && std::isfinite(value.get<double>());
  });
  if (!numbers) series.complain(key, "expected numbers");
  if (values.size() != count) series.complain(key, "expected as many values as offsets");
}

// The last offset of a series; checks that all of it is well-formed.
std::int64_t check_offsets(JsonReader& series) {
  const json& offsets = series.array("offsets", kMaxOffsets);
  std::int64_t last = -1;
  for (const json& offset : offsets) {
    if (!offset.is_number_unsigned() || offset.get<std::int64_t>() <= last || offset.get<std::int64_t>() > kMaxSpanS) {
      series.complain("offsets", "expected ascending whole numbers");
      return last;
    }
    last = offset.get<std::int64_t>();
  }
  for (const char* key : {"min", "mean", "max"}) check_values(series, key, offsets.size());
  return last;
}

Result<TelemetryBlob> read_telemetry(const json& body) {
  JsonReader reader(body, "body");
  TelemetryBlob telemetry;
  telemetry.start = reader.time("start");
  const auto step = static_cast<std::int64_t>(reader.integer("step_s", kMaxStep));
  if (step < 1) reader.complain("step_s", "expected 1 to 86400 seconds");
  std::int64_t last = -1;
  for (const json& value : reader.array("series", kMaxSeries)) {
    JsonReader series(value, reader.path_of("series", telemetry.series.size()));
    SeriesName name{series.filled_text("metric", 128), series.optional_text("component", kMaxId),
                    series.optional_text("key", 128)};
    last = std::max(last, check_offsets(series));
    if (auto read = series.finish(std::move(name))) {
      telemetry.series.push_back(std::move(*read));
    } else {
      return fail(std::move(read.error()));
    }
  }
  if ((last + 1) * step > kMaxSpanS) reader.complain("series", "spans more than 31 days");
  telemetry.end = telemetry.start + std::chrono::seconds((last + 1) * step);
  return reader.finish(std::move(telemetry));
}

std::string text_at(const json& object, const char* key, std::size_t max_bytes = 200) {
  const auto at = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && at != object.end() && at->is_string()
             ? sanitize_utf8(at->get_ref<const std::string&>(), max_bytes)
             : std::string();
}

// What lists and search show. The host component carries name, maker and model; an agent may also say `os` and `name`
// under "host".
Result<DeviceFacts> read_facts(const json& body) {
  JsonReader reader(body, "body");
  DeviceFacts facts;
  for (const json& value : reader.array("components", 5000)) {
    auto component = component_from_json(value);
    if (!component) return fail(std::move(component.error()).with_context("body.components"));
    if (component->type != ComponentType::host) continue;
    facts.name = component->name;
    facts.vendor = component->vendor;
    facts.model = component->model;
  }
  const json& context = reader.optional_object("context", 100);
  const json& host = reader.optional_object("host", 100);
  const json& agent = reader.optional_object("agent", 100);
  reader.optional_array("storage", 1000);  // earlier agents sent it, always empty
  if (const auto name = text_at(host, "name"); !name.empty()) facts.name = name;
  facts.os = text_at(host, "os");
  if (facts.os.empty()) facts.os = text_at(agent, "os");
  if (facts.os.empty()) facts.os = text_at(context, "os_build");
  if (facts.os.empty()) facts.os = text_at(context, "os.build");
  facts.chassis = text_at(context, "host_chassis", 32);
  if (facts.chassis.empty()) facts.chassis = text_at(context, "host.chassis", 32);
  facts.agent_version = text_at(agent, "version", 64);
  return reader.finish(std::move(facts));
}

template <class Read, class Field>
Result<> read_into(const json& body, Read read, Field& field) {
  auto value = read(body);
  if (!value) return fail(std::move(value.error()));
  field = std::move(*value);
  return {};
}

Result<> check_outcome(const json& body) {
  if (auto outcome = outcome_from_json(body); !outcome) return fail(std::move(outcome.error()));
  return {};
}

Result<> check_notification(const json& body) {
  if (auto notification = notification_from_json(body); !notification) return fail(std::move(notification.error()));
  return {};
}

Result<> check_event(const json& body) {
  if (auto event = event_from_json(body); !event) return fail(std::move(event.error()));
  return {};
}

Result<> check_feedback(const json& body) {
  JsonReader reader(body, "body");
  reader.text("fingerprint", kMaxId);
  reader.text("rule", kMaxId);
  reader.word("answer", Answer::dismissed);
  reader.time("time");
  return reader.finish(0).map([](int) {});
}

Result<> read_body(const json& body, DecodedItem& item) {
  switch (item.kind) {
    case ItemKind::finding:
      return read_into(body, read_transition, item.transition);
    case ItemKind::telemetry:
      return read_into(body, read_telemetry, item.telemetry);
    case ItemKind::inventory:
      return read_into(body, read_facts, item.facts);
    case ItemKind::outcome:
      return check_outcome(body);
    case ItemKind::notification:
      return check_notification(body);
    case ItemKind::event:
      return check_event(body);
    case ItemKind::feedback:
      return check_feedback(body);
    case ItemKind::report:
    case ItemKind::status:
      return {};
  }
  return {};
}

Result<DecodedItem> read_item(const json& value, std::string path) {
  JsonReader reader(value, std::move(path));
  DecodedItem item;
  item.id = reader.filled_text("id", kMaxId);
  item.kind = reader.word("kind", ItemKind::telemetry);
  item.time = reader.time("time");
  const json& body = reader.object("body", 10'000);
  if (!reader.good()) return reader.finish(std::move(item));
  if (auto read = read_body(body, item); !read) return fail(std::move(read.error()));
  item.body = dump_json(body);
  return item;
}

std::string id_of(const json& value) { return text_at(value, "id", kMaxId); }

Result<> check_schema(JsonReader& reader) {
  const auto schema = static_cast<int>(reader.integer("schema", 1'000'000));
  if (!reader.good()) return reader.finish(0).map([](int) {});
  // This version and the two before it; version 1 is the first there is.
  if (schema >= std::max(1, kWireSchema - 2) && schema <= kWireSchema) return {};
  return fail(Errc::unsupported, "wire version " + std::to_string(schema) + " is not spoken here, expected " +
                                     std::to_string(std::max(1, kWireSchema - 2)) + " to " +
                                     std::to_string(kWireSchema) + "; update " +
                                     (schema > kWireSchema ? "the fleet server" : "the agent"));
}

}  // namespace

Result<std::string> decompress_body(std::string_view encoding, std::string body) {
  const auto bounded = [](Result<std::string> text) -> Result<std::string> {
    if (!text) return fail(std::move(text.error()).with_context("decoding the body"));
    return text;
  };
  if (encoding.empty() || encoding == "identity") return body;
  if (encoding == "zstd") return bounded(zstd_decompress(body, kMaxDecoded));
  if (encoding == "gzip") return bounded(gzip_decompress(body, kMaxDecoded));
  return fail(Errc::unsupported,
              "Content-Encoding '" + sanitize_utf8(encoding, 40) + "' is not spoken here; use zstd, gzip or identity");
}

Result<DecodedBatch> decode_batch(std::string_view text) {
  const auto document = parse_json(text, kMaxDecoded);
  if (!document) return fail(document.error());
  JsonReader reader(*document, "batch");
  if (auto known = check_schema(reader); !known) return fail(std::move(known.error()));
  DecodedBatch batch;
  batch.device = reader.filled_text("device", 64);
  batch.batch = reader.filled_text("batch", 64);
  reader.time("created");
  if (reader.has("after")) batch.after = reader.optional_text("after", 64);
  std::size_t index = 0;
  for (const json& value : reader.array("items", kMaxItems)) {
    auto item = read_item(value, reader.path_of("items", index++));
    if (item) {
      batch.items.push_back(std::move(*item));
    } else {
      batch.rejected.push_back({id_of(value), sanitize_utf8(item.error().message, 500)});
    }
  }
  return reader.finish(std::move(batch));
}

}  // namespace hale::fleet
