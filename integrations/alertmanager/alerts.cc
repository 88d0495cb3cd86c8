#include "integrations/alertmanager/alerts.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/timestamp.h"
#include "integrations/page/page_json.h"

namespace tocsin::alertmanager {
namespace {

using Json = nlohmann::json;

constexpr int kResendsUntilEnd = 4;

std::string TimeText(int64_t ms) {
  return FormatTimestamp(Timestamp::FromMillis(ms));
}

Json Alert(const DesiredPage& page, const Labels& labels, int64_t starts_ms, int64_t ends_ms) {
  return {{"labels", page::LabelsJson(labels)},
          {"annotations", page::AnnotationsJson(page)},
          {"startsAt", TimeText(std::min(starts_ms, ends_ms))},
          {"endsAt", TimeText(ends_ms)},
          {"generatorURL", ""}};
}

void End(const DesiredPage& page, Times times, const std::string& canonical, Json& alerts) {
  const auto labels = Labels::FromCanonical(canonical);
  if (labels.ok()) alerts.push_back(Alert(page, *labels, times.starts_ms, times.now_ms));
}

}  // namespace

Labels AlertLabels(const DesiredPage& page) {
  Labels labels = page::LabelsOf(page);
  return labels.empty() ? Labels{{"alertname", page.alias()}} : labels;
}

std::string Firing(const DesiredPage& page, const AlertmanagerConfig& config, Times times,
                   const std::vector<std::string>& former) {
  const Labels labels = AlertLabels(page);
  const int64_t lasts_ms = absl::ToInt64Milliseconds(config.resend_interval) * kResendsUntilEnd;
  Json alerts = Json::array({Alert(page, labels, times.starts_ms, times.now_ms + lasts_ms)});
  for (const std::string& canonical : former) {
    if (canonical != labels.canonical()) End(page, times, canonical, alerts);
  }
  return page::Dump(alerts);
}

std::string Resolved(const DesiredPage& page, Times times, const std::vector<std::string>& former) {
  Json alerts = Json::array();
  for (const std::string& canonical : former) End(page, times, canonical, alerts);
  if (alerts.empty()) {
    alerts.push_back(Alert(page, AlertLabels(page), times.starts_ms, times.now_ms));
  }
  return page::Dump(alerts);
}

}  // namespace tocsin::alertmanager
