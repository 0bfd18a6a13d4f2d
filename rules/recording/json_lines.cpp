#include "rules/recording/json_lines.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/codec.hpp"

namespace hale::rules {
namespace {

/// Control characters, quotes and backslashes escaped; what is no UTF-8 was replaced when it was read.
void append_quoted(std::string& line, std::string_view text) {
  line += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      line += '\\';
      line += c;
    } else if (byte < 0x20) {
      fmt::format_to(std::back_inserter(line), "\\u{:04x}", byte);
    } else {
      line += c;
    }
  }
  line += '"';
}

}  // namespace

thread_local std::string JsonLines::line_;

void JsonLines::begin(std::string_view type) { line_.assign("{\"type\":\"").append(type).append("\""); }

void JsonLines::text(std::string_view key, std::string_view value) {
  line_.append(",\"").append(key).append("\":");
  append_quoted(line_, value);
}

void JsonLines::number(std::string_view key, double value) {
  if (std::isfinite(value)) fmt::format_to(std::back_inserter(line_), ",\"{}\":{}", key, value);
}

void JsonLines::end() {
  line_.append("}\n");
  out_(line_);
}

void JsonLines::on_finding(const Finding& finding) {
  begin("finding");
  text("time", to_rfc3339(finding.last_seen));
  text("device", device_);
  text("rule", finding.rule);
  text("state", to_string(finding.state));
  text("cause", to_string(finding.cause));
  text("component", finding.component);
  text("severity", to_string(finding.severity));
  number("confidence", finding.confidence);
  line_.append(",\"evidence\":")
      .append(to_json(finding.evidence).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  text("summary", finding.summary);
  end();
}

void JsonLines::on_notification(const Notification& message) {
  begin("notification");
  text("time", to_rfc3339(message.time));
  text("device", device_);
  text("rule", message.rule);
  text("level", to_string(message.level));
  text("title", message.title);
  text("body", message.body);
  end();
}

void JsonLines::on_outcome(const Outcome& outcome) {
  begin("outcome");
  text("time", to_rfc3339(outcome.time));
  text("device", device_);
  text("rule", outcome.rule);
  text("result", outcome.result);
  number("before", outcome.before);
  number("after", outcome.after);
  end();
}

void JsonLines::coverage(const Coverage& coverage) {
  begin("coverage");
  text("device", device_);
  text("rule", coverage.rule);
  text("status", coverage.status);
  text("tier", coverage.tier);
  text("reason", coverage.reason);
  end();
}

}  // namespace hale::rules
