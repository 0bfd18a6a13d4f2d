#include "platform/parse/event_xml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "core/text.hpp"

namespace hale {
namespace {

constexpr std::size_t kMaxEvent = 64 << 10;
constexpr std::size_t kMaxDepth = 16;
constexpr std::size_t kMaxElements = 512;
constexpr std::size_t kMaxValue = 64;

/// What an event says before anybody asks whether it may be kept.
struct RawEvent {
  std::string provider, id, time, first_data;
  std::map<std::string, std::string> data;  ///< of EventData or UserData, by name
};

/// "&lt;" and its like; an unknown entity stays as it is written.
std::string decoded(std::string_view text) {
  static constexpr std::pair<std::string_view, char> kEntities[] = {
      {"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''}};
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto end = text[i] == '&' ? text.substr(i, 10).find(';') : std::string_view::npos;
    const auto name = end == std::string_view::npos ? std::string_view() : text.substr(i + 1, end - 1);
    const auto* entity =
        std::find_if(std::begin(kEntities), std::end(kEntities), [&](const auto& one) { return one.first == name; });
    if (name.empty() || entity == std::end(kEntities)) {
      out.push_back(text[i]);
      continue;
    }
    out.push_back(entity->second);
    i += end;
  }
  return out;
}

/// Walks the elements of one document; text and attributes go to a RawEvent. No DTD, no namespaces, no processing:
/// what EvtRender writes has none.
class EventWalker {
 public:
  explicit EventWalker(std::string_view xml) : rest_(xml) {}

  Result<RawEvent> run() {
    while (true) {
      const auto open = rest_.find('<');
      take_text(rest_.substr(0, open));
      if (open == std::string_view::npos) break;
      rest_.remove_prefix(open);
      if (const char* wrong = take_markup()) return fail(Errc::invalid_input, fmt::format("event XML: {}", wrong));
      if (done_) break;
    }
    if (!done_) return fail(Errc::invalid_input, "event XML: ends before </Event>");
    return std::move(event_);
  }

 private:
  std::string_view parent() const { return path_.size() < 2 ? std::string_view() : path_[path_.size() - 2]; }

  /// Only the first piece of an element's text counts: values have no markup inside.
  void take_text(std::string_view text) {
    text = trim(text);
    if (path_.empty() || text.empty()) return;
    const std::string_view element = path_.back();
    if (element == "EventID" && parent() == "System" && event_.id.empty()) event_.id = text.substr(0, 10);
    if (parent() == "System" || path_.size() < 3) return;
    if (path_[1] != "EventData" && path_[1] != "UserData") return;
    const auto value = decoded(text.substr(0, 512));
    const std::string name = element == "Data" ? name_ : std::string(element.substr(0, kMaxValue));
    if (name.empty()) {
      if (event_.first_data.empty()) event_.first_data = value;
    } else if (event_.data.size() < 64) {
      event_.data.try_emplace(name, value);
    }
  }

  const char* take_markup() {
    if (rest_.starts_with("<!--")) return skip_past("-->");
    if (rest_.starts_with("<?")) return skip_past("?>");
    if (rest_.starts_with("<!")) return "a declaration, which events do not have";
    const auto end = find_end();
    if (end == std::string_view::npos) return "a tag without its end";
    auto tag = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    if (tag.starts_with('/')) return close(trim(tag.substr(1)));
    const bool empty = tag.ends_with('/');
    if (empty) tag.remove_suffix(1);
    if (const char* wrong = open(tag)) return wrong;
    return empty ? close(path_.back()) : nullptr;
  }

  /// The '>' that ends the tag; one within quotes does not.
  std::size_t find_end() const {
    char quote = 0;
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      const char c = rest_[i];
      if (quote != 0) {
        if (c == quote) quote = 0;
      } else if (c == '"' || c == '\'') {
        quote = c;
      } else if (c == '>') {
        return i;
      } else if (c == '<') {
        return std::string_view::npos;
      }
    }
    return std::string_view::npos;
  }

  const char* skip_past(std::string_view end) {
    const auto at = rest_.find(end);
    if (at == std::string_view::npos) return "a comment without its end";
    rest_.remove_prefix(at + end.size());
    return nullptr;
  }

  const char* open(std::string_view tag) {
    const auto name = tag.substr(0, tag.find_first_of(" \t\r\n"));
    if (name.empty()) return "a tag without a name";
    if (++elements_ > kMaxElements) return "too many elements";
    if (path_.size() >= kMaxDepth) return "too deeply nested";
    if (path_.empty() && name != "Event") return "the outermost element is not Event";
    path_.push_back(name);
    name_.clear();
    take_attributes(tag.substr(name.size()));
    return nullptr;
  }

  const char* close(std::string_view name) {
    if (path_.empty() || path_.back() != name) return "an end tag that does not match";
    path_.pop_back();
    name_.clear();
    done_ = path_.empty();
    return nullptr;
  }

  void take_attributes(std::string_view text) {
    while (true) {
      text = trim(text);
      const auto equals = text.find('=');
      if (equals == std::string_view::npos || equals + 1 >= text.size()) return;
      const auto name = trim(text.substr(0, equals));
      text = trim(text.substr(equals + 1));
      const char quote = text.empty() ? '\0' : text.front();
      const auto end = quote == '"' || quote == '\'' ? text.find(quote, 1) : std::string_view::npos;
      if (end == std::string_view::npos) return;
      take_attribute(name, text.substr(1, std::min<std::size_t>(end - 1, 128)));
      text.remove_prefix(end + 1);
    }
  }

  void take_attribute(std::string_view name, std::string_view value) {
    if (path_.size() >= 3 && path_.back() == "Data" && name == "Name") name_ = decoded(value);
    if (parent() != "System") return;
    if (path_.back() == "Provider" && name == "Name") event_.provider = decoded(value);
    if (path_.back() == "TimeCreated" && name == "SystemTime") event_.time = value;
  }

  std::string_view rest_;
  std::vector<std::string_view> path_;
  std::string name_;  ///< of the <Data> that is open
  std::size_t elements_{};
  bool done_{};
  RawEvent event_;
};

const WindowsEventRow* find_row(const RawEvent& event) {
  const auto id = parse_uint(event.id);
  const auto provider = to_lower_ascii(event.provider);
  for (const auto& row : windows_event_rows()) {
    if (id == row.id && provider == to_lower_ascii(row.provider)) return &row;
  }
  return nullptr;
}

/// Numbers, words and codes; nothing in which a path or a person's name fits.
bool is_plain(std::string_view value) {
  return !value.empty() && value.size() <= kMaxValue && std::all_of(value.begin(), value.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' ||
           c == '_';
  });
}

bool says(const RawEvent& event, const char* name) {
  const auto found = event.data.find(name);
  if (found == event.data.end()) return false;
  const auto value = to_lower_ascii(found->second);
  if (value == "true") return true;
  const auto number = value.starts_with("0x") ? parse_hex(value) : parse_uint(value);
  return number.value_or(0) != 0;
}

/// What the number means in this event; empty: nothing that anybody needs to know.
std::string code_of(const WindowsEventRow& row, const RawEvent& event) {
  const auto number = std::to_string(row.id);
  if (row.source == "Kernel-Power" && row.id == 41) {
    if (says(event, "BugcheckCode")) return "41-crash";
    if (says(event, "PowerButtonTimestamp")) return "41-button";
    return says(event, "SleepInProgress") ? "41-sleep" : number;
  }
  // Told for every volume at every start; 0 = healthy.
  if (row.source == "Ntfs" && row.id == 98) return says(event, "CorruptionActionState") ? "98-corrupt" : "";
  if (row.source == "BugCheck") {
    // "0x00000124 (0x0000000000000000, …)"
    const auto given = event.data.find("param1");
    const std::string_view text = given != event.data.end() ? given->second : std::string_view(event.first_data);
    if (parse_hex(text.substr(0, text.find(' '))) == 0x124) return "0x124";
  }
  return number;
}

/// "\Device\Harddisk1\DR1" -> "Harddisk1". Anything else is no device of ours.
std::string device_in(std::string_view text) {
  constexpr std::string_view kRoot = "\\Device\\";
  if (!text.starts_with(kRoot)) return {};
  text.remove_prefix(kRoot.size());
  text = text.substr(0, text.find('\\'));
  for (const std::string_view kind : {"Harddisk", "RaidPort"}) {
    if (text.starts_with(kind) && text.size() < kind.size() + 5 && parse_uint(text.substr(kind.size())))
      return std::string(text);
  }
  return {};
}

}  // namespace

Result<std::optional<WindowsEvent>> parse_event_xml(std::string_view xml) {
  if (xml.size() > kMaxEvent) return fail(Errc::invalid_input, "event XML: larger than 64 KiB");
  const auto raw = EventWalker(xml).run();
  if (!raw) return fail(raw.error());
  if (raw->provider.empty() || raw->id.empty())
    return fail(Errc::invalid_input, "event XML: names no provider or no event id");
  const auto* row = find_row(*raw);
  if (row == nullptr) return std::nullopt;
  const auto time = parse_rfc3339(raw->time);
  if (!time) return fail(Error(time.error()).with_context("event XML: SystemTime"));
  auto code = code_of(*row, *raw);
  if (code.empty()) return std::nullopt;
  WindowsEvent event{std::string(row->source), std::move(code), row->severity, row->target, {}, *time, {}};
  event.device = device_in(raw->first_data);
  for (const auto name : split(row->fields, ' ')) {
    const auto found = raw->data.find(std::string(name));
    if (found != raw->data.end() && is_plain(found->second)) event.fields[found->first] = found->second;
  }
  return event;
}

}  // namespace hale
