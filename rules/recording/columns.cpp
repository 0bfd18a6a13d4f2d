#include "rules/recording/columns.hpp"

#include <array>
#include <utility>

namespace hale::rules {
namespace {

constexpr std::array<std::pair<std::string_view, ColumnKind>, 8> kPlain{{
    {"time", ColumnKind::time},
    {"device", ColumnKind::device},
    {"boot_id", ColumnKind::boot_id},
    {"os.build", ColumnKind::os_build},
    {"bios.version", ColumnKind::bios_version},
    {"platform.profile", ColumnKind::platform_profile},
    {"host.chassis", ColumnKind::host_chassis},
    {"host.utc_offset", ColumnKind::utc_offset},
}};

constexpr std::array<std::pair<std::string_view, ColumnKind>, 4> kFacts{{
    {"hw.model", ColumnKind::model},
    {"hw.vendor", ColumnKind::vendor},
    {"hw.bus", ColumnKind::bus},
    {"hw.type", ColumnKind::type},
}};

/// "disk0/kernel.ata_media_error": the source ends at the first dot.
Column parse_event(std::string_view rest, Layout& layout) {
  const auto slash = rest.find('/');
  if (slash == std::string_view::npos || slash == 0) return {};
  const auto name = rest.substr(slash + 1);
  const auto dot = name.find('.');
  if (dot == std::string_view::npos || dot == 0 || dot + 1 == name.size()) return {};
  return {ColumnKind::event, layout.event(rest.substr(0, slash), name.substr(0, dot), name.substr(dot + 1)), {}};
}

Column parse_series(Metric metric, std::string_view rest, Layout& layout) {
  const MetricInfo& known = info(metric);
  if (!known.has_component) return rest.empty() ? Column{ColumnKind::series, layout.series(metric, ""), {}} : Column{};
  const auto slash = known.has_key ? rest.rfind('/') : std::string_view::npos;
  const auto component = known.has_key && slash != std::string_view::npos ? rest.substr(0, slash) : rest;
  const auto key = known.has_key && slash != std::string_view::npos ? rest.substr(slash + 1) : std::string_view();
  if (component.empty() || (known.has_key && key.empty())) return {};
  return {ColumnKind::series, layout.series(metric, component, key), {}};
}

}  // namespace

Column parse_column(std::string_view name, Layout& layout) {
  for (const auto& [word, kind] : kPlain) {
    if (word == name) return {kind, 0, {}};
  }
  const auto slash = name.find('/');
  const auto head = name.substr(0, slash);
  const auto rest = slash == std::string_view::npos ? std::string_view() : name.substr(slash + 1);
  if (head == "hale.event") return parse_event(rest, layout);
  for (const auto& [word, kind] : kFacts) {
    if (word == head && !rest.empty()) return {kind, 0, std::string(rest)};
  }
  if (const auto metric = find_metric(head)) return parse_series(*metric, rest, layout);
  return {};
}

bool is_context(ColumnKind kind) { return kind >= ColumnKind::boot_id && kind <= ColumnKind::utc_offset; }

}  // namespace hale::rules
