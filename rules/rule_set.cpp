#include "rules/rule_set.hpp"

#include <algorithm>

#include "core/embedded.hpp"
#include "platform/files.hpp"
#include "rules/engine/compiled_rules.hpp"
#include "rules/loader/load.hpp"
#include "rules/words/render.hpp"

HALE_DECLARE_EMBEDDED(rules_data)

namespace hale::rules {
namespace {

constexpr std::size_t kMaxFile = 4u << 20;

NamedText embedded_file(std::string_view name) {
  const EmbeddedFile* file = find_embedded(embedded::rules_data(), name);
  return {std::string(name), file != nullptr ? std::string(file->bytes) : std::string()};
}

std::vector<NamedText> embedded_packs() {
  std::vector<NamedText> packs;
  for (const EmbeddedFile& file : embedded::rules_data()) {
    if (file.name.starts_with("packs/")) packs.push_back({std::string(file.name), std::string(file.bytes)});
  }
  return packs;
}

Result<> load_packs(const std::vector<NamedText>& packs, CompiledRules& rules) {
  for (const NamedText& pack : packs) {
    if (auto loaded = load_pack(pack, rules); !loaded) return loaded;
  }
  return {};
}

Result<> load_embedded_words(CompiledRules& rules) {
  for (const std::string_view language : kLanguages) {
    if (auto loaded = load_texts(embedded_file("texts/" + std::string(language) + ".json"), language, rules); !loaded)
      return loaded;
    if (auto loaded = load_names(embedded_file("names/" + std::string(language) + ".json"), language, rules); !loaded)
      return loaded;
  }
  return {};
}

Result<> load_embedded_gate(CompiledRules& rules) { return load_gate(embedded_file("data/gate.json"), rules); }

Result<NamedText> read_named(const std::filesystem::path& path) {
  auto text = read_file(path, kMaxFile);
  if (!text) return fail(std::move(text.error()).with_context(path.string()));
  return NamedText{path.string(), std::move(*text)};
}

Result<std::vector<NamedText>> read_packs(const std::filesystem::path& folder) {
  std::error_code error;
  const auto packs_folder = std::filesystem::is_directory(folder / "packs", error) ? folder / "packs" : folder;
  auto names = list_directory(packs_folder);
  if (!names) return fail(std::move(names.error()).with_context("rules folder " + packs_folder.string()));
  std::vector<NamedText> packs;
  for (const std::string& name : *names) {
    if (!name.ends_with(".json")) continue;
    auto pack = read_named(packs_folder / name);
    if (!pack) return fail(std::move(pack.error()));
    packs.push_back(std::move(*pack));
  }
  if (packs.empty()) return fail(Errc::not_found, packs_folder.string() + ": has no packs (*.json)");
  return packs;
}

/// What the folder brings of its own stands over what is built in.
Result<> load_folder_words(const std::filesystem::path& folder, CompiledRules& rules) {
  std::error_code error;
  for (const auto& [part, load] : {std::pair{"texts", &load_texts}, std::pair{"names", &load_names}}) {
    for (const std::string_view language : kLanguages) {
      const auto path = folder / part / (std::string(language) + ".json");
      if (!std::filesystem::exists(path, error)) continue;
      const auto text = read_named(path);
      if (!text) return fail(text.error());
      if (auto loaded = load(*text, language, rules); !loaded) return loaded;
    }
  }
  return {};
}

/// The gate comes first: packs are checked against it.
Result<> load_folder_gate(const std::filesystem::path& folder, CompiledRules& rules) {
  std::error_code error;
  const auto gate = folder / "data" / "gate.json";
  if (!std::filesystem::exists(gate, error)) return load_embedded_gate(rules);
  const auto text = read_named(gate);
  if (!text) return fail(text.error());
  return load_gate(*text, rules);
}

}  // namespace

const CompiledRule* CompiledRules::find(std::string_view id) const {
  const auto index = index_of(id);
  return index ? &rules[*index] : nullptr;
}

std::optional<std::uint16_t> CompiledRules::index_of(std::string_view id) const {
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (rules[i].id == id) return static_cast<std::uint16_t>(i);
  }
  return {};
}

const Language& CompiledRules::language(std::string_view name) const {
  const auto at = std::find(kLanguages.begin(), kLanguages.end(), name);
  return languages[at == kLanguages.end() ? 0 : static_cast<std::size_t>(at - kLanguages.begin())];
}

Result<RuleSet> RuleSet::builtin() {
  auto rules = std::make_shared<CompiledRules>();
  if (auto loaded = load_embedded_gate(*rules); !loaded) return fail(loaded.error());
  if (auto loaded = load_packs(embedded_packs(), *rules); !loaded) return fail(loaded.error());
  if (auto loaded = load_embedded_words(*rules); !loaded) return fail(loaded.error());
  if (auto checked = check_texts(*rules); !checked) return fail(checked.error());
  return RuleSet(std::move(rules));
}

Result<RuleSet> RuleSet::load(const std::filesystem::path& folder) {
  auto rules = std::make_shared<CompiledRules>();
  const auto packs = read_packs(folder);
  if (!packs) return fail(packs.error());
  if (auto loaded = load_folder_gate(folder, *rules); !loaded) return fail(loaded.error());
  if (auto loaded = load_packs(*packs, *rules); !loaded) return fail(loaded.error());
  if (auto loaded = load_embedded_words(*rules); !loaded) return fail(loaded.error());
  if (auto loaded = load_folder_words(folder, *rules); !loaded) return fail(loaded.error());
  if (auto checked = check_texts(*rules); !checked)
    return fail(std::move(checked.error()).with_context(folder.string()));
  return RuleSet(std::move(rules));
}

std::vector<RuleSet::RuleInfo> RuleSet::rules() const {
  std::vector<RuleInfo> rules;
  for (const CompiledRule& rule : compiled_->rules) {
    if (!rule.is_model) rules.push_back({rule.id, rule.version, rule.cause});
  }
  return rules;
}

RuleSet::Texts RuleSet::texts(const Finding& finding, std::string_view lang, Steps steps) const {
  const auto index = compiled_->index_of(finding.rule);
  if (!index) return {};
  const Language& language = compiled_->language(lang);
  const RuleTexts& texts = language.rules[*index];
  const auto fill = [&](const std::string& text) { return render(text, finding, lang, language.common); };
  Texts filled{fill(texts.title),
               fill(texts.reason),
               fill(texts.first_step),
               fill(texts.stakes),
               fill(texts.when_to_call),
               {},
               compiled_->rules[*index].references};
  const bool detailed = steps == Steps::detailed && !texts.detailed_steps.empty();
  for (const std::string& step : detailed ? texts.detailed_steps : texts.further_steps)
    filled.further_steps.push_back(fill(step));
  return filled;
}

std::vector<RuleSet::EvidenceLine> RuleSet::evidence(const Finding& finding, std::string_view lang) const {
  const CommonTexts& common = compiled_->language(lang).common;
  std::vector<EvidenceLine> lines;
  for (const Fact& fact : finding.evidence.facts)
    lines.push_back({fact.name, evidence_name(finding.rule, fact.name, lang), format_fact(fact, common)});
  return lines;
}

std::string RuleSet::evidence_name(std::string_view rule, std::string_view key, std::string_view lang) const {
  const std::string* name = find_name(compiled_->language(lang), rule, key);
  if (name != nullptr) return *name;
  std::string words(key);
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

}  // namespace hale::rules
