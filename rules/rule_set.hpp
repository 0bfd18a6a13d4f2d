#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/finding.hpp"
#include "core/result.hpp"

namespace hale::rules {

struct CompiledRules;  // rules/engine

/// Rule packs and their texts, checked and compiled. Immutable and shareable between threads once loaded.
class RuleSet {
 public:
  /// The packs built into the program.
  static Result<RuleSet> builtin();
  /// Packs (*.json) and texts of a folder instead. Errors name file, place, what is wrong and what is allowed there.
  static Result<RuleSet> load(const std::filesystem::path& folder);

  struct RuleInfo {
    std::string id;
    std::uint32_t version{};
    Cause cause{};
  };
  std::vector<RuleInfo> rules() const;

  /// Words for a rule in a language ("en", "zh-CN"; anything else reads as "en").
  struct Texts {
    std::string title, reason, first_step, stakes, when_to_call;
    std::vector<std::string> further_steps;
    std::vector<std::string> references;
  };
  /// How much the further steps say: `detailed` has every hand's turn, where a rule has such; else the short ones.
  enum class Steps : std::uint8_t { simple, detailed };
  /// With the finding's own numbers filled in. Empty Texts when the rule is unknown (an older agent's finding).
  Texts texts(const Finding& finding, std::string_view lang, Steps steps = Steps::simple) const;

  /// A fact as people of that language read it: what it is called, and its value with its unit.
  struct EvidenceLine {
    std::string fact, name, text;
  };
  std::vector<EvidenceLine> evidence(const Finding& finding, std::string_view lang) const;
  /// What a fact or a plot's metric is called. One that this rule set does not know reads as its key in words.
  std::string evidence_name(std::string_view rule, std::string_view key, std::string_view lang) const;

  const CompiledRules& compiled() const { return *compiled_; }
  const std::shared_ptr<const CompiledRules>& shared() const { return compiled_; }

 private:
  explicit RuleSet(std::shared_ptr<const CompiledRules> compiled) : compiled_(std::move(compiled)) {}
  std::shared_ptr<const CompiledRules> compiled_;
};

}  // namespace hale::rules
