#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rules/layout.hpp"

namespace hale::rules {

enum class ColumnKind : std::uint8_t {
  ignored,
  time,
  device,
  series,
  event,
  boot_id,
  os_build,
  bios_version,
  platform_profile,
  host_chassis,
  utc_offset,
  model,
  vendor,
  bus,
  type,
};

struct Column {
  ColumnKind kind{ColumnKind::ignored};
  std::uint32_t index{};  ///< of the series or event in the layout; of strings: a running number
  std::string component;  ///< model, vendor, bus, type
};

/// What a column's name means; series and events are added to the layout. `ignored` for a name nobody knows.
Column parse_column(std::string_view name, Layout& layout);

bool is_context(ColumnKind kind);

}  // namespace hale::rules
