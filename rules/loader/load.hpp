#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "rules/engine/compiled_rules.hpp"

namespace hale::rules {

/// A data file and its name as errors should say it.
struct NamedText {
  std::string name;
  std::string text;
};

/// Each reads one kind of file strictly: an error says file, line, path, what is wrong and what is allowed there.
/// Appends the rules of a pack; their references must stand earlier, and the gate be loaded where limits are to be
/// checked against it.
Result<> load_pack(const NamedText& file, CompiledRules& rules);
/// Reads the words of one language; rules that this set does not have are passed over.
Result<> load_texts(const NamedText& file, std::string_view language, CompiledRules& rules);
/// Reads what facts and metrics are called in one language; later ones stand over earlier.
Result<> load_names(const NamedText& file, std::string_view language, CompiledRules& rules);
Result<> load_gate(const NamedText& file, CompiledRules& rules);
/// Every rule has every text in every language, every placeholder is a fact the rule can give, every common text is
/// there, and whatever can be shown as evidence has a name.
Result<> check_texts(const CompiledRules& rules);

}  // namespace hale::rules
