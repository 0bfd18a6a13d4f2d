#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "platform/parse/event_xml.hpp"
#include "platform/tests/event_xml_file.hpp"
#include "tests/support/data.hpp"

using namespace hale;
using Catch::Matchers::ContainsSubstring;

namespace {

std::string event_text(const std::string& provider, int id, const std::string& data) {
  return "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='" + provider +
         "'/><EventID Qualifiers=\"32772\">" + std::to_string(id) +
         "</EventID><TimeCreated SystemTime='2026-04-15T19:40:00.1225687Z'/><Computer>ANNA-PC</Computer></System>"
         "<EventData>" +
         data + "</EventData></Event>";
}

WindowsEvent parsed(const std::string& provider, int id, const std::string& data) {
  const auto event = parse_event_xml(event_text(provider, id, data));
  if (!event) FAIL(event.error().message);
  if (!event->has_value()) FAIL("not on the list");
  return **event;
}

std::string power_loss(const std::string& bugcheck, const std::string& sleep, const std::string& button) {
  return "<Data Name='BugcheckCode'>" + bugcheck + "</Data><Data Name='SleepInProgress'>" + sleep +
         "</Data><Data Name='PowerButtonTimestamp'>" + button + "</Data>";
}

using Counts = std::map<std::string, int>;

Counts count_events(const std::filesystem::path& path) {
  Counts counts;
  for (const auto& xml : test::events_in(path)) {
    const auto event = parse_event_xml(xml);
    INFO(xml);
    REQUIRE(event);
    if (event->has_value()) ++counts[(*event)->source + "." + (*event)->code];
  }
  return counts;
}

}  // namespace

TEST_CASE("Kernel-Power 41 tells lost power from a crash, a held button and a sleep that did not end well") {
  constexpr auto kProvider = "Microsoft-Windows-Kernel-Power";
  CHECK(parsed(kProvider, 41, power_loss("0", "false", "0")).code == "41");
  CHECK(parsed(kProvider, 41, power_loss("292", "false", "0")).code == "41-crash");
  CHECK(parsed(kProvider, 41, power_loss("0x124", "false", "0")).code == "41-crash");
  CHECK(parsed(kProvider, 41, power_loss("0", "false", "132123123123123123")).code == "41-button");
  CHECK(parsed(kProvider, 41, power_loss("0", "true", "0")).code == "41-sleep");
  CHECK(parsed(kProvider, 41, power_loss("0", "6", "0")).code == "41-sleep");
}

TEST_CASE("a blue screen for an error of the hardware has its own code") {
  CHECK(parsed("Microsoft-Windows-WER-SystemErrorReporting", 1001,
               "<Data Name='param1'>0x00000124 (0x0, 0x1)</Data><Data Name='param2'>C:\\Windows\\MEMORY.DMP</Data>")
            .code == "0x124");
  const auto other = parsed("BugCheck", 1001, "<Data>0x0000000a (0x0)</Data>");
  CHECK(other.code == "1001");
  CHECK(other.source == "BugCheck");
}

TEST_CASE("a volume that is told to be healthy at each start is no event, one that needs repair is") {
  const auto healthy =
      parse_event_xml(event_text("Microsoft-Windows-Ntfs", 98, "<Data Name='CorruptionActionState'>0</Data>"));
  REQUIRE(healthy);
  CHECK_FALSE(healthy->has_value());
  CHECK(parsed("Microsoft-Windows-Ntfs", 98, "<Data Name='CorruptionActionState'>3</Data>").code == "98-corrupt");
}

TEST_CASE("a disk event names its disk, by whatever case the driver writes itself") {
  for (const auto* provider : {"disk", "Disk"}) {
    const auto event = parsed(provider, 51, "<Data>\\Device\\Harddisk12\\DR3</Data>");
    CHECK(event.source == "disk");
    CHECK(event.device == "Harddisk12");
    CHECK(event.target == EventTarget::disk);
  }
  CHECK(parsed("stornvme", 129, "<Data>\\Device\\RaidPort0</Data>").device == "RaidPort0");
  CHECK(parsed("disk", 7, "<Data>\\Device\\Harddisk9999999\\DR3</Data>").device.empty());
  CHECK(parsed("disk", 7, "<Data>C:\\Users\\anna</Data>").device.empty());
}

