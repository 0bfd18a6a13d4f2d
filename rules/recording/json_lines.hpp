#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "core/finding.hpp"
#include "rules/judge.hpp"

namespace hale::rules {

/// Prints what a device's judging gives, a JSON object a line, keys in the order of docs/recordings.md.
class JsonLines final : public Sink {
 public:
  using Out = std::function<void(std::string_view)>;
  JsonLines(std::string device, const Out& out) : device_(std::move(device)), out_(out) {}

  void on_finding(const Finding& finding) override;
  void on_notification(const Notification& message) override;
  void on_withdraw(const std::string&) override {}
  void on_outcome(const Outcome& outcome) override;
  void coverage(const Coverage& coverage);

 private:
  void begin(std::string_view type);
  void end();
  void text(std::string_view key, std::string_view value);
  void number(std::string_view key, double value);

  std::string device_;
  const Out& out_;
  static thread_local std::string line_;
};

}  // namespace hale::rules
