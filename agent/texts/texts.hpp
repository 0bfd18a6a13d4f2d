#pragma once
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace hale::agent {

/// Words of Hale's own programs (not of the rules) in one language: agent/texts/<language>.json. Immutable once
/// made.
class Texts {
 public:
  /// "en" or "zh-CN"; anything else reads as "en".
  explicit Texts(std::string_view language);
  /// Puts the texts of a JSON file on top: what only some programs say.
  void add(std::string_view json);
  /// The text of a key. A key that does not exist is a defect, found by a test; it shows as itself.
  std::string get(std::string_view key) const;
  /// Nothing where there is no such key: for keys made from names in data.
  std::optional<std::string> find(std::string_view key) const;
  /// The same with {0}, {1}, ... replaced.
  std::string fill(std::string_view key, std::initializer_list<std::string_view> values) const;
  const std::map<std::string, std::string, std::less<>>& all() const { return texts_; }

 private:
  std::map<std::string, std::string, std::less<>> texts_;
};

}  // namespace hale::agent