TEST_CASE("only the fields of the list are kept, and only plain values") {
  const auto event = parsed("Microsoft-Windows-WHEA-Logger", 19,
                            "<Data Name='MCABank'>27</Data><Data Name='ApicId'>C:\\Users\\anna</Data>"
                            "<Data Name='RawData'>435045521002FFFF</Data><Data Name='MciStat'>0x98&amp;</Data>");
  CHECK(event.fields == std::map<std::string, std::string>{{"MCABank", "27"}});
  CHECK(to_rfc3339(event.time) == "2026-04-15T19:40:00.122Z");
}

TEST_CASE("what is not on the list leaves no trace") {
  for (const auto& xml : {event_text("Microsoft-Windows-MemoryDiagnostics-Results", 1101, ""),
                          event_text("Microsoft-Windows-MemoryDiagnostics-Results", 1201, ""),
                          event_text("Microsoft-Windows-Kernel-Processor-Power", 55, ""),
                          event_text("Service Control Manager", 7036, "")}) {
    const auto event = parse_event_xml(xml);
    REQUIRE(event);
    CHECK_FALSE(event->has_value());
  }
}

TEST_CASE("what is no event is refused with what is wrong, and never read past its bounds") {
  const auto wrong = [](const std::string& xml) {
    const auto event = parse_event_xml(xml);
    return event ? std::string("accepted") : event.error().message;
  };
  CHECK_THAT(wrong(""), ContainsSubstring("ends before </Event>"));
  CHECK_THAT(wrong("<Event><System>"), ContainsSubstring("ends before"));
  CHECK_THAT(wrong("<html></html>"), ContainsSubstring("not Event"));
  CHECK_THAT(wrong("<Event></Evnt>"), ContainsSubstring("does not match"));
  CHECK_THAT(wrong("<!DOCTYPE x [<!ENTITY a 'b'>]><Event/>"), ContainsSubstring("declaration"));
  CHECK_THAT(wrong("<Event/>"), ContainsSubstring("no provider"));
  CHECK_THAT(wrong("<Event a='>"), ContainsSubstring("without its end"));
  std::string deep = "<Event>";
  for (int i = 0; i < 100; ++i) deep += "<a>";
  CHECK_THAT(wrong(deep), ContainsSubstring("deeply"));
  CHECK_THAT(wrong(std::string(100'000, ' ')), ContainsSubstring("64 KiB"));
  CHECK_THAT(wrong("<Event><System><Provider Name='disk'/><EventID>7</EventID></System></Event>"),
             ContainsSubstring("SystemTime"));
}

TEST_CASE("real logs of two Windows PCs give exactly their accidents, all other events none") {
  const auto folder = test::data_or_skip("windows");
  CHECK(count_events(folder / "omer_system.evtx.xml.gz") == Counts{{"disk.51", 3}});
  CHECK(count_events(folder / "will_system.evtx.xml.gz") ==
        Counts{{"Kernel-Power.41", 1}, {"Kernel-Power.41-crash", 1}, {"BugCheck.1001", 1}, {"EventLog.6008", 2}});
}

TEST_CASE("a real WHEA event of a processor is recognised with bank and status") {
  const auto events = test::events_in(test::data_or_skip("windows") / "whea19_zen3.xml");
  REQUIRE(events.size() == 1);
  const auto event = parse_event_xml(events[0]);
  REQUIRE(event);
  REQUIRE(event->has_value());
  CHECK((*event)->source == "WHEA-Logger");
  CHECK((*event)->code == "19");
  CHECK((*event)->target == EventTarget::cpu);
  CHECK((*event)->fields.at("MCABank") == "27");
}
