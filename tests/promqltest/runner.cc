#include "tests/promqltest/runner.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "rules/promql/functions.h"
#include "rules/promql/parser.h"
#include "rules/promql/printer.h"
#include "tests/promqltest/classic_histograms.h"
#include "tests/promqltest/compare.h"
#include "tests/promqltest/pin.h"
#include "tests/support/naive/storage.h"

namespace tocsin::promqltest {
namespace {

promql::ParseResult Parse(const std::string& expr) {
  promql::ParseOptions options;
  options.experimental = true;
  return promql::ParseExpr(expr, options);
}

engine::QueryOptions Options(Timestamp start, Timestamp end) {
  engine::QueryOptions options;
  options.lookback = absl::Minutes(5);
  options.default_subquery_step = absl::Minutes(1);
  options.delayed_name_removal = true;
  options.range_start = start;
  options.range_end = end;
  return options;
}

std::vector<Timestamp> TimesOf(const Steps& steps) {
  std::vector<Timestamp> times;
  for (Timestamp t = steps.start; t <= steps.end; t = t + steps.step) times.push_back(t);
  return times;
}

naive::Annotations NotesOf(const std::vector<Outcome>& outcomes) {
  naive::Annotations all;
  for (const Outcome& outcome : outcomes) {
    for (const std::string& note : outcome.notes.warnings) all.warnings.push_back(note);
    for (const std::string& note : outcome.notes.infos) all.infos.push_back(note);
  }
  return all;
}

std::string KindOf(const std::string& reason) {
  const size_t unsupported = reason.find("not supported yet");
  if (unsupported != std::string::npos) return reason.substr(unsupported);
  if (absl::StartsWith(reason, "parse error")) return "parse error";
  return "wrong result";
}

bool ReadsStartTimestamps(absl::string_view function) {
  constexpr absl::string_view kNames[] = {"increase", "irate", "rate", "resets", "start_timestamp"};
  return std::find(std::begin(kNames), std::end(kNames), function) != std::end(kNames);
}

}  // namespace

absl::Status Runner::RunFile(const std::string& path, Report* report) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat(path, ": cannot be read"));
  std::stringstream text;
  text << file.rdbuf();
  return RunScript(path, text.str(), report);
}

absl::Status Runner::RunScript(const std::string& name, const std::string& text, Report* report) {
  auto statements = ParseScript(text);
  if (!statements.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(name, ": ", statements.status().message()));
  }
  subject_.Clear();
  with_start_timestamps_.clear();
  for (const Statement& statement : *statements) {
    if (const auto* load = std::get_if<Load>(&statement)) {
      Run(*load);
    } else if (const auto* eval = std::get_if<Eval>(&statement)) {
      const std::string where = absl::StrCat(name, ":", eval->line);
      const std::string reason = Run(*eval);
      ++report->evals;
      if (reason.empty()) {
        ++report->passed;
        report->successes.push_back({where, eval->expr});
      } else {
        report->failures.push_back({where, reason});
        ++report->by_reason[KindOf(reason)];
      }
    } else {
      subject_.Clear();
      with_start_timestamps_.clear();
    }
  }
  return absl::OkStatus();
}

void Runner::Add(const Labels& labels, absl::Duration step, const notation::Values& values) {
  int64_t time_ms = 0;
  for (const std::optional<notation::Value>& value : values) {
    if (value.has_value()) subject_.Add(labels, time_ms, *value);
    time_ms += absl::ToInt64Milliseconds(step);
  }
}

void Runner::Run(const Load& load) {
  // A series given twice in one block counts as its last line.
  std::map<Labels, notation::Values> last;
  for (const LoadedSeries& series : load.series) {
    last[series.labels] = series.values;
    if (series.has_start_timestamps) with_start_timestamps_.insert(series.labels);
  }
  for (const auto& [labels, values] : last) Add(labels, load.step, values);
  if (!load.with_native) return;
  for (const auto& [labels, values] : NativeOfClassic(last)) Add(labels, load.step, values);
}

