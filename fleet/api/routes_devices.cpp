#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/codec.hpp"
#include "core/json_reader.hpp"
#include "core/metric.hpp"
#include "fleet/api/arguments.hpp"
#include "fleet/api/downsample.hpp"
#include "fleet/api/problems.hpp"
#include "fleet/api/routes.hpp"
#include "fleet/api/views.hpp"
#include "fleet/service/log.hpp"

namespace hale::fleet::routes {
namespace {

using nlohmann::json;

constexpr std::int64_t kSilentAfter = 3 * 86'400;  // s: a weekend
constexpr std::size_t kMaxTelemetryItems = 50'000;

Result<Timestamp> silent_before(const Call& call) {
  const auto seconds = read_number(call, "silent_after_s", kSilentAfter, 60, 31'536'000);
  if (!seconds) return fail(seconds.error());
  return call.now - std::chrono::seconds(*seconds);
}

// Worst and newest first; words from A.
bool descending_by_default(SortBy sort) {
  switch (sort) {
    case SortBy::health:
    case SortBy::last_seen:
    case SortBy::enrolled:
      return true;
    case SortBy::name:
    case SortBy::model:
    case SortBy::os:
    case SortBy::agent:
      return false;
  }
  return false;
}

Result<> read_order(const Call& call, DeviceQuery& query) {
  if (const auto text = call.parameter("sort"); !text.empty()) {
    const auto sort = parse_sort(text);
    if (!sort) return fail(Errc::invalid_input, "sort: expected health, last_seen, name, model, os, agent or enrolled");
    query.sort = *sort;
  }
  query.descending = descending_by_default(query.sort);
  const auto order = call.parameter("order");
  if (!order.empty() && order != "asc" && order != "desc")
    return fail(Errc::invalid_input, "order: expected asc or desc");
  if (!order.empty()) query.descending = order == "desc";
  return {};
}

Result<DeviceQuery> read_query(const Call& call) {
  if (auto known = only_parameters(
          call, {"search", "health", "status", "silent", "silent_after_s", "sort", "order", "limit", "page"});
      !known) {
    return fail(known.error());
  }
  DeviceQuery query;
  query.search = call.parameter("search").substr(0, 100);
  auto health = read_words<Health>(call, "health", parse_health);
  if (!health) return fail(health.error());
  query.health = std::move(*health);
  auto status = read_words<DeviceStatus>(call, "status", parse_device_status);
  if (!status) return fail(status.error());
  query.status = std::move(*status);
  const auto silent = read_flag(call, "silent");
  if (!silent) return fail(silent.error());
  query.silent = *silent;
  const auto before = silent_before(call);
  if (!before) return fail(before.error());
  query.silent_before = *before;
  if (auto order = read_order(call, query); !order) return fail(order.error());
  const auto paging = read_paging(call);
  if (!paging) return fail(paging.error());
  query.limit = paging->limit;
  query.offset = paging->offset();
  return query;
}

json stored(const std::optional<Document>& document) {
  if (!document) return json::object();
  auto parsed = parse_json(document->body);
  return parsed && parsed->is_object() ? std::move(*parsed) : json::object();
}

json take(json& object, const char* key, json otherwise) {
  const auto at = object.find(key);
  if (at == object.end()) return otherwise;
  json value = std::move(*at);
  object.erase(at);
  return value;
}

Result<json> detail_view(Store& store, const Device& device) {
  json view = view_of(device);
  const auto inventory = store.document(device.number, DocumentKind::inventory);
  if (!inventory) return fail(inventory.error());
  json body = stored(*inventory);
  view["components"] = take(body, "components", json::array());
  view["context"] = take(body, "context", json::object());
  view["inventory"] = std::move(body);
  if (*inventory) view["inventory_time"] = to_rfc3339((*inventory)->time);
  const auto status = store.document(device.number, DocumentKind::status);
  if (!status) return fail(status.error());
  view["agent_status"] = stored(*status);
  if (*status) view["agent_status_time"] = to_rfc3339((*status)->time);
  if (!device.clone_of.empty()) view["clone_of"] = device.clone_of;
  const auto copies = store.copies_of(device.id, 100);
  if (!copies) return fail(copies.error());
  for (const auto& copy : *copies) {
    view["copies"].push_back({{"id", copy.id},
                              {"name", copy.name},
                              {"status", to_string(copy.status)},
                              {"enrolled", to_rfc3339(copy.enrolled)}});
  }
  const auto certificates = store.certificates(device.number);
  if (!certificates) return fail(certificates.error());
  view["certificates"] = json::array();
  for (const auto& certificate : *certificates) view["certificates"].push_back(view_of(certificate));
  return view;
}

Response detail_answer(Call& call, const Device& device) {
  auto view = detail_view(call.store, device);
  return view ? json_answer(*view) : problem_of(view.error());
}

struct Span {
  Timestamp from, to;
};

Result<Span> read_span(const Call& call, Store& store, const Device& device, const SeriesName& name) {
  const auto from = read_time(call, "from");
  if (!from) return fail(from.error());
  const auto to = read_time(call, "to");
  if (!to) return fail(to.error());
  Span span{};
  if (*to) {
    span.to = **to;
  } else {
    auto all = store.series(device.number);
    if (!all) return fail(all.error());
    span.to = *from ? call.now : device.telemetry_to.value_or(call.now);
    for (const auto& series : *all) {
      if (series.name == name) span.to = series.to;
    }
  }
  span.from = *from ? **from : span.to - std::chrono::hours(24);
  if (span.from >= span.to) return fail(Errc::invalid_input, "from: must be before `to` (" + to_rfc3339(span.to) + ")");
  return span;
}

/// Everything that descends from the first by copying its disk. Inside the writer's transaction, so that no copy slips
/// in between.
Result<> add_copies(Store& store, std::vector<Device>& family) {
  constexpr std::int64_t kMaxFamily = 10'000;
  for (std::size_t i = 0; i < family.size() && std::ssize(family) < kMaxFamily; ++i) {
    auto copies = store.copies_of(family[i].id, kMaxFamily);
    if (!copies) return fail(copies.error());
    for (auto& copy : *copies) {
      const auto same = [&](const Device& one) { return one.number == copy.number; };
      if (std::none_of(family.begin(), family.end(), same)) family.push_back(std::move(copy));
    }
  }
  return {};
}

Result<> revoke_one(Store& store, const Device& device, const std::string& reason, Timestamp now) {
  if (device.status == DeviceStatus::revoked) return {};
  if (auto done = store.revoke_certificates(device.number, now, reason); !done) return done;
  if (auto done = store.set_status(device.number, DeviceStatus::revoked); !done) return done;
  auto noted = store.add_activity({device.number, "device:" + crypto::random_uuid(), "device", now,
                                   dump_json({{"change", "revoked"}, {"detail", reason}})});
  return noted ? Result<>() : Result<>(fail(noted.error()));
}

std::string_view unit_of(std::string_view metric) {
  const auto known = find_metric(metric);
  return known ? info(*known).unit : std::string_view();
}

json telemetry_view(const SeriesName& name, const Span& span, const Steps& steps) {
  json view = {{"metric", name.metric},        {"component", name.component},   {"key", name.key},
               {"unit", unit_of(name.metric)}, {"from", to_rfc3339(span.from)}, {"to", to_rfc3339(span.to)},
               {"step_s", steps.step_s}};
  for (const char* column : {"time", "min", "mean", "max"}) view[column] = json::array();
  for (const Point& point : steps.points) {
    view["time"].push_back(point.time);
    view["min"].push_back(point.min);
    view["mean"].push_back(point.mean);
    view["max"].push_back(point.max);
  }
  return view;
}

const std::vector<std::string_view>& timeline_kinds() {
  static const std::vector<std::string_view> kinds{"finding", "notification", "feedback", "outcome",
                                                   "event",   "report",       "device"};
  return kinds;
}

std::optional<std::string> parse_kind(std::string_view text) {
  for (const auto kind : timeline_kinds()) {
    if (kind == text) return std::string(kind);
  }
  return std::nullopt;
}

}  // namespace

Response summary(Call& call) {
  if (auto known = only_parameters(call, {"silent_after_s"}); !known) return problem_of(known.error());
  const auto before = silent_before(call);
  if (!before) return problem_of(before.error());
  const auto counts = call.store.counts(*before);
  return counts ? json_answer(view_of(*counts, call.now)) : problem_of(counts.error());
}

Response list_devices(Call& call) {
  const auto query = read_query(call);
  if (!query) return problem_of(query.error());
  const auto page = call.store.list_devices(*query);
  if (!page) return problem_of(page.error());
  json devices = json::array();
  for (const auto& device : page->rows) devices.push_back(view_of(device));
  return json_answer({{"devices", std::move(devices)},
                      {"total", page->total},
                      {"page", query->offset / query->limit + 1},
                      {"limit", query->limit}});
}

Response get_device(Call& call) {
  auto device = device_of(call);
  return device ? detail_answer(call, *device) : std::move(device.error());
}

Response list_series(Call& call) {
  auto device = device_of(call);
  if (!device) return std::move(device.error());
  const auto all = call.store.series(device->number);
  if (!all) return problem_of(all.error());
  json series = json::array();
  for (const auto& [name, from, to] : *all) {
    series.push_back({{"metric", name.metric},
                      {"component", name.component},
                      {"key", name.key},
                      {"unit", unit_of(name.metric)},
                      {"from", to_rfc3339(from)},
                      {"to", to_rfc3339(to)}});
  }
  return json_answer({{"series", std::move(series)}});
}

Response get_telemetry(Call& call) {
  if (auto known = only_parameters(call, {"metric", "component", "key", "from", "to"}); !known)
    return problem_of(known.error());
  auto device = device_of(call);
  if (!device) return std::move(device.error());
  const SeriesName name{std::string(call.parameter("metric")), std::string(call.parameter("component")),
                        std::string(call.parameter("key"))};
  if (name.metric.empty())
    return problem(422, "Malformed", "metric: is missing; /api/v1/devices/{id}/series lists what there is.");
  const auto span = read_span(call, call.store, *device, name);
  if (!span) return problem_of(span.error());
  std::vector<Point> points;
  std::int64_t step = 0;
  Result<> collected;
  const auto read =
      call.store.telemetry(device->number, span->from, span->to, kMaxTelemetryItems, [&](std::string_view body) {
        if (collected) collected = collect_points(body, name, span->from, span->to, points, step);
      });
  if (!read) return problem_of(read.error());
  if (!collected) return problem_of(collected.error());
  return json_answer(telemetry_view(name, *span, downsample(std::move(points), step, span->from, span->to)));
}

Response get_timeline(Call& call) {
  if (auto known = only_parameters(call, {"kinds", "limit", "page"}); !known) return problem_of(known.error());
  auto device = device_of(call);
  if (!device) return std::move(device.error());
  auto kinds = read_words<std::string>(call, "kinds", parse_kind);
  if (!kinds) return problem_of(kinds.error());
  const auto paging = read_paging(call);
  if (!paging) return problem_of(paging.error());
  const auto page = call.store.timeline({device->number, std::move(*kinds), paging->limit, paging->offset()});
  if (!page) return problem_of(page.error());
  json entries = json::array();
  for (const auto& entry : page->rows) entries.push_back(view_of(entry, *device));
  return json_answer(
      {{"entries", std::move(entries)}, {"total", page->total}, {"page", paging->page}, {"limit", paging->limit}});
}

Response revoke_device(Call& call) {
  auto device = device_of(call);
  if (!device) return std::move(device.error());
  auto body = read_object(call, {"reason", "copies"});
  if (!body) return std::move(body.error());
  JsonReader reader(*body, "revoke");
  const std::string reason = reader.filled_text("reason", 500);
  const bool copies = reader.boolean("copies", false);
  if (auto read = reader.finish(0); !read) return problem_of(read.error());
  std::vector<Device> family;
  const std::string detail = copies ? reason + " (with its copies)" : reason;
  auto revoked = change(call, "device.revoke", device->id, detail, [&](Store& store) -> Result<> {
    family.assign(1, *device);
    if (copies) {
      if (auto found = add_copies(store, family); !found) return found;
    }
    for (const auto& one : family) {
      if (auto done = revoke_one(store, one, reason, call.now); !done) return done;
    }
    return {};
  });
  if (!revoked) return problem_of(revoked.error());
  for (const auto& one : family) {
    log::info("device revoked", {{"device", one.id}, {"by", call.session->user}});
    call.context.live.publish("device_changed", one.id,
                              dump_json({{"device", one.id}, {"time", to_rfc3339(call.now)}, {"change", "revoked"}}));
  }
  auto fresh = device_of(call);
  return fresh ? detail_answer(call, *fresh) : std::move(fresh.error());
}

}  // namespace hale::fleet::routes
