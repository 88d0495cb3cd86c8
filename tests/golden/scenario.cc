#include "tests/golden/scenario.h"

#include <algorithm>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "rules/notation.h"
#include "rules/promql/duration.h"

namespace tocsin::testing {
namespace {

class Player {
 public:
  Player(const std::string& path, const std::string& text, const ScenarioOptions& options)
      : path_(path), lines_(absl::StrSplit(text, '\n')), world_(kStart) {
    world_.RestartAfterEachStep(options.restart_after_each_step);
  }

  ScenarioResult Play() {
    for (line_ = 0; line_ < lines_.size(); ++line_) {
      const std::string line(absl::StripAsciiWhitespace(lines_[line_]));
      if (line.empty() || line[0] == '#') continue;
      if (absl::StartsWith(line, "load ")) {
        Load(line.substr(5));
      } else if (line == "rules") {
        Check(world_.SetRules(Block()));
      } else if (absl::StartsWith(line, "rule ")) {
        Rule(line.substr(5));
      } else if (absl::StartsWith(line, "at ")) {
        At(line.substr(3));
      } else if (absl::StartsWith(line, "restart")) {
        Restart(line.substr(7));
      } else if (absl::StartsWith(line, "clock ")) {
        Clock(line.substr(6));
      } else {
        Fail("unknown line: " + line);
      }
    }
    return std::move(result_);
  }

 private:
  static constexpr Timestamp kStart = Timestamp::FromMillis(1'700'000'000'000);

  void Fail(const std::string& what) {
    result_.failures.push_back(absl::StrCat(path_, ":", line_ + 1, ": ", what));
  }
  void Check(const absl::Status& status) {
    if (!status.ok()) Fail(std::string(status.message()));
  }
  absl::Duration Span(absl::string_view text) {
    const auto span = promql::ParseDuration(absl::StripAsciiWhitespace(text));
    if (!span.ok()) Fail(std::string(span.status().message()));
    return span.value_or(absl::ZeroDuration());
  }

  // The indented lines below the current one; moves past them.
  std::string Block() {
    std::string block;
    while (line_ + 1 < lines_.size() &&
           (absl::StartsWith(lines_[line_ + 1], " ") || lines_[line_ + 1].empty())) {
      absl::StrAppend(&block, lines_[++line_], "\n");
    }
    return block;
  }

  void Load(const std::string& step_text) {
    const absl::Duration step = Span(step_text);
    for (const std::string& text : std::vector<std::string>(absl::StrSplit(Block(), '\n'))) {
      if (absl::StripAsciiWhitespace(text).empty()) continue;
      const auto line = notation::ParseSeriesLine(text);
      if (!line.ok()) {
        Fail(std::string(line.status().message()));
        continue;
      }
      for (size_t i = 0; i < line->values.size(); ++i) {
        if (!line->values[i]) continue;
        if (line->values[i]->histogram) {
          Fail("scenarios push floats only");
          break;
        }
        world_.Schedule(kStart + step * static_cast<int64_t>(i), line->labels,
                        line->values[i]->number);
      }
    }
  }

  // "Name: expr [for 1m]"
  void Rule(const std::string& text) {
    const std::pair<std::string, std::string> parts =
        absl::StrSplit(text, absl::MaxSplits(": ", 1));
    std::string expr = parts.second;
    std::string for_line;
    const size_t at = expr.rfind(" for ");
    if (at != std::string::npos && promql::ParseDuration(expr.substr(at + 5)).ok()) {
      for_line = absl::StrCat("      for: ", expr.substr(at + 5), "\n");
      expr.resize(at);
    }
    absl::StrAppend(&rules_, "    - alert: ", parts.first, "\n      expr: |-\n        ", expr, "\n",
                    for_line);
    Check(world_.SetRules("groups:\n- name: scenario\n  rules:\n" + rules_));
  }

  void At(const std::string& text) {
    std::vector<std::string> words = absl::StrSplit(text, absl::MaxSplits(' ', 1));
    if (words.size() != 2) return Fail("at what?");
    world_.RunUntil(kStart + Span(words[0]));
    const std::string rest(absl::StripAsciiWhitespace(words[1]));
    ++result_.checks;
    if (absl::StartsWith(rest, "page ")) {
      words = absl::StrSplit(rest.substr(5), absl::MaxSplits(' ', 1));
      ExpectPage(words[0], words.size() > 1 ? words[1] : "");
    } else {
      const size_t space = rest.rfind(' ');
      ExpectState(rest.substr(space + 1), rest.substr(0, space));
    }
  }

  std::optional<Labels> Alert(const std::string& text) {
    // Alerts may have names that metrics may not have.
    const size_t brace = std::min(text.find('{'), text.size());
    const auto split = notation::SplitSeriesLine("alert" + text.substr(brace) + " ");
    if (!split.ok()) {
      Fail(std::string(split.status().message()));
      return std::nullopt;
    }
    LabelsBuilder labels(split->labels);
    labels.Set("alertname", text.substr(0, brace)).Delete(kMetricName);
    return labels.Build();
  }

  void ExpectState(const std::string& expected, const std::string& alert) {
    const auto labels = Alert(alert);
    if (!labels) return;
    const std::string got = world_.AlertStateOf(*labels);
    if (got != expected) Fail(absl::StrCat("expected ", alert, " ", expected, ", got ", got));
  }

  void ExpectPage(const std::string& expected, const std::string& alert) {
    const auto labels = Alert(alert);
    if (!labels) return;
    const auto page = world_.PageOf(*labels);
    const std::string got = !page ? "none" : page->open() ? "open" : "closed";
    if (got != expected) Fail(absl::StrCat("expected page ", expected, ", got ", got));
  }

  // "+1h" or "-1h"
  void Clock(const std::string& step) {
    if (step.size() < 2 || (step[0] != '+' && step[0] != '-')) return Fail("clock how?");
    world_.StepClock((step[0] == '-' ? -1 : 1) * Span(step.substr(1)));
  }

  void Restart(const std::string& gap) {
    world_.Restart(gap.empty() ? absl::ZeroDuration() : Span(gap));
  }

  const std::string path_;
  const std::vector<std::string> lines_;
  World world_;
  size_t line_ = 0;
  std::string rules_;
  ScenarioResult result_;
};

}  // namespace

ScenarioResult RunScenario(const std::string& path, const std::string& text,
                           const ScenarioOptions& options) {
  return Player(path, text, options).Play();
}

}  // namespace tocsin::testing
