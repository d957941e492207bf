// Latencies in microseconds, in buckets about 1.6 % wide: bounded memory however many there are.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

class Histogram {
 public:
  void add(uint64_t micros) {
    buckets_[bucketOf(micros)]++;
    count_++;
    longest_ = std::max(longest_, micros);
  }

  /** @returns the upper edge of the bucket that holds the given share (0 to 1) of all values; 0 when empty. */
  uint64_t quantile(double share) const {
    if (count_ == 0) return 0;
    const auto wanted = std::max<uint64_t>(1, static_cast<uint64_t>(std::ceil(share * static_cast<double>(count_))));
    uint64_t seen = 0;
    for (size_t i = 0; i < buckets_.size(); i++) {
      seen += buckets_[i];
      if (seen >= wanted) return std::min(lowerEdge(i + 1) - 1, longest_);
    }
    return longest_;
  }

 private:
  static constexpr unsigned bits = 6;  // 64 buckets for each power of two
  static constexpr uint64_t perPower = 1u << bits;

  static size_t bucketOf(uint64_t value) {
    if (value < perPower) return value;
    const unsigned power = 63 - static_cast<unsigned>(__builtin_clzll(value));
    return (power - bits + 1) * perPower + ((value >> (power - bits)) - perPower);
  }
  static uint64_t lowerEdge(size_t bucket) {
    if (bucket < perPower) return bucket;
    const uint64_t power = bucket / perPower + bits - 1;
    return (bucket % perPower + perPower) << (power - bits);
  }

  std::vector<uint64_t> buckets_ = std::vector<uint64_t>(64 * perPower);
  uint64_t count_ = 0;
  uint64_t longest_ = 0;
};
