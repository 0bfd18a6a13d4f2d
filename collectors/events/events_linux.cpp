#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "collectors/events/events.hpp"
#include "collectors/events/log_source_linux.hpp"
#include "collectors/gpu/gpu_devices_linux.hpp"
#include "collectors/sensor_file_linux.hpp"
#include "core/text.hpp"
#include "platform/parse/kernel_events.hpp"

namespace hale {
namespace {

/// A log storm is cut here, and goes on at the next sweep: 500 lines cost about a millisecond.
constexpr std::size_t kMaxLines = 500;
/// Without a bookmark: what happened just before the agent came.
constexpr std::chrono::hours kLookBack{24};
/// A log that could not be opened may appear: journald starts late, rights are given.
constexpr std::chrono::minutes kOpenAgain{5};
/// An event this much older than the sweep says when it was.
constexpr std::chrono::minutes kOldEvent{2};

/// Around New Year, and after half a year asleep, one year of difference means nothing [own].
constexpr int kYearsBehind = 2;

class EventsCollector final : public Collector {
 public:
  EventsCollector(const CollectorEnvironment& environment, std::shared_ptr<DiskTree> disks,
                  std::filesystem::path journal)
      : roots_(environment.roots),
        clock_(clock_of(environment)),
        disks_(std::move(disks)),
        journal_(std::move(journal)) {
    if (const auto found = environment.bookmarks.find("events"); found != environment.bookmarks.end())
      bookmark_ = found->second;
  }

  std::string_view name() const override { return "events"; }
  std::string bookmark() const override { return source_ ? source_->bookmark() : bookmark_; }
  void collect(Collection& out, bool describe_all) override;
  CollectorStatus status() const override;

 private:
  using Seen = std::map<std::string, std::size_t>;  // what makes two lines the same event -> index in out.events

  Result<std::unique_ptr<LogSource>> open(Timestamp now);
  bool ready(Collection& out);
  void tell_unclean_end(Collection& out);
  void tell_clock_reset(Collection& out, const LogLine& line);
  void take(Collection& out, Seen& seen, const LogLine& line);
  std::optional<std::string> component_of(const KernelEvent& event) const;
  std::string component_of_pci(const std::string& address, bool gpu) const;
  void describe_port(const KernelEvent& event, const std::string& id);

