#include "agent/service/buffers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace hale::agent {
namespace {

/// Metric, component and key are names of our own making, but a component's may come from a recording: quotes and
/// controls are escaped.
void append_json_text(std::string& out, std::string_view text) {
  out.push_back('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    if (static_cast<unsigned char>(c) < 0x20)
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    else
      out.push_back(c);
  }
  out.push_back('"');
}

}  // namespace

void ReadingBuffer::add(Timestamp time, std::span<const rules::Sample> samples) {
  if (samples.empty()) return;
  samples_.insert(samples_.end(), samples.begin(), samples.end());
  rows_.push_back({to_unix_ms(time), static_cast<std::uint32_t>(samples_.size())});
}

Block ReadingBuffer::take(const std::function<std::uint32_t(rules::SeriesIndex)>& id) {
  Block block;
  std::vector<std::uint32_t> column_of;  // by series index, 0 = none yet, else index + 1
  std::uint32_t next = 0;
  for (std::uint32_t row = 0; row < rows_.size(); ++row) {
    block.times.push_back(rows_[row].time);
    for (; next < rows_[row].end; ++next) {
      const auto& sample = samples_[next];
      if (sample.series >= column_of.size()) column_of.resize(sample.series + 1);
      auto& column = column_of[sample.series];
      if (column == 0) {
        block.columns.emplace_back().series = id(sample.series);
        column = static_cast<std::uint32_t>(block.columns.size());
      }
      auto& target = block.columns[column - 1];
      if (!target.rows.empty() && target.rows.back() == row) continue;  // one value a sweep
      target.rows.push_back(row);
      target.values.push_back(sample.value);
    }
  }
  rows_.clear();
  samples_.clear();
  return block;
}

void TelemetryBuffer::add(Timestamp time, std::span<const rules::Sample> samples) {
  const auto ms = to_unix_ms(time);
  const auto start = ms - ms % kStepMs;
  if (start != step_start_) finish_step();
  step_start_ = start;
  for (const auto& sample : samples) {
    if (sample.series >= current_.size()) current_.resize(sample.series + 1);
    auto& bucket = current_[sample.series];
    bucket.low = bucket.count == 0 ? sample.value : std::min(bucket.low, sample.value);
    bucket.high = bucket.count == 0 ? sample.value : std::max(bucket.high, sample.value);
    bucket.sum += sample.value;
    ++bucket.count;
  }
}

void TelemetryBuffer::finish_step() {
  const auto step = static_cast<std::uint32_t>(steps_.size());
  bool any = false;
  for (rules::SeriesIndex series = 0; series < current_.size(); ++series) {
    auto& bucket = current_[series];
    if (bucket.count == 0) continue;
    points_.push_back({series, step, bucket.low, bucket.sum / bucket.count, bucket.high});
    bucket = {};
    any = true;
  }
  if (any) steps_.push_back(step_start_);
  if (steps_.size() > kMaxSteps) drop_oldest();
}

void TelemetryBuffer::drop_oldest() {
  steps_.erase(steps_.begin());
  std::erase_if(points_, [](const Point& point) { return point.step == 0; });
  for (auto& point : points_) --point.step;
}

std::string TelemetryBuffer::take(const rules::Layout& layout, bool all) {
  if (all) finish_step();
  if (steps_.empty()) return {};
  std::stable_sort(points_.begin(), points_.end(), [](const Point& a, const Point& b) { return a.series < b.series; });
  std::string body =
      fmt::format(R"({{"start":"{}","step_s":{},"series":[)", to_rfc3339(from_unix_ms(steps_[0])), kStepMs / 1000);
  auto out = std::back_inserter(body);
  for (auto first = points_.begin(); first != points_.end();) {
    const auto last =
        std::find_if(first, points_.end(), [&](const Point& point) { return point.series != first->series; });
    const auto& key = layout.all_series()[first->series];
    if (first != points_.begin()) body.push_back(',');
    fmt::format_to(out, R"({{"metric":"{}","component":)", info(key.metric).name);
    append_json_text(body, key.component);
    body += R"(,"key":)";
    append_json_text(body, key.key);
    const auto list = [&](std::string_view name, auto value) {
      fmt::format_to(out, R"(,"{}":[)", name);
      for (auto point = first; point != last; ++point)
        fmt::format_to(out, "{}{:.7g}", point == first ? "" : ",", value(*point));
      body.push_back(']');
    };
    fmt::format_to(out, R"(,"offsets":[)");
    for (auto point = first; point != last; ++point)
      fmt::format_to(out, "{}{}", point == first ? "" : ",", (steps_[point->step] - steps_[0]) / kStepMs);
    body.push_back(']');
    list("min", [](const Point& point) { return point.low; });
    list("mean", [](const Point& point) { return point.mean; });
    list("max", [](const Point& point) { return point.high; });
    body.push_back('}');
    first = last;
  }
  body += "]}";
  steps_.clear();
  points_.clear();
  return body;
}

void TelemetryBuffer::clear() {
  steps_.clear();
  points_.clear();
  current_.clear();
}

}  // namespace hale::agent
