#include "integrations/webhook/payload.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_format.h"
#include "base/labels.h"
#include "base/timestamp.h"
#include "integrations/page/page_json.h"

namespace tocsin::webhook {
namespace {

using Json = nlohmann::json;

constexpr char kZeroTime[] = "0001-01-01T00:00:00Z";

std::string GroupKey(const DesiredPage& page) {
  const Labels key = LabelsBuilder().Set("alias", page.alias()).Build();
  return "{}:" + key.ToString();
}

}  // namespace

std::string Payload(const DesiredPage& page, const std::string& receiver, int64_t starts_ms,
                    bool resolved) {
  const Json labels = page::LabelsJson(page::LabelsOf(page));
  const Json annotations = page::AnnotationsJson(page);
  const char* status = resolved ? "resolved" : "firing";
  const Json alert = {
      {"status", status},
      {"labels", labels},
      {"annotations", annotations},
      {"startsAt", FormatTimestamp(Timestamp::FromMillis(starts_ms))},
      {"endsAt", resolved ? FormatTimestamp(Timestamp::FromMillis(page.changed_ms())) : kZeroTime},
      {"generatorURL", ""},
      {"fingerprint", absl::StrFormat("%016x", Hash64(page.alias()))}};
  Json group = Json::object();
  if (labels.contains("alertname")) group["alertname"] = labels["alertname"];
  const Json body = {{"version", "4"},         {"groupKey", GroupKey(page)},
                     {"truncatedAlerts", 0},   {"status", status},
                     {"receiver", receiver},   {"groupLabels", group},
                     {"commonLabels", labels}, {"commonAnnotations", annotations},
                     {"externalURL", ""},      {"alerts", Json::array({alert})}};
  return page::Dump(body);
}

}  // namespace tocsin::webhook
