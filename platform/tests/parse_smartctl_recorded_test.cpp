#include <zlib.h>

#include <catch2/catch_test_macros.hpp>
#include <cstring>
#include <fstream>
#include <sstream>

#include "core/text.hpp"
#include "platform/parse/smartctl.hpp"
#include "platform/tests/tar_xz.hpp"
#include "tests/support/data.hpp"

using namespace hale;

namespace {

std::string slurp(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string gunzip(const std::filesystem::path& path) {
  gzFile file = gzopen(path.c_str(), "rb");
  REQUIRE(file != nullptr);
  std::string text;
  std::array<char, 65536> buffer{};
  for (int n = 0; (n = gzread(file, buffer.data(), buffer.size())) > 0;)
    text.append(buffer.data(), static_cast<std::size_t>(n));
  gzclose(file);
  return text;
}

// RFC 4180 rows without line breaks inside fields, which these indexes do not have.
std::vector<std::string> csv_row(std::string_view line) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      cells.emplace_back();
    } else {
      cells.back() += c;
    }
  }
  return cells;
}

using Row = std::map<std::string, std::string>;

std::map<std::string, Row> read_index(const std::filesystem::path& path) {
  std::map<std::string, Row> rows;
  std::istringstream in(gunzip(path));
  std::string line;
  std::getline(in, line);
  const auto header = csv_row(line);
  while (std::getline(in, line)) {
    const auto cells = csv_row(line);
    Row row;
    for (std::size_t i = 0; i < cells.size() && i < header.size(); ++i) row[header[i]] = cells[i];
    rows[row["file"]] = std::move(row);
  }
  return rows;
}

struct Disagreements {
  int count{};
  std::string first;
  void add(const std::string& file, const std::string& what) {
    ++count;
    if (count <= 12) first += file + ": " + what + "\n";
  }
};

void compare_number(Disagreements& wrong, const std::string& file, const Row& row, const char* column,
                    std::optional<double> ours) {
  const auto theirs = parse_double(row.at(column));
  if (theirs && (!ours || *ours != *theirs))
    wrong.add(file,
              std::string(column) + " is " + row.at(column) + ", read " + (ours ? std::to_string(*ours) : "nothing"));
}

std::optional<double> value_of(const SmartReport& report, unsigned id) {
  const auto* attribute = report.find(id);
  return attribute == nullptr ? std::nullopt : attribute->value;
}

std::optional<double> nvme_of(const SmartReport& report, const char* key) {
  const auto found = report.nvme.find(key);
  return found == report.nvme.end() ? std::nullopt : std::optional(found->second);
}

void compare(Disagreements& wrong, const std::string& file, const Row& row, const SmartReport& report) {
  if (row.at("health") == "PASS" && report.self_assessment != true) wrong.add(file, "verdict PASS not read");
  if (row.at("health") == "FAIL" && report.self_assessment != false) wrong.add(file, "verdict FAIL not read");
  compare_number(wrong, file, row, "s5", value_of(report, 5));
  compare_number(wrong, file, row, "s187", value_of(report, 187));
  compare_number(wrong, file, row, "s197", value_of(report, 197));
  compare_number(wrong, file, row, "s198", value_of(report, 198));
  compare_number(wrong, file, row, "nvme_media_err", nvme_of(report, "media_errors"));
  compare_number(wrong, file, row, "nvme_pct_used", nvme_of(report, "percentage_used"));
  compare_number(wrong, file, row, "nvme_spare", nvme_of(report, "available_spare"));
  compare_number(wrong, file, row, "nvme_unsafe_shutdowns", nvme_of(report, "unsafe_shutdowns"));
  if (report.error_log_count)
    compare_number(wrong, file, row, "ata_error_count", static_cast<double>(*report.error_log_count));
  int failing = 0;
  for (const auto& attribute : report.attributes) failing += attribute.failing_now ? 1 : 0;
  compare_number(wrong, file, row, "attr_failing_now", failing);
}

void check_archive(const std::string& name) {
  const auto folder = test::data_or_skip("smart_reports");
  auto index = read_index(folder / (name + "_index.csv.gz"));
  Disagreements unreadable;
  Disagreements wrong;
  int reports = 0;
  test::for_each_tar_member(folder / (name + "_reports.tar.xz"),
                            [&](const std::string& path, const std::string& content) {
                              ++reports;
                              const auto report = parse_smartctl(content);
                              if (!report) return unreadable.add(path, report.error().message);
                              if (const auto row = index.find(path); row != index.end())
                                compare(wrong, path, row->second, *report);
                            });
  INFO("unreadable:\n" << unreadable.first << "different:\n" << wrong.first);
  CHECK(reports > 5000);
  CHECK(unreadable.count == 0);
  // The two readers differ where a raw value is 2^32-1 ("unsupported": nothing here) or has vendor bits above word 0.
  CHECK(wrong.count * 1000 <= reports);
}

}  // namespace

TEST_CASE("Thousands of BSD users' smartctl reports are read as their index says") { check_archive("bsd"); }
TEST_CASE("Thousands of servers' smartctl reports are read as their index says") { check_archive("ent"); }

TEST_CASE("Every recorded smartctl document is read, or refused in smartctl's own words") {
  int read = 0;
  for (const auto& entry : std::filesystem::directory_iterator(test::data_or_skip("smart_json"))) {
    CAPTURE(entry.path().filename().string());
    const auto report = parse_smartctl(slurp(entry.path()));
    if (!report) {
      CHECK(report.error().code == Errc::unavailable);
      CHECK(entry.path().filename() == "scrutiny_smart-fail.json");
      continue;
    }
    ++read;
    CHECK((!report->attributes.empty() || !report->model.empty() || !report->nvme.empty() ||
           report->self_assessment.has_value()));
    if (report->power_on_hours) CHECK(*report->power_on_hours < 262'800);
    if (report->temperature) CHECK((*report->temperature > 0 && *report->temperature < 100));
  }
  CHECK(read >= 80);
}

TEST_CASE("Every report posted to a mailing list gives a model and attributes or a health log") {
  for (const auto& entry : std::filesystem::directory_iterator(test::data_or_skip("smart_reports/lists"))) {
    CAPTURE(entry.path().filename().string());
    const auto report = parse_smartctl(slurp(entry.path()));
    REQUIRE(report.has_value());
    CHECK_FALSE(report->model.empty());
    CHECK((report->attributes.size() >= 10 || report->nvme.size() >= 10));
  }
}
