// Measures the detector and prints the table of its targets, by preset.
//
//   anomaly_report [--seeds N] [--draws N]
//
// NAB's series are those of $TOCSIN_SHARED_DATA/nab; without it that part is left out. The other
// series are made (made_series.h): judge by them only together with real ones. A detector that
// never closes looks good by scores alone, so time in alarm and openings stand beside them.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/clock.h"
#include "engine/anomaly/detector.h"
#include "tests/anomaly/measures.h"

namespace tocsin::anomaly {
namespace {

struct Sizes {
  int seeds = 3;
  int draws = 60;
  int business = 28;
};

Detector Of(Preset preset, double sensitivity) {
  DetectorOptions options;
  options.preset = preset;
  options.sensitivity = sensitivity;
  return Detector(options);
}

void PrintNab(const Detector& detector, const std::vector<NabSeries>& corpus) {
  const NabMeasure m = MeasureNab(detector, corpus);
  const auto line = [](const char* title, const std::array<double, 3>& scores) {
    std::printf("  %-46s %5.1f / %5.1f / %5.1f\n", title, scores[0], scores[1], scores[2]);
  };
  line("NAB standard / low FP / low FN, best threshold", m.best);
  line("NAB at a score of 1", m.at_one);
  line("NAB by openings", m.pages);
  std::printf("  NAB openings: %d of %d windows, %d others (%.2f a week), in alarm %.2f %%\n",
              m.pages_tally.found, m.windows, m.pages_tally.fals, m.pages_tally.fals / m.weeks,
              100 * m.alarm_share);
  std::printf("  NAB windows at <= 0.1 / 0.25 / 0.5 false alarms a week: %.0f / %.0f / %.0f %%\n",
              100.0 * m.within[0] / m.windows, 100.0 * m.within[1] / m.windows,
              100.0 * m.within[2] / m.windows);
}

void PrintMade(const Detector& detector, const Sizes& sizes) {
  const CleanMeasure clean = MeasureClean(detector, sizes.seeds);
  std::printf("  clean series: %.3f pages a week (worst kind %.2f), in alarm %.3f %%\n",
              clean.pages_mean, clean.pages_worst, 100 * clean.alarm_share);
  for (const auto& [kind, pages] : clean.pages_per_week) {
    if (pages > 0) std::printf("    %-14s %.3f\n", kind.c_str(), pages);
  }
  const FaultMeasure faults = MeasureFaults(detector, sizes.seeds);
  std::printf("  faults: %.1f %% found, %.2f pages each, held open %.0f %%\n", 100 * faults.found,
              faults.pages, 100 * faults.held);
  for (const auto& [name, one] : faults.faults) {
    std::printf("    %-14s %3.0f %% found after %.1f points\n", name.c_str(),
                100.0 * one.found / one.series, one.delay / std::max(1.0, 1.0 * one.found));
  }
}

void PrintBusiness(Preset preset, const Sizes& sizes) {
  const BusinessMeasure own = MeasureBusiness(Of(preset, 1), sizes.business);
  std::printf("  short repeated faults: %.0f %% found, %.2f false incidents a week\n",
              100 * own.found, own.false_per_week);
  std::array<double, 3> most = {0, 0, 0};
  constexpr std::array<double, 3> kBudgets = {0.1, 0.25, 0.5};
  for (double sensitivity : {0.3, 0.4, 0.55, 0.7, 0.85, 1.0, 1.2, 1.4, 1.7, 2.0, 2.5, 3.0}) {
    const BusinessMeasure m = MeasureBusiness(Of(preset, sensitivity), sizes.business);
    for (size_t b = 0; b < kBudgets.size(); ++b) {
      if (m.false_per_week <= kBudgets[b]) most[b] = std::max(most[b], m.found);
    }
  }
  std::printf("    at <= 0.1 / 0.25 / 0.5 false incidents a week: %.0f / %.0f / %.0f %%\n",
              100 * most[0], 100 * most[1], 100 * most[2]);
}

void PrintJitter(const std::vector<NabSeries>& corpus, const Sizes& sizes) {
  const auto sorted = JitterNab(corpus, sizes.draws);
  const size_t n = sorted[0].size();
  std::printf(
      "all constants scattered by 15 %%, %zu draws: NAB median %.1f / %.1f / %.1f, "
      "tenth %.1f / %.1f / %.1f, best %.1f / %.1f / %.1f\n",
      n, sorted[0][n / 2], sorted[1][n / 2], sorted[2][n / 2], sorted[0][n / 10], sorted[1][n / 10],
      sorted[2][n / 10], sorted[0][n - 1], sorted[1][n - 1], sorted[2][n - 1]);
}

void PrintCost() {
  Dice dice(1);
  const std::vector<double> values = Kinds()[1].make(dice, 26 * kWeekRows).values;
  const Detector detector({});
  const SystemClock clock;
  double best = 1e9;
  for (int round = 0; round < 5; ++round) {
    SeriesModel model;
    double sum = 0;
    const absl::Duration begin = clock.Monotonic();
    for (size_t i = 0; i < values.size(); ++i) {
      sum += detector.Update(model, RowTime(i), values[i]).score;
    }
    const double ns = absl::ToDoubleNanoseconds(clock.Monotonic() - begin);
    if (sum >= 0) best = std::min(best, ns / static_cast<double>(values.size()));
  }
  std::printf("cost: %.0f ns a point, %zu bytes a series\n", best, sizeof(SeriesModel));
}

void Report(const Sizes& sizes) {
  const char* shared = std::getenv("TOCSIN_SHARED_DATA");
  const auto corpus =
      shared == nullptr ? std::vector<NabSeries>() : LoadNab(std::string(shared) + "/nab");
  if (corpus.empty()) std::printf("no NAB series: set TOCSIN_SHARED_DATA\n");
  for (Preset preset : {Preset::kPage, Preset::kNotice}) {
    std::printf("preset %s\n", preset == Preset::kPage ? "page" : "notice");
    const Detector detector = Of(preset, 1);
    if (!corpus.empty()) PrintNab(detector, corpus);
    PrintMade(detector, sizes);
    PrintBusiness(preset, sizes);
  }
  if (!corpus.empty()) PrintJitter(corpus, sizes);
  PrintCost();
}

}  // namespace
}  // namespace tocsin::anomaly

int main(int argc, char** argv) {
  tocsin::anomaly::Sizes sizes;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string word = argv[i];
    if (word == "--seeds") sizes.seeds = std::atoi(argv[i + 1]);
    if (word == "--draws") sizes.draws = std::atoi(argv[i + 1]);
  }
  tocsin::anomaly::Report(sizes);
  return 0;
}
