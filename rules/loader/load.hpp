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
/// Appends the rules of a pack; their references must stand earlier.
Result<> load_pack(const NamedText& file, CompiledRules& rules);
/// Reads the words of one language; rules that this set does not have are passed over.
Result<> load_texts(const NamedText& file, std::string_view language, CompiledRules& rules);
Result<> load_gate(const NamedText& file, CompiledRules& rules);
/// Every rule has every text in every language, every placeholder is a fact the rule can give, every common text is
/// there.
Result<> check_texts(const CompiledRules& rules);

}  // namespace hale::rules
