#include "fleet/api/arguments.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/codec.hpp"
#include "fleet/api/problems.hpp"

namespace hale::fleet {

using nlohmann::json;

Result<> only_parameters(const Call& call, std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : call.parameters) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const auto near = nearest(name, std::vector<std::string_view>(known));
    return fail(Errc::invalid_input, "unknown parameter '" + sanitize_utf8(name, 40) + "'" +
                                         (near.empty() ? "" : "; did you mean '" + std::string(near) + "'?"));
  }
  return {};
}

Result<std::int64_t> read_number(const Call& call, std::string_view name, std::int64_t otherwise, std::int64_t least,
                                 std::int64_t most) {
  const std::string_view text = call.parameter(name);
  if (text.empty()) return otherwise;
  const auto number = parse_int(text);
  if (number && *number >= least && *number <= most) return *number;
  return fail(Errc::invalid_input, std::string(name) + ": expected a whole number from " + std::to_string(least) +
                                       " to " + std::to_string(most));
}

Result<Paging> read_paging(const Call& call) {
  const auto limit = read_number(call, "limit", 50, 1, 500);
  if (!limit) return fail(limit.error());
  const auto page = read_number(call, "page", 1, 1, 100'000);
  if (!page) return fail(page.error());
  return Paging{*limit, *page};
}

Result<std::optional<bool>> read_flag(const Call& call, std::string_view name) {
  const std::string_view text = call.parameter(name);
  if (text.empty()) return std::nullopt;
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  return fail(Errc::invalid_input, std::string(name) + ": expected true or false");
}

Result<std::optional<Timestamp>> read_time(const Call& call, std::string_view name) {
  const std::string_view text = call.parameter(name);
  if (text.empty()) return std::nullopt;
  const auto time = parse_rfc3339(text);
  if (!time) return fail(Errc::invalid_input, std::string(name) + ": expected a time such as 2026-11-23T07:30:00Z");
  return *time;
}

tl::expected<json, Response> read_object(Call& call, std::initializer_list<std::string_view> known) {
  auto text = json_body(call.request);
  if (!text) return tl::unexpected(std::move(text.error()));
  auto document = parse_json(*text, 64u << 10, 8);
  if (!document) return tl::unexpected(problem(422, "Malformed", document.error().message));
  if (!document->is_object()) return tl::unexpected(problem(422, "Malformed", "The body must be a JSON object."));
  for (const auto& [name, value] : document->items()) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const auto near = nearest(name, std::vector<std::string_view>(known));
    const std::string hint = near.empty() ? "" : "; did you mean '" + std::string(near) + "'?";
    return tl::unexpected(problem(422, "Malformed", "unknown member '" + sanitize_utf8(name, 40) + "'" + hint));
  }
  return std::move(*document);
}

tl::expected<Device, Response> device_of(Call& call) {
  auto device = call.store.find_device(call.path.front());
  if (!device) return tl::unexpected(problem_of(device.error()));
  if (!*device)
    return tl::unexpected(
        problem(404, "Not found", "There is no device " + sanitize_utf8(call.path.front(), 40) + "."));
  return std::move(**device);
}

Response json_answer(const json& body, int status) {
  Response response;
  response.status = status;
  response.body = dump_json(body);
  return response;
}

Result<> change(Call& call, std::string_view action, std::string_view target, std::string_view detail,
                const Writer::Work& work) {
  AuditEntry entry{call.now, call.session ? call.session->user : std::string(), std::string(action),
                   sanitize_utf8(target, 200), sanitize_utf8(detail, 500)};
  return call.context.writer.run([&](Store& store) -> Result<> {
    if (auto done = work(store); !done) return done;
    return store.audit(entry);
  });
}

}  // namespace hale::fleet
