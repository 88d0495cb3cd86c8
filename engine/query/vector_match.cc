// Arithmetic and comparison between two vectors.
//
// The "one" side is the right one, or the left one with group_right; the other is the "many" side,
// also when matching is one to one. A result row is a pair (many row, one row) of one match group;
// a group may hold several rows of the one side as long as at most one of them is present at a
// time. So Compute() walks pairs, and only groups that could be ambiguous are checked.
#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/query/arithmetic.h"
#include "engine/query/histogram_binary.h"
#include "engine/query/operators.h"
#include "engine/query/signature.h"

namespace tocsin::engine {
namespace {

using promql::BinaryOp;
using promql::Cardinality;

// {__name__="x", a="b"}: how Prometheus prints label sets in these errors. ToString() would set the
// metric name apart, so each label is printed by itself, the metric name under another name.
std::string PlainText(const Labels& labels) {
  std::vector<std::string> parts;
  for (const LabelView& label : labels) {
    const bool is_name = label.name == kMetricName;
    std::string text = Labels({{is_name ? "x" : label.name, label.value}}).ToString();
    text = text.substr(1, text.size() - 2);
    if (is_name) text.replace(0, 1, kMetricName);
    parts.push_back(std::move(text));
  }
  return absl::StrCat("{", absl::StrJoin(parts, ", "), "}");
}

class VectorMatch final : public Operator {
 public:
  VectorMatch(const promql::BinaryExpr& expr, OperatorPtr lhs, OperatorPtr rhs, bool delayed)
      : Operator({std::move(lhs), std::move(rhs)}),
        op_(expr.op),
        return_bool_(expr.return_bool),
        delayed_(delayed),
        matching_(*expr.matching),
        swapped_(matching_.cardinality == Cardinality::kOneToMany),
        one_to_one_(matching_.cardinality == Cardinality::kOneToOne),
        groups_(matching_) {}

  Labels LabelsOf(size_t row) const override {
    const Labels many_labels = many().LabelsOf(pairs_[row].many);
    LabelsBuilder builder(many_labels);
    if (drops_name_now()) builder.Delete(kMetricName);
    if (one_to_one_) {
      matching_.on ? builder.Keep(matching_.labels) : builder.Drop(matching_.labels);
    }
    if (!matching_.include.empty()) {
      const Labels one_labels = one().LabelsOf(pairs_[row].one);
      for (const std::string& name : matching_.include) builder.Set(name, one_labels.Get(name));
    }
    return builder.Build();
  }
  bool drops_name(size_t) const override { return delayed_ && return_bool_; }

  std::vector<int64_t> Newest(int64_t t) const override {
    const std::vector<int64_t> many_newest = many().Newest(t), one_newest = one().Newest(t);
    std::vector<int64_t> newest(rows_);
    for (size_t row = 0; row < rows_; ++row) {
      newest[row] = std::max(many_newest[pairs_[row].many], one_newest[pairs_[row].one]);
    }
    return newest;
  }

 protected:
  bool Index() override {
    groups_.Update(many(), many_groups_, many_layout_);
    groups_.Update(one(), one_groups_, one_layout_);
    MakePairs();
    rows_ = pairs_.size();
    ++layout_;
    FindAmbiguities();
    return true;
  }

  absl::Status Compute(int64_t) override {
    frame_.Reset(rows_);
    if (IsEmpty(in(0)) || IsEmpty(in(1))) return absl::OkStatus();
    if (HaveTwoPresent(contested_, one().frame())) return ManyToManyError();
    if (one_to_one_ ? HaveTwoMatched(crowded_) : HaveTwoMatched(colliding_))
      return AmbiguityError();
    const Frame& left = in(0);
    const Frame& right = in(1);
    if (left.has_histograms() || right.has_histograms() || promql::IsTrim(op_)) [[unlikely]] {
      ForEachMatch([&](size_t row, size_t l, size_t r) { ComputeMixed(row, l, r); });
      return absl::OkStatus();
    }
    WithArithmetic(op_, [&](auto f) {
      ForEachMatch([&](size_t row, size_t l, size_t r) {
        frame_.Set(row, f(left.value(l), right.value(r)));
      });
    });
    WithComparison(op_, [&](auto f) {
      ForEachMatch([&](size_t row, size_t l, size_t r) {
        const bool holds = f(left.value(l), right.value(r));
        if (return_bool_) {
          frame_.Set(row, holds ? 1 : 0);
        } else if (holds) {
          frame_.Set(row, left.value(l));
        }
      });
    });
    return absl::OkStatus();
  }

 private:
  struct Pair {
    uint32_t many = 0;
    uint32_t one = 0;
  };
  using Rows = std::vector<uint32_t>;

  const Operator& many() const { return input(swapped_ ? 1 : 0); }
  const Operator& one() const { return input(swapped_ ? 0 : 1); }
  bool keeps_name() const { return promql::IsComparison(op_) || promql::IsTrim(op_); }
  bool drops_name_now() const { return !keeps_name() || (return_bool_ && !delayed_); }

  void ComputeMixed(size_t row, size_t left, size_t right) {
    const auto result = ApplyBinary(op_, {in(0).value(left), in(0).histogram(left)},
                                    {in(1).value(right), in(1).histogram(right)}, notes_);
    if (!result) return;
    if (return_bool_) {
      frame_.Set(row, result->holds ? 1 : 0);
    } else if (result->holds && result->value.histogram != nullptr) {
      frame_.SetHistogram(row, result->value.histogram);
    } else if (result->holds) {
      frame_.Set(row, result->value.value);
    }
  }

  static bool IsEmpty(const Frame& frame) {
    return std::all_of(frame.words().begin(), frame.words().end(),
                       [](uint64_t w) { return w == 0; });
  }

