#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "core/time.hpp"
#include "core/words.hpp"

namespace hale {

/// Reads the members of a JSON object that came from outside, strictly: the first thing that is wrong is kept as an error which names its path
/// ("finding.evidence.plots[2].unit: expected a string"), and everything read after it is empty. Ask error() once, at the end.
/// Include only in .cpp files: it brings all of nlohmann/json along. The value must outlive the reader.
class JsonReader {
 public:
  static constexpr std::size_t kMaxText = 8192;

  JsonReader(const nlohmann::json& value, std::string path);

  bool has(const char* key) const;
  std::string text(const char* key, std::size_t max_bytes = kMaxText);           ///< must be there
  std::string filled_text(const char* key, std::size_t max_bytes = kMaxText);    ///< must be there and not empty
  std::string optional_text(const char* key, std::size_t max_bytes = kMaxText);  ///< empty when absent or null
  double number(const char* key);
  std::optional<double> optional_number(const char* key);
  std::uint64_t integer(const char* key, std::uint64_t max);
  std::optional<std::uint64_t> optional_integer(const char* key, std::uint64_t max);
  Timestamp time(const char* key);
  std::optional<Timestamp> optional_time(const char* key);
  bool boolean(const char* key, bool otherwise);

  /// One of the words that to_string(Enum) knows.
  template <class Enum>
  Enum word(const char* key, Enum last) {
    const std::string text = filled_text(key, 64);
    if (const auto found = find_word(text, last)) return *found;
    complain(key, "unknown word '" + text + "', expected " + list_words(last));
    return Enum{};
  }

  /// Arrays and objects, empty ones when something is wrong.
  const nlohmann::json& array(const char* key, std::size_t max_items);
  const nlohmann::json& object(const char* key, std::size_t max_members);
  const nlohmann::json& optional_array(const char* key, std::size_t max_items);
  const nlohmann::json& optional_object(const char* key, std::size_t max_members);

  std::string path_of(const char* key) const;
  std::string path_of(const char* key, std::size_t index) const;
  /// Records what is wrong with a member, unless something was before.
  void complain(const char* key, const std::string& what);
  void complain(Error error);

  bool good() const { return !error_; }
  /// The value when all was well, the first error otherwise.
  template <class T>
  Result<T> finish(T value) const {
    if (error_) return fail(*error_);
    return value;
  }

 private:
  const nlohmann::json* find(const char* key) const;
  const nlohmann::json* require(const char* key);
  const nlohmann::json* find_present(const char* key) const;  ///< null counts as absent
  std::string text_of(const char* key, const nlohmann::json* value, std::size_t max_bytes);
  double number_of(const char* key, const nlohmann::json& value);
  std::uint64_t integer_of(const char* key, const nlohmann::json& value, std::uint64_t max);
  Timestamp time_of(const char* key, const nlohmann::json& value);

  const nlohmann::json* value_;
  std::string path_;
  std::optional<Error> error_;
};

}  // namespace hale