std::string Runner::UnsupportedSeries(const promql::Expr& root) const {
  bool matters = false, touched = false;
  // Visit() asks for a mutable tree because Pin() changes it; nothing is changed here.
  Visit(const_cast<promql::Expr&>(root), [&](promql::Expr& expr) {
    const promql::VectorSelector* selector = nullptr;
    if (expr.kind == promql::ExprKind::kVectorSelector) {
      selector = &promql::As<promql::VectorSelector>(expr);
    } else if (expr.kind == promql::ExprKind::kMatrixSelector) {
      selector = promql::As<promql::MatrixSelector>(expr).selector.get();
    } else if (expr.kind == promql::ExprKind::kCall) {
      matters = matters || ReadsStartTimestamps(promql::As<promql::CallExpr>(expr).function->name);
    }
    if (selector == nullptr) return true;
    for (const Labels& labels : with_start_timestamps_) {
      touched = touched || naive::Matches(selector->matchers, labels).value_or(false);
    }
    return true;
  });
  return matters && touched ? "not supported yet: start timestamps" : "";
}

std::string Runner::Run(const Eval& eval) {
  const promql::ParseResult parsed = Parse(eval.expr);
  if (parsed.error.has_value()) {
    const std::string error = promql::FormatParseError(eval.expr, *parsed.error);
    return CompareError(eval, absl::InvalidArgumentError(absl::StrCat("parse error: ", error)));
  }
  std::string reason = UnsupportedSeries(*parsed.expr);
  if (!reason.empty()) return reason;
  return eval.range.has_value() ? RunRange(eval, *parsed.expr) : RunInstant(eval, *parsed.expr);
}

std::string Runner::RunRange(const Eval& eval, const promql::Expr& expr) {
  const std::vector<Timestamp> times = TimesOf(*eval.range);
  const auto outcomes = subject_.Run(expr, Options(eval.range->start, eval.range->end), times);
  if (!outcomes.ok()) return CompareError(eval, outcomes.status());
  if (ExpectsFailure(eval)) return "expected to fail, but it did not";
  const std::string difference = CompareRange(eval, times, *outcomes);
  return difference.empty() ? CompareNotes(eval, NotesOf(*outcomes)) : difference;
}

std::string Runner::RunInstant(const Eval& eval, const promql::Expr& expr) {
  const Timestamp t = *eval.instant;
  const auto outcomes = subject_.Run(expr, Options(t, t), {t});
  if (!outcomes.ok()) return CompareError(eval, outcomes.status());
  if (ExpectsFailure(eval)) return "expected to fail, but it did not";
  const Outcome& outcome = outcomes->front();
  std::string difference = CompareInstant(eval, outcome.value, true);
  if (difference.empty()) difference = CompareNotes(eval, outcome.notes);
  if (difference.empty()) difference = RepeatAsRange(eval, expr);
  if (difference.empty()) difference = RepeatPinned(eval);
  return difference;
}

std::string Runner::RepeatAsRange(const Eval& eval, const promql::Expr& expr) {
  if (expr.type != promql::ValueType::kVector && expr.type != promql::ValueType::kScalar) return "";
  if (UsesRangeBounds(const_cast<promql::Expr&>(expr))) return "";
  const Timestamp t = *eval.instant;
  const absl::Duration step = absl::Minutes(1);
  const auto outcomes = subject_.Run(expr, Options(t - step, t + step), {t - step, t, t + step});
  if (!outcomes.ok()) return absl::StrCat("as a range around t: ", outcomes.status().message());
  const std::string difference = CompareInstant(eval, (*outcomes)[1].value, false);
  return difference.empty() ? "" : absl::StrCat("as a range around t: ", difference);
}

std::string Runner::RepeatPinned(const Eval& eval) {
  promql::ParseResult parsed = Parse(eval.expr);
  const int64_t t = eval.instant->millis();
  if (UsesRangeBounds(*parsed.expr) || !Pin(*parsed.expr, *eval.instant)) return "";
  const std::string text = promql::Print(*parsed.expr);
  const promql::ParseResult again = Parse(text);
  if (again.error.has_value()) {
    return absl::StrCat("printed as ", text, ": ", promql::FormatParseError(text, *again.error));
  }
  std::vector<int64_t> times = {-10 * t, 0, t / 5, t, 10 * t};
  if (t == 0) times = {-1000, 0, 1000};
  for (const int64_t at_ms : times) {
    const Timestamp at = Timestamp::FromMillis(at_ms);
    const auto outcomes = subject_.Run(*again.expr, Options(at, at), {at});
    // The plain form passed: not being able to do `@` is no wrong answer.
    if (absl::IsUnimplemented(outcomes.status())) return "";
    const std::string difference = outcomes.ok()
                                       ? CompareInstant(eval, outcomes->front().value, true)
                                       : std::string(outcomes.status().message());
    if (!difference.empty()) return absl::StrCat(text, " at ", at_ms, " ms: ", difference);
  }
  return "";
}

}  // namespace tocsin::promqltest
