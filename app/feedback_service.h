#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/metrics.h"
#include "engine/engine.h"
#include "integrations/opsgenie/webhook.h"
#include "storage/delivery_journal.h"

namespace tocsin::app {

// What people say of pages of anomaly monitors, by command or in a note at OpsGenie: "false",
// "expected", "new-normal", "undo" (engine::Feedback). What was taken is told by
// tocsin_feedback_total{feedback} and, as evidence of the page, by `tocsin explain`.
//
// Thread: any. Borrows all.
class FeedbackService {
 public:
  FeedbackService(engine::Engine& engine, storage::DeliveryJournal& journal, Metrics& metrics);

  // Returns the monitor's name. `by` is who said it, "" if nobody knows. Errors: InvalidArgument
  // (another word), else as Engine::TakeFeedback().
  absl::StatusOr<std::string> Take(const std::string& alias, const std::string& word,
                                   const std::string& by);

  // What the note or tag of an event says: "tocsin: false" anywhere in a note, or a tag
  // "tocsin:false" that was added.
  static std::optional<std::string> WordIn(const opsgenie::WebhookEvent& event);

 private:
  engine::Engine& engine_;
  storage::DeliveryJournal& journal_;
  Metrics& metrics_;
};

}  // namespace tocsin::app
