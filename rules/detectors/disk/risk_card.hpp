#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "rules/engine/detector.hpp"

/// The fused disk risk: points for what a drive and the system's log say of it, added up to one number a disk. Points
/// and thresholds are data (rules/packs/05_disk_risk.json), measured on real drives (docs/accuracy_disks.md).
namespace hale::rules::disk {

/// What a term looks at.
enum class Sign : std::uint8_t {
  at_least,   ///< the latest value
  bits,       ///< the latest value has one of these bits
  rise,       ///< how much it rose within the window, as far as was watched
  rise_days,  ///< on how many days of the window it rose (of events: came)
  was,        ///< it was so high within the window, and is not any more
  peak,       ///< it was ever so high
  began,      ///< it was first seen so high within the window: a sign that a drive has lived with long says less
};

struct Term {
  Slot slot{};
  Sign sign{};
  double limit{};
  int window_days{};
  int points{};
  std::optional<Slot> only;  ///< a fact that must be 1: the term is of these drives' own path
};

struct Band {
  int enter{};
  int leave{};  ///< ends below this
};

enum Stage : std::uint8_t { kWatch, kTell, kAct, kStages };

struct Card {
  std::vector<Term> terms;
  std::array<Band, kStages> stages;
  std::vector<std::pair<int, double>> odds;  ///< points and the share of drives that failed, ascending
  double own_path_odds{};                    ///< of drives that only the points of their own path bring to `tell`
  SlotMask events{};                         ///< inputs that count events
  SlotMask scored_by{};                      ///< one of these must have been read, else the card says nothing
  SlotMask watched{};                        ///< inputs whose rises matter
  std::vector<FactInfo> inputs;              ///< by slot
  int longest_window{};                      ///< days

  /// Of drives with so many points, how many failed: between the measured ones along a line.
  double odds_of(int points) const;
};

}  // namespace hale::rules::disk
