#include <algorithm>

#include "fleet/store/store_sqlite.hpp"

namespace hale::fleet {
namespace {

// Relative paths of every database file; the day files first. A backup copies them in this order: an answer in a day
// file must never be newer than fleet.db, or a batch would count as stored whose findings are not in the copy.
Result<std::vector<std::filesystem::path>> database_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder / "telemetry", error), end; !error && at != end;
       at.increment(error)) {
    if (at->path().extension() == ".db") files.push_back(std::filesystem::path("telemetry") / at->path().filename());
  }
  if (error) return fail(Errc::io, "listing " + (folder / "telemetry").string() + ": " + error.message());
  std::sort(files.begin(), files.end());
  files.emplace_back("fleet.db");
  return files;
}

Result<> check_file(const std::filesystem::path& folder, const std::filesystem::path& file,
                    std::vector<std::string>& problems) {
  auto database = Database::open(folder / file, {.read_only = true, .cache_kib = 8192});
  if (!database) return fail(database.error());
  for (const char* pragma : {"PRAGMA integrity_check(20)", "PRAGMA foreign_key_check"}) {
    auto rows = database->prepare(pragma);
    if (!rows) return fail(rows.error());
    for (;;) {
      const auto row = rows->step();
      if (!row) return fail(row.error());
      if (!*row) break;
      const std::string text = rows->column_text(0);
      if (text != "ok") problems.push_back(file.string() + ": " + text);
    }
  }
  return {};
}

}  // namespace

Result<std::vector<std::string>> check_store_sqlite(const std::filesystem::path& folder) {
  auto files = database_files(folder);
  if (!files) return fail(files.error());
  std::vector<std::string> problems;
  for (const auto& file : *files) {
    if (auto checked = check_file(folder, file, problems); !checked)
      problems.push_back(file.string() + ": " + checked.error().message);
  }
  return problems;
}

Result<> copy_store_sqlite(const std::filesystem::path& from, const std::filesystem::path& to) {
  auto files = database_files(from);
  if (!files) return fail(files.error());
  std::error_code error;
  std::filesystem::create_directories(to / "telemetry", error);
  if (error) return fail(Errc::io, "making " + to.string() + ": " + error.message());
  for (const auto& file : *files) {
    auto database = Database::open(from / file, {.read_only = true, .cache_kib = 8192, .busy_timeout_ms = 30'000});
    if (!database) return fail(std::move(database.error()).with_context(file.string()));
    auto copy = database->prepare("VACUUM INTO ?");
    if (!copy) return fail(copy.error());
    if (auto done = copy->bind(1, (to / file).string()).run(); !done)
      return fail(Error(done.error()).with_context("copying " + file.string()));
  }
  return {};
}

}  // namespace hale::fleet
