#include "tests/fuzz/query_table.h"

#include <bit>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/check.h"
#include "base/histogram/text.h"
#include "rules/notation.h"

namespace tocsin::fuzz {
namespace {

constexpr int64_t kStepMs = 60'000;

constexpr const char* kSeries[] = {
    R"(requests_total{job="a",i="1"} 0+10x20 3+7x10)",
    R"(requests_total{job="a",i="2"} 5 _ _ 9 1 2 _x5 8+1x15)",
    R"(requests_total{job="b",i="1"} 0+0.1x30)",
    R"(level{job="a",i="1"} 1 -1 NaN Inf -Inf 0 1e300 -1e300 2x20)",
    R"(level{job="b",i="1"} 7x5 stale _x4 7x10)",
    R"(latency_bucket{job="a",le="0.1"} 0+1x30)",
    R"(latency_bucket{job="a",le="1"} 0+3x30)",
    R"(latency_bucket{job="a",le="+Inf"} 0+4x30)",
    R"(sizes{job="a"} {{schema:1 sum:4 count:4 buckets:[1 2 1]}}+{{schema:1 sum:1 count:1 buckets:[1]}}x20)",
    R"(sizes{job="b"} {{schema:0 sum:2 count:3 z_bucket:1 buckets:[1 0 1]}}x10 3 4)",
};

std::string Bits(double value) {
  return absl::StrFormat("%016x", std::bit_cast<uint64_t>(value));
}

void AppendValue(double value, const HistogramPtr& histogram, std::string& text) {
  absl::StrAppend(&text, histogram ? HistogramNotation(*histogram) : Bits(value));
}

void AppendMatrix(const std::vector<engine::MatrixRow>& matrix, std::string& text) {
  for (const engine::MatrixRow& row : matrix) {
    absl::StrAppend(&text, row.labels.ToString());
    TOCSIN_CHECK(row.values.size() == row.times_ms.size());
    for (size_t i = 0; i < row.values.size(); ++i) {
      absl::StrAppend(&text, " ", row.times_ms[i], ":");
      AppendValue(row.values[i], row.histograms.empty() ? nullptr : row.histograms[i], text);
    }
    text += '\n';
  }
}

void AppendRows(const engine::QueryResult& result, std::string& text) {
  result.frame->ForEach([&](size_t row) {
    absl::StrAppend(&text, (*result.labels)[row].ToString(), " ");
    AppendValue(result.frame->value(row), result.frame->histogram(row), text);
    text += '\n';
  });
}

}  // namespace

QueryTable::QueryTable() : engine_(table_, {}) {
  for (const char* line : kSeries) {
    const auto series = notation::ParseSeriesLine(line);
    TOCSIN_CHECK(series.ok()) << line << ": " << series.status();
    const auto slot = table_.FindOrAdd(series->labels);
    engine_.SeriesAdded(slot);
    for (size_t i = 0; i < series->values.size(); ++i) {
      if (!series->values[i]) continue;
      const notation::Value& value = *series->values[i];
      const int64_t time_ms = static_cast<int64_t>(i) * kStepMs;
      value.histogram ? table_.Append(slot, time_ms, value.histogram)
                      : table_.Append(slot, time_ms, value.number);
    }
  }
}

std::string QueryTable::Evaluate(engine::QueryId query, Timestamp t) {
  const auto result = engine_.Evaluate(query, t);
  if (!result.ok()) {
    TOCSIN_CHECK(!result.status().message().empty());
    return absl::StrCat("error: ", std::string(result.status().ToString()));
  }
  if (result->string_value != nullptr) return *result->string_value;
  std::string text;
  result->matrix != nullptr ? AppendMatrix(*result->matrix, text) : AppendRows(*result, text);
  for (const std::string& warning : *result->warnings) absl::StrAppend(&text, warning, "\n");
  for (const std::string& info : *result->infos) absl::StrAppend(&text, info, "\n");
  return text;
}

}  // namespace tocsin::fuzz
