#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/finding.hpp"
#include "rules/engine/detector.hpp"
#include "rules/engine/state_io.hpp"
#include "rules/policy.hpp"

namespace hale::rules {

/// What a finding would say if it may speak.
struct Speech {
  std::string fingerprint;
  std::string rule;
  std::string component;
  std::string topic;  ///< cause and component: the trouble a person would call one
  Severity severity{};
  Millis message_after{};  ///< the finding must stand so long first
  int cooldown_days{};     ///< 0 = the policy's
};

/// Decides when the user hears of a finding: the one place of the notification policy. One cause, one message; quiet
/// hours, full screen, absence and the daily budget make messages wait; a message that was seen is repeated only when
/// things got worse, or after "Later" if they still stand. Owns no words: `compose` makes the message when it goes out,
/// from what is true then. Uses the time it is given.
class Notifier {
 public:
  struct Output {
    std::function<void(const Speech&, Millis time)> show;
    std::function<void(const std::string& message_id)> withdraw;
    std::function<void(Millis time)> welcome;
  };

  /// A finding became active, or its severity changed. Ones that are only watched are not told here.
  void raise(const Speech& speech, Millis time);
  void resolve(const std::string& fingerprint, const Output& output);
  void welcome();

  void answer(const std::string& fingerprint, Answer answer, Millis time, const PolicyOptions& options,
              const Output& output);
  void snooze(const std::string& fingerprint, int days, Millis time, const Output& output);

  /// Lets out what may go now.
  void flush(Millis time, Millis utc_offset, const Presence& presence, const PolicyOptions& options,
             const Output& output);
  /// The earliest time after `after` at which something waiting could go out, if nothing but time holds it back.
  std::optional<Millis> next_due(Millis after, Millis utc_offset, const PolicyOptions& options) const;

  /// Something would go out now if somebody free were there: the time to look whether somebody is.
  bool wants_to_speak(Millis time, Millis utc_offset, const PolicyOptions& options) const;

  static std::string message_id(const std::string& fingerprint, Millis time);

  std::size_t waiting() const { return waiting_.size(); }
  bool idle() const { return topics_.empty() && waiting_.empty() && !welcome_; }
  void save(StateWriter& writer) const;
  void restore(StateReader& reader);
  std::size_t bytes() const;

 private:
  struct Waiting {
    Speech speech;
    Millis raised{};
    Millis not_before{};
    bool reminder{};  ///< asked for with "Later": the cool-down does not hold it back
  };
  /// What the user already knows of one trouble.
  struct Topic {
    Millis shown{};
    Severity severity{};
    std::string message;                   ///< id of what is on screen; empty = nothing
    std::string fingerprint;               ///< whose message it was
    bool silenced{};                       ///< "not a problem", up to this severity
    std::map<std::string, Speech> active;  ///< findings of this trouble, by fingerprint
  };

  Topic* topic_of(const std::string& fingerprint);
  bool may_speak(const Waiting& waiting, Millis time, Millis utc_offset, const Presence& presence,
                 const PolicyOptions& options) const;
  bool is_news(const Waiting& waiting, Millis time, const PolicyOptions& options) const;
  void take_down(Topic& topic, const Output& output);

  std::map<std::string, Topic> topics_;
  std::vector<Waiting> waiting_;
  std::int32_t budget_day_{};
  int shown_today_{};
  bool welcome_{};
};

}  // namespace hale::rules
