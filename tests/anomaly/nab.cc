#include "tests/anomaly/nab.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "app/detect_csv.h"

namespace tocsin::anomaly {
namespace {

constexpr int kRestRows = 36;
constexpr int64_t kRestMs = 6 * 3600 * 1000;
constexpr double kWeekMs = 604'800'000;

double PositionScore(double x) {
  return x > 3 ? -1 : 2 / (1 + std::exp(5 * x)) - 1;
}

std::string ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

int64_t TimeOf(const std::string& text) {
  return app::ParseDetectCsv(text + ",0")->front().time.millis();
}

int RowAt(const NabSeries& series, const std::string& text) {
  const auto at = std::find(series.times_ms.begin(), series.times_ms.end(), TimeOf(text));
  return static_cast<int>(at - series.times_ms.begin());
}

struct Window {
  int first;
  int last;
};

void PriceOutside(NabSeries& series, int begin, int end, const Window& before) {
  const double width = before.last - before.first + 1;
  for (int i = begin; i < end; ++i) {
    series.worth[i] = PositionScore(std::abs(before.last - i) / (width - 1));
  }
}

void PriceWindow(NabSeries& series, int number, const Window& window) {
  const double width = window.last - window.first + 1;
  for (int i = window.first; i <= window.last; ++i) {
    series.window_of[i] = number;
    series.worth[i] = PositionScore(-(window.last - i + 1) / width) / PositionScore(-1);
  }
}

void Price(NabSeries& series, const std::vector<Window>& windows) {
  const int rows = static_cast<int>(series.values.size());
  series.window_of.assign(rows, NabSeries::kOutside);
  series.worth.assign(rows, -1);
  for (size_t w = 0; w < windows.size(); ++w) {
    PriceWindow(series, static_cast<int>(w), windows[w]);
    const int end = w + 1 < windows.size() ? windows[w + 1].first : rows;
    PriceOutside(series, windows[w].last + 1, end, windows[w]);
  }
  const int first = static_cast<int>(std::ceil(std::min(std::floor(0.15 * rows), 750.0)));
  std::fill(series.window_of.begin(), series.window_of.begin() + first, NabSeries::kIgnored);
  std::set<int> scored(series.window_of.begin(), series.window_of.end());
  scored.erase(NabSeries::kOutside);
  scored.erase(NabSeries::kIgnored);
  series.windows = static_cast<int>(scored.size());
  series.weeks = static_cast<double>(series.times_ms.back() - series.times_ms[first]) / kWeekMs;
}

std::vector<double> Thresholds() {
  std::vector<double> thresholds = {1};
  for (double t = 0.25; t < 6; t *= 1.06) thresholds.push_back(t);
  return thresholds;
}

}  // namespace

std::vector<NabSeries> LoadNab(const std::string& folder) {
  std::vector<NabSeries> corpus;
  const auto labels = nlohmann::json::parse(ReadText(folder + "/windows.json"), nullptr, false);
  if (!labels.is_object()) return corpus;
  for (const auto& [name, edges] : labels.items()) {
    NabSeries series;
    series.name = name;
    const auto rows = app::ParseDetectCsv(ReadText(folder + "/" + name));
    if (!rows.ok() || rows->empty()) return {};
    for (const app::DetectRow& row : *rows) {
      series.times_ms.push_back(row.time.millis());
      series.values.push_back(row.value);
    }
    std::vector<Window> windows;
    for (const auto& edge : edges) {
      windows.push_back({RowAt(series, edge[0]), RowAt(series, edge[1])});
    }
    Price(series, windows);
    corpus.push_back(std::move(series));
  }
  return corpus;
}

void NabTally::Add(const NabSeries& series, const std::vector<int>& hits) {
  std::map<int, double> best;
  windows += series.windows;
  for (int i : hits) {
    const int window = series.window_of[i];
    if (window == NabSeries::kOutside) {
      ++fals;
      blame += series.worth[i];
    } else if (window >= 0) {
      const auto [at, fresh] = best.emplace(window, series.worth[i]);
      at->second = std::max(at->second, series.worth[i]);
    }
  }
  found += static_cast<int>(best.size());
  for (const auto& [window, worth] : best) gain += worth;
}

double NabTally::Score(const NabProfile& profile) const {
  const double raw = gain + profile.fals * blame - profile.missed * (windows - found);
  return 100 * (raw + profile.missed * windows) / ((1 + profile.missed) * windows);
}

std::vector<int> RestedHits(const std::vector<float>& scores, double threshold) {
  std::vector<int> hits;
  int silent_until = 0;
  for (int i = 0; i < static_cast<int>(scores.size()); ++i) {
    if (scores[i] < threshold || i < silent_until) continue;
    hits.push_back(i);
    silent_until = i + kRestRows;
  }
  return hits;
}

std::vector<int> SixHourHits(const NabSeries& series, const std::vector<float>& scores,
                             double threshold) {
  std::vector<int> hits;
  for (int i = 0; i < static_cast<int>(scores.size()); ++i) {
    if (scores[i] < threshold) continue;
    if (!hits.empty() && series.times_ms[i] - series.times_ms[hits.back()] < kRestMs) continue;
    hits.push_back(i);
  }
  return hits;
}

std::array<double, 3> BestScores(const std::vector<NabSeries>& corpus,
                                 const std::vector<std::vector<float>>& scores) {
  std::array<double, 3> best = {0, 0, 0};
  for (double threshold : Thresholds()) {
    NabTally tally;
    for (size_t i = 0; i < corpus.size(); ++i) {
      tally.Add(corpus[i], RestedHits(scores[i], threshold));
    }
    for (size_t p = 0; p < best.size(); ++p) {
      best[p] = std::max(best[p], tally.Score(kNabProfiles[p]));
    }
  }
  return best;
}

int WindowsWithin(const std::vector<NabSeries>& corpus,
                  const std::vector<std::vector<float>>& scores, double budget) {
  int most = 0;
  double weeks = 0;
  for (const NabSeries& series : corpus) weeks += series.weeks;
  for (double threshold : Thresholds()) {
    NabTally tally;
    for (size_t i = 0; i < corpus.size(); ++i) {
      tally.Add(corpus[i], SixHourHits(corpus[i], scores[i], threshold));
    }
    if (tally.fals <= budget * weeks) most = std::max(most, tally.found);
  }
  return most;
}

}  // namespace tocsin::anomaly
