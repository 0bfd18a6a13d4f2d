#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/finding.hpp"
#include "core/reading.hpp"
#include "rules/layout.hpp"
#include "rules/policy.hpp"
#include "rules/rule_set.hpp"
#include "rules/sample.hpp"

namespace hale::rules {

/// Where the judging's results go. Called from inside step(), poll() and answer(), in time order.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void on_finding(const Finding& finding) = 0;  ///< one call a transition, a change of severity included
  virtual void on_notification(const Notification& message) = 0;     ///< now to be shown
  virtual void on_withdraw(const std::string& notification_id) = 0;  ///< no longer valid: take it down
  virtual void on_outcome(const Outcome& outcome) = 0;
};

/// What the gate refused, by series and reason.
struct Rejection {
  std::string series;  ///< "hw.temperature/cpu"
  std::string reason;  ///< "range" | "unit" | "stuck" | "spike" | "alias"
  std::uint64_t count{};
  double last_value{};
};

/// The whole judging pipeline of one device: gate, rules, notification policy. The service, `hale replay` and the
/// fleet's replay before a roll-out run exactly this. Uses the time it is given and no clock. One thread.
class Judge {
 public:
  Judge(const RuleSet& rules, Layout& layout, PolicyOptions options, Sink& sink);
  Judge(Judge&&) noexcept;
  ~Judge();

  /// Facts of a component: hw.type, hw.model, hw.vendor. May be told again when they change.
  void describe(const Component& component);
  void set_context(const Context& context);
  void set_options(const PolicyOptions& options);

  /// One sweep. Times must not go backwards (a backwards row is dropped and counted; a duplicate time keeps the first).
  /// The readings that passed the gate are in `accepted()` until the next call: that is what is stored and uploaded.
  void step(Timestamp time, std::span<const Sample> samples, std::span<const EventSample> events);
  std::span<const Sample> accepted() const;

  /// Lets waiting messages go out when the person is there and may be spoken to. step() does it with `presence` as last
  /// told.
  void set_presence(const Presence& presence, Timestamp time);
  /// A message waits for nothing but somebody who is there and may be spoken to.
  bool wants_to_speak(Timestamp time) const;
  /// Asks for the one message of greeting after installation; it goes out like any other, when the person is there.
  void welcome(Timestamp time);
  /// Sources of events that are being watched ("kernel", "Kernel-Power"): rules over them can be judged though nothing
  /// happened yet.
  void set_watched_sources(std::vector<std::string> sources);
  /// The recording is over: lets out what still waits for its time, each at that time. Only with
  /// PolicyOptions::assume_present.
  void finish();
  void answer(const std::string& fingerprint, Answer answer, Timestamp time);
  void snooze(const std::string& fingerprint, int days, Timestamp time);

  std::vector<Finding> active() const;
  std::vector<Coverage> coverage() const;
  std::vector<Rejection> rejections() const;
  std::uint64_t dropped_rows() const;
  /// Memory that this device's state takes, what is shared with other devices left out.
  std::size_t state_bytes() const;

  /// All state as bytes, so that a restart goes on where it was. restore() refuses bytes of another format version
  /// (Errc::unsupported) and the caller starts afresh.
  std::string save() const;
  Result<> restore(std::string_view bytes);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hale::rules
