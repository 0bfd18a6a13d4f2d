#pragma once
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "rules/engine/detector.hpp"

namespace hale::rules {

/// The first thing found wrong while a file is loaded.
struct LoadErrors {
  std::string file;
  std::string_view text;  ///< of the file, to say the line
  std::optional<Error> first;
  void report(const std::string& path, const std::string& what);
  bool good() const { return !first; }
};

/// A value inside a JSON file that knows its path, reads strictly, and reports what is wrong to LoadErrors. After a
/// report, reads give empty values: the caller asks errors().good() at the end. Include only in .cpp files.
class JsonView {
 public:
  JsonView(const nlohmann::json& value, std::string path, LoadErrors& errors)
      : value_(&value), path_(std::move(path)), errors_(&errors) {}

  /// Reports members other than these, with the nearest of them; also that this is an object at all.
  void allow(std::initializer_list<std::string_view> keys) const;
  bool has(std::string_view key) const;
  bool is_object() const { return value_->is_object(); }
  bool is_number() const { return value_->is_number(); }

  JsonView child(std::string_view key) const;              ///< must be there
  std::vector<JsonView> list(std::string_view key) const;  ///< empty when absent
  std::vector<std::pair<std::string, JsonView>> members(std::string_view key) const;

  std::string text(std::string_view key) const;  ///< must be there and not empty
  std::string text_or(std::string_view key, std::string otherwise) const;
  double number(std::string_view key) const;
  double number_or(std::string_view key, double otherwise) const;
  int whole_or(std::string_view key, int otherwise, int min, int max) const;
  bool flag_or(std::string_view key, bool otherwise) const;
  /// "90s", "15m", "24h", "30d".
  Millis duration(std::string_view key) const;
  Millis duration_or(std::string_view key, Millis otherwise) const;
  double as_number() const;
  std::string as_text() const;

  /// One of the words; reports the nearest when it is another.
  template <class T>
  T word(std::string_view key, std::initializer_list<std::pair<std::string_view, T>> words,
         std::optional<T> otherwise = {}) const {
    if (otherwise && !has(key)) return *otherwise;
    const std::string given = text(key);
    std::vector<std::string_view> known;
    for (const auto& [name, value] : words) {
      if (name == given) return value;
      known.push_back(name);
    }
    report(key, "unknown word \"" + given + "\"" + suggestion(given, known));
    return T{};
  }

  void report(const std::string& what) const { errors_->report(path_, what); }
  void report(std::string_view key, const std::string& what) const;
  const std::string& path() const { return path_; }
  LoadErrors& errors() const { return *errors_; }

  /// "; did you mean "x"?" or "; allowed here: a, b".
  static std::string suggestion(std::string_view given, const std::vector<std::string_view>& known);

 private:
  const nlohmann::json* find(std::string_view key) const;
  const nlohmann::json* require(std::string_view key) const;

  const nlohmann::json* value_;
  std::string path_;
  LoadErrors* errors_;
};

}  // namespace hale::rules
