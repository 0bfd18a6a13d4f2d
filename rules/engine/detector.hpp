#pragma once
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/finding.hpp"
#include "core/result.hpp"
#include "rules/engine/state_io.hpp"

/// What a detector is: parameters, compiled once and shared by all devices, that make a Tracker for every component
/// they watch. A new kind of detector is one file in rules/detectors/ and one line in detectors/registry.cpp.
namespace hale::rules {

using Millis = std::int64_t;  ///< since the epoch, or a length of time
inline constexpr Millis kSecond = 1000;
inline constexpr Millis kMinute = 60 * kSecond;
inline constexpr Millis kHour = 60 * kMinute;
inline constexpr Millis kDay = 24 * kHour;

using Slot = std::uint8_t;       ///< index of a rule's input
using SlotMask = std::uint32_t;  ///< a bit a slot
inline constexpr std::size_t kMaxInputs = 24;

/// What the PC is at the moment, as hashes that only tell whether it changed; 0 = not told.
struct ContextMarks {
  std::uint64_t boot{};
  std::uint64_t os{};
  std::uint64_t firmware{};
  std::uint64_t profile{};
  bool operator==(const ContextMarks&) const = default;
};

/// The moment that is judged.
struct Row {
  Millis time{};
  Millis awake_since{};  ///< the first row after the latest gap (sleep, power off, rows missing): no state lasted from
                         ///< before it
  Millis patience{};     ///< two readings further apart than this do not tell what was between them
  std::int32_t day{};    ///< the user's local day, counted from 1970-01-01
  std::int32_t hour{};   ///< the user's local hour, counted likewise
  ContextMarks context{};

  /// Whether what was true at `earlier` may be taken to have lasted until now.
  bool lasted_since(Millis earlier) const { return earlier >= awake_since && time - earlier <= patience; }
};

/// What a component's inputs say at this moment. Values stay until replaced; `valid` says which may be used now,
/// `fresh` which came in this row.
struct Inputs {
  const double* values{};
  SlotMask valid{};
  SlotMask fresh{};

  bool has(Slot slot) const { return (valid >> slot & 1u) != 0; }
  bool is_fresh(Slot slot) const { return (fresh >> slot & 1u) != 0; }
};

/// A number a detector can give as evidence; texts may use it as {name}.
struct FactInfo {
  std::string name;
  std::string unit;
  bool operator==(const FactInfo&) const = default;
};

/// Collects what a tracker has to show for its conclusion.
struct EvidenceBuilder {
  Evidence evidence;
  void fact(std::string name, double value, std::string unit) {
    evidence.facts.push_back({std::move(name), value, std::move(unit)});
  }
};

class Model;

/// What rules that build on others may ask.
class OtherRules {
 public:
  virtual ~OtherRules() = default;
  /// Whether another rule has an active finding at the same component.
  virtual bool is_active(std::uint16_t rule) const = 0;
  /// The model at the same component; null before its first reading.
  virtual const Model* model(std::uint16_t rule) const = 0;
};

/// The state of one detector at one component. Small: a device has a dozen of them, a fleet's replay 60,000 times as
/// many.
class Tracker {
 public:
  virtual ~Tracker() = default;
  /// Tells of a row in which at least one input is fresh, or of the passing of time (no fresh input; at least once an
  /// hour while active). Returns whether the trouble is there after this row.
  virtual bool observe(const Inputs& inputs, const Row& row, const OtherRules& others) = 0;
  /// Adds the numbers behind the present conclusion.
  virtual void explain(const Inputs& inputs, const Row& row, const OtherRules& others,
                       EvidenceBuilder& builder) const = 0;
  /// How sure the present conclusion is, 0..1, where the tracker knows better than the stage's constant.
  virtual std::optional<double> confidence(const OtherRules&) const { return {}; }
  /// Why this cannot be judged yet ("needs two reads at least 24 h apart"); empty once it can.
  virtual std::string lacking() const = 0;
  virtual void save(StateWriter& writer) const = 0;
  virtual void restore(StateReader& reader) = 0;
  /// Memory in use, for the bound of 4 kB a device.
  virtual std::size_t bytes() const = 0;
};

/// Several conclusions drawn from one picture of a component: a pack's `models`. Rules speak for it, one a conclusion,
/// through the detector `verdict`. observe() returns whether any conclusion may have changed.
class Model : public Tracker {
 public:
  using Question = std::uint8_t;  ///< index into the model detector's questions()
  struct Judged {
    bool ok{};
    std::string_view tier;  ///< on which evidence
    std::string reason;     ///< why not, or what is still being learned
  };
  virtual bool holds(Question question) const = 0;
  virtual double sureness(Question question) const = 0;
  virtual void show(Question question, const Row& row, EvidenceBuilder& builder) const = 0;
  virtual Judged judged(Question question) const = 0;

  void explain(const Inputs&, const Row&, const OtherRules&, EvidenceBuilder&) const final {}
  std::string lacking() const final { return {}; }
};

class Detector {
 public:
  virtual ~Detector() = default;
  virtual std::unique_ptr<Tracker> track() const = 0;
  virtual std::vector<FactInfo> facts() const = 0;
  /// Inputs it reads, so that an unused one is found when a pack is loaded.
  virtual SlotMask uses() const = 0;
  /// Rules it refers to.
  virtual std::vector<std::uint16_t> rules() const { return {}; }
  /// "snapshot" when one reading is enough, else "history": the evidence tier that coverage reports.
  virtual std::string_view tier() const = 0;

  /// Of a model: what rules may ask it, and what facts each answer comes with.
  struct QuestionInfo {
    std::string name;
    std::vector<FactInfo> facts;
  };
  virtual std::vector<QuestionInfo> questions() const { return {}; }
  /// Of a detector that speaks for a model: which one, and what of it.
  struct Asked {
    std::uint16_t model{};
    Model::Question question{};
  };
  virtual std::optional<Asked> asks() const { return {}; }
};

}  // namespace hale::rules
