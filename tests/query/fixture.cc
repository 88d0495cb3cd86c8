#include "tests/query/fixture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/histogram/text.h"
#include "rules/notation.h"
#include "rules/promql/parser.h"

namespace tocsin::engine {
namespace {

std::string Number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return absl::StrFormat("%.10g", value);
}

promql::ExprPtr Parse(const std::string& text) {
  promql::ParseOptions options;
  options.experimental = true;
  promql::ParseResult result = promql::ParseExpr(text, options);
  EXPECT_FALSE(result.error) << text << ": " << result.error->message;
  return std::move(result.expr);
}

std::string Show(const absl::StatusOr<QueryResult>& result) {
  if (!result.ok()) return absl::StrCat("error: ", result.status().message());
  if (result->string_value) return *result->string_value;
  std::vector<size_t> rows;
  if (result->order) {
    rows.assign(result->order->begin(), result->order->end());
  } else {
    result->frame->ForEach([&](size_t row) { rows.push_back(row); });
    std::sort(rows.begin(), rows.end(), [&](size_t a, size_t b) {
      return ((*result->labels)[a] <=> (*result->labels)[b]) < 0;
    });
  }
  std::vector<std::string> lines;
  for (size_t row : rows) {
    const HistogramPtr& histogram = result->frame->histogram(row);
    const std::string value =
        histogram ? HistogramNotation(*histogram) : Number(result->frame->value(row));
    lines.push_back(result->type == promql::ValueType::kScalar
                        ? value
                        : absl::StrCat((*result->labels)[row].ToString(), " ", value));
  }
  return absl::StrJoin(lines, "; ");
}

}  // namespace

Timestamp At(absl::Duration since_start) {
  return Timestamp::FromMillis(absl::ToInt64Milliseconds(since_start));
}

void QueryFixture::Load(absl::Duration step, absl::string_view lines) {
  for (absl::string_view line : absl::StrSplit(lines, '\n', absl::SkipWhitespace())) {
    const auto parsed = notation::ParseSeriesLine(line);
    ASSERT_TRUE(parsed.ok()) << line << ": " << parsed.status();
    const bool known = table_.Find(parsed->labels).has_value();
    const auto slot = table_.FindOrAdd(parsed->labels);
    if (!known) engine_.SeriesAdded(slot);
    for (size_t i = 0; i < parsed->values.size(); ++i) {
      if (!parsed->values[i]) continue;
      const int64_t time_ms = At(step * static_cast<int64_t>(i)).millis();
      const notation::Value& value = *parsed->values[i];
      value.histogram ? table_.Append(slot, time_ms, value.histogram)
                      : table_.Append(slot, time_ms, value.number);
    }
  }
}

AppendResult QueryFixture::Append(absl::string_view series, absl::Duration at, double value) {
  const auto split = notation::SplitSeriesLine(absl::StrCat(series, " "));
  EXPECT_TRUE(split.ok()) << split.status();
  const bool known = table_.Find(split->labels).has_value();
  const auto slot = table_.FindOrAdd(split->labels);
  if (!known) engine_.SeriesAdded(slot);
  return table_.Append(slot, At(at).millis(), value);
}

QueryId QueryFixture::Add(const std::string& expr) {
  const promql::ExprPtr parsed = Parse(expr);
  if (parsed == nullptr) return 0;
  const auto id = engine_.Add(*parsed, expr);
  EXPECT_TRUE(id.ok()) << expr << ": " << id.status();
  return id.value_or(0);
}

std::string QueryFixture::Eval(QueryId query, absl::Duration at) {
  return Show(engine_.Evaluate(query, At(at)));
}

std::string QueryFixture::EvalAnew(const std::string& expr, absl::Duration at) {
  QueryEngine anew(table_, options_);
  const promql::ExprPtr parsed = Parse(expr);
  return Show(anew.Evaluate(anew.Add(*parsed, expr).value(), At(at)));
}

std::string QueryFixture::Eval(const std::string& expr, absl::Duration at) {
  const QueryId query = Add(expr);
  if (query == 0) return "not added";
  std::string text = Eval(query, at);
  engine_.Remove(query);
  return text;
}

std::string QueryFixture::Notes(const std::string& expr, absl::Duration at) {
  const QueryId query = Add(expr);
  const auto result = engine_.Evaluate(query, At(at));
  EXPECT_TRUE(result.ok()) << result.status();
  std::vector<std::string> notes = *result->warnings;
  notes.insert(notes.end(), result->infos->begin(), result->infos->end());
  engine_.Remove(query);
  return absl::StrJoin(notes, "; ");
}

void Check(absl::string_view data, const std::vector<Case>& cases, const QueryOptions& options) {
  QueryFixture fixture(options);
  fixture.Load(absl::Minutes(1), data);
  for (const Case& c : cases) {
    EXPECT_EQ(fixture.Eval(c.expr, c.at), c.expected) << c.name << ": " << c.expr;
  }
}

void Check(absl::string_view data, const std::vector<Case>& cases) {
  for (const bool delayed : {false, true}) {
    SCOPED_TRACE(absl::StrCat("delayed name removal: ", delayed));
    QueryOptions options;
    options.delayed_name_removal = delayed;
    Check(data, cases, options);
  }
}

}  // namespace tocsin::engine
