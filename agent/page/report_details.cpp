// The engineers' part of the report: components, sensors, SMART and NVMe tables, what was found before, coverage by
// rule, collectors.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "agent/page/coverage_words.hpp"
#include "agent/page/html.hpp"
#include "agent/page/report_page.hpp"
#include "agent/page/svg_plot.hpp"
#include "agent/service/json_fields.hpp"

namespace hale::agent {
namespace {

using nlohmann::json;
constexpr std::size_t kMaxRows = 300;

json list(const json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return found != object.end() && found->is_array() ? *found : json::array();
}

json part(const json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return found != object.end() ? *found : json();
}

/// Rows of text under a head, scrollable where they are wide; says how many are left out.
class Table {
 public:
  Table(const Texts& texts, std::string_view caption, std::initializer_list<std::string_view> heads)
      : texts_(texts), caption_(caption) {
    for (const auto head : heads) head_ += "<th scope=\"col\">" + escape_html(texts.get(head)) + "</th>";
  }
  void add(std::initializer_list<std::string_view> cells) {
    if (++count_ <= kMaxRows) rows_ += row(cells);
  }
  std::string html() const {
    if (count_ == 0) return {};
    auto html = "<div class=\"wide-table\" role=\"region\" tabindex=\"0\" aria-label=\"" + escape_html(caption_) +
                "\"><table><caption>" + escape_html(caption_) + "</caption><thead><tr>" + head_ +
                "</tr></thead><tbody>\n" + rows_ + "</tbody></table></div>\n";
    if (count_ > kMaxRows) html += paragraph(texts_.fill("report.more", {std::to_string(count_ - kMaxRows)}), "soft");
    return html;
  }

