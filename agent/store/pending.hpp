#pragma once
#include <algorithm>
#include <string>
#include <vector>

#include "agent/store/store.hpp"

namespace hale::agent {

/// What is not on disk yet, oldest first. Normally empty between writes; grows only while the disk refuses.
struct Store::Pending {
  struct Series {
    std::uint32_t id{};
    std::string metric, component, key;
  };
  std::vector<Series> series;
  std::vector<GroupedChange> changes;
  std::uint32_t next_series{1};
  bool grouped{false};  ///< a grouped change is among them: roll up after writing
  std::int64_t now_ms{};

  void clear() {
    series.clear();
    changes.clear();
    grouped = false;
  }

  /// Memory stays bounded: a day of detail at the usual ten minutes a block, a day of telemetry, the newest of each
  /// named value, every finding.
  void bound() {
    keep_newest_meta();
    keep_newest_readings();
    std::erase_if(changes, [](const GroupedChange& each) {
      return !each.detail && each.components.empty() && each.rejected.empty() && each.also.empty();
    });
    constexpr std::size_t kMaxChanges = 2000;
    for (auto each = changes.begin(); changes.size() > kMaxChanges && each != changes.end();)
      each = each->also.findings.empty() ? changes.erase(each) : each + 1;
  }

 private:
  void keep_newest_meta() {
    if (changes.empty()) return;
    auto& newest = changes.back().also.meta;
    for (auto i = changes.size() - 1; i-- > 0;) {
      newest.merge(changes[i].also.meta);
      changes[i].also.meta.clear();
    }
  }

  void keep_newest_readings() {
    constexpr std::size_t kMaxBlocks = 144;
    constexpr std::size_t kMaxTelemetry = 288;
    std::size_t blocks = 0;
    std::size_t telemetry = 0;
    for (auto each = changes.rbegin(); each != changes.rend(); ++each) {
      if (each->detail && ++blocks > kMaxBlocks) each->detail.reset();
      std::erase_if(each->also.items,
                    [&](const Item& item) { return item.kind == ItemKind::telemetry && ++telemetry > kMaxTelemetry; });
    }
  }
};

}  // namespace hale::agent
