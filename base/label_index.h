#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "base/labels.h"

namespace tocsin {

// Which number a label set has, for arrays that hold the label sets by number: 9 bytes an entry
// beside the set's room to grow, where a map by fingerprint takes 33.
//
// `LabelsAt` is the caller's way from a number to its labels: const Labels& operator()(uint32_t).
// It must answer for each number put in until that is erased.
//
// Thread: one at a time, const calls from any.
template <typename LabelsAt>
class LabelIndex {
 public:
  explicit LabelIndex(LabelsAt labels_at) : entries_(0, Hash{}, Equal{std::move(labels_at)}) {}

  std::optional<uint32_t> Find(const Labels& labels) const {
    const auto it = entries_.find(KeyOf(labels));
    if (it == entries_.end()) return std::nullopt;
    return it->number;
  }
  // These labels are not in yet.
  void Insert(const Labels& labels, uint32_t number) {
    entries_.insert(Entry{HashOf(labels), number});
  }
  // While LabelsAt still answers for it.
  void Erase(const Labels& labels) {
    const auto it = entries_.find(KeyOf(labels));
    if (it != entries_.end()) entries_.erase(it);
  }
  size_t size() const { return entries_.size(); }

 private:
  // The hash is kept so that growing does not visit the labels.
  struct Entry {
    uint32_t hash = 0;
    uint32_t number = 0;
  };
  struct Key {
    uint32_t hash = 0;
    const Labels* labels = nullptr;
  };
  struct Hash {
    using is_transparent = void;
    // Spread over 64 bits, of which the table looks at the lowest first.
    static size_t Spread(uint32_t hash) { return hash * 0x9E3779B97F4A7C15ull; }
    size_t operator()(const Entry& entry) const { return Spread(entry.hash); }
    size_t operator()(const Key& key) const { return Spread(key.hash); }
  };
  struct Equal {
    using is_transparent = void;
    LabelsAt labels_at;
    bool operator()(const Entry& a, const Entry& b) const { return a.number == b.number; }
    bool operator()(const Entry& entry, const Key& key) const {
      return entry.hash == key.hash && labels_at(entry.number) == *key.labels;
    }
    bool operator()(const Key& key, const Entry& entry) const { return (*this)(entry, key); }
  };
  static uint32_t HashOf(const Labels& labels) { return static_cast<uint32_t>(labels.Hash()); }
  static Key KeyOf(const Labels& labels) { return {HashOf(labels), &labels}; }

  absl::flat_hash_set<Entry, Hash, Equal> entries_;
};

}  // namespace tocsin
