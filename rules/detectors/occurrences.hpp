#pragma once
#include <cstdint>
#include <vector>

#include "rules/engine/detector.hpp"

namespace hale::rules {

/// How much of something happened in each of the last days (or hours, for short windows). Only buckets in which
/// something happened take memory.
class Occurrences {
 public:
  void add(std::int32_t bucket, double amount);
  /// Forgets buckets before `first`.
  void forget_before(std::int32_t first);
  double total() const;
  double largest() const;
  int buckets_with(double at_least) const;
  bool empty() const { return buckets_.empty(); }
  void save(StateWriter& writer) const;
  void restore(StateReader& reader);
  std::size_t bytes() const { return buckets_.capacity() * sizeof(Bucket); }

  struct Bucket {
    std::int32_t id;
    float amount;
  };
  const std::vector<Bucket>& buckets() const { return buckets_; }
  void drop(std::int32_t bucket);

 private:
  std::vector<Bucket> buckets_;  ///< ascending
};

}  // namespace hale::rules
