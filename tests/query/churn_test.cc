// Rows that come and go, on every kind of operator: what is added costs as many look-ups of labels
// as it has rows, however many there are already, and the outcome is that of an operator that never
// knew the old ones.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/query/operators.h"
#include "engine/query/range_function.h"
#include "rules/promql/parser.h"

namespace tocsin::engine {
namespace {

struct Row {
  int id = 0;
  bool alive = true;
};

// A vector and a range vector of rows as the test wants them; counts how often it is asked for
// labels.
class Rows final : public RangeVector {
 public:
  explicit Rows(std::string metric)
      : RangeVector({}, TimeShift(), 60'000), metric_(std::move(metric)) {}

  void Add(int id) { list_.push_back({id}); }
  void End(int id) {
    for (Row& row : list_) row.alive = row.alive && row.id != id;
  }
  // As series sets do when a quarter of their rows is dead.
  bool Compact() {
    const size_t dead = static_cast<size_t>(
        std::count_if(list_.begin(), list_.end(), [](const Row& r) { return !r.alive; }));
    if (dead * 4 < list_.size()) return false;
    std::erase_if(list_, [](const Row& r) { return !r.alive; });
    ++next_layout_;
    return true;
  }
  const std::vector<Row>& list() const { return list_; }
  size_t look_ups() const { return look_ups_; }
  inline static bool counts = true;

  Labels LabelsOf(size_t row) const override {
    look_ups_ += counts;
    const int id = list_[row].id;
    return {{"__name__", metric_},
            {"host", absl::StrCat("h", id / 4)},
            {"le", id % 4 == 3 ? "+Inf" : absl::StrCat(id % 4)},
            {"service", absl::StrCat("s", id % 7)}};
  }

  View view() const override {
    return {.columns = columns_.data(),
            .versions = versions_.data(),
            .begin_ms = 0,
            .end_ms = range_ms_};
  }

 protected:
  bool IndexIsStale() const override {
    return version() == 0 || rows_ != list_.size() || layout_ != next_layout_;
  }
  bool Index() override {
    rows_ = list_.size();
    if (layout_ != next_layout_) columns_.clear();
    layout_ = next_layout_;
    columns_.resize(rows_);
    versions_.resize(rows_);
    return true;
  }
  absl::Status Compute(int64_t) override {
    for (size_t row = 0; row < rows_; ++row) Fill(row);
    frame_.Reset(rows_);
    for (size_t row = 0; row < rows_; ++row) {
      if (list_[row].alive) frame_.Set(row, static_cast<double>(list_[row].id % 50));
    }
    return absl::OkStatus();
  }

 private:
  // Two samples while the row is alive.
  void Fill(size_t row) {
    Column& column = columns_[row];
    if (list_[row].alive == (column.size() > 0)) return;
    column.Clear();
    ++versions_[row];
    if (!list_[row].alive) return;
    const double value = static_cast<double>(list_[row].id % 50);
    column.Append(1'000, value);
    column.Append(31'000, value + 3);
  }

  const std::string metric_;
  std::vector<Row> list_;
  std::vector<Column> columns_;
  std::vector<uint32_t> versions_;
  uint64_t next_layout_ = 0;
  mutable size_t look_ups_ = 0;
};
using RowsPtr = std::shared_ptr<Rows>;

struct Kind {
  const char* name;
  std::function<OperatorPtr(RowsPtr, RowsPtr)> make;
};

void PrintTo(const Kind& kind, std::ostream* out) {
  *out << kind.name;
}

// Keeps the expression that its operators are made from.
OperatorPtr Binary(const char* text, OperatorPtr lhs, OperatorPtr rhs, bool delayed = false) {
  static std::map<std::string, promql::ExprPtr> parsed;
  promql::ExprPtr& expr = parsed[text];
  if (expr == nullptr) expr = promql::ParseExpr(text).expr;
  const auto& binary = promql::As<promql::BinaryExpr>(*expr);
  if (promql::IsSetOperator(binary.op)) return MakeSetOperator(binary, lhs, rhs);
  return MakeVectorMatch(binary, lhs, rhs, delayed);
}

OperatorPtr Range(const char* name, RowsPtr rows, bool delayed = false) {
  return MakeRangeFunction(name, rows, nullptr, delayed);
}

OperatorPtr SumBy(std::vector<std::string> labels, OperatorPtr of) {
  return MakeAggregate(promql::AggregateOp::kSum, {false, std::move(labels)}, std::move(of));
}

VectorScalarOptions Comparison(bool return_bool) {
  VectorScalarOptions options;
  options.op = promql::BinaryOp::kGtr;
  options.return_bool = return_bool;
  return options;
}

// The table whose samples tell subqueries that something may have changed.
SeriesTable& Ticks() {
  static SeriesTable table;
  return table;
}
SeriesTable::Slot TickSlot() {
  return Ticks().FindOrAdd({{"__name__", "tick"}});
}
void Tick() {
  static int64_t ticks = 0;
  Ticks().Append(TickSlot(), ++ticks, 0);
}

OperatorPtr Subquery(OperatorPtr inner) {
  SubqueryOptions options;
  options.range_ms = 60'000;
  options.step_ms = 20'000;
  const auto set = std::make_shared<SeriesSet>();
  set->slots = {TickSlot()};
  options.watch =
      std::make_shared<SeriesWatch>(Ticks(), std::vector<std::shared_ptr<const SeriesSet>>{set});
  return MakeRangeFunction("sum_over_time", MakeSubquery(options, std::move(inner)), nullptr,
                           false);
}

const std::vector<Kind>& Kinds() {
  using Op = promql::AggregateOp;
  static const std::vector<Kind> kinds = {
      {"vector", [](RowsPtr a, RowsPtr) { return a; }},
      {"comparison",
       [](RowsPtr a, RowsPtr) { return MakeVectorScalar(Comparison(false), a, MakeNumber(20)); }},
      {"comparison bool",
       [](RowsPtr a, RowsPtr) { return MakeVectorScalar(Comparison(true), a, MakeNumber(20)); }},
      {"rate", [](RowsPtr a, RowsPtr) { return Range("rate", a); }},
      {"rate, name dropped later", [](RowsPtr a, RowsPtr) { return Range("rate", a, true); }},
      {"max_over_time", [](RowsPtr a, RowsPtr) { return Range("max_over_time", a); }},
      {"subquery", [](RowsPtr a, RowsPtr) { return Subquery(a); }},
      {"subquery of or", [](RowsPtr a, RowsPtr b) { return Subquery(Binary("a or b", a, b)); }},
      {"abs", [](RowsPtr a, RowsPtr) { return MakeSimpleFunction("abs", a, {}, false); }},
      {"abs of or",
       [](RowsPtr a, RowsPtr b) {
         return MakeSimpleFunction("abs", Binary("a or on (host) b", a, b), {}, false);
       }},
      {"sum by", [](RowsPtr a, RowsPtr) { return SumBy({"service"}, a); }},
      {"sum by host, name dropped later",
       [](RowsPtr a, RowsPtr) {
         return SumBy({"__name__", "host"}, Range("rate", a, true));
       }},
      {"quantile",
       [](RowsPtr a, RowsPtr) {
         return MakeQuantile({false, {"host"}}, a, MakeNumber(0.5));
       }},
      {"topk",
       [](RowsPtr a, RowsPtr) {
         return MakeRanking(Op::kTopk, {false, {"service"}}, a, MakeNumber(3));
       }},
      {"count_values",
       [](RowsPtr a, RowsPtr) {
         return MakeCountValues({false, {"service"}}, a, "v");
       }},
      {"label_replace",
       [](RowsPtr a, RowsPtr) {
         return *MakeLabelReplace({"to", "$1", "host", "h(.*)"}, a);
       }},
      {"label_replace, equal labels",
       [](RowsPtr a, RowsPtr) {
         return *MakeLabelReplace({"le", "", "host", "h.*7"}, a);
       }},
      {"label_join",
       [](RowsPtr a, RowsPtr) {
         return *MakeLabelJoin({"to", "-", {"le"}}, a);
       }},
      {"histogram_quantile",
       [](RowsPtr a, RowsPtr) {
         return MakeHistogramQuantile(SumBy({"le", "host"}, a), MakeNumber(0.5), false);
       }},
      {"sort", [](RowsPtr a, RowsPtr) { return MakeSort({}, a); }},
      {"sort_by_label_desc",
       [](RowsPtr a, RowsPtr) {
         return MakeSort({true, std::vector<std::string>{"host", "le"}, false}, a);
       }},
      {"absent", [](RowsPtr a, RowsPtr) { return MakeAbsent(Labels(), a); }},
      {"absent_over_time", [](RowsPtr a, RowsPtr) { return MakeAbsentOverTime(Labels(), a); }},
      {"scalar", [](RowsPtr a, RowsPtr) { return MakeVectorOf(MakeScalarOf(a)); }},
      {"one to one", [](RowsPtr a, RowsPtr b) { return Binary("a - on (host, le) b", a, b); }},
      {"one to one, all labels",
       [](RowsPtr a, RowsPtr b) { return Binary("a > bool b", a, b, true); }},
      {"ratio of sums",
       [](RowsPtr a, RowsPtr b) {
         return Binary("a / on (host) b", SumBy({"host"}, a), SumBy({"host"}, b));
       }},
      {"many to one",
       [](RowsPtr a, RowsPtr b) {
         return Binary("a * on (service) group_left () b", a, SumBy({"service"}, b));
       }},
      {"one to many, with a label",
       [](RowsPtr a, RowsPtr b) {
         return Binary("a - on (host) group_right (le) b", SumBy({"host"}, a), b);
       }},
      {"many to many, which is an error",
       [](RowsPtr a, RowsPtr b) { return Binary("a + on (host) b", a, b); }},
      {"many to one without saying so",
       [](RowsPtr a, RowsPtr b) { return Binary("a + on (host) b", a, SumBy({"host"}, b)); }},
      {"and", [](RowsPtr a, RowsPtr b) { return Binary("a and on (host, le) b", a, b); }},
      {"unless", [](RowsPtr a, RowsPtr b) { return Binary("a unless on (host) b", a, b); }},
      {"or", [](RowsPtr a, RowsPtr b) { return Binary("a or on (host) b", a, b); }},
      {"or of sums",
       [](RowsPtr a, RowsPtr b) {
         return Binary("a or b", SumBy({"host"}, a), SumBy({"service"}, b));
       }},
  };
  return kinds;
}

// The present rows and their values, or the error.
std::map<std::string, std::string> Outcome(Operator& result, uint64_t generation) {
  std::map<std::string, std::string> rows;
  Tick();
  const absl::Status status = result.Evaluate({60'000, generation});
  if (!status.ok()) return {{"error", std::string(status.message())}};
  Rows::counts = false;  // what this test asks for itself
  result.frame().ForEach([&](size_t row) {
    const std::string value = absl::StrCat(result.frame().value(row));
    EXPECT_TRUE(rows.emplace(result.LabelsOf(row).ToString(), value).second);
  });
  Rows::counts = true;
  return rows;
}

std::vector<std::string> Ordered(const Operator& result) {
  std::vector<uint32_t> rows;
  std::vector<std::string> labels;
  if (!result.Order(rows)) return labels;
  for (uint32_t row : rows) labels.push_back(result.LabelsOf(row).ToString());
  return labels;
}

// Two sides of nearly the same series under two metric names, of which some come and the oldest go
// each round.
class Churn {
 public:
  Churn(const Kind& kind, int series) : kind_(kind) {
    for (; next_ < series; ++next_) AddRow();
    result_ = Make();
  }

  void Round(int churn) {
    for (int i = 0; i < churn; ++i) {
      AddRow();
      ++next_;
      left_->End(oldest_);
      right_->End(oldest_);
      ++oldest_;
    }
    compacted_ = left_->Compact();
    compacted_ = right_->Compact() || compacted_;
  }
  // Of the operator that was there from the beginning.
  std::map<std::string, std::string> Evaluate() {
    auto outcome = Outcome(*result_, ++generation_);
    std::vector<uint32_t> order;
    result_->Order(order);
    return outcome;
  }
  const Operator& result() const { return *result_; }
  OperatorPtr Make() const { return MakeResult(kind_.make(left_, right_)); }
  uint64_t generation() const { return generation_; }
  bool compacted() const { return compacted_; }
  size_t look_ups() const { return left_->look_ups() + right_->look_ups(); }
  size_t rows() const { return left_->list().size() + right_->list().size(); }

 private:
  void AddRow() {
    left_->Add(next_);
    if (next_ % 11 != 5) right_->Add(next_);
  }

  const Kind& kind_;
  const RowsPtr left_ = std::make_shared<Rows>("a_total");
  const RowsPtr right_ = std::make_shared<Rows>("b_total");
  OperatorPtr result_;
  int next_ = 0;
  int oldest_ = 0;
  uint64_t generation_ = 0;
  bool compacted_ = false;
};

class ChurnTest : public ::testing::TestWithParam<Kind> {};

// A constant number per new row, whatever the number of rows there are.
TEST_P(ChurnTest, AddedRowsCostTheirNumberOfLookUps) {
  constexpr int kAdded = 8;
  constexpr size_t kPerRowMax = 12;
  for (int series : {200, 4'000}) {
    Churn churn(GetParam(), series);
    churn.Evaluate();
    churn.Round(kAdded);
    ASSERT_FALSE(churn.compacted());
    const size_t before = churn.look_ups();
    churn.Evaluate();
    EXPECT_LE(churn.look_ups() - before, kPerRowMax * kAdded) << series;
  }
}

// Renumbering included.
TEST_P(ChurnTest, ManyRoundsCostAMultipleOfWhatChanged) {
  constexpr int kSeries = 1'000, kRounds = 400, kChurn = 10;
  constexpr size_t kPerChangeMax = 40;
  Churn churn(GetParam(), kSeries);
  size_t compactions = 0, rows_max = 0;
  for (int round = 0; round < kRounds; ++round) {
    churn.Round(kChurn);
    compactions += churn.compacted();
    churn.Evaluate();
    rows_max = std::max(rows_max, churn.result().rows());
  }
  EXPECT_GE(compactions, 8u);
  EXPECT_LE(churn.look_ups(), kPerChangeMax * (kSeries + kRounds * kChurn));
  // Four thousand series have been there; no more than twice the living of both sides is kept.
  EXPECT_LE(rows_max, 2u * 2u * kSeries);
}

TEST_P(ChurnTest, OutcomeIsThatOfAFreshOperator) {
  Churn churn(GetParam(), 60);
  churn.Evaluate();
  for (int round = 0; round < 60; ++round) {
    churn.Round(round % 5);
    const auto actual = churn.Evaluate();
    const auto fresh = churn.Make();
    ASSERT_EQ(actual, Outcome(*fresh, churn.generation())) << "round " << round;
    ASSERT_EQ(Ordered(churn.result()), Ordered(*fresh)) << "round " << round;
  }
}

INSTANTIATE_TEST_SUITE_P(Operators, ChurnTest, ::testing::ValuesIn(Kinds()), [](const auto& param) {
  std::string name;
  for (char c : std::string(param.param.name)) name += std::isalnum(c) ? c : '_';
  return name;
});

}  // namespace
}  // namespace tocsin::engine
