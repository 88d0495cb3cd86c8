#include "app/inspect/outbox.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/status_macros.h"
#include "proto/tocsin/state/v1/state.pb.h"
#include "storage/codec.h"
#include "storage/keys.h"

namespace tocsin::app::inspect {
namespace {

using state::v1::DesiredPage;
using state::v1::PageDelivery;
using state::v1::TargetDelivery;
using storage::Family;

struct Page {
  std::optional<DesiredPage> desired;
  PageDelivery delivery;
};
using Pages = std::map<std::string, Page>;  // by alias

// As the outbox judges it after a start.
bool Owed(const Page& page) {
  const auto& targets = page.delivery.targets();
  if (targets.empty()) return page.delivery.routed_episode() != page.desired->episode();
  return std::any_of(targets.begin(), targets.end(), [&](const TargetDelivery& target) {
    return target.confirmed_sequence() < page.desired->sequence();
  });
}

std::string Lower(std::string name) {
  absl::AsciiStrToLower(&name);
  return absl::StrReplaceAll(name, {{"_", " "}});
}

// "payments/0", the first OpsGenie target of its receiver, or "payments/webhook/0".
std::string TargetText(const TargetDelivery& target) {
  const bool opsgenie = target.kind() == TargetDelivery::OPSGENIE;
  const std::string kind = opsgenie ? "" : Lower(TargetDelivery::Kind_Name(target.kind())) + "/";
  return absl::StrCat(target.receiver(), "/", kind, target.target());
}

std::string ConfirmedText(const TargetDelivery& target) {
  if (target.confirmed_sequence() == 0) return "";
  return absl::StrCat(target.confirmed_open() ? "open " : "closed ", target.confirmed_sequence(),
                      target.confirmed_priority().empty() ? "" : " ", target.confirmed_priority());
}

// "create 3 unknown, attempt 2", or the step alone where no request is under way.
std::string UnderWayText(const TargetDelivery& target) {
  std::string text;
  if (target.operation() != TargetDelivery::NONE) {
    text = absl::StrCat(Lower(TargetDelivery::Operation_Name(target.operation())), " ",
                        target.operation_sequence(), " ");
  }
  if (target.step() != TargetDelivery::IDLE || !text.empty()) {
    absl::StrAppend(&text, Lower(TargetDelivery::Step_Name(target.step())));
  }
  if (target.attempts() > 0) absl::StrAppend(&text, ", attempt ", target.attempts());
  if (target.retired()) absl::StrAppend(&text, text.empty() ? "" : ", ", "retired");
  return text;
}

std::vector<Json> Row(const std::string& alias, const Page& page, const TargetDelivery* target) {
  const DesiredPage& desired = *page.desired;
  std::vector<Json> row = {alias,
                           absl::StrCat(desired.open() ? "open " : "closed ", desired.sequence()),
                           desired.severity(),
                           TimeCell(Timestamp::FromMillis(desired.changed_ms())),
                           desired.reason(),
                           Owed(page) ? "owed" : "settled"};
  if (target == nullptr) {
    row.insert(row.end(), {"", "", "", "", ""});
    return row;
  }
  const int64_t next = target->next_attempt_ms();
  row.insert(row.end(),
             {TargetText(*target), ConfirmedText(*target), UnderWayText(*target),
              next == 0 ? Json("") : TimeCell(Timestamp::FromMillis(next)), target->last_error()});
  return row;
}

absl::Status ReadEntry(absl::string_view key, absl::string_view value, Pages& pages) {
  const char kind = key.empty() ? '\0' : key[0];
  const std::string alias(key.substr(std::min<size_t>(1, key.size())));
  if (kind == 'x') return absl::DataLossError("moved aside by an earlier start");
  if (kind != 'd' && kind != 'c') return absl::DataLossError("unknown kind of key");
  DesiredPage desired;
  PageDelivery delivery;
  TOCSIN_RETURN_IF_ERROR(kind == 'd' ? storage::DecodeMessage(value, desired)
                                     : storage::DecodeMessage(value, delivery));
  if ((kind == 'd' ? desired.alias() : delivery.alias()) != alias) {
    return absl::DataLossError("alias differs from its key");
  }
  if (kind == 'd') {
    pages[alias].desired = std::move(desired);
  } else {
    pages[alias].delivery = std::move(delivery);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Section> OutboxSection(Records& records) {
  Pages pages;
  TOCSIN_RETURN_IF_ERROR(
      records.ForEach(Family::kOutbox, [&](absl::string_view key, absl::string_view value) {
        return ReadEntry(key, value, pages);
      }));
  Section section;
  section.name = "outbox";
  section.columns = {"alias",  "wanted",    "severity",  "changed",      "reason",    "delivery",
                     "target", "confirmed", "under_way", "next_attempt", "last_error"};
  uint64_t open = 0, owed = 0;
  for (const auto& [alias, page] : pages) {
    if (!page.desired) {
      records.AddProblem(absl::StrCat("outbox c", alias),
                         absl::DataLossError("delivery of a page that is not there"));
      continue;
    }
    open += page.desired->open() ? 1 : 0;
    owed += Owed(page) ? 1 : 0;
    const auto& targets = page.delivery.targets();
    if (targets.empty()) records.AddRow(section, Row(alias, page, nullptr));
    for (const auto& target : targets) records.AddRow(section, Row(alias, page, &target));
  }
  section.facts = {{"open_pages", open}, {"owed_pages", owed}};
  return section;
}

}  // namespace tocsin::app::inspect
