#include "core/codec.hpp"

#include <limits>

#include "core/json_reader.hpp"

namespace hale {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxId = 256;
constexpr std::size_t kMaxFields = 32;

void put_filled(json& object, const char* key, const std::string& text) {
  if (!text.empty()) object[key] = text;
}

}  // namespace

std::string_view to_string(EventSeverity severity) {
  switch (severity) {
    case EventSeverity::info: return "info";
    case EventSeverity::warning: return "warning";
    case EventSeverity::error: return "error";
    case EventSeverity::critical: return "critical";
  }
  return {};
}

json to_json(const Component& component) {
  json object{{"id", component.id}, {"type", to_string(component.type)}};
  put_filled(object, "parent", component.parent);
  put_filled(object, "name", component.name);
  put_filled(object, "vendor", component.vendor);
  put_filled(object, "model", component.model);
  put_filled(object, "firmware", component.firmware);
  put_filled(object, "serial_hash", component.serial_hash);
  return object;
}

Result<Component> component_from_json(const json& value) {
  JsonReader reader(value, "component");
  Component component;
  component.id = reader.filled_text("id", kMaxId);
  component.type = reader.word("type", ComponentType::other);
  component.parent = reader.optional_text("parent", kMaxId);
  component.name = reader.optional_text("name", kMaxId);
  component.vendor = reader.optional_text("vendor", kMaxId);
  component.model = reader.optional_text("model", kMaxId);
  component.firmware = reader.optional_text("firmware", kMaxId);
  component.serial_hash = reader.optional_text("serial_hash", kMaxId);
  return reader.finish(std::move(component));
}

json to_json(const Reading& reading) {
  const auto& metric = info(reading.metric);
  json object{{"metric", metric.name}, {"unit", metric.unit}, {"value", reading.value}, {"time", to_rfc3339(reading.time)}};
  put_filled(object, "component", reading.component);
  put_filled(object, "key", reading.key);
  return object;
}

json to_json(const Event& event) {
  json object{{"component", event.component},
              {"source", event.source},
              {"code", event.code},
              {"severity", to_string(event.severity)},
              {"time", to_rfc3339(event.time)},
              {"count", event.count}};
  if (!event.fields.empty()) object["fields"] = event.fields;
  return object;
}

Result<Event> event_from_json(const json& value) {
  JsonReader reader(value, "event");
  Event event;
  event.component = reader.text("component", kMaxId);
  event.source = reader.filled_text("source", kMaxId);
  event.code = reader.filled_text("code", kMaxId);
  event.severity = reader.word("severity", EventSeverity::critical);
  event.time = reader.time("time");
  event.count = static_cast<std::uint32_t>(reader.integer("count", std::numeric_limits<std::uint32_t>::max()));
  JsonReader fields(reader.optional_object("fields", kMaxFields), reader.path_of("fields"));
  for (const auto& [name, field] : reader.optional_object("fields", kMaxFields).items()) {
    event.fields[name] = fields.text(name.c_str(), 1024);
  }
  if (reader.good() && !fields.good()) return fields.finish(std::move(event));
  return reader.finish(std::move(event));
}

json to_json(const Context& context) {
  json object = json::object();
  put_filled(object, "boot_id", context.boot_id);
  put_filled(object, "os.build", context.os_build);
  put_filled(object, "bios.version", context.bios_version);
  put_filled(object, "platform.profile", context.platform_profile);
  put_filled(object, "host.chassis", context.host_chassis);
  if (context.utc_offset) object["host.utc_offset"] = *context.utc_offset;
  return object;
}

Result<Context> context_from_json(const json& value) {
  JsonReader reader(value, "context");
  Context context;
  context.boot_id = reader.optional_text("boot_id", kMaxId);
  context.os_build = reader.optional_text("os.build", kMaxId);
  context.bios_version = reader.optional_text("bios.version", kMaxId);
  context.platform_profile = reader.optional_text("platform.profile", kMaxId);
  context.host_chassis = reader.optional_text("host.chassis", kMaxId);
  context.utc_offset = reader.optional_number("host.utc_offset");
  if (context.utc_offset && (*context.utc_offset < -14 || *context.utc_offset > 14)) {
    reader.complain("host.utc_offset", "expected hours from -14 to 14");
  }
  return reader.finish(std::move(context));
}

}  // namespace hale
