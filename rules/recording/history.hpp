#pragma once
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "rules/judge.hpp"
#include "rules/recording.hpp"
#include "rules/recording/json_lines.hpp"

namespace hale::rules {

/// The devices of one file, each judged by itself with a Judge that is made at its first row.
class Histories {
 public:
  Histories(const RuleSet& rules, Layout& layout, PolicyOptions policy, const JsonLines::Out& out)
      : rules_(rules), layout_(layout), policy_(std::move(policy)), out_(out) {}

  Judge& of(std::uint32_t device, const std::string& name);
  void step(const RecordingRow& row, const std::string& device);
  /// Lets out what waits, prints coverage when wanted, and tells of dropped rows.
  void finish(bool coverage, const std::string& file, const JsonLines::Out& complain);

 private:
  struct History {
    History(const RuleSet& rules, Layout& layout, const PolicyOptions& policy, std::string name,
            const JsonLines::Out& out)
        : device(name), lines(std::move(name), out), judge(rules, layout, policy, lines) {}
    std::string device;
    JsonLines lines;
    Judge judge;
    std::optional<Timestamp> first;
    bool clock_was_reset{};  ///< a row came from long before the first one
  };
  void step_with_reset(History& history, const RecordingRow& row);
  const RuleSet& rules_;
  Layout& layout_;
  PolicyOptions policy_;
  const JsonLines::Out& out_;
  std::vector<std::unique_ptr<History>> histories_;
};

/// `hale replay --from-smartctl`: a document or report, a folder of them, or a tar (.tar, .tar.gz, .tar.xz). False when
/// something was malformed.
bool replay_smartctl(const std::filesystem::path& path, const RuleSet& rules, const PolicyOptions& policy,
                     bool coverage, const JsonLines::Out& out, const JsonLines::Out& complain);

}  // namespace hale::rules
