// Arithmetic and comparison between two vectors.
//
// The "one" side is the right one, or the left one with group_right; the other is the "many" side,
// also when matching is one to one. A result row is a pair (many row, one row) of one match group;
// a group may hold several rows of the one side as long as at most one of them is present at a
// time. So Compute() walks pairs, and only groups that could be ambiguous are checked. A row that
// comes makes pairs with the other side's rows of its group; pairs that exist stay as they are.
#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/query/arithmetic.h"
#include "engine/query/histogram_binary.h"
#include "engine/query/label_order.h"
#include "engine/query/operators.h"
#include "engine/query/rows_by_group.h"
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
    const bool anew = groups_.Update(input(0), input(1));
    if (anew) Forget();
    // The one side first: pairs then come in the order of the many side, the longer one.
    while (ones_.rows() < one_groups_.size()) AddOne(static_cast<uint32_t>(ones_.rows()));
    while (manys_.rows() < many_groups_.size()) AddMany(static_cast<uint32_t>(manys_.rows()));
    const bool changed = anew || version() == 0 || rows_ != pairs_.size();
    rows_ = pairs_.size();
    FindAmbiguities();
    return changed;
  }

  absl::Status Compute(int64_t) override {
    frame_.Reset(rows_);
    if (IsEmpty(in(0)) || IsEmpty(in(1))) return absl::OkStatus();
    if (HaveTwoPresent(contested_, ones_, one().frame())) return ManyToManyError();
    if (one_to_one_ ? HaveTwoPresent(crowded_, manys_, many().frame(), &one().frame())
                    : HaveTwoMatched(colliding_)) {
      return AmbiguityError();
    }
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
  // Spreads group numbers over a fingerprint.
  static constexpr absl::uint128 kMix = absl::MakeUint128(0x9e3779b97f4a7c15, 0xf39cc0605cedc835);

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

  void Forget() {
    ++layout_;
    pairs_.clear();
    ones_.Clear();
    manys_.Clear();
    contested_.clear();
    crowded_.clear();
    colliding_.Clear();
  }

  void AddOne(uint32_t row) {
    const uint32_t group = one_groups_[row];
    const bool first = !ones_.Any(group), second = !first && !ones_.Several(group);
    ones_.Add(group);
    manys_.ForEach(group, [&](uint32_t partner) { pairs_.push_back({partner, row}); });
    if (second) contested_.push_back(group);
    if (first && manys_.Several(group)) crowded_.push_back(group);
  }

  void AddMany(uint32_t row) {
    const uint32_t group = many_groups_[row];
    const bool second = manys_.Any(group) && !manys_.Several(group);
    manys_.Add(group);
    ones_.ForEach(group, [&](uint32_t partner) { pairs_.push_back({row, partner}); });
    if (second && ones_.Any(group)) crowded_.push_back(group);
  }

  // Which result rows must not be there together, and whether labels are distinct at all.
  void FindAmbiguities() {
    if (one_to_one_) {
      distinct_ = distinct_without_name_ = contested_.empty() && crowded_.empty();
      return;
    }
    // Equal labels within a group are an error of matching, across groups one of the result.
    colliding_.Extend(rows_, [&](size_t row) {
      return LabelsOf(row).Fingerprint() ^ (absl::uint128(many_groups_[pairs_[row].many]) * kMix);
    });
    FindDuplicates();
    distinct_without_name_ = distinct_ && drops_name_now();
  }

  // Two rows of one of `groups` are present, and also one of the partner's if that is asked for.
  bool HaveTwoPresent(const std::vector<uint32_t>& groups, const RowsByGroup& rows,
                      const Frame& frame, const Frame* partner = nullptr) const {
    const auto count = [](const RowsByGroup& of, uint32_t group, const Frame& in) {
      size_t present = 0;
      of.ForEach(group, [&](uint32_t row) { present += in.present(row); });
      return present;
    };
    return std::any_of(groups.begin(), groups.end(), [&](uint32_t group) {
      return count(rows, group, frame) > 1 &&
             (partner == nullptr || count(ones_, group, *partner) > 0);
    });
  }

  bool HaveTwoMatched(const DuplicateRows& rows_of_key) const {
    const Frame& many_frame = many().frame();
    const Frame& one_frame = one().frame();
    const auto& sets = rows_of_key.groups();
    return std::any_of(sets.begin(), sets.end(), [&](const std::vector<uint32_t>& rows) {
      return std::count_if(rows.begin(), rows.end(), [&](uint32_t row) {
               return many_frame.present(pairs_[row].many) && one_frame.present(pairs_[row].one);
             }) > 1;
    });
  }

  // Names the first duplicate in order of labels, as Prometheus meets it. The order is only kept
  // once there is such an error, which then is one at many evaluations.
  absl::Status ManyToManyError() {
    one_order_.Update(one());
    absl::flat_hash_map<uint32_t, uint32_t> seen;  // row by group
    for (uint32_t row : one_order_.rows()) {
      if (!one().frame().present(row)) continue;
      const auto [it, added] = seen.try_emplace(one_groups_[row], row);
      if (!added) return ManyToManyError(it->second, row);
    }
    return absl::InternalError("a contested match group has no duplicate");
  }

  absl::Status ManyToManyError(uint32_t first, uint32_t second) const {
    const Labels labels = one().LabelsOf(second);
    return absl::InvalidArgumentError(absl::StrCat(
        "found duplicate series for the match group ",
        PlainText(groups_.signature().LabelsOf(labels)), " on the ", swapped_ ? "left" : "right",
        " hand-side of the operation: [", PlainText(one().LabelsOf(first)), ", ", PlainText(labels),
        "];many-to-many matching not allowed: matching labels must be unique on one side"));
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
  const std::vector<uint32_t>& many_groups_ = swapped_ ? groups_.right() : groups_.left();
  const std::vector<uint32_t>& one_groups_ = swapped_ ? groups_.left() : groups_.right();
  RowsByGroup manys_, ones_;
  std::vector<Pair> pairs_;          // per result row
  std::vector<uint32_t> contested_;  // groups that several rows of the one side share
  std::vector<uint32_t> crowded_;    // and of a matched pair with several of the many side
  DuplicateRows colliding_;          // result rows of a group with equal labels
  LabelOrder one_order_;             // of the one side
};

}  // namespace

OperatorPtr MakeVectorMatch(const promql::BinaryExpr& expr, OperatorPtr lhs, OperatorPtr rhs,
                            bool delayed_name_removal) {
  return std::make_shared<VectorMatch>(expr, std::move(lhs), std::move(rhs), delayed_name_removal);
}

}  // namespace tocsin::engine
