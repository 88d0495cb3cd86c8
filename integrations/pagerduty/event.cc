#include "integrations/pagerduty/event.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/timestamp.h"
#include "integrations/page/clamp.h"
#include "integrations/page/page_evidence.h"
#include "integrations/page/page_json.h"

namespace tocsin::pagerduty {
namespace {

using Json = nlohmann::json;

constexpr char kSource[] = "tocsin";
constexpr size_t kFieldMax = 1024;  // code points of class, component, ..; ours

Json Event(const DesiredPage& page, const PagerdutyConfig& config, const char* action) {
  return {{"routing_key", config.routing_key.Reveal()},
          {"event_action", action},
          {"dedup_key", DedupKey(page.alias())}};
}

Json MinimalPayload(const DesiredPage& page, const PagerdutyConfig& config) {
  return {{"summary", page::ClampMiddle(page::Summary(page), kSummaryMax)},
          {"source", kSource},
          {"severity", SeverityOf(config, page.severity())}};
}

Json Details(const DesiredPage& page, const PagerdutyConfig& config,
             const page::Expander& expander) {
  Json details = Json::object();
  const auto add = [&](const std::string& name, const std::string& text) {
    if (text.empty()) return;
    const std::string key = details.contains(name) ? absl::StrCat("label_", name) : name;
    details[page::ClampMiddle(key, kFieldMax)] = page::ClampEnd(text, kDetailMax);
  };
  add("value", page::ValueText(page.value()));
  add("condition", page.condition());
  if (page.since_ms() != 0) add("since", FormatTimestamp(Timestamp::FromMillis(page.since_ms())));
  add("description", page::Annotation(page, "description"));
  for (const auto& [name, text] : config.details) {
    const std::string value = page::Expanded(text, page, expander);
    if (!value.empty()) details[name] = page::ClampEnd(value, kDetailMax);  // may replace ours
  }
  for (const auto& [name, text] : page.options().details()) {
    const std::string value = page::Expanded(text, page, expander);
    if (!value.empty())
      details[page::ClampMiddle(name, kFieldMax)] = page::ClampEnd(value, kDetailMax);
  }
  for (const LabelView label : page::LabelsOf(page)) {
    add(std::string(label.name), std::string(label.value));
  }
  for (const auto& [name, text] : page.annotations()) {
    if (name != "description" && name != "summary") add(absl::StrCat("annotation_", name), text);
  }
  if (!details.contains("evidence")) add("evidence", page::EvidenceText(page));
  if (!details.contains("trace_id")) add("trace_id", page::NewestTraceId(page));
  return details;
}

void SetField(const DesiredPage& page, const page::Expander& expander, const std::string& text,
              const char* key, Json& object) {
  const std::string value = page::Stripped(expander(text, page));
  if (!value.empty()) object[key] = page::ClampMiddle(value, kFieldMax);
}

Json Payload(const DesiredPage& page, const PagerdutyConfig& config,
             const page::Expander& expander) {
  Json payload = MinimalPayload(page, config);
  SetField(page, expander, config.event_class, "class", payload);
  SetField(page, expander, config.component, "component", payload);
  SetField(page, expander, config.group, "group", payload);
  payload["custom_details"] = Details(page, config, expander);
  return payload;
}

// Leaves out details until the event fits, the largest first.
std::string Fit(Json event) {
  std::string text = page::Dump(event);
  Json& details = event["payload"]["custom_details"];
  size_t cut = 0;
  while (text.size() > kEventBytesMax && !details.empty()) {
    const auto largest =
        std::max_element(details.begin(), details.end(), [](const Json& a, const Json& b) {
          return a.get_ref<const std::string&>().size() < b.get_ref<const std::string&>().size();
        });
    details.erase(largest);
    details["cut"] = absl::StrCat(++cut, " details left out: the event was too large");
    text = page::Dump(event);
    if (details.size() == 1) break;
  }
  return text;
}

}  // namespace

bool IsSeverity(const std::string& severity) {
  return severity == "critical" || severity == "error" || severity == "warning" ||
         severity == "info";
}

std::string SeverityOf(const PagerdutyConfig& config, const std::string& severity) {
  const auto found = config.severity.find(severity);
  if (found != config.severity.end()) return found->second;
  return IsSeverity(severity) ? severity : "error";
}

std::string DedupKey(const std::string& alias) {
  const std::string valid = page::ValidUtf8(alias);
  if (page::CountCodePoints(valid) <= kDedupKeyMax) return valid;
  const absl::uint128 print = Fingerprint128(alias);
  return absl::StrFormat("tocsin-%016x%016x", absl::Uint128High64(print),
                         absl::Uint128Low64(print));
}

std::string Trigger(const DesiredPage& page, const PagerdutyConfig& config,
                    const page::Expander& expander, int64_t starts_ms) {
  Json event = Event(page, config, "trigger");
  SetField(page, expander, config.client, "client", event);
  SetField(page, expander, config.client_url, "client_url", event);
  event["payload"] = Payload(page, config, expander);
  event["payload"]["timestamp"] = FormatTimestamp(Timestamp::FromMillis(starts_ms));
  return Fit(std::move(event));
}

std::string Content(const DesiredPage& page, const PagerdutyConfig& config,
                    const page::Expander& expander) {
  return page::Dump(Payload(page, config, expander));
}

std::string MinimalTrigger(const DesiredPage& page, const PagerdutyConfig& config) {
  Json event = Event(page, config, "trigger");
  event["payload"] = MinimalPayload(page, config);
  return page::Dump(event);
}

std::string Resolve(const DesiredPage& page, const PagerdutyConfig& config) {
  return page::Dump(Event(page, config, "resolve"));
}

}  // namespace tocsin::pagerduty
