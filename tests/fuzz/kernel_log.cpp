// Lines of the kernel's log: /dev/kmsg records, the journal's messages, dmesg as pasted.
#include "platform/parse/kernel_events.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace hale;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = fuzz::text_of(data, size);
  const auto look = [](std::string_view message) {
    if (const auto event = recognise_kernel_message(message)) fuzz::expect(!event->source.empty() && !event->code.empty(), "an event has a name");
  };
  look(input);
  look(strip_log_prefix(input));
  if (const auto record = parse_kmsg_record(input)) {
    fuzz::expect(record->level >= 0 && record->level <= 7, "a level is one of eight");
    look(record->message);
  }
  return 0;
}
