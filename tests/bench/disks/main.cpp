#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "rules/judge.hpp"
#include "rules/recording.hpp"
#include "tests/bench/disks/fold_cards.hpp"
#include "tests/bench/disks/labelled.hpp"

/// What the disk rules find on real drives with a known end, through the pipeline that ships; docs/accuracy_disks.md is
/// this program's output. Counting: *tell* = a finding with a disk cause, warning or critical, is active at any moment
/// of the last 30 days before the failure, the last one excluded; *false* = active on a healthy drive 30 days before
/// its last record; *watch* = likewise with any severity; notifications = messages on healthy drives.
namespace hale::bench {
namespace {

struct Span {
  std::int64_t from{};
  std::int64_t to{INT64_MAX};
};

using Pick = std::function<bool(const Drive&)>;

/// One rule's verdict on a drive: when it was there, in power-on hours.
struct Verdict {
  std::vector<Span> tell;
  std::vector<Span> watch;
  int messages{};
  std::map<std::string, double> first_confidence;  ///< by severity, of disk.failure_risk
  double last_confidence{-1};                      ///< of the finding as it stood at the end, or ended
};

bool is_disk_cause(Cause cause) {
  return cause == Cause::disk_failing || cause == Cause::media_errors || cause == Cause::media_wear ||
         cause == Cause::endurance || cause == Cause::link_errors;
}

class Record final : public rules::Sink {
 public:
  void begin(Verdict& verdict, const Drive& drive) {
    verdict_ = &verdict;
    drive_ = &drive;
    open_.clear();
  }
  void on_finding(const Finding& finding) override {
    if (!is_disk_cause(finding.cause)) return;
    const bool active = finding.state == FindingState::active;
    set(finding.rule, false, active, verdict_->watch);
    set(finding.rule, true, active && finding.severity != Severity::info, verdict_->tell);
    if (finding.rule == "disk.failure_risk" && active)
      verdict_->first_confidence.try_emplace(std::string(to_string(finding.severity)), finding.confidence);
  }
  void on_notification(const Notification&) override { ++verdict_->messages; }
  void on_withdraw(const std::string&) override {}
  void on_outcome(const Outcome&) override {}
  std::int64_t hour{};

