#include "tests/promqltest/script.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/status_macros.h"
#include "rules/promql/parser.h"

namespace tocsin::promqltest {
namespace {

absl::Status Bad(absl::string_view what, absl::string_view text) {
  return absl::InvalidArgumentError(absl::StrCat(what, ": \"", text, "\""));
}

// Takes the first word off *text.
absl::string_view TakeWord(absl::string_view* text) {
  *text = absl::StripLeadingAsciiWhitespace(*text);
  size_t end = 0;
  while (end < text->size() && !absl::ascii_isspace((*text)[end])) ++end;
  const absl::string_view word = text->substr(0, end);
  *text = absl::StripLeadingAsciiWhitespace(text->substr(end));
  return word;
}

absl::StatusOr<Timestamp> TakeTime(absl::string_view* text) {
  TOCSIN_ASSIGN_OR_RETURN(const absl::Duration since_epoch, ParseScriptDuration(TakeWord(text)));
  return Timestamp() + since_epoch;
}

absl::Status TakeKeyword(absl::string_view keyword, absl::string_view* text) {
  if (TakeWord(text) == keyword) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("expected `", keyword, "`"));
}

absl::StatusOr<Steps> TakeSteps(absl::string_view* text) {
  Steps steps;
  TOCSIN_RETURN_IF_ERROR(TakeKeyword("from", text));
  TOCSIN_ASSIGN_OR_RETURN(steps.start, TakeTime(text));
  TOCSIN_RETURN_IF_ERROR(TakeKeyword("to", text));
  TOCSIN_ASSIGN_OR_RETURN(steps.end, TakeTime(text));
  TOCSIN_RETURN_IF_ERROR(TakeKeyword("step", text));
  TOCSIN_ASSIGN_OR_RETURN(steps.step, ParseScriptDuration(TakeWord(text)));
  if (steps.step <= absl::ZeroDuration()) return Bad("the step must be positive", *text);
  return steps;
}

absl::StatusOr<std::string> ParseString(absl::string_view text) {
  const promql::ParseResult parsed = promql::ParseExpr(text);
  if (parsed.error.has_value() || parsed.expr->kind != promql::ExprKind::kString) {
    return Bad("expected a string", text);
  }
  return promql::As<promql::StringLiteral>(*parsed.expr).value;
}

class Reader {
 public:
  explicit Reader(absl::string_view script) {
    for (absl::string_view line : absl::StrSplit(script, '\n')) {
      line = absl::StripAsciiWhitespace(line);
      lines_.push_back(absl::StartsWith(line, "#") ? absl::string_view() : line);
    }
  }

  absl::StatusOr<std::vector<Statement>> Read() {
    std::vector<Statement> statements;
    while (at_ < lines_.size()) {
      if (lines_[at_].empty()) {
        ++at_;
        continue;
      }
      absl::StatusOr<Statement> statement = ReadStatement();
      if (!statement.ok()) {
        return absl::InvalidArgumentError(
            absl::StrCat("line ", at_ + 1, ": ", statement.status().message()));
      }
      statements.push_back(*std::move(statement));
    }
    return statements;
  }

 private:
  // The next line of a block; empty at its end.
  absl::string_view NextLine() {
    ++at_;
    return at_ < lines_.size() ? lines_[at_] : absl::string_view();
  }

  absl::StatusOr<Statement> ReadStatement() {
    absl::string_view rest = lines_[at_];
    const absl::string_view word = TakeWord(&rest);
    if (word == "clear") {
      ++at_;
      return Clear();
    }
    if (word == "load" || word == "load_with_nhcb") return ReadLoad(rest, word != "load");
    if (word == "eval" || absl::StartsWith(word, "eval_")) return ReadEval(word, rest);
    return Bad("not a statement", lines_[at_]);
  }

  absl::StatusOr<Statement> ReadLoad(absl::string_view step, bool with_native) {
    Load load;
    load.with_native = with_native;
    TOCSIN_ASSIGN_OR_RETURN(load.step, ParseScriptDuration(step));
    bool all_have_start_timestamps = false;
    std::string start_timestamps_of;
    for (absl::string_view line = NextLine(); !line.empty(); line = NextLine()) {
      if (absl::StartsWith(line, "@st")) {
        all_have_start_timestamps = true;
        continue;
      }
      TOCSIN_ASSIGN_OR_RETURN(notation::SplitLine split, notation::SplitSeriesLine(line));
      if (absl::StartsWith(split.rest, "@st")) {
        start_timestamps_of = std::string(split.labels.canonical());
        continue;
      }
      LoadedSeries series{std::move(split.labels), {}};
      TOCSIN_ASSIGN_OR_RETURN(series.values, notation::ParseValues(split.rest));
      series.has_start_timestamps =
          all_have_start_timestamps || series.labels.canonical() == start_timestamps_of;
      load.series.push_back(std::move(series));
    }
    return load;
  }

  absl::StatusOr<Statement> ReadEval(absl::string_view word, absl::string_view rest) {
    Eval eval;
    eval.line = static_cast<int>(at_ + 1);
    TOCSIN_RETURN_IF_ERROR(ReadOldForm(word, &eval));
    const absl::string_view kind = TakeWord(&rest);
    if (kind == "instant") {
      absl::string_view after_at = rest;
      eval.instant = Timestamp();
      if (TakeWord(&after_at) == "at") {
        TOCSIN_ASSIGN_OR_RETURN(eval.instant, TakeTime(&after_at));
        rest = after_at;
      }
    } else if (kind == "range") {
      TOCSIN_ASSIGN_OR_RETURN(eval.range, TakeSteps(&rest));
    } else {
      return Bad("expected `instant` or `range`", kind);
    }
    eval.expr = std::string(rest);
    for (absl::string_view line = NextLine(); !line.empty(); line = NextLine()) {
      TOCSIN_RETURN_IF_ERROR(ReadEvalLine(line, &eval));
    }
    return eval;
  }

