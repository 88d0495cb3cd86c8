// Functions over a range that look at how many samples there are, or at the first or last.
#include "engine/query/range_function.h"

namespace tocsin::engine {
namespace {

struct CountOverTime : KernelDefaults {
  struct State {};
  State Fresh(size_t) const { return {}; }
  bool Value(const State&, const RowWindow& window, double& out) const {
    out = window.cursor.samples;
    return true;
  }
};

struct PresentOverTime : KernelDefaults {
  struct State {};
  State Fresh(size_t) const { return {}; }
  bool Value(const State&, const RowWindow&, double& out) const {
    out = 1;
    return true;
  }
};

// last_over_time, ts_of_last_over_time.
struct LastOverTime : KernelDefaults {
  using State = Sample;
  bool time = false;

  explicit LastOverTime(bool take_time) : time(take_time) {}
  State Fresh(size_t) const { return {}; }
  void Enter(State& state, uint32_t, const Sample& sample, const Column&) const { state = sample; }
  bool Value(const State& state, const RowWindow&, double& out) const {
    out = time ? static_cast<double>(state.time_ms) / 1000 : state.value;
    return true;
  }
};

// first_over_time, ts_of_first_over_time.
struct FirstOverTime : KernelDefaults {
  struct State {};
  bool time = false;

  explicit FirstOverTime(bool take_time) : time(take_time) {}
  State Fresh(size_t) const { return {}; }
  bool Value(const State&, const RowWindow& window, double& out) const {
    const Sample& first = window.cursor.first;
    out = time ? static_cast<double>(first.time_ms) / 1000 : first.value;
    return true;
  }
};

}  // namespace

OperatorPtr MakeEndFunction(absl::string_view name, std::shared_ptr<RangeVector> range,
                            NameRule drop) {
  if (name == "count_over_time") return MakeRangeFunctionOf(range, drop, CountOverTime());
  if (name == "present_over_time") return MakeRangeFunctionOf(range, drop, PresentOverTime());
  if (name == "last_over_time")
    return MakeRangeFunctionOf(range, NameRule::kKeep, LastOverTime(false));
  if (name == "first_over_time")
    return MakeRangeFunctionOf(range, NameRule::kKeep, FirstOverTime(false));
  if (name == "ts_of_last_over_time") return MakeRangeFunctionOf(range, drop, LastOverTime(true));
  if (name == "ts_of_first_over_time") return MakeRangeFunctionOf(range, drop, FirstOverTime(true));
  return nullptr;
}

}  // namespace tocsin::engine
