#include "rules/recording.hpp"

#include <random>

#include "platform/compression.hpp"
#include "rules/recording/parse_cell.hpp"
#include "rules/tests/harness.hpp"

using namespace hale;
using namespace hale::rules;
using hale::test::TemporaryFolder;

namespace {

struct Replayed {
  int code{};
  std::string out;
  std::string complaints;
  std::size_t count(const std::string& part) const {
    std::size_t found = 0;
    for (auto at = out.find(part); at != std::string::npos; at = out.find(part, at + 1)) ++found;
    return found;
  }
};

Replayed run(const std::vector<std::filesystem::path>& files, ReplayOptions options = {}) {
  Replayed result;
  result.code = replay(
      files, options, [&](std::string_view text) { result.out += text; },
      [&](std::string_view text) { result.complaints += text; });
  return result;
}

Replayed run_text(const std::string& text, bool coverage = false) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "pc.csv", std::ios::binary) << text;
  ReplayOptions options;
  options.coverage = coverage;
  return run({folder.path() / "pc.csv"}, options);
}

const std::string kFailing =
    "time,hw.physical_disk.smart/disk0/self_assessment\n2026-01-01T12:00:00Z,0\n2026-01-01T13:00:00Z,0\n";

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a recording without a device column is one device, named by its file") {
  const auto result = run_text(kFailing);
  CHECK(result.code == 0);
  CHECK(result.count("\"type\":\"finding\",\"time\":\"2026-01-01T12:00:00Z\",\"device\":\"pc\",\"rule\":\"disk.self_"
                     "assessment\",\"state\":\"active\"") == 1);
  CHECK(result.count("\"type\":\"notification\"") == 1);
  CHECK(result.count("\"type\":\"coverage\"") == 0);
}

TEST_CASE("coverage is printed at the end, unless it is not wanted") {
  const auto result = run_text(kFailing, true);
  CHECK(result.count("\"type\":\"coverage\"") == RuleSet::builtin()->rules().size());
  CHECK(result.count("\"rule\":\"disk.self_assessment\",\"status\":\"ok\",\"tier\":\"snapshot\"") == 1);
}

TEST_CASE("malformed files are named with line and column, and what came before stands") {
  const auto place_of = [](const std::string& text) {
    const auto result = run_text(text);
    CHECK(result.code == 2);
    const auto at = result.complaints.find("pc.csv:");
    return at == std::string::npos ? result.complaints : result.complaints.substr(at + 7);
  };
  CHECK(place_of("").starts_with("1:1: is empty"));
  CHECK(place_of("a,b\n").starts_with("1:1: the header has no \"time\" column"));
  CHECK(place_of("time,boot_id,time\n").starts_with("1:14: the column \"time\" stands twice"));
  CHECK(place_of("time,system.uptime\n1,2\n2,x\n").starts_with("3:3: \"x\" is no number"));
  CHECK(place_of("time,system.uptime\n1,nan\n").starts_with("2:3: \"nan\" is no number"));
  CHECK(place_of("time,system.uptime\nyesterday,2\n").starts_with("2:1: \"yesterday\" is no time"));
  CHECK(place_of("time,system.uptime\n1\n").starts_with("2:1: this row has 1 cells, the header has 2"));
  CHECK(place_of("time,system.uptime\n1,2,3\n").starts_with("2:5: this row has 3 cells, the header has 2"));
  CHECK(place_of("time,boot_id\n1,\"never closed\n2,b\n").starts_with("2:3: this quoted cell is never closed"));
  CHECK(place_of("time,boot_id\n1,\"a\"b\n").starts_with("2:6: text behind the closing quote"));
  CHECK(place_of("time,hale.event/disk0/disk.153\n1,1.5\n").starts_with("2:3: \"1.5\" is no number of events"));
  const auto partly = run_text(kFailing + "oops,1\n");
  CHECK(partly.code == 2);
  CHECK(partly.count("\"type\":\"finding\"") == 2);
}

TEST_CASE("the other files are still judged when one is malformed, and the same device in two files is two histories") {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "bad.csv") << "x\n";
  std::ofstream(folder.path() / "pc.csv") << kFailing;
  std::filesystem::create_directory(folder.path() / "other");
  std::ofstream(folder.path() / "other" / "pc.csv") << kFailing;
  const auto result = run({folder.path() / "bad.csv", folder.path() / "pc.csv", folder.path() / "missing.csv",
                           folder.path() / "other" / "pc.csv"},
                          {.rules = {}, .language = "en", .from_smartctl = false, .coverage = false});
  CHECK(result.code == 2);
  CHECK(result.count("\"severity\":\"critical\"") == 2);
  CHECK(contains(result.complaints, "missing.csv: cannot be opened"));
}

TEST_CASE("quoted cells, doubled quotes, line breaks in cells, CRLF, a byte order mark and blank lines are read") {
  const auto result = run_text(
      "\xEF\xBB\xBFtime,device,hw.model/disk0,hw.physical_disk.smart/disk0/self_assessment\r\n\r\n"
      "1767268800,\"a,\"\"b\",\"two\nlines\",0\r\n1767272400,\"a,\"\"b\",,0\r\n");
  CHECK(result.code == 0);
  CHECK(result.count("\"device\":\"a,\\\"b\"") == 3);
  CHECK(contains(result.out, "two lines"));
}

TEST_CASE("unknown columns are named once and ignored") {
  const auto result =
      run_text("time,my.notes,hw.physical_disk.smart/disk0/self_assessment\n1767268800,hello,0\n1767272400,world,0\n");
  CHECK(result.code == 0);
  CHECK(result.count("\"type\":\"finding\"") == 2);
  CHECK(contains(result.complaints, "unknown column \"my.notes\" is ignored"));
  CHECK(result.complaints.find("my.notes") == result.complaints.rfind("my.notes"));
}

