#pragma once
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/text.hpp"
#include "fleet/api/route.hpp"

/// Reading what a request asks for, with words for what is wrong. Parameters that a route does not know are an error.
namespace hale::fleet {

struct Paging {
  std::int64_t limit{50};
  std::int64_t page{1};
  std::int64_t offset() const { return (page - 1) * limit; }
};

Result<> only_parameters(const Call& call, std::initializer_list<std::string_view> known);
Result<Paging> read_paging(const Call& call);
Result<std::optional<bool>> read_flag(const Call& call, std::string_view name);
Result<std::int64_t> read_number(const Call& call, std::string_view name, std::int64_t otherwise, std::int64_t least,
                                 std::int64_t most);
Result<std::optional<Timestamp>> read_time(const Call& call, std::string_view name);

/// A comma-separated list of words.
template <class Value, class Parse>
Result<std::vector<Value>> read_words(const Call& call, std::string_view name, Parse parse) {
  std::vector<Value> values;
  const std::string_view text = call.parameter(name);
  if (text.empty()) return values;
  for (const std::string_view word : split(text, ',')) {
    const auto value = parse(word);
    if (!value || values.size() == 32) {
      return fail(Errc::invalid_input, std::string(name) + ": unknown word '" + sanitize_utf8(word, 40) +
                                           "'; see /api/openapi.yaml for those it may have");
    }
    values.push_back(*value);
  }
  return values;
}

/// The request's body as a JSON object (at most 64 KiB); members other than `known` are an error. An error is the
/// answer to give.
tl::expected<nlohmann::json, Response> read_object(Call& call, std::initializer_list<std::string_view> known);

/// The device that the path names, or the answer to give.
tl::expected<Device, Response> device_of(Call& call);

Response json_answer(const nlohmann::json& body, int status = 200);

/// Runs a change on the writer's thread, with a line in the audit log in the same transaction, and waits until it is
/// durable.
Result<> change(Call& call, std::string_view action, std::string_view target, std::string_view detail,
                const Writer::Work& work);

}  // namespace hale::fleet
