#include "integrations/opsgenie/alert_listing.h"

#include <algorithm>
#include <utility>

#include "integrations/opsgenie/judgement.h"
#include "integrations/opsgenie/request.h"
#include "integrations/opsgenie/search_request.h"

namespace tocsin::opsgenie {
namespace {

constexpr absl::Duration kPageInterval = absl::Minutes(1);
constexpr absl::Duration kPauseMax = absl::Minutes(10);
// So many alerts of the page before are listed once more.
constexpr size_t kOverlap = 10;
constexpr size_t kStride = kListLimit - kOverlap;
constexpr size_t kStepsBackMax = 10;  // in one cycle

struct Page {
  std::optional<RemoteAlerts> alerts;  // nullopt: see the rest
  bool refused = false;                // asking again soon is of no use
  absl::Duration wait;                 // what the server asked for
  std::string error;
};

Page ReadPage(const absl::StatusOr<http_client::HttpResponse>& answer) {
  Page page;
  if (!answer.ok()) {
    page.error = std::string(answer.status().message());
    return page;
  }
  const Judgement judgement = Judge(*answer);
  page.error = judgement.error;
  page.wait = judgement.wait;
  const bool later = judgement.verdict == Verdict::kThrottled ||
                     judgement.verdict == Verdict::kRetryLater ||
                     judgement.verdict == Verdict::kPending;
  if (judgement.verdict == Verdict::kAccepted) {
    page.alerts = ParseAlertList(*answer);
    if (!page.alerts) page.error = "the answer is not a list of alerts";
  }
  page.refused = !page.alerts && !later;
  return page;
}

}  // namespace

AlertListing::AlertListing(std::shared_ptr<const OpsgenieConfig> config, Listed listed,
                           Failed failed)
    : config_(std::move(config)),
      listed_(std::move(listed)),
      failed_(std::move(failed)),
      pause_(kPageInterval, kPauseMax),
      due_(CapabilitiesOf(*config_).list ? Timestamp::Min() : Timestamp::Max()) {}

std::optional<http_client::HttpRequest> AlertListing::Next(Timestamp now) {
  if (now < due_) return std::nullopt;
  if (!cycle_) {
    cycle_ = Cycle();
    cycle_->began = now;
  }
  return ListAlerts(*config_, AlertSearch(), cycle_->offset);
}

void AlertListing::Take(const absl::StatusOr<http_client::HttpResponse>& answer, Timestamp now) {
  Page page = ReadPage(answer);
  if (page.alerts) {
    pause_.Reset();
    due_ = now + kPageInterval;
    if (std::exchange(failing_, false)) failed_("");
    TakePage(*std::move(page.alerts));
    return;
  }
  if (page.refused) cycle_.reset();
  due_ = now + (page.refused ? kPauseMax : pause_.Grow(page.wait));
  failing_ = true;
  failed_(page.error);
}

void AlertListing::TakePage(RemoteAlerts page) {
  Cycle& cycle = *cycle_;
  if (cycle.offset > 0 && !ShowsKnown(page)) {
    if (++cycle.steps_back > kStepsBackMax) return Finish(/*complete=*/false);
    cycle.offset -= std::min(cycle.offset, kStride);
    return;
  }
  const size_t listed = page.alerts.size() + page.skipped;
  for (RemoteAlert& alert : page.alerts) {
    const std::string id = alert.id;
    cycle.alerts.insert_or_assign(id, std::move(alert));
  }
  if (page.skipped > 0) return Finish(/*complete=*/false);
  if (listed < kListLimit) return Finish(/*complete=*/true);
  cycle.offset += kStride;
  if (cycle.offset + kListLimit > kListReachMax) Finish(/*complete=*/false);
}

// All that lies before a known alert is known: the list is in order of creation, and what is new
// comes at its end.
bool AlertListing::ShowsKnown(const RemoteAlerts& page) const {
  return std::any_of(page.alerts.begin(), page.alerts.end(), [this](const RemoteAlert& alert) {
    return cycle_->alerts.count(alert.id) > 0;
  });
}

void AlertListing::Finish(bool complete) {
  ListedCycle listed;
  listed.began = cycle_->began;
  listed.complete = complete;
  listed.alerts.reserve(cycle_->alerts.size());
  for (auto& [id, alert] : cycle_->alerts) listed.alerts.push_back(std::move(alert));
  cycle_.reset();
  listed_(listed);
}

void AlertListing::ClockStepped(absl::Duration step) {
  if (due_ != Timestamp::Max()) due_ = due_ + step;
  cycle_.reset();
}

}  // namespace tocsin::opsgenie
