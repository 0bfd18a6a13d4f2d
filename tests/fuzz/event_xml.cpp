// Events of Windows' log as EvtRender writes them.
#include "platform/parse/event_xml.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace hale;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto event = parse_event_xml(fuzz::text_of(data, size));
  if (!event || !event->has_value()) return 0;
  const WindowsEvent& kept = **event;
  fuzz::expect(!kept.source.empty() && !kept.code.empty(), "an event has a name");
  for (const auto& [name, value] : kept.fields)
    fuzz::expect(!value.empty() && value.size() <= 64 && value.find_first_of("\\/:@ ") == std::string::npos,
                 "a kept field is plain");
  fuzz::expect(kept.device.size() <= 12, "a device is a short name");
  return 0;
}