  SystemRoots roots_;
  const Clock& clock_;
  std::shared_ptr<DiskTree> disks_;
  std::filesystem::path journal_;
  std::string bookmark_;
  std::unique_ptr<LogSource> source_;
  EverySoOften open_due_{kOpenAgain};
  ComponentBook ports_;
  FaultLog faults_{"events"};
  std::uint64_t events_{0};
};

// The journal knows what happened before this boot; the kernel's ring needs a right that a service seldom has.
Result<std::unique_ptr<LogSource>> EventsCollector::open(Timestamp now) {
  if (!journal_.empty()) return open_journal(bookmark_, now - kLookBack, journal_);
  if (roots_.captured) return open_captured_log(bookmark_, roots_.dev / "kmsg");
  auto journal = open_journal(bookmark_, now - kLookBack, {});
  if (journal) return journal;
  auto ring = open_kmsg(bookmark_, text_or_empty(roots_.proc / "sys" / "kernel" / "random" / "boot_id"));
  if (ring) return ring;
  const bool none = journal.error().code == Errc::not_found && ring.error().code == Errc::not_found;
  return fail(none ? Errc::not_found : Errc::permission,
              fmt::format("{}; {}", journal.error().message, ring.error().message));
}

bool EventsCollector::ready(Collection& out) {
  if (source_) return true;
  if (!open_due_.due(clock_.steady())) return false;
  auto opened = open(out.time);
  if (!opened) {
    if (opened.error().code != Errc::not_found) faults_.failed(out, "kernel log", opened.error());
    return false;
  }
  source_ = std::move(*opened);
  faults_.worked("kernel log");
  return true;
}

std::string EventsCollector::component_of_pci(const std::string& address, bool gpu) const {
  if (!gpu) {
    if (auto disk = disks_->id_of_pci(address); !disk.empty()) return disk;
  }
  const auto gpus = find_gpus(roots_.sys);
  // NVIDIA's driver leaves the function out: "0000:9b:00".
  const auto found = std::find_if(gpus.begin(), gpus.end(), [&](const GpuDevice& device) {
    return !address.empty() && device.address.starts_with(address);
  });
  if (found != gpus.end()) return found->id;
  return gpu ? "gpu" : "host";
}

// Nothing = none of this PC's parts: a stick that was pulled out. What cannot be placed is the PC's.
std::optional<std::string> EventsCollector::component_of(const KernelEvent& event) const {
  const auto or_host = [](std::string id) { return id.empty() ? std::string("host") : id; };
  switch (event.device_kind) {
    case KernelDevice::host:
      return "host";
    case KernelDevice::cpu:
      return "cpu";
    case KernelDevice::memory:
      return "memory";
    case KernelDevice::ata:
      return or_host(disks_->id_of_ata(event.device));
    case KernelDevice::nvme:
      return or_host(disks_->id_of_nvme(event.device));
    case KernelDevice::block: {
      auto id = disks_->id_of_block(event.device);
      if (id.empty() && disks_->is_removable(event.device)) return std::nullopt;
      return or_host(std::move(id));
    }
    case KernelDevice::pci:
      return component_of_pci(event.device, false);
    case KernelDevice::gpu:
      return component_of_pci(event.device, true);
    case KernelDevice::usb:
      return make_component_id("usb", event.device, event.number);
  }
  return std::nullopt;
}

void EventsCollector::describe_port(const KernelEvent& event, const std::string& id) {
  auto all = ports_.components();
  const auto known = [&](const Component& component) { return component.id == id; };
  if (all.size() >= 64 || std::any_of(all.begin(), all.end(), known)) return;
  Component port;
  port.id = id;
  port.parent = "host";
  port.type = ComponentType::usb_port;
  port.name = fmt::format("USB {}{}{}", event.device, event.number.empty() ? "" : " port ", event.number);
  all.push_back(std::move(port));
  ports_.set(std::move(all));
}

void EventsCollector::tell_unclean_end(Collection& out) {
  const auto last = source_->take_unclean_end();
  if (!last) return;
  Event event{"host", "hale", "unclean_shutdown", EventSeverity::warning, out.time, 1, {}};
  event.fields["logged"] = to_rfc3339(*last);
  out.events.push_back(std::move(event));
}

/// The kernel sets its clock by the battery-backed one at each start. Years behind the time of the line: that one had
/// lost its battery.
void EventsCollector::tell_clock_reset(Collection& out, const LogLine& line) {
  const auto year = parse_rtc_year(line.message);
  if (!year || (roots_.captured && !line.time)) return;  // a captured log may be from any year
  const std::chrono::year_month_day now{std::chrono::floor<std::chrono::days>(line.time.value_or(out.time))};
  if (*year + kYearsBehind > static_cast<int>(now.year())) return;
  out.events.push_back({"host", "hale", "clock_reset", EventSeverity::warning, out.time, 1, {}});
}

void EventsCollector::take(Collection& out, Seen& seen, const LogLine& line) {
  tell_clock_reset(out, line);
  const auto found = recognise_kernel_message(line.message);
  if (!found) return;
  const auto component = component_of(*found);
  if (!component) return;
  if (found->device_kind == KernelDevice::usb) describe_port(*found, *component);
  const auto same = fmt::format("{} {} {} {} {}", *component, found->source, found->code, found->device, found->number);
  const auto [entry, fresh] = seen.try_emplace(same, out.events.size());
  if (!fresh) {
    out.events[entry->second].count += found->count;
    return;
  }
  Event event{*component, found->source, found->code, found->severity, out.time, found->count, {}};
  if (!found->device.empty()) event.fields["device"] = found->device;
  if (!found->number_field.empty()) event.fields[found->number_field] = found->number;
  if (line.time && out.time - *line.time > kOldEvent) event.fields["logged"] = to_rfc3339(*line.time);
  out.events.push_back(std::move(event));
}

void EventsCollector::collect(Collection& out, bool describe_all) {
  disks_->refresh(out);
  if (ready(out)) {
    Seen seen;
    const auto before = out.events.size();
    tell_unclean_end(out);
    const auto count = source_->read(kMaxLines, [&](const LogLine& line) { take(out, seen, line); });
    events_ += out.events.size() - before;
    if (count) {
      faults_.worked(std::string(source_->name()));
    } else {
      faults_.failed(out, std::string(source_->name()), count.error());
      // Opened anew, from where it stood.
      bookmark_ = source_->bookmark();
      source_.reset();
    }
  }
  ports_.tell(out, describe_all);
}

CollectorStatus EventsCollector::status() const {
  const auto wrong = faults_.summary();
  if (source_)
    return {CollectorState::ok, fmt::format("{}: {} hardware events since the start", source_->name(), events_)};
  if (!wrong.empty()) return {CollectorState::error, "cannot read " + wrong};
  return {
      CollectorState::absent,
      "neither a journal nor the kernel's log can be read; membership of the group systemd-journal gives the right"};
}

}  // namespace

std::unique_ptr<Collector> make_events_collector(const CollectorEnvironment& environment,
                                                 std::shared_ptr<DiskTree> disks, std::filesystem::path journal) {
  return std::make_unique<EventsCollector>(environment, std::move(disks), std::move(journal));
}

}  // namespace hale
