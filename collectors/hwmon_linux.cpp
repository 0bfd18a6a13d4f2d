#include "collectors/hwmon_linux.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <set>

#include "collectors/sensor_file_linux.hpp"
#include "core/text.hpp"
#include "platform/files.hpp"

namespace hale {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kMaxChips = 256;
constexpr unsigned kThoroughEvery = 10;  ///< looks: a driver may add sensors to a chip that is already there
constexpr std::size_t kMaxFilesInChip = 4096;
constexpr std::size_t kMaxChannels = 256;  ///< each keeps a descriptor open; a big server has some 150

struct KindName {
  std::string_view prefix;
  HwmonKind kind;
};
constexpr std::array kKinds{KindName{"temp", HwmonKind::temperature}, KindName{"fan", HwmonKind::fan},
                            KindName{"power", HwmonKind::power}, KindName{"energy", HwmonKind::energy}};

struct AttributeName {
  HwmonKind kind{};
  int number{};
  std::string_view stem;    ///< "temp1"
  std::string_view suffix;  ///< "input"
};

std::optional<AttributeName> parse_attribute(std::string_view name) {
  for (const auto& [prefix, kind] : kKinds) {
    if (!name.starts_with(prefix)) continue;
    const auto underscore = name.find('_', prefix.size());
    if (underscore == std::string_view::npos) return std::nullopt;
    const auto number = parse_uint(name.substr(prefix.size(), underscore - prefix.size()));
    if (!number || *number > 999) return std::nullopt;
    return AttributeName{kind, static_cast<int>(*number), name.substr(0, underscore), name.substr(underscore + 1)};
  }
  return std::nullopt;
}

/// power*_average is what most drivers give; _input is the momentary value of some. _input wins, as it exists where
/// _average reads as "not ready".
bool is_input(const AttributeName& name) {
  return name.suffix == "input" || (name.kind == HwmonKind::power && name.suffix == "average");
}

std::vector<HwmonChannel> channels_of(const std::vector<std::string>& files) {
  std::map<std::pair<HwmonKind, int>, HwmonChannel> found;
  const std::set<std::string_view> names(files.begin(), files.end());
  for (const auto& file : files) {
    const auto name = parse_attribute(file);
    if (!name || !is_input(*name)) continue;
    auto& channel = found[{name->kind, name->number}];
    if (!channel.input.empty() && name->suffix != "input") continue;
    const std::string stem(name->stem);
    channel = {name->kind, stem, file, "", "", names.contains(stem + "_crit"), names.contains(stem + "_max")};
  }
  std::vector<HwmonChannel> channels;
  for (auto& [key, channel] : found) {
    if (channels.size() < kMaxChannels) channels.push_back(std::move(channel));
  }
  return channels;
}

/// Path below /sys of what `link` in `folder` points to, resolved as far as it exists.
std::string device_below_sys(const fs::path& sys, const fs::path& folder) {
  std::error_code error;
  const fs::path root = fs::canonical(sys, error);
  if (error) return {};
  const fs::path real = fs::canonical(folder, error);
  if (error) return {};
  fs::path device;
  const fs::path target = fs::read_symlink(real / "device", error);
  if (!error) {
    device = (real / target).lexically_normal();
    const fs::path resolved = fs::canonical(device, error);
    if (!error) device = resolved;
  } else if (real.parent_path().filename() == "hwmon" && real.parent_path().parent_path().filename() != "class") {
    device = real.parent_path().parent_path();
  }
  const auto below = device.lexically_relative(root).generic_string();
  return below.starts_with("devices/") ? (below.ends_with('/') ? below.substr(0, below.size() - 1) : below)
                                       : std::string();
}

/// The GPU that a device belongs to: itself or the nearest ancestor with a GPU's driver. Looks only at links, never at
/// attributes.
std::string gpu_of(const fs::path& sys, std::string device) {
  while (device.size() > std::string_view("devices/").size()) {
    std::error_code error;
    const auto driver = fs::read_symlink(sys / device / "driver", error);
    if (!error && is_gpu_driver(driver.filename().string())) return device;
    const auto slash = device.rfind('/');
    if (slash == std::string::npos) break;
    device.resize(slash);
  }
  return {};
}

/// Class devices and where they point: the same listing means the same devices.
Result<std::vector<std::string>> list_hwmon(const fs::path& folder) {
  auto names = list_directory(folder, kMaxChips);
  if (!names) return names;
  for (auto& name : *names) {
    std::error_code error;
    const auto target = fs::read_symlink(folder / name, error);
    if (!error) name += " -> " + target.string();
  }
  return names;
}

std::set<std::string> ids_of(const std::vector<HwmonChip>& chips) {
  std::set<std::string> ids;
  for (const auto& chip : chips) ids.insert(chip.gpu.empty() ? chip.id : chip.gpu);
  return ids;
}

bool same(const std::vector<HwmonChip>& a, const std::vector<HwmonChip>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    const auto same_channel = [](const auto& p, const auto& q) { return p.id == q.id && p.input == q.input; };
    return x.id == y.id && x.folder == y.folder &&
           std::equal(x.channels.begin(), x.channels.end(), y.channels.begin(), y.channels.end(), same_channel);
  });
}

}  // namespace

