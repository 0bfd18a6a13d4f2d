#include <nlohmann/json.hpp>

#include "fleet/api/arguments.hpp"
#include "fleet/api/problems.hpp"
#include "fleet/api/routes.hpp"
#include "fleet/api/views.hpp"

namespace hale::fleet::routes {
namespace {

using nlohmann::json;

Result<FindingQuery> read_query(const Call& call) {
  FindingQuery query;
  if (const auto text = call.parameter("state"); !text.empty()) {
    query.state = parse_finding_state(text);
    if (!query.state) return fail(Errc::invalid_input, "state: expected active or resolved");
  }
  auto severity = read_words<Severity>(call, "severity", parse_severity);
  if (!severity) return fail(severity.error());
  query.severity = std::move(*severity);
  query.cause = call.parameter("cause").substr(0, 64);
  query.rule = call.parameter("rule").substr(0, 256);
  const auto transitions = read_flag(call, "transitions");
  if (!transitions) return fail(transitions.error());
  query.transitions = transitions->value_or(false);
  const auto paging = read_paging(call);
  if (!paging) return fail(paging.error());
  query.limit = paging->limit;
  query.offset = paging->offset();
  return query;
}

Response answer(Call& call, const FindingQuery& query) {
  const auto page = call.store.list_findings(query);
  if (!page) return problem_of(page.error());
  json findings = json::array();
  for (const auto& transition : page->rows) findings.push_back(view_of(transition));
  return json_answer({{"findings", std::move(findings)},
                      {"total", page->total},
                      {"page", query.offset / query.limit + 1},
                      {"limit", query.limit}});
}

}  // namespace

Response list_device_findings(Call& call) {
  if (auto known = only_parameters(call, {"state", "transitions", "limit", "page"}); !known)
    return problem_of(known.error());
  auto device = device_of(call);
  if (!device) return std::move(device.error());
  auto query = read_query(call);
  if (!query) return problem_of(query.error());
  query->device = device->number;
  return answer(call, *query);
}

Response list_findings(Call& call) {
  if (auto known =
          only_parameters(call, {"state", "severity", "cause", "rule", "device", "transitions", "limit", "page"});
      !known)
    return problem_of(known.error());
  auto query = read_query(call);
  if (!query) return problem_of(query.error());
  if (const auto id = call.parameter("device"); !id.empty()) {
    auto device = call.store.find_device(id);
    if (!device) return problem_of(device.error());
    query->device = *device ? (*device)->number : -1;  // of an unknown device there are none
  }
  return answer(call, *query);
}

}  // namespace hale::fleet::routes
