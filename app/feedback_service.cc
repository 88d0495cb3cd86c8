#include "app/feedback_service.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/log.h"
#include "base/status_macros.h"

namespace tocsin::app {
namespace {

constexpr std::pair<const char*, engine::Feedback> kWords[] = {
    {"false", engine::Feedback::kFalse},
    {"expected", engine::Feedback::kExpected},
    {"new-normal", engine::Feedback::kNewNormal},
    {"undo", engine::Feedback::kUndo}};

prometheus::Counter& CounterOf(Metrics& metrics, const char* word) {
  return metrics.Counter("tocsin_feedback_total",
                         "What people said of pages of anomaly monitors, by what it was.",
                         {{"feedback", word}});
}

// The word behind "tocsin:".
std::optional<std::string> WordAfterName(absl::string_view text) {
  const size_t at = text.find("tocsin:");
  if (at == absl::string_view::npos) return std::nullopt;
  text.remove_prefix(at + 7);
  text = absl::StripLeadingAsciiWhitespace(text);
  for (const auto& [word, feedback] : kWords) {
    if (absl::StartsWith(text, word)) return word;
  }
  return std::nullopt;
}

}  // namespace

FeedbackService::FeedbackService(engine::Engine& engine, storage::DeliveryJournal& journal,
                                 Metrics& metrics)
    : engine_(engine), journal_(journal), metrics_(metrics) {
  for (const auto& [word, feedback] : kWords) CounterOf(metrics_, word);
}

absl::StatusOr<std::string> FeedbackService::Take(const std::string& alias, const std::string& word,
                                                  const std::string& by) {
  for (const auto& [known, feedback] : kWords) {
    if (word != known) continue;
    TOCSIN_ASSIGN_OR_RETURN(std::string monitor, engine_.TakeFeedback(alias, feedback));
    CounterOf(metrics_, known).Increment();
    storage::DeliveryJournal::Attempt note;
    note.alias = alias;
    note.action = absl::StrCat("feedback ", word);
    note.outcome = "told";
    note.by = by.empty() ? "a person" : by;
    journal_.Note(std::move(note));
    Log(LogLevel::kInfo, "feedback taken",
        {{"alias", alias}, {"monitor", monitor}, {"feedback", word}});
    return monitor;
  }
  return absl::InvalidArgumentError("feedback is one of false, expected, new-normal, undo");
}

std::optional<std::string> FeedbackService::WordIn(const opsgenie::WebhookEvent& event) {
  if (opsgenie::IsOurs(event)) return std::nullopt;
  if (!event.note.empty()) return WordAfterName(event.note);
  if (event.action_name != "AddTags") return std::nullopt;
  for (const std::string& tag : event.tags) {
    if (auto word = WordAfterName(tag)) return word;
  }
  return std::nullopt;
}

}  // namespace tocsin::app
