// What a standing query costs, counted in steps of subqueries, samples that enter windows and times
// of inputs that are asked for: it has to follow what came and what left.
#include <gtest/gtest.h>

#include <map>
#include <memory>

#include "engine/query/operators.h"
#include "engine/query/range_function.h"
#include "tests/query/fixture.h"

namespace tocsin::engine {
namespace {

constexpr int64_t kSecond = 1'000, kMinute = 60 * kSecond;

// Inside of a subquery: one row whose value at a step is what the test says, else the minute.
// Counts what it is asked for.
class Inner final : public Operator {
 public:
  Inner() : Operator({}) {}
  Labels LabelsOf(size_t) const override { return {{"host", "a"}}; }
  std::vector<int64_t> Newest(int64_t t) const override {
    ++newest_asked;
    return {t - 5 * kSecond};
  }

  std::map<int64_t, double> said;
  int steps = 0;
  mutable int newest_asked = 0;

 protected:
  bool Index() override {
    rows_ = 1;
    return true;
  }
  absl::Status Compute(int64_t t) override {
    ++steps;
    frame_.Reset(1);
    const auto value = said.find(t);
    frame_.Set(0, value == said.end() ? static_cast<double>(t / kMinute) : value->second);
    return absl::OkStatus();
  }
};

// sum_over_time that counts what enters.
struct CountingSum : KernelDefaults {
  using State = double;
  int* entered = nullptr;

  double Fresh(size_t) const { return 0; }
  void Enter(double& sum, uint32_t, const Sample& sample, const Column&) const {
    ++*entered;
    sum += sample.value;
  }
  void Expire(double& sum, const Sample& sample, const Sample*, const WindowCursor&) const {
    sum -= sample.value;
  }
  bool Value(double sum, const RowWindow&, double& out) const {
    out = sum;
    return true;
  }
};

// Two series of a table, each a set of its own, and what is built over them.
class StandingWorkTest : public ::testing::Test {
 protected:
  SeriesTable::Slot AddSeries(const char* name) { return table_.FindOrAdd({{"__name__", name}}); }
  static std::shared_ptr<SeriesSet> SetOf(SeriesTable::Slot slot) {
    auto set = std::make_shared<SeriesSet>();
    set->slots = {slot};
    return set;
  }
  std::shared_ptr<RangeVector> Subquery(int64_t range_ms) {
    SubqueryOptions options;
    options.range_ms = range_ms;
    options.step_ms = kMinute;
    options.watch = std::make_shared<SeriesWatch>(
        table_, std::vector<std::shared_ptr<const SeriesSet>>{SetOf(read_)});
    return MakeSubquery(options, inner_);
  }
  OperatorPtr Sum(std::shared_ptr<RangeVector> range) {
    CountingSum kernel;
    kernel.entered = &entered_;
    return MakeRangeFunctionOf(std::move(range), NameRule::kKeep, kernel);
  }
  double Evaluate(Operator& op, int64_t t) {
    const absl::Status status = op.Evaluate({t, ++generation_, t});
    EXPECT_TRUE(status.ok()) << status;
    return op.frame().rows() == 0 ? 0 : op.frame().value(0);
  }

  SeriesTable table_;
  const SeriesTable::Slot read_ = AddSeries("read"), other_ = AddSeries("other");
  const std::shared_ptr<Inner> inner_ = std::make_shared<Inner>();
  int entered_ = 0;

