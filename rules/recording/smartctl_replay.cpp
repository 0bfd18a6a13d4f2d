#include <fmt/format.h>

#include <algorithm>

#include "core/text.hpp"
#include "platform/parse/smartctl.hpp"
#include "rules/recording/history.hpp"
#include "rules/recording/tar_reader.hpp"

namespace hale::rules {
namespace {

constexpr std::size_t kMaxReport = 8u << 20;
constexpr std::string_view kDisk = "disk0";

class SmartctlReplay {
 public:
  SmartctlReplay(const RuleSet& rules, const PolicyOptions& policy, bool coverage, const JsonLines::Out& out,
                 const JsonLines::Out& complain)
      : rules_(rules), policy_(policy), coverage_(coverage), out_(out), complain_(complain) {}

  /// A report has no time of its own: it is judged as read at the epoch, a single snapshot.
  void judge(const std::string& file, const std::string& device, std::string_view text) {
    const auto report = parse_smartctl(text);
    if (!report) return complain_about(file, report.error());
    JsonLines lines(sanitize_utf8(device, 512), out_);
    PolicyOptions policy = policy_;
    policy.quiet = {0, 0};
    Judge judge(rules_, layout_, policy, lines);
    Component disk;
    disk.id = kDisk;
    disk.type = ComponentType::physical_disk;
    disk.model = report->model;
    disk.vendor = report->vendor;
    judge.describe(disk);
    std::vector<Reading> readings;
    append_smart_readings(*report, disk.id, Timestamp{}, readings);
    std::vector<Sample> samples;
    for (const Reading& reading : readings)
      samples.push_back({layout_.series(reading.metric, reading.component, reading.key), reading.value});
    judge.step(Timestamp{}, samples, {});
    judge.finish();
    if (!coverage_) return;
    for (const Coverage& one : judge.coverage()) lines.coverage(one);
  }

  void complain_about(const std::string& file, const Error& error) {
    // smartctl saying that it could not read a drive is an answer, not a malformed file.
    if (error.code != Errc::unavailable) good_ = false;
    complain_(fmt::format("{}:1:1: {}\n", file, error.message));
  }
  void pass_over(const std::string& file, std::string_view why) {
    good_ = false;
    complain_(fmt::format("{}:1:1: {}\n", file, why));
  }
  bool good() const { return good_; }

 private:
  const RuleSet& rules_;
  const PolicyOptions& policy_;
  Layout layout_;
  bool coverage_;
  const JsonLines::Out& out_;
  const JsonLines::Out& complain_;
  bool good_{true};
};

bool is_tar(std::string_view name) {
  for (const std::string_view ending : {".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz"}) {
    if (name.ends_with(ending)) return true;
  }
  return false;
}

std::string without_extension(const std::string& path) {
  const auto dot = path.rfind('.');
  const auto slash = path.rfind('/');
  if (dot == std::string::npos || dot == 0 || (slash != std::string::npos && dot <= slash + 1)) return path;
  return path.substr(0, dot);
}

void judge_tar(const std::filesystem::path& path, SmartctlReplay& replay) {
  const bool xz = path.string().ends_with("xz");
  auto source = xz ? open_xz(path) : ByteSource::open(path);
  if (!source) return replay.complain_about(path.string(), source.error());
  const auto read =
      read_tar(**source, kMaxReport, [&](const std::string& member, std::string_view bytes, bool too_large) {
        const std::string name = path.string() + "/" + member;
        if (too_large) return replay.pass_over(name, "is larger than 8 MiB");
        replay.judge(name, without_extension(member), bytes);
      });
  if (!read) replay.complain_about(path.string(), read.error());
}

void judge_file(const std::filesystem::path& path, const std::string& device, SmartctlReplay& replay) {
  auto source = ByteSource::open(path);
  if (!source) return replay.complain_about(path.string(), source.error());
  std::string text(kMaxReport + 1, '\0');
  std::size_t have = 0;
  while (have < text.size()) {
    const auto count = (*source)->read(text.data() + have, text.size() - have);
    if (!count) return replay.complain_about(path.string(), count.error());
    if (*count == 0) break;
    have += *count;
  }
  if (have > kMaxReport) return replay.pass_over(path.string(), "is larger than 8 MiB");
  replay.judge(path.string(), device, std::string_view(text).substr(0, have));
}

void judge_folder(const std::filesystem::path& folder, SmartctlReplay& replay) {
  std::error_code error;
  std::vector<std::filesystem::path> files;
  for (std::filesystem::recursive_directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (at->is_regular_file(error)) files.push_back(at->path());
  }
  if (error) replay.pass_over(folder.string(), "cannot be listed: " + error.message());
  std::sort(files.begin(), files.end());
  for (const auto& file : files) judge_file(file, without_extension(file.lexically_relative(folder).string()), replay);
}

}  // namespace

bool replay_smartctl(const std::filesystem::path& path, const RuleSet& rules, const PolicyOptions& policy,
                     bool coverage, const JsonLines::Out& out, const JsonLines::Out& complain) {
  SmartctlReplay replay(rules, policy, coverage, out, complain);
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    judge_folder(path, replay);
  } else if (is_tar(path.string())) {
    judge_tar(path, replay);
  } else {
    judge_file(path, path.stem().string(), replay);
  }
  return replay.good();
}

}  // namespace hale::rules
