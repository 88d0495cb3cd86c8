#include "tests/anomaly/measures.h"

#include <algorithm>
#include <cmath>

namespace tocsin::anomaly {
namespace {

constexpr int kLearnedRows = 2 * kWeekRows;
constexpr int kCleanRows = 8 * kWeekRows;
constexpr int kFaultWeek = 3;
constexpr int kAfterFault = 2 * kDayRows;
constexpr double kHeldShare = 0.8;

struct FaultyRun {
  Run run;
  int begin;
  int end;
};

FaultyRun RunFault(const Detector& detector, const Kind& kind, const Fault& fault, uint64_t seed) {
  Dice dice(seed);
  MadeSeries series = kind.make(dice, 5 * kWeekRows);
  const int begin = kFaultWeek * kWeekRows + dice.Below(1500);
  const int end = begin + fault.rows;
  fault.apply(series.values, series.noise, begin, end, dice);
  series.values.resize(end + kAfterFault);
  return {RunDetector(detector, series.values), begin, end};
}

void ForEachConstant(Parameters& p, const std::function<void(float&)>& change) {
  for (float* constant : {&p.level_rate,
                          &p.offset_rate,
                          &p.daily_rate,
                          &p.weekly_rate,
                          &p.error_rate,
                          &p.steep,
                          &p.scale_rate,
                          &p.hourly_scale_rate,
                          &p.clip_scales,
                          &p.profile_clip_scales,
                          &p.range_half_life,
                          &p.level_half_life,
                          &p.density_half_life,
                          &p.density_rate,
                          &p.density_floor,
                          &p.short_half_life,
                          &p.short_growth,
                          &p.short_share,
                          &p.lag,
                          &p.switch_limit,
                          &p.relearn_days,
                          &p.range_threshold,
                          &p.level_threshold,
                          &p.density6_threshold,
                          &p.density3_threshold,
                          &p.frozen_threshold,
                          &p.page_deviation,
                          &p.page_drift,
                          &p.page_frozen,
                          &p.page_extreme,
                          &p.severe_per_score,
                          &p.warm_points,
                          &p.quarantine,
                          &p.accepted_half_life,
                          &p.rest}) {
    change(*constant);
  }
}

}  // namespace

double Run::AlarmShare(size_t begin, size_t end) const {
  if (begin >= end) return 0;
  const auto at = states.begin();
  const auto alarms = std::count(at + static_cast<ptrdiff_t>(begin),
                                 at + static_cast<ptrdiff_t>(end), State::kAlarm);
  return static_cast<double>(alarms) / static_cast<double>(end - begin);
}

Run RunDetector(const Detector& detector, const std::vector<int64_t>& times_ms,
                const std::vector<double>& values) {
  Run run;
  SeriesModel model;
  for (size_t i = 0; i < values.size(); ++i) {
    const Verdict verdict = detector.Update(model, times_ms[i], values[i]);
    run.scores.push_back(static_cast<float>(verdict.score));
    run.states.push_back(verdict.state);
    if (verdict.opened) run.openings.push_back(static_cast<int>(i));
  }
  return run;
}

Run RunDetector(const Detector& detector, const std::vector<double>& values) {
  std::vector<int64_t> times(values.size());
  for (size_t i = 0; i < times.size(); ++i) times[i] = RowTime(i);
  return RunDetector(detector, times, values);
}

CleanMeasure MeasureClean(const Detector& detector, int seeds) {
  CleanMeasure measure;
  const std::vector<Kind> kinds = Kinds();
  const double weeks = static_cast<double>(kCleanRows - kLearnedRows) / kWeekRows * seeds;
  for (size_t k = 0; k < kinds.size(); ++k) {
    double pages = 0;
    for (int seed = 0; seed < seeds; ++seed) {
      Dice dice(1000 * k + static_cast<uint64_t>(seed));
      const Run run = RunDetector(detector, kinds[k].make(dice, kCleanRows).values);
      pages += static_cast<double>(std::count_if(run.openings.begin(), run.openings.end(),
                                                 [](int row) { return row >= kLearnedRows; }));
      measure.alarm_share +=
          run.AlarmShare(kLearnedRows, kCleanRows) / (seeds * static_cast<double>(kinds.size()));
    }
    measure.pages_per_week[kinds[k].name] = pages / weeks;
    measure.pages_mean += pages / weeks / static_cast<double>(kinds.size());
    measure.pages_worst = std::max(measure.pages_worst, pages / weeks);
  }
  return measure;
}

FaultMeasure MeasureFaults(const Detector& detector, int seeds) {
  FaultMeasure measure;
  const std::vector<Kind> kinds = Kinds();
  const std::vector<Fault> faults = Faults();
  double pages = 0, found = 0, held = 0, lasting = 0;
  for (size_t f = 0; f < faults.size(); ++f) {
    FaultMeasure::One& one = measure.faults[faults[f].name];
    for (size_t k = 0; k < kinds.size(); ++k) {
      if (!Fits(kinds[k], faults[f])) continue;
      for (int seed = 0; seed < seeds; ++seed) {
        const FaultyRun faulty = RunFault(detector, kinds[k], faults[f],
                                          1000 * k + 100 * (f + 1) + static_cast<uint64_t>(seed));
        ++one.series;
        const auto& openings = faulty.run.openings;
        const auto first = std::lower_bound(openings.begin(), openings.end(), faulty.begin);
        if (first == openings.end() || *first >= faulty.begin + faults[f].accepted_rows) continue;
        ++one.found;
        one.delay += *first - faulty.begin;
        one.pages += static_cast<int>(openings.end() - first);
        if (!faults[f].lasting || *first >= faulty.end) continue;
        ++lasting;
        held += faulty.run.AlarmShare(*first, faulty.end) >= kHeldShare ? 1 : 0;
      }
    }
    measure.found +=
        static_cast<double>(one.found) / one.series / static_cast<double>(faults.size());
    found += one.found;
    pages += one.pages;
  }
  measure.pages = pages / std::max(1.0, found);
  measure.held = held / std::max(1.0, lasting);
  return measure;
}

BusinessMeasure MeasureBusiness(const Detector& detector, int series_count) {
  double faults = 0, found = 0, other = 0, weeks = 0;
  for (int seed = 0; seed < series_count; ++seed) {
    const FaultySeries series = MakeBusinessSeries(static_cast<uint64_t>(seed));
    const Run run = RunDetector(detector, series.values);
    std::vector<int> left;
    for (int row : run.openings) {
      if (row >= kLearnedRows) left.push_back(row);
    }
    for (const auto& [begin, end] : series.faults) {
      if (begin < kLearnedRows) continue;
      ++faults;
      const auto during = [begin = begin, end = end](int row) {
        return row >= begin && row <= end;
      };
      if (std::any_of(left.begin(), left.end(), during)) ++found;
      left.erase(std::remove_if(left.begin(), left.end(), during), left.end());
    }
    other += static_cast<double>(left.size());
    weeks += static_cast<double>(series.values.size() - kLearnedRows) / kWeekRows;
  }
  return {found / faults, other / weeks};
}

NabMeasure MeasureNab(const Detector& detector, const std::vector<NabSeries>& corpus) {
  NabMeasure measure;
  std::vector<std::vector<float>> scores;
  NabTally at_one;
  double rows = 0, alarms = 0;
  for (const NabSeries& series : corpus) {
    Run run = RunDetector(detector, series.times_ms, series.values);
    at_one.Add(series, RestedHits(run.scores, 1));
    measure.pages_tally.Add(series, run.openings);
    alarms += run.AlarmShare(0, run.states.size()) * static_cast<double>(run.states.size());
    rows += static_cast<double>(run.states.size());
    measure.weeks += series.weeks;
    scores.push_back(std::move(run.scores));
  }
  measure.best = BestScores(corpus, scores);
  for (size_t p = 0; p < kNabProfiles.size(); ++p) {
    measure.at_one[p] = at_one.Score(kNabProfiles[p]);
    measure.pages[p] = measure.pages_tally.Score(kNabProfiles[p]);
  }
  measure.windows = at_one.windows;
  constexpr std::array<double, 3> kBudgets = {0.1, 0.25, 0.5};
  for (size_t b = 0; b < kBudgets.size(); ++b) {
    measure.within[b] = WindowsWithin(corpus, scores, kBudgets[b]);
  }
  measure.alarm_share = alarms / rows;
  return measure;
}

std::array<std::vector<double>, 3> JitterNab(const std::vector<NabSeries>& corpus, int draws) {
  constexpr double kSpread = 0.15;
  std::array<std::vector<double>, 3> sorted;
  Dice dice(7);
  for (int draw = 0; draw < draws; ++draw) {
    Parameters parameters;
    ForEachConstant(parameters, [&dice](float& constant) {
      constant *= static_cast<float>(std::exp(kSpread * std::clamp(dice.Normal(), -3.0, 3.0)));
    });
    const Detector detector({}, parameters);
    std::vector<std::vector<float>> scores;
    for (const NabSeries& series : corpus) {
      scores.push_back(RunDetector(detector, series.times_ms, series.values).scores);
    }
    const std::array<double, 3> best = BestScores(corpus, scores);
    for (size_t p = 0; p < best.size(); ++p) sorted[p].push_back(best[p]);
  }
  for (std::vector<double>& scores : sorted) std::sort(scores.begin(), scores.end());
  return sorted;
}

}  // namespace tocsin::anomaly
