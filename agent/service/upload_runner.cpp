#include "agent/service/upload_runner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>

#include "agent/service/json_fields.hpp"
#include "agent/service/log.hpp"
#include "agent/service/trigger_file.hpp"
#include "core/codec.hpp"
#include "core/time.hpp"
#include "platform/clock.hpp"

namespace hale::agent {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kSoon{500};  ///< findings of one sweep go together
constexpr int kRevoked = 4;
constexpr std::chrono::minutes kAfterFailure{5};
constexpr std::chrono::hours kAfterRevocation{24};

std::int64_t steady_ms() {
  return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double random_fraction() {
  static std::minstd_rand engine(std::random_device{}());
  return static_cast<double>(engine() - std::minstd_rand::min()) / static_cast<double>(std::minstd_rand::max());
}

std::string_view last_line(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  const auto start = text.rfind('\n');
  return start == std::string_view::npos ? text : text.substr(start + 1);
}

/// The smallest time there is when there is no identity.
std::filesystem::file_time_type time_of_identity(const std::filesystem::path& state) {
  std::error_code none;
  return std::filesystem::last_write_time(state / "identity.json", none);
}

}  // namespace

UploadOutcome parse_upload_outcome(int exit_code, std::string_view output) {
  UploadOutcome outcome;
  outcome.exit_code = exit_code;
  const auto document = parse_json(last_line(output), 64 << 10, 8);
  if (!document || !document->is_object()) {
    outcome.error = fmt::format("hale-upload ended with code {} without saying why", exit_code);
    return outcome;
  }
  const auto count = [&](const char* name) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(integer_field(*document, name).value_or(0), 0));
  };
  outcome.sent = count("sent");
  outcome.waiting = count("waiting");
  constexpr std::uint64_t kLongest = 7 * 86'400;
  outcome.retry_after = std::chrono::seconds(std::min(count("retry_after_s"), kLongest));
  outcome.enrolled = text_field(*document, "enrolled");
  outcome.error = text_field(*document, "error");
  return outcome;
}

milliseconds next_upload_delay(const UploadOutcome& outcome, milliseconds interval, double random) {
  if (outcome.exit_code == kRevoked) return kAfterRevocation;
  if (outcome.retry_after.count() > 0 && (outcome.exit_code != 0 || outcome.waiting > 0)) return outcome.retry_after;
  if (outcome.exit_code != 0) return kAfterFailure;
  const double jitter = 0.9 + 0.2 * random;
  return std::chrono::duration_cast<milliseconds>(interval * jitter);
}

UploadRunner::UploadRunner(Options options, Loop loop)
    : options_(std::move(options)), loop_(std::move(loop)), identity_time_(time_of_identity(options_.state)) {
  loop_.watch(timer_.fd(), [this] { on_timer(); });
}

UploadRunner::~UploadRunner() {
  if (child_) loop_.unwatch(child_->output_fd());
  loop_.unwatch(timer_.fd());
}

void UploadRunner::soon() {
  later();
  again_.store(true, std::memory_order_relaxed);
  const auto held = held_until_ms_.load(std::memory_order_relaxed) - steady_ms();
  timer_.arm(std::max(kSoon, milliseconds(held)));
}

void UploadRunner::now_by_hand() {
  if (!child_) start_child(true);
}

void UploadRunner::on_timer() {
  if (!timer_.take()) return;
  check_identity();
  if (!loop_.may_run()) return;  // refresh of consent calls soon() again
  if (!options_.trigger.empty()) return touch_trigger();
  if (!waits_.load(std::memory_order_relaxed))
    return timer_.arm(next_upload_delay({}, options_.interval, random_fraction()));
  if (!child_) start_child(false);
}

void UploadRunner::check_identity() {
  const auto time = time_of_identity(options_.state);
  if (time == identity_time_) return;
  identity_time_ = time;
  if (loop_.identity_changed) loop_.identity_changed();
}

void UploadRunner::touch_trigger() {
  again_.store(false, std::memory_order_relaxed);
  const auto touched = touch_trigger_file(options_.trigger);
  const auto error = touched ? std::string() : touched.error().message;
  if (!error.empty() && error != last_error_) log_error(error);
  last_error_ = error;
  timer_.arm(next_upload_delay({}, options_.interval, random_fraction()));
}

void UploadRunner::start_child(bool by_hand) {
  again_.store(false, std::memory_order_relaxed);
  waits_.store(false, std::memory_order_relaxed);  // what is put while it runs sets it again
  std::vector<std::string> arguments{"run", "--state", options_.state.string()};
  if (!options_.proxy.empty()) arguments.insert(arguments.end(), {"--proxy", options_.proxy});
  if (by_hand) arguments.emplace_back("--now");
  auto child = options_.program.empty()
                   ? Result<std::unique_ptr<Child>>(fail(Errc::not_found, "hale-upload is not installed beside haled"))
                   : Child::start(options_.program, arguments);
  if (!child) {
    if (last_error_ != child.error().message) log_error(child.error().message);
    last_error_ = child.error().message;
    later();
    timer_.arm(next_upload_delay({.exit_code = 1, .enrolled = {}, .error = {}}, options_.interval, random_fraction()));
    return;
  }
  child_ = std::move(*child);
  loop_.watch(child_->output_fd(), [this] { on_output(); });
}

void UploadRunner::on_output() {
  if (child_->read_output()) return;
  loop_.unwatch(child_->output_fd());
  const int code = child_->wait();
  last_ = parse_upload_outcome(code, child_->output());
  last_time_ = to_rfc3339(system_clock().now());
  child_.reset();
  if (!last_.enrolled.empty())
    log_info("this disk is a copy of another PC's; this PC was enrolled as device " + last_.enrolled);
  check_identity();
  if (last_.error != last_error_ && !last_.error.empty()) log_warning("upload: " + last_.error);
  if (last_.error.empty() && !last_error_.empty()) log_info("upload: works again");
  last_error_ = last_.error;
  if (last_.exit_code != 0 || last_.waiting > 0) later();
  const auto delay = next_upload_delay(last_, options_.interval, random_fraction());
  const bool held = last_.exit_code != 0;
  held_until_ms_.store(held ? steady_ms() + delay.count() : 0, std::memory_order_relaxed);
  timer_.arm(again_.load(std::memory_order_relaxed) && !held ? kSoon : delay);
}

nlohmann::json UploadRunner::status() const {
  nlohmann::json answer{
      {"running", child_ != nullptr},
      {"interval_minutes", std::chrono::duration_cast<std::chrono::minutes>(options_.interval).count()}};
  if (!last_time_.empty()) {
    answer["last_run"] = last_time_;
    answer["last_exit"] = last_.exit_code;
    answer["last_sent"] = last_.sent;
  }
  if (!last_error_.empty()) answer["error"] = last_error_;
  return answer;
}

}  // namespace hale::agent