 private:
  void set(const std::string& rule, bool tell, bool on, std::vector<Span>& spans) {
    const auto key = std::make_pair(rule, tell);
    const auto known = open_.find(key);
    if (on && known == open_.end()) {
      open_[key] = spans.size();
      spans.push_back({hour, INT64_MAX});
    } else if (!on && known != open_.end()) {
      spans[known->second].to = hour;
      open_.erase(known);
    }
  }
  Verdict* verdict_{};
  const Drive* drive_{};
  std::map<std::pair<std::string, bool>, std::size_t> open_;
};

/// Judges the drives that `pick` takes; the others' verdicts stay as they are.
void judge(const std::vector<Drive>& drives, const rules::RuleSet& rules, const Pick& pick,
           std::vector<Verdict>& verdicts, std::size_t& most_state) {
  rules::Layout layout;
  std::vector<rules::SeriesIndex> series;
  for (const char* key : kAttributes) series.push_back(layout.series(Metric::hw_physical_disk_smart, "disk0", key));
  rules::PolicyOptions policy;
  policy.assume_present = true;
  Record record;
  for (std::size_t i = 0; i < drives.size(); ++i) {
    const Drive& drive = drives[i];
    if (!pick(drive)) continue;
    record.begin(verdicts[i], drive);
    rules::Judge judge(rules, layout, policy, record);
    Component disk;
    disk.id = "disk0";
    disk.model = drive.model;
    judge.describe(disk);
    for (const Interval& row : drive.rows) {
      std::vector<rules::Sample> samples;
      for (std::size_t a = 0; a < series.size(); ++a) {
        if (row.raw[a]) samples.push_back({series[a], *row.raw[a]});
      }
      record.hour = row.start;
      const auto second = drive.first_second + (row.start - drive.rows.front().start) * 3600;
      judge.step(from_unix_ms(second * 1000), samples, {});
    }
    judge.finish();
    most_state = std::max(most_state, judge.state_bytes());
  }
}

/// Each drive judged by the card that tools/fit_disk_risk.py fitted without its fifth of the drives.
Result<std::vector<Verdict>> judge_held_out(const std::vector<Drive>& drives, std::size_t& most_state) {
  const auto cards = read_fold_cards(std::filesystem::path(HALE_SOURCE_DIR));
  if (!cards) return fail(cards.error());
  std::vector<Verdict> verdicts(drives.size());
  for (std::size_t fold = 0; fold < cards->size(); ++fold) {
    judge(
        drives, (*cards)[fold], [&](const Drive& drive) { return drive.fold(cards->size()) == fold; }, verdicts,
        most_state);
  }
  return verdicts;
}

/// A baseline: any of these attributes above 0, as last reported.
std::vector<Verdict> any_of(const std::vector<Drive>& drives, const std::vector<std::size_t>& attributes) {
  std::vector<Verdict> verdicts(drives.size());
  for (std::size_t i = 0; i < drives.size(); ++i) {
    std::array<double, kAttributes.size()> latest{};
    Verdict& verdict = verdicts[i];
    std::int64_t told = INT64_MIN / 2;
    bool on = false;
    for (const Interval& row : drives[i].rows) {
      for (std::size_t a = 0; a < latest.size(); ++a) {
        if (row.raw[a]) latest[a] = a == 2 ? std::fmod(*row.raw[a], 65536) : *row.raw[a];
      }
      const bool now = std::any_of(attributes.begin(), attributes.end(), [&](std::size_t a) { return latest[a] > 0; });
      if (now && !on) {
        verdict.tell.push_back({row.start, INT64_MAX});
        if (row.start - told >= 720) {
          ++verdict.messages;
          told = row.start;
        }
      }
      if (!now && on) verdict.tell.back().to = row.start;
      on = now;
    }
    verdict.watch = verdict.tell;
  }
  return verdicts;
}

struct Share {
  int hits{};
  int of{};
  /// Wilson's 95 % interval.
  std::string text(int digits) const {
    if (of == 0) return "-";
    constexpr double z = 1.96;
    const double n = of;
    const double p = hits / n;
    const double middle = (p + z * z / (2 * n)) / (1 + z * z / n);
    const double half = z * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n);
    return fmt::format("{:.{}f} ({:.{}f}-{:.{}f})", 100 * p, digits, 100 * std::max(0.0, middle - half), digits,
                       100 * (middle + half), digits);
  }
};

/// A Poisson rate a hundred years, with Byar's 95 % interval.
std::string rate(int count, double years) {
  if (years <= 0) return "-";
  const auto bound = [](double n, double sign) {
    if (n <= 0) return 0.0;
    return n * std::pow(1 - 1 / (9 * n) + sign * 1.96 / (3 * std::sqrt(n)), 3);
  };
  return fmt::format("{:.2f} ({:.2f}-{:.2f})", 100 * count / years, 100 * bound(count, -1) / years,
                     100 * bound(count + 1, 1) / years);
}

void row(const std::string& name, const std::vector<Drive>& drives, const std::vector<Verdict>& verdicts,
         const Pick& pick) {
  Share tell, watch, lead, false_tell, false_watch;
  int messages = 0;
  double years = 0;
  for (std::size_t i = 0; i < drives.size(); ++i) {
    const Drive& drive = drives[i];
    if (!pick(drive)) continue;
    const auto end = drive.end();
    const auto within = [&](const std::vector<Span>& spans, std::int64_t until) {
      return std::any_of(spans.begin(), spans.end(),
                         [&](const Span& span) { return span.from < until && span.to > end - 720; });
    };
    const auto at = [&](const std::vector<Span>& spans) {
      return std::any_of(spans.begin(), spans.end(),
                         [&](const Span& span) { return span.from <= end - 720 && span.to > end - 720; });
    };
    if (drive.failed) {
      ++tell.of, ++watch.of, ++lead.of;
      tell.hits += within(verdicts[i].tell, end - 24);
      lead.hits += within(verdicts[i].tell, end - 168);
      watch.hits += within(verdicts[i].watch, end - 24);
    } else {
      ++false_tell.of, ++false_watch.of;
      false_tell.hits += at(verdicts[i].tell);
      false_watch.hits += at(verdicts[i].watch);
      messages += verdicts[i].messages;
      years += drive.years();
    }
  }
  fmt::print("| {} | {} | {} | {} | {} | {} | {} | {} | {} |\n", name, tell.of, false_tell.of, tell.text(1),
             lead.text(1), false_tell.text(2), rate(messages, years), watch.text(1), false_watch.text(2));
}

void head(const char* what) {
  fmt::print(
      "\n## {}\n| | failed | healthy | tell: found, % | 7 days before, % | tell: false, % | messages per 100 "
      "healthy years | watch: found, % | watch: false, % |\n|---|---|---|---|---|---|---|---|---|\n",
      what);
}

std::string maker(const Drive& drive) {
  if (drive.model.starts_with("ST")) return "Seagate";
  return drive.model.substr(0, drive.model.find(' '));
}

void reliability(const std::vector<Drive>& drives, const std::vector<Verdict>& verdicts) {
  fmt::print(
      "\n## Is the confidence honest?\nHeld out. Each drive once per severity it reached, with the confidence it was "
      "first "
      "told with; right = the drive failed while it was recorded.\n\n| severity | said | drives | failed, % "
      "|\n|---|---|---|---|\n");
  std::map<std::pair<std::string, int>, std::pair<double, Share>> bins;
  for (std::size_t i = 0; i < drives.size(); ++i) {
    for (const auto& [severity, confidence] : verdicts[i].first_confidence) {
      auto& [sum, share] = bins[{severity, static_cast<int>(confidence * 10)}];
      sum += confidence;
      ++share.of;
      share.hits += drives[i].failed;
    }
  }
  for (const auto& [key, bin] : bins)
    fmt::print("| {} | {:.2f} | {} | {} |\n", key.first, bin.first / bin.second.of, bin.second.of, bin.second.text(0));
}

void reports(const std::filesystem::path& data) {
  fmt::print(
      "\n## What one report says\nReports of `smartctl`, most of drives that somebody thought worth a report; no "
      "end is known.\n\n| source | reports | verdict of the drive itself | NVMe warning | risk: tell or act | "
      "watched only |\n|---|---|---|---|---|---|\n");
  for (const char* source : {"smart_reports/bsd_reports.tar.xz", "smart_reports/ent_reports.tar.xz", "smart_json"}) {
    if (!std::filesystem::exists(data / source)) continue;
    std::map<std::string, std::map<std::string, bool>> said;
    std::map<std::string, bool> devices;
    rules::ReplayOptions options;
    options.from_smartctl = true;
    (void)rules::replay(
        {data / source}, options,
        [&](std::string_view line) {
          const auto json = nlohmann::json::parse(line);
          const std::string device = json["device"];
          devices[device] = true;
          if (json["type"] != "finding") return;
          const std::string rule = json["rule"];
          const bool quiet = json["severity"] == "info";
          said[rule == "disk.failure_risk" ? (quiet ? "watch" : "tell") : rule][device] = true;
        },
        [](std::string_view) {});
    fmt::print("| {} | {} | {} | {} | {} | {} |\n", source, devices.size(), said["disk.self_assessment"].size(),
               said["disk.nvme_critical_warning"].size(), said["tell"].size(), said["watch"].size());
  }
}

int run(const std::filesystem::path& data) {
  if (!std::filesystem::exists(data / "smart_labelled")) {
    fmt::print("disk accuracy: skipped, no recorded data at {}\n", data.string());
    return 0;
  }
  const auto drives = read_labelled(data / "smart_labelled");
  const auto rules = rules::RuleSet::builtin();
  if (!drives || !rules) {
    fmt::print(stderr, "{}\n", !drives ? drives.error().message : rules.error().message);
    return 1;
  }
  std::size_t most_state = 0;
  const auto held_out = judge_held_out(*drives, most_state);
  if (!held_out) {
    fmt::print(stderr, "{}\n", held_out.error().message);
    return 1;
  }
  const auto begun = std::chrono::steady_clock::now();
  std::vector<Verdict> shipped(drives->size());
  judge(
      *drives, *rules, [](const Drive&) { return true; }, shipped, most_state);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  const Pick complete = [](const Drive& drive) { return drive.complete(); };
  const Pick any = [](const Drive&) { return true; };
  fmt::print(
      "# How often the disk rules are right\nWritten by `./dev bench rules`; how it is counted and where it is "
      "blind: [rules.md](rules.md). 95 % intervals in brackets (Wilson; Poisson).\n\n**Held out**: each drive is "
      "judged by a card (points, thresholds, odds) fitted without its fifth of the drives. **In sample**: by the card "
      "that ships, which is fitted in the same way on all of them. A simple rule has nothing to fit.\n");
  head("Drives that report all attributes and were watched for 30 days");
  row("**Hale, held out**", *drives, *held_out, complete);
  row("Hale, in sample", *drives, shipped, complete);
  row("any of 5, 187, 188, 197, 198", *drives, any_of(*drives, {0, 1, 2, 4, 5}), complete);
  row("without 188", *drives, any_of(*drives, {0, 1, 4, 5}), complete);
  row("187 > 0", *drives, any_of(*drives, {1}), complete);
  row("197 > 0", *drives, any_of(*drives, {4}), complete);
  head("By maker");
  for (const char* name : {"Seagate", "Hitachi", "HGST", "WDC"}) {
    const Pick of_maker = [&](const Drive& d) { return d.complete() && maker(d) == name; };
    row(std::string(name) + ", held out", *drives, *held_out, of_maker);
    row(std::string(name) + ", 197 > 0", *drives, any_of(*drives, {4}), of_maker);
  }
  head("All labelled drives, also those that report two attributes or died within 30 days");
  row("**Hale, held out**", *drives, *held_out, any);
  row("Hale, in sample", *drives, shipped, any);
  row("197 > 0", *drives, any_of(*drives, {4}), any);
  const Pick western = [](const Drive& d) { return maker(d) == "WDC"; };
  row("WDC, held out", *drives, *held_out, western);
  row("WDC, in sample", *drives, shipped, western);
  row("WDC, 197 > 0", *drives, any_of(*drives, {4}), western);
  reliability(*drives, *held_out);
  reports(data);
  fmt::print("\nThe largest state of a drive was {} bytes.\n", most_state);
  fmt::print(stderr, "disk accuracy: {} drives judged in {:.2f} s\n", drives->size(), took.count());
  return 0;
}

}  // namespace
}  // namespace hale::bench

int main(int argc, char** argv) {
  const char* named = std::getenv("HALE_DATA");
  const std::filesystem::path data = argc > 1 ? std::filesystem::path(argv[1])
                                     : named != nullptr
                                         ? std::filesystem::path(named)
                                         : std::filesystem::path(HALE_SOURCE_DIR) / ".." / "shared" / "data";
  return hale::bench::run(data);
}
