#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/finding.hpp"

namespace hale::agent {

/// A question to the person at the screen, in a dialogue of the desktop and not of a web page.
struct Question {
  std::string title;
  std::string body;                  ///< plain text, whatever is in it
  std::vector<std::string> choices;  ///< 1 to 3 labels; closing the dialogue is always another answer
  Level level{Level::warning};
};

/// Index of what the person chose; nothing when they closed it, did not answer within two minutes, or cannot be asked.
/// A notification with buttons where the session's service draws them, else zenity or kdialog as a child. A click that
/// comes sooner than anybody reads (0.8 s) does not count: a page could make somebody click where the message appears.
/// `problem` says why nobody could be asked.
std::optional<std::size_t> ask_person(const Question& question, std::string& problem);

/// Tells the person something: as a notification, else on standard error.
void tell_person(const std::string& title, const std::string& body);

}  // namespace hale::agent
