// What the store remembers, with what still waits in memory laid over it.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/store/pending.hpp"
#include "agent/store/store.hpp"
#include "core/codec.hpp"

namespace hale::agent {
namespace {

constexpr std::size_t kMaxBody = 1u << 20;

template <class T, class FromJson>
void read_body(const std::string& text, FromJson from_json, std::vector<T>& out) {
  const auto document = parse_json(text, kMaxBody);
  if (!document) return;
  if (auto value = from_json(*document)) out.push_back(std::move(*value));
}

MessageState parse_message_state(std::string_view text) {
  for (const auto state : {MessageState::shown, MessageState::answered, MessageState::withdrawn})
    if (to_string(state) == text) return state;
  return MessageState::waiting;
}

}  // namespace

std::optional<std::string> Store::meta(const std::string& name) {
  for (auto change = pending_->changes.rbegin(); change != pending_->changes.rend(); ++change)
    if (const auto found = change->also.meta.find(name); found != change->also.meta.end()) return found->second;
  if (!ready()) return std::nullopt;
  auto select = prepared("SELECT value FROM meta WHERE name = ?");
  if (!select) return std::nullopt;
  (*select)->bind(1, std::string_view(name));
  const auto row = (*select)->step();
  if (!row || !*row) return std::nullopt;
  auto value = (*select)->column_blob(0);
  (*select)->reset();
  return value;
}

std::map<std::string, std::string> Store::meta_with_prefix(const std::string& prefix) {
  std::map<std::string, std::string> all;
  if (!ready()) return all;
  auto select = prepared("SELECT name, value FROM meta WHERE name >= ? AND name < ? || char(1114111)");
  if (!select) return all;
  (*select)->bind(1, std::string_view(prefix)).bind(2, std::string_view(prefix));
  for (auto row = (*select)->step(); row && *row; row = (*select)->step())
    all[(*select)->column_text(0)] = (*select)->column_blob(1);
  return all;
}

std::vector<Finding> Store::findings(bool resolved_too, std::size_t limit) {
  std::vector<Finding> all;
  if (ready()) {
    auto select = prepared("SELECT body FROM finding WHERE state = 'active' OR ? ORDER BY last_seen DESC LIMIT ?");
    if (select) {
      (*select)->bind(1, std::int64_t{resolved_too}).bind(2, static_cast<std::int64_t>(limit));
      for (auto row = (*select)->step(); row && *row; row = (*select)->step())
        read_body((*select)->column_text(0), finding_from_json, all);
    }
  }
  for (const auto& change : pending_->changes) {
    for (const auto& finding : change.also.findings) {
      std::erase_if(all, [&](const Finding& known) { return known.fingerprint == finding.fingerprint; });
      if (resolved_too || finding.state == FindingState::active) all.insert(all.begin(), finding);
    }
  }
  return all;
}

std::vector<Finding> Store::transitions(std::size_t newest) {
  std::vector<Finding> all;
  if (ready()) {
    auto select = prepared("SELECT body FROM transition ORDER BY id DESC LIMIT ?");
    if (select) {
      (*select)->bind(1, static_cast<std::int64_t>(newest));
      for (auto row = (*select)->step(); row && *row; row = (*select)->step())
        read_body((*select)->column_text(0), finding_from_json, all);
    }
  }
  std::reverse(all.begin(), all.end());
  for (const auto& change : pending_->changes)
    all.insert(all.end(), change.also.findings.begin(), change.also.findings.end());
  return all;
}

std::optional<Finding> Store::finding(const std::string& id) {
  constexpr std::size_t kShortestPrefix = 8;
  auto all = findings(true);
  for (auto& each : all)
    if (each.fingerprint == id || (id.size() >= kShortestPrefix && each.fingerprint.starts_with(id)))
      return std::move(each);
  for (const bool active_first : {true, false})
    for (auto& each : all)
      if (each.rule == id && (each.state == FindingState::active || !active_first)) return std::move(each);
  return std::nullopt;
}

std::vector<Store::StoredMessage> Store::messages(std::optional<MessageState> state, std::size_t limit) {
  std::vector<StoredMessage> all;
  if (ready()) {
    auto select = prepared("SELECT body, state FROM message ORDER BY time DESC LIMIT ?");
    if (select) {
      (*select)->bind(1, static_cast<std::int64_t>(limit));
      for (auto row = (*select)->step(); row && *row; row = (*select)->step()) {
        std::vector<Notification> one;
        read_body((*select)->column_text(0), notification_from_json, one);
        if (!one.empty()) all.push_back({std::move(one[0]), parse_message_state((*select)->column_text(1))});
      }
    }
  }
  std::reverse(all.begin(), all.end());
  for (const auto& change : pending_->changes) {
    for (const auto& message : change.also.messages) all.push_back({message, MessageState::waiting});
    for (const auto& [id, now] : change.also.message_states)
      for (auto& each : all)
        if (each.message.id == id) each.state = now;
  }
  if (state) std::erase_if(all, [&](const StoredMessage& each) { return each.state != *state; });
  return all;
}

std::optional<Answer> Store::last_answer(const std::string& fingerprint) {
  for (auto change = pending_->changes.rbegin(); change != pending_->changes.rend(); ++change)
    for (auto each = change->also.answers.rbegin(); each != change->also.answers.rend(); ++each)
      if (each->fingerprint == fingerprint) return each->answer;
  if (!ready()) return std::nullopt;
  auto select = prepared("SELECT answer FROM answer WHERE fingerprint = ? ORDER BY id DESC LIMIT 1");
  if (!select) return std::nullopt;
  (*select)->bind(1, std::string_view(fingerprint));
  const auto row = (*select)->step();
  if (!row || !*row) return std::nullopt;
  const auto answer = parse_answer((*select)->column_text(0));
  (*select)->reset();
  return answer;
}

std::vector<Component> Store::components() {
  std::vector<Component> all;
  if (!ready()) return all;
  auto select = prepared("SELECT body FROM component ORDER BY id");
  if (!select) return all;
  for (auto row = (*select)->step(); row && *row; row = (*select)->step())
    read_body((*select)->column_text(0), component_from_json, all);
  return all;
}

std::map<std::string, std::uint64_t> Store::rejected_since(std::int64_t day) {
  std::map<std::string, std::uint64_t> all;
  if (!ready()) return all;
  auto select = prepared("SELECT series, reason, sum(count) FROM rejected WHERE day >= ? GROUP BY series, reason");
  if (!select) return all;
  (*select)->bind(1, day);
  for (auto row = (*select)->step(); row && *row; row = (*select)->step())
    all[(*select)->column_text(0) + " " + (*select)->column_text(1)] =
        static_cast<std::uint64_t>((*select)->column_int(2));
  return all;
}

}  // namespace hale::agent
