#pragma once
#include <vector>

#include "rules/detectors/disk/risk_card.hpp"
#include "rules/detectors/occurrences.hpp"
#include "rules/detectors/plot_points.hpp"

namespace hale::rules::disk {

/// One disk's risk. Asked `watch`, `tell`, `act`, and `unscored` (the disk reports nothing the card is made of).
class DiskRisk final : public Model {
 public:
  static constexpr Question kUnscored = kStages;

  explicit DiskRisk(const Card& card) : card_(card) {}

  bool observe(const Inputs& inputs, const Row& row, const OtherRules& others) override;
  bool holds(Question question) const override;
  double sureness(Question) const override { return odds(); }
  void show(Question question, const Row& row, EvidenceBuilder& builder) const override;
  Judged judged(Question question) const override;
  void save(StateWriter& writer) const override;
  void restore(StateReader& reader) override;
  std::size_t bytes() const override;

 private:
  /// What is remembered of an input, from its first value that says anything on.
  struct Memory {
    Slot slot{};
    std::uint16_t first_high{};  ///< the first day that was watched on which it was above 0; 0 = never
    std::uint16_t last_high{};   ///< the latest such day
    float value{};
    float peak{};
    std::unique_ptr<Occurrences> rises;  ///< made at the first one: most never rise
  };
  struct Count {
    int all{};    ///< what the stages go by
    int plain{};  ///< without the drives' own paths: what the odds were measured by
  };

  double odds() const;
  const Memory* memory_of(Slot slot) const;
  void take(Slot slot, double value, std::int32_t day);
  bool holds(const Term& term, std::int32_t day) const;
  Count count(std::int32_t day) const;

  const Card& card_;
  std::vector<Memory> memories_;
  PlotPoints course_{6};
  SlotMask facts_{};  ///< inputs that are facts and 1
  std::int32_t day_{};
  std::int16_t score_{};
  std::int16_t points_{};
  bool scored_{};
  bool seen_{};
  std::array<bool, kStages> active_{};
};

}  // namespace hale::rules::disk