bool describe_hwmon_chip(HwmonChip& chip) {
  auto name = read_text_once(chip.folder / "name");
  if (!name || name->empty()) {
    // Drivers older than the class keep their attributes in the device's own folder.
    chip.folder /= "device";
    name = read_text_once(chip.folder / "name");
    if (!name || name->empty()) return false;
  }
  const auto files = list_directory(chip.folder, kMaxFilesInChip);
  if (!files) return false;
  chip.name = *name;
  chip.channels = channels_of(*files);
  for (auto& channel : chip.channels) {
    const auto label = channel.attribute + "_label";
    if (std::binary_search(files->begin(), files->end(), label)) channel.label = text_or_empty(chip.folder / label);
  }
  return true;
}

HwmonTree::HwmonTree(const CollectorEnvironment& environment)
    : sys_(environment.roots.sys), clock_(clock_of(environment)) {}

std::vector<HwmonChip> HwmonTree::discover() {
  incomplete_ = false;
  std::vector<HwmonChip> chips;
  for (const auto& entry : listing_) {
    HwmonChip chip;
    chip.folder = sys_ / "class" / "hwmon" / entry.substr(0, entry.find(" -> "));
    chip.device = device_below_sys(sys_, chip.folder);
    chip.gpu = gpu_of(sys_, chip.device);
    // A power supply's own hwmon repeats what the battery collector reads.
    if (chip.device.find("/power_supply/") != std::string::npos) continue;
    if (chip.gpu.empty() && !describe_hwmon_chip(chip)) {
      incomplete_ = true;  // it came or went while we looked
      continue;
    }
    chips.push_back(std::move(chip));
  }
  assign_hwmon_ids(chips);
  return chips;
}

bool HwmonTree::look(Collection& out, bool thoroughly) {
  ++looks_;
  auto listing = list_hwmon(sys_ / "class" / "hwmon");
  trouble_.clear();
  if (!listing) {
    if (listing.error().code != Errc::not_found) {
      trouble_ = listing.error().message;
      faults_.failed(out, "class/hwmon", listing.error());
    }
    listing.emplace();
  }
  const bool thorough = thoroughly || incomplete_ || looks_ % kThoroughEvery == 1;
  if (!thorough && *listing == listing_) return false;
  listing_ = std::move(*listing);
  auto chips = discover();
  if (generation_ > 0 && same(chips, chips_)) return false;
  const auto now = ids_of(chips);
  for (const auto& id : ids_of(chips_)) {
    if (!now.contains(id))
      faults_.failed(out, id, Error{Errc::not_found, fmt::format("the sensor chip {} has gone", id)});
  }
  for (const auto& id : now) faults_.worked(id);
  chips_ = std::move(chips);
  ++generation_;
  return true;
}

void HwmonTree::refresh(Collection& out) {
  if (due_.due(clock_.steady())) look(out, false);
}

bool HwmonTree::suspect(Collection& out) {
  // A sensor that says "gone" although its chip is listed must not cost a search every sweep.
  if (!suspicion_due_.due(clock_.steady())) return false;
  return look(out, true);
}

}  // namespace hale