  template <typename Fn>
  void ForEachMatch(Fn&& fn) {
    const Frame& many_frame = many().frame();
    const Frame& one_frame = one().frame();
    for (size_t row = 0; row < rows_; ++row) {
      const Pair pair = pairs_[row];
      if (!many_frame.present(pair.many) || !one_frame.present(pair.one)) continue;
      swapped_ ? fn(row, pair.one, pair.many) : fn(row, pair.many, pair.one);
    }
  }

  static std::vector<Rows> ByGroup(const std::vector<uint32_t>& groups, size_t count) {
    std::vector<Rows> rows(count);
    for (uint32_t row = 0; row < groups.size(); ++row) rows[groups[row]].push_back(row);
    return rows;
  }

  void MakePairs() {
    const std::vector<Rows> ones = ByGroup(one_groups_, groups_.size());
    pairs_.clear();
    for (uint32_t row = 0; row < many_groups_.size(); ++row) {
      for (uint32_t partner : ones[many_groups_[row]]) pairs_.push_back({row, partner});
    }
    contested_.clear();
    for (const Rows& rows : ones) {
      if (rows.size() > 1) contested_.push_back(rows);
    }
  }

  // Which result rows must not be there together, and whether labels are distinct at all.
  void FindAmbiguities() {
    crowded_.clear();
    colliding_.clear();
    distinct_ = distinct_without_name_ = one_to_one_ && contested_.empty();
    if (one_to_one_) {
      std::vector<Rows> rows_of(groups_.size());
      for (uint32_t row = 0; row < pairs_.size(); ++row) {
        rows_of[many_groups_[pairs_[row].many]].push_back(row);
      }
      for (Rows& rows : rows_of) {
        if (!rows.empty() && pairs_[rows.front()].many != pairs_[rows.back()].many) {
          crowded_.push_back(std::move(rows));
        }
      }
      distinct_ = distinct_without_name_ = contested_.empty() && crowded_.empty();
      return;
    }
    // Equal labels within a group are an error of matching, across groups one of the result.
    absl::flat_hash_map<std::pair<absl::uint128, uint32_t>, Rows> rows_of;
    for (uint32_t row = 0; row < pairs_.size(); ++row) {
      rows_of[{LabelsOf(row).Fingerprint(), many_groups_[pairs_[row].many]}].push_back(row);
    }
    for (auto& entry : rows_of) {
      if (entry.second.size() > 1) colliding_.push_back(std::move(entry.second));
    }
    FindDuplicates();
    distinct_without_name_ = distinct_ && drops_name_now();
  }

  static bool HaveTwoPresent(const std::vector<Rows>& sets, const Frame& frame) {
    return std::any_of(sets.begin(), sets.end(), [&](const Rows& rows) {
      return std::count_if(rows.begin(), rows.end(),
                           [&](uint32_t row) { return frame.present(row); }) > 1;
    });
  }

  bool HaveTwoMatched(const std::vector<Rows>& sets) const {
    const Frame& many_frame = many().frame();
    const Frame& one_frame = one().frame();
    return std::any_of(sets.begin(), sets.end(), [&](const Rows& rows) {
      return std::count_if(rows.begin(), rows.end(), [&](uint32_t row) {
               return many_frame.present(pairs_[row].many) && one_frame.present(pairs_[row].one);
             }) > 1;
    });
  }

  // Names the first duplicate in order of labels, as Prometheus meets it.
  absl::Status ManyToManyError() const {
    std::vector<std::pair<Labels, uint32_t>> present;  // with group
    one().frame().ForEach(
        [&](size_t row) { present.emplace_back(one().LabelsOf(row), one_groups_[row]); });
    std::sort(present.begin(), present.end(),
              [](const auto& a, const auto& b) { return (a.first <=> b.first) < 0; });
    absl::flat_hash_map<uint32_t, const Labels*> seen;
    for (const auto& [labels, group] : present) {
      const auto [it, added] = seen.try_emplace(group, &labels);
      if (added) continue;
      return absl::InvalidArgumentError(absl::StrCat(
          "found duplicate series for the match group ",
          PlainText(groups_.signature().LabelsOf(labels)), " on the ", swapped_ ? "left" : "right",
          " hand-side of the operation: [", PlainText(*it->second), ", ", PlainText(labels),
          "];many-to-many matching not allowed: matching labels must be unique on one side"));
    }
    return absl::InternalError("a contested match group has no duplicate");
  }

  absl::Status AmbiguityError() const {
    return absl::InvalidArgumentError(
        one_to_one_ ? "multiple matches for labels: many-to-one matching must be explicit "
                      "(group_left/group_right)"
                    : "multiple matches for labels: grouping labels must ensure unique matches");
  }

  const BinaryOp op_;
  const bool return_bool_;
  const bool delayed_;
  const promql::VectorMatching matching_;
  const bool swapped_;
  const bool one_to_one_;

  MatchGroups groups_;
  std::vector<uint32_t> many_groups_, one_groups_;  // per row of that side
  uint64_t many_layout_ = 0, one_layout_ = 0;
  std::vector<Pair> pairs_;      // per result row
  std::vector<Rows> contested_;  // rows of the one side that share a group
  std::vector<Rows> crowded_;    // result rows of a one-to-one group with several many rows
  std::vector<Rows> colliding_;  // result rows of a group with equal labels
};

}  // namespace

OperatorPtr MakeVectorMatch(const promql::BinaryExpr& expr, OperatorPtr lhs, OperatorPtr rhs,
                            bool delayed_name_removal) {
  return std::make_shared<VectorMatch>(expr, std::move(lhs), std::move(rhs), delayed_name_removal);
}

}  // namespace tocsin::engine
