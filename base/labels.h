#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "absl/numeric/int128.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/shared_bytes.h"

namespace tocsin {

inline constexpr char kMetricName[] = "__name__";

struct LabelView {
  absl::string_view name;
  absl::string_view value;
  friend bool operator==(const LabelView&, const LabelView&) = default;
};

// An immutable label set, sorted by name, names unique, no empty values (in PromQL an empty value
// is an absent label). Made by LabelsBuilder.
//
// The set is one string in canonical form: per label, varint length + name, varint length + value.
// That string is also the key of the series on disk and what is hashed, so equal sets have equal
// bytes. Copies share it: the registry, windows, results and alerts of a series keep its labels
// once.
//
// Thread: immutable, any.
class Labels {
 public:
  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = LabelView;
    using difference_type = std::ptrdiff_t;
    using pointer = const LabelView*;
    using reference = const LabelView&;

    Iterator() = default;
    explicit Iterator(absl::string_view rest) : rest_(rest) { Read(); }
    reference operator*() const { return label_; }
    pointer operator->() const { return &label_; }
    Iterator& operator++() {
      rest_ = next_;
      Read();
      return *this;
    }
    Iterator operator++(int) {
      Iterator old = *this;
      ++*this;
      return old;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) {
      return a.rest_.size() == b.rest_.size();
    }

   private:
    void Read();
    absl::string_view rest_, next_;
    LabelView label_;
  };

  Labels() = default;
  // For tests and constants: {{"__name__", "up"}, {"job", "node"}} in any order.
  Labels(std::initializer_list<std::pair<absl::string_view, absl::string_view>> labels);

  // Takes bytes that canonical() produced. DataLoss if they are not in canonical form.
  static absl::StatusOr<Labels> FromCanonical(absl::string_view bytes);

  Iterator begin() const { return Iterator(canonical()); }
  Iterator end() const { return Iterator(); }
  bool empty() const { return bytes_.view().empty(); }
  size_t size() const;  // counts; O(labels)

  // "" if there is no such label. The view lives as long as this set.
  absl::string_view Get(absl::string_view name) const;
  bool Has(absl::string_view name) const { return !Get(name).empty(); }
  absl::string_view metric_name() const { return Get(kMetricName); }

  // The view lives as long as this set or a copy of it.
  absl::string_view canonical() const { return bytes_.view(); }
  uint64_t Hash() const;              // XXH3, 64 bits
  absl::uint128 Fingerprint() const;  // XXH3, 128 bits: taken as the identity of the set

  // PromQL notation: name{a="b", c="d"}, values escaped.
  std::string ToString() const;

  friend bool operator==(const Labels& a, const Labels& b) {
    return a.canonical() == b.canonical();
  }
  // Prometheus' order: label by label, name then value; a prefix comes first.
  friend std::weak_ordering operator<=>(const Labels& a, const Labels& b);
  template <typename H>
  friend H AbslHashValue(H h, const Labels& labels) {
    return H::combine(std::move(h), labels.canonical());
  }

 private:
  friend class LabelsBuilder;
  static Labels Of(absl::string_view canonical) {
    Labels labels;
    labels.bytes_ = SharedBytes(canonical);
    return labels;
  }

  SharedBytes bytes_;
};

// Collects changes to a label set. A later Set wins; Set to "" deletes.
class LabelsBuilder {
 public:
  LabelsBuilder() = default;
  explicit LabelsBuilder(const Labels& base);

  LabelsBuilder& Set(absl::string_view name, absl::string_view value);
  LabelsBuilder& Delete(absl::string_view name);
  // Keeps only / drops the listed names.
  LabelsBuilder& Keep(const std::vector<std::string>& names);
  LabelsBuilder& Drop(const std::vector<std::string>& names);
  absl::string_view Get(absl::string_view name) const;

  Labels Build() const;

 private:
  std::vector<std::pair<std::string, std::string>> labels_;  // sorted by name
};

// XXH3 of arbitrary bytes, for keys derived from other encodings.
uint64_t Hash64(absl::string_view bytes);
absl::uint128 Fingerprint128(absl::string_view bytes);

}  // namespace tocsin
