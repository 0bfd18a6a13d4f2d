#pragma once
#include <chrono>
#include <optional>
#include <string>

#include "core/finding.hpp"
#include "core/time.hpp"

namespace hale::rules {

/// When the user may be spoken to. Minutes are of the local day; from == to means none.
struct QuietHours {
  int from_minute{22 * 60};
  int to_minute{8 * 60};
};

struct PolicyOptions {
  QuietHours quiet{};
  int tips_per_day{1};         ///< urgent messages (data at risk) are not counted
  int cooldown_days{30};       ///< the same cause again, unless it got worse
  int snooze_days{7};          ///< what "Later" means
  bool enrolled{false};        ///< "Book an engineer", else "Find service"
  bool assume_present{false};  ///< replay: somebody free is always there, so that a message goes out the moment it may,
                               ///< between rows too
  std::string language{"en"};
};

/// What is known of the person at the PC right now. Replay assumes somebody is present and free.
struct Presence {
  bool session{true};       ///< a desktop session can show messages
  bool full_screen{false};  ///< full-screen program, presentation or do-not-disturb
};

}  // namespace hale::rules