 private:
  const Texts& texts_;
  std::string caption_, head_, rows_;
  std::size_t count_{0};
};

std::string value_of(const json& reading) {
  const auto value = reading.find("value");
  return value != reading.end() && value->is_number()
             ? number_for_people(value->get<double>(), text_field(reading, "unit"))
             : std::string();
}

std::string components_table(const json& components, const Texts& texts) {
  Table table(texts, texts.get("report.components"),
              {"detail.part", "detail.maker", "detail.model", "detail.firmware", "detail.id"});
  for (const auto& each : list(components, "components"))
    table.add({text_field(each, "name").empty() ? text_field(each, "type") : text_field(each, "name"),
               text_field(each, "vendor"), text_field(each, "model"), text_field(each, "firmware"),
               text_field(each, "id")});
  return table.html();
}

bool is_health_page(const json& reading) {
  const auto metric = text_field(reading, "metric");
  return metric == "hw.physical_disk.smart" || metric == "hw.physical_disk.nvme";
}

/// Numbers before words, and numbers by size: 5, 187, 197.
bool key_before(const std::string& one, const std::string& other) {
  const auto number = [](const std::string& key) {
    return key.empty() || key[0] < '0' || key[0] > '9' ? 1e9 : std::atof(key.c_str());
  };
  return number(one) != number(other) ? number(one) < number(other) : one < other;
}

/// A disk's own health data: NVMe by name; ATA attributes a row, with raw, normalized, worst and threshold.
std::string disk_tables(const json& components, const Texts& texts) {
  std::string html;
  for (const auto& each : list(components, "components")) {
    std::map<std::string, std::map<std::string, std::string>, bool (*)(const std::string&, const std::string&)> rows(
        key_before);
    for (const auto& reading : list(each, "readings")) {
      if (!is_health_page(reading)) continue;
      const auto key = text_field(reading, "key");
      const auto dot = key.find('.');
      rows[key.substr(0, dot)][dot == std::string::npos ? "" : key.substr(dot + 1)] = value_of(reading);
    }
    if (rows.empty()) continue;
    Table table(
        texts, texts.fill("detail.disk", {text_field(each, "name"), text_field(each, "id")}),
        {"detail.attribute", "detail.value", "detail.normalized", "detail.worst", "detail.limit", "detail.raw"});
    for (auto& [key, values] : rows)
      table.add({key, values[""], values["normalized"], values["worst"], values["threshold"], values["raw48"]});
    html += table.html();
  }
  return html;
}

std::string sensors_table(const json& components, const Texts& texts) {
  Table table(texts, texts.get("detail.sensors"), {"detail.part", "detail.reading", "detail.value"});
  const auto add = [&](const std::string& name, const json& readings) {
    for (const auto& reading : readings) {
      if (is_health_page(reading)) continue;
      const auto metric = text_field(reading, "metric");
      auto what = texts.find("metric." + metric).value_or(metric);
      if (const auto key = text_field(reading, "key"); !key.empty()) what += " (" + key + ")";
      table.add({name, what, value_of(reading)});
    }
  };
  for (const auto& each : list(components, "components"))
    add(text_field(each, "name").empty() ? text_field(each, "id") : text_field(each, "name"), list(each, "readings"));
  add("", list(components, "system"));
  return table.html();
}

std::string findings_table(const json& findings, const Texts& texts) {
  Table table(texts, texts.get("detail.found"),
              {"detail.since", "detail.last", "detail.state", "detail.rule", "detail.id", "detail.said"});
  for (const auto& each : list(findings, "findings"))
    table.add({text_field(each, "first_seen").substr(0, 16), text_field(each, "last_seen").substr(0, 16),
               texts.get(text_field(each, "state") == "resolved" ? "findings.resolved" : "detail.active"),
               text_field(each, "rule"), text_field(each, "component"), text_field(each, "summary")});
  return table.html();
}

std::string coverage_table(const json& status, const Texts& texts) {
  Table table(texts, texts.get("report.coverage"), {"detail.rule", "detail.state", "detail.tier", "detail.why"});
  for (const auto& each : list(status, "coverage")) {
    const auto reason = text_field(each, "reason");
    table.add({text_field(each, "rule"),
               texts.get(text_field(each, "status") == "ok" ? "report.judged" : "report.insufficient"),
               text_field(each, "tier"), in_words(parse_coverage_reason(reason), texts)});
  }
  return table.html();
}

std::string agent_tables(const json& status, const Texts& texts) {
  Table collectors(texts, texts.get("status.collectors"),
                   {"detail.name", "detail.state", "detail.readings", "detail.refused", "detail.why"});
  for (const auto& each : list(status, "collectors"))
    collectors.add({text_field(each, "name"), texts.get("status." + text_field(each, "status")),
                    std::to_string(integer_field(each, "readings").value_or(0)),
                    std::to_string(integer_field(each, "rejected").value_or(0)), text_field(each, "detail")});
  Table refused(texts, texts.get("detail.implausible"),
                {"detail.reading", "detail.why", "detail.count", "detail.value"});
  for (const auto& each : list(status, "rejected")) {
    const auto last = part(each, "last_value");
    refused.add({text_field(each, "series"), text_field(each, "reason"),
                 std::to_string(integer_field(each, "count").value_or(0)),
                 last.is_number() ? number_for_people(last.get<double>(), "") : std::string()});
  }
  std::string notes;
  for (const auto& each : list(status, "notes"))
    if (each.is_string()) notes += "<li>" + escape_html(each.get<std::string>()) + "</li>";
  if (const auto trouble = text_field(part(status, "store"), "trouble"); !trouble.empty())
    notes += "<li>" + escape_html(texts.fill("status.store_trouble", {trouble})) + "</li>";
  return collectors.html() + refused.html() + (notes.empty() ? "" : "<ul>" + notes + "</ul>\n");
}

}  // namespace

std::string report_details(const json& gathered, const Texts& texts) {
  const auto components = part(gathered, "components");
  const auto status = part(gathered, "status");
  return "<details><summary><h2>" + escape_html(texts.get("page.for_engineers")) + "</h2></summary>\n" +
         components_table(components, texts) + disk_tables(components, texts) + sensors_table(components, texts) +
         findings_table(part(gathered, "findings"), texts) + coverage_table(status, texts) +
         agent_tables(status, texts) + "</details>\n";
}

}  // namespace hale::agent
