#include "rules/loader/json_place.hpp"

#include <algorithm>
#include <charconv>

namespace hale::rules {
namespace {

/// Walks JSON that is known to be well formed.
class Walker {
 public:
  explicit Walker(std::string_view text) : text_(text) {}

  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t'))
      ++at_;
  }
  bool take(char c) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  std::string_view read_string() {
    skip_space();
    const std::size_t begin = ++at_;
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    const std::size_t end = std::min(at_, text_.size());
    at_ = std::min(at_ + 1, text_.size());
    return text_.substr(std::min(begin, end), end - std::min(begin, end));
  }
  void skip_value() {
    skip_space();
    int depth = 0;
    do {
      skip_space();
      if (at_ >= text_.size()) return;
      const char c = text_[at_];
      if (c == '"') {
        read_string();
      } else {
        depth += c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
        ++at_;
      }
      if (depth == 0) {
        while (at_ < text_.size() && text_[at_] != ',' && text_[at_] != '}' && text_[at_] != ']') ++at_;
        return;
      }
    } while (at_ < text_.size());
  }
  /// Moves to the value of a member; false when there is none.
  bool enter_member(std::string_view name) {
    if (!take('{')) return false;
    while (!take('}') && at_ < text_.size()) {
      const bool found = read_string() == name;
      take(':');
      skip_space();
      if (found) return true;
      skip_value();
      take(',');
    }
    return false;
  }
  bool enter_item(std::size_t index) {
    if (!take('[')) return false;
    for (std::size_t i = 0; at_ < text_.size(); ++i) {
      skip_space();
      if (text_[at_] == ']') return false;
      if (i == index) return true;
      skip_value();
      take(',');
    }
    return false;
  }
  std::size_t line() const {
    return 1 + static_cast<std::size_t>(std::count(
                   text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(std::min(at_, text_.size())), '\n'));
  }

 private:
  std::string_view text_;
  std::size_t at_{};
};

}  // namespace

std::size_t line_of_path(std::string_view json, std::string_view path) {
  Walker walker(json);
  walker.skip_space();
  std::size_t line = walker.line();
  while (!path.empty()) {
    bool found = false;
    if (path.front() == '[') {
      std::size_t index = 0;
      const char* end = std::from_chars(path.data() + 1, path.data() + path.size(), index).ptr;
      path.remove_prefix(std::min(path.size(), static_cast<std::size_t>(end - path.data()) + 1));
      found = walker.enter_item(index);
    } else {
      if (path.front() == '.') path.remove_prefix(1);
      // Names of rules hold dots: the longest name that exists wins.
      const auto end = std::min(path.find('['), path.size());
      std::size_t length = end;
      while (true) {
        Walker attempt = walker;
        if (attempt.enter_member(path.substr(0, length))) {
          walker = attempt;
          found = true;
          break;
        }
        const auto dot = length == 0 ? std::string_view::npos : path.rfind('.', length - 1);
        if (dot == std::string_view::npos || dot == 0) break;
        length = dot;
      }
      path.remove_prefix(length);
    }
    if (!found) break;
    walker.skip_space();
    line = walker.line();
  }
  return line;
}

}  // namespace hale::rules
