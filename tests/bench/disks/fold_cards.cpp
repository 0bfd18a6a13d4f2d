#include "tests/bench/disks/fold_cards.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "platform/files.hpp"

namespace hale::bench {
namespace {

using Json = nlohmann::json;

Result<Json> read_json(const std::filesystem::path& path) {
  const auto text = read_file(path, 4u << 20);
  if (!text) return fail(text.error());
  auto json = Json::parse(*text, nullptr, false);
  if (json.is_discarded()) return fail(Errc::invalid_input, path.string() + ": is not JSON");
  return json;
}

/// The terms of inputs that no labelled drive has stay as they ship: they say nothing here, and the pack needs them.
Json with_card(Json pack, const Json& card) {
  Json& model = pack["models"][0]["model"];
  Json points = card["points"];
  for (const Json& term : model["points"]) {
    const bool fitted =
        std::any_of(points.begin(), points.end(), [&](const Json& one) { return one["input"] == term["input"]; });
    if (!fitted) points.push_back(term);
  }
  for (const auto& [key, value] : card.items()) model[key] = value;
  model["points"] = std::move(points);
  return pack;
}

}  // namespace

Result<std::vector<rules::RuleSet>> read_fold_cards(const std::filesystem::path& source) {
  const auto folds = read_json(source / "tests/bench/disks/folds.json");
  if (!folds) return fail(folds.error());
  const auto pack = read_json(source / "rules/packs/05_disk_risk.json");
  if (!pack) return fail(pack.error());
  std::string folder = (std::filesystem::temp_directory_path() / "hale-folds-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return fail(Errc::io, "cannot make a folder in " + folder);
  std::filesystem::copy(source / "rules/packs", folder);
  std::vector<rules::RuleSet> all;
  Result<> done;
  for (const Json& card : (*folds)["cards"]) {
    std::ofstream(std::filesystem::path(folder) / "05_disk_risk.json") << with_card(*pack, card).dump(1);
    auto rules = rules::RuleSet::load(folder);
    if (!rules) {
      done = fail(std::move(rules).error());
      break;
    }
    all.push_back(std::move(*rules));
  }
  std::filesystem::remove_all(folder);
  if (!done) return fail(std::move(done).error());
  return all;
}

}  // namespace hale::bench
