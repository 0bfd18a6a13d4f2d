#include "fleet/api/console_api.hpp"

#include <algorithm>

#include "fleet/api/assets.hpp"
#include "fleet/api/problems.hpp"
#include "fleet/service/log.hpp"

namespace hale::fleet {
namespace {

constexpr std::size_t kWorkers = 4;
constexpr std::size_t kMaxWaiting = 256;
constexpr std::chrono::minutes kTouchEvery{1};

Response status_answer(std::string_view status) {
  Response response;
  response.body = "{\"status\":\"" + std::string(status) + "\"}\n";
  return response;
}

bool has_header(const Response& response, std::string_view name) {
  return std::any_of(response.headers.begin(), response.headers.end(), [&](const auto& header) { return header.first == name; });
}

}  // namespace

void add_security_headers(Response& response) {
  static constexpr std::pair<std::string_view, std::string_view> kHeaders[] = {
      {"Content-Security-Policy",
       "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; "
       "form-action 'self'; frame-ancestors 'none'"},
      {"X-Content-Type-Options", "nosniff"},
      {"X-Frame-Options", "DENY"},
      {"Referrer-Policy", "no-referrer"},
      {"Cross-Origin-Opener-Policy", "same-origin"},
      {"Cross-Origin-Resource-Policy", "same-origin"},
      {"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
  };
  for (const auto& [name, value] : kHeaders) response.headers.emplace_back(name, value);
  if (!response.stream && !has_header(response, "Cache-Control")) response.headers.emplace_back("Cache-Control", "no-store");
}

std::string_view csrf_refusal(const Request& request, const std::vector<std::string>& own_names) {
  if (request.method == Method::get || request.method == Method::head) return {};
  // A form or a plain cross-site request cannot set this header without a preflight, which no route answers.
  if (request.header("x-hale-request").empty()) return "Send the header X-Hale-Request: 1 with every request that changes something.";
  if (const auto site = request.header("sec-fetch-site"); !site.empty() && site != "same-origin" && site != "none") {
    return "The request comes from another site.";
  }
  const auto origin = request.header("origin");
  const std::string host(request.header("host"));
  if (origin.empty() || origin == "https://" + host) return {};
  const auto colon = host.rfind(':');
  const std::string port = colon == std::string::npos || host.back() == ']' ? "" : host.substr(colon);
  for (const auto& name : own_names) {
    if (origin == "https://" + (name.find(':') == std::string::npos ? name : "[" + name + "]") + port) return {};
  }
  return "The request's Origin is not this server.";
}

ConsoleApi::ConsoleApi(Context& context, Status status)
    : context_(context), status_(std::move(status)), workers_(kWorkers, kMaxWaiting) {}

void ConsoleApi::handle(Request request, Respond respond) {
  const auto give = [&respond](Response response) {
    add_security_headers(response);
    respond(std::move(response));
  };
  const bool reading = request.method == Method::get || request.method == Method::head;
  if (reading && request.path == "/healthz") return give(status_answer("ok"));
  if (reading && request.path == "/metrics") {
    Response response;
    response.body = status_.metrics();
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    return give(std::move(response));
  }
  if (reading && request.path == "/api/openapi.yaml") return give(openapi_document());
  const bool api = request.path.starts_with("/api/") || request.path == "/readyz";
  if (!api) return give(reading ? console_page(request) : problem(405, "Method not allowed", "Pages are read with GET."));
  auto held = std::make_shared<Request>(std::move(request));
  const bool queued = workers_.submit([this, held, respond] {
    Response response = answer_api(*held);
    add_security_headers(response);
    respond(std::move(response));
  });
  if (!queued) give(busy(503, "The server has too many requests waiting; try again in a moment.", std::chrono::seconds(5)));
}

Response ConsoleApi::answer_api(Request& request) {
  if (request.path == "/readyz") {
    auto store = context_.readers.mine();
    const bool readable = store && (*store)->setting("organization").has_value();
    if (readable && status_.ready()) return status_answer("ready");
    return problem(503, "Not ready", readable ? "The server cannot write its database or is shutting down." : "The database cannot be read.");
  }
  const Match match = find_route(console_routes(), request.method, request.path);
  if (match.route != nullptr) return dispatch(request, match);
  if (match.allow.empty()) return problem(404, "Not found", "There is no such route; /api/openapi.yaml lists them.");
  Response response = problem(405, "Method not allowed", "This route has " + match.allow + ".");
  response.headers.emplace_back("Allow", match.allow);
  return response;
}

std::optional<Response> ConsoleApi::find_session(Call& call, Permission permission) {
  if (permission == Permission::open) return std::nullopt;
  const auto secret = call.request.cookie(kSessionCookie);
  if (secret.empty()) return problem(401, "Not logged in", "Log in first: POST /api/v1/session.");
  auto session = call.store.session(session_hash(secret));
  if (!session) return problem_of(session.error());
  if (!*session || session_over(**session, call.now)) return problem(401, "Not logged in", "The session is over; log in again.");
  call.session = std::move(**session);
  if (!may(call.session->role, permission)) {
    return problem(403, "Forbidden", "The role " + std::string(to_string(call.session->role)) + " may not do this (it needs " + std::string(to_string(permission)) + ").");
  }
  if (call.now - call.session->last_used < kTouchEvery) return std::nullopt;
  const auto touched = [hash = call.session->id_hash, now = call.now](Store& store) { return store.touch_session(hash, now); };
  // Refused when the writer is very busy: the session then merely counts as idle a little earlier.
  context_.writer.submit(touched, [](const Result<>& done) {
    if (!done) log::warning("session not touched", {{"error", done.error().message}});
  });
  return std::nullopt;
}

Response ConsoleApi::dispatch(Request& request, const Match& match) {
  if (const auto refusal = csrf_refusal(request, context_.own_names); !refusal.empty()) return problem(403, "Forbidden", refusal);
  auto parameters = parse_query(request.query);
  if (!parameters) return problem(422, "Malformed", "The query is not well-formed.");
  auto store = context_.readers.mine();
  if (!store) return problem_of(store.error());
  Call call{request, context_, **store, logins_, match.path, std::move(*parameters), std::nullopt, context_.clock.now()};
  if (auto refusal = find_session(call, match.route->permission)) return std::move(*refusal);
  return match.route->handler(call);
}

}  // namespace hale::fleet
