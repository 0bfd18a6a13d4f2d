#pragma once
#include <filesystem>
#include <vector>

#include "core/result.hpp"
#include "rules/rule_set.hpp"

namespace hale::bench {

/// The packs of this source tree, once for each card of tests/bench/disks/folds.json in place of the disk risk's own.
Result<std::vector<rules::RuleSet>> read_fold_cards(const std::filesystem::path& source);

}  // namespace hale::bench