 private:
  uint64_t generation_ = 0;
};

TEST_F(StandingWorkTest, LateSamplesOfOtherSeriesCostASubqueryNothing) {
  const auto subquery = Subquery(60 * kMinute);
  table_.Append(read_, 60 * kMinute, 1);
  table_.Append(other_, 60 * kMinute, 1);
  Evaluate(*subquery, 60 * kMinute + kSecond);
  EXPECT_EQ(inner_->steps, 60);
  for (int i = 1; i <= 20; ++i) {
    table_.Append(other_, i * kMinute, 1);
    Evaluate(*subquery, 60 * kMinute + kSecond + i);
  }
  EXPECT_EQ(inner_->steps, 60);
  table_.Append(read_, 58 * kMinute - 1, 1);
  Evaluate(*subquery, 60 * kMinute + 2 * kSecond);
  EXPECT_EQ(inner_->steps, 60 + 3) << "of its own series: the steps that may see it";
}

// Evaluated on a step, before the last samples of that step are there.
TEST_F(StandingWorkTest, NewestStepThatChangesEntersAsOneSample) {
  constexpr int kRange = 60, kRounds = 100;
  const OperatorPtr sum = Sum(Subquery(kRange * kMinute));
  Evaluate(*sum, kRange * kMinute);
  for (int i = kRange + 1; i <= kRange + kRounds; ++i) {
    const int before = entered_, steps = inner_->steps;
    EXPECT_EQ(Evaluate(*sum, i * kMinute), kRange * (2 * i - kRange + 1) / 2);
    table_.Append(read_, i * kMinute, 1);
    inner_->said[i * kMinute] = i + 1000;
    EXPECT_EQ(Evaluate(*sum, i * kMinute + kSecond), kRange * (2 * i - kRange + 1) / 2 + 1000);
    table_.Append(read_, i * kMinute - 1, 1);
    inner_->said[i * kMinute] = i;
    EXPECT_EQ(Evaluate(*sum, i * kMinute + 2 * kSecond), kRange * (2 * i - kRange + 1) / 2);
    EXPECT_EQ(inner_->steps - steps, 3);
    // The first time nobody knows yet.
    ASSERT_LE(entered_ - before, i == kRange + 1 ? kRange + 3 : 3) << i;
  }
}

TEST_F(StandingWorkTest, SeveralLateSamplesThatAWindowHasNotPassedEnterAsTheyCome) {
  const auto set = SetOf(read_);
  const OperatorPtr sum =
      Sum(std::make_shared<Window>(SelectorSource{&table_, set, TimeShift()}, 60 * kMinute));
  table_.Append(read_, 1'000 * kMinute, 7);  // dated ahead: whatever comes is late
  for (int i = 1; i <= 200; ++i) {
    const int before = entered_;
    for (const int second : {10, 20, 40, 30}) {
      ASSERT_EQ(table_.Append(read_, i * kMinute - second * kSecond, 1), AppendResult::kInserted);
    }
    EXPECT_EQ(Evaluate(*sum, i * kMinute), 4 * std::min(i, 60));
    EXPECT_LE(entered_ - before, i == 1 ? 8 : 4) << i;
  }
}

TEST_F(StandingWorkTest, InputTimesOfStepsAreFollowedOnceAskedFor) {
  const auto subquery = Subquery(60 * kMinute);
  table_.Append(read_, 60 * kMinute, 1);
  Evaluate(*subquery, 60 * kMinute + kSecond);
  EXPECT_EQ(inner_->newest_asked, 0);
  EXPECT_EQ(subquery->Newest(60 * kMinute + kSecond),
            std::vector<int64_t>{60 * kMinute - 5 * kSecond});
  EXPECT_EQ(inner_->newest_asked, 60);
  Evaluate(*subquery, 61 * kMinute);
  EXPECT_EQ(subquery->Newest(61 * kMinute), std::vector<int64_t>{61 * kMinute - 5 * kSecond});
  EXPECT_EQ(inner_->newest_asked, 61);
}

// Operators that are evaluated at different times would move each other's windows to and fro.
TEST(SharingTest, EachTimeOfEvaluationHasOperatorsOfItsOwn) {
  const auto added = [](QueryFixture& fixture, const std::string& expr, absl::Duration behind) {
    const size_t before = fixture.engine().operators();
    const auto parsed = promql::ParseExpr(expr);
    EXPECT_TRUE(fixture.engine().Add(*parsed.expr, expr, behind).ok());
    return fixture.engine().operators() - before;
  };
  const absl::Duration none, some = absl::Seconds(30);
  QueryFixture fixture;
  const size_t rate = added(fixture, "rate(x[5m])", none);
  EXPECT_EQ(added(fixture, "rate(x[5m])", none), 0u);
  EXPECT_EQ(added(fixture, "rate(x[5m])", some), rate);
  EXPECT_EQ(added(fixture, "rate(x[5m])", some), 0u);

  const size_t subquery = added(fixture, "max_over_time(rate(x[5m])[1h:1m])", none);
  EXPECT_EQ(added(fixture, "max_over_time(rate(x[5m])[1h:1m])", none), 0u);
  EXPECT_LT(added(fixture, "max_over_time(rate(x[5m])[2h:1m])", none), subquery)
      << "the same steps";
  EXPECT_EQ(added(fixture, "max_over_time(rate(x[5m])[1h:1m] offset 1d)", none), subquery);
  EXPECT_EQ(added(fixture, "max_over_time(rate(x[5m])[1h:40s])", none), subquery);
  EXPECT_EQ(added(fixture, "max_over_time(rate(x[5m])[1h:1m])", some), subquery);
}

}  // namespace
}  // namespace tocsin::engine