TEST_CASE("rows that go back or come twice are dropped and told of, without failing") {
  const auto result = run_text("time,system.uptime\n100,1\n100,2\n50,3\n200,4\n");
  CHECK(result.code == 0);
  CHECK(contains(result.complaints, "device pc: 2 rows came late or twice and were dropped"));
}

TEST_CASE("a gzip recording reads like a plain one, and a cut one is malformed") {
  const TemporaryFolder folder;
  const std::string packed = gzip_compress(kFailing);
  std::ofstream(folder.path() / "pc.csv.gz", std::ios::binary) << packed;
  CHECK(run({folder.path() / "pc.csv.gz"}).count("\"device\":\"pc\",\"rule\":\"disk.self_assessment\",\"state\"") == 2);
  std::ofstream(folder.path() / "cut.csv.gz", std::ios::binary) << packed.substr(0, packed.size() / 2);
  const auto cut = run({folder.path() / "cut.csv.gz"});
  CHECK(cut.code == 2);
  CHECK(contains(cut.complaints, "damaged or cut off"));
}

TEST_CASE("a recording larger than the reader's buffer is read whole") {
  std::string text = "time,hw.physical_disk.smart/disk0/self_assessment,boot_id\n";
  for (int i = 0; i < 40'000; ++i)
    text += std::to_string(1767268800 + 60 * i) + ",1,\"boot number " + std::to_string(i / 1000) + "\"\n";
  text += std::to_string(1767268800 + 60 * 40'000) + ",0,\n";
  const auto result = run_text(text);
  CHECK(result.code == 0);
  CHECK(result.count("\"type\":\"finding\"") == 1);
}

TEST_CASE("a message that falls into quiet hours goes out when they end, also between rows and after the last") {
  const std::string text =
      "time,system.filesystem.utilization/"
      "filesystem\n2026-01-01T02:00:00Z,0.97\n2026-01-01T14:30:00Z,0.97\n2026-01-01T23:00:00Z,0.97\n";
  CHECK(contains(run_text(text).out, "\"type\":\"notification\",\"time\":\"2026-01-01T14:30:00Z\""));
  const std::string night =
      "time,system.filesystem.utilization/filesystem\n2026-01-01T02:00:00Z,0.97\n2026-01-01T23:00:00Z,0.97\n";
  CHECK(contains(run_text(night).out, "\"type\":\"notification\",\"time\":\"2026-01-02T08:00:00Z\""));
  const std::string offset =
      "time,host.utc_offset,system.filesystem.utilization/"
      "filesystem\n2026-01-01T02:00:00Z,8,0.97\n2026-01-01T23:00:00Z,,0.97\n";
  CHECK(contains(run_text(offset).out, "\"type\":\"notification\",\"time\":\"2026-01-02T00:00:00Z\""));
}

TEST_CASE("numbers are read exactly as the C library reads them") {
  std::mt19937_64 random(11);
  for (int i = 0; i < 100'000; ++i) {
    std::string text = std::to_string(random() % 10'000'000);
    if (i % 2 == 0) text += "." + std::to_string(random() % 100'000);
    if (i % 7 == 0) text.insert(0, "-");
    if (i % 31 == 0) text += "e-3";
    const auto value = parse_number(text);
    REQUIRE(value);
    REQUIRE(*value == std::strtod(text.c_str(), nullptr));
  }
  for (const char* text : {"", "-", ".", "1.", ".5", "1e", "0x10", "1 ", "inf", "nan", "+1", "1,5", "--1"}) {
    if (std::string(text) == ".5" || std::string(text) == "1.") continue;  // either way is right
    CHECK_FALSE(parse_number(text));
  }
}

TEST_CASE("what is recorded reads back as what was seen") {
  const TemporaryFolder folder;
  const auto file = folder.path() / "own.csv";
  auto writer = RecordingWriter::create(file);
  REQUIRE(writer);
  Collection sweep;
  sweep.time = from_unix_ms(hale::rules::test::kNoon);
  sweep.context.boot_id = "b1";
  sweep.components.push_back({.id = "disk0",
                              .parent = "",
                              .type = ComponentType::physical_disk,
                              .name = "",
                              .vendor = "",
                              .model = "Disk, \"big\"",
                              .firmware = "",
                              .serial_hash = ""});
  sweep.readings.push_back({Metric::hw_temperature, "cpu", "", 47.125, sweep.time});
  REQUIRE((*writer)->write(sweep));
  sweep.time += std::chrono::seconds(10);
  sweep.readings.push_back({Metric::hw_physical_disk_smart, "disk0", "197", 8, sweep.time});
  sweep.events.push_back({"disk0", "kernel", "ata_timeout", EventSeverity::warning, sweep.time, 3, {}});
  REQUIRE((*writer)->write(sweep));
  REQUIRE((*writer)->close());

  Layout layout;
  auto reader = RecordingReader::open(file, layout);
  REQUIRE(reader);
  CHECK((*reader)->unknown_columns().empty());
  RecordingRow row;
  REQUIRE((*reader)->next(row).value());
  CHECK(row.samples.size() == 1);
  CHECK(row.samples[0].value == 47.125);
  REQUIRE(row.described != nullptr);
  CHECK(row.described->at(0).model == "Disk, \"big\"");
  CHECK(row.described->at(0).type == ComponentType::physical_disk);
  CHECK(row.context->boot_id == "b1");
  REQUIRE((*reader)->next(row).value());
  CHECK(row.samples.size() == 2);
  CHECK(row.described == nullptr);
  REQUIRE(row.events.size() == 1);
  CHECK(row.events[0].count == 3);
  CHECK_FALSE((*reader)->next(row).value());
}