  // eval_fail, eval_warn, eval_info, eval_ordered.
  static absl::Status ReadOldForm(absl::string_view word, Eval* eval) {
    using Kind = Expectation::Kind;
    if (word == "eval_ordered") eval->ordered = true;
    if (word == "eval_fail") eval->expectations.push_back({Kind::kFail});
    if (word == "eval_warn") eval->expectations.push_back({Kind::kWarn});
    if (word == "eval_info") eval->expectations.push_back({Kind::kInfo});
    const bool known = word == "eval" || eval->ordered || !eval->expectations.empty();
    return known ? absl::OkStatus() : Bad("not a statement", word);
  }

  static absl::Status ReadEvalLine(absl::string_view line, Eval* eval) {
    using Match = Expectation::Match;
    absl::string_view rest = line;
    const absl::string_view word = TakeWord(&rest);
    if (word == "expect") return ReadExpect(rest, eval);
    if (word == "expected_fail_message" || word == "expected_fail_regexp") {
      const Match match = word == "expected_fail_message" ? Match::kText : Match::kRegex;
      eval->expectations.assign(1, {Expectation::Kind::kFail, match, std::string(rest)});
      return absl::OkStatus();
    }
    ExpectedRow row;
    if (const auto number = notation::ParseNumber(line); number.has_value()) {
      row.is_number = true;
      row.values.emplace_back(*number);
    } else {
      TOCSIN_ASSIGN_OR_RETURN(notation::SplitLine split, notation::SplitSeriesLine(line));
      row.labels = std::move(split.labels);
      TOCSIN_ASSIGN_OR_RETURN(row.values, notation::ParseValues(split.rest));
    }
    eval->rows.push_back(std::move(row));
    return absl::OkStatus();
  }

  static absl::Status ReadExpect(absl::string_view rest, Eval* eval) {
    using Kind = Expectation::Kind;
    const absl::string_view line = rest;
    const absl::string_view what = TakeWord(&rest);
    if (what == "ordered") {
      eval->ordered = true;
      return absl::OkStatus();
    }
    if (what == "string") {
      TOCSIN_ASSIGN_OR_RETURN(eval->text, ParseString(rest));
      return absl::OkStatus();
    }
    if (what == "range") {
      TOCSIN_RETURN_IF_ERROR(TakeKeyword("vector", &rest));
      TOCSIN_ASSIGN_OR_RETURN(eval->range_vector, TakeSteps(&rest));
      return absl::OkStatus();
    }
    Expectation expectation;
    if (what == "fail") {
      expectation.kind = Kind::kFail;
    } else if (what == "warn") {
      expectation.kind = Kind::kWarn;
    } else if (what == "info") {
      expectation.kind = Kind::kInfo;
    } else if (what == "no_warn") {
      expectation.kind = Kind::kNoWarn;
    } else if (what == "no_info") {
      expectation.kind = Kind::kNoInfo;
    } else {
      return Bad("not an expectation", line);
    }
    if (absl::ConsumePrefix(&rest, "msg:")) {
      expectation.match = Expectation::Match::kText;
    } else if (absl::ConsumePrefix(&rest, "regex:")) {
      expectation.match = Expectation::Match::kRegex;
    } else if (!rest.empty()) {
      return Bad("expected `msg:` or `regex:`", rest);
    }
    expectation.text = std::string(absl::StripAsciiWhitespace(rest));
    eval->expectations.push_back(std::move(expectation));
    return absl::OkStatus();
  }

  std::vector<absl::string_view> lines_;  // without surrounding blanks; comments are empty
  size_t at_ = 0;
};

std::optional<absl::Duration> UnitOf(absl::string_view unit) {
  if (unit == "ms") return absl::Milliseconds(1);
  if (unit == "s") return absl::Seconds(1);
  if (unit == "m") return absl::Minutes(1);
  if (unit == "h") return absl::Hours(1);
  if (unit == "d") return absl::Hours(24);
  if (unit == "w") return absl::Hours(24 * 7);
  if (unit == "y") return absl::Hours(24 * 365);
  return std::nullopt;
}

}  // namespace

absl::StatusOr<absl::Duration> ParseScriptDuration(absl::string_view text) {
  if (const auto seconds = notation::ParseNumber(text); seconds.has_value()) {
    return absl::Seconds(*seconds);
  }
  absl::string_view rest = text;
  const bool negative = absl::ConsumePrefix(&rest, "-");
  absl::Duration sum;
  if (rest.empty()) return Bad("not a duration", text);
  while (!rest.empty()) {
    size_t digits = 0;
    while (digits < rest.size() && absl::ascii_isdigit(rest[digits])) ++digits;
    size_t end = digits;
    while (end < rest.size() && absl::ascii_isalpha(rest[end])) ++end;
    int64_t count = 0;
    const auto unit = UnitOf(rest.substr(digits, end - digits));
    if (!unit.has_value() || !absl::SimpleAtoi(rest.substr(0, digits), &count)) {
      return Bad("not a duration", text);
    }
    sum += count * *unit;
    rest.remove_prefix(end);
  }
  return negative ? -sum : sum;
}

absl::StatusOr<std::vector<Statement>> ParseScript(absl::string_view script) {
  return Reader(script).Read();
}

}  // namespace tocsin::promqltest
