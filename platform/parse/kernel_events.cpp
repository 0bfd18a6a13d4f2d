#include "platform/parse/kernel_events.hpp"

#include <algorithm>
#include <array>

#include "core/text.hpp"

namespace hale {
namespace {

constexpr std::size_t kMaxLine = 512;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_alnum(char c) { return is_digit(c) || is_letter(c); }

std::size_t number_length(std::string_view text) {
  std::size_t n = 0;
  while (n < text.size() && is_digit(text[n])) ++n;
  return n;
}

// A device's name: letters, digits, "._-", and ':' between two of those ("0000:01:00.0", but not the colon that ends
// "ata3.00:").
std::size_t device_length(std::string_view text) {
  std::size_t n = 0;
  for (; n < text.size(); ++n) {
    const char c = text[n];
    const bool inner_colon = c == ':' && n > 0 && n + 1 < text.size() && is_alnum(text[n + 1]);
    if (!is_alnum(c) && c != '.' && c != '_' && c != '-' && !inner_colon) break;
  }
  return n;
}

struct Match {
  std::string_view device;
  std::string_view number;
};

// Steps through text and pattern together. Goes back to the latest '*' only, so that time is bounded by length of text
// times length of pattern.
class Matcher {
 public:
  Matcher(std::string_view text, std::string_view pattern) : text_(text), pattern_(pattern) {}

  bool run() {
    while (p_ < pattern_.size()) {
      if (pattern_[p_] == '*') {
        star_p_ = ++p_;
        star_t_ = t_;
        continue;
      }
      if (step()) continue;
      if (star_p_ == kNone || star_t_ >= text_.size()) return false;
      t_ = ++star_t_;
      p_ = star_p_;
    }
    return true;
  }
  const Match& match() const { return match_; }

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  bool step() {
    const auto rest = text_.substr(t_);
    if (pattern_[p_] == '%' && p_ + 1 < pattern_.size()) {
      const bool number = pattern_[p_ + 1] == 'n';
      const auto length = number ? number_length(rest) : device_length(rest);
      if (length == 0) return false;
      (number ? match_.number : match_.device) = rest.substr(0, length);
      t_ += length;
      p_ += 2;
      return true;
    }
    if (rest.empty() || rest.front() != pattern_[p_]) return false;
    ++t_;
    if (pattern_[p_++] == ' ') {
      while (t_ < text_.size() && text_[t_] == ' ') ++t_;
    }
    return true;
  }

  std::string_view text_;
  std::string_view pattern_;
  std::size_t t_{0};
  std::size_t p_{0};
  std::size_t star_p_{kNone};
  std::size_t star_t_{0};
  Match match_;
};

bool name_and_digits(std::string_view text, std::string_view name) {
  return text.starts_with(name) && text.size() > name.size() && is_digit(text[name.size()]);
}

// Block devices that are no part of this PC's hardware: images, network, memory, optical and floppy discs, and the
// kernel's test devices.
bool is_foreign_block(std::string_view device) {
  static constexpr auto kNames = std::to_array<std::string_view>(
      {"loop", "nbd", "zram", "ram", "ublkb", "sr", "fd", "nullb", "pmem", "rbd", "drbd"});
  return std::any_of(kNames.begin(), kNames.end(),
                     [&](std::string_view name) { return name_and_digits(device, name); });
}

bool device_fits(KernelDevice kind, std::string_view device) {
  switch (kind) {
    case KernelDevice::ata:
      return name_and_digits(device, "ata");
    case KernelDevice::nvme:
      return name_and_digits(device, "nvme");
    case KernelDevice::block:
      return !device.empty() && is_letter(device.front()) && !is_foreign_block(device);
    case KernelDevice::pci:
      return std::count(device.begin(), device.end(), ':') == 2;
    case KernelDevice::host:
    case KernelDevice::cpu:
    case KernelDevice::memory:
    case KernelDevice::gpu:
    case KernelDevice::usb:
      return true;
  }
  return false;
}

KernelEvent make_event(const KernelPattern& row, const Match& match) {
  KernelEvent event;
  event.source = row.source;
  event.code = row.code == "#" ? match.number : row.code;
  event.severity = row.severity;
  event.device_kind = row.device;
  event.device = match.device.substr(0, 64);
  if (row.number_field == "count") {
    event.count =
        static_cast<std::uint32_t>(std::clamp<std::uint64_t>(parse_uint(match.number).value_or(1), 1, 1'000'000));
  } else if (!row.number_field.empty()) {
    event.number_field = row.number_field;
    event.number = match.number.substr(0, 10);
  }
  return event;
}

}  // namespace

std::optional<KernelEvent> recognise_kernel_message(std::string_view message) {
  message = message.substr(0, kMaxLine);
  for (const auto& row : kernel_patterns()) {
    Matcher matcher(message, row.pattern);
    if (!matcher.run() || !device_fits(row.device, matcher.match().device)) continue;
    if (row.source.empty()) return std::nullopt;
    return make_event(row, matcher.match());
  }
  return std::nullopt;
}

std::optional<int> parse_rtc_year(std::string_view message) {
  constexpr std::string_view kWords = ": setting system clock to ";
  message = message.substr(0, kMaxLine);
  const auto at = message.find(kWords);
  if (at == std::string_view::npos) return std::nullopt;
  message.remove_prefix(at + kWords.size());
  if (message.size() < 5 || message[4] != '-') return std::nullopt;
  const auto year = parse_uint(message.substr(0, 4));
  return year ? std::optional(static_cast<int>(*year)) : std::nullopt;
}

std::string_view strip_log_prefix(std::string_view line) {
  if (const auto kernel = line.substr(0, 120).find(" kernel: "); kernel != std::string_view::npos)
    line.remove_prefix(kernel + 9);
  if (line.starts_with("kernel: ")) line.remove_prefix(8);
  if (line.size() > 2 && line[0] == '<' && is_digit(line[1])) {
    if (const auto end = line.substr(0, 6).find('>'); end != std::string_view::npos) line.remove_prefix(end + 1);
  }
  for (int brackets = 0; brackets < 3; ++brackets) {
    line = trim(line);
    if (!line.starts_with('[')) break;
    const auto end = line.substr(0, 40).find(']');
    if (end == std::string_view::npos) break;
    const auto inside = trim(line.substr(1, end - 1));
    // "[  12.3]", "[Sun Feb 23 16:24:18 2025]", "[T1234]", "[    C3]"; but "[drm:…]" and "[Hardware Error]" belong to
    // the message.
    const bool stamp =
        !inside.empty() && is_digit(inside.back()) &&
        (is_digit(inside[0]) || inside.size() > 20 || (inside.size() < 9 && (inside[0] == 'T' || inside[0] == 'C')));
    if (!stamp) break;
    line.remove_prefix(end + 1);
  }
  return trim(line);
}

Result<KmsgRecord> parse_kmsg_record(std::string_view record) {
  const auto semicolon = record.substr(0, 128).find(';');
  if (semicolon == std::string_view::npos)
    return fail(Errc::invalid_input, "kmsg record without ';' in its first 128 bytes");
  const auto fields = split(record.substr(0, semicolon), ',');
  if (fields.size() < 3) return fail(Errc::invalid_input, "kmsg record with fewer than three fields before ';'");
  const auto priority = parse_uint(fields[0]);
  const auto sequence = parse_uint(fields[1]);
  const auto microseconds = parse_uint(fields[2]);
  if (!priority || !sequence || !microseconds)
    return fail(Errc::invalid_input, "kmsg record whose level, sequence or time is not a number");
  KmsgRecord parsed;
  parsed.level = static_cast<int>(*priority & 7U);
  parsed.sequence = *sequence;
  parsed.microseconds = *microseconds;
  parsed.message = record.substr(semicolon + 1);
  parsed.message = parsed.message.substr(0, parsed.message.find('\n'));
  return parsed;
}

}  // namespace hale
